"""The law of the cosine of two random directions.

Two independent uniform unit vectors in m dimensions have a cosine t with density proportional to (1 - t²)^((m-3)/2):
m = 1 gives ±1, m = 2 the arcsine law, m = 3 the uniform law, and large m the normal law of variance 1/m. This is the
interference of one feature with another in a random code. It does not depend on the number of features.
"""

import numpy as np
from scipy.special import betaincc, betainccinv, betaln

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.theory.counts import as_positive, together

_NODES, _WEIGHTS = np.polynomial.laguerre.laggauss(48)
_UNDERFLOW = 1e-250


def overlap_density(cosine: ArrayLike, n_hidden: ArrayLike) -> Real:
    """Density of the cosine of two independent uniform directions.

    Γ(m/2) / (√π Γ((m-1)/2)) · (1 - t²)^((m-3)/2) on [-1, 1].

    Args:
        cosine: t, any shape.
        n_hidden: dimension m, at least 2; in one dimension the cosine is ±1 and has no density.

    Returns:
        Broadcast shape, per unit of t; 0 outside [-1, 1].

    Raises:
        InputError: a dimension below 2.

    Example:
        >>> overlap_density([-0.5, 0.0, 0.9], 3)
        array([0.5, 0.5, 0.5])

    Source:
        Cai and Jiang 2012, Phase transition in limiting distributions of coherence of high-dimensional random matrices.
    """
    t, m = together(cosine=as_real(cosine, "cosine"), n_hidden=as_positive(n_hidden, "n_hidden", 2.0, 1e300))
    inside = np.abs(t) <= 1
    square = np.where(inside, 1 - t**2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(m == 3, 0.0, (m - 3) / 2 * np.log(square))  # 0⁰ = 1: uniform up to the ends
        density = np.exp(power - betaln(0.5, (m - 1) / 2))
    return np.asarray(np.where(inside, density, 0.0))


def overlap_moment(order: ArrayLike, n_hidden: ArrayLike) -> Real:
    """Mean of a power of the absolute cosine of two independent uniform directions.

    E |t|^r = Γ((r+1)/2) Γ(m/2) / (√π Γ((m+r)/2)): 1/m for r = 2, 3/(m (m+2)) for r = 4, about √(2/(π m)) for r = 1.

    Args:
        order: exponent r, at least 0.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: an order below 0 or a dimension below 1.

    Example:
        >>> overlap_moment([1, 2, 4], 10).round(5)
        array([0.25869, 0.1    , 0.025  ])
    """
    r = as_positive(order, "order", 0.0, 1e300)
    r, m = together(order=r, n_hidden=as_positive(n_hidden, "n_hidden", 1.0, 1e300))
    # as a ratio of beta functions, whose library routine loses no digits where gamma functions nearly cancel
    log = betaln((r + 1) / 2, (m - 1) / 2 + (m == 1)) - betaln(0.5, (m - 1) / 2 + (m == 1))
    return np.asarray(np.where(m == 1, 1.0, np.exp(log)))


def overlap_tail(cosine: ArrayLike, n_hidden: ArrayLike) -> Real:
    """Chance that two independent uniform directions have at least this absolute cosine.

    P(|t| ≥ u) = I_{1-u²}((m-1)/2, 1/2), the regularised incomplete beta function. One-sided, P(t ≥ u), it is half of
    that.

    Args:
        cosine: u, any shape; at or below 0 the chance is 1.
        n_hidden: dimension m, at least 1; inf stands for directions without any overlap.

    Returns:
        Broadcast shape, between 0 and 1. Below 1e-300 use `log_overlap_tail`.

    Raises:
        InputError: a dimension below 1.

    Example:
        >>> print(overlap_tail(0.2, 100).round(5))
        0.04493
    """
    u, m = together(cosine=as_real(cosine, "cosine"), n_hidden=as_positive(n_hidden, "n_hidden", 1.0))
    finite = np.where(np.isinf(m) | (m == 1), 2.0, m)
    tail = betaincc(0.5, (finite - 1) / 2, np.clip(u, 0, 1) ** 2)
    tail = np.where(m == 1, 1.0, np.where(np.isinf(m), 0.0, tail))
    return np.asarray(np.where(u <= 0, 1.0, np.where(u > 1, 0.0, tail)))


def log_overlap_tail(cosine: ArrayLike, n_hidden: ArrayLike) -> Real:
    """Natural logarithm of `overlap_tail`, also where the chance itself is too small for a float64.

    With x = 1 - u² and a = (m-1)/2: ln [x^a / (a B(a, 1/2) u)] + ln ∫ e^-y (1 + (x/u²)(1 - e^(-y/a)))^(-1/2) dy, the
    integral over y > 0 by 48 nodes of Gauss and Laguerre.

    Args:
        cosine: u, any shape.
        n_hidden: dimension m, at least 1, or inf.

    Returns:
        Broadcast shape, at most 0; -inf where the chance is 0.

    Raises:
        InputError: a dimension below 1.

    Example:
        >>> print(log_overlap_tail(0.5, 10_000).round(3))
        -1442.405
    """
    u, m = together(cosine=as_real(cosine, "cosine"), n_hidden=as_positive(n_hidden, "n_hidden", 1.0))
    tail = overlap_tail(u, m)
    far = (tail < _UNDERFLOW) & (u < 1) & np.isfinite(m)
    a, v = np.where(far, (m - 1) / 2, 1.0), np.where(far, u, 0.5)
    x = (1 - v) * (1 + v)
    ratio = (x / v**2)[..., np.newaxis] * -np.expm1(-_NODES / a[..., np.newaxis])
    beyond = a * np.log(x) - np.log(a * v) - betaln(a, 0.5) + np.log((1 + ratio) ** -0.5 @ _WEIGHTS)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(far, beyond, np.log(tail)))


def overlap_quantile(tail_probability: ArrayLike, n_hidden: ArrayLike) -> Real:
    """The absolute cosine that two independent uniform directions reach with a given chance.

    The inverse of `overlap_tail`.

    Args:
        tail_probability: chance to reach it, between 0 and 1, any shape.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: a chance outside [0, 1] or a dimension below 1.

    Example:
        >>> print(overlap_quantile(0.05, 100).round(4))
        0.1956
    """
    q = as_positive(tail_probability, "tail_probability", 0.0, 1.0)
    q, m = together(tail_probability=q, n_hidden=as_positive(n_hidden, "n_hidden", 1.0, 1e300))
    square = betainccinv(0.5, np.where(m > 1, m - 1, 1.0) / 2, q)
    return np.asarray(np.where(m == 1, 1.0, np.sqrt(square)))


def overlap_tail_bound(cosine: ArrayLike, n_hidden: ArrayLike) -> Real:
    """What the chance of a large cosine is at most, in the form that union bounds use.

    P(|t| ≥ u) ≤ 2 exp(-m u² / 2).

    Args:
        cosine: u, at least 0, any shape.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, at most 1.

    Raises:
        InputError: a cosine below 0 or a dimension below 1.

    Example:
        >>> print(overlap_tail_bound(0.2, 100).round(4))
        0.2707
    """
    u = as_positive(cosine, "cosine", 0.0, 1e150)
    u, m = together(cosine=u, n_hidden=as_positive(n_hidden, "n_hidden", 1.0))
    with np.errstate(invalid="ignore"):
        exponent = np.where(u == 0, 0.0, m * u**2 / 2)
    return np.asarray(np.minimum(1.0, 2 * np.exp(-exponent)))
