"""King - man + woman = queen: when vector arithmetic finds the word."""

from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.analogies_data import KINDS, attribute_words, rounded_wrong, sum_gap, unrelated_words
from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate, share_estimate
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot import analogy_shares
from tegum.theory import analogy_scores, analogy_success, rounding_errors


class Settings(FrozenRecord):
    """Words made of attributes over m and s; words with directions of their own; rounding what is read off."""

    n_hidden: tuple[int, ...]
    own_norm: tuple[float, ...]
    n_unrelated: int
    n_sharing: int
    codes: int
    own_words: int
    own_words_hidden: int
    own_words_codes: int
    rounded_features: int
    rounded_codes: int
    tolerance: float
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_WORDS: dict[str, Any] = {
    "n_hidden": (50, 100),
    "n_unrelated": 2000,
    "n_sharing": 25,
    "own_words": 2050,
    "own_words_hidden": 50,
    "rounded_features": 1000,
    "rounded_codes": 300,
}
PRESETS = {
    "quick": Settings(**_WORDS, own_norm=(0.5, 1.0, 1.5), codes=1000, own_words_codes=100, tolerance=0.07),
    "paper": Settings(
        **_WORDS, own_norm=(0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0), codes=6000, own_words_codes=300, tolerance=0.04
    ),
}
_CASES = ((50, 0.5, 0.962), (50, 1.0, 0.391), (100, 1.5, 0.271))


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Codes over (m, s), with the formula; independent words; rounding."""
    norms = settings.own_norm
    dims = ("n_hidden", "own_norm", "model")
    rows: dict[str, list[list[np.ndarray]]] = {}
    for done, m in enumerate(settings.n_hidden):
        for names in rows.values():
            names.append([])
        for place, s in enumerate(norms):
            tell(Progress(done * len(norms) + place, len(settings.n_hidden) * len(norms)))
            made = attribute_words(
                m,
                s,
                n_unrelated=settings.n_unrelated,
                n_sharing=settings.n_sharing,
                n_codes=settings.codes,
                seed=settings.seed,
            )
            for name, values in made.items():
                rows.setdefault(name, [[]])[-1].append(values.astype(np.float64))
    curve = np.linspace(0, max(*norms, 1.0), 21)
    success = partial(
        analogy_success,
        np.array(settings.n_hidden)[:, np.newaxis],
        n_unrelated=settings.n_unrelated,
        n_first_attribute=settings.n_sharing,
        n_second_attribute=settings.n_sharing,
    )
    words = xr.Dataset(
        {name: (dims, np.array(values)) for name, values in rows.items()},
        {"n_hidden": list(settings.n_hidden), "own_norm": list(norms), "curve_norm": curve},
        attrs={"tolerance": settings.tolerance},
    ).assign(
        formula=(("n_hidden", "curve_norm"), success(curve)),
        formula_with_inputs=(("n_hidden", "curve_norm"), success(curve, inputs_left_out=False)),
        expected_with_inputs=(("n_hidden", "own_norm"), success(np.array(norms), inputs_left_out=False)),
        gap=("n_hidden", [sum_gap(m, seed=settings.seed) for m in settings.n_hidden]),
    )
    alone = unrelated_words(
        settings.own_words_hidden, n_words=settings.own_words, n_codes=settings.own_words_codes, seed=settings.seed
    )
    n, codes = settings.rounded_features, settings.rounded_codes
    wrong = [rounded_wrong(n, m, n_codes=codes, seed=settings.seed) for m in settings.n_hidden]
    rounding = xr.Dataset(
        {
            "wrong": (("n_hidden", "model"), np.array(wrong)),
            "formula": ("n_hidden", rounding_errors(n, list(settings.n_hidden), 2)),
        },
        {"n_hidden": list(settings.n_hidden)},
    )
    own = xr.Dataset({"found": ("model", alone.astype(np.float64))}, attrs={"n_words": settings.own_words})
    return {"words": words, "own": own, "rounding": rounding}


def plates(data: Data) -> list[Plate]:
    """Share of codes that find the answer, against s."""
    return [
        Plate(
            name="shares",
            figure=analogy_shares(data["words"]),
            caption="Share of codes in which queen is the word nearest to V(king) - V(man) + V(woman), with 99 % "
            "intervals. Filled: the three words of the question left out; open: not left out, and above s = 1 king or "
            "woman is nearer. Lines: formulas.",
        )
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    words = data["words"]
    alone = _share(data["own"]["found"])
    corrected = [
        within(f"distance of the sums, s = 0, m = {m}", exact_estimate(float(words["gap"].sel(n_hidden=m))), high=1e-12)
        for m in words["n_hidden"].values
    ]
    tolerance = float(words.attrs["tolerance"])
    for m, s, expected in _CASES:
        name = f"share that finds queen, m = {m}, s = {s:g}"
        share = _share(words["found"].sel(n_hidden=m, own_norm=s))
        corrected.append(within(name, share, expected - tolerance, expected + tolerance))
    included = _share(words["found_with_inputs"].sel(n_hidden=100, own_norm=1.5))
    corrected.append(within("the same with king, man and woman, m = 100, s = 1.5", included, high=0.02))
    return [
        Finding(
            claim="s1.analogy",
            parts=[within("share of codes that find queen", alone, low=np.nextafter(0.5, 1))],
            figure="shares",
        ),
        Finding(claim="s1.analogy-corrected", parts=corrected, figure="shares"),
        Finding(claim="tegum.analogy-scores", parts=_scores(words), figure="shares"),
        Finding(claim="tegum.analogy-inputs", parts=_inputs(words), figure="shares"),
        Finding(claim="tegum.analogy-rounding", parts=_rounding(data["rounding"]), figure="shares"),
    ]


def _share(found: xr.DataArray) -> Estimate:
    return share_estimate(int(found.sum()), found.size)


def _scores(words: xr.Dataset) -> list[Part]:
    parts = []
    for s in words["own_norm"].values:
        expected = analogy_scores(s)
        for kind in KINDS:
            difference = words[kind].sel(n_hidden=100, own_norm=s).values - float(expected[kind])
            parts.append(
                within(f"inner product with {kind}, s = {s:g}, minus theory", mean_estimate(difference), -0.2, 0.2)
            )
    return parts


def _inputs(words: xr.Dataset) -> list[Part]:
    tolerance = float(words.attrs["tolerance"])
    parts = []
    for m in words["n_hidden"].values:
        for s in (0.5, 1.0, 1.5):
            at = words.sel(n_hidden=m, own_norm=s)
            share, expected = _share(at["found_with_inputs"]), float(at["expected_with_inputs"])
            name = f"share that finds queen, nothing left out, m = {m}, s = {s:g}, formula {expected:.3f}"
            parts.append(within(name, share, expected - tolerance, expected + tolerance))
    return parts


def _rounding(rounding: xr.Dataset) -> list[Part]:
    return [
        within(
            f"wrong after rounding over the formula, m = {m}",
            mean_estimate(rounding["wrong"].sel(n_hidden=m).values / float(rounding["formula"].sel(n_hidden=m))),
            0.5,
            1.5,
        )
        for m in rounding["n_hidden"].values
    ]


EXPERIMENT = Experiment(
    id="analogies",
    title="King - man + woman = queen",
    question="When does arithmetic with words' vectors find the fourth word?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Random Superposition, on analogies",
        "Mikolov, Yih and Zweig 2013, Linguistic Regularities in Continuous Space Word Representations",
    ),
)
