"""Reading any part of a variable that is spread over the files of many tasks."""

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tegum.ground.errors import FileError
from tegum.sweep.partition import Task
from tegum.sweep.taskfile import problem_with


class TaskFiles:
    """The files of a sweep, as one row of (cell, model) pairs that is cut into tasks.

    Args:
        folder: where the files lie.
        tasks: in the order of the grid.
        present: keys of the tasks that have a file.
        grid_shape: lengths of the axes of the grid.
        n_models: models of each cell.
    """

    def __init__(
        self, folder: Path, tasks: Sequence[Task], present: Collection[str], grid_shape: tuple[int, ...], n_models: int
    ) -> None:
        self.token = str(folder.resolve())
        self._folder, self._shape, self._n_models = folder, grid_shape, n_models
        self._tasks = list(tasks)
        self._present = [task.key in present for task in tasks]
        self._starts = np.array([task.first_cell * n_models + task.first_model for task in tasks])
        self._checked: dict[str, int] = {}

    def read(
        self, name: str, key: tuple[Any, ...], shape: tuple[int, ...], dtype: np.dtype, *, has_models: bool
    ) -> np.ndarray:
        """A part of a variable.

        Args:
            name: of the variable.
            key: for each of its dimensions (grid..., model if it has one, ...) an integer, a slice or an array of
                integers; arrays stand for themselves, as in `numpy.ix_`.
            shape, dtype: of the whole variable.
            has_models: whether it has the dimension `model`; if not, every task of a cell holds the same.

        Returns:
            The part; NaN where a task has no file.
        """
        n_leading = len(self._shape) + has_models
        along = [
            np.atleast_1d(np.arange(n)[k])
            for k, n in zip(key[:n_leading], shape, strict=False)
        ]
        pairs = self._pairs(along, has_models=has_models)
        rest, rest_key = shape[n_leading:], key[n_leading:]
        part = np.full((pairs.size, *_selected(np.empty(rest, bool), rest_key).shape), np.nan, dtype)
        owner = np.searchsorted(self._starts, pairs, side="right") - 1
        order = np.argsort(owner, kind="stable")
        for mine in np.split(order, 1 + np.flatnonzero(np.diff(owner[order]))):
            if mine.size and self._present[owner[mine[0]]]:
                task = self._tasks[owner[mine[0]]]
                part[mine] = self._read_task(task, name, pairs[mine], rest, rest_key, has_models)
        kept = [len(index) for k, index in zip(key[:n_leading], along, strict=True) if np.ndim(k) or isinstance(k, slice)]
        return part.reshape((*kept, *part.shape[1:]))

    def _pairs(self, along: Sequence[np.ndarray], *, has_models: bool) -> np.ndarray:
        """Number of each chosen (cell, model) pair in the row of all pairs."""
        lengths = (*self._shape, self._n_models)
        chosen = [*along, *([] if has_models else [np.zeros(1, int)])]
        strides = [math.prod(lengths[i + 1 :]) for i in range(len(lengths))]
        total = np.zeros((1,) * len(lengths), int)
        for index, stride, open_grid in zip(chosen, strides, np.ix_(*chosen), strict=True):
            total = total + open_grid * stride
        return total.ravel()

    def _read_task(
        self, task: Task, name: str, pairs: np.ndarray, rest: tuple[int, ...], rest_key: tuple[Any, ...], has_models: bool
    ) -> np.ndarray:
        cells, models = np.divmod(pairs, self._n_models)
        cells, models = cells - task.first_cell, models - task.first_model
        path = self._folder / f"{task.key}.nc"
        self._check(path, task.key)
        with h5py.File(path, "r") as file:
            stored: Any = file[name]
            first_cell, first_model = int(cells.min()), int(models.min())
            leading = (slice(first_cell, int(cells.max()) + 1),)
            index = (cells - first_cell,)
            if has_models:
                leading += (slice(first_model, int(models.max()) + 1),)
                index += (models - first_model,)
            values = stored[leading][index]
        missing = [(0, want - have) for want, have in zip(rest, values.shape[1:], strict=True)]
        if any(after for _, after in missing):  # the largest cell of the sweep is in another task
            values = np.pad(values, [(0, 0), *missing])
        return _selected(values, (slice(None), *rest_key))

    def _check(self, path: Path, key: str) -> None:
        """Refuse a damaged file before HDF5 sees it; once for each version of the file."""
        try:
            version = path.stat().st_mtime_ns
        except OSError:
            version = -1
        if self._checked.get(key) == version:
            return
        wrong = problem_with(path, key)
        if wrong:
            raise FileError(f"{wrong} Run the sweep again, which makes this task anew.")
        self._checked[key] = version


def _selected(values: np.ndarray, key: tuple[Any, ...]) -> np.ndarray:
    """One axis at a time, so that several arrays of integers do not pair up; last axis first, as integers drop theirs."""
    for axis in reversed(range(len(key))):
        values = values[(slice(None),) * axis + (key[axis],)]
    return values
