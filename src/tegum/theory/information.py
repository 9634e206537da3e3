"""Bits: what sparse features carry, and what dimensions have to carry."""

import numpy as np
from scipy.special import betainc, betaln, entr, gammaln, logsumexp

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, Sizes, as_positive, sizes, together
from tegum.theory.inputs import as_probability

_LN2 = np.log(2)
_UNDERFLOW = 1e-250
_NEGLIGIBLE = 45.0
"""Terms of a sum that are e^-45 of its largest one change no digit of a float64."""


def log2_choose(n_features: Count, n_active: ArrayLike) -> Real:
    """Bits that name a set of exactly k of n features.

    log₂ C(n, k).

    Args:
        n_features: n, or a `LogCount`.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape, in bits.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> log2_choose([4, 1e12], 2).round(3)
        array([ 2.585, 78.726])
    """
    return np.asarray(_log_choose(sizes(n_features, n_active=n_active)) / _LN2)


def counting_bits(n_features: Count, n_active: ArrayLike) -> Real:
    """Bits that any code needs to tell apart all sets of at most k of n features.

    log₂ Σ_{i ≤ k} C(n, i), by a sum of exponentials of logarithms. It lies between k log₂(n/k) and k log₂(en/k). It
    bounds bits and not dimensions: without noise, one real number can hold any number of bits.

    Args:
        n_features: n, or a `LogCount`.
        n_active: k, between 0 and n, rounded down.

    Returns:
        Broadcast shape, in bits; 0 for k = 0, n for k = n.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> counting_bits([20, 1000, 131072], [2, 10, 16]).round(4)
        array([  7.7211,  77.8163, 227.7487])
    """
    size = sizes(n_features, n_active=np.floor(as_positive(n_active, "n_active")))
    flat = [_counting_bits(Sizes(*numbers)) for numbers in zip(*(part.ravel() for part in size), strict=True)]
    return np.asarray(flat, dtype=np.float64).reshape(size.n.shape)


def counting_dimension_bound(n_features: Count, n_active: ArrayLike, bits_per_dimension: ArrayLike = 1.0) -> Real:
    """Dimensions that any code needs if a dimension carries so many bits.

    `counting_bits`(n, k) / H. For a code with entries ±1/√m and binary features a dimension is a sum of k signs and
    carries at most `sign_sum_bits`(k).

    Args:
        n_features: n, or a `LogCount`.
        n_active: k between 0 and n.
        bits_per_dimension: H, above 0.

    Returns:
        Broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> print(counting_dimension_bound(1000, 10, sign_sum_bits(10)).round(1))
        21.0
    """
    bits = as_positive(bits_per_dimension, "bits_per_dimension", 1e-150)
    needed, bits = together(n_features=counting_bits(n_features, n_active), bits_per_dimension=bits)
    return np.asarray(needed / bits)


def sign_sum_bits(n_active: ArrayLike) -> Real:
    """Most bits that a sum of at most k random signs can carry.

    ½ log₂(2πe (k + 1/12)): no whole number of variance k has more entropy. Exactly k signs have one parity, and carry
    one bit less.

    Args:
        n_active: k, at least 1.

    Returns:
        Same shape, in bits.

    Raises:
        InputError: k below 1.

    Example:
        >>> print(sign_sum_bits(10).round(3))
        3.714

    Source:
        Massey 1988, On the entropy of integer-valued random variables.
    """
    k = as_positive(n_active, "n_active", 1.0)
    return np.asarray(0.5 * np.log2(2 * np.pi * np.e * (k + 1 / 12)))


def binary_entropy(feature_probability: ArrayLike) -> Real:
    """Bits of a feature that is present with probability p.

    -p log₂ p - (1-p) log₂(1-p).

    Args:
        feature_probability: p in [0, 1], any shape.

    Returns:
        Same shape, between 0 and 1 bit.

    Raises:
        InputError: p outside [0, 1].

    Example:
        >>> binary_entropy([0, 0.11, 0.5]).round(2)
        array([0. , 0.5, 1. ])
    """
    p = as_probability(feature_probability)
    return np.asarray((entr(p) + entr(1 - p)) / _LN2)


def active_set_bits(n_features: Count, n_active: ArrayLike, n_levels: ArrayLike = 1) -> Real:
    """Bits of an input with exactly k active features, each at one of N levels.

    log₂ C(n, k) + k log₂ N. Divided by m it is the number of bits per dimension; a code that gives m features a
    dimension each and has the same density carries `binary_entropy`(k/n) per dimension.

    Args:
        n_features: n, or a `LogCount`.
        n_active: k between 0 and n.
        n_levels: N, at least 1.

    Returns:
        Broadcast shape, in bits.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> print((active_set_bits(4096, 7.69) / 512).round(3))
        0.152
    """
    levels = as_positive(n_levels, "n_levels", 1.0, 1e300)
    bits, k, levels = together(
        bits=log2_choose(n_features, n_active), n_active=as_positive(n_active, "n_active"), n_levels=levels
    )
    return np.asarray(bits + k * np.log2(levels))


def limit_bits_per_dimension(growth: ArrayLike, *, best_threshold: bool = False) -> Real:
    """Bits per dimension that a threshold read-out of a random code tends to for large n, if k = n^γ.

    (1-γ) / (8 ln 2) at a threshold of ½, and (1-γ) / (2 ln 2 (1+√γ)²) at the best one: at most 0.18 and 0.72 bits,
    less than the one bit of a dimension that holds one dense binary feature.

    Args:
        growth: γ = ln k / ln n, in [0, 1], any shape.
        best_threshold: which of the two.

    Returns:
        Same shape, in bits per dimension.

    Raises:
        InputError: γ outside [0, 1].

    Example:
        >>> print(limit_bits_per_dimension(0).round(3), limit_bits_per_dimension(0, best_threshold=True).round(3))
        0.18 0.721
    """
    gamma = as_positive(growth, "growth", 0.0, 1.0)
    return np.asarray((1 - gamma) / (2 * _LN2 * (1 + np.sqrt(gamma)) ** 2 if best_threshold else 8 * _LN2))


def lost_ball_bits(n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Bits per dimension that a superposed code leaves unused, compared with the cube of all ±1 patterns.

    1 - (1/m) log₂ Vol of the ball of radius √k, as |h| is about √k; for large m it is 1 - ½ log₂(2πe k/m).

    Args:
        n_hidden: m, at least 1.
        n_active: k, above 0.

    Returns:
        Broadcast shape, in bits per dimension; negative once the ball is larger than the cube.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> print(lost_ball_bits(512, 8).round(4))
        1.9633
    """
    m, k = as_positive(n_hidden, "n_hidden", 1.0, 1e300), as_positive(n_active, "n_active", 1e-300, 1e300)
    m, k = together(n_hidden=m, n_active=k)
    log_volume = m / 2 * np.log(np.pi * k) - gammaln(m / 2 + 1)
    return np.asarray(1 - log_volume / m / _LN2)


def _log_choose(size: Sizes) -> Real:
    """Logarithm of C(n, k), by the beta function: gamma functions of 10^12 differ in digits that they do not have."""
    n, k = np.minimum(size.n, 1e300), size.k
    exact = -np.log1p(n) - betaln(n - k + 1, k + 1)
    return np.asarray(np.where(size.n > 1e300, k * size.log_n - gammaln(k + 1), exact))


def _counting_bits(size: Sizes) -> float:
    """Bits log₂ Σ_{i ≤ k} C(n, i) for one n and k."""
    n, k = float(size.n), float(size.k)
    if k >= n:
        return n
    share = betainc(n - k, k + 1, 0.5) if n < np.inf else 0.0  # of all 2ⁿ sets: a binomial tail
    if share > _UNDERFLOW:
        return n + float(np.log2(share))
    # in the far tail a term is at most k/(n-k+1) of the next larger one
    n_terms = int(min(k, _NEGLIGIBLE / (size.log_absent - np.log(max(k, 1.0))))) + 1
    i = k - np.arange(n_terms)
    terms = _log_choose(Sizes(*np.broadcast_arrays(size.n, size.log_n, 1.0, i)))
    return float(np.asarray(logsumexp(terms))) / _LN2
