"""What no arrangement of directions can beat."""

import numpy as np

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError


def welch_bound(n_features: ArrayLike, n_hidden: ArrayLike) -> Real:
    """Least possible coherence of n unit vectors in m dimensions.

    √((n - m) / (m (n - 1))) for n > m, and 0 for n ≤ m. Its square is also the least possible mean of the squared
    cosines over pairs. Tight frames attain that mean; equiangular tight frames, which need n ≤ m (m + 1) / 2, attain
    the bound itself.

    Args:
        n_features: number n of vectors, at least 1, any shape.
        n_hidden: dimension m, at least 1; broadcasts against n_features.

    Returns:
        Broadcast shape of the two, no unit, between 0 and 1.

    Raises:
        InputError: a count below 1.

    Example:
        >>> welch_bound([3, 5, 2], 2).round(3)
        array([0.5  , 0.612, 0.   ])

    Source:
        Welch 1974, Lower bounds on the maximum cross correlation of signals.
    """
    n, m = as_real(n_features, "n_features"), as_real(n_hidden, "n_hidden")
    if (n < 1).any() or (m < 1).any():
        raise InputError(f"n_features and n_hidden must be at least 1; got {n_features} and {n_hidden}")
    return np.asarray(np.sqrt(np.maximum(n - m, 0) / (m * np.maximum(n - 1, 1))))
