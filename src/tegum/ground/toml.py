"""Single values as TOML writes them on one line."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any


def toml_value(value: Any) -> str:
    """A number, truth value, text, list or table as TOML on one line; the inverse of `read_toml_value`.

    Example:
        >>> print(toml_value({"profile": "geometric", "ratio": 0.9}), toml_value([1, True]))
        {profile = "geometric", ratio = 0.9} [1, true]
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # TOML agrees with JSON on what is left


def read_toml_value(text: str) -> Any:
    """A value from its text.

    Raises:
        ValueError: the text is not one TOML value.

    Example:
        >>> read_toml_value("[0.1, 1e-3]")
        [0.1, 0.001]
    """
    table = tomllib.loads(f"value = {text}")
    if list(table) != ["value"]:
        raise ValueError("more than one value")
    return table["value"]
