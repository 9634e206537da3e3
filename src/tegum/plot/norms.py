"""Norms of features as bars, coloured by interference."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tegum.measure import feature_norm, interference, lowest_loss, n_represented
from tegum.plot.cells import REPRESENTED_NORM, cells, grid_dimensions
from tegum.plot.labels import chosen_model, describe_problem, heading, selection
from tegum.plot.panels import colour_bar, panels
from tegum.plot.style import AMOUNT_MAP, FAINT, styled


@styled()
def norm_bars(dataset: xr.Dataset) -> Figure:
    """How far each feature is represented, and whether it shares its direction, one panel for each cell of the grid.

    A bar is the norm |W_i| in the lowest-loss model. Its colour is the interference Σ over j ≠ i of (Ŵ_i · W_j)²: dark
    for a direction that no other feature touches, bright from 1 up, where the others together can excite a feature as
    much as it does itself. Features with a norm above 1/2, the dotted line, count as represented.

    Args:
        dataset: from `tegum.train`, with one grid dimension or none.

    Returns:
        A figure with one panel for each cell and one colour bar.

    Raises:
        InputError: if there is more than one grid dimension.

    Example:
        >>> W = xr.DataArray(np.eye(3)[np.newaxis, :, :2], dims=("model", "feature", "hidden"))
        >>> norm_bars(xr.Dataset({"W": W, "loss": ("model", [0.1])})).axes[0].get_title()
        '2 represented'

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on feature sparsity.
    """
    names = grid_dimensions(dataset, at_most=1)
    shown = list(cells(lowest_loss(dataset), names))
    n_features = dataset.sizes["feature"]
    height = float(np.clip(0.4 + 0.07 * n_features, 1.6, 5.0))
    figure, axes = panels(1, len(shown), size=(1.85, height), at_most=5)
    colours = ScalarMappable(Normalize(0.0, 1.0), AMOUNT_MAP)
    for ax, cell in zip(axes, shown, strict=True):
        n_represented = _draw(ax, cell.data["W"], colours)
        ax.set_title(f"{cell.title}\n{n_represented} represented".strip())
    longest = max(ax.dataLim.xmax for ax in axes)
    for ax in axes:
        ax.set(xlim=(0.0, max(1.1, 1.05 * longest)), ylim=(n_features - 0.4, -0.6), xticks=[0.0, 0.5, 1.0])
    colour_bar(figure, colours, label=r"interference  $\Sigma_{j \neq i}(\hat W_i \cdot W_j)^2$", extend="max")
    figure.supxlabel("norm |Wᵢ|, dotted line at 1/2", fontsize="medium")
    figure.supylabel("feature i", fontsize="medium")
    figure.suptitle(
        heading(describe_problem(dataset), selection(dataset), chosen_model(dataset), width=figure.get_figwidth())
    )
    return figure


def _draw(ax: Axes, W: xr.DataArray, colours: ScalarMappable) -> int:
    """The bars of one model; the number of features that it represents."""
    norms = feature_norm(W).to_numpy()
    shade = colours.to_rgba(interference(W).to_numpy())
    ax.barh(np.arange(len(norms)), norms, height=0.8, color=shade, edgecolor="black", linewidth=0.2)
    ax.axvline(REPRESENTED_NORM, color=FAINT, linewidth=0.8, linestyle=":")
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    return int(n_represented(W, threshold=REPRESENTED_NORM))
