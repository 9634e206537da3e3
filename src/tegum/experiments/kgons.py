"""k-gons in the plane when exactly one feature is present: the lowest of them, and what descents find."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, within
from tegum.geometry import polygon
from tegum.ground.estimate import exact_estimate, share_estimate
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.kernels.interface import Law
from tegum.optima import find_optima
from tegum.plot import feature_arrows, level_curves
from tegum.problem import DescentSettings, Grid, Problem
from tegum.theory.active_sets import ActiveSets, independent_sets

# loss per sample of the best k-gon with the other features ignored, one of n features present (theory)
LEVELS = {
    (5, 3): 0.113333,
    (5, 4): 0.056667,
    (5, 5): 0.0158256,
    (6, 3): 0.145833,
    (6, 4): 0.097222,
    (6, 5): 0.061799,
    (6, 6): 0.048192,
    (7, 4): 0.127551,
    (7, 5): 0.096338,
    (7, 6): 0.083825,
    (7, 7): 0.083271,
}


class Settings(FrozenRecord):
    """Starts of the search for the lowest arrangement, and how sparse its features are."""

    starts: int
    probability: float = 0.01
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {"quick": Settings(starts=40), "paper": Settings(starts=60)}


def one_present(probabilities: np.ndarray) -> ActiveSets:
    """Exactly one feature present, each as often."""
    n = probabilities.shape[-1]
    single = independent_sets(np.full(n, 1 / n), at_most=1)
    share = np.where(single.sizes == 1, 1 / n, 0.0)
    return single._replace(
        probability=np.broadcast_to(share, (*probabilities.shape[:-1], len(share))).copy(),
        neglected=np.zeros(probabilities.shape[:-1]),
    )


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Levels of the k-gons on one-hot data, and the optima of six independent features that random starts find."""
    from tegum.kernels.exact import find

    rows = []
    for place, (n, k) in enumerate(LEVELS):
        tell(Progress(place, len(LEVELS)))
        problem = Problem(n_features=n, n_hidden=2, feature_probability=1 / n)
        W = np.zeros((n, 2))
        W[:k] = 1.1 * polygon(k)
        bias = np.where(np.arange(n) < k, -0.2 if k > 4 else 0.0, 1 / (2 * n))
        start = np.concatenate([W.ravel(), bias])[None, None]
        one = DescentSettings(n_starts=1, n_optima=1, tolerance=1e-9)
        found = find([problem], one, seed=0, law=one_present, starts=start)
        norms = np.linalg.norm(found.W[0, 0], axis=1)
        rows.append((found.loss[0, 0], norms[:k].mean(), found.bias[0, 0, :k].mean(), float((norms > 0.5).sum())))
    names = ("loss", "norm", "bias", "represented")
    levels = xr.Dataset(
        {name: ("arrangement", [row[i] for row in rows]) for i, name in enumerate(names)},
        {"n": ("arrangement", [n for n, _ in LEVELS]), "k": ("arrangement", [k for _, k in LEVELS])},
    )
    random = DescentSettings(n_starts=settings.starts, structured=False, n_optima=12)
    return {
        "levels": levels,
        "one_hot": _hexagon(random, settings, one_present, tell),
        "independent": _hexagon(random, settings, None, tell),
    }


def _hexagon(random: DescentSettings, settings: Settings, law: Law | None, tell: Listener) -> xr.Dataset:
    grid = Grid(Problem(n_features=6, n_hidden=2, feature_probability=settings.probability))
    return find_optima(grid, random, seed=settings.seed, law=law, progress=tell)


def plates(data: Data) -> list[Plate]:
    """The levels, and the lowest arrangement of six features."""
    return [
        Plate(
            name="levels",
            figure=level_curves(data["levels"]),
            caption="Loss per sample of the best k-gon, the other features ignored. More corners are always better.",
        ),
        Plate(
            name="six-in-two",
            figure=feature_arrows(data["independent"]),
            caption="The lowest-loss arrangement of six independent sparse features is a regular hexagon.",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    levels, independent = data["levels"], data["independent"]
    errors = np.abs(levels["loss"].values / np.array(list(LEVELS.values())) - 1)
    level_parts = [
        within(
            "largest relative difference from the theory's levels",
            exact_estimate(float(errors.max()), n=len(errors)),
            high=2e-4,
        ),
        within(
            "k-gons that keep their k corners",
            exact_estimate(float((levels["represented"] == levels["k"]).sum())),
            len(errors),
        ),
    ]
    hexagonal = [bool(_is_hexagon(independent.isel(model=k))) for k in range(independent.sizes["model"])]
    lowest = exact_estimate(float(hexagonal[0]), n=independent.sizes["start"])
    return [
        Finding(claim="tegum.k-gon-levels", parts=level_parts, figure="levels"),
        Finding(
            claim="s3.no-independent-hexagon",
            parts=[within("the lowest-loss model is a regular hexagon (1 if so)", lowest, high=0)],
            figure="six-in-two",
        ),
        Finding(
            claim="s3.no-independent-hexagon-corrected", parts=_minority(independent, hexagonal), figure="six-in-two"
        ),
    ]


def _is_hexagon(model: xr.Dataset) -> bool:
    W = model["W"].transpose("feature", "hidden").values
    if not np.isfinite(model["loss"].values) or (np.linalg.norm(W, axis=1) <= 0.5).any():
        return False
    turns = np.sort(np.degrees(np.arctan2(W[:, 1], W[:, 0])) % 360)
    gaps = np.diff(np.append(turns, turns[0] + 360))
    return bool((np.abs(gaps - 60) <= 10).all())


def _minority(data: xr.Dataset, hexagonal: list[bool]) -> list[Part]:
    represented = (np.linalg.norm(data["W"].transpose("model", "feature", "hidden").values, axis=-1) > 0.5).sum(axis=-1)
    loss, n_starts = data["loss"].values, data.sizes["start"]
    pentagons = loss[(represented == 5) & np.isfinite(loss)]
    hexagons = loss[hexagonal]
    ratio = float(hexagons.min() / pentagons.min()) if len(hexagons) and len(pentagons) else 1.0
    hits = round(float(data["frequency"].values[hexagonal].sum()) * n_starts)
    return [
        within("loss of the hexagon / that of the best pentagon", exact_estimate(ratio), high=0.85),
        within("share of random starts that end in a hexagon", share_estimate(hits, n_starts), high=0.5),
    ]


EXPERIMENT = Experiment(
    id="k-gons",
    title="k-gons in the plane",
    question="With one feature present at a time, how low is each polygon, and do random starts find the lowest?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Chen, Lau, Mendel, Wei and Murfet 2023, arXiv 2310.06301", "Elhage et al. 2022, note on hexagons"),
)
