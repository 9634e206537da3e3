"""Noise over layers: which rules let it compound, and which stop it."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.depth import simulate_layers
from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.compounding_noise_claims import judge
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import layer_noise, layer_wrong
from tegum.theory import biased_relu_rule, linear_noise, reused_code_noise, state_evolution, step_rule, update_rules


class Settings(FrozenRecord):
    """Every layer has a fresh random code; `few_active` and `loads` are for the step."""

    n_features: int
    n_hidden: int
    n_active: int
    few_active: int
    loads: tuple[int, ...]
    n_layers: int
    linear_layers: int
    step_layers: int
    settling_layers: int
    chains: int
    inputs: int
    linear_chains: int
    linear_inputs: int
    step_chains: int
    step_inputs: int
    settling_chains: int
    settling_inputs: int
    wide_sizes: tuple[int, int, int]
    wide_layers: int
    wide_chains: int
    wide_inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


_SIZES: dict[str, Any] = {
    "n_features": 1000,
    "n_hidden": 500,
    "n_active": 8,
    "few_active": 6,
    "loads": (12, 16),
    "linear_layers": 5,
    "step_layers": 12,
    "settling_layers": 15,
    "wide_sizes": (400, 400, 4),
    "wide_layers": 16,
}
PRESETS = {
    "quick": Settings(
        **_SIZES,
        n_layers=10,
        chains=12,
        inputs=20,
        linear_chains=15,
        linear_inputs=50,
        step_chains=20,
        step_inputs=100,
        settling_chains=12,
        settling_inputs=40,
        wide_chains=8,
        wide_inputs=20,
    ),
    "paper": Settings(
        **_SIZES,
        n_layers=20,
        chains=40,
        inputs=100,
        linear_chains=40,
        linear_inputs=50,
        step_chains=40,
        step_inputs=100,
        settling_chains=40,
        settling_inputs=100,
        wide_chains=40,
        wide_inputs=50,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """All rules side by side; the identity with fresh and with one code; the step at a small load and at two others."""
    n, m, k = settings.n_features, settings.n_hidden, settings.n_active
    common: dict[str, Any] = {"n_features": n, "n_hidden": m, "seed": settings.seed, "progress": tell}
    linear: dict[str, Any] = {
        **common,
        "n_active": (k,),
        "n_layers": settings.linear_layers,
        "n_inputs": settings.linear_inputs,
    }
    rules = update_rules()
    only_linear = {"identity": rules["identity"]}
    return {
        "rules": _with_theory(
            simulate_layers(
                rules,
                n_active=(k,),
                n_layers=settings.n_layers,
                n_chains=settings.chains,
                n_inputs=settings.inputs,
                **common,
            )
        ),
        "linear": simulate_layers(only_linear, n_chains=settings.linear_chains, **linear).assign(
            formula=("layer", linear_noise(n, m, k, np.arange(1, settings.linear_layers + 1)))
        ),
        "one_code": simulate_layers(
            only_linear, n_chains=max(2, settings.linear_chains // 3), fresh=False, **linear
        ).assign(formula=("layer", reused_code_noise(n, m, k, settings.linear_layers))),
        "step": _with_theory(
            simulate_layers(
                {"step": step_rule()},
                n_active=(settings.few_active,),
                n_layers=settings.step_layers,
                n_chains=settings.step_chains,
                n_inputs=settings.step_inputs,
                **common,
            )
        ),
        "biased": simulate_layers(
            {"biased ReLU": biased_relu_rule()},
            n_active=(k,),
            n_layers=4,
            n_chains=settings.settling_chains,
            n_inputs=settings.settling_inputs,
            **common,
        ),
        "settling": simulate_layers(
            {"step, ρ = 0": step_rule(carry=0.0)},
            n_active=settings.loads,
            n_layers=settings.settling_layers,
            n_chains=settings.settling_chains,
            n_inputs=settings.settling_inputs,
            **common,
        ),
        "wide": _wide(settings, tell),
    }


def _wide(settings: Settings, tell: Listener) -> xr.Dataset:
    """A plain ReLU where there are not even more features than dimensions."""
    n, m, k = settings.wide_sizes
    made = simulate_layers(
        {"ReLU": update_rules()["ReLU"]},
        n_features=n,
        n_hidden=m,
        n_active=(k,),
        n_layers=settings.wide_layers,
        n_chains=settings.wide_chains,
        n_inputs=settings.wide_inputs,
        seed=settings.seed,
        progress=tell,
    )
    return _with_theory(made)


def _with_theory(data: xr.Dataset) -> xr.Dataset:
    """Beside each statistic the same by state evolution, as `theory_...`, at the first of the loads."""
    known = {**update_rules()}
    sizes = (data.attrs["n_features"], data.attrs["n_hidden"], int(data["n_active"][0]))
    columns: dict[str, list[np.ndarray]] = {"inactive_square": [], "active_variance": [], "wrong": []}
    for name in data["rule"].values:
        made = state_evolution(*sizes, rule=known[str(name)], n_layers=data.sizes["layer"])
        for statistic, rows in columns.items():
            rows.append(getattr(made, statistic))
    return data.assign({f"theory_{name}": (("rule", "layer"), np.array(rows)) for name, rows in columns.items()})


def plates(data: Data) -> list[Plate]:
    """Noise on inactive features and spread of active ones by rule; wrong features by rule."""
    return [
        Plate(
            name="noise",
            figure=layer_noise(data["rules"]),
            caption="Mean square of inactive features, and variance of active ones, layer by layer. Dots with bars: "
            "simulated, mean over chains with its 99 % interval. Lines: state evolution. Only what saturates on both "
            "sides resets the noise of both kinds of feature. Where rare errors feed on themselves (gate, biased "
            "ReLU), inputs with many of them pull the average above the theory.",
        ),
        Plate(
            name="wrong",
            figure=layer_wrong(data["rules"]),
            caption="Features on the wrong side of 1/2, per input. Copying in a residual stream costs nothing; a step "
            "with copied errors adds the same small number per layer; all that hands on a continuous value fails.",
        ),
    ]


EXPERIMENT = Experiment(
    id="compounding-noise",
    title="Noise over layers",
    question="Layers read features from a code, apply a rule and store the result: when does noise compound?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Some costs of superposition, on noise over several layers",
        "Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition",
    ),
)
