"""What correlated normal numbers say of features that are present where theirs are small: the Gaussian copula."""

import numpy as np
from scipy.special import ndtri

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError
from tegum.theory.inputs import as_probability

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def joint_presence(p: ArrayLike, q: ArrayLike, correlation: ArrayLike) -> Real:
    """Probability that two features of a Gaussian copula are both present.

    P(z_1 < a, z_2 < b) with a = Φ⁻¹(p), b = Φ⁻¹(q) and normal z of correlation ρ. Its derivative by ρ is the density
    at (a, b) (Plackett), so with r = sin t it is

        p q + 1/(2π) ∫_0^{arcsin ρ} exp(-(a² + b² - 2 a b sin t) / (2 cos² t)) dt

    Args:
        p: probability of the one feature, in [0, 1], any shape.
        q: probability of the other.
        correlation: ρ of the normal numbers, in [-1, 1].

    Returns:
        The shape to which the three broadcast; the error is below 1e-8 for |ρ| <= 0.95.

    Raises:
        InputError: a probability or a correlation out of range.

    Example: for p = q = 1/2 it is 1/4 + arcsin(ρ) / 2π.
        >>> print(joint_presence(0.5, 0.5, 0.5).round(6), round(1 / 4 + 1 / 12, 6))
        0.333333 0.333333

    Source:
        Plackett 1954, A reduction formula for normal multivariate integrals, Biometrika 41.
    """
    p, q, rho = np.broadcast_arrays(as_probability(p), as_probability(q), as_real(correlation, "correlation"))
    if (np.abs(rho) > 1).any():
        raise InputError(f"a correlation lies in [-1, 1]; got {rho[np.abs(rho) > 1][0]:g}.")
    certain = (p == 0) | (p == 1) | (q == 0) | (q == 1)  # then the other feature says nothing
    a, b = (ndtri(np.where(certain, 0.5, chance))[..., None] for chance in (p, q))
    end = np.arcsin(rho)[..., None]
    t = end * (_NODES + 1) / 2
    density = np.exp(-(a**2 + b**2 - 2 * a * b * np.sin(t)) / (2 * np.cos(t) ** 2)) / (2 * np.pi)
    return np.asarray(p * q + np.where(certain, 0.0, (density * _WEIGHTS).sum(axis=-1) * end[..., 0] / 2))


def presence_correlation(p: ArrayLike, q: ArrayLike, correlation: ArrayLike) -> Real:
    """Correlation of the presences (0 or 1) of two features of a Gaussian copula.

    (P_11 - p q) / √(p (1 - p) q (1 - q)) with P_11 from `joint_presence`. It is nearer to 0 than the correlation of
    the normal numbers, much so for rare features. Where a feature is certain or impossible it is 0.

    Args:
        p: probability of the one feature, in [0, 1], any shape.
        q: probability of the other.
        correlation: ρ of the normal numbers, in [-1, 1].

    Returns:
        The shape to which the three broadcast, no unit.

    Raises:
        InputError: a probability or a correlation out of range.

    Example:
        >>> presence_correlation([0.5, 0.05], [0.5, 0.05], 0.5).round(4)
        array([0.3333, 0.204 ])
    """
    joint = joint_presence(p, q, correlation)
    p, q = as_probability(p), as_probability(q)
    variance = p * (1 - p) * q * (1 - q)
    return np.asarray(np.where(variance > 0, (joint - p * q) / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0))
