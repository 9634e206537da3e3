"""What the command line says when it cannot do what was asked."""

import os
import pickle
from pathlib import Path

import pytest
import xarray as xr
from commands import PROBLEM, QUICK, Said, Tegum

import tegum
from tegum.cli import BAD_INPUT

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
