"""Near n = m: orthogonal directions, tight frames, and random directions that waste what they have."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.code_trials import Family, active_sets, code, hidden, n_wrong, trials
from tegum.experiments.over_codes import crossing, jackknife
from tegum.experiments.verdict import Part, within
from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate, exact_estimate, mean_estimate
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.plot import capacity_near_square
from tegum.theory import effective_dimension, max_active, max_active_tight, max_active_union

FAMILIES: tuple[Family, ...] = ("sphere", "tight")
FEW = 3  # active features of the random code at n = m
_NOTHING = 1e-30  # stands for the noise of orthogonal directions where something is divided by it


class Settings(FrozenRecord):
    """A square code; a tight frame with its k; and the sizes over which capacities are measured."""

    square: int = 100
    tight_features: int = 1024
    tight_active: int = 16
    n_hidden: int = 512
    n_features: tuple[int, ...]
    codes: int
    inputs: int = 100
    capacity_codes: int = 20
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        if min(self.n_features) < self.n_hidden:
            raise InputError("n_features must be at least n_hidden here: below it all features can be orthogonal.")


PRESETS = {
    "quick": Settings(n_features=(512, 524, 544, 576, 640, 768, 1024), codes=40),
    "paper": Settings(
        n_features=(512, 516, 524, 528, 544, 560, 576, 608, 640, 704, 768, 832, 896, 960, 1024),
        codes=80,
        capacity_codes=40,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """The two sizes of the claims, then capacities against n."""
    n, m, seed, inputs = settings.square, settings.n_hidden, settings.seed, settings.inputs
    size, k = settings.tight_features, settings.tight_active
    tell(Progress(0, 1 + len(settings.n_features)))
    made = {
        "orthonormal": trials(n, n, range(1, n + 1), codes=5, inputs=inputs, seed=seed, family="tight"),
        "random": trials(n, n, [FEW], codes=settings.codes, inputs=inputs, seed=seed),
        "tight": _tight(size, m, k, codes=settings.codes, inputs=inputs, seed=seed),
        "same_size": trials(size, m, [k], codes=max(2, settings.codes // 2), inputs=inputs, seed=seed),
    }
    columns = []
    for done, number in enumerate(settings.n_features, 1):
        tell(Progress(done, 1 + len(settings.n_features)))
        columns.append(xr.concat([_capacity(family, number, settings) for family in FAMILIES], "family"))
    capacities = xr.concat(columns, xr.DataArray(list(settings.n_features), dims="n_features", name="n_features"))
    rule = ("n_features", max_active_union(np.array(settings.n_features), m))
    attrs = {"n_hidden": m, "codes": settings.capacity_codes}
    return made | {"capacity": capacities.assign(rule=rule).assign_coords(family=list(FAMILIES)).assign_attrs(attrs)}


def _tight(n: int, m: int, k: int, *, codes: int, inputs: int, seed: int) -> xr.Dataset:
    """Mean square of inactive read-outs, expected to be k/m_eff, and wrong features, for each tight frame."""
    square, wrong = np.empty((2, codes))
    for index in range(codes):
        W = code("tight", n, m, seed=seed, index=index)
        sets = active_sets(n, k, inputs, generator(seed, index, f"sets for tight frames {n} {k}"))
        z = hidden(W, sets) @ W.T
        wrong[index] = n_wrong(z, sets).mean()
        np.put_along_axis(z, sets, 0.0, axis=1)
        square[index] = np.square(z, dtype=np.float64).sum() / (inputs * (n - k))
    columns = {"mean_square": ("code", square), "wrong": ("code", wrong)}
    return xr.Dataset(columns | {"expected": k / effective_dimension(n, m)}, attrs={"n_active": k})


def _capacity(family: Family, n: int, settings: Settings) -> xr.Dataset:
    """The k at which one feature is wrong, expected and measured; n where all features can be active.

    Signs of the frames are random. Then the offsets, k times the mean overlap of a feature, make up exactly for what
    drawing without replacement takes from the variance, and k/m_eff holds up to k = n.
    """
    m = settings.n_hidden
    expected = float((max_active_tight if family == "tight" else max_active)(n, m))
    places = np.unique(np.minimum(np.round(expected * np.array([0.7, 0.85, 1.0, 1.15, 1.3])), n)).astype(int)
    counts = {"codes": settings.capacity_codes, "inputs": settings.inputs, "seed": settings.seed}
    wrong = trials(n, m, places.tolist(), family=family, **counts)["wrong"].values
    found = jackknife(lambda errors: crossing(places, errors), wrong)
    return xr.Dataset({"low": found.low, "best": found.best, "high": found.high, "expected": expected})


def plates(data: Data) -> list[Plate]:
    """Capacity just above n = m."""
    return [
        Plate(
            name="near-square",
            figure=capacity_near_square(data["capacity"]),
            caption="Active features at which one is read wrongly, just above n = m. Random directions do not notice "
            "that all features could be orthogonal; a tight frame behaves like a random code in "
            "m (n-1)/(n-m) dimensions, and near n = m every feature can be active.",
        )
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="s0.bound-at-n-equals-m", parts=_square(data["orthonormal"]), figure="near-square"),
        Finding(claim="s0.bound-at-n-equals-m-corrected", parts=_corrected(data), figure="near-square"),
        Finding(claim="tegum.near-square", parts=_capacities(data["capacity"]), figure="near-square"),
    ]


def _square(orthonormal: xr.Dataset) -> list[Part]:
    return [
        within(f"mean wrong features, k = {k}", mean_estimate(orthonormal["wrong"].sel(n_active=k).values), low=1.0)
        for k in (3, 10, 50, 100)
    ]


def _corrected(data: Data) -> list[Part]:
    orthonormal = data["orthonormal"]["wrong"].values
    none = exact_estimate(float(orthonormal.max()), n=orthonormal.shape[1])
    random, tight, same = data["random"]["wrong"][0], data["tight"], data["same_size"]["wrong"][0]
    noise = tight["mean_square"].values / max(float(tight["expected"]), _NOTHING)
    return [
        within("most wrong features, orthonormal, every k", none, 0.0, 0.0),
        within(f"mean wrong features, random, n = m, k = {FEW}", mean_estimate(random.values), 0.13, 0.26),
        within("mean square of inactive read-outs over k/m_eff", mean_estimate(noise), 0.97, 1.03),
        within("mean wrong features, tight frame", mean_estimate(tight["wrong"].values), high=0.08),
        within("mean wrong features, random code of that size", mean_estimate(same.values), low=1.5),
    ]


def _capacities(capacity: xr.Dataset) -> list[Part]:
    parts = []
    for family in capacity["family"].values:
        for n in capacity["n_features"].values:
            cell = capacity.sel(family=family, n_features=n)
            expected = float(cell["expected"])
            low, best, high = (float(cell[end]) / expected for end in ("low", "best", "high"))
            ratio = Estimate(low=low, best=best, high=high, n=capacity.attrs["codes"])
            parts.append(within(f"capacity over its formula, {family}, n = {n}", ratio, 0.85, 1.15))
    return parts


EXPERIMENT = Experiment(
    id="near-square",
    title="As many features as dimensions",
    question="Must capacity stay small when there are hardly more features than dimensions?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Welch 1974, Lower bounds on the maximum cross correlation of signals",),
)
