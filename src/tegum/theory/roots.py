"""Roots and minima of many functions of one variable at once, by plain bisection and golden sections.

Every entry of an array has a problem of its own, all of one shape. Fixed numbers of steps reach the precision of
float64, so no tolerance has to be chosen.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from tegum.ground.arrays import Real
from tegum.theory.counts import Numbers

Function: TypeAlias = Callable[[np.ndarray], Any]
"""From an array of points to values; leading axes of the points may be added."""

GOLDEN = (np.sqrt(5) - 1) / 2


def last_true(condition: Function, low: Numbers, high: Numbers, n_steps: int = 80) -> Real:
    """Where a condition that holds below some point and fails above it changes, between low and high.

    Args:
        condition: from points to booleans.
        low: where the search begins; returned if the condition holds nowhere above.
        high: where it ends; reached, up to rounding, if the condition holds everywhere.
        n_steps: halvings.

    Returns:
        Common shape of low and high.

    Example:
        >>> print(last_true(lambda x: x**2 <= 2, np.array(0.0), np.array(2.0)).round(6))
        1.414214
    """
    low, high = (np.array(end, dtype=np.float64) for end in np.broadcast_arrays(low, high))
    for _ in range(n_steps):
        middle = np.asarray((low + high) / 2)
        holds = condition(middle)
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    return np.asarray(low)


def first_true_to_false(condition: Function, low: Numbers, high: Numbers, n_points: int = 400) -> Real:
    """The first point of a grid at which a condition stops to hold, refined by bisection.

    Unlike `last_true` it is right where the condition holds again further up.

    Args:
        condition: from points to booleans; it is asked with the grid as a new first axis.
        low: begin of the grid; returned if the condition fails there.
        high: end of the grid; returned if the condition never fails.
        n_points: points of the grid, at least 2.

    Returns:
        Common shape of low and high.

    Example:
        >>> print(first_true_to_false(lambda x: np.sin(x) >= 0, np.array(0.1), np.array(9.0)).round(4))
        3.1416
    """
    low, high = np.broadcast_arrays(low, high)
    share = np.linspace(0, 1, n_points).reshape(-1, *(1,) * low.ndim)
    grid = low + (high - low) * share
    fails = ~np.asarray(condition(grid))
    first = np.expand_dims(fails.argmax(axis=0), 0)
    before = np.take_along_axis(grid, np.maximum(first - 1, 0), axis=0)[0]
    after = np.take_along_axis(grid, first, axis=0)[0]
    refined = last_true(condition, before, after)
    return np.asarray(np.where(fails.any(axis=0), refined, high))


def smallest_enough(enough: Callable[[int], bool], low: int, high: float, *, closeness: float = 0.01) -> int | None:
    """The smallest whole number that is enough, if everything above it is too; by doubling, then bisection.

    Doubling comes first because a size costs the more to try the larger it is.

    Args:
        enough: from a number to whether it is enough.
        low: the first to be tried, at least 1; returned if it is enough.
        high: the last that may be tried.
        closeness: how near the answer must be, as a share of it; it is enough, and may be too large by as much.

    Returns:
        The number; None if nothing up to `high` is enough.

    Example:
        >>> smallest_enough(lambda n: n * n > 500, 1, 100)
        23
        >>> smallest_enough(lambda n: n > 100, 1, 100) is None
        True
    """
    below = top = low
    while not enough(top):
        if top + 1 > high:
            return None
        below, top = top, math.floor(min(2 * top, high))
    while top - below > max(1, closeness * below):
        middle = max(math.isqrt(below * top), below + 1)
        below, top = (below, middle) if enough(middle) else (middle, top)
    return top


def lowest_point(function: Function, low: Numbers, high: Numbers, n_points: int = 257, n_steps: int = 50) -> Real:
    """Where a function of one variable is lowest between low and high.

    The best point of an even grid, refined by golden sections between its neighbours; right if the lowest valley is
    wider than the grid.

    Args:
        function: from points to values; it is asked with the grid as a new first axis.
        low: one end.
        high: the other.
        n_points: points of the grid.
        n_steps: golden sections.

    Returns:
        Common shape of low and high.

    Example:
        >>> print(lowest_point(lambda x: (x - 0.3) ** 2, np.array(0.0), np.array(1.0)).round(6))
        0.3
    """
    low, high = np.broadcast_arrays(low, high)
    grid = low + (high - low) * np.linspace(0, 1, n_points).reshape(-1, *(1,) * low.ndim)
    best = np.expand_dims(np.asarray(function(grid)).argmin(axis=0), 0)
    a = np.take_along_axis(grid, np.maximum(best - 1, 0), axis=0)[0]
    b = np.take_along_axis(grid, np.minimum(best + 1, n_points - 1), axis=0)[0]
    for _ in range(n_steps):
        left, right = np.asarray(b - GOLDEN * (b - a)), np.asarray(a + GOLDEN * (b - a))
        at_left, at_right = function(np.stack([left, right]))
        down = at_left < at_right
        a, b = np.where(down, a, left), np.where(down, right, b)
    return np.asarray((a + b) / 2)
