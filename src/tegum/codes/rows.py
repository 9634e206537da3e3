"""Families whose rows can be made one by one: each is a function that fills the rows of given features."""

import math
from collections.abc import Callable

import numpy as np

from tegum.codes.checks import check_options, half_of
from tegum.codes.entries import fill_characters, fill_normals, fill_ones, fill_signs, fill_units
from tegum.ground import streams
from tegum.ground.errors import InputError

Fill = Callable[[np.ndarray, np.ndarray], None]
"""Takes features (n_rows,) as int64 and fills (n_rows, n_hidden), float64, in C order."""


def sphere_rows(n_features: int, n_hidden: int, seed: int, index: int) -> Fill:
    """Uniform on the unit sphere."""
    keys = _keys("sphere", seed, index)
    return lambda features, out: fill_units(*keys(features), out)


def gauss_rows(n_features: int, n_hidden: int, seed: int, index: int) -> Fill:
    """Independent entries N(0, 1/m)."""
    keys, scale = _keys("gauss", seed, index), 1 / math.sqrt(n_hidden)
    return lambda features, out: fill_normals(*keys(features), scale, out)


def rademacher_rows(n_features: int, n_hidden: int, seed: int, index: int) -> Fill:
    """Independent entries ±1/√m."""
    keys, scale = _keys("rademacher", seed, index), 1 / math.sqrt(n_hidden)
    return lambda features, out: fill_signs(*keys(features), scale, out)


def sparse_rows(n_features: int, n_hidden: int, seed: int, index: int, n_ones: int | None = None) -> Fill:
    """So many equal entries at random places, zeros elsewhere."""
    ones = max(1, round(math.sqrt(n_hidden))) if n_ones is None else n_ones
    if not 1 <= ones <= n_hidden:
        raise InputError(f"n_ones must lie between 1 and n_hidden = {n_hidden}; got {ones}. Leave it out for about √m.")
    keys, scale = _keys("sparse", seed, index), 1 / math.sqrt(ones)
    return lambda features, out: fill_ones(*keys(features), ones, scale, out)


def sylvester_rows(n_features: int, n_hidden: int, seed: int, index: int, method: str = "hadamard") -> Fill:
    """Random columns of Sylvester's Hadamard matrix, over √m: a tight frame."""
    if n_features & (n_features - 1) or n_hidden > n_features or method not in ("auto", "hadamard"):
        raise InputError(
            "rows of a tight frame can be made one by one only by method='hadamard', for n_features a power of 2 and at"
            f" least n_hidden; got {n_features} features, {n_hidden} dimensions, method={method!r}."
            " Round n_features up, or use make_code."
        )
    rng = streams.generator(seed, index, "code tight")
    columns, scale = rng.choice(n_features, n_hidden, replace=False).astype(np.int64), 1 / math.sqrt(n_hidden)
    return lambda features, out: fill_characters(features, columns, scale, out)


def antipodal_rows(
    n_features: int, n_hidden: int, seed: int, index: int, base: str = "sphere", **options: object
) -> Fill:
    """Rows of a code of half the size, then their negatives."""
    half = half_of(n_features)
    fill_base = fill_of(base, half, n_hidden, seed, index, options)

    def fill(features: np.ndarray, out: np.ndarray) -> None:
        fill_base(features % half, out)
        np.negative(out, out=out, where=(features >= half)[:, np.newaxis])

    return fill


FILLS: dict[str, Callable[..., Fill]] = {
    "sphere": sphere_rows,
    "gauss": gauss_rows,
    "rademacher": rademacher_rows,
    "sparse": sparse_rows,
    "tight": sylvester_rows,
    "antipodal": antipodal_rows,
}


def fill_of(family: str, n_features: int, n_hidden: int, seed: int, index: int, options: dict[str, object]) -> Fill:
    """The function that fills rows of one code; an option of another family is refused."""
    if family not in FILLS:
        raise InputError(
            f"rows of the family {family!r} cannot be made one by one; expected one of {', '.join(FILLS)}."
            " Use make_code, which makes all rows."
        )
    check_options(family, FILLS[family], options)
    return FILLS[family](n_features, n_hidden, seed, index, **options)


def _keys(family: str, seed: int, index: int) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    key = streams.stream_key(seed, index, f"code {family}")

    def keys(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second = streams.keys_at(key, 0, features)
        return first.astype(np.uint32), second.astype(np.uint32)

    return keys
