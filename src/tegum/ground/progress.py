"""Telling people how far long work has come."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Args:
        done: units of work that are done (for training: updates, over all models).
        total: units of work in all.

    Example: a listener that prints.
        >>> import tegum
        >>> problem = tegum.Problem(n_features=2, n_hidden=1, feature_probability=0.1)
        >>> data = tegum.train(problem, tegum.TrainSettings(n_steps=1), n_models=3, progress=print)
        Progress(done=3, total=3)
    """

    done: int
    total: int


Listener = Callable[[Progress], None]


@contextmanager
def listener(progress: bool | Listener, description: str) -> Iterator[Listener]:
    """What to call with each `Progress`: the caller's function, a bar on standard error, or nothing.

    The bar appears only on a terminal.
    """
    if callable(progress):
        yield progress
    elif progress and sys.stderr.isatty():
        with bars() as (begin, tell):
            begin(description)
            yield tell
    else:
        yield lambda _: None


@contextmanager
def bars() -> Iterator[tuple[Callable[[str], None], Listener]]:
    """For several pieces of work in a row: what to call with the title of each, and then with its `Progress`.

    Bars appear on standard error, and only on a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda _: None, lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as shown:
        tasks = []

        def begin(title: str) -> None:
            for task in tasks:
                shown.update(task, visible=False)
            tasks.append(shown.add_task(title, total=None))

        yield begin, lambda progress: shown.update(tasks[-1], completed=progress.done, total=progress.total)
