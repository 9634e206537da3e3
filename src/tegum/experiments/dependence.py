"""Dependence: what changes if features tend to be active together."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.code_trials import code, trials
from tegum.experiments.over_codes import jackknife
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import mean_estimate
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.plot import wrong_against_correlation
from tegum.problem import Problem
from tegum.theory import expected_wrong_mixture


class Settings(FrozenRecord):
    """Boolean features of one problem; any two of them have the same correlation, by a rate drawn for each input."""

    problem: Problem
    pair_correlation: tuple[float, ...]
    codes: int
    inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_PROBLEM = Problem(n_features=1000, n_hidden=256, feature_probability=0.004, magnitude="boolean")

PRESETS = {
    "quick": Settings(problem=_PROBLEM, pair_correlation=(0.0, 0.003, 0.01), codes=30, inputs=1500),
    "paper": Settings(problem=_PROBLEM, pair_correlation=(0.0, 0.001, 0.003, 0.01), codes=80, inputs=3000),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Interference and wrong features for each correlation, and wrong features with exactly np active ones."""
    problem = settings.problem
    n, m, p = problem.n_features, problem.n_hidden, float(problem.probabilities.mean())
    square, wrong = np.empty((2, len(settings.pair_correlation), settings.codes))
    for index in range(settings.codes):
        tell(Progress(index, settings.codes))
        W = code("sphere", n, m, seed=settings.seed, index=index)
        for row, r in enumerate(settings.pair_correlation):
            x = _active(n, p, r, settings.inputs, generator(settings.seed, index, f"dependent features {r}"))
            z = x @ W @ W.T
            wrong[row, index] = ((z > 0.5) != x.astype(bool)).sum() / settings.inputs
            square[row, index] = np.square(z - x).mean(dtype=np.float64)
    fixed = trials(n, m, [max(1, round(n * p))], codes=settings.codes, inputs=settings.inputs, seed=settings.seed)
    dims = ("pair_correlation", "code")
    return {
        "dependent": xr.Dataset(
            {
                "wrong": (dims, wrong),
                "mean_square": (dims, square),
                "expected": (dims[:1], expected_wrong_mixture(n, m, p, list(settings.pair_correlation))),
                "fixed": ("code", fixed["wrong"].values[0]),
            },
            {"pair_correlation": list(settings.pair_correlation)},
            {"n_features": n, "n_hidden": m, "feature_probability": p},
        )
    }


def _active(n: int, p: float, r: float, inputs: int, rng: np.random.Generator) -> np.ndarray:
    """Features that are on with a rate of beta law, mean p, drawn for each input: correlation r of any two of them."""
    rate = rng.beta(p * (1 / r - 1), (1 - p) * (1 / r - 1), (inputs, 1)) if r else p
    return (rng.random((inputs, n), np.float32) < rate).astype(np.float32)


def plates(data: Data) -> list[Plate]:
    """Wrong features and interference against correlation."""
    return [
        Plate(
            name="dependence",
            figure=wrong_against_correlation(data["dependent"]),
            caption="Wrong features per input against the correlation of any two features, with the mixture over the "
            "number of active ones; and the interference variance, which does not change. Crowded inputs make the "
            "errors.",
        )
    ]


def judge(data: Data) -> list[Finding]:
    """The claim of this experiment, from the stored dataset."""
    dependent = data["dependent"]
    n, m, p = (dependent.attrs[name] for name in ("n_features", "n_hidden", "feature_probability"))
    parts: list[Part] = []
    for r in dependent["pair_correlation"].values:
        cell = dependent.sel(pair_correlation=r)
        variance = mean_estimate(cell["mean_square"].values / (n * p / m))
        wrong = mean_estimate(cell["wrong"].values / float(cell["expected"]))
        parts += [
            within(f"interference variance over np/m, r = {r:g}", variance, 0.95, 1.05),
            within(f"mean wrong features over the mixture, r = {r:g}", wrong, 0.75, 1.25),
        ]
    both = np.array([dependent["wrong"].sel(pair_correlation=0.0).values, dependent["fixed"].values])
    times = jackknife(lambda means: float(means[0] / max(means[1], 1e-9)), both)
    parts.append(within("mean wrong features at r = 0 over those with np active ones", times, low=5.0))
    return [Finding(claim="s0.dependence", parts=parts, figure="dependence")]


EXPERIMENT = Experiment(
    id="dependence",
    title="Features that depend on each other",
    question="If features tend to be active together, what changes: the interference, or the number of errors?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Skellam 1948, A probability distribution derived from the binomial distribution",),
)
