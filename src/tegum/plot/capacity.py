"""How many features can be active: errors and limits, sampled and from theory."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tegum.ground.estimate import mean_estimate
from tegum.plot.axes import plain_log
from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS = "osD^v<>"
_CRITERIA = {  # name: label, line style; colours in this order
    "rule_of_thumb": ("i  m/(8 ln n)", "-"),
    "union": ("ii  union bound", "--"),
    "exact_tail": ("iii  normal tail, threshold ½", "-"),
    "best_threshold": ("iv  best threshold", "-"),
    "any_error": ("v  chance of any error", (0, (4, 4))),
    "worst_case": ("vi  every set", "-"),
    "tight_frame": ("vii  tight frame", "-"),
}


@styled()
def wrong_against_active(datasets: Mapping[str, xr.Dataset]) -> Figure:
    """Wrong features per input against the number of active ones: sampled, from the formula, and the rule of thumb.

    Args:
        datasets: each with `wrong` over (n_active, code), `expected` over n_active and `bound`, the rule of thumb, with
            n_features and n_hidden in its attributes. At most seven.

    Returns:
        A figure with one panel and a colour for each dataset.

    Example:
        >>> columns = {"wrong": (("n_active", "code"), [[0.1, 0.2]]), "expected": ("n_active", [0.2]), "bound": 3.0}
        >>> dataset = xr.Dataset(columns, {"n_active": [4]}, {"n_features": 100, "n_hidden": 64})
        >>> wrong_against_active({"loads": dataset}).axes[0].get_ylabel()
        'wrong features per input'

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.6, 3.5), layout="constrained")
    ax = figure.subplots()
    for number, dataset in enumerate(datasets.values()):
        colour, k = OKABE_ITO[number], dataset["n_active"].values
        label = f"n = {dataset.attrs['n_features']}, m = {dataset.attrs['n_hidden']}"
        _sampled(ax, k, dataset["wrong"].values, number, label)
        ax.plot(k, dataset["expected"].values, color=colour, linewidth=1.1)
        ax.axvline(float(dataset["bound"]), color=colour, linewidth=1.1, linestyle=":")
    ax.plot([], [], color=FAINT, linewidth=1.1, label="formula")
    ax.plot([], [], ":", color=FAINT, linewidth=1.1, label="rule of thumb m/(8 ln n)")
    ax.axhline(1.0, color=FAINT, linewidth=0.6)
    least = min(float(dataset["expected"].min()) for dataset in datasets.values())
    ax.set(yscale="log", xlabel="active features k", ylabel="wrong features per input")
    ax.set_ylim(bottom=max(1e-4, least / 2))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return figure


def _sampled(ax: Axes, x: np.ndarray, values: np.ndarray, number: int, label: str | None) -> None:
    """Means over codes with their 99 % intervals."""
    estimates = [mean_estimate(row) for row in values]
    best = np.array([each.best for each in estimates])
    spans = [[each.best - each.low for each in estimates], [each.high - each.best for each in estimates]]
    style = {"fmt": _MARKERS[number], "color": OKABE_ITO[number], "markersize": 3.5, "elinewidth": 0.9}
    shown = best > 0
    ax.errorbar(x[shown], best[shown], yerr=np.array(spans)[:, shown], label=label, **style)


@styled()
def capacity_against_features(criteria: xr.Dataset, measured: xr.Dataset) -> Figure:
    """The most active features against n by every criterion, with what sampling finds.

    Args:
        criteria: a variable for each criterion of `tegum.theory.CRITERIA` over n_features, with n_hidden and error in
            its attributes.
        measured: `low`, `best` and `high` over (criterion, n_features).

    Returns:
        A figure with one panel.

    Example:
        >>> lines = xr.Dataset(
        ...     {name: ("n_features", [9.0, 8.0]) for name in _CRITERIA},
        ...     {"n_features": [500, 1000]},
        ...     {"n_hidden": 512, "error": 0.05},
        ... )
        >>> points = {end: (("criterion", "n_features"), [[8.4]]) for end in ("low", "best", "high")}
        >>> found = xr.Dataset(points, {"criterion": ["exact_tail"], "n_features": [1000]})
        >>> len(capacity_against_features(lines, found).axes)
        1

    Source:
        Ours; the criteria's own sources are in `tegum.theory.CRITERIA`.
    """
    figure = Figure(figsize=(6.4, 3.7), layout="constrained")
    ax = figure.subplots()
    n = criteria["n_features"].values
    for number, (name, (label, line)) in enumerate(_CRITERIA.items()):
        k = criteria[name].values
        ax.plot(n, k, linestyle=line, color=OKABE_ITO[number], linewidth=1.2, label=label)
        if name in measured["criterion"].values:
            points = measured.sel(criterion=name)
            best = points["best"].values
            spans = np.abs([best - points["low"].values, points["high"].values - best])
            style = {"fmt": _MARKERS[number], "color": OKABE_ITO[number], "markersize": 4, "elinewidth": 0.9}
            ax.errorbar(points["n_features"].values, best, yerr=spans, **style)
    m = criteria.attrs["n_hidden"]
    ax.set(xlabel="features n", ylabel="active features k")
    ax.set_title(f"m = {m}, η = {criteria.attrs['error']:g}; lines: theory, points: sampled")
    ax.set(xscale="log", yscale="log")
    for axis in (ax.xaxis, ax.yaxis):
        plain_log(axis)
    figure.legend(loc="outside right upper")
    return figure


@styled()
def capacity_near_square(dataset: xr.Dataset) -> Figure:
    """The most active features against n, just above n = m: random codes and tight frames.

    Args:
        dataset: `best`, `low`, `high` and `expected` over (family, n_features), `rule` (the rule of thumb) over
            n_features, with n_hidden in its attributes. A capacity of n means that all features can be active.

    Returns:
        A figure with one panel and a colour for each family.

    Example:
        >>> over = (("family", "n_features"), [[512.0, 20.0]])
        >>> columns = dict.fromkeys(("low", "best", "high", "expected"), over) | {"rule": ("n_features", [10.0, 9.0])}
        >>> sizes = {"family": ["tight"], "n_features": [512, 1024]}
        >>> capacity_near_square(xr.Dataset(columns, sizes, {"n_hidden": 512})).axes[0].get_xlabel()
        'features n'

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.8, 3.5), layout="constrained")
    ax = figure.subplots()
    n = dataset["n_features"].values
    ax.plot(n, n, "--", color=FAINT, linewidth=1.1, label="all n features")
    ax.plot(n, dataset["rule"].values, ":", color=FAINT, linewidth=1.1, label="m/(8 ln n)")
    for number, family in enumerate(dataset["family"].values):
        points = dataset.sel(family=family)
        best, colour = points["best"].values, OKABE_ITO[number]
        spans = np.abs([best - points["low"].values, points["high"].values - best])
        ax.plot(n, points["expected"].values, color=colour, linewidth=1.1)
        style = {"fmt": _MARKERS[number], "color": colour, "markersize": 4, "elinewidth": 0.9}
        ax.errorbar(n, best, yerr=spans, label=str(family), **style)
    ax.set(xlabel="features n", ylabel="active features k with one wrong", yscale="log")
    ax.set_title(f"m = {dataset.attrs['n_hidden']}; lines: theory, points: sampled")
    plain_log(ax.yaxis)
    ax.legend()
    return figure
