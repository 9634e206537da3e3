"""Means and variances of features that are absent most of the time.

A feature is 0, or with probability p a magnitude drawn from one of three laws:

- `uniform`: uniform on [0, 1];
- `signed_uniform`: uniform on [-1, 1];
- `boolean`: 1.
"""

import numpy as np

from tegum.ground.arrays import ArrayLike, PerModel, Real
from tegum.theory.inputs import Magnitude, as_magnitude, as_probability, weighted

MOMENTS = {
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
    return np.asarray(weighted(feature_mean_square(feature_probability, magnitude), importance).sum(axis=-1))


def _moments(magnitude: str) -> tuple[float, float]:
    return MOMENTS[as_magnitude(magnitude)]
