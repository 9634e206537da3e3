"""Levels: how finely can the activation of a feature be read when others interfere."""

from typing import Any

import numpy as np
import xarray as xr
from scipy.special import ndtr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.code_trials import active_sets, code, hidden, n_wrong
from tegum.experiments.over_codes import jackknife, slope
from tegum.experiments.verdict import Part, always, within
from tegum.ground.estimate import Estimate, mean_estimate
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.plot import level_errors
from tegum.theory import level_error, union_levels

_RARE = 0.01  # share of misread levels that still counts as told apart


class Settings(FrozenRecord):
    """Level errors over (n_active, n_levels); false levels over n; noise against k; a hidden vector in few bits."""

    n_features: int = 4096
    n_hidden: int = 512
    n_active: tuple[int, ...] = (2, 4, 8, 17)
    n_levels: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16)
    false_n_features: tuple[int, ...] = (1024, 4096)
    false_levels: int = 6
    noise_features: int = 1000
    noise_n_active: tuple[int, ...] = (2, 3, 5, 9, 17)
    far_features: int = 16_000
    bits: tuple[int, ...] = (3, 4, 6)
    codes: int
    inputs: int = 1000
    bit_inputs: int = 400
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {"quick": Settings(codes=15), "paper": Settings(codes=60, inputs=2000)}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Levels of active features, levels that inactive features seem to have, noise, and rounded hidden vectors."""
    makers = {"levels": _levels, "false_levels": _false_levels, "noise": _noise, "far": _far, "bits": _bits}
    made = {}
    for done, (name, make) in enumerate(makers.items()):
        tell(Progress(done, len(makers)))
        made[name] = make(settings)
    return made


def _own_read_outs(W: np.ndarray, sets: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Read-outs of the active features alone, (n_inputs, k)."""
    active = W[sets]
    return np.einsum("bkm,bm->bk", active, np.einsum("bk,bkm->bm", amplitudes, active))


def _levels(settings: Settings) -> xr.Dataset:
    """Share of active features whose level is misread, and what it is for normal noise of a given energy."""
    n, m, codes = settings.n_features, settings.n_hidden, settings.codes
    over = (settings.n_active, settings.n_levels)
    error = np.empty((len(over[0]), len(over[1]), codes))
    given = np.empty_like(error)
    for index in range(codes):
        W = code("sphere", n, m, seed=settings.seed, index=index)
        for a, k in enumerate(over[0]):
            for b, levels in enumerate(over[1]):
                rng = generator(settings.seed, index, f"levels {k} {levels}")
                sets = active_sets(n, k, max(1, 4 * settings.inputs // k), rng)
                level = rng.integers(0, levels, sets.shape)
                amplitude = (level / (levels - 1)).astype(W.dtype)
                read = np.rint(_own_read_outs(W, sets, amplitude) * (levels - 1)).clip(0, levels - 1)
                error[a, b, index] = (read != level).mean()
                others = np.square(amplitude).sum(axis=1, keepdims=True) - np.square(amplitude)
                with np.errstate(divide="ignore"):
                    misread = ndtr(-np.sqrt(m / others.clip(0)) / (2 * (levels - 1)))
                given[a, b, index] = 2 * (1 - 1 / levels) * misread.mean()
    dims = ("n_active", "n_levels", "code")
    formula = level_error(np.array(over[1]), m, np.array(over[0])[:, np.newaxis])
    return xr.Dataset(
        {"error": (dims, error), "given_others": (dims, given), "formula": (dims[:2], formula)},
        {"n_active": list(over[0]), "n_levels": list(over[1])},
        {"n_features": n, "n_hidden": m, "union_levels": float(union_levels(n, m, 4))},
    )


def _false_levels(settings: Settings) -> xr.Dataset:
    """Inactive features that are read as at least the first level above 0, cut at half of it, per input."""
    m, levels, k, codes = settings.n_hidden, settings.false_levels, 4, settings.codes
    counts, expected = np.empty((len(settings.false_n_features), codes)), []
    for a, n in enumerate(settings.false_n_features):
        for index in range(codes):
            W = code("sphere", n, m, seed=settings.seed, index=index)
            rng = generator(settings.seed, index, f"false levels {n}")
            sets = active_sets(n, k, 200, rng)
            amplitude = (rng.integers(0, levels, sets.shape) / (levels - 1)).astype(W.dtype)
            z = np.einsum("bk,bkm->bm", amplitude, W[sets]) @ W.T
            np.put_along_axis(z, sets, 0.0, axis=1)
            counts[a, index] = (z * (levels - 1) > 0.5).sum() / len(sets)
        energy = k * (2 * levels - 1) / (6 * (levels - 1))
        expected.append((n - k) * ndtr(-np.sqrt(m / energy) / (2 * (levels - 1))))
    return xr.Dataset(
        {"wrong": (("n_features", "code"), counts), "expected": ("n_features", expected)},
        {"n_features": list(settings.false_n_features)},
    )


def _noise(settings: Settings) -> xr.Dataset:
    """Mean square of the noise on active read-outs of unit amplitude, over (n_active, code)."""
    n, m, codes = settings.noise_features, settings.n_hidden, settings.codes
    square = np.empty((len(settings.noise_n_active), codes))
    for index in range(codes):
        W = code("sphere", n, m, seed=settings.seed, index=index)
        for a, k in enumerate(settings.noise_n_active):
            sets = active_sets(n, k, settings.inputs, generator(settings.seed, index, f"noise {k}"))
            square[a, index] = np.square(_own_read_outs(W, sets, np.ones(sets.shape, W.dtype)) - 1).mean()
    return xr.Dataset({"mean_square": (("n_active", "code"), square)}, {"n_active": list(settings.noise_n_active)})


def _far(settings: Settings) -> xr.Dataset:
    """The same at k = 4 for few and for many features."""
    sizes = (settings.noise_features, settings.far_features)
    square = np.empty((2, settings.codes))
    for index in range(settings.codes):
        for a, n in enumerate(sizes):
            W = code("sphere", n, settings.n_hidden, seed=settings.seed, index=index)
            sets = active_sets(n, 4, settings.inputs, generator(settings.seed, index, f"far {n}"))
            square[a, index] = np.square(_own_read_outs(W, sets, np.ones(sets.shape, W.dtype)) - 1).mean()
    return xr.Dataset({"mean_square": (("n_features", "code"), square)}, {"n_features": list(sizes)})


def _bits(settings: Settings) -> xr.Dataset:
    """Inactive read-outs and wrong features with the hidden vector rounded to cells over ±4 standard deviations."""
    n, m, k = settings.noise_features, settings.n_hidden, 10
    steps = 8 * np.sqrt(k / m) / 2.0 ** np.array(settings.bits)
    square, wrong = np.empty((2, len(steps), settings.codes))
    exact = np.empty(settings.codes)
    for index in range(settings.codes):
        W = code("sphere", n, m, seed=settings.seed, index=index)
        sets = active_sets(n, k, settings.bit_inputs, generator(settings.seed, index, "rounded"))
        h = hidden(W, sets)
        exact[index] = n_wrong(h @ W.T, sets).mean()
        for a, (bits, step) in enumerate(zip(settings.bits, steps, strict=True)):
            cell = np.floor(h / step).clip(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            z = ((cell + 0.5) * step).astype(W.dtype) @ W.T
            wrong[a, index] = n_wrong(z, sets).mean()
            np.put_along_axis(z, sets, 0.0, axis=1)
            square[a, index] = np.square(z, dtype=np.float64).sum() / (len(sets) * (n - k))
    dims = ("bits", "code")
    return xr.Dataset(
        {
            "mean_square": (dims, square),
            "wrong": (dims, wrong),
            "wrong_exact": ("code", exact),
            "expected": ("bits", k / m + steps**2 / 12),
        },
        {"bits": list(settings.bits)},
    )


def plates(data: Data) -> list[Plate]:
    """Misread levels against their number."""
    return [
        Plate(
            name="levels",
            figure=level_errors(data["levels"]),
            caption="Share of active features whose level is misread. The formula with the mean energy of the others "
            "(dashed) is too low where errors are rare: inputs whose other features happen to be strong make most of "
            "them. The mean over the energy of the others (line) agrees.",
        )
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    levels = data["levels"]
    four = levels.sel(n_active=4)
    return [
        Finding(claim="s0.levels", parts=[_misread(four.sel(n_levels=4), low=0.1)], figure="levels"),
        Finding(claim="s0.levels-corrected", parts=_corrected(four, data["false_levels"]), figure="levels"),
        Finding(claim="tegum.levels-given-others", parts=_given(levels), figure="levels"),
        Finding(claim="s0.levels-fall-with-k", parts=_fall_with_k(data["noise"], levels), figure="levels"),
        Finding(claim="s0.levels-fall-with-n", parts=_fall_with_n(data["far"])),
        Finding(claim="s0.low-precision", parts=_precision(data["bits"])),
    ]


def _misread(cell: xr.Dataset, low: float) -> Part:
    return within(f"share of misread levels, N = {int(cell['n_levels'])}", mean_estimate(cell["error"].values), low)


def _corrected(four: xr.Dataset, false_levels: xr.Dataset) -> list[Part]:
    parts = []
    for levels in (6, 8):
        cell = four.sel(n_levels=levels)
        ratio = mean_estimate(cell["error"].values / float(cell["formula"]))
        parts.append(within(f"share of misread levels over the formula, N = {levels}", ratio, 0.85, 1.15))
    for n in false_levels["n_features"].values:
        cell = false_levels.sel(n_features=n)
        ratio = mean_estimate(cell["wrong"].values / float(cell["expected"]))
        parts.append(within(f"inactive features read as a level over the formula, n = {n}", ratio, 0.8, 1.2))
    return parts


def _given(levels: xr.Dataset) -> list[Part]:
    parts = []
    for k, number in ((4, 6), (4, 8), (8, 4), (8, 6), (8, 8)):
        cell = levels.sel(n_active=k, n_levels=number)
        both = np.array([cell["error"].values, cell["given_others"].values])
        ratio = jackknife(lambda means: float(means[0] / means[1]), both)
        parts.append(within(f"share of misread levels over its mean, k = {k}, N = {number}", ratio, 0.85, 1.15))
    return parts


def _fall_with_k(noise: xr.Dataset, levels: xr.Dataset) -> list[Part]:
    log_k = np.log(noise["n_active"].values - 1.0)
    tilt = jackknife(lambda square: slope(log_k, np.log(square) / 2), noise["mean_square"].values)
    most = [_most_levels(levels.sel(n_active=k)) for k in (2, 17)]
    fewer = (most[1] < most[0]).tolist()
    return [
        within("slope of ln noise against ln(k-1)", tilt, 0.47, 0.53),
        always("fewer levels at k = 17 than at k = 2 with at most 1 % misread", fewer),
    ]


def _most_levels(row: xr.Dataset) -> np.ndarray:
    """For each code the most levels of which at most 1 % are misread."""
    few = (row["error"] <= _RARE).transpose("code", "n_levels").values
    return np.where(few, row["n_levels"].values, 1).max(axis=1)


def _fall_with_n(far: xr.Dataset) -> list[Part]:
    ratio: Estimate = jackknife(lambda few, many: float(np.sqrt(many / few)), *far["mean_square"].values)
    few, many = far["n_features"].values
    return [within(f"noise at n = {many} over n = {few}", ratio, 1.09, 1.28)]


def _precision(bits: xr.Dataset) -> list[Part]:
    parts = []
    for number in bits["bits"].values:
        cell = bits.sel(bits=number)
        ratio = mean_estimate(cell["mean_square"].values / float(cell["expected"]))
        parts.append(within(f"read-out variance over k/m + step²/12, {number} bits", ratio, 0.97, 1.03))
    wrong = np.array([bits["wrong"].sel(bits=6).values, bits["wrong_exact"].values])
    ratio = jackknife(lambda means: float(means[0] / max(means[1], 1e-9)), wrong)
    return [*parts, within("wrong features at 6 bits over those without rounding", ratio, high=1.1)]


EXPERIMENT = Experiment(
    id="levels",
    title="Levels of an activation",
    question="How many values of an active feature can be told apart, and what do n, k and precision change?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
)
