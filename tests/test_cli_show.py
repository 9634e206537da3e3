"""`tegum show`, and `tegum retrain` of what was not trained."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from commands import PROBLEM, Tegum

import tegum
from tegum.cli import OK, main
from tegum.store.layout import package_attributes

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
        said = run("retrain", "optima.nc", "--out", "again.nc")
        code = (
            said.err.partition("in Python: ")[2].strip().removesuffix(".").replace("tegum.find", "again = tegum.find")
        )
        made: dict[str, Any] = {"tegum": tegum}
        exec(code, made)
        xr.testing.assert_identical(made["again"], data)

    @pytest.mark.parametrize("options", [[], ["--json"]])
    def test_any_terminal_can_show_it(
        self, grid_file: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
    ) -> None:
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
        assert main(["show", str(grid_file), *options]) == OK
        assert b"coherence" in written.getvalue()
