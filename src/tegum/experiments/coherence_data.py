"""What is measured of the overlaps of codes, for the experiment on coherence."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from tegum.codes import ImplicitCode
from tegum.experiments.code_trials import Family, code
from tegum.geometry import unit_rows
from tegum.ground.streams import generator
from tegum.problem import Problem, TrainSettings
from tegum.theory import expected_coherence, overlap_tail
from tegum.theory.overlap_law import log_overlap_tail
from tegum.training import train

_MOST_DRAWN = 2**32  # more directions than memory holds
_BLOCK = 1024  # rows whose overlaps with all others are looked at together

Size = tuple[int, int]


class Overlaps(NamedTuple):
    """Of all pairs of different directions: the largest absolute overlap, the largest, and means of powers."""

    largest: float
    largest_signed: float
    first: float
    second: float
    fourth: float


def overlaps(W: np.ndarray) -> Overlaps:
    """Extremes and moments of W_i · W_j over i ≠ j, without holding all of them at once."""
    n = len(W)
    largest, least, sums = -1.0, 1.0, np.zeros(3)
    for start in range(0, n, _BLOCK):
        G = W[start : start + _BLOCK] @ W[start:].T  # below the diagonal the same pairs appear again
        own = np.tril_indices(len(G))
        G[own] = 0.0
        square = np.square(G)
        sums += (G.sum(dtype=float), square.sum(dtype=float), np.vdot(square, square))
        G[own] = G[0, -1]  # any pair: it changes no extreme
        if start < n - 1:
            largest, least = max(largest, float(G.max())), min(least, float(G.min()))
    pairs = n * (n - 1) / 2
    return Overlaps(max(largest, -least), largest, *(sums / pairs).tolist())


def largest_and_typical(
    sizes: Sequence[Size], families: Sequence[Family], *, codes: int, seed: int, dtype: type = np.float32
) -> xr.Dataset:
    """Largest overlap and mean square of each family at each size, over (size, family, code); NaN where none exists."""
    found = np.full((3, len(sizes), len(families), codes), np.nan)
    for (s, (n, m)), (f, family) in itertools.product(enumerate(sizes), enumerate(families)):
        if (family == "tight" and n < m) or (family == "antipodal" and n % 2):
            continue
        for index in range(codes):
            all_pairs = overlaps(code(family, n, m, seed=seed, index=index, dtype=dtype))
            found[:, s, f, index] = all_pairs.largest, all_pairs.largest_signed, all_pairs.second
    return _over_sizes(sizes, families, found)


def learned(sizes: Sequence[Size], training: TrainSettings, *, codes: int, seed: int) -> xr.Dataset:
    """The same of trained toy models, directions brought to length 1; features that were ignored have none."""
    found = np.empty((3, len(sizes), 1, codes))
    for s, (n, m) in enumerate(sizes):
        problem = Problem(n_features=n, n_hidden=m, feature_probability=min(0.05, 4 / n), magnitude="boolean")
        for index, W in enumerate(train(problem, training, n_models=codes, seed=seed)["W"].values.astype(float)):
            all_pairs = overlaps(unit_rows(W))
            found[:, s, 0, index] = all_pairs.largest, all_pairs.largest_signed, all_pairs.second
    return _over_sizes(sizes, ["learned"], found)


def _over_sizes(sizes: Sequence[Size], families: Sequence[str], found: np.ndarray) -> xr.Dataset:
    dims = ("size", "family", "code")
    n, m = np.array(sizes).T
    return xr.Dataset(
        {
            "largest": (dims, found[0]),
            "largest_signed": (dims, found[1]),
            "mean_square": (dims, found[2]),
            "predicted": ("size", expected_coherence(n, m)),
        },
        {"family": list(families), "n_features": ("size", n), "n_hidden": ("size", m)},
    )


def moments(
    n_features: Sequence[int], n_hidden: Sequence[int], families: Sequence[Family], *, pairs: int, codes: int, seed: int
) -> xr.Dataset:
    """Moments of the overlap by family, n and m. Small codes are drawn until there are so many pairs, NaN after."""
    numbers = [max(codes, math.ceil(2 * pairs / (n * (n - 1)))) for n in n_features]
    found = np.full((3, len(families), len(n_features), len(n_hidden), max(numbers)), np.nan)
    cells = itertools.product(enumerate(families), enumerate(n_features), enumerate(n_hidden))
    for (f, family), (a, n), (b, m) in cells:
        for index in range(numbers[a]):
            found[:, f, a, b, index] = overlaps(code(family, n, m, seed=seed, index=index))[2:]
    dims = ("family", "n_features", "n_hidden", "code")
    return xr.Dataset(
        {name: (dims, values) for name, values in zip(("first", "second", "fourth"), found, strict=True)},
        {"family": list(families), "n_features": list(n_features), "n_hidden": list(n_hidden)},
    )


def many_pairs(n_features: Sequence[int], m: int, *, block: int, blocks: int, seed: int) -> xr.Dataset:
    """Mean squared overlap within blocks of directions, from as many codes of n features as hold so many blocks.

    Directions of a code do not depend on each other, so its blocks are independent units, and a large code need not be
    drawn to its end.
    """
    found = np.empty((len(n_features), blocks))
    for row, n in enumerate(n_features):
        in_a_code = n // block
        for number in range(blocks):
            drawn = _own_code(n, m, seed=seed, index=number // in_a_code)
            first = number % in_a_code * block
            found[row, number] = overlaps(drawn.rows(np.arange(first, first + block), dtype="f4")).second
    return xr.Dataset(
        {"mean_square": (("n_features", "block"), found)}, {"n_features": list(n_features)}, {"n_hidden": m}
    )


def _own_code(n: int, m: int, *, seed: int, index: int) -> ImplicitCode:
    """A sphere code that shares nothing with those of other sizes; with one seed for all, its rows would be theirs."""
    own_seed = int(generator(seed, index, f"code of {n} in {m}").integers(2**32))
    return ImplicitCode("sphere", n, m, seed=own_seed)


def shares_within(cases: Sequence[tuple[int, int, float, int]], *, seed: int) -> xr.Dataset:
    """Random codes whose overlaps all stay within a limit: for each (n, m, limit, number of codes), how many do."""
    hits = [
        sum(overlaps(code("sphere", n, m, seed=seed, index=index)).largest <= limit for index in range(codes))
        for n, m, limit, codes in cases
    ]
    n, m, limit, codes = (np.array(column) for column in zip(*cases, strict=True))
    columns = {"n_features": n, "n_hidden": m, "limit": limit, "codes": codes, "hits": np.array(hits)}
    return xr.Dataset({name: ("case", column) for name, column in columns.items()})


def pairs_within(n: int, m: int, limit: float, pairs: int, seed: int) -> xr.Dataset:
    """How many of so many independent pairs of directions have an overlap within the limit."""
    drawn = _own_code(2 * pairs, m, seed=seed, index=0)
    a, b = (drawn.rows(np.arange(first, first + pairs), dtype="f4") for first in (0, pairs))
    hits = int((np.abs(np.einsum("ij,ij->i", a, b)) <= limit).sum())
    return xr.Dataset({"hits": hits, "pairs": pairs, "n_features": n, "n_hidden": m, "limit": limit})


def almost_orthogonal(n_hidden: Sequence[int], largest: float, *, codes: int, seed: int) -> xr.Dataset:
    """How many random directions can be drawn, one after the other, before two of them come closer than a cosine.

    The first n of them are a random code of n features, so these numbers give the share of good codes for every n.
    """
    found = np.empty((len(n_hidden), codes), int)
    for (row, m), index in itertools.product(enumerate(n_hidden), range(codes)):
        found[row, index] = _first_conflict(largest, _own_code(_MOST_DRAWN, m, seed=seed, index=index))
    return xr.Dataset({"n_features": (("n_hidden", "code"), found)}, {"n_hidden": list(n_hidden)}, {"largest": largest})


def _first_conflict(largest: float, drawn: ImplicitCode) -> int:
    W = np.empty((0, drawn.n_hidden), np.float32)
    while True:
        new = drawn.rows(np.arange(len(W), len(W) + max(64, len(W) // 2)), dtype="f4")
        W = np.concatenate([W, new])
        close = np.abs(new @ W.T) > largest
        close &= np.arange(len(W)) < np.arange(len(W) - len(new), len(W))[:, np.newaxis]
        conflicts = np.flatnonzero(close.any(axis=1))
        if conflicts.size:
            return len(W) - len(new) + int(conflicts[0])


def tails(n_hidden: Sequence[int], sizes: Sequence[Size], points: int) -> xr.Dataset:
    """Exact tail of one pair against exp(-m u²/2), and the expected number of pairs beyond √(4 ln n/m).

    `excess` is the largest of ln P(|t| ≥ u) + m u²/2: above 0 the bound would fail.
    """
    u = np.linspace(0, 1, points, endpoint=False)
    excess = [float((log_overlap_tail(u, m) + m * u**2 / 2).max()) for m in n_hidden]
    n, m = np.array(sizes, float).T
    expected = n * (n - 1) / 2 * overlap_tail(np.sqrt(4 * np.log(n) / m), m)
    return xr.Dataset(
        {"excess": ("n_hidden", excess), "expected_pairs": ("size", expected)},
        {"n_hidden": list(n_hidden), "n_features": ("size", n), "m": ("size", m)},
    )


def conversions(epsilon: float) -> xr.Dataset:
    """Largest cosine of two formerly orthogonal unit vectors, over all signs of the extreme errors, divided by ε.

    The errors are those of e_i, e_j and e_i - e_j; "sums" also keeps e_i + e_j, and gives the inner product.
    """
    found: dict[str, float] = dict.fromkeys(("length", "relative_length", "squared_length", "sums"), 0.0)
    lengths = np.array([1.0, 1.0, np.sqrt(2)])
    for signs in itertools.product((-1, 1), repeat=3):
        errors = epsilon * np.array(signs)
        squares = {
            "length": (lengths + errors) ** 2,
            "relative_length": (lengths * (1 + errors)) ** 2,
            "squared_length": lengths**2 * (1 + errors),
        }
        for name, (a, b, difference) in squares.items():
            found[name] = max(found[name], abs(a + b - difference) / (2 * np.sqrt(a * b)) / epsilon)
        found["sums"] = max(found["sums"], abs(2 * (1 + errors[0]) - 2 * (1 + errors[1])) / 4 / epsilon)
    return xr.Dataset({"ratio": ("kept", list(found.values()))}, {"kept": list(found)}, {"epsilon": epsilon})
