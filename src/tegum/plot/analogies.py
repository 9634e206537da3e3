"""Analogies as vector arithmetic: how often they come out, against the norm of words' own directions."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.ground.estimate import share_estimate
from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS = "osD^v<>"


@styled()
def analogy_shares(dataset: xr.Dataset) -> Figure:
    """Share of codes in which the answer is the nearest word, with and without the words of the question.

    Args:
        dataset: `found` and `found_with_inputs`, 0 or 1, over (n_hidden, own_norm, model), and `formula` and
            `formula_with_inputs` over (n_hidden, a finer `curve_norm`).

    Returns:
        A figure with one panel.

    Example:
        >>> each = (("n_hidden", "own_norm", "model"), [[[1, 0]]])
        >>> columns = dict.fromkeys(("found", "found_with_inputs"), each)
        >>> columns |= dict.fromkeys(("formula", "formula_with_inputs"), (("n_hidden", "curve_norm"), [[1.0, 0.5]]))
        >>> dataset = xr.Dataset(columns, {"n_hidden": [50], "own_norm": [0.5], "curve_norm": [0.0, 1.0]})
        >>> analogy_shares(dataset).axes[0].get_ylabel()
        'share of codes that find queen'

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.6, 3.3), layout="constrained")
    ax, s = figure.subplots(), dataset["own_norm"].values
    for number, m in enumerate(dataset["n_hidden"].values):
        at, colour = dataset.sel(n_hidden=m), OKABE_ITO[number % len(OKABE_ITO)]
        ax.plot(at["curve_norm"], at["formula"], color=colour, linewidth=1.0)
        ax.plot(at["curve_norm"], at["formula_with_inputs"], "--", color=colour, linewidth=0.9)
        for name, filled in (("found", True), ("found_with_inputs", False)):
            shares = [
                share_estimate(int(row.sum()), row.size) for row in at[name].transpose("own_norm", "model").values
            ]
            best = np.array([each.best for each in shares])
            ends = np.array([best - [each.low for each in shares], [each.high for each in shares] - best])
            ax.errorbar(
                s,
                best,
                yerr=ends,
                fmt=_MARKERS[number % len(_MARKERS)],
                color=colour,
                markersize=4,
                elinewidth=0.7,
                markerfacecolor=colour if filled else "white",
                label=f"m = {m}" if filled else None,
            )
    style = {"color": FAINT, "markerfacecolor": "white", "linewidth": 0.9}
    ax.plot([], [], "o--", label="king, man and woman not left out", **style)
    ax.axvline(1.0, color=FAINT, linewidth=0.8, linestyle=":")
    ax.set(xlabel="norm s of a word's own direction", ylabel="share of codes that find queen", ylim=(-0.03, 1.03))
    ax.legend()
    return figure
