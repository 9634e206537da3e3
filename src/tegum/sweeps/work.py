"""One task of a sweep: what it is, how it is named, and how it is done.

The name of a task is a hash of its content: everything that decides its numbers and nothing else. That text is also all
that a worker is sent.
"""

import hashlib
from collections.abc import Sequence

import xarray as xr

from tegum.ground.errors import InputError
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.kernels.choice import choose_kernel
from tegum.kernels.interface import AbstractKernel, AbstractRun
from tegum.problem import Axis, Grid, Problem, Record, TrainSettings
from tegum.sweeps.taskfile import encode
from tegum.training import train

_IDENTITY = b"tegum task 1\n"  # goes up when the layout of a task file changes


class TaskContent(FrozenRecord):
    """Everything that decides the numbers of a task: its problems, and which models of each.

    Args:
        problems: one for each cell.
        settings, record, seed: as for `train`.
        first_model, n_models: the models first_model ... first_model + n_models - 1 of every cell.
        kernel, kernel_epoch: which kernel, and which version of its numbers.
    """

    problems: tuple[Problem, ...]
    settings: TrainSettings
    record: Record
    seed: int
    first_model: int
    n_models: int
    kernel: str
    kernel_epoch: int

    @property
    def key(self) -> str:
        """Name of the task: 16 hexadecimal digits."""
        return key_of(self.to_json())


def key_of(text: str) -> str:
    """Name of the task with this canonical content."""
    return hashlib.blake2b(_IDENTITY + text.encode(), digest_size=8).hexdigest()


def run_task(text: str, n_threads: int, tell: Listener | None = None) -> bytes:
    """Do a task.

    Args:
        text: its content as canonical JSON.
        n_threads: processor cores to use, for the kernels that let the caller choose.
        tell: called with the progress of training.

    Returns:
        The bytes of its file, which are the same wherever it is done.

    Raises:
        DivergedError, InputError: as `train`; InputError if this kernel has other numbers than the one asked for.
    """
    content = TaskContent.from_json(text)
    return encode(_trained(content, n_threads, tell), text, key_of(text))


def _trained(content: TaskContent, n_threads: int, tell: Listener | None) -> xr.Dataset:
    kernel = _kernel(content, n_threads)
    if kernel.epoch != content.kernel_epoch:
        raise InputError(
            f"the sweep was begun with epoch {content.kernel_epoch} of the kernel {kernel.name}, and this process has "
            f"epoch {kernel.epoch}. Use one version of tegum for the whole sweep."
        )
    return train(
        _as_grid(content.problems), content.settings, n_models=content.n_models, seed=content.seed,
        kernel=_Later(kernel, content.first_model), record=content.record, progress=tell or False,
    )  # fmt: skip


def _kernel(content: TaskContent, n_threads: int) -> AbstractKernel:
    if content.kernel == "fused":
        from tegum.kernels.fused import FusedKernel

        return FusedKernel(n_threads)
    return choose_kernel(content.kernel, content.settings)


def _as_grid(problems: Sequence[Problem]) -> Grid:
    """Any list of problems as a grid with the one axis `cell`, along which every field that differs varies."""
    columns = {name: tuple(getattr(p, name) for p in problems) for name in Problem.model_fields}
    varied = {name: values for name, values in columns.items() if any(v != values[0] for v in values)}
    axis = Axis(fields=varied or {"n_hidden": columns["n_hidden"]}, labels=tuple(map(float, range(len(problems)))))
    return Grid(problems[0], cell=axis)


class _Later(AbstractKernel):
    """A kernel whose model 0 is the given one: `train` counts from 0, and a task may begin in the middle."""

    def __init__(self, kernel: AbstractKernel, first_model: int) -> None:
        self.name, self.epoch = kernel.name, kernel.epoch
        self._kernel, self._first = kernel, first_model

    def prepare(
        self, problems: Sequence[Problem], settings: TrainSettings, *, models: Sequence[int], seed: int
    ) -> AbstractRun:
        """See AbstractKernel."""
        return self._kernel.prepare(problems, settings, models=[self._first + i for i in models], seed=seed)
