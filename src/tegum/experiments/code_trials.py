"""Codes, random sets of active features, and what a threshold on their read-outs gets wrong."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from tegum.codes import make_code
from tegum.ground.streams import generator

Family = Literal["sphere", "gauss", "rademacher", "tight", "antipodal"]

_FEW = 64  # up to so many active features, adding up rows is faster than a product with mostly zeros


def code(family: Family, n: int, m: int, *, seed: int, index: int, dtype: type = np.float32) -> np.ndarray:
    """Code number `index` of a family, (n, m), in the precision of the trials.

    The directions of a tight frame get random signs, so that none of its features has a larger sum of overlaps than
    chance gives it. With n = m it is an orthonormal code.
    """
    W = make_code(family, n, m, seed=seed, index=index)
    if family == "tight":
        W *= generator(seed, index, f"signs {n} {m}").choice([-1.0, 1.0], size=(n, 1))
    return W.astype(dtype, copy=False)


def active_sets(n: int, k: int, n_inputs: int, rng: np.random.Generator) -> np.ndarray:
    """Sets of k different features, each as likely as any other, (n_inputs, k)."""
    if k * k > n:
        return np.argpartition(rng.random((n_inputs, n), np.float32), k - 1, axis=1)[:, :k]
    sets = rng.integers(0, n, (n_inputs, k))
    while len(again := _with_repeats(sets)):
        sets[again] = rng.integers(0, n, (len(again), k))
    return sets


def _with_repeats(sets: np.ndarray) -> np.ndarray:
    ordered = np.sort(sets, axis=1)
    return np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))


def hidden(W: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Hidden vectors Σ W_i over each set of active features, (n_inputs, m)."""
    if sets.shape[1] <= _FEW:
        return W[sets].sum(axis=1)
    x = np.zeros((len(sets), len(W)), W.dtype)
    np.put_along_axis(x, sets, 1, axis=1)
    return x @ W


def n_wrong(z: np.ndarray, sets: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Features whose read-out is on the wrong side of the threshold, for each input."""
    on = z > threshold
    return on.sum(axis=1) + sets.shape[1] - 2 * np.take_along_axis(on, sets, axis=1).sum(axis=1)


def trials(
    n: int,
    m: int,
    n_active: Sequence[int],
    *,
    codes: int,
    inputs: int,
    seed: int,
    family: Family = "sphere",
    threshold: Sequence[float] | float = 0.5,
) -> xr.Dataset:
    """`wrong`, mean number of wrong features, and `any`, share of inputs with one, over (n_active, code).

    All numbers of active features meet the same codes.
    """
    thresholds = np.broadcast_to(threshold, len(n_active))
    wrong, share = np.empty((2, len(n_active), codes))
    for index in range(codes):
        W = code(family, n, m, seed=seed, index=index)
        for row, k in enumerate(n_active):
            sets = active_sets(n, k, inputs, generator(seed, index, f"active sets {family} {n} {m} {k}"))
            errors = n_wrong(hidden(W, sets) @ W.T, sets, float(thresholds[row]))
            wrong[row, index], share[row, index] = errors.mean(), (errors > 0).mean()
    dims = ("n_active", "code")
    return xr.Dataset({"wrong": (dims, wrong), "any": (dims, share)}, {"n_active": list(n_active)})
