"""What a dataset holds, in a few numbers for each cell."""

import json
from typing import Any

import numpy as np
import xarray as xr

from tegum.geometry import recognise
from tegum.measure import (
    best_model,
    coherence,
    dimensions_per_feature,
    feature_norm,
    lowest_loss,
    total_dimensionality,
)
from tegum.problem import Grid
from tegum.problem.profiles import describe
from tegum.store import provenance_of

_REPRESENTED = 0.5  # the norm above which a feature counts, as in tegum.measure.n_represented


def summary(dataset: xr.Dataset) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Facts about a dataset, and a row of measures of the lowest-loss model for each cell of its grid.

    The columns: the lowest loss and its standard error, the highest loss of the cell, the index of the best model; and
    of that model the number of features with norm > 1/2, the sum of all dimensionalities, D*, the coherence of the
    features with norm > 1/2 (the direction of a shorter one is mostly chance), and the shapes that its features form.
    What a cell lacks of the features and dimensions of the largest one counts for nothing.

    Args:
        dataset: what `load` returned.

    Returns:
        Names with values, and one dictionary for each cell. Where `train` did not make the dataset, or a selection has
        left out its weights or losses, there are no rows.

    Raises:
        FileError: the dataset's record of its training cannot be read.
    """
    if "problem" not in dataset.attrs:
        return {**{str(k): str(v) for k, v in dataset.attrs.items()}, **_variables(dataset)}, []
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
        "version": dataset.attrs.get("tegum_version", "unknown"),
    }
    if not _has_models(dataset):
        return facts | _variables(dataset), []
    return facts, _rows(dataset, made.grid)


def attributes(dataset: xr.Dataset) -> dict[str, Any]:
    """The attributes of a dataset as JSON can hold them; those that are JSON already are read."""
    return {str(name): _plain(value) for name, value in dataset.attrs.items()}


def _plain(value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        return value


def _variables(dataset: xr.Dataset) -> dict[str, str]:
    return {
        str(name): f"({', '.join(map(str, variable.dims))}) {variable.dtype}"
        for name, variable in dataset.data_vars.items()
    }


def _has_models(dataset: xr.Dataset) -> bool:
    measured = {"W", "loss", "loss_standard_error"} <= set(dataset.data_vars)
    return measured and {"feature", "hidden"} <= set(dataset["W"].dims) and 0 not in dataset["W"].shape


def _default(made: Any, name: str) -> Any:
    return type(made.settings).model_fields[name].default


def _rows(dataset: xr.Dataset, grid: Grid) -> list[dict[str, Any]]:
    """Where each cell lies and what was measured there; a selection may be down to one cell, or one model."""
    if "model" not in dataset["loss"].dims:
        dataset = dataset.expand_dims("model")
    columns = _measured(dataset, grid)
    dims = [str(dim) for dim in columns["loss"].dims]
    names = [axis.name for axis in grid.axes if axis.name in dataset.coords]
    selected = {name: dataset[name].item() for name in names if not dataset[name].dims}
    places = np.ndindex(*columns["loss"].shape)
    cells = zip(*(column.transpose(*dims).values.ravel().tolist() for column in columns.values()), strict=True)
    return [
        selected
        | {dim: _coordinate(dataset, dim, i) for dim, i in zip(dims, place, strict=True)}
        | dict(zip(columns, cell, strict=True))
        for place, cell in zip(places, cells, strict=True)
    ]


def _coordinate(dataset: xr.Dataset, dim: str, index: int) -> Any:
    """The value on an axis; the place in brackets if the coordinate was dropped."""
    return dataset[dim].values[index].item() if dim in dataset.coords else f"[{index}]"


def _measured(dataset: xr.Dataset, grid: Grid) -> dict[str, xr.DataArray]:
    best = lowest_loss(dataset[["W", "loss", "loss_standard_error"]])
    W = best["W"]
    n_features, n_hidden = _size(dataset, grid, "n_features"), _size(dataset, grid, "n_hidden")
    represented = feature_norm(W) > _REPRESENTED
    return {
        "loss": best["loss"],
        "loss_standard_error": best["loss_standard_error"],
        "highest_loss": dataset["loss"].where(np.isfinite).max("model"),  # infinite where there are fewer optima
        "best_model": best_model(dataset),
        "n_represented": represented.sum("feature"),
        "total_dimensionality": total_dimensionality(W),
        "dimensions_per_feature": dimensions_per_feature(W) * (n_hidden / W.sizes["hidden"]),
        "coherence": coherence(W.where(represented, 0.0)),
        "geometry": xr.apply_ufunc(
            _geometry,
            W,
            n_features,
            input_core_dims=[["feature", "hidden"], []],
            vectorize=True,
            output_dtypes=[object],
        ),
    }


def _size(dataset: xr.Dataset, grid: Grid, name: str) -> xr.DataArray:
    """The n or m of each cell; small cells of a grid over it are filled up with zeros to the largest."""
    return dataset[name] if name in dataset.coords else xr.DataArray(getattr(grid.problem, name))


def _geometry(W: np.ndarray, n_features: int) -> str:
    return str(recognise(W[: int(n_features)]))
