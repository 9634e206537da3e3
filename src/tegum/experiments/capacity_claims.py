"""Verdicts on the claims about active features, from the stored datasets."""

from itertools import pairwise

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.over_codes import crossing, jackknife, slope
from tegum.experiments.verdict import Part, always, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate
from tegum.theory import active_set_bits, binary_entropy, lost_ball_bits


def judge(data: Data) -> list[Finding]:
    """All claims of the experiment."""
    return [
        Finding(claim="s0.comment-k-below-m", parts=[_works("k = m/2 active", data["overload"]["wrong"][0], high=1.0)]),
        Finding(claim="s0.random-walk", parts=_walk(data["walk"], data["loads"])),
        Finding(claim="s0.max-active-bound", parts=_ceiling(data), figure="wrong"),
        Finding(claim="s0.max-active-bound-corrected", parts=_guarantee(data), figure="wrong"),
        Finding(claim="s0.quantifier-rule", parts=_quantifiers(data), figure="wrong"),
        Finding(claim="s0.joint-loss", parts=_joint(data["loads"]), figure="wrong"),
        Finding(claim="s0.fewer-bits", parts=_bits(data["bits"], data["lengths"])),
        Finding(claim="s0.more-sparse-information", parts=_sparse(data["sparse"])),
        Finding(claim="s1.matching-bounds", parts=_dimensions(data["dimensions"])),
        Finding(claim="s1.theorem-2", parts=_theorem(data["theorem"])),
        Finding(claim="s1.doubling", parts=_doubling(data["doubling"])),
        Finding(claim="s1.worst-input", parts=_conspiracy(data["conspiracy"], data["loads"])),
        Finding(claim="tegum.capacity-criteria", parts=_criteria(data["frontier"]), figure="capacity"),
    ]


def _works(name: str, wrong: xr.DataArray, low: float = -np.inf, high: float = np.inf) -> Part:
    return within(f"mean wrong features, {name}", mean_estimate(wrong.values), low, high)


def _over(name: str, wrong: xr.DataArray, expected: float) -> Part:
    """Mean wrong features over what the formula expects, within 25 %."""
    return within(f"mean wrong features over the formula, {name}", mean_estimate(wrong.values / expected), 0.75, 1.25)


def _walk(walk: xr.Dataset, loads: xr.Dataset) -> list[Part]:
    k, m = walk["n_active"].values, loads.attrs["n_hidden"]
    squares = walk["mean_square"].values
    parts = [
        within(
            "slope of ln RMS against ln k",
            jackknife(lambda square: slope(np.log(k), np.log(square) / 2), squares),
            0.48,
            0.52,
        )
    ]
    for number, square in zip(k, squares, strict=True):
        rms = jackknife(lambda mean, number=number: float(np.sqrt(mean * m / number)), square)
        parts.append(within(f"RMS × √(m/k), k = {number}", rms, 0.97, 1.03))
    changed = exact_estimate(float(walk["changed"]), n=walk.sizes["code"])
    return [*parts, within("decisions that change with the amplitude", changed, 0.0, 0.0)]


def _at(group: xr.Dataset, trial: int) -> tuple[str, xr.DataArray]:
    """Name and number of wrong features of one trial."""
    n, m, k = (int(group[name][trial]) for name in ("n_features", "n_hidden", "n_active"))
    return f"n = {n}, m = {m}, k = {k}", group["wrong"][trial]


def _ceiling(data: Data) -> list[Part]:
    return [
        _works("n = 1000, m = 512, k = 12", data["loads"]["wrong"].sel(n_active=12), low=1.0),
        _works(*_at(data["one_active"].isel(group=0), 2), low=1.0),
    ]


def _groups(dataset: xr.Dataset) -> list[xr.Dataset]:
    return [dataset.isel(group=number) for number in range(dataset.sizes["group"])]


def _crossing(group: xr.Dataset, name: str, first: int = 0) -> Estimate:
    """Where one feature is wrong, along the named count."""
    places, errors = group[name].values[first:], group["wrong"].values[first:]
    return _if_passed(jackknife(lambda means: crossing(places, means), errors), errors)


def _if_passed(estimate: Estimate, *errors: np.ndarray) -> Estimate:
    """The estimate if one wrong feature lies between the trials of every group; else it says nothing."""
    means = [error.mean(axis=-1) for error in errors]
    if all(mean.min() <= 1 < mean.max() for mean in means):
        return estimate
    return Estimate(low=-np.inf, best=estimate.best, high=np.inf, n=estimate.n)


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(low=factor * estimate.low, best=factor * estimate.best, high=factor * estimate.high, n=estimate.n)


def _rule(group: xr.Dataset) -> float:
    """m/(8 ln n)."""
    return float(group["n_hidden"][0] / (8 * np.log(float(group["n_features"][0]))))


def _guarantee(data: Data) -> list[Part]:
    parts = []
    for group in _groups(data["guarantee"]):
        where = f"n = {int(group['n_features'][0])}, m = {int(group['n_hidden'][0])}"
        parts.append(_works(*_at(group, 0), high=1.0))
        limit = _scaled(_crossing(group, "n_active", first=1), 1 / _rule(group))
        parts.append(within(f"k with one wrong feature over m/(8 ln n), {where}", limit, 1.25, 1.75))
    single = data["one_active"].isel(group=0)
    parts += [_works(*_at(single, trial), high=1.0) for trial in (0, 1)]
    loads = data["loads"]
    for k in (10, 12):
        cell = loads.sel(n_active=k)
        parts.append(_over(f"k = {k}", cell["wrong"], float(cell["expected"])))
    return parts


def _quantifiers(data: Data) -> list[Part]:
    loads, more, largest = data["loads"], data["more_loads"], data["conspiracy"]["largest"].values
    ten = loads.sel(n_active=10)
    allowed = np.ceil(0.5 / largest) - 1  # the largest whole k with k μ < 1/2
    grown = jackknife(
        lambda one, many: float(many / max(one, 1e-9)), ten["wrong"].values, more["wrong"].sel(n_active=10).values
    )
    return [
        _over("k = 10", ten["wrong"], float(ten["expected"])),
        within("largest k with k μ < 1/2, of all codes", exact_estimate(allowed.max(), n=allowed.size), high=3.0),
        within("mean wrong features, k = 6", mean_estimate(loads["wrong"].sel(n_active=6).values), high=0.05),
        within("mean wrong features at n = 4000 over n = 1000, k = 10", grown, 3.2, 4.8),
    ]


def _joint(loads: xr.Dataset) -> list[Part]:
    parts = []
    for k in (8, 10, 12):
        cell = loads.sel(n_active=k)
        both = np.array([cell["wrong"].values, cell["any"].values])
        less = float((both[1] - both[0]).max())
        parts.append(
            within(f"P(any wrong) minus mean wrong, largest of all codes, k = {k}", exact_estimate(less), high=1e-12)
        )
        off = jackknife(lambda means: float(means[1] + np.expm1(-means[0])), both)
        slack = max(0.02, 0.15 * float(-np.expm1(-both[0].mean())))
        parts.append(within(f"P(any wrong) minus 1 - exp(-mean wrong), k = {k}", off, -slack, slack))
    return parts


def _bits(bits: xr.Dataset, lengths: xr.Dataset) -> list[Part]:
    n, m = bits.attrs["n_features"], bits.attrs["n_hidden"]
    errors = [mean_estimate(row) for row in bits["wrong"].values]
    k = bits["n_active"].values
    low, best, high = (
        float(active_set_bits(n, _last(k, [getattr(error, end) <= 0.05 for error in errors]))) / m
        for end in ("high", "best", "low")
    )
    stored = Estimate(low=low, best=best, high=high, n=bits.sizes["code"])
    m, k = lengths.attrs["n_hidden"], lengths.attrs["n_active"]
    both = lengths[["first", "second"]].to_array().values
    expected = 2 * k * (k - 1) / m
    spread = jackknife(lambda means: float(means[1] - means[0] ** 2) / expected, both)
    return [
        within("bits per dimension at the largest k with at most 0.05 wrong", stored, 0.12, 0.25),
        within("mean |h|² over k", mean_estimate(both[0] / k), 0.99, 1.01),
        within("variance of |h|² over 2k(k-1)/m", spread, 0.85, 1.15),
        within("lost bits per dimension of the ball", exact_estimate(float(lost_ball_bits(512, 8))), 1.953, 1.973),
    ]


def _last(k: np.ndarray, holds: list[bool]) -> int:
    """The last number up to which it holds without a gap; 0 if there is none."""
    held = holds.index(False) if False in holds else len(holds)
    return int(k[held - 1]) if held else 0


def _sparse(sparse: xr.Dataset) -> list[Part]:
    n, m, k = sparse.attrs["n_features"], sparse.attrs["n_hidden"], int(sparse["n_active"][0])
    gain = float(active_set_bits(n, k) / (m * binary_entropy(k / n)))
    return [
        _works(f"n = {n}, m = {m}, k = {k}", sparse["wrong"][0], high=0.1),
        within("bits over those of m features with a dimension each", exact_estimate(gain), low=4.0),
    ]


def _dimensions(dimensions: xr.Dataset) -> list[Part]:
    parts: list[Part] = []
    by_n: dict[int, list[xr.Dataset]] = {}
    for group in _groups(dimensions):
        n, k = int(group["n_features"][0]), int(group["n_active"][0])
        least = _scaled(_crossing(group, "n_hidden"), 1 / (8 * k * np.log(n)))
        parts.append(within(f"m with one wrong feature over 8 k ln n, n = {n}, k = {k}", least, 0.55, 0.8))
        by_n.setdefault(n, []).append(group)
    for n, groups in by_n.items():
        log_k = np.log([int(group["n_active"][0]) for group in groups])
        widths = [group["n_hidden"].values for group in groups]

        def tilt(*errors: np.ndarray, log_k: np.ndarray = log_k, widths: list[np.ndarray] = widths) -> float:
            return slope(log_k, np.log([crossing(m, error) for m, error in zip(widths, errors, strict=True)]))

        errors = [group["wrong"].values for group in groups]
        steepness = _if_passed(jackknife(tilt, *errors), *errors)
        parts.append(within(f"slope of ln m against ln k, n = {n}", steepness, 0.95, 1.05))
    return parts


def _theorem(theorem: xr.Dataset) -> list[Part]:
    group = theorem.isel(group=0)
    return [_works(*_at(group, trial), high=0.05) for trial in range(theorem.sizes["trial"])]


def _doubling(doubling: xr.Dataset) -> list[Part]:
    parts, groups = [], _groups(doubling)
    for narrow, wide in pairwise(groups):
        k = narrow["n_active"].values, wide["n_active"].values
        errors = narrow["wrong"].values, wide["wrong"].values
        ratio = jackknife(lambda a, b, k=k: crossing(k[1], b) / crossing(k[0], a), *errors)
        ratio = _if_passed(ratio, *errors)
        name = f"k with one wrong feature, m = {int(wide['n_hidden'][0])} over m = {int(narrow['n_hidden'][0])}"
        parts.append(within(name, ratio, 1.85, 2.15))
    return parts


def _conspiracy(conspiracy: xr.Dataset, loads: xr.Dataset) -> list[Part]:
    k = conspiracy.attrs["n_active"]
    above = (conspiracy["read_out"].values > 0.5).tolist()
    return [
        always(f"an inactive feature reads above 1/2 when {k} others conspire", above),
        _works(f"random sets, k = {k}", loads["wrong"].sel(n_active=k), high=0.01),
    ]


def _criteria(frontier: xr.Dataset) -> list[Part]:
    parts = []
    for criterion in frontier["criterion"].values:
        for n in frontier["n_features"].values:
            cell = frontier.sel(criterion=criterion, n_features=n)
            measured = Estimate(**{end: float(cell[end]) for end in ("low", "best", "high")}, n=frontier.attrs["codes"])
            ratio = _scaled(measured, 1 / float(cell["expected"]))
            parts.append(
                within(f"capacity over the criterion, {criterion}, n = {n}".replace("_", " "), ratio, 0.9, 1.1)
            )
    return parts
