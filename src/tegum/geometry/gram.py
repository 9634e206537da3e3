"""Inner products of features, before and after scaling every row to length 1."""

import numpy as np

from tegum.ground.arrays import Directions, Pairs
from tegum.ground.labelled import labelled


@labelled
def gram(W: Directions) -> Pairs:
    """Inner product of every pair of features.

    G = W Wᵀ, so G_ij = W_i · W_j and G_ii = |W_i|².

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (..., n_features, n_features), squared length; dimensions feature and feature_other if labelled.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> gram([[1, 0], [0, 2], [-1, 0]])
        array([[ 1.,  0., -1.],
               [ 0.,  4.,  0.],
               [-1.,  0.,  1.]])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition (there WᵀW, a column per feature).
    """
    return W @ W.mT


@labelled
def unit_rows(W: Directions) -> Directions:
    """Direction of each feature: every row scaled to length 1.

    Ŵ_i = W_i / |W_i|. A zero row has no direction and stays zero.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (..., n_features, n_hidden), rows of length 1 or 0.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> unit_rows([[3, 4], [0, 0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    # Two divisions: by the largest entry first, so that no square can overflow or vanish.
    bounded = W / _or_one(np.abs(W).max(axis=-1, keepdims=True))
    return bounded / _or_one(np.linalg.norm(bounded, axis=-1, keepdims=True))


@labelled
def overlap(W: Directions) -> Pairs:
    """Cosine of the angle between every pair of features.

    cos_ij = Ŵ_i · Ŵ_j: the Gram matrix after scaling rows to length 1. A zero row has overlap 0 with every row, also
    with itself.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (..., n_features, n_features), in [-1, 1] up to rounding; dimensions feature and feature_other if labelled.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> overlap([[2, 0], [3, 3]]).round(4)
        array([[1.    , 0.7071],
               [0.7071, 1.    ]])
    """
    units = unit_rows(W)
    return units @ units.mT


def _or_one(lengths: np.ndarray) -> np.ndarray:
    return np.where(lengths > 0, lengths, 1.0)
