"""How the loss falls while models train."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.ground.errors import InputError
from tegum.measure import best_model
from tegum.plot.cells import cells, grid_dimensions
from tegum.plot.labels import describe_problem, heading, selection
from tegum.plot.style import OKABE_ITO, dark_part, styled


@styled()
def loss_curves(dataset: xr.Dataset) -> Figure:
    """The training loss of every model against the number of steps, both axes logarithmic, one colour for each cell.

    Thin lines are all models of a cell; the thick line is the one with the lowest final loss.

    Args:
        dataset: from `tegum.train`, with one grid dimension or none.

    Returns:
        A figure with one picture.

    Raises:
        InputError: if there is more than one grid dimension, or if no losses were recorded while training.

    Example:
        >>> variables = {"W": ("feature", "hidden"), "loss": ("model",), "loss_history": ("model", "step")}
        >>> dataset = xr.Dataset({name: (dims, np.ones([2] * len(dims))) for name, dims in variables.items()})
        >>> loss_curves(dataset.assign_coords(step=[1, 10])).axes[0].get_ylabel()
        'training loss per sample'
    """
    names = grid_dimensions(dataset, at_most=1)
    if "loss_history" not in dataset:
        raise InputError("the dataset has no variable 'loss_history'; train again and record losses at some steps.")
    shown = list(cells(dataset, names))
    # numbers have an order, and so do the colours of a map; words have none
    ordered = bool(names) and np.issubdtype(dataset[names[0]].dtype, np.number)
    colours = dark_part(len(shown))(range(len(shown))) if ordered or len(shown) > len(OKABE_ITO) else OKABE_ITO
    figure = Figure(figsize=(5.8, 3.4), layout="constrained")
    ax = figure.subplots()
    for colour, cell in zip(colours, shown, strict=False):
        steps = cell.data["step"].to_numpy()
        losses = cell.data["loss_history"].transpose("step", "model")
        ax.plot(steps, losses, color=colour, linewidth=0.5, alpha=0.5)
        ax.plot(steps, losses.isel(model=best_model(cell.data)), color=colour, linewidth=1.5, label=cell.title or None)
    ax.set(xscale="log", yscale="log", xlabel="step", ylabel="training loss per sample")
    n_models = dataset.sizes["model"]
    lines = f"thick: lowest final loss of {n_models} models" if n_models > 1 else ""
    ax.set_title(heading(describe_problem(dataset), selection(dataset), lines, width=4.5))
    if names:
        figure.legend(loc="outside right upper")
    return figure
