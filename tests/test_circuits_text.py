"""Circuits as text: the round trip, and every mistake with its line."""

from pathlib import Path

import numpy as np
import pytest

from tegum.circuits import Circuit, random_circuit
from tegum.circuits.gates import Formula, signals
from tegum.circuits.writing import sum_of_products
from tegum.ground.errors import FileError, InputError


def table_of(products, n):
    return sum(1 << row for row in range(1 << n) if any(all((row >> j & 1) == on for j, on in p) for p in products))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_sums_of_products_say_the_same_and_no_product_is_idle(n):
    for table in np.random.default_rng(n).integers(0, 2 ** min(2**n, 63), 15).tolist():
        products = sum_of_products(table, n)
        assert table_of(products, n) == table
        assert all(table_of([*products[:i], *products[i + 1 :]], n) != table for i in range(len(products)))


def test_every_function_of_three_inputs_comes_back():
    """All 256 tables, and random ones of more inputs."""
    rng = np.random.default_rng(0)
    many = [(3, table) for table in range(256)] + [(n, int(rng.integers(1, 2 ** min(2**n, 63)))) for n in [4, 5, 6] * 9]
    gates = {}
    for g, (n, table) in enumerate(many):
        found = Circuit.parse(f"features a b c d e f; y = table({table}, {', '.join('fbdace'[:n])})").gates[0]
        gates[f"y{g}"] = Formula(tuple("abcdef"[signal] for signal in found.inputs), found.table)
    circuit = Circuit.build(list("abcdef"), gates)
    assert Circuit.parse(circuit.to_text()) == circuit


def test_layers_constants_and_names_come_back():
    text = "features x1..x9 sun x10\nb = x1 & ~sun\nc = 1\na9 = x10 ^ b ^ c\na10 = ~a9\nd = b | a10\noutput d a9"
    circuit = Circuit.parse(text)
    assert circuit.to_text() == text
    deep = random_circuit(30, 40, n_layers=5, n_inputs=3, functions=("and", "or", "xor", "maj"))
    assert Circuit.parse(deep.to_text()) == deep
    assert max(map(len, deep.to_text().splitlines())) <= 120


def test_words_of_the_grammar_are_no_names():
    with pytest.raises(InputError, match="line 1: 'maj' cannot name a signal"):
        Circuit.parse("features maj")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("features a b\n\ny = a + b", "line 3: unknown operator '+'; the operators are ~ (not), & (and)"),
        ("features a b\ny = a && b", "line 2: expected a signal, got '&'"),
        ("features a b\ny = a and b", "line 2: expected an operator, got 'and'"),
        ("features a b\ny = !a", "line 2: unknown operator '!'"),
        ("features a b\ny = a & ", "line 2: the expression ends where a signal is expected."),
        ("features a b\ny = (a & b", "line 2: the expression ends where ')' is expected."),
        ("features a b\ny = a & b)", "line 2: expected an operator, got ')'"),
        ("features a b\ny == a", "line 2: unknown operator '='"),
        ("features a b\ny = a & b c", "line 2: expected an operator, got 'c'"),
        ("features a b\ny = 2 & a", "line 2: expected a signal, got '2'"),
        ("features a b\ny = a &\n b", "line 2: the expression ends"),
        (
            "features a b\ny a & b",
            "line 2: a line is `features NAMES`, `output NAMES` or `NAME = EXPRESSION`; got 'y a",
        ),
        ("features a b\ny = a & q", "line 2: y reads q, which is neither a feature nor a gate. Define it."),
        ("features sun moon\ny = sun & mon", "Did you mean moon?"),
        ("features a b\ny = a & z\nw = a\nz = y | b", "line 2: y depends on itself: y → z → y."),
        ("features a b\n# one\ny = y & a", "line 3: y depends on itself: y → y. Cut the circle."),
        ("features a b\ny = a\ny = b", "line 3: y is defined a second time; it was first on line 2. Rename one."),
        ("features a b\na = b", "line 2: a is defined a second time; it was first on line 1."),
        ("features a a", "line 1: a is defined a second time"),
        ("features a b\ny = a\noutput q", "line 3: the output q is neither a feature nor a gate."),
        ("features a b\ny = a\noutput a", "line 3: the output a is a feature; an output is a gate. Copy it: y = a."),
        ("features a b\ny = a\noutput y y", "line 3: the output y is listed twice. Leave one out."),
        ("features", "line 1: features must be followed by names"),
        ("features x1..y3", "line 1: x1..y3 is not a run of names"),
        ("features x3..x1", "line 1: x3..x1 is not a run"),
        ("features x1..", "line 1: x1.. is not a run"),
        ("features x1..x999999999", "more than 10000000 names"),
        ("features 1x", "line 1: '1' cannot name a signal"),
        ("y = 1", "a circuit needs features"),
        ("", "a circuit needs features"),
        ("features a", "at least one gate"),
        ("features a\ny = maj(a, a", "line 2: the expression ends where ')' is expected."),
        ("features a\ny = maj", "line 2: expected a signal, got 'maj'"),
        ("features a\ny = atleast(a, a)", "line 2: expected a number as the first argument of atleast, got 'a'"),
        ("features a\ny = table(4, a)", "line 2: a truth table of 1 inputs has 2 rows"),
        ("features a\ny = table(" + "9" * 5000 + ", a)", "line 2: 999999999... is too large a number for table."),
        ("features a..z", "line 1: a..z is not a run"),
        ("features x0..x7\ny = x0&x1&x2&x3&x4&x5&x6", "line 2: a gate has at most 6 inputs; this one reads 7"),
        ("features a\ny = " + "(" * 5000 + "a" + ")" * 5000, "line 2: the expression is nested too deeply."),
    ],
)
def test_mistakes_are_named_with_their_line(text, message):
    with pytest.raises(InputError) as caught:
        Circuit.parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_from_python_there_is_no_line():
    (y,) = signals("y")
    with pytest.raises(InputError) as caught:
        Circuit.build(2, {"y": ~y})
    assert str(caught.value) == "y depends on itself: y → y. Cut the circle."


def test_files(tmp_path):
    circuit = random_circuit(20, 20)
    path = circuit.write(tmp_path / "pairs.circuit")
    assert Circuit.read(path) == circuit
    with pytest.raises(FileError, match="exists"):
        circuit.write(path)
    assert circuit.write(path, overwrite=True) == path
    with pytest.raises(FileError, match=r"cannot read a circuit from .*none: No such file"):
        Circuit.read(tmp_path / "none")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match="it is not text in UTF-8"):
        Circuit.read(path)
    path.write_text("features a\ny = b")
    with pytest.raises(InputError, match=r"pairs\.circuit: line 2: y reads b"):
        Circuit.read(path)


@pytest.mark.parametrize("text", [None, b"features a", 3, Path("circuit.txt")])
def test_what_is_no_text_is_refused(text: object) -> None:
    with pytest.raises(InputError, match=r"must be a str.*Circuit\.read"):
        Circuit.parse(text)


def test_a_mark_of_the_encoding_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "circuit.txt"
    path.write_bytes("\ufefffeatures a b\r\ny = a & b\r\n".encode())
    assert Circuit.read(path) == Circuit.parse("features a b; y = a & b")
