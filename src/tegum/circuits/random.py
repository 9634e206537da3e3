"""Circuits drawn at random: gates over random, disjoint or all sets of signals, in one layer or several."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from tegum.circuits.circuit import Circuit
from tegum.circuits.gates import MOST_INPUTS
from tegum.ground import streams
from tegum.ground.errors import InputError

FUNCTIONS = ("and", "or", "xor", "maj")


def random_circuit(
    n_features: int,
    n_gates: int,
    *,
    n_layers: int = 1,
    n_inputs: int = 2,
    functions: Sequence[str] = ("and",),
    seed: int = 0,
) -> Circuit:
    """Gates over random sets of signals of the layer before; no two gates of a layer read the same set.

    Args:
        n_features: number of features.
        n_gates: number of gates in each layer.
        n_layers: number of layers of gates.
        n_inputs: number of signals that each gate reads, 1 to 6.
        functions: among "and", "or", "xor" and "maj"; each gate is one of these, drawn with equal probability.
        seed: makes the draw repeatable.

    Returns:
        The circuit; its outputs are the gates that no gate reads.

    Raises:
        InputError: more gates than there are sets of signals, or an unknown function.

    Example: with as many ORs as ANDs, as much is on in the last layer as in the first.
        >>> random_circuit(20, 30, n_layers=4, functions=("and", "or"))
        Circuit(20 features, 120 gates in 4 layers, 41 outputs)
    """
    if min(n_features, n_gates, n_layers) < 1:
        raise InputError(
            f"n_features, n_gates and n_layers must be at least 1; got {n_features}, {n_gates} and {n_layers}."
        )
    rng = streams.generator(seed, 0, "circuit")
    layers, first, width = [], 0, n_features
    for _ in range(n_layers):
        layers.append(first + _distinct_sets(rng, width, n_inputs, n_gates))
        first, width = first + width, n_gates
    tables = np.array([_table(function, n_inputs) for function in functions], np.uint64)
    if not len(tables):
        raise InputError(f"functions must name at least one of {', '.join(FUNCTIONS)}; got none.")
    return _of_sets(n_features, np.concatenate(layers), rng.choice(tables, n_gates * n_layers))


def disjoint_pairs(n_features: int, n_gates: int | None = None, *, function: str = "and", seed: int = 0) -> Circuit:
    """Gates over random pairs of features, each feature in one pair at most.

    Args:
        n_features: number of features.
        n_gates: number of pairs; as many as there can be if None.
        function: "and", "or" or "xor".
        seed: makes the draw repeatable.

    Returns:
        A circuit of one layer.

    Raises:
        InputError: more pairs than n_features / 2, or an unknown function.

    Example:
        >>> disjoint_pairs(9)
        Circuit(9 features, 4 gates in 1 layer, 4 outputs)
    """
    count = n_features // 2 if n_gates is None else n_gates
    if not 1 <= count <= n_features // 2:
        raise InputError(
            f"{n_features} features have at most {n_features // 2} disjoint pairs; asked for {count}. Pass fewer gates,"
            " or more features."
        )
    shuffled = streams.generator(seed, 0, "circuit").permutation(n_features)[: 2 * count]
    return _of_sets(n_features, np.sort(shuffled.reshape(-1, 2), axis=1), np.full(count, _table(function, 2)))


def all_pairs(n_features: int, *, function: str = "and") -> Circuit:
    """A gate over each pair of features: the universal AND, if it is one.

    Args:
        n_features: number of features n; there are n (n - 1) / 2 gates, which take some 200 bytes each.
        function: "and", "or" or "xor".

    Returns:
        A circuit of one layer, pairs in lexical order.

    Raises:
        InputError: fewer than 2 features, or an unknown function.

    Example:
        >>> all_pairs(200)
        Circuit(200 features, 19900 gates in 1 layer, 19900 outputs)
    """
    if n_features < 2:
        raise InputError(f"a pair needs at least 2 features; got n_features = {n_features}.")
    pairs = np.stack(np.triu_indices(n_features, 1), axis=1)
    return _of_sets(n_features, pairs, np.full(len(pairs), _table(function, 2)))


def _of_sets(n_features: int, sets: np.ndarray, tables: np.ndarray) -> Circuit:
    offsets = np.arange(len(sets) + 1) * sets.shape[1]
    return Circuit.from_arrays(n_features, offsets=offsets, inputs=sets.ravel(), tables=tables)


def _table(function: str, n_inputs: int) -> int:
    needed = {"and": n_inputs, "or": 1, "maj": n_inputs // 2 + 1, "xor": 0}
    if function not in needed:
        raise InputError(f"unknown function {function!r}; the functions are {', '.join(FUNCTIONS)}.")
    counts = ((row, row.bit_count()) for row in range(1 << n_inputs))
    return sum(1 << row for row, on in counts if (on % 2 if function == "xor" else on >= needed[function]))


def _distinct_sets(rng: np.random.Generator, n: int, size: int, count: int) -> np.ndarray:
    """So many different random sets of signals 0 .. n - 1, ascending, (count, size)."""
    there = math.comb(n, size) if 1 <= size <= MOST_INPUTS else 0
    if count > there:
        raise InputError(
            f"{n} signals have {there} sets of {size}, and a gate reads 1 to {MOST_INPUTS}; asked for {count} gates"
            " over different sets. Pass fewer gates, or more features."
        )
    if 4 * count > there:  # few sets are left over: list them all
        every = np.fromiter(itertools.chain.from_iterable(itertools.combinations(range(n), size)), np.int64)
        return every.reshape(-1, size)[rng.choice(there, count, replace=False)]
    found = np.empty((0, size), np.int64)
    while len(found) < count:
        drawn = np.sort(rng.integers(0, n, (2 * count, size)), axis=1)
        drawn = drawn[(np.diff(drawn, axis=1) > 0).all(axis=1)]
        together = np.concatenate([found, drawn])
        _, where = np.unique(together, axis=0, return_index=True)
        found = together[np.sort(where)]
    return found[:count]
