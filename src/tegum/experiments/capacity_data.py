"""What is measured of active features in random codes, for the experiment on capacity."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from tegum.experiments.code_trials import Family, active_sets, code, hidden, trials
from tegum.experiments.coherence_data import overlaps
from tegum.experiments.over_codes import crossing, jackknife
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate
from tegum.ground.streams import generator
from tegum.theory import (
    CRITERIA,
    best_threshold,
    max_active,
    max_active_best_threshold,
    max_active_tight,
    max_active_worst_case,
)

Case = tuple[int, int, int]  # n, m, k

_AROUND = (0.8, 0.9, 1.0, 1.1, 1.2)
"""Trial places, as multiples of what theory expects; errors change by about a factor of four over them."""


def around(expected: float, most: int) -> list[int]:
    """Whole numbers around an expected one, at least three, at most `most`."""
    places = {round(expected * factor) for factor in _AROUND} | {int(expected) - 1, int(expected), int(expected) + 1}
    return sorted(place for place in places if 1 <= place <= most)


def at_sizes(groups: Sequence[Sequence[Case]], *, codes: int, inputs: int, seed: int) -> xr.Dataset:
    """Mean number of wrong features over (group, trial, code); each group is a line along which it grows.

    Shorter groups repeat their last trial.
    """
    longest = max(map(len, groups))
    padded = [[*group, *[group[-1]] * (longest - len(group))] for group in groups]
    wrong = np.empty((len(groups), longest, codes))
    for row, group in enumerate(padded):
        for (n, m), together in itertools.groupby(enumerate(group), lambda item: item[1][:2]):
            places, cases = zip(*together, strict=True)
            made = trials(n, m, [case[2] for case in cases], codes=codes, inputs=inputs, seed=seed)
            wrong[row, list(places)] = made["wrong"].values
    names = ("n_features", "n_hidden", "n_active")
    columns = {name: (("group", "trial"), np.array(padded)[..., place]) for place, name in enumerate(names)}
    return xr.Dataset({"wrong": (("group", "trial", "code"), wrong), **columns})


def random_walk(n: int, m: int, n_active: Sequence[int], *, codes: int, inputs: int, seed: int) -> xr.Dataset:
    """Mean square of inactive read-outs over (n_active, code), and decisions that change with the amplitude."""
    square, changed = np.empty((len(n_active), codes)), 0
    for index in range(codes):
        W = code("sphere", n, m, seed=seed, index=index, dtype=np.float64)
        for row, k in enumerate(n_active):
            sets = active_sets(n, k, inputs, generator(seed, index, f"walk {n} {m} {k}"))
            h = hidden(W, sets)
            z = h @ W.T
            for amplitude in (0.1, 10.0):
                changed += int(np.sum((((amplitude * h) @ W.T) > amplitude / 2) != (z > 0.5)))
            np.put_along_axis(z, sets, 0.0, axis=1)
            square[row, index] = np.square(z).sum() / (inputs * (n - k))
    return xr.Dataset({"mean_square": (("n_active", "code"), square), "changed": changed}, {"n_active": list(n_active)})


def conspiracy(n: int, m: int, k: int, *, codes: int, seed: int) -> xr.Dataset:
    """For each code the largest absolute overlap, and the read-out of the feature against which k others conspire."""
    largest, read_out = np.empty((2, codes))
    for index in range(codes):
        W = code("sphere", n, m, seed=seed, index=index)
        largest[index] = overlaps(W).largest
        G = W @ W.T
        np.fill_diagonal(G, -1.0)
        read_out[index] = np.partition(G, n - k, axis=1)[:, n - k :].sum(axis=1).max()
    attrs = {"n_features": n, "n_hidden": m, "n_active": k}
    return xr.Dataset({"largest": ("code", largest), "read_out": ("code", read_out)}, attrs=attrs)


def lengths(n: int, m: int, k: int, *, codes: int, inputs: int, seed: int) -> xr.Dataset:
    """Mean of |h|² and of its square, for each code."""
    found = np.empty((2, codes))
    for index in range(codes):
        W = code("sphere", n, m, seed=seed, index=index)
        sets = active_sets(n, k, inputs, generator(seed, index, f"lengths {n} {m} {k}"))
        square = np.square(hidden(W, sets), dtype=np.float64).sum(axis=1)
        found[:, index] = square.mean(), np.square(square).mean()
    attrs = {"n_features": n, "n_hidden": m, "n_active": k}
    return xr.Dataset({"first": ("code", found[0]), "second": ("code", found[1])}, attrs=attrs)


_SAMPLED: dict[str, tuple[Family, Callable[..., np.ndarray], str]] = {
    # criterion: code, expected capacity, and what is counted
    "exact_tail": ("sphere", max_active, "wrong"),
    "best_threshold": ("sphere", max_active_best_threshold, "wrong"),
    "any_error": ("sphere", max_active, "any"),
    "tight_frame": ("tight", max_active_tight, "wrong"),
}


def frontier(
    n_features: Sequence[int], m: int, error: float, *, codes: int, inputs: int, seed: int
) -> dict[str, xr.Dataset]:
    """Measured capacity by criterion and n, `best` with `low` and `high`; and the criteria's own over many n."""
    found = {
        (name, n): _capacity(name, n, m, error, codes=codes, inputs=inputs, seed=seed)
        for name in _SAMPLED
        for n in n_features
    }
    for n in n_features:
        largest = [overlaps(code("sphere", n, m, seed=seed, index=index)).largest for index in range(codes)]
        found["worst_case", n] = mean_estimate(max_active_worst_case(largest))
    names = [*_SAMPLED, "worst_case"]
    fields = {
        end: (("criterion", "n_features"), [[getattr(found[name, n], end) for n in n_features] for name in names])
        for end in ("low", "best", "high")
    }
    attrs = {"n_hidden": m, "error": error, "codes": codes}
    measured = xr.Dataset(fields, {"criterion": names, "n_features": list(n_features)}, attrs)
    expected = [[float(CRITERIA[name].max_active(n, m, error)) for n in n_features] for name in names]
    n = np.unique(np.geomspace(max(2, min(n_features) / 2), 2 * max(n_features), 60).round())
    lines = {name: ("n_features", each.max_active(n, m, error)) for name, each in CRITERIA.items()}
    return {
        "frontier": measured.assign(expected=(("criterion", "n_features"), expected)),
        "criteria": xr.Dataset(lines, {"n_features": n}, attrs),
    }


def _capacity(name: str, n: int, m: int, error: float, *, codes: int, inputs: int, seed: int) -> Estimate:
    """The k at which as many errors as allowed are counted, between trial places around the expected one."""
    family, expected, counted = _SAMPLED[name]
    if family == "tight" and n <= m:
        return exact_estimate(n, n=codes)  # orthogonal directions: nothing is ever wrong
    k = around(float(expected(n, m, error)), n)
    threshold = best_threshold(n, m, k).tolist() if name == "best_threshold" else 0.5
    made = trials(n, m, k, codes=codes, inputs=inputs, seed=seed, family=family, threshold=threshold)
    return jackknife(lambda errors: crossing(k, errors, error), made[counted].values)
