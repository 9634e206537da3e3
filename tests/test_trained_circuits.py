"""Networks trained on ANDs, what they are compared by, and judges that doctored data must not pass."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tegum.circuits.compared import (
    best_read_off,
    least_unexplained,
    read_off_similarity,
    recognise_density,
    unexplained,
    weight_density,
)
from tegum.circuits.gaussian import gaussian_layer
from tegum.circuits.layer import NeuronLayer
from tegum.circuits.naive import one_neuron_per_gate
from tegum.circuits.trained import WeightedInputs, few_active, train_ands
from tegum.circuits.uand import universal_and
from tegum.experiments import EXPERIMENTS
from tegum.experiments.base import Data
from tegum.experiments.verdict import Verdict, decide
from tegum.ground.errors import InputError, ShapeError
from tegum.plot import save_figure

TRAINED = "trained-circuits"
PAIRS = np.array(list(combinations(range(6), 2)))
INPUTS = few_active(6, feature_probability=0.3, most_active=6)


class TestInputs:
    def test_probabilities_are_those_of_independent_features(self) -> None:
        assert len(INPUTS.x) == 64
        np.testing.assert_allclose(INPUTS.weights @ INPUTS.x, 0.3)
        np.testing.assert_allclose(INPUTS.weights @ (INPUTS.x[:, 0] * INPUTS.x[:, 5]), 0.09)

    def test_without_the_inputs_with_many_features_on(self) -> None:
        few = few_active(6, feature_probability=0.3, most_active=2)
        assert few.x.sum(axis=1).max() == 2
        assert few.weights.sum() == pytest.approx(1)
        assert few.weights[-1] / few.weights[0] == pytest.approx((0.3 / 0.7) ** 2)

    @pytest.mark.parametrize(
        ("p", "most", "words"), [(1.5, 2, "between 0 and 1"), (0.5, 7, "at most 7"), (1, 2, "p <")]
    )
    def test_what_cannot_be(self, p: float, most: int, words: str) -> None:
        with pytest.raises(InputError, match=words):
            few_active(6, feature_probability=p, most_active=most)


class TestComparison:
    def test_what_cannot_be(self) -> None:
        layer = one_neuron_per_gate(PAIRS[:1], n_features=6)
        with pytest.raises(ShapeError, match="reads 1 gates, expected 2"):
            unexplained(layer, PAIRS[:2], INPUTS)
        with pytest.raises(InputError, match="no gate is ever on"):
            unexplained(layer, PAIRS[:1], few_active(6, feature_probability=0.3, most_active=1))
        with pytest.raises(InputError, match="at least 0"):
            least_unexplained(PAIRS, INPUTS, [3, -1])

    def test_best_read_off_is_the_least_squares_solution(self) -> None:
        layer = gaussian_layer(6, 5, n_active=2)
        made = layer.reading(best_read_off(layer, PAIRS, INPUTS))
        error = made.estimates(INPUTS.x) - INPUTS.x[:, PAIRS[:, 0]] * INPUTS.x[:, PAIRS[:, 1]]
        # orthogonal, under the weights, to constants and to every neuron
        assert np.abs(INPUTS.weights @ error).max() < 1e-12
        assert np.abs((INPUTS.weights[:, None] * layer.neurons(INPUTS.x)).T @ error).max() < 1e-12

    @pytest.mark.parametrize("m", [1, 3, 8])
    def test_no_neurons_beat_the_rank_bound(self, m: int) -> None:
        bound = float(least_unexplained(PAIRS, INPUTS, m))
        for index in range(5):
            for layer in (gaussian_layer(6, m, n_active=2, index=index), universal_and(6, m, 0.4, index=index)):
                assert unexplained(layer.reading(best_read_off(layer, PAIRS, INPUTS)), PAIRS, INPUTS) >= bound - 1e-12

    def test_the_bound_is_reached_by_the_components(self) -> None:
        truth = INPUTS.x[:, PAIRS[:, 0]] * INPUTS.x[:, PAIRS[:, 1]]
        centred = (truth - INPUTS.weights @ truth) * np.sqrt(INPUTS.weights)[:, None]
        left, values, right = np.linalg.svd(centred, full_matrices=False)
        rest = centred - (left[:, :4] * values[:4]) @ right[:4]
        assert float(least_unexplained(PAIRS, INPUTS, 4)) == pytest.approx((rest**2).sum() / (centred**2).sum())
        assert float(least_unexplained(PAIRS, INPUTS, 99)) == pytest.approx(0, abs=1e-12)

    def test_density(self) -> None:
        normal = np.random.default_rng(0).normal(size=(1000, 200))
        # P(|Z| > 0.3) = 0.7642, with a standard error of 0.001
        assert float(weight_density(normal)) == pytest.approx(0.764, abs=0.005)
        ones = np.random.default_rng(1).random((200, 500)) < 0.1
        assert float(weight_density(ones)) == ones.mean()
        assert float(weight_density(np.zeros((3, 2)))) == 0
        assert weight_density(np.ones((4, 3, 2))).tolist() == [1, 1, 1, 1]
        assert [recognise_density(np.arange(10)[:, None] < n) for n in (3, 4, 5)] == ["sparse", "between", "dense"]
        with pytest.raises(InputError, match="weights of one layer"):
            recognise_density(np.ones((2, 3, 2)))

    def test_density_ignores_scale_and_order(self) -> None:
        W = np.random.default_rng(2).normal(size=(8, 6))
        assert weight_density(W) == weight_density((W * 7.0)[::-1, ::-1]) == weight_density(-W)

    @pytest.mark.parametrize("pattern", ["difference", "direct", "product"])
    def test_a_wide_random_layer_is_read_by_every_rule(self, pattern: Any) -> None:
        pairs, inputs = (
            np.array(list(combinations(range(8), 2))),
            few_active(8, feature_probability=0.25, most_active=3),
        )
        cosines = read_off_similarity(gaussian_layer(8, 12, n_active=2), pairs, inputs, pattern=pattern)
        assert np.diag(cosines).mean() > 0.3
        assert abs(cosines[~np.eye(len(pairs), dtype=bool)].mean()) < 0.1

    def test_refusals(self) -> None:
        layer = one_neuron_per_gate([[0, 1, 2]], n_features=6)
        with pytest.raises(InputError, match="gates of 3 features"):
            read_off_similarity(layer, [[0, 1, 2]], INPUTS, pattern="direct")
        wrong: Any = "sum"
        with pytest.raises(InputError, match="pattern must be"):
            read_off_similarity(layer, PAIRS, INPUTS, pattern=wrong)


@pytest.mark.slow  # torch and its optimisers take seconds to load
class TestTraining:
    def test_it_learns_what_constants_and_linear_features_cannot(self) -> None:
        (layer,) = train_ands(PAIRS[:4], INPUTS, n_neurons=8, n_models=1, n_steps=200)
        linear = NeuronLayer(W_in=np.eye(6), b_in=np.zeros(6))
        baseline = unexplained(linear.reading(best_read_off(linear, PAIRS[:4], INPUTS)), PAIRS[:4], INPUTS)
        assert unexplained(layer, PAIRS[:4], INPUTS) < 0.5 * baseline

    def test_models_are_independent_of_their_neighbours(self) -> None:
        made = {n: train_ands(PAIRS, INPUTS, n_neurons=3, n_models=n, n_steps=5) for n in (1, 2)}
        np.testing.assert_allclose(made[1][0].W_in, made[2][0].W_in, atol=1e-5)
        assert np.abs(made[2][0].W_in - made[2][1].W_in).max() > 0.1

    def test_training_ends_near_its_own_best_read_off(self) -> None:
        (layer,) = train_ands(PAIRS, INPUTS, n_neurons=8, n_models=1, n_steps=300)
        best = unexplained(layer.reading(best_read_off(layer, PAIRS, INPUTS)), PAIRS, INPUTS)
        assert best <= unexplained(layer, PAIRS, INPUTS) + 1e-6 < 1.2 * best

    def test_features_in_superposition(self) -> None:
        E = np.random.default_rng(0).normal(size=(6, 4))
        (layer,) = train_ands(PAIRS[:3], INPUTS, n_neurons=5, n_models=1, n_steps=100, embedding=E)
        assert np.asarray(layer.W_in).shape == (4, 5)
        assert unexplained(layer, PAIRS[:3], INPUTS) < 0.9
        with pytest.raises(ShapeError, match="a row per feature"):
            train_ands(PAIRS, INPUTS, n_neurons=5, n_models=1, n_steps=1, embedding=E[:3])

    def test_trained_networks_follow_the_data(self) -> None:
        """Control: with all weight on one input there is nothing to learn, and constants are right."""
        one = WeightedInputs(INPUTS.x[-1:], np.ones(1))
        (layer,) = train_ands(PAIRS[:2], one, n_neurons=2, n_models=1, n_steps=300)
        np.testing.assert_allclose(layer.estimates(one.x), 1, atol=0.05)


def ideal() -> Data:
    """Five trained and five constructed networks of each kind, at two widths, as the claims have them."""
    widths, spread = [16, 32], 1 + 0.01 * np.arange(-2.0, 3.0)
    over = ("kind", "n_neurons", "model")

    def each(trained: float, sparse: float, dense: float) -> tuple[tuple[str, ...], np.ndarray]:
        return over, np.array([[value * spread] * 2 for value in (trained, sparse, dense)])

    rules = ("pattern", "n_neurons", "start")
    data = xr.Dataset(
        {
            "unexplained": each(0.6, 0.7, 0.8),
            "own_read_off": each(0.6, 5.0, np.nan),
            "density": each(0.7, 0.2, 0.76),
            "similarity": (rules, 0.75 * np.ones((3, 2, 5)) * spread),
            "chance": (rules, 0.01 * np.ones((3, 2, 5)) * spread),
            "least": ("n_neurons", [0.55, 0.55]),
            "linear": 0.85,
        },
        {"kind": ["trained", "sparse", "dense"], "n_neurons": widths, "pattern": ["difference", "direct", "product"]},
        {"n_features": 16, "n_gates": 120, "n_hidden": 0},
    )
    over = ("read_off", "n_neurons", "model")
    own = xr.Dataset(
        {"error": (over, np.array([[[2.0], [0.4]], [[3.0], [0.3]]]) * spread)},
        {"read_off": ["sparse, average", "dense, product"], "n_neurons": [64, 1024]},
        {"n_gates": 120},
    )
    return {"universal": data, "targeted": data, "read_offs": own}


def verdicts(data: Data) -> dict[str, Verdict]:
    return {finding.claim: decide(finding.parts) for finding in EXPERIMENTS[TRAINED].judge(data)}


def test_control_ideal_data_reproduce_every_claim() -> None:
    found = verdicts(ideal())
    assert set(found) == {claim.id for claim in EXPERIMENTS[TRAINED].claims}
    assert set(found.values()) == {"reproduced"}


Change = Callable[[xr.Dataset], xr.Dataset]


def of_trained(name: str, value: float) -> Change:
    return lambda data: data.assign({name: data[name].where(data["kind"] != "trained", value)})


@pytest.mark.parametrize(
    ("claim", "name", "change"),
    [
        ("rank", "universal", lambda data: data.assign(least=1.5 * data["least"])),
        ("rank", "universal", lambda data: data.assign(least=0.5 * data["least"])),
        ("better", "universal", of_trained("unexplained", 0.75)),
        ("better", "targeted", of_trained("unexplained", 0.75)),
        ("narrower", "universal", of_trained("own_read_off", 2.5)),
        ("narrower", "read_offs", lambda data: data.assign(error=data["error"] / 10)),
        ("own-read-off", "universal", lambda data: data.assign(own_read_off=data["own_read_off"] / 10)),
        ("dense", "universal", of_trained("density", 0.2)),
        ("dense", "universal", lambda data: data.assign(density=0.0 * data["density"] + 0.7)),
        ("read-off", "universal", lambda data: data.assign(similarity=data["similarity"] / 3)),
        ("read-off", "universal", lambda data: data.assign(chance=data["similarity"])),
    ],
)
def test_doctored_data_fail(claim: str, name: str, change: Change) -> None:
    data = {**ideal(), name: change(ideal()[name])}
    assert verdicts(data)[f"tegum.trained-and-{claim}"] == "refuted"


@pytest.mark.slow
def test_a_small_variant_runs_and_draws(tmp_path: Any) -> None:
    experiment = EXPERIMENTS[TRAINED]
    settings = experiment.settings("quick").replace(
        n_features=6, n_neurons=(4,), targeted_features=6, targeted_hidden=4, targeted_gates=5, targeted_neurons=(4, 6)
    )
    data = experiment.run(
        settings.replace(models=2, constructed=3, n_steps=30, read_off_neurons=(8, 16)), lambda _: None
    )
    for plate in experiment.plates(data):
        assert all(path.stat().st_size > 5000 for path in save_figure(plate.figure, tmp_path / plate.name))
