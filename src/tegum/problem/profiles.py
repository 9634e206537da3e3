"""Numbers that each feature has one of: a scalar, a sequence, or a profile that keeps its formula."""

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord, plain_number


class Constant(FrozenRecord):
    """The same value for every feature.

    Args:
        value: the value.
        profile: the name of this form in files, "constant".

    Example:
        >>> Constant(value=0.5).values(3)
        array([0.5, 0.5, 0.5])
    """

    profile: Literal["constant"] = Field(default="constant", repr=False)
    value: float

    def values(self, n_features: int) -> np.ndarray:
        """float64, (n_features,)."""
        return np.full(n_features, self.value)

    def __str__(self) -> str:
        return f"{self.value:g}"


class Geometric(FrozenRecord):
    """first * ratio^i for feature i = 0, 1, ...

    Args:
        ratio: the value of each feature over that of the feature before, at least 0.
        first: the value of feature 0.
        profile: the name of this form in files, "geometric".

    Example:
        >>> Geometric(ratio=0.5).values(3)
        array([1.  , 0.5 , 0.25])
    """

    profile: Literal["geometric"] = Field(default="geometric", repr=False)
    ratio: float = Field(ge=0)
    first: float = 1.0

    @np.errstate(over="ignore")  # a problem refuses what is infinite, and says for which feature
    def values(self, n_features: int) -> np.ndarray:
        """float64, (n_features,)."""
        return self.first * self.ratio ** np.arange(n_features)

    def __str__(self) -> str:
        return f"{_factor(self.first)}{self.ratio:g}^i"


class PowerLaw(FrozenRecord):
    """first * (i + 1)^-exponent for feature i = 0, 1, ...

    Args:
        exponent: how steeply values fall.
        first: the value of feature 0.
        profile: the name of this form in files, "power_law".

    Example:
        >>> PowerLaw(exponent=1.0).values(4)
        array([1.        , 0.5       , 0.33333333, 0.25      ])
    """

    profile: Literal["power_law"] = Field(default="power_law", repr=False)
    exponent: float
    first: float = 1.0

    @np.errstate(over="ignore")  # as in Geometric
    def values(self, n_features: int) -> np.ndarray:
        """float64, (n_features,)."""
        return self.first * (np.arange(n_features) + 1.0) ** -self.exponent

    def __str__(self) -> str:
        return f"{_factor(self.first)}(i+1)^{-self.exponent:g}"


def _factor(first: float) -> str:
    return "" if first == 1.0 else f"{first:g} "


_PROFILES = {"constant": Constant, "geometric": Geometric, "power_law": PowerLaw}
Profile = Constant | Geometric | PowerLaw


def _clean(value: Any) -> Any:
    """Bring what a person may write (numbers, arrays, tables) to one of the three forms."""
    if isinstance(value, Profile):
        return value
    if isinstance(value, dict):
        kind = _PROFILES.get(str(value.get("profile")))
        if kind is None:
            raise ValueError(f"a profile needs profile = one of {', '.join(_PROFILES)}; got {value!r}.")
        return kind(**value)
    if isinstance(value, bool | str | None):
        raise ValueError(f"expected a number, a sequence of numbers or a profile; got {value!r}.")
    array = np.asarray(value, dtype=object)
    if array.ndim > 1:
        raise ValueError(f"expected one number per feature; got an array of shape {array.shape}.")
    try:
        numbers = tuple(float(plain_number(v)) for v in array.ravel())
    except (TypeError, ValueError):
        raise ValueError(f"expected numbers; got {value!r}.") from None
    for i, number in enumerate(numbers):
        if not math.isfinite(number):
            raise ValueError(f"expected finite numbers; got {number} for feature {i}.")
    return numbers if array.ndim else numbers[0]


PerFeature = Annotated[float | tuple[float, ...] | Profile, BeforeValidator(_clean)]


def expand(value: float | tuple[float, ...] | Profile, n_features: int, name: str) -> np.ndarray:
    """Write a per-feature value out, one float64 per feature.

    Raises:
        InputError: a sequence does not have n_features entries.

    Example:
        >>> expand(0.1, 2, "feature_probability")
        array([0.1, 0.1])
    """
    if isinstance(value, Profile):
        return value.values(n_features)
    if isinstance(value, tuple):
        if len(value) != n_features:
            raise InputError(
                f"{name} has {len(value)} values, expected n_features = {n_features}; "
                "give one value per feature, or a single number for all."
            )
        return np.array(value)
    return np.full(n_features, value)


def describe(value: Any) -> str:
    """Short text for titles and coordinates, e.g. `0.7^i`."""
    if isinstance(value, tuple):
        return "(" + ", ".join(describe(v) for v in value) + ")"
    return f"{value:g}" if isinstance(value, float) else str(value)
