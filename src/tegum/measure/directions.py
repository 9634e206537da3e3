"""Lengths of features, and the shares of the hidden space that they own."""

import numpy as np

from tegum.geometry.gram import gram
from tegum.ground.arrays import CountPerModel, Directions, PerFeature, PerModel
from tegum.ground.labelled import labelled
from tegum.measure.interference import interference


@labelled
def feature_norm(W: Directions) -> PerFeature:
    """Length of each feature's direction.

    |W_i|: about 1 for a feature that the model represents, about 0 for one that it ignores.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (..., n_features), a length, at least 0.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> feature_norm([[3, 4], [0, 0]])
        array([5., 0.])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition.
    """
    return np.linalg.norm(W, axis=-1)


@labelled
def n_represented(W: Directions, threshold: float = 0.5) -> CountPerModel:
    """Number of features that the model represents.

    The count of rows with |W_i| > threshold.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.
        threshold: length above which a feature counts. Trained lengths are near 0 or above 0.8, so 0.5 parts them.

    Returns:
        (...), a count from 0 to n_features.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> n_represented([[1, 0], [-1, 0], [0, 0.1]])
        array(2)

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition.
    """
    return np.asarray((feature_norm(W) > threshold).sum(axis=-1))


@labelled
def feature_dimensionality(W: Directions) -> PerFeature:
    """Share of a hidden dimension that each feature owns.

    D_i = |W_i|² / Σ_j (Ŵ_i · W_j)², the sum including j = i. A zero row gives 0. The same number is the capacity
    (W_i · W_i)² / Σ_j (W_i · W_j)² of a feature.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (..., n_features), no unit, between 0 and 1.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> from tegum.geometry import polygon
        >>> feature_dimensionality(polygon(5)).round(12)
        array([0.4, 0.4, 0.4, 0.4, 0.4])

    Known problems:
        A row no longer than what training leaves as noise is noise; report its norm beside it. A row shorter than 1e-16
        of the longest is compared with rounding error, and below 1e-154 its square vanishes: it counts as a zero row.

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Geometry of Superposition; Scherlis et al. 2022,
        Polysemanticity and Capacity in Neural Networks, definition of capacity.
    """
    own = np.square(W).sum(axis=-1)
    return np.divide(own, own + interference(W), out=np.zeros_like(own), where=own > 0)


@labelled
def total_dimensionality(W: Directions) -> PerModel:
    """Hidden dimensions that all features own together.

    Σ_i D_i ≤ rank W, with equality if and only if the features fall into mutually orthogonal groups, each of which is a
    scaled tight frame: then nothing is wasted.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (...), a number of dimensions, between 0 and the smaller of n_features and n_hidden.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> from tegum.geometry import simplex
        >>> print(total_dimensionality(simplex(3)).round(12))
        3.0

    Source:
        The bound: with P the projector on the row space of the features, G_ii = (G P)_ii ≤ √((G²)_ii P_ii), so
        D_i = G_ii² / (G²)_ii ≤ P_ii, and the P_ii add up to the rank. Scherlis et al. 2022, Polysemanticity and
        Capacity in Neural Networks, state it for capacity.
    """
    return np.asarray(feature_dimensionality(W).sum(axis=-1))


@labelled
def dimensions_per_feature(W: Directions) -> PerModel:
    """Hidden dimensions per unit of squared length: the estimate D* of dimensions per learned feature.

    D* = n_hidden / |W|_F². It is 1 for an orthonormal basis of the hidden space and below 1 in superposition.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (...), dimensions per squared length, above 0; inf if W is 0.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> dimensions_per_feature([[1, 0], [-1, 0], [0, 1], [0, -1]])
        array(0.5)

    Known problems:
        It counts columns, so padding with zero columns changes it. Where a negative bias makes rows longer than 1 it is
        smaller than the mean feature_dimensionality.

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Geometry of Superposition.
    """
    squared = np.asarray(np.square(W).sum(axis=(-2, -1)))
    with np.errstate(divide="ignore", over="ignore"):  # inf is the answer
        return np.asarray(W.shape[-1] / squared)


@labelled
def frame_potential(W: Directions) -> PerModel:
    """Sum of the squares of all inner products of features.

    Σ_ij G_ij². For n unit rows in m dimensions it is at least n²/m if n ≥ m, attained by tight frames.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.

    Returns:
        (...), fourth power of a length, at least 0.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example:
        >>> frame_potential([[1, 0], [-1, 0], [0, 1], [0, -1]])
        array(8.)

    Source:
        Benedetto and Fickus 2003, Finite normalized tight frames.
    """
    # WWᵀ and WᵀW have the same squared entries in sum; the smaller is the cheaper.
    smaller = W if W.shape[-2] <= W.shape[-1] else W.mT
    return np.asarray(np.square(gram(smaller)).sum(axis=(-2, -1)))
