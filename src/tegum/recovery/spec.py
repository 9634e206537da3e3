"""What a study of recovery is asked to do, as records that go through TOML and JSON unchanged."""

import itertools
import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from tegum.ground.record import FrozenRecord

AXES = ("code", "decoder", "n_features", "n_hidden", "n_active")
"""What may vary, in the order of the dimensions of the result."""
_PLAIN = (bool, int, float, str)


class StopRule(FrozenRecord):
    """When enough was sampled.

    The rule is looked at when first_codes, twice, four times ... as many codes were sampled, and a last time at
    max_codes. The chance 1 - confidence of a wrong interval is divided by the number of looks, so that the interval
    can be trusted at whichever of them the work ends.

    Args:
        quantity: "success" (all active features found and no other) or "wrong_features" (expected number of missed and
            invented ones).
        half_width: stop when half the length of its interval is at most this.
        relative_half_width: stop also when it is at most this share of the best value; 0 leaves it out.
        decide: stop also when the interval lies on one side of this value, if given.
        first_codes: codes before the first look, at least 2.
        max_codes: the budget.
        confidence: coverage of the intervals over the whole run, in (0, 1).

    Raises:
        InputError: a value is out of range.

    Example:
        >>> StopRule(first_codes=8, max_codes=50).looks()
        [8, 16, 32, 50]
    """

    quantity: Literal["success", "wrong_features"] = "success"
    half_width: float = Field(default=0.05, ge=0)
    relative_half_width: float = Field(default=0.0, ge=0)
    decide: float | None = None
    first_codes: int = Field(default=8, ge=2)
    max_codes: int = Field(default=512, ge=2)
    confidence: float = Field(default=0.99, gt=0, lt=1)

    @model_validator(mode="after")
    def _in_order(self) -> "StopRule":
        if self.first_codes > self.max_codes:
            raise ValueError(
                f"first_codes = {self.first_codes} exceeds max_codes = {self.max_codes}. Raise the budget"
                " max_codes, or lower first_codes, to 2 at least."
            )
        return self

    def looks(self) -> list[int]:
        """Numbers of codes at which the rule is looked at."""
        return doubling(self.first_codes, self.max_codes)

    @property
    def confidence_per_look(self) -> float:
        """Coverage of the interval of one look."""
        return 1 - (1 - self.confidence) / len(self.looks())


def doubling(first: int, last: int) -> list[int]:
    """First, twice first, ... and last.

    Example:
        >>> doubling(24, 100)
        [24, 48, 96, 100]
    """
    n_doublings = math.ceil(math.log2(last / first))
    return [first * 2**i for i in range(n_doublings)] + [last]


class Case(FrozenRecord):
    """One point of a study: n_active of n_features are 1, stored in n_hidden dimensions and read back.

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k, active features of each sample.
        code: name of a family of `tegum.codes.CODES`.
        decoder: name of a decoder of `tegum.decoders.DECODERS`.
        code_options: of the family, as for `make_code`.
        decoder_options: of the decoder, as for `decode`.
        seed: of codes and supports.

    Raises:
        InputError: a value is out of range or a name is unknown.
    """

    n_features: int = Field(ge=1)
    n_hidden: int = Field(ge=1)
    n_active: int = Field(ge=0)
    code: str
    decoder: str
    code_options: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)
    decoder_options: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)
    seed: int = Field(default=0, ge=0)

    @field_validator("code_options", "decoder_options")
    @classmethod
    def _options(cls, options: dict[str, Any]) -> dict[str, Any]:
        return plain_options(options)

    @model_validator(mode="after")
    def _known(self) -> "Case":
        from tegum.codes import CODES  # compiled code takes a while to load
        from tegum.decoders import DECODERS

        for what, name, table in (("code", self.code, CODES), ("decoder", self.decoder, DECODERS)):
            if name not in table:
                raise ValueError(f"there is no {what} {name!r}; expected one of {', '.join(table)}.")
        if self.n_active > self.n_features:
            raise ValueError(
                f"n_active must be at most n_features = {self.n_features}; got {self.n_active}. Are they swapped?"
            )
        return self


class RecoverySpec(FrozenRecord):
    """A grid of cases, how many samples to take, and when to stop.

    Args:
        n_features: n, or several.
        n_hidden: m, or several.
        n_active: k, or several.
        code: name of a family of codes, or several.
        decoder: name of a decoder, or several.
        code_options: of the family; of all of them if there are several.
        decoder_options: of the decoder, likewise.
        samples_per_code: inputs for each code.
        seed: the one integer behind all random numbers.
        stop: when a case has enough samples.

    Raises:
        InputError: a value is out of range, a name or a key is unknown, or a value stands in a list twice.

    Example: what is a list becomes a dimension of the result.
        >>> spec = RecoverySpec.from_toml('''
        ... n_features = 1000
        ... n_hidden = 256
        ... n_active = [4, 8]
        ... code = "sphere"
        ... decoder = ["threshold", "omp"]
        ... stop = {half_width = 0.02}
        ... ''')
        >>> spec.axes
        {'decoder': ('threshold', 'omp'), 'n_active': (4, 8)}
        >>> [case.n_active for case in spec.cases()]
        [4, 8, 4, 8]
    """

    n_features: int | tuple[int, ...]
    n_hidden: int | tuple[int, ...]
    n_active: int | tuple[int, ...]
    code: str | tuple[str, ...] = "sphere"
    decoder: str | tuple[str, ...] = "threshold"
    code_options: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)
    decoder_options: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)
    samples_per_code: int = Field(default=8, ge=1)
    seed: int = Field(default=0, ge=0)
    stop: StopRule = StopRule()

    def __init__(self, /, **fields: Any) -> None:
        super().__init__(**fields)
        _ = self.cases()  # refuses here what no case can be

    @field_validator(*AXES, mode="before")
    @classmethod
    def _one_or_several(cls, value: Any, info: ValidationInfo) -> Any:
        plain = _text if info.field_name in ("code", "decoder") else _whole
        several = value.tolist() if isinstance(value, np.ndarray) else value
        if isinstance(several, list | tuple | range):
            values = tuple(plain(item) for item in several)
            if not values or len(set(values)) < len(values):
                raise ValueError(f"expected a list of different values; got {list(values)}.")
            return values
        return plain(several)

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """What varies: names and values of the dimensions."""
        return {name: getattr(self, name) for name in AXES if isinstance(getattr(self, name), tuple)}

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions."""
        return tuple(len(values) for values in self.axes.values())

    def cases(self) -> list[Case]:
        """The points of the grid in a row, the last axis fastest."""
        fixed = {
            name: getattr(self, name)
            for name in (*AXES, "code_options", "decoder_options", "seed")
            if name not in self.axes
        }
        return [Case(**fixed, **varied) for varied in self._points()]

    def _points(self) -> Iterator[dict[str, Any]]:
        for values in itertools.product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))


def plain_options(options: dict[str, Any]) -> dict[str, Any]:
    """Options, if they can be written down.

    Raises:
        ValueError: one is neither a number nor text.
    """
    for name, value in options.items():
        if not isinstance(value, _PLAIN):
            raise ValueError(
                f"the option {name} must be a number or text, so that the study can be written down; got"
                f" {type(value).__name__}. Save a learned code and take the family 'file'."
            )
    return options


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ValueError(f"expected a whole number or a list of them; got {value!r}.")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a name or a list of them; got {value!r}.")
    return value
