"""Sudden changes along a training run: jumps of dimensionality and drops of the loss."""

from typing import NamedTuple

import numpy as np

from tegum.ground.arrays import ArrayLike, as_real
from tegum.ground.errors import InputError, ShapeError

LEAST_CHANGE = 0.05
WINDOW = 0.015


class Jump(NamedTuple):
    """A stretch of records over which some feature keeps changing quickly.

    Args:
        first, last: the stretch, as indices of records, both included.
        record: where within it the change is quickest.
        features: indices of the features that jump.
        size: the largest change of one feature within a window.
    """

    first: int
    last: int
    record: int
    features: tuple[int, ...]
    size: float


def find_jumps(values: ArrayLike, *, least: float = LEAST_CHANGE, window: float = WINDOW) -> list[Jump]:
    """Stretches in which a value per feature changes by more than `least` within a window.

    Records k and k + w are compared, with w the window; records between two that differ by more than `least` in some
    feature jump, and jumps that touch are one. A slow drift of any size is no jump.

    Args:
        values: (n_records, n_features), such as `feature_dimensionality` of the snapshots of a run. The spacing of the
            records is that of the question: logarithmic in the step for "sudden" relative to the time so far.
        least: smallest change that counts, in the unit of values.
        window: length of the window as a share of all records.

    Returns:
        The jumps, in their order.

    Raises:
        ShapeError: not two axes.
        InputError: values that are not finite, least negative, or a window outside (0, 1].

    Example: of two features one jumps, the other drifts as far.
        >>> values = np.zeros((100, 2))
        >>> values[50:, 0] = 0.5
        >>> values[:, 1] = np.linspace(0, 0.5, 100)
        >>> find_jumps(values)
        [Jump(first=48, last=51, record=49, features=(0,), size=0.5)]

    Source:
        Ours, for what Elhage et al. 2022, Toy Models of Superposition, section on learning dynamics, call energy level
        jumps.
    """
    table = as_real(values, "values")
    if table.ndim != 2:
        raise ShapeError(f"values has shape {table.shape}, expected (n_records, n_features); pass one run at a time")
    if not (0 < window <= 1 and least >= 0):
        raise InputError(f"find_jumps needs least >= 0 and a window in (0, 1]; got {least:g} and {window:g}.")
    width = max(1, round(window * len(table)))
    change = np.abs(table[width:] - table[:-width])
    changing = np.zeros(len(table), bool)
    for start in np.flatnonzero((change > least).any(axis=1)):
        changing[start : start + width + 1] = True
    edges = np.flatnonzero(np.diff(np.r_[False, changing, False]))
    return [
        _jump(change, int(first), int(end) - 1, width, least)
        for first, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def _jump(change: np.ndarray, first: int, last: int, width: int, least: float) -> Jump:
    inside = change[first : last - width + 1]
    quickest = int(inside.max(axis=1).argmax())
    features = np.flatnonzero((inside > least).any(axis=0))
    return Jump(first, last, first + quickest + width // 2, tuple(features.tolist()), float(inside.max()))


def steepest_drops(loss: ArrayLike, n_drops: int = 3, *, smoothing: int = 5) -> np.ndarray:
    """Records at which the loss falls fastest, relative to its value.

    The logarithm of the loss is smoothed over `smoothing` records; drops are picked from the steepest on, none closer
    than `smoothing` records to another, so that one fall is not counted twice.

    Args:
        loss: (n_records,), above 0.
        n_drops: how many to pick; fewer if there is no room for more.
        smoothing: number of records, odd.

    Returns:
        (n_drops,) indices of records, the steepest first. Smoothing keeps them off both ends.

    Raises:
        ShapeError: not one axis.
        InputError: a loss that is not positive, or an even number of records to smooth over.

    Example:
        >>> steepest_drops([1.0] * 20 + [0.1] * 20, 1).tolist()
        [20]

    Source:
        Ours.
    """
    curve = as_real(loss, "loss")
    if curve.ndim != 1:
        raise ShapeError(f"loss has shape {curve.shape}, expected (n_records,); pass one run at a time")
    if not np.all(curve > 0) or smoothing % 2 != 1 or smoothing < 1:
        raise InputError(f"expected losses above 0 and an odd smoothing; got a loss of {curve.min():g}, {smoothing}.")
    places = drop_places(len(curve), smoothing=smoothing)
    if not places.size:
        return places
    smooth = np.convolve(np.log(curve), np.ones(smoothing) / smoothing, mode="valid")
    falls = -np.diff(smooth)
    picked: list[int] = []
    while len(picked) < n_drops and np.isfinite(falls).any():
        steepest = int(falls.argmax())
        picked.append(steepest)
        falls[max(0, steepest - smoothing + 1) : steepest + smoothing] = -np.inf
    return places[picked]


def drop_places(n_records: int, *, smoothing: int = 5) -> np.ndarray:
    """Records at which `steepest_drops` can find a drop: all but those at the ends, where smoothing has no room.

    Args:
        n_records: length of the run.
        smoothing: as given to `steepest_drops`.

    Returns:
        Indices of records, rising.

    Example:
        >>> drop_places(8).tolist()
        [3, 4, 5]
    """
    margin = smoothing // 2
    return np.arange(margin + 1, n_records - margin)
