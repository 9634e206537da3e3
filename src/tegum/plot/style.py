"""How every figure looks, and how it reaches the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import style as matplotlib_style
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from tegum.ground.atomic import replacing
from tegum.ground.errors import FileError

OKABE_ITO: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Seven colours that stay apart in the common kinds of colour blindness (Okabe and Ito 2008, without yellow)."""

SIGNED_MAP: Final = "RdBu_r"
"""White at 0, blue below, red above, equally strong at equal distance: for values with a sign."""

AMOUNT_MAP: Final = "viridis"
"""Perceptually even from dark (none) to bright (much): for values from 0 up."""

FAINT: Final = "#8c8c8c"
"""For what helps the eye and is not data: unit circles, thresholds, lines of theory."""

_PARAMETERS: Final[dict[str, Any]] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so that text has the same width everywhere
    "mathtext.fontset": "dejavusans",
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "figure.titlesize": 9.0,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": 100.0,
    "savefig.dpi": 200.0,
    "svg.fonttype": "path",  # letters as outlines: the reader's machine need not have the font
    "svg.hashsalt": "tegum",  # element names from the content, not from a clock
}

# matplotlib writes the date and its own version into each file; the same figure should be the same bytes.
_METADATA: Final[dict[str, dict[str, None]]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib's parameters as this project wants them, for the length of a `with` block or a decorated function.

    The user's own parameters, whatever they are, are set aside meanwhile and put back afterwards.

    Example:
        >>> with styled():
        ...     mpl.rcParams["font.size"]
        8.0
    """
    with matplotlib_style.context(_PARAMETERS, after_reset=True):
        yield


def dark_part(n_colours: int = 256) -> ListedColormap:
    """Colours of `AMOUNT_MAP` without its brightest end, for thin lines and dots on white paper."""
    return ListedColormap(mpl.colormaps[AMOUNT_MAP](np.linspace(0.0, 0.88, n_colours)))


@styled()
def save_figure(figure: Figure, path_without_suffix: str | Path) -> tuple[Path, Path]:
    """Write a figure as SVG and as PNG, each file whole or not at all, the same bytes for the same figure.

    Args:
        figure: what a function of `tegum.plot` returned.
        path_without_suffix: `out/norms` gives `out/norms.svg` and `out/norms.png`. Missing folders are made.

    Returns:
        The paths of the SVG and of the PNG.

    Raises:
        FileError: if a file cannot be written there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [path.name for path in save_figure(Figure(figsize=(1.0, 1.0)), Path(folder) / "empty")]
        ['empty.svg', 'empty.png']
    """
    stem = Path(path_without_suffix)
    svg, png = (stem.with_name(f"{stem.name}.{kind}") for kind in ("svg", "png"))
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"cannot make the folder {stem.parent}: {error.strerror or error}. Choose another one."
        ) from None
    for path, kind in ((svg, "svg"), (png, "png")):
        with replacing(path, overwrite=True) as temporary:
            figure.savefig(temporary, format=kind, metadata=_METADATA[kind])
    return svg, png
