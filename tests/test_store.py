"""Saving and loading: the same dataset back, whole or not at all."""

import errno
import os
import subprocess
import sys
import tempfile
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


def test_a_file_is_not_replaced_unless_asked(trained, file):
    save(trained, file)
    with pytest.raises(FileError, match=r"exists\. Choose another name, or pass overwrite=True"):
        save(trained.isel(model=0), file)
    assert load(file).identical(trained)
    save(trained.isel(model=0), file, overwrite=True)
    assert load(file).identical(trained.isel(model=0))
    assert os.listdir(file.parent) == [file.name]


def test_the_file_has_the_permissions_of_any_other(trained, file):
    before = os.umask(0o027)
    try:
        save(trained, file)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (lambda folder: folder, "is a folder; give the name of a file"),
        (lambda folder: folder / "missing" / "data.nc", "cannot write .*there is no folder .*missing. Make it first"),
        (lambda folder: folder / "file" / "data.nc", "cannot write .*there is no folder .*file. Make it first"),
        (lambda folder: folder / ("x" * 300), "cannot write .*File name too long"),
    ],
    ids=["folder", "missing folder", "file as folder", "long name"],
)
def test_bad_places_are_refused(trained, tmp_path, place, words):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=words):
        save(trained, place(tmp_path))
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_written_to_is_refused(trained, tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):  # root writes anywhere: let the system refuse by hand
        denied = PermissionError(errno.EACCES, "Permission denied")
        monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (_ for _ in ()).throw(denied))
    with pytest.raises(FileError, match="cannot write .*writable"):
        save(trained, tmp_path / "data.nc")
    tmp_path.chmod(0o700)


def break_off(error: BaseException):
    def to_netcdf(self, path, **_):
        Path(path).write_bytes(b"half a dataset")
        raise error

    return to_netcdf


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, "No space left on device"), FileError), (KeyboardInterrupt(), KeyboardInterrupt)],
    ids=["disk full", "interrupt"],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_write_that_breaks_off_leaves_everything_as_it_was(trained, file, monkeypatch, error, raised, there):
    if there:
        save(trained, file)
    monkeypatch.setattr(xr.Dataset, "to_netcdf", break_off(error))
    with pytest.raises(raised):
        save(trained.isel(model=0), file, overwrite=True)
    assert os.listdir(file.parent) == [file.name] * there
    if there:
        assert load(file).identical(trained)


UNSTORABLE = {
    "an object as attribute": lambda data: data.assign_attrs(owner=object()),
    "a table as attribute": lambda data: data.assign_attrs(owner={"name": "?"}),
    "objects as values": lambda data: data.assign(x=("model", np.array([object(), object()]))),
}


@pytest.mark.parametrize("spoil", UNSTORABLE.values(), ids=UNSTORABLE)
def test_what_netcdf_cannot_hold_is_refused(trained, file, spoil):
    with pytest.raises(InputError, match="NetCDF cannot hold this dataset.*Store numbers and text only"):
        save(spoil(trained), file)
    assert os.listdir(file.parent) == []


def test_a_dataset_that_could_not_be_loaded_is_not_saved(trained, file):
    trained.attrs.clear()
    with pytest.raises(InputError, match=r"no attribute tegum_schema.*keep_attrs=True"):
        save(trained, file)


def test_a_dataset_without_its_record_cannot_be_made_again(trained):
    for spoil in (dict.clear, lambda attrs: attrs.pop("axes"), lambda attrs: attrs.update(settings="{")):
        data = trained.copy()
        spoil(data.attrs)
        with pytest.raises(FileError, match=r"no usable record of its training.*keep_attrs=True"):
            provenance_of(data)
    with pytest.raises(InputError, match=r"lost its coordinate 'n_hidden'; select with \.sel or \.isel, without drop"):
        problems_of(trained.isel(n_hidden=0, drop=True))


@pytest.mark.slow
def test_a_killed_writer_leaves_the_old_file(trained, file):
    save(trained, file)
    code = (
        "import os, signal, sys, xarray, tegum\n"
        "data = tegum.load(sys.argv[1])\n"
        "def killed(self, path, **_):\n"
        "    open(path, 'wb').write(b'half a dataset')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "xarray.Dataset.to_netcdf = killed\n"
        "tegum.save(data.isel(model=0), sys.argv[1], overwrite=True)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(file)], check=False).returncode == -9
    assert load(file).identical(trained)
    save(trained.isel(model=0), file, overwrite=True)
    assert load(file).identical(trained.isel(model=0))
