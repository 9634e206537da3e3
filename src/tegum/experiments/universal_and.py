"""Universal AND: one random layer from which the AND of any two features can be read."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.circuit_trials import universal_layers
from tegum.experiments.universal_and_claims import judge
from tegum.experiments.universal_and_data import (
    coverage,
    differences,
    histogram,
    joint_neurons,
    single_neurons,
    whole_coverage,
)
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot.circuits import error_against_probability, estimates_by_case
from tegum.theory.and_design import required_neurons
from tegum.theory.universal_and import universal_and_law


class Settings(FrozenRecord):
    """`sparse_...`, `crowded_...`, `read_off_...`, `cover_...` and `width_...` are layers of other sizes."""

    n_features: int
    n_neurons: int
    n_active: int
    connection_probability: float
    slope_probability: tuple[float, ...]
    sparse_neurons: int
    sparse_active: int
    sparse_probability: float
    crowded_active: int
    crowded_neurons: tuple[int, ...]
    crowded_probability: tuple[float, ...]
    read_off_neurons: int
    read_off_active: int
    difference_probability: float
    read_off_probability: tuple[float, ...]
    cover_features: int
    cover_factor: tuple[float, ...]
    width_features: tuple[int, ...]
    width_active: int
    width_error: float
    layers: int
    inputs: int
    sparse_layers: int
    read_off_layers: int
    difference_layers: int
    cover_layers: int
    width_layers: int
    slope_neurons: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_SIZES: dict[str, Any] = {
    "n_features": 200,
    "n_neurons": 2000,
    "n_active": 5,
    "connection_probability": 0.05,
    "slope_probability": (0.0125, 0.025, 0.05, 0.1),
    "sparse_neurons": 20_000,
    "sparse_active": 3,
    "sparse_probability": 0.02,
    "crowded_active": 10,
    "crowded_neurons": (20_000, 200_000),
    "crowded_probability": (0.1, 0.01),
    "read_off_neurons": 20_000,
    "read_off_active": 10,
    "difference_probability": 0.0476,
    "cover_features": 100,
    "cover_factor": (0.85, 1.0, 1.2),
    "width_features": (500, 4096, 131_072),
    "width_active": 4,
    "width_error": 0.25,
}
PRESETS = {
    "quick": Settings(
        **_SIZES,
        read_off_probability=(0.012, 0.02, 0.0476, 0.1, 0.2),
        layers=40,
        inputs=20,
        sparse_layers=5,
        read_off_layers=250,
        difference_layers=1000,
        cover_layers=150,
        width_layers=40,
        slope_neurons=6000,
    ),
    "paper": Settings(
        **_SIZES,
        read_off_probability=(0.012, 0.016, 0.02, 0.03, 0.0476, 0.07, 0.1, 0.15, 0.2),
        layers=100,
        inputs=20,
        sparse_layers=20,
        read_off_layers=1000,
        difference_layers=4000,
        cover_layers=400,
        width_layers=200,
        slope_neurons=12_000,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Neurons, cases, read-offs against q, coverage, and widths that grow with n."""
    s, total = settings, 8
    data = {"neuron": single_neurons(6, seed=s.seed)}
    sizes = (s.n_features, s.n_neurons, s.n_active)
    data["cases"] = universal_layers(*sizes, (s.connection_probability,), layers=s.layers, inputs=s.inputs, seed=s.seed)
    tell(Progress(2, total))
    few = max(2, s.layers // 4)
    data["histogram"] = histogram(*sizes, s.connection_probability, layers=few, inputs=s.inputs, seed=s.seed)
    data["sparse"] = universal_layers(
        s.n_features,
        s.sparse_neurons,
        s.sparse_active,
        (s.sparse_probability,),
        layers=s.sparse_layers,
        inputs=s.inputs,
        seed=s.seed,
    )
    tell(Progress(4, total))
    slopes = [
        joint_neurons(
            s.n_neurons,
            q,
            s.n_active,
            layers=s.layers,
            pairs=max(1, round(s.slope_neurons / (s.n_neurons * q * q))),
            seed=s.seed,
        )
        for q in s.slope_probability
    ]
    data["slopes"] = xr.concat(
        [each.drop_vars("number") for each in slopes],
        xr.IndexVariable("connection_probability", list(s.slope_probability)),
    )
    data["differences"] = differences(
        s.read_off_neurons,
        s.read_off_active,
        (s.difference_probability,),
        layers=s.difference_layers,
        seed=s.seed,
    )
    data["read_offs"] = _read_offs(s)
    tell(Progress(6, total))
    data |= _crowded(s) | _coverage(s)
    tell(Progress(total, total))
    return data


def _read_offs(s: Settings) -> xr.Dataset:
    """Squared errors of both read-offs with one feature on, against q, with their laws over a finer list."""
    m, k, q = s.read_off_neurons, s.read_off_active, s.read_off_probability
    plain = [joint_neurons(m, each, k, layers=s.layers, pairs=200, seed=s.seed)["square"] for each in q]
    second = differences(m, k, q, layers=s.read_off_layers, seed=s.seed)["second"].sel(case="one on")
    fine = np.geomspace(min(q), max(q), 200)
    laws = {
        "plain": universal_and_law(m, k, fine, n_on=1),
        "second": universal_and_law(m, k, fine, n_on=1, read_off="differences"),
    }
    columns = {f"{name}_law": ("probability", np.hypot(law.mean, law.deviation)) for name, law in laws.items()}
    over = "connection_probability"
    columns |= {
        "plain": ((over, "layer"), [each.sel(case="one on").values for each in plain]),
        "second": ((over, "single_layer"), np.square(second.transpose(over, "layer").values)),
    }
    return xr.Dataset(columns, {over: list(q), "probability": fine}, {"n_neurons": m, "n_active": k})


def _crowded(s: Settings) -> dict[str, xr.Dataset]:
    """The same number of active features at a large and at a small q."""
    return {
        f"crowded-{number}": joint_neurons(m, q, s.crowded_active, layers=s.width_layers, pairs=200, seed=s.seed)
        for number, (m, q) in enumerate(zip(s.crowded_neurons, s.crowded_probability, strict=True))
    }


def _coverage(s: Settings) -> dict[str, xr.Dataset]:
    """Covered pairs of one layer, layers that cover all pairs, and widths that suffice for all pairs of n features."""
    k, q = s.width_active, s.width_error / s.width_active
    widths = [int(required_neurons(n, k, error=s.width_error)) for n in s.width_features]
    made = [joint_neurons(m, q, k, layers=s.width_layers, pairs=200, seed=s.seed) for m in widths]
    columns = {
        "n_neurons": ("n_features", widths),
        "covered": (("n_features", "layer"), [(each["number"] > 0).all("pair").values for each in made]),
        "square": (("n_features", "layer"), [each["square"].sel(case="one on").values for each in made]),
    }
    return {
        "coverage": coverage(s.n_features, s.n_neurons, s.connection_probability, layers=s.cover_layers, seed=s.seed),
        "whole": whole_coverage(s.cover_features, s.n_neurons, s.cover_factor, layers=s.cover_layers, seed=s.seed),
        "widths": xr.Dataset(columns, {"n_features": list(s.width_features)}, {"n_active": k, "error": s.width_error}),
    }


def plates(data: Data) -> list[Plate]:
    """Histograms by case, and the error of both read-offs against q."""
    return [
        Plate(
            name="cases",
            figure=estimates_by_case(data["histogram"]),
            caption="Estimates of the ANDs of all pairs, by how many of the two features are on. Bars: a random layer. "
            "Dots: the exact law. The plain average has an offset of about kq, and more noise if a feature is on.",
        ),
        Plate(
            name="probability",
            figure=error_against_probability(data["read_offs"]),
            caption="Error of the estimate with one of the two features on, against the chance q that a neuron reads a "
            "feature. Points: random layers. Lines: the laws. Upright: the best q. The plain average must "
            "trade its offset against its noise; the second difference has no offset and allows a larger q.",
        ),
    ]


EXPERIMENT = Experiment(
    id="universal-and",
    title="Universal AND",
    question="Can one random layer hold the ANDs of all pairs of sparse features, and at what error?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Computation in Superposition: Math Overview, on universal AND",
        "Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition",
    ),
)
