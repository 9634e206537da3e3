"""The same behaviour with eighty features in twenty dimensions."""

import math
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.starts import N_GROUPS, groups, over_groups
from tegum.experiments.statistics import n_represented
from tegum.experiments.verdict import within
from tegum.ground.estimate import group_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import gram_and_bias, norm_bars, represented_against_probability
from tegum.problem import Geometric, Grid, Problem, TrainSettings
from tegum.training import train

PROBLEM = Problem(n_features=80, n_hidden=20, feature_probability=1.0, importance=Geometric(ratio=0.9))


class Settings(FrozenRecord):
    """The problem and sizes; there are three disjoint groups of starts."""

    problem: Problem = PROBLEM
    feature_probability: tuple[float, ...] = (1, 0.3, 0.1, 0.03)
    starts: int
    training: TrainSettings
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(starts=2, training=TrainSettings(n_steps=4000, batch_size=256)),
    "paper": Settings(starts=3, training=TrainSettings(n_steps=10_000, evaluation_samples=2**20)),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train over p."""
    grid = Grid(settings.problem, feature_probability=settings.feature_probability)
    n_models = N_GROUPS * settings.starts
    return {"relu": train(grid, settings.training, n_models=n_models, seed=settings.seed, progress=tell)}


def plates(data: Data) -> list[Plate]:
    """Heat maps, norms and counts."""
    return [
        Plate(name="gram", figure=gram_and_bias(data["relu"]), caption="W Wᵀ and bias of the lowest-loss models."),
        Plate(
            name="norms",
            figure=norm_bars(data["relu"]),
            caption="Norms, coloured by interference: superposition starts with the less important features.",
        ),
        Plate(
            name="represented",
            figure=represented_against_probability({"ReLU output": data["relu"]}),
            caption="Features represented against 1/p.",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored dataset."""
    relu = data["relu"]
    cells = {p: relu.sel(feature_probability=p) for p in relu["feature_probability"].values.tolist()}
    by_p = [groups(cell) for cell in cells.values()]
    rises = [float(np.diff([n_represented(models[g]) for models in by_p]).min()) for g in range(N_GROUPS)]
    parts = [
        within(
            "features represented, p = 1",
            over_groups(cells[1.0], n_represented),
            19,
            21,
            refuted_outside=(-math.inf, math.inf),
        ),
        within(
            "features represented, p = 0.1",
            over_groups(cells[0.1], n_represented),
            low=25,
            refuted_outside=(21, math.inf),
        ),
        within(
            "smallest step of the number represented as p falls",
            group_estimate(rises[0], rises),
            low=0,
            refuted_outside=(-1, math.inf),
        ),
    ]
    return [Finding(claim="s3.larger-model", parts=parts, figure="represented")]


EXPERIMENT = Experiment(
    id="many-features",
    title="Eighty features in twenty dimensions",
    question="Does a larger model behave as the small one does?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section Basic Results",),
)
