"""The asymmetric motif: its closed form against samples, the search for it, and its figures."""

import numpy as np
import pytest
import xarray as xr

from tegum.ground.errors import InputError, ShapeError
from tegum.measure import shared_neurons
from tegum.plot import answered_against_probability, crosstalk, motif_cost, motif_diagram
from tegum.theory import motif_errors, motif_loss, motif_weights

P = "feature_probability"


def squares(W: np.ndarray, W_out: np.ndarray, x: np.ndarray) -> np.ndarray:
    return ((np.maximum(np.maximum(x @ W, 0) @ W_out.T, 0) - np.abs(x)) ** 2).sum(axis=1)


@pytest.mark.parametrize("inhibited", [True, False])
@pytest.mark.parametrize("r", [1.0, 1.3, 2.0, 5.0])
def test_errors_are_those_of_samples(r, inhibited):
    """Within five standard errors of 200 000 samples; the errors for another r are not."""
    x = np.random.default_rng(3).uniform(-1, 1, (200_000, 2))
    W, W_out = motif_weights(r, inhibited=inhibited)
    other = motif_errors(1.1 * r, inhibited=inhibited)
    for present, expected, wrong in zip(
        ([1, 0], [0, 1], [1, 1]), motif_errors(r, inhibited=inhibited), other, strict=True
    ):
        found = squares(W, W_out, x * present)
        window = 5 * found.std() / np.sqrt(len(x)) + 1e-20
        assert abs(found.mean() - expected) < window
        if present != [1, 1] and expected:
            assert abs(found.mean() - wrong) > window


def test_the_loss_is_that_of_sparse_samples():
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, (400_000, 2)) * (rng.random((400_000, 2)) < 0.3)
    for inhibited in (True, False):
        found = squares(*motif_weights(2.0, inhibited=inhibited), x)
        expected = motif_loss(2.0, 0.3, inhibited=inhibited)
        assert abs(found.mean() - expected) < 5 * found.std() / np.sqrt(len(x))


def test_known_values_and_limits():
    assert motif_errors(1.0).together == pytest.approx(11 / 48)
    assert motif_errors(1.0, inhibited=False).together == pytest.approx(7 / 24)
    assert motif_errors(1e4).together == pytest.approx(1 / 6)
    r = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(motif_errors(r).weak * r**4, 1 / 6)
    np.testing.assert_allclose(motif_errors(r, inhibited=False).strong / r**4, 1 / 6)
    assert not motif_errors(r).strong.any()
    assert motif_loss(r[:, np.newaxis], [0.1, 0.2]).shape == (2, 1, 2)
    assert (motif_loss(r, 0.0) == 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: motif_errors(0.5), "asymmetry must be at least 1; got 0.5"),
        (lambda: motif_weights(0.9), "exchange the two features"),
        (lambda: motif_loss([1.0, 0.2], 0.1), "got 0.2"),
        (lambda: motif_loss(1.0, 1.2), r"pass 1 - S"),
        (lambda: motif_loss([1.0, 2.0], [0.1, 0.2, 0.3]), "do not broadcast"),
        (lambda: shared_neurons(np.ones((2, 3, 2)), np.ones((2, 3, 2))), "expected one matrix"),
        (lambda: shared_neurons(np.ones((3, 2)), np.ones((2, 3))), r"W_out has shape \(2, 3\)"),
        (lambda: shared_neurons(np.ones((3, 2)), np.ones((3, 2)), np.ones(2)), r"bias \(2,\)"),
        (lambda: shared_neurons(np.ones((3, 2)), np.ones((3, 2)), threshold=0), "threshold must be above 0"),
    ],
)
def test_refusals(call, message):
    with pytest.raises((InputError, ShapeError), match=message):
        call()


@pytest.mark.parametrize("inhibited", [True, False])
def test_the_motif_is_found(inhibited):
    (pair,) = shared_neurons(*motif_weights(3.0, inhibited=inhibited))
    assert (pair.neuron, pair.strong, pair.weak, pair.opposite) == (0, 0, 1, True)
    np.testing.assert_allclose([pair.asymmetry, pair.leak, pair.leak_back, pair.answer_back], [3.0, 9.0, 1 / 9, 1 / 9])
    np.testing.assert_allclose([pair.inhibition, pair.answer], [9.0, 0.0] if inhibited else [0.0, 9.0], atol=1e-12)


def test_the_bias_is_part_of_the_answer():
    (pair,) = shared_neurons(*motif_weights(2.0), [0.5, -0.25])
    assert pair.answer == pytest.approx(-0.25)
    assert pair.answer_back == pytest.approx(0.75)


def test_neurons_of_one_feature_are_not_shared():
    W = np.kron(np.eye(3), [[1.0, -1.0]])
    assert shared_neurons(W, np.abs(W)) == ()


def test_nothing_depends_on_the_size_of_a_neuron_or_on_orders():
    """Twice the input weights and half the output weights are the same neuron."""
    rng = np.random.default_rng(0)
    W, W_out, bias = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), rng.normal(size=6)
    found = shared_neurons(W, W_out, bias)
    assert len(found) > 3
    size = rng.uniform(0.5, 2.0, 4)
    rescaled = shared_neurons(W * size, W_out / size, bias)
    np.testing.assert_allclose(np.array(rescaled), np.array(found), rtol=1e-10)
    neurons, features = rng.permutation(4), rng.permutation(6)
    moved = shared_neurons(W[features][:, neurons], W_out[features][:, neurons], bias[features])
    back = sorted(
        (int(neurons[pair.neuron]), int(features[pair.strong]), int(features[pair.weak]), *pair[3:]) for pair in moved
    )
    np.testing.assert_allclose(np.array(back, float), np.array(sorted(found), float), rtol=1e-10)


def test_all_pairs_of_a_neuron_are_reported():
    W, W_out = np.array([[1.0], [-1.0], [0.5], [0.1]]), np.ones((4, 1))
    assert {(pair.strong, pair.weak) for pair in shared_neurons(W, W_out)} == {(0, 1), (0, 2), (1, 2)}
    assert len(shared_neurons(W, W_out, threshold=0.05)) == 6


def model(r: float = 2.0) -> xr.Dataset:
    W, W_out = motif_weights(r)
    dims = ("feature", "hidden")
    return xr.Dataset({"W": (dims, W), "W_out": (dims, W_out), "bias": ("feature", np.zeros(2))})


class TestFigures:
    def test_the_diagram_shows_leak_and_answer(self):
        one = model()
        (pair,) = shared_neurons(one["W"], one["W_out"])
        left, middle, right = motif_diagram(one, pair).axes
        assert left.get_title() == "shared neuron 0"
        assert middle.get_title() == "inhibiting neuron 3"
        leak, answer, output = (line.get_ydata() for line in right.lines)
        assert leak[-1] == pytest.approx(4.0)
        np.testing.assert_allclose([answer[-1], *output], 0.0, atol=1e-12)

    def test_the_diagram_needs_one_untied_model(self):
        (pair,) = shared_neurons(*motif_weights(2.0))
        for wrong in (model().drop_vars("W_out"), model().expand_dims("model")):
            with pytest.raises(InputError, match="one untied model"):
                motif_diagram(wrong, pair)

    def test_crosstalk_draws_every_pair(self):
        values = {"leak": [1.0, 2.0], "answer": [0.0, -0.2], "shuffled_answer": [0.5, 1.0], P: [0.1, 0.01]}
        figure = crosstalk(xr.Dataset({name: ("pair", value) for name, value in values.items()}))
        shuffled, trained = figure.axes[0].collections
        assert len(shuffled.get_offsets()) == len(trained.get_offsets()) == 2
        with pytest.raises(InputError, match="no shared neuron"):
            crosstalk(xr.Dataset({name: ("pair", np.empty(0)) for name in values}))

    def test_the_cost_leaves_out_what_is_nothing(self):
        theory = np.stack([motif_errors(np.array([1.0, 2.0]), inhibited=each) for each in (False, True)])
        dims = ("inhibited", "present", "asymmetry")
        columns = {"error": (dims, theory), "standard_error": (dims, 0.01 * theory), "theory": (dims, theory)}
        coords = {"inhibited": [False, True], "present": ["strong", "weak", "both"], "asymmetry": [1.0, 2.0]}
        plain, inhibited = motif_cost(xr.Dataset(columns, coords)).axes
        words = [text.get_text() for text in inhibited.get_legend().get_texts()]
        assert words == ["weak feature alone", "both present"]
        assert len(plain.get_legend().get_texts()) == 3

    def test_answered_needs_probabilities(self):
        W = (("n_hidden", "model", "feature", "hidden"), np.ones((1, 1, 2, 2)))
        dataset = xr.Dataset({"W": W, "loss": (("n_hidden", "model"), [[0.1]])}, {"n_hidden": [2]})
        with pytest.raises(InputError, match="one grid dimension 'feature_probability'"):
            answered_against_probability(dataset)
