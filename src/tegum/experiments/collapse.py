"""Three pairs of correlated features in the plane, and when a pair collapses onto its principal component."""

import json
from collections.abc import Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, always, within
from tegum.geometry import overlap
from tegum.ground.estimate import Estimate, exact_estimate, group_estimate, mean_estimate
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot import collapsed_against_probability, feature_arrows, gram_and_bias
from tegum.problem import DescentSettings, Grid, Problem, sample_features

PAIRS = ((0, 1), (2, 3), (4, 5))
PROBLEM = Problem(n_features=6, n_hidden=2, feature_probability=0.1, correlated_sets=PAIRS)
COLLAPSED_COSINE = 0.97
N_GROUPS = 3
LOSSES = {0.3: 0.4370, 0.5: 0.5327}  # loss / p of the optimum, from the theory
_BATCHES = 20


class Settings(FrozenRecord):
    """The problem with its correlated sets, starts for each probability (in three groups), and the probabilities."""

    problem: Problem = PROBLEM
    starts: int
    feature_probability: tuple[float, ...]
    pair_samples: int = 100_000
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(starts=150, feature_probability=(0.04, 0.07, 0.1, 0.17, 0.2, 0.3, 0.5, 0.6)),
    "paper": Settings(
        starts=300,
        feature_probability=(
            0.04,
            0.05,
            0.06,
            0.08,
            0.1,
            0.13,
            0.15,
            0.17,
            0.2,
            0.25,
            0.3,
            0.35,
            0.42,
            0.5,
            0.6,
            0.8,
            1.0,
        ),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Every descent over p, kept one by one; and the variance along a pair's principal component."""
    from tegum.kernels.exact import find_each

    grid = Grid(settings.problem, feature_probability=settings.feature_probability)
    cells = grid.cells()
    descents = DescentSettings(n_starts=settings.starts, structured=False, n_optima=settings.starts)
    W, bias, loss = find_each(cells, descents, seed=settings.seed, tell=lambda done: tell(Progress(done, len(cells))))
    dims = ("feature_probability", "model")
    return {
        "descents": xr.Dataset(
            {
                "W": ((*dims, "feature", "hidden"), W),
                "bias": ((*dims, "feature"), bias),
                "loss": (dims, loss),
                "probabilities": (("feature_probability", "feature"), [p.probabilities for p in cells]),
                "importances": (("feature_probability", "feature"), [p.importances for p in cells]),
            },
            {"feature_probability": list(settings.feature_probability)},
            {"sets": json.dumps([members for members in settings.problem.correlated_sets if len(members) > 1])},
        ),
        "component": _component(settings),
    }


def _component(settings: Settings) -> xr.Dataset:
    """Variance of (a + b)/√2 over that of a, for a pair that is present together with probability 0.1, by batches."""
    features = sample_features(PROBLEM, _BATCHES * settings.pair_samples, seed=settings.seed)
    pair = features[:, :2].astype(np.float64).reshape(_BATCHES, settings.pair_samples, 2)
    ratio = (pair.sum(axis=2) / np.sqrt(2)).var(axis=1) / pair.var(axis=1).mean(axis=1)
    return xr.Dataset({"ratio": ("batch", ratio)})


def plates(data: Data) -> list[Plate]:
    """The lowest arrangements, and how many pairs have collapsed in them."""
    descents = data["descents"]
    sets = json.loads(descents.attrs["sets"])
    counted = descents.assign(collapsed=(("feature_probability", "model"), _collapsed(descents["W"].values, sets)))
    together = ", ".join(" with ".join(map(str, members)) for members in sets)
    return [
        Plate(
            name="arrangements",
            figure=feature_arrows(descents) if descents.sizes["hidden"] == 2 else gram_and_bias(descents),
            caption=f"Features that occur together ({together}), lowest exact loss of all starts.",
        ),
        Plate(
            name="collapsed",
            figure=collapsed_against_probability(counted),
            caption="Sets whose members share one direction, in the lowest-loss arrangement and in all others.",
        ),
    ]


def _collapsed(W: np.ndarray, sets: Sequence[Sequence[int]] = PAIRS) -> np.ndarray:
    """Number of sets whose cosines are all above 0.97, (..., n_features, n_hidden) to (...)."""
    cosines = overlap(W)
    alike = [[cosines[..., a, b] > COLLAPSED_COSINE for a, b in combinations(members, 2)] for members in sets]
    return np.sum([np.all(pairs, axis=0) for pairs in alike], axis=0)


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    descents = data["descents"]
    at = partial(_cell, descents)
    return [
        Finding(claim="s3.collapse-is-failure", parts=_failure(at(0.04)), figure="arrangements"),
        Finding(claim="s3.principal-component", parts=_principal(data["component"], at(0.3)), figure="arrangements"),
        Finding(
            claim="s3.collapse-sparse",
            parts=[
                within(f"collapsed pairs at p = {p:g}", _count(at(p)), expected, expected)
                for p, expected in ((0.04, 0), (0.1, 1), (0.17, 2))
            ],
            figure="collapsed",
        ),
        Finding(
            claim="s3.collapse-dense",
            parts=[
                within("collapsed pairs at p = 0.3", _count(at(0.3)), 3, 3),
                within("largest angle off 120 degrees at p = 0.6", _off_symmetric(at(0.6)), low=10),
            ],
            figure="collapsed",
        ),
        Finding(claim="s3.collapse-dense-corrected", parts=_dense(at), figure="collapsed"),
    ]


def _cell(descents: xr.Dataset, p: float) -> xr.Dataset:
    return descents.sel(feature_probability=p)


def _lowest(cell: xr.Dataset) -> list[xr.Dataset]:
    """The lowest-loss model of each group of starts, the best of all first."""
    size = cell.sizes["model"] // N_GROUPS
    groups = [cell.isel(model=slice(g * size, (g + 1) * size)) for g in range(N_GROUPS)]
    best = [group.isel(model=int(group["loss"].argmin("model"))) for group in groups]
    return sorted(best, key=lambda model: float(model["loss"]))


def _count(cell: xr.Dataset) -> Estimate:
    counts = [float(_collapsed(model["W"].values)) for model in _lowest(cell)]
    return group_estimate(counts[0], counts)


def _off_symmetric(cell: xr.Dataset) -> Estimate:
    """Largest difference from 120 degrees between the directions of the pairs, over groups of starts."""
    values = []
    for model in _lowest(cell):
        directions = model["W"].values.reshape(len(PAIRS), 2, 2).mean(axis=1)
        turns = np.sort(np.degrees(np.arctan2(directions[:, 1], directions[:, 0])) % 360)
        values.append(float(np.abs(np.diff(np.append(turns, turns[0] + 360)) - 120).max()))
    return group_estimate(values[0], values)


def _failure(cell: xr.Dataset) -> list[Part]:
    loss, collapsed = cell["loss"].values, _collapsed(cell["W"].values)
    worse = loss[collapsed > 0] / loss.min()
    excess = float(worse.min() - 1) if len(worse) else 1.0
    return [
        within("collapsed pairs in the lowest-loss model, p = 0.04", _count(cell), 0, 0),
        within(
            "least relative excess loss of a run with a collapsed pair", exact_estimate(excess, n=len(worse)), low=0.01
        ),
    ]


def _principal(component: xr.Dataset, cell: xr.Dataset) -> list[Part]:
    best = _lowest(cell)[0]["W"].values
    cosines, norms = overlap(best), np.linalg.norm(best, axis=1)
    collapsed = [pair for pair in PAIRS if cosines[pair] > COLLAPSED_COSINE]
    fit = [all(0.6 <= norms[i] <= 0.85 for i in pair) for pair in collapsed]
    return [
        within("variance of (a+b)/√2 / variance of a, over 1.73", _over(component["ratio"].values, 1.73), 0.97, 1.03),
        always("p = 0.3: some pair has collapsed, and both norms lie in [0.6, 0.85]", fit or [False]),
    ]


def _over(values: np.ndarray, reference: float) -> Estimate:
    return mean_estimate(values / reference)


def _dense(at: Any) -> list[Part]:
    parts = [
        within(f"collapsed pairs at p = {p:g}", _count(at(p)), expected, expected)
        for p, expected in ((0.2, 2), (0.3, 2), (0.5, 3), (0.6, 3))
    ]
    parts += [within(f"largest angle off 120 degrees at p = {p:g}", _off_symmetric(at(p)), high=10) for p in (0.5, 0.6)]
    for p, reference in LOSSES.items():
        ratio = exact_estimate(float(at(p)["loss"].min()) / p / reference)
        parts.append(within(f"loss / p over {reference:g}, p = {p:g}", ratio, 0.985, 1.015))
    return parts


EXPERIMENT = Experiment(
    id="collapse",
    title="Collapse onto principal components",
    question="When does a model give two correlated features one direction, and is that the optimum?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section on correlated features and PCA",),
)
