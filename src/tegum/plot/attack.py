"""What attacks do, against the sparsity of features."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.measure.best import best_model
from tegum.plot.axes import over_sparsity
from tegum.plot.labels import describe_problem
from tegum.plot.style import FAINT, OKABE_ITO, styled

_FIELD = "feature_probability"


@styled()
def vulnerability_against_probability(dataset: xr.Dataset) -> Figure:
    """Excess loss under attack against 1/p, with the number of features per dimension.

    Args:
        dataset: `blind`, `informed`, `gated`, `features_per_dimension` and `loss` over (feature_probability, model).

    Returns:
        A figure with one panel: dots are models, lines join those of the lowest loss.

    Example:
        >>> names = ("blind", "informed", "gated", "features_per_dimension", "loss")
        >>> columns = {name: (("feature_probability", "model"), [[1.0], [2.0]]) for name in names}
        >>> dataset = xr.Dataset(columns, {"feature_probability": [1.0, 0.1]})
        >>> vulnerability_against_probability(dataset).axes[0].lines[0].get_ydata().tolist()
        [1.0, 2.0]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on adversarial vulnerability.
    """
    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    ax = figure.subplots()
    _line(ax, dataset, "features_per_dimension", FAINT, "features per dimension, |W|²/m", style="--")
    _line(ax, dataset, "gated", FAINT, "open ReLUs only (formula)", style=":")
    _models(ax, dataset, "blind", OKABE_ITO[0], "o", "one attack for all inputs")
    _models(ax, dataset, "informed", OKABE_ITO[1], "s", "an attack for each input")
    _finish(figure, ax, dataset)
    ax.set(yscale="log", ylabel="excess loss / that without superposition")
    return figure


@styled()
def gradients_against_probability(dataset: xr.Dataset) -> Figure:
    """Where gradients vanish, and what attacks along them achieve, against 1/p.

    Args:
        dataset: `closed_outputs`, `blind_inputs`, `rise`, `blind`, `gradient_step`, `gradient_climb` and `loss` over
            (feature_probability, model).

    Returns:
        A figure with two panels.

    Example:
        >>> names = ("closed_outputs", "blind_inputs", "rise", "blind", "gradient_step", "gradient_climb", "loss")
        >>> columns = {name: (("feature_probability", "model"), [[0.5], [1.0]]) for name in names}
        >>> dataset = xr.Dataset(columns, {"feature_probability": [1.0, 0.1]})
        >>> len(gradients_against_probability(dataset).axes)
        2

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.6, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _models(left, dataset, "closed_outputs", OKABE_ITO[0], "o", "outputs that are closed")
    _models(left, dataset, "blind_inputs", OKABE_ITO[1], "s", "inputs without a gradient")
    _models(left, dataset, "rise", OKABE_ITO[2], "D", "rise of one output, gradient / computed")
    left.set(ylabel="share", ylim=(-0.02, 1.05))
    _models(right, dataset, "blind", OKABE_ITO[0], "o", "computed attacks")
    _models(right, dataset, "gradient_step", OKABE_ITO[3], "s", "one gradient step")
    _models(right, dataset, "gradient_climb", OKABE_ITO[4], "D", "gradient ascent")
    right.set(ylabel="excess loss, one attack for all inputs", ylim=(0, None))
    for ax in (left, right):
        over_sparsity(ax, directions=False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1)
    figure.suptitle(describe_problem(dataset))
    return figure


def _finish(figure: Figure, ax: Axes, dataset: xr.Dataset) -> None:
    over_sparsity(ax)
    n_models = dataset.sizes["model"]
    ax.set_title(
        f"{describe_problem(dataset)}; dots: {n_models} model{'s' if n_models > 1 else ''}, lines: lowest loss"
    )
    figure.legend(loc="outside lower center", ncols=2)


def _line(ax: Axes, dataset: xr.Dataset, name: str, colour: str, label: str, *, style: str) -> None:
    best = dataset[name].isel(model=best_model(dataset))
    ax.plot(1 / dataset[_FIELD].values, best.values, style, color=colour, linewidth=1.2, label=label)


def _models(ax: Axes, dataset: xr.Dataset, name: str, colour: str, marker: str, label: str) -> None:
    values = dataset[name].transpose(_FIELD, "model")
    x = 1 / dataset[_FIELD].values.astype(np.float64)
    ax.plot(x, values.values, linestyle="none", marker=marker, markersize=3, color=colour, alpha=0.3, markeredgewidth=0)
    ax.plot(
        x,
        values.isel(model=best_model(dataset)).values,
        marker=marker,
        markersize=4,
        color=colour,
        linewidth=1.2,
        label=label,
    )
