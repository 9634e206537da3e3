"""Datasets on disk: NetCDF 4 (HDF5), whole or not at all, checked when read."""

import hashlib
import os
from pathlib import Path

import xarray as xr

from tegum.ground.atomic import replacing
from tegum.ground.errors import FileError, InputError
from tegum.store.layout import SCHEMA

_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLE = b"\x80"
# Checksum of all bytes before it, at the end, where readers of HDF5 do not look. It is checked before anything is
# parsed, since the HDF5 library hangs on some damaged files.
_MARK, _DIGEST_SIZE = b"tegum-checksum", 16


def save(dataset: xr.Dataset, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a dataset as NetCDF.

    Args:
        dataset: what `train` returned, or a selection of it.
        path: the file; `.nc` is usual.
        overwrite: replace a file that is there.

    Returns:
        The path.

    Raises:
        FileError: the file exists, or its folder is missing or cannot be written to. Nothing half-written is left.
        InputError: the dataset does not say that tegum made it, or holds something that NetCDF cannot.

    Example:
        >>> import tempfile, tegum
        >>> problem = tegum.Problem(n_features=2, n_hidden=1, feature_probability=0.1)
        >>> data = tegum.train(problem, tegum.TrainSettings(n_steps=1))
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = tegum.save(data, folder.name + "/two.nc")
        >>> tegum.load(path).identical(data)
        True
        >>> folder.cleanup()
    """
    if "tegum_schema" not in dataset.attrs:
        raise InputError(
            "this dataset has no attribute tegum_schema, so load would refuse it. Expected one that tegum.train made; "
            "keep the attributes when you transform it (xarray.set_options(keep_attrs=True))."
        )
    with replacing(path, overwrite=overwrite) as temporary:
        try:
            dataset.to_netcdf(temporary, engine="h5netcdf")
        except (TypeError, ValueError) as error:
            raise InputError(
                f"NetCDF cannot hold this dataset: {_first_line(error)} Store numbers and text only."
            ) from error
        digest = _digest(temporary, temporary.stat().st_size)
        with temporary.open("ab") as file:
            file.write(_MARK + digest)
    return Path(path)


def load(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a dataset that `save` wrote, and check that every byte of it is as it was written.

    Args:
        path: the file.

    Returns:
        The dataset, in memory.

    Raises:
        FileError: there is no such file, it is not NetCDF, it was not written by tegum, it is damaged or cut off, or
            a newer version wrote it.

    Example: see `save`.
        >>> load("nothing.nc")
        Traceback (most recent call last):
        tegum.ground.errors.FileError: there is no file nothing.nc.
    """
    path = Path(path)
    try:
        check_bytes(path)
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.") from None
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}.") from None
    try:
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            dataset = opened.load()
    except Exception as error:  # h5py and xarray raise a dozen kinds
        raise FileError(f"{path} cannot be read as NetCDF ({_first_line(error)}). Copy or make it again.") from None
    if "tegum_schema" not in dataset.attrs:
        raise FileError(f"{path} is NetCDF, but tegum did not write it: it has no attribute tegum_schema.")
    try:
        schema = int(dataset.attrs["tegum_schema"])
    except (TypeError, ValueError):
        raise FileError(f"{path} has the tegum_schema {dataset.attrs['tegum_schema']!r}; expected a number.") from None
    if schema > SCHEMA:
        raise FileError(
            f"{path} has schema {schema}, written by tegum {dataset.attrs.get('tegum_version')}; this version reads "
            f"up to schema {SCHEMA}. Install a newer tegum to read it."
        )
    return dataset


def sealed(data: bytes) -> bytes:
    """The bytes of a NetCDF file as `save` writes them: with their checksum at the end."""
    return data + _MARK + hashlib.blake2b(data, digest_size=_DIGEST_SIZE).digest()


def check_bytes(path: Path) -> None:
    """Refuse a file whose bytes are not those that were written; nothing in it is parsed.

    Raises:
        FileError: it is cut off, damaged, or not ours. OSError: it cannot be read.
    """
    with path.open("rb") as file:
        beginning = file.read(len(_HDF5))
        length = file.seek(0, os.SEEK_END) - len(_MARK) - _DIGEST_SIZE
        file.seek(max(length, 0))
        end = file.read()
    if beginning != _HDF5:
        found = "it does not begin like one"
        if not beginning:
            found = "it is empty"
        elif beginning[:1] == _PICKLE:
            found = "it begins like a pickle, and pickles are never loaded"
        raise FileError(f"{path} is not a NetCDF 4 file: {found}. Expected a file that tegum.save wrote.")
    if not end.startswith(_MARK):
        raise FileError(
            f"{path} does not end with the checksum that tegum.save writes: it is cut off, or another program wrote "
            "it. Copy or make it again; xarray.open_dataset opens NetCDF of other programs."
        )
    if end != _MARK + _digest(path, length):
        raise FileError(f"{path} is damaged: its content does not fit its checksum. Copy or make it again.")


def _digest(path: Path, n_bytes: int) -> bytes:
    """Checksum of the first n_bytes of a file."""
    digest = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    with path.open("rb") as file:
        while n_bytes > 0 and (chunk := file.read(min(n_bytes, 2**20))):
            digest.update(chunk)
            n_bytes -= len(chunk)
    return digest.digest()


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
