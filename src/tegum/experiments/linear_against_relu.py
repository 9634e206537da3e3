"""Linear against ReLU output: what a linear model keeps, and what the ReLU adds as features become sparse."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.linear_against_relu_claims import judge
from tegum.experiments.starts import N_GROUPS
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import gram_and_bias, loss_ratio_against_probability, norm_bars, represented_against_probability
from tegum.problem import Geometric, Grid, Problem, TrainSettings
from tegum.theory import linear_optimum
from tegum.training import train

PROBLEM = Problem(n_features=20, n_hidden=5, feature_probability=1.0, importance=Geometric(ratio=0.7))


class Settings(FrozenRecord):
    """The problem, and sizes of the two trainings; each has three disjoint groups of starts.

    `feature_probability` belongs to the model with ReLU output, `linear_feature_probability` to the linear one.
    """

    problem: Problem = PROBLEM
    feature_probability: tuple[float, ...]
    relu_starts: int
    relu: TrainSettings
    linear_feature_probability: tuple[float, ...]
    linear_starts: int
    linear: TrainSettings
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


# The losses are compared with references to 5 %, and the loss of a sparse sample varies a lot.
_EVALUATION = 2**23
PRESETS = {
    "quick": Settings(
        feature_probability=(1, 0.3, 0.1, 0.03, 0.01),
        relu_starts=5,
        relu=TrainSettings(n_steps=8000, evaluation_samples=_EVALUATION),
        linear_feature_probability=(1, 0.1, 0.01),
        linear_starts=3,
        linear=TrainSettings(n_steps=10_000, schedule="cosine", evaluation_samples=_EVALUATION),
    ),
    "paper": Settings(
        feature_probability=(1, 0.3, 0.1, 0.03, 0.01, 0.003),
        relu_starts=10,
        relu=TrainSettings(n_steps=10_000, evaluation_samples=_EVALUATION),
        linear_feature_probability=(1, 0.1, 0.01, 0.001),
        linear_starts=5,
        # the biases at p = 0.001 are read to a few per cent, and a batch of 1024 holds one feature of each kind
        linear=TrainSettings(n_steps=10_000, batch_size=8192, schedule="cosine", evaluation_samples=_EVALUATION),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train both models over their probabilities."""
    return {
        "linear": _trained(
            settings, "linear", settings.linear_feature_probability, settings.linear_starts, settings.linear, tell
        ),
        "relu": _trained(settings, "relu", settings.feature_probability, settings.relu_starts, settings.relu, tell),
    }


def _trained(
    settings: Settings, output: str, probabilities: tuple[float, ...], starts: int, training: TrainSettings,
    tell: Listener,
) -> xr.Dataset:  # fmt: skip
    """Models of one kind over p, with the best that a linear model can do."""
    problem = settings.problem.replace(output=output)
    grid = Grid(problem, feature_probability=probabilities)
    data = train(grid, training, n_models=N_GROUPS * starts, seed=settings.seed, progress=tell)
    optimum = [
        linear_optimum(
            problem.n_hidden,
            feature_probability=np.full(problem.n_features, p),
            importance=problem.importances,
            magnitude=problem.magnitude,
        )
        for p in probabilities
    ]
    attributes = {"long_name": "least expected loss of any linear model", "units": data["loss"].attrs["units"]}
    return data.assign(linear_optimum=("feature_probability", np.array(optimum), attributes))


def plates(data: Data) -> list[Plate]:
    """Heat maps and norms of both models, and what the ReLU gains."""
    labelled = {"linear output": data["linear"], "ReLU output": data["relu"]}
    return [
        Plate(
            name="linear-gram",
            figure=gram_and_bias(data["linear"]),
            caption="Linear output: W Wᵀ is the identity on the most important features and 0 elsewhere, at every p.",
        ),
        Plate(
            name="relu-gram",
            figure=gram_and_bias(data["relu"]),
            caption="ReLU output: antipodal pairs first, then positive interference with negative biases.",
        ),
        Plate(
            name="linear-norms",
            figure=norm_bars(data["linear"]),
            caption="Linear output: norms are 1 or 0, and nothing interferes.",
        ),
        Plate(
            name="relu-norms",
            figure=norm_bars(data["relu"]),
            caption="ReLU output: ever more features are represented, and ever more of them in superposition.",
        ),
        Plate(
            name="represented",
            figure=represented_against_probability(labelled),
            caption="Features represented against 1/p. Dots are all models, lines the lowest-loss ones.",
        ),
        Plate(
            name="loss-ratio",
            figure=loss_ratio_against_probability(labelled),
            caption="Loss as a share of the best linear loss.",
        ),
    ]


EXPERIMENT = Experiment(
    id="linear-against-relu",
    title="Linear against ReLU output",
    question=(
        "A linear model keeps the most important features and ignores the rest. "
        "What does a ReLU at the output change, and when?"
    ),
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, sections Basic Results and Feature Sparsity",),
)
