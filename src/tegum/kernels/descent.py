"""Quasi-Newton descent on the exact loss, compiled: one model from its start to an optimum.

BFGS with a weak-Wolfe line search by bracketing (Lewis and Overton 2013), which needs no second derivatives and stays
sound where the loss has kinks in its curvature.
"""

from typing import Any, NamedTuple

import numpy as np

from tegum.ground.compiled import compiled, compiled_door
from tegum.theory.exact_loss import LossWorkspace, loss_and_gradient, loss_workspace

_DECREASE, _CURVATURE = 1e-4, 0.5
_MOST_TRIALS = 40


class DescentWorkspace(NamedTuple):
    """Room for one descent in d dimensions."""

    loss: LossWorkspace
    slope: np.ndarray
    trial: np.ndarray
    trial_slope: np.ndarray
    direction: np.ndarray
    change: np.ndarray
    bend: np.ndarray
    inverse: np.ndarray
    slope_W: np.ndarray
    slope_bias: np.ndarray


def descent_workspace(n_features: int, n_hidden: int) -> DescentWorkspace:
    """Room for descents of models with so many features and hidden dimensions."""
    d = n_features * n_hidden + n_features
    a, b, c, e, f, g = np.zeros((6, d))
    slope_W, slope_bias = np.zeros((n_features, n_hidden)), np.zeros(n_features)
    return DescentWorkspace(loss_workspace(n_features), a, b, c, e, f, g, np.zeros((d, d)), slope_W, slope_bias)


@compiled
def value_and_slope(
    x: Any, n: int, m: int, law: Any, importance: Any, magnitude: int, scale: float, work: Any, out: Any
) -> float:
    """Scaled exact loss at x = (W, bias) laid out flat; its gradient comes to `out`."""
    W = x[: n * m].reshape(n, m)
    members, sizes, probability = law
    loss = loss_and_gradient(
        W, x[n * m :], members, sizes, probability, importance, magnitude, work.loss, work.slope_W, work.slope_bias
    )
    for i in range(n):
        for k in range(m):
            out[i * m + k] = work.slope_W[i, k] * scale
        out[n * m + i] = work.slope_bias[i] * scale
    return loss * scale


@compiled
def descend(
    x: Any, n: int, m: int, law: Any, importance: Any, magnitude: int, scale: float, tolerance: float, most_steps: int,
    work: Any,
) -> tuple[float, float, int]:  # fmt: skip
    """Move x to a stationary point; returns the scaled loss, the largest entry of its gradient, and the steps taken.

    It stops when that entry is below `tolerance`, or when no step along the steepest descent lowers the loss any more.
    """
    d = x.size
    slope, trial_slope, direction, inverse = work.slope, work.trial_slope, work.direction, work.inverse
    value = value_and_slope(x, n, m, law, importance, magnitude, scale, work, slope)
    fresh = True
    steps = 0
    while steps < most_steps:
        if _largest(slope) <= tolerance:
            break
        if fresh:
            inverse[:] = 0.0
            for i in range(d):
                inverse[i, i] = 1.0
        along = 0.0
        for i in range(d):
            direction[i] = 0.0
            for j in range(d):
                direction[i] -= inverse[i, j] * slope[j]
            along += direction[i] * slope[i]
        if along >= 0:
            if fresh:
                break
            fresh = True
            continue
        first = min(1.0, 0.5 / _largest(direction)) if fresh else 1.0
        found, new_value = _line_search(x, value, along, first, n, m, law, importance, magnitude, scale, work)
        if not found:
            if fresh:
                break
            fresh = True
            continue
        steps += 1
        product = 0.0
        for i in range(d):
            work.change[i] = work.trial[i] - x[i]
            work.bend[i] = trial_slope[i] - slope[i]
            product += work.change[i] * work.bend[i]
            x[i] = work.trial[i]
            slope[i] = trial_slope[i]
        value = new_value
        if product > 0:
            _update(inverse, work.change, work.bend, product, direction, fresh)
            fresh = False
        else:
            fresh = True
    return value, _largest(slope), steps


@compiled
def _line_search(
    x: Any, value: float, along: float, first: float, n: int, m: int, law: Any, importance: Any, magnitude: int,
    scale: float, work: Any,
) -> tuple[bool, float]:  # fmt: skip
    """Bracket a step that satisfies the weak Wolfe conditions; the point and its gradient come to the workspace."""
    low, high, step = 0.0, np.inf, first
    new_value = value
    for _ in range(_MOST_TRIALS):
        for i in range(x.size):
            work.trial[i] = x[i] + step * work.direction[i]
        new_value = value_and_slope(work.trial, n, m, law, importance, magnitude, scale, work, work.trial_slope)
        new_along = 0.0
        for i in range(x.size):
            new_along += work.direction[i] * work.trial_slope[i]
        if not new_value <= value + _DECREASE * step * along:
            high = step
        elif new_along < _CURVATURE * along:
            low = step
        else:
            return True, new_value
        step = 2 * low if high == np.inf else (low + high) / 2
    # rounding hides further descent; a last point that is no worse still counts
    return low > 0 and new_value < value, new_value


@compiled
def _largest(values: Any) -> float:
    largest = 0.0
    for value in values:
        largest = max(largest, abs(value))
    return largest


@compiled
def _update(inverse: Any, change: Any, bend: Any, product: float, image: Any, fresh: bool) -> None:
    """BFGS update of the inverse Hessian; the first one also sets its scale."""
    d = change.size
    if fresh:
        size = 0.0
        for i in range(d):
            size += bend[i] * bend[i]
        for i in range(d):
            inverse[i, i] = product / size
    curvature = 0.0
    for i in range(d):
        image[i] = 0.0
        for j in range(d):
            image[i] += inverse[i, j] * bend[j]
        curvature += bend[i] * image[i]
    factor = (1 + curvature / product) / product
    for i in range(d):
        for j in range(d):
            inverse[i, j] += factor * change[i] * change[j] - (image[i] * change[j] + change[i] * image[j]) / product


@compiled_door
def descend_many(
    starts: Any, cells: Any, n: int, m: int, members: Any, sizes: Any, probabilities: Any, importances: Any,
    magnitude: int, scales: Any, tolerance: float, most_steps: int, work: Any, losses: Any, slopes: Any, steps: Any,
) -> None:  # fmt: skip
    """Descend from every start (n_starts, d) in place; start s belongs to cell cells[s]."""
    for s in range(len(starts)):
        cell = cells[s]
        law = (members, sizes, probabilities[cell])
        value, slope, taken = descend(
            starts[s], n, m, law, importances[cell], magnitude, scales[cell], tolerance, most_steps, work
        )
        losses[s], slopes[s], steps[s] = value / scales[cell], slope, taken


@compiled_door
def hessians(
    points: Any, cells: Any, n: int, m: int, members: Any, sizes: Any, probabilities: Any, importances: Any,
    magnitude: int, scales: Any, step: float, work: Any, slopes: Any, found: Any,
) -> None:  # fmt: skip
    """Gradient (n_points, d) and Hessian (n_points, d, d) of the scaled loss, the latter by central differences."""
    d = points.shape[1]
    for s in range(len(points)):
        cell = cells[s]
        law = (members, sizes, probabilities[cell])
        x = points[s]
        for i in range(d):
            kept = x[i]
            for side in (1.0, -1.0):
                x[i] = kept + side * step
                value_and_slope(x, n, m, law, importances[cell], magnitude, scales[cell], work, work.slope)
                for j in range(d):
                    found[s, i, j] = (0.0 if side > 0 else found[s, i, j]) + side * work.slope[j] / (2 * step)
            x[i] = kept
        value_and_slope(x, n, m, law, importances[cell], magnitude, scales[cell], work, work.slope)
        for j in range(d):
            slopes[s, j] = work.slope[j]
