"""Circuits in superposition: estimates by case, errors against q and width, feasible sizes, layers in a row."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter

from tegum.ground.estimate import mean_estimate
from tegum.plot.style import FAINT, OKABE_ITO, dark_part, styled

MARKERS: Final = "osD^v<>P"


def points(
    ax: Axes,
    x: np.ndarray,
    values: xr.DataArray,
    colour: str,
    marker: str,
    label: str,
    *,
    root: bool = False,
    unit: str = "layer",
) -> None:
    """Means over independent layers with their 99 % intervals; of squares the root is drawn, nan is left out."""
    shape = np.sqrt if root else np.asarray
    found = values.transpose(..., unit).values
    some = np.isfinite(found).any(axis=-1)  # from no layer can it be read: no point
    x, estimates = np.asarray(x)[some], [mean_estimate(row[np.isfinite(row)]) for row in found[some]]
    best = np.array([each.best for each in estimates])
    ends = np.array([[max(each.low, each.best / 100), each.high] for each in estimates]).reshape(-1, 2)
    middle = shape(best)
    reach = np.abs(shape(ends).T - middle)
    ax.errorbar(x, middle, yerr=reach, fmt=marker, color=colour, markersize=3.5, elinewidth=0.8, label=label)


def plain_ticks(axis: Axis, places: np.ndarray | None = None) -> None:
    """Ticks of a logarithmic axis written as plain numbers: at these places, or at 1, 2 and 5 of each decade."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)) if places is None else FixedLocator(places.tolist()))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


@styled()
def estimates_by_case(histogram: xr.Dataset) -> Figure:
    """Histograms of AND estimates, a panel for each number of features that are on, with the law as dots.

    Args:
        histogram: `share` and `law` over (case, estimate), with n_features, n_neurons, n_active and
            connection_probability in its attributes.

    Returns:
        A figure with a panel for each case.

    Example:
        >>> columns = {name: (("case", "estimate"), [[0.9, 0.1]]) for name in ("share", "law")}
        >>> attrs = {"n_features": 20, "n_neurons": 100, "n_active": 3, "connection_probability": 0.1}
        >>> dataset = xr.Dataset(columns, {"case": ["none on"], "estimate": [0.0, 0.05]}, attrs)
        >>> estimates_by_case(dataset).axes[0].get_title()
        'none on'

    Source:
        Ours.
    """
    cases = histogram["case"].values
    figure = Figure(figsize=(2.2 * len(cases), 2.6), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(cases), sharey=True))
    x = histogram["estimate"].values
    for number, (ax, case) in enumerate(zip(axes, cases, strict=True)):
        at, colour = histogram.sel(case=case), OKABE_ITO[number % len(OKABE_ITO)]
        ax.bar(x, at["share"], width=x[1] - x[0], color=colour, alpha=0.55, linewidth=0, label="random layers")
        seen = at["law"].values > 1e-6
        ax.plot(x[seen], at["law"].values[seen], ".", color="black", markersize=3.0, label="law")
        ax.axvline(0.5, color=FAINT, linewidth=0.8, linestyle=":")
        ax.set(title=str(case), xlabel="estimate of the AND", yscale="log", ylim=(1e-5, 1.5))
        shown = x[at["law"].values > 1e-5]
        ax.set_xlim(-0.1, max(1.0, float(shown.max(initial=1.0))) + 0.1)
    axes[0].set_ylabel("share of pairs")
    axes[0].legend()
    attrs = histogram.attrs
    figure.suptitle(f"{_sizes(attrs)}, k = {attrs['n_active']}, q = {attrs['connection_probability']:g}")
    return figure


@styled()
def error_against_probability(read_offs: xr.Dataset) -> Figure:
    """Root mean square error with one feature on against q, for the plain average and the second difference.

    Args:
        read_offs: squares `plain` over (connection_probability, layer) and `second` over (connection_probability,
            single_layer), and errors `plain_law` and `second_law` over a finer `probability`; n_neurons and n_active in
            its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> columns = {"plain": (("connection_probability", "layer"), [[0.1, 0.2]])}
        >>> columns["second"] = (("connection_probability", "single_layer"), [[0.1, 0.2, 0.1]])
        >>> columns |= {f"{name}_law": ("probability", [0.2]) for name in ("plain", "second")}
        >>> coords = {"connection_probability": [0.1], "probability": [0.1]}
        >>> dataset = xr.Dataset(columns, coords, {"n_neurons": 100, "n_active": 3})
        >>> error_against_probability(dataset).axes[0].get_title()
        'm = 100 neurons, k = 3'

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.4, 3.3), layout="constrained")
    ax = figure.subplots()
    names = {"plain": "plain average", "second": "second difference"}
    fine = read_offs["probability"].values
    for number, (name, label) in enumerate(names.items()):
        colour, law = OKABE_ITO[number], read_offs[f"{name}_law"].values
        ax.plot(fine, law, color=colour, linewidth=1.0)
        ax.axvline(fine[int(law.argmin())], color=colour, linewidth=0.8, linestyle=":")
        squares = read_offs[name].rename({read_offs[name].dims[-1]: "layer"})
        points(ax, read_offs["connection_probability"].values, squares, colour, MARKERS[number], label, root=True)
    ax.set(xscale="log", yscale="log", ylabel="RMS error, one feature on")
    for axis in (ax.xaxis, ax.yaxis):
        plain_ticks(axis)
    ax.set_xlabel("chance q that a neuron reads a feature")
    ax.set_title(f"m = {read_offs.attrs['n_neurons']} neurons, k = {read_offs.attrs['n_active']}")
    ax.legend()
    return figure


@styled()
def stacked_layers(handed_on: xr.Dataset, row: xr.Dataset) -> Figure:
    """Noise in the neurons of a second layer against the number of ANDs, and wrong features layer by layer.

    Args:
        handed_on: `next` over (n_gates, layer), `next_law` over n_gates, and `fits`, the number of ANDs at which the
            noise should be about 1; n_neurons, n_active and next_probability in its attributes.
        row: `wrong` over (rule, run, depth); n_features, n_neurons and n_active in its attributes.

    Returns:
        A figure with two panels.

    Example:
        >>> columns = {"next": (("n_gates", "layer"), [[0.1, 0.2]]), "next_law": ("n_gates", [0.1])}
        >>> attrs = {"n_neurons": 100, "n_active": 3, "next_probability": 0.1}
        >>> handed_on = xr.Dataset(columns, {"n_gates": [10]}, attrs).assign(fits=99.0)
        >>> coords = {"rule": ["plain average"], "depth": [1, 2]}
        >>> row = xr.Dataset({"wrong": (("rule", "run", "depth"), [[[0.0, 1.0]]])}, coords, attrs | {"n_features": 9})
        >>> len(stacked_layers(handed_on, row).axes)
        2

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.8, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    T = handed_on["n_gates"].values
    left.plot(T, handed_on["next_law"], color=OKABE_ITO[0], linewidth=1.0, label="law")
    points(left, T, handed_on["next"], OKABE_ITO[0], "o", "random layers")
    left.set(xscale="log", yscale="log", xlabel="ANDs T", ylabel="noise variance in a next neuron")
    plain_ticks(left.xaxis, T)
    plain_ticks(left.yaxis)
    attrs = handed_on.attrs
    left.set_title(f"m = {attrs['n_neurons']}, k = {attrs['n_active']}; 1 at about T = {float(handed_on['fits']):.0f}")
    left.legend()
    depth = row["depth"].values
    for number, rule in enumerate(row["rule"].values):
        colour, wrong = OKABE_ITO[number % len(OKABE_ITO)], row["wrong"].sel(rule=rule)
        right.plot(
            depth, wrong.mean("run"), MARKERS[number], color=colour, markersize=3.5, label=str(rule), ls="-", lw=1
        )
    right.set_yscale("symlog", linthresh=0.1)
    right.set_ylim(bottom=-0.01)
    right.set(xlabel="layer", ylabel="wrong features per input")
    right.set_xticks(depth)
    attrs = row.attrs
    right.set_title(f"{attrs['n_features']} ANDs a layer, m = {attrs['n_neurons']}, k = {attrs['n_active']}")
    right.legend()
    return figure


@styled()
def triple_read_offs(layers: Sequence[xr.Dataset]) -> Figure:
    """Two read-offs of the AND of three features, by how many of them are on; a panel for each dataset.

    Args:
        layers: datasets with `plain` and `corrected` over (layer, n_on) and `plain_law` and `corrected_law` over n_on;
            n_neurons, n_active and connection_probability in their attributes.

    Returns:
        A figure with a panel for each dataset.

    Example:
        >>> columns = {name: (("layer", "n_on"), [[0.0], [0.1]]) for name in ("plain", "corrected")}
        >>> columns |= {f"{name}_law": ("n_on", [0.0]) for name in ("plain", "corrected")}
        >>> attrs = {"n_neurons": 100, "n_active": 4, "connection_probability": 0.1}
        >>> triple_read_offs([xr.Dataset(columns, {"n_on": [0]}, attrs)]).axes[0].get_xlabel()
        'features on'

    Source:
        Ours.
    """
    figure = Figure(figsize=(2.4 * len(layers) + 1.2, 2.7), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(layers), sharey=True))
    for ax, dataset in zip(axes, layers, strict=True):
        for number, (name, label) in enumerate((("plain", "plain formula"), ("corrected", "with all classes"))):
            colour, x = OKABE_ITO[number], dataset["n_on"].values + 0.24 * (number - 0.5)
            ax.hlines(dataset[f"{name}_law"].values, x - 0.1, x + 0.1, color=colour, linewidth=1.2)
            points(ax, x, dataset[name].transpose("n_on", "layer"), colour, MARKERS[number], label)
        for level in (0, 1):
            ax.axhline(level, color=FAINT, linewidth=0.6, linestyle=":", zorder=0)
        attrs = dataset.attrs
        ax.set(title=f"m = {attrs['n_neurons']}, k = {attrs['n_active']}, q = {attrs['connection_probability']:g}")
        ax.set_xlabel("features on")
        ax.set_xticks(dataset["n_on"].values)
    axes[0].set_ylabel("mean estimate of the AND of three")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


@styled()
def feasible_region(feasible: xr.Dataset) -> Figure:
    """Where all pairwise ANDs can be read at a given error: neurons needed against the number of active features.

    Args:
        feasible: `universal` over (n_features, k), `differences` and `product` over k, numbers of neurons; n_neurons,
            least_active, most_active and error in its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> columns = {"universal": (("n_features", "k"), [[900.0, 9000.0]])}
        >>> columns |= {name: ("k", [100.0, 1000.0]) for name in ("differences", "product")}
        >>> attrs = {"n_neurons": 512, "least_active": 10, "most_active": 20, "error": 0.25}
        >>> feasible_region(xr.Dataset(columns, {"n_features": [500], "k": [3.0, 30.0]}, attrs)).axes[0].get_xlabel()
        'neurons m'

    Source:
        Bricken et al. 2023, Towards Monosemanticity, for the sizes that are marked.
    """
    figure = Figure(figsize=(4.8, 3.4), layout="constrained")
    ax, k, attrs = figure.subplots(), feasible["k"].values, feasible.attrs
    sizes = feasible["n_features"].values
    for number, n in enumerate(sizes):
        m, colour = feasible["universal"].sel(n_features=n).values, dark_part()(number / max(len(sizes) - 1, 1))
        ax.plot(m, k, color=colour, linewidth=1.2, label=f"average, n = {n}")
        if number == len(sizes) - 1:
            ax.fill_betweenx(k, m, 1e9, color=colour, alpha=0.12, linewidth=0)
    for number, (name, label) in enumerate((("differences", "second difference"), ("product", "Gaussian, product"))):
        ax.plot(feasible[name], k, "--", color=OKABE_ITO[number], linewidth=1.2, label=label)
    ends = [attrs["least_active"], attrs["most_active"]]
    ax.plot([attrs["n_neurons"]] * 2, ends, color="black", linewidth=5, solid_capstyle="butt", label="published sizes")
    ax.set(xscale="log", yscale="log", xlabel="neurons m", ylabel="active features k")
    ax.set_xlim(100, float(feasible["universal"].max()))
    ax.set_ylim(k.min(), k.max())
    plain_ticks(ax.yaxis)
    ax.set_title(f"error at most {attrs['error']:g}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside right center")
    return figure


@styled()
def error_against_width(widths: xr.Dataset) -> Figure:
    """Root mean square error with one feature on against the number of neurons, with the slope of each read-off.

    Args:
        widths: `square` over (read_off, n_neurons, layer), nan where fewer layers were drawn, and `law`, an error, over
            (read_off, n_neurons); n_active in its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> columns = {"square": (("read_off", "n_neurons", "layer"), [[[0.1, 0.2], [0.05, 0.1]]]),
        ...            "law": (("read_off", "n_neurons"), [[0.4, 0.3]])}
        >>> dataset = xr.Dataset(columns, {"read_off": ["average"], "n_neurons": [100, 200]}, {"n_active": 3})
        >>> error_against_width(dataset).axes[0].get_title()
        'k = 3'

    Source:
        Ours.
    """
    figure = Figure(figsize=(5.4, 3.3), layout="constrained")
    ax, m = figure.subplots(), widths["n_neurons"].values
    for number, name in enumerate(widths["read_off"].values):
        at, colour = widths.sel(read_off=name), OKABE_ITO[number % len(OKABE_ITO)]
        ax.plot(m, at["law"], color=colour, linewidth=1.0)
        error = np.sqrt(at["square"].mean("layer").values)
        label = str(name)
        if len(m) > 1:
            label += f" ({np.polyfit(np.log(m), np.log(error), 1)[0]:.2f})"
        points(ax, m, at["square"], colour, MARKERS[number], label, root=True)
    ax.set(xscale="log", yscale="log", xlabel="neurons m", ylabel="RMS error, one feature on")
    plain_ticks(ax.xaxis, m)
    plain_ticks(ax.yaxis)
    ax.set_title(f"k = {widths.attrs['n_active']}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside right center")
    return figure


def _sizes(attrs: Mapping[str, object]) -> str:
    return f"n = {attrs['n_features']} features, m = {attrs['n_neurons']} neurons"
