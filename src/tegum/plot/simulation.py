"""A network simulated in fewer dimensions: errors against width."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.plot.style import FAINT, OKABE_ITO, styled

_LAYERS = ("stored, read off", "after 1 layer", "after {} layers")
_MARKERS = "osD^v"


@styled()
def simulation_error(dataset: xr.Dataset) -> Figure:
    """Mean squared error of silent neurons against width, measured and from the formula.

    Args:
        dataset: `error` over (n_hidden, layer, model) and `relu_formula` over (n_hidden, layer), with n_features and
            n_active in its attributes.

    Returns:
        A figure with one panel and a colour for each layer.

    Example:
        >>> dims = ("n_hidden", "layer", "model")
        >>> columns = {"error": (dims, [[[0.1]], [[0.05]]]), "relu_formula": (dims[:2], [[0.1], [0.05]])}
        >>> coords = {"n_hidden": [64, 128], "layer": [0]}
        >>> dataset = xr.Dataset(columns, coords, attrs={"n_features": 256, "n_active": 4.0})
        >>> simulation_error(dataset).axes[0].lines[-1].get_ydata().tolist()
        [0.1, 0.05]

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.4, 3.3), layout="constrained")
    ax = figure.subplots()
    _layers(ax, dataset, "error", "relu_formula")
    ax.set(ylabel="mean squared error of silent neurons", title=_title(dataset, "plain ReLUs"))
    _logarithmic(ax, dataset["n_hidden"].values)
    ax.legend()
    return figure


@styled()
def wrong_neurons_against_width(dataset: xr.Dataset, sizes: xr.Dataset) -> Figure:
    """Wrong neurons against width, and at the least sufficient width for networks of several sizes.

    Args:
        dataset: `wrong` over (n_hidden, layer, model), `wrong_formula` over (n_hidden, layer) and `least_width`, with
            n_features and n_active in its attributes.
        sizes: `wrong` and `wrong_third` over (n_features, model), and `least`, the width, over n_features.

    Returns:
        A figure with two panels.

    Example:
        >>> dims = ("n_hidden", "layer", "model")
        >>> columns = {"wrong": (dims, [[[5]], [[1]]]), "wrong_formula": (dims[:2], [[5], [1]]), "least_width": 128}
        >>> coords = {"n_hidden": [64, 128], "layer": [0]}
        >>> dataset = xr.Dataset(columns, coords, attrs={"n_features": 256, "n_active": 4.0})
        >>> over = (("n_features", "model"), [[0.1]])
        >>> columns = {"wrong": over, "wrong_third": over, "least": ("n_features", [300])}
        >>> sizes = xr.Dataset(columns, {"n_features": [256]})
        >>> len(wrong_neurons_against_width(dataset, sizes).axes)
        2

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.8, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    _layers(left, dataset, "wrong", "wrong_formula")
    left.axhline(1.0, color=FAINT, linewidth=0.8)
    width = float(dataset["least_width"])
    left.axvline(width, color=FAINT, linewidth=0.8, linestyle=":", label=f"one wrong at m = {width:.0f}")
    left.set(ylabel="wrong neurons per input", title=_title(dataset, "fire above 1/2"))
    _logarithmic(left, dataset["n_hidden"].values)
    least = 0.3 / (dataset.sizes["model"] * 100)
    left.set_ylim(bottom=max(least, 1e-3), top=2 * float(dataset["wrong"].max()))
    left.legend()
    n = sizes["n_features"].values
    for number, (name, label) in enumerate(
        (("wrong", "m for one wrong (formula)"), ("wrong_third", "a third of that"))
    ):
        values = sizes[name].transpose("n_features", "model")
        right.plot(n, values.values, _MARKERS[number], color=OKABE_ITO[3 + number], markersize=3, alpha=0.3)
        mean = values.mean("model").values
        right.plot(n, mean, _MARKERS[number] + "-", color=OKABE_ITO[3 + number], markersize=4, label=label)
    right.axhline(1.0, color=FAINT, linewidth=0.8)
    right.set(xscale="log", yscale="symlog", xlabel="neurons n   (and that m)", ylim=(-0.1, None))
    right.set_xticks(n, [f"{size}\n({int(m)})" for size, m in zip(n, sizes["least"].values, strict=True)])
    right.minorticks_off()
    right.set(ylabel="wrong neurons per input, last layer")
    right.legend()
    return figure


def _layers(ax: Axes, dataset: xr.Dataset, name: str, formula: str) -> None:
    """Every network a faint dot, the mean over networks larger, the formula a line."""
    m = dataset["n_hidden"].values
    for number, layer in enumerate(dataset["layer"].values):
        colour, marker = OKABE_ITO[number % len(OKABE_ITO)], _MARKERS[number % len(_MARKERS)]
        at = dataset.sel(layer=layer)
        values = at[name].transpose("n_hidden", "model")
        ax.plot(m, values.values, marker, color=colour, markersize=2.5, alpha=0.25, markeredgewidth=0)
        label = _LAYERS[min(number, 2)].format(layer)
        # the first layer's error equals that of storage: a ring, so that both are seen
        ring: dict[str, Any] = {"markerfacecolor": "none", "markersize": 7.0} if number == 0 else {"markersize": 4.5}
        ax.plot(m, values.mean("model").values, marker, color=colour, label=label, **ring)
        ax.plot(m, at[formula].values, color=colour, linewidth=1.0, linestyle="-" if number else "--")


def _title(dataset: xr.Dataset, what: str) -> str:
    return (
        f"n = {dataset.attrs['n_features']} neurons, k = {dataset.attrs['n_active']:.3g} active, {what}; lines: formula"
    )


def _logarithmic(ax: Axes, widths: np.ndarray) -> None:
    ax.set(xscale="log", yscale="log", xlabel="dimensions m")
    ax.set_xticks(widths, [str(m) for m in widths])
    ax.minorticks_off()
