"""What changes with the number of hidden dimensions."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from tegum.plot.axes import plain_log
from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS = "osD^v<>"


@styled()
def loss_against_width(datasets: Mapping[str, xr.Dataset]) -> Figure:
    """Loss against width, each regime with the part of it that ignored features cause; random codes beside it.

    Args:
        datasets: by regime, `loss` and `ignored` over (n_hidden, model); and "codes" with `loss` over the same and
            `formula` over n_hidden.

    Returns:
        A figure with two panels.

    Example:
        >>> over = (("n_hidden", "model"), [[2.0], [1.0]])
        >>> trained = xr.Dataset({"loss": over, "ignored": over}, {"n_hidden": [8, 16]})
        >>> codes = xr.Dataset({"loss": over, "formula": ("n_hidden", [2.0, 1.0])}, {"n_hidden": [8, 16]})
        >>> len(loss_against_width({"strong": trained, "codes": codes}).axes)
        2

    Source:
        Liu, Liu and Gore 2025, arXiv 2505.10465.
    """
    figure = Figure(figsize=(6.6, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    regimes = {name: each for name, each in datasets.items() if name != "codes"}
    for number, (name, dataset) in enumerate(regimes.items()):
        _over_width(left, dataset, "loss", number, _describe(name, dataset))
        ignored = dataset["ignored"].mean("model")
        left.plot(dataset["n_hidden"], ignored.where(ignored > 0), "--", color=OKABE_ITO[number], linewidth=1.0)
    left.plot([], [], "--", color=FAINT, linewidth=1.0, label="of ignored features")
    floor = 0.5 * min(float(dataset["loss"].min()) for dataset in regimes.values())
    left.set(ylabel="loss per sample, features on [0, 2]", title=_title("trained", next(iter(regimes.values()))))
    _logarithmic(left, next(iter(regimes.values()))["n_hidden"].values)
    left.set_ylim(bottom=floor)
    steepest = next(iter(regimes.values()))
    _slope_of_one(left, steepest["n_hidden"].values, float(steepest["loss"].mean("model")[-1]))
    codes = datasets["codes"]
    _over_width(right, codes, "loss", 4, "gain and bias fitted")
    right.plot(codes["n_hidden"], codes["formula"], "--", color=FAINT, linewidth=1.0, label="formula", zorder=3)
    _slope_of_one(right, codes["n_hidden"].values, float(codes["loss"].mean("model")[-1]))
    right.set(ylabel="loss / that of the answer 0", title=_title("random directions", codes))
    _logarithmic(right, codes["n_hidden"].values)
    for ax in (left, right):
        ax.legend(loc="lower left")
    return figure


@styled()
def overlap_against_width(datasets: Mapping[str, xr.Dataset]) -> Figure:
    """Mean squared overlap of represented features, and how many there are, against width.

    Args:
        datasets: by regime, `overlap` and `represented` over (n_hidden, model) and `welch` over n_hidden.

    Returns:
        A figure with two panels.

    Example:
        >>> over = (("n_hidden", "model"), [[0.2], [0.1]])
        >>> columns = {"overlap": over, "represented": over, "welch": ("n_hidden", [0.2, 0.1])}
        >>> len(overlap_against_width({"strong": xr.Dataset(columns, {"n_hidden": [8, 16]})}).axes)
        2

    Source:
        Liu, Liu and Gore 2025, arXiv 2505.10465; Welch 1974 for the bound.
    """
    figure = Figure(figsize=(6.6, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for number, (name, dataset) in enumerate(datasets.items()):
        _over_width(left, dataset, "overlap", number, _describe(name, dataset))
        _over_width(right, dataset, "represented", number, None)
    first = next(iter(datasets.values()))
    left.plot(first["n_hidden"], first["welch"], "--", color=FAINT, linewidth=1.0, label="least for all n (Welch)")
    right.plot(first["n_hidden"], first["n_hidden"], ":", color=FAINT, linewidth=1.2, label="m")
    left.set(ylabel="mean squared overlap", title=_title("represented features", first))
    right.set(ylabel="features with norm > 1/2")
    for ax in (left, right):
        _logarithmic(ax, first["n_hidden"].values)
        ax.legend()
    return figure


def _describe(name: str, dataset: xr.Dataset) -> str:
    if "weight_decay" not in dataset.attrs:
        return name
    exponent, decay = float(dataset.attrs["exponent"]), float(dataset.attrs["weight_decay"])
    return f"{'p equal' if exponent == 0 else f'p ∝ rank$^{{-{exponent:g}}}$'}, decay {decay:g}"


def _title(what: str, dataset: xr.Dataset) -> str:
    return f"{what}, n = {dataset.attrs['n_features']}" if "n_features" in dataset.attrs else what


def _over_width(ax: Axes, dataset: xr.Dataset, name: str, number: int, label: str | None) -> None:
    """Every model a faint dot, a line through their means: models of one width differ by far less than widths do."""
    values, colour = dataset[name].transpose("n_hidden", "model"), OKABE_ITO[number % len(OKABE_ITO)]
    m = dataset["n_hidden"].values
    ax.plot(m, values.values, linestyle="none", marker=_MARKERS[number], markersize=3, color=colour, alpha=0.3)
    mean = values.mean("model").values
    ax.plot(m, mean, marker=_MARKERS[number], markersize=3.5, color=colour, linewidth=1.2, label=label)


def _slope_of_one(ax: Axes, m: np.ndarray, last: float) -> None:
    ax.plot(m, last * m[-1] / m, ":", color=FAINT, linewidth=1.2, label="∝ 1/m")


def _logarithmic(ax: Axes, widths: np.ndarray) -> None:
    ax.set(xscale="log", yscale="log", xlabel="hidden dimensions m")
    ticks = sorted({int(m) for m in widths})
    ax.set_xticks(ticks, [str(m) for m in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    plain_log(ax.yaxis)
