"""What correlated features and children must show, from the stored datasets."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.starts import over_groups, weights
from tegum.experiments.verdict import Part, within
from tegum.geometry import overlap
from tegum.ground.estimate import exact_estimate, share_estimate
from tegum.measure import lowest_loss

# P(the one | the other) at which an opposite pair and a collapsed one have equal losses, without biases: the smaller
# root of 43 c² - 80 c + 32 = 0 (docs/dependence.md).
CROSSING = (40 - 4 * np.sqrt(14)) / 43
_NEAR_ZERO = (-0.2, -0.05, 0.05, 0.2)
_RARE, _FREQUENT = (0.1,), (0.25, 0.5, 0.75, 0.9)


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="tegum.copula-partner", parts=_partner(data["pairs"], data["exact_pairs"]), figure="copula"),
        Finding(claim="tegum.copula-sign", parts=_sign(data["crossing"]), figure="copula"),
        Finding(claim="tegum.copula-training", parts=_training(data["line"], data["exact_line"]), figure="copula"),
        Finding(claim="tegum.child-orthogonal", parts=_family(data["family"], data["exact_family"]), figure="family"),
        Finding(claim="tegum.child-alone", parts=_child(data), figure="child"),
    ]


def _first_cosine(model: xr.Dataset) -> float:
    """Cosine of features 0 and 1."""
    return float(overlap(weights(model))[0, 1])


def _window(opposite: bool, otherwise: tuple[float, float]) -> tuple[float, float]:
    return (-np.inf, -0.9) if opposite else otherwise


def _partner(trained: xr.Dataset, exact: xr.Dataset) -> list[Part]:
    parts = []
    for rho in _NEAR_ZERO:
        cosine = exact_estimate(_first_cosine(exact.sel(correlation=rho)))
        parts.append(within(f"optimum: cosine within a pair, ρ = {rho:g}", cosine, *_window(rho < 0, (-0.1, 0.1))))
    for rho in (-0.5, 0.3):
        cosine = over_groups(trained.sel(pair_correlation=rho), _first_cosine)
        parts.append(within(f"trained: cosine within a pair, ρ = {rho:g}", cosine, *_window(rho < 0, (-0.1, 0.1))))
    return parts


def _sign(crossing: xr.Dataset) -> list[Part]:
    parts = []
    for p in (0.05, 0.2):
        loss = crossing["loss"].sel(feature_probability=p)
        gain = (loss.sel(side="opposite") - loss.sel(side="same")).to_numpy()
        at = exact_estimate(zero_of(crossing["conditional"].to_numpy(), gain))
        name = f"P(one | other) from which one side is better, p = {p:g}"
        parts.append(within(name, at, CROSSING - 0.01, CROSSING + 0.01))
    return parts


def zero_of(x: np.ndarray, values: np.ndarray) -> float:
    """Where values first turn from negative to positive, by linear interpolation; an end if they never do.

    Example:
        >>> zero_of(np.array([0.0, 1.0, 2.0]), np.array([-1.0, 1.0, 3.0]))
        0.5
    """
    positive = np.flatnonzero(values >= 0)
    if not len(positive) or positive[0] == 0:
        return float(x[0] if len(positive) else x[-1])
    k = int(positive[0])
    share = -values[k - 1] / (values[k] - values[k - 1])
    return float(x[k - 1] + share * (x[k] - x[k - 1]))


def _training(trained: xr.Dataset, exact: xr.Dataset) -> list[Part]:
    cell = trained.sel(pair_correlation=0.3)
    W = cell["W"].transpose("model", "feature", "hidden").to_numpy().astype(np.float64)
    same_side = overlap(W)[:, 0, 1] > 0
    loss = cell["loss"].to_numpy()
    excess = float(np.median(loss[same_side]) / loss.min()) if same_side.any() else 1.0
    return [
        within("optimum: cosine at ρ = 0.3", exact_estimate(_first_cosine(exact.sel(correlation=0.3))), high=-0.9),
        within("optimum: cosine at ρ = 0.85", exact_estimate(_first_cosine(exact.sel(correlation=0.85))), low=0.9),
        within("share of models on one side, ρ = 0.3", share_estimate(int(same_side.sum()), len(same_side)), low=0.25),
        within("their median loss / the lowest, ρ = 0.3", exact_estimate(excess, n=int(same_side.sum())), low=1.5),
    ]


def _family(trained: xr.Dataset, exact: xr.Dataset) -> list[Part]:
    p = float(exact["probabilities"][0])
    best = overlap(weights(lowest_loss(exact)))
    return [
        within("optimum: loss / p", exact_estimate(abs(float(lowest_loss(exact)["loss"])) / p), high=1e-6),
        within("optimum: cosine of the children", exact_estimate(float(best[1, 2])), high=-0.98),
        within("optimum: |cosine| of parent and child", exact_estimate(float(np.abs(best[0, 1:]).max())), high=0.1),
        within("trained: loss / p", over_groups(trained, lambda a: float(a["loss"]) / p), high=1e-3),
        within(
            "trained: cosine of the children",
            over_groups(trained, lambda a: float(overlap(weights(a))[1, 2])),
            high=-0.98,
        ),
        within(
            "trained: |cosine| of parent and child",
            over_groups(trained, lambda a: float(np.abs(overlap(weights(a))[0, 1:]).max())),
            high=0.1,
        ),
    ]


def _child(data: Data) -> list[Part]:
    parts = []
    for q in (*_RARE, *_FREQUENT):
        rare = q in _RARE
        for name, opposite in (("child", rare), ("independent", True)):
            at = _first_cosine(lowest_loss(data[f"exact_{name}"].sel(child_probability=q)))
            window = _window(opposite, (0.9, np.inf))
            parts.append(within(f"optimum, {name}: cosine, q = {q:g}", exact_estimate(at), *window))
            found = over_groups(data[name].sel(child_probability=q), _first_cosine)
            parts.append(within(f"trained, {name}: cosine, q = {q:g}", found, *window))
    return parts
