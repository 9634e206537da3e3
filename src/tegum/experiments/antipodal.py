"""Antipodal pairs: one direction for two features, on a dimension of their own or among random directions."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.codes import make_code
from tegum.experiments.antipodal_claims import judge
from tegum.experiments.base import Data, Experiment, Plate
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.plot.pairing import designed_pairs, pair_against_single, pairing_sign
from tegum.theory.pairing import pair_loss, pairing_risk

_BATCHES = 20
_LEAST_THRESHOLD = 0.3
_PAIR = np.array([[1.0], [-1.0]])
_FOUR_INPUTS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float64)


class Settings(FrozenRecord):
    """One pair; pairs on orthogonal directions; random directions used once and twice.

    Args:
        pair_probability: p at which one pair is sampled.
        pair_inputs: inputs at each of them.
        grid_step: step of p at which the expected loss of one pair is minimised.
        n_hidden: orthogonal directions; twice as many features in pairs, and a random code of the same size.
        feature_probability: p of these features.
        inputs: inputs at each of them; random codes see a quarter.
        sizes: (n, m, k) of random codes, with p = k/n.
        codes: random codes of each size.
        code_inputs: inputs of each code.
        seed: the one integer behind all random numbers.
    """

    pair_probability: tuple[float, ...] = (0.1, 0.3, 0.45, 0.55, 0.7)
    pair_inputs: int = 100_000
    grid_step: float = 0.005
    n_hidden: int = 50
    feature_probability: tuple[float, ...] = (0.003, 0.01, 0.02, 0.05, 0.1)
    inputs: int
    sizes: tuple[tuple[int, int, float], ...]
    codes: int
    code_inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_SIZES = ((20, 5, 1), (20, 5, 2), (200, 50, 5), (100, 100, 1), (40, 10, 2), (100, 50, 5), (200, 50, 2), (100, 200, 4))

PRESETS = {
    "quick": Settings(inputs=160_000, sizes=_SIZES, codes=400, code_inputs=400),
    "paper": Settings(
        inputs=200_000,
        sizes=(*_SIZES, (100, 50, 1), (40, 10, 1), (40, 10, 4), (200, 50, 1), (200, 50, 10), (400, 100, 5)),
        codes=400,
        code_inputs=400,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """One pair sampled and minimised; orthogonal pairs; random directions.

    Raises:
        InputError: a number of features that cannot be paired.
    """
    odd = [n for n, _, _ in settings.sizes if n % 2]
    if odd:
        raise InputError(f"features are paired, so n must be even; got sizes with n = {odd[0]}. Add one feature.")
    total = 2 + len(settings.sizes)
    tell(Progress(0, total))
    data = {"pair": _pair(settings), "curves": _curves(settings.grid_step)}
    tell(Progress(1, total))
    data["designed"] = _designed(settings)
    over: list[xr.Dataset] = []
    for done, (n, m, k) in enumerate(settings.sizes, 2):
        tell(Progress(done, total))
        over.append(_random_size(n, m, k, settings))
    return data | {"random": xr.concat(over, "size")}


def _present(shape: tuple[int, ...], p: float, rng: np.random.Generator) -> np.ndarray:
    return (rng.random(shape, dtype=np.float32) < p).astype(np.float32)


def _pair(settings: Settings) -> xr.Dataset:
    """Losses of a pair, and of one feature kept while 0 is answered for the other, by batches of inputs."""
    pair, single = np.empty((2, len(settings.pair_probability), _BATCHES))
    for row, p in enumerate(settings.pair_probability):
        x = _present((_BATCHES, settings.pair_inputs // _BATCHES, 2), p, generator(settings.seed, row, "one pair"))
        pair[row] = np.square(_outputs(x) - x).sum(axis=2).mean(axis=1, dtype=np.float64)
        single[row] = x[..., 1].mean(axis=1, dtype=np.float64)
    dims = ("feature_probability", "batch")
    return xr.Dataset(
        {
            "pair": (dims, pair),
            "single": (dims, single),
            "four_outputs": (("input", "feature"), _outputs(_FOUR_INPUTS)),
            "four_inputs": (("input", "feature"), _FOUR_INPUTS),
        },
        {"feature_probability": list(settings.pair_probability)},
    )


def _outputs(x: np.ndarray, scale: Any = 1.0, bias: Any = 0.0) -> np.ndarray:
    return np.maximum(scale * (x @ _PAIR @ _PAIR.T) + bias, 0)


def _curves(step: float) -> xr.Dataset:
    """Expected loss of one pair over p: without a bias, with the best bias and scale by search, and rivals."""
    p = np.arange(1, round(0.6 / step) + 1) * step
    tuned = np.array([_least_loss(each) for each in p])
    return xr.Dataset(
        {
            "plain": ("feature_probability", _expected(p, 1.0, 0.0)),
            "tuned": ("feature_probability", tuned),
            "formula": ("feature_probability", pair_loss(p, best_bias=True)),
            "zero": ("feature_probability", p),
            "mean": ("feature_probability", p * (1 - p)),
        },
        {"feature_probability": p},
    )


def _expected(p: Any, scale: Any, bias: Any) -> np.ndarray:
    """Exact expectation over the four inputs; p, scale and bias broadcast."""
    chances = ((1 - p) ** 2, p * (1 - p), p * (1 - p), p**2)
    scale, bias = np.asarray(scale)[..., np.newaxis], np.asarray(bias)[..., np.newaxis]
    errors = (np.square(_outputs(x, scale, bias) - x).sum(axis=-1) for x in _FOUR_INPUTS)
    return np.asarray(sum(chance * error for chance, error in zip(chances, errors, strict=True)))


def _least_loss(p: float) -> float:
    """Least expected loss over scale and bias, by a grid that closes in on its best point."""
    centre, reach = np.array([0.75, 0.25]), np.array([0.75, 0.75])
    least = np.inf
    for _ in range(14):
        scale, bias = (c + r * np.linspace(-1, 1, 21) for c, r in zip(centre, reach, strict=True))
        losses = _expected(p, scale[:, np.newaxis], bias)
        best = np.unravel_index(losses.argmin(), losses.shape)
        least = min(least, float(losses[best]))
        centre, reach = np.array([scale[best[0]], bias[best[1]]]), 0.4 * reach
    return least


def _designed(settings: Settings) -> xr.Dataset:
    """Loss per feature of orthogonal directions used once and twice, and of random codes with the best threshold."""
    m = settings.n_hidden
    once, twice = np.empty((2, len(settings.feature_probability), _BATCHES))
    random = np.empty((len(settings.feature_probability), _BATCHES))
    pairs = np.concatenate([np.eye(m), -np.eye(m)]).astype(np.float32)
    for row, p in enumerate(settings.feature_probability):
        for batch in range(_BATCHES):
            rng = generator(settings.seed, batch, f"orthogonal pairs {p!r}")
            x = _present((settings.inputs // _BATCHES, 2 * m), p, rng)
            for values, W in ((once, pairs[:m]), (twice, pairs)):
                seen = x[:, : len(W)]
                values[row, batch] = np.square(np.maximum(seen @ W @ W.T, 0) - seen).mean(dtype=np.float64)
            W = make_code("sphere", 2 * m, m, seed=settings.seed, index=batch).astype(np.float32)
            some = x[: len(x) // 4]
            random[row, batch] = _best_threshold_loss(some @ W @ W.T, some > 0)
    dims = ("feature_probability", "batch")
    return xr.Dataset(
        {"once": (dims, once), "twice": (dims, twice), "random": (dims, random)},
        {"feature_probability": list(settings.feature_probability)},
        {"n_hidden": m},
    )


def _best_threshold_loss(read: np.ndarray, present: np.ndarray) -> float:
    """Least share of wrong features over thresholds from 0.3 to 2, or if no feature is called present."""
    thresholds = np.append(np.linspace(_LEAST_THRESHOLD, 2, 341), np.inf)
    loud = np.sort(read[~present & (read > _LEAST_THRESHOLD)])
    missed = np.searchsorted(np.sort(read[present]), thresholds, side="right")
    false = loud.size - np.searchsorted(loud, thresholds, side="right")
    return float((missed + false).min() / read.size)


def _random_size(n: int, m: int, k: float, settings: Settings) -> xr.Dataset:
    """Random directions of one size, once and twice, with the threshold ½ on the same inputs; a value for each code."""
    p, half = k / n, n // 2
    names = ("unpaired", "paired", "noise_unpaired", "noise_paired", "both_present")
    values = {name: np.empty(settings.codes) for name in names}
    for code in range(settings.codes):
        x = _present((settings.code_inputs, n), p, generator(settings.seed, code, f"pairing {n} {m} {k}"))
        W = make_code("sphere", n, m, seed=settings.seed, index=code).astype(np.float32)
        values["both_present"][code] = (x[:, :half] * x[:, half:]).mean()
        for name, directions in (("unpaired", W), ("paired", np.concatenate([W[:half], -W[:half]]))):
            read = x @ directions @ directions.T
            values[name][code] = ((read > 0.5) != (x > 0)).mean()
            own = x if name == "unpaired" else x - np.roll(x, half, axis=1)  # its own share, and that of its partner
            values[f"noise_{name}"][code] = np.square(read - own).mean(dtype=np.float64)
    risk = pairing_risk(n, m, p)
    return xr.Dataset(
        {name: ("code", each) for name, each in values.items()},
        {"n_features": n, "n_hidden": m, "n_active": float(k)},
    ).assign(
        false_positive=float(risk.false_positive),
        true_positive=float(risk.true_positive),
        formula_unpaired=float(risk.unpaired),
        formula_paired=float(risk.paired),
    )


def plates(data: Data) -> list[Plate]:
    """One pair over p; the sign of what pairing gains; designed pairs against random codes."""
    return [
        Plate(
            name="pair",
            figure=pair_against_single(data["curves"], data["pair"]),
            caption="Two features on one dimension as a pair, against one feature kept. Against the answer 0 for the "
            "other feature a pair wins up to p = 1/2, against the mean up to 1/3; with the best bias up to 1/2 again.",
        ),
        Plate(
            name="sign",
            figure=pairing_sign(data["random"]),
            caption="Random directions used twice: what that changes. Left, the rule m ≥ 2n²/k of the source: it "
            "forbids pairing where pairing helps. Right, the corrected one: false positives against p times hits.",
        ),
        Plate(
            name="designed",
            figure=designed_pairs(data["designed"]),
            caption="n = 2m features. Orthogonal pairs cost p² each. A random code is far worse unless features are "
            "very rare.",
        ),
    ]


EXPERIMENT = Experiment(
    id="antipodal",
    title="Antipodal pairs",
    question="When does it pay to use a direction a second time, with the other sign?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Edmonds 2024, Random Superposition, theorem 3 and last section",),
)
