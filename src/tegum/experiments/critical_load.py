"""A step in every layer: the number of active features above which wrong ones run away, and what depth costs below."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.depth import simulate_layers
from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import mean_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import false_against_load, false_over_layers
from tegum.theory import critical_load, expected_wrong, false_positive_law, settled_load, step_rule

_MOST = 300
_SEEN = (2.0, 10.0)  # false positives between which a comparison is neither starved nor saturated
_SIZES = ((1000, 500), (1000, 512), (4000, 512), (10_000, 1000), (100_000, 10_000))


class Settings(FrozenRecord):
    """Loads and chances ρ that a wrong feature is carried on, all with the same codes."""

    n_features: int
    n_hidden: int
    n_active: tuple[int, ...]
    carry: tuple[float, ...]
    n_layers: int
    chains: int
    inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        n_features=1000,
        n_hidden=500,
        n_active=(8, 10, 12, 14, 16),
        carry=(0.0, 0.5, 1.0),
        n_layers=15,
        chains=10,
        inputs=30,
    ),
    "paper": Settings(
        n_features=1000,
        n_hidden=500,
        n_active=(6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18),
        carry=(0.0, 0.5, 1.0),
        n_layers=15,
        chains=40,
        inputs=100,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """False positives over layers and loads, with the law that they should follow; critical loads of several sizes."""
    n, m = settings.n_features, settings.n_hidden
    rules = {f"{carry:g}": step_rule(carry=carry) for carry in settings.carry}
    data = simulate_layers(
        rules,
        n_features=n,
        n_hidden=m,
        n_active=settings.n_active,
        n_layers=settings.n_layers,
        n_chains=settings.chains,
        n_inputs=settings.inputs,
        seed=settings.seed,
        progress=tell,
    )
    most, counts = min(_MOST, n), np.arange(min(_MOST, n) + 1)
    law = [
        [false_positive_law(n, m, k, settings.n_layers, carry=carry, most=most) @ counts for k in settings.n_active]
        for carry in settings.carry
    ]
    loads = data.rename(rule="carry").assign_coords(carry=list(settings.carry))[["false", "missed", "wrong"]]
    carry = np.array(settings.carry)
    loads = loads.assign(
        law=(("carry", "n_active", "layer"), np.array(law)),
        critical=("carry", critical_load(n, m, carry)),
        settled=(("carry", "n_active"), settled_load(n, m, list(settings.n_active), carry[:, np.newaxis])),
        fresh=("n_active", expected_wrong(n, m, list(settings.n_active))),
    )
    sizes = np.array(_SIZES, dtype=np.float64)
    reference = xr.Dataset(
        {
            "n_features": ("size", sizes[:, 0]),
            "n_hidden": ("size", sizes[:, 1]),
            "critical": (("carry", "size"), critical_load(sizes[:, 0], sizes[:, 1], np.array([[0.0], [0.5]]))),
            "rule_of_thumb": ("size", sizes[:, 1] / (8 * np.log(sizes[:, 0]))),
        },
        {"carry": [0.0, 0.5]},
    )
    return {"loads": loads, "sizes": reference}


def plates(data: Data) -> list[Plate]:
    """False positives against layer, and at the last layer against load."""
    return [
        Plate(
            name="layers",
            figure=false_over_layers(data["loads"]),
            caption="False positives per input, layer by layer, for several numbers k of active features. Dots with "
            "bars: simulated, mean over chains with its 99 % interval. Lines: the law of counts that includes chance.",
        ),
        Plate(
            name="critical",
            figure=false_against_load(data["loads"]),
            caption="False positives per input at the last layer against k, with the critical load of each chance ρ "
            "that a wrong feature is carried on (vertical), and where mean-field theory has them settle (dashes).",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="tegum.critical-load", parts=_critical(data["loads"]), figure="critical"),
        Finding(claim="tegum.critical-load-law", parts=_law(data["loads"]), figure="layers"),
        Finding(claim="tegum.depth-logarithm", parts=_adding_up(data["loads"]), figure="layers"),
    ]


def _critical(loads: xr.Dataset) -> list[Part]:
    """Well below the critical load false positives settle; well above they run away."""
    parts = []
    last = int(loads["layer"][-1])
    for carry in (0.0, 0.5):
        critical = float(loads["critical"].sel(carry=carry))
        for k in loads["n_active"].values:
            at = loads["false"].sel(carry=carry, n_active=k, layer=last).values
            name = f"false positives, ρ = {carry:g}, k = {k}, layer {last}"
            if k <= 0.8 * critical:
                settled = float(loads["settled"].sel(carry=carry, n_active=k)) - k
                parts.append(within(f"{name}, minus twice those settled", mean_estimate(at - 2 * settled), high=1.0))
            elif k >= 1.15 * critical:
                parts.append(within(name, mean_estimate(at), low=20))
    return parts


def _law(loads: xr.Dataset) -> list[Part]:
    parts = []
    for carry in loads["carry"].values:
        for k in loads["n_active"].values:
            for layer in (2, 3):
                law = float(loads["law"].sel(carry=carry, n_active=k, layer=layer))
                if _SEEN[0] <= law <= _SEEN[1]:
                    ratio = loads["false"].sel(carry=carry, n_active=k, layer=layer).values / law
                    name = f"false positives over the law, ρ = {carry:g}, k = {k}, layer {layer}"
                    parts.append(within(name, mean_estimate(ratio), 0.6, 1.5))
    return parts


def _adding_up(loads: xr.Dataset) -> list[Part]:
    """While few are wrong, L layers of copying have L times the errors of one."""
    k, layer = int(loads["n_active"].min()), 6
    expected = layer * float(loads["fresh"].sel(n_active=k))
    wrong = mean_estimate(loads["wrong"].sel(carry=1.0, n_active=k, layer=layer).values / expected)
    return [within(f"wrong at layer {layer} over {layer} E_wrong, k = {k}", wrong, 0.5, 2.0)]


EXPERIMENT = Experiment(
    id="critical-load",
    title="The critical load of a step",
    question="How many active features can a step in every layer hold for good?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Some costs of superposition, on noise over several layers; the critical load is ours",),
)
