"""All pairs at once: how well a layer reads the AND of every pair of features, without a matrix of all of them."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_array, csr_array

from tegum.circuits.layer import NeuronLayer, Sparse
from tegum.circuits.supports import Supports, as_supports, support_matrix
from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate, mean_estimate, share_estimate

CASES = ("none on", "one on", "both on")
_INPUTS_AT_ONCE, _GROUPS = 256, 8


class PairErrors(NamedTuple):
    """Averages over all pairs, by the number of features of a pair that are on: none, one, both.

    Args:
        n: (3,), estimates that were looked at.
        mean: mean estimate in each case; the interval is over groups of inputs to this one layer.
        deviation: (3,), standard deviation of an estimate in each case, over pairs and inputs.
        wrong: share of estimates on the wrong side of the threshold, with the interval over groups of inputs.
        uncovered: share of pairs that no neuron sees both features of; they are left out of all else.
        mean_shared: neurons that see both features of a pair, on average.

    Example: see `pair_errors`.
    """

    n: np.ndarray
    mean: tuple[Estimate, ...]
    deviation: np.ndarray
    wrong: tuple[Estimate, ...]
    uncovered: Estimate
    mean_shared: float


def pair_errors(
    layer: NeuronLayer, supports: Supports, *, threshold: float = 0.5, n_threads: int | None = None
) -> PairErrors:
    """Estimated ANDs of all n (n - 1)/2 pairs, by averaging, for all the inputs.

    Memory is of the order of the incidence and of 256 rows of neurons; time of the number of inputs times the pairs
    of features that neurons which are on see.

    Args:
        layer: with a sparse incidence, and at least two features.
        supports: (n_inputs, widest), features that are on, filled up with -1; at least two inputs.
        threshold: estimates above it count as on.
        n_threads: threads; those of the machine if None. It does not change the result beyond rounding.

    Returns:
        The statistics of all three cases.

    Raises:
        InputError: a layer without incidence, fewer than two features or inputs, or what `as_supports` refuses.

    Example: 5000 neurons for the 19900 ANDs of 200 features.
        >>> from tegum.circuits.supports import random_supports
        >>> from tegum.circuits.uand import universal_and
        >>> errors = pair_errors(universal_and(200, 5000, 0.03), random_supports(200, 40, n_active=4))
        >>> [round(mean.best, 1) for mean in errors.mean], bool(errors.n.sum() > 700_000)
        ([0.0, 0.1, 1.1], True)
    """
    if layer.incidence is None:
        raise InputError("this layer has no incidence; averages of pairs need one: universal_and or targeted_ands")
    if layer.n_features < 2:
        raise InputError("the layer has one feature; a pair needs two.")
    checked = as_supports(supports, layer.n_features)
    if len(checked) < 2:
        raise InputError(f"supports must have at least two inputs, for an interval; got {len(checked)}.")
    threads = n_threads or os.cpu_count() or 1
    groups = np.array_split(checked, min(len(checked), max(_GROUPS, -(-len(checked) // _INPUTS_AT_ONCE))))
    incidence = _Incidence(layer.incidence)
    with ThreadPoolExecutor(threads) as pool:
        parts = [_group_sums(layer, incidence, group, threshold, pool, threads) for group in groups]
    sums, cover = np.array([part[0] for part in parts]), parts[0][1]
    n, total, squares, _ = sums.sum(axis=0).T
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(np.maximum(squares / n - (total / n) ** 2, 0.0))
    return PairErrors(
        n=n,
        mean=tuple(_over_groups(sums[:, case, 1], sums[:, case, 0], np.inf) for case in range(3)),
        deviation=deviation,
        wrong=tuple(_over_groups(sums[:, case, 3], sums[:, case, 0], 1.0) for case in range(3)),
        uncovered=share_estimate(round(cover[1]), round(cover[0])),
        mean_shared=float(cover[2] / cover[0]),
    )


class _Incidence:
    """Neurons by feature and features by neuron, with the place of each one of the first among the second."""

    def __init__(self, incidence: Sparse) -> None:
        columns = csc_array(incidence)
        columns.sort_indices()
        self.ends, self.features = columns.indptr.astype(np.uint64), columns.indices.astype(np.uint32)
        numbered = csc_array((np.arange(1, columns.nnz + 1), columns.indices, columns.indptr), shape=columns.shape)
        rows = csr_array(numbered)  # its numbers say where a neuron's features after this one begin
        self.by_feature = (rows.indptr.astype(np.int64), rows.data.astype(np.uint64), self.ends[rows.indices + 1])


def _group_sums(
    layer: NeuronLayer, incidence: _Incidence, group: Supports, threshold: float, pool: ThreadPoolExecutor, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sums over a group of inputs: (3, 4) by case, and (3,) about coverage."""
    from tegum.circuits.pairs_kernel import add_pairs, list_active

    x = support_matrix(group, layer.n_features)
    values, on = layer.neurons(x).astype(np.float32), x.toarray()
    n_listed = int(((values > 0) @ np.diff(incidence.ends.astype(np.int64))).sum())
    starts = np.empty((len(group), layer.n_features + 1), np.int64)
    active = (starts, np.empty(n_listed, np.uint64), np.empty(n_listed, np.uint64), np.empty(n_listed, np.float32))
    list_active(values, incidence.ends, incidence.features, *active)
    n = layer.n_features
    sums, cover = np.zeros((threads, 3, 4)), np.zeros((threads, 3))

    def work(t: int) -> None:
        room = tuple(np.zeros(n, np.float32) for _ in range(4))
        c = incidence
        add_pairs(
            t, threads, c.by_feature, c.features, threshold, active, group, on, room, sums[t],
            cover[t],
        )  # fmt: skip

    list(pool.map(work, range(threads)))
    return sums.sum(axis=0), cover.sum(axis=0)


def _over_groups(sums: np.ndarray, counts: np.ndarray, most: float) -> Estimate:
    """The mean over everything, between 0 and `most`, with an interval from groups of about the same size."""
    there = counts > 0
    if not there.any():
        return Estimate(low=0.0, best=0.0, high=most, n=0)
    best, spread = float(sums.sum() / counts.sum()), mean_estimate(sums[there] / counts[there])
    half = max(spread.high - spread.best, abs(spread.best - best))
    return Estimate(low=max(best - half, 0.0), best=best, high=min(best + half, most), n=int(there.sum()))
