"""`tegum sweep`: what it prints, and its exit status."""

import json
import warnings
from pathlib import Path

import pytest
from small_sweep import DIVERGING, N_TASKS, SPEC, STEEP, TINY, files, truncate

from tegum.cli import main
from tegum.sweeps import FailedTask, SweepResult, SweepSpec, run_spec
from tegum.sweeps.spec import spec_of


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_spec(SPEC, tmp_path_factory.mktemp("sweep") / "done").out


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
    truncate(next((out / "tasks").iterdir()))
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
