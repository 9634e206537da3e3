"""Sweeps in one process: the same numbers as `train`, the same bytes every time, nothing done twice."""

import json
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from small_sweep import GRID, HOW, N_TASKS, SETTINGS, SPEC, TINY, files

import tegum
from tegum import Axis, FileError, Grid, InputError, Problem
from tegum.store import load, provenance_of
from tegum.sweeps import SweepProgress, SweepResult, open_sweep, run_spec
from tegum.sweeps.locks import Locks, Owner
from tegum.sweeps.partition import content, partition
from tegum.sweeps.work import run_task


@pytest.fixture(scope="module")
def trained() -> xr.Dataset:
    return tegum.train(GRID, SETTINGS, **HOW)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_spec(SPEC, tmp_path_factory.mktemp("sweep") / "done").out


@pytest.fixture
def done(finished: Path, tmp_path: Path) -> Path:
    """A finished sweep of 12 tasks, to be spoilt."""
    return shutil.copytree(finished, tmp_path / "done")


@pytest.mark.parametrize(("seconds", "n_tasks"), [(10.0, 1), (1e-3, 2), (TINY, N_TASKS)])
def test_a_sweep_is_the_dataset_of_train_however_it_is_cut(tmp_path, trained, seconds, n_tasks):
    result = tegum.sweep(GRID, SETTINGS, out=tmp_path, task_seconds=seconds, **HOW)
    assert (result.n_tasks, result.n_run, result.n_found, result.failed) == (n_tasks, n_tasks, 0, ())
    xr.testing.assert_identical(result.open().load(), trained)
    assert provenance_of(result.open()) == provenance_of(trained)


def test_a_single_problem_can_be_swept_over_its_models(tmp_path):
    problem = Problem(n_features=4, n_hidden=2, feature_probability=0.1)
    result = tegum.sweep(problem, SETTINGS, n_models=3, out=tmp_path, task_seconds=TINY)
    xr.testing.assert_identical(result.open().load(), tegum.train(problem, SETTINGS, n_models=3))
    assert result.n_tasks == 3


def test_cells_of_different_shapes_are_filled_up_with_zeros(tmp_path):
    kinds = Axis(fields={"n_features": [2, 4, 3], "output": ["relu", "linear", "relu"]})
    grid = Grid(Problem(n_features=2, n_hidden=1, feature_probability=0.5), n_hidden=[1, 2], kind=kinds)
    result = tegum.sweep(grid, SETTINGS, out=tmp_path, task_seconds=TINY)
    xr.testing.assert_identical(result.open().load(), tegum.train(grid, SETTINGS))


SELECTIONS = [
    {"n_hidden": 1},
    {"n_hidden": [1, 0], "model": [1, 0]},
    {"model": -1, "feature": [3, 0], "feature_probability": slice(None, None, 2)},
    {"n_hidden": 0, "feature_probability": 2, "model": 1, "feature": 1, "hidden": 0},
    {"hidden": slice(None, None, -1), "model": slice(1, None, -1)},
    {"model": slice(0, 0)},
    {"step": 1, "snapshot": slice(1, 2)},
]


@pytest.mark.parametrize("chosen", SELECTIONS)
@pytest.mark.parametrize("dask", [True, False])
def test_any_part_can_be_read_alone(finished, trained, chosen, dask, monkeypatch):
    if dask:
        pytest.importorskip("dask", reason="dask is in the extra `cluster`")
    else:
        monkeypatch.setattr("tegum.sweeps.opening.importlib.util.find_spec", lambda name: None)
    opened = open_sweep(finished)
    assert (opened["W"].chunks is not None) == dask
    xr.testing.assert_identical(opened.isel(chosen).load(), trained.isel(chosen))


def test_reading_a_part_opens_the_files_of_that_part_only(finished, monkeypatch):
    monkeypatch.setattr("tegum.sweeps.opening.importlib.util.find_spec", lambda name: None)
    opened, read = open_sweep(finished), []
    check = tegum.sweeps.reading.problem_with
    monkeypatch.setattr("tegum.sweeps.reading.problem_with", lambda path, key: read.append(key) or check(path, key))
    opened["W"].sel(feature_probability=0.2, n_hidden=2).load()
    assert len(read) == 2
    opened["bias"].sel(feature_probability=0.2, n_hidden=2).load()
    assert len(read) == 2, "a file is checked once"


def test_a_task_file_is_an_ordinary_dataset_that_says_what_it_is(finished, trained):
    task = partition(SPEC.resolved(), 1)[3]  # model 1 of cell (0, 1)
    data = load(finished / "tasks" / f"{task.key}.nc")
    assert data.attrs["task"] == task.key
    assert json.loads(data.attrs["task_content"])["first_model"] == task.block.first_model == 1
    expected = trained["W"].values[0, 1, 1]
    np.testing.assert_array_equal(data["W"].values[0, 0], expected)
    assert data["W"].attrs == trained["W"].attrs


def test_the_bytes_of_a_task_do_not_depend_on_time_threads_or_neighbours():
    spec = SPEC.resolved().replace(task_seconds=10.0)
    (task,) = partition(spec, 1)
    text = content(spec, 1, spec.grid.cells(), task.block).to_json()
    first = run_task(text, 1)
    time.sleep(1.1)  # HDF5 stamps whole seconds
    assert run_task(text, 2) == first


def test_two_sweeps_make_the_same_files(finished, tmp_path):
    again = run_spec(SPEC, tmp_path / "again").out
    assert files(again) == files(finished)
    assert (again / "sweep.json").read_bytes() == (finished / "sweep.json").read_bytes()


def test_started_again_it_does_only_what_is_missing(done):
    before, times = files(done), {p.name: p.stat().st_mtime_ns for p in (done / "tasks").iterdir()}
    missing = sorted(before)[::4]
    for name in missing:
        (done / "tasks" / name).unlink()
    result = run_spec(SPEC, done)
    assert (result.n_found, result.n_run) == (N_TASKS - len(missing), len(missing))
    assert files(done) == before
    after = {p.name: p.stat().st_mtime_ns for p in (done / "tasks").iterdir()}
    assert {name for name in times if after[name] != times[name]} == set(missing)
    assert run_spec(SPEC, done).n_run == 0


def test_two_folders_of_one_sweep_merge_by_copying_in_any_order(finished, tmp_path):
    names = sorted(files(finished))
    for folder, mine in (("one", names[:8]), ("two", names[5:])):
        (tmp_path / folder / "tasks").mkdir(parents=True)
        shutil.copy(finished / "sweep.json", tmp_path / folder)
        for name in mine:
            shutil.copy(finished / "tasks" / name, tmp_path / folder / "tasks")
    for order in (("one", "two"), ("two", "one")):
        merged = tmp_path / "-".join(order)
        for folder in order:
            shutil.copytree(tmp_path / folder, merged, dirs_exist_ok=True)
        assert files(merged) == files(finished)
        xr.testing.assert_identical(open_sweep(merged).load(), open_sweep(finished).load())
        assert run_spec(SPEC, merged).n_run == 0


def test_task_files_without_a_spec_are_found_by_name(finished, tmp_path):
    shutil.copytree(finished / "tasks", tmp_path / "fresh" / "tasks")
    assert run_spec(SPEC, tmp_path / "fresh").n_found == N_TASKS


def test_another_sweep_in_the_same_folder_is_refused_with_the_difference(done):
    before = files(done)
    with pytest.raises(FileError) as refused:
        run_spec(SPEC.replace(seed=6, settings=SETTINGS.replace(n_steps=13)), done)
    lines = str(refused.value).splitlines()[1:]
    assert lines == ["  seed: 5 in the folder, 6 asked for", "  settings.n_steps: 12 in the folder, 13 asked for"]
    assert files(done) == before


def test_progress_counts_tasks(tmp_path):
    told: list[SweepProgress] = []
    run_spec(SPEC, tmp_path, progress=told.append)
    assert [p.total for p in told] == [N_TASKS] * len(told)
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert [p.share for p in told] == sorted(p.share for p in told)
    assert (told[0].done, told[-1].done, told[-1].share, told[-1].seconds_left) == (0, N_TASKS, 1.0, 0.0)


def test_work_of_another_process_is_waited_for(tmp_path, finished):
    keys = [name.removesuffix(".nc") for name in files(finished)]
    theirs = Locks(tmp_path / "locks", me=Owner("another-machine", 1, "-"))
    tmp_path.joinpath("locks").mkdir()
    assert theirs.claim(keys[0])
    assert theirs.claim(keys[1])
    results: list[SweepResult] = []
    thread = threading.Thread(target=lambda: results.append(run_spec(SPEC, tmp_path)))
    thread.start()
    while len(list(tmp_path.glob("tasks/*.nc"))) < N_TASKS - 2:
        time.sleep(0.05)
    assert thread.is_alive()
    shutil.copy(finished / "tasks" / f"{keys[0]}.nc", tmp_path / "tasks")  # they finish one, and give up the other
    theirs.release_all()
    thread.join(20)
    assert (results[0].n_run, results[0].n_elsewhere) == (N_TASKS - 1, 1)
    assert files(tmp_path) == files(finished)


@pytest.mark.slow
def test_the_reference_kernel_sweeps_too(tmp_path):
    grid = Grid(GRID.problem, n_hidden=[1, 2])
    result = tegum.sweep(grid, SETTINGS, n_models=2, out=tmp_path, kernel="reference", task_seconds=10)
    xr.testing.assert_identical(result.open().load(), tegum.train(grid, SETTINGS, n_models=2, kernel="reference"))


def test_a_client_must_be_one(tmp_path):
    with pytest.raises(InputError, match=r"must be a distributed.Client"):
        tegum.sweep(GRID, SETTINGS, out=tmp_path, client="tcp://somewhere")
