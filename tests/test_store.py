"""Saving and loading: the same dataset back, with the record to make it again."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tegum import Geometric, Grid, Problem, TrainSettings, load, save, train
from tegum.ground.errors import FileError, InputError
from tegum.store import problems_of, provenance_of

PROBLEM = Problem(n_features=3, n_hidden=2, feature_probability=0.2)
SHORT = TrainSettings(n_steps=2, batch_size=16, evaluation_samples=32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.nc"


SELECTIONS = {
    "the whole": lambda data: data,
    "a cell": lambda data: data.isel(feature_probability=1, n_hidden=0),
    "a model": lambda data: data.isel(model=0),
    "a part": lambda data: data.sel(feature_probability=[0.05, 1.0]),
    "nothing": lambda data: data.isel(model=slice(0)),
    "with results": lambda data: data.assign(norm=("feature", np.arange(5), {"n": 3, "x": 0.5, "of": [1.5, 2.5]})),
    "with numbers as attributes": lambda data: data.assign_attrs(number=1.5, count=3, several=[1, 2, 3], text="ä → ü"),
    "a file of it": lambda data: data.assign_coords(name=("model", ["first", "second"]), cell="both"),
}


@pytest.mark.parametrize("select", SELECTIONS.values(), ids=SELECTIONS)
def test_what_was_saved_is_loaded(trained, file, select):
    data = select(trained)
    assert save(data, file) == file
    loaded = load(file)
    xr.testing.assert_equal(loaded, data)
    assert set(loaded.attrs) == set(data.attrs)
    assert {name: v.dtype.kind for name, v in loaded.variables.items() if v.dtype.kind not in "OUT"} == {
        name: v.dtype.kind for name, v in data.variables.items() if v.dtype.kind not in "OUT"
    }
    again = file.with_name("again.nc")
    assert load(save(loaded, again)).identical(loaded)
    assert provenance_of(loaded) == provenance_of(trained)


def test_a_trained_dataset_comes_back_identical(trained, file):
    assert load(save(trained, str(file))).identical(trained)
    assert load(file).identical(trained)  # again: nothing is kept open or in memory


@pytest.mark.parametrize(
    "axes",
    [
        {"importance": [1.0, Geometric(ratio=0.7), (3, 2, 1)]},
        {"output": ["linear", "relu"], "n_hidden": [1, 2]},
    ],
)
def test_the_record_survives_text_coordinates(file, axes):
    grid = Grid(PROBLEM, **axes)
    loaded = load(save(train(grid, SHORT), file))
    assert provenance_of(loaded).grid == grid
    assert problems_of(loaded) == grid.cells()
    assert problems_of(loaded.isel({grid.dims[0]: -1})) == grid.cells()[-(len(grid) // grid.shape[0]) :]
    backwards = loaded.isel({grid.dims[-1]: slice(None, None, -1)})
    assert {problem.digest() for problem in problems_of(backwards)} == {problem.digest() for problem in grid.cells()}


def test_double_precision_stays_double(file):
    data = train(PROBLEM, SHORT.replace(precision="float64"))
    assert load(save(data, file))["W"].dtype == np.float64


def test_other_programs_can_read_the_file(trained, file):
    save(trained, file)
    with xr.open_dataset(file) as opened:
        assert opened.identical(trained)


def test_a_dataset_without_its_record_cannot_be_made_again(trained):
    for spoil in (dict.clear, lambda attrs: attrs.pop("axes"), lambda attrs: attrs.update(settings="{")):
        data = trained.copy()
        spoil(data.attrs)
        with pytest.raises(FileError, match=r"no usable record of its training.*keep_attrs=True"):
            provenance_of(data)
    with pytest.raises(InputError, match=r"lost its coordinate 'n_hidden'; select with \.sel or \.isel, without drop"):
        problems_of(trained.isel(n_hidden=0, drop=True))
