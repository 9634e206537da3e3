"""Arrangements of features with a name: regular polytopes around the origin, a row per vertex, all of length 1."""

import numpy as np
from jaxtyping import Float64

from tegum.geometry.gram import unit_rows
from tegum.ground.errors import InputError

Vertices = Float64[np.ndarray, "n_features n_hidden"]


def polygon(n_features: int) -> Vertices:
    """Corners of a regular polygon in the plane.

    W_i = (cos 2πi/n, sin 2πi/n). With 2 corners it is an antipodal pair that uses one of the two dimensions.

    Args:
        n_features: number of corners n, at least 1.

    Returns:
        (n_features, 2), rows of length 1.

    Raises:
        InputError: no corner.

    Example:
        >>> polygon(4).round(12) + 0.0
        array([[ 1.,  0.],
               [ 0.,  1.],
               [-1.,  0.],
               [ 0., -1.]])
    """
    _check_count(n_features, "n_features")
    angles = 2 * np.pi * np.arange(n_features) / n_features
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def simplex(n_hidden: int) -> Vertices:
    """Corners of a regular simplex: one more feature than dimensions, all cosines equal to -1/n_hidden.

    Segment, triangle, tetrahedron and so on: the fewest features for which superposition is possible.

    Args:
        n_hidden: dimension m of the space, at least 1.

    Returns:
        (n_hidden + 1, n_hidden), rows of length 1.

    Raises:
        InputError: no dimension.

    Example:
        >>> W = simplex(3)
        >>> (W @ W.T).round(4)[0]
        array([ 1.    , -0.3333, -0.3333, -0.3333])
    """
    _check_count(n_hidden, "n_hidden")
    # The basis vectors of one dimension more, seen along their sum: column k sets corner k against those before it.
    corners = np.zeros((n_hidden + 1, n_hidden))
    for k in range(n_hidden):
        corners[: k + 1, k] = -1.0 / np.sqrt((k + 1) * (k + 2))
        corners[k + 1, k] = np.sqrt((k + 1) / (k + 2))
    return unit_rows(corners)


def cross_polytope(n_hidden: int) -> Vertices:
    """The basis vectors and their negatives: an antipodal pair in every dimension.

    Digon, square, octahedron and so on.

    Args:
        n_hidden: dimension m of the space, at least 1.

    Returns:
        (2 n_hidden, n_hidden), rows of length 1; row i + n_hidden is opposite to row i.

    Raises:
        InputError: no dimension.

    Example:
        >>> cross_polytope(2)
        array([[ 1.,  0.],
               [ 0.,  1.],
               [-1.,  0.],
               [ 0., -1.]])
    """
    _check_count(n_hidden, "n_hidden")
    return np.concatenate([np.eye(n_hidden), 0.0 - np.eye(n_hidden)])  # 0.0 - x, as -x would write -0.0


def icosahedron() -> Vertices:
    """Corners of the regular icosahedron: 12 features in 3 dimensions, on 6 lines with cosines ±1/√5.

    Returns:
        (12, 3), rows of length 1; row i + 6 is opposite to row i.

    Example:
        >>> icosahedron().shape
        (12, 3)
    """
    golden = (1 + np.sqrt(5)) / 2
    lines = [[0, 1, golden], [0, 1, -golden], [1, golden, 0], [1, -golden, 0], [golden, 0, 1], [-golden, 0, 1]]
    half = unit_rows(lines)
    return np.concatenate([half, 0.0 - half])


def _check_count(count: int, name: str) -> None:
    if count < 1:
        raise InputError(f"{name} must be at least 1; got {count}. A polytope needs a corner and a dimension.")
