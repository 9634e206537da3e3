"""Training samples and features in the hidden space, over the size of the training set."""

from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from tegum.ground.errors import InputError
from tegum.measure import lowest_loss
from tegum.plot.labels import describe_problem, heading
from tegum.plot.style import FAINT, OKABE_ITO, styled

_SIZE: Final = "n_training_samples"
_IN_A_LINE: Final = 8
_OUTLINED: Final = 200  # more vectors than this become a picture within the SVG, or it would be of many megabytes
_DATA, _FEATURES, _TEST = OKABE_ITO[0], OKABE_ITO[1], OKABE_ITO[2]


@styled()
def hidden_vectors_and_features(dataset: xr.Dataset) -> Figure:
    """Hidden vectors of the training samples, and below them the directions of the features, for each size of the set.

    Each panel shows the model with the least training loss, at a scale of its own: hidden vectors of many samples are
    long. The dashed circle has radius 1.

    Args:
        dataset: `W` (n_training_samples, model, feature, hidden), `hidden_vector` (n_training_samples, model, sample,
            hidden), missing beyond the size of a set, and the training loss `loss` (n_training_samples, model).

    Returns:
        A figure with two panels for each size.

    Raises:
        InputError: the hidden space is not a plane.

    Example:
        >>> W = xr.DataArray(np.eye(2)[None, None], dims=(_SIZE, "model", "feature", "hidden"), coords={_SIZE: [2]})
        >>> hidden_vector = W.rename(feature="sample")
        >>> dataset = xr.Dataset({"W": W, "hidden_vector": hidden_vector, "loss": ((_SIZE, "model"), [[0.0]])})
        >>> [ax.get_title() for ax in hidden_vectors_and_features(dataset).axes]
        ['T = 2', '']

    Source:
        Henighan et al. 2023, Superposition, Memorization, and Double Descent.
    """
    if dataset.sizes["hidden"] != 2:
        raise InputError(
            f"vectors can be drawn in a hidden space of 2 dimensions; got {dataset.sizes['hidden']}. "
            "Use double_descent_curves, which takes any number."
        )
    best, n_sizes = lowest_loss(dataset), dataset.sizes[_SIZE]
    columns = min(n_sizes, _IN_A_LINE)
    lines = -(-n_sizes // columns)
    figure = Figure(figsize=(max(1.15 * columns, 3.6) + 0.4, 2.5 * lines + 0.5), layout="constrained")
    axes = figure.subplots(2 * lines, columns, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for place in range(n_sizes):
        cell, line, column = best.isel({_SIZE: place}), 2 * (place // columns), place % columns
        above, below = axes[line, column], axes[line + 1, column]
        _draw(above, cell["hidden_vector"].transpose("sample", "hidden").dropna("sample").values, _DATA)
        _draw(below, cell["W"].transpose("feature", "hidden").values, _FEATURES)
        above.set_title(f"T = {int(cell[_SIZE])}")
        if column == 0:
            for ax, what in ((above, "samples"), (below, "features")):
                ax.text(-0.06, 0.5, what, transform=ax.transAxes, rotation=90, ha="right", va="center")
    for ax in axes.flat:
        if not ax.has_data():
            ax.remove()
    n_models = dataset.sizes["model"]
    chosen = f"least training loss of {n_models} models" if n_models > 1 else ""
    figure.suptitle(heading(describe_problem(dataset), chosen, width=figure.get_figwidth()))
    return figure


def _draw(ax: Axes, vectors: Float[np.ndarray, "n_vectors 2"], colour: str) -> None:
    """Vectors as lines from the origin, in a square that just holds them and the circle."""
    reach = 1.1 * max(1.0, float(np.linalg.norm(vectors, axis=-1).max(initial=0.0)))
    many = len(vectors) > _OUTLINED
    ax.add_patch(Circle((0.0, 0.0), 1.0, fill=False, edgecolor=FAINT, linewidth=0.5, linestyle="--", zorder=0))
    rays = np.stack([np.zeros_like(vectors), vectors], axis=1)
    ax.add_collection(
        LineCollection([*rays], colors=colour, linewidths=0.8, alpha=0.25 if many else 0.9), autolim=False
    )
    ax.scatter(*vectors.T, c=colour, s=3.0 if many else 7.0, linewidths=0.0, alpha=0.4 if many else 1.0)
    for drawn in ax.collections:
        drawn.set_rasterized(many)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")


@styled()
def double_descent_curves(dataset: xr.Dataset) -> Figure:
    """Training and test loss over the size of the training set, and the dimensions that samples and features own.

    On the left every model is a faint dot, and a line joins the models of least training loss. On the right are the
    D_t of all training samples and the D_i of all features of these models, with m/T, which is the mean of D_t if no
    dimension is wasted.

    Args:
        dataset: over n_training_samples and model, the training loss `loss`, `test_loss`, `data_dimensionality` with a
            dimension sample, and `feature_dimensionality` with a dimension feature.

    Returns:
        A figure with two panels.

    Example:
        >>> over = (_SIZE, "model")
        >>> losses = {"loss": (over, [[0.1], [0.9]]), "test_loss": (over, [[1.0], [0.95]])}
        >>> shares = {name: ((*over, name[0]), np.full((2, 1, 3), 0.5)) for name in ("data", "feature")}
        >>> columns = losses | {f"{name}_dimensionality": each for name, each in shares.items()}
        >>> columns["W"] = ((*over, "feature", "hidden"), np.ones((2, 1, 3, 2)))
        >>> figure = double_descent_curves(xr.Dataset(columns, {_SIZE: [3, 30]}))
        >>> [line.get_label() for line in figure.axes[0].lines if not line.get_label().startswith("_")]
        ['test', 'training', 'of the answer 0']

    Source:
        Henighan et al. 2023, Superposition, Memorization, and Double Descent.
    """
    figure = Figure(figsize=(6.8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    ordered = dataset.sortby(_SIZE)
    best, sizes = lowest_loss(ordered), ordered[_SIZE].values
    for name, label, colour, marker in (("test_loss", "test", _TEST, "o"), ("loss", "training", _DATA, "s")):
        values = ordered[name].transpose(_SIZE, "model").values
        left.plot(sizes, values, linestyle="none", marker=marker, markersize=3.5, color=colour, alpha=0.3, mew=0.0)
        left.plot(sizes, best[name].values, marker=marker, markersize=3.5, linewidth=1.2, color=colour, label=label)
    left.axhline(1.0, color=FAINT, linewidth=1.0, linestyle="--", label="of the answer 0", zorder=1)
    left.set(ylabel="loss per sample", xscale="log", xlabel="training samples T")
    left.set_yscale("symlog", linthresh=1.0, linscale=1.0)  # losses of samples known by heart are 0
    top = max(2.0, 1.3 * float(ordered["test_loss"].max()))
    ticks = [0.0, 0.5, *(step * 10.0**k for k in range(12) for step in (1.0, 2.0, 5.0))]
    left.set_yticks([tick for tick in ticks if tick <= top], minor=False)
    left.yaxis.set_major_formatter("{x:g}")
    left.set_ylim(-0.05, top)
    left.legend()
    _shares(right, best, "feature_dimensionality", "features, D$_i$", _FEATURES, 1.06)
    _shares(right, best, "data_dimensionality", "training samples, D$_t$", _DATA, 1 / 1.06)
    m = dataset.sizes["hidden"]
    right.plot(sizes, m / sizes, "--", color=FAINT, linewidth=1.0, label="m / T", zorder=1)
    right.set(ylabel="dimensions owned", ylim=(-0.02, 1.02), xscale="log", xlabel="training samples T")
    right.legend()
    figure.suptitle(heading(describe_problem(dataset), width=figure.get_figwidth()))
    return figure


def _shares(ax: Axes, best: xr.Dataset, name: str, label: str, colour: str, aside: float) -> None:
    """The share of every sample or feature as a dot, a little to one side of T."""
    shares = best[name].transpose(_SIZE, ...)
    x = np.broadcast_to(aside * best[_SIZE].values[:, None], shares.shape)
    there = np.isfinite(shares.values)
    dots = ax.scatter(x[there], shares.values[there], s=7.0, c=colour, alpha=0.35, linewidths=0.0, label=label)
    dots.set_rasterized(True)
