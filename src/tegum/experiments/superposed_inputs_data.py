"""What is measured of neurons that read features in superposition: noise, leaks, misfires, chosen ANDs."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.special import ndtr

from tegum.circuits.targeted import targeted_ands
from tegum.experiments.circuit_trials import CASES, incidence
from tegum.experiments.code_trials import active_sets, code, hidden
from tegum.ground.streams import generator

_GATHERED = 20_000  # features that the neurons of one fan-in read together
_FEWEST = 200


def chosen_ands(
    n: int, d: int, m: int, k: int, neurons_per_gate: int, *, codes: int, inputs: int, seed: int
) -> xr.Dataset:
    """Disjoint pairs of all features, read from clipped neurons; in every input one pair is on, and k - 2 others.

    By (code, case) `mean` and `wrong` of the estimates; by code `deviation`, the standard deviation of read-outs of
    features that are off.
    """
    gates = np.arange(n).reshape(-1, 2)
    mean, wrong, deviation = np.empty((codes, 3)), np.empty((codes, 3)), np.empty(codes)
    for index in range(codes):
        E = code("sphere", n, d, seed=seed, index=index)
        layer = targeted_ands(
            gates,
            n_features=n,
            n_neurons=m,
            neurons_per_gate=neurons_per_gate,
            embedding=E,
            response="clip",
            seed=seed,
            index=index,
        )
        rng = generator(seed, index, f"chosen ANDs {n} {d} {m} {k}")
        chosen = active_sets(len(gates), k - 1, inputs, rng)  # the first pair is on, the others half
        sets = np.hstack([gates[chosen[:, 0]], gates[chosen[:, 1:], rng.integers(0, 2, (inputs, k - 2))]])
        x = np.zeros((inputs, n), np.float32)
        np.put_along_axis(x, sets, 1, axis=1)
        case = x[:, gates].sum(axis=2).astype(int).ravel()
        estimate = layer.estimates(x).ravel()
        counts = np.bincount(case, minlength=3)
        mean[index] = np.bincount(case, estimate, minlength=3) / counts
        wrong[index] = np.bincount(case, (estimate > 0.5) != (case == 2), minlength=3) / counts
        deviation[index] = (hidden(E, sets) @ E.T)[x == 0].std()
    columns = {"mean": (("code", "case"), mean), "wrong": (("code", "case"), wrong), "deviation": ("code", deviation)}
    attrs = {"n_features": n, "n_hidden": d, "n_neurons": m, "n_active": k, "n_gates": len(gates)}
    return xr.Dataset(columns, {"case": list(CASES)}, attrs)


def by_fan_in(n: int, d: int, k: int, fan_in: Sequence[int], *, codes: int, inputs: int, seed: int) -> xr.Dataset:
    """Neurons that read so many random features, by (fan_in, code), with none and with one of them on.

    None on: `variance` of what they read, and `fires`, the share above 1. One on: `leak` of max(z - 1, 0),
    `leak_shifted` of 2 max(z - 3/2, 0), and `misfires`, the share above 3/2.
    """
    names = ("variance", "fires", "leak", "leak_shifted", "misfires")
    found = np.empty((len(names), len(fan_in), codes))
    for index in range(codes):
        E = code("sphere", n, d, seed=seed, index=index)
        rng = generator(seed, index, f"fan-in {n} {d} {k}")
        sets = active_sets(n, k, inputs, rng)
        z = hidden(E, sets) @ E.T
        on = np.zeros((inputs, n), bool)
        np.put_along_axis(on, sets, True, axis=1)
        for row, size in enumerate(fan_in):
            count = int(np.clip(_GATHERED // size, _FEWEST, 20 * _FEWEST))
            none, _ = _read(z, on, active_sets(n, size, count, rng))
            others, of = _read(z, on, active_sets(n, size - 1, count, rng))
            one = others + np.take_along_axis(z, sets, axis=1)[of, rng.integers(0, k, len(of))]
            found[:, row, index] = (np.square(none).mean(), (none > 1).mean(), *_answers(one))
    columns = {name: (("fan_in", "code"), each) for name, each in zip(names, found, strict=True)}
    attrs = {"n_features": n, "n_hidden": d, "n_active": k}
    return xr.Dataset(columns, {"fan_in": list(fan_in)}, attrs).assign(noise=("fan_in", np.array(fan_in) * k / d))


def _read(z: np.ndarray, on: np.ndarray, neurons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What neurons read of inputs none of whose features they have, and of which input it is."""
    apart = ~on[:, neurons].any(axis=2)
    return z[:, neurons].sum(axis=2)[apart], np.nonzero(apart)[0]


def _answers(z: np.ndarray) -> tuple[float, float, float]:
    """Leak through a kink at 1, leak through one at 3/2 with gain 2, and the share above 3/2."""
    shifted = np.maximum(z - 1.5, 0)
    return float(np.maximum(z - 1, 0).mean()), float(2 * shifted.mean()), float((shifted > 0).mean())


def random_wiring(n: int, d: int, m: int, k: int, q: float, *, codes: int, inputs: int, seed: int) -> xr.Dataset:
    """Neurons that read each feature with probability q, with exactly one of their features on, by code."""
    names = ("variance", "leak", "leak_shifted", "misfires")
    found = np.empty((len(names), codes))
    for index in range(codes):
        E = code("sphere", n, d, seed=seed, index=index)
        M = incidence(n, m, q, seed=seed, index=index)
        sets = active_sets(n, k, inputs, generator(seed, index, f"wiring {n} {d} {m} {k} {q!r}"))
        read, on = (hidden(E, sets) @ E.T) @ M, M[sets].sum(axis=1)
        found[:, index] = (np.square(read - on).mean(), *_answers(read[on == 1]))
    attrs = {"n_features": n, "n_hidden": d, "n_neurons": m, "n_active": k, "connection_probability": q}
    columns = {name: ("code", each) for name, each in zip(names, found, strict=True)}
    return xr.Dataset(columns, attrs=attrs | {"noise": q * n * k / d})


def chosen_noise(
    cells: Sequence[tuple[int, int, int, int]], neurons_per_gate: int, *, codes: int, inputs: int, seed: int
) -> xr.Dataset:
    """Noise and misfires of the neurons of T disjoint pairs, by (cell, code); a cell is (d, m, T, k).

    `variance` is what features that are off add, over all neurons; `misfires` the share above 3/2 among neurons with
    one feature on, and `expected` the same for normal noise, given the number of features that each of them reads.
    """
    names = ("variance", "misfires", "expected")
    found = np.empty((len(names), len(cells), codes))
    for row, (d, m, n_gates, k) in enumerate(cells):
        n = 2 * n_gates
        gates = np.arange(n).reshape(-1, 2)
        for index in range(codes):
            E = code("sphere", n, d, seed=seed, index=index)
            M = targeted_ands(
                gates, n_features=n, n_neurons=m, neurons_per_gate=neurons_per_gate, seed=seed, index=index
            ).incidence
            assert M is not None
            sets = active_sets(n, k, inputs, generator(seed, index, f"chosen noise {d} {m} {n_gates} {k}"))
            z = hidden(E, sets) @ E.T
            x = np.zeros_like(z)
            np.put_along_axis(x, sets, 1, axis=1)
            off, read, on = (np.asarray(each @ M) for each in (z * (1 - x), z, x))
            one = on == 1
            size = np.broadcast_to(np.asarray(M.sum(axis=0)), on.shape)[one]
            others = ((size - 1) * k + k - 1) / d  # the feature that is on is disturbed by the k - 1 others
            expected = ndtr(-0.5 / np.sqrt(others)).mean()
            found[:, row, index] = np.square(off).mean(), (read[one] > 1.5).mean(), expected
    columns = {name: (("cell", "code"), each) for name, each in zip(names, found, strict=True)}
    coordinates = zip(("n_hidden", "n_neurons", "n_gates", "n_active"), zip(*cells, strict=True), strict=True)
    columns |= {name: ("cell", list(each)) for name, each in coordinates}
    return xr.Dataset(columns, attrs={"neurons_per_gate": neurons_per_gate})
