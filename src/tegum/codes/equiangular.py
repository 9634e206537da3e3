"""Equiangular tight frames: every two directions at the same angle, so that Welch's bound is attained.

They exist for few sizes. Here are the simplices, those of symmetric conference matrices, the 28 lines of Gosset in 7
dimensions, Steiner's for pairs of points, and the complements of all of these.
"""

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np

from tegum.codes.hadamard import conference_matrix, hadamard_matrix
from tegum.geometry.polytopes import simplex
from tegum.ground.errors import InputError


def equiangular_sizes(n_hidden: int) -> tuple[int, ...]:
    """Numbers of features for which an equiangular tight frame can be made here.

    Args:
        n_hidden: dimension m, at least 1.

    Returns:
        Ascending; always m + 1, the simplex. Fickus and Mixon list sizes that exist and are not made here, such as 276
        in 23 dimensions.

    Raises:
        InputError: no dimension.

    Example: an icosahedron's six lines in space; 14 and 28 in seven dimensions.
        >>> equiangular_sizes(3), equiangular_sizes(7)
        ((4, 6), (8, 14, 28))

    Source:
        Fickus and Mixon 2015, Tables of the existence of equiangular tight frames.
    """
    if n_hidden < 1:
        raise InputError(f"n_hidden must be at least 1; got {n_hidden}. Directions need a dimension.")
    return tuple(sorted(_makers(n_hidden)))


def equiangular_rows(n_features: int, n_hidden: int, seed: int, index: int) -> np.ndarray:
    """The frame of this size; there is one for all seeds."""
    makers = _makers(n_hidden)
    if n_features not in makers:
        known = ", ".join(map(str, sorted(makers)))
        raise InputError(
            f"no equiangular tight frame of {n_features} features in {n_hidden} dimensions can be made here; in"
            f" {n_hidden} dimensions there are those of {known} features. For other sizes take 'tight' or 'optimised'."
        )
    return makers[n_features]()


def _makers(m: int) -> dict[int, Callable[[], np.ndarray]]:
    """By number of features, how the frame in m dimensions is made."""
    makers: dict[int, Callable[[], np.ndarray]] = {}
    points = (1 + math.isqrt(1 + 8 * m)) // 2  # the v of v (v - 1) / 2 = m, if there is one
    if points > 2 and points * (points - 1) // 2 == m and hadamard_matrix(points) is not None:
        makers[points**2] = lambda: _steiner(points)
    if points > 2 and points * (points - 1) // 2 == m and hadamard_matrix(points - 1) is not None:
        makers[(points - 1) ** 2] = lambda: _complement(_steiner(points - 1))
    if m == 7:
        makers[28] = _gosset
    if m == 21:
        makers[28] = lambda: _complement(_gosset())
    if conference_matrix(2 * m) is not None:
        makers[2 * m] = lambda: _half_space(2 * m)
    makers[m + 1] = lambda: simplex(m)
    return makers


def _half_space(order: int) -> np.ndarray:
    """Half of space: the eigenvectors of a conference matrix for one of its two eigenvalues."""
    matrix = conference_matrix(order)
    assert matrix is not None  # asked for only if there is one
    _, vectors = np.linalg.eigh(matrix)
    return np.ascontiguousarray(vectors[:, order // 2 :]) * math.sqrt(2)


def _gosset() -> np.ndarray:
    """28 in 7: the vectors with two entries 3 and six -1, in the space of sum 0."""
    vectors = np.full((28, 8), -1.0)
    for row, pair in zip(vectors, combinations(range(8), 2), strict=True):
        row[list(pair)] = 3.0
    # simplex(7) has the 8 corners e_k - mean in 7 coordinates, up to a factor
    return vectors @ simplex(7) / math.sqrt(24 * 8 / 7)


def _steiner(n_points: int) -> np.ndarray:
    """v² in v (v - 1) / 2: a dimension for each pair of v points, and for each point the rows of a Hadamard matrix."""
    matrix = hadamard_matrix(n_points)
    assert matrix is not None  # asked for only if there is one
    signs = (matrix * matrix[:, :1])[:, 1:]  # the first column is made 1 and left out
    pairs = np.array(list(combinations(range(n_points), 2)))
    blocks = np.zeros((n_points, n_points, len(pairs)))
    for point in range(n_points):
        blocks[point][:, np.flatnonzero((pairs == point).any(axis=1))] = signs
    return blocks.reshape(n_points**2, len(pairs)) / math.sqrt(n_points - 1)


def _complement(W: np.ndarray) -> np.ndarray:
    """As many features in the dimensions that are left: the columns are an orthonormal basis of what W leaves out."""
    n_features, n_hidden = W.shape
    basis, _ = np.linalg.qr(W, mode="complete")
    return np.ascontiguousarray(basis[:, n_hidden:]) * math.sqrt(n_features / (n_features - n_hidden))
