"""Judges of the experiments about depth and analogies: ideal data, and data that must not pass."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr
from judged import verdicts

from tegum.experiments import EXPERIMENTS
from tegum.experiments.analogies_data import KINDS
from tegum.experiments.base import Data
from tegum.experiments.verdict import Verdict
from tegum.plot import save_figure
from tegum.theory import (
    analogy_scores,
    correction_errors,
    critical_correction_load,
    critical_load,
    expected_wrong,
    false_positive_law,
    linear_noise,
    max_corrected_features,
    reused_code_noise,
    settled_load,
    state_evolution,
    update_rules,
)

NOISE, LOAD, CORRECTION, ANALOGIES = "compounding-noise", "critical-load", "superposed-correction", "analogies"
EXISTS, COST = "s0.error-correction-exists", "s0.error-correction-cost"
SPREAD = 1 + 0.002 * np.arange(-1.0, 2.0)[:, np.newaxis]  # three chains, the layers beside them
STATISTICS = ("inactive_square", "active_variance", "wrong", "false", "missed")
Change = Callable[[xr.Dataset], xr.Dataset]


def chains(rules: dict[str, Any], loads: tuple[int, ...], n_layers: int, n: int = 1000, m: int = 500) -> xr.Dataset:
    """What state evolution says, with a little spread over chains."""
    made: dict[str, list[Any]] = {name: [] for name in STATISTICS}
    for rule in rules.values():
        evolved = [state_evolution(n, m, k, rule=rule, n_layers=n_layers) for k in loads]
        for name, rows in made.items():
            rows.append([getattr(each, name) * SPREAD for each in evolved])
    dims = ("rule", "n_active", "model", "layer")
    coords = {"rule": list(rules), "n_active": list(loads), "layer": np.arange(1, n_layers + 1)}
    attrs = {"n_features": n, "n_hidden": m}
    data = xr.Dataset({name: (dims, np.array(rows)) for name, rows in made.items()}, coords, attrs=attrs)
    theory = {f"theory_{name}": data[name].isel(n_active=0, model=1, drop=True) for name in STATISTICS[:3]}
    return data.assign(theory)


@cache
def noise() -> Data:
    rules = update_rules()
    linear = {"identity": rules["identity"]}
    step = chains({"step": rules["step"]}, (6,), 12)
    layers = np.arange(1, 6)
    formula = linear_noise(1000, 500, 8, layers)
    reused = reused_code_noise(1000, 500, 8, 5)
    fresh = chains(linear, (8,), 5).assign(formula=("layer", formula))
    one = fresh.assign(inactive_square=fresh["inactive_square"] * (reused / formula), formula=("layer", reused))
    every = chains(rules, (8,), 10)
    walk = every["active_variance"].where(every["rule"] != "gate", 0.016 * every["layer"] ** 1.1)
    walk = walk.where(every["rule"] != "step", 0.0)
    return {
        "rules": every.assign(active_variance=walk, theory_active_variance=walk.isel(n_active=0, model=1, drop=True)),
        "linear": fresh,
        "one_code": one,
        "step": step,
        "biased": chains({"biased ReLU": rules["biased ReLU"]}, (8,), 4),
        "settling": chains({"step, ρ = 0": rules["step, ρ = 0"]}, (12, 16), 15),
        "wide": chains({"ReLU": rules["ReLU"]}, (4,), 16, 400, 400),
    }


def loads() -> Data:
    carry, k, n_layers = np.array([0.0, 0.5, 1.0]), (8, 10, 12, 14, 16), 15
    law = np.array(
        [
            [false_positive_law(1000, 500, each, n_layers, carry=c, most=300) @ np.arange(301) for each in k]
            for c in carry
        ]
    )
    settled = settled_load(1000, 500, list(k), carry[:, np.newaxis])
    dims = ("carry", "n_active", "model", "layer")
    false = law[:, :, np.newaxis, :] * SPREAD
    columns = {
        "false": (dims, false),
        "wrong": (dims, false),
        "law": (("carry", "n_active", "layer"), law),
        "critical": ("carry", critical_load(1000, 500, carry)),
        "settled": (("carry", "n_active"), settled),
        "fresh": ("n_active", expected_wrong(1000, 500, list(k))),
    }
    coords = {"carry": carry, "n_active": list(k), "layer": np.arange(1, n_layers + 1)}
    return {"loads": xr.Dataset(columns, coords, attrs={"n_features": 1000, "n_hidden": 500})}


@cache
def correction() -> Data:
    k, sizes = (4, 8, 12), (40_000, 20_000)
    maps = {
        law: np.array([correction_errors(*sizes, each, fan_out=20, n_layers=12, law=law) for each in k])
        for law in ("poisson", "gaussian")
    }
    over = ("n_active", "model", "layer")
    errors = maps["poisson"][:, np.newaxis, :] * SPREAD
    columns = {
        "neuron_error": (over, errors),
        "wrong": (over, np.where(errors > 0.1, 50.0, 0.0) * SPREAD),
        **{law: (("n_active", "layer"), each) for law, each in maps.items()},
        **{f"critical_{law}": critical_correction_load(*sizes, fan_out=20, law=law) for law in maps},
    }
    attrs = {"n_features": 40_000, "n_neurons": 20_000, "fan_out": 20}
    widths = 512 * 2 ** np.arange(4)
    served = xr.Dataset(
        {"served": ("n_hidden", max_corrected_features(widths, widths, 10, fan_out=4))}, {"n_hidden": widths}
    )
    return {
        "errors": xr.Dataset(columns, {"n_active": list(k), "layer": np.arange(1, 13)}, attrs=attrs),
        "served": served,
    }


def words() -> Data:
    m, norms, n_codes = (50, 100), (0.5, 1.0, 1.5), 4000
    shares = {(50, 0.5): 0.962, (50, 1.0): 0.391, (100, 1.5): 0.271}
    codes = np.arange(n_codes) / n_codes
    found = [[(codes < shares.get((each, s), 0.9)).astype(float) for s in norms] for each in m]
    included = [[(codes < (0.005 if s > 1 else 0.3)).astype(float) for s in norms] for each in m]
    dims = ("n_hidden", "own_norm", "model")
    spread = np.linspace(-0.01, 0.01, n_codes)
    scores = {kind: (dims, [[float(analogy_scores(s)[kind]) + spread for s in norms] for _ in m]) for kind in KINDS}
    columns = {"found": (dims, found), "found_with_inputs": (dims, included), **scores}
    columns |= dict.fromkeys(("formula", "formula_with_inputs"), (("n_hidden", "curve_norm"), [[1.0, 0.3]] * 2))
    columns |= {
        "expected_with_inputs": (("n_hidden", "own_norm"), [[0.3, 0.3, 0.005]] * 2),
        "gap": ("n_hidden", [1e-16, 1e-16]),
    }
    coords = {"n_hidden": list(m), "own_norm": list(norms), "curve_norm": [0.0, 1.5]}
    rounding = xr.Dataset(
        {"wrong": (("n_hidden", "model"), 12.0 * np.ones((2, 1)) * SPREAD.T), "formula": ("n_hidden", [12.0, 12.0])},
        {"n_hidden": list(m)},
    )
    own = xr.Dataset({"found": ("model", np.zeros(100))})
    return {"words": xr.Dataset(columns, coords, attrs={"tolerance": 0.04}), "own": own, "rounding": rounding}


IDEAL: dict[str, Callable[[], Data]] = {
    NOISE: noise,
    LOAD: loads,
    CORRECTION: correction,
    ANALOGIES: words,
}


@pytest.mark.parametrize("name", IDEAL)
def test_ideal_data_give_what_is_expected(name: str) -> None:
    assert verdicts(name, IDEAL[name]()) == {claim.id: claim.expected for claim in EXPERIMENTS[name].claims}


def scaled(name: str, factor: float, **where: Any) -> Change:
    """One variable times a factor, at some coordinates."""

    def change(data: xr.Dataset) -> xr.Dataset:
        chosen = True
        for coordinate, value in where.items():
            chosen = chosen & (data[coordinate] == value)
        return data.assign({name: data[name] * xr.where(chosen, factor, 1.0)})

    return change


@pytest.mark.parametrize(
    ("name", "part", "change", "claims"),
    [
        (NOISE, "linear", scaled("inactive_square", 1.3), {"s0.noise-compounds": "refuted"}),
        (NOISE, "linear", scaled("inactive_square", 0.2, layer=3), {"s0.noise-compounds": "refuted"}),
        (NOISE, "step", scaled("wrong", 3.0), {EXISTS: "refuted"}),
        (NOISE, "biased", scaled("active_variance", 0.5, layer=4), {EXISTS: "refuted"}),
        (NOISE, "settling", scaled("false", 5.0, n_active=12), {EXISTS: "refuted"}),
        (NOISE, "settling", scaled("false", 0.05, n_active=16), {EXISTS: "refuted"}),
        (NOISE, "rules", scaled("inactive_square", 2.0, rule="clip"), {"tegum.depth-evolution": "refuted"}),
        (NOISE, "rules", scaled("inactive_square", 2.0, rule="copy"), {"tegum.depth-residual": "refuted"}),
        (NOISE, "rules", scaled("inactive_square", 1.1, rule="copy", layer=10), {"tegum.depth-residual": "refuted"}),
        (NOISE, "rules", scaled("active_variance", 0.1, rule="gate", layer=8), {"tegum.depth-continuum": "refuted"}),
        (NOISE, "one_code", scaled("inactive_square", 0.5), {"tegum.depth-one-code": "refuted"}),
        (
            NOISE,
            "wide",
            lambda d: d.assign(inactive_square=xr.zeros_like(d["inactive_square"]) + 0.01),
            {"tegum.depth-relu-bounded": "reproduced", "tegum.depth-relu-compounds": "refuted"},
        ),
        (
            LOAD,
            "loads",
            scaled("false", 0.01, n_active=16),
            {"tegum.critical-load": "refuted", "tegum.critical-load-law": "refuted"},
        ),
        (LOAD, "loads", scaled("false", 50.0, n_active=8, carry=0.0), {"tegum.critical-load": "refuted"}),
        (LOAD, "loads", scaled("wrong", 4.0), {"tegum.depth-logarithm": "refuted"}),
        (CORRECTION, "errors", scaled("neuron_error", 0.01, n_active=12), {COST: "refuted"}),
        (
            CORRECTION,
            "errors",
            scaled("neuron_error", 10.0, n_active=8),
            {COST: "refuted", "tegum.correction-normal-noise": "refuted"},
        ),
        (CORRECTION, "errors", scaled("critical_poisson", 1.2), {COST: "refuted"}),
        (CORRECTION, "errors", lambda d: d.assign(wrong=d["wrong"] + 2), {"tegum.correction-features": "refuted"}),
        (CORRECTION, "served", scaled("served", 10.0), {"tegum.correction-needs-width": "refuted"}),
        (ANALOGIES, "own", lambda d: d.assign(found=d["found"] + 1), {"s1.analogy": "reproduced"}),
        (ANALOGIES, "words", scaled("found", 0.0, own_norm=0.5), {"s1.analogy-corrected": "refuted"}),
        (
            ANALOGIES,
            "words",
            lambda d: d.assign(found_with_inputs=d["found"]),
            {"s1.analogy-corrected": "refuted", "tegum.analogy-inputs": "refuted"},
        ),
        (ANALOGIES, "words", scaled("found_with_inputs", 0.8), {"tegum.analogy-inputs": "refuted"}),
        (ANALOGIES, "words", scaled("gap", 1e6), {"s1.analogy-corrected": "refuted"}),
        (ANALOGIES, "words", scaled("man", -1.0), {"tegum.analogy-scores": "refuted"}),
        (ANALOGIES, "rounding", scaled("wrong", 2.0), {"tegum.analogy-rounding": "refuted"}),
    ],
)
def test_data_that_go_otherwise(name: str, part: str, change: Change, claims: dict[str, Verdict]) -> None:
    ideal = IDEAL[name]()
    before, after = verdicts(name, ideal), verdicts(name, {**ideal, part: change(ideal[part])})
    assert {claim: verdict for claim, verdict in after.items() if verdict != before[claim]} == claims


@pytest.mark.slow
@pytest.mark.parametrize("name", IDEAL)
def test_figures_are_drawn_from_the_datasets_alone(name: str, tmp_path) -> None:
    for plate in EXPERIMENTS[name].plates(IDEAL[name]()):
        assert all(path.stat().st_size > 1000 for path in save_figure(plate.figure, tmp_path / plate.name))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (NOISE, {"n_features": 60, "n_hidden": 40, "n_active": 2, "few_active": 2, "loads": (3, 5), "chains": 2}),
        (LOAD, {"n_features": 60, "n_hidden": 40, "n_active": (2, 3), "carry": (0.2,), "chains": 2}),
        (CORRECTION, {"n_features": 60, "n_neurons": 40, "fan_out": 3, "n_active": (1, 2), "runs": 2}),
        (ANALOGIES, {"n_hidden": (10,), "own_norm": (0.3,), "codes": 20, "rounded_codes": 2, "own_words_codes": 2}),
    ],
)
@pytest.mark.slow
def test_variants_of_other_sizes_are_run_and_drawn(name: str, changes: dict[str, Any]) -> None:
    experiment = EXPERIMENTS[name]
    data = experiment.run(experiment.presets["quick"].replace(**changes), lambda _: None)
    assert all(plate.figure.axes for plate in experiment.plates(data))
