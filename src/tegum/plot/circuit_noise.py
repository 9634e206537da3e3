"""Read-offs of dense layers, and what the noise of features in superposition does to neurons."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.plot.circuits import MARKERS, plain_ticks, points
from tegum.plot.style import FAINT, OKABE_ITO, styled


@styled()
def read_off_means_by_case(means: Mapping[str, xr.Dataset]) -> Figure:
    """Mean estimate of each read-off with none, one and both features on; a panel for each dataset.

    Args:
        means: datasets with `mean` over (read_off, layer, case) and `expected` over (read_off, case), and n_neurons,
            n_active and relative_bias in their attributes.

    Returns:
        A figure with a panel for each dataset.

    Example:
        >>> columns = {"mean": (("read_off", "layer", "case"), [[[0.0], [0.1]]]),
        ...            "expected": (("read_off", "case"), [[0.0]])}
        >>> attrs = {"n_neurons": 100, "n_active": 3, "relative_bias": 0.0}
        >>> dataset = xr.Dataset(columns, {"read_off": ["product"], "case": ["none on"]}, attrs)
        >>> read_off_means_by_case({"few": dataset}).axes[0].get_title()
        "k = 3, b' = 0"

    Source:
        Ours.
    """
    figure = Figure(figsize=(2.1 * len(means) + 1.2, 2.7), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(means), sharey=True))
    for ax, dataset in zip(axes, means.values(), strict=True):
        place = np.arange(dataset.sizes["case"])
        for number, name in enumerate(dataset["read_off"].values):
            at, colour = dataset.sel(read_off=name), OKABE_ITO[number % len(OKABE_ITO)]
            x = place + 0.2 * (number - (dataset.sizes["read_off"] - 1) / 2)
            ax.hlines(at["expected"].values, x - 0.09, x + 0.09, color=colour, linewidth=1.2)
            points(ax, x, at["mean"].transpose("case", "layer"), colour, MARKERS[number], str(name))
        ax.set_xticks(place, [str(case).removesuffix(" on") for case in dataset["case"].values])
        for level in (0, 1):
            ax.axhline(level, color=FAINT, linewidth=0.6, linestyle=":", zorder=0)
        attrs = dataset.attrs
        ax.set(title=f"k = {attrs['n_active']}, b' = {attrs['relative_bias']:g}", xlabel="features on")
    axes[0].set_ylabel("mean estimate")
    figure.suptitle(f"Gaussian weights, m = {next(iter(means.values())).attrs['n_neurons']} neurons")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


@styled()
def gaussian_noise_curves(over_active: xr.Dataset, over_neurons: xr.Dataset, over_bias: xr.Dataset) -> Figure:
    """Noise of the product read-off against k, against m, and against the bias.

    Args:
        over_active: `none_on`, mean squares over (cell, layer), and `law`, a standard deviation, n_active, n_neurons
            and relative_bias over cell.
        over_neurons: the same, where n_neurons varies.
        over_bias: the same, where relative_bias varies.

    Returns:
        A figure with three panels.

    Example:
        >>> names = ("law", "n_active", "n_neurons", "relative_bias")
        >>> columns = {"none_on": (("cell", "layer"), [[0.1, 0.2]])} | {name: ("cell", [0.5]) for name in names}
        >>> dataset = xr.Dataset(columns)
        >>> len(gaussian_noise_curves(dataset, dataset, dataset).axes)
        3

    Source:
        Ours.
    """
    figure = Figure(figsize=(7.2, 2.7), layout="constrained")
    axes = figure.subplots(1, 3)
    sets = ((over_active, "n_active", "features on k"), (over_neurons, "n_neurons", "neurons m"),
            (over_bias, "relative_bias", "bias over √k"))  # fmt: skip
    for ax, (cells, over, label) in zip(axes, sets, strict=True):
        x, order = cells[over].values, np.argsort(cells[over].values)
        ax.plot(x[order], cells["law"].values[order], color=OKABE_ITO[0], linewidth=1.0, label="law")
        points(ax, x, cells["none_on"], OKABE_ITO[0], "o", "random layers", root=True)
        ax.set_xlabel(label)
        if over != "relative_bias":
            ax.set(xscale="log", yscale="log")
            plain_ticks(ax.xaxis, x)
            plain_ticks(ax.yaxis)
    fixed = over_active.isel(cell=0), over_neurons.isel(cell=0), over_bias.isel(cell=0)
    axes[0].set(ylabel="noise of the product read-off", title=f"m = {int(fixed[0]['n_neurons'])}, b' = 0")
    axes[1].set_title(f"k = {int(fixed[1]['n_active'])}, b' = 0")
    axes[2].set_title(f"k = {int(fixed[2]['n_active'])}, m = {int(fixed[2]['n_neurons'])}")
    axes[0].legend()
    return figure


@styled()
def leaks_against_noise(fan_in: xr.Dataset) -> Figure:
    """What neurons with one feature on give on average, and how many fire wrongly, against the noise V of their input.

    Args:
        fan_in: `leak`, `leak_shifted`, `fires` and `misfires` over (fan_in, code), `noise` over fan_in, and the same
            names with `_law` over `fine_noise`; n_features, n_hidden and n_active in its attributes.

    Returns:
        A figure with two panels.

    Example:
        >>> names = ("leak", "leak_shifted", "fires", "misfires")
        >>> columns = {name: (("fan_in", "code"), [[0.1, 0.2]]) for name in names} | {"noise": ("fan_in", [0.1])}
        >>> columns |= {f"{name}_law": ("fine_noise", [0.1]) for name in names}
        >>> attrs = {"n_features": 20, "n_hidden": 10, "n_active": 3}
        >>> len(leaks_against_noise(xr.Dataset(columns, {"fan_in": [5], "fine_noise": [0.1]}, attrs)).axes)
        2

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.8, 3.0), layout="constrained")
    panels = (
        ("mean output, one on", {"leak": "max(z - 1, 0)", "leak_shifted": "2 max(z - 3/2, 0)"}),
        ("share that fires wrongly", {"fires": "none on, z > 1", "misfires": "one on, z > 3/2"}),
    )
    colours = iter(OKABE_ITO)
    for ax, (label, names) in zip(figure.subplots(1, 2), panels, strict=True):
        for (name, words), colour, marker in zip(names.items(), colours, MARKERS, strict=False):
            ax.plot(fan_in["fine_noise"], fan_in[f"{name}_law"], color=colour, linewidth=1.0)
            points(ax, fan_in["noise"].values, fan_in[name], colour, marker, words, unit="code")
        ax.axvline(0.03, color=FAINT, linewidth=0.8, linestyle=":")
        ax.set(xscale="log", yscale="log", xlabel="variance V of the input", ylabel=label, ylim=(1e-4, 1))
        ax.legend()
    attrs = fan_in.attrs
    figure.suptitle(
        f"n = {attrs['n_features']} features in d = {attrs['n_hidden']} dimensions, k = {attrs['n_active']}"
    )
    return figure


@styled()
def noise_against_gates(shapes: xr.Dataset, gates: xr.Dataset, crowded: xr.Dataset) -> Figure:
    """Noise of neurons against the number T of chosen ANDs per weight, and misfires against T.

    Args:
        shapes: `variance` over (cell, code) and n_hidden, n_neurons, n_gates and n_active over cell, for layers of
            different shapes; neurons_per_gate in its attributes.
        gates: the same for different T.
        crowded: the same for different T, with `misfires` and `expected` over (cell, code), and `fits`, the T at which
            the noise of the average neuron is 0.03.

    Returns:
        A figure with two panels.

    Example:
        >>> names = ("n_hidden", "n_neurons", "n_gates", "n_active")
        >>> columns = {name: ("cell", [10]) for name in names}
        >>> columns |= {name: (("cell", "code"), [[0.1, 0.2]]) for name in ("variance", "misfires", "expected")}
        >>> dataset = xr.Dataset(columns, attrs={"neurons_per_gate": 4}).assign(fits=20.0)
        >>> len(noise_against_gates(dataset, dataset, dataset).axes)
        2

    Source:
        Ours.
    """
    figure = Figure(figsize=(6.8, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    s, k = shapes.attrs["neurons_per_gate"], int(shapes["n_active"][0])
    names = ["variance", "n_gates", "n_hidden", "n_neurons"]
    together = xr.concat([gates[names], shapes[names]], "cell", data_vars="minimal")
    load = (together["n_gates"] / together["n_hidden"] / together["n_neurons"]).values
    line = np.geomspace(load.min() / 1.3, 1.3 * load.max(), 2)
    left.plot(line, 2 * s * k * line, color=FAINT, linewidth=1.0, label="2 s k T/(m d)")
    legend = [f"d = {int(d)}, m = {int(m)}" for d, m in zip(together["n_hidden"], together["n_neurons"], strict=True)]
    for number, name in enumerate(dict.fromkeys(legend)):
        at = [place for place, each in enumerate(legend) if each == name]
        points(left, load[at], together["variance"].isel(cell=at), OKABE_ITO[number % len(OKABE_ITO)],
                MARKERS[number % len(MARKERS)], name, unit="code")  # fmt: skip
    left.set(xscale="log", yscale="log", xlabel="ANDs per weight, T/(m d)", ylabel="variance V", title=f"k = {k}")
    left.legend()
    T = crowded["n_gates"].values
    right.plot(T, crowded["expected"].mean("code"), color=OKABE_ITO[0], linewidth=1.0, label="normal noise")
    points(right, T, crowded["misfires"], OKABE_ITO[0], "o", "random codes", unit="code")
    first = crowded.isel(cell=0)
    for place, words in ((float(crowded["fits"]), "V* m d/(2 s k)"), (int(first["n_neurons"]), "m")):
        right.axvline(place, color=FAINT, linewidth=0.8, linestyle=":")
        right.text(
            place, 1.0, words, color=FAINT, fontsize=7, ha="center", va="bottom", transform=right.get_xaxis_transform()
        )
    right.set(xscale="log", yscale="log", xlabel="ANDs T", ylabel="share that misfires, one on")
    plain_ticks(right.xaxis, T)
    for axis in (left.xaxis, left.yaxis, right.yaxis):
        plain_ticks(axis)
    title = f"d = {int(first['n_hidden'])}, m = {int(first['n_neurons'])}, k = {int(first['n_active'])}"
    right.set_title(title, pad=14)
    right.legend()
    return figure
