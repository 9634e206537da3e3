"""Width scaling: how fast loss falls with the number of hidden dimensions, and why."""

from typing import Any, Literal

import numpy as np
import xarray as xr
from scipy.optimize import minimize_scalar

from tegum.codes import make_code
from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, mean_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import feature_norm, mean_square_overlap
from tegum.plot import loss_against_width, overlap_against_width
from tegum.problem import Grid, Problem, TrainSettings, sample_features
from tegum.theory import welch_bound
from tegum.theory.scaling import ignored_loss, power_law, random_code_loss, scaling_exponent
from tegum.training import train

SCALE = 4.0  # published features are uniform on [0, 2]: the same model and code, all losses times 2²
REPRESENTED = 0.5
_NOTHING = 1e-12  # stands for 0 where a logarithm or a ratio is taken: such a model must fail and not crash


class Regime(FrozenRecord):
    """How fast probabilities fall with rank, and what weight decay does to the directions."""

    name: Literal["strong", "zipf", "weak"]
    exponent: float
    weight_decay: float


class Settings(FrozenRecord):
    """Trained models over width; and random codes, whose one gain and one bias are fitted.

    The probabilities of a regime have the mean of the problem's own.
    """

    problem: Problem
    n_hidden: tuple[int, ...]
    regimes: tuple[Regime, ...] = (
        Regime(name="strong", exponent=0.0, weight_decay=-0.03),
        Regime(name="zipf", exponent=1.0, weight_decay=-0.03),
        Regime(name="weak", exponent=1.5, weight_decay=1.0),
    )
    models: int
    training: TrainSettings
    code_widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    code_features: int = 1000
    codes: int
    code_inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_ADAMW = TrainSettings(optimizer="adamw", learning_rate=1e-2, schedule="cosine")

PRESETS = {
    "quick": Settings(
        problem=Problem(n_features=500, n_hidden=8, feature_probability=1 / 500),
        n_hidden=(8, 12, 18, 28, 40),
        models=3,
        training=_ADAMW.replace(n_steps=800, warmup_steps=80, batch_size=256, evaluation_samples=2**14),
        codes=12,
        code_inputs=1500,
    ),
    "paper": Settings(
        problem=Problem(n_features=1000, n_hidden=10, feature_probability=1 / 1000),
        n_hidden=(10, 16, 25, 40, 63, 100),
        models=3,
        training=_ADAMW.replace(n_steps=20_000, warmup_steps=2_000, batch_size=2048),
        codes=20,
        code_inputs=3000,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train each regime over m; fit random codes."""
    data = {regime.name: _trained(settings, regime, tell) for regime in settings.regimes}
    return data | {"codes": _codes(settings)}


def _trained(settings: Settings, regime: Regime, tell: Listener) -> xr.Dataset:
    n = settings.problem.n_features
    p = power_law(n, regime.exponent, mean=float(settings.problem.probabilities.mean()))
    problem = settings.problem.replace(feature_probability=tuple(p.tolist()))
    training = settings.training.replace(weight_decay=regime.weight_decay)
    models = train(
        Grid(problem, n_hidden=settings.n_hidden), training, n_models=settings.models, seed=settings.seed, progress=tell
    )
    norms = feature_norm(models["W"])
    kept = models["W"].where(norms > REPRESENTED, 0.0)  # rows of length 0 are left out of the overlaps
    return xr.Dataset(
        {
            "loss": SCALE * models["loss"],
            "ignored": SCALE * xr.zeros_like(models["loss"]).copy(data=ignored_loss(norms, p, threshold=REPRESENTED)),
            "zero": SCALE * p.sum() / 3,
            "represented": (norms > REPRESENTED).sum("feature"),
            "overlap": mean_square_overlap(kept),
            "welch": ("n_hidden", np.square(welch_bound(n, np.array(settings.n_hidden)))),
        },
        attrs={"exponent": regime.exponent, "weight_decay": regime.weight_decay, "n_features": n},
    )


def _codes(settings: Settings) -> xr.Dataset:
    """Losses of random codes over those of the answer 0, with unit gain and no bias, and with the best of both."""
    n, widths = settings.code_features, settings.code_widths
    problem = Problem(n_features=n, n_hidden=1, feature_probability=1 / n)
    fitted, unit = np.empty((2, len(widths), settings.codes))
    for code in range(settings.codes):
        x = sample_features(problem, settings.code_inputs, seed=settings.seed, model=code)
        x = x[x.any(axis=1)]  # a negative bias answers inputs of zeros without error
        for number, m in enumerate(widths):
            V = make_code("sphere", n, m, seed=settings.seed, index=code).astype(np.float32)
            z = x @ V @ V.T
            zero = np.square(x).sum(dtype=np.float64)
            unit[number, code] = np.square(np.maximum(z, 0) - x).sum(dtype=np.float64) / zero
            fitted[number, code] = _best_gain_and_bias(z, x) / zero
    formula = [random_code_loss(n, m, n_present=1.0) / (1 / 3) for m in widths]
    dims = ("n_hidden", "model")
    return xr.Dataset(
        {
            "loss": (dims, fitted),
            "unit_gain": (dims, unit),
            "formula": ("n_hidden", formula),
            "unit_formula": ("n_hidden", n / (2 * np.array(widths))),
        },
        {"n_hidden": list(widths)},
        attrs={"n_features": n},
    )


def _best_gain_and_bias(z: np.ndarray, x: np.ndarray) -> float:
    """Least squared error of g ReLU(z - t), in sum: the gain g in closed form, the threshold t by search."""
    present = x > 0
    read, wanted, absent = (part.astype(np.float64) for part in (z[present], x[present], z[~present & (z > 0)]))
    total = np.square(wanted).sum()

    def loss(threshold: float) -> float:
        open_ = np.maximum(read - threshold, 0)
        square = np.square(open_).sum() + np.square(np.maximum(absent - threshold, 0)).sum()
        return total - (wanted @ open_) ** 2 / square if square > 0 else total

    least: Any = minimize_scalar(loss, bounds=(0.0, 0.95), method="bounded", options={"xatol": 1e-3})
    return float(least.fun)


def plates(data: Data) -> list[Plate]:
    """Loss over width, and overlaps over width."""
    return [
        Plate(
            name="loss",
            figure=loss_against_width(data),
            caption="Loss against the number of hidden dimensions. Where nearly all features are represented, it falls "
            "about as 1/m, slower at first and faster later; with weak superposition it is the loss of the features "
            "left out.",
        ),
        Plate(
            name="overlaps",
            figure=overlap_against_width({name: each for name, each in data.items() if name != "codes"}),
            caption="Mean squared overlap of represented features, with the least possible value for all n. Dots are "
            "models.",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    strong, zipf, weak, codes = (data[name] for name in ("strong", "zipf", "weak", "codes"))
    return [
        Finding(
            claim="tegum.width-strong",
            parts=[
                within("exponent of the loss, equal probabilities", _exponent(strong), -1.25, -0.75),
                within("exponent of the loss, Zipf's law", _exponent(zipf), -1.25, -0.75),
            ],
            figure="loss",
        ),
        Finding(
            claim="tegum.width-curved",
            parts=[
                within("exponent between the two narrowest", _exponent(strong.isel(n_hidden=[0, 1])), low=-0.8),
                within("exponent between the two widest", _exponent(strong.isel(n_hidden=[-2, -1])), high=-1.2),
            ],
            figure="loss",
        ),
        Finding(claim="tegum.width-overlap", parts=_overlap(strong), figure="overlaps"),
        Finding(claim="tegum.width-weak", parts=_weak(weak, strong), figure="loss"),
        Finding(claim="tegum.width-weak-dedicated", parts=_dedicated(weak), figure="overlaps"),
        Finding(claim="tegum.width-random-code", parts=_random(codes), figure="loss"),
    ]


def _per_model(data: xr.Dataset, name: str) -> np.ndarray:
    """Exponent of one variable for each model, fitted over the widths."""
    values = np.maximum(data[name].transpose("model", "n_hidden").values, _NOTHING)
    return scaling_exponent(data["n_hidden"].values, values)


def _exponent(data: xr.Dataset, name: str = "loss") -> Estimate:
    return mean_estimate(_per_model(data, name))


def _overlap(strong: xr.Dataset) -> list[Part]:
    times_m = (strong["overlap"] * strong["n_hidden"]).transpose("n_hidden", "model")
    return [
        within("exponent of the overlap", _exponent(strong, "overlap"), -1.1, -0.9),
        *(
            within(f"mean squared overlap times m, m = {int(m)}", mean_estimate(row.values), 0.8, 1.1)
            for m, row in zip(strong["n_hidden"], times_m, strict=True)
        ),
    ]


def _weak(weak: xr.Dataset, strong: xr.Dataset) -> list[Part]:
    ratio = (weak["loss"] / np.maximum(weak["ignored"], _NOTHING)).mean("n_hidden").values
    difference = _per_model(weak, "loss") - _per_model(weak, "ignored")
    widest = strong.isel(n_hidden=-1)
    share = (widest["ignored"] / widest["loss"]).values
    return [
        within("loss over that of ignored features, weak, mean over m", mean_estimate(ratio), 1.0, 1.3),
        within("exponent of the loss minus that of the ignored part", mean_estimate(difference), -0.1, 0.1),
        within("share of ignored features in the loss, strong, largest m", mean_estimate(share), high=0.1),
    ]


def _dedicated(weak: xr.Dataset) -> list[Part]:
    ratio = (weak["represented"] / weak["n_hidden"]).mean("n_hidden").values
    return [within("features represented over m, mean over m", mean_estimate(ratio), 0.8, 1.2)]


def _random(codes: xr.Dataset) -> list[Part]:
    parts = [within("exponent of the loss, gain and bias fitted", _exponent(codes), -1.25, -1.0)]
    for m in codes["n_hidden"].values:
        at = codes.sel(n_hidden=m)
        for name, formula, what in (("loss", "formula", "fitted"), ("unit_gain", "unit_formula", "gain 1, bias 0")):
            ratio = mean_estimate(at[name].values / float(at[formula]))
            parts.append(within(f"loss over the formula, {what}, m = {m}", ratio, 0.9, 1.1))
    return parts


EXPERIMENT = Experiment(
    id="width-scaling",
    title="Width scaling",
    question="How fast does the loss fall with the number of hidden dimensions, and what sets the exponent?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Liu, Liu and Gore 2025, Superposition Yields Robust Neural Scaling, arXiv 2505.10465",),
)
