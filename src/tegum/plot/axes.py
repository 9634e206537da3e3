"""Logarithmic axes with plain numbers, and the axis that most figures share: from dense to sparse."""

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

_DECADES = 2.5  # beyond, numbers at 1, 2 and 5 would run into each other


def plain_log(axis: Axis) -> None:
    """Ticks at 1, 2, 5, 10 or at the decades of a logarithmic axis, written as numbers and not as powers.

    Call it when the limits are known.

    Args:
        axis: `ax.xaxis` or `ax.yaxis`, whose scale is "log".
    """
    low, high = sorted(axis.get_view_interval())
    few = high < low * 10**_DECADES
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def over_sparsity(ax: Axes, *, directions: bool = True) -> None:
    """Make the x axis that of 1 / p.

    Args:
        ax: what was drawn, with 1 / p as x.
        directions: also say in the label which side is dense.
    """
    where = "   (left dense, right sparse)" if directions else ""
    ax.set(xscale="log", xlabel=f"1 / feature probability p{where}")
    plain_log(ax.xaxis)
