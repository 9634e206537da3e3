"""How two sets of correlated features find their places: paths, energy levels, and jumps."""

import itertools
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.starts import N_GROUPS, over_groups, weights
from tegum.experiments.verdict import Part, within
from tegum.geometry import overlap
from tegum.ground.estimate import Estimate, mean_estimate, share_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import drop_places, feature_dimensionality, find_jumps, steepest_drops
from tegum.plot import energy_levels, loss_curves, moving_weights, weight_trajectories
from tegum.problem import Problem, Record, TrainSettings, sample_features
from tegum.training import train

SETS = ((0, 1, 2), (3, 4, 5))
PROBLEM = Problem(n_features=6, n_hidden=3, feature_probability=0.05, correlated_sets=SETS)
SMALL, ORDINARY = 0.1, 1.0  # factors on the Xavier-normal start
NEAR = 3  # records between a drop of the loss and a jump that goes with it
# A set of 3 that is stored as its mean alone has |W_i|² = 1/3, and of its three variances of 1/12 two are lost.
MEAN_ONLY_LOSS = 0.05 * len(SETS) * (3 - 1) / 12
LEAST_RECORDS = 8  # of 200: a stage, and not a passage
_SAMPLES_STEP = 2**40  # no batch of any training has this number, so these samples are fresh


class Settings(FrozenRecord):
    """The problem, starts for each of three groups and each scale of the first weights, and what is recorded."""

    problem: Problem = PROBLEM
    starts: int
    initial_scale: tuple[float, ...] = (SMALL, ORDINARY)
    records: int = 200
    loss_samples: int = 2**16
    training: TrainSettings = TrainSettings(n_steps=10_000)
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {"quick": Settings(starts=10), "paper": Settings(starts=20)}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train from each scale of the first weights and keep the way there, with the loss along it."""
    record = record_of(settings.training.n_steps, settings.records)
    made = {}
    for scale in settings.initial_scale:
        training = settings.training.replace(initial_scale=scale)
        n_models = N_GROUPS * settings.starts
        data = train(settings.problem, training, n_models=n_models, seed=settings.seed, record=record, progress=tell)
        made[f"start-{scale:g}"] = data.assign(loss_along=_loss_along(data, settings)).assign_coords(
            set=("feature", _set_numbers(settings.problem))
        )
    return made


def _set_numbers(problem: Problem) -> list[int]:
    """The number of the set of each feature; a feature in no set has a number of its own."""
    sets = [members for members in (*problem.correlated_sets, *problem.exclusive_sets) if members]
    number = {i: k for k, members in enumerate(sets) for i in members}
    return [number.get(i, len(sets) + i) for i in range(problem.n_features)]


def record_of(n_steps: int, n_records: int) -> Record:
    """Snapshots and losses at the same steps, so many different ones, spaced as evenly in the logarithm as can be.

    Early steps of a logarithmic scale fall together, so more must be asked for than there will be.
    """
    wanted = min(n_records, n_steps)
    asked = next(n for n in itertools.count(wanted) if len(Record(n_losses=n).steps(n_steps)[0]) >= wanted)
    return Record(n_losses=asked, snapshots=asked + 1)


def _loss_along(data: xr.Dataset, settings: Settings) -> tuple[tuple[str, str], np.ndarray, dict[str, str]]:
    """Loss of every snapshot on the same fresh samples: the noise of batches is larger than what one step changes."""
    problem = settings.problem
    x = sample_features(problem, settings.loss_samples, seed=settings.seed, step=_SAMPLES_STEP)
    present = x[x.any(axis=1)]
    n_absent = len(x) - len(present)  # these samples all have the same loss
    rows = np.concatenate([present, np.zeros((1, problem.n_features), x.dtype)])
    counts = np.append(np.ones(len(present)), n_absent)
    targets = np.abs(rows) if problem.target == "absolute" else rows
    W, bias = data["W_history"].values, data["bias_history"].values
    W_out = data["W_out_history"].values if "W_out_history" in data else W
    losses = np.empty(W.shape[:2])
    for place in np.ndindex(*losses.shape):
        hidden = rows @ W[place]
        if problem.hidden == "relu":
            hidden = np.maximum(hidden, 0)
        output = hidden @ W_out[place].T + bias[place]
        if problem.output == "relu":
            output = np.maximum(output, 0)
        losses[place] = counts @ (np.square(targets - output) @ problem.importances) / len(x)
    about = {"long_name": "loss of each snapshot on samples that all share", "units": "squared feature, summed"}
    return ("model", "snapshot"), losses, about


def plates(data: Data) -> list[Plate]:
    """Paths, levels, and the losses of all runs."""
    first, *others = data.values()
    largest = max(np.bincount(first["set"].values))
    levels = {"pair 1/2": 1 / 2, "triangle 2/3": 2 / 3}
    if largest > 2:
        levels |= {f"a set as one 1/{largest}": 1 / largest, f"two as one 1/{2 * largest}": 1 / (2 * largest)}
    made = [
        Plate(
            name="trajectories",
            figure=weight_trajectories(first),
            animation=moving_weights(first),
            caption="Paths of all features from small first weights, coloured by correlated set; lowest-loss model.",
        )
    ]
    for number, dataset in enumerate([first, *others]):
        scale = list(data)[number].removeprefix("start-")
        made.append(
            Plate(
                name="levels" if number == 0 else f"levels-{scale}",
                figure=energy_levels(dataset, levels=levels),
                caption=f"Dimensionality of each feature above the loss; first weights {scale} times Xavier-normal.",
            )
        )
    made.append(
        Plate(name="losses", figure=loss_curves(first), caption="Batch losses of all runs from the first start.")
    )
    return made


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    small, ordinary = data[f"start-{SMALL:g}"], data[f"start-{ORDINARY:g}"]
    return [
        Finding(
            claim="s3.dynamics-antiprism",
            parts=[*_antiprism(small, SMALL), *_antiprism(ordinary, ORDINARY)],
            figure="trajectories",
        ),
        Finding(
            claim="s3.dynamics-regimes",
            parts=[within("share of drops with a jump, less that of random places", _excess(small), low=0.2)],
            figure="levels",
        ),
        Finding(
            claim="tegum.dynamics-means-first",
            parts=[within("share of runs that stay where each set is its mean", _share_of_stays(small), low=0.5)],
            figure="levels",
        ),
        Finding(
            claim="tegum.dynamics-start-matters",
            parts=[within("share of runs that stay there, from ordinary weights", _share_of_stays(ordinary), high=0.5)],
            figure=f"levels-{ORDINARY:g}",
        ),
    ]


def _antiprism(data: xr.Dataset, scale: float) -> list[Part]:
    note = f"first weights times {scale:g}"
    return [
        within(
            f"largest cosine to the partner in the other set, {note}",
            over_groups(data, lambda a: _pairs(a)[0]),
            high=-0.95,
        ),
        within(f"largest other |cosine|, {note}", over_groups(data, lambda a: _pairs(a)[1]), high=0.25),
    ]


def _pairs(model: xr.Dataset) -> tuple[float, float]:
    """Over all features: the largest cosine to the most opposite feature of another set, and the largest other |cos|.

    What is opposite to a feature is its partner; if two features share one, the other of the two pairs counts too.
    """
    cosines, sets = overlap(weights(model)), model["set"].values
    n = len(sets)
    others = np.where(sets[:, None] != sets, cosines, np.inf)
    partner = others.argmin(axis=1)
    rest = np.abs(cosines)
    rest[np.arange(n), partner] = rest[partner, np.arange(n)] = 0.0
    np.fill_diagonal(rest, 0.0)
    return float(others[np.arange(n), partner].max()), float(rest.max())


def _excess(data: xr.Dataset) -> Estimate:
    """Share of the three steepest drops of a run that lie near a jump, less that of a random place; mean over runs."""
    return mean_estimate(np.array([_excess_of(data.isel(model=a)) for a in range(data.sizes["model"])]))


def _excess_of(run: xr.Dataset) -> float:
    W, loss = _after_step_0(run)
    near = np.zeros(len(loss), bool)
    for jump in find_jumps(feature_dimensionality(W)):
        near[max(0, jump.first - NEAR) : jump.last + NEAR + 1] = True
    drops, places = steepest_drops(loss), drop_places(len(loss))
    return float(near[drops].mean() - near[places].mean()) if drops.size else 0.0


def _share_of_stays(data: xr.Dataset) -> Estimate:
    stays = [_stays(data.isel(model=a)) for a in range(data.sizes["model"])]
    return share_estimate(sum(stays), len(stays))


def _stays(run: xr.Dataset) -> bool:
    """Whether a run spends LEAST_RECORDS records at the loss of storing the means alone, and does store them."""
    W, loss = _after_step_0(run)
    there = np.flatnonzero(np.abs(loss / MEAN_ONLY_LOSS - 1) < 0.05)
    if len(there) < LEAST_RECORDS:
        return False
    middle = W[there[len(there) // 2]]
    same = run["set"].values[:, None] == run["set"].values
    squares = np.square(middle).sum(axis=1)
    return bool(overlap(middle)[same].mean() > 0.9 and np.abs(squares - 1 / 3).max() < 0.1)


def _after_step_0(run: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """W (records, features, hidden) and loss of the records on the logarithmic scale."""
    way = run.isel(snapshot=run["snapshot"].values > 0)
    W = way["W_history"].transpose("snapshot", "feature", "hidden").values.astype(np.float64)
    return W, way["loss_along"].values


EXPERIMENT = Experiment(
    id="dynamics",
    title="Learning dynamics of correlated features",
    question="Does a model find its geometry in steps, and does the loss fall when the geometry changes?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section on learning dynamics",),
)
