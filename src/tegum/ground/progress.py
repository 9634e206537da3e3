"""Telling people how far long work has come."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a run has come; `done` and `total` count units of work (for training: updates, over all models)."""

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
        with _bar(description) as tell:
            yield tell
    else:
        yield lambda _: None


@contextmanager
def _bar(description: str) -> Iterator[Listener]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=None)
        yield lambda progress: bar.update(task, completed=progress.done, total=progress.total)
