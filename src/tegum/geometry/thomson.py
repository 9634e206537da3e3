"""Electrons on a sphere: arrangements of least 1/r energy."""

import numpy as np
from jaxtyping import Float64
from scipy.optimize import minimize

from tegum.geometry.gram import unit_rows
from tegum.ground.arrays import ArrayLike, as_directions
from tegum.ground.errors import InputError, ShapeError

Points = Float64[np.ndarray, "n_points 3"]


def thomson_energy(points: ArrayLike) -> float:
    """Electrostatic energy of equal charges.

    Σ over pairs i < j of 1 / |x_i - x_j|.

    Args:
        points: (n_points, n_dimensions), at different places.

    Returns:
        The energy for unit charges, in inverse units of length; 0 for one point.

    Raises:
        ShapeError: points is not one matrix.
        InputError: not real or not finite, or two points coincide.

    Example: a tetrahedron.
        >>> from tegum.geometry import simplex
        >>> round(thomson_energy(simplex(3)), 6)
        3.674235
    """
    points = as_directions(points, "points")
    if points.ndim != 2:
        raise ShapeError(f"points has shape {points.shape}, expected (n_points, n_dimensions); pass one arrangement.")
    distances = np.linalg.norm(points[:, None] - points, axis=-1)[np.triu_indices(len(points), 1)]
    if not distances.all():
        raise InputError("two points coincide, so the energy is infinite; expected different places. Move one of them.")
    return float((1 / distances).sum())


def thomson(n_points: int, *, n_starts: int = 20, seed: int = 0) -> Points:
    """Points on the unit sphere whose 1/r energy is the least found: solutions of the Thomson problem.

    Quasi-Newton descents from random points. The lowest one is the global minimum for small numbers of points, where
    one start in a few finds it.

    Args:
        n_points: number N of charges, at least 2.
        n_starts: descents.
        seed: of the random points.

    Returns:
        (n_points, 3), rows of length 1.

    Raises:
        InputError: fewer than two points, or no start.

    Example: six charges sit on an octahedron, three antipodal pairs.
        >>> from tegum.geometry import recognise
        >>> print(recognise(thomson(6)))
        3 digons

    Source:
        Thomson 1904, On the structure of the atom; known minima in Wales and Ulker 2006, Structure and dynamics of
        spherical crystals characterized for the Thomson problem.
    """
    if n_points < 2 or n_starts < 1:
        raise InputError(
            f"thomson needs n_points >= 2 and n_starts >= 1; got {n_points} and {n_starts}. One charge sits anywhere."
        )
    rng = np.random.default_rng(seed)
    options = {"gtol": 1e-9, "maxiter": 10_000}
    descents = [
        minimize(_energy, rng.normal(size=3 * n_points), jac=True, method="BFGS", options=options)
        for _ in range(n_starts)
    ]
    return unit_rows(min(descents, key=lambda end: end.fun).x.reshape(n_points, 3))


def _energy(flat: np.ndarray) -> tuple[float, np.ndarray]:
    """Energy of the points seen from the centre, whatever their distances from it, and its gradient."""
    places = flat.reshape(-1, 3)
    lengths = np.linalg.norm(places, axis=1, keepdims=True)
    units = places / lengths
    apart = units[:, None] - units
    distance = np.linalg.norm(apart, axis=-1)
    np.fill_diagonal(distance, np.inf)
    force = -(apart / distance[..., None] ** 3).sum(axis=1)
    along = force - (force * units).sum(axis=1, keepdims=True) * units
    return float((1 / distance).sum() / 2), (along / lengths).ravel()
