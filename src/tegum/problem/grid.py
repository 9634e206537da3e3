"""Many problems at once: a base problem and the axes along which it varies."""

import itertools
import math
from typing import Any

from pydantic import PrivateAttr

from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord
from tegum.problem.axis import Axis
from tegum.problem.problem import Problem
from tegum.problem.profiles import Profile

_RESERVED = (  # the other dimensions of the dataset that `train` returns, and its variables
    "model", "feature", "hidden", "step", "snapshot", "W", "bias", "loss", "loss_standard_error", "loss_history",
    "W_history", "bias_history", "probabilities", "importances", "start", "losses", "frequency", "gradient",
    "curvature", "W_out", "W_out_history",
)  # fmt: skip


class Grid(FrozenRecord):
    """A problem varied along named axes; `train` takes it wherever it takes a problem.

    Args:
        problem: the base.
        axes (as keywords): a field of the problem with its values, e.g. feature_probability=[1, 0.1, 0.01], or any
            other name with an `Axis` that says which fields vary together.

    Raises:
        InputError: an unknown field, an empty axis, a name that the dataset needs, a field that varies along two axes,
            or a value that the problem refuses (with the cell named).

    Example:
        >>> grid = Grid(Problem(n_features=5, n_hidden=2, feature_probability=1), feature_probability=[1, 0.1, 0.01])
        >>> grid.shape, [cell.feature_probability for cell in grid.cells()]
        ((3,), [1.0, 0.1, 0.01])
    """

    problem: Problem
    axes: tuple[Axis, ...] = ()  # not a dictionary: their order is that of the dimensions, also in canonical JSON
    _cells: list[Problem] | None = PrivateAttr(default=None)

    def __init__(self, /, problem: Any = None, **axes: Any) -> None:
        recorded = axes.pop("axes", ())
        recorded = recorded if isinstance(recorded, list | tuple) else (recorded,)
        super().__init__(problem=problem, axes=(*recorded, *(_axis(name, values) for name, values in axes.items())))
        self._check_axes()
        self.cells()

    def _check_axes(self) -> None:
        for name in self.dims:
            _check_name(name)
        if len(set(self.dims)) < len(self.axes):
            raise InputError(f"Grid: the axes need different names; got {', '.join(self.dims)}.")
        varied = [field for axis in self.axes for field in axis.fields]
        for field in sorted({field for field in varied if varied.count(field) > 1}):
            raise InputError(f"Grid: the field {field!r} varies along two axes; take it out of one of them.")

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __repr__(self) -> str:
        return f"Grid({', '.join([repr(self.problem), *(f'{axis.name}={axis!r}' for axis in self.axes)])})"

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes, in the order in which they were given."""
        return tuple(axis.name for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(len(axis) for axis in self.axes)

    def cells(self) -> list[Problem]:
        """Every problem of the grid, last axis fastest."""
        if self._cells is None:  # a large grid takes seconds to write out
            self._cells = [self._cell(index) for index in itertools.product(*map(range, self.shape))]
        return list(self._cells)

    def _cell(self, index: tuple[int, ...]) -> Problem:
        changes: dict[str, Any] = {}
        for position, axis in zip(index, self.axes, strict=True):
            changes |= {field: values[position] for field, values in axis.fields.items()}
        try:
            return self.problem.replace(**changes)
        except InputError as error:
            where = ", ".join(f"{name}[{i}]" for name, i in zip(self.dims, index, strict=True))
            raise InputError(f"{error} (at {where} of the grid)") from None

    def __len__(self) -> int:
        return math.prod(self.shape)


def _check_name(name: str) -> None:
    if name in _RESERVED or not name.isidentifier():
        raise InputError(
            f"an axis cannot be called {name!r}; {', '.join(_RESERVED)} are taken, and it must be one word. Choose "
            "another name and say in an Axis what varies along it, "
            "e.g. kind=Axis(fields={'hidden': ['linear', 'relu']})."
        )


def _axis(name: str, values: Any) -> Axis:
    _check_name(name)
    if isinstance(values, Axis):
        return values.replace(name=name)
    if isinstance(values, dict):
        return Axis(**values | {"name": name})
    if name not in Problem.model_fields:
        hint = (
            "Use feature_probability = 1 - sparsity."
            if name == "sparsity"
            else "To name an axis yourself, pass an Axis."
        )
        raise InputError(
            f"a problem has no field {name!r} to vary; the fields are {', '.join(Problem.model_fields)}. {hint}"
        )
    if isinstance(values, str | set | Profile) or not hasattr(values, "__iter__") or getattr(values, "ndim", 1) == 0:
        raise InputError(f"the axis {name} needs a list of values, in the order of the axis; got {values!r}.")
    return Axis(name=name, fields={name: tuple(v.tolist() if hasattr(v, "tolist") else v for v in values)})
