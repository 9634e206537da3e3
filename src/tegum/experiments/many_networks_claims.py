"""The claims about many small networks in one, from the stored datasets."""

import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import exact_estimate, mean_estimate

_SMALL, _CROWDED = 0.1, 0.3  # shares of the largest possible number of networks
_SLIGHT, _MODERATE = 0.05, 0.1  # relative squared errors up to which the law is compared with what was measured


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    errors, ungated = data["errors"], data["ungated"]
    return [
        Finding(claim="tegum.blocks-layout", parts=_layout_parts(data["layouts"]), figure="networks"),
        Finding(claim="tegum.blocks-activity", parts=_activity_parts(data["activity"]), figure="networks"),
        Finding(claim="tegum.blocks-alone", parts=_alone(errors), figure="networks"),
        Finding(claim="tegum.blocks-error-apart", parts=_ratios(errors, "apart", 0.85, 1.15, _SLIGHT), figure="layers"),
        Finding(claim="tegum.blocks-error", parts=_ratios(errors, "error", 0.8, 1.6, _MODERATE), figure="layers"),
        Finding(claim="tegum.blocks-narrower", parts=_narrower(errors), figure="networks"),
        Finding(claim="tegum.blocks-parameters", parts=_parameters(errors), figure="networks"),
        Finding(claim="tegum.blocks-gates", parts=_gates(errors, ungated), figure="layers"),
    ]


def _layout_parts(layouts: xr.Dataset) -> list[Part]:
    least = 1 - 1 / layouts.attrs["n_copies"]
    parts = []
    for q in layouts["group_size"].values:
        at = layouts.sel(group_size=q)
        room = exact_estimate(float(at["n_networks"] / at["bound"]))
        parts += [
            within(f"pairs of blocks in two networks, q = {q}", exact_estimate(float(at["repeated"])), 0, 0),
            within(f"networks over the bound of counting, q = {q}", room, least, 1),
        ]
    return parts


def _activity_parts(activity: xr.Dataset) -> list[Part]:
    parts = []
    for z in activity["n_active"].values:
        at, rule = activity.sel(n_active=z), (z - 1) / activity.attrs["n_blocks"]
        parts += [
            within(
                f"variance over the law, z = {z}", mean_estimate(at["variance"].values / float(at["law"])), 0.9, 1.1
            ),
            within(f"variance over (z - 1)/B, z = {z}", mean_estimate(at["variance"].values / rule), 0.8, 1.1),
        ]
    return parts


def _alone(errors: xr.Dataset) -> list[Part]:
    worst = float((errors["error"] / errors["power"]).sel(n_active=1).max()) ** 0.5
    return [within("largest relative error of a network that runs alone", exact_estimate(worst), high=1e-9)]


def _ratios(errors: xr.Dataset, name: str, low: float, high: float, most: float) -> list[Part]:
    """Measured over law in each layer, over all cells with a predicted relative squared error of at most `most`."""
    law = errors["law" if name == "error" else "law_apart"] / errors["power"]
    measured = errors[name] / errors["power"]
    counted = ((law > 1e-9) & (law <= most)).all("model") & (errors["n_active"] > 1) & measured.notnull().all("model")
    cells = ("group_size", "filling", "n_active")
    ratio = measured.where(counted).sum(cells) / law.where(counted).sum(cells)
    parts = []
    for layer in errors["layer"].values:
        if bool(counted.sel(layer=layer).any()):
            n = int(counted.sel(layer=layer).sum())
            values = ratio.sel(layer=layer).values
            parts.append(within(f"measured over law, layer {layer}, {n} sizes", mean_estimate(values), low, high))
    return parts


def _last(errors: xr.Dataset, n_active: int = 2) -> xr.DataArray:
    """Relative squared error after the last layer."""
    return (errors["error"] / errors["power"]).sel(n_active=n_active).isel(layer=-1)


def _narrower(errors: xr.Dataset) -> list[Part]:
    at = errors.sel(group_size=61, filling=_SMALL)
    ratio = float((at["n_networks"] * errors.attrs["width"] / at["n_neurons"]).mean())
    rms = _last(errors).sel(group_size=61, filling=_SMALL).values ** 0.5
    return [
        within("small neurons per wide neuron, q = 61", exact_estimate(ratio), low=1.3),
        within("relative error after the last layer, z = 2", mean_estimate(rms), high=0.25),
    ]


def _parameters(errors: xr.Dataset) -> list[Part]:
    crowded, sizes = errors.sel(filling=_CROWDED), errors["group_size"].values
    low, high = sizes.min(), sizes.max()
    last = _last(crowded)
    ratio = last.sel(group_size=high).values / float(last.sel(group_size=low).mean())
    per_neuron = crowded["n_networks"] / crowded["n_neurons"]
    grown = float((per_neuron.sel(group_size=high) / per_neuron.sel(group_size=low)).mean())
    return [
        within(f"squared error at q = {high} over that at q = {low}, z = 2", mean_estimate(ratio), high=1.25),
        within("networks per neuron, likewise, over the ratio of widths", exact_estimate(grown * low / high), 0.9, 1.1),
    ]


def _gates(errors: xr.Dataset, ungated: xr.Dataset) -> list[Part]:
    at = ungated.sel(filling=_CROWDED).squeeze("n_active")
    open_ = (at["error"] / at["power"]).isel(layer=-1).values ** 0.5
    shut = _last(errors).sel(group_size=61, filling=_CROWDED).values ** 0.5
    return [
        within("relative error without gates, last layer", mean_estimate(open_), low=1.0),
        within("the same with gates", mean_estimate(shut), high=0.5),
    ]
