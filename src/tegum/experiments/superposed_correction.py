"""Error correction that is itself in superposition: below a critical load it holds, above it does not."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.corrector import simulate_correction
from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import exact_estimate, mean_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import neuron_errors
from tegum.theory import correction_errors, critical_correction_load, max_corrected_features


class Settings(FrozenRecord):
    """Every run has its own random sets of neurons in every layer; all loads of a run share them."""

    n_features: int
    n_neurons: int
    fan_out: int
    n_active: tuple[int, ...]
    n_layers: int
    runs: int
    inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_NETWORK: dict[str, Any] = {"n_features": 40_000, "n_neurons": 20_000, "fan_out": 20, "n_layers": 12}
PRESETS = {
    "quick": Settings(**_NETWORK, n_active=(4, 8, 10, 12), runs=6, inputs=6),
    "paper": Settings(**_NETWORK, n_active=(4, 6, 8, 9, 10, 11, 12, 14, 18), runs=10, inputs=16),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Errors of neurons over layers and loads, with both maps; critical loads; what small networks could serve."""
    n, m, s = settings.n_features, settings.n_neurons, settings.fan_out
    data = simulate_correction(
        n_features=n,
        n_neurons=m,
        n_active=settings.n_active,
        fan_out=s,
        n_layers=settings.n_layers,
        n_runs=settings.runs,
        n_inputs=settings.inputs,
        seed=settings.seed,
        progress=tell,
    )
    columns: dict[str, Any] = {}
    for law in ("poisson", "gaussian"):
        rows = [correction_errors(n, m, k, fan_out=s, n_layers=settings.n_layers, law=law) for k in settings.n_active]
        columns[law] = (("n_active", "layer"), np.array(rows))
        columns[f"critical_{law}"] = critical_correction_load(n, m, fan_out=s, law=law)
    widths = 512 * 2 ** np.arange(8)
    served = max_corrected_features(widths, widths, 10, fan_out=4)
    return {
        "errors": data.assign(columns),
        "served": xr.Dataset({"served": ("n_hidden", served)}, {"n_hidden": widths}),
    }


def plates(data: Data) -> list[Plate]:
    """Share of wrong neurons against layer."""
    return [
        Plate(
            name="neurons",
            figure=neuron_errors(data["errors"]),
            caption="Share of neurons that fire wrongly, layer by layer. Dots: runs. Lines: the map with Poisson "
            "counts; dashes: with normal noise, which promises far more than so few neurons per feature can hold.",
        )
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    errors = data["errors"]
    return [
        Finding(claim="s0.error-correction-cost", parts=_cost(errors), figure="neurons"),
        Finding(claim="tegum.correction-features", parts=_features(errors), figure="neurons"),
        Finding(claim="tegum.correction-normal-noise", parts=_normal(errors), figure="neurons"),
        Finding(claim="tegum.correction-needs-width", parts=_width(data["served"]), figure="neurons"),
    ]


def _at(errors: xr.Dataset, k: int, name: str = "neuron_error") -> np.ndarray:
    return errors[name].sel(n_active=k).isel(layer=-1).values


def _cost(errors: xr.Dataset) -> list[Part]:
    last = int(errors["layer"][-1])
    critical = float(errors["critical_poisson"])
    return [
        within(
            f"share of wrong neurons, k = 8, layer {last}", mean_estimate(_at(errors, 8)), high=np.nextafter(0.003, 0)
        ),
        within(
            f"share of wrong neurons, k = 12, layer {last}", mean_estimate(_at(errors, 12)), low=np.nextafter(0.05, 1)
        ),
        within("critical load of the Poisson map", exact_estimate(critical, 1e-3 * critical), 9, 10),
    ]


def _features(errors: xr.Dataset) -> list[Part]:
    return [
        within("wrong features, k = 8, last layer", mean_estimate(_at(errors, 8, "wrong")), high=0.5),
        within("wrong features, k = 12, last layer", mean_estimate(_at(errors, 12, "wrong")), low=1),
    ]


def _normal(errors: xr.Dataset) -> list[Part]:
    at = errors.sel(n_active=8).mean("layer")
    measured = at["neuron_error"].values
    return [
        within("normal map: critical load", exact_estimate(float(errors["critical_gaussian"])), low=13),
        within(
            "k = 8, mean over layers: measured over the Poisson map",
            mean_estimate(measured / float(at["poisson"])),
            0.5,
            1.5,
        ),
        within("the same over the normal map", mean_estimate(measured / float(at["gaussian"])), low=4),
        within(
            "k = 12, last layer: normal map", exact_estimate(float(errors["gaussian"].sel(n_active=12)[-1])), high=0.01
        ),
    ]


def _width(served: xr.Dataset) -> list[Part]:
    ratio = served["served"] / served["n_hidden"]
    return [
        within("features per neuron, d = m = 512", exact_estimate(float(ratio.sel(n_hidden=512))), high=1.0),
        within("features per neuron, d = m = 4096", exact_estimate(float(ratio.sel(n_hidden=4096))), low=1.0),
    ]


EXPERIMENT = Experiment(
    id="superposed-correction",
    title="Error correction in superposition",
    question="How many active features can a corrector hold whose neurons are shared by features?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Some costs of superposition, on the cost of error correction",
        "Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition",
    ),
)
