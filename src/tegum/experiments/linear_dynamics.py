"""The linear model learns one feature after another, as the closed form says."""

from typing import Any, Self

import numpy as np
import xarray as xr
from pydantic import model_validator

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, always, within
from tegum.ground.errors import InputError
from tegum.ground.estimate import mean_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import rises, times_against_theory
from tegum.problem import Problem, Record, TrainSettings
from tegum.theory import (
    after_bias,
    feature_mean,
    feature_mean_square,
    first_lengths,
    growth_rate,
    rise_time,
    squared_length,
)
from tegum.training import train

SAXE = (
    "Saxe, McClelland and Ganguli 2014, Exact solutions to the nonlinear dynamics of learning in deep linear neural "
    "networks"
)
# The most important feature is not the one that varies most, and the order of learning is neither that of I nor of p.
PROBLEM = Problem(
    n_features=6,
    n_hidden=4,
    feature_probability=(0.4, 0.8, 0.05, 0.4, 0.2, 0.05),
    importance=(1.0, 0.45, 0.75, 0.25, 0.1, 0.25),
    output="linear",
)
TRAINING = TrainSettings(n_steps=16_000, optimizer="sgd", momentum=0.0, learning_rate=0.02, initial_scale=1e-3)
LOW, HIGH = 0.1, 0.9  # squared lengths between which a rise is timed
CLEAR_PROBABILITY = 0.4  # from here on variance and mean square of a feature differ by 30 % or more
IGNORED = 0.1


class Settings(FrozenRecord):
    """The linear problem, its training by plain gradient descent, models, and snapshots along the way."""

    problem: Problem = PROBLEM
    models: int
    snapshots: int = 400
    training: TrainSettings = TRAINING
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    @model_validator(mode="after")
    def _check_descent(self) -> Self:
        t, problem = self.training, self.problem
        plain = t.optimizer == "sgd" and not (t.momentum or t.weight_decay or t.warmup_steps)
        if not plain or t.schedule != "constant":
            raise InputError(
                "the closed form is that of plain gradient descent; expected optimizer 'sgd' with momentum 0, a "
                "constant rate, no warm-up and no weight decay. Change these back."
            )
        usual = Problem(n_features=1, n_hidden=1, feature_probability=0.5, output="linear")
        free = {"n_features", "n_hidden", "feature_probability", "importance", "magnitude"}
        odd = [name for name, value in problem if name not in free and value != getattr(usual, name)]
        if odd:
            raise InputError(
                "the closed form is that of the tied linear model with independent features; "
                f"expected output 'linear' and everything else as usual, got another {', '.join(odd)}. Change it back."
            )
        return self


PRESETS = {"quick": Settings(models=24), "paper": Settings(models=60)}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train, and put the closed form from the first weights beside what was measured."""
    problem, eta = settings.problem, settings.training.learning_rate
    record = Record(n_losses=100, snapshots=settings.snapshots, spacing="linear")
    data = train(problem, settings.training, n_models=settings.models, seed=settings.seed, record=record, progress=tell)
    W = data["W_history"].transpose("model", "snapshot", "feature", "hidden").values.astype(np.float64)
    p, importance, magnitude = problem.probabilities, problem.importances, problem.magnitude
    mean, rate = feature_mean(p, magnitude), growth_rate(p, importance, magnitude)
    start = first_lengths(after_bias(W[:, 0], feature_probability=p, magnitude=magnitude), rate)
    steps, lengths, kept = data["snapshot"].values, np.square(W).sum(axis=-1), (start > 0) & (rate > 0)
    by_variance, by_square = (np.where(rate > 0, r, 1.0) for r in (rate, _uncentred_rate(problem)))  # others: see kept
    columns = {
        "half_rise": _step_at(lengths, steps, 0.5),
        "predicted_half_rise": rise_time(0.5, rate=by_variance, start=start, mean=mean) / eta,
        "uncentred_half_rise": rise_time(0.5, rate=by_square, start=start) / eta,
        "rise": _step_at(lengths, steps, HIGH) - _step_at(lengths, steps, LOW),
        "predicted_rise": np.broadcast_to(rise_time(HIGH, rate=by_variance, start=LOW, mean=mean) / eta, start.shape),
    }
    curves = ("model", "snapshot", "feature")
    predicted = squared_length(eta * steps[:, None], rate=rate, start=start[:, None], mean=mean)
    return {
        "linear": data.assign(
            {name: (("model", "feature"), np.where(kept, values, np.nan)) for name, values in columns.items()}
        ).assign(squared_length=(curves, lengths), predicted_length=(curves, predicted), growth_rate=("feature", rate))
    }


def _uncentred_rate(problem: Problem) -> np.ndarray:
    """The rate if the mean square of a feature stood in place of its variance, as without a bias."""
    return 8 * problem.importances * feature_mean_square(problem.probabilities, problem.magnitude)


def _step_at(lengths: np.ndarray, steps: np.ndarray, level: float) -> np.ndarray:
    """First step at which a squared length reaches a level, (model, feature); the last step if it never does."""
    found = np.full((lengths.shape[0], lengths.shape[2]), float(steps[-1]))
    for a, i in np.argwhere(lengths.max(axis=1) >= level):
        u = lengths[a, :, i]
        after = max(int(np.argmax(u >= level)), 1)
        share = (level - u[after - 1]) / (u[after] - u[after - 1])  # between two records by a straight line
        found[a, i] = steps[after - 1] + np.clip(share, 0, 1) * (steps[after] - steps[after - 1])
    return found


def plates(data: Data) -> list[Plate]:
    """The rises, and their times against the theory."""
    linear = data["linear"]
    return [
        Plate(
            name="rises",
            figure=rises(linear),
            caption="Squared length of each feature of the linear model, trained by gradient descent from small "
            "weights, and the closed form that starts from the same weights. Rates are 8 I σ² per unit of time.",
        ),
        Plate(
            name="times",
            figure=times_against_theory(linear),
            caption="Steps of the half rise of all kept features of all models. Crosses take the mean square of a "
            "feature for its variance, as if there were no bias.",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored dataset."""
    linear = data["linear"]
    return [
        Finding(
            claim="tegum.saxe-times", parts=_ratios(linear, "half_rise", "predicted_half_rise", 0.05), figure="times"
        ),
        Finding(claim="tegum.saxe-rises", parts=_ratios(linear, "rise", "predicted_rise", 0.05), figure="rises"),
        Finding(claim="tegum.saxe-order", parts=_order(linear), figure="rises"),
        Finding(claim="tegum.saxe-covariance", parts=_uncentred(linear), figure="times"),
    ]


def _kept(linear: xr.Dataset) -> list[int]:
    """The features for which there is room, in the order of falling rates."""
    order = np.argsort(-linear["growth_rate"].values, kind="stable")
    return order[: linear.sizes["hidden"]].tolist()


def _ratio(linear: xr.Dataset, measured: str, predicted: str, feature: int) -> np.ndarray:
    """Measured over predicted of a feature, in each model."""
    ratio = linear[measured].isel(feature=feature) / linear[predicted].isel(feature=feature)
    return ratio.values


def _ratios(linear: xr.Dataset, measured: str, predicted: str, tolerance: float) -> list[Part]:
    return [
        within(
            f"feature {i}, measured / predicted, mean over models",
            mean_estimate(_ratio(linear, measured, predicted, i)),
            1 - tolerance,
            1 + tolerance,
        )
        for i in _kept(linear)
    ]


def _order(linear: xr.Dataset) -> list[Part]:
    kept = _kept(linear)
    times = linear["half_rise"].transpose("model", "feature").values[:, kept]
    last = linear["squared_length"].isel(snapshot=-1).transpose("model", "feature").values
    ignored = [i for i in range(linear.sizes["feature"]) if i not in kept]
    return [
        always("half rises come in the order of I σ²", [bool(np.all(np.diff(row) > 0)) for row in times]),
        always(
            f"the other features end with a squared length below {IGNORED:g}",
            [bool(np.all(row[ignored] < IGNORED)) for row in last],
        ),
    ]


def _uncentred(linear: xr.Dataset) -> list[Part]:
    p = linear["probabilities"].values
    return [
        within(
            f"feature {i}, measured / predicted from E x², mean over models",
            mean_estimate(_ratio(linear, "half_rise", "uncentred_half_rise", i)),
            low=1.25,
        )
        for i in _kept(linear)
        if p[i] >= CLEAR_PROBABILITY
    ]


EXPERIMENT = Experiment(
    id="linear-dynamics",
    title="Learning dynamics of the linear model",
    question="Does the linear model learn its features one after another, at the rates of the closed form?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(SAXE,),
)
