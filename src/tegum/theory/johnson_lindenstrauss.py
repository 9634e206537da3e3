"""From the Johnson-Lindenstrauss lemma to cosines.

The lemma: any n points can be mapped into m > 8 ln n / ε² dimensions so that all distances keep their length up to a
relative error. If the points are 0 and n orthonormal features, the images are a code, and the errors of the lengths
bound the cosines. By how much depends on which error the lemma is read with.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import Count, Numbers, alongside, as_positive, sizes


class Conversion(NamedTuple):
    """A reading of the lemma's error, and the largest cosine that it leaves possible.

    Args:
        preserved: what keeps its value up to ε.
        factor: the largest cosine divided by ε, for small ε.
        formula: the largest cosine, for any ε < 1.
        largest: the same as a function.
    """

    preserved: str
    factor: float
    formula: str
    largest: Callable[[Numbers], Numbers]


CONVERSIONS: dict[str, Conversion] = {
    "length": Conversion(
        "lengths of e_i, e_j and e_i - e_j up to an absolute error ε",
        2 + np.sqrt(2),
        "((2+√2) ε - ε²/2) / (1-ε)²",
        lambda e: ((2 + np.sqrt(2)) * e - e**2 / 2) / (1 - e) ** 2,
    ),
    "relative_length": Conversion(
        "lengths of e_i, e_j and e_i - e_j up to a factor 1 ± ε", 4.0, "4ε / (1-ε)²", lambda e: 4 * e / (1 - e) ** 2
    ),
    "squared_length": Conversion(
        "squared lengths of e_i, e_j and e_i - e_j up to a factor 1 ± ε: the usual statement",
        2.0,
        "2ε / (1-ε)",
        lambda e: 2 * e / (1 - e),
    ),
    "sums": Conversion(
        "squared lengths up to a factor 1 ± ε, that of e_i + e_j among them", 1.0, "ε / (1-ε)", lambda e: e / (1 - e)
    ),
}
"""Readings of the lemma by name. With directions of length exactly 1, "squared_length" and "sums" both leave ε."""


def jl_distortion(n_features: Count, n_hidden: ArrayLike) -> Real:
    """Distortion of lengths for which the Johnson-Lindenstrauss lemma promises a map.

    ε = √(8 ln n / m): an upper bound for the worst pair in the best map, not the typical interference, which is 1/√m.

    Args:
        n_features: number n of points, at least 1, or a `LogCount`.
        n_hidden: dimension m, at least 1.

    Returns:
        Broadcast shape, at least 0, not clipped: at 1 and above the lemma says nothing.

    Raises:
        InputError: a size below 1.

    Example:
        >>> jl_distortion([100, 1000], [100, 512]).round(4)
        array([0.607 , 0.3285])

    Source:
        Dasgupta and Gupta 2003, An elementary proof of a theorem of Johnson and Lindenstrauss.
    """
    size = sizes(n_features, n_hidden)
    return np.asarray(np.sqrt(8 * size.log_n / size.m))


def jl_dimension(n_features: Count, distortion: ArrayLike) -> Real:
    """Dimensions in which the Johnson-Lindenstrauss lemma promises a map.

    m = 8 ln n / ε².

    Args:
        n_features: number n of points, at least 1, or a `LogCount`.
        distortion: ε, above 0, at most 1.

    Returns:
        Broadcast shape, not rounded up.

    Raises:
        InputError: n below 1, or a distortion outside (0, 1].

    Example:
        >>> print(jl_dimension(1000, 0.5).round(1))
        221.0

    Source:
        As `jl_distortion`.
    """
    size, epsilon = alongside(sizes(n_features), distortion=as_positive(distortion, "distortion", 1e-150, 1.0))
    return np.asarray(8 * size.log_n / epsilon**2)


def jl_cosine_bound(distortion: ArrayLike, preserved: str = "squared_length") -> Real:
    """Largest cosine between two images of orthonormal vectors, given the distortion of lengths.

    The worst case over all allowed lengths: both images as short, and their difference as long, as allowed. To first
    order (2+√2) ε, 4 ε, 2 ε and ε for the four readings in `CONVERSIONS`.

    Args:
        distortion: ε, at least 0, any shape.
        preserved: "length", "relative_length", "squared_length" or "sums".

    Returns:
        Same shape, at most 1.

    Raises:
        InputError: a distortion below 0, or another reading.

    Example:
        >>> [float(jl_cosine_bound(0.1, reading).round(3)) for reading in CONVERSIONS]
        [0.415, 0.494, 0.222, 0.111]
    """
    if preserved not in CONVERSIONS:
        raise InputError(f"preserved must be one of {', '.join(map(repr, CONVERSIONS))}; got {preserved!r}")
    epsilon = as_positive(distortion, "distortion", 0.0)
    below = np.minimum(epsilon, 0.9)
    return np.asarray(np.where(epsilon >= 0.9, 1.0, np.minimum(CONVERSIONS[preserved].largest(below), 1.0)))
