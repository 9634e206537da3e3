"""Run a grid of recoveries as a sweep."""

import os
from pathlib import Path
from typing import Any

from tegum.ground.progress import Listener
from tegum.recovery.spec import RecoverySpec
from tegum.sweeps.cluster import ClusterWorkers
from tegum.sweeps.folder import RECOVERY, SweepFolder
from tegum.sweeps.loop import Job, run_jobs
from tegum.sweeps.recovery_tasks import RecoveryTask, as_asked, run_recovery_task, tasks_of
from tegum.sweeps.running import SweepResult
from tegum.sweeps.workers import LocalWorkers


def sweep_recovery(
    spec: RecoverySpec, out: str | os.PathLike[str], *, client: Any = None, progress: bool | Listener = False
) -> SweepResult:
    """The same as `recover`, in tasks with a file for each case, so that no finished case is ever lost.

    The same call again does what is missing and nothing else. Several processes may work in one folder, and folders of
    the same grid merge by copying, as for `sweep`.

    Args:
        spec: the grid, and when a case has enough samples.
        out: folder of the sweep, made if needed.
        client: a `distributed.Client`, to work on a Dask cluster instead of in this process.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a `SweepProgress`.

    Returns:
        What was done and what failed; its `open()` gives the dataset. A failed case does not stop the others.

    Raises:
        FileError: the folder holds another sweep (with the differences), or cannot be written to.
        ClusterError: the scheduler is gone. What was finished is kept.

    Example:
        >>> import tempfile
        >>> spec = RecoverySpec(n_features=100, n_hidden=40, n_active=[1, 3], decoder="top_k")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(sweep_recovery(spec, folder).n_run, sweep_recovery(spec, folder).n_found)
        2 2
    """
    tasks = tasks_of(spec)
    jobs = {task.key: Job(_work(task), task.to_json, lambda task=task: _where(task)) for task in tasks}
    folder = SweepFolder(Path(out))
    folder.begin(RECOVERY, as_asked(spec))
    done = run_jobs(
        folder,
        jobs,
        lambda n_missing: (
            ClusterWorkers(client, run_recovery_task)
            if client is not None
            else LocalWorkers("recovery", n_missing, run_recovery_task)
        ),
        progress,
    )
    return SweepResult(folder.path, len(jobs), *done)


def _work(task: RecoveryTask) -> int:
    """Multiplications of a read-out for the whole budget; only shares of it matter, for the time that is left."""
    return task.case.n_features * task.case.n_hidden * task.samples_per_code * task.stop.max_codes


def _where(task: RecoveryTask) -> str:
    case = task.case
    return (
        f"{case.code}, {case.decoder}, n_features = {case.n_features}, n_hidden = {case.n_hidden},"
        f" n_active = {case.n_active}"
    )
