"""Capacity: how many features can be active at once before a threshold reads some of them wrongly."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.capacity_claims import judge
from tegum.experiments.capacity_data import (
    Case,
    around,
    at_sizes,
    conspiracy,
    frontier,
    lengths,
    random_walk,
)
from tegum.experiments.code_trials import trials
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot import capacity_against_features, wrong_against_active
from tegum.theory import (
    best_threshold,
    expected_wrong,
    max_active,
    max_active_union,
    max_features_log,
    required_hidden,
)


class Settings(FrozenRecord):
    """One size, one with more features, one whose bits are counted; and sizes and loads to go along.

    The frontier is the largest number of active features for `error` expected wrong features, against n.
    """

    n_features: int = 1000
    n_hidden: int = 512
    n_active: tuple[int, ...] = (2, 4, 6, 8, 10, 12, 14, 16, 20)
    more_features: int = 4000
    bits_features: int = 4096
    bits_n_active: tuple[int, ...] = (7, 8, 9, 10, 11, 12)
    codes: int
    inputs: int
    trial_inputs: int = 150
    sizes: tuple[tuple[int, int], ...]
    doubling: tuple[int, ...]
    load_n_features: tuple[int, ...]
    load_n_active: tuple[int, ...]
    frontier_n_features: tuple[int, ...]
    error: float = 0.05
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        codes=20,
        inputs=400,
        sizes=((200, 256), (1000, 512)),
        doubling=(256, 512),
        load_n_features=(200, 1000),
        load_n_active=(2, 8),
        frontier_n_features=(250, 1000, 2000),
    ),
    "paper": Settings(
        codes=60,
        inputs=400,
        sizes=((200, 256), (1000, 512), (4000, 512), (1000, 1024)),
        doubling=(256, 512, 1024),
        load_n_features=(200, 1000, 4000),
        load_n_active=(2, 4, 8),
        frontier_n_features=(250, 500, 1000, 2000, 4000),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Sample codes and sets of active features along every line that a claim speaks of."""
    n, m, codes, seed = settings.n_features, settings.n_hidden, settings.codes, settings.seed
    counts = {"codes": codes, "inputs": settings.inputs, "seed": seed}
    few = {"codes": codes, "inputs": settings.trial_inputs, "seed": seed}
    bits = settings.bits_features
    parts = {
        "loads": lambda: _loads(n, settings, 2 * codes),
        "more_loads": lambda: _loads(settings.more_features, settings, codes),
        "overload": lambda: trials(n, m, [m // 2], codes=max(5, codes // 4), inputs=20, seed=seed),
        "one_active": lambda: at_sizes(_one_active(), codes=codes, inputs=100, seed=seed),
        "guarantee": lambda: at_sizes([_guarantee(*size) for size in settings.sizes], **few),
        "doubling": lambda: at_sizes([_along_k(n, width) for width in settings.doubling], **few),
        "dimensions": lambda: at_sizes(
            [_along_m(size, k) for size in settings.load_n_features for k in settings.load_n_active], **few
        ),
        "theorem": lambda: at_sizes([_theorem(settings)], **few),
        "walk": lambda: random_walk(n, m, (1, 2, 4, 8, 16, 32), codes=max(10, codes // 3), inputs=50, seed=seed),
        "conspiracy": lambda: conspiracy(n, m, 4, codes=max(8, codes // 3), seed=seed),
        "bits": lambda: trials(
            bits,
            m,
            settings.bits_n_active,
            codes=max(10, codes // 3),
            inputs=150,
            seed=seed,
            threshold=best_threshold(bits, m, np.array(settings.bits_n_active)).tolist(),
        ).assign_attrs(n_features=bits, n_hidden=m),
        "sparse": lambda: trials(bits, m, [7], codes=15, inputs=100, seed=seed).assign_attrs(
            n_features=bits, n_hidden=m
        ),
        "lengths": lambda: lengths(n, m, 8, **counts),
    }
    made = {}
    for done, (name, make) in enumerate(parts.items()):
        tell(Progress(done, len(parts) + 1))
        made[name] = make()
    tell(Progress(len(parts), len(parts) + 1))
    return made | frontier(
        settings.frontier_n_features, m, settings.error, codes=max(10, codes // 3), inputs=200, seed=seed
    )


def _loads(n: int, settings: Settings, codes: int) -> xr.Dataset:
    """Errors against k at one size, with the formula."""
    m, k = settings.n_hidden, list(settings.n_active)
    return (
        trials(n, m, k, codes=codes, inputs=settings.inputs, seed=settings.seed)
        .assign(expected=("n_active", expected_wrong(n, m, k)), bound=max_active_union(n, m))
        .assign_attrs(n_features=n, n_hidden=m)
    )


def _one_active() -> list[list[Case]]:
    """One active feature: n = exp(m/8), for two m; and three times as many features."""
    most = {m: float(np.exp(max_features_log(m, 1))) for m in (32, 48)}
    return [[(round(most[32]), 32, 1), (round(most[48]), 48, 1), (round(3 * most[48]), 48, 1)]]


def _along_k(n: int, m: int) -> list[Case]:
    return [(n, m, k) for k in around(float(max_active(n, m)), n)]


def _guarantee(n: int, m: int) -> list[Case]:
    """First the load of the rule of thumb, then loads around the one at which one feature is wrong."""
    return [(n, m, int(max_active_union(n, m))), *_along_k(n, m)]


def _along_m(n: int, k: int) -> list[Case]:
    """Fewer and fewer dimensions, around those for which one feature is expected to be wrong."""
    enough = int(required_hidden(n, k))
    trial = np.arange(2, enough + 1)
    expected = int(trial[np.argmax(expected_wrong(n, trial, k) <= 1)])
    return [(n, m, k) for m in reversed(around(expected, enough))]


def _theorem(settings: Settings) -> list[Case]:
    return [
        (n, int(np.ceil(required_hidden(n, k, 0.05))), k)
        for n in settings.load_n_features
        for k in settings.load_n_active
    ]


def plates(data: Data) -> list[Plate]:
    """Errors against the number of active features; and its limit by every criterion."""
    error = data["criteria"].attrs["error"]
    return [
        Plate(
            name="wrong",
            figure=wrong_against_active({"loads": data["loads"], "more_loads": data["more_loads"]}),
            caption="Wrongly read features per input against the number of active ones, for a random code read with a "
            "threshold of 1/2: sampled, with intervals over codes, and the formula. At the rule of thumb m/(8 ln n) "
            "far less than one feature is wrong: it is a guarantee, not a ceiling.",
        ),
        Plate(
            name="capacity",
            figure=capacity_against_features(data["criteria"], data["frontier"]),
            caption=f"The most active features by seven criteria, with {error:g} expected wrong features (v: chance of "
            "any), and what sampling finds. i to v allow for all features of a random input at once, vi for every set "
            "of active features, and vii is for a tight frame.",
        ),
    ]


EXPERIMENT = Experiment(
    id="capacity",
    title="How many features can be active",
    question="How many features of a random code can be active at once, by which criterion, and which bound is close?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Fletcher, Rangan and Goyal 2009, Necessary and sufficient conditions for sparsity pattern recovery",
        "Tropp 2004, Greed is good: algorithmic results for sparse approximation",
    ),
)
