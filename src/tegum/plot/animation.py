"""A run as a moving picture: a GIF that any browser shows."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tegum.ground.atomic import replacing
from tegum.ground.errors import InputError
from tegum.plot.style import OKABE_ITO, styled
from tegum.plot.trajectories import colours_of, draw_frame, frame_axes, oblique, placed, recorded, sets_of

N_FRAMES: Final = 48
_MILLISECONDS: Final = 90
_HELD: Final = 1500  # milliseconds that the last frame stays
_COLOURS: Final = 48
_TRAIL: Final = 8
_SWING: Final = np.radians(100)


class Animation(NamedTuple):
    """A figure and what changes in it from frame to frame.

    Args:
        figure: what is drawn on.
        show: brings the figure to a frame.
        n_frames: number of frames, numbered from 0.
    """

    figure: Figure
    show: Callable[[int], None]
    n_frames: int


@styled()
def moving_weights(dataset: xr.Dataset, *, n_frames: int = N_FRAMES) -> Animation:
    """The features of the lowest-loss model as they move while it trains, beside the loss.

    Frames are spaced like the snapshots, evenly in the logarithm of the step as a rule. The view turns slowly, which is
    what makes depth visible.

    Args:
        dataset: as for `energy_levels`.
        n_frames: number of frames, at least 2; fewer if there are fewer snapshots.

    Returns:
        The animation, for `save_animation`.

    Raises:
        InputError: no snapshots were recorded, or fewer than two frames were asked for.

    Example:
        >>> dims = ("model", "snapshot", "feature", "hidden")
        >>> dataset = xr.Dataset({"W_history": (dims, np.ones((1, 3, 3, 3))), "loss": ("model", [1.0])})
        >>> dataset["loss_along"] = ("model", "snapshot"), [[1.0, 0.5, 0.1]]
        >>> moving_weights(dataset.assign_coords(snapshot=[0, 1, 9])).n_frames
        2

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on learning dynamics.
    """
    if n_frames < 2:
        raise InputError(f"an animation needs at least 2 frames; got {n_frames}.")
    run = recorded(dataset)
    run = run.isel(snapshot=run["snapshot"].values > 0)
    paths, steps, loss = placed(run), run["snapshot"].values, run["loss_along"].values
    groups, colours = sets_of(run), colours_of(run)
    at = np.unique(np.linspace(0, len(steps) - 1, n_frames).round().astype(int))
    figure = Figure(figsize=(5.0, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    right.plot(steps, loss, color="black")
    (mark,) = right.plot([], [], "o", color=OKABE_ITO[2])
    right.set(xscale="log", yscale="log", xlabel="step", ylabel="loss per sample")

    def show(frame: int) -> None:
        k = int(at[frame])
        turn = _SWING * frame / max(len(at) - 1, 1)
        flat, depth = oblique(paths[max(0, k - _TRAIL) : k + 1], turn)
        left.clear()
        draw_frame(left, flat[-1], groups, colours)
        for i, colour in enumerate(colours):
            left.plot(*flat[:, i].T, color=colour, linewidth=1.2, alpha=0.6)
        left.scatter(*flat[-1].T, s=40 * (1 + 0.3 * depth[-1]), c=colours, zorder=5, linewidth=0)
        left.text(0.5, 0.99, f"step {steps[k]}", transform=left.transAxes, ha="center", va="top")
        frame_axes(left, float(np.abs(paths).max()))
        mark.set_data([steps[k]], [loss[k]])

    show(0)
    FigureCanvasAgg(figure).draw()
    figure.set_layout_engine("none")  # the axes stay where they are, and a frame is drawn in half the time
    return Animation(figure, show, len(at))


@styled()
def save_animation(animation: Animation, path: str | Path) -> Path:
    """Write an animation as a GIF, whole or not at all, the same bytes for the same animation.

    Args:
        animation: what `moving_weights` returned.
        path: the file; an earlier one is replaced.

    Returns:
        The path.

    Raises:
        FileError: if the file cannot be written there.

    Example:
        >>> import tempfile
        >>> figure = Figure(figsize=(1.0, 1.0))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = save_animation(Animation(figure, lambda frame: None, 2), Path(folder) / "still.gif")
        ...     made.read_bytes()[:6]
        b'GIF89a'
    """
    path = Path(path)
    frames = []
    canvas = FigureCanvasAgg(animation.figure)
    animation.show(animation.n_frames - 1)
    # one palette for all frames, from the last, which has the most in it: then only what moves is stored
    palette = _image(canvas).quantize(_COLOURS, dither=Image.Dither.NONE)
    for frame in range(animation.n_frames):
        animation.show(frame)
        frames.append(_image(canvas).quantize(palette=palette, dither=Image.Dither.NONE))
    times = [_MILLISECONDS] * (len(frames) - 1) + [_HELD]
    with replacing(path, overwrite=True) as temporary:
        frames[0].save(
            temporary, format="GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False
        )
    return path


def _image(canvas: FigureCanvasAgg) -> Image.Image:
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
