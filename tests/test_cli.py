"""The command line: what it prints, what it writes, and what it says when it cannot."""

import io
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import xarray as xr

import tegum
from tegum.cli import _COMMANDS, BAD_INPUT, INTERRUPTED, OK, main
from tegum.store.layout import package_attributes

PROBLEM = ["--n-features", "3", "--n-hidden", "2", "--feature-probability", "0.2"]
QUICK = ["--n-steps", "20", "--batch-size", "16", "--evaluation-samples", "64"]
VARIED = ["--vary", "feature_probability=1,0.1", "--n-models", "2"]


class Said(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Standard error in one line, without the frame that some messages have."""
        return " ".join(self.err.replace("│", " ").split())

    @property
    def json(self) -> Any:
        return json.loads(self.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


Tegum = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tegum:
    """Run a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Said:
        status = main(list(words))
        return Said(status, *capsys.readouterr())

    return run


@pytest.fixture
def grid_file(trained: xr.Dataset, tmp_path: Path) -> Path:
    return tegum.save(trained, tmp_path / "grid.nc")


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

    def test_overwrites_only_if_told(self, run: Tegum) -> None:
        Path("a.nc").write_text("mine")
        said = run("train", *PROBLEM, *QUICK, "--out", "a.nc")
        assert (said.status, said.out) == (BAD_INPUT, "")
        assert said.err == "tegum: a.nc exists. Choose another name, or pass overwrite=True (--overwrite).\n"
        assert Path("a.nc").read_text() == "mine"
        assert run("train", *PROBLEM, *QUICK, "--out", "a.nc", "--overwrite").status == OK
        assert tegum.load("a.nc").sizes["feature"] == 3


SELECTIONS: dict[str, tuple[Callable[[xr.Dataset], xr.Dataset], int]] = {  # and how many cells `show` finds in them
    "one model": (lambda data: data.isel(model=1), 6),
    "one model, as a list": (lambda data: data.isel(model=[1]), 6),
    "one probability": (lambda data: data.sel(feature_probability=0.05), 2),
    "one cell, one model": (lambda data: data.isel(feature_probability=0, n_hidden=0, model=0, drop=True), 1),
    "no coordinate": (lambda data: data.drop_vars("feature_probability"), 6),
    "other order": (
        lambda data: data.transpose("hidden", "model", "n_hidden", "feature", "feature_probability", ...),
        6,
    ),
    "no cell": (lambda data: data.isel(n_hidden=[]), 0),
    "no model": (lambda data: data.isel(model=[]), 0),
    "no losses": (lambda data: data[["W", "bias"]], 0),
    "no weights": (lambda data: data.drop_vars("W"), 0),
    "one feature": (lambda data: data.isel(feature=0), 0),
}


class TestShow:
    def test_a_row_for_each_cell(self, run: Tegum, grid_file: Path, trained: xr.Dataset) -> None:
        said = run("show", str(grid_file))
        assert (said.status, said.err) == (OK, "")
        assert "feature_probability (3), n_hidden (2)" in said.out
        rows = run("show", str(grid_file), "--json").json["cells"]
        expected = [(p, m) for p in (1.0, 0.2, 0.05) for m in (2, 3)]
        assert [(row["feature_probability"], row["n_hidden"]) for row in rows] == expected
        assert [row["best_model"] for row in rows] == trained["loss"].argmin("model").values.ravel().tolist()
        assert [row["loss"] for row in rows] == trained["loss"].min("model").values.ravel().tolist()

    @pytest.mark.parametrize("name", SELECTIONS)
    def test_a_selection_saved_by_hand(self, run: Tegum, trained: xr.Dataset, name: str) -> None:
        select, n_cells = SELECTIONS[name]
        tegum.save(select(trained), "part.nc")
        said = run("show", "part.nc", "--json")
        assert (said.status, said.err, len(said.json["cells"])) == (OK, "", n_cells)
        assert run("show", "part.nc").status == OK

    def test_a_selection_says_which_cell_it_is(self, run: Tegum, trained: xr.Dataset) -> None:
        tegum.save(trained.sel(feature_probability=0.05), "one.nc")
        assert {row["feature_probability"] for row in run("show", "one.nc", "--json").json["cells"]} == {0.05}
        tegum.save(trained.drop_vars("feature_probability"), "lost.nc")
        rows = run("show", "lost.nc", "--json").json["cells"]
        assert [row["feature_probability"] for row in rows[::2]] == ["[0]", "[1]", "[2]"]

    def test_coherence_is_that_of_the_represented(self, run: Tegum, trained: xr.Dataset) -> None:
        data = trained.isel(feature_probability=0, n_hidden=0)
        W = np.array([[1, 0], [0, 1], [0.1, 0.1], [0, 0], [0, 0]], np.float32)[:, : data.sizes["hidden"]]
        data["W"][:, :, :2] = W
        data["W"][:, :, 2:] = 0
        tegum.save(data, "two.nc")
        (row,) = run("show", "two.nc", "--json").json["cells"]
        assert (row["n_represented"], row["coherence"]) == (2, 0.0)

    def test_what_has_no_measure_is_null_in_json(self, run: Tegum) -> None:
        words = ["--n-steps", "0", "--initial-scale", "0", "--out", "zero.nc"]
        said = run("train", *PROBLEM, *words, "--json")
        assert said.status == OK
        assert said.json["cells"][0]["dimensions_per_feature"] is None
        assert " inf " in run("show", "zero.nc").out

    def test_a_dataset_that_was_not_trained(self, run: Tegum) -> None:
        data = xr.Dataset(
            {"ratio": (("batch", "part"), np.ones((2, 3)))}, attrs=package_attributes() | {"preset": "quick"}
        )
        tegum.save(data, "made.nc")
        assert "(batch, part) float64" in run("show", "made.nc").out
        said = run("show", "made.nc", "--json")
        assert (said.json["variables"], said.json["preset"], said.json["cells"]) == (
            {"ratio": ["batch", "part"]},
            "quick",
            [],
        )
        assert "no usable record of its training" in run("retrain", "made.nc", "--out", "again.nc").err

    def test_optima(self, run: Tegum) -> None:
        problem = tegum.Problem(n_features=2, n_hidden=1, feature_probability=0.1)
        data = tegum.find_optima(problem, tegum.DescentSettings(n_starts=4))
        tegum.save(data.assign(loss=data["loss"].where(data["model"] < 1, np.inf)), "optima.nc")
        (row,) = run("show", "optima.nc", "--json").json["cells"]
        assert row["highest_loss"] == row["loss"] == float(data["loss"][0])
        assert "tegum.find_optima makes them again" in run("retrain", "optima.nc", "--out", "again.nc").err

    @pytest.mark.parametrize("options", [[], ["--json"]])
    def test_any_terminal_can_show_it(
        self, grid_file: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
    ) -> None:
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
        assert main(["show", str(grid_file), *options]) == OK
        assert b"coherence" in written.getvalue()


REFUSED = {
    # what is wrong: (the words, what the message says)
    "probability above 1": (
        ["train", *PROBLEM, "--feature-probability", "1.5"],
        "must lie in [0, 1]; got 1.5 for feature 0",
    ),
    "probability below 0": (["train", *PROBLEM, "--feature-probability", "-0.1"], "For a sparsity S, pass 1 - S."),
    "probability NaN": (["train", *PROBLEM, "--feature-probability", "nan"], "expected finite numbers; got nan"),
    "probability a word": (["train", *PROBLEM, "--feature-probability", "rare"], "'rare' is not a number"),
    "a wrong length": (["train", *PROBLEM, "--feature-probability", "1,0.5"], "has 2 values, expected n_features = 3"),
    "negative importance": (["train", *PROBLEM, "--importance", "-1"], "importance must not be negative"),
    "an exploding profile": (["train", *PROBLEM, "--importance", "1e300^i"], "importance must be finite; got inf"),
    "no hidden dimension": (
        ["train", *PROBLEM, "--n-hidden", "0"],
        "n_hidden: input should be greater than or equal to 1",
    ),
    "half a feature": (["train", *PROBLEM, "--n-features", "2.5"], "--n-features"),
    "an unknown option": (["train", *PROBLEM, "--sparsity", "0.9"], "Unrecognized options: --sparsity"),
    "a missing option": (["train", "--n-features", "3"], "--feature-probability NUMBER|LIST|PROFILE"),
    "an unknown optimiser": (["train", *PROBLEM, "--optimizer", "lion"], "invalid choice 'lion'"),
    "a negative rate": (["train", *PROBLEM, "--learning-rate", "-1"], "learning_rate: input should be greater than 0"),
    "a rate of 10": (["train", *PROBLEM, *QUICK, "--learning-rate", "10"], "training diverged: by step 2"),
    "a negative seed": (["train", *PROBLEM, "--seed", "-1"], "seed must be an integer >= 0; got -1"),
    "no model": (["train", *PROBLEM, "--n-models", "0"], "n_models must be an integer >= 1; got 0"),
    "negative snapshots": (["train", *PROBLEM, "--snapshots", "-1"], "snapshots"),
    "an unknown kernel": (["train", *PROBLEM, "--kernel", "warp"], "there is no kernel 'warp'; expected one of auto"),
    "a malformed axis": (
        ["train", *PROBLEM, "--vary", "n_hidden"],
        "--vary needs NAME=VALUE,VALUE,...; got 'n_hidden'",
    ),
    "an axis of nothing": (["train", *PROBLEM, "--vary", "n_hidden="], "--vary needs NAME=VALUE"),
    "an unknown field": (["train", *PROBLEM, "--vary", "width=1,2"], "a problem has no field 'width' to vary"),
    "sparsity as an axis": (["train", *PROBLEM, "--vary", "sparsity=0.9"], "Use feature_probability = 1 - sparsity."),
    "a bad value on an axis": (["train", *PROBLEM, "--vary", "feature_probability=0.1,2"], "got 2 for feature 0"),
    "an axis twice": (["train", *PROBLEM, "--vary", "n_hidden=1", "n_hidden=2"], "--vary names n_hidden twice"),
    "a value twice": (["train", *PROBLEM, "--vary", "n_hidden=2,2"], "got 2 twice"),
    "a missing folder": (["train", *PROBLEM, "--out", "no/a.nc"], "there is no folder no. Make it first."),
    "a folder for a file": (["train", *PROBLEM, "--out", "."], ". is a folder; give the name of a file."),
    "a name too long": (["train", *PROBLEM, "--out", "x" * 300], "File name too long. Choose another name"),
    "one file for two": (["train", *PROBLEM, "--weights", "./a.nc"], "--out and --weights are the same file"),
    "weights in no folder": (["train", *PROBLEM, "--weights", "no/w"], "there is no folder no"),
    "no command": ([], "Expected one of {reproduce, run, list, "),
    "an unknown command": (["tarin"], "Available subcommands: reproduce, run, list, "),
    "an unknown experiment": (["run", "six-in-two"], "there is no experiment 'six-in-two'; the experiments are"),
    "no experiment": (["run"], "`tegum list` shows them"),
    "an unknown preset": (["reproduce", "--preset", "slow"], "invalid choice 'slow'"),
    "no file to show": (["show", "none.nc"], "there is no file none.nc."),
    "a folder to show": (["show", "."], "cannot read .: Is a directory"),
    "no file to retrain": (["retrain", "none.nc"], "there is no file none.nc."),
}


class TestRefusals:
    """One message on standard error, status 2, nothing on standard output, nothing written."""

    @pytest.mark.parametrize("what", REFUSED)
    def test_bad_input(self, run: Tegum, what: str) -> None:
        words, message = REFUSED[what]
        takes_out = words[:1] in (["train"], ["retrain"]) and "--out" not in words
        self.check(run(*words, *(["--out", "a.nc"] if takes_out else [])), message)
        assert not list(Path().iterdir())

    def test_a_folder_that_is_not_writable(self, run: Tegum, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere, so it cannot be tried for real
        for words in (["train", *PROBLEM, "--out", "a.nc"], ["reproduce", "--out", "."]):
            self.check(run(*words), "the folder . is not writable. Choose another.")
        assert not list(Path().iterdir())

    def test_a_folder_that_may_not_be_looked_into(self, run: Tegum, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "is_dir", refuse)
        monkeypatch.setattr(Path, "exists", refuse)
        self.check(run("train", *PROBLEM, "--out", "a.nc"), "cannot write a.nc: Permission denied. Choose another")
        self.check(run("reproduce", "--out", "a"), "cannot make the folder a: Permission denied. Choose one")

    def test_reproduce_into_what_is_not_its_own(self, run: Tegum) -> None:
        Path("file").touch()
        self.check(run("reproduce", "--out", "file"), "file is a file; give the name of a folder.")
        self.check(run("reproduce", "--out", "."), ". is not empty and holds no claims.json of an earlier run.")
        self.check(
            run("run", "five-in-two", "--out", "."), ". is not empty and holds no claims.json of an earlier run."
        )
        assert [path.name for path in Path().iterdir()] == ["file"]

    @pytest.mark.parametrize("command", ["show", "retrain"])
    @pytest.mark.parametrize(
        ("what", "message"),
        [
            ("empty", "it is empty"),
            ("text", "it does not begin like one"),
            ("pickle", "pickles are never loaded"),
            ("cut", "cut off"),
            ("damaged", "damaged"),
            ("foreign", "tegum"),
            ("newer", "Install a newer tegum to read it."),
            ("no record", "no usable record of its training"),
        ],
    )
    def test_files_that_cannot_be_read(
        self, run: Tegum, grid_file: Path, trained: xr.Dataset, command: str, what: str, message: str
    ) -> None:
        content = grid_file.read_bytes()
        bad = Path("bad.nc")
        match what:
            case "foreign":
                xr.Dataset({"x": ("y", [1.0])}).to_netcdf(bad, engine="h5netcdf")
            case "newer":
                tegum.save(trained.assign_attrs(tegum_schema=99), bad)
            case "no record":
                tegum.save(trained.assign_attrs(problem="{}"), bad)
            case _:
                middle = len(content) // 2
                bad.write_bytes(
                    {
                        "empty": b"",
                        "text": b"hello",
                        "pickle": pickle.dumps([1]),
                        "cut": content[:middle],
                        "damaged": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
                    }[what]
                )
        self.check(run(command, "bad.nc", *(["--out", "b.nc"] if command == "retrain" else [])), message)
        assert not Path("b.nc").exists()

    @staticmethod
    def check(said: Said, message: str) -> None:
        assert message in said.words
        assert (said.status, said.out) == (BAD_INPUT, "")
        assert "Traceback" not in said.err
        if said.err.startswith("tegum: "):
            assert said.err.count("\n") == 1
        else:  # found while parsing: framed, with a hint at the help
            assert said.words.count("--help") == 1
            assert "tegum: " not in said.err


class TestAccidents:
    @pytest.mark.parametrize(
        ("accident", "status", "message"),
        [
            (KeyboardInterrupt(), INTERRUPTED, "tegum: interrupted; what was finished is kept.\n"),
            (MemoryError("Unable to allocate 8 TiB"), BAD_INPUT, "tegum: Unable to allocate 8 TiB\n"),
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
        said = run(command, "--help")
        assert (said.status, said.err) == (OK, "")
        assert said.out.startswith(f"usage: tegum {command} [-h]")
        assert "--json" in said.out
        assert command in run("--help").out

    def test_every_field_is_an_option_of_train(self, run: Tegum) -> None:
        text = run("train", "--help").out
        for field in (*tegum.Problem.model_fields, *tegum.TrainSettings.model_fields):
            assert re.search(rf"--{field.replace('_', '-')}[ ,]", text), field  # a comma where --no-... follows

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
        assert {"torch", "numba", "matplotlib", "dask", "sklearn"}.isdisjoint(done.stderr.split())

    def test_as_a_module(self) -> None:
        done = subprocess.run([sys.executable, "-m", "tegum", "--version"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (OK, f"tegum {tegum.__version__}\n", "")
