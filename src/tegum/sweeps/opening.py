"""A finished sweep as one labelled dataset, read when it is asked for."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from tegum.ground.errors import FileError
from tegum.store import Provenance, load
from tegum.store.layout import record_attributes
from tegum.sweeps.folder import RECOVERY, TRAINING, SweepFolder
from tegum.sweeps.partition import from_asked, partition
from tegum.sweeps.reading import TaskFiles
from tegum.sweeps.recovery_tasks import open_recovery
from tegum.sweeps.spec import SweepSpec


def open_sweep(path: str | os.PathLike[str], *, partial: bool = False) -> xr.Dataset:
    """Open the folder of a sweep as the dataset that `train` (or `recover`) would have returned for the whole grid.

    Only the spec, the names of the files and one of them are read now. With dask installed the variables are dask
    arrays, and computing with them reads what it needs, piece by piece. Without it, a selection reads the tasks that it
    touches, and computing loads the variables it uses. Each file is checked against its checksum before it is read.

    Args:
        path: the folder.
        partial: open an unfinished sweep too; what is missing is NaN.

    Returns:
        Dataset with dimensions (grid..., model, feature, hidden, step); see docs/datasets.md.

    Raises:
        FileError: there is no sweep, or tasks are missing and `partial` is not set; when data are read, a file is
            damaged.

    Example:
        >>> import tempfile, tegum
        >>> folder = tempfile.TemporaryDirectory()
        >>> problem = tegum.Problem(n_features=5, n_hidden=2, feature_probability=0.1)
        >>> _ = tegum.sweep(problem, tegum.TrainSettings(n_steps=10), n_models=3, out=folder.name)
        >>> tegum.open_sweep(folder.name)["W"].sizes["model"]
        3
        >>> folder.cleanup()
    """
    folder = SweepFolder(Path(path))
    if folder.kind() == RECOVERY:
        return open_recovery(folder, partial=partial)
    chunks = "auto" if importlib.util.find_spec("dask") else None
    return xr.open_dataset(Path(path), engine=_SweepBackend, chunks=chunks, partial=partial)


class _SweepBackend(BackendEntrypoint):
    """How xarray opens a folder of task files."""

    description = "folder that tegum.sweep fills"

    def open_dataset(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, filename_or_obj: Any, *, drop_variables: Any = None, partial: bool = False
    ) -> xr.Dataset:
        """See open_sweep."""
        folder = SweepFolder(Path(filename_or_obj))
        spec, kernel_epoch = folder.read(TRAINING, from_asked)
        tasks = partition(spec, kernel_epoch)
        present = folder.names()
        folder.refuse_missing([task.key for task in tasks], present, partial=partial)
        cells = spec.grid.cells()
        first = max(  # the first one, but an untied one if there is any, as it has the most variables
            (task for task in tasks if task.key in present),
            key=lambda task: not all(cells[task.block.first_cell + i].tied for i in range(task.block.n_cells)),
        ).key
        files = TaskFiles(folder.tasks, tasks, present, spec.grid.shape, spec.n_models)
        try:
            example = load(folder.file(first))
        except FileError as error:
            raise FileError(f"{error} Run the sweep again, which makes this task anew.") from None
        dataset = _assembled(spec, kernel_epoch, example, files)
        return dataset.drop_vars(drop_variables) if drop_variables else dataset


def _assembled(spec: SweepSpec, kernel_epoch: int, example: xr.Dataset, files: TaskFiles) -> xr.Dataset:
    """The dataset of the whole grid, after the example of one task."""
    grid = spec.grid
    sizes = dict(example.sizes) | {
        "model": spec.n_models,
        "feature": max(cell.n_features for cell in grid.cells()),
        "hidden": max(cell.n_hidden for cell in grid.cells()),
    }
    variables = {}
    for name, variable in example.data_vars.items():
        dims = variable.dims[1:]
        shape = grid.shape + tuple(sizes[dim] for dim in dims)
        lazy = _TaskArray(files, str(name), shape, variable.dtype, has_models="model" in dims)
        variables[name] = (grid.dims + dims, indexing.LazilyIndexedArray(lazy), variable.attrs)
    coordinates: dict[str, Any] = {axis.name: (axis.name, axis.coordinates()) for axis in grid.axes}
    steps = {name: example[name].variable for name in example.coords}
    provenance = Provenance(
        grid=grid, settings=spec.settings, record=spec.record, n_models=spec.n_models, seed=spec.seed,
        kernel=spec.kernel, kernel_epoch=kernel_epoch,
    )  # fmt: skip
    return xr.Dataset(variables, coordinates | steps, record_attributes(provenance))


class _TaskArray(BackendArray):
    """One variable of all tasks together."""

    def __init__(
        self, files: TaskFiles, name: str, shape: tuple[int, ...], dtype: np.dtype, *, has_models: bool
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self._files, self._name, self._has_models = files, name, has_models

    def __dask_tokenize__(self) -> tuple[str, str]:
        return self._files.token, self._name

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        part = self._files.read(self._name, key, self.shape, has_models=self._has_models)
        return part.astype(self.dtype)
