"""Sparse inputs: which features are on in each sample, as rows of feature numbers filled up with -1."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from jaxtyping import Int64

from tegum.ground import streams
from tegum.ground.arrays import ArrayLike, PerFeature
from tegum.ground.errors import InputError, ShapeError
from tegum.theory.inputs import as_probability

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Supports: TypeAlias = Int64[np.ndarray, "n_samples widest"]


def as_supports(supports: np.ndarray | Sequence[Sequence[int]], n_features: int) -> Supports:
    """The caller's sparse inputs, checked.

    Args:
        supports: (n_samples, widest) numbers of the features that are on, each row filled up with -1; or rows of
            different lengths.
        n_features: number of features.

    Returns:
        (n_samples, widest), int64.

    Raises:
        InputError: not whole numbers, a feature that is not there, or twice in a row.
        ShapeError: not rows.

    Example:
        >>> as_supports([[2, 0], [], [1]], 3)
        array([[ 2,  0],
               [-1, -1],
               [ 1, -1]])
    """
    rows = supports if isinstance(supports, np.ndarray) else _padded(supports)
    if rows.ndim != 2:
        raise ShapeError(f"supports has shape {rows.shape}, expected (n_samples, widest); for one sample pass [row].")
    if rows.dtype.kind not in "iu":
        raise InputError(
            f"supports has dtype {rows.dtype}, expected numbers of features; of a dense x pass"
            " [np.flatnonzero(row) for row in x]."
        )
    rows = rows.astype(np.int64, copy=False)
    outside = (rows < -1) | (rows >= n_features)
    if outside.any():
        sample, column = np.argwhere(outside)[0]
        raise InputError(
            f"supports must hold features 0 to {n_features - 1}, and -1 to fill up; got {rows[sample, column]} in"
            f" sample {sample}."
        )
    ordered = np.sort(rows, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        sample, column = np.argwhere(twice)[0]
        raise InputError(f"feature {ordered[sample, column]} is listed twice in sample {sample}; list it once.")
    return rows


def _padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    arrays = [np.atleast_1d(np.asarray(row)) for row in rows]
    widest = max((len(row) for row in arrays), default=0)
    kinds = {row.dtype.kind for row in arrays if len(row)}
    table = np.full((len(arrays), widest), -1, np.int64 if kinds <= {"i", "u"} else np.float64)
    for place, row in enumerate(arrays):
        table[place, : len(row)] = row
    return table


def support_matrix(supports: Supports, n_features: int) -> "csr_array":
    """Checked supports as a sparse matrix of ones, (n_samples, n_features), bytes.

    Example:
        >>> support_matrix(np.array([[2, 0], [1, -1]]), 3).toarray()
        array([[1, 0, 1],
               [0, 1, 0]], dtype=uint8)
    """
    from scipy.sparse import csr_array

    ordered = np.sort(supports, axis=1)
    there = ordered >= 0
    starts = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    features = ordered[there]
    return csr_array((np.ones(len(features), np.uint8), features, starts), shape=(len(supports), n_features))


def random_supports(
    n_features: int,
    n_samples: int,
    *,
    n_active: int | None = None,
    feature_probability: ArrayLike | None = None,
    seed: int = 0,
) -> Supports:
    """Random sparse inputs: exactly k features on, or each on with probability p.

    Args:
        n_features: number of features n.
        n_samples: number of inputs.
        n_active: number of features on in every input; or
        feature_probability: probability of each feature to be on, independently; a number or (n_features,).
        seed: makes the draw repeatable.

    Returns:
        (n_samples, widest) features that are on, filled up with -1.

    Raises:
        InputError: neither or both of k and p are given, or out of range.

    Example:
        >>> random_supports(1000, 3, n_active=2, seed=1).shape
        (3, 2)
    """
    if n_samples < 0:
        raise InputError(f"n_samples must be at least 0; got {n_samples}.")
    p = probabilities(n_features, n_active, feature_probability)
    rng = streams.generator(seed, 0, "supports")
    if n_active is not None:
        return _sets(rng, n_features, np.full(n_samples, n_active))
    # Each as often as the most frequent one, and then some of them thinned out.
    most = float(p.max())
    rows = _sets(rng, n_features, rng.binomial(n_features, most, n_samples))
    return rows if (p == most).all() else np.where(rng.random(rows.shape) * most < p[rows], rows, -1)


def probabilities(n_features: int, n_active: int | None, feature_probability: ArrayLike | None) -> PerFeature:
    """How likely each feature is on, from k = n_active or p = feature_probability, exactly one of which is given.

    Returns:
        (n_features,).

    Raises:
        InputError: neither or both are given, or out of range.

    Example:
        >>> probabilities(4, 1, None)
        array([0.25, 0.25, 0.25, 0.25])
    """
    if (n_active is None) == (feature_probability is None):
        got = "neither" if n_active is None else "both"
        raise InputError(
            "pass how many features are on, n_active=k, or how likely each of them is, feature_probability=p; got"
            f" {got}."
        )
    if n_active is not None:
        if not (isinstance(n_active, int | np.integer) and 0 <= n_active <= n_features):
            raise InputError(f"n_active must be a whole number from 0 to n_features = {n_features}; got {n_active}.")
        return np.full(n_features, n_active / n_features)
    p = as_probability(feature_probability if feature_probability is not None else 0.0)
    if p.shape not in ((), (n_features,)):
        raise ShapeError(
            f"feature_probability has shape {p.shape}, expected one number, or (n_features={n_features},)."
        )
    return np.broadcast_to(p, (n_features,))


def _sets(rng: np.random.Generator, n: int, sizes: np.ndarray) -> Supports:
    """A random set of features for each size, all sets of that size alike.

    Floyd's algorithm for all samples side by side: the j-th draw is uniform up to the limit n - size + j, and a draw
    that is there already is replaced by the limit itself (Bentley and Floyd 1987).
    """
    widest = int(sizes.max(initial=0))
    rows = np.full((len(sizes), widest), -1, np.int64)
    for j in range(widest):
        limit = n - sizes + j
        wanted = sizes > j
        draw = rng.integers(0, np.where(wanted, limit, 0) + 1)
        there = (rows[:, :j] == draw[:, np.newaxis]).any(axis=1)
        rows[:, j] = np.where(wanted, np.where(there, limit, draw), -1)
    return rows
