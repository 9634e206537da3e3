"""Expected loss of the best function of one read-out: the chance that its feature is active.

The setting is that of `decoder_risk`: k of n binary features are active, and read-outs are normal.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, Numbers, as_positive, sizes, together
from tegum.theory.gaussian import deviations, normal_density
from tegum.theory.inputs import as_probability

_GRID = np.linspace(-1.0, 1.0, 801)
_SMOOTH = 0.02
"""Variance from which on a posterior mean varies slowly on the scale of the noise."""


def posterior_mean_risk(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Expected loss of answering the chance that a feature is active, given its read-out.

    η(z) = 1 / (1 + (n-k)/k · exp((½ - z)/σ₀²)): (n-k) E η(σ₀ Z)² + k E (1 - η(1 + σ₁ Z))². No function of one read-out
    does better where both variances are σ₀².

    Args:
        n_features: n.
        n_hidden: m, or m_eff.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape, loss per input, summed over features.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(posterior_mean_risk(1000, 256, 8).round(4))
        0.197
    """
    size = sizes(n_features, n_hidden, n_active)
    inactive, active = np.square(deviations(size))
    share = np.clip(size.k / size.n, 0.0, 1.0)
    absent, present = _squared_errors(share, inactive, active)
    return np.asarray((size.n - size.k) * absent + size.k * present)


def bernoulli_mmse(feature_probability: ArrayLike, variance: ArrayLike) -> Real:
    """Least mean squared error of a binary feature seen through normal noise.

    ∫ η (1-η) [p N(z; 1, σ²) + (1-p) N(z; 0, σ²)] dz with η(z) = 1 / (1 + (1-p)/p · exp((½ - z)/σ²)).

    Args:
        feature_probability: p in [0, 1], any shape.
        variance: σ² of the noise, at least 0; broadcasts.

    Returns:
        Broadcast shape, between 0 and p (1-p).

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> bernoulli_mmse(0.1, [0.0, 0.1, 1e9]).round(4)
        array([0.   , 0.022, 0.09 ])
    """
    p = as_probability(feature_probability)
    p, v = together(feature_probability=p, variance=as_positive(variance, "variance", 0.0, 1e300))
    absent, present = _squared_errors(p, v, v)
    return np.asarray((1 - p) * absent + p * present)


def _squared_errors(p: Numbers, inactive: Numbers, active: Numbers) -> tuple[Numbers, Numbers]:
    """E η(σ₀ Z)² and E (1 - η(1 + σ₁ Z))².

    η is a step of width σ₀² around τ = ½ + σ₀² ln((1-p)/p). With little noise it is much narrower than the normal law,
    and the nodes τ + σ₀² sinh(v) are dense there and reach far; else nodes even in Z will do. For both the trapezoid
    rule is exact to rounding.
    """
    sure = (p <= 0) | (p >= 1) | (inactive <= 0)
    s0, s1 = (np.where(sure, 1.0, variance)[..., np.newaxis] for variance in (inactive, active))
    s1 = np.where(s1 > 0, s1, s0)
    p = np.where(sure, 0.5, p)[..., np.newaxis]
    tau = 0.5 + s0 * (np.log1p(-p) - np.log(p))
    reach = np.arcsinh((np.abs(tau) + 2 + 14 * np.sqrt(s0)) / s0)
    with np.errstate(over="ignore"):
        stretched, stretch = tau + s0 * np.sinh(_GRID * reach), s0 * np.cosh(_GRID * reach) * reach

    def mean(squared: Callable[[Numbers], Numbers], centre: float, variance: Numbers) -> Numbers:
        width, even = np.sqrt(variance), 20 * np.sqrt(variance)
        z = np.where(s0 < _SMOOTH, stretched, centre + even * _GRID)
        weight = np.where(s0 < _SMOOTH, stretch, even) * (_GRID[1] - _GRID[0])
        return (weight * squared((z - tau) / s0) * normal_density((z - centre) / width) / width).sum(axis=-1)

    absent = mean(lambda u: expit(u) ** 2, 0.0, s0)
    present = mean(lambda u: expit(-u) ** 2, 1.0, s1)
    present = np.where(active > 0, present, expit((tau - 1) / s0)[..., 0] ** 2)  # the read-out of an active one is 1
    return np.where(sure, 0.0, absent), np.where(sure, 0.0, present)
