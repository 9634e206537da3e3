"""Decoders of superposed codes: losses, phase transitions, learned against random codes, antipodal pairs."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from scipy.special import ndtr

from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS: Final = "osD^v<>P"
_P: Final = "feature_probability"


@styled()
def pair_against_single(curves: xr.Dataset, sampled: xr.Dataset) -> Figure:
    """Loss of an antipodal pair on one dimension over p, with its rivals, as a share of p.

    Args:
        curves: `plain`, `tuned`, `mean` over feature_probability, expected losses per input.
        sampled: `pair` over (feature_probability, batch).

    Returns:
        A figure with one panel.

    Example:
        >>> columns = dict.fromkeys(("plain", "tuned", "mean"), (_P, [0.1]))
        >>> curves = xr.Dataset(columns, {_P: [0.2]})
        >>> sampled = xr.Dataset({"pair": ((_P, "batch"), [[0.1, 0.2]])}, {_P: [0.2]})
        >>> len(pair_against_single(curves, sampled).axes)
        1

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.4, 3.2), layout="constrained")
    ax = figure.subplots()
    p = curves[_P].values
    ax.plot(p, np.ones_like(p), "--", color=FAINT, label="one feature kept, 0 for the other")
    ax.plot(p, curves["mean"] / p, "-", color=FAINT, label="one feature kept, the mean for the other")
    ax.plot(p, curves["plain"] / p, color=OKABE_ITO[0], label="pair, no bias")
    ax.plot(p, curves["tuned"] / p, color=OKABE_ITO[1], label="pair, best bias and scale")
    at = sampled[_P].values
    ax.plot(at, sampled["pair"].mean("batch") / at, "o", color=OKABE_ITO[0], markersize=4, label="pair, sampled")
    for crossing, words in ((1 / 3, "1/3"), (1 / 2, "1/2")):
        ax.axvline(crossing, color=FAINT, linewidth=0.6, linestyle=":")
        ax.text(crossing, 0.02, f" p = {words}", color=FAINT, fontsize=7, transform=ax.get_xaxis_transform())
    ax.set(xlabel="feature probability p", ylabel="loss / p", xlim=(0, None), ylim=(0, 1.5))
    ax.set_title("two features, one dimension")
    ax.legend(loc="upper left")
    return figure


@styled()
def pairing_sign(random: xr.Dataset) -> Figure:
    """What pairing random directions changes, against the source's rule and against FPR - p TPR.

    Args:
        random: over `size`: n_features, n_hidden, n_active, false_positive, true_positive, formula_paired and
            formula_unpaired; over (size, code): `paired` and `unpaired`, losses per feature.

    Returns:
        A figure with two panels; points are measured, with 99 % intervals over codes.

    Example:
        >>> one = {"n_features": 20, "n_hidden": 5, "n_active": 1.0, "false_positive": 0.1, "true_positive": 0.9}
        >>> losses = {"formula_paired": 0.1, "formula_unpaired": 0.1}
        >>> columns = {name: ("size", [value]) for name, value in (one | losses).items()}
        >>> columns |= {name: (("size", "code"), [[0.1, 0.2]]) for name in ("paired", "unpaired")}
        >>> len(pairing_sign(xr.Dataset(columns)).axes)
        2

    Source:
        Edmonds 2024, Random Superposition, last section, for the rule; the criterion is ours.
    """
    figure = Figure(figsize=(7.0, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    n, m, k = (random[name].values.astype(np.float64) for name in ("n_features", "n_hidden", "n_active"))
    change = random["paired"] - random["unpaired"]
    mean = change.mean("code").values
    half = 2.576 * change.std("code", ddof=1).values / np.sqrt(change.sizes["code"])
    formula = (random["formula_paired"] - random["formula_unpaired"]).values
    criterion = (random["false_positive"] - k / n * random["true_positive"]).values
    for ax, x in ((left, m * k / (2 * n**2)), (right, criterion)):
        colours = np.where(mean < 0, OKABE_ITO[0], OKABE_ITO[1])
        ax.errorbar(x, mean, yerr=half, fmt="none", ecolor=colours, elinewidth=1.0)
        ax.scatter(x, mean, s=18, c=colours, zorder=3)
        ax.scatter(x, formula, s=40, facecolors="none", edgecolors=FAINT, linewidths=0.8)
        ax.axhline(0, color=FAINT, linewidth=0.8)
        ax.set_yscale("symlog", linthresh=1e-4)
    _name_sizes(right, criterion, mean, random)
    left.axvline(1, color=FAINT, linewidth=0.8)
    left.axvspan(min(1e-4, 0.5 * (m * k / (2 * n**2)).min()), 1, color=FAINT, alpha=0.12, linewidth=0)
    left.text(0.97, 0.96, "the rule forbids pairing", transform=left.transAxes, ha="right", va="top", fontsize=7)
    left.set(xscale="log", xlabel="m / (2n²/k)", ylabel="paired minus unpaired, loss per feature")
    left.set(title="the rule as stated", xlim=(0.5 * (m * k / (2 * n**2)).min(), 1.5))
    right.axvline(0, color=FAINT, linewidth=0.8)
    right.set_xscale("symlog", linthresh=1e-3)
    reach = 3 * float(np.abs(criterion).max())
    right.set_xlim(-reach, reach)
    right.set(title="corrected", xlabel="FPR - p TPR (formula)")
    for label, colour in (("pairing helps", OKABE_ITO[0]), ("pairing harms", OKABE_ITO[1])):
        left.scatter([], [], s=18, c=colour, label=label)
    left.scatter([], [], s=40, facecolors="none", edgecolors=FAINT, linewidths=0.8, label="formula")
    left.legend(loc="lower right")
    return figure


def _name_sizes(ax: Axes, x: np.ndarray, y: np.ndarray, random: xr.Dataset) -> None:
    """(n, m, k) beside each point."""
    for index in range(random.sizes["size"]):
        at = random.isel(size=index)
        words = f"{int(at['n_features'])},{int(at['n_hidden'])},{float(at['n_active']):g}"
        side = "right" if x[index] > 0 else "left"
        ax.annotate(
            words, (x[index], y[index]), (-5 if side == "right" else 5, 3 - 8 * (index % 2)), ha=side, fontsize=5.5,
            textcoords="offset points",
        )  # fmt: skip


@styled()
def designed_pairs(designed: xr.Dataset) -> Figure:
    """Loss per feature over p, for n = 2m: orthogonal pairs, random codes, half of the features kept.

    Args:
        designed: `twice` and `random` over (feature_probability, batch), and n_hidden in its attributes.

    Returns:
        A figure with one panel.

    Example:
        >>> over = ((_P, "batch"), [[0.1, 0.2]])
        >>> dataset = xr.Dataset({"twice": over, "random": over}, {_P: [0.1]}, {"n_hidden": 50})
        >>> len(designed_pairs(dataset).axes)
        1

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.2, 3.2), layout="constrained")
    ax = figure.subplots()
    p = designed[_P].values
    for number, (name, label) in enumerate((("twice", "orthogonal pairs"), ("random", "random, best threshold"))):
        values = designed[name].transpose(_P, "batch")
        colour, marker = OKABE_ITO[number], _MARKERS[number]
        ax.plot(p, values.values, marker, color=colour, markersize=2.5, alpha=0.25, markeredgewidth=0)
        ax.plot(p, values.mean("batch"), marker, color=colour, markersize=4.5, label=label)
    ax.plot(p, p**2, color=OKABE_ITO[0], linewidth=1.0, label="p²")
    ax.plot(p, p * (1 - p) / 2, "--", color=FAINT, linewidth=1.0, label="half kept, the mean for the others")
    m = int(designed.attrs["n_hidden"])
    ax.set(xscale="log", yscale="log", xlabel="feature probability p", ylabel="loss per feature")
    ax.set(title=f"n = {2 * m} features, m = {m}", ylim=(0.3 * p.min() ** 2, None))
    ax.legend()
    return figure


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
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
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
        histograms: by size, `learned` and `random` over pair, and `welch`.

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
        ax.set(yscale="log", xlabel="cosine", title=name.replace("-", ", "))
    axes[0].plot([], [], "--", color=FAINT, linewidth=0.8, label="± Welch")
    axes[0].set_ylabel("share of pairs")
    axes[0].legend(loc="upper right")
    return figure
