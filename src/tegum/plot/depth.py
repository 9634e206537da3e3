"""Noise over layers: by rule, by load, and for a corrector in superposition."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tegum.ground.estimate import mean_estimate
from tegum.plot.style import FAINT, OKABE_ITO, dark_part, styled

_MARKERS = "osD^v<>P"
_DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))


@styled()
def layer_noise(dataset: xr.Dataset) -> Figure:
    """Mean square of inactive features and variance of active ones, layer by layer, for each update rule.

    Args:
        dataset: `inactive_square` and `active_variance` over (rule, n_active, model, layer), of which the first load is
            drawn, and `theory_...` of both over (rule, layer); n_features and n_hidden in its attributes.

    Returns:
        A figure with two panels.

    Example:
        >>> dims = ("rule", "n_active", "model", "layer")
        >>> each = (dims, [[[[0.1, 0.2]]]])
        >>> line = (("rule", "layer"), [[0.1, 0.2]])
        >>> columns = {"inactive_square": each, "active_variance": each}
        >>> columns |= {f"theory_{name}": line for name in list(columns)}
        >>> coords = {"rule": ["gate"], "n_active": [8], "layer": [1, 2]}
        >>> len(layer_noise(xr.Dataset(columns, coords, attrs={"n_features": 1000, "n_hidden": 500})).axes)
        2

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for ax, statistic, label in (
        (left, "inactive_square", "mean square of inactive features"),
        (right, "active_variance", "variance of active features"),
    ):
        _rules(ax, dataset, statistic)
        ax.set(yscale="log", xlabel="layer", ylabel=label, ylim=(1e-6, 1e3))
    figure.suptitle(_title(dataset))
    figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
    return figure


@styled()
def layer_wrong(dataset: xr.Dataset) -> Figure:
    """Wrong features per input, layer by layer, for each update rule.

    Args:
        dataset: `wrong` over (rule, n_active, model, layer), of which the first load is drawn, and `theory_wrong` over
            (rule, layer); n_features and n_hidden in its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> columns = {
        ...     "wrong": (("rule", "n_active", "model", "layer"), [[[[0.1, 0.2]]]]),
        ...     "theory_wrong": (("rule", "layer"), [[0.1, 0.2]]),
        ... }
        >>> coords = {"rule": ["gate"], "n_active": [8], "layer": [1, 2]}
        >>> layer_wrong(xr.Dataset(columns, coords, attrs={"n_features": 1000, "n_hidden": 500})).axes[0].get_xlabel()
        'layer'

    Source:
        Ours.
    """
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    ax = figure.subplots()
    _rules(ax, dataset, "wrong")
    ax.set(yscale="log", xlabel="layer", ylabel="wrong features per input", title=_title(dataset))
    ax.set_ylim(bottom=3e-3)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside right center")
    return figure


@styled()
def false_over_layers(dataset: xr.Dataset) -> Figure:
    """False positives per input against layer, a panel for each chance ρ and a colour for each load.

    Args:
        dataset: `false` over (carry, n_active, model, layer) and `law` over (carry, n_active, layer), with n_features
            and n_hidden in its attributes.

    Returns:
        A figure with a panel for each ρ.

    Example:
        >>> columns = {
        ...     "false": (("carry", "n_active", "model", "layer"), [[[[0.1, 0.2]]]]),
        ...     "law": (("carry", "n_active", "layer"), [[[0.1, 0.2]]]),
        ... }
        >>> coords = {"carry": [0.0], "n_active": [8], "layer": [1, 2]}
        >>> dataset = xr.Dataset(columns, coords, attrs={"n_features": 1000, "n_hidden": 500})
        >>> false_over_layers(dataset).axes[0].get_title()
        'ρ = 0'

    Source:
        Ours.
    """
    carries, loads = dataset["carry"].values, dataset["n_active"].values
    figure = Figure(figsize=(2.3 * len(carries) + 0.9, 3.2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(carries), sharey=True))
    colours = dark_part()(np.linspace(0, 1, len(loads)))
    for ax, carry in zip(axes, carries, strict=True):
        for colour, k in zip(colours, loads, strict=True):
            at = dataset.sel(carry=carry, n_active=k)
            ax.plot(at["layer"], at["law"], color=colour, linewidth=1.0)
            _dots(ax, at["layer"].values, at["false"], colour, "o", f"k = {k}")
        ax.set(yscale="log", xlabel="layer", title=f"ρ = {carry:g}")
    for ax in axes:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set(ylabel="false positives per input")
    axes[0].set_ylim(bottom=5e-3)
    figure.suptitle(_sizes(dataset))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


@styled()
def false_against_load(dataset: xr.Dataset) -> Figure:
    """False positives per input at the last layer against the number of active features.

    Args:
        dataset: `false` over (carry, n_active, model, layer), `critical` over carry and `settled` over (carry,
            n_active), with n_features and n_hidden in its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> columns = {
        ...     "false": (("carry", "n_active", "model", "layer"), [[[[0.1, 0.2]]]]),
        ...     "critical": ("carry", [13.8]),
        ...     "settled": (("carry", "n_active"), [[8.04]]),
        ... }
        >>> coords = {"carry": [0.0], "n_active": [8], "layer": [1, 2]}
        >>> dataset = xr.Dataset(columns, coords, attrs={"n_features": 1000, "n_hidden": 500})
        >>> false_against_load(dataset).axes[0].get_ylabel()
        'false positives per input, layer 2'

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.4, 3.3), layout="constrained")
    ax, k = figure.subplots(), dataset["n_active"].values
    last = dataset.isel(layer=-1)
    for number, carry in enumerate(dataset["carry"].values):
        at, colour = last.sel(carry=carry), OKABE_ITO[number % len(OKABE_ITO)]
        _dots(ax, k, at["false"], colour, _MARKERS[number % len(_MARKERS)], f"ρ = {carry:g}", line=True)
        settled = at["settled"].values - k
        ax.plot(k, np.where(np.isfinite(settled), settled, np.nan), "--", color=colour, linewidth=1.0)
        if float(at["critical"]) > 0:
            ax.axvline(float(at["critical"]), color=colour, linewidth=1.0, linestyle=":")
    ax.plot([], [], "--", color=FAINT, linewidth=1.0, label="where they settle")
    ax.plot([], [], ":", color=FAINT, linewidth=1.0, label="critical load")
    ax.set(yscale="log", xlabel="active features k", title=_sizes(dataset))
    ax.set_ylabel(f"false positives per input, layer {int(last['layer'])}")
    ax.legend()
    return figure


@styled()
def neuron_errors(dataset: xr.Dataset) -> Figure:
    """Share of neurons that fire wrongly against layer, a colour for each load, with both maps.

    Args:
        dataset: `neuron_error` over (n_active, model, layer), `poisson` and `gaussian` over (n_active, layer), with
            n_features, n_neurons and fan_out in its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> line = (("n_active", "layer"), [[0.001, 0.002]])
        >>> columns = {"neuron_error": (("n_active", "model", "layer"), [[[0.001, 0.002]]])}
        >>> coords, attrs = {"n_active": [8], "layer": [1, 2]}, {"n_features": 400, "n_neurons": 200, "fan_out": 20}
        >>> dataset = xr.Dataset({**columns, "poisson": line, "gaussian": line}, coords, attrs=attrs)
        >>> neuron_errors(dataset).axes[0].get_title()
        'n = 400 features, m = 200 neurons, s = 20 per feature'

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.9, 3.4), layout="constrained")
    ax, loads = figure.subplots(), dataset["n_active"].values
    for colour, k in zip(dark_part()(np.linspace(0, 1, len(loads))), loads, strict=True):
        at = dataset.sel(n_active=k).transpose("layer", "model")
        for name, style in zip(("poisson", "gaussian"), _DASHES, strict=False):
            ax.plot(at["layer"], at[name], color=colour, linewidth=1.0, linestyle=style)
        values = np.where(at["neuron_error"].values > 0, at["neuron_error"].values, np.nan)
        ax.plot(at["layer"], values, "o", color=colour, markersize=2.5, alpha=0.5, markeredgewidth=0)
        ax.plot([], [], "o-", color=colour, markersize=3.5, linewidth=1.0, label=f"k = {k}")
    for name, style in zip(("Poisson counts", "normal noise"), _DASHES, strict=False):
        ax.plot([], [], color=FAINT, linewidth=1.0, linestyle=style, label=name)
    attrs = dataset.attrs
    title = f"n = {attrs['n_features']} features, m = {attrs['n_neurons']} neurons, s = {attrs['fan_out']} per feature"
    ax.set(yscale="log", xlabel="layer", ylabel="share of neurons that are wrong", title=title, ylim=(1e-6, 1.0))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside right center")
    return figure


def _rules(ax: Axes, dataset: xr.Dataset, statistic: str) -> None:
    for number, rule in enumerate(dataset["rule"].values):
        colour = OKABE_ITO[number % len(OKABE_ITO)] if number < len(OKABE_ITO) else FAINT
        at = dataset.sel(rule=rule).isel(n_active=0)
        theory = at[f"theory_{statistic}"].values
        ax.plot(at["layer"], np.where(theory > 0, theory, np.nan), color=colour, linewidth=1.0)
        _dots(ax, at["layer"].values, at[statistic], colour, _MARKERS[number % len(_MARKERS)], str(rule))


def _dots(
    ax: Axes,
    x: np.ndarray,
    values: xr.DataArray,
    colour: str | np.ndarray,
    marker: str,
    label: str,
    *,
    line: bool = False,
) -> None:
    """Mean over models with its interval; what is 0 has no place on a logarithmic axis."""
    rows = values.transpose(..., "model").values
    estimates = [mean_estimate(row) for row in rows]
    best = np.array([each.best for each in estimates])
    seen = best > 0
    low = np.array([max(each.low, each.best / 10) for each in estimates])  # an end at or below 0 would fill the panel
    high = np.array([min(each.high, 10 * each.best) for each in estimates])
    ax.errorbar(
        np.asarray(x)[seen],
        best[seen],
        yerr=np.array([best - low, high - best])[:, seen],
        fmt=marker + ("-" if line else ""),
        color=colour if isinstance(colour, str) else to_hex(colour.tolist()),
        markersize=3.0,
        linewidth=1.0,
        elinewidth=0.7,
        label=label,
    )


def _title(dataset: xr.Dataset) -> str:
    return f"{_sizes(dataset)}, k = {int(dataset['n_active'][0])} active"


def _sizes(dataset: xr.Dataset) -> str:
    return f"n = {dataset.attrs['n_features']} features, m = {dataset.attrs['n_hidden']} dimensions"
