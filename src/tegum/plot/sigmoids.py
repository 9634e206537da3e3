"""How the linear model learns one feature after another, beside the closed form."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tegum.measure import lowest_loss
from tegum.plot.labels import chosen_model, describe_problem, heading
from tegum.plot.style import FAINT, OKABE_ITO, styled


@styled()
def rises(dataset: xr.Dataset) -> Figure:
    """Squared length of every feature along training, measured (lines) and predicted (dots), for the lowest-loss model.

    Args:
        dataset: `squared_length` and `predicted_length` over (model, snapshot, feature), `loss` over model, and the
            coordinate `snapshot`, the number of steps; `growth_rate` over feature stands in the legend if it is there.

    Returns:
        A figure with one panel.

    Example:
        >>> dims, curve = ("model", "snapshot", "feature"), [[[0.1, 0.0], [0.9, 0.1]]]
        >>> dataset = xr.Dataset({"squared_length": (dims, curve), "predicted_length": (dims, curve)})
        >>> dataset = dataset.assign(loss=("model", [1.0])).assign_coords(snapshot=[0, 10])
        >>> len(rises(dataset).axes[0].lines)
        4

    Source:
        Saxe, McClelland and Ganguli 2014, Exact solutions to the nonlinear dynamics of learning in deep linear neural
        networks.
    """
    run = lowest_loss(dataset)
    steps = run["snapshot"].values
    every = slice(None, None, max(1, len(steps) // 40))
    figure = Figure(figsize=(5.8, 3.0), layout="constrained")
    ax = figure.subplots()
    for i in range(run.sizes["feature"]):
        mine, colour = run.isel(feature=i), OKABE_ITO[i % len(OKABE_ITO)]
        label = f"feature {i}" + (f", rate {float(mine['growth_rate']):.3g}" if "growth_rate" in mine else "")
        ax.plot(steps, mine["squared_length"], color=colour, label=label)
        ax.plot(steps[every], mine["predicted_length"][every], ".", color=colour, markersize=4)
    ax.set(xlabel="step", ylabel="squared length of a feature", ylim=(-0.02, 1.06))
    ax.set_title(
        heading(describe_problem(dataset), chosen_model(dataset), "lines: trained; dots: closed form", width=4.5)
    )
    figure.legend(loc="outside right upper")
    return figure


@styled()
def times_against_theory(dataset: xr.Dataset) -> Figure:
    """Step of the half rise, measured against predicted: every kept feature of every model, and a rival prediction.

    Args:
        dataset: `half_rise` and `predicted_half_rise` over (model, feature), in steps, NaN for features that do not
            rise; `uncentred_half_rise`, the prediction that takes the mean square for the variance.

    Returns:
        A figure with one panel, both axes logarithmic.

    Example:
        >>> dims = ("model", "feature")
        >>> columns = ("half_rise", "predicted_half_rise", "uncentred_half_rise")
        >>> figure = times_against_theory(xr.Dataset({name: (dims, [[10.0, 20.0]]) for name in columns}))
        >>> figure.axes[0].get_xlabel()
        'predicted step of the half rise'

    Source:
        Ours.
    """
    figure = Figure(figsize=(3.8, 3.2), layout="constrained")
    ax = figure.subplots()
    measured = dataset["half_rise"].transpose("model", "feature").values
    shown = ("predicted_half_rise", "variance", "o", OKABE_ITO[0]), ("uncentred_half_rise", "mean square", "x", FAINT)
    for name, label, marker, colour in shown:
        predicted = dataset[name].transpose("model", "feature").values
        ax.scatter(predicted.ravel(), measured.ravel(), s=14, marker=marker, color=colour, linewidth=0.8, label=label)
    ends = measured[np.isfinite(measured)]
    line = [0.7 * ends.min(), 1.4 * ends.max()] if ends.size else [1.0, 10.0]
    ax.plot(line, line, color=FAINT, linewidth=0.8, linestyle="--", zorder=0)
    ax.set(xscale="log", yscale="log", xlabel="predicted step of the half rise", ylabel="measured step")
    ax.legend(title="predicted from the")
    return figure
