"""Verdicts on the claims about overlaps, from the stored datasets."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.over_codes import jackknife, slope
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate, share_estimate
from tegum.theory import jl_distortion, overlap_moment, welch_bound

EQUAL = 1e-9
"""For what is computed and should be equal: far above rounding, far below anything of interest."""

_N_RESAMPLES = 2000


def judge(data: Data) -> list[Finding]:
    """All claims of the experiment."""
    ratio, worst = _over_jl(data["sizes"]), _worst_pair(data["sizes"])
    return [
        Finding(claim="s0.overcomplete-noise", parts=_no_code_is_quiet(data), figure="coherence"),
        Finding(claim="s0.typical-noise", parts=ratio, figure="coherence"),
        Finding(claim="s0.typical-noise-corrected", parts=_typical(data["moments"]), figure="coherence"),
        Finding(claim="s0.typical-same-order", parts=_same_order(data["pairs"]), figure="coherence"),
        Finding(claim="s0.worst-typical-gap", parts=worst, figure="coherence"),
        Finding(claim="s0.jl-cosine", parts=[_conversion(data["conversions"], "relative_length", high=3.424)]),
        Finding(claim="s0.jl-cosine-corrected", parts=_conversions(data["conversions"])),
        Finding(claim="s1.lemma-1", parts=_lemma(data["lemma"])),
        Finding(claim="s1.lemma-1-proof", parts=[_pairs_within(data["pairs_within"])]),
        Finding(claim="s1.lemma-1-proof-corrected", parts=_lemma_proof(data["tails"], data["union"])),
        Finding(claim="s3.exponentially-many", parts=_exponentially_many(data["directions"]), figure="directions"),
        Finding(claim="tegum.no-code-beats-bounds", parts=_bounds(data["curves"]), figure="coherence"),
    ]


def _sizes(dataset: xr.Dataset) -> list[tuple[int, int, xr.Dataset]]:
    """n, m and the row of every size."""
    rows = [dataset.isel(size=number) for number in range(dataset.sizes["size"])]
    return [(int(row["n_features"]), int(row["n_hidden"]), row) for row in rows]


def _no_code_is_quiet(data: Data) -> list[Part]:
    parts = []
    for n, m, row in _sizes(
        xr.concat([data["families"], data["learned"]], "family", join="outer", data_vars="minimal")
    ):
        least = float(welch_bound(n, m))
        largest, square = float(row["largest"].min()), float(row["mean_square"].min())
        parts += [
            within(f"largest overlap of any code, n = {n}, m = {m}", exact_estimate(largest), low=least - EQUAL),
            within(f"mean square of any code, n = {n}, m = {m}", exact_estimate(square), low=least**2 - EQUAL),
        ]
        excess = float(np.abs(row["mean_square"].sel(family="tight") - least**2).max())
        parts.append(within(f"mean square of tight frames off its bound, n = {n}", exact_estimate(excess), high=EQUAL))
    quiet = float(data["orthonormal"]["largest"].max())
    return [*parts, within("largest overlap, orthonormal code", exact_estimate(quiet), high=1e-12)]


def _rms(mean_square: np.ndarray) -> Estimate:
    """Root of a mean of squares; the interval is over the last axis, codes."""
    return jackknife(lambda square: float(np.sqrt(square)), mean_square)


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(low=factor * estimate.low, best=factor * estimate.best, high=factor * estimate.high, n=estimate.n)


def _over_jl(sizes: xr.Dataset) -> list[Part]:
    parts = []
    for n, m, row in _sizes(sizes.isel(family=0)):
        if (n, m) in ((100, 100), (1000, 512), (4000, 512)):
            ratio = _scaled(_rms(row["mean_square"].values), 1 / float(jl_distortion(n, m)))
            parts.append(within(f"RMS overlap over √(8 ln n/m), n = {n}, m = {m}", ratio, 0.5, 2.0))
    return parts


def _typical(moments: xr.Dataset) -> list[Part]:
    parts = []
    wide = int(moments["n_hidden"].max())
    for family in moments["family"].values:
        by_n = []
        for n in moments["n_features"].values:
            for m in moments["n_hidden"].values:
                cell = moments.sel(family=family, n_features=n, n_hidden=m).dropna("code")
                where = f"{family}, n = {n}, m = {m}"
                rms = _scaled(_rms(cell["second"].values), float(np.sqrt(m)))
                parts.append(within(f"RMS overlap × √m, {where}", rms, 0.98, 1.02))
                away = _standard_errors(cell["first"].values, 0.0)
                parts.append(within(f"mean overlap in standard errors, {where}", away, high=4.0))
                if family == "sphere":
                    away = _standard_errors(cell["fourth"].values, float(overlap_moment(4, m)))
                    parts.append(
                        within(f"mean fourth power off its formula in standard errors, {where}", away, high=4.0)
                    )
            by_n.append(moments["second"].sel(family=family, n_features=n, n_hidden=wide).dropna("code").values)
        log_n = np.log(moments["n_features"].values)
        tilt = jackknife(lambda *squares, log_n=log_n: slope(log_n, np.log(squares) / 2), *by_n)
        parts.append(within(f"slope of ln RMS against ln n, {family}, m = {wide}", tilt, -0.01, 0.01))
    return parts


def _standard_errors(values: np.ndarray, expected: float) -> Estimate:
    error = values.std(ddof=1) / np.sqrt(values.size)
    return exact_estimate(abs(values.mean() - expected) / error, n=values.size)


def _same_order(pairs: xr.Dataset) -> list[Part]:
    parts = []
    for n in pairs["n_features"].values:
        ratio = _scaled(
            _rms(pairs["mean_square"].sel(n_features=n).values), 1 / float(jl_distortion(n, pairs.attrs["n_hidden"]))
        )
        parts.append(within(f"RMS overlap over √(8 ln n/m), n = {n}", ratio, 0.1, np.nextafter(1.0, 0.0)))
    return parts


def _worst_pair(sizes: xr.Dataset) -> list[Part]:
    parts, gap = [], {}
    for n, m, row in _sizes(sizes.isel(family=0)):
        largest, square = row["largest"].values, row["mean_square"].values
        over = exact_estimate(largest.max() / float(jl_distortion(n, m)), n=largest.size)
        parts.append(within(f"largest of all codes over √(8 ln n/m), n = {n}, m = {m}", over, high=1.0))
        relative = largest / float(row["predicted"])
        slack = 0.03 + 4 * relative.std(ddof=1) / np.sqrt(relative.size)
        mean = exact_estimate(relative.mean(), n=relative.size)
        parts.append(within(f"mean of the largest over its prediction, n = {n}, m = {m}", mean, 1 - slack, 1 + slack))
        gap[n, m] = largest / np.sqrt(square)
    grown = jackknife(lambda few, many: float(many - few), gap[100, 512], gap[4000, 512])
    parts.append(within("growth of largest/RMS from n = 100 to 4000, m = 512", grown, low=0.0))
    return [*parts, within("largest/RMS, n = 1000, m = 512", mean_estimate(gap[1000, 512]), low=4.0)]


def _conversion(conversions: xr.Dataset, kept: str, low: float = -np.inf, high: float = np.inf) -> Part:
    ratio = exact_estimate(float(conversions["ratio"].sel(kept=kept)))
    return within(f"largest cosine over ε, {kept.replace('_', ' ')} kept", ratio, low, high)


def _conversions(conversions: xr.Dataset) -> list[Part]:
    expected = {"length": 2 + np.sqrt(2), "relative_length": 4.0, "squared_length": 2.0, "sums": 1.0}
    parts = [_conversion(conversions, kept, value - 0.01, value + 0.01) for kept, value in expected.items()]
    exact = 2 / (1 - conversions.attrs["epsilon"])
    return [*parts, _conversion(conversions, "squared_length", high=exact + EQUAL)]


def _share(case: xr.Dataset) -> Estimate:
    return share_estimate(int(case["hits"]), int(case["codes"]))


def _cases(lemma: xr.Dataset) -> list[xr.Dataset]:
    return [lemma.isel(case=number) for number in range(lemma.sizes["case"])]


def _lemma(lemma: xr.Dataset) -> list[Part]:
    return [
        within(
            f"share of codes within √(4 ln n/m), m = {int(case['n_hidden'])}, predicted {float(case['predicted']):.3f}",
            _share(case),
            low=0.5,
        )
        for case in _cases(lemma)
    ]


def _pairs_within(pairs: xr.Dataset) -> Part:
    n = int(pairs["n_features"])
    share = share_estimate(int(pairs["hits"]), int(pairs["pairs"]))
    return within(f"share of pairs within √(4 ln n/m), n = {n}", share, high=2 / n**2)


def _lemma_proof(tails: xr.Dataset, union: xr.Dataset) -> list[Part]:
    parts = [
        within(f"ln P(|t| ≥ u) + m u²/2, largest over u, m = {m}", exact_estimate(float(excess)), high=1e-12)
        for m, excess in zip(tails["n_hidden"].values, tails["excess"].values, strict=True)
    ]
    for n, m, expected in zip(
        tails["n_features"].values, tails["m"].values, tails["expected_pairs"].values, strict=True
    ):
        name = f"expected pairs beyond √(4 ln n/m), n = {n:g}, m = {m:g}"
        parts.append(within(name, exact_estimate(float(expected)), high=0.5))
    case = union.isel(case=0)
    violations = share_estimate(int(case["codes"]) - int(case["hits"]), int(case["codes"]))
    return [*parts, within("share of codes beyond √(2 ln(n(n-1)/0.1)/m)", violations, high=0.1)]


def _exponentially_many(directions: xr.Dataset) -> list[Part]:
    m = directions["n_hidden"].values.astype(float)
    drawn = directions["n_features"].values
    predicted = slope(m, np.log(directions["predicted"].values))
    rng = np.random.default_rng(0)
    resampled = rng.choice(drawn.shape[1], (_N_RESAMPLES, drawn.shape[1]))
    medians = np.median(drawn[:, resampled], axis=-1)
    slopes = np.polyfit(m, np.log(np.maximum(medians, 1)), 1)[0] / predicted
    best = slope(m, np.log(np.maximum(np.median(drawn, axis=-1), 1))) / predicted
    last = medians[-1] / m[-1]
    return [
        within("slope of ln n* against m over its prediction", _percentiles(best, slopes, drawn.shape[1]), 0.88, 1.12),
        within(
            f"n* per dimension, m = {m[-1]:g}",
            _percentiles(float(np.median(drawn[-1])) / m[-1], last, drawn.shape[1]),
            5.0,
        ),
    ]


def _percentiles(best: float, resampled: np.ndarray, n: int) -> Estimate:
    """Bootstrap over codes: the medians of a jackknife would be too coarse."""
    low, high = np.percentile(resampled, [0.5, 99.5])
    return Estimate(low=min(float(low), best), best=best, high=max(float(high), best), n=n)


def _bounds(curves: xr.Dataset) -> list[Part]:
    parts = []
    for name, bound in (("largest", "bound"), ("largest_signed", "signed_bound")):
        above = (curves[name].min(["family", "code"]) - curves[bound]).values
        parts.append(
            within(
                f"{name.replace('_', ' ')} overlap minus its bound, least of all",
                exact_estimate(float(above.min())),
                low=-1e-6,
            )
        )
    return parts
