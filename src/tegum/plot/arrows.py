"""Features as arrows in a plane."""

from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator

from tegum.ground.errors import InputError
from tegum.measure import lowest_loss
from tegum.plot.cells import cells, grid_dimensions
from tegum.plot.labels import chosen_model, describe_problem, heading, selection
from tegum.plot.panels import colour_bar, columns_for, panels
from tegum.plot.style import FAINT, dark_part, styled

_IN_A_LINE: Final = 8


@styled()
def feature_arrows(dataset: xr.Dataset) -> Figure:
    """The direction W_i of every feature as an arrow from the origin, one panel for each cell of the grid.

    Each panel shows the lowest-loss model of its cell. Colour is the order of importance: dark for the most important
    feature. The circle has radius 1, and all panels have the same scale. A dot marks the end of an arrow, because a
    head would hide short ones.

    Args:
        dataset: from `tegum.train` with m = 2. If it has two grid dimensions, the first becomes blocks of panels.

    Returns:
        A figure with one panel for each cell.

    Raises:
        InputError: if the hidden space is not a plane, or if there are more than two grid dimensions.

    Example:
        >>> W = xr.DataArray(np.eye(3)[np.newaxis, :, :2], dims=("model", "feature", "hidden"))
        >>> dataset = xr.Dataset({"W": W, "loss": ("model", [0.1]), "importances": ("feature", [1.0, 0.7, 0.49])})
        >>> feature_arrows(dataset).get_suptitle()
        'n = 3 features, m = 2 dimensions, Iᵢ = 0.7ⁱ'

    Source:
        Elhage et al. 2022, Toy Models of Superposition, introduction.
    """
    names = grid_dimensions(dataset, at_most=2)
    if dataset.sizes["hidden"] != 2:
        raise InputError(
            f"arrows need a hidden space of 2 dimensions; got {dataset.sizes['hidden']}. "
            "Use gram_and_bias or norm_bars, which show any number of dimensions."
        )
    best = lowest_loss(dataset)
    shown = [(block.title, cell) for block in cells(best, names[:-1]) for cell in cells(block.data, names[-1:])]
    n_cells = dataset.sizes[names[-1]] if names else 1
    figure, axes = panels(len(shown) // n_cells, n_cells, size=(1.3, 1.45), at_most=_IN_A_LINE)

    n_features = dataset.sizes["feature"]
    colours = ScalarMappable(Normalize(-0.5, n_features - 0.5), dark_part(n_features))
    reach = max(1.15, 1.08 * float(np.linalg.norm(best["W"].to_numpy(), axis=-1).max()))
    for place, (ax, (title, cell)) in enumerate(zip(axes, shown, strict=True)):
        _draw(ax, cell.data, colours, reach)
        ax.set_title(cell.title)
        if place % n_cells % columns_for(n_cells, at_most=_IN_A_LINE) == 0:
            ax.set_ylabel(title)

    bar = colour_bar(figure, colours, label=_meaning_of_colour(dataset["importances"]))
    bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    bar.ax.invert_yaxis()
    figure.suptitle(
        heading(describe_problem(dataset), selection(dataset), chosen_model(dataset), width=figure.get_figwidth())
    )
    return figure


def _draw(ax: Axes, cell: xr.Dataset, colours: ScalarMappable, reach: float) -> None:
    """The arrows of one model, in a square from -reach to +reach."""
    W: Float[np.ndarray, "n_features 2"] = cell["W"].transpose("feature", "hidden").to_numpy()
    rank = _order_of_importance(cell["importances"].to_numpy())
    ax.add_patch(Circle((0.0, 0.0), 1.0, fill=False, edgecolor=FAINT, linewidth=0.5, linestyle="--", zorder=0))
    shade = colours.to_rgba(rank)
    ax.add_collection(
        LineCollection([*np.stack([np.zeros_like(W), W], axis=1)], colors=shade, linewidths=1.4, zorder=2)
    )
    ax.scatter(*W.T, c=shade, s=9.0, linewidths=0.0, zorder=3)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _order_of_importance(importances: Float[np.ndarray, " n_features"]) -> Int[np.ndarray, " n_features"]:
    """0 for the most important feature; equal ones keep the order of the dataset."""
    rank = np.empty(len(importances), dtype=np.int64)
    rank[np.argsort(-importances, kind="stable")] = np.arange(len(importances))
    return rank


def _meaning_of_colour(importances: xr.DataArray) -> str:
    """What to write beside the colour bar: in many problems the order of importance is the order of the features."""
    falls = importances.diff("feature") <= 0.0
    if bool((importances == importances.isel(feature=0)).all()):
        return "feature"
    return "feature, most important first" if bool(falls.all()) else "place in order of importance"
