"""Statistics of the lowest-loss model, with an interval over disjoint groups of starts."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate, group_estimate
from tegum.measure.best import lowest_loss

N_GROUPS = 3

Statistic = Callable[[xr.Dataset], float]


def groups(cell: xr.Dataset) -> list[xr.Dataset]:
    """The lowest-loss model of each of three disjoint groups of starts, the best of all first.

    Args:
        cell: one cell of a grid, with the dimension `model`; its length must be a multiple of three.
    """
    size, rest = divmod(cell.sizes["model"], N_GROUPS)
    if rest or not size:
        raise InputError(f"{cell.sizes['model']} models cannot be split into {N_GROUPS} equal groups of starts.")
    best = [lowest_loss(cell.isel(model=slice(size * g, size * (g + 1)))) for g in range(N_GROUPS)]
    return sorted(best, key=lambda model: float(model["loss"]))


def over_groups(cell: xr.Dataset, statistic: Statistic) -> Estimate:
    """A property of the lowest-loss model; its interval runs from the least to the greatest over the groups."""
    values = [statistic(model) for model in groups(cell)]
    return group_estimate(values[0], values)


def in_groups(cell: xr.Dataset, property_: Callable[[xr.Dataset], bool]) -> list[bool]:
    """Whether a property holds, for the lowest-loss model of each group."""
    return [bool(property_(model)) for model in groups(cell)]


def weights(model: xr.Dataset) -> np.ndarray:
    """W of one model, float64 (n_features, n_hidden)."""
    return model["W"].transpose("feature", "hidden").values.astype(np.float64)
