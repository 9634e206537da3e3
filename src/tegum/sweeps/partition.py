"""How a sweep is cut into tasks: a pure function of its spec, so that every process and machine cuts alike.

The cells of the grid stand in a row, last axis fastest, and each has its models. Neighbours are put together until a
task is estimated to last as long as was asked for; a cell that is longer is cut into runs of models.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tegum.problem import Problem
from tegum.sweeps.spec import SweepSpec
from tegum.sweeps.work import TaskContent

# Limits on one task, whatever its estimate: many of them must fit into memory.
MOST_CELLS, MOST_MODELS = 1024, 4096
_PICOSECONDS = 10**12


class _Cost(NamedTuple):
    """Picoseconds on one core: per sample, per feature of a sample, per weight of a sample."""

    sample: int
    feature: int
    weight: int


# Measured (benchmarks/bench_sweep.py prints estimate and truth). These numbers are part of the format of a sweep: other
# ones would cut it elsewhere, and what is finished would not be found. They need be right to a factor of three only.
_TRAINING = {"fused": _Cost(0, 300, 55), "reference": _Cost(140_000, 10_000, 300)}
_EVALUATION = {"fused": _Cost(5_000, 200, 20), "reference": _Cost(40_000, 20_000, 1_000)}
_PER_MODEL, _PER_CELL = 50_000_000, 200_000_000
_COPULA, _COPULA_PAIR = 100_000, 2_000  # drawing one feature of a sample, and each other feature that it looks at


class Block(NamedTuple):
    """Some cells and models of a sweep: all models of several cells, or some models of one."""

    first_cell: int
    n_cells: int
    first_model: int
    n_models: int


class Task(NamedTuple):
    """A block; `key` names it by its content, and `work` is its estimated length in picoseconds on one core."""

    key: str
    block: Block
    work: int


def partition(spec: SweepSpec, kernel_epoch: int) -> list[Task]:
    """Cut a sweep into tasks.

    Args:
        spec: with its kernel resolved.
        kernel_epoch: version of the kernel's numbers.

    Returns:
        Tasks in the order of the grid. Two tasks have the same key if and only if they have the same content.

    Example: 4000 models of one cell are cut into equal parts.
        >>> problem = Problem(n_features=5, n_hidden=2, feature_probability=0.1)
        >>> tasks = partition(SweepSpec(problem=problem, n_models=4000, kernel="fused"), kernel_epoch=1)
        >>> [task.block.n_models for task in tasks][:3], sum(task.block.n_models for task in tasks)
        ([222, 222, 222], 4000)
    """
    cells = spec.grid.cells()
    blocks = _blocks([_work(spec, cell) for cell in cells], spec.n_models, round(spec.task_seconds * _PICOSECONDS))
    return [Task(content(spec, kernel_epoch, cells, block).key, block, work) for block, work in blocks]


def content(spec: SweepSpec, kernel_epoch: int, cells: Sequence[Problem], block: Block) -> TaskContent:
    """What the task with this block is; `cells` are those of the spec's grid."""
    return TaskContent(
        problems=tuple(cells[block.first_cell : block.first_cell + block.n_cells]),
        settings=spec.settings,
        record=spec.record,
        seed=spec.seed,
        first_model=block.first_model,
        n_models=block.n_models,
        kernel=spec.kernel,
        kernel_epoch=kernel_epoch,
    )


def as_asked(spec: SweepSpec, kernel_epoch: int) -> dict[str, Any]:
    """Everything that decides the numbers of a sweep, as its folder keeps it."""
    return spec.model_dump(mode="json") | {"kernel_epoch": kernel_epoch}


def from_asked(asked: dict[str, Any]) -> tuple[SweepSpec, int]:
    """What `as_asked` was made of."""
    fields = dict(asked)
    kernel_epoch = int(fields.pop("kernel_epoch"))
    return SweepSpec(**fields), kernel_epoch


def describe_task(spec: SweepSpec, block: Block) -> str:
    """For people: where in the grid a block lies.

    Example:
        >>> problem = Problem(n_features=5, n_hidden=2, feature_probability=0.1)
        >>> spec = SweepSpec(problem=problem, axes={"n_hidden": [2, 3]}, n_models=4)
        >>> describe_task(spec, Block(first_cell=0, n_cells=2, first_model=0, n_models=4))
        'n_hidden = 2 to n_hidden = 3, models 0 to 3'
    """
    labels = [axis.coordinates() for axis in spec.grid.axes]
    ends = []
    for cell in sorted({block.first_cell, block.first_cell + block.n_cells - 1}):
        index = np.unravel_index(cell, spec.grid.shape)
        ends.append(", ".join(f"{name} = {at[i]}" for name, at, i in zip(spec.grid.dims, labels, index, strict=True)))
    models = f"models {block.first_model} to {block.first_model + block.n_models - 1}"
    return ", ".join(part for part in (" to ".join(ends), models) if part)


def _work(spec: SweepSpec, cell: Problem) -> int:
    """Estimated picoseconds for one model of a cell; whole numbers, which are the same on every machine."""
    n, m, settings = cell.n_features, cell.n_hidden, spec.settings
    kind = spec.kernel.partition(":")[0]
    train, evaluate = _TRAINING.get(kind, _TRAINING["fused"]), _EVALUATION.get(kind, _EVALUATION["fused"])
    batch = cell.n_training_samples or settings.batch_size
    training = settings.n_steps * batch * (train.sample + n * (train.feature + m * train.weight))
    evaluation = settings.evaluation_samples * (evaluate.sample + n * (evaluate.feature + m * evaluate.weight))
    if cell.correlation is not None:  # all matrices cost n steps for each feature, but one number for all pairs
        entries = (settings.evaluation_samples + batch * (1 if cell.n_training_samples else settings.n_steps)) * n
        evaluation += entries * (_COPULA + (0 if isinstance(cell.correlation, int | float) else n * _COPULA_PAIR))
    return training + evaluation + _PER_MODEL


def _blocks(work: Sequence[int], n_models: int, limit: int) -> Iterator[tuple[Block, int]]:
    """The block of each task and its work; `work` is that of one model of each cell."""
    first, total = 0, 0
    for cell, one in enumerate(work):
        whole = one * n_models + _PER_CELL
        n_gathered = cell - first
        full = total + whole > limit or n_gathered == MOST_CELLS or (n_gathered + 1) * n_models > MOST_MODELS
        if n_gathered and full:
            yield Block(first, n_gathered, 0, n_models), total
            first, total = cell, 0
        n_parts = min(n_models, max(-(-whole // limit), -(-n_models // MOST_MODELS)))
        if n_parts > 1:  # longer than a task by itself
            for first_model, count in _equal_parts(n_models, n_parts):
                yield Block(cell, 1, first_model, count), one * count + _PER_CELL
            first = cell + 1
        else:
            total += whole
    if first < len(work):
        yield Block(first, len(work) - first, 0, n_models), total


def _equal_parts(count: int, n_parts: int) -> list[tuple[int, int]]:
    """(first, length) of runs that differ in length by at most one; none is empty if n_parts <= count."""
    ends = [count * part // n_parts for part in range(n_parts + 1)]
    return [(first, end - first) for first, end in itertools.pairwise(ends)]
