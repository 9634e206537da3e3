"""`tegum circuit plan`: what it prints, and that what cannot be asked is refused with one message."""

import json

import pytest

from tegum.cli import main


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["circuit", "plan", *words])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


SMALL = ("--n-features", "60", "--n-active", "4", "--gates", "150", "--error", "0.05")


@pytest.mark.slow
def test_the_table_names_every_construction(capsys) -> None:
    status, out, err = said(capsys, *SMALL)
    assert (status, err) == (0, "")
    names = ("one neuron per gate", "universal, average", "second difference", "Gaussian, product", "targeted")
    assert all(name in out for name in names)
    assert "gates a neuron" in out or "gains nothing" in out


def test_superposed_inputs_on_too_few_dimensions_say_how_many_are_needed(capsys) -> None:
    status, out, _ = said(capsys, *SMALL, "--n-hidden", "10", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["n_hidden"] == 10
    assert not any(row["possible"] for row in found["rows"])
    assert found["rows"][0]["about"] == "impossible: noise of features in superposition: needs 76 dimensions"


def test_gates_of_three_features(capsys) -> None:
    status, out, _ = said(capsys, *SMALL, "--order", "3", "--json")
    rows = {row["construction"]: row for row in json.loads(out)["rows"]}
    assert status == 0
    assert rows["universal, third difference"]["possible"]
    assert not rows["Gaussian, product"]["possible"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("--n-features", "0"), "n_features must be between 3"),
        (("--n-features", "1000000000000"), "n_features must be between 3"),
        (("--n-active", "1"), "n_active must be between 2"),
        (("--n-active", "61"), "n_active must be between 2"),
        (("--gates", "0"), "n_gates must be between 1"),
        (("--gates", "1771"), "n_gates must be between 1 and 1770"),
        (("--error", "0"), "error must lie between"),
        (("--error", "0.5"), "error must lie between"),
        (("--error", "nan"), "error must lie between"),
        (("--n-hidden", "0"), "n_hidden must be at least 1"),
        (("--order", "1"), "order must lie between"),
        (("--order", "5"), "n_active must be between 5"),
    ],
)
def test_what_cannot_be_is_refused(capsys, changed: tuple[str, str], message: str) -> None:
    status, out, err = said(capsys, *SMALL, *changed)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_if_nothing_is_possible_the_table_says_so(capsys) -> None:
    words = ("--n-features", "1000", "--n-active", "10", "--gates", "500", "--n-hidden", "100")
    status, out, err = said(capsys, *words)
    assert (status, err) == (0, "")
    assert "No construction computes 500 ANDs at this error." in out


def test_the_group_lists_its_commands(capsys) -> None:
    assert main(["circuit", "--help"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("plan", "compile", "check"))
