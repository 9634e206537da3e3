"""The file of one task: NetCDF 4 whose bytes depend on the task alone, sealed with a digest of all of them.

Every variable carries HDF5's own checksums, so that a part can be read alone and a damaged one is refused. The seal at
the end lets the whole file be checked without parsing it; readers of NetCDF do not look beyond the end of the data.
"""

import hashlib
import io
from collections.abc import Hashable

import h5netcdf
import numpy as np
import xarray as xr

from tegum.store.files import checksum
from tegum.store.layout import package_attributes

_SEAL = b"tegum"
_DIGEST = 16
_CHUNK_BYTES = 2**20  # a reader of one cell need not read the others, if they are large
# The files are read by HDF5 1.10 and newer. Older layouts keep no checksums of their own structure.
_LAYOUT = ("v110", "v110")


def encode(dataset: xr.Dataset, content: str, key: str) -> bytes:
    """The bytes of a task file.

    Args:
        dataset: what `train` returned for the cells of the task, with dimensions (cell, model, ...).
        content: the text whose hash is the name of the task.
        key: that name; the seal covers it, so a file under another name counts as damaged.

    Returns:
        NetCDF that `tegum.load` reads. It holds no time, host or order of work.
    """
    kept = dataset.drop_vars("cell").assign_attrs({})
    kept.attrs = package_attributes() | {"task": content}
    kept.attrs["tegum_checksum"] = checksum(kept)
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w", libver=_LAYOUT) as file:
        file.dimensions = dict(kept.sizes)
        for name, variable in kept.variables.items():
            _write(file, name, variable)
        for attribute, value in kept.attrs.items():
            file.attrs[attribute] = value
    return sealed(buffer.getvalue(), key)


def _write(file: h5netcdf.File, name: Hashable, variable: xr.Variable) -> None:
    values = np.ascontiguousarray(variable.values)
    row = values.nbytes // max(len(values), 1)
    chunks = (max(1, min(len(values), _CHUNK_BYTES // max(row, 1))), *values.shape[1:])
    stored = file.create_variable(str(name), variable.dims, data=values, chunks=chunks, fletcher32=True)
    for attribute, value in variable.attrs.items():
        stored.attrs[attribute] = value


def sealed(data: bytes, key: str) -> bytes:
    """Data with the seal of the task `key` at its end."""
    return data + _SEAL + _digest(data, key)


def is_sound(data: bytes, key: str) -> bool:
    """Whether these are all the bytes, unchanged, of the file of the task `key`.

    Example:
        >>> whole = sealed(b"some bytes", "0123456789abcdef")
        >>> is_sound(whole, "0123456789abcdef"), is_sound(whole[:-1], "0123456789abcdef"), is_sound(whole, "00")
        (True, False, False)
    """
    view = memoryview(data)
    end = len(data) - _DIGEST - len(_SEAL)
    return end >= 0 and bytes(view[end:]) == _SEAL + _digest(view[:end], key)


def _digest(data: bytes | memoryview, key: str) -> bytes:
    return hashlib.blake2b(data, key=key.encode(), digest_size=_DIGEST).digest()
