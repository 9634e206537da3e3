"""Layer 1: inner products and angles of features, and the named arrangements."""

from tegum.geometry.gram import gram, overlap, unit_rows
from tegum.geometry.polytopes import cross_polytope, icosahedron, polygon, simplex

__all__ = ["cross_polytope", "gram", "icosahedron", "overlap", "polygon", "simplex", "unit_rows"]
