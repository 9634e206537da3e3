"""Run a sweep of trainings."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from tegum.ground.progress import Listener
from tegum.kernels.choice import choose_kernel
from tegum.problem import Grid, Problem, Record, TrainSettings
from tegum.sweeps.cluster import ClusterWorkers
from tegum.sweeps.folder import TRAINING, SweepFolder
from tegum.sweeps.loop import FailedTask, Job, run_jobs
from tegum.sweeps.opening import open_sweep
from tegum.sweeps.partition import as_asked, content, describe_task, partition
from tegum.sweeps.spec import SweepSpec, spec_of
from tegum.sweeps.workers import LocalWorkers


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
    cells = spec.grid.cells()
    jobs = {
        task.key: Job(
            task.work,
            content=lambda block=task.block: content(spec, epoch, cells, block).to_json(),
            where=lambda block=task.block: describe_task(spec, block),
        )
        for task in partition(spec, epoch)
    }
    folder = SweepFolder(Path(out))
    folder.begin(TRAINING, as_asked(spec, epoch))
    done = run_jobs(
        folder,
        jobs,
        lambda n_missing: ClusterWorkers(client) if client is not None else LocalWorkers(spec.kernel, n_missing),
        progress,
    )
    return SweepResult(folder.path, len(jobs), *done)
