"""Shares of dimensions and shapes: how features with equal rights divide the hidden space."""

from fractions import Fraction
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial import ConvexHull

from tegum.geometry import recognise, thomson_energy
from tegum.ground.errors import InputError
from tegum.measure import best_model, dimensions_per_feature, feature_dimensionality
from tegum.plot.axes import over_sparsity
from tegum.plot.cells import grid_dimensions
from tegum.plot.labels import chosen_model, describe_problem, heading
from tegum.plot.style import FAINT, OKABE_ITO, styled

_FIELD: Final = "feature_probability"
# Shapes that have a colour and a line of their own: name, features, dimensions. The others share the last colour.
_SHAPES: Final = (
    ("dedicated", 1, 1),
    ("tetrahedron", 4, 3),
    ("triangle", 3, 2),
    ("digon", 2, 1),
    ("pentagon", 5, 2),
    ("square antiprism", 8, 3),
)
_COLOURS: Final = {name: OKABE_ITO[k] for k, (name, _, _) in enumerate(_SHAPES)} | {"other shape": OKABE_ITO[6]}
_MARKERS: Final = dict(zip(_COLOURS, "sP^oDvX", strict=True))
_IRREGULAR: Final = "irregular"


@styled()
def dimensions_per_feature_against_sparsity(dataset: xr.Dataset) -> Figure:
    """Hidden dimensions per learned feature, D* = m / |W|², against 1/p.

    Every model is a faint dot; a line joins the lowest-loss models. Dashed lines: a whole dimension for each feature,
    and half of one, as in an antipodal pair.

    Args:
        dataset: from `tegum.train`, with the one grid dimension `feature_probability`.

    Returns:
        A figure with one panel.

    Raises:
        InputError: other grid dimensions, or a probability of 0.

    Example:
        >>> W = xr.DataArray(np.eye(2)[None, None], dims=(_FIELD, "model", "feature", "hidden"))
        >>> dataset = xr.Dataset({"W": W, "loss": ((_FIELD, "model"), [[0.1]])}, coords={_FIELD: [0.5]})
        >>> dimensions_per_feature_against_sparsity(dataset).axes[0].lines[-1].get_xydata().tolist()
        [[2.0, 1.0]]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Geometry of Superposition.
    """
    dataset = _ordered(dataset)
    figure, ax = _panel(dataset, "dots: all models")
    for level, words in ((1.0, "1: a dimension for each feature"), (0.5, "1/2: a dimension for each pair")):
        ax.axhline(level, color=FAINT, linewidth=0.8, linestyle="--", zorder=0)
        ax.annotate(words, (0.99, level), xycoords=("axes fraction", "data"), xytext=(0, 2),
                    textcoords="offset points", ha="right", va="bottom", fontsize=7, color=FAINT)  # fmt: skip
    values = dimensions_per_feature(dataset["W"]).transpose(_FIELD, "model")
    x = 1 / values[_FIELD].values
    ax.plot(x, values, "o", color=OKABE_ITO[0], markersize=3.5, markeredgewidth=0, alpha=0.3)
    ax.plot(x, values.isel(model=best_model(dataset)), "o-", color=OKABE_ITO[0], markersize=3.5)
    ax.set(ylabel="D* = m / |W|²", ylim=(0, 1.12))
    return figure


@styled()
def dimensionality_against_sparsity(dataset: xr.Dataset) -> Figure:
    """Dimensionality of every feature of the lowest-loss models against 1/p, coloured by the shape it is in.

    Features of one model stand side by side around its 1/p, sorted. Horizontal lines are the shares that the shapes of
    the catalogue give; the black line is D*. Absent features are left out.

    Args:
        dataset: from `tegum.train`, with the one grid dimension `feature_probability`.

    Returns:
        A figure with one panel.

    Raises:
        InputError: other grid dimensions, or a probability of 0.

    Example:
        >>> W = xr.DataArray([[[[1.0], [-1.0]]]], dims=(_FIELD, "model", "feature", "hidden"))
        >>> dataset = xr.Dataset({"W": W, "loss": ((_FIELD, "model"), [[0.1]])}, coords={_FIELD: [0.5]})
        >>> legend = dimensionality_against_sparsity(dataset).legends[0]
        >>> [text.get_text() for text in legend.get_texts()]
        ['digon', 'D*']

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Geometry of Superposition, figure on feature
        dimensionality.
    """
    dataset = _ordered(dataset)
    figure, ax = _panel(dataset)
    _lines(ax)
    best = dataset.isel(model=best_model(dataset))
    x, y, names = _points(best)
    for name in (_IRREGULAR, *_COLOURS):
        here = names == name
        if here.any():
            colour, marker = _COLOURS.get(name, FAINT), _MARKERS.get(name, ".")
            ax.scatter(x[here], y[here], s=9, c=colour, marker=marker, linewidths=0, alpha=0.8, label=name, zorder=2)
    ax.plot(1 / best[_FIELD].values, dimensions_per_feature(best["W"]), color="black", linewidth=0.9, label="D*")
    ax.set(ylabel="dimensionality of each feature, Dᵢ", ylim=(0, 1.06))
    figure.legend(loc="outside lower center", ncols=5, handletextpad=0.3, columnspacing=1.0)
    return figure


def _ordered(dataset: xr.Dataset) -> xr.Dataset:
    names = grid_dimensions(dataset, at_most=1)
    values = dataset[_FIELD].values if _FIELD in dataset.coords else np.array([])
    if names != (_FIELD,) or not np.all(values > 0):
        raise InputError(
            f"the dataset has the grid dimensions {names or 'none'}; expected one, {_FIELD!r}, with positive numbers. "
            "Train over a grid of them, or select one value of every other dimension with .sel."
        )
    return dataset.sortby(_FIELD, ascending=False)


def _panel(dataset: xr.Dataset, *notes: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.2, 3.6), layout="constrained")
    ax = figure.subplots()
    over_sparsity(ax)
    ax.set_title(heading(describe_problem(dataset), chosen_model(dataset), *notes, width=6.0))
    return figure, ax


def _lines(ax: Axes) -> None:
    """The shares that shapes give, named at the right; labels of close lines are moved apart."""
    height = np.inf
    for name, c, r in _SHAPES:
        share = r / c
        height = min(share, height - 0.045)
        ax.axhline(share, color=_COLOURS[name], linewidth=0.7, alpha=0.6, zorder=0)
        ax.annotate(f"{Fraction(r, c)}  {name}", (1.01, height), xycoords=("axes fraction", "data"), va="center",
                    fontsize=7, color=_COLOURS[name], annotation_clip=False)  # fmt: skip


def _points(best: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place, dimensionality and kind of every feature that is there."""
    centres = np.log(1 / best[_FIELD].values)
    gap = np.diff(centres).min() if len(centres) > 1 else 0.1
    xs, ys, names = [], [], []
    for centre, W in zip(centres, best["W"].transpose(_FIELD, "feature", "hidden").values, strict=True):
        kinds = np.array([_kind(name) for name in recognise(W).names])
        D = feature_dimensionality(W)
        order = np.array([i for i in np.argsort(-D, kind="stable") if kinds[i] != "absent"], int)
        xs.append(np.exp(centre + gap * np.linspace(-0.35, 0.35, max(len(order), 2))[: len(order)]))
        ys.append(D[order])
        names.append(kinds[order])
    return np.concatenate(xs), np.concatenate(ys), np.concatenate(names)


def _kind(name: str) -> str:
    if name.startswith(_IRREGULAR):
        return _IRREGULAR
    return name if name in _COLOURS or name == "absent" else "other shape"


@styled()
def thomson_gallery(dataset: xr.Dataset) -> Figure:
    """Points of least 1/r energy on the sphere, joined along their convex hull and coloured by the shape they are in.

    Args:
        dataset: `points` over (n_points, point, axis); of the points only the first n_points count.

    Returns:
        A figure with one panel for each number of points.

    Example:
        >>> from tegum.geometry import simplex
        >>> points = xr.DataArray(simplex(3)[None], dims=("n_points", "point", "axis"))
        >>> figure = thomson_gallery(xr.Dataset({"points": points}, {"n_points": [4]}))
        >>> figure.axes[0].get_title().splitlines()
        ['N = 4, energy 3.6742', '1 tetrahedron']

    Source:
        Elhage et al. 2022, Toy Models of Superposition, note on the Thomson problem.
    """
    counts = dataset["n_points"].values.tolist()
    figure = Figure(figsize=(2.1 * min(len(counts), 3), 2.2 * -(-len(counts) // 3)), layout="constrained")
    for place, count in enumerate(counts, start=1):
        ax = figure.add_subplot(-(-len(counts) // 3), min(len(counts), 3), place, projection="3d")
        points = dataset["points"].sel(n_points=count).transpose("point", "axis").values[:count]
        points, found = _upright(points), recognise(points)
        for a, b in _edges(points):
            ax.plot(*points[[a, b]].T, color=FAINT, linewidth=0.8)
        colours = [_COLOURS.get(_kind(name), FAINT) for name in found.names]
        ax.scatter(*points.T, c=colours, s=30, depthshade=False, edgecolors="white", linewidths=0.5)
        ax.set_title(f"N = {count}, energy {thomson_energy(points):.4f}\n{found}")
        ax.set(xlim=(-0.7, 0.7), ylim=(-0.7, 0.7), zlim=(-0.7, 0.7))
        ax.set_axis_off()
        ax.set_box_aspect((1, 1, 1))
        ax.view_init(elev=18, azim=25)
    return figure


def _upright(points: np.ndarray) -> np.ndarray:
    """Turned so that the axis which differs most from the other two is vertical; without one, the first point is up."""
    widths, axes = np.linalg.eigh(points.T @ points)
    odd = int(np.abs(widths - np.median(widths)).argmax())
    up = axes[:, odd] if np.ptp(widths) > 1e-3 else points[0]
    aside = np.linalg.svd(up[None])[2][1:]  # two directions at right angles to it
    return points @ np.stack([*aside, up], axis=1)


def _edges(points: np.ndarray) -> set[tuple[int, int]]:
    """Edges of the convex hull; those inside of a flat face, where two triangles have one normal, are left out."""
    hull = ConvexHull(points)
    edges: dict[tuple[int, int], list[int]] = {}
    for face, corners in enumerate(hull.simplices):
        for a, b in ((0, 1), (0, 2), (1, 2)):
            edges.setdefault((min(corners[[a, b]]), max(corners[[a, b]])), []).append(face)
    normals = hull.equations[:, :3]
    return {(int(a), int(b)) for (a, b), (f, g) in edges.items() if normals[f] @ normals[g] < 1 - 1e-6}


@styled()
def product_shares(dataset: xr.Dataset) -> Figure:
    """Dimensionality of each vertex of some polytopes, with the share that all would have if it were uniform.

    Args:
        dataset: `W` over (shape, feature, hidden), rows and columns beyond `n_features` and `n_hidden` (shape) zero.

    Returns:
        A figure with a dot for each vertex and a dashed line for each uniform share.

    Example:
        >>> columns = {"W": (("shape", "feature", "hidden"), np.eye(2)[None])}
        >>> counts = {"n_features": ("shape", [2]), "n_hidden": ("shape", [2])}
        >>> product_shares(xr.Dataset({**columns, **counts}, {"shape": ["two"]})).axes[0].lines[0].get_ydata().tolist()
        [1.0, 1.0]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, on tegum products.
    """
    names = [str(name) for name in dataset["shape"].values]
    figure = Figure(figsize=(1.3 + 1.5 * len(names), 2.8), layout="constrained")
    ax = figure.subplots()
    labels = []
    for k, name in enumerate(names):
        cell = dataset.sel(shape=name)
        c, r = int(cell["n_features"]), int(cell["n_hidden"])
        W = cell["W"].transpose("feature", "hidden").values[:c, :r]
        x = k + np.linspace(-0.3, 0.3, c)
        ax.plot([k - 0.4, k + 0.4], [r / c, r / c], "--", color=FAINT, linewidth=1.0)
        words = {"fontsize": 7, "color": FAINT, "ha": "right", "xytext": (0, 5), "textcoords": "offset points"}
        ax.annotate(f"uniform: {Fraction(r, c)}", (k + 0.4, r / c), **words)
        colours = [_COLOURS.get(_kind(kind), FAINT) for kind in recognise(W).names]
        ax.scatter(x, feature_dimensionality(W), c=colours, s=22, zorder=2)
        labels.append(f"{name}\n{recognise(W)}")
    ax.set_xticks(range(len(names)), labels)
    ax.set(ylabel="dimensionality of each vertex", ylim=(0.3, 0.75), xlim=(-0.6, len(names) - 0.4))
    return figure
