"""Two figures on the loss: formula against samples, and what an overlap costs."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.plot.style import FAINT, OKABE_ITO, styled


@styled()
def formula_against_samples(datasets: Mapping[str, xr.Dataset]) -> Figure:
    """Distance between a formula and a simulation, in standard errors, for each model.

    Args:
        datasets: by label; each has `loss_formula`, `loss_sampled` and `loss_standard_error` over `model`.

    Returns:
        A figure with a row of dots for each dataset and the window of four standard errors.

    Example:
        >>> columns = {"loss_formula": 1.0, "loss_sampled": 1.2, "loss_standard_error": 0.1}
        >>> dataset = xr.Dataset({name: ("model", [value]) for name, value in columns.items()})
        >>> float(formula_against_samples({"linear": dataset}).axes[0].lines[0].get_ydata()[0].round(3))
        2.0

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on the mathematics of the loss.
    """
    figure = Figure(figsize=(5.0, 2.8), layout="constrained")
    ax = figure.subplots()
    for number, (label, dataset) in enumerate(datasets.items()):
        distance = (dataset["loss_sampled"] - dataset["loss_formula"]) / dataset["loss_standard_error"]
        ax.plot(dataset["loss_formula"], distance, "os"[number % 2], color=OKABE_ITO[number], label=label, markersize=4)
    ax.axhspan(-4, 4, color=FAINT, alpha=0.15, linewidth=0, label="4 standard errors")
    ax.axhline(0, color=FAINT, linewidth=1)
    ax.set(xscale="log", xlabel="loss by the formula", ylabel="(sampled - formula) / standard error", ylim=(-6, 6))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@styled()
def cost_of_overlap(dataset: xr.Dataset) -> Figure:
    """Squared error that one present feature causes at another output, against their overlap.

    Args:
        dataset: `relu` over `bias` and `overlap`, and `linear` over `overlap`.

    Returns:
        A figure with one curve for each bias and one for the linear model.

    Example:
        >>> dataset = xr.Dataset(
        ...     {"relu": (("bias", "overlap"), [[0.0, 0.3]]), "linear": ("overlap", [0.3, 0.3])},
        ...     coords={"bias": [0.0], "overlap": [-1.0, 1.0]},
        ... )
        >>> len(cost_of_overlap(dataset).axes[0].lines)
        2

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on the mathematics of the loss.
    """
    figure = Figure(figsize=(5.0, 3.2), layout="constrained")
    ax = figure.subplots()
    overlap = dataset["overlap"].values
    ax.plot(overlap, dataset["linear"], color="black", linestyle="--", label="linear output, b = 0")
    for number, bias in enumerate(dataset["bias"].values.tolist()):
        ax.plot(overlap, dataset["relu"].sel(bias=bias), color=OKABE_ITO[number], label=f"ReLU output, b = {bias:g}")
    ax.set(
        xlabel="overlap of the two directions",
        ylabel="squared error at the absent feature",
        xlim=(float(np.min(overlap)), float(np.max(overlap))),
        ylim=(0, None),
    )
    ax.legend()
    return figure
