"""How many activation levels of a feature can be told apart in a random code.

An active feature takes one of N equally spaced values 0, 1/(N-1), …, 1, each as likely, and is read as the nearest one.
The other k - 1 active features add normal noise of variance (k-1) E[a²] / m, with E[a²] = (2N-1) / (6 (N-1)).
"""

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, Numbers, Sizes, alongside, as_positive, sizes, together
from tegum.theory.roots import last_true

_TINY = np.finfo(np.float64).tiny
_MOST = 1e150


def signal_to_noise(n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Amplitude of an active feature over the typical interference on it.

    √(m / k) in a random code; Σ_j (a_j/a)² stands for k if amplitudes differ.

    Args:
        n_hidden: m.
        n_active: k, at least 0.

    Returns:
        Broadcast shape; inf without interference.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(signal_to_noise(512, 4).round(1))
        11.3
    """
    m, k = as_positive(n_hidden, "n_hidden", 1.0), as_positive(n_active, "n_active", 0.0, 1e300)
    m, k = together(n_hidden=m, n_active=k)
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(m / k))


def level_error(n_levels: ArrayLike, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Chance that the level of an active feature is read wrongly, in a random code.

    2 (1 - 1/N) Q(1 / (2 (N-1) σ)) with σ² = (k-1)/m · (2N-1) / (6 (N-1)).

    Args:
        n_levels: N, at least 1.
        n_hidden: m.
        n_active: k, at least 0; at k ≤ 1 nothing interferes.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> level_error([4, 6, 8], 512, 4).round(4)
        array([0.0004, 0.0258, 0.1036])
    """
    levels = as_positive(n_levels, "n_levels", 1.0, _MOST)
    m, k = as_positive(n_hidden, "n_hidden", 1.0), as_positive(n_active, "n_active", 0.0, 1e300)
    levels, m, k = together(n_levels=levels, n_hidden=m, n_active=k)
    return np.asarray(np.exp(_log_error(levels, m, k)))


def distinguishable_levels(n_hidden: ArrayLike, n_active: ArrayLike, error_probability: ArrayLike = 0.01) -> Real:
    """Number of levels of an active feature that can be told apart with a given chance of error.

    Solves `level_error`(N, m, k) = η. The number n of features does not enter.

    Args:
        n_hidden: m.
        n_active: k, at least 0.
        error_probability: η per active feature, above 0, at most 1.

    Returns:
        Broadcast shape, at least 1, to be rounded down; inf at k ≤ 1.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> distinguishable_levels(512, [1, 2, 4, 17]).round(2)
        array([ inf, 8.49, 5.28, 2.79])
    """
    eta = as_positive(error_probability, "error_probability", _TINY, 1.0)
    m, k = as_positive(n_hidden, "n_hidden", 1.0), as_positive(n_active, "n_active", 0.0, 1e300)
    m, k, eta = together(n_hidden=m, n_active=k, error_probability=eta)
    top = np.full(m.shape, np.log(_MOST))
    log_levels = last_true(lambda x: _log_error(np.exp(x), m, k) <= np.log(eta), np.zeros(m.shape), top)
    return np.asarray(np.where((k <= 1) | np.isinf(m), np.inf, np.exp(log_levels)))


def levels_above_zero(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike, n_wrong: ArrayLike = 1.0) -> Real:
    """Number of levels of which the lowest above 0 can be told from 0 on all inactive features.

    Solves 1/(N-1) = 2 σ₀ Q⁻¹(η/(n-k)) with σ₀² = k/m · (2N-1) / (6 (N-1)), that is (n-k) Q(1/(2 (N-1) σ₀)) = η. This
    is where the number n of features enters.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m.
        n_active: k between 0 and n.
        n_wrong: η, expected inactive features read as active, above 0.

    Returns:
        Broadcast shape, at least 1; inf without interference, or where η is at least half of the inactive features.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> levels_above_zero([1000, 16_000], 512, 4).round(2)
        array([3.93, 3.32])
    """
    eta = as_positive(n_wrong, "n_wrong", _TINY, 1e300)
    size, eta = alongside(sizes(n_features, n_hidden, n_active), n_wrong=eta)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_share = np.minimum(np.log(eta) - size.log_absent, np.log(0.5))
        reach = -ndtri_exp(log_share)  # Q⁻¹(η/(n-k)) deviations
        wanted = 1 / (2 * reach * np.sqrt(size.k / size.m))
    quiet = (size.k == 0) | np.isinf(size.m) | (log_share >= np.log(0.5))
    wanted = np.where(quiet, 1.0, wanted)
    # (N-1) √((2N-1) / (6 (N-1))) = wanted is a quadratic equation for N - 1
    above = (np.sqrt(1 + 48 * wanted**2) - 1) / 4
    return np.asarray(np.where(quiet, np.inf, 1 + above))


def union_levels(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Levels by the rule of thumb that divides the activation by the largest noise over all features.

    √(m / (8 k ln n)). It mixes the noise of one read-out with a union over all of them; `distinguishable_levels` and
    `levels_above_zero` answer the two questions apart.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape; inf without interference.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(union_levels(4096, 512, 4).round(2))
        1.39
    """
    size: Sizes = sizes(n_features, n_hidden, n_active)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = np.sqrt(size.m / (8 * size.k * size.log_n))
    return np.asarray(np.where((size.k == 0) | (size.n == 1), np.inf, levels))


def _log_error(levels: Numbers, m: Numbers, k: Numbers) -> Real:
    """Logarithm of of `level_error`; (N-1) σ grows with N, so the error does too."""
    spacings = levels - 1
    spread = np.sqrt(np.maximum(k - 1, 0.0) / m * spacings * (2 * levels - 1) / 6)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(2 * spacings / levels) + log_ndtr(-1 / (2 * spread)))
