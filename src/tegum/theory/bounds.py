"""What no arrangement of directions can beat.

A bound on the coherence holds for every code. Where its formula says nothing it is 0 or -1, so that the largest of all
bounds can be taken.
"""

import numpy as np
from scipy.special import betaln

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import Count, Numbers, Sizes, alongside, as_positive, sizes


def welch_bound(n_features: Count, n_hidden: ArrayLike, order: ArrayLike = 1) -> Real:
    """Least possible coherence of n unit vectors in m dimensions.

    √((n - m) / (m (n - 1))) for n > m, and 0 for n ≤ m. Its square is also the least possible mean of the squared
    cosines over pairs. Tight frames attain that mean; equiangular tight frames, which need n ≤ m (m + 1) / 2, attain
    the bound itself. The bound of order s compares mean powers 2s instead of squares, and is the sharper one for many
    vectors: μ^(2s) ≥ (n c - 1) / (n - 1), where c = (2s-1)!! / (m (m+2) … (m+2s-2)) is the mean of that power for
    random directions.

    Args:
        n_features: number n of vectors, at least 1, any shape, or a `LogCount`.
        n_hidden: dimension m, at least 1; broadcasts against n_features.
        order: s, whole numbers, at least 1.

    Returns:
        Broadcast shape, no unit, between 0 and 1.

    Raises:
        InputError: a count below 1, or an order that is no whole number.

    Example:
        >>> welch_bound([3, 5, 2], 2).round(3)
        array([0.5  , 0.612, 0.   ])

    Source:
        Welch 1974, Lower bounds on the maximum cross correlation of signals.
    """
    s = as_positive(order, "order", 1.0, 1e300)
    if (s != np.round(s)).any():
        raise InputError(f"order must be a whole number; got {s[s != np.round(s)].flat[0]:g}")
    size, s = alongside(sizes(n_features, n_hidden), order=s)
    return _welch(size, s)


def best_welch_bound(n_features: Count, n_hidden: ArrayLike) -> Real:
    """The sharpest of the Welch bounds of all orders.

    Every order up to 64 is tried, and 400 in geometric steps beyond, up to where the bound is 0.

    Args:
        n_features: number n of vectors, at least 1, any shape, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a count below 1.

    Example:
        >>> best_welch_bound([1000, 100], [10, 5]).round(4)
        array([0.4988, 0.6476])

    Source:
        As `welch_bound`.
    """
    size = sizes(n_features, n_hidden)
    beyond = np.unique(np.round(np.geomspace(65, 1e16, 400)))
    orders = np.concatenate([np.arange(1.0, 65.0), beyond]).reshape(-1, *(1,) * size.m.ndim)
    return np.asarray(_welch(size, orders).max(axis=0))


def orthoplex_bound(n_features: Count, n_hidden: ArrayLike) -> Real:
    """Least possible coherence of more vectors than an equiangular set can have.

    1/√m for n > m (m + 1)/2, else 0.

    Args:
        n_features: number n of vectors, at least 1, any shape, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a count below 1.

    Example:
        >>> orthoplex_bound([100, 10], 5).round(4)
        array([0.4472, 0.    ])

    Source:
        Conway, Hardin and Sloane 1996, Packing lines, planes, etc.
    """
    size = sizes(n_features, n_hidden)
    return np.asarray(np.where(size.n > size.m * (size.m + 1) / 2, 1 / np.sqrt(size.m), 0.0))


def levenshtein_bound(n_features: Count, n_hidden: ArrayLike) -> Real:
    """Least possible coherence of many vectors, by linear programming.

    √((3n - m² - 2m) / ((n - m)(m + 2))) for n ≥ m (m + 1)/2, else 0.

    Args:
        n_features: number n of vectors, at least 1, any shape, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a count below 1.

    Example:
        >>> levenshtein_bound([100, 28], [5, 7]).round(4)
        array([0.6313, 0.3333])

    Source:
        Levenshtein 1982, Bounds on the maximal cardinality of a code with bounded modulus of the inner product.
    """
    size = sizes(n_features, n_hidden)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1 / size.n  # both brackets are divided by n, which may be no float64
        square = (3 - size.m * (size.m + 2) * share) / ((1 - size.m * share) * (size.m + 2))
        applies = (size.n >= size.m * (size.m + 1) / 2) & (size.n > size.m)
        return np.asarray(np.where(applies, np.sqrt(np.clip(square, 0.0, 1.0)), 0.0))


def coherence_bound(n_features: Count, n_hidden: ArrayLike) -> Real:
    """Least possible coherence of n unit vectors in m dimensions, by the sharpest of all bounds here.

    The largest of `best_welch_bound`, `orthoplex_bound` and `levenshtein_bound`.

    Args:
        n_features: number n of vectors, at least 1, any shape, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a count below 1.

    Example:
        >>> coherence_bound([6, 100, 1000], [3, 5, 10]).round(4)
        array([0.4472, 0.6476, 0.4988])
    """
    bounds = [bound(n_features, n_hidden) for bound in (best_welch_bound, orthoplex_bound, levenshtein_bound)]
    return np.asarray(np.maximum.reduce(bounds))


def signed_coherence_bound(n_features: Count, n_hidden: ArrayLike) -> Real:
    """Least possible largest cosine, with its sign, of n unit vectors in m dimensions.

    -1/(n - 1) for n ≤ m + 1, attained by the simplex; 0 beyond, attained up to n = 2m by orthogonal antipodal pairs,
    and exceeded for n > 2m. A ReLU clips negative interference, so up to 2m features can be stored without any on
    inputs with one active feature.

    Args:
        n_features: number n of vectors, at least 1, any shape, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between -1 and 0; -1 for n = 1, where there is no pair.

    Raises:
        InputError: a count below 1.

    Example:
        >>> signed_coherence_bound([3, 5, 10, 11], 5)
        array([-0.5 , -0.25,  0.  ,  0.  ])

    Source:
        Rankin 1955, The closest packing of spherical caps in n dimensions.
    """
    size = sizes(n_features, n_hidden)
    return np.asarray(np.where(size.n <= size.m + 1, -1 / np.maximum(size.n - 1, 1.0), 0.0))


def effective_dimension(n_features: Count, n_hidden: ArrayLike) -> Real:
    """Dimension in which random directions would interfere as much as a tight frame does in m.

    m_eff = m (n - 1) / (n - m) for n > m, and inf for n ≤ m: one over the mean squared cosine that Welch's bound
    leaves. The formulas for random codes hold for tight frames with m_eff for m.

    Args:
        n_features: number n of features, at least 1, any shape, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, at least m.

    Raises:
        InputError: a count below 1.

    Example:
        >>> effective_dimension([1024, 512], 512)
        array([1023.,   inf])
    """
    with np.errstate(divide="ignore"):
        return np.asarray(welch_bound(n_features, n_hidden) ** -2.0)


def _welch(size: Sizes, order: Numbers) -> Real:
    log_moment = betaln(order + 0.5, (size.m - 1) / 2 + (size.m == 1)) - betaln(0.5, (size.m - 1) / 2 + (size.m == 1))
    moment = np.where(size.m == 1, 1.0, np.exp(log_moment))
    share = 1 / size.n  # 0 where n is no float64
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(share > 0, (size.n - size.m) / (size.n - 1), 1.0) / size.m  # exactly 0 at n = m
        power = np.where(order == 1, first, (moment - share) / (1 - share))
        root = np.exp(np.log(np.maximum(power, 0.0)) / (2 * order))
        return np.asarray(np.where(size.n == 1, 0.0, root))
