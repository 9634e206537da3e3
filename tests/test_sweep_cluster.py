"""Sweeps on a Dask cluster: the same files, also when a worker or the scheduler dies."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tegum import Axis, Grid, Problem, TrainSettings
from tegum.cli import main
from tegum.sweeps import ClusterError, run_spec
from tegum.sweeps.cluster import connected
from tegum.sweeps.spec import spec_of

distributed = pytest.importorskip("distributed", reason="distributed is in the extra `cluster`")
pytestmark = [
    pytest.mark.slow,
    # What distributed leaves open when a part of it is killed is its own affair.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(distributed|dask|tornado)"),
]

GRID = Grid(Problem(n_features=5, n_hidden=2, feature_probability=1.0), feature_probability=[1.0, 0.3, 0.1, 0.03])
SPEC = spec_of(
    GRID, settings=TrainSettings(n_steps=4000, batch_size=256, evaluation_samples=1024), n_models=8, task_seconds=1e-9
)
N_TASKS = 32


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return files(run_spec(SPEC, tmp_path_factory.mktemp("undisturbed")).out)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("tasks/*.nc")}


class Cluster:
    """A scheduler and two workers, each a process of its own, as on the command line."""

    def __init__(self, folder: Path) -> None:
        self.log = (folder / "cluster.log").open("w")
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(folder / "scheduler.json"))
        end = time.monotonic() + 60
        while not (folder / "scheduler.json").exists():
            assert time.monotonic() < end, (folder / "cluster.log").read_text()
            time.sleep(0.05)
        self.address = json.loads((folder / "scheduler.json").read_text())["address"]
        self.workers = [self._start("worker", self.address, "--nthreads", "1", "--no-nanny") for _ in range(2)]

    def _start(self, what: str, *words: str) -> subprocess.Popen:
        host = ["--host", "127.0.0.1", "--no-dashboard"]
        command = [sys.executable, "-m", "dask", what, *words, *host]
        return subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=Path(self.log.name).parent)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
        self.log.close()


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    made = Cluster(folder)
    try:
        yield made
    finally:
        made.stop()


def test_the_command_works_on_a_scheduler_and_makes_the_same_files(tmp_path, undisturbed, capsys):
    (tmp_path / "spec.toml").write_text(SPEC.to_toml())
    words = ["sweep", str(tmp_path / "spec.toml"), "--out", str(tmp_path / "out"), "--json"]
    with cluster(tmp_path) as made:
        assert main([*words, "--scheduler", made.address]) == 0
    assert json.loads(capsys.readouterr().out)["n_run"] == N_TASKS
    assert files(tmp_path / "out") == undisturbed


def test_a_worker_that_dies_loses_nothing(tmp_path, undisturbed):
    killed = []

    def kill_one(progress) -> None:
        if progress.done >= 4 and not killed:
            killed.append(made.workers[0].pid)
            os.kill(made.workers[0].pid, signal.SIGKILL)

    with cluster(tmp_path) as made, connected(made.address) as client:
        result = run_spec(SPEC, tmp_path / "out", client=client, progress=kill_one)
    assert killed
    assert (result.n_run, result.failed) == (N_TASKS, ())
    assert files(tmp_path / "out") == undisturbed


def test_a_scheduler_that_dies_ends_the_sweep_and_the_rest_can_be_done_without(tmp_path, undisturbed):
    def kill(progress) -> None:
        if progress.done >= 4:
            made.scheduler.kill()

    with (
        cluster(tmp_path) as made,
        connected(made.address) as client,
        pytest.raises(ClusterError, match="lost the Dask scheduler"),
    ):
        run_spec(SPEC, tmp_path / "out", client=client, progress=kill)
    kept = files(tmp_path / "out")
    assert 4 <= len(kept) < N_TASKS
    assert kept.items() <= undisturbed.items()
    assert not list((tmp_path / "out" / "locks").iterdir())
    assert run_spec(SPEC, tmp_path / "out").n_found == len(kept)
    assert files(tmp_path / "out") == undisturbed


def test_a_cluster_of_dask_in_this_program_records_failures_with_their_traceback(tmp_path):
    importance = Axis(fields={"importance": [1.0, 1e6]})
    grid = Grid(Problem(n_features=3, n_hidden=2, feature_probability=0.5), kind=importance)
    settings = TrainSettings(n_steps=40, batch_size=16, evaluation_samples=64, optimizer="sgd", learning_rate=0.1)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as local,
        distributed.Client(local, set_as_default=False) as client,
    ):
        result = run_spec(spec_of(grid, settings=settings, task_seconds=1e-9), tmp_path, client=client)
    assert (result.n_run, len(result.failed)) == (1, 1)
    assert "training diverged" in result.failed[0].error
    assert "run_task" in result.failed[0].file.read_text()


def test_a_scheduler_that_is_not_there_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tegum.sweeps.cluster.CONNECT_TIMEOUT", "1s")
    (tmp_path / "spec.toml").write_text(SPEC.to_toml())
    words = ["sweep", str(tmp_path / "spec.toml"), "--out", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:9"]
    assert main(words) == 2
    assert "cannot reach a Dask scheduler at 'tcp://127.0.0.1:9'" in capsys.readouterr().err
