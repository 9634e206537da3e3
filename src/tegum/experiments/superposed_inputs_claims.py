"""Claims about neurons whose inputs are in superposition: their statistics and windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.over_codes import jackknife, slope
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import exact_estimate, mean_estimate
from tegum.theory.superposed_and import leak, misfire_probability

_LEAST = 1e-12  # keeps nonsense, such as no noise at all, from stopping the judge


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    fan_in, crowded = data["fan_in"], data["crowded"]
    return [
        Finding(claim="s2.superposed-works", parts=_works(data["works"]), figure="gates"),
        Finding(claim="s2.misfire", parts=_misfire(fan_in), figure="leaks"),
        Finding(claim="s2.misfire-corrected", parts=_corrected(data["wired"], fan_in), figure="leaks"),
        Finding(claim="s2.superposed-count", parts=_count(data["shapes"], data["gates"]), figure="gates"),
        Finding(claim="s2.superposed-count-corrected", parts=_small_count(crowded), figure="gates"),
        Finding(
            claim="s2.superposed-not-universal",
            parts=[
                within(
                    "share that misfires with one feature on, q = √(2 ln n / m)",
                    mean_estimate(data["covering"]["misfires"].values),
                    low=0.2,
                )
            ],
            figure="leaks",
        ),
        Finding(claim="tegum.superposed-size-bias", parts=_size_bias(crowded), figure="gates"),
    ]


def _works(works: xr.Dataset) -> list[Part]:
    k, d = works.attrs["n_active"], works.attrs["n_hidden"]
    deviation = mean_estimate(works["deviation"].values / np.sqrt(k / d))
    windows = {"both on": (0.8, 0.95), "one on": (-np.inf, 0.25), "none on": (-np.inf, 0.05)}
    parts = [within("standard deviation of features that are off, over √(k/d)", deviation, 0.95, 1.05)]
    for case, window in windows.items():
        at = works.sel(case=case)
        parts.append(within(f"mean read-out, {case}", mean_estimate(at["mean"].values), *window))
        wrong = mean_estimate(at["wrong"].values)
        parts.append(within(f"share on the wrong side of 1/2, {case}", wrong, high=0.01))
    return parts


def _near(fan_in: xr.Dataset, noise: float) -> xr.Dataset:
    """The fan-in whose V = |S| k/d is next to the one named."""
    return fan_in.isel(fan_in=int(np.abs(fan_in["noise"].values - noise).argmin()))


def _misfire(fan_in: xr.Dataset) -> list[Part]:
    high, low = _near(fan_in, 1.0), _near(fan_in, 0.1)
    fires = mean_estimate(high["fires"].values / float(misfire_probability(1.0, 1.0)))
    parts = [
        within("share that fires with none on, V = 1, over Q(1)", fires, 0.85, 1.15),
        within("share that fires with none on, V = 0.1", mean_estimate(low["fires"].values), high=0.003),
    ]
    for name, at in (("1", high), ("0.1", low)):
        ratio = mean_estimate(at["variance"].values / float(at["noise"]))
        parts.append(within(f"variance of the pre-activation over V, V = {name}", ratio, 0.9, 1.1))
    return parts


def _corrected(wired: xr.Dataset, fan_in: xr.Dataset) -> list[Part]:
    kink = mean_estimate(wired["leak"].values / float(leak(0.12)))
    at = _near(fan_in, 0.03)
    step = mean_estimate(at["misfires"].values / float(misfire_probability(0.03)))
    return [
        within("leak with bias -1 over √(V/2π), V = 0.12", kink, 0.9, 1.1),
        within("leak with bias -3/2 and gain 2, V = 0.12", mean_estimate(wired["leak_shifted"].values), 0.015, 0.035),
        within("share above 3/2 with one on, V = 0.03, over Q(0.5/√V)", step, 0.5, 2.0),
    ]


def _count(shapes: xr.Dataset, gates: xr.Dataset) -> list[Part]:
    constant = 2 * shapes.attrs["neurons_per_gate"] * int(shapes["n_active"][0]) / 500
    parts = []
    for cell in range(shapes.sizes["cell"]):
        at = shapes.isel(cell=cell)
        name = f"variance over 2 s k/500, d = {int(at['n_hidden'])}, m = {int(at['n_neurons'])}"
        parts.append(within(name, mean_estimate(at["variance"].values / constant), 0.8, 1.2))
    log_gates = np.log(gates["n_gates"].values.astype(float))
    growth = jackknife(lambda v: slope(log_gates, np.log(np.maximum(v, _LEAST))), gates["variance"].values)
    return [*parts, within("slope of the variance against T", growth, 0.9, 1.1)]


def _at(crowded: xr.Dataset, n_gates: int) -> xr.Dataset:
    return crowded.isel(cell=list(crowded["n_gates"].values).index(n_gates))


def _small_count(crowded: xr.Dataset) -> list[Part]:
    misfires = mean_estimate(_at(crowded, 512)["misfires"].values)
    return [
        within("share that misfires with one on, T = m = 512, k = 10", misfires, low=0.08),
        within("T = V* m d/(2 s k) for V* = 0.03", exact_estimate(float(crowded["fits"])), 97, 99),
    ]


def _size_bias(crowded: xr.Dataset) -> list[Part]:
    """At the T of the average neuron far more misfire than its noise says; the noise of those that serve fits."""
    at = _at(crowded, 98)
    means = np.array([at["misfires"].values, at["expected"].values])
    return [
        within(
            "misfires at T = 98 over Q(0.5/√0.03)", mean_estimate(means[0] / float(misfire_probability(0.03))), low=5
        ),
        within(
            "misfires at T = 98 over those expected from the features each neuron reads",
            jackknife(lambda mean: float(mean[0] / max(mean[1], _LEAST)), means),
            0.7,
            1.3,
        ),
    ]
