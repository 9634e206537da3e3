"""Claims about universal AND: their statistics and windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.circuit_trials import CASES, over_readable, within_errors
from tegum.experiments.over_codes import jackknife, slope
from tegum.experiments.verdict import Part, always, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate, share_estimate

_LEAST = 1e-12  # keeps a nonsensical error of 0 from stopping the judge


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="s2.neuron-value", parts=_neuron(data["neuron"]), figure="cases"),
        Finding(claim="s2.and-estimate", parts=_estimate(data["sparse"]), figure="cases"),
        Finding(claim="s2.and-estimate-corrected", parts=_differences(data["differences"]), figure="probability"),
        Finding(claim="s2.noise-cases", parts=_cases(data["cases"], data["slopes"]), figure="cases"),
        Finding(claim="s2.needs-small-kq", parts=_crowded(data["crowded-0"], data["crowded-1"]), figure="probability"),
        Finding(claim="s2.coverage", parts=_coverage(data["coverage"]), figure="cases"),
        Finding(claim="s2.all-pairs", parts=_all_pairs(data["whole"]), figure="cases"),
        Finding(claim="s2.polylog-width", parts=_widths(data["widths"]), figure="probability"),
        Finding(claim="tegum.histogram-law", parts=_histogram(data["histogram"]), figure="cases"),
        Finding(
            claim="tegum.second-difference-wins", parts=_second_difference(data["read_offs"]), figure="probability"
        ),
    ]


def _neuron(neuron: xr.Dataset) -> list[Part]:
    deviation = exact_estimate(float(neuron["deviation"].max()), n=neuron.sizes["n_inputs"])
    return [
        within("largest deviation from max(on - 1, 0) over all inputs", deviation, high=0),
        within("largest output with one feature on", exact_estimate(float(neuron["single"])), high=0),
    ]


def _estimate(sparse: xr.Dataset) -> list[Part]:
    at = sparse.isel(connection_probability=0)
    windows = {"both on": (0.9, 1.1), "one on": (-np.inf, 0.1), "none on": (-np.inf, 0.02)}
    parts = [
        within(f"mean estimate, {case}", mean_estimate(at["mean"].sel(case=case).values), *windows[case])
        for case in windows
    ]
    for case in windows:
        wrong = mean_estimate(at["wrong"].sel(case=case).values)
        parts.append(within(f"share on the wrong side of 1/2, {case}", wrong, high=0.01))
    return parts


def _differences(differences: xr.Dataset) -> list[Part]:
    at, parts = differences.isel(connection_probability=0), []
    for case, expected in zip(CASES, (0.0, 0.0, 1.0), strict=True):
        mean = over_readable(at["second"].sel(case=case).values)
        parts.append(within(f"second difference, {case}", mean, expected - 0.02, expected + 0.02))
    k, q = at.attrs["n_active"], float(at["connection_probability"])
    one = at["second"].sel(case="one on").values
    spread = over_readable(one, _deviation)
    parts.append(within("its standard deviation, one on", spread, 0.8 * 0.148, 1.2 * 0.148))
    plain = over_readable(at["plain"].sel(case="one on").values / ((k - 1) * q))
    parts.append(within("plain mean over (k - 1)q, one on", plain, 0.95, 1.05))
    return parts


def _deviation(values: np.ndarray) -> Estimate:
    return jackknife(lambda moments: float(np.sqrt(moments[1] - moments[0] ** 2)), np.array([values, values**2]))


def _cases(cases: xr.Dataset, slopes: xr.Dataset) -> list[Part]:
    at, parts = cases.isel(connection_probability=0), []
    for case, expected in zip(CASES, (0.0238, 0.200, 1.15), strict=True):
        ratio = mean_estimate(at["mean"].sel(case=case).values / expected)
        parts.append(within(f"mean estimate over {expected:g}, {case}", ratio, 0.97, 1.03))
    q = np.log(slopes["connection_probability"].values)
    for case, low, high in zip(CASES, (1.8, 0.9, 0.9), (2.1, 1.1, 1.1), strict=True):
        off = slopes["mean"].sel(case=case).transpose("connection_probability", "layer").values - (case == "both on")
        measured = jackknife(lambda mean: slope(q, np.log(np.maximum(mean, 1e-12))), off)
        parts.append(within(f"slope of the offset against q, {case}", measured, low, high))
    return parts


def _root(squares: np.ndarray) -> float:
    return float(np.sqrt(squares))


def _crowded(many: xr.Dataset, few: xr.Dataset) -> list[Part]:
    error = [jackknife(_root, each["square"].sel(case="one on").values) for each in (many, few)]
    parts = [
        within("root mean square error, one on, kq = 1", error[0], low=0.5),
        within("root mean square error, one on, kq = 0.1", error[1], high=0.2),
    ]
    for each in (many, few):
        k, q = each.attrs["n_active"], each.attrs["connection_probability"]
        ratio = mean_estimate(each["nonlinear"].values / (1 - q) ** (k - 2))
        parts.append(within(f"second difference over (1 - q)^(k - 2), kq = {k * q:g}", ratio, 0.95, 1.05))
    return parts


def _coverage(coverage: xr.Dataset) -> list[Part]:
    m, q = coverage.attrs["n_neurons"], coverage.attrs["connection_probability"]
    exact = float(np.exp(m * np.log1p(-(q**2))))
    number = mean_estimate(coverage["number"].values / (m * q**2))
    return [
        within("neurons per pair over m q²", number, 0.99, 1.01),
        within_errors("uncovered share against (1 - q²)^m", coverage["uncovered"].values, exact),
        within(
            "difference of (1 - q²)^m from exp(-m q²)",
            exact_estimate(abs(exact - float(np.exp(-m * q**2)))),
            high=np.nextafter(1e-4, 0),
        ),
        always("just the uncovered pairs read as undefined", list(coverage["undefined"].values > 0)),
    ]


def _all_pairs(whole: xr.Dataset) -> list[Part]:
    parts = []
    for factor, low, high in ((1.2, 0.9, 1.0), (1.0, 0.4, 0.8), (0.85, 0.0, 0.1)):
        covered = whole["covered"].sel(factor=factor).values
        share = share_estimate(int(covered.sum()), covered.size)
        parts.append(within(f"layers that cover every pair, q = {factor:g} √(2 ln n / m)", share, low, high))
    return parts


def _widths(widths: xr.Dataset) -> list[Part]:
    n, m = widths["n_features"].values, widths["n_neurons"].values
    growth = exact_estimate(float(m[-1] / m[0]))
    parts = [within(f"width for n = {n[-1]} over that for n = {n[0]}", growth, high=np.nextafter(2, 0))]
    for size, width in zip(n, m, strict=True):
        at = widths.sel(n_features=size)
        covered = at["covered"].values.astype(bool)
        share = exact_estimate(float(covered.mean()), n=covered.size)
        parts.append(within(f"layers whose sampled pairs are all covered, n = {size}, m = {width}", share, low=1.0))
        error = jackknife(_root, at["square"].values)
        parts.append(within(f"root mean square error, one on, n = {size}", error, high=0.30))
    return parts


def _histogram(histogram: xr.Dataset) -> list[Part]:
    """Total variation between the measured shares and the law: half the sum of the differences."""
    distance = abs(histogram["share"] - histogram["law"]).sum("estimate") / 2
    return [
        within(f"total variation from the law, {case}", exact_estimate(float(distance.sel(case=case))), high=limit)
        for case, limit in zip(CASES, (0.02, 0.03, 0.08), strict=True)
    ]


def _second_difference(read_offs: xr.Dataset) -> list[Part]:
    """Each read-off at the q of the list that suits it best: root mean square errors with one feature on."""
    best = [_least(read_offs[name]) for name in ("plain", "second")]
    ratio = jackknife(lambda plain, second: float(np.sqrt(plain / max(second, _LEAST))), *best)
    return [within("error of the plain average over that of the second difference", ratio, low=1.2)]


def _least(squares: xr.DataArray) -> np.ndarray:
    """Squares at the q where they are least; layers from which the pair cannot be read are left out."""
    values = squares.transpose("connection_probability", ...).values
    chosen = values[int(np.nanmean(values, axis=1).argmin())]
    return chosen[np.isfinite(chosen)]
