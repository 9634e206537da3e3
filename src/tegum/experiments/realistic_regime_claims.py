"""Claims about universal AND at the sizes of a published dictionary: their statistics and windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.over_codes import jackknife, slope
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate

_LEAST = 1e-12  # keeps nonsense, such as no error at all, from stopping the judge
_SLOPES = {
    "plain average": (-0.38, -0.22),
    "second difference": (-0.6, -0.4),
    "Gaussian, product": (-0.6, -0.4),
    "Gaussian, direct": (-0.1, 0.05),
}


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    widths = data["widths"]
    return [
        Finding(claim="s2.realistic", parts=_realistic(data["regime"], data["covered"]), figure="feasible"),
        Finding(claim="tegum.realistic-width", parts=_width(data["enough"]), figure="feasible"),
        Finding(claim="tegum.read-off-slopes", parts=_slopes(widths), figure="widths"),
        Finding(claim="tegum.dense-below-sparse", parts=_dense(widths), figure="widths"),
    ]


def _root(square: np.ndarray) -> float:
    return float(np.sqrt(square))


def _realistic(regime: xr.Dataset, covered: xr.Dataset) -> list[Part]:
    least = float(regime["active_inputs"].min())
    parts = [within("least kq at which all pairs are covered", exact_estimate(least), low=1.5)]
    for k in regime["n_active"].values:
        at = regime.sel(n_active=k)
        formula = float(at["least_error"])
        ratio = jackknife(lambda square, formula=formula: _root(square) / formula, at["square"].values)
        parts.append(within(f"least error over q, k = {k}", exact_estimate(formula), low=0.5))
        parts.append(within(f"measured at that q over the formula, k = {k}", ratio, 0.85, 1.15))
    share = mean_estimate(1 - covered["uncovered"].values)
    q = covered.attrs["connection_probability"]
    return [*parts, within(f"share of pairs that are covered, q = {q:g}", share, 0.045, 0.055)]


def _width(enough: xr.Dataset) -> list[Part]:
    m = enough.attrs["n_neurons"]
    covered = exact_estimate(float(enough["covered"].mean()), n=enough.sizes["layer"])
    return [
        within("neurons for all pairs of 500 features, k = 10, error 0.25, over 512", exact_estimate(m / 512), 40, 50),
        within("layers of that width whose sampled pairs are all covered", covered, low=1.0),
        within("root mean square error, one on", jackknife(_root, enough["square"].values), high=0.30),
    ]


def _at(widths: xr.Dataset, read_off: str) -> np.ndarray:
    """Squares over (n_neurons, layer), without the places of layers that were not drawn."""
    square = widths["square"].sel(read_off=read_off).transpose("n_neurons", "layer").values
    return square[:, np.isfinite(square).all(axis=0)]


def _slopes(widths: xr.Dataset) -> list[Part]:
    log_m = np.log(widths["n_neurons"].values.astype(float))
    return [
        within(
            f"slope of the error against m, {name}",
            jackknife(lambda square: slope(log_m, np.log(np.maximum(square, _LEAST)) / 2), _at(widths, name)),
            *window,
        )
        for name, window in _SLOPES.items()
    ]


def _dense(widths: xr.Dataset) -> list[Part]:
    second, product = _at(widths, "second difference"), _at(widths, "Gaussian, product")
    return [
        within(
            f"error of the second difference over that of the product, m = {m}", _ratio(second[i], product[i]), 1.2, 3
        )
        for i, m in enumerate(widths["n_neurons"].values)
    ]


def _ratio(first: np.ndarray, second: np.ndarray) -> Estimate:
    return jackknife(lambda a, b: _root(a / max(float(b), _LEAST)), first, second)
