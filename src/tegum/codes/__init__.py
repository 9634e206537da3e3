"""Layer 2: families of directions, made from a seed, found by descent, learned or loaded; also without the matrix."""

from tegum.codes.equiangular import equiangular_sizes
from tegum.codes.families import CODES, CodeFamily, make_code
from tegum.codes.given import learned_code, load_code
from tegum.codes.implicit import ImplicitCode

__all__ = ["CODES", "CodeFamily", "ImplicitCode", "equiangular_sizes", "learned_code", "load_code", "make_code"]
