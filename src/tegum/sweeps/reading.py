"""Reading any part of a variable that is spread over the files of many tasks."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tegum.ground.errors import FileError
from tegum.store.layout import STANDS_FOR
from tegum.sweeps.partition import Task
from tegum.sweeps.taskfile import problem_with

Key = tuple[Any, ...]


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
        self._folder, self._grid_shape, self._n_models = folder, grid_shape, n_models
        self._tasks = list(tasks)
        self._present = [task.key in present for task in tasks]
        self._starts = np.array([task.block.first_cell * n_models + task.block.first_model for task in tasks])
        self._checked: dict[str, int] = {}

    def read(self, name: str, key: Key, shape: tuple[int, ...], *, has_models: bool) -> np.ndarray:
        """A part of a variable.

        Args:
            name: of the variable, which holds real numbers.
            key: for each of its dimensions (grid..., model if it has one, ...) an integer, a slice or an array of
                integers; arrays stand for themselves, as in `numpy.ix_`.
            shape: of the whole variable.
            has_models: whether it has the dimension `model`; if not, every task of a cell holds the same.

        Returns:
            The part, float64; NaN where a task has no file.
        """
        n_leading = len(self._grid_shape) + has_models
        leading, inner_key, inner = key[:n_leading], key[n_leading:], shape[n_leading:]
        chosen = [np.atleast_1d(np.arange(n)[k]) for k, n in zip(leading, shape, strict=False)]
        pairs = self._pairs(chosen if has_models else [*chosen, np.zeros(1, int)])
        part = np.full((pairs.size, *_selected(np.empty(inner, bool), inner_key).shape), np.nan)
        owner = np.searchsorted(self._starts, pairs, side="right") - 1
        order = np.argsort(owner, kind="stable")
        for mine in np.split(order, 1 + np.flatnonzero(np.diff(owner[order]))):
            if mine.size and self._present[owner[mine[0]]]:
                values = self._read_task(self._tasks[owner[mine[0]]], name, pairs[mine], has_models=has_models)
                part[mine] = _selected(_padded(values, inner), (slice(None), *inner_key))
        kept = [len(c) for k, c in zip(leading, chosen, strict=True) if not isinstance(k, int | np.integer)]
        return part.reshape((*kept, *part.shape[1:]))

    def _pairs(self, chosen: Sequence[np.ndarray]) -> np.ndarray:
        """Numbers of the chosen (cell, model) pairs in the row of all pairs."""
        lengths = (*self._grid_shape, self._n_models)
        return np.ravel_multi_index(tuple(np.broadcast_arrays(*np.ix_(*chosen))), lengths).ravel()

    def _read_task(self, task: Task, name: str, pairs: np.ndarray, *, has_models: bool) -> np.ndarray:
        """A variable for some pairs of one task; they are the first axis of the result."""
        cells, models = np.divmod(pairs, self._n_models)
        index = (cells - task.block.first_cell, models - task.block.first_model)[: 1 + has_models]
        path = self._folder / f"{task.key}.nc"
        self._check(path, task.key)
        with h5py.File(path, "r") as file:
            stored: Any = file[name if name in file else STANDS_FOR[name]]
            values = stored[tuple(slice(i.min(), i.max() + 1) for i in index)]
        return values[tuple(i - i.min() for i in index)]

    def _check(self, path: Path, key: str) -> None:
        """Refuse a damaged file before HDF5 sees it; once for each version of the file."""
        version = path.stat().st_mtime_ns if path.exists() else -1
        if self._checked.get(key) == version:
            return
        wrong = problem_with(path, key)
        if wrong:
            raise FileError(f"{wrong} Run the sweep again, which makes this task anew.")
        self._checked[key] = version


def _padded(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros at the end of every axis but the first, as the largest cell of the sweep may be in another task."""
    missing = [(0, want - have) for want, have in zip(shape, values.shape[1:], strict=True)]
    return np.pad(values, [(0, 0), *missing]) if any(after for _, after in missing) else values


def _selected(values: np.ndarray, key: Key) -> np.ndarray:
    """Index one axis at a time, so that several arrays do not pair up; the last first, as an integer drops its axis."""
    for axis in reversed(range(len(key))):
        values = values[(slice(None),) * axis + (key[axis],)]
    return values
