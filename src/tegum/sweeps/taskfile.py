"""The file of one task: NetCDF 4 whose bytes depend on the task alone."""

import io
from pathlib import Path

import h5netcdf
import numpy as np
import xarray as xr

from tegum.ground.errors import FileError
from tegum.store.files import check_bytes, sealed
from tegum.store.layout import package_attributes

# HDF5 1.10 and newer read it; older layouts hold no attribute longer than 64 KiB, which the content of a task may be.
_LAYOUT = ("v110", "v110")


def encode(dataset: xr.Dataset, content: str, key: str) -> bytes:
    """The bytes of a task file.

    Args:
        dataset: what was computed for the cells of the task, with dimensions (cell, ...); numbers only.
        content: the text whose hash is the name of the task.
        key: that name.

    Returns:
        NetCDF that `tegum.load` reads. It holds no time, no host and no trace of the order of work, and variables
        are written in the order of their names.
    """
    kept = dataset.drop_vars("cell", errors="ignore")
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w", libver=_LAYOUT) as file:
        file.dimensions = dict(sorted(kept.sizes.items()))
        for name in sorted(map(str, kept.variables)):
            variable = kept.variables[name]
            stored = file.create_variable(name, variable.dims, data=np.ascontiguousarray(variable.values))
            stored.attrs.update(variable.attrs)
        file.attrs.update(package_attributes() | {"task": key, "task_content": content})
    return sealed(buffer.getvalue())


def problem_with(path: Path, key: str) -> str | None:
    """What is wrong with the file of a task, or None if it is whole and unchanged.

    Nothing is parsed, so that ten thousand files take seconds.
    """
    try:
        check_bytes(path)
        named = key.encode() in path.read_bytes()
    except FileNotFoundError:
        return f"there is no file {path}."
    except FileError:
        return f"{path} is cut off or damaged: it does not fit its checksum."
    except OSError as error:
        return f"cannot read {path}: {error.strerror or error}."
    return None if named else f"{path} holds another task than its name says."
