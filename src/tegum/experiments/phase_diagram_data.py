"""What the claims about the phases of an extra feature are measured on, beside the maps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.starts import N_GROUPS
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.measure import feature_norm
from tegum.optima import find_optima
from tegum.phases import candidate_losses, pair_loss, phase_grid, superposition_boundary, triangle_loss
from tegum.problem import Axis, DescentSettings, Geometric, Grid, Problem, TrainSettings
from tegum.theory.exact_loss import exact_loss
from tegum.training import train

FACTORS = (0.4, 0.7, 0.85, 1.2, 2.0)
CORNERS = ((0.1, 0.02), (0.1, 0.5), (0.1, 2.0), (1.0, 2.0))


class ClaimSettings(FrozenRecord):
    """Which probabilities the claims are tried at; the experiment adds the resolution of its maps."""

    outcome_probabilities: tuple[float, ...]
    outcome_training: TrainSettings
    crossing_probabilities: tuple[float, ...]
    onset_probabilities: tuple[float, ...]
    n3_probabilities: tuple[float, ...]
    triangle_probabilities: tuple[float, ...]
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


def for_claims(settings: ClaimSettings, tell: Listener) -> dict[str, xr.Dataset]:
    """What the claims need beside the maps."""
    many = DescentSettings(n_starts=16)
    onset_importances = np.arange(0.5, 1.005, 0.01).round(2)
    return {
        "outcomes": _outcomes(settings, tell),
        "dense": train(
            Problem(n_features=20, n_hidden=5, feature_probability=1, importance=Geometric(ratio=0.7)),
            TrainSettings(n_steps=4000),
            n_models=N_GROUPS * 3,
            seed=settings.seed,
            progress=tell,
        ),
        "equal2": find_optima(phase_grid(2, (0.1, 0.7, 1.0), (1.0,)), many, progress=tell),
        "crossing": _crossing(settings.crossing_probabilities, many, tell),
        "onset": find_optima(phase_grid(2, settings.onset_probabilities, onset_importances), many, progress=tell),
        "boundary3": _boundary_of_three(settings.n3_probabilities, tell),
        "corners": find_optima(_corners(), many, progress=tell),
        "triangle": find_optima(phase_grid(3, (*settings.triangle_probabilities, 0.6), (1.0,)), many, progress=tell),
        "shapes": _shapes((0.1, 0.3, 0.6)),
    }


def _shapes(probabilities: tuple[float, ...]) -> xr.Dataset:
    """Lowest losses of a pair with a third feature, and of a triangle, of three equal features."""
    losses = {"pair": pair_loss(probabilities, (1.0,) * 3), "triangle": triangle_loss(probabilities, (1.0,) * 3)}
    return xr.Dataset(
        {name: ("feature_probability", loss) for name, loss in losses.items()},
        {"feature_probability": list(probabilities)},
    )


def _outcomes(settings: ClaimSettings, tell: Listener) -> xr.Dataset:
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


def _crossing(probabilities: Sequence[float], settings: DescentSettings, tell: Listener) -> xr.Dataset:
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
    data = find_optima(Grid(base, cell=Axis(labels=labels, fields=axis)), settings, progress=tell)
    stars = [superposition_boundary(p) for p in probabilities]
    lowest = data["loss"].isel(model=0).values.reshape(len(stars), len(factors))
    extra = np.abs(data["W"].isel(model=0).values[:, 1, 0]).reshape(len(stars), len(factors))
    where = ("feature_probability", "factor")
    return xr.Dataset(
        {"loss": (where, lowest), "extra_norm": (where, extra), "boundary": ("feature_probability", stars)},
        {"feature_probability": list(probabilities), "factor": list(factors)},
    )


def _boundary_of_three(probabilities: Sequence[float], tell: Listener) -> xr.Dataset:
    """I* of three features in two dimensions, by bisection on the exact optima, beside that of two features in one."""
    found = []
    for place, p in enumerate(probabilities):
        tell(Progress(place, len(probabilities)))
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
