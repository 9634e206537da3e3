"""What a sweep is asked to do, as a record that goes through TOML and JSON unchanged."""

import functools
import json
from collections.abc import Iterator
from typing import Any

from pydantic import Field, field_validator

from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord
from tegum.kernels.choice import choose_kernel
from tegum.problem import Axis, Grid, Problem, Record, TrainSettings

_SHOWN = 10


class SweepSpec(FrozenRecord):
    """A grid of problems, how to train them, and how much of it to do at a time.

    Args:
        problem: the base problem.
        axes: what varies: a list of `Axis`, or a table of name and values as `Grid` takes them. Their order is that of
            the dimensions of the result.
        settings: optimiser, schedule and sizes; the published defaults if left out.
        n_models: models for each cell.
        seed: the one integer behind all random numbers.
        kernel: "auto", "fused", "reference" or "reference:cuda".
        record: what to keep along the way.
        task_seconds: length of one task on one processor core, by the estimate of `partition`; it decides how the grid
            is cut into files.

    Raises:
        InputError: a value is out of range or a key is unknown.

    Example:
        >>> spec = SweepSpec.from_toml('''
        ... n_models = 4
        ... [problem]
        ... n_features = 5
        ... n_hidden = 2
        ... feature_probability = 1
        ... [axes]
        ... feature_probability = [1, 0.1, 0.01]
        ... ''')
        >>> spec.grid.shape
        (3,)
        >>> SweepSpec.from_toml(spec.to_toml()) == spec
        True
    """

    problem: Problem
    axes: tuple[Axis, ...] = ()
    settings: TrainSettings = TrainSettings()
    n_models: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)
    kernel: str = "auto"
    record: Record = Record()
    task_seconds: float = Field(default=5.0, gt=0)

    def __init__(self, /, **fields: Any) -> None:
        axes = fields.get("axes")
        if isinstance(axes, dict):  # the short form, for people
            fields["axes"] = Grid(fields.get("problem"), **axes).axes
        super().__init__(**fields)
        self.record.steps(self.settings.n_steps)
        _ = self.grid

    @field_validator("axes", mode="before")
    @classmethod
    def _list_of_axes(cls, axes: Any) -> Any:
        if not isinstance(axes, list | tuple):
            raise ValueError(f"expected a list of axes, or a table of names and values; got {axes!r}.")
        return axes

    def __hash__(self) -> int:
        return hash(self.to_json())

    @functools.cached_property
    def grid(self) -> Grid:
        """The problem and its axes as `train` takes them."""
        return Grid(problem=self.problem, axes=self.axes)

    def resolved(self) -> "SweepSpec":
        """The same with the name of the kernel that `auto` stands for.

        Raises:
            InputError: there is no such kernel.
        """
        return self.replace(kernel=choose_kernel(self.kernel, self.settings).name)


def spec_of(grid: Problem | Grid | SweepSpec, **fields: Any) -> SweepSpec:
    """A spec from what `sweep` takes.

    Raises:
        InputError: neither a problem nor a grid, or a field is out of range.

    Example:
        >>> spec_of(Problem(n_features=5, n_hidden=2, feature_probability=0.1), n_models=3).n_models
        3
    """
    if isinstance(grid, Problem):
        grid = Grid(grid)
    if not isinstance(grid, Grid):
        raise InputError(f"a sweep needs a Problem or a Grid; got {grid!r}.")
    return SweepSpec(problem=grid.problem, axes=grid.axes, **fields)


def differences(stored: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    """One line for each value in which two nested tables differ, at most ten.

    Example:
        >>> differences({"seed": 0, "settings": {"n_steps": 5}}, {"seed": 1, "settings": {"n_steps": 5}})
        ['seed: 0 in the folder, 1 asked for']
    """
    lines = list(_differences("", stored, asked))
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def _differences(where: str, stored: Any, asked: Any) -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(asked, dict):
        for name in sorted({*stored, *asked}):
            yield from _differences(f"{where}.{name}".lstrip("."), stored.get(name), asked.get(name))
    elif isinstance(stored, list) and isinstance(asked, list) and len(stored) == len(asked):
        for i, pair in enumerate(zip(stored, asked, strict=True)):
            yield from _differences(f"{where}[{i}]", *pair)
    elif stored != asked:
        yield f"{where}: {_short(stored)} in the folder, {_short(asked)} asked for"


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, sort_keys=True)
    return text if len(text) <= 60 else text[:57] + "..."
