"""Overlaps of codes against bounds, and how many almost orthogonal directions there are."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from tegum.plot.axes import plain_log
from tegum.plot.style import FAINT, OKABE_ITO, styled

_MARKERS = "osD^v<>"


@styled()
def coherence_against_features(dataset: xr.Dataset) -> Figure:
    """Largest and typical overlap of several kinds of codes against the number of features, with lines of theory.

    Args:
        dataset: `largest` and `mean_square` over (size, family, code), NaN where a family has no code; `predicted`,
            the mean of the largest in a random code, `bound`, what no code is below, and `jl`, over size; with
            n_features and n_hidden over size.

    Returns:
        A figure with a panel for each number of dimensions.

    Example:
        >>> over, by_size = (("size", "family", "code"), [[[0.5]], [[0.6]]]), ("size", [0.4, 0.5])
        >>> columns = {"largest": over, "mean_square": over, "predicted": by_size, "bound": by_size, "jl": by_size}
        >>> sizes = {"n_features": ("size", [8, 16]), "n_hidden": ("size", [4, 4])}
        >>> len(coherence_against_features(xr.Dataset(columns, {"family": ["sphere"], **sizes})).axes)
        1

    Source:
        Welch 1974 and Levenshtein 1982 for the bounds; Cai and Jiang 2012 for random codes.
    """
    widths = np.unique(dataset["n_hidden"])
    figure = Figure(figsize=(0.8 + 3.2 * len(widths), 3.9), layout="constrained")
    panels = figure.subplots(1, len(widths), squeeze=False)[0]
    for ax, m in zip(panels, widths, strict=True):
        _overlaps(ax, dataset.isel(size=np.flatnonzero(dataset["n_hidden"] == m)), int(m))
    panels[0].set_ylabel("overlap |cos|")
    lines = [
        Line2D([], [], color="black", linewidth=1.1, label="largest, random (Poisson)"),
        Line2D([], [], color=FAINT, linewidth=1.1, linestyle="-.", label="√(8 ln n/m) (Johnson-Lindenstrauss)"),
        Line2D([], [], color=FAINT, linewidth=1.1, linestyle=":", label="1/√m (typical, random)"),
        Line2D([], [], color=FAINT, linewidth=1.1, linestyle="--", label="no largest below (Welch, Levenshtein)"),
    ]
    dots = [
        Line2D([], [], color=OKABE_ITO[f], marker=_MARKERS[f], linestyle="none", markersize=4, label=str(family))
        for f, family in enumerate(dataset["family"].values)
    ]
    figure.legend(handles=[*dots, *lines], loc="outside lower center", ncols=4)
    return figure


def _overlaps(ax: Axes, dataset: xr.Dataset, m: int) -> None:
    n = dataset["n_features"].values
    ax.plot(n, dataset["jl"].where(dataset["jl"] <= 1.0).values, "-.", color=FAINT, linewidth=1.1)
    ax.plot(n, dataset["predicted"].values, color="black", linewidth=1.1)
    ax.plot(n, dataset["bound"].values, "--", color=FAINT, linewidth=1.1)
    ax.axhline(m**-0.5, color=FAINT, linestyle=":", linewidth=1.1)
    for f in range(dataset.sizes["family"]):
        shift = 1.04 ** (f - (dataset.sizes["family"] - 1) / 2)  # side by side, where kinds agree
        of_family = dataset.isel(family=f).mean("code")
        style = {"linestyle": "none", "marker": _MARKERS[f], "markersize": 3.6, "color": OKABE_ITO[f]}
        ax.plot(n * shift, of_family["largest"].values, **style)
        ax.plot(n * shift, np.sqrt(of_family["mean_square"].values), fillstyle="none", markeredgewidth=0.8, **style)
    ticks = n[np.isin(n / m, 2.0 ** np.arange(-4, 12))]
    ax.set(xscale="log", xlabel="features n", ylim=(-0.02, 1.04), title=f"m = {m}; filled: largest, open: RMS")
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())


@styled()
def directions_against_width(dataset: xr.Dataset) -> Figure:
    """How many random directions can be drawn before two of them come closer than a cosine, against m.

    Args:
        dataset: `n_features` over (n_hidden, code) and `predicted`, the median by theory, over n_hidden; the cosine in
            its attribute `largest`.

    Returns:
        A figure with one panel.

    Example:
        >>> columns = {"n_features": (("n_hidden", "code"), [[20], [40]]), "predicted": ("n_hidden", [22, 40])}
        >>> dataset = xr.Dataset(columns, {"n_hidden": [32, 40]}, {"largest": 0.5})
        >>> directions_against_width(dataset).axes[0].get_xlabel()
        'hidden dimensions m'

    Source:
        Ours; the tail of one overlap is exact, pairs are counted as independent.
    """
    figure = Figure(figsize=(4.4, 3.3), layout="constrained")
    ax = figure.subplots()
    m, drawn = dataset["n_hidden"].values, dataset["n_features"].transpose("n_hidden", "code").values
    ax.plot(m, np.maximum(drawn, 1), ".", color=OKABE_ITO[0], markersize=3, markeredgewidth=0, alpha=0.15)
    ax.plot(m, np.median(drawn, axis=1), "o", color=OKABE_ITO[0], markersize=4.5, label="median of random codes")
    ax.plot(m, dataset["predicted"].values, color="black", linewidth=1.1, label="prediction")
    ax.plot(m, m, "--", color=FAINT, linewidth=1.1, label="orthogonal: m")
    ax.set(yscale="log", xlabel="hidden dimensions m", ylabel="directions", xticks=m)
    ax.set_title(f"all |cos| at most {dataset.attrs['largest']:g}; {drawn.shape[1]} codes each")
    plain_log(ax.yaxis)
    ax.legend()
    return figure
