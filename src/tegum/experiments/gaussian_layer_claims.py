"""Claims about dense Gaussian weights: their statistics and windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.circuit_trials import CASES, within_errors
from tegum.experiments.over_codes import jackknife, slope
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate

_LEAST = 1e-12  # keeps nonsense, such as a response of 0, from stopping the judge


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    small = data["small"]
    few, many = (_rates(small.sel(n_active=k)) for k in (10, 20))
    return [
        Finding(claim="s2.gauss-readoff", parts=_read_off(data["means"]), figure="read-offs"),
        Finding(claim="s2.gauss-readoff-corrected", parts=_few_active(data["few"]), figure="read-offs"),
        Finding(claim="s2.gauss-noise", parts=_noise(data["over_active"], data["over_neurons"]), figure="noise"),
        Finding(claim="s2.gauss-bias", parts=_bias(data["over_bias"]), figure="noise"),
        Finding(claim="s2.gauss-direct", parts=_direct(data["direct"]), figure="read-offs"),
        Finding(
            claim="s2.gauss-direct-favourable",
            parts=[within("error rate of direct over that of product, k = 10, m = 500", few, high=1 - 1e-9)],
            figure="read-offs",
        ),
        Finding(
            claim="tegum.gauss-direct-many-active",
            parts=[within("error rate of direct over that of product, k = 20, m = 500", many, high=1 - 1e-9)],
            figure="read-offs",
        ),
        Finding(claim="tegum.gauss-learned-bias", parts=_biased(data["biased"]), figure="read-offs"),
        Finding(claim="tegum.gauss-noise-law", parts=_law(data), figure="noise"),
    ]


def _mean(means: xr.Dataset, read_off: str, case: str) -> np.ndarray:
    return means["mean"].sel(read_off=read_off, case=case).values


def _read_off(means: xr.Dataset) -> list[Part]:
    parts = []
    for read_off, off, both in (("product", 0.03, 0.05), ("covariance", 0.06, 0.05)):
        for case in CASES:
            expected, margin = (1.0, both) if case == "both on" else (0.0, off)
            measured = mean_estimate(_mean(means, read_off, case))
            parts.append(within(f"{read_off} read-off, {case}", measured, expected - margin, expected + margin))
    return parts


def _relative(means: xr.Dataset) -> Estimate:
    """Learned read-off with one on over that with both on."""
    pair = np.array([_mean(means, "covariance", case) for case in CASES[1:]])
    return jackknife(lambda mean: float(mean[0] / max(mean[1], _LEAST)), pair)


def _few_active(few: xr.Dataset) -> list[Part]:
    one = _mean(few, "product", "one on")
    error = exact_estimate(float(one.std(ddof=1) / np.sqrt(one.size)), n=one.size)
    return [
        within("learned read-off, one on over both on, k = 3", _relative(few), -0.19, -0.09),
        within_errors("product read-off, one on, k = 3", one, 0.0),
        within("standard error of that", error, high=np.nextafter(0.02, 0)),
    ]


def _slope(cells: xr.Dataset, over: str) -> Estimate:
    log_x = np.log(cells[over].values.astype(float))
    return jackknife(lambda square: slope(log_x, np.log(np.maximum(square, _LEAST)) / 2), cells["none_on"].values)


def _noise(over_active: xr.Dataset, over_neurons: xr.Dataset) -> list[Part]:
    at = over_active["none_on"].values[list(over_active["n_active"].values).index(10)]
    ratio = jackknife(lambda square: float(np.sqrt(square)) / 0.2314, at)
    return [
        within("slope of the noise against k", _slope(over_active, "n_active"), 0.93, 1.07),
        within("slope of the noise against m", _slope(over_neurons, "n_neurons"), -0.54, -0.46),
        within("noise over 0.2314, k = 10, m = 4000", ratio, 0.95, 1.05),
    ]


def _bias(over_bias: xr.Dataset) -> list[Part]:
    bias, squares = over_bias["relative_bias"].values, over_bias["none_on"].values
    means = squares.mean(axis=1)
    middle = exact_estimate(float(bias[int(means.argmin())]), n=squares.shape[1])
    ends = squares[[int(np.abs(bias - b).argmin()) for b in (-1.045, 0.0)]]
    ratio = jackknife(lambda mean: float(np.sqrt(mean[0] / max(mean[1], _LEAST))), ends)
    return [
        within("b' with the least noise", middle, -1.4, -0.7),
        within("noise at b' = -1.045 over that at 0", ratio, 0.69, 0.79),
    ]


def _direct(direct: xr.Dataset) -> list[Part]:
    at = direct["estimate"].sel(read_off="direct").mean("pair").transpose("case", "layer").values
    response = jackknife(lambda mean: float((mean[1] - mean[0]) / max(mean[2] - mean[0], _LEAST)), at)
    none = direct["estimate"].sel(case="none on")
    squares = (none**2).mean("pair").transpose("read_off", "layer").values
    means = none.mean("pair").transpose("read_off", "layer").values
    names = list(direct["read_off"].values)
    places = [names.index(name) for name in ("direct", "product")]
    moments = np.stack([squares[places], means[places]])
    ratio = jackknife(
        lambda m: float(np.sqrt(max(m[0, 0] - m[1, 0] ** 2, 0.0) / max(m[0, 1] - m[1, 1] ** 2, _LEAST))), moments
    )
    return [
        within("direct read-off, one on over both on", response, 0.44, 0.50),
        within("noise of the direct read-off over that of the product, none on", ratio, high=0.3),
    ]


def _rates(at: xr.Dataset) -> Estimate:
    """Error rate of the direct read-off over that of the product, each the mean over one on and both on."""
    rates = []
    for name in ("direct", "product"):
        estimate, law = at["estimate"].sel(read_off=name), at["law"].sel(read_off=name)
        threshold = 0.5 if name == "product" else float(law.sel(case=["one on", "both on"]).mean())
        one = (estimate.sel(case="one on") > threshold).mean("pair").values
        both = (estimate.sel(case="both on") <= threshold).mean("pair").values
        rates.append((one + both) / 2)
    return jackknife(lambda mean: float(mean[0] / max(mean[1], _LEAST)), np.array(rates))


def _biased(biased: xr.Dataset) -> list[Part]:
    product = mean_estimate(_mean(biased, "product", "one on"))
    return [
        within("learned read-off, one on over both on, b' = -1.045", _relative(biased), 0.14, 0.25),
        within("product read-off, one on, b' = -1.045", product, -0.03, 0.03),
    ]


def _law(data: Data) -> list[Part]:
    parts = []
    for name, over in (("over_active", "n_active"), ("over_neurons", "n_neurons"), ("over_bias", "relative_bias")):
        for cell in range(data[name].sizes["cell"]):
            at = data[name].isel(cell=cell)
            law = float(at["law"])
            ratio = jackknife(lambda square, law=law: float(np.sqrt(square)) / law, at["none_on"].values)
            parts.append(within(f"noise over the law, {over} = {float(at[over]):g}", ratio, 0.9, 1.1))
    return parts
