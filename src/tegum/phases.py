"""Layer 6: phases of an extra feature, from candidate solutions (n = 2 in m = 1, and n = 3 in m = 2).

All features but the last have importance 1; the last, the extra one, has importance I. Candidates are arrangements
whose scales and biases are optimised on the exact loss. In three features and two dimensions all but the triangle fall
apart into orthogonal subspaces, so their losses are those of two features in one dimension.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from tegum.geometry import overlap
from tegum.ground.errors import InputError
from tegum.measure import feature_norm, interference, lowest_loss
from tegum.problem import Axis, DescentSettings, Grid, Problem

Values = Sequence[float] | np.ndarray

_TRIANGLE_COSINE = -0.2  # all three are below it in a triangle (-1/2 if regular), and one is 0 in "pair and point"
_PRESENT = 0.3  # a norm above it counts: at the transitions norms jump between 0 and about 0.6
IGNORED, SUPERPOSED, DEDICATED, DEDICATED_OTHERS_PAIRED, TRIANGLE = (
    "ignored",
    "superposed",
    "dedicated",
    "dedicated, others paired",
    "triangle",
)


def phase_grid(n_features: int, probabilities: Values, importances: Values) -> Grid:
    """Problems over p and the importance of the extra feature.

    Args:
        n_features: 2 (in one dimension) or 3 (in two).
        probabilities: p of every feature.
        importances: I of the last feature; the others have 1.

    Returns:
        A grid with the axes `feature_probability` and `relative_importance`.

    Raises:
        InputError: n_features is not 2 or 3.

    Example:
        >>> phase_grid(2, [0.1, 1.0], [0.5, 1.0, 2.0]).shape
        (2, 3)

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section Superposition as a Phase Change.
    """
    if n_features not in (2, 3):
        raise InputError(f"phases are mapped for 2 features in 1 dimension and 3 in 2; got n_features={n_features}.")
    others = (1.0,) * (n_features - 1)
    return Grid(
        Problem(n_features=n_features, n_hidden=n_features - 1, feature_probability=0.1),
        feature_probability=list(probabilities),
        relative_importance=Axis(
            labels=list(importances), fields={"importance": [(*others, float(value)) for value in importances]}
        ),
    )


def pair_loss(probabilities: Values, importances: Values) -> np.ndarray:
    """Least exact loss of an antipodal pair of importances 1 and I in one dimension.

    Args:
        probabilities: p of both features, (n_cells,).
        importances: I of the second, (n_cells,).

    Returns:
        (n_cells,), loss of the optimum to which the pairs (1, -0.7) and (1, -1) descend; infinite where they cease to
        be pairs on the way, so that no pair is an optimum.

    Example: at p = 0.1 an optimised pair costs 0.1077 of a feature's variance.
        >>> variance = 0.1 / 3 - 0.1**2 / 4
        >>> float((pair_loss([0.1], [1.0]) / variance).round(4)[0])
        0.1077
    """
    start = np.array([[1.0, -0.7, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0]])
    W, loss = _descended(2, probabilities, importances, start)
    return np.where(np.abs(W).min(axis=(1, 2)) > _PRESENT, loss, np.inf)


def triangle_loss(probabilities: Values, importances: Values) -> np.ndarray:
    """Least exact loss of three features as a triangle in the plane, importances (1, 1, I).

    Arguments and result are those of `pair_loss`.
    """
    angles = 2 * np.pi * np.arange(3) / 3
    start = np.concatenate([np.stack([np.cos(angles), np.sin(angles)], 1).ravel(), np.full(3, -0.1)])
    W, loss = _descended(3, probabilities, importances, start[None])
    return np.where(overlap(W)[:, *np.triu_indices(3, 1)].max(axis=-1) < _TRIANGLE_COSINE, loss, np.inf)


def _descended(n: int, probabilities: Values, importances: Values, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from tegum.kernels.exact import find

    problems = [
        Problem(
            n_features=n, n_hidden=n - 1, feature_probability=float(p), importance=(*(1.0,) * (n - 1), float(value))
        )
        for p, value in zip(probabilities, importances, strict=True)
    ]
    every = np.broadcast_to(starts, (len(problems), *starts.shape))
    settings = DescentSettings(n_starts=len(starts), n_optima=1)
    optima = find(problems, settings, seed=0, starts=every)
    return optima.W[:, 0], optima.loss[:, 0]


def candidate_losses(n_features: int, probabilities: Values, importances: Values) -> xr.Dataset:
    """Losses of the candidate arrangements over p and I.

    Args:
        n_features: 2 or 3, as in `phase_grid`.
        probabilities: p of every feature.
        importances: I of the extra feature.

    Returns:
        Dataset with `loss` over (feature_probability, relative_importance, candidate).

    Raises:
        InputError: n_features is not 2 or 3.

    Example:
        >>> losses = candidate_losses(2, [0.1], [0.01, 1.0, 100.0])["loss"]
        >>> losses.idxmin("candidate").values.ravel().tolist()
        ['ignored', 'superposed', 'dedicated']
    """
    phase_grid(n_features, probabilities[:1], importances[:1])
    p, value = (a.ravel() for a in np.meshgrid(probabilities, importances, indexing="ij"))
    variance = p / 3 - p**2 / 4
    losses = {IGNORED: value * variance, SUPERPOSED: pair_loss(p, value), DEDICATED: variance}
    if n_features == 3:
        losses[DEDICATED_OTHERS_PAIRED] = pair_loss(p, np.ones_like(p))
        losses[TRIANGLE] = triangle_loss(p, value)
    shape = (len(probabilities), len(importances), len(losses))
    return xr.Dataset(
        {
            "loss": (
                ("feature_probability", "relative_importance", "candidate"),
                np.stack(list(losses.values()), -1).reshape(shape),
            )
        },
        {
            "feature_probability": list(probabilities),
            "relative_importance": list(importances),
            "candidate": list(losses),
        },
    )


def superposition_boundary(feature_probability: float) -> float:
    """Importance I* at which storing the extra feature in superposition begins to beat ignoring it (n = 2, m = 1).

    Args:
        feature_probability: p of both features, in (0, 0.55].

    Returns:
        I*, to 1e-6; the boundary to "dedicated" is at 1 / I* by symmetry.

    Raises:
        InputError: p is outside the range in which the transition is of first order.

    Example:
        >>> round(superposition_boundary(0.1), 4)
        0.0487

    Source:
        Ours; the unoptimised boundary (p/6) / (1/3 - p/4 - p/6) is that of unit weights and zero bias.
    """
    p = feature_probability
    if not 0 < p <= 0.55:
        raise InputError(
            f"feature_probability must lie in (0, 0.55]; got {p:g}. Above that the extra feature enters continuously, "
            "and a crossing with the pair soon ceases to exist."
        )
    variance = p / 3 - p**2 / 4

    def gain(value: float) -> float:
        pair = float(pair_loss([p], [value])[0] / variance)
        return pair - value if np.isfinite(pair) else value

    unit = (p / 6) / (1 / 3 - p / 4 - p / 6)
    root: Any = brentq(gain, 0.3 * unit, min(1.2 * unit, 1.0), xtol=1e-9)
    return float(root)


def phase_of(dataset: xr.Dataset) -> xr.DataArray:
    """What became of the extra (last) feature in the lowest-loss model of each cell.

    Args:
        dataset: from `train` or `find_optima` over a `phase_grid`.

    Returns:
        "ignored", "superposed" or "dedicated" over the grid. Dedicated means that its direction meets no other: the
        summed interference with it is below 0.1.

    Example:
        >>> W = xr.DataArray([[[1.0], [-0.7]]], dims=("model", "feature", "hidden"))
        >>> str(phase_of(xr.Dataset({"W": W, "loss": ("model", [1.0])})).values)
        'superposed'
    """
    W = lowest_loss(dataset)["W"]
    norm = feature_norm(W).isel(feature=-1)
    alone = interference(W).isel(feature=-1) < 0.1
    outcome = xr.where(norm <= _PRESENT, IGNORED, xr.where(alone, DEDICATED, SUPERPOSED))
    return outcome.rename("phase")
