"""Run a sweep: the loop around the board, with one thread that claims, writes and tells."""

import os
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from tegum.ground.progress import Listener
from tegum.kernels.choice import choose_kernel
from tegum.problem import Grid, Problem, Record, TrainSettings
from tegum.sweeps.board import Board
from tegum.sweeps.cluster import ClusterWorkers
from tegum.sweeps.folder import SweepFolder
from tegum.sweeps.locks import Locks
from tegum.sweeps.opening import open_sweep
from tegum.sweeps.partition import Task, content, describe_task, partition
from tegum.sweeps.progress import Meter, SweepProgress, sweep_listener
from tegum.sweeps.spec import SweepSpec, spec_of
from tegum.sweeps.workers import AbstractWorkers, LocalWorkers, Outcome

_SECONDS_BETWEEN_LOOKS = 0.2


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


@dataclass(frozen=True)
class SweepResult:
    """What became of a sweep.

    Attributes:
        out: its folder.
        n_tasks: files that it consists of.
        n_found: that were there before.
        n_run: that were made here.
        n_elsewhere: that another process made meanwhile.
        failed: tasks that raised an error.
    """

    out: Path
    n_tasks: int
    n_found: int
    n_run: int
    n_elsewhere: int
    failed: tuple[FailedTask, ...]

    def open(self, *, partial: bool = False) -> xr.Dataset:
        """The dataset; see `open_sweep`."""
        return open_sweep(self.out, partial=partial)


def sweep(
    grid: Problem | Grid,
    settings: TrainSettings | None = None,
    *,
    n_models: int = 1,
    seed: int = 0,
    out: str | os.PathLike[str],
    kernel: str = "auto",
    record: Record | None = None,
    task_seconds: float = 5.0,
    client: Any = None,
    progress: bool | Listener = False,
) -> SweepResult:
    """Train a grid of problems in tasks, each with a file of its own, so that no finished work is ever lost.

    The same call again does what is missing and nothing else, after an interrupt, a crash or a failure. Several
    processes may work in one folder; they share the tasks. The files do not depend on any of this.

    Args:
        grid: a grid of problems, or a problem.
        settings: optimiser, schedule and sizes; the published defaults if None.
        n_models: models for each cell, which differ in their random numbers only.
        seed: the one integer behind all random numbers.
        out: folder of the sweep, made if needed.
        kernel: "auto", "fused", "reference" or "reference:cuda".
        record: what to keep along the way; 100 points of the loss curve if None.
        task_seconds: estimated length of a task on one core. A shorter task loses less to a crash; a longer one makes
            fewer files.
        client: a `distributed.Client`, to work on a Dask cluster instead of in this process.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a
            `SweepProgress`.

    Returns:
        What was done and what failed. A failed task does not stop the others; its traceback is in failures/.

    Raises:
        InputError: an argument is out of range.
        FileError: the folder holds another sweep (with the differences), or cannot be written to.
        ClusterError: the scheduler is gone. Finished tasks are kept, as they are by all other errors.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> grid = Grid(Problem(n_features=5, n_hidden=2, feature_probability=1), feature_probability=[1, 0.1])
        >>> result = sweep(grid, TrainSettings(n_steps=100), n_models=3, out=folder.name)
        >>> result.n_tasks, result.n_run, result.failed
        (1, 1, ())
        >>> dict(result.open()["loss"].sizes)
        {'feature_probability': 2, 'model': 3}
        >>> folder.cleanup()
    """
    spec = spec_of(
        grid, settings=settings or TrainSettings(), n_models=n_models, seed=seed, kernel=kernel,
        record=record or Record(), task_seconds=task_seconds,
    )  # fmt: skip
    return run_spec(spec, out, client=client, progress=progress)


def run_spec(
    spec: SweepSpec, out: str | os.PathLike[str], *, client: Any = None, progress: bool | Listener = False
) -> SweepResult:
    """The same as `sweep`, for a spec.

    Args:
        spec: the grid, how it is trained, and how it is cut into tasks.
        out: folder of the sweep; finished tasks in it are not done again.
        client: a `distributed.Client` whose workers do the work; this process does it if None.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a `SweepProgress`.

    Returns:
        What became of the sweep; its `open()` gives the dataset.

    Raises:
        FileError: the folder cannot be written to, or holds another sweep. ClusterError: the scheduler went away.

    Example:
        >>> import tempfile, tegum
        >>> spec = SweepSpec.from_toml('''
        ... problem = {n_features = 3, n_hidden = 1, feature_probability = 0.1}
        ... axes = {n_hidden = [1, 2]}
        ... settings = {n_steps = 5, batch_size = 16}
        ... ''')
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(run_spec(spec, folder).n_run, run_spec(spec, folder).n_found)
        1 1
    """
    spec = spec.resolved()
    epoch = choose_kernel(spec.kernel, spec.settings).epoch
    tasks = {task.key: task for task in partition(spec, epoch)}
    folder = SweepFolder(Path(out))
    folder.begin(spec, epoch)
    board = Board({key: task.work for key, task in tasks.items()}, folder.finished(tasks))
    n_found = len(board.done)
    loop = _Loop(folder, board, tasks, spec, epoch)
    if not board.is_over:
        workers = ClusterWorkers(client) if client is not None else LocalWorkers(spec.kernel, board.n_missing)
        with sweep_listener(progress) as tell:
            loop.run(workers, tell)
    n_elsewhere = len(board.done) - n_found - loop.n_run
    return SweepResult(folder.path, board.total, n_found, loop.n_run, n_elsewhere, tuple(loop.failed))


class _Loop:
    """The one thread that claims tasks, hands them out, writes what comes back, and tells how far it is."""

    def __init__(
        self, folder: SweepFolder, board: Board, tasks: Mapping[str, Task], spec: SweepSpec, kernel_epoch: int
    ) -> None:
        self._folder, self._board, self._tasks = folder, board, tasks
        self._spec, self._epoch, self._cells = spec, kernel_epoch, spec.grid.cells()
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
                block = self._tasks[key].block
                workers.start(key, content(self._spec, self._epoch, self._cells, block).to_json())

    def _take_in(self, outcome: Outcome) -> None:
        key = outcome.key
        if outcome.data is not None:
            self._folder.write(key, outcome.data)
            self._board.finish(key)
            self.n_run += 1
        else:
            where = describe_task(self._spec, self._tasks[key].block)
            text = "".join(traceback.format_exception(outcome.error))
            file = self._folder.record_failure(key, f"task {key}: {where}\n\n{text}")
            self._board.fail(key)
            self.failed.append(FailedTask(key, where, text.strip().splitlines()[-1], file))
        self._locks.release(key)
