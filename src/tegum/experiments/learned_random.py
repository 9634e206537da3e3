"""Learned directions against random and designed ones, for binary features and a ReLU at the output."""

from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import minimize_scalar

from tegum.codes import make_code
from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.learned_random_claims import judge
from tegum.experiments.starts import N_GROUPS
from tegum.geometry import overlap
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.measure import lowest_loss
from tegum.plot.learned_codes import loss_by_code, overlap_histograms
from tegum.problem import Grid, Problem, TrainSettings, sample_features
from tegum.theory import welch_bound
from tegum.theory.equivalent_size import random_code_risk
from tegum.training import train

CODES = ("random", "tight", "antipodal")
_EXAMPLES = 10**6  # a step of the example stream that no training run reaches


class Settings(FrozenRecord):
    """Trained models with three disjoint groups of starts, and codes whose one bias and one gain are fitted.

    Args:
        problem: of the sweep over m; its features are binary.
        n_hidden: m of the sweep.
        sizes: (n, m, k) of the comparison, with p = k/n.
        starts: in each of three groups.
        training: of the sizes.
        sweep_training: of the sweep.
        codes: random codes of each size.
        inputs: inputs of each code.
        seed: the one integer behind all random numbers.
    """

    problem: Problem
    n_hidden: tuple[int, ...]
    sizes: tuple[tuple[int, int, float], ...]
    starts: int
    training: TrainSettings
    sweep_training: TrainSettings
    codes: int
    inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_TRAINING = TrainSettings(n_steps=6_000, batch_size=256, learning_rate=5e-3, schedule="cosine")

PRESETS = {
    "quick": Settings(
        problem=Problem(n_features=40, n_hidden=10, feature_probability=0.05, magnitude="boolean"),
        n_hidden=(5, 10, 15, 20, 30),
        sizes=((20, 5, 1), (100, 50, 5)),
        starts=1,
        training=_TRAINING.replace(n_steps=4_000),
        sweep_training=_TRAINING.replace(n_steps=2_000),
        codes=40,
        inputs=2_000,
    ),
    "paper": Settings(
        problem=Problem(n_features=100, n_hidden=25, feature_probability=0.05, magnitude="boolean"),
        n_hidden=(10, 15, 20, 25, 30, 40, 50, 60, 80),
        sizes=((20, 5, 1), (100, 50, 5), (64, 16, 2), (200, 50, 2), (200, 50, 5)),
        starts=5,
        training=_TRAINING,
        sweep_training=_TRAINING,
        codes=100,
        inputs=5_000,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """The comparison at each size, and the sweep over m."""
    data = {}
    for n, m, k in settings.sizes:
        problem = settings.problem.replace(n_features=n, n_hidden=m, feature_probability=k / n)
        models = train(
            problem, settings.training, n_models=N_GROUPS * settings.starts, seed=settings.seed, progress=tell
        )
        codes = _codes(problem, ("random",), settings, settings.codes)
        data[size_name(n, m, k)] = (
            models.merge(codes)
            .assign_attrs(n_active=k)
            .assign(random_overlaps=("pair", _overlaps(make_code("sphere", n, m, seed=settings.seed))))
        )
    problem = settings.problem
    models = train(
        Grid(problem, n_hidden=settings.n_hidden), settings.sweep_training, n_models=N_GROUPS * settings.starts,
        seed=settings.seed, progress=tell,
    )  # fmt: skip
    columns = []
    for done, m in enumerate(settings.n_hidden):
        tell(Progress(done, len(settings.n_hidden)))
        columns.append(_codes(problem.replace(n_hidden=m), CODES, settings, 5))
    over = xr.DataArray(list(settings.n_hidden), dims="n_hidden", name="n_hidden")
    p = float(problem.probabilities.mean())
    data["sweep"] = xr.concat(columns, over).assign(
        learned=models["loss"] / problem.n_features,
        formula=("n_hidden", random_code_risk(problem.n_features, np.array(settings.n_hidden), p)),
    ).assign_attrs(n_features=problem.n_features, probability=p)  # fmt: skip
    return data


def size_name(n: int, m: int, k: float) -> str:
    """Name of the dataset of one size.

    Example:
        >>> size_name(20, 5, 1)
        'n20-m5-k1'
    """
    return f"n{n}-m{m}-k{k:g}"


def _overlaps(W: np.ndarray) -> np.ndarray:
    return overlap(W)[np.triu_indices(len(W), 1)]


def _codes(problem: Problem, kinds: tuple[str, ...], settings: Settings, count: int) -> xr.Dataset:
    """Loss per feature of codes with one bias and one gain, fitted to each on inputs of their own."""
    n, m = problem.n_features, problem.n_hidden
    loss = np.full((len(kinds), count), np.nan)
    for code in range(count):
        x = sample_features(problem, 2 * settings.inputs, seed=settings.seed, model=code, step=_EXAMPLES)
        fit, test = x[: settings.inputs], x[settings.inputs :]
        for row, kind in enumerate(kinds):
            if kind == "antipodal" and n % 2:
                continue  # features that cannot be paired
            W = _directions(kind, n, m, settings.seed, code)
            bias, gain = _best_bias_and_gain(fit @ W @ W.T, fit)
            answers = gain * np.maximum(test @ W @ W.T - bias, 0)
            loss[row, code] = np.square(answers - test).mean(dtype=np.float64)
    return xr.Dataset({"code_loss": (("kind", "code"), loss)}, {"kind": list(kinds)})


def _directions(kind: str, n: int, m: int, seed: int, code: int) -> np.ndarray:
    """A random code, a tight frame, or the rows of one of half the size with their negatives."""
    family, count = ("sphere", n) if kind == "random" else ("tight", n if kind == "tight" else n // 2)
    if family == "tight" and count <= m:
        family = "orthonormal"
    half = make_code(family, count, m, seed=seed, index=code)
    return (np.concatenate([half, -half]) if kind == "antipodal" else half).astype(np.float32)


def _best_bias_and_gain(read: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    """Of g ReLU(z - b) with the least squared error: g in closed form, b by search."""
    own, others = read[x > 0].astype(np.float64), read[(x == 0) & (read > 0)].astype(np.float64)

    def parts(bias: float) -> tuple[float, float]:
        mine = np.maximum(own - bias, 0)
        return float(mine.sum()), float(np.square(mine).sum() + np.square(np.maximum(others - bias, 0)).sum())

    def gained(bias: float) -> float:
        product, square = parts(bias)
        return -(product**2) / square if square > 0 else 0.0

    best: Any = minimize_scalar(gained, bounds=(0.0, 0.95), method="bounded", options={"xatol": 1e-3})
    product, square = parts(float(best.x))
    return float(best.x), product / square if square > 0 else 0.0


def plates(data: Data) -> list[Plate]:
    """Loss over m by kind of code, and overlaps of learned and random directions."""
    sizes = [dataset for name, dataset in data.items() if name != "sweep"]
    histograms = {
        f"n = {each.sizes['feature']}, m = {each.sizes['hidden']}, k = {each.attrs['n_active']:g}": xr.Dataset(
            {
                "learned": ("pair", _overlaps(lowest_loss(each)["W"].values.astype(np.float64))),
                "random": each["random_overlaps"],
                "welch": float(welch_bound(each.sizes["feature"], each.sizes["hidden"])),
            }
        )
        for each in sizes
    }
    return [
        Plate(
            name="loss",
            figure=loss_by_code(data["sweep"]),
            caption="Loss per feature against m, with one bias and one gain fitted to every code that is not learned. "
            "Orthogonal antipodal pairs exist from m = n/2 on; there learning finds them.",
        ),
        Plate(
            name="overlaps",
            figure=overlap_histograms(histograms),
            caption="Cosines between learned directions, and between random ones. Learned ones are a nearly tight "
            "frame: few are positive and large, which a ReLU cannot silence, and some are strongly negative.",
        ),
    ]


EXPERIMENT = Experiment(
    id="learned-against-random",
    title="Learned against random directions",
    question="How much better are learned directions than random ones, and what do they do differently?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Edmonds 2024, Random Superposition, for the question",),
)
