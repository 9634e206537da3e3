"""Sweeps in one process: the same numbers as `train`, the same bytes every time, nothing done twice, nothing lost."""

import errno
import json
import os
import shutil
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tegum
from tegum import Axis, FileError, Grid, InputError, Problem, Record, TrainSettings
from tegum.cli import main
from tegum.store import load, provenance_of
from tegum.sweeps import DamagedTaskWarning, FailedTask, SweepProgress, SweepResult, SweepSpec, open_sweep, run_spec
from tegum.sweeps.locks import Locks, Owner
from tegum.sweeps.partition import content, partition
from tegum.sweeps.spec import spec_of
from tegum.sweeps.work import run_task

GRID = Grid(
    Problem(n_features=4, n_hidden=2, feature_probability=1.0), feature_probability=[1.0, 0.2, 0.05], n_hidden=[1, 2]
)
SETTINGS = TrainSettings(n_steps=12, batch_size=16, evaluation_samples=64)
HOW = {"n_models": 2, "seed": 5, "record": Record(n_losses=4, snapshots=2)}
TINY = 1e-9  # seconds per task: one task for each model
SPEC = spec_of(GRID, settings=SETTINGS, task_seconds=TINY, **HOW)
N_TASKS = len(GRID) * 2


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


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tasks").iterdir())}


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


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _exchange(path: Path) -> None:
    other = next(p for p in sorted(path.parent.iterdir()) if p != path)
    shutil.copy(other, path)


@pytest.mark.parametrize("spoil", [_truncate, _flip, _empty, _exchange])
def test_a_damaged_file_is_reported_and_done_again(done, spoil):
    before = files(done)
    path = done / "tasks" / sorted(before)[3]
    spoil(path)
    with pytest.raises(FileError, match="Run the sweep again"):
        open_sweep(done)["W"].load()
    with pytest.warns(DamagedTaskWarning, match=f"{path.name} .*The task is done again"):
        assert run_spec(SPEC, done).n_run == 1
    assert files(done) == before


def test_an_unfinished_sweep_opens_only_if_asked_and_says_what_is_missing(done, trained):
    for name in sorted(files(done))[:2]:
        (done / "tasks" / name).unlink()
    with pytest.raises(FileError, match=f"2 of the {N_TASKS} tasks .* partial=True"):
        open_sweep(done)
    opened = open_sweep(done, partial=True).load()
    missing = opened["loss"].isnull()
    assert int(missing.sum()) == 2
    xr.testing.assert_equal(opened["W"], trained["W"].where(~missing))


def test_a_folder_that_is_no_sweep_is_refused(tmp_path, done):
    with pytest.raises(FileError, match="holds no sweep"):
        open_sweep(tmp_path)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("")
    with pytest.raises(FileError, match=r"holds other files \(chapter.tex\)"):
        run_spec(SPEC, tmp_path / "thesis")
    with pytest.raises(FileError, match="cannot make the folder"):
        run_spec(SPEC, tmp_path / "thesis" / "chapter.tex" / "deep")
    record = json.loads((done / "sweep.json").read_text())
    (done / "sweep.json").write_text(json.dumps(record | {"tegum_sweep": 99}))
    with pytest.raises(FileError, match="Install a newer tegum"):
        run_spec(SPEC, done)
    (done / "sweep.json").write_text(json.dumps(record)[:-30])
    with pytest.raises(FileError, match=r"damaged.*finished tasks are found by name"):
        open_sweep(done)
    for name in files(done):
        (done / "tasks" / name).unlink()
    (done / "sweep.json").write_text(json.dumps(record))
    with pytest.raises(FileError, match="Run the sweep again"):
        open_sweep(done, partial=True)


DIVERGING = Grid(
    Problem(n_features=3, n_hidden=2, feature_probability=0.5), importance=[0.5, 1e6, 1.0]
)  # one step of this size leads nowhere in the second cell only
STEEP = TrainSettings(n_steps=40, batch_size=16, evaluation_samples=64, optimizer="sgd", learning_rate=0.1)


def test_a_failing_task_is_recorded_and_stops_nobody(tmp_path, recwarn):
    result = tegum.sweep(DIVERGING, STEEP, n_models=2, out=tmp_path, task_seconds=TINY)
    assert (result.n_tasks, result.n_run, len(result.failed)) == (6, 4, 2)
    for task in result.failed:
        assert "importance = 1000000.0, models" in task.where
        assert "training diverged" in task.error
        text = task.file.read_text()
        assert "Traceback" in text
        assert task.where in text
    opened = result.open(partial=True)
    assert opened["loss"].isnull().values.tolist() == [[False] * 2, [True] * 2, [False] * 2]
    again = tegum.sweep(DIVERGING, STEEP, n_models=2, out=tmp_path, task_seconds=TINY)
    assert (again.n_found, again.n_run, len(again.failed)) == (4, 0, 2)
    assert len(list((tmp_path / "failures").iterdir())) == 2


def test_the_record_of_a_failure_goes_when_the_task_succeeds(done, monkeypatch):
    before = files(done)
    for name in sorted(before)[:2]:
        (done / "tasks" / name).unlink()

    def broken(*_: object) -> bytes:
        raise MemoryError("no room")

    with monkeypatch.context() as patch:
        patch.setattr("tegum.sweeps.workers.run_task", broken)
        assert [task.error for task in run_spec(SPEC, done).failed] == ["MemoryError: no room"] * 2
    assert run_spec(SPEC, done).failed == ()
    assert not list((done / "failures").iterdir())
    assert files(done) == before


def test_a_failure_that_was_merged_with_a_success_is_forgotten(done):
    key = sorted(files(done))[0].removesuffix(".nc")
    (done / "failures").mkdir(exist_ok=True)
    (done / "failures" / f"{key}.txt").write_text("Traceback")
    (done / "tasks" / f".{key}.nc.abc.part").write_bytes(b"half")
    run_spec(SPEC, done)
    assert not list((done / "failures").iterdir())
    assert not list((done / "tasks").glob(".*"))


def test_an_interrupt_keeps_what_was_finished(tmp_path, finished):
    def interrupt(progress: SweepProgress) -> None:
        if progress.done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_spec(SPEC, tmp_path, progress=interrupt)
    kept = files(tmp_path)
    assert 4 <= len(kept) < N_TASKS
    assert not list((tmp_path / "locks").iterdir())
    result = run_spec(SPEC, tmp_path)
    assert result.n_run == N_TASKS - len(kept)
    assert files(tmp_path) == files(finished)


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


def test_a_full_disk_stops_the_sweep_and_keeps_what_was_finished(tmp_path, finished, monkeypatch):
    write, count = Path.write_bytes, []

    def full(path: Path, data: bytes) -> int:
        count.append(path)
        if len(count) > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(FileError, match="No space left on device"):
            run_spec(SPEC, tmp_path)
    assert len(files(tmp_path)) == 5
    assert not list((tmp_path / "locks").iterdir())
    assert run_spec(SPEC, tmp_path).n_run == N_TASKS - 5
    assert files(tmp_path) == files(finished)


def test_a_folder_that_cannot_be_written_to_is_refused(done, monkeypatch):
    (done / "tasks" / sorted(files(done))[0]).unlink()
    access, write = os.access, Path.open
    if os.geteuid() == 0:  # root may write anywhere
        monkeypatch.setattr(os, "access", lambda path, mode, **k: mode != os.W_OK and access(path, mode, **k))

        def read_only(path: Path, mode: str = "r", *args: object, **named: object):
            if set(mode) & set("wax+"):
                raise PermissionError(errno.EROFS, os.strerror(errno.EROFS))
            return write(path, mode, *args, **named)

        monkeypatch.setattr(Path, "open", read_only)
    for path in (done / "tasks", done / "locks", done):
        path.chmod(0o555)
    try:
        with pytest.raises(FileError, match="cannot write"):
            run_spec(SPEC, done)
        assert len(files(done)) == N_TASKS - 1
    finally:
        for path in (done, done / "locks", done / "tasks"):
            path.chmod(0o755)


def test_a_finished_sweep_needs_no_right_to_write(done, monkeypatch):
    monkeypatch.setattr("tegum.sweeps.folder.replacing", lambda *_, **__: pytest.fail("it wrote"))
    shutil.rmtree(done / "locks")
    assert run_spec(SPEC, done).n_found == N_TASKS
    assert not (done / "locks").exists()


def test_a_kernel_with_other_numbers_is_refused(done):
    record = json.loads((done / "sweep.json").read_text())
    (done / "sweep.json").write_text(json.dumps(record | {"kernel_epoch": 0}))
    with pytest.raises(FileError, match="kernel_epoch: 0 in the folder, 1 asked for"):
        run_spec(SPEC, done)
    spec = SPEC.resolved()
    text = content(spec, 0, spec.grid.cells(), partition(spec, 0)[0].block).to_json()
    with pytest.raises(InputError, match="one version of tegum"):
        run_task(text, 1)


@pytest.mark.slow
def test_the_reference_kernel_sweeps_too(tmp_path):
    grid = Grid(GRID.problem, n_hidden=[1, 2])
    result = tegum.sweep(grid, SETTINGS, n_models=2, out=tmp_path, kernel="reference", task_seconds=10)
    xr.testing.assert_identical(result.open().load(), tegum.train(grid, SETTINGS, n_models=2, kernel="reference"))


def test_a_client_must_be_one(tmp_path):
    with pytest.raises(InputError, match=r"must be a distributed.Client"):
        tegum.sweep(GRID, SETTINGS, out=tmp_path, client="tcp://somewhere")


def spec_file(tmp_path: Path, spec: SweepSpec = SPEC) -> str:
    path = tmp_path / "spec.toml"
    path.write_text(spec.to_toml())
    return str(path)


def test_the_command_prints_what_was_done(tmp_path, capsys, finished):
    out = str(tmp_path / "out")
    assert main(["sweep", spec_file(tmp_path), "--out", out]) == 0
    assert capsys.readouterr().out == f"{out}: {N_TASKS} of {N_TASKS} tasks finished, {N_TASKS} of them now.\n"
    assert files(Path(out)) == files(finished)
    assert main(["sweep", spec_file(tmp_path), "--out", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "out": out, "n_tasks": N_TASKS, "n_found": N_TASKS, "n_run": 0, "n_elsewhere": 0, "failed": [],
    }  # fmt: skip


def test_the_command_reports_failures_and_damage(tmp_path, capsys):
    out, spec = tmp_path / "out", spec_of(DIVERGING, settings=STEEP, task_seconds=TINY)
    assert main(["sweep", spec_file(tmp_path, spec), "--out", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "2 of 3 tasks finished" in printed
    assert "Failed: importance = 1000000.0, models 0 to 0" in printed
    _truncate(next((out / "tasks").iterdir()))
    with warnings.catch_warnings():
        assert main(["sweep", spec_file(tmp_path, spec), "--out", str(out), "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("tegum: warning: ")
    assert captured.err.count("\n") == 1
    (failed,) = json.loads(captured.out)["failed"]
    assert set(failed) == set(FailedTask._fields)
    assert Path(failed["file"]).exists()


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("n_models = 3", "problem must be given"),
        ("n_models = ", "this is not TOML"),
        (None, "cannot read"),
    ],
)
def test_the_command_refuses_a_bad_spec(tmp_path, capsys, toml, message):
    path = tmp_path / "spec.toml"
    if toml:
        path.write_text(toml)
    assert main(["sweep", str(path), "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_says_when_another_process_helped(tmp_path):
    from tegum.sweeps.command import in_words

    result = SweepResult(tmp_path, n_tasks=4, n_found=1, n_run=2, n_elsewhere=1, failed=())
    assert "Another process did 1." in in_words(result)
