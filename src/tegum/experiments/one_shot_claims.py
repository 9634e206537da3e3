"""Claims about decoders that look once: their statistics and windows."""

import numpy as np
import xarray as xr
from scipy.special import ndtr

from tegum.experiments.base import Data, Finding
from tegum.experiments.verdict import Part, always, within
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate

K = 8  # active features for which the criteria were fixed
_ROUNDING = 1e-12
# loss per input at n = 1000, m = 256, k = 8 from the theory, and the relative margin of the criterion
_LINEAR = {"linear": (31.22, 0.03), "scaled_linear": (6.368, 0.03), "pseudo_inverse": (5.952, 0.03)}
_RISKS = {
    "relu": (15.72, 0.06),
    "shifted_relu": (1.346, 0.06),
    "gained_relu": (0.740, 0.06),
    "threshold": (2.33, 0.12),
    "best_threshold": (0.252, 0.12),
    "posterior_mean": (0.197, 0.12),
}


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    losses, errors, grid = data["losses"], data["errors"], data["grid"]
    return [
        Finding(claim="s1.theorem-2-formula", parts=[_needed_width(data["widths"])], figure="widths"),
        Finding(claim="s1.theorem-2-formula-corrected", parts=_widths(data["widths"]), figure="widths"),
        Finding(
            claim="s1.lemma-2",
            parts=[within("share of negative errors", mean_estimate(errors["negative"].values), high=0)],
        ),
        Finding(
            claim="s1.lemma-2-corrected",
            parts=[
                within(
                    "largest distance of an error from the signed sum",
                    exact_estimate(float(errors["off_signed_sum"].max()), n=errors.sizes["code"]),
                    high=_ROUNDING * K,
                )
            ],
        ),
        Finding(claim="s1.lemma-3", parts=_bounds(errors)),
        Finding(
            claim="s1.walk-variance",
            parts=[
                within(f"variance over √k, k = {k}", _variance(data["walks"], k, np.sqrt(k)), 0.9, 1.1)
                for k in (16, 64)
            ],
        ),
        Finding(claim="s1.walk-variance-corrected", parts=_normal(data["walks"], data["tails"])),
        Finding(claim="s1.lemma-4", parts=_double_shift(grid)),
        Finding(claim="s1.lemma-4-corrected", parts=_single_shift(grid)),
        Finding(
            claim="s1.linear-approximation",
            parts=[within("loss of the read-out over that of answering 0", _loss(losses, "linear", K), high=1)],
            figure="losses",
        ),
        Finding(claim="s1.linear-approximation-corrected", parts=_linear(losses), figure="losses"),
        Finding(claim="s1.total-error", parts=_total(data["sparse"]), figure="losses"),
        Finding(
            claim="s1.total-error-corrected",
            parts=[_against(losses, name, *expected) for name, expected in _RISKS.items()],
            figure="losses",
        ),
        Finding(claim="tegum.one-shot-loads", parts=_loads(losses), figure="losses"),
    ]


def _needed_width(widths: xr.Dataset) -> Part:
    """Smallest m of the list at which the error exceeds ½ with at most the claimed probability, over the formula."""
    chance = [mean_estimate(widths["exceeds_half"].sel(n_hidden=m).values) for m in widths["n_hidden"].values]
    claimed, m = np.exp(-2.0), widths["n_hidden"].values.astype(float)
    formula = 4 * 2.0**2 / 0.5**2 * K * np.log(widths.attrs["n_features"])
    ends = [
        m[int(np.argmax([getattr(each, end) <= claimed for each in chance]))] / formula
        for end in ("low", "best", "high")
    ]
    measured = Estimate(low=min(ends), best=ends[1], high=max(ends), n=widths.sizes["code"])
    return within("dimensions needed over the formula", measured, 0.5, 2)


def _widths(widths: xr.Dataset) -> list[Part]:
    parts = []
    for c, m, margin in ((1, 32, 0.15), (2, 128, 0.12), (3, 288, 0.12)):
        share = widths["exceeds_half"].sel(n_hidden=m).values
        normal = 2 * ndtr(-0.5 * np.sqrt(m / K))
        name = f"P(|error| > 1/2), m = {m}"
        parts.append(within(f"{name}, over 2Q", mean_estimate(share / normal), 1 - margin, 1 + margin))
        parts.append(within(f"{name}, over exp(-c²/2)", mean_estimate(share / np.exp(-(c**2) / 2)), high=1))
    m = 634  # 8 k ln(n / 0.05)
    return [*parts, within(f"mean wrong, m = {m}", mean_estimate(widths["wrong"].sel(n_hidden=m).values), high=0.05)]


def _bounds(errors: xr.Dataset) -> list[Part]:
    inside = (errors["largest"] <= K * errors["coherence"] + _ROUNDING).values
    return [
        always("no error above k times the coherence", list(inside)),
        *(
            within(
                f"share of errors above {c:g} δ √k",
                mean_estimate(errors[f"exceeds_scale_{c:g}"].values),
                high=float(np.exp(-(c**2) / 2)),
            )
            for c in (0.25, 0.5, 1.0)
        ),
    ]


def _variance(walks: xr.Dataset, k: int, unit: float) -> Estimate:
    return mean_estimate(walks["variance"].sel(n_steps=k).values / unit)


def _normal(walks: xr.Dataset, tails: xr.Dataset) -> list[Part]:
    parts = [within(f"variance over k, k = {k}", _variance(walks, k, k), 0.97, 1.03) for k in (16, 64)]
    deviation = np.sqrt(K / tails.attrs["n_hidden"])
    ratio = mean_estimate(tails["deviation"].values / deviation)
    parts.append(within("standard deviation over √(k/m)", ratio, 0.97, 1.03))
    for c in (1, 2):
        share = mean_estimate(tails[f"exceeds_{c}"].values / (2 * ndtr(-float(c))))
        parts.append(within(f"share above {c} of them over 2Q({c})", share, 0.9, 1.1))
    return parts


def _double_shift(grid: xr.Dataset) -> list[Part]:
    return [
        within("errors of the threshold", exact_estimate(float(grid["threshold_errors"].max())), high=0),
        *(
            within(
                f"deviation of ReLU(x' - 2ε) over ε, ε = {e:g}",
                exact_estimate(float(worst) / e),
                high=3 + _ROUNDING / e,
            )
            for e, worst in zip(grid["epsilon"].values, grid["double_shift"].values, strict=True)
        ),
    ]


def _single_shift(grid: xr.Dataset) -> list[Part]:
    parts = [within("largest answer for an absent feature", exact_estimate(float(grid["not_zero"].max())), high=0)]
    for e in grid["epsilon"].values:
        at = grid.sel(epsilon=e)
        worst = exact_estimate(float(at["single_shift"]) / e)
        parts.append(within(f"deviation of ReLU(x' - ε) over ε, ε = {e:g}", worst, high=2 + _ROUNDING / e))
        ratio = exact_estimate(float(at["single_shift"] / at["double_shift"]))
        parts.append(within(f"the same over that of ReLU(x' - 2ε), ε = {e:g}", ratio, high=1 - _ROUNDING))
    return parts


def _loss(losses: xr.Dataset, decoder: str, unit: float, k: int = K) -> Estimate:
    return mean_estimate(losses["loss"].sel(decoder=decoder, n_active=k).values / unit)


def _against(losses: xr.Dataset, decoder: str, expected: float, margin: float) -> Part:
    name = f"loss over {expected:g}, {decoder.replace('_', ' ')}"
    return within(name, _loss(losses, decoder, expected), 1 - margin, 1 + margin)


def _linear(losses: xr.Dataset) -> list[Part]:
    relu, least = (losses["loss"].sel(decoder=name, n_active=K).values for name in ("shifted_relu", "pseudo_inverse"))
    return [
        *(_against(losses, name, *expected) for name, expected in _LINEAR.items()),
        _against(losses, "shifted_relu", 1.346, 0.05),
        within("loss of ReLU(z - 0.3172) over that of the pseudo-inverse", mean_estimate(relu / least), high=0.5),
    ]


def _total(sparse: xr.Dataset) -> list[Part]:
    return [
        within(
            "measured error over the formula", mean_estimate(sparse["error"].values / sparse.attrs["formula"]), 0.5, 2
        )
    ]


def _loads(losses: xr.Dataset) -> list[Part]:
    """At every k the formula of the posterior mean, and that it is the best of all."""
    parts = []
    for k in (8, 12, 16, 20):
        at = losses.sel(n_active=k)
        formula = float(at["formula"].sel(decoder="posterior_mean"))
        parts.append(
            within(f"posterior mean over its formula, k = {k}", _loss(losses, "posterior_mean", formula, k), 0.85, 1.15)
        )
        others = at["loss"].drop_sel(decoder="posterior_mean").mean("code").min("decoder")
        ratio = at["loss"].sel(decoder="posterior_mean").values / max(float(others), _ROUNDING)
        parts.append(within(f"posterior mean over the best other one, k = {k}", mean_estimate(ratio), high=1))
    return parts
