"""What a dataset holds, in a few numbers for each cell."""

import json
from typing import Any

import numpy as np
import xarray as xr

from tegum.measure import (
    best_model,
    coherence,
    dimensions_per_feature,
    lowest_loss,
    n_represented,
    total_dimensionality,
)
from tegum.problem.profiles import describe
from tegum.store import provenance_of


def summary(dataset: xr.Dataset) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Facts about a dataset, and a row of measures of the lowest-loss model for each cell of its grid.

    The columns: the lowest loss and its standard error, the highest loss of the cell, the index of the best model, and
    of that model the number of features with norm > 1/2, the sum of their dimensionalities, D* and the coherence.

    Args:
        dataset: what `load` returned.

    Returns:
        Names with values, and one dictionary for each cell; for a dataset that `train` did not make, the facts are its
        variables and there are no rows.

    Raises:
        FileError: the dataset's record of its training cannot be read.
    """
    if "problem" not in dataset.attrs:
        facts = {str(name): f"{variable.dims} {variable.dtype}" for name, variable in dataset.data_vars.items()}
        return {**{str(k): str(v) for k, v in dataset.attrs.items()}, **facts}, []
    made = provenance_of(dataset)
    changed = {
        name: value for name, value in json.loads(made.settings.to_json()).items() if value != _default(made, name)
    }
    facts = {
        "problem": ", ".join(f"{name} {describe(value)}" for name, value in made.grid.problem),
        "varied": ", ".join(f"{axis.name} ({len(axis)})" for axis in made.grid.axes) or "nothing",
        "settings": ", ".join(f"{name} {value}" for name, value in changed.items()) or "defaults",
        "models per cell": made.n_models,
        "seed": made.seed,
        "kernel": made.kernel,
        "version": dataset.attrs["tegum_version"],
    }
    return facts, [_row(cell, where) for where, cell in _cells(dataset)]


def _default(made: Any, name: str) -> Any:
    return type(made.settings).model_fields[name].default


def _cells(dataset: xr.Dataset) -> list[tuple[dict[str, Any], xr.Dataset]]:
    dims = [str(dim) for dim in dataset["loss"].dims if dim != "model"]
    places = [dict(zip(dims, index, strict=True)) for index in np.ndindex(*(dataset.sizes[dim] for dim in dims))]
    return [({dim: dataset[dim].values[i].item() for dim, i in place.items()}, dataset.isel(place)) for place in places]


def _row(cell: xr.Dataset, where: dict[str, Any]) -> dict[str, Any]:
    best = lowest_loss(cell)
    W = best["W"]
    return where | {
        "loss": float(best["loss"]),
        "±": float(best["loss_standard_error"]),
        "highest": float(cell["loss"].max()),
        "model": int(best_model(cell)),
        "features": int(n_represented(W)),
        "sum D": float(total_dimensionality(W)),
        "D*": float(dimensions_per_feature(W)),
        "coherence": float(coherence(W)),
    }
