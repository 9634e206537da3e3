"""Claims about the pentagon and the two pairs: statistics of the stored datasets, and their windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.verdict import Part, always, within
from tegum.ground.estimate import exact_estimate, share_estimate
from tegum.measure import feature_norm

BASE = 0.05
EXPECTED = {0.02: (0.17, 0.20), 0.05: (0.255, 0.285), 0.1: (0.405, 0.445)}


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    crossings = data["crossings"]
    at_base = float(crossings.sel(base=BASE)["ratio"])
    corrected = [
        within(f"crossing ratio at p0 = {base:g}", exact_estimate(float(ratio), 5e-4), *EXPECTED[base])
        for base, ratio in zip(crossings["base"].values.tolist(), crossings["ratio"].values, strict=True)
    ]
    times = exact_estimate(1 / at_base, 5e-4 / at_base**2)
    return [
        Finding(claim="s3.deform-then-snap", parts=_deform(data["branches"]), figure="deformation"),
        Finding(
            claim="s3.pentagon-threshold",
            parts=[within("times sparser at the crossing, p0 = 0.05", times, 2.25, 2.75)],
            figure="branches",
        ),
        Finding(claim="s3.pentagon-threshold-corrected", parts=corrected, figure="branches"),
        Finding(claim="s3.gradient-descent-stuck", parts=_stuck(data["trained"].sel(ratio=0.4)), figure="landing"),
        Finding(claim="s3.digon-pentagon-sticky", parts=_sticky(data["sticky"]), figure="landing"),
    ]


def _deform(data: xr.Dataset) -> list[Part]:
    upto = data.sel(branch="pentagon", ratio=slice(1.0, 0.3 - 1e-9))
    norms = feature_norm(upto["W"]).transpose("ratio", "feature").values
    turns = np.unwrap(np.arctan2(upto["W"].values[..., 1], upto["W"].values[..., 0]), axis=0)
    turns -= turns.mean(axis=1, keepdims=True)  # the plane may turn as a whole
    at = data.sel(ratio=0.3, method="nearest")
    both = at["curvature"].values
    losses = data["loss"].transpose("branch", "ratio").values
    difference = np.sign(losses[0] - losses[1])
    places = data["ratio"].values
    crossings = [float(places[i]) for i in np.flatnonzero(np.diff(difference))]
    return [
        within(
            "largest change of a norm per step",
            exact_estimate(float(np.abs(np.diff(norms, axis=0)).max())),
            high=data.attrs["norm_limit"],
        ),
        within(
            "largest change of an angle per step, degrees",
            exact_estimate(float(np.degrees(np.abs(np.diff(turns, axis=0)).max()))),
            high=data.attrs["angle_limit"],
        ),
        within("largest gradient of both branches at r = 0.3", exact_estimate(float(at["gradient"].max())), high=1e-6),
        within("least curvature of both branches at r = 0.3", exact_estimate(float(both.min())), low=-1e-6),
        always(
            "the branches are still distinct at r = 0.3",
            [int((feature_norm(at["W"]) > 0.5).sum("feature").values[0]) == 5],
        ),
        within("crossings of the loss curves", exact_estimate(float(len(crossings))), 1, 1),
        within("ratio before the crossing", exact_estimate(crossings[0] if crossings else 1.0), 0.2, 0.35),
    ]


def _stuck(trained: xr.Dataset) -> list[Part]:
    losses = trained["loss"].values
    worse = int((losses > 1.01 * losses.min()).sum())
    return [within("share of runs more than 1 % above the lowest loss", share_estimate(worse, len(losses)), low=0.1)]


def _sticky(trained: xr.Dataset) -> list[Part]:
    losses, count = trained["loss"].values, trained["represented"].values
    pairs, pentagons = losses[count == 4], losses[count == 5]
    ratio = float(pairs.min() / pentagons.min()) if len(pairs) and len(pentagons) else 1.0
    share = share_estimate(len(pairs), len(losses))
    return [
        within("two pairs: loss / that of the pentagon", exact_estimate(ratio), low=1.1),
        within("share of starts that end in two pairs", share, low=0.1),
    ]
