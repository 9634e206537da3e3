"""What is measured of ANDs of ANDs: noise that a layer hands on, layers in a row, and gates of three or more.

The layers in a row compute the same circuit: features come in triples, and each triple (a, b, c) becomes the triple
(a & b, b & c, c & a). So as many features are on in every layer, and what should be on is known.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import xarray as xr

from tegum.circuits.readoffs import averaging, boolean_function, mobius
from tegum.circuits.uand import random_incidence, universal_and
from tegum.experiments.circuit_trials import incidence
from tegum.experiments.code_trials import active_sets
from tegum.ground.streams import generator
from tegum.theory.and_design import coverage_probability

RULES = ("plain average", "second difference", "average, saturated")
_GATES = {"XOR": (2, 0b0110), "XOR of three": (3, 0b1001_0110), "majority of three": (3, 0b1110_1000)}
"""Number of inputs and truth table; bit r is the value in row r."""


def handed_on(
    n: int, m: int, k: int, q: float, next_q: float, n_gates: Sequence[int], *, layers: int, inputs: int, seed: int
) -> xr.Dataset:
    """Noise of T random pairs with none on, and of neurons of a second layer that read each of them with chance q2.

    By (n_gates, layer): `variance` of the estimates, `per_neuron`, the mean of their squared deviations times the
    number of neurons behind each, and `next`, the variance of what a neuron of the second layer reads of such pairs.
    """
    found = np.empty((3, len(n_gates), layers))
    first, second = np.triu_indices(n, 1)
    for layer in range(layers):
        made = universal_and(n, m, q, seed=seed, index=layer)
        rng = generator(seed, layer, f"handed on {n} {m} {k} {q!r}")
        sets = active_sets(n, k, inputs, rng)
        x = np.zeros((inputs, n))
        np.put_along_axis(x, sets, 1, axis=1)
        for row, count in enumerate(n_gates):
            chosen = rng.choice(len(first), count, replace=False)
            gates = np.stack([first[chosen], second[chosen]], axis=1)
            read_off = averaging(made, gates)
            estimate = made.reading(read_off).estimates(x)
            neurons = np.asarray((read_off.R > 0).sum(axis=0)).ravel()
            off = (x[:, gates].sum(axis=2) == 0) & np.isfinite(estimate)
            error = np.where(off, estimate - estimate[off].mean(), 0.0)
            wires = rng.random((count, 500)) < next_q
            found[:, row, layer] = (
                error[off].var(),
                (np.square(error) * neurons)[off].mean(),
                np.square(error @ wires).mean(),
            )
    names = ("variance", "per_neuron", "next")
    columns = {name: (("n_gates", "layer"), each) for name, each in zip(names, found, strict=True)}
    attrs = {"n_features": n, "n_neurons": m, "n_active": k, "connection_probability": q, "next_probability": next_q}
    return xr.Dataset(columns, {"n_gates": list(n_gates)}, attrs)


def in_a_row(n: int, m: int, k: int, q: float, *, depth: int, runs: int, inputs: int, seed: int) -> xr.Dataset:
    """Wrong features per input, on the wrong side of 1/2, by (rule, run, depth); every layer has neurons of its own."""
    turned = np.arange(n).reshape(-1, 3)[:, [1, 2, 0]].ravel()  # gate i reads feature i and its neighbour in the triple
    wrong = np.empty((len(RULES), runs, depth))
    for run in range(runs):
        triples = active_sets(n // 3, k // 3, inputs, generator(seed, run, f"in a row {n} {m} {k}"))
        truth = np.zeros((inputs, n // 3), np.float32)
        np.put_along_axis(truth, triples, 1, axis=1)
        truth = np.repeat(truth, 3, axis=1)
        values = [truth] * len(RULES)
        for layer in range(depth):
            M = incidence(n, m, q, seed=seed, index=run * depth + layer)
            values = next_values(M, turned, values, k, q)
            wrong[:, run, layer] = [((each > 0.5) != truth).sum() / inputs for each in values]
    coords = {"rule": list(RULES), "depth": range(1, depth + 1)}
    attrs = {"n_features": n, "n_neurons": m, "n_active": k, "connection_probability": q}
    return xr.Dataset({"wrong": (("rule", "run", "depth"), wrong)}, coords, attrs)


def next_values(M: np.ndarray, turned: np.ndarray, values: list[np.ndarray], k: int, q: float) -> list[np.ndarray]:
    """What each rule makes of its own values of the layer before; values beyond 1e6 are kept there."""
    both = M * M[turned]
    number = np.maximum(both.sum(axis=1), 1)
    one, m = M.sum(axis=1), M.shape[1]
    made = []
    for rule, x in zip(RULES, values, strict=True):
        y = np.maximum(x @ M - 1, 0)
        joint = y @ both.T
        estimate = joint / number
        if rule == "second difference":
            each = y @ M.T
            pair = ((each, one), (each[:, turned], one[turned]))
            first, second = ((total - joint) / np.maximum(size - number, 1) for total, size in pair)
            rest = y.sum(axis=1, keepdims=True) - each - each[:, turned] + joint
            outside = np.maximum(m - one - one[turned] + number, 1)
            estimate = (estimate - first - second + rest / outside) / (1 - q) ** (k - 2)
        elif rule == "average, saturated":
            estimate = np.clip(4 * estimate - 1.5, 0, 1)  # flat below 3/8 and above 5/8
        made.append(np.clip(estimate, -1e6, 1e6))
    return made


def triples(m: int, k: int, q: float, *, layers: int, seed: int) -> xr.Dataset:
    """Two read-offs of the AND of three features over (layer, n_on), one triple in each layer.

    `plain` is the sum of the means over neurons that read exactly two of the three, less that over those that read all
    three; `corrected` has all classes and the factor (1 - q)^-(k - 3).
    """
    kinds = np.arange(8)
    size = np.array([kind.bit_count() for kind in kinds.tolist()])
    sign = np.where(size % 2 == 0, 1.0, -1.0)
    found = np.full((2, layers, 4), np.nan)
    for layer in range(layers):
        rng = generator(seed, layer, f"triples {m} {k} {q!r}")
        columns = random_incidence(rng, k + 3, m, q).toarray().astype(np.uint8)
        kind = columns[0] + 2 * columns[1] + 4 * columns[2]
        number = np.bincount(kind, minlength=8)
        others = columns[3:].cumsum(axis=0, dtype=np.uint8)
        for on in range(4):
            active = columns[:on].sum(axis=0, dtype=np.uint8) + (others[k - on - 1] if k > on else 0)
            total = np.bincount(kind, np.maximum(active, 1) - 1, minlength=8)
            means = np.divide(total, number, out=np.full(8, np.nan), where=number > 0)
            found[:, layer, on] = (sign * means)[size >= 2].sum(), (sign * means).sum() / (1 - q) ** (k - 3)
    columns = {name: (("layer", "n_on"), each) for name, each in zip(("plain", "corrected"), found, strict=True)}
    attrs = {"n_neurons": m, "n_active": k, "connection_probability": q}
    return xr.Dataset(columns, {"n_on": range(4)}, attrs)


def exact_gates(most_inputs: int, *, seed: int) -> xr.Dataset:
    """Largest deviation of Möbius read-offs over all inputs: ANDs of r features by `order`, and three `gate`s."""
    ands = []
    for r in range(2, most_inputs + 1):
        layer, gates = universal_and(r, 4000, 0.5, seed=seed), [list(range(r))]
        x = _all_inputs(r)
        estimate = layer.reading(mobius(layer, gates)).estimates(x)[:, 0]
        ands.append(np.abs(estimate - x.all(axis=1)).max())
    others = []
    for r, table in _GATES.values():
        layer = universal_and(r, 400, 0.5, seed=seed)
        estimate = layer.reading(boolean_function(layer, [list(range(r))], table)).estimates(_all_inputs(r))[:, 0]
        others.append(np.abs(estimate - (table >> np.arange(2**r) & 1)).max())
    columns = {"and_deviation": ("order", ands), "gate_deviation": ("gate", others)}
    return xr.Dataset(columns, {"order": range(2, most_inputs + 1), "gate": list(_GATES)})


def _all_inputs(r: int) -> np.ndarray:
    return ((np.arange(2**r)[:, np.newaxis] >> np.arange(r)) & 1).astype(float)


def set_coverage(n: int, m: int, q: float, orders: Sequence[int], *, sets: int, layers: int, seed: int) -> xr.Dataset:
    """Share of sets of r features that some neuron reads all of, by (order, layer), over random sets or all of them."""
    covered = np.empty((len(orders), layers))
    tried = np.empty(len(orders), int)
    for layer in range(layers):
        bits = np.packbits(incidence(n, m, q, seed=seed, index=layer) > 0, axis=1)
        rng = generator(seed, layer, f"set coverage {n} {m} {q!r}")
        for row, r in enumerate(orders):
            everything = np.array(list(itertools.combinations(range(n), 2))) if r == 2 else None
            chosen = active_sets(n, r, sets, rng) if everything is None else everything
            tried[row], hits = len(chosen), 0
            for part in np.array_split(chosen, max(1, len(chosen) // 500)):
                hits += int(np.bitwise_and.reduce(bits[part], axis=1).any(axis=1).sum())
            covered[row, layer] = hits / len(chosen)
    expected = [float(coverage_probability(m, q, r)) for r in orders]
    columns = {"covered": (("order", "layer"), covered), "expected": ("order", expected), "tried": ("order", tried)}
    return xr.Dataset(columns, {"order": list(orders)}, {"n_features": n, "n_neurons": m, "connection_probability": q})
