"""Curves over feature probability, several datasets in one picture."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tegum.ground.errors import InputError
from tegum.measure import best_model, n_represented
from tegum.plot.axes import over_sparsity
from tegum.plot.cells import REPRESENTED_NORM, grid_dimensions
from tegum.plot.labels import describe_problem, heading
from tegum.plot.style import FAINT, OKABE_ITO, styled

_FIELD: Final = "feature_probability"
_MARKERS: Final = "osD^vPX"  # a second sign beside the colour, one for each of OKABE_ITO


@styled()
def represented_against_probability(datasets: Mapping[str, xr.Dataset]) -> Figure:
    """The number of features with a norm above 1/2, against 1/p. More features than dimensions is superposition.

    Every model is a faint dot; a line joins the lowest-loss models. The dashed line is the number of hidden dimensions.

    Args:
        datasets: from `tegum.train`, each with the one grid dimension `feature_probability`. The keys are their
            labels in the figure, such as "linear" and "ReLU". At most seven.

    Returns:
        A figure with one colour for each dataset.

    Raises:
        InputError: if there are no datasets or too many, or one has other grid dimensions, or a probability of 0.

    Example:
        >>> W = xr.DataArray(np.eye(3)[np.newaxis, np.newaxis, :, :2], dims=(_FIELD, "model", "feature", "hidden"))
        >>> dataset = xr.Dataset({"W": W, "loss": ((_FIELD, "model"), [[0.1]])}, coords={_FIELD: [0.05]})
        >>> best = represented_against_probability({"relu": dataset}).axes[0].lines[1]
        >>> best.get_xydata().tolist()
        [[20.0, 2.0]]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on feature sparsity.
    """
    figure, ax, datasets = _over_probability(datasets)
    for number, (label, dataset) in enumerate(datasets.items()):
        count = n_represented(dataset["W"], threshold=REPRESENTED_NORM)
        _series(ax, number, label, count, best=best_model(dataset))
    for n_hidden in sorted({dataset.sizes["hidden"] for dataset in datasets.values()}):
        ax.axhline(n_hidden, color=FAINT, linewidth=1.0, linestyle="--", label=f"m = {n_hidden} dimensions", zorder=1)
    ax.set(ylabel="features with norm > 1/2", ylim=(0.0, None))
    over_sparsity(ax)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@styled()
def loss_ratio_against_probability(datasets: Mapping[str, xr.Dataset]) -> Figure:
    """The loss as a share of the best that any linear model could reach, against 1/p. Below 1, superposition pays.

    Every model is a faint dot; a line joins the lowest-loss models, with bars of two standard errors of the loss.

    Args:
        datasets: as for `represented_against_probability`, each with a further variable `linear_optimum`, the least
            expected loss of a linear model with the same n, m, p and importances, in the unit of `loss`.

    Returns:
        A figure with one colour for each dataset.

    Raises:
        InputError: as for `represented_against_probability`, or if `linear_optimum` is missing or not positive.

    Example:
        >>> where = (_FIELD, "model")
        >>> losses = {"loss": (where, [[0.002]]), "loss_standard_error": (where, [[0.0001]])}
        >>> dataset = xr.Dataset({**losses, "linear_optimum": (_FIELD, [0.01])}, coords={_FIELD: [0.05]})
        >>> loss_ratio_against_probability({"relu": dataset}).axes[0].lines[1].get_ydata().tolist()
        [0.2]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, on the linear model; Saxe et al. 2014 for its loss.
    """
    figure, ax, datasets = _over_probability(datasets, "bars: two standard errors")
    for number, (label, dataset) in enumerate(datasets.items()):
        if "linear_optimum" not in dataset or not bool((dataset["linear_optimum"] > 0.0).all()):
            raise InputError(
                f"the dataset {label!r} needs a positive variable 'linear_optimum' over {_FIELD}; "
                "add it with dataset.assign(linear_optimum=...). It is zero if n <= m, and then there is no ratio."
            )
        ratio, error = (dataset[name] / dataset["linear_optimum"] for name in ("loss", "loss_standard_error"))
        _series(ax, number, label, ratio, best=best_model(dataset), error=2.0 * error)
    ax.axhline(1.0, color=FAINT, linewidth=1.0, linestyle="--", label="best linear model", zorder=1)
    ax.set(ylabel="loss / least linear loss", ylim=(0.0, None))
    over_sparsity(ax)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _over_probability(datasets: Mapping[str, xr.Dataset], *notes: str) -> tuple[Figure, Axes, dict[str, xr.Dataset]]:
    """An empty picture over 1/p with a heading of what the datasets share, and the datasets in order."""
    if not 0 < len(datasets) <= len(OKABE_ITO):
        raise InputError(
            f"got {len(datasets)} datasets; expected 1 to {len(OKABE_ITO)}, as in {{'relu': dataset}}. "
            "More colours could not be told apart: make a second figure."
        )
    ordered = {label: _from_dense_to_sparse(label, dataset) for label, dataset in datasets.items()}
    figure = Figure(figsize=(5.8, 3.2), layout="constrained")
    ax = figure.subplots()
    problems = {label: describe_problem(dataset) for label, dataset in datasets.items()}
    same = len(set(problems.values())) == 1
    parts = [*problems.values()][:1] if same else [f"{label}: {problem}" for label, problem in problems.items()]
    ax.set_title(heading(*parts, ", ".join(("lines: lowest loss", "dots: all models", *notes)), width=5.4))
    return figure, ax, ordered


def _from_dense_to_sparse(label: str, dataset: xr.Dataset) -> xr.Dataset:
    """The dataset in order of 1/p, refused if it has no such axis."""
    names = grid_dimensions(dataset, at_most=1)
    values = dataset[_FIELD].to_numpy() if _FIELD in dataset.coords else np.array([])
    if names != (_FIELD,) or not np.issubdtype(values.dtype, np.number) or not np.all(values > 0.0):
        raise InputError(
            f"the dataset {label!r} has the grid dimensions {names or 'none'}; expected one, {_FIELD!r}, "
            "with positive numbers. Train over a grid of them, or select one value of every other dimension with .sel."
        )
    return dataset.sortby(_FIELD, ascending=False)


def _series(
    ax: Axes,
    number: int,
    label: str,
    values: xr.DataArray,
    *,
    best: xr.DataArray,
    error: xr.DataArray | None = None,
) -> None:
    """One dataset: every model as a faint dot, the lowest-loss models joined by a line."""
    values = values.transpose(_FIELD, "model")
    x = 1.0 / values[_FIELD].to_numpy().astype(np.float64)
    line = values.isel(model=best)
    colour, marker = OKABE_ITO[number], _MARKERS[number]
    n_models = values.sizes["model"]
    words = f"{label}, {n_models} model{'s' if n_models > 1 else ''}"
    ax.plot(x, values, color=colour, marker=marker, linestyle="none", markersize=4.5, markeredgewidth=0.0, alpha=0.25)
    ax.plot(x, line, color=colour, marker=marker, markersize=3.5, linewidth=1.2, label=words)
    if error is not None:
        ax.errorbar(x, line, yerr=error.isel(model=best), fmt="none", ecolor=colour, elinewidth=1.0)
