"""The asymmetric motif: one shared neuron taken apart, all of them, and what the motif costs."""

from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from tegum.ground.errors import InputError
from tegum.measure import SharedNeuron, best_model, n_monosemantic
from tegum.plot.axes import over_sparsity, plain_log
from tegum.plot.cells import grid_dimensions
from tegum.plot.labels import describe_problem, heading
from tegum.plot.style import FAINT, OKABE_ITO, dark_part, styled

_FIELD: Final = "feature_probability"
_ROWS: Final = 7  # features of a neuron that are shown
_READS, _WRITES, _LEAK = OKABE_ITO[0], OKABE_ITO[1], OKABE_ITO[3]


@styled()
def motif_diagram(model: xr.Dataset, pair: SharedNeuron) -> Figure:
    """A neuron that two features share, the neuron that inhibits its crosstalk most, and what comes out.

    The first two panels show what a neuron reads (W) and what it adds to the outputs (W_out). The last shows the output
    of the weak feature while only the strong one is there.

    Args:
        model: one untied model: W, W_out (feature, hidden) and bias.
        pair: one of `tegum.measure.shared_neurons` of this model.

    Returns:
        A figure with three panels.

    Raises:
        InputError: the dataset holds no untied model, or more than one.

    Example:
        >>> from tegum.measure import shared_neurons
        >>> from tegum.theory import motif_weights
        >>> W, W_out = (xr.DataArray(values, dims=("feature", "hidden")) for values in motif_weights(2.0))
        >>> model = xr.Dataset({"W": W, "W_out": W_out, "bias": ("feature", [0.0, 0.0])})
        >>> len(motif_diagram(model, shared_neurons(W.values, W_out.values)[0]).axes)
        3

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Asymmetric Superposition Motif.
    """
    if "W_out" not in model or set(model["W"].dims) != {"feature", "hidden"}:
        raise InputError("this figure shows one untied model; select a cell and a model of one with W_out.")
    W, W_out = (model[name].transpose("feature", "hidden").to_numpy().astype(np.float64) for name in ("W", "W_out"))
    bias = float(model["bias"].to_numpy()[pair.weak])
    sign = np.sign(W[pair.strong, pair.neuron])
    on = np.maximum(sign * W[pair.strong], 0.0)
    inhibitor = int((on * np.minimum(W_out[pair.weak], 0.0)).argmin())
    figure = Figure(figsize=(8.2, 2.7), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 1.3))
    for ax, neuron, name in zip(axes, (pair.neuron, inhibitor), ("shared", "inhibiting"), strict=False):
        _neuron(ax, W[:, neuron], W_out[:, neuron], pair)
        ax.set_title(f"{name} neuron {neuron}")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    x = np.linspace(-1.0, 1.0, 201)
    hidden = np.maximum(x[:, np.newaxis] * W[pair.strong], 0.0)
    through = hidden[:, pair.neuron] * W_out[pair.weak, pair.neuron]
    answer = hidden @ W_out[pair.weak] + bias
    ax = axes[2]
    ax.plot(x, through, "--", color=_LEAK, label=f"from the shared neuron (leak {pair.leak:.2f})")
    ax.plot(x, answer, color=_WRITES, label="from all neurons")
    ax.plot(x, np.maximum(answer, 0.0), color="black", linewidth=1.0, label="output, after its ReLU")
    ax.set(xlabel=f"feature {pair.strong} alone", ylabel=f"output of feature {pair.weak}")
    ax.set_title(f"r = {pair.asymmetry:.2f}")
    ax.legend(loc="best")
    figure.suptitle(heading(describe_problem(model), width=figure.get_figwidth()))
    return figure


@styled()
def answered_against_probability(dataset: xr.Dataset) -> Figure:
    """How many features are answered and how many neurons read one feature only, against 1/p.

    Lines join the lowest-loss models; dots are all models. The dashed line is what m neurons can answer without
    sharing: m/2 features, with a neuron for each sign.

    Args:
        dataset: from `tegum.train` with the one grid dimension `feature_probability`, and with `answered`, the number
            of features of each model that are answered.

    Returns:
        A figure with one panel.

    Raises:
        InputError: the grid is another one, or a probability is 0.

    Example:
        >>> W = xr.DataArray(np.eye(2)[np.newaxis, np.newaxis], dims=(_FIELD, "model", "feature", "hidden"))
        >>> columns = {"W": W, "loss": ((_FIELD, "model"), [[0.1]]), "answered": ((_FIELD, "model"), [[1]])}
        >>> answered_against_probability(xr.Dataset(columns, {_FIELD: [0.5]})).axes[0].lines[0].get_xydata().tolist()
        [[2.0, 1.0]]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Computation in Superposition.
    """
    if grid_dimensions(dataset, at_most=1) != (_FIELD,) or not bool((dataset[_FIELD] > 0).all()):
        raise InputError(
            f"this figure needs the one grid dimension {_FIELD!r}, with positive numbers; train over a grid of them."
        )
    dataset = dataset.sortby(_FIELD, ascending=False)
    x, best = 1 / dataset[_FIELD].to_numpy(), best_model(dataset)
    figure = Figure(figsize=(4.6, 2.9), layout="constrained")
    ax = figure.subplots()
    lines = (
        (dataset["answered"], "features answered", "s", OKABE_ITO[1]),
        (n_monosemantic(dataset["W"]), "neurons of one feature", "o", OKABE_ITO[0]),
    )
    for values, label, form, colour in lines:
        ax.plot(x, values.isel(model=best).to_numpy(), f"{form}-", color=colour, markersize=3.5, label=label, zorder=3)
        for each in values.transpose("model", _FIELD).to_numpy():
            ax.plot(x, each, form, color=colour, markersize=5.0, alpha=0.25, markeredgewidth=0, zorder=1)
    half = dataset.sizes["hidden"] // 2
    ax.axhline(half, color=FAINT, linewidth=1.0, linestyle="--", label=f"m/2 = {half}", zorder=1)
    ax.set_ylabel("number")
    over_sparsity(ax)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_title(heading(describe_problem(dataset), "lines: lowest loss", width=4.2))
    ax.legend()
    return figure


@styled()
def crosstalk(pairs: xr.Dataset) -> Figure:
    """What the weak of two features that share a neuron answers to the strong one, against the neuron's leak.

    Args:
        pairs: leak, answer and shuffled_answer of each `pair`, and its feature_probability, in (0, 1]. The shuffled
            answer is that of a model whose other neurons were exchanged at the output.

    Returns:
        A figure with one panel. Below 0 the ReLU of the output answers nothing.

    Raises:
        InputError: there is no pair.

    Example:
        >>> names = ("leak", "answer", "shuffled_answer", "feature_probability")
        >>> pairs = xr.Dataset({name: ("pair", [value]) for name, value in zip(names, (2.0, -0.1, 1.0, 0.1))})
        >>> len(crosstalk(pairs).axes[0].collections)
        2

    Source:
        Ours, after Elhage et al. 2022, Toy Models of Superposition, The Asymmetric Superposition Motif.
    """
    if not pairs.sizes["pair"]:
        raise InputError("there is no shared neuron to draw; lower the threshold of shared_neurons, or train sparser.")
    leak, p = pairs["leak"].to_numpy(), pairs["feature_probability"].to_numpy()
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    ax = figure.subplots()
    line = np.geomspace(leak.min(), leak.max() * 1.05, 50)
    ax.plot(line, line, color=FAINT, linewidth=1.0, label="no inhibition")
    ax.axhline(0.0, color="black", linewidth=0.6)
    ax.scatter(leak, pairs["shuffled_answer"], s=7, color=FAINT, alpha=0.5, linewidths=0, label="neurons shuffled")
    norm = LogNorm(p.min(), p.max()) if p.min() < p.max() else LogNorm(p.min() / 10, min(1.0, 10 * p.min()))
    dots = ax.scatter(leak, pairs["answer"], s=12, c=p, cmap=dark_part(), norm=norm, linewidths=0, label="as trained")
    ax.set(xscale="log", xlabel="leak through the shared neuron", ylabel="answer of the weak output,\nbefore its ReLU")
    plain_log(ax.xaxis)
    low = min(float(pairs["answer"].min()), -0.2 * leak.max())
    ax.set_ylim(1.1 * low, 1.05 * leak.max())
    _probabilities(figure, dots, np.unique(p))
    ax.set_title(f"{pairs.sizes['pair']} pairs of features that share a neuron")
    ax.legend(loc="best")
    return figure


def _probabilities(figure: Figure, dots: ScalarMappable, values: Float[np.ndarray, " n"]) -> None:
    """A colour bar with the probabilities that occur."""
    bar = figure.colorbar(dots, ax=figure.axes, label="feature probability p", fraction=0.05, pad=0.02)
    bar.set_ticks(values.tolist(), labels=[f"{value:g}" for value in values])
    bar.minorticks_off()


@styled()
def motif_cost(simulated: xr.Dataset) -> Figure:
    """Expected squared error of the motif against its asymmetry, without and with inhibition.

    Lines are the closed form, dots are samples; their bars (2.6 standard errors) are smaller than the dots.

    Args:
        simulated: error, standard_error and theory over (inhibited, asymmetry, present), as the experiment on absolute
            values stores them.

    Returns:
        A figure with a panel for each value of `inhibited`. An error of 0 is not drawn.

    Example:
        >>> dims = ("inhibited", "asymmetry", "present")
        >>> columns = {name: (dims, np.ones((1, 2, 1))) for name in ("error", "standard_error", "theory")}
        >>> coords = {"inhibited": [True], "asymmetry": [1.0, 2.0], "present": ["weak"]}
        >>> len(motif_cost(xr.Dataset(columns, coords)).axes)
        1

    Source:
        The closed form is ours (docs/computing.md).
    """
    r = simulated["asymmetry"].to_numpy()
    figure = Figure(figsize=(6.4, 2.7), layout="constrained")
    axes = figure.subplots(1, simulated.sizes["inhibited"], sharey=True, squeeze=False)[0]
    for ax, inhibited in zip(axes, simulated["inhibited"].values.tolist(), strict=True):
        for number, present in enumerate(simulated["present"].values.tolist()):
            one = simulated.sel(inhibited=inhibited, present=present)
            if not (one["theory"] > 0).all():
                continue
            words = "both present" if present == "both" else f"{present} feature alone"
            colour = OKABE_ITO[number]
            ax.plot(r, one["theory"], color=colour, linewidth=1.0)
            ax.errorbar(r, one["error"], 2.576 * one["standard_error"], fmt="o", ms=3.5, color=colour, label=words)
        ax.set(xscale="log", yscale="log", xlabel="asymmetry r")
        ax.set_xticks(r, [f"{value:g}" for value in r])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_title("inhibited" if inhibited else "not inhibited")
        ax.legend(loc="best")
    plain_log(axes[0].yaxis)
    axes[0].set_ylabel("expected squared error")
    return figure


def _neuron(ax: Axes, reads: Float[np.ndarray, " n"], writes: Float[np.ndarray, " n"], pair: SharedNeuron) -> None:
    """What one neuron reads and writes: the two features of the pair first, then its largest weights."""
    size = np.maximum(np.abs(reads), np.abs(writes))
    others = [int(i) for i in np.argsort(-size) if i not in (pair.strong, pair.weak)]
    shown = [pair.strong, pair.weak, *others][:_ROWS]
    place = np.arange(len(shown))
    ax.barh(place - 0.2, reads[shown], 0.4, color=_READS, label="reads (W)")
    ax.barh(place + 0.2, writes[shown], 0.4, color=_WRITES, label="writes (W_out)")
    ax.axvline(0.0, color="black", linewidth=0.6)
    roles = {pair.strong: " strong", pair.weak: " weak"}
    ax.set_yticks(place, [f"{i}{roles.get(i, '')}" for i in shown])
    ax.invert_yaxis()
    ax.set_xlabel("weight")
    ax.set_ylabel("feature")
