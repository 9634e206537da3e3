"""The lowest-loss model: what to look at where training may end in several kinds of solution."""

import numpy as np
import xarray as xr


def best_model(dataset: xr.Dataset) -> xr.DataArray:
    """Index of the lowest-loss model, for each cell of a grid.

    Args:
        dataset: has `loss` (grid..., model). A loss that is not a number is never chosen while there is another.

    Returns:
        Integers (grid...).

    Example:
        >>> dataset = xr.Dataset({"loss": (("cell", "model"), [[2.0, 1.0], [np.nan, 3.0]])})
        >>> best_model(dataset).values
        array([1, 1])
    """
    return dataset["loss"].fillna(np.inf).argmin("model")


def lowest_loss(dataset: xr.Dataset) -> xr.Dataset:
    """The lowest-loss model of each cell; the dimension `model` is gone.

    Args:
        dataset: what `train` returned, or a selection that still has the dimension `model`.

    Returns:
        The same variables for one model per cell.

    Example:
        >>> dataset = xr.Dataset({"loss": ("model", [2.0, 1.0]), "W": (("model", "feature"), [[5], [7]])})
        >>> lowest_loss(dataset)["W"].values
        array([7])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, who show the lowest-loss model of several runs.
    """
    return dataset.isel(model=best_model(dataset))
