"""Coherence: how large is the overlap of two features, in a typical pair and in the worst of all."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.code_trials import Family
from tegum.experiments.coherence_claims import judge
from tegum.experiments.coherence_data import (
    almost_orthogonal,
    conversions,
    largest_and_typical,
    learned,
    many_pairs,
    moments,
    pairs_within,
    shares_within,
    tails,
)
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot import coherence_against_features, directions_against_width
from tegum.problem import TrainSettings
from tegum.theory import (
    coherence_bound,
    coherence_probability,
    coherence_union_bound,
    jl_distortion,
    signed_coherence_bound,
)

FAMILIES: tuple[Family, ...] = ("sphere", "rademacher", "tight", "antipodal")
LEMMA = ((200, 100), (500, 300), (1000, 1000))
_GRID = (2, 3, 5, 10, 100, 512)


class Settings(FrozenRecord):
    """Sizes are pairs (n_features, n_hidden). Curves have n = load × m features, up to a limit."""

    sizes: tuple[tuple[int, int], ...] = ((100, 100), (1000, 100), (100, 512), (1000, 512), (4000, 512))
    family_sizes: tuple[tuple[int, int], ...] = ((20, 5), (100, 50), (1000, 512))
    codes: int
    family_codes: int
    curve_n_hidden: tuple[int, ...] = (16, 512)
    curve_loads: tuple[float, ...] = (0.5, 1, 1.25, 1.5, 2, 3, 4, 8, 16, 32, 64)
    curve_limit: int
    curve_codes: int = 3
    moment_n_features: tuple[int, ...]
    moment_n_hidden: tuple[int, ...]
    moment_codes: int = 20
    moment_pairs: int = 100_000
    pair_n_features: tuple[int, ...] = (100, 1000, 10_000, 100_000)
    pair_blocks: int
    lemma_codes: tuple[int, int, int]
    union_codes: int = 400
    direction_n_hidden: tuple[int, ...]
    direction_codes: int
    largest: float = 0.5
    training: TrainSettings
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        codes=12,
        family_codes=5,
        curve_limit=2048,
        moment_n_features=(20, 1000),
        moment_n_hidden=(20, 512),
        pair_blocks=400,
        lemma_codes=(100, 60, 20),
        direction_n_hidden=(32, 48, 64, 80),
        direction_codes=240,
        training=TrainSettings(n_steps=100, batch_size=64, learning_rate=3e-3, evaluation_samples=2**10),
    ),
    "paper": Settings(
        codes=20,
        family_codes=20,
        curve_limit=8192,
        moment_n_features=(20, 1000, 4000),
        moment_n_hidden=(20, 100, 512),
        pair_blocks=2000,
        lemma_codes=(400, 200, 60),
        direction_n_hidden=(24, 32, 40, 48, 64, 80),
        direction_codes=600,
        training=TrainSettings(n_steps=2000, batch_size=128, learning_rate=3e-3, evaluation_samples=2**10),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Draw codes of all families and look at all pairs."""
    seed, made = settings.seed, {}
    parts = {
        "curves": lambda: _curves(settings),
        "sizes": lambda: largest_and_typical(settings.sizes, ["sphere"], codes=settings.codes, seed=seed),
        "families": lambda: largest_and_typical(
            settings.family_sizes, FAMILIES, codes=settings.family_codes, seed=seed, dtype=np.float64
        ),
        "learned": lambda: learned(settings.family_sizes, settings.training, codes=settings.family_codes, seed=seed),
        "orthonormal": lambda: largest_and_typical([(512, 512)], ["tight"], codes=1, seed=seed, dtype=np.float64),
        "moments": lambda: moments(
            settings.moment_n_features,
            settings.moment_n_hidden,
            ["sphere", "gauss", "rademacher"],
            pairs=settings.moment_pairs,
            codes=settings.moment_codes,
            seed=seed,
        ),
        "pairs": lambda: many_pairs(settings.pair_n_features, 512, block=100, blocks=settings.pair_blocks, seed=seed),
        "conversions": lambda: conversions(1e-4),
        "lemma": lambda: _lemma(settings),
        "pairs_within": lambda: pairs_within(200, 100, _lemma_limit(200, 100), 100_000, seed),
        "union": lambda: shares_within(
            [(200, 100, float(coherence_union_bound(200, 100, 0.1)), settings.union_codes)], seed=seed
        ),
        "tails": lambda: tails(_GRID, [*LEMMA, (100, 512)], 10_000),
        "directions": lambda: _directions(settings),
    }
    for done, (name, make) in enumerate(parts.items()):
        tell(Progress(done, len(parts)))
        made[name] = make()
    return made


def _curves(settings: Settings) -> xr.Dataset:
    sizes = [(round(load * m), m) for m in settings.curve_n_hidden for load in settings.curve_loads]
    sizes = [(n, m) for n, m in sizes if 2 <= n <= settings.curve_limit]
    n, m = np.array(sizes).T
    return largest_and_typical(sizes, FAMILIES, codes=settings.curve_codes, seed=settings.seed).assign(
        bound=("size", coherence_bound(n, m)),
        signed_bound=("size", signed_coherence_bound(n, m)),
        jl=("size", jl_distortion(n, m)),
    )


def _lemma_limit(n: int, m: int) -> float:
    return float(np.sqrt(4 * np.log(n) / m))


def _lemma(settings: Settings) -> xr.Dataset:
    cases = [(n, m, _lemma_limit(n, m), codes) for (n, m), codes in zip(LEMMA, settings.lemma_codes, strict=True)]
    shares = shares_within(cases, seed=settings.seed)
    predicted = coherence_probability(shares["limit"].values, shares["n_features"].values, shares["n_hidden"].values)
    return shares.assign(predicted=("case", predicted))


def _directions(settings: Settings) -> xr.Dataset:
    m, largest = np.array(settings.direction_n_hidden), settings.largest
    drawn = almost_orthogonal(settings.direction_n_hidden, largest, codes=settings.direction_codes, seed=settings.seed)
    predicted = []
    for width in m:
        n = 1  # the largest n for which half of the codes are good
        step = 1 << 40
        while step:
            n += step if coherence_probability(largest, n + step, width) >= 0.5 else 0
            step >>= 1
        predicted.append(n)
    return drawn.assign(predicted=("n_hidden", predicted))


def plates(data: Data) -> list[Plate]:
    """Overlaps against the number of features, and how many directions fit below a cosine."""
    return [
        Plate(
            name="coherence",
            figure=coherence_against_features(data["curves"]),
            caption="The largest overlap of all pairs (filled) and the typical one, its root mean square (open), for "
            "several kinds of codes. The typical overlap does not depend on n; the largest follows the Poisson "
            "prediction, well below the Johnson-Lindenstrauss value and above what any code must have.",
        ),
        Plate(
            name="directions",
            figure=directions_against_width(data["directions"]),
            caption="Random directions that can be drawn before two of them come closer than a cosine: each code a "
            "faint dot, the median with its prediction. It grows exponentially with m.",
        ),
    ]


EXPERIMENT = Experiment(
    id="coherence",
    title="Overlaps of codes",
    question="How much do two features of a code overlap, typically and at worst, and how far is that from the bounds?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Welch 1974, Lower bounds on the maximum cross correlation of signals",
        "Levenshtein 1982, Bounds on the maximal cardinality of a code with bounded modulus of the inner product",
        "Cai and Jiang 2012, Phase transition in limiting distributions of coherence",
        "Dasgupta and Gupta 2003, An elementary proof of a theorem of Johnson and Lindenstrauss",
    ),
)
