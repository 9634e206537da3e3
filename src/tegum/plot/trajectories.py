"""How the weights move while a model trains: paths of the features, and the levels of their dimensionality."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.ground.errors import InputError
from tegum.measure import feature_dimensionality, find_jumps, lowest_loss, steepest_drops
from tegum.plot.labels import chosen_model, describe_problem, heading
from tegum.plot.style import FAINT, OKABE_ITO, styled

LEVELS: Final = {"pair 1/2": 1 / 2, "triangle 2/3": 2 / 3, "tetrahedron 3/4": 3 / 4, "pentagon 2/5": 2 / 5}
"""Dimensionalities of the polytopes that models are most often found in."""

_DISTANCE: Final = 5.0  # from the eye to the origin, in lengths of a feature
_TILT: Final = np.radians(65)  # of the axis against the line of sight, in the oblique view
_TURN: Final = np.radians(25)


@styled()
def energy_levels(dataset: xr.Dataset, *, levels: Mapping[str, float] = LEVELS) -> Figure:
    """Dimensionality of every feature along training, above the loss, for the lowest-loss model.

    Jumps (`find_jumps`) are shaded in both panels; dashed lines mark the three steepest drops of the loss.

    Args:
        dataset: `W_history` and `loss_along` over (model, snapshot), `loss` over model. A coordinate `set` over
            features, if there is one, says which share a colour.
        levels: values of D to mark with a line, by name.

    Returns:
        A figure with two panels.

    Raises:
        InputError: no snapshots were recorded.

    Example:
        >>> dims = ("model", "snapshot", "feature", "hidden")
        >>> dataset = xr.Dataset({"W_history": (dims, np.ones((1, 9, 2, 1))), "loss": ("model", [1.0])})
        >>> dataset["loss_along"] = ("model", "snapshot"), np.geomspace(1.0, 0.1, 9)[None]
        >>> dataset = dataset.assign_coords(snapshot=range(9), W=("feature", [0, 0]))
        >>> len(energy_levels(dataset).axes)
        2

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on learning dynamics ("energy level jumps").
    """
    run = _after_the_start(recorded(dataset))
    steps, loss = run["snapshot"].values, run["loss_along"].values
    D = feature_dimensionality(run["W_history"].transpose("snapshot", "feature", "hidden").values)
    figure = Figure(figsize=(5.8, 4.4), layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(3, 2))
    for i, colour in enumerate(colours_of(dataset)):
        above.plot(steps, D[:, i], color=colour, linewidth=1.0)
    for name, value in levels.items():
        above.axhline(value, color=FAINT, linewidth=0.6, linestyle=":")
        above.annotate(
            name, (1.01, value), xycoords=("axes fraction", "data"), va="center", fontsize=7, annotation_clip=False
        )
    below.plot(steps, loss, color="black")
    for jump in find_jumps(D):
        for ax in (above, below):
            ax.axvspan(steps[jump.first], steps[jump.last], color=OKABE_ITO[5], alpha=0.25, linewidth=0)
    for record in steepest_drops(loss):
        below.axvline(steps[record], color=OKABE_ITO[1], linewidth=1.0, linestyle="--")
    above.set(ylim=(0, 1.02), ylabel="dimensionality")
    below.set(xscale="log", yscale="log", xlabel="step", ylabel="loss per sample")
    above.set_title(
        heading(describe_problem(dataset), chosen_model(dataset), "shaded: jumps; dashed: steepest drops", width=5.0)
    )
    return figure


@styled()
def weight_trajectories(dataset: xr.Dataset) -> Figure:
    """Paths of all features from the first snapshot to the last, along the axis that parts the sets, and obliquely.

    The lowest-loss model. Points mark the ends of the paths, lines between them join the features of a set. In more
    than three dimensions the paths are projected onto that axis and the two principal ones beside it.

    Args:
        dataset: as for `energy_levels`; the loss along training is not needed.

    Returns:
        A figure with two panels.

    Raises:
        InputError: no snapshots were recorded.

    Example:
        >>> dims = ("model", "snapshot", "feature", "hidden")
        >>> dataset = xr.Dataset({"W_history": (dims, np.ones((1, 2, 3, 3))), "loss": ("model", [1.0])})
        >>> [ax.get_title() for ax in weight_trajectories(dataset.assign_coords(snapshot=[0, 9])).axes]
        ['from the top', 'in perspective']

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on learning dynamics (feature weight trajectories).
    """
    paths, groups, colours = placed(recorded(dataset)), sets_of(dataset), colours_of(dataset)
    figure = Figure(figsize=(5.8, 3.2), layout="constrained")
    for ax, title, view in zip(figure.subplots(1, 2), ("from the top", "in perspective"), (top, oblique), strict=True):
        flat, depth = view(paths)
        draw_frame(ax, flat[-1], groups, colours)
        for i, colour in enumerate(colours):
            ax.plot(*flat[:, i].T, color=colour, linewidth=0.9, zorder=2 + depth[-1, i])
        ax.scatter(*flat[-1].T, s=40 * (1 + 0.3 * depth[-1]), c=colours, zorder=5, linewidth=0)
        ax.set_title(title)
        frame_axes(ax, float(np.abs(paths).max()))
    figure.suptitle(heading(describe_problem(dataset), chosen_model(dataset), width=5.0))
    return figure


def sets_of(dataset: xr.Dataset) -> list[list[int]]:
    """Features of each set; without the coordinate `set` every feature stands alone."""
    labels = dataset["set"].values if "set" in dataset.coords else np.arange(dataset.sizes["feature"])
    return [np.flatnonzero(labels == label).tolist() for label in dict.fromkeys(labels.tolist())]


def placed(run: xr.Dataset) -> np.ndarray:
    """Paths (snapshot, feature, 3) in axes of their own: the third parts the sets, the first two are principal.

    Axes are those of the last snapshot. Missing dimensions are 0.
    """
    paths = run["W_history"].transpose("snapshot", "feature", "hidden").values.astype(np.float64)
    paths = np.pad(paths, ((0, 0), (0, 0), (0, max(0, 3 - paths.shape[-1]))))
    end = paths[-1]
    means = np.array([end[members].mean(axis=0) for members in sets_of(run)])
    axis = np.linalg.svd(means - means.mean(axis=0))[2][0]
    beside = np.linalg.svd(end - np.outer(end @ axis, axis))[2]
    # the last right vectors may hold the axis itself; Gram-Schmidt leaves it out
    basis = np.linalg.qr(np.column_stack([axis, beside.T]))[0][:, [1, 2, 0]]
    return paths @ basis


def top(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (..., 3) as seen along the third axis: their places (..., 2), and their depth towards the eye (...)."""
    scale = _DISTANCE / (_DISTANCE - points[..., 2:])
    return points[..., :2] * scale, points[..., 2]


def oblique(points: np.ndarray, turn: float = _TURN) -> tuple[np.ndarray, np.ndarray]:
    """The same after turning about the third axis and tilting it."""
    c, s = np.cos(turn), np.sin(turn)
    x, y = c * points[..., 0] - s * points[..., 1], s * points[..., 0] + c * points[..., 1]
    c, s = np.cos(_TILT), np.sin(_TILT)
    return top(np.stack([x, c * y + s * points[..., 2], c * points[..., 2] - s * y], axis=-1))


def draw_frame(ax: Axes, flat: np.ndarray, groups: Sequence[Sequence[int]], colours: Sequence[str]) -> None:
    """The sides of each set, and faint lines to the origin."""
    for members in groups:
        closed = [*members, members[0]]
        ax.plot(*flat[closed].T, color=colours[members[0]], linewidth=0.7, alpha=0.5, zorder=1)
    for x, y in flat:
        ax.plot([0, x], [0, y], color=FAINT, linewidth=0.4, zorder=0)


def frame_axes(ax: Axes, largest: float) -> None:
    """A square without ticks that holds everything of this length, nearness included."""
    limit = 1.05 * max(largest, 1e-9) * _DISTANCE / (_DISTANCE - min(largest, _DISTANCE / 2))
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)


def colours_of(dataset: xr.Dataset) -> list[str]:
    """The colour of each feature, one for each set."""
    groups = sets_of(dataset)
    number = {i: k for k, members in enumerate(groups) for i in members}
    return [OKABE_ITO[number[i] % len(OKABE_ITO)] for i in range(dataset.sizes["feature"])]


def recorded(dataset: xr.Dataset) -> xr.Dataset:
    """The lowest-loss model, if its way was kept."""
    if "W_history" not in dataset:
        raise InputError("the dataset has no variable 'W_history'; train again with record=Record(snapshots=200).")
    return lowest_loss(dataset)


def _after_the_start(run: xr.Dataset) -> xr.Dataset:
    """Without step 0, which has no place on a logarithmic axis."""
    return run.isel(snapshot=run["snapshot"].values > 0)
