"""From a dataset to what one panel shows: the cells of its grid, in order and in words."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from tegum.ground.errors import InputError
from tegum.plot.labels import name_value

REPRESENTED_NORM: Final = 0.5
"""A feature counts as represented if the norm of its direction is above this: trained norms are near 0 or near 1."""


class Cell(NamedTuple):
    """One cell of a grid: its coordinates in words and its data, without grid dimensions."""

    title: str
    data: xr.Dataset


def grid_dimensions(dataset: xr.Dataset, *, at_most: int) -> tuple[str, ...]:
    """The names of the grid's dimensions in order, refused if there are more than the figure can show.

    Args:
        dataset: what `tegum.train` returns.
        at_most: the number of grid dimensions that the caller can show.

    Raises:
        InputError: if there are more, or if the dataset has no losses by which to choose among its models.
    """
    if "loss" not in dataset or "model" not in dataset["loss"].dims:
        raise InputError(
            f"a figure needs a variable 'loss' with a dimension 'model', to choose the best model; got the dimensions "
            f"{dict(dataset.sizes)} and the variables {sorted(map(str, dataset.data_vars))}. Pass what tegum.train "
            "returned; to keep only some models use .isel(model=[0, 2]), which keeps the dimension."
        )
    names = tuple(str(name) for name in dataset["loss"].dims if name != "model")
    if len(names) > at_most:
        first = dataset[names[0]].to_numpy()[0].item()
        raise InputError(
            f"the dataset has {len(names)} grid dimensions ({', '.join(names)}); expected at most {at_most} for this "
            f"figure. Select a value of each of the others first, as in dataset.sel({names[0]}={first!r})."
        )
    return names


def cells(dataset: xr.Dataset, names: tuple[str, ...]) -> Iterator[Cell]:
    """Every cell of the grid whose dimensions are `names`, the first of them slowest."""
    for index in np.ndindex(*(dataset.sizes[name] for name in names)):
        where = dict(zip(names, index, strict=True))
        words = (name_value(name, dataset[name].to_numpy()[i]) for name, i in where.items())
        yield Cell(", ".join(words), dataset.isel(where))
