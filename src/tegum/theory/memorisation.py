"""What a training set known by heart looks like in the hidden space.

Take T samples of length 1, no two of which share a feature, and give sample t a hidden vector a_t and an offset β_t:
W = Xᵀ A and b = Xᵀ β. Then h_t = a_t, and feature i of sample u is answered x_ui ReLU(a_t · a_u + β_u) when sample t is
shown. So this is a toy model of T features of which exactly one is present: the data points take the place of features.
All samples are answered exactly if and only if a_t · (a_t - a_u) >= 1 for all u ≠ t, with β_t = 1 - |a_t|². Vectors
of one length in T different directions do this once they are long enough, so two dimensions hold any number of samples;
what grows is the length. Summed over all pairs the condition gives Σ_t |a_t|² >= T - 1, in any number of dimensions.
"""

import numpy as np

from tegum.geometry import polygon
from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError, ShapeError


def polygon_length(n_samples: int) -> float:
    """Length of the hidden vectors from which a regular polygon of samples is answered exactly.

    r_T = 1 / √(1 - cos(2π/T)), about T / (√2 π) for many samples: each vector reaches 1 beyond its neighbours along its
    own direction, in the unit 1/r.

    Args:
        n_samples: number of samples T, at least 2; no two of them share a feature.

    Returns:
        The least such length, no unit.

    Raises:
        InputError: there are fewer than two samples.

    Example:
        >>> [round(polygon_length(n), 3) for n in (3, 5, 8, 30)]
        [0.816, 1.203, 1.848, 6.765]

    Source:
        Ours; the polygons are those of Henighan et al. 2023, Superposition, Memorization, and Double Descent.
    """
    if n_samples < 2:
        raise InputError(f"a polygon needs at least two samples; got {n_samples}.")
    return float(1 / np.sqrt(2.0) / np.sin(np.pi / n_samples))  # 1 - cos x = 2 sin²(x/2), without cancellation


def memorising_polygon(samples: ArrayLike) -> tuple[Real, Real]:
    """A model that puts its training set on a regular polygon, in the order of the samples.

    W is the shortest with X W = A, the corners of the polygon of length `polygon_length`; each bias is the one of least
    loss on the training set. If no two samples share a feature and all have length 1, the loss is 0. Samples that are
    linearly dependent come as close to their corners as they can, in the sum of squares.

    Args:
        samples: training set X, (n_samples, n_features), at least two samples, features at least 0.

    Returns:
        W (n_features, 2) and bias (n_features,).

    Raises:
        ShapeError: not two axes. InputError: fewer than two samples, or a negative feature.

    Example:
        >>> X = np.eye(6)
        >>> W, bias = memorising_polygon(X)
        >>> bool(np.allclose(np.maximum(X @ W @ W.T + bias, 0), X))
        True

    Source:
        Ours.
    """
    X = as_real(samples, "samples")
    if X.ndim != 2:
        raise ShapeError(f"samples has shape {X.shape}, expected (n_samples, n_features); pass the training set X.")
    corners = polygon_length(len(X)) * polygon(len(X))
    W = np.linalg.pinv(X) @ corners
    return W, least_loss_bias(X @ W @ W.T, X)


def least_loss_bias(read: ArrayLike, wanted: ArrayLike) -> Real:
    """The bias of least squared error of a ReLU output, exactly.

    argmin_b Σ_t (ReLU(z_t + b) - x_t)² for each column. Between two neighbouring -z_t the set of open samples is fixed
    and the sum is a parabola, so the least of all is among as many candidates as there are samples.

    Args:
        read: outputs before the bias z, (n_samples, n_features).
        wanted: what they should be after the ReLU x, at least 0, of the same shape.

    Returns:
        (n_features,), in the unit of z. Where no sample should be open, the largest bias that opens none.

    Raises:
        ShapeError: the shapes differ or have not two axes. InputError: x is negative somewhere.

    Example:
        >>> least_loss_bias([[2.0], [1.0], [-1.0]], [[1.0], [0.0], [0.0]])
        array([-1.])

    Source:
        Ours.
    """
    z, x = as_real(read, "read"), as_real(wanted, "wanted")
    if z.shape != x.shape or z.ndim != 2:
        raise ShapeError(f"read has shape {z.shape} and wanted {x.shape}; expected (n_samples, n_features) for both.")
    if not (x >= 0).all():
        raise InputError(f"a ReLU cannot answer the negative value {x.min():g}; pass features that are at least 0.")
    order = np.argsort(-z, axis=0)
    z, x = np.take_along_axis(z, order, axis=0), np.take_along_axis(x, order, axis=0)
    first, lowest = -z[:1], np.concatenate([-z[1:], np.full((1, z.shape[1]), np.inf)])
    count = np.arange(1, len(z) + 1)[:, None]
    gap = np.cumsum(x - z, axis=0)
    bias = np.concatenate([first, np.clip(gap / count, -z, lowest)])  # nothing open; the k most positive open
    squares = np.cumsum(np.square(x - z), axis=0) - 2 * bias[1:] * gap + count * np.square(bias[1:])
    closed = np.square(x).sum(axis=0) - np.cumsum(np.square(x), axis=0)
    loss = np.concatenate([np.square(x).sum(axis=0, keepdims=True), squares + closed])
    return np.take_along_axis(bias, loss.argmin(axis=0, keepdims=True), axis=0)[0]
