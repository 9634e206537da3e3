"""Double descent: hidden dimensions spent on training samples, or on features."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.double_descent_claims import judge
from tegum.experiments.starts import N_GROUPS
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import feature_dimensionality
from tegum.plot import double_descent_curves, hidden_vectors_and_features
from tegum.problem import Grid, Problem, TrainSettings, training_features
from tegum.theory.memorisation import memorising_polygon
from tegum.training import train


class Settings(FrozenRecord):
    """A sweep over the size T of the training set; and more starts where a few samples are to be known by heart.

    Args:
        problem: samples have length 1, and n p features present in the mean.
        n_training_samples: sizes T of the sweep.
        middle: the size of the sweep that is compared with both ends.
        models: models of each size, a multiple of three; each has a training set of its own.
        memorised: sizes that are tried with more starts.
        starts: starts there, in each of three disjoint groups.
        memorising: how they are trained; longer, as the last corner of a polygon is found late.
        by_hand: a size of the sweep at which training sets are also put on a polygon by hand.
        training: of the sweep.
        seed: the one integer.
    """

    problem: Problem
    n_training_samples: tuple[int, ...]
    middle: int
    models: int = N_GROUPS
    memorised: tuple[int, ...] = (3, 5, 8)
    starts: int
    memorising: TrainSettings
    by_hand: int = 30
    training: TrainSettings
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_ADAMW = TrainSettings(optimizer="adamw", weight_decay=1e-2, schedule="cosine", evaluation_samples=2**11)

PRESETS = {
    "quick": Settings(
        problem=Problem(n_features=1000, n_hidden=2, feature_probability=0.01, unit_inputs=True),
        n_training_samples=(3, 5, 8, 30, 100, 300, 1200),
        middle=300,
        starts=8,
        memorising=_ADAMW.replace(n_steps=3500, warmup_steps=100, learning_rate=5e-3),
        training=_ADAMW.replace(n_steps=2000, warmup_steps=100, learning_rate=5e-3),
    ),
    "paper": Settings(
        problem=Problem(n_features=10_000, n_hidden=2, feature_probability=0.001, unit_inputs=True),
        n_training_samples=(3, 5, 8, 30, 100, 300, 1000, 3000, 10_000, 20_000),
        middle=3000,
        starts=6,
        memorising=_ADAMW.replace(n_steps=5000, warmup_steps=250, learning_rate=5e-3),
        training=_ADAMW.replace(n_steps=3000, warmup_steps=150, learning_rate=1e-3),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train over the size of the training set."""
    few = _trained(settings, settings.memorised, settings.memorising, N_GROUPS * settings.starts, tell)
    sweep = _trained(settings, settings.n_training_samples, settings.training, settings.models, tell)
    sweep = sweep.assign_attrs(middle=settings.middle, by_hand=settings.by_hand)
    if settings.problem.n_hidden == 2:  # a polygon needs a plane
        sweep["polygon_loss"] = "model", _polygon_losses(settings)
    return {"memorised": few, "sweep": sweep}


def _trained(
    settings: Settings, sizes: tuple[int, ...], training: TrainSettings, n_models: int, tell: Listener
) -> xr.Dataset:
    """Models of each size with their hidden vectors; beyond the size of a set these are missing."""
    grid = Grid(settings.problem, n_training_samples=sizes)
    trained = train(grid, training, n_models=n_models, seed=settings.seed, progress=tell)
    W = trained["W"].transpose("n_training_samples", "model", "feature", "hidden").values.astype(np.float64)
    hidden = np.full((len(sizes), n_models, max(sizes), W.shape[-1]), np.nan)
    data_dimensionality = np.full(hidden.shape[:-1], np.nan)
    for place in np.ndindex(hidden.shape[:2]):
        size = sizes[place[0]]
        X = training_features(grid.cells()[place[0]], seed=settings.seed, model=place[1])
        hidden[*place, :size] = X @ W[place].astype(np.float32)
        data_dimensionality[*place, :size] = feature_dimensionality(hidden[*place, :size])
    over = ("n_training_samples", "model")
    return trained.drop_vars(["loss", "loss_history"]).assign(
        loss=trained["loss_history"].isel(step=-1, drop=True).assign_attrs(meaning="training loss at the end"),
        test_loss=trained["loss"].assign_attrs(meaning="expected loss on fresh samples"),
        hidden_vector=((*over, "sample", "hidden"), hidden.astype(np.float32)),
        data_dimensionality=((*over, "sample"), data_dimensionality),
        feature_dimensionality=((*over, "feature"), feature_dimensionality(W)),
    )


def _polygon_losses(settings: Settings) -> np.ndarray:
    """Training loss of each model's set if it is put on a polygon by hand."""
    problem = settings.problem.replace(n_training_samples=settings.by_hand)
    losses = []
    for model in range(settings.models):
        X = training_features(problem, seed=settings.seed, model=model).astype(np.float64)
        W, bias = memorising_polygon(X)
        losses.append(float(np.square(np.maximum(X @ W @ W.T + bias, 0) - X).sum(axis=1).mean()))
    return np.array(losses)


def plates(data: Data) -> list[Plate]:
    """Hidden vectors and features in the plane; losses and dimensionalities over the size of the training set."""
    drawn = [
        Plate(
            name="curves",
            figure=double_descent_curves(data["sweep"]),
            caption="Left: the test loss rises far above that of the answer 0 (1) and falls again once the training "
            "set is large. Right: the share of a dimension that each training sample and each feature owns.",
        )
    ]
    if data["sweep"].sizes["hidden"] == 2:
        for name, what in (("memorised", "A few samples, many starts"), ("sweep", "Over the size T of the set")):
            drawn.append(
                Plate(
                    name=f"{name}-plane",
                    figure=hidden_vectors_and_features(data[name]),
                    caption=f"{what}: above the hidden vectors of the training samples, below the directions of all "
                    "features, of the model with the least training loss. Each panel has a scale of its own; the "
                    "dashed circle has radius 1.",
                )
            )
    return drawn


EXPERIMENT = Experiment(
    id="double-descent",
    title="Double descent",
    question="Does a model with few training samples store the samples or the features, and what lies in between?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Henighan et al. 2023, Superposition, Memorization, and Double Descent",),
)
