"""Sweeps that are damaged, interrupted, refused, or fail in part: nothing is lost, and a message says what to do."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import xarray as xr
from small_sweep import DIVERGING, GRID, HOW, N_TASKS, SETTINGS, SPEC, STEEP, TINY, files, truncate

import tegum
from tegum import FileError, InputError
from tegum.sweeps import DamagedTaskWarning, SweepProgress, open_sweep, run_spec
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


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _exchange(path: Path) -> None:
    other = next(p for p in sorted(path.parent.iterdir()) if p != path)
    shutil.copy(other, path)


@pytest.mark.parametrize("spoil", [truncate, _flip, _empty, _exchange])
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
