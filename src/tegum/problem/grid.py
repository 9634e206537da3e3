"""Many problems at once: a base problem and the axes along which it varies."""

import itertools
import math
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError, field_validator

from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord, plain_number, sentence
from tegum.problem.problem import Problem
from tegum.problem.profiles import Profile, describe

_FIELDS = {
    name: TypeAdapter(Annotated[field.annotation, field]).validate_python
    for name, field in Problem.model_fields.items()
}
_RESERVED = (  # the other dimensions of the dataset, and its variables
    "model", "feature", "hidden", "step", "snapshot", "W", "bias", "loss", "loss_standard_error", "loss_history",
    "W_history", "bias_history", "probabilities", "importances",
)  # fmt: skip


class Axis(FrozenRecord):
    """Values that one or several fields of a problem take together along a named axis.

    Args:
        fields: field name -> list of values, all lists of one length.
        labels: what the axis shows for each value; numbers or text. Default: the values of the first field.
        name: filled in by `Grid`.

    Example: the importance of the second of two features, shown as the axis `relative_importance`.
        >>> axis = Axis(labels=[0.1, 1.0], fields={"importance": [(1, 0.1), (1, 1.0)]})
        >>> len(axis)
        2
    """

    fields: dict[str, tuple[Any, ...]]
    labels: tuple[float, ...] | tuple[str, ...] = ()
    name: str = ""

    def __init__(self, /, **fields: Any) -> None:
        super().__init__(**fields)
        self._check_lengths()

    @field_validator("fields")
    @classmethod
    def _normalise(cls, fields: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        """Bring each value to the form that the problem would keep, so that equal grids are equal."""
        unknown = sorted(set(fields) - set(Problem.model_fields))
        if unknown:
            raise ValueError(f"no field {unknown[0]!r} to vary; the fields are {', '.join(Problem.model_fields)}.")
        return {name: tuple(_normal(name, value) for value in values) for name, values in fields.items()}

    @field_validator("labels", mode="before")
    @classmethod
    def _numbers_or_texts(cls, labels: Any) -> Any:
        labels = labels.tolist() if hasattr(labels, "tolist") else labels
        if isinstance(labels, list | tuple) and len({isinstance(label, str) for label in labels}) > 1:
            raise ValueError(f"expected numbers, or texts, but not both; got {labels!r}.")
        return labels

    def _check_lengths(self) -> None:
        lengths = {name: len(values) for name, values in self.fields.items()}
        if self.labels:
            lengths["labels"] = len(self.labels)
        if not self.fields or len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise InputError(f"an axis needs one or more lists of values of one length; got the lengths {lengths}.")
        shown = self.coordinates()
        for label in shown:
            if shown.count(label) > 1:
                raise InputError(
                    f"an axis needs different labels, by which its values are told apart; got {label!r} twice. "
                    "Leave one of them out, or pass an Axis with labels of your own."
                )

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def __hash__(self) -> int:
        return hash(self.to_json())

    def coordinates(self) -> list[Any]:
        """What stands at the axis: its labels, else numbers if the first field has numbers, else short texts."""
        if self.labels:
            return list(self.labels)
        values = next(iter(self.fields.values()))
        if all(isinstance(v, int | float) for v in values):
            return list(values)
        return [describe(v) for v in values]


class Grid(FrozenRecord):
    """A problem varied along named axes; `train` takes it wherever it takes a problem.

    Args:
        problem: the base.
        axes (as keywords): a field of the problem with its values, e.g. feature_probability=[1, 0.1, 0.01], or any other
            name with an `Axis` that says which fields vary together.

    Raises:
        InputError: an unknown field, an empty axis, a name that is taken, two values with one label, a field that two
            axes vary, or a value that the problem refuses (with the cell named).

    Example:
        >>> grid = Grid(Problem(n_features=5, n_hidden=2, feature_probability=1), feature_probability=[1, 0.1, 0.01])
        >>> grid.shape, [cell.feature_probability for cell in grid.cells()]
        ((3,), [1.0, 0.1, 0.01])
    """

    problem: Problem
    axes: tuple[Axis, ...] = ()  # not a dictionary: their order is that of the dimensions, also in canonical JSON

    def __init__(self, problem: Any = None, **axes: Any) -> None:
        recorded = axes.pop("axes", ())
        recorded = recorded if isinstance(recorded, list | tuple) else (recorded,)
        super().__init__(problem=problem, axes=(*recorded, *(_axis(name, values) for name, values in axes.items())))
        self._check_names()
        self.cells()

    def _check_names(self) -> None:
        for name in self.dims:
            _check_name(name)
        if len(set(self.dims)) < len(self.axes):
            raise InputError(f"Grid: the axes need different names; got {', '.join(self.dims)}.")
        varied = [field for axis in self.axes for field in axis.fields]
        for field in sorted({field for field in varied if varied.count(field) > 1}):
            raise InputError(f"Grid: the field {field!r} varies along two axes, so neither decides; take it out of one.")

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __repr__(self) -> str:
        return f"Grid({self.problem!r}, " + ", ".join(f"{axis.name}={axis!r}" for axis in self.axes) + ")"

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
        return [self._cell(index) for index in itertools.product(*map(range, self.shape))]

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


def _normal(name: str, value: Any) -> Any:
    """A value in the form that a problem keeps."""
    try:
        return _FIELDS[name](plain_number(value) if Problem.model_fields[name].annotation is int else value)
    except ValidationError as error:
        raise ValueError(sentence(error.errors()[0] | {"loc": (name,)}, Problem)) from None


def _check_name(name: str) -> None:
    if name in _RESERVED or not name.isidentifier():
        raise InputError(
            f"an axis cannot be called {name!r}; {', '.join(_RESERVED)} are taken, and it must be one word. "
            "Choose another name, and say in an Axis which fields vary along it: "
            "kind=Axis(fields={'hidden': ['linear', 'relu']})."
        )


def _axis(name: str, values: Any) -> Axis:
    _check_name(name)
    if isinstance(values, Axis):
        return values.replace(name=name)
    if isinstance(values, dict):
        return Axis(**values | {"name": name})
    if name not in Problem.model_fields:
        raise InputError(
            f"a problem has no field {name!r} to vary; the fields are {', '.join(Problem.model_fields)}. "
            + ("Use feature_probability = 1 - sparsity." if name == "sparsity" else "For an axis with a name of its own pass an Axis.")
        )
    if isinstance(values, str | Profile | set) or not hasattr(values, "__iter__") or getattr(values, "ndim", 1) == 0:
        raise InputError(f"the axis {name} needs a list of values, in the order of the axis; got {values!r}.")
    return Axis(name=name, fields={name: tuple(v.tolist() if hasattr(v, "tolist") else v for v in values)})
