"""The loop of a sweep around its board: one thread that claims, hands out, writes and tells."""

import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tegum.ground.progress import Listener
from tegum.sweeps.board import Board
from tegum.sweeps.folder import SweepFolder
from tegum.sweeps.locks import Locks
from tegum.sweeps.progress import Meter, SweepProgress, sweep_listener
from tegum.sweeps.workers import AbstractWorkers, Outcome

_SECONDS_BETWEEN_LOOKS = 0.2


class Job(NamedTuple):
    """A task as the loop sees it.

    Args:
        work: its estimated length, in any unit.
        content: writes down what it is, for the worker; called when its turn comes.
        where: says, for people, which part of the sweep it is.
    """

    work: int
    content: Callable[[], str]
    where: Callable[[], str]


class FailedTask(NamedTuple):
    """A task that raised an error.

    Attributes:
        key: its name, which is also that of its file.
        where: the cell and the models that it holds.
        error: the last line of the error.
        file: the file with the whole traceback.
    """

    key: str
    where: str
    error: str
    file: Path


class Tally(NamedTuple):
    """What became of the jobs: found finished, done here, done by another process meanwhile, and failed."""

    n_found: int
    n_run: int
    n_elsewhere: int
    failed: tuple[FailedTask, ...]


def run_jobs(
    folder: SweepFolder,
    jobs: Mapping[str, Job],
    make_workers: Callable[[int], AbstractWorkers],
    progress: bool | Listener,
) -> Tally:
    """Do the jobs that have no file yet.

    Args:
        folder: where finished jobs lie; begun.
        jobs: by their keys.
        make_workers: from the number of missing jobs to what does them; not called if there is none.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a `SweepProgress`.

    Raises:
        FileError: the folder cannot be written to. ClusterError: the workers are gone.
    """
    board = Board({key: job.work for key, job in jobs.items()}, folder.finished(jobs))
    n_found = len(board.done)
    loop = _Loop(folder, board, jobs)
    if not board.is_over:
        workers = make_workers(board.n_missing)
        with sweep_listener(progress) as tell:
            loop.run(workers, tell)
    return Tally(n_found, loop.n_run, len(board.done) - n_found - loop.n_run, tuple(loop.failed))


class _Loop:
    """The one thread that claims tasks, hands them out, writes what comes back, and tells how far it is."""

    def __init__(self, folder: SweepFolder, board: Board, jobs: Mapping[str, Job]) -> None:
        self._folder, self._board, self._jobs = folder, board, jobs
        self._locks = Locks(folder.locks)
        self.n_run = 0
        self.failed: list[FailedTask] = []

    def run(self, workers: AbstractWorkers, tell: Callable[[SweepProgress], None]) -> None:
        meter = Meter(self._board, time.monotonic())
        try:
            while not self._board.is_over:
                self._hand_out(workers)
                tell(meter.read(time.monotonic(), workers.shares()))
                for outcome in workers.ended(_SECONDS_BETWEEN_LOOKS):
                    self._take_in(outcome)
                workers.check()
                self._locks.beat()
            tell(meter.read(time.monotonic(), {}))
        finally:
            workers.stop()
            self._locks.release_all()

    def _hand_out(self, workers: AbstractWorkers) -> None:
        board = self._board
        while len(board.running) < workers.room() and (key := board.next(time.monotonic())) is not None:
            if not self._locks.claim(key):
                board.leave_to_others(key, time.monotonic())
            elif self._folder.is_finished(key):  # by another process, since we looked
                self._locks.release(key)
                board.finish(key)
            else:
                board.start(key)
                workers.start(key, self._jobs[key].content())

    def _take_in(self, outcome: Outcome) -> None:
        key = outcome.key
        if outcome.data is not None:
            self._folder.write(key, outcome.data)
            self._board.finish(key)
            self.n_run += 1
        else:
            where = self._jobs[key].where()
            text = "".join(traceback.format_exception(outcome.error))
            file = self._folder.record_failure(key, f"task {key}: {where}\n\n{text}")
            self._board.fail(key)
            self.failed.append(FailedTask(key, where, text.strip().splitlines()[-1], file))
        self._locks.release(key)
