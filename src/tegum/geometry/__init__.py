"""Layer 1: inner products and angles of features, the named arrangements, and how to recognise them."""

from tegum.geometry.catalogue import Polytope, shapes
from tegum.geometry.gram import gram, overlap, unit_rows
from tegum.geometry.polytopes import (
    cell24,
    cross_polytope,
    cube,
    dodecahedron,
    icosahedron,
    polygon,
    simplex,
    square_antiprism,
    tegum_product,
)
from tegum.geometry.recognise import Factor, Recognition, recognise
from tegum.geometry.thomson import thomson, thomson_energy

__all__ = [
    "Factor",
    "Polytope",
    "Recognition",
    "cell24",
    "cross_polytope",
    "cube",
    "dodecahedron",
    "gram",
    "icosahedron",
    "overlap",
    "polygon",
    "recognise",
    "shapes",
    "simplex",
    "square_antiprism",
    "tegum_product",
    "thomson",
    "thomson_energy",
    "unit_rows",
]
