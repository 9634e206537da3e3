"""Antipodal pairs: on one dimension, among random directions, and designed."""

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS: Final = "osD^v<>P"
_P: Final = "feature_probability"
_LINE: Final = 7.5  # points between names of sizes


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
    rule = m * k / (2 * n**2)
    criterion = (random["false_positive"] - k / n * random["true_positive"]).values
    for ax, x in ((left, rule), (right, criterion)):
        colours = np.where(mean < 0, OKABE_ITO[0], OKABE_ITO[1])
        ax.errorbar(x, mean, yerr=half, fmt="none", ecolor=colours, elinewidth=1.0)
        ax.scatter(x, mean, s=18, c=colours, zorder=3)
        ax.scatter(x, formula, s=40, facecolors="none", edgecolors=FAINT, linewidths=0.8)
        ax.axhline(0, color=FAINT, linewidth=0.8)
        ax.set_yscale("symlog", linthresh=1e-4)
    left.axvline(1, color=FAINT, linewidth=0.8)
    left.axvspan(min(1e-4, 0.5 * rule.min()), 1, color=FAINT, alpha=0.12, linewidth=0)
    left.text(0.95, 0.96, "the rule forbids pairing", transform=left.transAxes, ha="right", va="top", fontsize=7)
    left.set(xscale="log", xlabel="m / (2n²/k)", ylabel="paired minus unpaired, loss per feature")
    left.set(title="the rule as stated", xlim=(0.5 * rule.min(), 1.2 * max(1.0, rule.max())))
    right.axvline(0, color=FAINT, linewidth=0.8)
    right.set_xscale("symlog", linthresh=1e-3)
    reach = 3 * float(np.abs(criterion).max())
    right.set_xlim(-reach, reach)
    right.set(title="corrected; beside the points: n, m, k", xlabel="FPR - p TPR (formula)")
    for label, colour in (("pairing helps", OKABE_ITO[0]), ("pairing harms", OKABE_ITO[1])):
        left.scatter([], [], s=18, c=colour, label=label)
    left.scatter([], [], s=40, facecolors="none", edgecolors=FAINT, linewidths=0.8, label="formula")
    left.legend(loc="lower right", bbox_to_anchor=(0.97, 0.0))
    _name_sizes(right, criterion, mean, random)
    return figure


def _name_sizes(ax: Axes, x: np.ndarray, y: np.ndarray, random: xr.Dataset) -> None:
    """n, m, k beside each point: on the side of the axis x = 0, a line apart from top to bottom."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # ax was made by one
    figure.draw_without_rendering()  # lays the panels out, so that heights are known
    heights = ax.transData.transform(np.column_stack([x, y]))[:, 1] * 72 / figure.dpi
    for side, on_side in (("right", x > 0), ("left", x <= 0)):
        least = np.inf
        for index in sorted(np.flatnonzero(on_side), key=lambda each: -heights[each]):
            at = random.isel(size=index)
            words = f"{int(at['n_features'])}, {int(at['n_hidden'])}, {float(at['n_active']):g}"
            height = min(heights[index], least - _LINE)
            least = height
            place = (-6 if side == "right" else 6, height - heights[index])
            ax.annotate(
                words, (x[index], y[index]), place, ha=side, va="center", fontsize=6, textcoords="offset points"
            )


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
