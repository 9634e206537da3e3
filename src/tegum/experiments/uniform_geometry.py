"""Equally important features: how many dimensions each gets, and in what shapes."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.starts import N_GROUPS
from tegum.experiments.uniform_geometry_claims import judge
from tegum.experiments.uniform_geometry_data import SMALL, SMALL_DIMENSIONS, SMALL_PROBABILITIES, budgets, pushes
from tegum.experiments.uniform_geometry_data import control as control_codes
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import dimensionality_against_sparsity, dimensions_per_feature_against_sparsity
from tegum.problem import Grid, Problem, TrainSettings
from tegum.training import train

_SHORT = TrainSettings(n_steps=2500, batch_size=256, learning_rate=5e-3, schedule="cosine")


class Settings(FrozenRecord):
    """The problem and its probabilities; those at which a feature should get a whole dimension, and half of one.

    There are three disjoint groups of starts. The small problem, by which the claims about doubling and the budget are
    judged, is the same in every preset.
    """

    problem: Problem
    feature_probability: tuple[float, ...]
    whole: tuple[float, ...]
    half: tuple[float, ...]
    starts: int
    training: TrainSettings
    small_starts: int = 2
    random_codes: int = 100
    random_inputs: int = 10_000
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        problem=SMALL,
        feature_probability=(
            1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3, 0.27, 0.25, 0.23, 0.215, 0.2, 0.185, 0.17, 0.15, 0.12, 0.1,
            0.07, 0.05, 0.03,
        ),
        whole=(1, 0.9, 0.8),
        half=(0.4, 0.35, 0.3),
        starts=2,
        training=_SHORT,
    ),
    "paper": Settings(
        problem=SMALL.replace(n_features=400, n_hidden=30),
        feature_probability=(
            1, 0.85, 0.7, 0.6, 0.5, 0.43, 0.39, 0.35, 0.3, 0.26, 0.23, 0.2, 0.17, 0.15, 0.13, 0.11, 0.08, 0.06, 0.04,
            0.03,
        ),
        whole=(1, 0.85, 0.7),
        half=(0.35, 0.3),
        starts=1,
        training=TrainSettings(learning_rate=3e-3, schedule="cosine"),
    ),
}  # fmt: skip


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train over p; train the small problem in 5 and 10 dimensions; measure random codes."""
    ps = settings.feature_probability
    trained = train(
        Grid(settings.problem, feature_probability=ps),
        settings.training,
        n_models=N_GROUPS * settings.starts,
        seed=settings.seed,
        progress=tell,
    )
    plateau = [1.0 if p in settings.whole else 0.5 if p in settings.half else np.nan for p in ps]
    small = train(
        Grid(SMALL, feature_probability=SMALL_PROBABILITIES, n_hidden=SMALL_DIMENSIONS),
        _SHORT.replace(n_steps=min(_SHORT.n_steps, settings.training.n_steps)),
        n_models=N_GROUPS * settings.small_starts,
        seed=settings.seed,
        progress=tell,
    )
    rng = np.random.default_rng(settings.seed)
    return {
        "trained": trained.assign(plateau=("feature_probability", plateau)),
        "small": small,
        "control": control_codes(settings.problem.n_features, settings.problem.n_hidden, rng),
        "budget": budgets(settings.random_codes, rng),
        "push": pushes(trained, settings.random_codes, settings.random_inputs, rng),
    }


def plates(data: Data) -> list[Plate]:
    """Dimensions per feature, and the dimensionality of every feature, against 1/p."""
    trained = data["trained"]
    return [
        Plate(
            name="dimensions-per-feature",
            figure=dimensions_per_feature_against_sparsity(trained),
            caption="Hidden dimensions per learned feature, D* = m/|W|². It lingers at one and at half a dimension.",
        ),
        Plate(
            name="dimensionality",
            figure=dimensionality_against_sparsity(trained),
            caption="Dimensionality of every feature of the lowest-loss models, coloured by the shape that it is in.",
        ),
    ]


EXPERIMENT = Experiment(
    id="uniform-geometry",
    title="Uniform superposition geometry",
    question="If all features are equally important, how many dimensions does each get, and in what shapes?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Elhage et al. 2022, Toy Models of Superposition, section The Geometry of Superposition",
        "Scherlis, Sachan, Jermyn, Benton and Shlegeris 2022, Polysemanticity and Capacity in Neural Networks",
    ),
)
