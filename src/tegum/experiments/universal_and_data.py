"""What is measured of universal AND layers: cases, coverage, and read-offs of single pairs.

For the read-off of one pair only some columns of a layer matter: those of its two features and of the k that are on.
As neurons and columns are independent, a layer that is asked for one pair is drawn with these columns alone.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.stats import binom

from tegum.circuits.uand import random_incidence, universal_and
from tegum.experiments.circuit_trials import CASES, IDEAL, Pairs, incidence, pair_estimates
from tegum.ground.streams import generator

_CLASSES = 4  # of neurons, by what they read of a pair: neither, the second, the first, both
_SECOND_DIFFERENCE = np.array([1.0, -1.0, -1.0, 1.0])


def single_neurons(most_inputs: int, *, seed: int) -> xr.Dataset:
    """Deviation of a neuron from max(number on - 1, 0) over all its inputs; the largest output with one feature on."""
    deviation = []
    for r in range(1, most_inputs + 1):
        x = (np.arange(2**r)[:, np.newaxis] >> np.arange(r)) & 1
        y = universal_and(r, 1, 1.0, seed=seed).neurons(x)[:, 0]
        deviation.append(np.abs(y - np.maximum(x.sum(axis=1) - 1, 0)).max())
    single = universal_and(50, 500, 0.2, seed=seed).neurons(np.eye(50)).max()
    columns = {"deviation": ("n_inputs", deviation), "single": float(single)}
    return xr.Dataset(columns, {"n_inputs": range(1, most_inputs + 1)})


def histogram(n: int, m: int, k: int, q: float, *, layers: int, inputs: int, seed: int) -> xr.Dataset:
    """Estimates of all pairs in bins, by case, with the exact law: a binomial sum over a binomial number of neurons."""
    width, last = 0.05, 1.0 + 0.05 * np.ceil(20 * (1 + 4 * k * q))
    edges = np.arange(-width / 2, last, width)
    share = np.zeros((3, len(edges) - 1))
    for layer in range(layers):
        M = incidence(n, m, q, seed=seed, index=layer)
        rng = generator(seed, layer, f"histogram {n} {m} {k} {q!r}")
        for estimate, case in pair_estimates(M, k, inputs, rng):
            share += [np.histogram(estimate[case == c], edges)[0] for c in range(3)]
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1)
    law = np.array([_law(_neuron(k, q, c), m, q * q, edges) for c in range(3)])
    columns = {"share": (("case", "estimate"), share), "law": (("case", "estimate"), law)}
    coords = {"case": list(CASES), "estimate": (edges[1:] + edges[:-1]) / 2}
    attrs = {"n_features": n, "n_neurons": m, "n_active": k, "connection_probability": q}
    return xr.Dataset(columns, coords, attrs)


def _neuron(k: int, q: float, case: int) -> np.ndarray:
    """Chances of the values 0, 1, ... of a neuron that reads both features of a pair."""
    others = binom.pmf(np.arange(k - case + 1), k - case, q)
    if case == 2:
        return np.concatenate([[0.0], others])
    if case == 1:
        return others
    return np.concatenate([[others[:2].sum()], others[2:]])  # none and one on both give 0


def _law(neuron: np.ndarray, m: int, joint: float, edges: np.ndarray) -> np.ndarray:
    """Chance of each bin for the mean of N neurons, N binomial and at least 1."""
    found, total, sums, expected = np.zeros(len(edges) - 1), 0.0, np.ones(1), m * joint
    for number in range(1, min(m, int(expected + 8 * np.sqrt(expected)) + 8) + 1):
        sums = np.convolve(sums, neuron)
        weight = float(binom.pmf(number, m, joint))
        found += weight * np.histogram(np.arange(len(sums)) / number, edges, weights=sums)[0]
        total += weight
    return found / total


def differences(m: int, k: int, connection_probability: Sequence[float], *, layers: int, seed: int) -> xr.Dataset:
    """Plain average and second difference for one pair in each layer, over (connection_probability, layer, case).

    With c of the pair on, k - c others are. An estimate is nan if a class of neurons that it needs is empty.
    """
    found = np.full((2, len(connection_probability), layers, 3), np.nan)
    for row, q in enumerate(connection_probability):
        for layer in range(layers):
            rng = generator(seed, layer, f"differences {m} {k} {q!r}")
            columns = random_incidence(rng, k + 2, m, q).toarray().astype(np.uint8)
            first, second = columns[:2]
            kind = 2 * first + second
            number = np.bincount(kind, minlength=_CLASSES)
            for case in range(3):
                on = columns[2 : 2 + k - case].sum(axis=0, dtype=np.uint8) + (case > 0) * first + (case > 1) * second
                means = _class_means(kind, np.maximum(on, 1) - 1, number)
                found[:, row, layer, case] = means[3], means @ _SECOND_DIFFERENCE / (1 - q) ** (k - 2)
    dims = ("connection_probability", "layer", "case")
    coords = {"connection_probability": list(connection_probability), "case": list(CASES)}
    columns = {name: (dims, found[place]) for place, name in enumerate(("plain", "second"))}
    return xr.Dataset(columns, coords, {"n_neurons": m, "n_active": k})


def _class_means(kind: np.ndarray, y: np.ndarray, number: np.ndarray) -> np.ndarray:
    total = np.bincount(kind, y, minlength=len(number))
    return np.divide(total, number, out=np.full(len(number), np.nan), where=number > 0)


def joint_neurons(m: int, q: float, k: int, *, layers: int, pairs: int, seed: int) -> xr.Dataset:
    """Pairs read plainly, each with inputs of its own; only the neurons that read both features are drawn.

    `number` of these neurons over (layer, pair); by layer, over the pairs that have any, `mean` of the estimate and
    `square` of its error in each case, with k features on, and `nonlinear`, the mean of f(both) - f(first) - f(second)
    + f(none) with k - 2 others on.
    """
    number = np.empty((layers, pairs), int)
    mean, square, nonlinear = np.empty((layers, 3)), np.empty((layers, 3)), np.empty(layers)
    for layer in range(layers):
        rng = generator(seed, layer, f"joint neurons {m} {q!r} {k}")
        number[layer] = rng.binomial(m, q * q, size=pairs)
        owner, there = np.repeat(np.arange(pairs), number[layer]), number[layer] > 0
        others = rng.binomial(k - 2, q, size=len(owner))
        more = others + (rng.random((2, len(owner))) < q).cumsum(axis=0)  # k - 1 and k others
        for case, on in enumerate((more[1], more[0] + 1, others + 2)):
            total = np.bincount(owner, np.maximum(on - 1, 0), minlength=pairs)[there]
            estimate = total / number[layer, there]
            mean[layer, case], square[layer, case] = estimate.mean(), np.square(estimate - IDEAL[case]).mean()
        f = [np.maximum(others + on - 1, 0) for on in (0, 1, 1, 2)]
        nonlinear[layer] = (f[3] - f[2] - f[1] + f[0]).mean()
    columns = {"number": (("layer", "pair"), number), "nonlinear": ("layer", nonlinear)}
    columns |= {"mean": (("layer", "case"), mean), "square": (("layer", "case"), square)}
    attrs = {"n_neurons": m, "connection_probability": q, "n_active": k}
    return xr.Dataset(columns, {"case": list(CASES)}, attrs)


def coverage(n: int, m: int, q: float, *, layers: int, seed: int) -> xr.Dataset:
    """By layer: mean number of neurons per pair, share of pairs without any, and whether just these read as nan."""
    pairs = Pairs.of(n)
    columns = {name: np.empty(layers) for name in ("number", "uncovered", "undefined")}
    for layer in range(layers):
        M = incidence(n, m, q, seed=seed, index=layer)
        number = pairs.number_of_neurons(M)
        read = pairs.averages(M, np.maximum(M[:3].sum(axis=0) - 1, 0), number)
        columns["number"][layer], columns["uncovered"][layer] = number.mean(), (number == 0).mean()
        columns["undefined"][layer] = np.array_equal(np.isnan(read), number == 0)
    attrs = {"n_features": n, "n_neurons": m, "connection_probability": q}
    return xr.Dataset({name: ("layer", each) for name, each in columns.items()}, attrs=attrs)


def whole_coverage(n: int, m: int, factors: Sequence[float], *, layers: int, seed: int) -> xr.Dataset:
    """Whether a layer covers every pair, over (factor, layer), for q = factor x √(2 ln n / m)."""
    pairs = Pairs.of(n)
    start = float(np.sqrt(2 * np.log(n) / m))
    covered = np.array(
        [
            [
                pairs.number_of_neurons(incidence(n, m, factor * start, seed=seed, index=layer)).all()
                for layer in range(layers)
            ]
            for factor in factors
        ]
    )
    expected = [np.exp(-n * (n - 1) / 2 * np.exp(m * np.log1p(-((factor * start) ** 2)))) for factor in factors]
    columns = {"covered": (("factor", "layer"), covered), "expected": ("factor", expected)}
    return xr.Dataset(columns, {"factor": list(factors)}, {"n_features": n, "n_neurons": m})
