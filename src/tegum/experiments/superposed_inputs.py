"""ANDs of features that are themselves in superposition: what the noise of inputs does to neurons."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.superposed_inputs_claims import judge
from tegum.experiments.superposed_inputs_data import by_fan_in, chosen_ands, chosen_noise, random_wiring
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.plot.circuit_noise import leaks_against_noise, noise_against_gates
from tegum.theory.superposed_and import leak, max_targeted_ands, misfire_probability


class Settings(FrozenRecord):
    """`works_...` is for chosen ANDs that are read, `wired_...` for neurons wired at random, each with its q."""

    n_features: int
    n_hidden: int
    n_active: int
    fan_in: tuple[int, ...]
    works_features: int
    works_hidden: int
    works_neurons: int
    works_active: int
    works_neurons_per_gate: int
    wired_neurons: int
    wired_probability: float
    wide_features: int
    wide_hidden: int
    wide_neurons: int
    wide_active: int
    neurons_per_gate: int
    gate_active: int
    many_active: int
    sizes: tuple[tuple[int, int], ...]
    gates_per_weight: tuple[float, ...]
    many_gates: tuple[int, ...]
    codes: int
    inputs: int
    gate_codes: int
    gate_inputs: int
    works_codes: int
    works_inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_SIZES: dict[str, Any] = {
    "n_features": 2000,
    "n_hidden": 500,
    "n_active": 3,
    "works_features": 4000,
    "works_hidden": 1000,
    "works_neurons": 1000,
    "works_active": 4,
    "works_neurons_per_gate": 10,
    "wired_neurons": 1500,
    "wired_probability": 0.01,
    "wide_features": 2000,
    "wide_hidden": 1000,
    "wide_neurons": 1000,
    "wide_active": 4,
    "neurons_per_gate": 4,
    "gate_active": 4,
    "many_active": 10,
    "sizes": ((256, 256), (512, 256), (256, 512), (512, 512)),
    "gates_per_weight": (1 / 1000, 1 / 500, 1 / 250, 1 / 125),
    "many_gates": (49, 98, 196, 512),
}
PRESETS = {
    "quick": Settings(
        **_SIZES,
        fan_in=(2, 5, 17, 83, 167),
        codes=10,
        inputs=60,
        gate_codes=6,
        gate_inputs=200,
        works_codes=5,
        works_inputs=100,
    ),
    "paper": Settings(
        **_SIZES,
        fan_in=(2, 3, 5, 8, 17, 33, 50, 83, 167),
        codes=20,
        inputs=100,
        gate_codes=20,
        gate_inputs=200,
        works_codes=20,
        works_inputs=100,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Chosen ANDs that work; neurons by fan-in and by wiring; noise of neurons against the number of ANDs."""
    s, total = settings, 5
    each: dict[str, Any] = {"codes": s.codes, "inputs": s.inputs, "seed": s.seed}
    data = {
        "works": chosen_ands(
            s.works_features,
            s.works_hidden,
            s.works_neurons,
            s.works_active,
            s.works_neurons_per_gate,
            codes=s.works_codes,
            inputs=s.works_inputs,
            seed=s.seed,
        )
    }
    tell(Progress(1, total))
    made = by_fan_in(s.n_features, s.n_hidden, s.n_active, s.fan_in, **each)
    fine = np.geomspace(float(made["noise"].min()), float(made["noise"].max()), 100)
    data["fan_in"] = made.assign_coords(fine_noise=fine).assign(
        fires_law=("fine_noise", misfire_probability(fine, 1.0)),
        leak_law=("fine_noise", leak(fine)),
        leak_shifted_law=("fine_noise", leak(fine, 0.5, 2.0)),
        misfires_law=("fine_noise", misfire_probability(fine)),
    )
    tell(Progress(3, total))
    data["wired"] = random_wiring(s.n_features, s.n_hidden, s.wired_neurons, s.n_active, s.wired_probability, **each)
    covering = float(np.sqrt(2 * np.log(s.wide_features) / s.wide_neurons))
    data["covering"] = random_wiring(s.wide_features, s.wide_hidden, s.wide_neurons, s.wide_active, covering, **each)
    tell(Progress(4, total))
    data |= _counts(s)
    tell(Progress(total, total))
    return data


def _counts(s: Settings) -> dict[str, xr.Dataset]:
    """Over layers of different shapes at the same T/(m d), over T in the last of them, and with more features on."""
    each: dict[str, Any] = {"codes": s.gate_codes, "inputs": s.gate_inputs, "seed": s.seed}
    d, m = s.sizes[-1]
    k, shared = s.gate_active, s.gates_per_weight[min(1, len(s.gates_per_weight) - 1)]
    cells = {
        "shapes": [(d, m, max(1, round(shared * d * m)), k) for d, m in s.sizes],
        "gates": [(d, m, max(1, round(share * d * m)), k) for share in s.gates_per_weight],
        "crowded": [(d, m, n_gates, s.many_active) for n_gates in s.many_gates],
    }
    data = {name: chosen_noise(listed, s.neurons_per_gate, **each) for name, listed in cells.items()}
    fits = float(max_targeted_ands(d, m, s.many_active, neurons_per_gate=s.neurons_per_gate))
    return data | {"crowded": data["crowded"].assign(fits=fits)}


def plates(data: Data) -> list[Plate]:
    """Leaks and misfires against V; noise and misfires against the number of ANDs."""
    return [
        Plate(
            name="leaks",
            figure=leaks_against_noise(data["fan_in"]),
            caption="Neurons that read |S| features in superposition have noise of variance V = |S| k/d. Left: what a "
            "neuron gives on average with one of its features on. A kink at 1 leaks at any V. Right: share of neurons "
            "that fire wrongly. Dots: random codes. Lines: normal noise. Dots, upright: V = 0.03.",
        ),
        Plate(
            name="gates",
            figure=noise_against_gates(data["shapes"], data["gates"], data["crowded"]),
            caption="T chosen ANDs in a layer of m neurons over d dimensions. Left: the noise is proportional to "
            "T/(m d), whatever the shape. Right: share of neurons with one feature on that misfire. At the T "
            "that the average neuron would allow, those that serve an AND read more features than average.",
        ),
    ]


EXPERIMENT = Experiment(
    id="superposed-inputs",
    title="ANDs of features in superposition",
    question="How many ANDs can a layer compute if its inputs are in superposition, and what breaks first?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Computation in Superposition: Math Overview, on inputs in superposition",
        "Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition",
    ),
)
