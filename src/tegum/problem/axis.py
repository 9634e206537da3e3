"""One axis of a grid: which fields of a problem vary along it, and what stands at it."""

import math
from typing import Annotated, Any, cast

from pydantic import TypeAdapter, ValidationError, field_validator

from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord, plain_number, sentence
from tegum.problem.problem import Problem
from tegum.problem.profiles import describe

_FIELDS = {
    name: TypeAdapter(cast(Any, Annotated[field.annotation, field])).validate_python  # pyright: ignore[reportInvalidTypeForm]
    for name, field in Problem.model_fields.items()
}


class Axis(FrozenRecord):
    """Values that one or several fields of a problem take together along a named axis.

    Args:
        fields: field name -> list of values, all lists of one length.
        labels: what the axis shows for each value; numbers or text, all different. Default: the values of the field
            that a problem lists first.
        name: filled in by `Grid`.

    Raises:
        InputError: no value, lists of different lengths, an unknown field, a value that no problem takes, or two values
            with one label.

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
        self._check_labels()

    @field_validator("fields")
    @classmethod
    def _normalise(cls, fields: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        """Bring each value to the form that the problem would keep, so that equal grids are equal."""
        unknown = sorted(set(fields) - set(Problem.model_fields))
        if unknown:
            raise ValueError(f"no field {unknown[0]!r} to vary; the fields are {', '.join(Problem.model_fields)}.")
        known = [name for name in Problem.model_fields if name in fields]  # their order says what the labels are
        return {name: tuple(_normal(name, value) for value in fields[name]) for name in known}

    @field_validator("labels", mode="before")
    @classmethod
    def _numbers_or_texts(cls, labels: Any) -> Any:
        labels = labels.tolist() if hasattr(labels, "tolist") else labels
        if isinstance(labels, list | tuple):
            texts = [isinstance(label, str) for label in labels]
            if (any(texts) and not all(texts)) or any(isinstance(v, float) and not math.isfinite(v) for v in labels):
                raise ValueError(f"expected finite numbers, or texts, but not both; got {labels!r}.")
        return labels

    def _check_lengths(self) -> None:
        lengths = {name: len(values) for name, values in self.fields.items()}
        if self.labels:
            lengths["labels"] = len(self.labels)
        if not self.fields or len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise InputError(f"an axis needs one or more lists of values of one length; got the lengths {lengths}.")

    def _check_labels(self) -> None:
        labels = self.coordinates()
        for label in labels:
            if labels.count(label) > 1:
                raise InputError(
                    f"an axis needs a different label for each value; got {label!r} twice. "
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


def _normal(name: str, value: Any) -> Any:
    """A value in the form that a problem keeps."""
    try:
        if Problem.model_fields[name].annotation is int:
            value = plain_number(value)
        return _FIELDS[name](value)
    except ValidationError as error:
        raise ValueError(sentence(error.errors()[0] | {"loc": (name,)}, Problem)) from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
