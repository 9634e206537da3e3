"""Claims about the phases of an extra feature: statistics of the stored datasets, and their windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.starts import in_groups
from tegum.experiments.statistics import represented
from tegum.experiments.verdict import Part, always, within
from tegum.geometry import overlap
from tegum.ground.estimate import exact_estimate, share_estimate
from tegum.measure import feature_norm, interference
from tegum.phases import phase_of
from tegum.theory import feature_variance

BOUNDARY = {0.03: 0.0133, 0.1: 0.0487, 0.3: 0.2047, 0.5: 0.5359}


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="s3.three-outcomes", parts=_outcome_parts(data["outcomes"]), figure="phases-2"),
        Finding(claim="s3.sparsity-necessary", parts=_necessary(data), figure="phases-2"),
        Finding(claim="s3.first-order", parts=_first_order(data["crossing"]), figure="phases-2"),
        Finding(claim="s3.first-order-corrected", parts=_continuous(data["onset"]), figure="phases-2"),
        Finding(claim="s3.n3-diagram", parts=_three(data), figure="phases-3"),
        Finding(claim="s3.three-equal-triangle", parts=_triangle(data["triangle"]), figure="phases-3"),
        Finding(claim="s3.three-equal-triangle-corrected", parts=_triangle_corrected(data), figure="phases-3"),
    ]


def _outcome_parts(outcomes: xr.Dataset) -> list[Part]:
    found, theory = phase_of(outcomes).values, outcomes["theory"].values
    agree = share_estimate(int((found == theory).sum()), len(theory))
    exact = exact_estimate(agree.best, n=len(theory))  # the cells are fixed beforehand, not drawn
    kinds = exact_estimate(float(len(set(found.tolist()))), n=len(theory))
    return [within("share of cells in the theory's class", exact, low=0.95), within("classes that occur", kinds, 3, 3)]


def _gain(data: xr.Dataset, p: float) -> float:
    cell = data.sel(feature_probability=p, relative_importance=1.0)
    return float(1 - cell["loss"].isel(model=0) / feature_variance(p))


def _necessary(data: Data) -> list[Part]:
    equal = data["equal2"]
    return [
        within("gain over dedicating at p = 1", exact_estimate(_gain(equal, 1.0)), high=0.01),
        within("gain over dedicating at p = 0.7", exact_estimate(_gain(equal, 0.7)), high=0.05),
        within("gain over dedicating at p = 0.1", exact_estimate(_gain(equal, 0.1)), low=0.5),
        always(
            "n = 20, m = 5, p = 1: exactly 5 features represented",
            in_groups(data["dense"], lambda a: len(represented(a)) == 5),
        ),
    ]


def _first_order(crossing: xr.Dataset) -> list[Part]:
    parts = []
    for p in crossing["feature_probability"].values.tolist():
        at = crossing.sel(feature_probability=p)
        star = float(at["boundary"])
        below = float(at["loss"].sel(factor=0.97) - at["loss"].sel(factor=0.93)) / (0.04 * star)
        above = float(at["loss"].sel(factor=1.07) - at["loss"].sel(factor=1.03)) / (0.04 * star)
        parts += [
            within(f"|W_2| at 0.95 I*, p = {p:g}", exact_estimate(float(at["extra_norm"].sel(factor=0.95))), high=0.05),
            within(f"|W_2| at 1.05 I*, p = {p:g}", exact_estimate(float(at["extra_norm"].sel(factor=1.05))), low=0.5),
            within(f"slope of the loss above / below I*, p = {p:g}", exact_estimate(above / below), high=0.8),
            within(f"I* / theory, p = {p:g}", exact_estimate(star / BOUNDARY[p]), 0.95, 1.05),
        ]
    return parts


def _continuous(onset: xr.Dataset) -> list[Part]:
    parts = []
    for p in onset["feature_probability"].values.tolist():
        cells = onset.sel(feature_probability=p).isel(model=0)
        value = cells["relative_importance"].values
        gain = 1 - cells["loss"].values / (value * float(feature_variance(p)))
        norm = np.abs(cells["W"].isel(feature=1, hidden=0).values)
        entered = norm[norm > 1e-3]
        first = float(entered[0]) if len(entered) else 0.0
        parts += [
            within(
                f"largest gain over ignoring, p = {p:g}", exact_estimate(float(gain.max()), n=len(value)), high=0.03
            ),
            within(f"|W_2| where it first leaves 0, p = {p:g}", exact_estimate(first, n=len(value)), 1e-3, 0.2),
        ]
    return parts


def _three(data: Data) -> list[Part]:
    boundary = data["boundary3"]
    parts = [
        within(f"I* for n = 3 / I* for n = 2, p = {p:g}", exact_estimate(float(ratio)), 0.97, 1.03)
        for p, ratio in zip(
            boundary["feature_probability"].values, (boundary["three"] / boundary["two"]).values, strict=True
        )
    ]
    corners = data["corners"].isel(model=0)
    norms, shared = feature_norm(corners["W"]).values, interference(corners["W"]).values
    others = (norms[:, :2] ** 2).sum(axis=1)
    paired = overlap(corners["W"].values)[:, 0, 1]
    outcomes = {
        "(0.1, 0.02): not represented": norms[0, 2] < 0.1,
        "(0.1, 0.5): in superposition with another": norms[1, 2] > 0.5 and shared[1, 2] > 0.5,
        "(0.1, 2): dedicated, the others in superposition": norms[2, 2] > 0.9
        and shared[2, 2] < 0.1
        and paired[2] < -0.9,
        "(1, 2): dedicated, another not represented": norms[3, 2] > 0.9
        and shared[3, 2] < 0.1
        and 0.7 <= others[3] <= 1.3,
    }
    return parts + [always(f"(p, I) = {name}", [bool(held)]) for name, held in outcomes.items()]


def _cosines(data: xr.Dataset, p: float) -> np.ndarray:
    cell = data.sel(feature_probability=p, relative_importance=1.0).isel(model=0)
    return overlap(cell["W"].values)[np.triu_indices(3, 1)]


def _triangle(data: xr.Dataset) -> list[Part]:
    dense = [p for p in data["feature_probability"].values.tolist() if p < 0.6]
    return [
        within(
            f"largest distance of a cosine from -1/2, p = {p:g}",
            exact_estimate(float(np.abs(_cosines(data, p) + 0.5).max())),
            high=0.1,
        )
        for p in dense
    ]


def _triangle_corrected(data: Data) -> list[Part]:
    shapes = data["shapes"]
    variance = feature_variance(shapes["feature_probability"].values)
    pair, triangle = shapes["pair"].values / variance, shapes["triangle"].values / variance
    lowest = float(data["triangle"].sel(feature_probability=0.6).isel(model=0)["loss"].values.item() / variance[2])
    cosines = _cosines(data["triangle"], 0.6)
    parts = []
    for k, (p, of_pair, of_triangle) in enumerate(((0.1, 0.1077, 0.1216), (0.3, 0.3781, 0.4219))):
        parts += [
            within(
                f"pair and point: loss / variance / {of_pair}, p = {p:g}", exact_estimate(pair[k] / of_pair), 0.99, 1.01
            ),
            within(
                f"triangle: loss / variance / {of_triangle}, p = {p:g}",
                exact_estimate(triangle[k] / of_triangle),
                0.99,
                1.01,
            ),
        ]
    return [
        *parts,
        within("triangle - pair and point: loss / variance, p = 0.6", exact_estimate(triangle[2] - pair[2]), high=0),
        within("lowest loss - triangle: loss / variance, p = 0.6", exact_estimate(lowest - triangle[2]), -1e-6, 1e-6),
        within("least cosine, p = 0.6", exact_estimate(float(cosines.min())), -0.65, -0.35),
        within("largest cosine, p = 0.6", exact_estimate(float(cosines.max())), -0.65, -0.35),
    ]
