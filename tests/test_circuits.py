"""Circuits: the data model and what it refuses, formulas, multilinear forms, generators."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegum.circuits import (
    Circuit,
    Formula,
    all_of,
    all_pairs,
    any_of,
    at_least,
    combine,
    constant,
    disjoint_pairs,
    majority,
    mobius_coefficients,
    parity,
    polynomial,
    products,
    random_circuit,
    signals,
)
from tegum.ground.errors import InputError

NAMES = "abcdef"
TEXTS = st.recursive(
    st.sampled_from([*NAMES, "0", "1"]),
    lambda parts: st.one_of(
        parts.map(lambda part: f"~({part})"),
        st.tuples(parts, st.sampled_from("&|^"), parts).map(lambda each: f"({each[0]} {each[1]} {each[2]})"),
        st.tuples(parts, st.sampled_from("&|^"), parts).map(lambda each: f"{each[0]} {each[1]} {each[2]}"),
    ),
    max_leaves=12,
)


def value(formula, on):
    """Value of a formula, looked up in its table."""
    return formula.table >> sum(on[name] << j for j, name in enumerate(formula.inputs)) & 1


def inputs_of(names):
    return (dict(zip(names, bits, strict=True)) for bits in itertools.product([0, 1], repeat=len(names)))


@settings(max_examples=40)
@given(TEXTS)
def test_formulas_and_the_parser_follow_pythons_own_operators(text):
    """Python's ~ & ^ | on whole numbers bind as those of the text, and bit 0 of the result is the truth value."""
    namespace = dict(zip(NAMES, signals(*NAMES), strict=True))
    code = text.replace("0", "constant(0)").replace("1", "constant(1)")
    formula = eval(code, {"constant": constant, **namespace})
    circuit = Circuit.parse(f"features {' '.join(NAMES)}\ny = {text}")
    assert circuit == Circuit.build(list(NAMES), {"y": formula})
    for on in inputs_of(NAMES):
        assert value(formula, on) == eval(text, {}, on) & 1


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (all_of, lambda on, n: on == n),
        (any_of, lambda on, n: on > 0),
        (parity, lambda on, n: on % 2 == 1),
        (majority, lambda on, n: 2 * on > n),
        (lambda *x: at_least(2, *x), lambda on, n: on >= 2),
    ],
)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_functions_that_count(make, rule, n):
    formula = make(*signals(*NAMES[:n]))
    for on in inputs_of(NAMES[:n]):
        assert value(formula, on) == rule(sum(on.values()), n)


def test_only_what_matters_is_kept():
    a, b, c = signals("a", "b", "c")
    assert (a ^ b ^ a) == b
    assert (a | ~a) == constant(True)
    assert combine(0b11110000, c, b, a) == a
    assert all_of(a, a & b, b) == a & b


def test_formulas_are_small():
    wide = signals(*"abcdefg")
    with pytest.raises(InputError, match=r"at most 6 inputs; got 7\. Build it from smaller gates"):
        all_of(*wide)
    with pytest.raises(InputError, match=r"this one reads 7: a, b, c, d, e, f, g\. Name a part of it"):
        all_of(*wide[:6]) | wide[6]
    with pytest.raises(InputError, match=r"2 inputs has 4 rows, one bit each; got 0x10"):
        combine(16, *wide[:2])
    with pytest.raises(InputError, match="ascend"):
        Formula(("b", "a"), 8)
    with pytest.raises(InputError, match="has 2 bits; got 0x4"):
        Formula(("a",), 4)


def test_nothing_can_be_changed():
    circuit = Circuit.parse("features a b; y = a & b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        circuit.outputs = np.array([2])  # pyright: ignore[reportAttributeAccessIssue]
    for array in (circuit.outputs, *(part for part in circuit.wiring if isinstance(part, np.ndarray))):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


def test_layers_are_as_deep_as_what_they_read():
    circuit = Circuit.parse("features a b c; z = y ^ a; y = a & b; w = z & y | c; v = b | c; one = 1")
    assert [(gate.name, gate.layer) for gate in circuit.gates] == [("y", 1), ("v", 1), ("one", 1), ("z", 2), ("w", 3)]
    assert [(layer.number, list(layer.gates), list(layer.signals)) for layer in circuit.layers] == [
        (1, [0, 1, 2], [3, 4, 5]),
        (2, [3], [6]),
        (3, [4], [7]),
    ]
    assert [circuit.names[signal] for signal in circuit.outputs] == ["v", "one", "w"]
    assert circuit.gates[-1].inputs == (2, 3, 6)
    with pytest.raises(InputError, match="there is no signal 'q'"):
        circuit.signal("q")


def test_the_digest_sees_content_and_nothing_else():
    text = "features a b c\ny = a & b\nz = y | ~c\noutput z"
    same = "features a, b  # two\nfeatures c\n\nz = ~(~y & c)\ny = b & ~~a; output z"
    first = Circuit.parse(text)
    assert first == Circuit.parse(same)
    assert hash(first) == hash(Circuit.parse(same))
    for old, new in [("&", "^"), ("z", "w"), ("output z", "output y"), ("a b c", "b a c"), ("~c", "~a")]:
        assert Circuit.parse(text.replace(old, new)).digest != first.digest, new
    assert first != text


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"offsets": [0, 2], "inputs": [1, 0], "tables": [8]}, "must ascend, each named once; those of gate 0"),
        ({"offsets": [0, 2], "inputs": [1, 1], "tables": [8]}, "must ascend"),
        ({"offsets": [0, 2], "inputs": [0, 8], "tables": [8]}, "reads signal 8, which does not come before it"),
        ({"offsets": [0, 2], "inputs": [0, 1], "tables": [16]}, "4 rows, one bit each; got 0x10"),
        ({"offsets": [0, 2], "inputs": [0, 1], "tables": [0b1010]}, "does not depend on its input, signal 1"),
        ({"offsets": [0, 6], "inputs": range(6), "tables": [2**64 - 1]}, "does not depend on its input, signal 0"),
        ({"offsets": [0, 7], "inputs": range(7), "tables": [8]}, "at most 6 inputs"),
        ({"offsets": [0, 2, 1], "inputs": [0, 1], "tables": [8, 8]}, "offsets must rise"),
        ({"offsets": [0, 3], "inputs": [0, 1], "tables": [8]}, "offsets must rise"),
        ({"offsets": [0, 2, 4, 6], "inputs": [0, 1, 2, 8, 0, 2], "tables": [8, 8, 8]}, "gate 2 reads nothing of"),
        ({"offsets": [0], "inputs": [], "tables": []}, "at least one gate"),
        ({"offsets": [0, 2], "inputs": [0, 1], "tables": [8], "outputs": [1]}, "signals 8 to 8; got signal 1"),
        ({"offsets": [0, 2], "inputs": [0, 1], "tables": [8], "outputs": [8, 8]}, "got one of them twice"),
        ({"offsets": [0, 2], "inputs": [0, 1], "tables": [8], "outputs": []}, "got none"),
    ],
)
def test_arrays_that_are_no_circuit(arrays, words):
    with pytest.raises(InputError) as caught:
        Circuit.from_arrays(8, **{name: np.array(part, np.uint64) for name, part in arrays.items()})
    assert words in str(caught.value)


def test_names_that_are_none():
    circuit = Circuit.parse("features a b; y = a & b")
    with pytest.raises(InputError, match="two signals are called a"):
        dataclasses.replace(circuit, gate_names=("a",))
    with pytest.raises(InputError, match="2 features, but 1 names"):
        dataclasses.replace(circuit, feature_names=("a",))
    with pytest.raises(InputError, match="'x 1' cannot name a signal"):
        Circuit.build(["x 1"], {"y": signals("x 1")[0]})
    with pytest.raises(InputError, match="y is a feature and a gate"):
        Circuit.build(["x", "y"], {"y": signals("x")[0]})
    with pytest.raises(InputError, match="needs features"):
        Circuit.build(0, {"y": constant(True)})


KNOWN_FORMS = {"x0 ^ x1 ^ x2": "x0 + x1 + x2 - 2 x0 x1 - 2 x0 x2 - 2 x1 x2 + 4 x0 x1 x2"}
KNOWN_FORMS |= {"x0 ^ x1": "x0 + x1 - 2 x0 x1", "maj(x0, x1, x2)": "x0 x1 + x0 x2 + x1 x2 - 2 x0 x1 x2"}
KNOWN_FORMS |= {"~x0": "1 - x0", "0": "0", "1": "1", "~(x0 & x1)": "1 - x0 x1", "x0 & ~x1": "x0 - x0 x1"}


@pytest.mark.parametrize(("text", "form"), KNOWN_FORMS.items())
def test_multilinear_forms_that_are_known(text, form):
    assert polynomial(Circuit.parse(f"features x0..x2; y = {text}"), 0) == form


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 6])
def test_a_multilinear_form_agrees_with_its_table(n):
    tables = np.random.default_rng(n).integers(0, 2 ** min(2**n, 63), 20, dtype=np.uint64)
    forms = mobius_coefficients(tables, n)
    rows = np.arange(2**n)
    inside = (rows[:, np.newaxis] & rows) == rows  # whether a product is 1 in a row
    expected = tables[:, np.newaxis] >> rows.astype(np.uint64) & np.uint64(1)
    np.testing.assert_array_equal(forms @ inside.T, expected)


def test_the_products_of_all_gates_give_the_circuit():
    circuit = Circuit.parse("features a b c; y = a | b & ~c; w = 1; z = maj(y, b, ~c) ^ w; v = ~z | y & a")
    x = np.array(list(itertools.product([0, 1], repeat=3)), bool)
    values = circuit.evaluate_dense(x)
    terms = products(circuit)
    assert (np.diff(terms.gates) >= 0).all()
    assert terms.coefficients.all()
    sums = np.zeros((len(x), circuit.n_gates))
    for t, gate in enumerate(terms.gates):
        members = terms.signals[terms.offsets[t] : terms.offsets[t + 1]]
        sums[:, gate] += terms.coefficients[t] * values[:, members].all(axis=1)
    np.testing.assert_array_equal(sums, values[:, 3:])
    assert set(products(circuit, [2]).gates) == {2}
    with pytest.raises(InputError, match="between 0 and 6; got 7"):
        mobius_coefficients(0, 7)


def test_generators_draw_what_they_say():
    circuit = random_circuit(50, 60, n_layers=3, n_inputs=3, functions=("and", "or", "xor", "maj"), seed=4)
    assert [len(layer.gates) for layer in circuit.layers] == [60, 60, 60]
    sets = [gate.inputs for gate in circuit.gates]
    assert len(set(sets)) == 180
    assert all(len(members) == 3 for members in sets)
    assert all(set(gate.inputs) <= set(range(50 + 60 * (gate.layer - 2), 50 + 60 * (gate.layer - 1)))
               for gate in circuit.gates if gate.layer > 1)  # fmt: skip
    assert {gate.table for gate in circuit.gates} == {0x80, 0xFE, 0x96, 0xE8}
    assert circuit == random_circuit(50, 60, n_layers=3, n_inputs=3, functions=("and", "or", "xor", "maj"), seed=4)
    assert circuit != random_circuit(50, 60, n_layers=3, n_inputs=3, functions=("and", "or", "xor", "maj"), seed=5)
    disjoint = disjoint_pairs(21, 8, seed=1)
    assert len({signal for gate in disjoint.gates for signal in gate.inputs}) == 16
    every = all_pairs(9, function="xor")
    assert [gate.inputs for gate in every.gates] == list(itertools.combinations(range(9), 2))
    assert random_circuit(9, math.comb(9, 2)).n_gates == every.n_gates


def test_random_pairs_are_uniform(statistics_seed):
    """Each feature is in as many pairs as another: n_gates · 2/n each, ± five hypergeometric standard deviations.

    A feature has n - 1 of the N pairs, of which M are drawn.
    """
    n, n_gates = 40, 150
    spread = []
    for trial in range(30):
        circuit = random_circuit(n, n_gates, seed=1000 * statistics_seed + trial)
        spread.append(np.bincount(circuit.wiring.inputs, minlength=n))
    there = math.comb(n, 2)
    share = (n - 1) / there
    sd = math.sqrt(n_gates * share * (1 - share) * (there - n_gates) / (there - 1))
    window = 5 * sd / math.sqrt(30)
    mean = np.mean(spread, axis=0)
    assert abs(mean - n_gates * share).max() < window
    skewed = np.mean([np.sort(each) for each in spread], axis=0)  # control: a generator with favourites
    assert abs(skewed - n_gates * share).max() > window


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: random_circuit(5, 11), "5 signals have 10 sets of 2"),
        (lambda: random_circuit(5, 1, n_inputs=7), "a gate reads 1 to 6"),
        (lambda: random_circuit(5, 0), "at least 1; got 5, 0 and 1"),
        (lambda: random_circuit(5, 5, functions=("nand",)), "unknown function 'nand'"),
        (lambda: random_circuit(5, 5, functions=()), "at least one of and, or, xor, maj"),
        (lambda: disjoint_pairs(9, 5), "at most 4 disjoint pairs; asked for 5"),
        (lambda: all_pairs(1), "at least 2 features"),
    ],
)
def test_generators_refuse(call, words):
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value)
