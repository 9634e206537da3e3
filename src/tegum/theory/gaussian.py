"""The noise of a read-out in units that survive its absence."""

import numpy as np

from tegum.ground.arrays import Real
from tegum.theory.counts import Numbers, Sizes


def deviations(size: Sizes) -> tuple[Real, Real]:
    """Standard deviations σ₀ = √(k/m) of the read-out of an inactive feature and σ₁ = √((k-1)/m) of an active one.

    Example:
        >>> from tegum.theory.counts import sizes
        >>> print(*deviations(sizes(100, 25, 5)))
        0.4472135954999579 0.4
    """
    return np.asarray(np.sqrt(size.k / size.m)), np.asarray(np.sqrt(np.maximum(size.k - 1, 0.0) / size.m))


def in_deviations(x: Numbers, deviation: Numbers) -> Real:
    """x/σ; without noise it is infinite, and nothing is wrong that lies on the threshold or on its own side of it.

    Example:
        >>> in_deviations(np.array([0.5, 0.0, -0.5]), np.array([0.25, 0.0, 0.0]))
        array([  2.,  inf, -inf])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(deviation > 0, x / deviation, np.where(x >= 0, np.inf, -np.inf)))


def normal_density(x: Numbers) -> Real:
    """Density of the standard normal law.

    Example:
        >>> print(normal_density(np.array(0.0)).round(4))
        0.3989
    """
    return np.asarray(np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
