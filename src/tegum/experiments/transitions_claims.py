"""Claims about recovery and counting: their statistics and windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate, share_estimate

_ROUNDING = 1e-9
_STRICT = 1e-12  # stands for a strict inequality


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    points, counting = data["points"], data["counting"]
    return [
        Finding(
            claim="s0.nonlinear-storage",
            parts=[
                _success(points, "threshold", 9, high=0.5 - _STRICT),
                _success(points, "amp_bayes", 90, low=0.5 + _STRICT),
            ],
            figure="phases",
        ),
        Finding(claim="s1.theorem-1", parts=_theorem(counting, data["growth"]), figure="counting"),
        Finding(
            claim="s1.theorem-1-real",
            parts=[
                within(
                    "rate of recovery from one real number",
                    _range(data["one_dimension"]["recovered"]),
                    high=1 - _STRICT,
                )
            ],
        ),
        Finding(claim="s1.binomial-estimate", parts=_estimate(counting), figure="counting"),
        Finding(claim="s1.binomial-estimate-corrected", parts=_bounds(counting), figure="counting"),
        Finding(
            claim="s3.compressed-sensing",
            parts=[
                _success(points, "amp_soft", 55, low=0.8),
                _success(points, "amp_soft", 85, high=0.2),
                _success(points, "amp_bayes", 90, low=0.8),
                _success(points, "amp_bayes", 130, high=0.2),
            ],
            figure="phases",
        ),
        Finding(claim="s3.ambiguous-reconstruction", parts=_ambiguous(data["pentagon"])),
        Finding(claim="tegum.decoder-half-points", parts=_located(data["located"]), figure="phases"),
    ]


def _success(points: xr.Dataset, decoder: str, k: int, low: float = -np.inf, high: float = np.inf) -> Part:
    chosen = np.flatnonzero((points["decoder"] == decoder) & (points["n_active"] == k))
    hits = points["success"].isel(point=int(chosen[0])).values
    name = f"success of {decoder.replace('_', ' ')}, k = {k}"
    return within(name, share_estimate(int(hits.sum()), hits.size), low, high)


def _range(values: xr.DataArray) -> Estimate:
    """From the least to the greatest over codes, all of which must do."""
    numbers = values.values
    return Estimate(low=float(numbers.min()), best=float(np.median(numbers)), high=float(numbers.max()), n=numbers.size)


def _theorem(counting: xr.Dataset, growth: xr.Dataset) -> list[Part]:
    few = counting.where(counting["n_active"] <= counting["n_features"] / 4, drop=True)
    slack = exact_estimate(float((few["bits"] - few["minus_one"]).min()))
    parts = [within("least of bits minus k (log₂(n/k) - 1), k ≤ n/4", slack, low=0)]
    for g in growth["exponent"].values:
        least = float(growth["ratio"].sel(exponent=g).min())
        parts.append(within(f"least bits / ((1-g) k log₂ n), k = n^{g:g}", exact_estimate(least / (1 - g)), low=1))
    for spot, expected in ((1, 77.8163), (3, 227.7487)):
        n, k = counting["spot_sizes"].values[spot]
        bits = exact_estimate(float(counting["spot_bits"][spot]))
        parts.append(within(f"bits, n = {n}, k = {k}", bits, expected - 1e-3, expected + 1e-3))
    return parts


def _estimate(counting: xr.Dataset) -> list[Part]:
    parts = []
    for (n, k), bits in zip(counting["spot_sizes"].values[:3], counting["spot_bits"].values[:3], strict=True):
        ratio = bits / (k * np.log2(n / (np.e * k)))
        parts.append(within(f"bits over k log₂(n/(ek)), n = {n}, k = {k}", exact_estimate(float(ratio)), 0.9, 1.1))
    return parts


def _bounds(counting: xr.Dataset) -> list[Part]:
    steps = (("low", "choose"), ("choose", "bits"), ("bits", "high"))
    names = ("log₂ C(n,k) minus k log₂(n/k)", "log₂ Σ C(n,i) minus log₂ C(n,k)", "k log₂(en/k) minus log₂ Σ C(n,i)")
    return [
        within(f"least of {name}", exact_estimate(float((counting[upper] - counting[lower]).min())), low=-_ROUNDING)
        for name, (lower, upper) in zip(names, steps, strict=True)
    ]


def _ambiguous(pentagon: xr.Dataset) -> list[Part]:
    return [
        within("reconstructions by two features", _range(pentagon["pairs"]), low=2),
        within("reconstructions by one feature, if one is active", _range(pentagon["singles"]), 1, 1),
    ]


def _located(located: xr.Dataset) -> list[Part]:
    """Load of 50 % success over the predicted one, code by code."""
    parts = []
    for name in located["decoder"].values:
        for delta in located["hidden_per_feature"].values:
            at = located.sel(decoder=name, hidden_per_feature=delta)
            half = half_point(at["relative_load"].values, at["success"].transpose("step", "code").values)
            what = f"50 % point over the predicted one, {str(name).replace('_', ' ')}, m/n = {delta:g}"
            parts.append(within(what, mean_estimate(half), 0.85, 1.15))
    return parts


def half_point(load: np.ndarray, success: np.ndarray) -> np.ndarray:
    """Where success falls through ½: the mean of the distribution whose upper tail it is (Spearman and Kärber).

    Linear in the successes, so that codes can be averaged afterwards. Below the first load everything is taken to
    succeed, and nothing above the last.

    Args:
        load: (n_steps,), rising; equal ones count once.
        success: (n_steps, n_codes), shares.

    Example:
        >>> half_point(np.array([1.0, 2.0, 3.0]), np.array([[1.0], [0.5], [0.0]]))
        array([2.])
    """
    edges = (load[1:] + load[:-1]) / 2
    below, above = load[0] - (edges[0] - load[0]), load[-1] + (load[-1] - edges[-1])
    widths = np.diff(np.concatenate([[below], edges, [above]]))
    return below + widths @ success
