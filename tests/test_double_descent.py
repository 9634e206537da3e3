"""Memorisation and double descent: the theory by construction, the judge on ideal and on doctored data, figures."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tegum import TrainSettings, train, training_features
from tegum.experiments import EXPERIMENTS
from tegum.experiments.base import Data
from tegum.experiments.double_descent import PRESETS
from tegum.experiments.variants import changed
from tegum.experiments.verdict import Verdict, decide
from tegum.geometry import polygon
from tegum.ground.errors import InputError, ShapeError
from tegum.measure import feature_dimensionality
from tegum.plot import double_descent_curves, hidden_vectors_and_features, save_figure
from tegum.theory.memorisation import least_loss_bias, memorising_polygon, polygon_length

EXPERIMENT = EXPERIMENTS["double-descent"]
FEW, SIZES, MIDDLE, N = (3, 5, 8), (3, 30, 300, 400), 300, 60
OVER = ("n_training_samples", "model")


def disjoint(n_samples: int, seed: int = 0) -> np.ndarray:
    """Samples of length 1, no two of which share a feature; four features each."""
    X = np.zeros((n_samples, 4 * n_samples))
    for t, values in enumerate(np.random.default_rng(seed).uniform(0.1, 1, (n_samples, 4))):
        X[t, 4 * t : 4 * t + 4] = values / np.linalg.norm(values)
    return X


def loss(X: np.ndarray, W: np.ndarray, bias: np.ndarray) -> float:
    return float(np.square(np.maximum(X @ W @ W.T + bias, 0) - X).sum() / len(X))


class TestTheory:
    @pytest.mark.parametrize("n_samples", [2, 3, 5, 8, 40])
    def test_a_polygon_answers_samples_that_share_nothing(self, n_samples: int) -> None:
        X = disjoint(n_samples)
        W, bias = memorising_polygon(X)
        assert loss(X, W, bias) < 1e-12
        lengths = np.linalg.norm(X @ W, axis=1)
        np.testing.assert_allclose(lengths, polygon_length(n_samples))
        np.testing.assert_allclose(feature_dimensionality(X @ W).sum(), 1 if n_samples == 2 else 2)

    @pytest.mark.parametrize("n_samples", [2, 3, 5, 8, 40])
    def test_a_smaller_one_does_not(self, n_samples: int) -> None:
        X = disjoint(n_samples)
        W = X.T @ (0.98 * polygon_length(n_samples) * polygon(n_samples))
        assert loss(X, W, least_loss_bias(X @ W @ W.T, X)) > 1e-5

    def test_data_points_take_the_place_of_features(self) -> None:
        """With any hidden vectors a and offsets, the loss is that of T features of which exactly one is present."""
        rng, X = np.random.default_rng(1), disjoint(6)
        a, offset = rng.normal(size=(6, 2)), rng.normal(size=6)
        np.testing.assert_allclose(loss(X, X.T @ a, X.T @ offset), loss(np.eye(6), a, offset))

    @pytest.mark.parametrize("n_hidden", [2, 3, 7])
    def test_sizes_that_answer_exactly_are_bounded_below(self, n_hidden: int) -> None:
        """Σ |a|² >= T - 1 where a_t · (a_t - a_u) >= 1 for all pairs; a simplex attains it."""
        rng = np.random.default_rng(2)
        for _ in range(50):
            a = rng.normal(size=(8, n_hidden))
            a /= np.linalg.norm(a, axis=1, keepdims=True)
            reach = np.square(a).sum(axis=1)[:, None] - a @ a.T
            a /= np.sqrt(reach[~np.eye(8, dtype=bool)].min())
            assert np.square(a).sum() >= 7 - 1e-9
        simplex = np.eye(8) - 1 / 8
        assert (simplex @ simplex.T).trace() == pytest.approx(7)
        assert polygon_length(3) ** 2 * 3 == pytest.approx(2)

    def test_the_bias_is_the_best_of_a_fine_grid(self) -> None:
        rng = np.random.default_rng(3)
        z, x = rng.normal(size=(7, 60)), np.maximum(rng.normal(size=(7, 60)), 0)
        x[:, :5] = 0
        grid = np.linspace(-5, 5, 4001)[:, None, None]
        best = np.square(np.maximum(z + grid, 0) - x).sum(axis=1).min(axis=0)
        found = np.square(np.maximum(z + least_loss_bias(z, x), 0) - x).sum(axis=0)
        assert (found <= best + 1e-12).all()
        assert (found >= best - 1e-2).all()

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda: polygon_length(1), InputError, "at least two"),
            (lambda: memorising_polygon(np.ones((1, 9))), InputError, "at least two"),
            (lambda: memorising_polygon(-np.eye(3)), InputError, "at least 0"),
            (lambda: memorising_polygon(np.ones(9)), ShapeError, "n_samples, n_features"),
            (lambda: least_loss_bias(np.ones((3, 2)), np.ones((2, 3))), ShapeError, "for both"),
            (lambda: least_loss_bias(np.ones((3, 2)), -np.ones((3, 2))), InputError, "at least 0"),
        ],
    )
    def test_what_cannot_be(self, call: Callable[[], Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            call()


def dataset(sizes: tuple[int, ...], n_models: int, hidden: Mapping[int, np.ndarray], **losses: Any) -> xr.Dataset:
    vectors = np.full((len(sizes), n_models, max(sizes), 2), np.nan)
    shares = np.full(vectors.shape[:-1], np.nan)
    for place, size in enumerate(sizes):
        vectors[place, :, :size], shares[place, :, :size] = hidden[size], feature_dimensionality(hidden[size])
    flat = np.full((len(sizes), n_models, N), 2 / N)
    columns = {
        "W": ((*OVER, "feature", "hidden"), np.full((len(sizes), n_models, N, 2), 0.3)),
        "hidden_vector": ((*OVER, "sample", "hidden"), vectors),
        "data_dimensionality": ((*OVER, "sample"), shares),
        "feature_dimensionality": ((*OVER, "feature"), flat),
    }
    for name, each in losses.items():
        columns[name] = (OVER, np.array([[each[size]] * n_models for size in sizes]))
    return xr.Dataset(columns, {"n_training_samples": list(sizes)})


def ideal() -> dict[str, xr.Dataset]:
    """Polygons; a triangle that is not regular; at the largest size five features that own what there is."""
    hidden = {size: polygon_length(size) * polygon(size) for size in (*FEW, *SIZES)}
    angles = np.radians([0.0, 100.0, 225.0])
    few = dataset(FEW, 6, hidden, loss=dict.fromkeys(FEW, 1e-6), test_loss=dict.fromkeys(FEW, 1.01))
    few["hidden_vector"][0, :, :3] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    train_loss, test_loss = (dict(zip(SIZES, each, strict=True)) for each in ((0, 0.5, 0.9, 0.98), (1.1, 1, 5, 0.99)))
    sweep = dataset(SIZES, 3, hidden, loss=train_loss, test_loss=test_loss)
    sweep["W"][:-1], sweep["W"][-1, :, :5] = 0.6, 0.7
    sweep["feature_dimensionality"][-1] = np.where(np.arange(N) < 5, 0.35, 0.001)
    sweep["feature_dimensionality"][:-1] = 2 / 1000
    sweep["polygon_loss"] = "model", np.array([0.3, 0.35, 0.4])
    return {"memorised": few, "sweep": sweep.assign_attrs(middle=MIDDLE, by_hand=30)}


def verdicts(data: Data) -> dict[str, Verdict]:
    return {finding.claim.removeprefix("tegum."): decide(finding.parts) for finding in EXPERIMENT.judge(data)}


@cache
def of_ideal_data() -> dict[str, Verdict]:
    return verdicts(ideal())


def test_ideal_data_give_what_is_expected() -> None:
    assert of_ideal_data() == {claim.id.removeprefix("tegum."): claim.expected for claim in EXPERIMENT.claims}


def _set(which: str, name: str, at: Any, value: Any) -> Callable[[dict[str, xr.Dataset]], None]:
    def change(data: dict[str, xr.Dataset]) -> None:
        data[which][name][at] = value

    return change


def _stretched(data: dict[str, xr.Dataset]) -> None:
    data["memorised"]["hidden_vector"] *= 1.2


def _regular(data: dict[str, xr.Dataset]) -> None:
    data["memorised"]["hidden_vector"][0, :, :3] = polygon(3)


def _twisted(data: dict[str, xr.Dataset]) -> None:
    data["memorised"]["hidden_vector"][1, :, 0] = polygon_length(5) * np.array([np.cos(0.3), np.sin(0.3)])


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        (_set("sweep", "data_dimensionality", (1, 2, 0), 0.1), "memorisation-bound", "refuted"),
        (_set("memorised", "feature_dimensionality", (1, 2, 0), 0.2), "memorisation-bound", "refuted"),
        (_set("memorised", "data_dimensionality", (2,), 0.2), "memorisation-dimensionality", "refuted"),
        (_set("memorised", "test_loss", (1,), 0.9), "memorisation-by-heart", "refuted"),
        (_stretched, "memorisation-polygon", "refuted"),
        (_twisted, "memorisation-polygon", "refuted"),
        (_regular, "memorisation-triangle", "reproduced"),
        (_set("sweep", "test_loss", (2,), 1.05), "double-descent-peak", "refuted"),
        (_set("sweep", "test_loss", (3,), 4.9), "double-descent-features", "refuted"),
        (_set("sweep", "feature_dimensionality", (3,), 0.01), "double-descent-features", "refuted"),
        (_set("sweep", "W", (3,), 0.6), "double-descent-features", "refuted"),
        (_set("sweep", "W", (2,), 0.1), "double-descent-features", "refuted"),
        (_set("sweep", "data_dimensionality", (2,), 0.1), "double-descent-features", "refuted"),
        (_set("sweep", "feature_dimensionality", (2,), 0.2), "double-descent-features", "refuted"),
        (_set("sweep", "polygon_loss", (slice(None),), 0.6), "double-descent-training-stops-short", "refuted"),
        (_set("sweep", "polygon_loss", (0,), 0.6), "double-descent-training-stops-short", "inconclusive"),
    ],
)
def test_data_that_go_otherwise(change: Callable[[Any], None], claim: str, verdict: Verdict) -> None:
    data = ideal()
    change(data)
    after = verdicts(data)
    assert after[claim] == verdict != of_ideal_data()[claim]


def test_models_that_learned_nothing_prove_nothing() -> None:
    data = ideal()
    data["memorised"]["loss"][:] = 1.0
    found = verdicts(data)
    assert found["memorisation-by-heart"] == "refuted"
    assert found["memorisation-dimensionality"] == "inconclusive"


TINY = {
    "n_features": 40,
    "feature_probability": 0.1,
    "n_training_samples": (3, 12, 20),
    "middle": 12,
    "by_hand": 12,
    "memorised": (3,),
    "starts": 1,
    "memorising": TrainSettings(n_steps=40),
    "training": TrainSettings(n_steps=30, warmup_steps=3, evaluation_samples=256),
}


@pytest.mark.slow
@pytest.mark.parametrize("m", [2, 3])
def test_variants_of_other_sizes_draw_their_figures(m: int, tmp_path) -> None:
    settings = changed(PRESETS["quick"], TINY | {"n_hidden": m})
    data = EXPERIMENT.run(settings, lambda progress: None)
    sweep = data["sweep"]
    assert sweep["hidden_vector"].sel(n_training_samples=12).notnull().sum("sample").values.tolist() == [[12] * m] * 3
    problem = settings.problem.replace(n_training_samples=12)
    h = training_features(problem, seed=settings.seed, model=1) @ sweep["W"].sel(n_training_samples=12)[1].values
    np.testing.assert_allclose(sweep["hidden_vector"].sel(n_training_samples=12)[1, :12], h, rtol=1e-5, atol=1e-6)
    training = train(problem, settings.training, n_models=3, seed=settings.seed)["loss_history"][:, -1]
    np.testing.assert_allclose(sweep["loss"].sel(n_training_samples=12), training, rtol=1e-5)
    plates = EXPERIMENT.plates(data)
    assert [plate.name for plate in plates] == ["curves", "memorised-plane", "sweep-plane"][: 3 if m == 2 else 1]
    for plate in plates:
        assert all(path.stat().st_size > 1000 for path in save_figure(plate.figure, tmp_path / plate.name))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_have_what_is_judged(preset: str) -> None:
    settings = PRESETS[preset]
    sizes = settings.n_training_samples
    assert min(sizes) < settings.middle < max(sizes)
    assert settings.middle == 0.3 * settings.problem.n_features
    assert {settings.middle, settings.by_hand} < set(sizes)
    assert settings.models % 3 == 0
    assert settings.memorised == FEW


def test_figures_say_what_they_cannot_show() -> None:
    data = ideal()["sweep"]
    with pytest.raises(InputError, match="double_descent_curves"):
        hidden_vectors_and_features(data.isel(hidden=[0]))
    figure = hidden_vectors_and_features(data)
    assert [ax.get_title() for ax in figure.axes if ax.get_title()] == [f"T = {size}" for size in SIZES]
    test_line = double_descent_curves(data).axes[0].lines[1]
    np.testing.assert_allclose(np.asarray(test_line.get_ydata()), [1.1, 1, 5, 0.99])


@pytest.mark.slow
def test_training_finds_the_pentagon() -> None:
    """At the least size at which five samples can be told apart; with features shared, about."""
    problem = PRESETS["quick"].problem.replace(n_training_samples=5)
    settings = TrainSettings(n_steps=4000, optimizer="adamw", learning_rate=5e-3, schedule="cosine", warmup_steps=200)
    data = train(problem, settings.replace(evaluation_samples=2), n_models=6)
    lengths = []
    for model in range(6):
        h = training_features(problem, model=model) @ data["W"][model].values
        np.testing.assert_allclose(feature_dimensionality(h), 0.4, atol=0.08)  # not 1/3 or 1/2
        lengths.append(np.linalg.norm(h, axis=1).min())
    np.testing.assert_allclose(lengths, polygon_length(5), rtol=0.1)
