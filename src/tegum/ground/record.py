"""Frozen records: what a question is made of.

A record is complete, refuses unknown keys, compares and hashes by content, and goes through JSON and TOML unchanged.
"""

import hashlib
import json
import tomllib
from typing import Any, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from tegum.ground.errors import InputError


class FrozenRecord(BaseModel):
    """Base of all records: keyword-only, frozen, validated, explicit about what it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InputError(_explain(error, type(self))) from None

    def __str__(self) -> str:
        return repr(self)

    @field_validator("*", mode="before")
    @classmethod
    def _plain_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        return plain_number(value) if cls.model_fields[info.field_name or ""].annotation in (int, float) else value

    def replace(self, **changes: Any) -> Self:
        """Copy with some fields changed, validated again."""
        return type(self)(**{name: getattr(self, name) for name in type(self).model_fields} | changes)

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, shortest exact floats, every field written out."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; raises InputError for anything else."""
        try:
            fields = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"{cls.__name__}: this is not JSON ({error}).") from None
        return cls._from_fields(fields)

    def to_toml(self) -> str:
        """TOML with every field written out, but for those that are None, which TOML cannot say.

        Raises:
            InputError: None stands in a list, for instance among the values of an axis.
        """
        try:
            return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))
        except TypeError:
            raise InputError(
                f"{type(self).__name__}: TOML has no word for None, which stands in a list here. Take that value out, "
                "or write JSON."
            ) from None

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read what `to_toml` or a person wrote; raises InputError if it does not fit."""
        try:
            fields = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{cls.__name__}: this is not TOML ({error}).") from None
        return cls._from_fields(fields)

    @classmethod
    def _from_fields(cls, fields: Any) -> Self:
        if not isinstance(fields, dict):
            raise InputError(f"{cls.__name__}: expected a table of fields; got {type(fields).__name__}.")
        return cls(**fields)

    def digest(self) -> str:
        """16 hexadecimal digits that depend on the content only, not on the order of keys."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=8).hexdigest()


def plain_number(value: Any) -> Any:
    """A number as it is to be written; text and truth values, which look like numbers to pydantic, are refused.

    Example: equal records must read alike, so zero has no sign.
        >>> plain_number(-0.0)
        0.0
    """
    if isinstance(value, bool | str):
        raise ValueError(f"expected a number; got {value!r}.")
    return value + 0.0 if isinstance(value, float) else value


def _explain(error: ValidationError, kind: type[FrozenRecord]) -> str:
    """One line for each mistake: which field, what was expected, what came."""
    return f"{kind.__name__}: " + " ".join(sentence(dict(mistake), kind) for mistake in error.errors())


def sentence(mistake: dict[str, Any], kind: type[FrozenRecord]) -> str:
    """What pydantic found wrong with a field of a record, for people."""
    field = ".".join(str(part) for part in mistake["loc"]) or "the record"
    names = ", ".join(kind.model_fields)
    if mistake["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        hint = " Use feature_probability = 1 - sparsity." if field == "sparsity" else ""
        return f"there is no field {field!r}; the fields are {names}.{hint}"
    if mistake["type"] == "missing":
        return f"{field} must be given."
    if mistake["type"] == "value_error":
        text = str(mistake["ctx"]["error"])
        return text if not mistake["loc"] or text.startswith(field) else f"{field}: {text}"
    return f"{field}: {mistake['msg'][0].lower()}{mistake['msg'][1:]}; got {mistake['input']!r}."
