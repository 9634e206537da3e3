"""Claims about stacked ANDs and about gates of three and more features: their statistics and windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.circuit_trials import over_readable, within_errors
from tegum.experiments.over_codes import jackknife, slope
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import exact_estimate, mean_estimate

_LEAST = 1e-12  # keeps nonsense, such as no noise at all, from stopping the judge
_ROUNDING = 1e-9


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    return [
        Finding(claim="s2.stacking", parts=_stacking(data["handed_on"]), figure="stacking"),
        Finding(claim="s2.triple-formula", parts=_formula(data["sparse_triples"]), figure="triples"),
        Finding(claim="s2.triple-formula-corrected", parts=_corrected(data["triples"]), figure="triples"),
        Finding(claim="s2.higher-order", parts=_higher(data["exact"], data["coverage"]), figure="triples"),
        Finding(claim="tegum.stacking-runs-away", parts=_runs_away(data["row"]), figure="stacking"),
        Finding(claim="tegum.stacking-saturation", parts=_saturation(data["row"]), figure="stacking"),
    ]


def _stacking(handed_on: xr.Dataset) -> list[Part]:
    m, q = handed_on.attrs["n_neurons"], handed_on.attrs["connection_probability"]
    at = handed_on.sel(n_gates=200)
    growth = jackknife(
        lambda v: slope(np.log(handed_on["n_gates"].values.astype(float)), np.log(np.maximum(v, _LEAST))),
        handed_on["next"].transpose("n_gates", "layer").values,
    )
    reach = jackknife(lambda v: 200 / max(float(v), _LEAST) / float(at["fits"]), at["next"].values)
    return [
        within(
            "variance of off pairs times the neurons behind each, over 0.00153 m q²",
            mean_estimate(at["per_neuron"].values / (0.00153 * m * q**2)),
            0.9,
            1.1,
        ),
        within(
            "variance of off pairs over its law",
            mean_estimate(at["variance"].values / float(at["variance_law"])),
            0.9,
            1.1,
        ),
        within(
            "variance V2 of a next neuron's input over its law",
            mean_estimate(at["next"].values / float(at["next_law"])),
            0.88,
            1.12,
        ),
        within("slope of V2 against T", growth, 0.9, 1.1),
        within("T at which V2 would be 1, over 2m/(q2 k²)", reach, 0.5, 2.0),
    ]


def _formula(triples: xr.Dataset) -> list[Part]:
    parts = []
    for on in range(4):
        low, high = (0.9, 1.2) if on == 3 else (-0.2, 0.2)
        parts.append(within(f"plain formula, {on} on", over_readable(triples["plain"].sel(n_on=on).values), low, high))
    return parts


def _corrected(triples: xr.Dataset) -> list[Part]:
    parts = []
    for on in range(4):
        expected = float(on == 3)
        mean = over_readable(triples["corrected"].sel(n_on=on).values)
        parts.append(within(f"corrected formula, {on} on", mean, expected - 0.03, expected + 0.03))
    for on, expected in enumerate((0.181, 0.456, 0.600, 1.400)):
        mean = over_readable(triples["plain"].sel(n_on=on).values)
        parts.append(within(f"plain formula, {on} on", mean, expected - 0.05, expected + 0.05))
    return parts


def _higher(exact: xr.Dataset, coverage: xr.Dataset) -> list[Part]:
    parts = []
    for name, over in (("and_deviation", "order"), ("gate_deviation", "gate")):
        for at in exact[over].values:
            deviation = exact_estimate(float(exact[name].sel({over: at})))
            what = f"AND of {at}" if over == "order" else str(at)
            parts.append(within(f"largest deviation over all inputs, {what}", deviation, high=_ROUNDING))
    for order in coverage["order"].values:
        at = coverage.sel(order=order)
        share = float(at["expected"])
        least = float(np.sqrt(share * (1 - share) / (int(at["tried"]) * at.sizes["layer"]))) + _LEAST
        name = f"covered share of sets of {order} against 1 - (1 - q^{order})^m"
        parts.append(within_errors(name, at["covered"].values, share, least_error=least))
    return parts


def _runs_away(row: xr.Dataset) -> list[Part]:
    """From the third layer on features are wrong, and ever more are."""
    parts = []
    for rule in ("plain average", "second difference"):
        at = row["wrong"].sel(rule=rule)
        for depth, low in ((3, 1), (5, 20)):
            name = f"wrong features at layer {depth}, {rule}"
            parts.append(within(name, mean_estimate(at.sel(depth=depth).values), low=low))
    return parts


def _saturation(row: xr.Dataset) -> list[Part]:
    at = row["wrong"].sel(rule="average, saturated").transpose("depth", "run").values
    gates, neurons = row.attrs["n_features"], row.attrs["n_neurons"]
    return [
        within("ANDs in a layer over neurons that compute them", exact_estimate(gates / neurons), low=1.01),
        *(
            within(f"wrong features at layer {depth}", mean_estimate(values), high=0.1)
            for depth, values in enumerate(at, start=1)
        ),
    ]
