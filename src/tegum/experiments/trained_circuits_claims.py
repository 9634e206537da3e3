"""The claims about trained networks that compute ANDs, from the stored datasets."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate

_TIMES = 4  # neurons of a construction over those of a trained network


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    universal, targeted = data["universal"], data["targeted"]
    return [
        Finding(claim="tegum.trained-and-rank", parts=_rank(universal), figure="unexplained"),
        Finding(
            claim="tegum.trained-and-better",
            parts=_better("all pairs", universal) + _better("chosen pairs", targeted),
            figure="unexplained",
        ),
        Finding(claim="tegum.trained-and-own-read-off", parts=_own(universal), figure="unexplained"),
        Finding(claim="tegum.trained-and-narrower", parts=_narrower(universal, data["read_offs"]), figure="read-offs"),
        Finding(claim="tegum.trained-and-dense", parts=_dense(universal), figure="weights"),
        Finding(claim="tegum.trained-and-read-off", parts=_read_off(universal), figure="weights"),
    ]


def _estimate(data: xr.Dataset, name: str, kind: str, n_neurons: int, over: float = 1.0) -> Estimate:
    """Mean over the networks of one kind, in units of `over`."""
    values = data[name].sel(kind=kind, n_neurons=n_neurons).dropna("model").values
    return mean_estimate(values / over)


def _rank(data: xr.Dataset) -> list[Part]:
    ratio = exact_estimate(float((data["unexplained"] / data["least"]).min()))
    parts = [within("least ratio to the bound, all networks", ratio, low=1 - 1e-9)]
    for m in data["n_neurons"].values:
        over = _estimate(data, "unexplained", "trained", m, float(data["least"].sel(n_neurons=m)))
        parts.append(within(f"trained over the bound, m = {m}", over, high=1.25))
    return parts


def _better(task: str, data: xr.Dataset) -> list[Part]:
    parts = []
    for m in data["n_neurons"].values:
        best = float(data["unexplained"].sel(n_neurons=m).drop_sel(kind="trained").min())
        ratio = _estimate(data, "unexplained", "trained", m, best)
        parts.append(within(f"{task}, m = {m}: trained over the best constructed", ratio, high=np.nextafter(1, 0)))
    return parts


def _own(data: xr.Dataset) -> list[Part]:
    name = "averages of sparse neurons"
    widths = data["n_neurons"].values
    return [within(f"{name}, m = {m}", _estimate(data, "own_read_off", "sparse", m), low=1) for m in widths]


def _narrower(data: xr.Dataset, read_offs: xr.Dataset) -> list[Part]:
    """Trained networks against the best constructed layer with up to so many times their neurons."""
    parts = []
    for m in data["n_neurons"].values:
        allowed = read_offs["error"].where(read_offs["n_neurons"] <= _TIMES * m, drop=True)
        if allowed.size:
            ratio = _estimate(data, "own_read_off", "trained", m, float(allowed.min()))
            parts.append(within(f"trained over the best constructed, m = {m}", ratio, high=np.nextafter(1, 0)))
    return parts


def _dense(data: xr.Dataset) -> list[Part]:
    parts = []
    for m in data["n_neurons"].values:
        trained, sparse = (_estimate(data, "density", kind, m) for kind in ("trained", "sparse"))
        parts += [
            within(f"density of trained weights, m = {m}", trained, low=0.5),
            within(f"density of the sparse construction, m = {m}", sparse, high=0.3),
        ]
    return parts


def _read_off(data: xr.Dataset) -> list[Part]:
    parts = []
    for m in data["n_neurons"].values:
        at = data.sel(pattern="difference", n_neurons=m)
        parts += [
            within(f"cosine with the difference, m = {m}", mean_estimate(at["similarity"].values), low=0.5),
            within(f"with that of another pair, m = {m}", mean_estimate(at["chance"].values), -0.2, 0.2),
        ]
    return parts
