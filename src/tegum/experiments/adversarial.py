"""Adversarial vulnerability: what superposition costs when somebody chooses the noise."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.starts import N_GROUPS, Statistic, over_groups
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import dimensions_per_feature
from tegum.plot import gradients_against_probability, vulnerability_against_probability
from tegum.problem import Grid, Problem, TrainSettings, sample_features
from tegum.theory.attack import attacked_loss, gated_vulnerability, gradient_attacked_loss, gradient_sight
from tegum.training import train

ATTACK_DATA = 10**6  # a step of the example stream that no training run reaches
_CLIMB = 10


class Settings(FrozenRecord):
    """Models and attacks; there are three disjoint groups of starts."""

    problem: Problem
    feature_probability: tuple[float, ...]
    starts: int
    training: TrainSettings
    samples: int
    relative_size: float = 0.1
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        problem=Problem(n_features=80, n_hidden=10, feature_probability=1.0),
        feature_probability=(1.0, 0.6, 0.3, 0.2, 0.1, 0.03, 0.01, 0.003),
        starts=1,
        training=TrainSettings(n_steps=5_000, batch_size=256),
        samples=2**13,
    ),
    "paper": Settings(
        problem=Problem(n_features=400, n_hidden=30, feature_probability=1.0),
        feature_probability=(1.0, 0.6, 0.4, 0.3, 0.2, 0.15, 0.1, 0.06, 0.03, 0.02, 0.01, 0.006, 0.003),
        starts=2,
        training=TrainSettings(n_steps=10_000),
        samples=2**14,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train over p, then attack every model."""
    grid = Grid(settings.problem, feature_probability=settings.feature_probability)
    trained = train(grid, settings.training, n_models=N_GROUPS * settings.starts, seed=settings.seed, progress=tell)
    cells = []
    for cell in grid.cells():
        x = sample_features(cell, settings.samples, seed=settings.seed, step=ATTACK_DATA)
        size = settings.relative_size * float(np.linalg.norm(x, axis=1).mean())
        models = trained.sel(feature_probability=cell.feature_probability)
        cells.append(
            xr.concat([_attacked(models.isel(model=a), x, size) for a in range(models.sizes["model"])], "model")
        )
    attacks = xr.concat(cells, trained["feature_probability"])
    features_per_dimension = 1 / dimensions_per_feature(trained["W"])
    return {"attacks": trained.merge(attacks).assign(features_per_dimension=features_per_dimension)}


def _attacked(model: xr.Dataset, x: np.ndarray, size: float) -> xr.Dataset:
    """Excess losses of one model, over that of a model that keeps m features exactly and ignores the others.

    Such a model copies an attack on what it keeps, so it loses exactly size², whoever attacks it.
    """
    W, bias = (model[name].values.astype(np.float64) for name in ("W", "bias"))
    losses = attacked_loss(W, bias, x, size=size)
    sight = gradient_sight(W, bias, x, size=size)
    climbs = {
        name: gradient_attacked_loss(W, bias, x, size=size, n_steps=n) for name, n in (("step", 1), ("climb", _CLIMB))
    }
    values = {
        "size": size,
        "blind": (losses.blind - losses.clean) / size**2,
        "informed": (losses.informed - losses.clean) / size**2,
        "gated": gated_vulnerability(W, (x @ W @ W.T + bias > 0).mean(axis=0)),
        **{f"gradient_{name}": float(excess) / size**2 for name, excess in climbs.items()},
        **sight._asdict(),
    }
    return xr.Dataset({name: ((), float(value)) for name, value in values.items()})


def plates(data: Data) -> list[Plate]:
    """Vulnerability over sparsity, and what gradients are worth."""
    return [
        Plate(
            name="vulnerability",
            figure=vulnerability_against_probability(data["attacks"]),
            caption="Excess loss under the worst attack, over that of a model without superposition. It follows the "
            "number of features per dimension at first; then closed ReLUs absorb what a fixed attack does, but not "
            "what an attacker does who sees the input.",
        ),
        Plate(
            name="gradients",
            figure=gradients_against_probability(data["attacks"]),
            caption="Gradients vanish as features become rare: for most pairs of an input and an output, and for most "
            "inputs in the end. The gradient of the mean loss does not vanish, and an attack along it is not weaker.",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored dataset."""
    attacks = data["attacks"]

    def at(p: float, statistic: Statistic) -> Estimate:
        return over_groups(attacks.sel(feature_probability=p), statistic)

    blind = "vulnerability to a blind attack"
    return [
        Finding(
            claim="tegum.adversarial-tracks",
            parts=[_tracks(p, at(p, _per_density)) for p in (1.0, 0.3, 0.1, 0.03)],
            figure="vulnerability",
        ),
        Finding(
            claim="tegum.adversarial-tracks-corrected",
            parts=[
                *(_tracks(p, at(p, _per_density)) for p in (1.0, 0.6, 0.3, 0.2)),
                within("over features per dimension, p = 0.03", at(0.03, _per_density), high=0.75),
                *(
                    within(f"over the gated formula, p = {p:g}", at(p, _per_gated), 0.6, 1.1)
                    for p in (1.0, 0.3, 0.1, 0.03)
                ),
            ],
            figure="vulnerability",
        ),
        Finding(
            claim="tegum.adversarial-threefold",
            parts=[within(f"{blind}, p = 0.03", at(0.03, lambda a: float(a["blind"])), low=3)],
            figure="vulnerability",
        ),
        Finding(claim="tegum.adversarial-falls", parts=[_fall(attacks)], figure="vulnerability"),
        Finding(
            claim="tegum.adversarial-informed",
            parts=[
                within(f"informed over features per dimension, p = {p:g}", at(p, _informed), low=2)
                for p in (0.1, 0.03, 0.01)
            ],
            figure="vulnerability",
        ),
        Finding(
            claim="tegum.adversarial-gradients-vanish",
            parts=[
                within("pairs without a gradient, p = 0.3", at(0.3, lambda a: float(a["closed_outputs"])), high=0.2),
                within("pairs without a gradient, p = 0.01", at(0.01, lambda a: float(a["closed_outputs"])), low=0.9),
                within("inputs without a gradient, p = 0.1", at(0.1, lambda a: float(a["blind_inputs"])), high=0.01),
                within("inputs without a gradient over (1 - p)^n, p = 0.003", at(0.003, _unseen), low=0.95),
                within(
                    "rise of one output, gradient over computed, p = 0.1", at(0.1, lambda a: float(a["rise"])), high=0.7
                ),
            ],
            figure="gradients",
        ),
        Finding(
            claim="tegum.adversarial-gradient-not-stronger",
            parts=[within(_gain_name(p), at(p, _gradient_gain), high=1.15) for p in (0.3, 0.1)],
            figure="gradients",
        ),
        Finding(
            claim="tegum.adversarial-gradient-fails",
            parts=[within(_gain_name(0.01), at(0.01, _gradient_gain), high=0.5)],
            figure="gradients",
        ),
    ]


def _gain_name(p: float) -> str:
    return f"attack along the gradient of the mean loss over the computed one, p = {p:g}"


def _tracks(p: float, ratio: Estimate) -> Part:
    return within(f"vulnerability over features per dimension, p = {p:g}", ratio, 0.75, 1.25)


def _per_density(model: xr.Dataset) -> float:
    return _over(model["blind"], model["features_per_dimension"])


def _per_gated(model: xr.Dataset) -> float:
    return _over(model["blind"], model["gated"])


def _informed(model: xr.Dataset) -> float:
    return _over(model["informed"], model["features_per_dimension"])


def _gradient_gain(model: xr.Dataset) -> float:
    return _over(model["gradient_climb"], model["blind"], if_none=1e6)


def _unseen(model: xr.Dataset) -> float:
    """Inputs without a gradient over inputs that hold nothing."""
    return float(model["blind_inputs"] / (1 - model["probabilities"].astype(np.float64)).prod())


def _over(value: xr.DataArray, reference: xr.DataArray, if_none: float = 0.0) -> float:
    """A ratio; `if_none` for a model that represents nothing, as it must fail and not crash."""
    return float(value / reference) if float(reference) > 0 and np.isfinite(reference) else if_none


def _fall(attacks: xr.Dataset) -> Part:
    """Vulnerability when features are very rare over that before, with the ends of both intervals."""
    early, late = (over_groups(attacks.sel(feature_probability=p), lambda a: float(a["blind"])) for p in (0.03, 0.003))
    name = "vulnerability at p = 0.003 over that at p = 0.03"
    if early.low <= 0:
        return within(name, Estimate(low=-np.inf, best=1.0, high=np.inf, n=N_GROUPS), high=0.75)
    ends = [x / y for x in (late.low, late.high) for y in (early.low, early.high)]
    return within(name, Estimate(low=min(ends), best=late.best / early.best, high=max(ends), n=N_GROUPS), high=0.75)


EXPERIMENT = Experiment(
    id="adversarial",
    title="Adversarial vulnerability",
    question="How much more can a small, chosen change of the input harm a model in superposition?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section on adversarial vulnerability",),
)
