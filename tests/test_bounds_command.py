"""`tegum bounds`: every row says what it is, where it holds, and the same number as the function behind it."""

import json
import math

import numpy as np
import pytest

from tegum.cli import BAD_INPUT, OK, main
from tegum.cli_bounds import number, parse_count
from tegum.theory import (
    CRITERIA,
    RISKS,
    LogCount,
    bounds_table,
    expected_wrong,
    max_active_union,
    welch_bound,
)

SMALL = ["bounds", "--n-features", "1000", "--n-hidden", "512", "--n-active", "10"]


def rows_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    assert main([*words, "--json"]) == OK
    said = capsys.readouterr()
    assert said.err == ""
    return json.loads(said.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))["rows"]


def test_the_table_for_people(capsys):
    assert main(SMALL) == OK
    said = capsys.readouterr()
    assert said.err == ""
    assert "quantifier" in said.out
    for words in ("typical", "all features", "worst case", "(i) rule of thumb", "9.265", "√(k/m)", "Welch 1974"):
        assert words in said.out
    assert "! outside the range (n > m (m+1)/2): any code, orthoplex" in said.out


def test_the_rows_for_programs_are_those_of_the_functions(capsys):
    rows = rows_of([*SMALL, "--error", "0.05"], capsys)
    values = {row["quantity"]: row["value"] for row in rows}
    assert values["wrong features, threshold ½"] == pytest.approx(float(expected_wrong(1000, 512, 10)))
    assert values["(ii) union"] == pytest.approx(float(max_active_union(1000, 512, 0.05)))
    assert values["any code, Welch"] == pytest.approx(float(welch_bound(1000, 512)))
    assert {row["quantifier"] for row in rows} == {"typical", "all features", "worst case"}
    assert len({(row["subject"], row["quantity"]) for row in rows}) == len(rows)
    for row in rows:
        assert all(row[key] for key in ("subject", "quantity", "quantifier", "formula", "source", "valid"))


def test_every_criterion_and_every_decoder_has_a_row():
    table = bounds_table(1000, 512, 10)
    assert sum(row.subject == "loss of one-shot decoders" for row in table) == len(RISKS)
    for each in CRITERIA.values():
        assert sum(row.quantity.startswith(f"({each.number}) ") for row in table) >= 1


@pytest.mark.parametrize(
    ("n", "m", "k"),
    [
        ("1", 1, 0),
        ("1", 1, 1),
        ("2", 1, 1),
        ("10", 10, 10),
        ("5", 2, 0),
        ("1e12", 4096, 50),
        ("e^1250", 10_000, 1),
        ("1e500", 10_000, 5),
        ("1", 1e15, 1),
        ("1e299", 1e15, 1e15),
    ],
)
@pytest.mark.slow
def test_the_edges_have_a_whole_table(n, m, k):
    table = bounds_table(parse_count(n), m, k)
    assert len(table) >= 59
    for row in table:
        assert not math.isnan(row.value) or not row.inside, row


@pytest.mark.slow
def test_values_outside_the_range_are_marked():
    few = {row.quantity: row for row in bounds_table(50, 5, 1)}
    many = {row.quantity: row for row in bounds_table(10_000, 1000, 5)}
    for quantity in ("wrong features, threshold ½", "(iii) exact tail", "threshold", "posterior mean"):
        assert not few[quantity].inside
        assert many[quantity].inside
    assert not few["JL distortion ε of lengths"].inside
    assert few["any code, Levenshtein"].inside
    assert not many["any code, Levenshtein"].inside


def test_numbers_of_features_of_any_size():
    assert parse_count("1_000") == 1000.0
    assert parse_count("e^1250") == parse_count("e^1.25e3") == LogCount(1250.0)
    beyond = parse_count("1e500")
    assert isinstance(beyond, LogCount)
    assert beyond.log == pytest.approx(500 * np.log(10))
    assert number(float("-inf")) == "-∞"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--n-features", "many"], "--n-features must be a number such as 1000, 1e12 or e^1250; got 'many'"),
        (["--n-features", "inf"], "--n-features must be a number"),
        (["--n-features", "0"], "n_features must be at least 1; got 0"),
        (["--n-active", "1001"], "n_active must be at most n_features; got 1001 of 1000 features"),
        (["--n-hidden", "0"], "n_hidden must be between 1 and 1e+15; got 0"),
        (["--n-hidden", "1e16"], "n_hidden must be between 1 and 1e+15; got 1e+16"),
        (["--error", "0"], "--error must be above 0"),
        (["--error", "nan"], "--error must be above 0"),
    ],
)
def test_bad_input_ends_in_one_message(capsys, words, message):
    assert main([*SMALL, *words]) == BAD_INPUT
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert message in said.err
