"""Arrangements of features with a name: regular polytopes around the origin, a row per vertex, all of length 1."""

from itertools import combinations, product

import numpy as np
from jaxtyping import Float64
from scipy.linalg import block_diag

from tegum.geometry.gram import unit_rows
from tegum.ground.arrays import ArrayLike, as_directions
from tegum.ground.errors import InputError, ShapeError

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


def cube(n_hidden: int = 3) -> Vertices:
    """Corners of the cube: every choice of signs of the coordinates, on 2^(m - 1) lines.

    Square in the plane, cube in space, tesseract in four dimensions.

    Args:
        n_hidden: dimension m of the space, at least 1.

    Returns:
        (2^n_hidden, n_hidden), rows of length 1; the last row but i is opposite to row i.

    Raises:
        InputError: no dimension.

    Example:
        >>> cube(2).round(4)
        array([[-0.7071, -0.7071],
               [-0.7071,  0.7071],
               [ 0.7071, -0.7071],
               [ 0.7071,  0.7071]])
    """
    _check_count(n_hidden, "n_hidden")
    return np.array(list(product((-1.0, 1.0), repeat=n_hidden))) / np.sqrt(n_hidden)


def square_antiprism(height: float = 3**-0.5) -> Vertices:
    """Two squares in parallel planes, one turned by 45 degrees against the other.

    W_i = (√(1 - z²) cos πi/4, √(1 - z²) sin πi/4, ±z), the sign + for even i. All features have D_i =
    1 / (4 (1 - z²)² + 8 z⁴); this is largest, 3/8, for z = 1/√3, where the eight rows are a tight frame. Other heights
    of note: 0.56044 has the least 1/r energy, 0.51108 makes all edges equally long.

    Args:
        height: z, distance of either square from the centre, strictly between 0 and 1.

    Returns:
        (8, 3), rows of length 1.

    Raises:
        InputError: a height at which there are no two squares.

    Example:
        >>> W = square_antiprism()
        >>> (W.T @ W).round(12) + 0.0
        array([[2.66666667, 0.        , 0.        ],
               [0.        , 2.66666667, 0.        ],
               [0.        , 0.        , 2.66666667]])
    """
    if not 0 < height < 1:
        raise InputError(f"height must lie strictly between 0 and 1; got {height}. The tight antiprism has 3**-0.5.")
    turn, side = np.pi / 4 * np.arange(8), np.where(np.arange(8) % 2, -1.0, 1.0)
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height * side], axis=-1)


def dodecahedron() -> Vertices:
    """Corners of the regular dodecahedron: 20 features in 3 dimensions, on 10 lines.

    Returns:
        (20, 3), rows of length 1: first the 8 of a cube.

    Example:
        >>> dodecahedron().shape
        (20, 3)
    """
    golden = (1 + np.sqrt(5)) / 2
    pairs = [(a / golden, b * golden) for a, b in product((-1.0, 1.0), repeat=2)]
    rows = [np.roll((0.0, a, b), shift) for shift in range(3) for a, b in pairs]
    return np.concatenate([cube(3), unit_rows(rows)])


def cell24() -> Vertices:
    """Corners of the 24-cell: 24 features in 4 dimensions, on 12 lines; the regular polytope without a like in space.

    Returns:
        (24, 4), rows of length 1: two coordinates are ±1/√2, the others 0.

    Example:
        >>> cell24().shape
        (24, 4)
    """
    signs = list(product((-1.0, 1.0), repeat=2))
    rows = np.zeros((6, 4, 4))
    for k, places in enumerate(combinations(range(4), 2)):
        rows[k][:, list(places)] = signs
    return rows.reshape(24, 4) / np.sqrt(2)


def tegum_product(*factors: ArrayLike) -> Vertices:
    """Features of several arrangements, each in dimensions of its own, orthogonal to all others.

    The dimensionalities of the factors stay as they are, and their sums add up.

    Args:
        factors: (n_features, n_hidden) each, a row per feature; at least one.

    Returns:
        (sum of n_features, sum of n_hidden), features in the order of the factors.

    Raises:
        InputError: no factor, or one that is no matrix of real numbers.

    Example: a triangular bipyramid is a triangle and an antipodal pair.
        >>> tegum_product(polygon(3), [[1], [-1]]).shape
        (5, 3)

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Geometry of Superposition.
    """
    if not factors:
        raise InputError("a tegum product needs at least one factor; got none. Pass matrices with a row per feature.")
    blocks = [as_directions(factor, f"factor {k}") for k, factor in enumerate(factors)]
    for k, block in enumerate(blocks):
        if block.ndim != 2:
            raise ShapeError(f"factor {k} has shape {block.shape}, expected (n_features, n_hidden); pass one model.")
    return np.asarray(block_diag(*blocks))


def _check_count(count: int, name: str) -> None:
    if count < 1:
        raise InputError(f"{name} must be at least 1; got {count}. A polytope needs a corner and a dimension.")
