"""Yardsticks for decoders that find one active feature after the other."""

import numpy as np

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, as_positive, sizes
from tegum.theory.roots import last_true

_LOG_LEAST = np.log(1e-12)


def pursuit_dimension(n_features: Count, n_active: ArrayLike) -> Real:
    """Dimensions at which orthogonal matching pursuit, or the lasso with a little noise, finds the active set.

    m ≈ 2 k ln(n - k), for large n. Binary features are the hard case of pursuit.

    Args:
        n_features: n, or a `LogCount`.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(pursuit_dimension(1000, 20).round(1))
        275.5

    Source:
        Wainwright 2009, Sharp thresholds for high-dimensional and noisy sparsity recovery; Fletcher and Rangan 2012,
        Orthogonal matching pursuit: a Brownian motion analysis.
    """
    size = sizes(n_features, 1.0, n_active)
    return np.asarray(2 * size.k * np.maximum(size.log_absent, 0.0))


def max_active_pursuit(n_features: Count, n_hidden: ArrayLike) -> Real:
    """Active features that orthogonal matching pursuit finds in a random code.

    Solves `pursuit_dimension`(n, k) = m for k; for large n.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m.

    Returns:
        Broadcast shape, at most n/2.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(max_active_pursuit(1000, 256).round(1))
        18.6
    """
    size = sizes(n_features, n_hidden)
    top = np.minimum(size.log_n - np.log(2), np.log(1e300))

    def holds(log_k: np.ndarray) -> np.ndarray:
        return np.asarray(2 * np.exp(log_k) * np.maximum(size._replace(k=np.exp(log_k)).log_absent, 0.0) <= size.m)

    return np.asarray(np.exp(last_true(holds, np.full(top.shape, _LOG_LEAST), top)))


def pursuit_worst_case(coherence: ArrayLike) -> Real:
    """Active features below which pursuit and ℓ1 find every active set of a code.

    k < (1 + 1/μ) / 2.

    Args:
        coherence: μ, largest absolute cosine of two directions, between 0 and 1, any shape.

    Returns:
        Same shape; k must stay below it. inf for orthogonal directions.

    Raises:
        InputError: a coherence outside [0, 1].

    Example:
        >>> print(pursuit_worst_case(0.2127).round(2))
        2.85

    Source:
        Tropp 2004, Greed is good: algorithmic results for sparse approximation.
    """
    mu = as_positive(coherence, "coherence", 0.0, 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray((1 + 1 / mu) / 2)
