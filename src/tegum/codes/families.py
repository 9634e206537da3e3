"""The table of families of directions, and the one function that makes a code of any of them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr

from tegum.codes.checks import check_options, check_sizes, half_of
from tegum.codes.equiangular import equiangular_rows
from tegum.codes.given import learned_code, load_code
from tegum.codes.optimised import optimised_rows
from tegum.codes.rows import fill_of
from tegum.codes.tight import tight_rows
from tegum.ground.errors import InputError, ShapeError


@dataclass(frozen=True, kw_only=True)
class CodeFamily:
    """Facts about one family of codes.

    Args:
        name: as `make_code` takes it.
        description: what the rows are, and the options.
        lengths: of the rows: "exactly 1", "1 on average" (the mean of the squared length is 1), or "any".
        random: whether codes of different seeds and numbers differ.
        by_row: whether `ImplicitCode` can make the rows one by one.
        sizes: for which n_features n and n_hidden m there are codes.
        source: where the family comes from.
        make: from (n_features, n_hidden, seed, index, options) to the matrix.
    """

    name: str
    description: str
    lengths: Literal["exactly 1", "1 on average", "any"]
    random: bool
    by_row: bool
    sizes: str
    source: str
    make: Callable[..., np.ndarray]


def make_code(
    family: str, n_features: int, n_hidden: int, *, seed: int = 0, index: int = 0, **options: Any
) -> np.ndarray:
    """Directions of features, from one of the families of `CODES`.

    Args:
        family: name of the family.
        n_features: number of rows n.
        n_hidden: dimension m.
        seed: of all codes of a study.
        index: number of the code, at least 0. Code 7 is the same whether or not codes 0 to 6 are made. For learned
            codes it counts models by loss, for files it counts matrices.
        options: of the family. sparse: `n_ones` (about √m if left out). tight: `method` ("auto", "hadamard",
            "projection"). antipodal: `base`, a family, and its options. optimised: `one_sided`, `n_starts`. learned:
            `dataset`, `unit`. file: `path`, `name`, `unit`.

    Returns:
        (n_features, n_hidden), float64, a row per feature. Lengths of rows are stated in `CODES`.

    Raises:
        InputError: an unknown family or option, or a size for which the family has no code.
        ShapeError: a learned code or one from a file has another size.
        FileError: the file is missing or damaged.

    Example:
        >>> W = make_code("etf", 6, 3)
        >>> np.unique(np.abs(W @ W.T).round(4))
        array([0.4472, 1.    ])
        >>> bool((make_code("antipodal", 8, 3, base="sphere")[:4] == make_code("sphere", 4, 3)).all())
        True

    Source:
        As stated for each family in `CODES`.
    """
    if family not in CODES:
        raise InputError(f"there is no family of codes {family!r}; expected one of {', '.join(CODES)}.")
    check_sizes(n_features, n_hidden, seed, index)
    make = CODES[family].make
    check_options(family, make, options)
    W = make(n_features, n_hidden, seed, index, **options)
    if W.shape != (n_features, n_hidden):
        raise ShapeError(
            f"the code has {W.shape[0]} features in {W.shape[1]} dimensions, expected {n_features} in {n_hidden}."
            f" Ask for its own size: make_code({family!r}, {W.shape[0]}, {W.shape[1]}, ...)."
        )
    return W


def _rows(family: str) -> Callable[..., np.ndarray]:
    """All rows of a family whose rows are made one by one; its options are checked there."""

    def make(n_features: int, n_hidden: int, seed: int, index: int, **options: Any) -> np.ndarray:
        W = np.empty((n_features, n_hidden))
        fill_of(family, n_features, n_hidden, seed, index, options)(np.arange(n_features), W)
        return W

    return make


def _orthonormal(n_features: int, n_hidden: int, seed: int, index: int) -> np.ndarray:
    if n_features > n_hidden:
        raise InputError(
            f"at most n_hidden = {n_hidden} features can be orthonormal; got {n_features}. Take 'tight', which has the"
            " least mean interference, or 'antipodal' with base='orthonormal'."
        )
    return np.eye(n_features, n_hidden)


def _antipodal(
    n_features: int, n_hidden: int, seed: int, index: int, base: str = "sphere", **options: Any
) -> np.ndarray:
    W = make_code(base, half_of(n_features), n_hidden, seed=seed, index=index, **options)
    return np.concatenate([W, -W])


def _learned(
    n_features: int, n_hidden: int, seed: int, index: int, dataset: xr.Dataset, unit: bool = False
) -> np.ndarray:
    return learned_code(dataset, index=index, unit=unit)


def _file(
    n_features: int,
    n_hidden: int,
    seed: int,
    index: int,
    path: str | os.PathLike[str],
    name: str | None = None,
    unit: bool = False,
) -> np.ndarray:
    return load_code(path, name=name, index=index, unit=unit)


CODES: dict[str, CodeFamily] = {
    entry.name: entry
    for entry in (
        CodeFamily(
            name="sphere",
            description="independent directions, uniform on the unit sphere",
            lengths="exactly 1",
            random=True,
            by_row=True,
            sizes="all",
            source="Cai and Jiang 2012, Phase transition in limiting distributions of coherence",
            make=_rows("sphere"),
        ),
        CodeFamily(
            name="gauss",
            description="independent entries N(0, 1/m); squared lengths have variance 2/m",
            lengths="1 on average",
            random=True,
            by_row=True,
            sizes="all",
            source="Donoho and Tanner 2009, Observed universality of phase transitions",
            make=_rows("gauss"),
        ),
        CodeFamily(
            name="rademacher",
            description="independent entries ±1/√m",
            lengths="exactly 1",
            random=True,
            by_row=True,
            sizes="all; for small m rows are often equal or opposite",
            source="Achlioptas 2003, Database-friendly random projections",
            make=_rows("rademacher"),
        ),
        CodeFamily(
            name="sparse",
            description="s = n_ones entries 1/√s at random places, zeros elsewhere; cosines are s/m on average, never"
            " negative",
            lengths="exactly 1",
            random=True,
            by_row=True,
            sizes="all; with few choices of places rows are often equal",
            source="Kanerva 1988, Sparse Distributed Memory",
            make=_rows("sparse"),
        ),
        CodeFamily(
            name="tight",
            description="a tight frame, Wᵀ W = (n/m) 1, which has the least mean squared cosine: random columns of a"
            " Hadamard matrix of order n over √m where there is one and m ≥ 2 log2 n, else the tight frame near to"
            " a sphere code",
            lengths="exactly 1",
            random=True,
            by_row=True,
            sizes="n ≥ m; by row: n a power of 2",
            source="Tropp, Dhillon, Heath and Strohmer 2005, Designing structured tight frames",
            make=tight_rows,
        ),
        CodeFamily(
            name="etf",
            description="an equiangular tight frame: all absolute cosines equal Welch's bound",
            lengths="exactly 1",
            random=False,
            by_row=False,
            sizes="those of equiangular_sizes(m)",
            source="Fickus and Mixon 2015, Tables of the existence of equiangular tight frames",
            make=equiangular_rows,
        ),
        CodeFamily(
            name="antipodal",
            description="a code of n/2 rows of the family `base` (sphere), then the negatives: row i + n/2 is -row i",
            lengths="any",
            random=True,
            by_row=True,
            sizes="n even, n/2 and m as the base has them",
            source="Elhage et al. 2022, Toy Models of Superposition, The Geometry of Superposition",
            make=_antipodal,
        ),
        CodeFamily(
            name="orthonormal",
            description="basis vectors: no interference, no superposition",
            lengths="exactly 1",
            random=False,
            by_row=False,
            sizes="n ≤ m",
            source="Elhage et al. 2022, Toy Models of Superposition",
            make=_orthonormal,
        ),
        CodeFamily(
            name="optimised",
            description="a local minimum of the largest absolute cosine, or with one_sided of the largest cosine; the"
            " best of n_starts descents from sphere codes",
            lengths="exactly 1",
            random=True,
            by_row=False,
            sizes="all; time grows as n² m: 2 s for 100 in 20",
            source="Conway, Hardin and Sloane 1996, Packing lines, planes, etc.",
            make=optimised_rows,
        ),
        CodeFamily(
            name="learned",
            description="W of the lowest-loss model of a trained `dataset`; index 1 is the next one",
            lengths="any",
            random=False,
            by_row=False,
            sizes="that of the dataset",
            source="Elhage et al. 2022, Toy Models of Superposition",
            make=_learned,
        ),
        CodeFamily(
            name="file",
            description="a matrix read from `path`: safetensors, npy or npz",
            lengths="any",
            random=False,
            by_row=False,
            sizes="that of the file",
            source="the file",
            make=_file,
        ),
    )
}
"""Every family by name."""
