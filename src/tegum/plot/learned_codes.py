"""Learned codes beside random, tight and antipodal ones."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS: Final = "osD^v<>P"


@styled()
def loss_by_code(sweep: xr.Dataset) -> Figure:
    """Loss per feature against m: learned, random, tight and antipodal directions.

    Args:
        sweep: `learned` over (n_hidden, model), `code_loss` over (n_hidden, kind, code) and `formula`, of random codes,
            over n_hidden; n_features and probability in its attributes.

    Returns:
        A figure with one panel; dots are models and codes, markers the lowest-loss model and means over codes.

    Example:
        >>> columns = {"learned": (("n_hidden", "model"), [[0.1]]), "formula": ("n_hidden", [0.2])}
        >>> columns |= {"code_loss": (("n_hidden", "kind", "code"), [[[0.2]]])}
        >>> coords = {"n_hidden": [5], "kind": ["random"]}
        >>> len(loss_by_code(xr.Dataset(columns, coords, {"n_features": 20, "probability": 0.05})).axes)
        1

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.6, 3.4), layout="constrained")
    ax = figure.subplots()
    m, n, p = sweep["n_hidden"].values, int(sweep.attrs["n_features"]), float(sweep.attrs["probability"])
    curves = {"learned": sweep["learned"].transpose("n_hidden", "model")}
    curves |= {
        str(kind): sweep["code_loss"].sel(kind=kind).transpose("n_hidden", "code") for kind in sweep["kind"].values
    }
    for number, (name, values) in enumerate(curves.items()):
        colour, marker = OKABE_ITO[number], _MARKERS[number]
        shown = values.where(values > 0)
        middle = values.min("model") if name == "learned" else values.mean("code")
        ax.plot(m, shown.values, marker, color=colour, markersize=2.5, alpha=0.25, markeredgewidth=0)
        ax.plot(m, middle.where(middle > 0), marker + "-", color=colour, markersize=4.5, linewidth=1.0, label=name)
    ax.plot(m, sweep["formula"], ":", color=OKABE_ITO[1], linewidth=1.2, label="random, formula")
    ax.axhline(p**2, color=FAINT, linewidth=0.8, linestyle="--", label="p²")
    ax.axhline(p * (1 - p), color=FAINT, linewidth=0.8, label="answer the mean")
    ax.axvline(n / 2, color=FAINT, linewidth=0.6, linestyle=":")
    ax.set(yscale="log", xlabel="hidden dimensions m", ylabel="loss per feature", ylim=(p**2 / 10, 2 * p))
    ax.set_title(f"n = {n} binary features, p = {p:g}; dotted line: m = n/2")
    ax.legend(loc="lower left")
    return figure


@styled()
def overlap_histograms(histograms: Mapping[str, xr.Dataset]) -> Figure:
    """Cosines between learned directions and between random ones, with Welch's bound on their root mean square.

    Args:
        histograms: by title, `learned` and `random` over pair, and `welch`.

    Returns:
        A figure with one panel for each size.

    Example:
        >>> dataset = xr.Dataset({"learned": ("pair", [0.1]), "random": ("pair", [0.2]), "welch": 0.1})
        >>> len(overlap_histograms({"small": dataset}).axes)
        1

    Source:
        Welch 1974 for the bound.
    """
    figure = Figure(figsize=(2.6 * len(histograms) + 0.6, 2.7), layout="constrained")
    axes = figure.subplots(1, len(histograms), squeeze=False)[0]
    bins = np.linspace(-1, 1, 61)
    for ax, (name, dataset) in zip(axes, histograms.items(), strict=True):
        for number, kind in enumerate(("learned", "random")):
            values = dataset[kind].values
            weights = np.full(values.size, 1 / values.size)
            ax.hist(values, bins=bins, weights=weights, color=OKABE_ITO[number], alpha=0.55, label=kind)
        for sign in (-1, 1):
            ax.axvline(sign * float(dataset["welch"]), color=FAINT, linewidth=0.8, linestyle="--")
        ax.set(yscale="log", xlabel="cosine", title=name)
    axes[0].plot([], [], "--", color=FAINT, linewidth=0.8, label="± Welch")
    axes[0].set_ylabel("share of pairs")
    axes[0].legend(loc="upper right")
    return figure
