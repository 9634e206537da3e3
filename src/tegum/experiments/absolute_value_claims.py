"""The claims about absolute values, judged from the datasets of the experiment."""

import math

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.starts import N_GROUPS, groups, in_groups, over_groups, weights
from tegum.experiments.verdict import Part, always, within
from tegum.ground.estimate import (
    STANDARD_ERRORS_99,
    Estimate,
    exact_estimate,
    group_estimate,
    normal_estimate,
    share_estimate,
)
from tegum.measure import features_per_neuron, n_monosemantic

P = "feature_probability"
DENSE, SPARSE = 1.0, 0.001
ORDERED = (DENSE, 0.1, 0.01, SPARSE)
SHARED = 0.01  # where many neurons are shared by two features with a gain that counts
FIRST = 10  # features that are important enough to be worth a neuron at every p
_SILENT, _INHIBITED = 0.1, 0.1


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    pairs = data["shared"].isel(pair=np.flatnonzero(data["shared"][P] == SHARED))
    found = [pairs.isel(pair=np.flatnonzero(pairs["group"] == group)) for group in range(N_GROUPS)]
    figure = "crosstalk" if data["shared"].sizes["pair"] else None
    return [
        Finding(claim="tegum.absolute-value-exact", parts=_exact(data["exact"]), figure="exact"),
        Finding(claim="tegum.absolute-value-monosemantic", parts=_order(data["neurons"]), figure="answered"),
        Finding(claim="tegum.absolute-value-silent-start", parts=_silent(data), figure="neurons"),
        Finding(claim="tegum.absolute-value-superposition", parts=_cheaper(data["neurons"]), figure="neurons"),
        Finding(claim="tegum.asymmetric-motif-errors", parts=_as_computed(data["motif"]), figure="cost"),
        Finding(claim="tegum.asymmetric-motif-falls", parts=[_fall(data["motif"], "both")], figure="cost"),
        Finding(claim="tegum.asymmetric-motif-falls-corrected", parts=_falls(data["motif"]), figure="cost"),
        Finding(claim="tegum.asymmetric-motif-found", parts=_inhibited(found), figure=figure),
        Finding(claim="tegum.asymmetric-motif-signs", parts=[_opposite(found, low=0.9)], figure=figure),
        Finding(
            claim="tegum.asymmetric-motif-signs-corrected",
            parts=[_opposite(found, low=0.25, high=0.75), *_back(found)],
            figure=figure,
        ),
    ]


def _exact(exact: xr.Dataset) -> list[Part]:
    return [
        within("lowest loss", over_groups(exact, lambda model: float(model["loss"])), high=1e-10),
        always("each neuron reads one feature", in_groups(exact, _one_each)),
        always("each feature has a neuron for each sign", in_groups(exact, _both_signs)),
    ]


def _one_each(model: xr.Dataset) -> bool:
    return bool((features_per_neuron(weights(model)) == 1).all())


def _both_signs(model: xr.Dataset) -> bool:
    W = weights(model)
    W = np.where(np.abs(W) > 0.2 * np.abs(W).max(axis=0), np.sign(W), 0)
    return bool(((W > 0).sum(axis=1) == 1).all() and ((W < 0).sum(axis=1) == 1).all())


def _order(neurons: xr.Dataset) -> list[Part]:
    def count(model: xr.Dataset) -> float:
        return float(n_monosemantic(weights(model)))

    trained = [neurons.sel({P: p}) for p in ORDERED]
    in_order = zip(*([count(model) for model in groups(cell)] for cell in trained), strict=True)
    return [
        within("neurons of one feature, p = 1", over_groups(trained[0], count), low=30),
        within(f"neurons of one feature, p = {SPARSE:g}", over_groups(trained[-1], count), high=10),
        always("fewer of them, or as many, at each smaller p", [sorted(c, reverse=True) == list(c) for c in in_order]),
    ]


def own_answers(W: np.ndarray, W_out: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Output of each feature, before its ReLU, when it is there alone with x = 1 or -1: (2, ..., n_features)."""
    W, W_out = W.astype(np.float64), W_out.astype(np.float64)
    return np.stack([(np.maximum(sign * W, 0.0) * W_out).sum(axis=-1) + bias for sign in (1.0, -1.0)])


def _silent(data: Data) -> list[Part]:
    wide = data["wide"]
    first = wide.isel(snapshot=0)
    start = own_answers(*(first[f"{name}_history"].values for name in ("W", "W_out", "bias")))[..., :FIRST]
    end = own_answers(*(wide[name].values for name in ("W", "W_out", "bias")))[..., :FIRST]
    off = start <= 0
    stayed = share_estimate(int((end[off] < _SILENT).sum()), int(off.sum())) if off.any() else exact_estimate(0.0)

    def silent(model: xr.Dataset) -> float:
        answers = own_answers(*(model[name].values for name in ("W", "W_out", "bias")))
        return float((answers[..., :FIRST] < _SILENT).sum())

    small = over_groups(data["neurons"].sel({P: SHARED}), silent)
    return [
        within("share of outputs that are off at the wide start", share_estimate(int(off.sum()), off.size), 0.35, 0.65),
        within("share of these that stay off", stayed, low=0.8),
        within(f"outputs of {2 * FIRST} that are off after a small start, p = {SHARED:g}", small, high=1),
    ]


def _cheaper(neurons: xr.Dataset) -> list[Part]:
    cell = neurons.sel({P: SHARED})
    ratio = over_groups(cell, lambda model: float(model["loss"] / model["dedicated_loss"]))
    return [within(f"loss over that of two neurons for each of {cell.sizes['hidden'] // 2} features", ratio, high=1.0)]


def _as_computed(motif: xr.Dataset) -> list[Part]:
    r = motif["asymmetry"]
    leaks = np.concatenate([motif["leak"] / r**2, motif["leak_back"] * r**2])
    parts = [within("leaks over r² and r^-2, every r", group_estimate(leaks[0], leaks), 1 - 1e-9, 1 + 1e-9)]
    for inhibited in (False, True):
        for present in motif["present"].values.tolist():
            words = "both features" if present == "both" else f"the {present} feature"
            name = f"{words}, {'inhibited' if inhibited else 'not inhibited'}, every r"
            parts.append(_against(name, motif.sel(inhibited=inhibited, present=present), motif.attrs["n_samples"]))
    return parts


def _against(name: str, one: xr.Dataset, n: int) -> Part:
    """The errors over their closed form, with the intervals of all r together."""
    error, standard_error, theory = (one[column].values for column in ("error", "standard_error", "theory"))
    if not theory.any():
        return within(f"{name}: largest error", exact_estimate(float(error.max()), n=n), high=1e-20)
    with np.errstate(divide="ignore"):
        ratio, half = error / theory, STANDARD_ERRORS_99 * standard_error / theory
    low, high = float((ratio - half).min()), float((ratio + half).max())
    return within(f"{name}: error over closed form", Estimate(low, float(ratio[-1]), high, n), 0.98, 1.02)


def _fall(motif: xr.Dataset, present: str) -> Part:
    """The inhibited error at r = 4 over that at r = 1, in units of r^-4."""
    one, four = (motif.sel(inhibited=True, present=present, asymmetry=r) for r in (1.0, 4.0))
    ratio = 4.0**4 * float(four["error"] / one["error"])
    relative = math.hypot(*(float(each["standard_error"] / each["error"]) for each in (one, four)))
    measured = normal_estimate(ratio, ratio * relative, motif.attrs["n_samples"])
    return within(f"{present} present: error at r = 4 over that at r = 1, times 4^4", measured, 0.97, 1.03)


def _falls(motif: xr.Dataset) -> list[Part]:
    far = motif.sel(inhibited=True, present="both", asymmetry=4.0)
    error = normal_estimate(float(far["error"]), float(far["standard_error"]), motif.attrs["n_samples"])
    return [_fall(motif, "weak"), within("both present: error at r = 4", error, 0.15, 1 / 6)]


def _share(found: list[xr.Dataset], answer: str, leak: str) -> Estimate:
    """Share of pairs of which a tenth of the leak at most gets through, least and greatest over the groups."""
    shares = [
        float((pairs[answer] <= _INHIBITED * pairs[leak]).mean()) if pairs.sizes["pair"] else 0 for pairs in found
    ]
    return group_estimate(shares[0], shares)


def _inhibited(found: list[xr.Dataset]) -> list[Part]:
    counts = [float(pairs.sizes["pair"]) for pairs in found]
    asymmetry = [float(pairs["asymmetry"].median()) if pairs.sizes["pair"] else 0.0 for pairs in found]
    shuffled = _share(found, "shuffled_answer", "leak")
    return [
        within("pairs of features that share a neuron", group_estimate(counts[0], counts), low=15),
        within("median asymmetry r", group_estimate(asymmetry[0], asymmetry), low=1.3),
        within("share of pairs that are inhibited", _share(found, "answer", "leak"), low=0.95),
        within("the same with neurons shuffled", shuffled, high=0.5),
    ]


def _opposite(found: list[xr.Dataset], low: float, high: float = np.inf) -> Part:
    shares = [float(pairs["opposite"].mean()) if pairs.sizes["pair"] else 0.0 for pairs in found]
    return within("share of pairs read with opposite signs", group_estimate(shares[0], shares), low, high)


def _back(found: list[xr.Dataset]) -> list[Part]:
    return [within("share of pairs whose leak back is inhibited", _share(found, "answer_back", "leak_back"), low=0.8)]
