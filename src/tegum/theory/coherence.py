"""Coherence of random codes: the largest cosine over all pairs of n random directions.

The cosines of any two different pairs are independent of each other, so counting all pairs as independent is nearly
right, and for many pairs it is the Poisson limit. "Two-sided" is the largest absolute cosine, "one-sided" the largest
cosine with its sign, which is what a ReLU has to fear.
"""

import numpy as np

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.theory.counts import Count, Numbers, Sizes, alongside, as_positive, sizes
from tegum.theory.overlap_law import log_overlap_tail
from tegum.theory.roots import last_true

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)


def coherence_probability(
    cosine: ArrayLike, n_features: Count, n_hidden: ArrayLike, *, one_sided: bool = False
) -> Real:
    """Chance that no pair of n random directions has a larger cosine.

    P(μ ≤ u) = (1 - P(|t| > u))^(n(n-1)/2), exact for one pair and a Poisson approximation for many; one-sided with
    P(t > u).

    Args:
        cosine: u in [-1, 1], any shape.
        n_features: number n of directions, at least 1, or a `LogCount`.
        n_hidden: dimension m, at least 1.
        one_sided: whether the sign of the cosine counts.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a size below 1.

    Example:
        >>> delta = np.sqrt(4 * np.log(100) / 200)
        >>> print(coherence_probability(delta, 100, 200).round(3))
        0.943

    Source:
        Arratia, Goldstein and Gordon 1989, Two moments suffice for Poisson approximations: the Chen-Stein method.
    """
    size, u = alongside(sizes(n_features, n_hidden), cosine=as_real(cosine, "cosine"))
    return np.asarray(np.exp(-_rate(u, size, one_sided=one_sided)))


def expected_coherence(n_features: Count, n_hidden: ArrayLike, *, one_sided: bool = False) -> Real:
    """Mean of the largest cosine over all pairs of n random directions.

    ∫ (1 - P(μ ≤ u)) du with `coherence_probability`. Within 3 % of samples for all sizes tried.

    Args:
        n_features: number n of directions, at least 1, or a `LogCount`.
        n_hidden: dimension m, at least 1.
        one_sided: whether the sign of the cosine counts.

    Returns:
        Broadcast shape; 0 where n = 1, as there is no pair.

    Raises:
        InputError: a size below 1.

    Example:
        >>> expected_coherence([20, 1000], [5, 512]).round(4)
        array([0.947 , 0.2127])

    Source:
        As `coherence_probability`.
    """
    size = sizes(n_features, n_hidden)
    start, end = np.full(size.m.shape, -1.0 if one_sided else 0.0), np.ones(size.m.shape)
    # all of the change from certainly larger to certainly not lies between these two points
    low = last_true(lambda u: _rate(u, size, one_sided=one_sided) >= 40, start, end)
    high = last_true(lambda u: _rate(u, size, one_sided=one_sided) >= 1e-18, low, end)
    half = (high - low) / 2
    u = low[..., np.newaxis] + half[..., np.newaxis] * (1 + _NODES)
    wide = Sizes(*(part[..., np.newaxis] for part in size))
    larger = -np.expm1(-_rate(u, wide, one_sided=one_sided)) @ _WEIGHTS
    return np.asarray(np.where(size.n == 1, 0.0, low + half * larger))


def coherence_limit(n_features: Count, n_hidden: ArrayLike) -> Real:
    """What the coherence of random directions tends to for large n and m.

    √(1 - n^(-4/m)), in every regime of ln n / m.

    Args:
        n_features: number n of directions, at least 1, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between 0 and 1; 3 to 10 % above the mean for n of 20 to 1000.

    Raises:
        InputError: a size below 1.

    Example:
        >>> coherence_limit([20, 1000], [5, 512]).round(4)
        array([0.9534, 0.2292])

    Source:
        Cai and Jiang 2012, Phase transition in limiting distributions of coherence of high-dimensional random matrices.
    """
    size = sizes(n_features, n_hidden)
    return np.asarray(np.sqrt(-np.expm1(-4 * size.log_n / size.m)))


def coherence_first_order(n_features: Count, n_hidden: ArrayLike) -> Real:
    """The textbook form of the coherence of random directions, for ln n much smaller than m.

    √(4 ln n / m). At 1 and above it says nothing.

    Args:
        n_features: number n of directions, at least 1, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, at least 0, not clipped.

    Raises:
        InputError: a size below 1.

    Example:
        >>> coherence_first_order([20, 1000], [5, 512]).round(4)
        array([1.5481, 0.2323])

    Source:
        As `coherence_limit`.
    """
    size = sizes(n_features, n_hidden)
    return np.asarray(np.sqrt(4 * size.log_n / size.m))


def coherence_limit_probability(cosine: ArrayLike, n_features: Count, n_hidden: ArrayLike) -> Real:
    """Limit law of the coherence of random directions, for ln n much smaller than m.

    P(μ ≤ u) → exp(-e^(-y/2) / √(8π)) with y = m u² - 4 ln n + ln ln n. It is approached slowly, as 1 / ln n.

    Args:
        cosine: u, at least 0, any shape.
        n_features: number n of directions, at least 2, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a size below 1, or a cosine below 0.

    Example:
        >>> delta = np.sqrt(4 * np.log(100) / 200)
        >>> print(coherence_limit_probability(delta, 100, 200).round(3))
        0.911

    Source:
        As `coherence_limit`.
    """
    size, u = alongside(sizes(n_features, n_hidden), cosine=as_positive(cosine, "cosine"))
    with np.errstate(divide="ignore", over="ignore"):
        y = size.m * u**2 - 4 * size.log_n + np.log(size.log_n)
        return np.asarray(np.where(size.n == 1, 1.0, np.exp(-np.exp(-y / 2) / np.sqrt(8 * np.pi))))


def coherence_union_bound(n_features: Count, n_hidden: ArrayLike, failure_probability: ArrayLike = 0.5) -> Real:
    """Coherence that random directions exceed with at most a given chance.

    √(2 ln(n (n-1) / η) / m): the sub-Gaussian tail 2 exp(-m u² / 2), added up over all pairs. Solved for n it reads
    n ≈ √η exp(m u² / 4).

    Args:
        n_features: number n of directions, at least 1, or a `LogCount`.
        n_hidden: dimension m, at least 1.
        failure_probability: η, above 0, at most 1.

    Returns:
        Broadcast shape, at least 0, not clipped: at 1 and above it says nothing.

    Raises:
        InputError: a size below 1, or η outside (0, 1].

    Example:
        >>> print(coherence_union_bound(1000, 512).round(4))
        0.2381
    """
    eta = as_positive(failure_probability, "failure_probability", np.finfo(float).tiny, 1.0)
    size, eta = alongside(sizes(n_features, n_hidden), failure_probability=eta)
    return np.asarray(np.sqrt(2 * np.maximum(size.log_pairs + np.log(2 / eta), 0.0) / size.m))


def _rate(u: Numbers, size: Sizes, *, one_sided: bool) -> Real:
    """-ln P(μ ≤ u): number of pairs times -ln(1 - tail), in logarithms, as one is huge where the other is tiny."""
    log_tail = log_overlap_tail(np.abs(u), size.m)
    if one_sided:
        log_tail = np.where(u >= 0, log_tail - np.log(2), np.log1p(-np.exp(log_tail) / 2))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        per_pair = np.where(log_tail < -30, log_tail, np.log(-np.log1p(-np.exp(np.maximum(log_tail, -30)))))
        per_pair = np.where(np.abs(u) >= 1, np.where(u >= 1, -np.inf, np.inf), per_pair)
        return np.asarray(np.where(size.n == 1, 0.0, np.exp(size.log_pairs + per_pair)))
