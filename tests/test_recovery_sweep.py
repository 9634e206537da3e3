"""Grids of recoveries in tasks with a file each, and the commands around them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from small_sweep import SPEC as TRAINING
from small_sweep import files

import tegum
from tegum.ground.errors import FileError, InputError
from tegum.recovery import RecoverySpec, StopRule, recover
from tegum.sweeps import DamagedTaskWarning, SweepProgress, run_spec, sweep_recovery
from tegum.sweeps.recovery_tasks import EPOCH, run_recovery_task, tasks_of

STOP = StopRule(max_codes=16, half_width=0.2)
SPEC = RecoverySpec(n_features=40, n_hidden=[16, 24, 32], n_active=[1, 3], decoder="top_k", stop=STOP)
SIZES = ["--n-features", "40", "--n-hidden", "16", "32", "--n-active", "2"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sweep_recovery(SPEC, tmp_path_factory.mktemp("recovery") / "done").out


def test_a_sweep_gives_what_recover_gives(done):
    data = tegum.open_sweep(done)
    xr.testing.assert_identical(data, recover(40, [16, 24, 32], [1, 3], decoder="top_k", stop=STOP))
    assert data["success"].dims == ("n_hidden", "n_active", "estimate")


def test_only_what_is_missing_is_done_and_the_files_are_the_same(done, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(done, folder)
    gone = sorted(files(folder))[:2]
    for name in gone:
        (folder / "tasks" / name).unlink()
    with pytest.raises(FileError, match="2 of the 6 tasks"):
        tegum.open_sweep(folder)
    partly = tegum.open_sweep(folder, partial=True)
    assert int((partly["stopped"] == -1).sum()) == 2
    assert int(np.isnan(partly["success"]).any("estimate").sum()) == 2
    result = sweep_recovery(SPEC, folder)
    assert (result.n_found, result.n_run) == (4, 2)
    assert files(folder) == files(done)


def test_folders_merge_by_copying(done, tmp_path):
    halves = [RecoverySpec(**dict(SPEC) | {"n_hidden": part}) for part in ([16], [24, 32])]
    for half in halves:
        folder = sweep_recovery(half, tmp_path / str(half.n_hidden)).out
        shutil.copytree(folder / "tasks", tmp_path / "merged" / "tasks", dirs_exist_ok=True)
    assert sweep_recovery(SPEC, tmp_path / "merged").n_found == 6
    assert files(tmp_path / "merged") == files(done)


def test_an_interrupt_keeps_what_was_finished(done, tmp_path):
    def interrupt(progress: SweepProgress) -> None:
        if progress.done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep_recovery(SPEC, tmp_path, progress=interrupt)
    n_kept = len(files(tmp_path))
    assert 2 <= n_kept < 6
    assert not list((tmp_path / "locks").iterdir())
    assert sweep_recovery(SPEC, tmp_path).n_found == n_kept
    assert files(tmp_path) == files(done)


def test_a_damaged_file_is_made_again(done, tmp_path):
    folder = tmp_path / "hurt"
    shutil.copytree(done, folder)
    path = sorted((folder / "tasks").iterdir())[0]
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(FileError, match="Run the sweep again, which makes this task anew"):
        tegum.open_sweep(folder)
    with pytest.warns(DamagedTaskWarning, match="cut off or damaged"):
        assert sweep_recovery(SPEC, folder).n_run == 1
    assert files(folder) == files(done)


def test_another_grid_and_another_kind_of_sweep_are_refused(done, tmp_path):
    with pytest.raises(FileError, match=r"seed: 0 in the folder, 1 asked for"):
        sweep_recovery(SPEC.replace(seed=1), done)
    with pytest.raises(FileError, match="holds a sweep of another kind"):
        run_spec(TRAINING, done)
    (tmp_path / "sweep.json").write_text('{"tegum_sweep": 1, "kernel_epoch": 1}')
    with pytest.raises(FileError, match="holds a sweep of another kind"):
        sweep_recovery(SPEC, tmp_path)


def test_a_case_that_fails_does_not_stop_the_others(tmp_path):
    spec = SPEC.replace(code=("sphere", "etf"), n_hidden=16, n_active=1)
    result = sweep_recovery(spec, tmp_path)
    assert (result.n_run, len(result.failed)) == (1, 1)
    assert result.failed[0].where == "etf, top_k, n_features = 40, n_hidden = 16, n_active = 1"
    assert "InputError" in result.failed[0].error
    assert result.open(partial=True)["n_codes"].values[1] == 0


def test_a_task_of_other_numbers_is_refused():
    task = tasks_of(SPEC)[0].replace(epoch=EPOCH + 1)
    with pytest.raises(InputError, match="Use one version of tegum"):
        run_recovery_task(task.to_json(), 1)


def test_recover_prints_a_table_or_json(run):
    said = run("recover", *SIZES, "--max-codes", "16", "--half-width", "0.2")
    assert (said.status, said.err) == (0, "")
    for words in ("n_hidden", "success", "wrong features", "precise"):
        assert words in said.out
    document = run("recover", *SIZES, "--max-codes", "16", "--half-width", "0.2", "--json").json
    data = recover(40, [16, 32], 2, stop=StopRule(max_codes=16, half_width=0.2))
    for i, row in enumerate(document["rows"]):
        assert [row["success"][end] for end in ("low", "best", "high")] == data["success"].values[i].tolist()
        assert row["n_codes"] == row["success"]["n"]


def test_recover_resumes_in_a_folder_and_reads_a_spec(run, tmp_path):
    words = ("recover", *SIZES, "--max-codes", "16", "--half-width", "0.2")
    (tmp_path / "spec.toml").write_text(
        "n_features = 40\nn_hidden = [16, 32]\nn_active = 2\nstop = {max_codes = 16, half_width = 0.2}\n"
    )
    assert run(*words, "--out", "here").out == run(*words).out
    before = files(tmp_path / "here")
    assert run("recover", "--spec", "spec.toml", "--out", "here").out == run(*words).out
    assert files(tmp_path / "here") == before


def test_transition_prints_words_or_json(run):
    words = ("transition", "--n-features", "60", "--n-hidden", "40", "--relative-half-width", "0.2")
    said = run(*words)
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("Success probability 0.5 at n_active = ")
    found = tegum.find_transition(60, 40, relative_half_width=0.2)
    document = run(*words, "--json").json
    assert document["estimate"] == found.estimate.to_dict()
    assert document["points"] == [point._asdict() for point in found.points]
    short = run(*words[:-1], "0.001", "--max-codes", "24")
    assert "The budget of 24 codes was used up" in short.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("recover", "--n-features", "40"), "n_hidden must be given. n_active must be given."),
        (("recover", *SIZES, "--spec", "spec.toml"), "--spec says everything, and --n-features was given too"),
        (("recover", *SIZES, "--scheduler", "tcp://nowhere:1"), "--scheduler needs --out"),
        (("recover", *SIZES, "--max-codes", "4"), "or lower first_codes, to 2 at least"),
        (("recover", *SIZES, "--decoder", "amp"), "there is no decoder 'amp'"),
        (("recover", *SIZES, "--code", "etf", "--out", "x"), "every combination failed; the first: "),
        (("recover", "--spec", "none.toml"), "cannot read none.toml: No such file or directory"),
        (("transition", "--n-features", "40"), "left out: n_hidden, n_active"),
    ],
)
def test_bad_input_is_told_in_one_message(run, words, said):
    told = run(*words)
    assert told.status == 2
    assert said in told.words
    assert "Traceback" not in told.err
