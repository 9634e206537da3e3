"""The checks that numbers pass on their way into the theory."""

import numpy as np
from numpy.typing import ArrayLike

from tegum.ground.arrays import Real, as_real
from tegum.ground.errors import InputError, ShapeError


def as_probability(feature_probability: ArrayLike) -> Real:
    """Chances that features are present, refused outside [0, 1].

    Example:
        >>> as_probability(0.1)
        array(0.1)
    """
    p = as_real(feature_probability, "feature_probability")
    wrong = (p < 0) | (p > 1)
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
    wrong = weights < 0
    if wrong.any():
        raise InputError(
            f"importance must be at least 0; got {_first(weights, wrong)}. To leave a feature out of the loss, pass 0."
        )
    return weights


def per_feature(values: Real, n_features: int, name: str) -> Real:
    """Values with the features as last axis: one value serves all features.

    Raises:
        ShapeError: the last axis is neither 1 nor n_features.

    Example:
        >>> per_feature(np.array(0.1), 3, "feature_probability")
        array([0.1, 0.1, 0.1])
    """
    if values.ndim and values.shape[-1] not in (1, n_features):
        raise ShapeError(
            f"{name} has shape {values.shape}, expected one value or (..., n_features={n_features});"
            " if the last axis is models, add one: " + f"{name}[:, np.newaxis]"
        )
    return np.broadcast_to(values, (*values.shape[:-1], n_features))


def _first(values: Real, wrong: np.ndarray) -> str:
    where = tuple(int(k) for k in np.argwhere(wrong)[0])
    return f"{values[where]} for feature {where[-1]}" if where else f"{values[where]}"
