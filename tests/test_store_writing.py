"""Writing files: whole or not at all, in a place that may be written to, and nothing that was not asked for."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tegum import load, save
from tegum.ground.errors import FileError, InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.nc"


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_is_not_replaced_unless_asked(trained, file):
    save(trained, file)
    with pytest.raises(FileError, match=r"exists\. Choose another name, or pass overwrite=True"):
        save(trained.isel(model=0), file)
    assert load(file).identical(trained)
    save(trained.isel(model=0), file, overwrite=True)
    assert load(file).identical(trained.isel(model=0))
    assert names(file.parent) == [file.name]


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
    assert names(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_written_to_is_refused(trained, tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):  # root writes anywhere: let the system refuse by hand
        denied = PermissionError(errno.EACCES, "Permission denied")
        monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (_ for _ in ()).throw(denied))
    with pytest.raises(FileError, match=r"cannot write .*writable"):
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
    assert names(file.parent) == [file.name] * there
    if there:
        assert load(file).identical(trained)


UNSTORABLE = {
    "an object as attribute": lambda data: data.assign_attrs(owner=object()),
    "a table as attribute": lambda data: data.assign_attrs(owner={"name": "?"}),
    "objects as values": lambda data: data.assign(x=("model", np.array([object(), object()]))),
}


@pytest.mark.parametrize("spoil", UNSTORABLE.values(), ids=UNSTORABLE)
def test_what_netcdf_cannot_hold_is_refused(trained, file, spoil):
    with pytest.raises(InputError, match=r"NetCDF cannot hold this dataset.*Store numbers and text only"):
        save(spoil(trained), file)
    assert names(file.parent) == []


def test_a_dataset_that_could_not_be_loaded_is_not_saved(trained, file):
    trained.attrs.clear()
    with pytest.raises(InputError, match=r"no attribute tegum_schema.*keep_attrs=True"):
        save(trained, file)


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
