"""`train`: the labelled dataset, cell by cell, and the same numbers whatever the company, the cut and the kernel."""

import itertools
import json

import numpy as np
import pytest
import xarray as xr

from tegum import Axis, Geometric, Grid, PowerLaw, Problem, Record, TrainSettings, train, training
from tegum.store import problems_of, provenance_of

PROBLEM = Problem(n_features=5, n_hidden=2, feature_probability=0.2)
SHORT = TrainSettings(n_steps=30, batch_size=64, evaluation_samples=256)


def test_the_dataset_is_laid_out_as_documented(trained):
    grid, one = ("feature_probability", "n_hidden"), ("model",)
    assert {name: variable.dims for name, variable in trained.data_vars.items()} == {
        "W": (*grid, *one, "feature", "hidden"),
        "bias": (*grid, *one, "feature"),
        "loss": (*grid, *one),
        "loss_standard_error": (*grid, *one),
        "loss_history": (*grid, *one, "step"),
        "W_history": (*grid, *one, "snapshot", "feature", "hidden"),
        "bias_history": (*grid, *one, "snapshot", "feature"),
        "probabilities": (*grid, "feature"),
        "importances": (*grid, "feature"),
    }
    assert dict(trained.sizes) == {
        "feature_probability": 3, "n_hidden": 2, "model": 2, "feature": 5, "hidden": 3, "step": 6, "snapshot": 3,
    }  # fmt: skip
    assert trained["W"].dtype == trained["bias"].dtype == np.float32
    assert trained["loss"].dtype == trained["loss_history"].dtype == np.float64
    np.testing.assert_array_equal(trained["feature_probability"], [1.0, 0.2, 0.05])
    np.testing.assert_array_equal(trained["n_hidden"], [2, 3])
    np.testing.assert_array_equal(trained["step"][[0, -1]], [1, 60])
    np.testing.assert_array_equal(trained["snapshot"], [0, 1, 60])
    for variable in trained.data_vars.values():
        assert variable.attrs["long_name"]
        assert variable.attrs["units"]
        assert np.isfinite(variable).all()


def test_the_attributes_hold_the_record(trained):
    attributes = trained.attrs
    assert set(attributes) == {
        "tegum_schema", "tegum_version", "problem", "axes", "settings", "record", "n_models", "seed", "kernel",
        "kernel_epoch",
    }  # fmt: skip
    assert Problem(**json.loads(attributes["problem"])).n_features == 5
    assert [axis["name"] for axis in json.loads(attributes["axes"])] == ["feature_probability", "n_hidden"]
    assert TrainSettings(**json.loads(attributes["settings"])).n_steps == 60
    assert Record(**json.loads(attributes["record"])).snapshots == 3
    assert (attributes["n_models"], attributes["seed"], attributes["kernel"]) == (2, "3", "fused")


def test_a_single_problem_has_no_grid_dimensions():
    data = train(PROBLEM, SHORT, n_models=3)
    assert data["W"].dims == ("model", "feature", "hidden")
    assert data["probabilities"].dims == ("feature",)
    assert json.loads(data.attrs["axes"]) == []
    assert "snapshot" not in data.sizes


def test_what_was_not_asked_for_is_not_there():
    data = train(PROBLEM, SHORT, record=Record(n_losses=0))
    assert set(data.data_vars) == {"W", "bias", "loss", "loss_standard_error", "probabilities", "importances"}
    untrained = train(PROBLEM, SHORT.replace(n_steps=0), record=Record(snapshots=2))
    assert "loss_history" not in untrained
    np.testing.assert_array_equal(untrained["W_history"].isel(snapshot=0), untrained["W"])


def test_snapshots_are_the_weights_of_their_step(trained):
    np.testing.assert_array_equal(trained["W_history"].isel(snapshot=-1), trained["W"])
    np.testing.assert_array_equal(trained["bias_history"].isel(snapshot=-1), trained["bias"])
    assert not trained["bias_history"].isel(snapshot=0).values.any()
    long = train(PROBLEM, SHORT, n_models=2, record=Record(snapshots=[0, 10, 20]))
    for step in (0, 10, 20):
        stopped = train(PROBLEM, SHORT.replace(n_steps=step), n_models=2)
        np.testing.assert_array_equal(long["W_history"].sel(snapshot=step), stopped["W"])
        np.testing.assert_array_equal(long["bias_history"].sel(snapshot=step), stopped["bias"])


def test_narrow_cells_are_filled_up_with_zeros(trained):
    narrow = trained.sel(n_hidden=2)
    assert not narrow["W"].isel(hidden=2).values.any()
    assert (narrow["W"].isel(hidden=[0, 1]).values != 0).all()
    axis = Axis(fields={"n_features": [2, 5], "n_hidden": [3, 1]}, labels=["two", "five"])
    data = train(Grid(PROBLEM, size=axis), SHORT)
    assert data["W"].shape == (2, 1, 5, 3)
    assert not data.sel(size="two")["W"].isel(feature=slice(2, None)).values.any()
    assert not data.sel(size="two")["probabilities"].isel(feature=slice(2, None)).values.any()
    assert not data.sel(size="five")["W"].isel(hidden=slice(1, None)).values.any()


GRIDS = {
    "probability": Grid(PROBLEM, feature_probability=[1.0, 0.03, 0.5]),
    "profiles": Grid(PROBLEM, importance=[1.0, Geometric(ratio=0.7), PowerLaw(exponent=1), (5, 4, 3, 2, 1)]),
    "width and output": Grid(PROBLEM, n_hidden=[3, 1, 2], output=["linear", "relu"]),
    "together": Grid(
        PROBLEM,
        kind=Axis(fields={"hidden": ["linear", "relu"], "magnitude": ["boolean", "signed_uniform"]}),
        feature_probability=[0.5, 0.1],
    ),
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_cell_alone_has_the_numbers_that_it_has_in_the_grid(grid):
    data = train(grid, SHORT, n_models=2, seed=5, record=Record(n_losses=4, snapshots=2))
    assert data["W"].shape[: len(grid.shape)] == grid.shape
    for index, cell in zip(np.ndindex(grid.shape), grid.cells(), strict=True):
        part = data.isel(dict(zip(grid.dims, index, strict=True)))
        assert problems_of(part) == [cell]
        alone = train(cell, SHORT, n_models=2, seed=5, record=Record(n_losses=4, snapshots=2))
        for name, values in alone.data_vars.items():
            within = part[name].isel(feature=slice(cell.n_features)) if "feature" in values.dims else part[name]
            within = within.isel(hidden=slice(cell.n_hidden)) if "hidden" in values.dims else within
            np.testing.assert_array_equal(within, values, err_msg=name)


def test_more_models_change_nothing_for_the_first():
    few, many = (train(PROBLEM, SHORT, n_models=n, seed=2) for n in (2, 7))
    xr.testing.assert_equal(few, many.isel(model=slice(2)))


@pytest.mark.parametrize("kernel", ["fused", "reference"])
def test_a_dataset_is_made_again_from_its_own_record(kernel):
    settings = SHORT.replace(optimizer="adamw", weight_decay=0.1, schedule="cosine", warmup_steps=3)
    data = train(GRIDS["together"], settings, n_models=2, seed=2**70, kernel=kernel, record=Record(snapshots=(7,)))
    made = provenance_of(data)
    again = train(
        made.grid, made.settings, n_models=made.n_models, seed=made.seed, kernel=made.kernel, record=made.record
    )
    assert again.identical(data)
    assert made.grid == GRIDS["together"]


def test_the_history_is_the_mean_loss_since_the_point_before():
    every = train(PROBLEM, SHORT, n_models=2, record=Record(n_losses=30, spacing="linear"))["loss_history"]
    some = train(PROBLEM, SHORT, n_models=2, record=Record(n_losses=7))["loss_history"]
    assert every.sizes["step"] == 30
    edges = [0, *some["step"].values]
    means = [every.isel(step=slice(a, b)).mean("step") for a, b in itertools.pairwise(edges)]
    np.testing.assert_allclose(some, np.stack(means, axis=-1), rtol=1e-14)


@pytest.mark.parametrize("pace", [1, 4, 10**6])
def test_the_clock_changes_nothing(pace, monkeypatch):
    """How many steps one call does depends on how fast the machine is; nothing else may."""
    expected = train(PROBLEM, SHORT, n_models=2, record=Record(n_losses=5, snapshots=3))
    monkeypatch.setattr(training, "_pace", lambda *_: pace)
    assert train(PROBLEM, SHORT, n_models=2, record=Record(n_losses=5, snapshots=3)).identical(expected)


@pytest.mark.parametrize(("p", "magnitude"), [(0.3, "uniform"), (0.05, "boolean")])
def test_kernels_agree(p, magnitude):
    """At the published rate 30 steps lead 0.03 away, and rounding parts the kernels by less than a thousandth of it."""
    problem = PROBLEM.replace(feature_probability=p, magnitude=magnitude)
    fused, reference = (train(problem, SHORT, n_models=3, kernel=kernel) for kernel in ("fused", "reference"))
    for name in ("W", "bias", "loss", "loss_standard_error", "loss_history"):
        np.testing.assert_allclose(fused[name], reference[name], rtol=1e-4, atol=3e-5, err_msg=name)
    double = train(problem, SHORT.replace(precision="float64"), n_models=3)
    assert double.attrs["kernel"] == "reference"
    np.testing.assert_allclose(fused["W"], double["W"], rtol=0, atol=3e-5)


def test_training_finds_what_the_linear_model_can_do():
    """Two features in two dimensions, and without superposition to learn: nothing is left to lose."""
    problem = Problem(n_features=2, n_hidden=2, feature_probability=0.5, output="linear")
    settings = TrainSettings(n_steps=800, batch_size=128, learning_rate=0.01, evaluation_samples=512)
    assert train(problem, settings, n_models=4)["loss"].max() < 1e-6
