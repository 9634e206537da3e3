"""The claims on memorisation and double descent, from the stored datasets."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.starts import over_groups
from tegum.experiments.statistics import n_represented
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate
from tegum.theory.memorisation import polygon_length

_ROUNDING = 1e-9
_BY_HEART = 0.01  # training loss up to which samples count as known; that of the answer 0 is 1


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment. The variable `loss` is the training loss, so the best model is the best on it."""
    few, sweep = data["memorised"], data["sweep"]
    return [
        Finding(claim="tegum.memorisation-bound", parts=_bound(few, sweep), figure="curves"),
        Finding(claim="tegum.memorisation-dimensionality", parts=_shares(few), figure="memorised-plane"),
        Finding(claim="tegum.memorisation-by-heart", parts=_by_heart(few), figure="memorised-plane"),
        Finding(claim="tegum.memorisation-polygon", parts=_polygons(few), figure="memorised-plane"),
        Finding(claim="tegum.memorisation-triangle", parts=[_regular(few, 3)], figure="memorised-plane"),
        Finding(claim="tegum.double-descent-peak", parts=_peak(sweep), figure="curves"),
        Finding(claim="tegum.double-descent-features", parts=_features(sweep), figure="sweep-plane"),
        Finding(claim="tegum.double-descent-training-stops-short", parts=_stops_short(sweep), figure="curves"),
    ]


def _at(data: xr.Dataset, size: int) -> xr.Dataset:
    return data.sel(n_training_samples=size)


def _bound(*datasets: xr.Dataset) -> list[Part]:
    """The largest sum over all models and sizes, less the number of hidden dimensions."""
    m = datasets[0].sizes["hidden"]
    parts = []
    for name, axis, what in (("data_dimensionality", "sample", "D_t"), ("feature_dimensionality", "feature", "D_i")):
        sums = np.concatenate([each[name].sum(axis).values.ravel() for each in datasets])
        parts.append(within(f"largest sum of {what}", exact_estimate(sums.max(), n=sums.size), high=m + _ROUNDING))
    return parts


def _over_known(few: xr.Dataset, size: int, statistic: Callable[[xr.Dataset], float]) -> Estimate:
    """Mean over all starts that know their samples by heart: their training losses are 0, so that none is the best."""
    cell = _at(few, size)
    known = np.flatnonzero(cell["loss"].values <= _BY_HEART)
    if not known.size:
        return Estimate(low=-np.inf, best=0.0, high=np.inf, n=0)
    return mean_estimate([statistic(cell.isel(model=model)) for model in known])


def _shares(few: xr.Dataset) -> list[Part]:
    m, parts = few.sizes["hidden"], []
    for size in few["n_training_samples"].values:
        share = _over_known(few, size, lambda a, size=size: float(a["data_dimensionality"].mean()) * size / m)
        parts.append(within(f"mean of D_t over m/T, T = {size}", share, 0.97, 1.03))
    return parts


def _by_heart(few: xr.Dataset) -> list[Part]:
    parts = []
    for size in few["n_training_samples"].values:
        cell = _at(few, size)
        training, test = (over_groups(cell, lambda a, name=name: float(a[name])) for name in ("loss", "test_loss"))
        parts += [
            within(f"training loss, T = {size}", training, high=_BY_HEART),
            within(f"test loss, T = {size}", test, low=0.99),
        ]
    return parts


def _polygons(few: xr.Dataset) -> list[Part]:
    parts = []
    for size in (5, 8):
        r = polygon_length(size)
        shortest = _over_known(few, size, lambda a, r=r: float(np.linalg.norm(_hidden(a), axis=1).min() / r))
        name = f"shortest hidden vector over the least length of a polygon, T = {size}"
        parts += [_regular(few, size), within(name, shortest, 0.9, 1.1)]
    return parts


def _regular(few: xr.Dataset, size: int) -> Part:
    deviation = _over_known(few, size, _deviation)
    return within(f"largest deviation of a gap from {360 / size:g}°, T = {size}", deviation, high=10.0)


def _hidden(model: xr.Dataset) -> np.ndarray:
    """Hidden vectors of one model, float64 (n_samples, n_hidden)."""
    return model["hidden_vector"].transpose("sample", "hidden").dropna("sample").values.astype(np.float64)


def _gaps(model: xr.Dataset) -> np.ndarray:
    """Angles from each hidden vector to the next, degrees."""
    x, y = _hidden(model).T
    angles = np.sort(np.degrees(np.arctan2(y, x)))
    return np.diff(angles, append=angles[0] + 360.0)


def _deviation(model: xr.Dataset) -> float:
    gaps = _gaps(model)
    return float(np.abs(gaps - 360.0 / len(gaps)).max())


def _peak(sweep: xr.Dataset) -> list[Part]:
    sizes, middle = sweep["n_training_samples"].values, int(sweep.attrs["middle"])
    peak = over_groups(_at(sweep, middle), lambda a: float(a["test_loss"]))
    parts = []
    for size in (sizes.min(), sizes.max()):
        end = float(_at(sweep, size)["test_loss"].max())
        ratio = Estimate(low=peak.low / end, best=peak.best / end, high=peak.high / end, n=peak.n)
        parts.append(within(f"test loss at T = {middle} over the largest at T = {size}", ratio, low=1.1))
    return parts


def _features(sweep: xr.Dataset) -> list[Part]:
    most, middle = int(sweep["n_training_samples"].max()), int(sweep.attrs["middle"])
    large, between = _at(sweep, most), _at(sweep, middle)
    what = "dimensions that the five {} with the largest share own, T = {}"
    return [
        within(f"features longer than 1/2, T = {most}", over_groups(large, n_represented), 4, 8),
        within(f"features longer than 1/2, T = {middle}", over_groups(between, n_represented), low=50),
        within(what.format("features", most), over_groups(large, _five_features), low=0.5),
        within(what.format("samples", most), over_groups(large, _five_samples), high=0.5),
        within(what.format("features", middle), over_groups(between, _five_features), high=0.3),
        within(what.format("samples", middle), over_groups(between, _five_samples), high=0.3),
        within(f"test loss, T = {most}", over_groups(large, lambda a: float(a["test_loss"])), high=0.9999),
    ]


def _five_features(model: xr.Dataset) -> float:
    return float(np.sort(model["feature_dimensionality"].values)[-5:].sum())


def _five_samples(model: xr.Dataset) -> float:
    return float(np.sort(model["data_dimensionality"].dropna("sample").values)[-5:].sum())


def _stops_short(sweep: xr.Dataset) -> list[Part]:
    size = int(sweep.attrs["by_hand"])
    trained = _at(sweep, size)["loss"]
    ratios = (sweep["polygon_loss"] / trained).values
    spread = Estimate(low=float(ratios.min()), best=float(np.median(ratios)), high=float(ratios.max()), n=ratios.size)
    return [within(f"training loss of the polygon made by hand over that of training, T = {size}", spread, high=0.9)]
