"""Phase diagrams of an extra feature over its probability and its importance."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tegum.measure import feature_norm, interference, lowest_loss
from tegum.plot.style import FAINT, OKABE_ITO, styled

_P, _I = "feature_probability", "relative_importance"
_ALONE, _SHARED = np.array(to_rgb(OKABE_ITO[0])), np.array(to_rgb(OKABE_ITO[1]))
# norm and interference of the extra feature in each candidate arrangement
_CANDIDATES: Final = {
    "ignored": (0.0, 0.0),
    "superposed": (1.0, 1.0),
    "dedicated": (1.0, 0.0),
    "dedicated, others paired": (1.0, 0.0),
    "triangle": (1.0, 0.5),
}


@styled()
def phase_maps(
    datasets: Mapping[str, xr.Dataset], *, boundary: xr.Dataset | None = None, mirrored: bool = False
) -> Figure:
    """What becomes of the last feature, over its importance and the probability of all features.

    White: not represented. Blue: a dimension of its own. Orange: stored in superposition (interference of 1 or more).
    The colour is that of the published figure: norm as depth, interference as hue, of the lowest-loss model of each
    cell.

    Args:
        datasets: by title; each over feature_probability and relative_importance, either models (W and loss over
            `model`), or `loss` over `candidate` from the theory, of which the lowest is shown.
        boundary: `importance` over feature_probability, drawn as a line.
        mirrored: draw the line a second time, at one over the importance.

    Returns:
        A figure with one panel for each dataset.

    Example:
        >>> W = xr.DataArray(np.zeros((1, 1, 1, 2, 1)), dims=(_P, _I, "model", "feature", "hidden"))
        >>> dataset = xr.Dataset({"W": W, "loss": ((_P, _I, "model"), [[[1.0]]])}, {_P: [0.1], _I: [1.0]})
        >>> len(phase_maps({"trained": dataset}).axes)
        1

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section Superposition as a Phase Change.
    """
    figure = Figure(figsize=(2.6 * len(datasets) + 0.3, 3.2), layout="constrained")
    axes = figure.subplots(1, len(datasets), squeeze=False, sharey=True)[0]
    for ax, (title, dataset) in zip(axes, datasets.items(), strict=True):
        colours = _of_candidates(dataset) if "candidate" in dataset.dims else _of_models(dataset)
        _draw(ax, colours, dataset)
        if boundary is not None:
            for importance in (boundary["importance"], 1 / boundary["importance"])[: 1 + mirrored]:
                ax.plot(1 / boundary[_P], importance, color="black", linewidth=0.8)
        ax.set(title=title, xlabel="1 / feature probability p")
    axes[0].set_ylabel("relative importance of the extra feature")
    words = {"not represented": "white", "own dimension": OKABE_ITO[0], "in superposition": OKABE_ITO[1]}
    patches = [Patch(facecolor=colour, edgecolor=FAINT, label=word) for word, colour in words.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=3)
    return figure


def _blend(norm: Float[np.ndarray, "..."], shared: Float[np.ndarray, "..."]) -> Float[np.ndarray, "... 3"]:
    depth, hue = np.clip(norm, 0, 1)[..., None], np.clip(shared, 0, 1)[..., None]
    return 1 - depth + depth * ((1 - hue) * _ALONE + hue * _SHARED)


def _of_models(dataset: xr.Dataset) -> Float[np.ndarray, "p importance 3"]:
    W = lowest_loss(dataset)["W"]
    parts = [measure(W).isel(feature=-1).transpose(_P, _I).values for measure in (feature_norm, interference)]
    return _blend(*parts)


def _of_candidates(dataset: xr.Dataset) -> Float[np.ndarray, "p importance 3"]:
    lowest = dataset["loss"].transpose(_P, _I, "candidate").values.argmin(axis=-1)
    looks = np.array([_CANDIDATES[str(name)] for name in dataset["candidate"].values])
    return _blend(looks[lowest, 0], looks[lowest, 1])


def _draw(ax: Axes, colours: Float[np.ndarray, "p importance 3"], dataset: xr.Dataset) -> None:
    ax.pcolormesh(
        1 / dataset[_P].values, dataset[_I].values, colours.swapaxes(0, 1), shading="nearest", rasterized=True
    )
    lowest, highest = float(dataset[_I].min()), float(dataset[_I].max())
    if lowest < highest:  # the line of theory goes on beyond the map
        ax.set_ylim(lowest, highest)
    ax.set(xscale="log", yscale="log")


@styled()
def disagreement(first: xr.DataArray, second: xr.DataArray) -> Figure:
    """Cells in which two maps of phases differ.

    Args:
        first: names of phases over feature_probability and relative_importance.
        second: likewise, over the same values.

    Returns:
        A figure with one panel; cells that differ are dark, and the title gives their share.

    Example:
        >>> phases = xr.DataArray([["ignored"]], {_P: [0.1], _I: [1.0]}, (_P, _I))
        >>> disagreement(phases, phases).axes[0].get_title()
        '0 of 1 cells differ (0.0 %)'

    Source:
        Ours.
    """
    figure = Figure(figsize=(2.9, 3.0), layout="constrained")
    ax = figure.subplots()
    differ = (first.transpose(_P, _I).values != second.transpose(_P, _I).values).astype(float)
    where = (1 / first[_P].values, first[_I].values)
    ax.pcolormesh(*where, differ.T, shading="nearest", cmap="Greys", vmin=0, vmax=1, rasterized=True)
    ax.set(xscale="log", yscale="log", xlabel="1 / feature probability p", ylabel="relative importance")
    ax.set_title(f"{int(differ.sum())} of {differ.size} cells differ ({100 * differ.mean():.1f} %)")
    return figure
