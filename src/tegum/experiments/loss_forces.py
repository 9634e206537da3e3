"""The forces in the loss: feature benefit against interference, for linear and for ReLU outputs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from scipy.integrate import quad

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.starts import N_GROUPS, over_groups, weights
from tegum.experiments.verdict import Part, within
from tegum.geometry import gram
from tegum.ground import streams
from tegum.ground.estimate import exact_estimate, mean_estimate
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot import cost_of_overlap, formula_against_samples
from tegum.problem import Geometric, Problem, TrainSettings, sample_features
from tegum.theory import (
    feature_benefit,
    feature_variance,
    linear_interference,
    linear_loss,
    one_sparse_loss,
    optimal_linear_bias,
)
from tegum.training import train

LINEAR = Problem(n_features=20, n_hidden=5, feature_probability=0.1, importance=Geometric(ratio=0.7), output="linear")
N_ONE, M_ONE = 5, 2
IGNORED = (0.1, 0.5, 1.0)
_BATCHES = 20


class Settings(FrozenRecord):
    """How many random models are tried and how many samples each sees; the trained linear model."""

    linear_models: int
    linear_samples: int
    one_sparse_models: int
    one_sparse_samples: int
    starts: int
    training: TrainSettings
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_TRAINING = TrainSettings(n_steps=10_000, schedule="cosine")
PRESETS = {
    "quick": Settings(
        linear_models=5,
        linear_samples=200_000,
        one_sparse_models=5,
        one_sparse_samples=50_000,
        starts=2,
        training=_TRAINING,
    ),
    "paper": Settings(
        linear_models=20,
        linear_samples=10**6,
        one_sparse_models=20,
        one_sparse_samples=200_000,
        starts=5,
        training=_TRAINING,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Simulate random models beside their formulas, and train the linear one."""
    return {
        "trained": train(
            LINEAR, settings.training, n_models=N_GROUPS * settings.starts, seed=settings.seed, progress=tell
        ),
        "linear": _rows(
            settings.linear_models, lambda a: _linear_model(settings.seed, a, settings.linear_samples), tell
        ),
        "one_sparse": _rows(
            settings.one_sparse_models,
            lambda a: _one_sparse_model(settings.seed, a, settings.one_sparse_samples),
            tell,
        ),
        "relu": _relu_alone(settings.seed),
        "overlap": _overlap_costs(),
    }


def _rows(n_models: int, row: Callable[[int], dict[str, float]], tell: Listener) -> xr.Dataset:
    """One dataset from the named numbers of each model."""
    made = []
    for a in range(n_models):
        made.append(row(a))
        tell(Progress(len(made), n_models))
    return xr.Dataset({name: ("model", [numbers[name] for numbers in made]) for name in made[0]})


def _sampled(losses: np.ndarray) -> dict[str, float]:
    return {
        "loss_sampled": float(losses.mean()),
        "loss_standard_error": float(losses.std(ddof=1) / np.sqrt(len(losses))),
    }


def _linear_model(seed: int, model: int, n_samples: int) -> dict[str, float]:
    rng = streams.generator(seed, model, "linear forces")
    importance, p = LINEAR.importances, float(LINEAR.probabilities[0])
    W = rng.normal(size=(LINEAR.n_features, LINEAR.n_hidden)) / np.sqrt(LINEAR.n_hidden)
    bias = optimal_linear_bias(W, feature_probability=p)
    x = sample_features(LINEAR, n_samples, seed=seed, model=model).astype(np.float64)
    losses = ((x - x @ gram(W) - bias) ** 2) @ importance
    return _sampled(losses) | {
        "loss_formula": float(
            feature_variance(p) * (feature_benefit(W, importance) + linear_interference(W, importance))
        ),
        "loss_moments": float(linear_loss(W, bias, feature_probability=p, importance=importance)),
    }


def _one_sparse_model(seed: int, model: int, n_samples: int) -> dict[str, float]:
    rng = streams.generator(seed, model, "one-sparse forces")
    W, bias, importance = rng.normal(size=(N_ONE, M_ONE)), rng.normal(scale=0.3, size=N_ONE), rng.uniform(0.2, 1, N_ONE)
    x = np.zeros((n_samples, N_ONE))
    x[np.arange(n_samples), rng.integers(N_ONE, size=n_samples)] = rng.uniform(size=n_samples)
    losses = ((x - np.maximum(x @ gram(W) + bias, 0)) ** 2) @ importance
    return _sampled(losses) | _changes(W, -np.abs(bias), importance, x) | {
        "loss_formula": float(one_sparse_loss(W, bias, importance=importance).total) / N_ONE,
        "loss_quadrature": _quadrature(gram(W), bias, importance) / N_ONE,
    }  # fmt: skip


def _quadrature(G: np.ndarray, bias: np.ndarray, importance: np.ndarray) -> float:
    """L_1 by adaptive quadrature, with the kink of the ReLU as a break point."""
    total = 0.0
    for i in range(N_ONE):
        for j in range(N_ONE):
            kink = np.clip(-bias[j] / G[i, j], 0, 1)
            value, _ = quad(
                lambda x, i=i, j=j: importance[j] * (x * (i == j) - max(G[i, j] * x + bias[j], 0)) ** 2,
                0, 1, points=[kink], epsabs=1e-13, epsrel=1e-12,
            )  # fmt: skip
            total += value
    return total


def _changes(W: np.ndarray, bias: np.ndarray, importance: np.ndarray, x: np.ndarray) -> dict[str, float]:
    """Relative change of both losses when every negative overlap is tripled; the biases are not positive."""
    before = gram(W)
    after = np.where(before < 0, 3 * before, before)

    def change(output: Callable[[np.ndarray], np.ndarray]) -> float:
        losses = [float((((x - output(x @ G + bias)) ** 2) @ importance).mean()) for G in (before, after)]
        return abs(losses[1] - losses[0]) / losses[0]

    return {"relu_change": change(lambda z: np.maximum(z, 0)), "linear_change": change(lambda z: z)}


def _relu_alone(seed: int) -> xr.Dataset:
    """What the ReLU does for one output: it never hurts; and a bias lets an ignored feature answer its mean."""
    rng = streams.generator(seed, 0, "relu alone")
    x, a = rng.uniform(size=100_000), rng.normal(scale=2.0, size=100_000)
    best, gain = [], []
    for p in IGNORED:
        problem = Problem(n_features=1, n_hidden=1, feature_probability=p)
        batches = sample_features(problem, _BATCHES * 500_000, seed=seed).astype(np.float64).reshape(_BATCHES, -1)
        best.append(batches.mean(axis=1) / (p / 2))
        gain.append(((batches - p / 2) ** 2).mean(axis=1) / (batches**2).mean(axis=1) / (1 - 0.75 * p))
    return xr.Dataset(
        {
            "violations": int((np.abs(np.maximum(a, 0) - x) > np.abs(a - x)).sum()),
            "best_constant": (("feature_probability", "batch"), np.array(best)),
            "loss_ratio": (("feature_probability", "batch"), np.array(gain)),
        },
        coords={"feature_probability": list(IGNORED)},
    )


def _overlap_costs() -> xr.Dataset:
    """Exact squared error at an absent feature, against its overlap with the present one."""
    overlaps, biases = np.linspace(-1, 1, 201), np.array([0.0, -0.1, -0.3])
    relu = [[float(one_sparse_loss([[1.0], [g]], b).interference) / 2 for g in overlaps] for b in biases]
    return xr.Dataset(
        {"relu": (("bias", "overlap"), relu), "linear": ("overlap", overlaps**2 / 3)},
        coords={"bias": biases, "overlap": overlaps},
    )


def plates(data: Data) -> list[Plate]:
    """What an overlap costs, and formulas against samples."""
    return [
        Plate(
            name="cost-of-overlap",
            figure=cost_of_overlap(data["overlap"]),
            caption="Behind a ReLU negative overlaps cost nothing, and a negative bias makes small positive ones free.",
        ),
        Plate(
            name="formulas",
            figure=formula_against_samples({"linear": data["linear"], "one feature present, ReLU": data["one_sparse"]}),
            caption="Sampled losses of random models agree with the formulas.",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="s3.linear-forces", parts=_linear_parts(data), figure="formulas"),
        Finding(claim="s3.one-sparse-loss", parts=_one_sparse_parts(data["one_sparse"]), figure="formulas"),
        Finding(claim="s3.relu-benefits", parts=_relu_parts(data), figure="cost-of-overlap"),
    ]


def _distance(models: xr.Dataset) -> Part:
    distance = np.abs(models["loss_sampled"] - models["loss_formula"]) / models["loss_standard_error"]
    largest = exact_estimate(float(distance.max()), n=models.sizes["model"])
    return within("largest distance of sampled loss and formula, in standard errors", largest, high=4)


def _error(models: xr.Dataset, other: str, tolerance: float) -> Part:
    error = float(np.abs(models[other] / models["loss_formula"] - 1).max())
    name = f"largest relative difference of formula and {other.removeprefix('loss_')}"
    return within(name, exact_estimate(error, n=models.sizes["model"]), high=tolerance)


def _linear_parts(data: Data) -> list[Part]:
    def shares(model: xr.Dataset) -> float:
        importance = LINEAR.importances
        return float(linear_interference(weights(model), importance) / feature_benefit(weights(model), importance))

    return [
        _distance(data["linear"]),
        _error(data["linear"], "loss_moments", 1e-10),
        within("trained optimum: interference / feature benefit", over_groups(data["trained"], shares), high=1e-3),
    ]


def _one_sparse_parts(models: xr.Dataset) -> list[Part]:
    return [_distance(models), _error(models, "loss_quadrature", 1e-8)]


def _relu_parts(data: Data) -> list[Part]:
    relu, models = data["relu"], data["one_sparse"]
    n_models = models.sizes["model"]
    parts = [within("cases in which the ReLU hurts", exact_estimate(float(relu["violations"]), n=100_000), high=0)]
    for p in IGNORED:
        at = relu.sel(feature_probability=p)
        parts += [
            within(f"best constant / (p/2), p = {p:g}", mean_estimate(at["best_constant"].values), 0.99, 1.01),
            within(f"loss ratio / (1 - 3p/4), p = {p:g}", mean_estimate(at["loss_ratio"].values), 0.99, 1.01),
        ]
    relu_change, linear_change = float(models["relu_change"].max()), float(models["linear_change"].min())
    return [
        *parts,
        within("negative overlaps tripled: change of the ReLU loss", exact_estimate(relu_change, n=n_models), high=0),
        within(
            "negative overlaps tripled: change of the linear loss", exact_estimate(linear_change, n=n_models), low=0.01
        ),
    ]


EXPERIMENT = Experiment(
    id="loss-forces",
    title="The forces in the loss",
    question="Is the loss a sum of feature benefit and interference, and what does a ReLU make free?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, on the mathematics of the loss; Saxe et al. 2014",),
)
