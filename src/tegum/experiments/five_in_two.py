"""Five features in two dimensions: dedicated, then antipodal pairs, then a pentagon."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.starts import N_GROUPS, in_groups, over_groups, weights
from tegum.experiments.statistics import bias, dimensionality, largest, least, n_represented, partners, represented
from tegum.experiments.verdict import Part, always, within
from tegum.geometry import overlap
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import feature_norm
from tegum.plot import feature_arrows, gram_and_bias, loss_curves, norm_bars
from tegum.problem import Geometric, Grid, Problem, TrainSettings
from tegum.training import train

PROBLEM = Problem(n_features=5, n_hidden=2, feature_probability=1.0, importance=Geometric(ratio=0.9))
PROBABILITIES = tuple(float(p) for p in (20.0 ** -np.linspace(0, 1, 10)).round(3))
DENSE, MIDDLE, SPARSE = PROBABILITIES[0], PROBABILITIES[4], PROBABILITIES[-1]
PENTAGON_COSINES = np.sort(np.cos(2 * np.pi * np.arange(1, 5) / 5))


class Settings(FrozenRecord):
    """The problem, trained with its own importances and with equal ones; there are three disjoint groups of starts."""

    problem: Problem = PROBLEM
    feature_probability: tuple[float, ...] = PROBABILITIES
    starts: int
    training: TrainSettings
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(starts=5, training=TrainSettings(n_steps=10_000, evaluation_samples=2**20)),
    "paper": Settings(starts=30, training=TrainSettings(n_steps=10_000, evaluation_samples=2**20)),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train over p, with falling and with equal importances."""
    return {
        name: train(
            Grid(settings.problem.replace(importance=importance), feature_probability=settings.feature_probability),
            settings.training,
            n_models=N_GROUPS * settings.starts,
            seed=settings.seed,
            progress=tell,
        )
        for name, importance in (("falling", settings.problem.importance), ("equal", 1.0))
    }


def plates(data: Data) -> list[Plate]:
    """Arrows in the plane, heat maps, loss curves."""
    return [
        Plate(
            name="falling-arrows",
            figure=_arrangements(data["falling"]),
            caption="Importances 0.9^i: the two most important features, two antipodal pairs, a pentagon.",
        ),
        Plate(
            name="equal-arrows",
            figure=_arrangements(data["equal"]),
            caption="Equal importances. At p = 1 nothing singles out a solution; then pairs, then a regular pentagon.",
        ),
        Plate(
            name="falling-gram",
            figure=gram_and_bias(data["falling"]),
            caption="Importances 0.9^i: overlaps and biases. The pentagon needs negative biases.",
        ),
        Plate(
            name="equal-loss",
            figure=loss_curves(data["equal"]),
            caption="Loss while training, every model, equal importances.",
        ),
    ]


def _arrangements(data: xr.Dataset) -> Figure:
    """Arrows where there is a plane to draw them in, else norms."""
    return feature_arrows(data) if data.sizes["hidden"] == 2 else norm_bars(data)


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    falling, equal = data["falling"], data["equal"]
    return [
        Finding(claim="tegum.five-in-two-dedicated", parts=_dedicated(_at(falling, DENSE)), figure="falling-arrows"),
        Finding(
            claim="tegum.five-in-two-pairs",
            parts=[*_two_pairs(_at(falling, MIDDLE), "0.9^i"), *_two_pairs(_at(equal, MIDDLE), "1")],
            figure="falling-arrows",
        ),
        Finding(
            claim="tegum.five-in-two-pentagon",
            parts=[*_pentagon(_at(falling, SPARSE), "0.9^i"), *_pentagon(_at(equal, SPARSE), "1")],
            figure="equal-arrows",
        ),
        Finding(claim="tegum.pentagon-bias", parts=_pentagon_bias(_at(equal, SPARSE)), figure="equal-arrows"),
    ]


def _at(data: xr.Dataset, p: float) -> xr.Dataset:
    return data.sel(feature_probability=p)


def _dedicated(cell: xr.Dataset) -> list[Part]:
    return [
        always("represented are exactly the first two", in_groups(cell, lambda a: represented(a).tolist() == [0, 1])),
        within("least dimensionality of the two", over_groups(cell, lambda a: least(dimensionality(a)[:2])), low=0.95),
    ]


def _two_pairs(cell: xr.Dataset, importance: str) -> list[Part]:
    note = f"p = {MIDDLE:g}, I = {importance}"
    return [
        within(f"features represented, {note}", over_groups(cell, n_represented), 4, 4),
        within(
            f"largest cosine to the partner, {note}",
            over_groups(cell, lambda a: largest(partners(a)[0], 1.0)),
            high=-0.95,
        ),
        within(f"least dimensionality, {note}", over_groups(cell, lambda a: least(dimensionality(a))), 0.45),
        within(f"largest dimensionality, {note}", over_groups(cell, lambda a: largest(dimensionality(a))), high=0.55),
    ]


def _pentagon(cell: xr.Dataset, importance: str) -> list[Part]:
    note = f"p = {SPARSE:g}, I = {importance}"
    return [
        within(f"features represented, {note}", over_groups(cell, n_represented), 5, 5),
        within(
            f"RMS distance of the cosines from a regular pentagon's, {note}", over_groups(cell, _distance), high=0.05
        ),
        within(f"least dimensionality, {note}", over_groups(cell, lambda a: least(dimensionality(a))), 0.37),
        within(f"largest dimensionality, {note}", over_groups(cell, lambda a: largest(dimensionality(a))), high=0.43),
    ]


def _distance(model: xr.Dataset) -> float:
    cosines = np.sort(overlap(weights(model)), axis=1)[:, :-1]  # without the feature itself, whose cosine is 1
    return float(np.sqrt(np.mean((cosines - PENTAGON_COSINES) ** 2)))


def _pentagon_bias(cell: xr.Dataset) -> list[Part]:
    return [
        within("mean norm", over_groups(cell, lambda a: float(feature_norm(weights(a)).mean())), 1.11, 1.16),
        within("mean bias", over_groups(cell, lambda a: float(bias(a).mean())), -0.266, -0.226),
    ]


EXPERIMENT = Experiment(
    id="five-in-two",
    title="Five features in two dimensions",
    question="How do five features share a plane as they become sparse?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, introduction",),
)
