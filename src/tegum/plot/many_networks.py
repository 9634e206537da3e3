"""Many small networks in one wide network: errors against their number, and over layers."""

import xarray as xr
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS = "osD^vPX"


@styled()
def network_errors(dataset: xr.Dataset) -> Figure:
    """Relative error after the last layer against small neurons per wide neuron.

    Args:
        dataset: `error`, `power` and `law` over (group_size, filling, model, n_active, layer); `n_networks` and
            `n_neurons`; width and n_copies in its attributes. Sizes with no error (one network runs) are left out.

    Returns:
        A figure with a panel for each number of running networks.

    Example:
        >>> import numpy as np
        >>> dims = ("group_size", "filling", "model", "n_active", "layer")
        >>> columns = {name: (dims, np.full((1, 1, 1, 1, 2), 0.1)) for name in ("error", "power", "law")}
        >>> columns |= {name: (dims[:3], np.full((1, 1, 1), 40)) for name in ("n_networks", "n_neurons")}
        >>> coords, attrs = {"group_size": [7], "filling": [1.0], "n_active": [2]}, {"width": 4, "n_copies": 3}
        >>> network_errors(xr.Dataset(columns, coords, attrs=attrs)).axes[0].get_title()
        '2 run at a time'

    Source:
        Ours.
    """
    active = [z for z in dataset["n_active"].values if z > 1]
    figure = Figure(figsize=(2.3 * max(len(active), 1) + 1.5, 3.1), layout="constrained")
    axes = figure.subplots(1, max(len(active), 1), sharey=True, squeeze=False)[0]
    share = dataset["n_networks"] * dataset.attrs["width"] / dataset["n_neurons"]
    last = dataset.isel(layer=-1)
    measured, law = ((last[name] / last["power"]) ** 0.5 for name in ("error", "law"))
    for ax, z in zip(axes, active, strict=False):
        for number, q in enumerate(dataset["group_size"].values):
            at = {"group_size": q, "n_active": z}
            x = share.sel(group_size=q).mean("model").values
            colour, marker = OKABE_ITO[number % len(OKABE_ITO)], _MARKERS[number % len(_MARKERS)]
            values = measured.sel(at).transpose("filling", "model").values
            ax.plot(x, values, marker, color=colour, markersize=3.5, alpha=0.45, markeredgewidth=0)
            ax.plot(x, law.sel(at).mean("model").values, color=colour, linewidth=1.0)
            blocks = q * dataset.attrs["n_copies"]
            ax.plot([], [], f"{marker}-", color=colour, markersize=3.5, linewidth=1.0, label=f"B = {blocks} blocks")
        ax.axvline(1.0, color=FAINT, linewidth=0.8, linestyle=":")
        ax.set(xscale="log", yscale="log", xlabel="small neurons per wide neuron", title=f"{z} run at a time")
        _plain(ax.xaxis)
        _plain(ax.yaxis)
    axes[0].set(ylabel="relative RMS error, last layer")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


@styled()
def network_error_over_layers(gated: xr.Dataset, ungated: xr.Dataset) -> Figure:
    """Relative error layer by layer, with gates and without.

    Args:
        gated: as for `network_errors`.
        ungated: the same without the dimension group_size, which is in its attributes, and with one n_active.

    Returns:
        A figure with a panel for each; with gates, of the same or else of the largest group size.

    Example:
        >>> import numpy as np
        >>> dims = ("filling", "model", "n_active", "layer")
        >>> columns = {name: (dims, np.full((1, 1, 1, 2), 0.1)) for name in ("error", "power", "law")}
        >>> columns["n_networks"] = (dims[:2], [[40]])
        >>> coords = {"filling": [1.0], "n_active": [2], "layer": [0, 1]}
        >>> ungated = xr.Dataset(columns, coords, attrs={"group_size": 7, "width": 4, "n_copies": 3})
        >>> gated = ungated.expand_dims(group_size=[7])
        >>> [ax.get_title() for ax in network_error_over_layers(gated, ungated).axes]
        ['gated, B = 21, 2 run', 'no gates, B = 21, 2 run']

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.4, 3.1), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    q = ungated.attrs["group_size"]
    shown = q if q in gated["group_size"].values else int(gated["group_size"].max())
    z = int(ungated["n_active"][0])
    pairs = (("gated", shown, gated.sel(group_size=shown, n_active=z)), ("no gates", q, ungated.isel(n_active=0)))
    for ax, (name, size, data) in zip(axes, pairs, strict=True):
        for number, filling in enumerate(data["filling"].values):
            at, colour = data.sel(filling=filling), OKABE_ITO[number % len(OKABE_ITO)]
            marker = _MARKERS[number % len(_MARKERS)]
            error, law = (((at[kind] / at["power"]) ** 0.5).transpose("layer", "model") for kind in ("error", "law"))
            ax.plot(at["layer"], error.values, marker, color=colour, markersize=3.5, alpha=0.45, markeredgewidth=0)
            ax.plot(at["layer"], law.mean("model").values, color=colour, linewidth=1.0)
            label = f"{int(at['n_networks'].values.flat[0])} networks"
            ax.plot([], [], f"{marker}-", color=colour, markersize=3.5, linewidth=1.0, label=label)
        ax.axhline(1.0, color=FAINT, linewidth=0.8, linestyle=":")
        title = f"{name}, B = {size * ungated.attrs['n_copies']}, {z} run"
        ax.set(yscale="log", xlabel="layer", title=title, xticks=data["layer"].values)
        _plain(ax.yaxis)
        ax.legend()
    axes[0].set(ylabel="relative RMS error")
    return figure


def _plain(axis: Axis) -> None:
    """0.1, 0.2, 0.5, 1 in the place of powers of ten, and more of them where an axis spans less than a decade."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 12 * low else (1, 1.5, 2, 3, 4, 5, 7)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
