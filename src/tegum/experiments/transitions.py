"""Where decoders stop to recover, counting bounds beside it, and hidden vectors with several reconstructions."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from tegum.codes import make_code
from tegum.decoders import DECODERS, decode
from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.transitions_claims import judge
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.plot.decoding import counting_curves, decoder_phases
from tegum.theory import (
    counting_bits,
    error_probability,
    log2_choose,
    max_active_bayes,
    max_active_l1,
    pursuit_dimension,
)
from tegum.theory.roots import last_true

MAPPED = ("threshold", "omp", "amp_soft", "amp_bayes")
LOCATED = ("amp_soft", "amp_bayes")
# decoders and loads of the claims, in one place as both the run and the judge read them
POINTS = (("threshold", 9), ("amp_soft", 55), ("amp_soft", 85), ("amp_bayes", 90), ("amp_bayes", 130))
_SIZES = (20, 100, 1000, 10_000, 131_072)


class Settings(FrozenRecord):
    """Exact recovery of the active set, binary features, random codes.

    Args:
        n_features: n of the single points.
        n_hidden: m there.
        trials: of each point, each with a code of its own.
        map_features: n of the map.
        hidden_per_feature: m/n of the map.
        load: k/m of the map; k is rounded, and at least 1.
        map_codes: codes of each cell.
        map_inputs: inputs of each code.
        located_features: n at which the 50 % points are located.
        located_at: m/n there.
        located_codes: codes at each load.
        located_inputs: inputs of each code.
        seed: the one integer behind all random numbers.
    """

    n_features: int = 1000
    n_hidden: int = 256
    trials: int
    map_features: int
    hidden_per_feature: tuple[float, ...]
    load: tuple[float, ...]
    map_codes: int
    map_inputs: int
    located_features: int
    located_at: tuple[float, ...] = (0.1, 0.256, 0.4)
    located_codes: int
    located_inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


def _geometric(low: float, high: float, count: int) -> tuple[float, ...]:
    return tuple(float(each) for each in np.geomspace(low, high, count).round(4))


PRESETS = {
    "quick": Settings(
        trials=60,
        map_features=240,
        hidden_per_feature=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
        load=_geometric(0.015, 0.9, 14),
        map_codes=2,
        map_inputs=5,
        located_features=500,
        located_codes=8,
        located_inputs=6,
    ),
    "paper": Settings(
        trials=200,
        map_features=500,
        hidden_per_feature=tuple(float(each) for each in np.linspace(0.05, 0.95, 19).round(2)),
        load=_geometric(0.01, 0.95, 20),
        map_codes=10,
        map_inputs=10,
        located_features=1000,
        located_codes=20,
        located_inputs=10,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """The points of the claims, the map, the 50 % points, counting bounds, and two small codes."""
    steps = len(POINTS) + len(settings.hidden_per_feature) + len(settings.located_at)
    done = iter(range(steps))
    points = []
    for name, load in POINTS:
        k = min(load, settings.n_features)  # in variants with few features
        tell(Progress(next(done), steps))
        hits = _rates(settings, name, settings.n_features, settings.n_hidden, [k], settings.trials, inputs=1)
        points.append(xr.Dataset({"success": ("trial", hits[0] > 0), "decoder": name, "n_active": k}))
    columns = []
    for delta in settings.hidden_per_feature:
        tell(Progress(next(done), steps))
        columns.append(_column(settings, delta))
    located = []
    for delta in settings.located_at:
        tell(Progress(next(done), steps))
        located.append(_located(settings, delta))
    attrs = {"n_features": settings.n_features, "n_hidden": settings.n_hidden}
    return {
        "points": xr.concat(points, "point").assign_attrs(attrs),
        "map": xr.concat(columns, _axis("hidden_per_feature", settings.hidden_per_feature)).assign_attrs(
            n_features=settings.map_features
        ),
        "located": xr.concat(located, _axis("hidden_per_feature", settings.located_at)).assign_attrs(
            n_features=settings.located_features
        ),
        "counting": _counting(),
        "growth": _growth(),
        "one_dimension": _one_dimension(settings.seed),
        "pentagon": _pentagon(settings.seed),
    }


def _axis(name: str, values: tuple[float, ...]) -> xr.DataArray:
    return xr.DataArray(list(values), dims=name, name=name)


def _recovered(
    settings: Settings, name: str, n: int, m: int, active: Sequence[int], code: int, inputs: int
) -> np.ndarray:
    """Whether the inputs of one code are recovered, every feature on its side of ½: (number of active ones, input).

    A decoder that need not know how many are active gets all inputs together, which its products like.
    """
    W = make_code("sphere", n, m, seed=settings.seed, index=code).astype(np.float32)
    x = np.zeros((len(active), inputs, n), dtype=np.float32)
    for some, k in zip(x, active, strict=True):
        rng = generator(settings.seed, code, f"{k} of {n} features for {name} in {m}")
        for row in some:
            row[rng.choice(n, k, replace=False)] = 1
    if DECODERS[name].needs_load:
        found = np.stack([decode(name, some @ W, W, n_active=k) for some, k in zip(x, active, strict=True)])
    else:
        found = decode(name, x.reshape(-1, n) @ W, W).reshape(x.shape)
    return ((found > 0.5) == (x > 0.5)).all(axis=2)


def _rates(settings: Settings, name: str, n: int, m: int, active: Sequence[int], codes: int, inputs: int) -> np.ndarray:
    """Share of recovered inputs, (number of active ones, code)."""
    made = [_recovered(settings, name, n, m, active, code, inputs).mean(axis=1) for code in range(codes)]
    return np.stack(made, axis=1)


def _column(settings: Settings, delta: float) -> xr.Dataset:
    """One m/n of the map: success of every decoder at every load, a value for each code; and the lines of theory."""
    n = settings.map_features
    m = max(1, round(delta * n))
    active = [min(max(1, round(load * m)), n) for load in settings.load]
    success = [_rates(settings, name, n, m, active, settings.map_codes, settings.map_inputs) for name in MAPPED]
    lines = [_half_point(name, n, m) / m for name in MAPPED]
    return xr.Dataset(
        {"success": (("decoder", "load", "code"), np.stack(success)), "theory": ("decoder", lines)},
        {"decoder": list(MAPPED), "load": list(settings.load)},
    )


def _half_point(name: str, n: int, m: int) -> float:
    """K at which theory expects a success of ½, or its yardstick for pursuit."""
    if name == "threshold":
        return float(last_true(lambda k: error_probability(n, m, k) <= 0.5, np.array(1.0), np.array(n / 2)))
    if name == "omp":
        return float(last_true(lambda k: pursuit_dimension(n, k) <= m, np.array(0.0), np.array(n / 2)))
    if name == "amp_soft":
        return float(max_active_l1(n, m))
    most = float(max_active_bayes(n, m))
    return most if most < n / 2 else np.nan  # from there on every k is recovered


def _located(settings: Settings, delta: float) -> xr.Dataset:
    """Success at loads around the predicted one, from 0.6 to 1.4 of it, a value for each code."""
    n = settings.located_features
    m = round(delta * n)
    relative, success = [], []
    for name in LOCATED:
        predicted = _half_point(name, n, m)
        if np.isnan(predicted):
            raise InputError(f"at m/n = {delta:g} every k is recovered by {name}; locate it at smaller m/n.")
        active = np.unique(np.round(np.linspace(0.6, 1.4, 9) * predicted).astype(int))
        active = np.concatenate([active, np.full(9 - len(active), active[-1])])  # few whole k at small m
        relative.append(active / predicted)
        counts = active.tolist()
        success.append(_rates(settings, name, n, m, counts, settings.located_codes, settings.located_inputs))
    return xr.Dataset(
        {"success": (("decoder", "step", "code"), np.stack(success)), "relative_load": (("decoder", "step"), relative)},
        {"decoder": list(LOCATED)},
    )


def _counting() -> xr.Dataset:
    """Bits of all sets of at most k of n features, and the estimates of them, for k ≤ n on a logarithmic grid."""
    rows: list[xr.Dataset] = []
    for n in _SIZES:
        k = np.unique(np.geomspace(1, n, 40).round())
        bits = counting_bits(n, k)
        rows.append(
            xr.Dataset(
                {
                    "bits": ("row", bits),
                    "choose": ("row", log2_choose(n, k)),
                    "low": ("row", k * np.log2(n / k)),
                    "high": ("row", k * np.log2(np.e * n / k)),
                    "stated": ("row", k * np.log2(n / (np.e * k))),
                    "minus_one": ("row", k * (np.log2(n / k) - 1)),
                    "n_features": ("row", np.full(len(k), n)),
                    "n_active": ("row", k),
                }
            )
        )
    spots = [(100, 5), (1000, 10), (10_000, 100), (131_072, 16)]
    spot_bits = [float(counting_bits(n, k)) for n, k in spots]
    return xr.concat(rows, "row").assign(spot_bits=("spot", spot_bits), spot_sizes=(("spot", "size"), spots))


def _growth() -> xr.Dataset:
    """Bits over k log₂ n where k = n^g."""
    sizes, exponents = [100, 1000, 10_000, 100_000, 1_000_000], [0.2, 0.5, 0.8, 0.99]
    ratio = [[_per_log(n, g) for n in sizes] for g in exponents]
    return xr.Dataset({"ratio": (("exponent", "n_features"), ratio)}, {"exponent": exponents, "n_features": sizes})


def _per_log(n: int, exponent: float) -> float:
    k = round(n**exponent)
    return float(counting_bits(n, k) / (k * np.log2(n)))


def _one_dimension(seed: int) -> xr.Dataset:
    """Share of all inputs with at most 4 of 16 features that one real number tells apart, by look-up."""
    n, most = 16, 4
    sets = [members for k in range(most + 1) for members in combinations(range(n), k)]
    x = np.zeros((len(sets), n))
    for row, members in enumerate(sets):
        x[row, list(members)] = 1
    rates = []
    for code in range(20):
        h = x @ generator(seed, code, "one dimension").standard_normal(n)
        order = np.argsort(h)
        table = h[order]
        found = order[np.searchsorted(table, h)]  # the first entry that is not smaller than h
        rates.append(float((found == np.arange(len(h))).mean()))
    return xr.Dataset({"recovered": ("code", rates)})


def _pentagon(seed: int) -> xr.Dataset:
    """How many pairs of the pentagon's directions give a hidden vector with positive amplitudes."""
    angles = 2 * np.pi * np.arange(5) / 5
    W = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rng = generator(seed, 0, "hidden vectors of the pentagon")
    h = rng.standard_normal((200, 2))
    single = rng.uniform(0.1, 1, size=(5, 1)) * W
    return xr.Dataset(
        {
            "pairs": ("vector", [_n_pairs(W, each) for each in h]),
            "singles": (
                "feature",
                [int((np.abs(each / np.linalg.norm(each) - W).max(axis=1) < 1e-9).sum()) for each in single],
            ),
        }
    )


def _n_pairs(W: np.ndarray, h: np.ndarray) -> int:
    count = 0
    for pair in combinations(range(len(W)), 2):
        amplitudes = np.linalg.solve(W[list(pair)].T, h)
        exact = np.abs(amplitudes @ W[list(pair)] - h).max() < 1e-9
        count += bool(exact and (amplitudes > 0).all())
    return count


def plates(data: Data) -> list[Plate]:
    """The phase diagram of decoders, and the counting bounds."""
    return [
        Plate(
            name="phases",
            figure=decoder_phases(data["map"]),
            caption="Share of inputs whose active features are all recovered, over dimensions per feature and active "
            "features per dimension. One linear step with a threshold, a greedy search, ℓ1 and the best message "
            "passing; white lines are theory, for pursuit a yardstick.",
        ),
        Plate(
            name="counting",
            figure=counting_curves(data["counting"]),
            caption="Bits of a set of at most k of n features, over the estimate of the source and over both bounds.",
        ),
    ]


EXPERIMENT = Experiment(
    id="decoder-transitions",
    title="Where decoders stop",
    question="How many active features can be recovered from a hidden vector, by one step and by many?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Donoho, Maleki and Montanari 2009, Message-passing algorithms for compressed sensing",
        "Edmonds 2024, Random Superposition, theorem 1",
    ),
)
