"""One feature unlike the others: the arrangement deforms, and then it snaps."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from tegum.branches import Branch, crossing, follow_branch
from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, within
from tegum.geometry import gram, overlap, recognise
from tegum.ground.estimate import exact_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import feature_norm
from tegum.optima import find_optima
from tegum.plot import deformation, feature_arrows
from tegum.problem import Axis, DescentSettings, Grid, Problem

KINDS = {"probability": "feature_probability", "importance": "importance"}
PATHS = ("from above", "from below")
_REPRESENTED = 0.5
_SAME_LOSS = 1e-9  # relative; closer than that, two paths are on one branch


class Settings(FrozenRecord):
    """The base problem, and the ratios of its last feature's probability and importance to what they are there.

    `norm_limit` and `angle_limit` (degrees) are what counts as continuous from one ratio to the next; `tolerance` is
    the half-width of the place of the snap.
    """

    problem: Problem = Problem(n_features=5, n_hidden=2, feature_probability=0.05)
    probability_ratios: tuple[float, ...]
    importance_ratios: tuple[float, ...]
    descent: DescentSettings
    norm_limit: float = 0.1
    angle_limit: float = 6.0
    tolerance: float = 5e-4
    seed: int = 0

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)


def _ratios(n_per_decade: int) -> tuple[float, ...]:
    """From 0.1 to 10, evenly on a logarithmic scale, with 1 among them."""
    return tuple((10.0 ** (np.arange(-n_per_decade, n_per_decade + 1) / n_per_decade)).round(6).tolist())


PRESETS = {
    name: Settings(
        probability_ratios=_ratios(n), importance_ratios=_ratios(n), descent=DescentSettings(n_starts=starts)
    )
    for name, n, starts in (("quick", 24, 12), ("paper", 96, 48))
}


def problem_at(base: Problem, kind: str, ratio: float) -> Problem:
    """The base problem with the probability or the importance of its last feature multiplied by `ratio`."""
    values = base.probabilities if kind == "probability" else base.importances
    return base.replace(**{KINDS[kind]: (*values[:-1].tolist(), float(values[-1]) * ratio)})


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """For each kind: the lowest optima from many starts, and two branches followed through the sweep."""
    return {
        kind: _followed(settings, kind, sorted(ratios), tell)
        for kind, ratios in (
            ("probability", settings.probability_ratios),
            ("importance", settings.importance_ratios),
        )
    }


def _followed(settings: Settings, kind: str, ratios: Sequence[float], tell: Listener) -> xr.Dataset:
    problems = [problem_at(settings.problem, kind, ratio) for ratio in ratios]
    fields = {KINDS[kind]: [getattr(problem, KINDS[kind]) for problem in problems]}
    grid = Grid(settings.problem, ratio=Axis(labels=list(ratios), fields=fields))
    found = find_optima(grid, settings.descent, seed=settings.seed, progress=tell).isel(model=0)
    first, last = found.isel(ratio=0), found.isel(ratio=-1)
    above = follow_branch(problems[::-1], last["W"].values, _awake(last))
    above = Branch(*(column[::-1] for column in above))
    below = follow_branch(problems, first["W"].values, _awake(first))
    both = [above, below]
    dims = ("path", "ratio")
    columns = {name: (dims, np.stack([getattr(b, name) for b in both])) for name in ("loss", "gradient", "curvature")}
    names = [[str(recognise(W)) for W in branch.W] for branch in both]
    snap = _snap(settings, kind, above, below, ratios)
    return xr.Dataset(
        {
            "W": ((*dims, "feature", "hidden"), np.stack([b.W for b in both])),
            "bias": ((*dims, "feature"), np.stack([b.bias for b in both])),
            **columns,
            "name": (dims, names),
            "searched": ("ratio", found["loss"].values),
            "probabilities": (("ratio", "feature"), [problem.probabilities for problem in problems]),
            "importances": (("ratio", "feature"), [problem.importances for problem in problems]),
            **snap,
        },
        {"path": list(PATHS), "ratio": list(ratios)},
        {name: getattr(settings, name) for name in ("norm_limit", "angle_limit", "tolerance")},
    )


def _awake(optimum: xr.Dataset) -> np.ndarray:
    """Biases with which the output of no absent feature is always off: there its bias has no slope to descend."""
    absent = feature_norm(optimum["W"].values) < _REPRESENTED
    mean = optimum["probabilities"].values / 2  # of a feature that is uniform when present; the best constant answer
    return np.where(absent, np.maximum(optimum["bias"].values, mean), optimum["bias"].values)


def _snap(
    settings: Settings, kind: str, above: Branch, below: Branch, ratios: Sequence[float]
) -> dict[str, tuple[tuple[str, ...], object]]:
    """How often the two paths cross, where first, and W on both sides: not a number, and 0, if they never do."""
    difference = (above.loss - below.loss) / below.loss
    apart = np.flatnonzero(np.abs(difference) > _SAME_LOSS).tolist()
    count = int((np.diff(np.sign(difference[apart])) != 0).sum())
    place, sides = np.nan, np.zeros((2, *above.W.shape[1:]))
    if count:
        where = [ratios[i] for i in apart]
        cut = [Branch(*(column[apart] for column in branch)) for branch in (above, below)]

        def at(ratio: float) -> Problem:
            return problem_at(settings.problem, kind, ratio)

        place = crossing(at, cut[0], cut[1], where, tolerance=settings.tolerance)
        near = int(np.abs(np.array(where) - place).argmin())
        sides = np.concatenate([follow_branch([at(place)], b.W[near], b.bias[near]).W for b in cut])
    return {"crossings": ((), count), "snap": ((), place), "W_at_snap": (("path", "feature", "hidden"), sides)}


def lowest(data: xr.Dataset) -> xr.Dataset:
    """The lower of the two paths at each ratio; where they are one branch, the first."""
    gap = data["loss"].sel(path=PATHS[0]) / data["loss"].sel(path=PATHS[1]) - 1
    return data.isel(path=(gap > _SAME_LOSS).astype(int))


def plates(data: Data) -> list[Plate]:
    """Norms, angles and names along both sweeps; the lowest optimum at a few ratios."""
    made = [
        Plate(
            name="deformation",
            figure=deformation({f"{kind} varied": data[kind].assign(best=_best_path(data[kind])) for kind in KINDS}),
            caption="Norms and angles of the lowest optimum deform, jump once, and deform again. Followed from either "
            "side, an optimum outlives the ratio at which it stops being the lowest.",
        )
    ]
    if all(data[kind].sizes["hidden"] == 2 for kind in KINDS):
        made += [
            Plate(
                name=f"{kind}-arrows",
                figure=feature_arrows(_shown(data[kind])),
                caption=f"The lowest optimum as the {kind} of the last feature is multiplied by the ratio.",
            )
            for kind in KINDS
        ]
    return made


def _best_path(data: xr.Dataset) -> xr.DataArray:
    return lowest(data)["path"]


def _shown(data: xr.Dataset, at_most: int = 10) -> xr.Dataset:
    """The lowest optima at evenly spaced ratios, in the layout of a training."""
    places = np.unique(np.linspace(0, data.sizes["ratio"] - 1, at_most).round().astype(int))
    best = lowest(data).isel(ratio=places).drop_vars("path")
    return best[["W", "loss"]].expand_dims("model", axis=1).assign(best[["probabilities", "importances"]])


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    probability, importance = data["probability"], data["importance"]
    snap, later = (
        exact_estimate(_number(float(each["snap"])), each.attrs["tolerance"]) for each in (probability, importance)
    )
    gap = exact_estimate(later.best - snap.best, 2 * importance.attrs["tolerance"])
    return [
        Finding(
            claim="tegum.deform-then-snap-probability",
            parts=[*_deforms(probability), *_snaps(probability), within("ratio at the snap", snap, 0.255, 0.285)],
            figure="deformation",
        ),
        Finding(
            claim="tegum.deform-then-snap-importance",
            parts=[
                *_deforms(importance),
                *_snaps(importance),
                within("ratio at the snap", later, 0.1, 1.0),
                within("that ratio, less the one for probability", gap, low=0.0),
            ],
            figure="deformation",
        ),
        Finding(
            claim="tegum.favoured-feature-deforms",
            parts=[part for kind in KINDS for part in _favoured(data[kind], kind)],
            figure="deformation",
        ),
    ]


def _sides(data: xr.Dataset) -> list[np.ndarray]:
    """W of the lowest optimum, (n_ratios, n_features, n_hidden), on each side of the snap."""
    W = lowest(data)["W"].transpose("ratio", "feature", "hidden").values
    below = data["ratio"].values < float(data["snap"])
    return [part for part in (W[below], W[~below]) if len(part)]


def _largest_step(W: Sequence[np.ndarray], of: str, stride: int = 1) -> float:
    """Largest change of a norm, an angle (degrees) or an entry of the Gram matrix from one ratio to the next."""
    changes = [0.0]
    for side in W:
        side = side[::stride]
        values = {"norm": feature_norm, "gram": gram, "angle": _angles}[of](side)
        changes.append(float(np.nan_to_num(np.abs(np.diff(values, axis=0))).max(initial=0.0)))
    return max(changes)


def _angles(W: np.ndarray) -> np.ndarray:
    """Degrees between every two represented features; not a number for the others."""
    absent = feature_norm(W) < _REPRESENTED
    angles = np.degrees(np.arccos(np.clip(overlap(W), -1.0, 1.0)))
    return np.where(absent[..., :, np.newaxis] | absent[..., np.newaxis, :], np.nan, angles)


def _deforms(data: xr.Dataset) -> list[Part]:
    W = _sides(data)
    fine, coarse = _largest_step(W, "gram"), _largest_step(W, "gram", stride=2)
    excess = float((data["loss"].min("path") / data["searched"] - 1).max())
    return [
        within(
            "largest change of a norm per step beside the snap",
            exact_estimate(_largest_step(W, "norm")),
            high=data.attrs["norm_limit"],
        ),
        within(
            "largest change of an angle per step beside the snap, degrees",
            exact_estimate(_largest_step(W, "angle")),
            high=data.attrs["angle_limit"],
        ),
        within(
            "largest change of the Gram matrix beside the snap, over that with every other ratio",
            exact_estimate(fine / coarse if coarse else 1.0),
            high=0.75,
        ),
        within("largest excess of the lower path over the lowest of all starts", exact_estimate(excess), high=1e-6),
    ]


def _snaps(data: xr.Dataset) -> list[Part]:
    norms = feature_norm(data["W_at_snap"].values)
    near = data.sel(ratio=float(data["snap"]) if data["crossings"] else 1.0, method="nearest")
    return [
        within("crossings of the two losses", exact_estimate(float(data["crossings"])), 1, 1),
        within("jump of the varied feature's norm", exact_estimate(_number(norms[0, -1] - norms[1, -1])), low=0.5),
        within("largest gradient of both optima there", exact_estimate(float(near["gradient"].max())), high=1e-6),
        within("least curvature of both optima there", exact_estimate(float(near["curvature"].min())), low=-1e-6),
    ]


def _number(value: float) -> float:
    """The value, or 0 where there was no snap to measure."""
    return float(value) if np.isfinite(value) else 0.0


def _favoured(data: xr.Dataset, kind: str) -> list[Part]:
    upper = lowest(data).sel(ratio=slice(1.0, None))
    W = upper["W"].transpose("ratio", "feature", "hidden").values
    angles = np.nan_to_num(_angles(W)[:, -1, :-1], nan=180.0).min(axis=-1)  # of the last feature to all others
    return [
        within(f"least norm, {kind}", exact_estimate(float(feature_norm(W).min())), low=_REPRESENTED),
        within(
            f"largest change of the Gram matrix per step, {kind}", exact_estimate(_largest_step([W], "gram")), high=0.2
        ),
        within(
            f"widening of the angle to the nearest neighbour, degrees, {kind}",
            exact_estimate(float(angles[-1] - angles[0])),
            low=1.0,
        ),
    ]


EXPERIMENT = Experiment(
    id="nonuniform",
    title="One feature unlike the others",
    question="If one feature becomes rarer, commoner, or more or less important, does the arrangement bend or break?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section Non-Uniform Superposition",),
)
