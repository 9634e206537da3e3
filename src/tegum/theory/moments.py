"""Means and variances of features that are absent most of the time.

A feature is 0, or with probability p a magnitude drawn from one of three laws:

- `uniform`: uniform on [0, 1];
- `signed_uniform`: uniform on [-1, 1];
- `boolean`: 1.
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from tegum.ground.arrays import PerModel, Real
from tegum.ground.errors import InputError, ShapeError
from tegum.theory.inputs import as_importance, as_probability

Magnitude: TypeAlias = Literal["uniform", "signed_uniform", "boolean"]

MOMENTS: dict[str, tuple[float, float]] = {
    "uniform": (1 / 2, 1 / 3),
    "signed_uniform": (0.0, 1 / 3),
    "boolean": (1.0, 1.0),
}
"""Mean and mean square of the magnitude of a feature that is present."""


def feature_mean(feature_probability: ArrayLike, magnitude: Magnitude = "uniform") -> Real:
    """Mean of a feature.

    E x = p E a, with a the magnitude of a feature that is present: p/2, 0 and p for the three laws.

    Args:
        feature_probability: chance p that the feature is present, in [0, 1], any shape.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        Shape of feature_probability, in units of x.

    Raises:
        InputError: a probability outside [0, 1], or an unknown magnitude.

    Example:
        >>> feature_mean([0.1, 1.0])
        array([0.05, 0.5 ])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition, for the law "uniform".
    """
    return np.asarray(as_probability(feature_probability) * _moments(magnitude)[0])


def feature_mean_square(feature_probability: ArrayLike, magnitude: Magnitude = "uniform") -> Real:
    """Mean square of a feature.

    E x² = p E a², with a the magnitude of a feature that is present: p/3, p/3 and p for the three laws.

    Args:
        feature_probability: chance p that the feature is present, in [0, 1], any shape.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        Shape of feature_probability, in units of x².

    Raises:
        InputError: a probability outside [0, 1], or an unknown magnitude.

    Example:
        >>> feature_mean_square([0.3, 1.0], "boolean")
        array([0.3, 1. ])
    """
    return np.asarray(as_probability(feature_probability) * _moments(magnitude)[1])


def feature_variance(feature_probability: ArrayLike, magnitude: Magnitude = "uniform") -> Real:
    """Variance of a feature.

    Var x = p E a² - (p E a)²: p/3 - p²/4, p/3 and p - p² for the three laws.

    Args:
        feature_probability: chance p that the feature is present, in [0, 1], any shape.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        Shape of feature_probability, in units of x².

    Raises:
        InputError: a probability outside [0, 1], or an unknown magnitude.

    Example:
        >>> feature_variance([0.0, 1.0]).round(4)
        array([0.    , 0.0833])
    """
    p = as_probability(feature_probability)
    mean, mean_square = _moments(magnitude)
    return np.asarray(p * (mean_square - p * mean**2))


def zero_loss(
    feature_probability: ArrayLike, importance: ArrayLike = 1.0, magnitude: Magnitude = "uniform"
) -> PerModel:
    """Expected loss of a model whose output is always zero: what any training has to beat.

    Σ_i I_i E x_i². For features uniform on [0, 1] it is Σ_i I_i p_i / 3.

    Args:
        feature_probability: chance that each feature is present, (..., n_features) or one for all.
        importance: weight of each squared error, (..., n_features) or one for all, at least 0.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        (...), loss per sample, summed over features.

    Raises:
        ShapeError: neither argument says how many features there are, or they disagree.
        InputError: a probability outside [0, 1], a negative importance, or an unknown magnitude.

    Example:
        >>> print(zero_loss(0.1, [1.0, 0.5, 0.5]).round(4))
        0.0667
    """
    return np.asarray(sum_over_features(feature_mean_square(feature_probability, magnitude), importance))


def sum_over_features(values: Real, importance: ArrayLike) -> PerModel:
    """Σ_i I_i v_i over the last axis, which one of the two must have.

    Raises:
        ShapeError: neither has an axis, or their shapes do not broadcast.

    Example:
        >>> sum_over_features(np.array([1.0, 2.0]), 0.5)
        array(1.5)
    """
    return np.asarray(weighted(values, importance).sum(axis=-1))


def weighted(values: Real, importance: ArrayLike) -> Real:
    """I_i v_i with the features as last axis.

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


def _moments(magnitude: str) -> tuple[float, float]:
    if magnitude not in MOMENTS:
        raise InputError(f"magnitude must be one of {', '.join(map(repr, MOMENTS))}; got {magnitude!r}")
    return MOMENTS[magnitude]
