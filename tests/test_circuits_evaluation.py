"""What circuits compute, how often their signals are on, and when superposition cannot help."""

import itertools
import math

import numpy as np
import pytest

from tegum.circuits import (
    Circuit,
    dense_layers,
    layer_activity,
    random_circuit,
    random_supports,
    require_sparse,
    signal_activity,
)
from tegum.circuits.activity import most_away
from tegum.circuits.supports import as_supports, support_matrix
from tegum.ground.errors import InputError, ShapeError

MIXED = Circuit.parse(
    "features a b c d e\n"
    "n = ~a\nt = 1\nu = 0\ny = n & b | ~c\nz = maj(y, n, d) ^ t\nw = table(0x6a53, z, y, a, e)\nv = ~(w & t) ^ u"
)


def everything(n):
    return np.array(list(itertools.product([0, 1], repeat=n)), bool)


def by_hand(circuit, features):
    """Value of every signal, one gate and one sample at a time."""
    found = []
    for sample in features:
        values = sample.astype(int).tolist()
        for gate in circuit.gates:
            values.append(gate.table >> sum(values[signal] << j for j, signal in enumerate(gate.inputs)) & 1)
        found.append(values)
    return np.array(found, bool)


CIRCUITS = [
    MIXED,
    random_circuit(8, 20, n_layers=3, functions=("and", "or", "xor")),
    random_circuit(9, 9, n_layers=4, n_inputs=6, functions=("xor", "maj"), seed=2),
]


@pytest.mark.parametrize("circuit", CIRCUITS, ids=["mixed", "pairs", "sixes"])
def test_sparse_and_dense_evaluation_are_what_the_tables_say(circuit):
    x = everything(circuit.n_features)
    expected = by_hand(circuit, x)
    np.testing.assert_array_equal(circuit.evaluate_dense(x), expected)
    sparse = circuit.evaluate([np.flatnonzero(row) for row in x])
    np.testing.assert_array_equal(sparse.toarray(), expected)
    assert sparse.dtype == bool
    assert sparse.has_sorted_indices
    np.testing.assert_array_equal(circuit.resting_values, expected[0])
    assert circuit.evaluate(np.zeros((0, 3), int)).shape == (0, circuit.n_signals)


def test_supports_say_which_features_are_on():
    x = everything(5)
    rows = as_supports([np.flatnonzero(row) for row in x], 5)
    np.testing.assert_array_equal(support_matrix(rows, 5).toarray(), x)
    np.testing.assert_array_equal(support_matrix(rows[:, ::-1], 5).toarray(), x)


@pytest.mark.parametrize(
    ("supports", "error", "words"),
    [
        ([[0, 5]], InputError, "features 0 to 4, and -1 to fill up; got 5 in sample 0"),
        ([[0], [-2]], InputError, "got -2 in sample 1"),
        ([[1], [3, 3]], InputError, "feature 3 is listed twice in sample 1"),
        ([[0.5]], InputError, "dtype float64, expected numbers of features"),
        (np.ones((2, 5), bool), InputError, "of a dense x pass"),
        (np.array([1, 2]), ShapeError, "expected (n_samples, widest)"),
    ],
)
def test_supports_that_are_none(supports, error, words):
    with pytest.raises(error) as caught:
        MIXED.evaluate(supports)
    assert words in str(caught.value)
    with pytest.raises(ShapeError, match=r"n_features=5"):
        MIXED.evaluate_dense(np.ones((2, 4)))


def test_random_supports_follow_their_law(statistics_seed):
    """Each feature as often as it should be, within five standard deviations; control: of a p that is a fifth off."""
    n, n_samples = 30, 20_000
    p = np.linspace(0.02, 0.3, n)
    for options, expected in [({"n_active": 4}, np.full(n, 4 / n)), ({"feature_probability": p}, p)]:
        rows = random_supports(n, n_samples, **options, seed=statistics_seed)
        share = support_matrix(as_supports(rows, n), n).toarray().mean(axis=0)
        sd = np.sqrt(expected * (1 - expected) / n_samples)
        assert (abs(share - expected) < 5 * sd).all()
        assert (abs(share - 1.2 * expected) > 5 * sd).any()
    pairs = random_supports(5, n_samples, n_active=2, seed=statistics_seed)
    counts = np.unique(np.sort(pairs, axis=1), axis=0, return_counts=True)[1]
    assert len(counts) == 10
    assert abs(counts / n_samples - 0.1).max() < 5 * math.sqrt(0.09 / n_samples)
    assert (random_supports(3, 2, n_active=3) >= 0).all()
    assert random_supports(3, 4, feature_probability=0.0).shape == (4, 0)


@pytest.mark.parametrize("law", [{"n_active": 2}, {"feature_probability": [0.1, 0.5, 0.9, 0.2, 0.0]}])
def test_activity_of_few_features_is_exact(law):
    found = signal_activity(MIXED, **law)
    x = everything(5)
    if "n_active" in law:
        chance = (x.sum(axis=1) == 2) / 10
    else:
        p = np.array(law["feature_probability"])
        chance = np.where(x, p, 1 - p).prod(axis=1)
    expected = chance @ by_hand(MIXED, x)
    assert found.exact.all()
    np.testing.assert_allclose(found.probability, expected, atol=1e-14)
    np.testing.assert_array_equal(found.low, found.high)
    np.testing.assert_allclose(found.away, np.where(MIXED.resting_values, 1 - expected, expected), atol=1e-14)


def test_known_activities():
    n, k = 100, 4
    text = "y = x0 & x1; z = x0 | x1; w = x0 ^ x1; v = x0 & x1 & x2; u = y & x2"
    circuit = Circuit.parse(f"features x0..x99; {text}")
    found = signal_activity(circuit, n_active=k)
    both = k * (k - 1) / (n * (n - 1))
    three = both * (k - 2) / (n - 2)
    expected = {"y": both, "z": 2 * k / n - both, "w": 2 * k / n - 2 * both, "v": three, "u": three}
    for name, probability in expected.items():
        assert found.probability[circuit.signal(name)] == pytest.approx(probability, rel=1e-12)


def test_activity_behind_many_features_is_counted(statistics_seed):
    """An OR of 12 features; the exact answer lies in the interval of 99 %, and one that is a third off does not."""
    circuit = Circuit.parse(
        "features x0..x59; a = x0|x1|x2|x3|x4|x5; b = x6|x7|x8|x9|x10|x11; y = a | b; z = y & a & b"
    )
    found = signal_activity(circuit, n_active=3, seed=statistics_seed)
    assert found.exact.sum() == 62
    y = circuit.signal("y")
    expected = 1 - math.comb(48, 3) / math.comb(60, 3)
    assert found.low[y] < expected < found.high[y]
    assert not found.low[y] < expected * 4 / 3 < found.high[y]
    assert found.low[-1] < found.probability[-1] < found.high[-1]


def test_resting_signals_count_by_what_they_lack():
    circuit = Circuit.parse("features x0..x999; " + "; ".join(f"y{i} = ~x{i}" for i in range(1000)))
    found = signal_activity(circuit, n_active=3)
    assert found.probability[-1] == pytest.approx(0.997)
    assert [round(layer.away, 9) for layer in layer_activity(circuit, found)] == [3, 3]
    assert dense_layers(circuit, found) == []
    require_sparse(circuit, found)


def test_dense_circuits_are_named_and_refused():
    circuit = random_circuit(400, 400, n_layers=2, functions=("or",))
    sparse, dense = (signal_activity(circuit, n_active=k) for k in (1, 80))
    assert dense_layers(circuit, sparse) == []
    sentences = dense_layers(circuit, dense)
    assert [each.split(" is")[0] for each in sentences] == ["The input", "Layer 1", "Layer 2"]
    with pytest.raises(InputError, match=r"^Layer 2 is not sparse: of its 400 gates 2\d\d are away .* no better\. Use"):
        require_sparse(circuit, dense)
    between = signal_activity(circuit, n_active=2)
    assert [layer.sparse for layer in layer_activity(circuit, between)] == [True, True, False]
    require_sparse(circuit, between)


def test_the_limit_is_where_the_threshold_needs_a_neuron_per_signal():
    """K active of T in m = T dimensions: T Q(½√(m/K)) ≤ T e^{-m/8K} = η, and the tail is below its bound."""
    for n_signals, failure in [(1000, 0.01), (50, 0.1)]:
        most = most_away(n_signals, failure)
        assert n_signals * math.exp(-n_signals / (8 * most)) == pytest.approx(failure)
        tail = 0.5 * math.erfc(0.5 * math.sqrt(n_signals / most) / math.sqrt(2))
        assert n_signals * tail < failure < n_signals * 20 * tail
    for bad in [(0, 0.1), (10, 0.0), (10, 1.0)]:
        with pytest.raises(InputError, match="0 < failure < 1"):
            most_away(*bad)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, InputError, "got neither"),
        ({"n_active": 2, "feature_probability": 0.1}, InputError, "got both"),
        ({"n_active": 6}, InputError, "from 0 to n_features = 5; got 6"),
        ({"n_active": 1.5}, InputError, "whole number"),
        ({"feature_probability": 1.5}, InputError, "pass 1 - S"),
        ({"feature_probability": [0.1, 0.2]}, ShapeError, "(n_features=5,)"),
        ({"n_active": 1, "n_samples": 0}, InputError, "n_samples must be at least 1"),
    ],
)
def test_distributions_that_are_none(options, error, words):
    with pytest.raises(error) as caught:
        signal_activity(MIXED, **options)
    assert words in str(caught.value)


@pytest.mark.slow
def test_a_hundred_thousand_gates():
    """Built, evaluated and read back: as the plain version on some samples."""
    circuit = random_circuit(20_000, 25_000, n_layers=4, functions=("and", "or"), seed=1)
    supports = random_supports(20_000, 10_000, n_active=20)
    found = circuit.evaluate(supports)
    assert found.shape == (10_000, 120_000)
    few = found[:20].toarray()
    np.testing.assert_array_equal(circuit.evaluate_dense(few[:, :20_000]), few)
    assert few[:, -25_000:].any()
    known = signal_activity(circuit, n_active=20)
    assert all(layer.sparse for layer in layer_activity(circuit, known))
    assert known.exact[:70_000].all()
    assert Circuit.parse(circuit.to_text()) == circuit


def test_depth_and_constants():
    """A chain as deep as it has gates; gates without inputs; signals that skip layers."""
    lines = ["features a b", "one = 1", "g0 = a & one"]
    lines += [f"g{i} = g{i - 1} {'^' if i % 3 else '&'} {'b' if i % 2 else 'one'}" for i in range(1, 300)]
    circuit = Circuit.parse("\n".join(lines))
    assert circuit.n_layers == 301
    x = everything(2)
    np.testing.assert_array_equal(circuit.evaluate([np.flatnonzero(row) for row in x]).toarray(), by_hand(circuit, x))
