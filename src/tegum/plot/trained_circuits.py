"""Trained and constructed networks that compute ANDs, side by side."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS = "osD^vPX"


@styled()
def unexplained_against_neurons(datasets: Mapping[str, xr.Dataset]) -> Figure:
    """What the best linear read-off leaves unexplained, against the number of neurons, with slopes of the noise.

    A read-off that leaves a share u, scaled to answer 1 on average where a gate is on and 0 where it is not, has a
    noise of the order of √(u/(1 - u)); the slope is that of its logarithm over log m.

    Args:
        datasets: by title, `unexplained` over (kind, n_neurons, model), NaN where a kind has fewer networks; `least`
            over n_neurons; `linear`; n_features and n_gates in the attributes.

    Returns:
        A figure with a panel for each dataset.

    Example:
        >>> columns = {"unexplained": (("kind", "n_neurons", "model"), [[[0.5], [0.3]]]), "linear": 0.8}
        >>> columns["least"] = ("n_neurons", [0.4, 0.2])
        >>> coords, attrs = {"kind": ["trained"], "n_neurons": [8, 16]}, {"n_features": 6, "n_gates": 15}
        >>> figure = unexplained_against_neurons({"all pairs": xr.Dataset(columns, coords, attrs=attrs)})
        >>> figure.axes[0].get_title()
        'all pairs: 15 of 6 features'

    Source:
        Ours.
    """
    figure = Figure(figsize=(3.5 * len(datasets), 3.3), layout="constrained")
    axes = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
    for ax, (title, data) in zip(axes, datasets.items(), strict=True):
        m = data["n_neurons"].values
        for number, kind in enumerate(data["kind"].values):
            values = data["unexplained"].sel(kind=kind).transpose("n_neurons", "model").values
            _dots(ax, m, values, number, f"{kind}{_slope(m, values)}")
        ax.plot(m, data["least"], color=FAINT, linewidth=1.0, linestyle="--", label="least for m numbers")
        ax.axhline(float(data["linear"]), color=FAINT, linewidth=1.0, linestyle=":", label="linear features")
        ax.axvline(data.attrs["n_gates"], color=FAINT, linewidth=0.6, label="one neuron per gate")
        ax.set(xlabel="neurons m", title=f"{title}: {data.attrs['n_gates']} of {data.attrs['n_features']} features")
        _widths(ax, m)
        ax.set_ylim(0, 1.02)
        ax.legend(loc="lower left")
    axes[0].set(ylabel="unexplained share of the gates' variance")
    return figure


@styled()
def read_off_errors(trained: xr.Dataset, constructed: xr.Dataset) -> Figure:
    """Error of read-offs against the number of neurons, of trained networks and of constructions, with slopes.

    Args:
        trained: `own_read_off` over (kind, n_neurons, model), with the kind "trained": squared error over variance.
        constructed: `error` over (read_off, n_neurons, model), likewise; n_gates in its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> own = xr.Dataset({"own_read_off": (("kind", "n_neurons", "model"), [[[0.5], [0.3]]])},
        ...                  {"kind": ["trained"], "n_neurons": [8, 16]})
        >>> made = xr.Dataset({"error": (("read_off", "n_neurons", "model"), [[[4.0], [1.0]]])},
        ...                   {"read_off": ["average"], "n_neurons": [16, 64]}, {"n_gates": 15})
        >>> [text.get_text() for text in read_off_errors(own, made).legends[0].get_texts()]
        ['average (-0.50)', 'trained (-0.37)', 'one neuron per gate']

    Source:
        Ours.
    """
    figure = Figure(figsize=(5.6, 3.3), layout="constrained")
    ax = figure.subplots()
    rows = [(str(name), constructed["error"].sel(read_off=name)) for name in constructed["read_off"].values]
    rows.append(("trained", trained["own_read_off"].sel(kind="trained").dropna("model", how="all")))
    for number, (name, squares) in enumerate(rows):
        m, values = squares["n_neurons"].values, np.sqrt(squares.transpose("n_neurons", "model").values)
        slope = f" ({np.polyfit(np.log(m), np.log(values.mean(axis=1)), 1)[0]:.2f})" if len(m) > 1 else ""
        _dots(ax, m, values, (number + 1) % len(rows), name + slope)
    ax.axhline(1.0, color=FAINT, linewidth=0.8, linestyle=":")
    ax.axvline(constructed.attrs["n_gates"], color=FAINT, linewidth=0.6, label="one neuron per gate")
    ax.set(xscale="log", yscale="log", xlabel="neurons m", ylabel="RMS error over that of constants")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    figure.legend(*ax.get_legend_handles_labels(), loc="outside right center")
    return figure


@styled()
def density_and_similarity(dataset: xr.Dataset) -> Figure:
    """Density of input weights of all kinds, and the likeness of trained read-offs to rules, against neurons.

    Args:
        dataset: `density` over (kind, n_neurons, model); `similarity` and `chance`, those of the trained
            networks, over (pattern, n_neurons, start).

    Returns:
        A figure with two panels.

    Example:
        >>> over = ("kind", "n_neurons", "model")
        >>> cosines = (("pattern", "n_neurons", "start"), [[[0.5]]])
        >>> columns = {"density": (over, [[[0.7]]]), "similarity": cosines, "chance": cosines}
        >>> coords = {"kind": ["trained"], "n_neurons": [8], "pattern": ["difference"]}
        >>> len(density_and_similarity(xr.Dataset(columns, coords)).axes)
        2

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.8, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    m = dataset["n_neurons"].values
    for number, kind in enumerate(dataset["kind"].values):
        _dots(left, m, dataset["density"].sel(kind=kind).transpose("n_neurons", "model").values, number, str(kind))
    for number, pattern in enumerate(dataset["pattern"].values):
        at = dataset.sel(pattern=pattern).transpose(..., "n_neurons", "start")
        _dots(right, m, at["similarity"].values, number + 3, str(pattern))
        right.plot(m, at["chance"].mean("start"), "x", color=OKABE_ITO[(number + 3) % len(OKABE_ITO)], markersize=4)
    for ax, label in ((left, "share of weights that are not small"), (right, "cosine with the rule, trained networks")):
        ax.set(xlabel="neurons m", ylabel=label)
        _widths(ax, m)
        ax.legend()
    left.set_ylim(0, 1)
    right.set_ylim(-0.1, 1)
    return figure


def _dots(ax: Axes, m: np.ndarray, values: np.ndarray, number: int, label: str) -> None:
    colour, marker = OKABE_ITO[number % len(OKABE_ITO)], _MARKERS[number % len(_MARKERS)]
    ax.plot(m, values, marker, color=colour, markersize=3.5, alpha=0.4, markeredgewidth=0)
    ax.plot(m, np.nanmean(values, axis=1), f"{marker}-", color=colour, markersize=3.5, linewidth=1.0, label=label)


def _slope(m: np.ndarray, values: np.ndarray) -> str:
    """Slope of the noise in words, where there are widths to fit it to and something is explained."""
    mean = np.nanmean(values, axis=1)
    if len(m) < 2 or not ((mean > 0) & (mean < 1)).all():
        return ""
    slope = np.polyfit(np.log(m), 0.5 * np.log(mean / (1 - mean)), 1)[0]
    return f", slope {slope:.2f}"


def _widths(ax: Axes, m: np.ndarray) -> None:
    ax.set_xscale("log")
    ax.set_xticks(m, [str(each) for each in m])
    ax.xaxis.set_minor_locator(NullLocator())
