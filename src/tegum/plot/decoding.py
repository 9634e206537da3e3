"""Decoders of superposed codes: losses of one-shot decoders, phase transitions, counting bounds."""

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from scipy.special import ndtr

from tegum.plot.axes import plain_log
from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS: Final = "osD^v<>P"


@styled()
def one_shot_losses(losses: xr.Dataset) -> Figure:
    """Loss over that of answering 0 against the number of active features, for decoders that look once.

    Args:
        losses: `loss` over (code, n_active, decoder) and `formula` over (n_active, decoder), with n_features and
            n_hidden in its attributes.

    Returns:
        A figure with one panel; points are means over codes, lines formulas.

    Example:
        >>> dims = ("code", "n_active", "decoder")
        >>> columns = {"loss": (dims, [[[31.0]]]), "formula": (dims[1:], [[31.2]])}
        >>> coords = {"n_active": [8], "decoder": ["linear"]}
        >>> len(one_shot_losses(xr.Dataset(columns, coords, {"n_features": 1000, "n_hidden": 256})).axes)
        1

    Source:
        Ours.
    """
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    ax = figure.subplots()
    k = losses["n_active"].values
    for number, name in enumerate(losses["decoder"].values):
        at = losses.sel(decoder=name)
        colour = OKABE_ITO[number % len(OKABE_ITO)]
        style = "-" if number < len(OKABE_ITO) else "--"
        mean = at["loss"].mean("code").values / k
        formula = at["formula"].values / k
        ax.plot(k, np.where(formula > 0, formula, np.nan), style, color=colour, linewidth=1.0)
        shown = np.where(mean > 0, mean, np.nan)
        ax.plot(k, shown, _MARKERS[number % len(_MARKERS)], color=colour, markersize=4)
        ax.plot([], [], style, marker=_MARKERS[number % len(_MARKERS)], color=colour, markersize=4, linewidth=1.0,
                label=str(name).replace("_", " "))  # fmt: skip
    ax.axhline(1, color=FAINT, linewidth=0.8)
    ax.text(0.995, 1.05, "answer 0", color=FAINT, fontsize=7, ha="right", transform=ax.get_yaxis_transform())
    ax.set(
        xlabel="active features k",
        ylabel="loss / k",
        yscale="log",
        ylim=(1e-3, 1.5 * float((losses["loss"] / losses["n_active"]).max())),
    )
    ax.set_xticks(k)
    ax.set_title(f"random code, n = {losses.attrs['n_features']}, m = {losses.attrs['n_hidden']}; lines: formulas")
    figure.legend(loc="outside right center")
    return figure


@styled()
def exceedance_against_width(widths: xr.Dataset) -> Figure:
    """Share of inactive features whose read-out is off by more than ½, against width, with the law and the bounds.

    Args:
        widths: `exceeds_half` over (n_hidden, code), with n_features and n_active in its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> columns = {"exceeds_half": (("n_hidden", "code"), [[0.3], [0.05]])}
        >>> dataset = xr.Dataset(columns, {"n_hidden": [32, 128]}, {"n_features": 1000, "n_active": 8})
        >>> len(exceedance_against_width(dataset).axes)
        1

    Source:
        Edmonds 2024, Random Superposition, theorem 2, for its bound.
    """
    figure = Figure(figsize=(4.4, 3.3), layout="constrained")
    ax = figure.subplots()
    n, k = int(widths.attrs["n_features"]), float(widths.attrs["n_active"])
    m = widths["n_hidden"].values
    share = widths["exceeds_half"].transpose("n_hidden", "code")
    mean = share.mean("code").values
    ax.plot(
        m, np.where(share > 0, share, np.nan), "o", color=OKABE_ITO[0], markersize=2.5, alpha=0.2, markeredgewidth=0
    )
    ax.plot(m, np.where(mean > 0, mean, np.nan), "o", color=OKABE_ITO[0], markersize=4, label="measured")
    line = np.geomspace(m.min(), 16 * k * 4 * np.log(n), 300)
    c = 0.5 * np.sqrt(line / k)
    ax.plot(line, 2 * ndtr(-c), color=OKABE_ITO[0], linewidth=1.0, label="normal law 2Q(c), m = 4c²k")
    ax.plot(line, np.exp(-(c**2) / 2), color=OKABE_ITO[2], linewidth=1.0, label="bound exp(-c²/2), m = 4c²k")
    stated = np.exp(-(line / (16 * k * np.log(n))) / 2)
    ax.plot(line, stated, color=OKABE_ITO[1], linewidth=1.0, label="as stated, m = 16c²k ln n")
    ax.set(xscale="log", yscale="log", ylim=(1e-5, 1.5), xlabel="dimensions m", ylabel="P(|error| > 1/2)")
    ax.set_title(f"n = {n}, k = {k:g}")
    ax.legend(loc="lower left")
    return figure


_TITLES: Final = {
    "threshold": "one step, threshold ½",
    "omp": "matching pursuit",
    "amp_soft": "ℓ1 (AMP, soft threshold)",
    "amp_bayes": "AMP, posterior mean",
}


@styled()
def decoder_phases(dataset: xr.Dataset) -> Figure:
    """Success of decoders over m/n and k/m, with the lines of theory.

    Args:
        dataset: `success` over (decoder, hidden_per_feature, load, code) and `theory`, the load at which success
            should fall, over (decoder, hidden_per_feature); n_features in its attributes.

    Returns:
        A figure with one panel for each decoder.

    Example:
        >>> dims = ("decoder", "hidden_per_feature", "load", "code")
        >>> columns = {"success": (dims, np.ones((1, 2, 2, 1))), "theory": (dims[:2], [[0.2, 0.3]])}
        >>> coords = {"decoder": ["omp"], "hidden_per_feature": [0.2, 0.4], "load": [0.1, 0.2]}
        >>> decoder_phases(xr.Dataset(columns, coords, {"n_features": 100})).axes[0].get_title()
        'matching pursuit'

    Source:
        Donoho, Maleki and Montanari 2009, Message-passing algorithms for compressed sensing, for the diagram.
    """
    names = [str(name) for name in dataset["decoder"].values]
    figure = Figure(figsize=(2.1 * len(names) + 0.8, 2.9), layout="constrained")
    axes = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
    delta, load = dataset["hidden_per_feature"].values, dataset["load"].values
    success = dataset["success"].mean("code").transpose("decoder", "load", "hidden_per_feature").values
    mesh = None
    for number, (ax, name) in enumerate(zip(axes, names, strict=True)):
        mesh = ax.pcolormesh(delta, load, success[number], shading="nearest", vmin=0, vmax=1, rasterized=True)
        line = dataset["theory"].sel(decoder=name).values
        for colour, width in (("black", 2.6), ("white", 1.4)):
            ax.plot(delta, np.maximum(line, 1e-9), color=colour, linewidth=width)
        ax.set(yscale="log", xlabel="m/n", title=_TITLES.get(name, name))
        ax.set_ylim(load.min() / 1.1, load.max() * 1.1)
        plain_log(ax.yaxis)
    axes[0].set_ylabel("k/m")
    if mesh is not None:
        figure.colorbar(mesh, ax=list(axes), label=f"share recovered, n = {dataset.attrs['n_features']}", pad=0.01)
    return figure


@styled()
def counting_curves(counting: xr.Dataset) -> Figure:
    """Bits of all sets of at most k of n features per active feature, with estimates, against k/n.

    Args:
        counting: `bits`, `low`, `high`, `stated`, n_features and n_active over row.

    Returns:
        A figure with one panel; a curve for the bits of each n.

    Example:
        >>> names = ("bits", "low", "high", "stated", "n_features", "n_active")
        >>> dataset = xr.Dataset({name: ("row", [2.0, 3.0]) for name in names})
        >>> len(counting_curves(dataset).axes)
        1

    Source:
        Edmonds 2024, Random Superposition, theorem 1, for the estimate (n/(ek))^k.
    """
    figure = Figure(figsize=(4.4, 3.2), layout="constrained")
    ax = figure.subplots()
    sizes = np.unique(counting["n_features"].values)
    for number, n in enumerate(sizes):
        at = counting.where(counting["n_features"] == n, drop=True)
        k = at["n_active"].values
        colour = OKABE_ITO[number % len(OKABE_ITO)]
        ax.plot(k / n, at["bits"] / k, ".", color=colour, markersize=5, label=f"n = {n:g}")
    share = np.geomspace(1 / sizes.max(), 1, 200)
    for value, style, label in (
        (np.log2(np.e / share), "-", "log₂(en/k)"),
        (np.log2(1 / share), "--", "log₂(n/k)"),
        (np.log2(1 / (np.e * share)), ":", "log₂(n/(ek)), as stated"),
    ):
        ax.plot(share, value, style, color=FAINT, linewidth=1.1, label=label)
    ax.set(xscale="log", xlabel="k/n", ylabel="bits per active feature", ylim=(-2, None))
    ax.set_title("sets of at most k of n features")
    ax.legend()
    return figure
