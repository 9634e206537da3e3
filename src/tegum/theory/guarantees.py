"""How many features can be active at once for certain: union bounds, and the worst case over sets.

All answers are real numbers, as capacities are compared as curves; round down to count features. Below 1 not even one
active feature is safe.
"""

import numpy as np

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.bounds import coherence_bound
from tegum.theory.counts import Count, Sizes, alongside, as_positive, sizes, together

_TINY = np.finfo(np.float64).tiny


def max_active_union(n_features: Count, n_hidden: ArrayLike, n_wrong: ArrayLike = 1.0) -> Real:
    """Active features for which a union bound allows at most so many wrong ones.

    m / (8 ln(n/η)), capped at n: from n exp(-m/(8k)) ≤ η at threshold ½. With η = 1 it is the rule of thumb
    k < m/(8 ln n), which is therefore a guarantee and not a ceiling.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff for a tight frame.
        n_wrong: η, expected wrong features per input, above 0.

    Returns:
        Broadcast shape, between 0 and n.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> max_active_union(1000, 512, [1, 0.05]).round(2)
        array([9.26, 6.46])
    """
    size, eta = with_errors(n_features, n_hidden, n_wrong)
    room = np.maximum(size.log_n - np.log(eta), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(room == 0, size.n, np.minimum(size.n, size.m / (8 * room))))


def required_hidden(
    n_features: Count, n_active: ArrayLike, n_wrong: ArrayLike = 1.0, tolerance: ArrayLike = 0.5
) -> Real:
    """Dimensions that are enough for a random code, by the union bound.

    m = (2/ε²) k ln(n/η): then the expected number of inactive features whose read-out is off by more than ε is at most
    η. At ε = ½ it is 8 k ln(n/η).

    Args:
        n_features: n, or a `LogCount`.
        n_active: k between 0 and n.
        n_wrong: η, expected wrong features per input, above 0.
        tolerance: ε, above 0.

    Returns:
        Broadcast shape, at least 0.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(required_hidden(1000, 8, 0.05).round())
        634.0
    """
    size, eta = with_errors(n_features, 1.0, n_wrong, n_active)
    size, eta, epsilon = alongside(size, n_wrong=eta, tolerance=as_positive(tolerance, "tolerance", 1e-150))
    return np.asarray(2 / epsilon**2 * size.k * np.maximum(size.log_n - np.log(eta), 0.0))


def max_features_log(n_hidden: ArrayLike, n_active: ArrayLike, n_wrong: ArrayLike = 1.0) -> Real:
    """Natural logarithm of the number of features for which a union bound allows so many wrong ones.

    ln n = m/(8k) + ln η: exponential in the number of dimensions. It is `max_active_union`, solved for n.

    Args:
        n_hidden: m.
        n_active: k, at least 1.
        n_wrong: η, expected wrong features per input, above 0.

    Returns:
        Broadcast shape; pass it on as `LogCount`.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(max_features_log(10_000, 1))
        1250.0
    """
    m, k = as_positive(n_hidden, "n_hidden", 1.0), as_positive(n_active, "n_active", 1.0, 1e300)
    m, k, eta = together(n_hidden=m, n_active=k, n_wrong=as_positive(n_wrong, "n_wrong", _TINY, 1e300))
    return np.asarray(m / (8 * k) + np.log(eta))


def max_active_worst_case(coherence: ArrayLike) -> Real:
    """Active features that a threshold of ½ reads rightly whatever set of features is active.

    k < 1/(2μ): then k μ < ½ on every inactive feature and (k-1) μ < ½ on every active one.

    Args:
        coherence: μ, largest absolute cosine of two directions, between 0 and 1, any shape.

    Returns:
        Same shape; k must stay below it. inf for orthogonal directions.

    Raises:
        InputError: a coherence outside [0, 1].

    Example:
        >>> print(max_active_worst_case(0.2127).round(2))
        2.35

    Source:
        Tropp 2004, Greed is good: the same order, with k < (1 + 1/μ)/2 for pursuit instead of a threshold.
    """
    mu = as_positive(coherence, "coherence", 0.0, 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(0.5 / mu)


def max_active_worst_case_bound(n_features: Count, n_hidden: ArrayLike) -> Real:
    """What no code can exceed if every set of active features must be read rightly by a threshold of ½.

    1/(2μ) with the best lower bound on the coherence μ; at most √m_eff / 2. This is the square-root bottleneck.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m.

    Returns:
        Broadcast shape; n where n ≤ m.

    Raises:
        InputError: a size below 1.

    Example:
        >>> max_active_worst_case_bound([1000, 100], [512, 100]).round(2)
        array([ 16.19, 100.  ])
    """
    size = sizes(n_features, n_hidden)
    return np.asarray(np.minimum(size.n, max_active_worst_case(coherence_bound(n_features, n_hidden))))


def with_errors(
    n_features: Count, n_hidden: ArrayLike, n_wrong: ArrayLike, n_active: ArrayLike = 0.0
) -> tuple[Sizes, Real]:
    """Checked sizes and the allowed number of wrong features."""
    size, eta = alongside(sizes(n_features, n_hidden, n_active), n_wrong=as_positive(n_wrong, "n_wrong", _TINY, 1e300))
    return size, eta
