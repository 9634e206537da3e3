"""What the experiment on uniform geometry says about its claims, from the stored datasets."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.starts import groups, over_groups, weights
from tegum.experiments.statistics import dimensionality, n_represented
from tegum.experiments.uniform_geometry_data import SMALL_DIMENSIONS, SMALL_PROBABILITIES, capacity
from tegum.experiments.verdict import Part, within
from tegum.geometry import recognise
from tegum.ground.estimate import Estimate, exact_estimate, group_estimate
from tegum.measure import dimensions_per_feature, feature_dimensionality, total_dimensionality

PAIRS_AT = 0.3
"""The probability at which the model should hold antipodal pairs and nothing else."""


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    trained, small = data["trained"], data["small"]
    return [
        Finding(claim="s1.doubling-trained", parts=_doubling(small.sel(feature_probability=PAIRS_AT))),
        Finding(claim="s3.superposition-one", parts=_pair(data["push"])),
        Finding(claim="s3.superposition-one-corrected", parts=_pushed(data["push"])),
        Finding(claim="s3.sticky-regions", parts=_sticky(trained), figure="dimensions-per-feature"),
        Finding(claim="s3.dimension-budget", parts=_budget(data["budget"], trained, small), figure="dimensionality"),
        Finding(
            claim="s3.preferred-geometries",
            parts=_preferred(trained.sel(feature_probability=PAIRS_AT), data["control"]),
            figure="dimensionality",
        ),
    ]


def _doubling(small: xr.Dataset) -> list[Part]:
    fewer, more = ([n_represented(model) for model in groups(small.sel(n_hidden=m))] for m in SMALL_DIMENSIONS)
    ratios = [b / max(a, 1.0) for a, b in zip(fewer, more, strict=True)]
    return [within("features represented, m = 10 over m = 5", group_estimate(ratios[0], ratios), 1.7, 2.3)]


def _pair(push: xr.Dataset) -> list[Part]:
    return [
        within("the measure for an antipodal pair", exact_estimate(float(push["pair_measure"])), low=1),
        within("largest push from the other feature / |W_1|", exact_estimate(float(push["pair_push"])), low=1),
    ]


def _pushed(push: xr.Dataset) -> list[Part]:
    def largest(name: str) -> Estimate:
        return exact_estimate(float(push[name].max()), n=push.sizes["code"])

    return [
        within("signed inputs: maximum - √measure", largest("signed_difference"), high=1e-10),
        within("inputs in [0, 1]: maximum - sum of the positive overlaps", largest("positive_difference"), high=1e-10),
        within("signed inputs: random - maximum", largest("signed_excess"), high=1e-12),
        within("inputs in [0, 1]: random - maximum", largest("positive_excess"), high=1e-12),
    ]


def _sticky(trained: xr.Dataset) -> list[Part]:
    parts, levels = [], {}
    for level in (1.0, 0.5):
        cells = trained.isel(feature_probability=np.flatnonzero(trained["plateau"].values == level))
        per_p = []
        for p in cells["feature_probability"].values.tolist():
            cell = cells.sel(feature_probability=p)
            parts.append(within(f"D* at p = {p:g}", over_groups(cell, _d_star), level - 0.05, level + 0.05))
            per_p.append([_d_star(model) for model in groups(cell)])
        levels[level] = np.array(per_p)
        parts.append(within(f"change of D* over the plateau at {level:g}", _of_groups(levels[level], np.ptp), high=0.1))
    steps = levels[1.0].min(axis=0) - levels[0.5].max(axis=0)
    return [*parts, within("D* between the plateaus", group_estimate(float(steps[0]), steps), low=0.35)]


def _d_star(model: xr.Dataset) -> float:
    """D*; 0 for a model that represents nothing, which must fail and not crash."""
    value = float(dimensions_per_feature(weights(model)))
    return value if np.isfinite(value) else 0.0


def _of_groups(values: np.ndarray, statistic: Callable[..., np.ndarray]) -> Estimate:
    """A statistic over the first axis; the groups of starts are the second, the best first."""
    found = statistic(values, axis=0)
    return group_estimate(float(found[0]), found)


def _budget(random: xr.Dataset, trained: xr.Dataset, small: xr.Dataset) -> list[Part]:
    above = float((random["total_dimensionality"] - random["rank"]).max())
    codes = list(trained["W"].transpose(..., "feature", "hidden").values.reshape(-1, *_shape(trained)).astype(float))
    above_trained = max(float(total_dimensionality(W)) - float(np.linalg.matrix_rank(W)) for W in codes)
    differences = [float(np.abs(feature_dimensionality(W) - capacity(W)).max()) for W in codes]
    difference = max(float(random["capacity_difference"].max()), *differences)
    n_random, n_hidden = random.sizes["code"], max(SMALL_DIMENSIONS)
    return [
        within("random codes: largest sum of D - rank", exact_estimate(above, n=n_random), high=1e-9),
        within("trained models: largest sum of D - rank", exact_estimate(above_trained, n=len(codes)), high=1e-9),
        *(
            within(
                f"sum of D / m, n = 80, m = {n_hidden}, p = {p:g}",
                over_groups(
                    small.sel(feature_probability=p, n_hidden=n_hidden),
                    lambda model: float(total_dimensionality(weights(model))) / n_hidden,
                ),
                low=0.97,
            )
            for p in SMALL_PROBABILITIES
        ),
        within("largest |D - capacity|", exact_estimate(difference, n=n_random + len(codes)), high=1e-12),
    ]


def _shape(dataset: xr.Dataset) -> tuple[int, int]:
    return dataset.sizes["feature"], dataset.sizes["hidden"]


def _preferred(trained: xr.Dataset, control: xr.Dataset) -> list[Part]:
    shares = [_near_half(control.isel(model=k)) for k in range(control.sizes["model"])]
    return [
        within("share of represented features with D in 1/2 ± 0.05", over_groups(trained, _near_half), low=0.9),
        within("share of antipodal pairs among the factors", over_groups(trained, _share_of_pairs), low=0.9),
        within("the first share, random codes", group_estimate(shares[0], shares), high=0.1),
    ]


def _near_half(model: xr.Dataset) -> float:
    D = dimensionality(model)
    return float((np.abs(D - 0.5) <= 0.05).mean()) if D.size else 0.0


def _share_of_pairs(model: xr.Dataset) -> float:
    counts = recognise(weights(model)).counts
    return counts.get("digon", 0) / max(sum(counts.values()), 1)
