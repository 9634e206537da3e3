"""The ReLU toy model when exactly one feature is present: exact loss, its two forces.

With p small, all but a share of order p of the informative samples have one feature present, so this is what shapes
the geometry of sparse models. If feature i alone has the value x, output j is ReLU(G_ij x + b_j), with G = W Wᵀ.
"""

import dataclasses

import numpy as np

from tegum.geometry.gram import gram
from tegum.ground.arrays import ArrayLike, PerModel, Real, as_directions, as_real
from tegum.theory.inputs import Magnitude, as_importance, as_magnitude, per_row


@dataclasses.dataclass(frozen=True)
class OneSparseLoss:
    """The two forces on a sparse ReLU model.

    Args:
        feature_benefit: (...), Σ_i I_i E (x - ReLU(|W_i|² x + b_i))²: error of the features that are present.
        interference: (...), Σ_{i≠j} I_j E ReLU(W_i · W_j x + b_j)²: error of the features that are absent.
    """

    feature_benefit: PerModel
    interference: PerModel

    @property
    def total(self) -> PerModel:
        """Sum of the two: n_features times the loss per sample with one feature present, each as often."""
        return np.asarray(self.feature_benefit + self.interference)


def one_sparse_loss(
    W: ArrayLike, bias: ArrayLike, *, importance: ArrayLike = 1.0, magnitude: Magnitude = "uniform"
) -> OneSparseLoss:
    """Exact loss of the ReLU model over samples with one feature present, summed over which one it is.

    L₁ = Σ_i I_i E (x - ReLU(|W_i|² x + b_i))² + Σ_{i≠j} I_j E ReLU(W_i · W_j x + b_j)². The expected loss at equal
    probabilities p is (1-p)ⁿ Σ_j I_j ReLU(b_j)² + p (1-p)ⁿ⁻¹ L₁ + terms of order p². L₁ / n_features is the loss
    per sample when exactly one feature, drawn evenly, is present.

    Args:
        W: (..., n_features, n_hidden), real.
        bias: (..., n_features), or one for all.
        importance: weight of each squared error, (..., n_features) or one for all, at least 0.
        magnitude: law of the value x of the feature that is present: "uniform" on [0, 1], "signed_uniform" on [-1, 1],
            or "boolean" (always 1).

    Returns:
        The two forces and their total, each (...). Leading axes broadcast.

    Raises:
        ShapeError: shapes that do not fit W.
        InputError: a negative importance, an unknown magnitude, or numbers that are not finite.

    Example:
        >>> loss = one_sparse_loss([[1], [-1]], 0.0)  # an antipodal pair shares a dimension at no cost
        >>> print(loss.total)
        0.0
        >>> print(one_sparse_loss([[1], [1]], 0.0).interference.round(4))
        0.6667

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Demonstrating Superposition (Mathematical Understanding).
    """
    products = gram(as_directions(W))
    n_features = products.shape[-1]
    b, weights = per_row(products.shape[:-1], bias=as_real(bias, "bias"), importance=as_importance(importance))
    # errors[..., i, j]: mean squared error of output j while feature i is present.
    errors = _square_error(np.eye(n_features), products, b[..., np.newaxis, :], magnitude)
    errors = weights[..., np.newaxis, :] * errors
    own = np.diagonal(errors, axis1=-2, axis2=-1).sum(axis=-1)
    crossed = np.where(np.eye(n_features, dtype=bool), 0.0, errors).sum(axis=(-2, -1))
    return OneSparseLoss(feature_benefit=np.asarray(own), interference=np.asarray(crossed))


def _square_error(target: Real, slope: Real, bias: Real, magnitude: str) -> Real:
    """E (target · x - ReLU(slope · x + bias))² over the law of x."""
    if as_magnitude(magnitude) == "boolean":
        return np.square(target - np.maximum(slope + bias, 0.0))
    if magnitude == "uniform":
        return _integral(target, slope, bias)
    return (_integral(target, slope, bias) + _integral(-target, -slope, bias)) / 2


def _integral(target: Real, slope: Real, bias: Real) -> Real:
    """∫₀¹ (target · x - ReLU(slope · x + bias))² dx.

    The textbook form [R(g+b)³ - R(b)³] / 3g divides a cancelled difference by a small slope g. Instead: the error is a
    straight line on either side of the kink, and the square of a line that runs from r to s over a width w has the
    integral w (r² + r s + s²) / 3, where nothing cancels.
    """
    at_0, at_1 = np.broadcast_arrays(bias, slope + bias)
    kinked = (at_0 < 0) != (at_1 < 0)
    reach = np.where(kinked, np.abs(at_0) + np.abs(at_1), 1.0)
    kink, rest = np.where(kinked, np.abs(at_0) / reach, 1.0), np.where(kinked, np.abs(at_1) / reach, 0.0)
    error_0 = -np.maximum(at_0, 0.0)
    error_1 = target - np.maximum(at_1, 0.0)
    error_kink = np.where(kinked, target * kink, error_1)
    return kink * _square_of_line(error_0, error_kink) + rest * _square_of_line(error_kink, error_1)


def _square_of_line(start: Real, end: Real) -> Real:
    """Mean square of a straight line between two values."""
    return (start**2 + start * end + end**2) / 3
