"""The command line: what it prints, what it writes, and what it says when it cannot."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import xarray as xr

import tegum
from tegum.cli import BAD_INPUT, INTERRUPTED, OK, main
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


def by_hand(data: xr.Dataset) -> dict[str, tuple[xr.Dataset, int]]:
    """Selections that people make, and how many cells `show` should find in them."""
    return {
        "one model": (data.isel(model=1), 6),
        "one model, as a list": (data.isel(model=[1]), 6),
        "one probability": (data.sel(feature_probability=0.05), 2),
        "one cell, one model": (data.isel(feature_probability=0, n_hidden=0, model=0, drop=True), 1),
        "no coordinate": (data.drop_vars("feature_probability"), 6),
        "the other order": (data.transpose(...), 6),
        "the other order of all": (data.transpose("hidden", "model", "n_hidden", "feature", "feature_probability", ...), 6),
        "no cell": (data.isel(n_hidden=[]), 0),
        "no model": (data.isel(model=[]), 0),
        "no losses": (data[["W", "bias"]], 0),
        "no weights": (data.drop_vars("W"), 0),
        "one feature": (data.isel(feature=0), 0),
    }


class TestShow:
    def test_a_row_for_each_cell(self, run: Tegum, grid_file: Path, trained: xr.Dataset) -> None:
        said = run("show", str(grid_file))
        assert (said.status, said.err) == (OK, "")
        assert "feature_probability (3), n_hidden (2)" in said.out
        rows = run("show", str(grid_file), "--json").json["cells"]
        assert [(row["feature_probability"], row["n_hidden"]) for row in rows] == [
            (p, m) for p in (1.0, 0.2, 0.05) for m in (2, 3)
        ]
        best = trained["loss"].argmin("model")
        assert [row["best_model"] for row in rows] == best.values.ravel().tolist()

    @pytest.mark.parametrize("name", by_hand(xr.Dataset(coords=dict.fromkeys("x"))) if False else [
        "one model", "one model, as a list", "one probability", "one cell, one model", "no coordinate",
        "the other order", "the other order of all", "no cell", "no model", "no losses", "no weights", "one feature",
    ])  # fmt: skip
    def test_a_selection_saved_by_hand(self, run: Tegum, trained: xr.Dataset, name: str) -> None:
        selection, n_cells = by_hand(trained)[name]
        tegum.save(selection, "part.nc")
        said = run("show", "part.nc", "--json")
        assert (said.status, said.err) == (OK, "")
        assert len(said.json["cells"]) == n_cells
        assert run("show", "part.nc").status == OK
