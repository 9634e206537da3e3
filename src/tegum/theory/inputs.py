"""The checks that the caller's numbers pass on their way into the theory."""

from typing import Literal, TypeAlias, get_args

import numpy as np

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError, ShapeError

Magnitude: TypeAlias = Literal["uniform", "signed_uniform", "boolean"]
"""Law of a feature that is present: uniform on [0, 1], uniform on [-1, 1], or always 1."""


def as_magnitude(magnitude: str) -> str:
    """Name of the law of a feature that is present, refused if unknown.

    Example:
        >>> as_magnitude("boolean")
        'boolean'
    """
    if magnitude not in get_args(Magnitude):
        raise InputError(f"magnitude must be one of {', '.join(map(repr, get_args(Magnitude)))}; got {magnitude!r}")
    return magnitude


def as_probability(feature_probability: ArrayLike) -> Real:
    """Chances that features are present, refused outside [0, 1].

    Example:
        >>> as_probability(0.1)
        array(0.1)
    """
    p = as_real(feature_probability, "feature_probability")
    wrong = np.asarray((p < 0) | (p > 1))
    if wrong.any():
        raise InputError(
            f"feature_probability must lie in [0, 1]; got {_first(p, wrong)}. If you meant sparsity S, pass 1 - S."
        )
    return p


def as_importance(importance: ArrayLike) -> Real:
    """Weights of squared errors, refused below 0.

    Example:
        >>> as_importance([1, 0.5])
        array([1. , 0.5])
    """
    weights = as_real(importance, "importance")
    wrong = np.asarray(weights < 0)
    if wrong.any():
        raise InputError(
            f"importance must be at least 0; got {_first(weights, wrong)}. To leave a feature out of the loss, pass 0."
        )
    return weights


def per_row(rows: tuple[int, ...], **values: Real) -> tuple[Real, ...]:
    """Named values spread over the rows of W: one value serves all features, and leading axes broadcast.

    Args:
        rows: (*models, n_features), the shape of W without its last axis.
        values: by name, each one value or (..., n_features).

    Returns:
        In the same order, all of one shape, which ends in n_features.

    Raises:
        ShapeError: they do not broadcast against rows.

    Example:
        >>> per_row((2,), bias=np.array(0.1), importance=np.array([1.0, 0.5]))
        (array([0.1, 0.1]), array([1. , 0.5]))
    """
    try:
        common = np.broadcast_shapes(rows, *(array.shape for array in values.values()))
    except ValueError:
        common = None
    if common is None or common[-1] != rows[-1]:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in values.items())
        raise ShapeError(
            f"shapes {shapes} do not fit rows {rows} of W; expected for each one value or (..., n_features={rows[-1]})."
            " If the last axis counts models, add one for the features: [:, np.newaxis]"
        )
    return tuple(np.broadcast_to(array, common) for array in values.values())


def weighted(values: Real, importance: ArrayLike) -> Real:
    """I_i v_i with the features as last axis, which one of the two must have.

    Args:
        values: a moment of each feature, (..., n_features), or of all, ().
        importance: (..., n_features) or one for all, at least 0.

    Returns:
        (..., n_features).

    Raises:
        ShapeError: neither has an axis, or their shapes do not broadcast.

    Example:
        >>> weighted(np.array(2.0), [1.0, 0.5])
        array([2., 1.])
    """
    weights = as_importance(importance)
    try:
        product = np.asarray(weights * values)
    except ValueError as error:
        raise ShapeError(
            f"importance has shape {weights.shape} and feature_probability {values.shape}; expected one value or"
            " (..., n_features) for each, with the same n_features"
        ) from error
    if product.ndim == 0:
        raise ShapeError(
            "feature_probability and importance are both single numbers, so the number of features is unknown; pass"
            " one of them as an array, for instance np.full(n_features, 0.1)"
        )
    return product


def _first(values: Real, wrong: np.ndarray) -> str:
    where = tuple(int(k) for k in np.argwhere(wrong)[0])
    place = f" for feature {where[0]}" if len(where) == 1 else f" at index {where}" if where else ""
    return f"{values[where]}{place}"
