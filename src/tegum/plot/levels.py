"""Misread levels, and errors of features that depend on each other."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.ground.estimate import mean_estimate
from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS = "osD^v<>"


@styled()
def level_errors(dataset: xr.Dataset) -> Figure:
    """Share of active features whose level is misread, against the number of levels, by the number of active ones.

    Args:
        dataset: `error` and `given_others` (normal noise of the energy that the others have) over
            (n_active, n_levels, code), `formula` (normal noise of their mean energy) over the first two, with
            n_features and n_hidden in its attributes. At most seven numbers of active features.

    Returns:
        A figure with one panel and a colour for each number of active features.

    Example:
        >>> dims = ("n_active", "n_levels", "code")
        >>> columns = dict.fromkeys(("error", "given_others"), (dims, [[[0.01, 0.02], [0.1, 0.1]]]))
        >>> columns["formula"] = (dims[:2], [[0.01, 0.1]])
        >>> coords = {"n_active": [4], "n_levels": [6, 8]}
        >>> dataset = xr.Dataset(columns, coords, {"n_features": 4096, "n_hidden": 512})
        >>> level_errors(dataset).axes[0].get_xlabel()
        'levels N'

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.8, 3.5), layout="constrained")
    ax = figure.subplots()
    levels = dataset["n_levels"].values
    for number, k in enumerate(dataset["n_active"].values):
        colour, row = OKABE_ITO[number], dataset.sel(n_active=k)
        estimates = [mean_estimate(cell) for cell in row["error"].transpose("n_levels", "code").values]
        best = np.array([each.best for each in estimates])
        spans = np.array([[each.best - each.low for each in estimates], [each.high - each.best for each in estimates]])
        shown = best > 0
        style = {"fmt": _MARKERS[number], "color": colour, "markersize": 3.5, "elinewidth": 0.9}
        ax.errorbar(levels[shown], best[shown], yerr=spans[:, shown], label=f"k = {k}", **style)
        ax.plot(levels, row["given_others"].mean("code").values, color=colour, linewidth=1.1)
        ax.plot(levels, row["formula"].values, "--", color=colour, linewidth=0.9)
    ax.plot([], [], color=FAINT, linewidth=1.1, label="over the energy of the others")
    ax.plot([], [], "--", color=FAINT, linewidth=0.9, label="at their mean energy")
    ax.set(yscale="log", xlabel="levels N", ylabel="share of misread levels", ylim=(1e-5, 1.0))
    ax.set_title(f"n = {dataset.attrs['n_features']}, m = {dataset.attrs['n_hidden']}, k active features")
    ax.legend(loc="lower right")
    return figure


@styled()
def wrong_against_correlation(dataset: xr.Dataset) -> Figure:
    """Wrong features, and the variance of interference, against the correlation of any two features.

    Args:
        dataset: `wrong` and `mean_square` over (pair_correlation, code), `expected` over pair_correlation, `fixed` over
            code (wrong features with exactly np active ones); n_features, n_hidden and feature_probability in its
            attributes.

    Returns:
        A figure with two panels.

    Example:
        >>> dims = ("pair_correlation", "code")
        >>> columns = dict.fromkeys(("wrong", "mean_square"), (dims, [[0.3, 0.4], [1.0, 1.1]]))
        >>> columns |= {"expected": (dims[:1], [0.3, 1.0]), "fixed": ("code", [0.03, 0.04])}
        >>> attrs = {"n_features": 1000, "n_hidden": 256, "feature_probability": 0.004}
        >>> len(wrong_against_correlation(xr.Dataset(columns, {"pair_correlation": [0.0, 0.01]}, attrs)).axes)
        2

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.2, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    r = dataset["pair_correlation"].values
    n, m, p = (dataset.attrs[name] for name in ("n_features", "n_hidden", "feature_probability"))
    for ax, name, colour in ((left, "wrong", OKABE_ITO[0]), (right, "mean_square", OKABE_ITO[1])):
        estimates = [mean_estimate(row) for row in dataset[name].transpose("pair_correlation", "code").values]
        spans = [[each.best - each.low for each in estimates], [each.high - each.best for each in estimates]]
        best = [each.best for each in estimates]
        ax.errorbar(r, best, yerr=spans, fmt="o", color=colour, markersize=4, elinewidth=0.9, label="sampled")
        ax.set(xlabel="correlation r of any two features")
    left.plot(r, dataset["expected"].values, color="black", linewidth=1.1, label="mixture over the number active")
    fixed = float(dataset["fixed"].mean())
    left.axhline(fixed, color=FAINT, linestyle="--", linewidth=1.1, label=f"always {n * p:g} active")
    right.axhline(n * p / m, color="black", linewidth=1.1, label="np/m")
    left.set(ylabel="wrong features per input", ylim=(0, None), title=f"n = {n}, m = {m}, p = {p:g}")
    right.set(ylabel="interference variance", ylim=(0, None))
    left.legend()
    right.legend(loc="lower right")
    return figure
