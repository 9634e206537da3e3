"""What the experiment on noise over layers claims, measured from its datasets."""

from itertools import pairwise

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, mean_estimate


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="s0.noise-compounds", parts=_compounds(data["linear"]), figure="noise"),
        Finding(claim="s0.error-correction-exists", parts=_correction(data), figure="wrong"),
        Finding(claim="tegum.depth-evolution", parts=_evolution(data["rules"]), figure="noise"),
        Finding(claim="tegum.depth-one-code", parts=_one_code(data["one_code"], data["linear"]), figure="noise"),
        Finding(claim="tegum.depth-residual", parts=_residual(data["rules"]), figure="wrong"),
        Finding(claim="tegum.depth-continuum", parts=_continuum(data["rules"]), figure="noise"),
        Finding(claim="tegum.depth-relu-bounded", parts=_bounded(data["wide"]), figure="noise"),
        Finding(claim="tegum.depth-relu-compounds", parts=_grows(data["wide"]), figure="noise"),
    ]


def _chains(data: xr.Dataset, statistic: str, layer: int, load: int = 0, rule: int = 0) -> np.ndarray:
    return data[statistic].isel(rule=rule, n_active=load).sel(layer=layer).values


def _compounds(linear: xr.Dataset) -> list[Part]:
    square = linear["inactive_square"].isel(rule=0, n_active=0).transpose("model", "layer")
    formula = linear["formula"]
    layers = linear["layer"].values
    parts = [
        within(
            f"variance at layer {layer} over the formula",
            mean_estimate(square.sel(layer=layer).values / float(formula.sel(layer=layer))),
            0.9,
            1.1,
        )
        for layer in layers
    ]
    for before, after in pairwise(layers):
        ratio = mean_estimate(square.sel(layer=after).values / square.sel(layer=before).values)
        parts.append(within(f"growth of the variance from layer {before} to {after}", ratio, low=np.nextafter(1, 2)))
    return parts


def _correction(data: Data) -> list[Part]:
    biased, settling = data["biased"], data["settling"]
    last_step, last = int(data["step"]["layer"][-1]), int(settling["layer"][-1])
    few, many = (mean_estimate(_chains(settling, "false", last, load)) for load in range(2))
    growth = _chains(biased, "active_variance", 4) / _chains(biased, "active_variance", 1)
    k = settling["n_active"].values
    return [
        within(
            f"step with copied errors: wrong after {last_step} layers",
            mean_estimate(_chains(data["step"], "wrong", last_step)),
            0.015,
            0.06,
        ),
        within("biased ReLU: growth of the active variance, layers 1 to 4", mean_estimate(growth), low=10),
        within(f"step, false positives dropped: k = {k[0]}, layer {last}", few, high=2.5),
        within(f"step, false positives dropped: k = {k[1]}, layer {last}", many, low=20),
    ]


def _evolution(rules: xr.Dataset) -> list[Part]:
    """Simulated over predicted, where thousands of values enter and chance is small."""
    parts = []
    for name, statistic, margin in (
        ("identity", "inactive_square", 0.2),
        ("ReLU", "inactive_square", 0.2),
        ("clip", "inactive_square", 0.4),
        ("biased ReLU", "active_variance", 0.4),
        ("gate", "active_variance", 0.4),
    ):
        at = rules.sel(rule=name).isel(n_active=0)
        what = statistic.replace("_", " ")
        for layer in (1, 2, 4):
            predicted = float(at[f"theory_{statistic}"].sel(layer=layer))
            ratio = mean_estimate(at[statistic].sel(layer=layer).values / predicted)
            parts.append(within(f"{name}, {what} over theory, layer {layer}", ratio, 1 - margin, 1 + margin))
    return parts


def _one_code(one: xr.Dataset, fresh: xr.Dataset) -> list[Part]:
    parts = [
        within(
            f"one code: variance over the formula, layer {layer}",
            mean_estimate(_chains(one, "inactive_square", layer) / float(one["formula"].sel(layer=layer))),
            0.85,
            1.15,
        )
        for layer in range(1, 5)
    ]
    faster = _chains(one, "inactive_square", 4) / float(fresh["formula"].sel(layer=4))
    return [*parts, within("one code over fresh codes, layer 4", mean_estimate(faster), low=100)]


def _residual(rules: xr.Dataset) -> list[Part]:
    at = rules.sel(rule="copy").isel(n_active=0)
    k_over_m = int(rules["n_active"][0]) / rules.attrs["n_hidden"]
    last = int(at["layer"][-1])
    change = at["inactive_square"].sel(layer=last).values / at["inactive_square"].sel(layer=1).values
    first = mean_estimate(at["inactive_square"].sel(layer=1).values / k_over_m)
    return [
        within("noise of a read-out over k/m", first, 0.95, 1.05),
        within(f"noise at layer {last} over layer 1", mean_estimate(change), 1 - 1e-6, 1 + 1e-6),
    ]


def _continuum(rules: xr.Dataset) -> list[Part]:
    """The variance of active values that a gate passes grows about as L k/m; a step has none of it."""
    at = rules.isel(n_active=0)
    k_over_m = int(rules["n_active"][0]) / rules.attrs["n_hidden"]
    gate, step = (at["active_variance"].sel(rule=name) for name in ("gate", "step"))
    walk = [mean_estimate(gate.sel(layer=layer).values / (layer * k_over_m)) for layer in (1, 2, 3)]
    later = mean_estimate(gate.sel(layer=8).values / gate.sel(layer=1).values)
    share: Estimate = mean_estimate(step.sel(layer=8).values / gate.sel(layer=8).values.mean())
    return [
        *(
            within(f"gate: active variance over L k/m, layer {layer}", each, 0.6, 1.5)
            for layer, each in enumerate(walk, start=1)
        ),
        within("gate: active variance, layer 8 over layer 1", later, low=6),
        within("step: active variance over that of the gate, layer 8", share, high=0.1),
    ]


def _bounded(wide: xr.Dataset) -> list[Part]:
    last = int(wide["layer"][-1])
    growth = _chains(wide, "inactive_square", last) / _chains(wide, "inactive_square", 2)
    return [within(f"{_wide_name(wide)}: mean square, layer {last} over layer 2", mean_estimate(growth), high=2)]


def _grows(wide: xr.Dataset) -> list[Part]:
    parts = []
    for layer in (8, 12, 16):
        per_layer = (_chains(wide, "inactive_square", layer) / _chains(wide, "inactive_square", layer - 4)) ** 0.25
        parts.append(within(f"{_wide_name(wide)}: growth per layer up to {layer}", mean_estimate(per_layer), low=1.3))
    theory = float(wide["theory_inactive_square"].isel(rule=0).sel(layer=6))
    ratio = mean_estimate(_chains(wide, "inactive_square", 6) / theory)
    return [*parts, within("mean square over theory, layer 6", ratio, 0.5, 1.5)]


def _wide_name(wide: xr.Dataset) -> str:
    return f"ReLU, n = {wide.attrs['n_features']}, m = {wide.attrs['n_hidden']}"
