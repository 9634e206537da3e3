"""Datasets on disk: NetCDF 4 (HDF5), whole or not at all, checked when read."""

import hashlib
import os
from pathlib import Path

import numpy as np
import xarray as xr

from tegum.ground.atomic import replacing
from tegum.ground.errors import FileError
from tegum.store.layout import SCHEMA

_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLE = b"\x80"
_CHECKSUM = "tegum_checksum"


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
    stored = dataset.assign_attrs({_CHECKSUM: checksum(dataset)})
    with replacing(path, overwrite=overwrite) as temporary:
        stored.to_netcdf(temporary, engine="h5netcdf")
    return Path(path)


def load(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a dataset that `save` wrote, and check that every byte of it is as it was written.

    Args:
        path: the file.

    Returns:
        The dataset, in memory.

    Raises:
        FileError: there is no such file, it is not NetCDF, it was not written by tegum, it is damaged or cut off, or a
        newer
            version wrote it.
    """
    path = Path(path)
    _check_beginning(path)
    try:
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            dataset = opened.load()
    except Exception as error:  # h5py and xarray raise a dozen kinds for damaged files
        raise FileError(f"{path} is damaged or cut off ({_first_line(error)}). Copy or make it again.") from None
    if "tegum_schema" not in dataset.attrs:
        raise FileError(f"{path} is NetCDF, but tegum did not write it: it has no attribute tegum_schema.")
    schema = int(dataset.attrs["tegum_schema"])
    if schema > SCHEMA:
        raise FileError(
            f"{path} has schema {schema}, written by tegum {dataset.attrs.get('tegum_version')}; this version reads "
            f"up to schema {SCHEMA}. Install a newer tegum to read it."
        )
    expected = dataset.attrs.pop(_CHECKSUM, None)
    if expected != checksum(dataset):
        raise FileError(f"{path} is damaged: its content does not fit its checksum. Copy or make it again.")
    return dataset


def checksum(dataset: xr.Dataset) -> str:
    """Digest of all values, coordinates and attributes, whatever the order in which they are stored."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(map(str, dataset.variables)):
        variable = dataset.variables[name]
        values = np.ascontiguousarray(variable.values)
        digest.update(f"{name}{variable.dims}{values.shape}{sorted(variable.attrs.items())}".encode())
        digest.update(repr(values.tolist()).encode() if values.dtype.kind in "OUST" else values.tobytes())
    for key in sorted(set(dataset.attrs) - {_CHECKSUM}):
        digest.update(f"{key}={dataset.attrs[key]}".encode())
    return digest.hexdigest()


def _check_beginning(path: Path) -> None:
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_HDF5))
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.") from None
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}.") from None
    if beginning == _HDF5:
        return
    found = "it does not begin like one"
    if not beginning:
        found = "it is empty"
    elif beginning[:1] == _PICKLE:
        found = "it begins like a pickle, and pickles are never loaded"
    raise FileError(f"{path} is not a NetCDF 4 file: {found}. Expected a file that tegum.save wrote.")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
