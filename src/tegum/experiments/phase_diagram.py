"""Phase diagrams of an extra feature: theory, exact optima, and training by sampling."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.starts import N_GROUPS, in_groups
from tegum.experiments.statistics import represented
from tegum.experiments.verdict import Part, always, within
from tegum.geometry import overlap
from tegum.ground.estimate import exact_estimate, share_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import feature_norm, interference
from tegum.optima import find_optima
from tegum.phases import (
    DEDICATED,
    IGNORED,
    SUPERPOSED,
    candidate_losses,
    pair_loss,
    phase_grid,
    phase_of,
    superposition_boundary,
    triangle_loss,
)
from tegum.plot import disagreement, phase_maps
from tegum.problem import Axis, DescentSettings, Geometric, Grid, Problem, TrainSettings
from tegum.theory import feature_variance
from tegum.theory.exact_loss import exact_loss
from tegum.training import train

BOUNDARY = {0.03: 0.0133, 0.1: 0.0487, 0.3: 0.2047, 0.5: 0.5359}
FACTORS = (0.4, 0.7, 0.85, 1.2, 2.0)
CORNERS = ((0.1, 0.02), (0.1, 0.5), (0.1, 2.0), (1.0, 2.0))


class Settings(FrozenRecord):
    """Resolution of the maps, and which probabilities the claims are tried at."""

    resolution: int
    optima: DescentSettings
    trained_resolution: int
    trained_starts: int
    trained: TrainSettings
    outcome_probabilities: tuple[float, ...]
    outcome_training: TrainSettings
    crossing_probabilities: tuple[float, ...]
    onset_probabilities: tuple[float, ...]
    n3_probabilities: tuple[float, ...]
    triangle_probabilities: tuple[float, ...]
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        resolution=48,
        optima=DescentSettings(n_starts=8),
        trained_resolution=16,
        trained_starts=12,
        trained=TrainSettings(n_steps=2000, batch_size=512, learning_rate=3e-3, schedule="cosine"),
        outcome_probabilities=(0.1, 0.3),
        outcome_training=TrainSettings(n_steps=4000, learning_rate=3e-3, schedule="cosine"),
        crossing_probabilities=(0.1, 0.5),
        onset_probabilities=(0.7,),
        n3_probabilities=(0.1, 0.5),
        triangle_probabilities=(0.1, 0.3),
    ),
    "paper": Settings(
        resolution=256,
        optima=DescentSettings(n_starts=16),
        trained_resolution=40,
        trained_starts=10,
        trained=TrainSettings(),
        outcome_probabilities=(0.03, 0.1, 0.3),
        outcome_training=TrainSettings(),
        crossing_probabilities=(0.1, 0.3, 0.5),
        onset_probabilities=(0.7, 0.8),
        n3_probabilities=(0.1, 0.3, 0.5),
        triangle_probabilities=(0.03, 0.1, 0.3),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Maps of both sizes, and what the claims need beside them."""
    made: dict[str, xr.Dataset] = {}
    for n in (2, 3):
        p, value = _axes(settings.resolution)
        made[f"optima{n}"] = find_optima(phase_grid(n, p, value), settings.optima, seed=settings.seed, progress=tell)
        made[f"theory{n}"] = candidate_losses(n, p, value)
        p, value = _axes(settings.trained_resolution)
        made[f"trained{n}"] = train(
            phase_grid(n, p, value),
            settings.trained,
            n_models=settings.trained_starts,
            seed=settings.seed,
            progress=tell,
        )
    drawn = np.geomspace(0.01, 0.55, 30)
    made["boundary"] = xr.Dataset(
        {"importance": ("feature_probability", [superposition_boundary(p) for p in drawn])},
        {"feature_probability": drawn},
    )
    return made | _for_claims(settings, tell)


def _axes(resolution: int) -> tuple[list[float], list[float]]:
    return np.geomspace(0.01, 1, resolution).tolist(), np.geomspace(0.1, 10, resolution).tolist()


def _for_claims(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    many = DescentSettings(n_starts=16)
    return {
        "outcomes": _outcomes(settings, tell),
        "dense": train(
            Problem(n_features=20, n_hidden=5, feature_probability=1, importance=Geometric(ratio=0.7)),
            TrainSettings(n_steps=4000),
            n_models=N_GROUPS * 3,
            seed=settings.seed,
        ),
        "equal2": find_optima(phase_grid(2, (0.1, 0.7, 1.0), (1.0,)), many),
        "crossing": _crossing(settings.crossing_probabilities, many),
        "onset": find_optima(phase_grid(2, settings.onset_probabilities, np.arange(0.5, 1.005, 0.01).round(2)), many),
        "boundary3": _boundary_of_three(settings.n3_probabilities),
        "corners": find_optima(_corners(), many),
        "triangle": find_optima(phase_grid(3, (*settings.triangle_probabilities, 0.6), (1.0,)), many),
        "shapes": xr.Dataset(
            {
                "pair": ("feature_probability", pair_loss((0.1, 0.3, 0.6), (1.0,) * 3)),
                "triangle": ("feature_probability", triangle_loss((0.1, 0.3, 0.6), (1.0,) * 3)),
            },
            {"feature_probability": [0.1, 0.3, 0.6]},
        ),
    }


def _outcomes(settings: Settings, tell: Listener) -> xr.Dataset:
    """Models trained around the boundary and its mirror image, with their exact losses."""
    pairs = [
        (p, value)
        for p in settings.outcome_probabilities
        for factor in FACTORS
        for value in (superposition_boundary(p) * factor, 1 / (superposition_boundary(p) * factor))
    ]
    cell = Axis(
        labels=list(range(len(pairs))),
        fields={"feature_probability": [p for p, _ in pairs], "importance": [(1.0, value) for _, value in pairs]},
    )
    base = Problem(n_features=2, n_hidden=1, feature_probability=0.1)
    data = train(Grid(base, cell=cell), settings.outcome_training, n_models=10, seed=settings.seed, progress=tell)
    losses = [
        exact_loss(one["W"].values, one["bias"].values, feature_probability=p, importance=[1.0, value]).loss
        for (p, value), (_, one) in zip(pairs, data.groupby("cell", squeeze=False), strict=True)
    ]
    theory = []
    for p, value in pairs:
        losses_of = candidate_losses(2, [p], [value])["loss"]
        theory.append(str(losses_of.idxmin("candidate").values.item()))
    return data.assign(loss=(("cell", "model"), np.stack(losses).reshape(len(pairs), -1)), theory=("cell", theory))


def _crossing(probabilities: Sequence[float], settings: DescentSettings) -> xr.Dataset:
    """Optima just below and above the boundary, and a little further off on both sides for the slopes."""
    axis: dict[str, list[Any]] = {"feature_probability": [], "importance": []}
    labels = []
    factors = (0.93, 0.95, 0.97, 1.03, 1.05, 1.07)
    for p in probabilities:
        star = superposition_boundary(p)
        for factor in factors:
            axis["feature_probability"].append(p)
            axis["importance"].append((1.0, factor * star))
            labels.append(f"p {p:g}, {factor:g} I*")
    base = Problem(n_features=2, n_hidden=1, feature_probability=0.1)
    data = find_optima(Grid(base, cell=Axis(labels=labels, fields=axis)), settings)
    stars = [superposition_boundary(p) for p in probabilities]
    lowest = data["loss"].isel(model=0).values.reshape(len(stars), len(factors))
    extra = np.abs(data["W"].isel(model=0).values[:, 1, 0]).reshape(len(stars), len(factors))
    where = ("feature_probability", "factor")
    return xr.Dataset(
        {"loss": (where, lowest), "extra_norm": (where, extra), "boundary": ("feature_probability", stars)},
        {"feature_probability": list(probabilities), "factor": list(factors)},
    )


def _boundary_of_three(probabilities: Sequence[float]) -> xr.Dataset:
    """I* of three features in two dimensions, by bisection on the exact optima, beside that of two features in one."""
    found = []
    for p in probabilities:
        star = superposition_boundary(p)
        low, high = 0.9 * star, 1.1 * star
        for _ in range(12):
            middle = (low + high) / 2
            optimum = find_optima(phase_grid(3, (p,), (middle,)), DescentSettings(n_starts=12, n_optima=1))
            represented_ = float(feature_norm(optimum["W"]).isel(feature=-1).values.item()) > 0.3
            low, high = (low, middle) if represented_ else (middle, high)
        found.append((low + high) / 2)
    where = "feature_probability"
    return xr.Dataset(
        {"three": (where, found), "two": (where, [superposition_boundary(p) for p in probabilities])},
        {where: list(probabilities)},
    )


def _corners() -> Grid:
    axis = Axis(
        labels=[f"p {p:g}, I {value:g}" for p, value in CORNERS],
        fields={"feature_probability": [p for p, _ in CORNERS], "importance": [(1.0, 1.0, v) for _, v in CORNERS]},
    )
    return Grid(Problem(n_features=3, n_hidden=2, feature_probability=0.1), cell=axis)


def plates(data: Data) -> list[Plate]:
    """Both maps beside the theory, and where they differ from it."""
    made = []
    for n, m in ((2, 1), (3, 2)):
        maps = {"theory": data[f"theory{n}"], "exact optima": data[f"optima{n}"], "trained": data[f"trained{n}"]}
        made.append(
            Plate(
                name=f"phases-{n}",
                figure=phase_maps(maps, boundary=data["boundary"], mirrored=n == 2),
                caption=f"n = {n}, m = {m}: the extra feature over 1/p and its importance. Lines: the exact boundary.",
            )
        )
        made.append(
            Plate(
                name=f"disagreement-{n}",
                figure=disagreement(_theory_phase(data[f"theory{n}"]), phase_of(data[f"optima{n}"])),
                caption=f"n = {n}, m = {m}: cells whose exact optimum is of another kind than the best candidate.",
            )
        )
    return made


def _theory_phase(theory: xr.Dataset) -> xr.DataArray:
    best = theory["loss"].idxmin("candidate")
    return xr.where(best == IGNORED, IGNORED, xr.where(best.str.startswith(DEDICATED), DEDICATED, SUPERPOSED))


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="s3.three-outcomes", parts=_outcome_parts(data["outcomes"]), figure="phases-2"),
        Finding(claim="s3.sparsity-necessary", parts=_necessary(data), figure="phases-2"),
        Finding(claim="s3.first-order", parts=_first_order(data["crossing"]), figure="phases-2"),
        Finding(claim="s3.first-order-corrected", parts=_continuous(data["onset"]), figure="phases-2"),
        Finding(claim="s3.n3-diagram", parts=_three(data), figure="phases-3"),
        Finding(claim="s3.three-equal-triangle", parts=_triangle(data["triangle"]), figure="phases-3"),
        Finding(claim="s3.three-equal-triangle-corrected", parts=_triangle_corrected(data), figure="phases-3"),
    ]


def _outcome_parts(outcomes: xr.Dataset) -> list[Part]:
    found, theory = phase_of(outcomes).values, outcomes["theory"].values
    agree = share_estimate(int((found == theory).sum()), len(theory))
    exact = exact_estimate(agree.best, n=len(theory))  # the cells are fixed beforehand, not drawn
    kinds = exact_estimate(float(len(set(found.tolist()))), n=len(theory))
    return [within("share of cells in the theory's class", exact, low=0.95), within("classes that occur", kinds, 3, 3)]


def _gain(data: xr.Dataset, p: float) -> float:
    cell = data.sel(feature_probability=p, relative_importance=1.0)
    return float(1 - cell["loss"].isel(model=0) / feature_variance(p))


def _necessary(data: Data) -> list[Part]:
    equal = data["equal2"]
    return [
        within("gain over dedicating at p = 1", exact_estimate(_gain(equal, 1.0)), high=0.01),
        within("gain over dedicating at p = 0.7", exact_estimate(_gain(equal, 0.7)), high=0.05),
        within("gain over dedicating at p = 0.1", exact_estimate(_gain(equal, 0.1)), low=0.5),
        always(
            "n = 20, m = 5, p = 1: exactly 5 features represented",
            in_groups(data["dense"], lambda a: len(represented(a)) == 5),
        ),
    ]


def _first_order(crossing: xr.Dataset) -> list[Part]:
    parts = []
    for p in crossing["feature_probability"].values.tolist():
        at = crossing.sel(feature_probability=p)
        star = float(at["boundary"])
        below = float(at["loss"].sel(factor=0.97) - at["loss"].sel(factor=0.93)) / (0.04 * star)
        above = float(at["loss"].sel(factor=1.07) - at["loss"].sel(factor=1.03)) / (0.04 * star)
        parts += [
            within(f"|W_2| at 0.95 I*, p = {p:g}", exact_estimate(float(at["extra_norm"].sel(factor=0.95))), high=0.05),
            within(f"|W_2| at 1.05 I*, p = {p:g}", exact_estimate(float(at["extra_norm"].sel(factor=1.05))), low=0.5),
            within(f"slope of the loss above / below I*, p = {p:g}", exact_estimate(above / below), high=0.8),
            within(f"I* / theory, p = {p:g}", exact_estimate(star / BOUNDARY[p]), 0.95, 1.05),
        ]
    return parts


def _continuous(onset: xr.Dataset) -> list[Part]:
    parts = []
    for p in onset["feature_probability"].values.tolist():
        cells = onset.sel(feature_probability=p).isel(model=0)
        value = cells["relative_importance"].values
        gain = 1 - cells["loss"].values / (value * float(feature_variance(p)))
        norm = np.abs(cells["W"].isel(feature=1, hidden=0).values)
        entered = norm[norm > 1e-3]
        first = float(entered[0]) if len(entered) else 0.0
        parts += [
            within(
                f"largest gain over ignoring, p = {p:g}", exact_estimate(float(gain.max()), n=len(value)), high=0.03
            ),
            within(f"|W_2| where it first leaves 0, p = {p:g}", exact_estimate(first, n=len(value)), 1e-3, 0.2),
        ]
    return parts


def _three(data: Data) -> list[Part]:
    boundary = data["boundary3"]
    parts = [
        within(f"I* for n = 3 / I* for n = 2, p = {p:g}", exact_estimate(float(ratio)), 0.97, 1.03)
        for p, ratio in zip(
            boundary["feature_probability"].values, (boundary["three"] / boundary["two"]).values, strict=True
        )
    ]
    corners = data["corners"].isel(model=0)
    norms, shared = feature_norm(corners["W"]).values, interference(corners["W"]).values
    others = (norms[:, :2] ** 2).sum(axis=1)
    paired = overlap(corners["W"].values)[:, 0, 1]
    outcomes = {
        "(0.1, 0.02): not represented": norms[0, 2] < 0.1,
        "(0.1, 0.5): in superposition with another": norms[1, 2] > 0.5 and shared[1, 2] > 0.5,
        "(0.1, 2): dedicated, the others in superposition": norms[2, 2] > 0.9
        and shared[2, 2] < 0.1
        and paired[2] < -0.9,
        "(1, 2): dedicated, another not represented": norms[3, 2] > 0.9
        and shared[3, 2] < 0.1
        and 0.7 <= others[3] <= 1.3,
    }
    return parts + [always(f"(p, I) = {name}", [bool(held)]) for name, held in outcomes.items()]


def _cosines(data: xr.Dataset, p: float) -> np.ndarray:
    cell = data.sel(feature_probability=p, relative_importance=1.0).isel(model=0)
    return overlap(cell["W"].values)[np.triu_indices(3, 1)]


def _triangle(data: xr.Dataset) -> list[Part]:
    dense = [p for p in data["feature_probability"].values.tolist() if p < 0.6]
    return [
        within(
            f"largest distance of a cosine from -1/2, p = {p:g}",
            exact_estimate(float(np.abs(_cosines(data, p) + 0.5).max())),
            high=0.1,
        )
        for p in dense
    ]


def _triangle_corrected(data: Data) -> list[Part]:
    shapes = data["shapes"]
    variance = feature_variance(shapes["feature_probability"].values)
    pair, triangle = shapes["pair"].values / variance, shapes["triangle"].values / variance
    lowest = float(data["triangle"].sel(feature_probability=0.6).isel(model=0)["loss"].values.item() / variance[2])
    cosines = _cosines(data["triangle"], 0.6)
    parts = []
    for k, (p, of_pair, of_triangle) in enumerate(((0.1, 0.1077, 0.1216), (0.3, 0.3781, 0.4219))):
        parts += [
            within(
                f"pair and point: loss / variance / {of_pair}, p = {p:g}", exact_estimate(pair[k] / of_pair), 0.99, 1.01
            ),
            within(
                f"triangle: loss / variance / {of_triangle}, p = {p:g}",
                exact_estimate(triangle[k] / of_triangle),
                0.99,
                1.01,
            ),
        ]
    return [
        *parts,
        within("triangle - pair and point: loss / variance, p = 0.6", exact_estimate(triangle[2] - pair[2]), high=0),
        within("lowest loss - triangle: loss / variance, p = 0.6", exact_estimate(lowest - triangle[2]), -1e-6, 1e-6),
        within("least cosine, p = 0.6", exact_estimate(float(cosines.min())), -0.65, -0.35),
        within("largest cosine, p = 0.6", exact_estimate(float(cosines.max())), -0.65, -0.35),
    ]


EXPERIMENT = Experiment(
    id="phase-diagram",
    title="Phases of an extra feature",
    question="Ignored, in superposition, or a dimension of its own: which, where, and how sharp is the change?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section Superposition as a Phase Change",),
)
