"""Judges of the adversarial, width and simulation experiments: ideal data, and data that must not pass."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import xarray as xr

from tegum.experiments import EXPERIMENTS
from tegum.experiments.adversarial import PRESETS
from tegum.experiments.base import Data
from tegum.experiments.verdict import Verdict, decide
from tegum.plot import save_figure
from tegum.theory.simulation import least_width, relu_error, wrong_neurons

P = PRESETS["quick"].feature_probability
OVER = ("feature_probability", "model")
WIDTHS = np.array([8.0, 16.0, 32.0, 64.0])


def verdicts(name: str, data: Data) -> dict[str, Verdict]:
    return {finding.claim.removeprefix("tegum."): decide(finding.parts) for finding in EXPERIMENTS[name].judge(data)}


def attacks(**changes: Mapping[float, float]) -> Data:
    """Three equal models in each cell; a change replaces a variable at some probabilities."""
    density = dict(zip(P, (1.0, 1.2, 2.0, 2.8, 4.5, 8.5, 11.5, 12.0), strict=True))
    blind = dict(zip(P, (1.0, 1.2, 2.2, 2.4, 3.0, 3.7, 2.5, 1.2), strict=True))
    values = {
        "features_per_dimension": density,
        "blind": blind,
        "informed": {p: density[p] ** 1.6 for p in P},
        "gated": {p: 1.05 * blind[p] for p in P},
        "gradient_climb": blind,
        "gradient_step": blind,
        "closed_outputs": {p: 0.05 if p >= 0.3 else 0.99 for p in P},
        "blind_inputs": {p: 0.0 if p >= 0.03 else 0.9 for p in P},
        "rise": dict.fromkeys(P, 0.5),
        "loss": dict.fromkeys(P, 0.1),
    }
    columns = {
        name: (OVER, [[(each | dict(changes.get(name, {})))[p]] * 3 for p in P]) for name, each in values.items()
    }
    probabilities = (("feature_probability", "feature"), [[p] * 80 for p in P])
    return {"attacks": xr.Dataset({**columns, "probabilities": probabilities}, {"feature_probability": list(P)})}


def scaling(**changes: Callable[[xr.Dataset], xr.Dataset]) -> Data:
    """Losses and overlaps that follow the theory, with a little spread over models."""
    spread = 1 + 0.002 * np.arange(3)
    coords = {"n_hidden": WIDTHS.astype(int)}

    def dataset(values: Mapping[str, np.ndarray], **attrs: float) -> xr.Dataset:
        columns = {name: (("n_hidden", "model"), each[:, None] * spread) for name, each in values.items()}
        return xr.Dataset(columns, coords, attrs={"n_features": 500, **attrs}).assign(welch=("n_hidden", 1 / WIDTHS))

    falling = np.array([1.1, 0.9, 0.3, 0.1])
    strong = {
        "loss": falling,
        "ignored": falling * [0.9, 0.5, 0, 0],
        "overlap": 0.96 / WIDTHS,
        "represented": 8 * WIDTHS,
    }
    weak = {"loss": 1.2 * WIDTHS**-0.6, "ignored": WIDTHS**-0.6, "overlap": 0.6 / WIDTHS, "represented": 2.8 * WIDTHS}
    codes = dataset({"loss": 0.9 * WIDTHS**-1.1, "unit_gain": 500 / WIDTHS})
    data = {
        "strong": dataset(strong, exponent=0.0, weight_decay=-0.03),
        "zipf": dataset(strong, exponent=1.0, weight_decay=-0.03),
        "weak": dataset(weak, exponent=1.5, weight_decay=1.0),
        "codes": codes.assign(formula=codes["loss"].mean("model"), unit_formula=codes["unit_gain"].mean("model")),
    }
    return data | {name: change(data[name]) for name, change in changes.items()}


def simulation(**factors: float) -> Data:
    """Exactly what the formulas say, with a little spread over networks, times a factor."""
    n, k, widths, sizes = 1024, 4.0, [128, 256, 384, 512], [256, 1024, 4096]
    spread = 1 + 0.002 * np.arange(3)
    error = np.array([relu_error(n, m, n_active=k, n_layers=2) for m in widths])
    wrong = np.array([wrong_neurons(n, m, n_active=k, n_layers=2) for m in widths])
    least = [least_width(size, n_active=k, n_layers=2) * factors.get("least", 1.0) ** i for i, size in enumerate(sizes)]
    dims = ("n_hidden", "layer")
    over = {
        "error": ((*dims, "model"), factors.get("error", 1.0) * error[..., None] * spread),
        "wrong": ((*dims, "model"), factors.get("wrong", 1.0) * wrong[..., None] * spread),
        "relu_formula": (dims, error),
        "wrong_formula": (dims, wrong),
    }
    at_sizes = {
        "wrong": (("n_features", "model"), factors.get("at_least", 1.0) * np.ones((3, 1)) * spread),
        "wrong_third": (("n_features", "model"), factors.get("at_third", 1.0) * 50 * np.ones((3, 1)) * spread),
        "least": ("n_features", np.round(least)),
    }
    coords = {"n_hidden": widths, "layer": [0, 1, 2]}
    attrs = {"n_features": n, "n_active": k}
    made = xr.Dataset(over, coords, attrs=attrs).assign(least_width=least[1])
    return {"widths": made, "sizes": xr.Dataset(at_sizes, {"n_features": sizes}, attrs={"n_active": k})}


IDEAL: dict[str, Callable[[], Data]] = {
    "adversarial": attacks,
    "width-scaling": scaling,
    "noisy-simulation": simulation,
}


@pytest.mark.parametrize("name", IDEAL)
def test_ideal_data_give_what_is_expected(name: str) -> None:
    assert verdicts(name, IDEAL[name]()) == {
        claim.id.removeprefix("tegum."): claim.expected for claim in EXPERIMENTS[name].claims
    }


def changed(name: str, data: Data) -> dict[str, Verdict]:
    before, after = verdicts(name, IDEAL[name]()), verdicts(name, data)
    return {claim: verdict for claim, verdict in after.items() if verdict != before[claim]}


@pytest.mark.parametrize(
    ("changes", "claims"),
    [
        (
            {"blind": {0.1: 4.5, 0.03: 8.0}},
            {"adversarial-tracks": "reproduced", "adversarial-tracks-corrected": "refuted"},
        ),
        ({"gated": {0.1: 6.0}}, {"adversarial-tracks-corrected": "refuted"}),
        ({"blind": {0.03: 2.9}, "gated": {0.03: 3.0}}, {"adversarial-threefold": "refuted"}),
        ({"blind": {0.003: 3.5}}, {"adversarial-falls": "refuted"}),
        ({"informed": {0.01: 12.0}}, {"adversarial-informed": "refuted"}),
        ({"closed_outputs": {0.01: 0.5}}, {"adversarial-gradients-vanish": "refuted"}),
        ({"blind_inputs": {0.003: 0.7}}, {"adversarial-gradients-vanish": "refuted"}),
        ({"rise": {0.1: 0.9}}, {"adversarial-gradients-vanish": "refuted"}),
        ({"gradient_climb": {0.3: 3.0}}, {"adversarial-gradient-not-stronger": "refuted"}),
        ({"gradient_climb": {0.01: 0.5}}, {"adversarial-gradient-fails": "reproduced"}),
    ],
)
def test_attacks_that_go_otherwise(changes: Mapping[str, Mapping[float, float]], claims: dict[str, Verdict]) -> None:
    assert changed("adversarial", attacks(**changes)) == claims


def test_models_that_represent_nothing_pass_nothing() -> None:
    nothing = {name: dict.fromkeys(P, 0.0) for name in ("blind", "informed", "gated", "features_per_dimension")}
    made = verdicts("adversarial", attacks(**nothing, closed_outputs=dict.fromkeys(P, 0.0)))
    assert "reproduced" not in made.values()


@pytest.mark.parametrize(
    ("regime", "change", "claims"),
    [
        ("zipf", lambda d: d.assign(loss=d["loss"] ** 2), {"width-strong": "refuted"}),
        (
            "strong",
            lambda d: d.assign(loss=d["loss"].isel(n_hidden=0) * 8 / d["n_hidden"]),
            {"width-curved": "refuted"},
        ),
        ("strong", lambda d: d.assign(overlap=d["overlap"] ** 0.8), {"width-overlap": "refuted"}),
        ("strong", lambda d: d.assign(ignored=0.5 * d["loss"]), {"width-weak": "refuted"}),
        ("weak", lambda d: d.assign(ignored=0.5 * d["ignored"]), {"width-weak": "refuted"}),
        ("weak", lambda d: d.assign(ignored=0 * d["ignored"]), {"width-weak": "refuted"}),
        ("weak", lambda d: d.assign(represented=d["represented"] / 2.8), {"width-weak-dedicated": "reproduced"}),
        ("codes", lambda d: d.assign(formula=1.2 * d["formula"]), {"width-random-code": "refuted"}),
        ("codes", lambda d: d.assign(unit_gain=0.8 * d["unit_gain"]), {"width-random-code": "refuted"}),
    ],
)
def test_widths_that_go_otherwise(
    regime: str, change: Callable[[xr.Dataset], xr.Dataset], claims: dict[str, Verdict]
) -> None:
    assert changed("width-scaling", scaling(**{regime: change})) == claims


@pytest.mark.parametrize(
    ("factors", "claims"),
    [
        ({"error": 1.3}, {"simulation-storage": "refuted", "simulation-relu": "refuted"}),
        (
            {"error": 0.2},
            dict.fromkeys(("simulation-storage", "simulation-relu", "simulation-plain-fails"), "refuted"),
        ),
        ({"wrong": 2.0}, {"simulation-threshold": "refuted"}),
        ({"at_least": 3.0}, {"simulation-logarithm": "refuted"}),
        ({"at_third": 0.02}, {"simulation-logarithm": "refuted"}),
        ({"least": 2.0}, {"simulation-logarithm": "refuted"}),
    ],
)
def test_simulations_that_go_otherwise(factors: dict[str, float], claims: dict[str, Verdict]) -> None:
    assert changed("noisy-simulation", simulation(**factors)) == claims


@pytest.mark.slow
@pytest.mark.parametrize("name", IDEAL)
def test_figures_are_drawn_from_the_datasets_alone(name: str, tmp_path) -> None:
    for plate in EXPERIMENTS[name].plates(IDEAL[name]()):
        assert all(path.stat().st_size > 1000 for path in save_figure(plate.figure, tmp_path / plate.name))
