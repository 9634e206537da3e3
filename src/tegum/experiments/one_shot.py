"""Decoders that look at the read-out once: errors of single features, and total losses against the formulas."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.codes import make_code
from tegum.decoders import DECODERS, decode
from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.one_shot_claims import judge
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.measure import coherence
from tegum.plot.decoding import exceedance_against_width, one_shot_losses
from tegum.theory import RISKS, expected_wrong

SHOWN = (
    "linear", "scaled_linear", "pseudo_inverse", "relu", "shifted_relu", "gained_relu", "threshold", "best_threshold",
    "posterior_mean",
)  # fmt: skip
_WALK_BATCHES = 50


class Settings(FrozenRecord):
    """Random codes on the sphere, binary features, exactly k of n active.

    Args:
        n_features: n.
        n_hidden: m of losses and of single errors.
        n_active: k at which losses are measured.
        codes: codes of each size.
        inputs: inputs of each code.
        error_active: k of single errors.
        widths: m at which the chance of an error above ½ is measured.
        tail_hidden: m at which tails are compared with a normal law.
        sparse_hidden: m of the source's total error, with sparse_active of n active.
        sparse_active: k there.
        walk_draws: sums of random signs.
        seed: the one integer behind all random numbers.
    """

    n_features: int = 1000
    n_hidden: int = 256
    n_active: tuple[int, ...] = (2, 4, 6, 8, 12, 16, 20)
    codes: int
    inputs: int = 200
    error_active: int = 8
    widths: tuple[int, ...] = (32, 48, 56, 60, 64, 68, 72, 76, 80, 96, 128, 192, 288, 634)
    tail_hidden: int = 512
    sparse_hidden: int = 2048
    sparse_active: int = 2
    walk_draws: int = 100_000
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {"quick": Settings(codes=20), "paper": Settings(codes=40)}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Losses over k; errors of single features over m; sums of signs; the shifted ReLU on a grid."""
    total = settings.codes + len(settings.widths) + 2
    losses: list[xr.Dataset] = []
    for code in range(settings.codes):
        tell(Progress(code, total))
        losses.append(_losses(settings, code))
    n, m, k = settings.n_features, settings.n_hidden, list(settings.n_active)
    formulas = [[float(RISKS[name].risk(n, m, each)) for name in SHOWN] for each in k]
    widths: list[xr.Dataset] = []
    for done, width in enumerate(settings.widths, settings.codes):
        tell(Progress(done, total))
        widths.append(xr.concat([_errors(settings, width, code) for code in range(settings.codes)], "code"))
    return {
        "losses": xr.concat(losses, "code").assign(formula=(("n_active", "decoder"), formulas)),
        "widths": xr.concat(widths, xr.DataArray(list(settings.widths), dims="n_hidden", name="n_hidden")).assign(
            wrong_formula=("n_hidden", expected_wrong(n, np.array(settings.widths), settings.error_active)),
        ).assign_attrs(n_features=n, n_active=settings.error_active),
        "errors": xr.concat([_bounds(settings, code) for code in range(settings.codes)], "code"),
        "tails": xr.concat([_errors(settings, settings.tail_hidden, code) for code in range(settings.codes)], "code"),
        "sparse": _sparse(settings),
        "walks": _walks(settings),
        "grid": _grid(),
    }  # fmt: skip


def _inputs(settings: Settings, k: int, code: int) -> np.ndarray:
    """(inputs, n) with exactly k ones in each row."""
    n = settings.n_features
    rng = generator(settings.seed, code, f"exactly {k} of {n} active")
    x = np.zeros((settings.inputs, n), dtype=np.float32)
    np.put_along_axis(x, rng.random(x.shape, dtype=np.float32).argpartition(k - 1, axis=1)[:, :k], 1.0, axis=1)
    return x


def _code(settings: Settings, m: int, code: int) -> np.ndarray:
    return make_code("sphere", settings.n_features, m, seed=settings.seed, index=code)


def _losses(settings: Settings, code: int) -> xr.Dataset:
    """Squared error per input of every decoder, one code."""
    W = _code(settings, settings.n_hidden, code).astype(np.float32)
    loads = settings.n_active
    x = np.stack([_inputs(settings, k, code) for k in loads])
    h = x @ W
    loss = np.empty((len(loads), len(SHOWN)))
    for column, name in enumerate(SHOWN):
        if DECODERS[name].needs_load:
            answers = np.stack([decode(name, h[row], W, n_active=k) for row, k in enumerate(loads)])
        else:
            answers = decode(name, h.reshape(-1, W.shape[1]), W).reshape(x.shape)
        loss[:, column] = np.square(answers - x).sum(axis=2).mean(axis=1, dtype=np.float64)
    return xr.Dataset(
        {"loss": (("n_active", "decoder"), loss)},
        {"n_active": list(settings.n_active), "decoder": list(SHOWN)},
        {"n_features": settings.n_features, "n_hidden": settings.n_hidden},
    )


def _errors(settings: Settings, m: int, code: int) -> xr.Dataset:
    """How often the read-outs of one code are off, and by how much."""
    k = settings.error_active
    W, x = _code(settings, m, code).astype(np.float32), _inputs(settings, k, code)
    read = x @ W @ W.T
    absent = read[x == 0]
    size, deviation = np.abs(absent), np.sqrt(k / m)
    values = {
        "negative": (absent < 0).mean(),
        "deviation": absent.std(dtype=np.float64),
        "exceeds_half": (size > 0.5).mean(),
        "exceeds_1": (size > deviation).mean(),
        "exceeds_2": (size > 2 * deviation).mean(),
        "wrong": ((read > 0.5) != (x > 0)).sum(axis=1).mean(),
    }
    return xr.Dataset({name: float(value) for name, value in values.items()}, attrs={"n_hidden": m, "n_active": k})


def _bounds(settings: Settings, code: int) -> xr.Dataset:
    """Errors of one code in double precision: the signed sum that they are, and the bounds that they obey."""
    n, m, k = settings.n_features, settings.n_hidden, settings.error_active
    W, x = _code(settings, m, code), _inputs(settings, k, code).astype(np.float64)
    levels = generator(settings.seed, code, "levels of activation").random(x.shape) * x
    G = W @ W.T
    others = G - np.diag(np.diag(G))
    error = np.abs(x @ W @ W.T - x)
    scale = np.sqrt(4 * np.log(n) / m) * np.sqrt(k)
    values = {
        "largest": error.max(),
        "coherence": coherence(W),
        "off_signed_sum": np.abs(levels @ W @ W.T - levels - levels @ others).max(),
        **{f"exceeds_scale_{c:g}": (error > c * scale).mean() for c in (0.25, 0.5, 1.0)},
    }
    return _errors(settings, m, code).assign({name: float(value) for name, value in values.items()})


def _sparse(settings: Settings) -> xr.Dataset:
    """The source's total error: ReLU(z - 2 ε) at a small load; a value for each code."""
    n, m, k, c = settings.n_features, settings.sparse_hidden, settings.sparse_active, 2.0
    epsilon = float(np.sqrt(4 * np.log(n) / m) * c * np.sqrt(k))
    error = []
    for code in range(max(2, settings.codes // 4)):
        W, x = _code(settings, m, code).astype(np.float32), _inputs(settings, k, code)
        error.append(float(np.square(np.maximum(x @ W @ W.T - 2 * epsilon, 0) - x).mean(dtype=np.float64)))
    attrs = {"formula": (3 * epsilon) ** 2 + float(np.exp(-(c**2) / 2)), "answer_zero": k / n}
    return xr.Dataset({"error": ("code", error)}, attrs=attrs)


def _walks(settings: Settings) -> xr.Dataset:
    """Variance of a sum of k random signs, by batches."""
    steps = [16, 64]
    variance = np.empty((len(steps), _WALK_BATCHES))
    for row, k in enumerate(steps):
        ones = generator(settings.seed, row, "walk").binomial(k, 0.5, size=(_WALK_BATCHES, settings.walk_draws // 50))
        variance[row] = (2 * ones - k).var(axis=1, ddof=1)
    return xr.Dataset({"variance": (("n_steps", "batch"), variance)}, {"n_steps": steps})


def _grid() -> xr.Dataset:
    """Largest deviation of thresholds and shifted ReLUs if errors stay below ε, on a grid of values and errors."""
    epsilons = (0.05, 0.2, 0.45)
    x = np.linspace(0, 1, 1001)[:, np.newaxis]
    rows = []
    for epsilon in epsilons:
        error = np.linspace(-epsilon, epsilon, 403)[1:-1]
        binary = np.array([[0.0], [1.0]])
        far, near = (np.maximum(x + error - shift, 0) for shift in (2 * epsilon, epsilon))
        rows.append(
            {
                "threshold_errors": float(((binary + error > 0.5) != (binary > 0)).sum()),
                "double_shift": float(np.abs(far - x).max()),
                "single_shift": float(np.abs(near - x).max()),
                "not_zero": float(near[0].max()),
            }
        )
    columns = {name: ("epsilon", [row[name] for row in rows]) for name in rows[0]}
    return xr.Dataset(columns, {"epsilon": list(epsilons)})


def plates(data: Data) -> list[Plate]:
    """Losses over k, and how often an error exceeds one half."""
    return [
        Plate(
            name="losses",
            figure=one_shot_losses(data["losses"]),
            caption="Loss per input over that of answering 0, measured and by the formulas. No linear decoder is much "
            "better than answering 0. A ReLU with a shift is, and so are thresholds, up to some load.",
        ),
        Plate(
            name="widths",
            figure=exceedance_against_width(data["widths"]),
            caption="Share of inactive features whose read-out is off by more than ½. The bound of the source puts "
            "ln n into the width, which the error of a single feature does not have.",
        ),
    ]


EXPERIMENT = Experiment(
    id="one-shot",
    title="Decoders that look once",
    question="What does a linear read-out of a random code cost, and what does one non-linearity save?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Edmonds 2024, Random Superposition, theorem 2 and lemmas 2 to 4",),
)
