"""Expected loss of a ReLU on the read-out of a random code, and the shift and gain that make it least.

The setting is that of `decoder_risk`: k of n binary features are active, and read-outs are normal.
"""

import numpy as np
from scipy.special import ndtr

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, Numbers, Sizes, alongside, as_positive, sizes, together
from tegum.theory.gaussian import deviations, in_deviations, normal_density
from tegum.theory.roots import lowest_point


def shifted_relu_risk(
    n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike, shift: ArrayLike = 0.0, gain: ArrayLike = 1.0
) -> Real:
    """Expected loss of a ReLU with a shift and a gain: x' = g ReLU(z - b).

    (n-k) g² E₀ + k (g² M₂ - 2 g M₁ + 1), with E₀ = (σ₀² + b²) Q(b/σ₀) - b σ₀ φ(b/σ₀), and M₁, M₂ the mean and the mean
    square of ReLU(z - b) for an active feature.

    Args:
        n_features: n.
        n_hidden: m, or m_eff.
        n_active: k between 0 and n.
        shift: b.
        gain: g.

    Returns:
        Broadcast shape, loss per input, summed over features.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> shifted_relu_risk(1000, 256, 8, [0, 0.3172, 0.4255], [1, 1, 1.5795]).round(4)
        array([15.7187,  1.346 ,  0.7401])
    """
    b, g = together(shift=as_positive(shift, "shift", -1e150, 1e150), gain=as_positive(gain, "gain", -1e150, 1e150))
    size, b, g = alongside(sizes(n_features, n_hidden, n_active), shift=b, gain=g)
    absent, mean, square = _relu_moments(size, b)
    return np.asarray(g**2 * (absent + square) - 2 * g * mean + size.k)


def best_shift(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Shift of a ReLU of gain 1 with the least expected loss.

    Args:
        n_features: n.
        n_hidden: m, or m_eff.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(best_shift(1000, 256, 8).round(4))
        0.3172
    """
    size = sizes(n_features, n_hidden, n_active)

    def risk(b: np.ndarray) -> np.ndarray:
        absent, mean, square = _relu_moments(_wide(size, b), b)
        return np.asarray(absent + square - 2 * mean)

    return lowest_point(risk, *_shift_range(size))


def best_shift_and_gain(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> tuple[Real, Real]:
    """Shift and gain of a ReLU with the least expected loss.

    For a given shift the best gain is k M₁ / ((n-k) E₀ + k M₂), so only the shift is searched.

    Args:
        n_features: n.
        n_hidden: m, or m_eff.
        n_active: k between 0 and n.

    Returns:
        Shift and gain, each of the broadcast shape.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> shift, gain = best_shift_and_gain(1000, 256, 8)
        >>> print(shift.round(4), gain.round(4))
        0.4255 1.5795
    """
    size = sizes(n_features, n_hidden, n_active)

    def parts(b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        absent, mean, square = _relu_moments(_wide(size, b), b)
        return np.asarray(mean), np.asarray(np.maximum(absent + square, 1e-300))

    def gained(b: np.ndarray) -> np.ndarray:
        mean, square = parts(b)
        return np.asarray(-(mean**2) / square)

    shift = lowest_point(gained, *_shift_range(size))
    mean, square = parts(shift)
    return shift, np.asarray(mean / square)


def _relu_moments(size: Sizes, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """(n-k) E₀, k M₁ and k M₂."""
    inactive, active = deviations(size)
    below, above = in_deviations(-b, inactive), in_deviations(1 - b, active)
    with np.errstate(invalid="ignore"):
        edge0, edge1 = (np.where(s > 0, s * normal_density(x), 0.0) for s, x in ((inactive, below), (active, above)))
    absent = np.maximum((inactive**2 + b**2) * ndtr(below) - b * edge0, 0.0)
    mean = (1 - b) * ndtr(above) + edge1
    square = ((1 - b) ** 2 + active**2) * ndtr(above) + (1 - b) * edge1
    return (size.n - size.k) * absent, size.k * mean, size.k * square


def _shift_range(size: Sizes) -> tuple[Numbers, Numbers]:
    spread = np.sqrt(np.minimum(size.k / size.m, 1e100))
    return -3 * spread, 1 + 12 * spread


def _wide(size: Sizes, points: np.ndarray) -> Sizes:
    """The sizes with the leading axes of the points."""
    return Sizes(*(np.broadcast_to(part, points.shape) for part in size))
