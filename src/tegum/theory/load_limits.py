"""The number of active features at which a threshold on the read-out of a random code begins to fail.

All answers are real numbers, as capacities are compared as curves; round down to count features. Below 1 not even one
active feature is safe. For a tight frame put `effective_dimension(n, m)` for n_hidden: that is all that it changes.
"""

from collections.abc import Callable

import numpy as np

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.bounds import effective_dimension
from tegum.theory.capacity import best_tau, log_wrong
from tegum.theory.counts import Count, Numbers, Sizes, sizes
from tegum.theory.guarantees import with_errors
from tegum.theory.roots import first_true_to_false, last_true

_LOG_LEAST, _LOG_MOST = np.log(1e-12), np.log(1e300)


def max_active(n_features: Count, n_hidden: ArrayLike, n_wrong: ArrayLike = 1.0) -> Real:
    """Active features at which a threshold of ½ gets so many features wrong, with the exact normal tail.

    Solves `expected_wrong`(n, m, k, ½) = η for k.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff for a tight frame.
        n_wrong: η, expected wrong features per input, above 0.

    Returns:
        Broadcast shape, between 0 and n; n where that many are never wrong.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> max_active(1000, 512, [1, 0.05]).round(2)
        array([13.42,  8.46])
    """
    size, eta = with_errors(n_features, n_hidden, n_wrong)
    return _first_load(size, eta, lambda load: np.full(load.k.shape, 0.5))


def max_active_best_threshold(n_features: Count, n_hidden: ArrayLike, n_wrong: ArrayLike = 1.0) -> Real:
    """Active features at which the best threshold gets so many features wrong.

    Solves min over τ of `expected_wrong`(n, m, k, τ) = η for k.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff for a tight frame.
        n_wrong: η, expected wrong features per input, above 0.

    Returns:
        Broadcast shape, between 0 and n.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> max_active_best_threshold([1000, 4000], 512, 0.05).round(1)
        array([11.2, 10.3])

    Known problems:
        With η of 1 or more, calling no feature active is good enough for k up to η, whatever the code.
    """
    size, eta = with_errors(n_features, n_hidden, n_wrong)
    return _first_load(size, eta, best_tau)


def max_active_tight(n_features: Count, n_hidden: ArrayLike, n_wrong: ArrayLike = 1.0) -> Real:
    """Active features at which a tight frame, read with a threshold of ½, gets so many features wrong.

    `max_active` with m_eff = m (n-1)/(n-m) for m; all n features where n ≤ m, as they can be orthogonal.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m.
        n_wrong: η, expected wrong features per input, above 0.

    Returns:
        Broadcast shape, between 0 and n.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> max_active_tight([100, 1000], [100, 512], 0.05).round(1)
        array([100. ,  17.3])
    """
    return max_active(n_features, effective_dimension(n_features, n_hidden), n_wrong)


def max_active_asymptotic(n_features: Count, n_hidden: ArrayLike) -> Real:
    """What the capacity at the best threshold tends to for large n and m.

    Solves k = m / (2 (√ln(n-k) + √ln k)²): between m/(8 ln n) for k near n and m/(2 ln n) for few active features.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff for a tight frame.

    Returns:
        Broadcast shape, between 0 and n/2, or n where m is infinite.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(max_active_asymptotic(1000, 512).round(2))
        14.15

    Source:
        Fletcher, Rangan and Goyal 2009, Necessary and sufficient conditions for sparsity pattern recovery: the limit
        without noise of its bound on maximum correlation.
    """
    size = sizes(n_features, n_hidden)

    def holds(log_k: np.ndarray) -> np.ndarray:
        k = np.exp(log_k)
        root = np.sqrt(size._replace(k=k).log_absent.clip(0)) + np.sqrt(log_k.clip(0))
        return np.asarray(2 * k * root**2 <= size.m)

    half = np.minimum(size.log_n - np.log(2), _LOG_MOST)
    load = np.exp(last_true(holds, np.full(half.shape, _LOG_LEAST), half))
    return np.asarray(np.where(np.isinf(size.m), size.n, load))


def _first_load(size: Sizes, eta: Numbers, threshold: Callable[[Sizes], Real]) -> Real:
    """The load at which the number of wrong features first exceeds η; n if it never does."""

    def holds(log_k: np.ndarray) -> np.ndarray:
        load = Sizes(*np.broadcast_arrays(*size[:3], np.minimum(np.exp(log_k), size.n)))
        return np.asarray(log_wrong(load, threshold(load)) <= np.log(eta))

    top = np.minimum(size.log_n, _LOG_MOST)
    load = np.exp(first_true_to_false(holds, np.full(top.shape, _LOG_LEAST), top))
    return np.asarray(np.where((load >= size.n * (1 - 1e-12)) | (size.n == 1), size.n, load))
