"""Many small panels in one figure, so that each stays readable."""

import math
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

_LEAST_WIDTH: Final = 2.8  # inches; fewer panels than fill it are drawn larger, so that the heading has room


class Panels(NamedTuple):
    """A figure and its panels: block by block, and in each block cell by cell."""

    figure: Figure
    axes: list[Axes]


def columns_for(n_cells: int, *, at_most: int) -> int:
    """The columns of a block of panels: at most so many, and the lines filled evenly.

    Example:
        >>> columns_for(7, at_most=8), columns_for(10, at_most=8)
        (7, 5)
    """
    return math.ceil(n_cells / math.ceil(n_cells / at_most))


def panels(n_blocks: int, n_cells: int, *, size: tuple[float, float], at_most: int) -> Panels:
    """An empty figure with `n_blocks` blocks of `n_cells` panels each; a new block begins a new line.

    Args:
        n_blocks: 1, or the length of a grid's first dimension.
        n_cells: panels in each block.
        size: width and height of a panel in inches, with its title.
        at_most: panels in a line. A longer block goes on in the next line.
    """
    columns = columns_for(n_cells, at_most=at_most)
    lines = math.ceil(n_cells / columns)
    scale = max(1.0, _LEAST_WIDTH / (columns * size[0]))
    width, height = scale * columns * size[0], scale * n_blocks * lines * size[1]
    figure = Figure(figsize=(width + 0.9, height + 0.5), layout="constrained")
    grid = figure.subplots(n_blocks * lines, columns, squeeze=False)
    places = [(block * lines + cell // columns, cell % columns) for block in range(n_blocks) for cell in range(n_cells)]
    axes = [grid[place] for place in places]
    for unused in set(grid.flat) - set(axes):
        unused.remove()
    return Panels(figure, axes)


def colour_bar(figure: Figure, colours: ScalarMappable, *, label: str, extend: str = "neither") -> Colorbar:
    """One colour bar for all panels, equally thin whatever the height of the figure."""
    aspect = figure.get_figheight() / 0.11
    return figure.colorbar(colours, ax=figure.axes, label=label, extend=extend, aspect=aspect, fraction=0.05, pad=0.02)
