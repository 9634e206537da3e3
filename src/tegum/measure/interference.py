"""How much the other features project onto one: the quantity that all measures of sharing rest on."""

import itertools

import numpy as np

from tegum.geometry.gram import unit_rows
from tegum.ground.arrays import Directions, PerFeature
from tegum.ground.labelled import labelled

SMALLEST_BLOCK = 64
"""Rows taken together at least: enough that the time goes into products of matrices, not into the loop."""


@labelled
def interference(W: Directions) -> PerFeature:
    """How much all other features together project onto each feature.

    Σ over j ≠ i of (Ŵ_i · W_j)², where Ŵ_i is W_i scaled to length 1. A zero row gives 0. It is 0 for a direction that
    a feature has to itself, and 1 for each half of an antipodal pair of unit rows.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (..., n_features), squared length, at least 0.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> interference([[1, 0], [-1, 0], [0, 1]])
        array([1., 1., 0.])

    Known problems:
        Its square root is exact to about 1e-16 of the longest rows, as each product Ŵ_i · W_j is: what lies below is
        rounding error. Weights stored in float32 carry 1e-7 of their own.

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition, where it colours the features.
    """
    # The textbook shortcut Ŵ_iᵀ(WᵀW)Ŵ_i - |W_i|² costs n m² instead of n² m but loses everything below 1e-16 |W|².
    # The same cost without a subtraction: rows in blocks; within a block the definition; from outside, the triangular
    # factor R of the rows before it and of the rows after it, for |R Ŵ_i|² = Σ_j (Ŵ_i · W_j)² if RᵀR = Σ_j W_jᵀW_j.
    units = unit_rows(W)
    n_features, n_hidden = W.shape[-2:]
    size = max(SMALLEST_BLOCK, n_hidden)
    blocks = [slice(start, start + size) for start in range(0, n_features, size)]
    total = np.zeros(W.shape[:-1])
    for block in blocks:
        total[..., block] += _from_within(units[..., block, :], W[..., block, :])
    for order in (blocks, blocks[::-1]):
        factor = W[..., :0, :]
        for passed, block in itertools.pairwise(order):
            factor = np.linalg.qr(np.concatenate([factor, W[..., passed, :]], axis=-2), mode="r")
            total[..., block] += np.square(units[..., block, :] @ factor.mT).sum(axis=-1)
    return total


def _from_within(units: Directions, W: Directions) -> PerFeature:
    """Σ over j ≠ i of (Ŵ_i · W_j)² by definition, for all rows of a block."""
    products = units @ W.mT
    own = np.arange(W.shape[-2])
    products[..., own, own] = 0.0
    return np.square(products).sum(axis=-1)
