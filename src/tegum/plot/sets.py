"""Features that belong together, as arrows in their set's colour, turned so that models can be compared by eye."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate, share_estimate
from tegum.plot.cells import cells, grid_dimensions
from tegum.plot.panels import panels
from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKS: Final = "osD^vP"  # beside colour, for readers who do not see colours


@styled()
def set_arrows(dataset: xr.Dataset, *, sets: Sequence[Sequence[int]], n_shown: int = 6, at_most: int = 6) -> Figure:
    """Several models of each cell as arrows, coloured by set and in a common orientation.

    From left to right the models run from the lowest to the highest loss in equal steps of rank, so that rare kinds of
    solution are seen as well as the best. Each is rotated so that its first feature points to the right, and flipped
    so that the second one lies in the upper half. Features in no set are grey.

    Args:
        dataset: from `tegum.train` with m = 2, with one grid dimension or none; `loss` over (grid..., model).
        sets: the features of each set.
        n_shown: number of models in each cell.
        at_most: panels in one line.

    Returns:
        A figure with n_shown panels for each cell.

    Raises:
        InputError: if the hidden space is not a plane, or if there is more than one grid dimension.

    Example:
        >>> W = xr.DataArray([[[0.0, 1.0], [1.0, 0.0]]], dims=("model", "feature", "hidden"))
        >>> figure = set_arrows(xr.Dataset({"W": W, "loss": ("model", [0.1])}), sets=[(0, 1)])
        >>> figure.axes[0].get_title()
        'loss 0.1'

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on correlated and anticorrelated features.
    """
    names = grid_dimensions(dataset, at_most=1)
    if dataset.sizes["hidden"] != 2:
        raise InputError(
            f"arrows need a hidden space of 2 dimensions; got {dataset.sizes['hidden']}. "
            "Use gram_and_bias, which shows any number of dimensions."
        )
    shown = list(cells(dataset, names))
    n_shown = min(n_shown, dataset.sizes["model"])
    figure, axes = panels(len(shown), n_shown, size=(1.25, 1.35), at_most=at_most)
    reach = max(1.15, 1.08 * float(np.linalg.norm(dataset["W"].to_numpy(), axis=-1).max()))
    for place, ax in enumerate(axes):
        title, cell = shown[place // n_shown]
        order = np.argsort(cell["loss"].to_numpy(), kind="stable")
        model = cell.isel(model=int(order[np.linspace(0, len(order) - 1, n_shown).round().astype(int)[place % n_shown]]))
        _draw(ax, turned(model["W"].transpose("feature", "hidden").to_numpy()), sets, reach)
        ax.set_title(f"loss {float(model['loss']):.3g}")
        if place % n_shown == 0:
            ax.set_ylabel(title)
    figure.suptitle(f"{dataset.sizes['model']} models each, lowest loss on the left, highest on the right")
    return figure


def turned(W: Float[np.ndarray, "n_features 2"]) -> Float[np.ndarray, "n_features 2"]:
    """The same arrangement, rotated and flipped to a common orientation.

    Args:
        W: directions in the plane, (n_features, 2).

    Returns:
        The first feature that is not 0 to the right, the first that is not in line with it in the upper half.

    Example:
        >>> turned(np.array([[0.0, 2.0], [1.0, 0.0]])).round(6).tolist()
        [[2.0, 0.0], [0.0, 1.0]]
    """
    norms = np.linalg.norm(W, axis=1)
    clear = np.flatnonzero(norms > 0.1 * max(float(norms.max()), 1e-12))
    if not len(clear):
        return W
    x, y = W[clear[0]] / norms[clear[0]]
    rotated = W @ np.array([[x, -y], [y, x]])
    above = rotated[np.abs(rotated[:, 1]) > 0.1 * norms.max(), 1]
    return rotated * [1.0, -1.0] if len(above) and above[0] < 0 else rotated


def _draw(ax: Axes, W: np.ndarray, sets: Sequence[Sequence[int]], reach: float) -> None:
    ax.add_patch(Circle((0.0, 0.0), 1.0, fill=False, edgecolor=FAINT, linewidth=0.5, linestyle="--", zorder=0))
    listed = [feature for members in sets for feature in members]
    groups = [*((members, k) for k, members in enumerate(sets)), ([i for i in range(len(W)) if i not in listed], None)]
    for members, k in groups:
        colour, mark = (FAINT, "o") if k is None else (OKABE_ITO[k % len(OKABE_ITO)], _MARKS[k % len(_MARKS)])
        for x, y in W[list(members)]:
            ax.plot([0, x], [0, y], color=colour, linewidth=1.4, marker=mark, markevery=[1], markersize=3.5)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


@styled()
def agreement_shares(dataset: xr.Dataset) -> Figure:
    """Share of the models that have a property, over the probability of a set, with 99 % intervals.

    Args:
        dataset: booleans over (set_probability, model), one variable for each property; its name goes to the legend.

    Returns:
        A figure with one line for each variable.

    Example:
        >>> agrees = xr.Dataset({"orthogonal": (("set_probability", "model"), [[1, 0]])}, {"set_probability": [0.1]})
        >>> agreement_shares(agrees).axes[0].lines[0].get_ydata().tolist()
        [0.5]

    Source:
        Ours.
    """
    figure = Figure(figsize=(4.2, 2.6), layout="constrained")
    ax = figure.subplots()
    p = dataset["set_probability"].to_numpy()
    for number, (name, agrees) in enumerate(dataset.data_vars.items()):
        rows = agrees.transpose("set_probability", "model").to_numpy()
        _line(ax, p, [share_estimate(int(row.sum()), len(row)) for row in rows], number, str(name))
    ax.set(xscale="log", xlabel="probability that a set is present", ylabel="share of models", ylim=(-0.02, 1.02))
    ax.set_xticks(p, [f"{value:g}" for value in p])
    ax.minorticks_off()
    ax.set_title(f"{dataset.sizes['model']} trained models for each point")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _line(ax: Axes, x: np.ndarray, shares: Sequence[Estimate], number: int, label: str) -> None:
    best = np.array([share.best for share in shares])
    spread = [[share.best - share.low for share in shares], [share.high - share.best for share in shares]]
    style = {"color": OKABE_ITO[number], "marker": _MARKS[number], "markersize": 4, "capsize": 2}
    ax.errorbar(x, best, spread, label=label, **style)


@styled()
def similarity_panels(exact: xr.Dataset, trained: xr.Dataset, *, label: str, meaning: str) -> Figure:
    """How alike the directions of two features are, as their dependence grows: optima as lines, trained models as dots.

    Args:
        exact: `similarity` over (problem, x), one line in each panel.
        trained: `similarity` over (problem, x, model) at x of its own, and the mark `lowest` of the lowest-loss model.
        label: what x is.
        meaning: what similarity is: a cosine or an inner product.

    Returns:
        A figure with one panel for each problem. A larger dot is more models.

    Example:
        >>> line = xr.Dataset({"similarity": (("problem", "x"), [[-1.0, 1.0]])}, {"problem": ["a"], "x": [0.1, 0.9]})
        >>> dots = {"similarity": (("problem", "x", "model"), [[[0.9, -1.0]]]), "loss": (("problem", "x", "model"),
        ...     [[[0.2, 0.1]]])}
        >>> figure = similarity_panels(line, xr.Dataset(dots, {"x": [0.1]}), label="q", meaning="cosine")
        >>> figure.axes[0].get_title()
        'a'

    Source:
        Ours.
    """
    names = exact["problem"].to_numpy().tolist()
    figure = Figure(figsize=(2.5 * len(names) + 0.4, 2.7), layout="constrained")
    panels_ = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for k, (ax, name) in enumerate(zip(panels_, names, strict=True)):
        ax.axhline(0.0, color=FAINT, linewidth=0.5)
        line = exact["similarity"].isel(problem=k)
        ax.plot(line["x"], line, ".-", color=OKABE_ITO[0], markersize=3, linewidth=1.0, label="exact optimum")
        mine = trained.isel(problem=k)
        for x in mine["x"].to_numpy():
            _dots(ax, float(x), mine.sel(x=x))
        ax.set(title=name, xlabel=label)
    panels_[0].set_ylabel(meaning)
    handles, words = panels_[0].get_legend_handles_labels()
    unique = dict(zip(words, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=3)
    return figure


def _dots(ax: Axes, x: float, cell: xr.Dataset) -> None:
    """Trained models in bins of 0.05, and the lowest-loss one of them."""
    values, loss = cell["similarity"].to_numpy(), cell["loss"].to_numpy()
    bins, times = np.unique((values / 0.05).round() * 0.05, return_counts=True)
    ax.scatter(
        np.full(len(bins), x), bins, s=90 * times / len(values), color=FAINT, alpha=0.5, linewidth=0, label="trained"
    )
    ax.scatter(
        [x], [values[np.argmin(loss)]], s=36, facecolors="none", edgecolors=OKABE_ITO[1], marker="D",
        label="trained, lowest loss", zorder=4,
    )  # fmt: skip
