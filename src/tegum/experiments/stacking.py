"""ANDs of ANDs: noise from layer to layer, what stops it, and gates of three and more features."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.stacking_claims import judge
from tegum.experiments.stacking_data import exact_gates, handed_on, in_a_row, set_coverage, triples
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot.circuits import stacked_layers, triple_read_offs
from tegum.theory.stacked_and import max_stacked_gates, stacked_noise
from tegum.theory.universal_and import AndReadOff, universal_and_law


class Settings(FrozenRecord):
    """`row_...` is for layers in a row, `sparse_...` and `triple_...` for ANDs of three, `cover_...` for coverage."""

    n_features: int
    n_neurons: int
    n_active: int
    connection_probability: float
    next_probability: float
    n_gates: tuple[int, ...]
    row_features: int
    row_neurons: int
    row_active: int
    row_probability: float
    depth: int
    sparse_neurons: int
    sparse_active: int
    sparse_probability: float
    triple_neurons: int
    triple_active: int
    triple_probability: float
    most_inputs: int
    cover_features: int
    cover_neurons: int
    cover_probability: float
    cover_order: tuple[int, ...]
    layers: int
    inputs: int
    runs: int
    sparse_layers: int
    triple_layers: int
    cover_layers: int
    cover_sets: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_SIZES: dict[str, Any] = {
    "n_features": 400,
    "n_neurons": 4000,
    "n_active": 4,
    "connection_probability": 0.05,
    "next_probability": 0.1,
    "n_gates": (50, 100, 200, 400),
    "row_features": 2400,
    "row_neurons": 2000,
    "row_active": 3,
    "row_probability": 0.1,
    "sparse_active": 4,
    "sparse_probability": 0.025,
    "triple_neurons": 60_000,
    "triple_active": 5,
    "triple_probability": 0.1,
    "most_inputs": 7,
    "cover_features": 60,
    "cover_neurons": 20_000,
    "cover_probability": 0.1,
    "cover_order": (2, 3, 4),
    "sparse_neurons": 400_000,
    "cover_layers": 20,
}
PRESETS = {
    "quick": Settings(
        **_SIZES, layers=20, inputs=20, depth=5, runs=5, sparse_layers=20, triple_layers=300, cover_sets=2000
    ),
    "paper": Settings(
        **_SIZES, layers=40, inputs=20, depth=8, runs=10, sparse_layers=80, triple_layers=1000, cover_sets=20_000
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Noise that a layer hands on, layers in a row, ANDs of three, exact gates, and coverage of larger sets."""
    s, total = settings, 5
    data = {"handed_on": _handed_on(s)}
    tell(Progress(1, total))
    data["row"] = in_a_row(
        s.row_features,
        s.row_neurons,
        s.row_active,
        s.row_probability,
        depth=s.depth,
        runs=s.runs,
        inputs=s.inputs,
        seed=s.seed,
    )
    tell(Progress(2, total))
    sizes = {
        "sparse_triples": (s.sparse_neurons, s.sparse_active, s.sparse_probability, s.sparse_layers),
        "triples": (s.triple_neurons, s.triple_active, s.triple_probability, s.triple_layers),
    }
    for name, (m, k, q, layers) in sizes.items():
        data[name] = triples(m, k, q, layers=layers, seed=s.seed).assign(
            plain_law=("n_on", _means(m, k, q, "mobius")), corrected_law=("n_on", _means(m, k, q, "differences"))
        )
    tell(Progress(4, total))
    data["exact"] = exact_gates(s.most_inputs, seed=s.seed)
    data["coverage"] = set_coverage(
        s.cover_features,
        s.cover_neurons,
        s.cover_probability,
        s.cover_order,
        sets=s.cover_sets,
        layers=s.cover_layers,
        seed=s.seed,
    )
    tell(Progress(total, total))
    return data


def _means(m: int, k: int, q: float, read_off: AndReadOff) -> list[float]:
    """Expected estimates of an AND of three, by how many of the three are on."""
    return [float(universal_and_law(m, k, q, n_on=on, order=3, read_off=read_off).mean) for on in range(4)]


def _handed_on(s: Settings) -> xr.Dataset:
    """Noise of pairs and of the next layer's neurons, with the laws of both."""
    m, k, q, next_q = s.n_neurons, s.n_active, s.connection_probability, s.next_probability
    made = handed_on(s.n_features, m, k, q, next_q, s.n_gates, layers=s.layers, inputs=s.inputs, seed=s.seed)
    law = stacked_noise(np.array(s.n_gates), m, k, q, next_probability=next_q)
    variance = float(universal_and_law(m, k, q, n_on=0).deviation) ** 2
    return made.assign(
        next_law=("n_gates", law), variance_law=variance, fits=float(max_stacked_gates(m, k, next_probability=next_q))
    )


def plates(data: Data) -> list[Plate]:
    """Noise of the next layer and wrong features by depth; read-offs of three features."""
    return [
        Plate(
            name="stacking",
            figure=stacked_layers(data["handed_on"], data["row"]),
            caption="Left: noise in a neuron of the second layer, against the number T of ANDs that the first hands "
            "on. Dots: random layers. Line: law. Right: wrong features per input, layer by layer, for a circuit that "
            "turns triples into their three ANDs. Without saturation errors feed on themselves. The saturation is two "
            "ReLUs for each AND, so it resets noise here but saves no neurons.",
        ),
        Plate(
            name="triples",
            figure=triple_read_offs([data["sparse_triples"], data["triples"]]),
            caption="The AND of three features, by how many of them are on. Dots: random layers. Dashes: law. The "
            "plain formula is off by about kq; with all classes of neurons it has no bias.",
        ),
    ]


EXPERIMENT = Experiment(
    id="stacking",
    title="ANDs of ANDs",
    question="What becomes of errors when layers of ANDs are stacked, and which gates of more features can be read?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Computation in Superposition: Math Overview, on stacking and on ANDs of three or more features",
        "Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition",
    ),
)
