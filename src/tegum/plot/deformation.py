"""How an arrangement changes while a problem does: norms, angles and names along a sweep."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tegum.geometry import overlap
from tegum.ground.errors import InputError
from tegum.measure import feature_norm
from tegum.plot.axes import plain_log
from tegum.plot.cells import REPRESENTED_NORM
from tegum.plot.style import FAINT, OKABE_ITO, styled

_VARIED, _OTHER = OKABE_ITO[1], OKABE_ITO[0]
_NAME_COLOURS: Final = (*OKABE_ITO[2:6], OKABE_ITO[0], FAINT)  # then again from the first
_NAMES_SHOWN: Final = 36  # characters


@styled()
def deformation(sweeps: Mapping[str, xr.Dataset]) -> Figure:
    """Norms, angles and names of two followed optima over a ratio, one column for each sweep.

    Thick lines are the lower of the two optima, thin dashed ones the other. Orange has to do with the last feature,
    which is the one that is varied; blue with the others. Angles are between every two features with a norm above 1/2.
    The stripes at the bottom are the recognised shapes. A vertical line marks where the lowest optimum changes.

    Args:
        sweeps: by title, datasets with `W` (path, ratio, feature, hidden), `name` (path, ratio), `best` (ratio), the
            path of the lowest optimum, and `snap`, a ratio or not a number.

    Returns:
        A figure with three panels for each sweep.

    Raises:
        InputError: if there is no sweep, or a variable is missing.

    Example:
        >>> W = np.tile([[1.0, 0.0], [0.0, 1.0], [-0.7, -0.7]], (2, 2, 1, 1))
        >>> sweep = xr.Dataset({"W": (("path", "ratio", "feature", "hidden"), W)}, {"path": ["down", "up"]})
        >>> sweep = sweep.assign_coords(ratio=[0.5, 2.0]).assign(best=("ratio", ["down", "up"]), snap=1.0)
        >>> figure = deformation({"p": sweep.assign(name=(("path", "ratio"), [["triangle"] * 2] * 2))})
        >>> [ax.get_ylabel() for ax in figure.axes]
        ['norm', 'angle, degrees', '']

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section Non-Uniform Superposition.
    """
    for title, sweep in sweeps.items():
        missing = [name for name in ("W", "name", "best", "snap") if name not in sweep]
        if missing:
            raise InputError(f"the sweep {title!r} has no {', '.join(missing)}; pass what the experiment stored.")
    if not sweeps:
        raise InputError("there is no sweep to show; pass at least one dataset by its title.")
    figure = Figure(figsize=(0.6 + 3.3 * len(sweeps), 5.0), layout="constrained")
    axes = figure.subplots(3, len(sweeps), sharex="col", sharey="row", squeeze=False, height_ratios=(3, 3, 1))
    names = dict.fromkeys(name for sweep in sweeps.values() for name in sweep["name"].values.ravel().tolist())
    colours = {name: _NAME_COLOURS[k % len(_NAME_COLOURS)] for k, name in enumerate(names)}
    for column, (title, sweep) in zip(axes.T, sweeps.items(), strict=True):
        W = sweep["W"].transpose("path", "ratio", "feature", "hidden").values
        best = (sweep["best"].values == sweep["path"].values[:, np.newaxis]) | _same(W)
        ratio = sweep["ratio"].values
        _norms(column[0], ratio, W, best)
        _angles(column[1], ratio, W, best)
        _stripes(column[2], sweep, colours)
        column[0].set_title(title)
        column[2].set(xscale="log", xlabel="ratio of the last feature to the others")
        plain_log(column[2].xaxis)
        if np.isfinite(sweep["snap"]):
            for ax in column:
                ax.axvline(float(sweep["snap"]), color="black", linewidth=0.8, linestyle=":")
            column[0].set_title(f"{title}, snap at {float(sweep['snap']):.3f}")
    axes[0, 0].set_ylabel("norm")
    axes[1, 0].set_ylabel("angle, degrees")
    words = [name if len(name) <= _NAMES_SHOWN else f"{name[: _NAMES_SHOWN - 1]}…" for name in colours]
    handles = [Patch(color=colour, label=word) for colour, word in zip(colours.values(), words, strict=True)]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _same(W: np.ndarray) -> np.ndarray:
    """Where both paths are one optimum, up to a rotation: (1, n_ratios)."""
    inner = W @ W.swapaxes(-1, -2)
    return (np.abs(inner[0] - inner[-1]).max(axis=(-2, -1)) < 1e-3)[np.newaxis]


def _norms(ax: Axes, ratio: np.ndarray, W: np.ndarray, best: np.ndarray) -> None:
    norms = feature_norm(W)
    for i in range(W.shape[2]):
        _line(ax, ratio, norms[..., i], best, _VARIED if i == W.shape[2] - 1 else _OTHER)
    ax.axhline(REPRESENTED_NORM, color=FAINT, linewidth=0.6, linestyle=":")
    ax.set_ylim(-0.05, None)


def _angles(ax: Axes, ratio: np.ndarray, W: np.ndarray, best: np.ndarray) -> None:
    angles = np.degrees(np.arccos(np.clip(overlap(W), -1.0, 1.0)))
    short = feature_norm(W) < REPRESENTED_NORM
    last = W.shape[2] - 1
    for i in range(last + 1):
        for j in range(i):
            shown = np.where(short[..., i] | short[..., j], np.nan, angles[..., i, j])
            _line(ax, ratio, shown, best, _VARIED if last in (i, j) else _OTHER)
    ax.set(ylim=(0, 185), yticks=[0, 45, 90, 135, 180])


def _line(ax: Axes, ratio: np.ndarray, values: np.ndarray, best: np.ndarray, colour: str) -> None:
    """The values (n_paths, n_ratios): thick where the path is the lowest, thin and dashed elsewhere."""
    for path, mine in zip(values, best, strict=True):
        ax.plot(ratio, np.where(mine, np.nan, path), color=colour, linewidth=0.7, linestyle="--")
        ax.plot(ratio, np.where(mine, path, np.nan), color=colour, linewidth=1.6)


def _stripes(ax: Axes, sweep: xr.Dataset, colours: Mapping[str, str]) -> None:
    """Recognised shapes: of the lowest optimum, and of each path."""
    ratio = sweep["ratio"].values
    edges = np.concatenate([ratio[:1], np.sqrt(ratio[1:] * ratio[:-1]), ratio[-1:]])
    rows = {"lowest": sweep["name"].sel(path=sweep["best"]).values}
    rows |= {str(path): sweep["name"].sel(path=path).values for path in sweep["path"].values}
    for place, names in enumerate(rows.values()):
        for k, name in enumerate(names.tolist()):
            ax.barh(-place, edges[k + 1] - edges[k], 0.75, edges[k], color=colours[name], linewidth=0)
    ax.set_yticks([-place for place in range(len(rows))], list(rows))
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
