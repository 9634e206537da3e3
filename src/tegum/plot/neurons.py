"""What single neurons stand for: their weights as stacked bars, and how many stand for one feature."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tegum.ground.arrays import ArrayLike, as_directions
from tegum.ground.errors import InputError
from tegum.measure import best_model, features_per_neuron, lowest_loss, n_monosemantic, n_represented
from tegum.plot.axes import over_sparsity
from tegum.plot.cells import REPRESENTED_NORM, cells, grid_dimensions
from tegum.plot.labels import chosen_model, describe_problem, heading, selection
from tegum.plot.panels import colour_bar, columns_for, panels
from tegum.plot.style import FAINT, OKABE_ITO, dark_part, styled

_FIELD: Final = "feature_probability"
_IN_A_LINE: Final = 5
_WIDEST: Final = 12.0  # inches of a line of panels
_MOST_EDGES: Final = 20  # features of which white lines can part the segments and leave something of them
_MOST_WORDS: Final = 12  # neurons in a panel whose numbers of features still have room


@styled()
def neuron_bars(
    model: xr.Dataset | ArrayLike, *, threshold: float = 0.2, titles: Sequence[str] | None = None
) -> Figure:
    """The weights of each neuron as stacked bars, one panel for each cell of the grid.

    A segment is the size |W_ia| of one weight, coloured by its feature: above the line if the feature excites the
    neuron, below if it inhibits it. The number under a bar counts the features with more than `threshold` of the
    neuron's largest weight: 1 is a monosemantic neuron. Neurons have no order of their own; those of few features come
    first.

    Args:
        model: from `tegum.train`, with one grid dimension or none, of which the lowest-loss models are shown; or W,
            (n_features, n_hidden).
        threshold: share of the neuron's largest weight above which a feature is counted, in [0, 1).
        titles: words for each cell instead of its coordinates.

    Returns:
        A figure with one panel for each cell.

    Raises:
        InputError: if there is more than one grid dimension, W is not one matrix, or there are not as many titles as
            cells.

    Example:
        >>> figure = neuron_bars([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
        ['1', '2']

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Superposition in a Privileged Basis.
    """
    dataset = model if isinstance(model, xr.Dataset) else _as_dataset(model)
    names = grid_dimensions(dataset, at_most=1)
    shown = list(cells(lowest_loss(dataset), names))
    titles = [cell.title for cell in shown] if titles is None else titles
    if len(titles) != len(shown):
        raise InputError(f"got {len(titles)} titles for {len(shown)} cells; give one for each, or none.")
    n_features, n_hidden = dataset.sizes["feature"], dataset.sizes["hidden"]
    width = max(1.45, 0.45 + 0.13 * n_hidden)
    columns = columns_for(len(shown), at_most=max(1, min(_IN_A_LINE, int(_WIDEST / width))))
    figure, axes = panels(1, len(shown), size=(width, 1.7), at_most=columns)
    colours = ScalarMappable(Normalize(-0.5, n_features - 0.5), dark_part(n_features))
    for place, (ax, cell, title) in enumerate(zip(axes, shown, titles, strict=True)):
        W = cell.data["W"].transpose("feature", "hidden").to_numpy().astype(np.float64)
        mono = _draw(ax, W, colours, threshold)
        ax.set_title(f"{title}\n{mono} of {n_hidden} monosemantic".strip())
        if place % columns == 0:
            ax.set_ylabel("weight")
    low, high = (f(ax.dataLim.intervaly[side] for ax in axes) for f, side in ((min, 0), (max, 1)))
    for ax in axes:
        ax.set_ylim(1.05 * min(low, 0.0), 1.05 * max(high, 0.1))
    bar = colour_bar(figure, colours, label="feature")
    bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    bar.ax.invert_yaxis()
    words = f": its number of features above {threshold:g} of its largest weight" if n_hidden <= _MOST_WORDS else ""
    figure.supxlabel(f"neuron{words}", fontsize="medium")
    figure.suptitle(
        heading(describe_problem(dataset), selection(dataset), chosen_model(dataset), width=figure.get_figwidth())
    )
    return figure


@styled()
def monosemantic_against_probability(dataset: xr.Dataset) -> Figure:
    """The number of neurons that stand for one feature, and of features that are represented, against 1/p.

    Lines join the lowest-loss models. Every model is in the dots, whose area is the share of models with that number of
    monosemantic neurons. The dashed line is the number of neurons: with more features than that, some are shared.

    Args:
        dataset: from `tegum.train`, with the one grid dimension `feature_probability`.

    Returns:
        A figure with one panel.

    Raises:
        InputError: if the grid is another one, or a probability is 0.

    Example:
        >>> W = xr.DataArray(np.eye(3)[np.newaxis, np.newaxis, :, :2], dims=(_FIELD, "model", "feature", "hidden"))
        >>> dataset = xr.Dataset({"W": W, "loss": ((_FIELD, "model"), [[0.1]])}, coords={_FIELD: [0.5]})
        >>> monosemantic_against_probability(dataset).axes[0].lines[0].get_xydata().tolist()
        [[2.0, 2.0]]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Superposition in a Privileged Basis.
    """
    if grid_dimensions(dataset, at_most=1) != (_FIELD,) or not bool((dataset[_FIELD] > 0).all()):
        raise InputError(
            f"this figure needs the one grid dimension {_FIELD!r}, with positive numbers; train over a grid of them."
        )
    dataset = dataset.sortby(_FIELD, ascending=False)
    x, best = 1 / dataset[_FIELD].to_numpy(), best_model(dataset)
    counts = n_monosemantic(dataset["W"]).transpose(_FIELD, "model")
    figure = Figure(figsize=(4.6, 2.9), layout="constrained")
    ax = figure.subplots()
    lines = (
        (counts, "monosemantic neurons", "o-", OKABE_ITO[0]),
        (n_represented(dataset["W"], threshold=REPRESENTED_NORM), "features represented", "s-", OKABE_ITO[1]),
    )
    for values, label, form, colour in lines:
        ax.plot(x, values.isel(model=best).to_numpy(), form, color=colour, markersize=3.5, label=label, zorder=3)
    for at, row in zip(x, counts.to_numpy(), strict=True):
        values, times = np.unique(row, return_counts=True)
        ax.scatter(np.full(len(values), at), values, s=120 * times / len(row), color=OKABE_ITO[0], alpha=0.25, lw=0)
    n_hidden = dataset.sizes["hidden"]
    ax.axhline(n_hidden, color=FAINT, linewidth=1.0, linestyle="--", label=f"m = {n_hidden} neurons", zorder=1)
    ax.set_ylabel("number")
    over_sparsity(ax)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    words = (describe_problem(dataset), "lines: lowest loss", f"dots: all {dataset.sizes['model']} models")
    ax.set_title(heading(*words, width=4.2))
    ax.legend()
    return figure


def _as_dataset(W: ArrayLike) -> xr.Dataset:
    matrix = as_directions(W)
    if matrix.ndim != 2:
        raise InputError(
            f"W has shape {matrix.shape}, expected one matrix (n_features, n_hidden). Choose one model, or pass the "
            "dataset that tegum.train returned."
        )
    return xr.Dataset({"W": (("model", "feature", "hidden"), matrix[np.newaxis]), "loss": ("model", [0.0])})


def _draw(ax: Axes, W: Float[np.ndarray, "n_features n_hidden"], colours: ScalarMappable, threshold: float) -> int:
    """The bars of one model; the number of its monosemantic neurons."""
    counts = features_per_neuron(W, threshold)
    order = np.lexsort((np.abs(W).argmax(axis=0), counts))
    shades = colours.to_rgba(np.arange(len(W)))
    W, counts, place = W[:, order], counts[order], np.arange(W.shape[1])
    # one collection, as ten thousand bars take half a minute; and as pixels if there are many
    look: dict[str, Any] = {"edgecolors": "none", "antialiased": False, "rasterized": True}
    if len(W) <= _MOST_EDGES:
        look = {"edgecolors": "white", "linewidths": 0.3}
    for part in (np.maximum(W, 0.0), np.minimum(W, 0.0)):
        features, neurons = np.nonzero(part)
        top = np.cumsum(part, axis=0)[features, neurons]
        bottom = top - part[features, neurons]
        corners = ((-0.4, bottom), (0.4, bottom), (0.4, top), (-0.4, top))
        segments = np.stack([np.stack([place[neurons] + side, height], axis=-1) for side, height in corners], axis=1)
        ax.add_collection(PolyCollection(list(segments), facecolors=shades[features], **look))
    ax.set_xlim(-0.6, len(place) - 0.4)
    ax.axhline(0.0, color="black", linewidth=0.6)
    words = counts.tolist() if len(place) <= _MOST_WORDS else []
    ax.set_xticks(place[: len(words)], [str(count) for count in words])
    ax.tick_params(axis="x", length=0)
    ax.spines["bottom"].set_visible(False)
    return int((counts == 1).sum())
