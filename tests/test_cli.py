"""The command line: training, help, and accidents."""

import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from commands import PROBLEM, QUICK, VARIED, Said, Tegum

import tegum
from tegum.cli import _COMMANDS, BAD_INPUT, INTERRUPTED, OK, main


class TestTrain:
    def test_writes_a_file_and_shows_it(self, run: Tegum) -> None:
        said = run("train", *PROBLEM, *QUICK, "--out", "a.nc")
        assert (said.status, said.err) == (OK, "")
        assert said.out == run("show", "a.nc").out
        assert "n_features 3, n_hidden 2, feature_probability 0.2, importance 1" in said.out
        data = tegum.load("a.nc")
        expected = tegum.train(
            tegum.Problem(n_features=3, n_hidden=2, feature_probability=0.2),
            tegum.TrainSettings(n_steps=20, batch_size=16, evaluation_samples=64),
        )
        assert data.identical(expected)

    def test_json_is_one_document(self, run: Tegum) -> None:
        said = run("train", *PROBLEM, *QUICK, *VARIED, "--seed", "7", "--out", "a.nc", "--json")
        assert (said.status, said.err) == (OK, "")
        assert said.json["problem"]["n_features"] == 3
        assert said.json["settings"]["n_steps"] == 20
        assert (said.json["n_models"], said.json["seed"], said.json["kernel"]) == (2, 7, "fused")
        data = tegum.load("a.nc")
        assert [cell["feature_probability"] for cell in said.json["cells"]] == [1.0, 0.1]
        assert [cell["loss"] for cell in said.json["cells"]] == data["loss"].min("model").values.tolist()
        assert said.json["cells"][0]["highest_loss"] == float(data["loss"][0].max())

    def test_every_form_of_a_number_per_feature(self, run: Tegum) -> None:
        said = run(
            "train", "--n-features", "3", "--n-hidden", "2", "--feature-probability", "0.2,0.1,1", "--importance",
            "2 0.7^i", *QUICK, "--vary", "importance=(1,0.5,0.1),(i+1)^-1", "--out", "a.nc", "--json",
        )  # fmt: skip
        assert [cell["importance"] for cell in said.json["cells"]] == ["(1, 0.5, 0.1)", "(i+1)^-1"]
        data = tegum.load("a.nc")
        np.testing.assert_allclose(data["probabilities"][0], [0.2, 0.1, 1])
        np.testing.assert_allclose(data["importances"], [[1, 0.5, 0.1], [1, 1 / 2, 1 / 3]])

    def test_weights_and_snapshots(self, run: Tegum) -> None:
        said = run("train", *PROBLEM, *QUICK, "--out", "a.nc", "--weights", "a.safetensors", "--snapshots", "3")
        assert said.status == OK
        data = tegum.load("a.nc")
        assert data.sizes["snapshot"] == 3
        np.testing.assert_array_equal(tegum.load_weights("a.safetensors")["W"], data["W"])

    def test_retrain_gives_the_same_bits(self, run: Tegum) -> None:
        assert run("train", *PROBLEM, *QUICK, *VARIED, "--seed", "5", "--snapshots", "2", "--out", "a.nc").status == OK
        assert run("retrain", "a.nc", "--out", "b.nc", "--weights", "b.safetensors").status == OK
        assert tegum.load("b.nc").identical(tegum.load("a.nc"))
        assert run("retrain", "b.nc", "--out", "b.nc", "--overwrite").status == OK
        assert tegum.load("b.nc").identical(tegum.load("a.nc"))

    def test_retrain_says_when_the_numbers_of_the_kernel_have_changed(self, run: Tegum, trained: xr.Dataset) -> None:
        tegum.save(trained.assign_attrs(kernel_epoch=0), "old.nc")
        said = run("retrain", "old.nc", "--out", "new.nc")
        assert said.status == OK
        assert said.err.startswith("tegum: warning: old.nc was made with epoch 0 of the fused kernel, and this version")
        assert said.err.count("\n") == 1
        assert run("retrain", "new.nc", "--out", "again.nc").err == ""

    def test_overwrites_only_if_told(self, run: Tegum) -> None:
        Path("a.nc").write_text("mine")
        said = run("train", *PROBLEM, *QUICK, "--out", "a.nc")
        assert (said.status, said.out) == (BAD_INPUT, "")
        assert said.err == "tegum: a.nc exists. Choose another name, or pass overwrite=True (--overwrite).\n"
        assert Path("a.nc").read_text() == "mine"
        assert run("train", *PROBLEM, *QUICK, "--out", "a.nc", "--overwrite").status == OK
        assert tegum.load("a.nc").sizes["feature"] == 3


class TestAccidents:
    @pytest.mark.parametrize(
        ("accident", "status", "message"),
        [
            (KeyboardInterrupt(), INTERRUPTED, "tegum: interrupted; what was finished is kept.\n"),
            (
                MemoryError("Unable to allocate 8 TiB"),
                BAD_INPUT,
                "tegum: Unable to allocate 8 TiB. Ask for less at once: smaller sizes or counts.\n",
            ),
            (MemoryError(), BAD_INPUT, "tegum: out of memory. Ask for less at once: smaller sizes or counts.\n"),
            (OSError(28, "No space left on device"), BAD_INPUT, "tegum: [Errno 28] No space left on device\n"),
        ],
    )
    def test_while_training(
        self, run: Tegum, monkeypatch: pytest.MonkeyPatch, accident: BaseException, status: int, message: str
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise accident

        monkeypatch.setattr("tegum.training.train", fail)
        assert run("train", *PROBLEM, "--out", "a.nc") == Said(status, "", message)
        assert not list(Path().iterdir())

    def test_no_room_for_the_output(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        class Full(io.StringIO):
            def write(self, text: str) -> int:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(sys, "stdout", Full())
        assert main(["--version"]) == BAD_INPUT
        assert capsys.readouterr().err == "tegum: [Errno 28] No space left on device\n"

    def test_a_mistake_of_ours_is_not_hidden(self, run: Tegum, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tegum.training.train", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run("train", *PROBLEM, "--out", "a.nc")


class TestHelp:
    def test_version(self, run: Tegum) -> None:
        assert run("--version") == Said(OK, f"tegum {tegum.__version__}\n", "")

    @pytest.mark.parametrize("command", _COMMANDS)
    def test_every_command_explains_itself(self, run: Tegum, command: str) -> None:
        said = run(*command.split(), "--help")
        assert (said.status, said.err) == (OK, "")
        assert said.out.startswith(f"usage: tegum {command} [-h]")
        assert "--json" in said.out
        assert command in run("--help").out

    def test_every_field_is_an_option_of_train(self, run: Tegum) -> None:
        text = run("train", "--help").out
        for field in (*tegum.Problem.model_fields, *tegum.TrainSettings.model_fields):
            assert re.search(f"--{field.replace('_', '-')}[ ,]", text), field  # a comma before the option --no-...

    def test_list(self, run: Tegum) -> None:
        table, listed = run("list").out, run("list", "--json").json
        assert {"five-in-two", "linear-against-relu"} <= {each["id"] for each in listed}
        for each in listed:
            assert all(word in table for word in (each["id"], *each["claims"]))

    def test_help_is_quick(self) -> None:
        """No heavy import: neither the compiler, nor torch, nor matplotlib."""
        code = "import sys; from tegum.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert "usage: tegum" in done.stdout
        large = {"torch", "numba", "matplotlib", "dask", "sklearn", "xarray", "pandas", "scipy"}
        assert large.isdisjoint(done.stderr.split())

    def test_as_a_module(self) -> None:
        done = subprocess.run([sys.executable, "-m", "tegum", "--version"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (OK, f"tegum {tegum.__version__}\n", "")
