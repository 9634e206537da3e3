"""How commands print: text, tables and JSON on standard output, whatever it is connected to."""

import json as json_format
import math
import sys
from collections.abc import Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, header: bool = True) -> Any:
    """Rows of text as a table for `print_text`."""
    from rich.table import Table

    made = Table(*head, show_header=header, pad_edge=False)
    for row in rows:
        made.add_row(*row)
    return made


def print_text(what: Any) -> None:
    """Print text, or anything that `rich` can draw."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 120  # a pipe has no width; tables should not be squeezed to 80
    console = Console(highlight=False, soft_wrap=isinstance(what, str), width=width)
    with console.capture() as printed:
        console.print(what)
    _write(printed.get())


def print_json(document: Any) -> None:
    """Print one JSON document."""
    _write(json_format.dumps(_finite(document), indent=1, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN; null stands for them."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(text: str) -> None:
    """To standard output, with a question mark for what its encoding lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
