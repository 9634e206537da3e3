"""Recovery as a sweep: one task for each case of the grid, and what its file holds."""

import hashlib
from typing import Any

import numpy as np
import xarray as xr

from tegum.ground.errors import FileError, InputError
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.recovery.collecting import Answer, as_dataset, collect
from tegum.recovery.sampling import CodeCounts
from tegum.recovery.spec import Case, RecoverySpec, StopRule
from tegum.store import load
from tegum.sweeps.folder import RECOVERY, SweepFolder
from tegum.sweeps.taskfile import encode

EPOCH = 1
"""Goes up when the same case gives other numbers: other codes, other supports, another decoder."""
_IDENTITY = b"tegum recovery 1\n"  # goes up when the layout of a task file changes


class RecoveryTask(FrozenRecord):
    """Everything that decides the numbers of a task.

    Args:
        case: what is sampled.
        samples_per_code: inputs for each code.
        stop: when it is enough.
        epoch: version of the numbers.
    """

    case: Case
    samples_per_code: int
    stop: StopRule
    epoch: int = EPOCH

    @property
    def key(self) -> str:
        """Name of the task: 16 hexadecimal digits."""
        return hashlib.blake2b(_IDENTITY + self.to_json().encode(), digest_size=8).hexdigest()


def tasks_of(spec: RecoverySpec) -> list[RecoveryTask]:
    """The tasks of a grid, in the order of its cases."""
    return [RecoveryTask(case=case, samples_per_code=spec.samples_per_code, stop=spec.stop) for case in spec.cases()]


def as_asked(spec: RecoverySpec) -> dict[str, Any]:
    """Everything that decides the numbers of a grid, as its folder keeps it."""
    return spec.model_dump(mode="json") | {"epoch": EPOCH}


def from_asked(asked: dict[str, Any]) -> RecoverySpec:
    """What `as_asked` was made of."""
    return RecoverySpec(**{name: value for name, value in asked.items() if name != "epoch"})


def run_recovery_task(text: str, n_threads: int, tell: Listener | None = None) -> bytes:
    """Do a task.

    Args:
        text: its content as canonical JSON.
        n_threads: processor cores to use; they change no number.
        tell: called after each code.

    Returns:
        The bytes of its file.

    Raises:
        InputError: no such code or decoder can be had, or this process has other numbers than the one asked for.
    """
    task = RecoveryTask.from_json(text)
    if task.epoch != EPOCH:
        raise InputError(
            f"the sweep was begun with epoch {task.epoch} of recovery, and this process has epoch {EPOCH}. Use one"
            " version of tegum for the whole sweep."
        )
    n_done = 0

    def count() -> None:
        nonlocal n_done
        n_done += 1
        if tell:
            tell(Progress(n_done, task.stop.max_codes))

    answer = collect(task.case, task.samples_per_code, task.stop, count, n_threads=n_threads)
    columns = {name: ("code_number", [getattr(each, name) for each in answer.counts]) for name in CodeCounts._fields}
    return encode(xr.Dataset(columns | {"stopped": ((), answer.stopped)}), text, task.key)


def open_recovery(folder: SweepFolder, *, partial: bool) -> xr.Dataset:
    """The dataset that `recover` would have returned for the whole grid; missing cases are NaN.

    Raises:
        FileError: there is no sweep, tasks are missing and `partial` is not set, or a file is damaged.
    """
    spec = folder.read(RECOVERY, from_asked)
    keys, present = [task.key for task in tasks_of(spec)], folder.names()
    folder.refuse_missing(keys, present, partial=partial)
    return as_dataset(spec, [_answer(folder, key) if key in present else None for key in keys])


def _answer(folder: SweepFolder, key: str) -> Answer:
    try:
        data = load(folder.file(key))
    except FileError as error:
        raise FileError(f"{error} Run the sweep again, which makes this task anew.") from None
    columns = [np.asarray(data[name].values).tolist() for name in CodeCounts._fields]
    return Answer([CodeCounts(*row) for row in zip(*columns, strict=True)], int(data["stopped"]))
