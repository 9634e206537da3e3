"""Files that are not what `save` wrote: always a FileError that says what is the matter, never wrong data."""

import os
import pickle
import random
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from tegum import load, save
from tegum.ground.errors import FileError
from tegum.store import files


@pytest.fixture(scope="module")
def raw(_trained, tmp_path_factory) -> bytes:
    """The bytes of a whole file."""
    path = tmp_path_factory.mktemp("whole") / "data.nc"
    return save(_trained, path).read_bytes()


def refused(path: Path, content: bytes) -> str:
    """The message with which a file of this content is refused."""
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_file_that_is_cut_off_anywhere_is_refused(raw, tmp_path):
    for length in [*range(1, 20), *range(20, len(raw), len(raw) // 97), *range(len(raw) - 40, len(raw))]:
        message = refused(tmp_path / "cut.nc", raw[:length])
        assert "cut off" in message or "not a NetCDF 4 file" in message


def flipped(raw: bytes, place: int, bit: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]


def test_a_flipped_bit_anywhere_is_noticed(raw, tmp_path):
    chosen = random.Random(0)
    for place in range(0, len(raw), len(raw) // 301):
        refused(tmp_path / "flipped.nc", flipped(raw, place, chosen.randrange(8)))


@pytest.mark.slow
def test_a_flipped_bit_is_noticed_at_the_ends_and_at_every_eleventh_byte_between(raw, tmp_path):
    for place in {*range(1000), *range(0, len(raw), 11), *range(len(raw) - 1000, len(raw))}:
        refused(tmp_path / "flipped.nc", flipped(raw, place, place % 8))


def test_more_than_the_file_is_refused(raw, tmp_path):
    assert "cut off, or another program wrote it" in refused(tmp_path / "longer.nc", raw + b"\0")
    assert "does not fit its checksum" in refused(tmp_path / "twice.nc", raw + raw)


def test_zeros_in_the_middle_are_noticed(raw, tmp_path):
    half = len(raw) // 2
    assert "checksum" in refused(tmp_path / "hole.nc", raw[:half] + bytes(512) + raw[half + 512 :])


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_never_loaded(tmp_path, protocol):
    sprung = tmp_path / "sprung"
    message = refused(tmp_path / "data.nc", pickle.dumps(Trap(sprung), protocol))
    assert "not a NetCDF 4 file" in message
    assert protocol < 2 or "pickles are never loaded" in message
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"W,bias\n1,2\n", "does not begin like one"),
        (b"CDF\x01" + bytes(100), "does not begin like one"),  # NetCDF 3
        (b"PK\x03\x04" + bytes(100), "does not begin like one"),
        (b"\x89HDF\r\n\x1a\n", "cut off"),
        (b"\x89HDF\r\n\x1a\n" + bytes(1000), "cut off"),
    ],
    ids=["empty", "text", "NetCDF 3", "zip", "signature", "zeros"],
)
def test_other_files_are_refused(tmp_path, content, words):
    message = refused(tmp_path / "data.nc", content)
    assert words in message
    assert "Expected a file that tegum.save wrote" in message or "Copy or make it again" in message


def test_netcdf_and_hdf5_of_other_programs_are_refused(tmp_path):
    foreign, plain = tmp_path / "foreign.nc", tmp_path / "plain.h5"
    xr.Dataset({"W": ("x", np.arange(3.0))}).to_netcdf(foreign, engine="h5netcdf")
    with h5py.File(plain, "w") as file:
        file["W"] = np.arange(3.0)
    for path in (foreign, plain):
        with pytest.raises(FileError, match=r"another program wrote it.*xarray\.open_dataset"):
            load(path)


def sealed(path: Path, write) -> Path:
    """A file with the right checksum whose content is not ours."""
    write(path)
    path.write_bytes(path.read_bytes() + files._MARK + files._digest(path, path.stat().st_size))
    return path


def test_a_whole_file_of_something_else_is_refused(tmp_path):
    def plain(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file["a group/W"] = np.arange(3.0)

    with pytest.raises(FileError, match="tegum did not write it"):
        load(sealed(tmp_path / "plain.nc", plain))
    with pytest.raises(FileError, match=r"cannot be read as NetCDF.*Copy or make it again"):
        load(sealed(tmp_path / "broken.nc", lambda path: path.write_bytes(files._HDF5 + bytes(500))))


def test_a_newer_schema_asks_for_a_newer_version(trained, tmp_path):
    trained.attrs |= {"tegum_schema": 2, "tegum_version": "9.1.0"}
    with pytest.raises(FileError, match=r"schema 2, written by tegum 9\.1\.0; .* up to schema 1\. Install a newer"):
        load(save(trained, tmp_path / "newer.nc"))


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileError, match=r"there is no file .*nothing\.nc"):
        load(tmp_path / "nothing.nc")
    with pytest.raises(FileError, match=r"cannot read .*Is a directory"):
        load(tmp_path)


def test_a_file_that_cannot_be_read_is_refused(raw, tmp_path, monkeypatch):
    path = tmp_path / "data.nc"
    path.write_bytes(raw)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads anything: let the system refuse by hand
        monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(FileError, match=r"cannot read .*Permission denied"):
        load(path)
