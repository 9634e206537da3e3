"""The lasso by proximal gradient steps: ISTA, and FISTA with restarts.

min over x of ½ |h - x W|² + λ |x|₁, over all x or over x ≥ 0. For small λ the minimiser tends to the solution of
x W = h with the least ℓ1 norm.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from tegum.decoders.belt import decode_on_belt, n_rows
from tegum.decoders.signals import Code, Features, Hidden, as_signals
from tegum.ground.arrays import ArrayLike, as_real
from tegum.ground.errors import InputError, ShapeError


class State(NamedTuple):
    """Rows of a working set: features, the point to step from, hidden vectors, momentum t, steps taken."""

    x: np.ndarray
    y: np.ndarray
    h: np.ndarray
    t: np.ndarray
    steps: np.ndarray


def ista(
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: float | None = None,
    feature_probability: float | None = None,
    penalty: float = 0.005,
    non_negative: bool = False,
    n_steps: int = 20_000,
    tolerance: float = 5e-6,
) -> Features:
    """The lasso by plain proximal gradient steps.

    x ← soft(x + (h - x W) Wᵀ / Λ, λ/Λ) with Λ = |W|₂². Slow; `fista` finds the same in far fewer steps.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: not needed.
        feature_probability: not needed.
        penalty: λ, at least 0, in units of the amplitude times the squared length of a direction. It shrinks features
            by λ, and near the critical load, where active directions are nearly dependent, by up to a hundred times λ.
        non_negative: whether features are known not to be negative.
        n_steps: most steps of a sample.
        tolerance: a sample is done when a step from y moves it by at most tolerance times its own length. 0 takes all
            steps.

    Returns:
        (n_samples, n_features); float32 if both arrays are, else float64.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, or a negative penalty.

    Example:
        >>> ista([[1.0, 0.5]], [[1, 0], [0, 1], [0.6, 0.8]], penalty=0.1).round(2)
        array([[0.56, 0.  , 0.56]])

    Source:
        Daubechies, Defrise and De Mol 2004, An iterative thresholding algorithm for linear inverse problems.
    """
    return _solve(h, W, penalty, non_negative, n_steps, tolerance, accelerated=False)


def fista(
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: float | None = None,
    feature_probability: float | None = None,
    penalty: float = 0.005,
    non_negative: bool = False,
    n_steps: int = 5_000,
    tolerance: float = 5e-6,
) -> Features:
    """The lasso by accelerated proximal gradient steps.

    As `ista`, from a point y that overshoots: y = x_t + (t-1)/t' (x_t - x_{t-1}). Momentum starts again when it points
    uphill, which keeps the convergence of well-conditioned problems linear.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: not needed.
        feature_probability: not needed.
        penalty: λ, at least 0, in units of the amplitude times the squared length of a direction. It shrinks features
            by λ, and near the critical load, where active directions are nearly dependent, by up to a hundred times λ.
        non_negative: whether features are known not to be negative.
        n_steps: most steps of a sample.
        tolerance: as in `ista`; the `duality_gap` tells how far the result can be from the optimum.

    Returns:
        (n_samples, n_features); float32 if both arrays are, else float64.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, or a negative penalty.

    Example:
        >>> W = np.array([[1, 0], [0, 1], [0.6, 0.8]])
        >>> x = fista([[1.0, 0.5]], W, penalty=0.1, tolerance=1e-9)
        >>> x.round(4), duality_gap(x, [[1.0, 0.5]], W, penalty=0.1) < 1e-8
        (array([[0.5625, 0.    , 0.5625]]), array([ True]))

    Source:
        Beck and Teboulle 2009, A fast iterative shrinkage-thresholding algorithm; restarts of O'Donoghue and Candès
        2015, Adaptive restart for accelerated gradient schemes.
    """
    return _solve(h, W, penalty, non_negative, n_steps, tolerance, accelerated=True)


def duality_gap(
    x: ArrayLike, h: ArrayLike, W: ArrayLike, *, penalty: float = 0.005, non_negative: bool = False
) -> np.ndarray:
    """How far above the optimum the lasso's objective can be at most.

    P(x) - D(s r) with r = h - x W, D(u) = ½|h|² - ½|h - u|², and s the scale in [0, 1] that makes the dual point s r
    feasible, s max_j W_j · r ≤ λ.

    Args:
        x: (n_samples, n_features), candidates.
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        penalty: λ.
        non_negative: whether x is restricted to x ≥ 0.

    Returns:
        (n_samples,), at least 0 up to rounding, in units of the squared error.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, or a negative penalty.

    Example:
        >>> duality_gap([[0.5625, 0.0, 0.5625]], [[1.0, 0.5]], [[1, 0], [0, 1], [0.6, 0.8]], penalty=0.1).round(9) + 0.0
        array([0.])
    """
    hidden, code = (array.astype(np.float64) for array in as_signals(h, W))
    features, weight = as_real(x, "x"), _penalty(penalty)
    if features.shape != (len(hidden), len(code)):
        raise ShapeError(f"x has shape {features.shape}, expected (n_samples, n_features) = {len(hidden), len(code)}")
    residual = hidden - features @ code
    correlation = residual @ code.T
    largest = (correlation if non_negative else np.abs(correlation)).max(axis=1)
    scale = np.minimum(1.0, weight / np.maximum(largest, max(weight, 1e-300)))[:, np.newaxis]
    primal = 0.5 * (residual**2).sum(axis=1) + weight * np.abs(features).sum(axis=1)
    dual = 0.5 * (hidden**2).sum(axis=1) - 0.5 * ((hidden - scale * residual) ** 2).sum(axis=1)
    return primal - dual


def _penalty(penalty: float) -> float:
    value = float(as_real(penalty, "penalty"))
    if value < 0:
        raise InputError(f"penalty must be at least 0; got {value}. For the least ℓ1 norm take a small one: 0.005.")
    return value


def _solve(
    h: ArrayLike, W: ArrayLike, penalty: float, non_negative: bool, n_steps: int, tolerance: float, *, accelerated: bool
) -> Features:
    hidden, code = as_signals(h, W)
    n = len(code)
    curvature = largest_square(code)
    level = hidden.dtype.type(_penalty(penalty) / curvature)
    scaled = np.ascontiguousarray((code / curvature).T)
    room = np.empty((2, n_rows(n), n), hidden.dtype)

    def begin(h: Hidden) -> State:
        ones = np.ones(len(h), h.dtype)
        return State(
            np.zeros((len(h), n), h.dtype), np.zeros((len(h), n), h.dtype), h.copy(), ones, np.zeros(len(h), np.int64)
        )

    def advance(state: State) -> tuple[State, np.ndarray]:
        x, y, h, t, steps = state
        point, moved = room[0, : len(x)], room[1, : len(x)]
        np.matmul(h - y @ code, scaled, out=point)
        point += y
        _shrink(point, level, non_negative, moved)  # point is the new x
        np.subtract(point, x, out=moved)
        x[:] = point
        y -= point
        short = np.einsum("ij,ij->i", y, y)
        t_next = (1 + np.sqrt(1 + 4 * t**2)) / 2
        share = (t - 1) / t_next if accelerated else np.zeros_like(t)
        uphill = np.einsum("ij,ij->i", y, moved) > 0
        share[uphill], t_next[uphill] = 0, 1
        moved *= share[:, np.newaxis]
        np.add(x, moved, out=y)
        steps += 1
        size = np.einsum("ij,ij->i", x, x)
        return State(x, y, h, t_next, steps), (steps >= n_steps) | (short <= tolerance**2 * size)

    return decode_on_belt(hidden, n, begin, advance)


def _shrink(u: Features, level: np.floating, non_negative: bool, room: Features) -> None:
    if non_negative:
        np.subtract(u, level, out=u)
        np.maximum(u, 0, out=u)
    else:
        np.minimum(u, level, out=room)
        np.maximum(room, -level, out=room)
        u -= room


def largest_square(W: Code) -> float:
    """|W|₂², the largest eigenvalue of W's Gram matrix, and a little more for rounding."""
    exact = W.astype(np.float64)
    gram = exact.T @ exact if W.shape[0] >= W.shape[1] else exact @ exact.T
    last = len(gram) - 1
    return max(float(eigh(gram, eigvals_only=True, subset_by_index=[last, last])[0]), 1e-300) * (1 + 1e-6)
