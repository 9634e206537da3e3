"""How far a sweep has come, for programs and for people."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tegum.ground.progress import Listener, Progress
from tegum.sweeps.board import Board


@dataclass(frozen=True)
class SweepProgress(Progress):
    """How far a sweep has come; `done` and `total` count tasks.

    Attributes:
        done: tasks that are finished.
        total: all tasks of the sweep.
        failed: tasks that raised an error.
        share: estimated work that is done, also within running tasks, from 0 to 1.
        rate: tasks finished per second since the sweep was started, by all processes in its folder.
        seconds_left: estimate, or None before anything is known.
    """

    failed: int = 0
    share: float = 0.0
    rate: float = 0.0
    seconds_left: float | None = None


class Meter:
    """Rate and time left of a sweep.

    Args:
        board: where the tasks stand.
        now: seconds on any clock.
    """

    def __init__(self, board: Board, now: float) -> None:
        self._board, self._start = board, now
        self._done_before, self._work_before = len(board.done), board.work_done

    def read(self, now: float, shares: dict[str, float]) -> SweepProgress:
        """The state of things.

        Args:
            now: seconds on the same clock.
            shares: for running tasks, how much of each is done, from 0 to 1.
        """
        board, elapsed = self._board, now - self._start
        work = board.work_done + sum(share * board.work(key) for key, share in shares.items() if key in board.running)
        here, left = work - self._work_before, board.all_work - work
        return SweepProgress(
            done=len(board.done),
            total=board.total,
            failed=len(board.failed),
            share=work / board.all_work,
            rate=(len(board.done) - self._done_before) / elapsed if elapsed > 0 else 0.0,
            seconds_left=elapsed * left / here if here > 0 else (None if left > 0 else 0.0),
        )


@contextmanager
def sweep_listener(progress: bool | Listener) -> Iterator[Callable[[SweepProgress], None]]:
    """What to call with each `SweepProgress`: the caller's function, a bar on standard error, or nothing.

    The bar appears only on a terminal.
    """
    if callable(progress):
        yield progress
    elif progress and sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield lambda _: None


@contextmanager
def _bar() -> Iterator[Callable[[SweepProgress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("sweep"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=1.0)
        yield lambda now: shown.update(task, completed=now.share, description=in_words(now))


def in_words(now: SweepProgress) -> str:
    """One line for people.

    Example:
        >>> in_words(SweepProgress(done=12, total=400, failed=1, share=0.03, rate=0.4, seconds_left=970.0))
        '12 of 400 tasks, 1 failed, 24 a minute, 16:10 left'
    """
    words = [f"{now.done} of {now.total} tasks"]
    if now.failed:
        words.append(f"{now.failed} failed")
    if now.rate:
        words.append(f"{60 * now.rate:.3g} a minute")
    if now.seconds_left is not None:
        words.append(f"{_duration(now.seconds_left)} left")
    return ", ".join(words)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
