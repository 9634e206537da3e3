"""Sweeps that are killed, interrupted, crowded or out of room: what was finished is kept, and the end is the same."""

import json
import multiprocessing
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import xarray as xr

from tegum import FileError, Grid, Problem, TrainSettings
from tegum.sweeps import SweepSpec, open_sweep, run_spec
from tegum.sweeps.spec import spec_of

pytestmark = pytest.mark.slow

GRID = Grid(
    Problem(n_features=5, n_hidden=2, feature_probability=1.0), feature_probability=[1.0, 0.3, 0.1, 0.03, 0.01, 0.003]
)
SETTINGS = TrainSettings(n_steps=400, batch_size=256, evaluation_samples=1024)
SPEC = spec_of(GRID, settings=SETTINGS, n_models=8, seed=1, task_seconds=1e-9)
N_TASKS = 48
N_KILLS = 20


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = run_spec(SPEC, tmp_path_factory.mktemp("undisturbed"))
    assert result.n_run == N_TASKS
    return result.out


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("tasks/*.nc")}


def command(spec: SweepSpec, folder: Path) -> list[str]:
    path = folder.with_suffix(".toml")
    path.write_text(spec.to_toml())
    return [sys.executable, "-m", "tegum", "sweep", str(path), "--out", str(folder), "--json"]


def wait_for(folder: Path, n_files: int) -> None:
    end = time.monotonic() + 60
    while len(list(folder.glob("tasks/*.nc"))) < n_files:
        assert time.monotonic() < end, "nothing was finished in a minute"
        time.sleep(0.01)


def test_killed_at_any_moment_and_resumed_it_ends_as_if_undisturbed(tmp_path, undisturbed):
    # A clean process that has imported everything, and from which the victims are forked
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tegum.sweeps", "tegum.kernels.fused"])
    moments = random.Random(0)
    expected, folders, n_in_the_middle = files(undisturbed), [tmp_path / "0"], 0
    for kill in range(N_KILLS):
        folder = folders[-1]
        victim = context.Process(target=run_spec, args=(SPEC, folder))
        victim.start()
        if kill % 2:  # in the middle of the work, however slow the machine is
            wait_for(folder, len(files(folder)) + 1)
            time.sleep(moments.uniform(0, 0.3))
        else:  # at any moment, also while it starts
            time.sleep(moments.uniform(0, 1.5))
        victim.kill()
        victim.join()
        found = files(folder)
        assert found.items() <= expected.items(), "a file is there whole or not at all"
        n_in_the_middle += 0 < len(found) < N_TASKS
        if len(found) == N_TASKS:
            folders.append(tmp_path / str(len(folders)))
    assert n_in_the_middle >= N_KILLS // 4
    for folder in folders:
        present = len(files(folder))
        result = run_spec(SPEC, folder)
        assert (result.n_found, result.n_run) == (present, N_TASKS - present)
        assert files(folder) == expected
        assert not list(folder.glob("tasks/.*"))
        xr.testing.assert_identical(open_sweep(folder).load(), open_sweep(undisturbed).load())


def test_processes_in_one_folder_share_the_work(tmp_path, undisturbed):
    folder = tmp_path / "shared"
    crowd = [
        subprocess.Popen(command(SPEC, folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120) for process in crowd]
    assert [process.returncode for process in crowd] == [0, 0, 0], said
    records = [json.loads(out) for out, _ in said]
    assert sum(record["n_run"] for record in records) == N_TASKS, "no task was done twice"
    assert all(r["n_found"] + r["n_run"] + r["n_elsewhere"] == N_TASKS for r in records)
    assert files(folder) == files(undisturbed)


def test_work_of_a_process_that_was_killed_is_taken_over_by_one_that_lives(tmp_path, undisturbed):
    folder = tmp_path / "inherited"
    context = multiprocessing.get_context("forkserver")
    victim = context.Process(target=run_spec, args=(SPEC, folder))
    victim.start()
    wait_for(folder, 2)
    survivor = subprocess.Popen(command(SPEC, folder), stdout=subprocess.PIPE, text=True)
    time.sleep(0.2)
    victim.kill()
    victim.join()
    assert json.loads(survivor.communicate(timeout=120)[0])["n_tasks"] == N_TASKS
    assert files(folder) == files(undisturbed)


def test_an_interrupt_ends_with_130_and_keeps_what_was_finished(tmp_path, undisturbed):
    folder = tmp_path / "interrupted"
    process = subprocess.Popen(command(SPEC, folder), stderr=subprocess.PIPE, text=True)
    wait_for(folder, 3)
    process.send_signal(signal.SIGINT)
    assert "interrupted; what was finished is kept" in process.communicate(timeout=60)[1]
    assert process.returncode == 130
    n_kept = len(files(folder))
    assert 3 <= n_kept < N_TASKS
    assert not list(folder.glob("locks/*"))
    assert not list(folder.glob("tasks/.*"))
    assert run_spec(SPEC, folder).n_found == n_kept
    assert files(folder) == files(undisturbed)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that soon is full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_the_sweep_and_room_lets_it_go_on(small_disk, undisturbed):
    folder, expected = small_disk / "sweep", files(undisturbed)
    with pytest.raises(FileError, match="No space left on device"):
        run_spec(SPEC, folder)
    kept = files(folder)
    assert 0 < len(kept) < N_TASKS
    assert kept.items() <= expected.items()
    assert not list(folder.glob("tasks/.*"))
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert run_spec(SPEC, folder).n_found == len(kept)
    assert files(folder) == expected
