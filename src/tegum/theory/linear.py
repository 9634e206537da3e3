"""The linear toy model x' = x W Wᵀ + b with independent features: exact loss, its two forces, and its optimum.

The error of feature i is x_i - x'_i = Σ_j A_ij x_j - b_i with A = 1 - W Wᵀ. Independent features of mean μ_j and
variance σ_j² give E (x_i - x'_i)² = Σ_j A_ij² σ_j² + (Σ_j A_ij μ_j - b_i)². Everything here follows from that line.
"""

import numpy as np

from tegum.geometry.gram import gram
from tegum.ground.arrays import ArrayLike, Directions, Pairs, PerFeature, PerModel, Real, as_directions, as_real
from tegum.ground.errors import InputError
from tegum.theory.inputs import Magnitude, as_importance, as_probability, per_row, weighted
from tegum.theory.moments import feature_mean, feature_variance


def linear_loss(
    W: ArrayLike,
    bias: ArrayLike,
    *,
    feature_probability: ArrayLike,
    importance: ArrayLike = 1.0,
    magnitude: Magnitude = "uniform",
) -> PerModel:
    """Expected loss of the linear model, exact for any weights and bias.

    Σ_i I_i [Σ_j (δ_ij - G_ij)² σ_j² + (Σ_j (δ_ij - G_ij) μ_j - b_i)²], with G = W Wᵀ.

    Args:
        W: (..., n_features, n_hidden), real.
        bias: (..., n_features), or one for all.
        feature_probability: chance that each feature is present, (..., n_features) or one for all.
        importance: weight of each squared error, (..., n_features) or one for all, at least 0.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        (...), loss per sample, summed over features. Leading axes broadcast.

    Raises:
        ShapeError: shapes that do not fit W.
        InputError: a probability outside [0, 1], a negative importance, or numbers that are not finite.

    Example:
        >>> print(linear_loss([[1], [0]], [0, 0.05], feature_probability=0.1).round(6))
        0.030833

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition (linear model).
    """
    residual = _residual(as_directions(W))
    b, p, weights = per_row(
        residual.shape[:-1],
        bias=as_real(bias, "bias"),
        feature_probability=as_probability(feature_probability),
        importance=as_importance(importance),
    )
    spread = _apply(np.square(residual), feature_variance(p, magnitude))
    offset = _apply(residual, feature_mean(p, magnitude)) - b
    return np.asarray((weights * (spread + np.square(offset))).sum(axis=-1))


def optimal_linear_bias(
    W: ArrayLike, *, feature_probability: ArrayLike, magnitude: Magnitude = "uniform"
) -> PerFeature:
    """Bias that gives the linear model the least loss at these weights.

    b = (1 - W Wᵀ) E x: the part of the mean that the weights do not carry. It does not depend on importance.

    Args:
        W: (..., n_features, n_hidden), real.
        feature_probability: chance that each feature is present, (..., n_features) or one for all.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        (..., n_features), in units of x. Leading axes broadcast.

    Raises:
        ShapeError: shapes that do not fit W.
        InputError: a probability outside [0, 1], or numbers that are not finite.

    Example:
        >>> optimal_linear_bias([[1], [0]], feature_probability=0.1)
        array([0.  , 0.05])
    """
    residual = _residual(as_directions(W))
    (p,) = per_row(residual.shape[:-1], feature_probability=as_probability(feature_probability))
    return _apply(residual, feature_mean(p, magnitude))


def feature_benefit(W: ArrayLike, importance: ArrayLike = 1.0) -> PerModel:
    """What the linear model still pays for features that it does not represent in full length.

    Σ_i I_i (1 - |W_i|²)², which falls as features gain length. With features of equal variance σ² and the best bias,
    the loss is σ² (feature_benefit + linear_interference).

    Args:
        W: (..., n_features, n_hidden), real.
        importance: weight of each squared error, (..., n_features) or one for all, at least 0.

    Returns:
        (...), no unit; multiply by σ² for a loss.

    Raises:
        ShapeError: shapes that do not fit W.
        InputError: a negative importance, or numbers that are not finite.

    Example:
        >>> feature_benefit([[1], [0], [0]], [1.0, 0.5, 0.25])
        array(0.75)

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition ("feature benefit").
    """
    rows = as_directions(W)
    (weights,) = per_row(rows.shape[:-1], importance=as_importance(importance))
    return np.asarray((weights * np.square(1 - np.square(rows).sum(axis=-1))).sum(axis=-1))


def linear_interference(W: ArrayLike, importance: ArrayLike = 1.0) -> PerModel:
    """What the linear model pays for features that are not orthogonal.

    Σ_{i≠j} I_i (W_i · W_j)². With features of equal variance σ² and the best bias, the loss is
    σ² (feature_benefit + linear_interference).

    Args:
        W: (..., n_features, n_hidden), real.
        importance: weight of each squared error, (..., n_features) or one for all, at least 0.

    Returns:
        (...), no unit; multiply by σ² for a loss.

    Raises:
        ShapeError: shapes that do not fit W.
        InputError: a negative importance, or numbers that are not finite.

    Example:
        >>> linear_interference([[1], [-1]], [1.0, 0.5])
        array(1.5)

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition ("interference").
    """
    products = np.square(gram(as_directions(W)))
    own = np.arange(products.shape[-1])
    products[..., own, own] = 0.0
    (weights,) = per_row(products.shape[:-1], importance=as_importance(importance))
    return np.asarray((weights * products.sum(axis=-1)).sum(axis=-1))


def linear_optimum(
    n_hidden: int,
    *,
    feature_probability: ArrayLike,
    importance: ArrayLike = 1.0,
    magnitude: Magnitude = "uniform",
) -> PerModel:
    """Least loss that any weights and bias of the linear model can reach.

    The sum of the n - m smallest I_i σ_i²: the m features with the largest I_i σ_i² are kept, each on a dimension of
    its own, and nothing is in superposition. Probabilities may differ between features.

    Args:
        n_hidden: number m of hidden dimensions, at least 0.
        feature_probability: chance that each feature is present, (..., n_features) or one for all.
        importance: weight of each squared error, (..., n_features) or one for all, at least 0.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        (...), loss per sample, summed over features.

    Raises:
        ShapeError: neither array says how many features there are, or they disagree.
        InputError: a negative count, a probability outside [0, 1], or a negative importance.

    Example:
        >>> print(linear_optimum(1, feature_probability=0.1, importance=[1.0, 0.5]).round(6))
        0.015417

    Known problems:
        The optimum is unique only if the values I_i σ_i² differ. Among equal ones any projector is as good, and
        measures of single features mean nothing.

    Source:
        With the best bias the loss is |diag(√I) (1 - G) diag(σ)|_F² = |S - R|_F², where S = diag(√I_i σ_i) and
        R = diag(√I) G diag(σ) has rank m at most. Eckart and Young 1936 bound it below by the sum of the n - m smallest
        squared singular values of S, and the projector on the other coordinates attains it. For equal variances:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition.
    """
    if n_hidden < 0:
        raise InputError(f"n_hidden must be at least 0; got {n_hidden}")
    worth = np.sort(weighted(feature_variance(feature_probability, magnitude), importance), axis=-1)
    return np.asarray(worth[..., : max(worth.shape[-1] - n_hidden, 0)].sum(axis=-1))


def _residual(W: Directions) -> Pairs:
    """1 - W Wᵀ: how the error of each output depends on each feature."""
    return np.eye(W.shape[-2]) - gram(W)


def _apply(matrix: Real, vector: Real) -> Real:
    return (matrix @ vector[..., np.newaxis])[..., 0]
