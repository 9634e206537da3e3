"""How numbers, profiles, axes and settings are written on the command line."""

import re
from collections.abc import Sequence
from typing import Any, get_args

import tyro

from tegum.ground.errors import InputError
from tegum.ground.toml import read_toml_value
from tegum.problem import Geometric, PowerLaw, Problem
from tegum.problem.profiles import describe

FORMS = "a number, numbers separated by commas, a profile such as 0.7^i or (i+1)^-1.5"

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_GEOMETRIC = re.compile(rf"(?:(?P<first>{_NUMBER})(?:\s*\*\s*|\s+))?(?P<ratio>{_NUMBER})\^i")
_POWER = re.compile(rf"(?:(?P<first>{_NUMBER})\s*\*?\s*)?\(i\+1\)\^(?P<exponent>{_NUMBER})")
_COMMA = re.compile(r",(?![^(]*\))")  # not those inside brackets


def parse_per_feature(text: str) -> Any:
    """A per-feature value from its text; the inverse of `describe`.

    Raises:
        InputError: the text has none of the three forms.

    Example:
        >>> parse_per_feature("0.7^i"), parse_per_feature("1, 0.5"), parse_per_feature("0.1")
        (Geometric(ratio=0.7, first=1.0), (1.0, 0.5), 0.1)
    """
    text = text.strip()
    if match := _GEOMETRIC.fullmatch(text):
        return Geometric(ratio=float(match["ratio"]), first=float(match["first"] or 1))
    if match := _POWER.fullmatch(text):
        return PowerLaw(exponent=-float(match["exponent"]), first=float(match["first"] or 1))
    in_brackets = text.startswith("(") and text.endswith(")")
    try:
        numbers = tuple(float(part) for part in (text[1:-1] if in_brackets else text).split(","))
    except ValueError:
        raise InputError(f"{text!r} is not {FORMS}.") from None
    return numbers[0] if len(numbers) == 1 and not in_brackets else numbers


def grid_axes(vary: Sequence[str]) -> dict[str, list[Any]]:
    """Axes of a grid from texts such as `feature_probability=1,0.1,0.01`.

    Raises:
        InputError: a text is not NAME=VALUE,VALUE,..., or two have the same name.

    Example:
        >>> grid_axes(["n_hidden=2,3", "output=linear,relu"])
        {'n_hidden': [2, 3], 'output': ['linear', 'relu']}
    """
    axes = {}
    for text in vary:
        name, equals, values = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name or not values:
            raise InputError(f"--vary needs NAME=VALUE,VALUE,...; got {text!r}.")
        if name in axes:
            raise InputError(f"--vary names {name} twice; put all its values into one list.")
        axes[name] = [_axis_value(value) for value in _COMMA.split(values)]
    return axes


def _axis_value(text: str) -> Any:
    if text.strip().isdecimal():
        return int(text)
    try:
        return parse_per_feature(text)
    except InputError:
        return text.strip()


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Changed settings from texts such as `n_steps=500`.

    A value is TOML. As the shell takes quotes away, a single word may go without, and a profile is written as for
    `tegum train`.

    Raises:
        InputError: a text is not NAME=VALUE, its value cannot be read, or two have the same name.

    Example:
        >>> parse_changes(["n_steps=500", "feature_probability=[0.1, 0.3]", "schedule=cosine", "importance=0.9^i"])
        {'n_steps': 500, 'feature_probability': [0.1, 0.3], 'schedule': 'cosine',
        'importance': Geometric(ratio=0.9, first=1.0)}
    """
    changes = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise InputError(f"--set needs NAME=VALUE, e.g. n_steps=500; got {text!r}.")
        if name in changes:
            raise InputError(f"--set names {name} twice; set it once.")
        changes[name] = _setting_value(name, value)
    return changes


def _setting_value(name: str, text: str) -> Any:
    try:
        return read_toml_value(text)
    except ValueError:  # of which TOMLDecodeError is one
        if re.fullmatch(r"[A-Za-z][\w-]*", text):
            return text
    try:
        return parse_per_feature(text)
    except InputError:
        raise InputError(
            f"--set {name}: {text!r} is not TOML. Expected a number (500), a list ([0.1, 0.3]), a word (cosine), "
            "a profile (0.9^i) or a table ({n_steps = 500})."
        ) from None


VALUES = tyro.constructors.ConstructorRegistry()
_PER_FEATURE = get_args(Problem.model_fields["importance"].annotation)


def parse_sets(text: str) -> tuple[tuple[int, ...], ...]:
    """Sets of features from a text such as `0,1;2,3`.

    Raises:
        InputError: the text is not numbers separated by commas and semicolons.

    Example:
        >>> parse_sets("0,1;2,3")
        ((0, 1), (2, 3))
    """
    try:
        return tuple(tuple(int(word) for word in part.split(",")) for part in text.split(";"))
    except ValueError:
        raise InputError(f"{text!r} is not sets of features such as 0,1;2,3.") from None


@VALUES.primitive_rule
def _sets_rule(info: Any) -> Any:
    """Tell tyro how sets of features, and pairs of child and parent, are written."""
    if info.type not in [Problem.model_fields[name].annotation for name in ("correlated_sets", "parents")]:
        return None
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="SETS",
        instance_from_str=lambda words: parse_sets(words[0]),
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda value: [";".join(",".join(map(str, members)) for members in value) or "none"],
    )


def parse_correlation(text: str) -> float | tuple[tuple[float, ...], ...] | None:
    """One number, rows of a matrix separated by semicolons, or `none`.

    Raises:
        InputError: the text is none of these.

    Example:
        >>> parse_correlation("0.3"), parse_correlation("1,0.5;0.5,1"), parse_correlation("none")
        (0.3, ((1.0, 0.5), (0.5, 1.0)), None)
    """
    if text.strip().lower() == "none":
        return None
    try:
        rows = tuple(tuple(float(word) for word in part.split(",")) for part in text.split(";"))
    except ValueError:
        raise InputError(f"{text!r} is not a correlation such as 0.3, a matrix such as 1,0.5;0.5,1, or none.") from None
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows


@VALUES.primitive_rule
def _correlation_rule(info: Any) -> Any:
    """Tell tyro how a correlation is written."""
    if info.type != Problem.model_fields["correlation"].annotation:
        return None
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="NUMBER|MATRIX",
        instance_from_str=lambda words: parse_correlation(words[0]),
        is_instance=lambda value: value is None or isinstance(value, float | tuple),
        str_from_instance=lambda value: [
            ";".join(",".join(map(str, row)) for row in value) if isinstance(value, tuple) else str(value).lower()
        ],
    )


@VALUES.primitive_rule
def _per_feature_rule(info: Any) -> Any:
    """Tell tyro how a number, a sequence or a profile is written."""
    if get_args(info.type) != _PER_FEATURE:
        return None
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="NUMBER|LIST|PROFILE",
        instance_from_str=lambda words: parse_per_feature(words[0]),
        is_instance=lambda value: isinstance(value, _PER_FEATURE),
        str_from_instance=lambda value: [describe(value)],
    )
