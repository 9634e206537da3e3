"""Random layers for pairwise ANDs, and how far their read-offs are from the truth.

An incidence M is (n_features, n_neurons), a row per feature: whether a neuron reads it. The case of a pair is the
number of its features that are on: 0, 1 or 2. Its AND is 1 in case 2 and else 0.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from tegum.circuits.uand import universal_and
from tegum.experiments.code_trials import active_sets
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate
from tegum.ground.streams import generator

CASES = ("none on", "one on", "both on")
IDEAL = np.array([0.0, 0.0, 1.0])
"""The AND of a pair, by case."""


class Pairs(NamedTuple):
    """All pairs of n features: their members, and where they lie in a flattened n x n matrix."""

    first: np.ndarray
    second: np.ndarray
    place: np.ndarray

    @classmethod
    def of(cls, n: int) -> "Pairs":
        """The pairs i < j of n features."""
        first, second = np.triu_indices(n, 1)
        return cls(first, second, first * n + second)

    def number_of_neurons(self, M: np.ndarray) -> np.ndarray:
        """How many neurons read both features of each pair."""
        return (M @ M.T).ravel()[self.place]

    def averages(self, M: np.ndarray, y: np.ndarray, number: np.ndarray) -> np.ndarray:
        """For one input the mean of y over the neurons of each pair; nan if it has none, as it cannot be read.

        Only neurons that are on are looked at, which are few.
        """
        on = np.flatnonzero(y)
        A = M[:, on]
        total = ((A * y[on]) @ A.T).ravel()[self.place]
        return np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)

    def case(self, n: int, members: np.ndarray) -> np.ndarray:
        """How many features of each pair are on."""
        on = np.zeros(n, np.int8)
        on[members] = 1
        return on[self.first] + on[self.second]


def incidence(n: int, m: int, q: float, *, seed: int, index: int) -> np.ndarray:
    """What the neurons of a universal AND layer read, float32 (n, m) of 0 and 1."""
    made = universal_and(n, m, q, seed=seed, index=index).incidence
    assert made is not None
    return made.toarray().astype(np.float32)


def outputs(M: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """ReLU(number of inputs that are on - 1) of every neuron, (n_inputs, n_neurons)."""
    return np.maximum(M[sets].sum(axis=1) - 1, 0)


def pair_estimates(
    M: np.ndarray, k: int, inputs: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For inputs with k features on: estimates of all pairs that can be read, and their cases."""
    n = len(M)
    pairs = Pairs.of(n)
    number = pairs.number_of_neurons(M)
    sets = active_sets(n, k, inputs, rng)
    for members, y in zip(sets, outputs(M, sets), strict=True):
        estimate, case = pairs.averages(M, y, number), pairs.case(n, members)
        readable = number > 0
        yield estimate[readable], case[readable]


def universal_layers(
    n: int, m: int, k: int, connection_probability: Sequence[float], *, layers: int, inputs: int, seed: int
) -> xr.Dataset:
    """Plain averages over pairs that can be read and over inputs, by (connection_probability, layer, case).

    `mean` of the estimate, `square` of its error, and `wrong`, the share on the wrong side of 1/2.
    """
    found = np.empty((3, len(connection_probability), layers, 3))
    for row, q in enumerate(connection_probability):
        for layer in range(layers):
            rng = generator(seed, layer, f"universal inputs {n} {m} {k} {q!r}")
            sums = np.zeros((4, 3))
            M = incidence(n, m, q, seed=seed, index=layer)
            for estimate, case in pair_estimates(M, k, inputs, rng):
                error, wrong = estimate - IDEAL[case], (estimate > 0.5) != (case == 2)
                sums += [np.bincount(case, each, minlength=3) for each in (None, estimate, error * error, wrong)]
            found[:, row, layer] = sums[1:] / np.maximum(sums[0], 1)
    dims = ("connection_probability", "layer", "case")
    columns = {name: (dims, found[place]) for place, name in enumerate(("mean", "square", "wrong"))}
    coords = {"connection_probability": list(connection_probability), "case": list(CASES)}
    return xr.Dataset(columns, coords, {"n_features": n, "n_neurons": m, "n_active": k})


def over_readable(values: np.ndarray, statistic: Callable[[np.ndarray], Estimate] = mean_estimate) -> Estimate:
    """A statistic of the layers from which a gate can be read; with fewer than two of them nothing is known."""
    readable = values[np.isfinite(values)]
    return (
        statistic(readable) if readable.size > 1 else Estimate(low=-math.inf, best=0.0, high=math.inf, n=readable.size)
    )


def within_errors(
    name: str, values: np.ndarray, expected: float, *, n_errors: float = 4.0, least_error: float = 1e-12
) -> Part:
    """The mean of independent units must lie within so many of its standard errors of what is expected.

    `least_error` stands for the standard error where all units happen to agree, as with rare events.
    """
    error = max(float(values.std(ddof=1) / np.sqrt(values.size)), least_error)
    off = exact_estimate((float(values.mean()) - expected) / error, n=values.size)
    return within(f"{name}, in standard errors", off, -n_errors, n_errors)
