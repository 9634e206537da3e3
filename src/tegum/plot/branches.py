"""Branches of optima over a changing problem, and where training lands among them."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.ground.estimate import share_estimate
from tegum.plot.axes import plain_log
from tegum.plot.style import FAINT, OKABE_ITO, styled


@styled()
def loss_branches(dataset: xr.Dataset, *, crossing: float) -> Figure:
    """Exact loss of each branch over the ratio of densities.

    Args:
        dataset: `loss` over (branch, ratio).
        crossing: ratio at which the two lowest curves meet.

    Returns:
        A figure with one line for each branch.

    Example:
        >>> dataset = xr.Dataset({"loss": (("branch", "ratio"), [[1.0, 2.0]])}, {"branch": ["a"], "ratio": [0.1, 1.0]})
        >>> len(loss_branches(dataset, crossing=0.5).axes[0].lines)
        2

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section Non-Uniform Superposition.
    """
    figure = Figure(figsize=(4.2, 3.0), layout="constrained")
    ax = figure.subplots()
    for number, name in enumerate(dataset["branch"].values):
        ax.plot(dataset["ratio"], dataset["loss"].sel(branch=name), color=OKABE_ITO[number], label=str(name))
    ax.axvline(crossing, color=FAINT, linewidth=1.0, linestyle="--", label=f"crossing at {crossing:.3f}")
    ax.set(xscale="log", xlabel="density of the fifth feature / that of the others", ylabel="expected loss")
    plain_log(ax.xaxis)
    ax.legend()
    return figure


@styled()
def landing_shares(dataset: xr.Dataset) -> Figure:
    """Share of trained models that represent every feature, over the ratio of densities, with 99 % intervals.

    Args:
        dataset: `represented` over (ratio, model).

    Returns:
        A figure with one point for each ratio.

    Example:
        >>> dataset = xr.Dataset({"represented": (("ratio", "model"), [[5, 4]])}, {"ratio": [1.0]})
        >>> landing_shares(dataset.assign(W=("feature", np.zeros(5)))).axes[0].lines[0].get_ydata().tolist()
        [0.5]

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.2, 2.8), layout="constrained")
    ax = figure.subplots()
    every = dataset["represented"] == dataset.sizes["feature"]
    shares = [share_estimate(int(every.sel(ratio=r).sum()), every.sizes["model"]) for r in dataset["ratio"].values]
    best = np.array([share.best for share in shares])
    spread = np.array([[share.best - share.low for share in shares], [share.high - share.best for share in shares]])
    ax.errorbar(dataset["ratio"].values, best, spread, fmt="o", color=OKABE_ITO[0], capsize=2)
    ax.set(
        xscale="log",
        ylim=(-0.02, 1.02),
        xlabel="density of the fifth feature / that of the others",
        ylabel="share with all features",
    )
    ax.set_title(f"{every.sizes['model']} starts for each ratio")
    plain_log(ax.xaxis)
    return figure


@styled()
def level_curves(dataset: xr.Dataset) -> Figure:
    """Loss of the best k-gon against k, one line for each number of features.

    Args:
        dataset: `loss` over `arrangement`, with coordinates n and k.

    Returns:
        A figure with one line for each n.

    Example:
        >>> coords = {"n": ("arrangement", [5, 5]), "k": ("arrangement", [4, 5])}
        >>> len(level_curves(xr.Dataset({"loss": ("arrangement", [0.06, 0.02])}, coords)).axes[0].lines)
        1

    Source:
        Chen, Lau, Mendel, Wei and Murfet 2023, arXiv 2310.06301.
    """
    figure = Figure(figsize=(3.8, 2.8), layout="constrained")
    ax = figure.subplots()
    for number, n in enumerate(sorted(set(dataset["n"].values.tolist()))):
        mine = dataset.isel(arrangement=dataset["n"].values == n)
        ax.plot(mine["k"], mine["loss"], "osD^"[number % 4] + "-", color=OKABE_ITO[number], label=f"n = {n}")
    ax.set(xlabel="corners k", ylabel="loss per sample", ylim=(0, None))
    ax.set_xticks(sorted(set(dataset["k"].values.tolist())))
    ax.legend()
    return figure


@styled()
def collapsed_against_probability(dataset: xr.Dataset) -> Figure:
    """Number of collapsed pairs against p: every descent a faint dot, the lowest-loss one a line.

    Args:
        dataset: `collapsed` and `loss` over (feature_probability, model).

    Returns:
        A figure with one panel.

    Example:
        >>> dims = ("feature_probability", "model")
        >>> columns = {"collapsed": (dims, [[1, 2]]), "loss": (dims, [[0.2, 0.1]])}
        >>> figure = collapsed_against_probability(xr.Dataset(columns, {"feature_probability": [0.1]}))
        >>> figure.axes[0].lines[0].get_ydata().tolist()
        [2]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on correlated features and PCA.
    """
    figure = Figure(figsize=(4.2, 2.6), layout="constrained")
    ax = figure.subplots()
    p = dataset["feature_probability"].values
    best = dataset["collapsed"].isel(model=dataset["loss"].argmin("model")).values
    ax.plot(p, best, "o-", color=OKABE_ITO[1], label="lowest loss", zorder=3)
    for row, at in zip(dataset["collapsed"].values, p, strict=True):
        counts, times = np.unique(row, return_counts=True)
        ax.scatter(np.full(len(counts), at), counts, s=60 * times / len(row), color=FAINT, alpha=0.5, linewidth=0)
    ax.set(xscale="log", xlabel="probability of each pair", ylabel="collapsed pairs", ylim=(-0.3, 3.3))
    plain_log(ax.xaxis)
    ax.set_yticks([0, 1, 2, 3])
    ax.set_title("dots: shares of all descents")
    ax.legend()
    return figure
