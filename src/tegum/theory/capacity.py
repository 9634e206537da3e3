"""How many features a linear read-out with a threshold gets wrong.

k of n features are active with amplitude 1, each has a random direction in m dimensions, and the read-out of feature i
is z_i = W_i · h. An inactive feature reads N(0, k/m), an active one N(1, (k-1)/m); it is called active if z_i exceeds
the threshold. The variances are exact, the normal law needs m of about 20 or more. For amplitudes a_j put Σ_j a_j² for
k. For tight frames put `effective_dimension(n, m)` for m.
"""

import numpy as np
from scipy.special import log_ndtr

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, Numbers, Sizes, alongside, as_extended, sizes
from tegum.theory.gaussian import deviations, in_deviations

_LEAST_ACTIVE = 1 + 1e-6
"""For the best threshold: at this k it is 0.999. With no noise at all it would be 1, which nothing exceeds."""


def expected_wrong(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike, threshold: ArrayLike = 0.5) -> Real:
    """Mean number of features of one input that a threshold reads wrongly, in a random code.

    (n - k) Q(τ √(m/k)) + k Q((1-τ) √(m/(k-1))), with Q the upper tail of the normal law.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff for a tight frame; inf means no interference.
        n_active: k between 0 and n, not necessarily whole; Σ a_j² for amplitudes a_j.
        threshold: τ, in units of the amplitude.

    Returns:
        Broadcast shape: expected false positives and false negatives per input, between 0 and n.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> expected_wrong(1000, 512, [8, 10, 12]).round(4)
        array([0.0315, 0.1724, 0.5428])

    Known problems:
        Below one wrong feature the tails are not normal: 20 % too high or low. If the number of active features is
        itself random, see `expected_wrong_mixture`.
    """
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(log_expected_wrong(n_features, n_hidden, n_active, threshold)))


def log_expected_wrong(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike, threshold: ArrayLike = 0.5) -> Real:
    """Natural logarithm of `expected_wrong`, also where the number is too small or too large for a float64.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff.
        n_active: k between 0 and n.
        threshold: τ.

    Returns:
        Broadcast shape; -inf where nothing can go wrong.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> from tegum.theory import LogCount
        >>> print(log_expected_wrong(LogCount(1250.0), 10_000, 1).round(3))
        -4.831
    """
    size, tau = alongside(sizes(n_features, n_hidden, n_active), threshold=as_extended(threshold, "threshold"))
    return log_wrong(size, tau)


def error_probability(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike, threshold: ArrayLike = 0.5) -> Real:
    """Chance that at least one feature of an input is read wrongly, in a random code.

    1 - exp(-`expected_wrong`): errors are rare and nearly independent.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff.
        n_active: k between 0 and n.
        threshold: τ.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> error_probability(1000, 512, [8, 12]).round(3)
        array([0.031, 0.419])
    """
    return np.asarray(-np.expm1(-expected_wrong(n_features, n_hidden, n_active, threshold)))


def map_threshold(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Threshold at which a feature is as likely active as not, if both read-outs have the variance k/m.

    ½ + (k/m) ln((n - k)/k). It exceeds ½ as most features are inactive.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape; ½ at k = 0, where there is no noise, and -inf at k = n.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(map_threshold(1000, 256, 8).round(4))
        0.6506
    """
    size = sizes(n_features, n_hidden, n_active)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = size.k / size.m * (size.log_absent - np.log(size.k))
    return np.asarray(0.5 + np.where(size.k == 0, 0.0, shift))


def best_threshold(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Threshold with the fewest expected wrong features.

    Where the two densities, weighted by n - k and k, cross: (1 + 2 σ₁² Λ) / (1 + √(1 - (1 + 2 σ₁² Λ)/k)) with
    σ₁² = (k-1)/m and Λ = ln((n-k)/k) + ½ ln((k-1)/k).

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape. inf where it is best to call no feature active (too much noise, or k = 0), -inf where it is
        best to call all active (k = n). For k up to 1 the active read-out has no noise, so that the nearer to 1 the
        better, but 1 itself misses it: then 0.999. Rounding to float32 moves a read-out by 1e-6; what 0.999 adds to the
        wrong features is a factor e^(m/1000), where they are of order n e^(-m/2).

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(best_threshold(1000, 256, 8).round(4))
        0.657
    """
    size = sizes(n_features, n_hidden, n_active)
    return best_tau(size)


def log_wrong(size: Sizes, tau: Numbers) -> Real:
    """Logarithm of the expected number of wrong features, for checked sizes."""
    inactive, active = deviations(size)
    with np.errstate(divide="ignore"):
        false_positive = size.log_absent + _log_tail(tau, inactive)
        false_negative = np.log(size.k) + _log_tail(1 - tau, active)
    return np.asarray(np.logaddexp(false_positive, false_negative))


def best_tau(size: Sizes) -> Real:
    """The best threshold, for checked sizes."""
    k = np.maximum(size.k, _LEAST_ACTIVE)
    variance = (k - 1) / size.m
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        advantage = size.log_absent - np.log(k) + 0.5 * np.log((k - 1) / k)
        numerator = 1 + np.where(variance > 0, 2 * variance * advantage, 0.0)
        root = np.sqrt(1 - numerator / k)
        crossing = np.where(np.isfinite(numerator), numerator / (1 + root), numerator)
    crossing = np.where(np.isnan(root), np.inf, crossing)
    crossing = np.where(size.k >= size.n, -np.inf, np.where(size.k == 0, np.inf, crossing))
    with np.errstate(divide="ignore"):
        never = log_wrong(size, crossing) >= np.log(size.k)
    return np.asarray(np.where(never, np.inf, crossing))


def _log_tail(x: Numbers, deviation: Numbers) -> Real:
    """Logarithm of Q(x/σ)."""
    return np.asarray(log_ndtr(-in_deviations(x, deviation)))
