"""Claims about antipodal pairs: their statistics and windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate

_ROUNDING = 1e-9


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    designed, random = data["designed"], data["random"]
    return [
        Finding(claim="s1.antipodal-half", parts=_half(data["pair"]), figure="pair"),
        Finding(claim="s1.antipodal-half-corrected", parts=_fair_rival(data["curves"]), figure="pair"),
        Finding(claim="s1.theorem-3-factor", parts=_factor(designed.sel(feature_probability=0.05)), figure="designed"),
        Finding(
            claim="s1.theorem-3-factor-corrected",
            parts=[
                within(
                    f"loss per feature over p², p = {p:g}",
                    mean_estimate(designed["twice"].sel(feature_probability=p).values / p**2),
                    0.9,
                    1.1,
                )
                for p in (0.02, 0.05, 0.1)
            ],
            figure="designed",
        ),
        Finding(
            claim="s1.antipodal-rule",
            parts=[within(_change_name(size), _change(random, size), low=0) for size in ((20, 5, 1), (20, 5, 2))],
            figure="sign",
        ),
        Finding(claim="s1.antipodal-rule-corrected", parts=_rule(random), figure="sign"),
        Finding(claim="tegum.pairing-sign", parts=_signs(random), figure="sign"),
        Finding(
            claim="tegum.designed-pairs",
            parts=[
                within(
                    f"loss of random codes over p², p = {p:g}",
                    mean_estimate(designed["random"].sel(feature_probability=p).values / p**2),
                    low=1,
                )
                for p in designed["feature_probability"].values
            ],
            figure="designed",
        ),
    ]


def _half(pair: xr.Dataset) -> list[Part]:
    wrong = np.abs(pair["four_outputs"] - [[0, 0], [1, 0], [0, 1], [0, 0]]).max()
    parts = [within("largest deviation of the four outputs from those stated", exact_estimate(float(wrong)), high=0)]
    for p in pair["feature_probability"].values:
        at = pair.sel(feature_probability=p)
        loss = at["pair"].values
        off = float((loss.mean() - 2 * p**2) / (loss.std(ddof=1) / np.sqrt(loss.size)))
        parts.append(within(f"pair loss off 2p², in standard errors, p = {p:g}", exact_estimate(off, n=20), -4, 4))
        gain = mean_estimate(loss - at["single"].values)
        parts.append(_signed(f"pair loss minus that of one feature, p = {p:g}", gain, negative=p < 0.5))
    return parts


def _signed(name: str, measured: Estimate, *, negative: bool) -> Part:
    """The statistic must be negative, or must be positive."""
    return within(name, measured, high=-_ROUNDING) if negative else within(name, measured, low=_ROUNDING)


def _fair_rival(curves: xr.Dataset) -> list[Part]:
    p = curves["feature_probability"].values
    step = p[1] - p[0]
    parts = []
    for name, words, low, high in (("plain", "without a bias", 0.325, 0.342), ("tuned", "with the best", 0.495, 0.505)):
        lost = curves[name].values >= curves["mean"].values - _ROUNDING
        first = int(lost.argmax()) if lost.any() else len(p) - 1
        before = float(p[max(first - 1, 0)])
        crossing = Estimate(low=before, best=float(p[first]) - step / 2, high=float(p[first]), n=1)
        parts.append(within(f"p from which on the pair does not win, {words}", crossing, low, high))
    for at, expected in ((0.108, 0.2387), (0.304, 0.7336)):
        ratio = float(np.interp(at, p, (curves["tuned"] / curves["mean"]).values))
        parts.append(
            within(f"best loss over p(1-p), p = {at:g}", exact_estimate(ratio), expected * 0.99, expected * 1.01)
        )
    return parts


def _factor(at: xr.Dataset) -> list[Part]:
    """2m features in pairs against m features alone, by the claimed factor; losses per input."""
    p, m = float(at["feature_probability"]), int(at.attrs.get("n_hidden", 50))
    excess = 2 * m * at["twice"].values - (1 + 2 * p**2) * m * at["once"].values
    return [within("loss of pairs minus (1 + 2p²) times that before", mean_estimate(excess), high=_ROUNDING)]


def _at(random: xr.Dataset, size: tuple[int, int, float]) -> xr.Dataset:
    n, m, k = size
    return random.isel(
        size=int(np.flatnonzero((random["n_features"] == n) & (random["n_hidden"] == m) & (random["n_active"] == k))[0])
    )


def _change(random: xr.Dataset, size: tuple[int, int, float]) -> Estimate:
    """Loss per feature, paired minus unpaired.

    Partners that are both present cause nearly all of the cost, and how many of them the inputs hold is chance with a
    known mean, p² per feature. That part of the chance is taken out.
    """
    at, (n, _, k) = _at(random, size), size
    surplus = at["both_present"].values - (k / n) ** 2
    return mean_estimate(at["paired"].values - at["unpaired"].values - surplus)


def _change_name(size: tuple[int, int, float]) -> str:
    n, m, k = size
    return f"change of the loss per feature by pairing, n = {n}, m = {m}, k = {k:g}"


def _rule(random: xr.Dataset) -> list[Part]:
    sizes = {(int(n), int(m), float(k)) for n, m, k in zip(*(random[c].values for c in _SIZE), strict=True)}
    helped = ((20, 5, 1.0), (20, 5, 2.0), (200, 50, 5.0))
    harmed = [size for size in ((100, 50, 1.0), (100, 100, 1.0)) if size in sizes]
    parts = [within(_change_name(size), _change(random, size), high=-_ROUNDING) for size in helped]
    parts += [within(_change_name(size), _change(random, size), low=_ROUNDING) for size in harmed]
    for size in (*helped, *harmed):
        n, m, k = size
        costs = _change(random, size)
        over = Estimate(*(each / (k / n) ** 2 for each in (costs.low, costs.best, costs.high)), n=costs.n)
        parts.append(within(f"that change over p², n = {n}, m = {m}, k = {k:g}", over, high=1.1))
    n, m, k = 20, 5, 2
    at = _at(random, (n, m, k))
    saved = (at["noise_unpaired"].values - at["noise_paired"].values) * m * n / (k * (1 + k))
    return [
        *parts,
        within("squared noise saved over (k/m)(1+k)/n, n = 20, m = 5, k = 2", mean_estimate(saved), 0.5, 1.5),
    ]


_SIZE = ("n_features", "n_hidden", "n_active")


def _signs(random: xr.Dataset) -> list[Part]:
    """Wherever FPR and p TPR differ by a factor of 2 or more, the sign of the measured change."""
    parts = []
    for index in range(random.sizes["size"]):
        at = random.isel(size=index)
        size = (int(at["n_features"]), int(at["n_hidden"]), float(at["n_active"]))
        ratio = float(at["false_positive"] / (at["true_positive"] * size[2] / size[0]))
        if 0.5 < ratio < 2:
            continue
        name = f"{_change_name(size)}, FPR/(p TPR) = {ratio:.2g}"
        parts.append(_signed(name, _change(random, size), negative=ratio >= 2))
    return parts
