"""Dense Gaussian weights: ANDs read from products of weights, from learned weights, or directly."""

from typing import Any

import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.gaussian_layer_claims import judge
from tegum.experiments.gaussian_layer_data import noise, pair_read_offs, read_off_means
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot.circuit_noise import gaussian_noise_curves, read_off_means_by_case
from tegum.theory.gaussian_and import product_noise


class Settings(FrozenRecord):
    """`few_...` is for one size with few features on; `small_neurons` for read-offs of few neurons."""

    n_off: int
    n_neurons: int
    n_active: int
    few_active: int
    noise_active: tuple[int, ...]
    noise_neurons: tuple[int, ...]
    relative_bias: tuple[float, ...]
    best_bias: float
    small_neurons: int
    small_active: tuple[int, ...]
    off_features: int
    pairs: int
    small_pairs: int
    layers: int
    few_layers: int
    noise_layers: int
    small_layers: int
    inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_SIZES: dict[str, Any] = {
    "n_off": 200,
    "n_neurons": 4000,
    "n_active": 10,
    "few_active": 3,
    "noise_active": (5, 10, 20, 40),
    "noise_neurons": (500, 1000, 2000, 4000),
    "relative_bias": (0.0, -0.35, -0.7, -1.045, -1.4, -1.75),
    "best_bias": -1.045,
    "small_neurons": 500,
    "small_active": (10, 20),
    "off_features": 64,
    "pairs": 200,
    "small_pairs": 40,
    "inputs": 5,
}
PRESETS = {
    "quick": Settings(**_SIZES, layers=40, few_layers=20, noise_layers=20, small_layers=200),
    "paper": Settings(**_SIZES, layers=60, few_layers=80, noise_layers=60, small_layers=800),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Means by case, noise over k, m and bias, and single read-offs of many and of few neurons."""
    s, total = settings, 6
    data = {}
    for step, (name, k, bias, layers) in enumerate(
        (
            ("means", s.n_active, 0.0, s.layers),
            ("few", s.few_active, 0.0, s.few_layers),
            ("biased", s.n_active, s.best_bias, max(4, s.layers // 4)),
        ),
        start=1,
    ):
        data[name] = read_off_means(s.n_off + k, s.n_neurons, k, bias, layers=layers, inputs=s.inputs, seed=s.seed)
        tell(Progress(step, total))
    for name, cells in _cells(s).items():
        made = noise(cells, off_features=s.off_features, layers=s.noise_layers, seed=s.seed)
        law = product_noise(*(made[name].values for name in ("n_neurons", "n_active", "relative_bias")))
        data[name] = made.assign(law=("cell", law))
    tell(Progress(5, total))
    data["direct"] = pair_read_offs(s.n_active, s.n_neurons, 0.0, pairs=s.pairs, layers=s.noise_layers, seed=s.seed)
    small = [
        pair_read_offs(k, s.small_neurons, 0.0, pairs=s.small_pairs, layers=s.small_layers, seed=s.seed)
        for k in s.small_active
    ]
    data["small"] = xr.concat(small, xr.IndexVariable("n_active", list(s.small_active)), combine_attrs="drop")
    data["small"].attrs["n_neurons"] = s.small_neurons
    tell(Progress(total, total))
    return data


def _cells(s: Settings) -> dict[str, list[tuple[int, int, float]]]:
    """What the noise is measured over."""
    return {
        "over_active": [(k, s.n_neurons, 0.0) for k in s.noise_active],
        "over_neurons": [(s.n_active, m, 0.0) for m in s.noise_neurons],
        "over_bias": [(s.n_active, s.n_neurons, bias) for bias in s.relative_bias],
    }


def plates(data: Data) -> list[Plate]:
    """Means of the read-offs by case, and the noise of the product read-off."""
    return [
        Plate(
            name="read-offs",
            figure=read_off_means_by_case({name: data[name] for name in ("few", "means", "biased")}),
            caption="Mean of three read-offs by how many of the two features are on; both on is 1 by theory. Dots: "
            "random layers. Dashes: theory. The product has no bias at any k. Learned weights answer to one feature, "
            "the more so at the bias that has the least noise. The direct read-off is nearly linear.",
        ),
        Plate(
            name="noise",
            figure=gaussian_noise_curves(data["over_active"], data["over_neurons"], data["over_bias"]),
            caption="Noise of the product read-off with none of the two features on. Dots: random layers. Lines: "
            "(k/√m) times a factor of the bias, which is least at b' = -1.045.",
        ),
    ]


EXPERIMENT = Experiment(
    id="gaussian-layer",
    title="ANDs from dense random weights",
    question="What can be read from neurons with Gaussian weights, by which read-off, and how noisy is it?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Computation in Superposition: Math Overview, on random Gaussian weights",
        "Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition",
    ),
)
