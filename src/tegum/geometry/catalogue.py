"""The shapes that features form when they share dimensions: a table of facts, and two families that fill it up.

Only shapes that do not decompose: a square is two antipodal pairs, an octahedron three, a bipyramid a polygon and a
pair. Every entry is vertex-transitive and a tight frame, so each of its c features owns r / c dimensions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import cos, pi, sqrt

import numpy as np
from jaxtyping import Float64

from tegum.geometry.polytopes import (
    Vertices,
    cell24,
    cube,
    dodecahedron,
    icosahedron,
    polygon,
    simplex,
    square_antiprism,
)
from tegum.ground.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Polytope:
    """A shape that c features form in r dimensions, as facts that can be checked against its vertices.

    Args:
        name: of one of it.
        plural: of several.
        n_features: number c of vertices.
        n_hidden: number r of dimensions that they span.
        cosines: cosine between a vertex and the others, ascending, each with the number of vertices that have it.
        construct: makes the vertices.

    Example:
        >>> [(p.name, p.dimensionality) for p in shapes(5, 2)]
        [('pentagon', 0.4)]
    """

    name: str
    plural: str
    n_features: int
    n_hidden: int
    cosines: tuple[tuple[float, int], ...]
    construct: Callable[[], Vertices]

    @property
    def dimensionality(self) -> float:
        """Share of a dimension that each feature owns, r / c."""
        return self.n_hidden / self.n_features

    @property
    def vertices(self) -> Vertices:
        """(n_features, n_hidden), rows of length 1."""
        return self.construct()

    @property
    def profile(self) -> Float64[np.ndarray, " n_others"]:
        """(n_features - 1,), the cosines of one vertex to all others, ascending."""
        return np.repeat([cosine for cosine, _ in self.cosines], [count for _, count in self.cosines])


_SQRT5, _SQRT2 = sqrt(5), sqrt(2)

CATALOGUE: tuple[Polytope, ...] = (
    Polytope(
        name="dedicated",
        plural="dedicated",
        n_features=1,
        n_hidden=1,
        cosines=(),
        construct=lambda: np.ones((1, 1)),
    ),
    Polytope(
        name="digon",
        plural="digons",
        n_features=2,
        n_hidden=1,
        cosines=((-1.0, 1),),
        construct=lambda: simplex(1),
    ),
    Polytope(
        name="triangle",
        plural="triangles",
        n_features=3,
        n_hidden=2,
        cosines=((-1 / 2, 2),),
        construct=lambda: polygon(3),
    ),
    Polytope(
        name="tetrahedron",
        plural="tetrahedra",
        n_features=4,
        n_hidden=3,
        cosines=((-1 / 3, 3),),
        construct=lambda: simplex(3),
    ),
    Polytope(
        name="pentagon",
        plural="pentagons",
        n_features=5,
        n_hidden=2,
        cosines=((-(_SQRT5 + 1) / 4, 2), ((_SQRT5 - 1) / 4, 2)),
        construct=lambda: polygon(5),
    ),
    Polytope(
        name="hexagon",
        plural="hexagons",
        n_features=6,
        n_hidden=2,
        cosines=((-1.0, 1), (-1 / 2, 2), (1 / 2, 2)),
        construct=lambda: polygon(6),
    ),
    Polytope(
        name="square antiprism",
        plural="square antiprisms",
        n_features=8,
        n_hidden=3,
        cosines=((-(_SQRT2 + 1) / 3, 2), (-1 / 3, 1), ((_SQRT2 - 1) / 3, 2), (1 / 3, 2)),
        construct=square_antiprism,
    ),
    Polytope(
        name="cube",
        plural="cubes",
        n_features=8,
        n_hidden=3,
        cosines=((-1.0, 1), (-1 / 3, 3), (1 / 3, 3)),
        construct=lambda: cube(3),
    ),
    Polytope(
        name="icosahedron",
        plural="icosahedra",
        n_features=12,
        n_hidden=3,
        cosines=((-1.0, 1), (-1 / _SQRT5, 5), (1 / _SQRT5, 5)),
        construct=icosahedron,
    ),
    Polytope(
        name="dodecahedron",
        plural="dodecahedra",
        n_features=20,
        n_hidden=3,
        cosines=((-1.0, 1), (-_SQRT5 / 3, 3), (-1 / 3, 6), (1 / 3, 6), (_SQRT5 / 3, 3)),
        construct=dodecahedron,
    ),
    Polytope(
        name="tesseract",
        plural="tesseracts",
        n_features=16,
        n_hidden=4,
        cosines=((-1.0, 1), (-1 / 2, 4), (0.0, 6), (1 / 2, 4)),
        construct=lambda: cube(4),
    ),
    Polytope(
        name="24-cell",
        plural="24-cells",
        n_features=24,
        n_hidden=4,
        cosines=((-1.0, 1), (-1 / 2, 8), (0.0, 6), (1 / 2, 8)),
        construct=cell24,
    ),
)
"""The shapes with facts of their own; `shapes` adds every other polygon and simplex."""


@cache
def shapes(n_features: int, n_hidden: int) -> tuple[Polytope, ...]:
    """Every catalogued shape of so many features in so many dimensions.

    Those of `CATALOGUE`, the regular c-gons in the plane (c ≥ 5; a square is two digons), and the regular simplices of
    r + 1 features in r dimensions, where all cosines are -1/r.

    Args:
        n_features: c, at least 1.
        n_hidden: r, at least 1.

    Returns:
        The shapes, none if such a number of features has no name.

    Raises:
        InputError: no feature or no dimension.

    Example:
        >>> [shape.name for shape in shapes(8, 3)], [shape.name for shape in shapes(7, 6)], shapes(4, 2)
        (['square antiprism', 'cube'], ['6-simplex'], ())
    """
    for name, count in (("n_features", n_features), ("n_hidden", n_hidden)):
        if count < 1:
            raise InputError(f"{name} must be at least 1; got {count}. A shape needs a feature and a dimension.")
    listed = [shape for shape in CATALOGUE if (shape.n_features, shape.n_hidden) == (n_features, n_hidden)]
    if not listed and n_hidden == 2 and n_features >= 5:
        listed.append(_polygon(n_features))
    if not listed and n_features == n_hidden + 1:
        listed.append(_simplex(n_hidden))
    return tuple(listed)


def _polygon(c: int) -> Polytope:
    opposite = [(-1.0, 1)] if c % 2 == 0 else []
    pairs = [(cos(2 * pi * k / c), 2) for k in range((c - 1) // 2, 0, -1)]
    return Polytope(
        name=f"{c}-gon",
        plural=f"{c}-gons",
        n_features=c,
        n_hidden=2,
        cosines=(*opposite, *pairs),
        construct=lambda: polygon(c),
    )


def _simplex(r: int) -> Polytope:
    return Polytope(
        name=f"{r}-simplex",
        plural=f"{r}-simplices",
        n_features=r + 1,
        n_hidden=r,
        cosines=((-1 / r, r),),
        construct=lambda: simplex(r),
    )


def plural_of(name: str) -> str:
    """The name of several of a shape; a name that is not in the catalogue stays as it is.

    Args:
        name: of one.

    Returns:
        Its plural.

    Example:
        >>> plural_of("tetrahedron"), plural_of("7-gon"), plural_of("irregular (5 in 2)")
        ('tetrahedra', '7-gons', 'irregular (5 in 2)')
    """
    if name.endswith("-gon"):
        return f"{name}s"
    if name.endswith("-simplex"):
        return name.replace("-simplex", "-simplices")
    return next((shape.plural for shape in CATALOGUE if shape.name == name), name)
