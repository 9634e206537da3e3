"""Angles between different features. Rows of length 0 have no angle and are left out."""

import numpy as np

from tegum.geometry.gram import unit_rows
from tegum.ground.arrays import Directions, PerFeature, PerModel, Real
from tegum.ground.labelled import labelled
from tegum.measure.interference import interference

ENTRIES_AT_ONCE = 2**22
"""Cosines held in memory at one time, 32 MiB of them."""


@labelled
def mean_square_overlap(W: Directions) -> PerModel:
    """Mean squared cosine over all pairs of different features.

    The mean of (Ŵ_i · Ŵ_j)² over i ≠ j, rows of length 0 left out; 0 if fewer than two are left. For n unit rows in m
    dimensions it is at least the square of `welch_bound(n, m)`; for random directions it is 1/m on average.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (...), no unit, between 0 and 1.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> print(mean_square_overlap([[1, 0], [-2, 0], [0, 1]]).round(4))
        0.3333

    Known problems:
        Short rows count as much as long ones; leave out features that the model does not represent.

    Source:
        Welch 1974, Lower bounds on the maximum cross correlation of signals.
    """
    units = unit_rows(W)
    n_directions = (np.linalg.norm(units, axis=-1) > 0).sum(axis=-1)
    n_pairs = np.maximum(n_directions * (n_directions - 1), 1)
    return np.asarray(np.minimum(interference(units).sum(axis=-1) / n_pairs, 1.0))


@labelled
def coherence(W: Directions) -> PerModel:
    """Largest absolute cosine between two different features.

    max over i ≠ j of |Ŵ_i · Ŵ_j|, rows of length 0 left out; 0 if fewer than two are left. `welch_bound` is its least
    possible value.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (...), no unit, between 0 and 1.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> from tegum.geometry import polygon
        >>> print(coherence(polygon(5)).round(3))
        0.809

    Known problems:
        It looks at every pair, so time grows with n_features². Memory does not.

    Source:
        Donoho and Elad 2003, Optimally sparse representation in general (nonorthogonal) dictionaries.
    """
    lowest, highest = _extreme_cosines(W)
    return _or_zero(np.maximum(-lowest, highest).max(axis=-1))


@labelled
def signed_coherence(W: Directions) -> PerModel:
    """Largest cosine between two different features, with its sign.

    max over i ≠ j of Ŵ_i · Ŵ_j, rows of length 0 left out; 0 if fewer than two are left. A ReLU clips negative
    interference, so for rare features this, and not `coherence`, is what limits a read-out. It is negative only if
    there are at most n_hidden + 1 features.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (...), no unit, between -1 and 1.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> from tegum.geometry import simplex
        >>> print(signed_coherence(simplex(2)).round(12))
        -0.5

    Source:
        Rankin 1955, The closest packing of spherical caps in n dimensions.
    """
    _, highest = _extreme_cosines(W)
    return _or_zero(highest.max(axis=-1))


@labelled
def antipodal_partner(W: Directions) -> PerFeature:
    """Cosine between each feature and the one most opposite to it.

    min over j ≠ i of Ŵ_i · Ŵ_j, rows of length 0 left out; 0 for such a row and for a feature without company. Near -1
    the feature is one half of an antipodal pair.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (..., n_features), no unit, between -1 and 1.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> antipodal_partner([[1, 0], [-3, 0], [0, 1]])
        array([-1., -1.,  0.])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Geometry of Superposition, on antipodal pairs.
    """
    lowest, _ = _extreme_cosines(W)
    return _or_zero(lowest)


def _extreme_cosines(W: Directions) -> tuple[PerFeature, PerFeature]:
    """Per feature the lowest and the highest cosine with another, inf and -inf where there is none."""
    units = unit_rows(W)
    absent = np.linalg.norm(units, axis=-1) == 0
    lowest, highest = np.full(absent.shape, np.inf), np.full(absent.shape, -np.inf)
    n_features = W.shape[-2]
    n_rows = max(1, ENTRIES_AT_ONCE // absent.size)
    for start in range(0, n_features, n_rows):
        rows = slice(start, start + n_rows)
        cosines = np.clip(units[..., rows, :] @ units.mT, -1.0, 1.0)
        own = np.arange(start, min(start + n_rows, n_features))
        left_out = absent[..., rows, None] | absent[..., None, :]
        left_out[..., own - start, own] = True
        lowest[..., rows] = np.where(left_out, np.inf, cosines).min(axis=-1)
        highest[..., rows] = np.where(left_out, -np.inf, cosines).max(axis=-1)
    return lowest, highest


def _or_zero(cosines: np.ndarray | np.float64) -> Real:
    return np.where(np.isinf(cosines), 0.0, cosines)
