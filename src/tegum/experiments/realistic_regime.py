"""The sizes of a published dictionary: 512 neurons, 500 to 131072 features, 10 to 20 of them on."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.gaussian_layer_data import noise, pair_read_offs
from tegum.experiments.realistic_regime_claims import judge
from tegum.experiments.universal_and_data import coverage, differences, joint_neurons
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot.circuits import error_against_width, feasible_region
from tegum.theory.and_design import best_averaging, best_differences, required_neurons
from tegum.theory.gaussian_and import best_gaussian_bias, gaussian_and_law
from tegum.theory.universal_and import universal_and_law


class Settings(FrozenRecord):
    """`widths` and `width_active` are for the error of four read-offs against the number of neurons."""

    n_neurons: int
    n_features: tuple[int, ...]
    n_active: tuple[int, ...]
    small_probability: float
    error: float
    covered_features: int
    widths: tuple[int, ...]
    width_active: int
    layers: int
    pairs: int
    difference_layers: int
    dense_layers: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_SIZES: dict[str, Any] = {
    "n_neurons": 512,
    "n_features": (500, 4096, 16_384, 131_072),
    "n_active": (10, 20),
    "small_probability": 0.01,
    "error": 0.25,
    "covered_features": 200,
    "width_active": 10,
    "pairs": 40_000,
}
PRESETS = {
    "quick": Settings(**_SIZES, widths=(512, 1024, 2048, 4096), layers=40, difference_layers=600, dense_layers=24),
    "paper": Settings(
        **_SIZES, widths=(512, 1024, 2048, 4096, 8192, 16_384), layers=100, difference_layers=3000, dense_layers=40
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """What the sizes ask for, what they give, the errors of read-offs against width, and where they are feasible."""
    s, total = settings, 4
    data = {"regime": _regime(s)}
    tell(Progress(1, total))
    data["covered"] = coverage(s.covered_features, s.n_neurons, s.small_probability, layers=s.layers, seed=s.seed)
    data["enough"] = _enough(s)
    tell(Progress(2, total))
    data["widths"] = _widths(s)
    tell(Progress(3, total))
    data["feasible"] = _feasible(s)
    tell(Progress(total, total))
    return data


def _regime(s: Settings) -> xr.Dataset:
    """The kq at which all pairs are covered; the least error over q, by its formula and measured."""
    m, k = s.n_neurons, np.array(s.n_active)
    covering = np.sqrt(2 * np.log(np.array(s.n_features)) / m)
    best = best_averaging(m, k)
    made = [
        joint_neurons(m, float(q), int(each), layers=s.layers, pairs=s.pairs, seed=s.seed)
        for each, q in zip(k, best.connection_probability, strict=True)
    ]
    columns = {
        "active_inputs": (("n_features", "n_active"), covering[:, np.newaxis] * k),
        "least_error": ("n_active", best.error),
        "square": (("n_active", "layer"), [each["square"].sel(case="one on").values for each in made]),
    }
    return xr.Dataset(columns, {"n_features": list(s.n_features), "n_active": list(s.n_active)}, {"n_neurons": m})


def _enough(s: Settings) -> xr.Dataset:
    """Pairs of the first number of features, read from as many neurons as the error asks for."""
    k = s.n_active[0]
    m = int(required_neurons(s.n_features[0], k, error=s.error))
    made = joint_neurons(m, s.error / k, k, layers=s.layers, pairs=200, seed=s.seed)
    columns = {
        "covered": ("layer", (made["number"] > 0).all("pair").values),
        "square": ("layer", made["square"].sel(case="one on").values),
    }
    attrs = {"n_features": s.n_features[0], "n_active": k, "n_neurons": m, "error": s.error}
    return xr.Dataset(columns, attrs=attrs)


READ_OFFS = ("plain average", "second difference", "Gaussian, product", "Gaussian, direct")


def _widths(s: Settings) -> xr.Dataset:
    """Squared errors with one feature on, over (read_off, n_neurons, layer), at the best q or bias (direct: none)."""
    k, bias = s.width_active, best_gaussian_bias()[0]
    square = np.full((len(READ_OFFS), len(s.widths), max(s.layers, s.difference_layers, s.dense_layers)), np.nan)
    law = np.empty((len(READ_OFFS), len(s.widths)))
    dense = noise([(k, m, bias) for m in s.widths], off_features=64, layers=s.dense_layers, seed=s.seed)
    for column, m in enumerate(s.widths):
        plain, second = best_averaging(m, k), best_differences(m, k)
        made = joint_neurons(m, float(plain.connection_probability), k, layers=s.layers, pairs=500, seed=s.seed)
        square[0, column, : s.layers] = made["square"].sel(case="one on").values
        single = differences(m, k, (float(second.connection_probability),), layers=s.difference_layers, seed=s.seed)
        square[1, column, : s.difference_layers] = np.square(single["second"].sel(case="one on").values)
        square[2, column, : s.dense_layers] = dense["one_on"].values[column]
        direct = pair_read_offs(k, m, 0.0, pairs=50, layers=s.dense_layers, seed=s.seed)["estimate"]
        square[3, column, : s.dense_layers] = (direct.sel(read_off="direct", case="one on") ** 2).mean("pair").values
        laws = (
            universal_and_law(m, k, plain.connection_probability, n_on=1),
            universal_and_law(m, k, second.connection_probability, n_on=1, read_off="differences"),
            gaussian_and_law(m, k, bias, n_on=1),
            gaussian_and_law(m, k, 0.0, n_on=1, read_off="direct"),
        )
        law[:, column] = [float(np.hypot(each.mean, each.deviation)) for each in laws]
    columns = {"square": (("read_off", "n_neurons", "layer"), square), "law": (("read_off", "n_neurons"), law)}
    return xr.Dataset(columns, {"read_off": list(READ_OFFS), "n_neurons": list(s.widths)}, {"n_active": k})


def _feasible(s: Settings) -> xr.Dataset:
    """Neurons for the asked error against the number of active features, for each n and for two other read-offs."""
    k = np.geomspace(3, 60, 80)
    factor = best_gaussian_bias()[1]
    columns = {
        "universal": (
            ("n_features", "k"),
            [required_neurons(n, k, error=s.error) for n in s.n_features],
        ),
        "differences": ("k", np.square(best_differences(1, k).error / s.error)),
        "product": ("k", np.square(factor * k / s.error)),
    }
    attrs = {
        "n_neurons": s.n_neurons,
        "least_active": min(s.n_active),
        "most_active": max(s.n_active),
        "error": s.error,
    }
    return xr.Dataset(columns, {"n_features": list(s.n_features), "k": k}, attrs)


def plates(data: Data) -> list[Plate]:
    """Where the constructions are feasible, and their errors against width."""
    return [
        Plate(
            name="feasible",
            figure=feasible_region(data["feasible"]),
            caption="Numbers of neurons m and of active features k at which the ANDs of all pairs can be read with the "
            "error named: below and to the right of a line. Lines for n: plain averages, which must also cover all "
            "pairs. Broken lines: noise alone, whatever n. The bar: sizes of a published dictionary.",
        ),
        Plate(
            name="widths",
            figure=error_against_width(data["widths"]),
            caption="Error with one of the two features on, against the number of neurons, for four read-offs at the "
            "q or the bias that suits them best (direct: no bias). Points: random layers. Lines: laws. In the legend: "
            "slopes. The direct read-off answers to single features, and no width mends that.",
        ),
    ]


EXPERIMENT = Experiment(
    id="realistic-regime",
    title="Universal AND at realistic sizes",
    question="With 512 neurons and thousands of features, 10 to 20 of them on: how many ANDs can be read, how well?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Computation in Superposition: Math Overview, on realistic regimes",
        "Bricken et al. 2023, Towards Monosemanticity, for the sizes",
    ),
)
