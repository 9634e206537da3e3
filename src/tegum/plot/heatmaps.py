"""Gram matrix and bias as heat maps."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tegum.measure import lowest_loss
from tegum.plot.cells import cells, grid_dimensions
from tegum.plot.labels import chosen_model, describe_problem, heading, selection
from tegum.plot.panels import colour_bar, panels
from tegum.plot.style import SIGNED_MAP, styled


@styled()
def gram_and_bias(dataset: xr.Dataset) -> Figure:
    """The matrix W Wᵀ of every cell as a heat map, with the bias as a column on its right.

    Each panel shows the lowest-loss model of its cell. Row i is what output i reads from every input: 1 on the diagonal
    if the feature passes whole, and what other features j add beside it. Papers that write W as (m, n) call this matrix
    WᵀW. Colours run from -1 to 1 with white at 0, the same in all panels; the few values beyond are drawn as the end
    of the scale.

    Args:
        dataset: from `tegum.train`, with one grid dimension or none.

    Returns:
        A figure with one panel for each cell and one colour bar.

    Raises:
        InputError: if there is more than one grid dimension.

    Example:
        >>> W = xr.DataArray(np.eye(3)[np.newaxis, :, :2], dims=("model", "feature", "hidden"))
        >>> bias = xr.zeros_like(W.isel(hidden=0))
        >>> figure = gram_and_bias(xr.Dataset({"W": W, "bias": bias, "loss": ("model", [0.1])}))
        >>> np.diag(figure.axes[0].images[0].get_array()).tolist()
        [1.0, 1.0, 0.0]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, sections on basic results and feature sparsity.
    """
    names = grid_dimensions(dataset, at_most=1)
    shown = list(cells(lowest_loss(dataset), names))
    figure, axes = panels(1, len(shown), size=(1.85, 1.85), at_most=5)
    colours = ScalarMappable(Normalize(-1.0, 1.0), SIGNED_MAP)
    for ax, cell in zip(axes, shown, strict=True):
        _draw(ax, cell.data)
        ax.set_title(cell.title)
    colour_bar(figure, colours, label="value, cut at ±1", extend="both").set_ticks([-1.0, -0.5, 0.0, 0.5, 1.0])
    figure.supxlabel("input feature j, then the bias", fontsize="medium")
    figure.supylabel("output feature i", fontsize="medium")
    figure.suptitle(
        heading(
            "W Wᵀ and bias",
            describe_problem(dataset),
            selection(dataset),
            chosen_model(dataset),
            width=figure.get_figwidth(),
        )
    )
    return figure


def _draw(ax: Axes, cell: xr.Dataset) -> None:
    """The matrix of one model in `ax`, and its bias in a narrow axes inside the same panel."""
    W = cell["W"].transpose("feature", "hidden").to_numpy()
    beside = ax.inset_axes((1.04, 0.0, 0.07, 1.0))
    for where, values in ((ax, W @ W.T), (beside, cell["bias"].to_numpy()[:, np.newaxis])):
        # interpolation "none" keeps every cell a sharp square when the SVG is enlarged
        where.imshow(values, cmap=SIGNED_MAP, vmin=-1.0, vmax=1.0, interpolation="none", aspect="auto")
        where.spines[:].set_visible(True)
    ax.set_box_aspect(1.0)
    beside.set(xticks=[], yticks=[])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4, integer=True))
