"""The command `tegum bounds`: one table for any n, m and k."""

import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import tyro

from tegum.cli_print import print_json, print_text
from tegum.ground.errors import InputError

Text = Annotated[str, tyro.conf.arg(metavar="N")]


def parse_count(text: str) -> Any:
    """A number of features from its text; beyond the largest float a `LogCount`.

    Raises:
        InputError: neither a number nor e^NUMBER.

    Example:
        >>> parse_count("1e12"), parse_count("e^1250")
        (1000000000000.0, LogCount(log=1250.0))
    """
    from tegum.theory import LogCount

    if power := re.fullmatch(r"e\^(\d+\.?\d*(?:[eE]\+?\d{1,2})?)", text.strip()):
        return LogCount(float(power[1]))
    try:
        number = Decimal(text.strip().replace("_", ""))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise InputError(f"--n-features must be a number such as 1000, 1e12 or e^1250; got {text!r}")
    return float(number) if number < Decimal("1e300") else LogCount(float(number.ln()))


def bounds(n_features: Text, n_hidden: float, n_active: float, error: float = 0.05, json: bool = False) -> int:
    """What n features in m dimensions cost: bounds, typical values and capacities side by side.

    Every row names its quantifier: typical (one random pair or read-out), all features (all read-outs of one random
    input), or worst case (every pair, or every set of active features). A row outside the range of its formula is
    marked with ! and listed below the table.

    Args:
        n_features: number n of features; 1e12, 1e500 and e^1250 are fine.
        n_hidden: number m of hidden dimensions.
        n_active: number k of features that are active at once.
        error: wrong features per input that are allowed; for levels, the chance that one is wrong.
        json: print the rows as one JSON document instead of a table.
    """
    from tegum.theory import bounds_table

    rows = bounds_table(parse_count(n_features), n_hidden, n_active, n_wrong=allowed(error))
    if json:
        asked = {"n_features": n_features, "n_hidden": n_hidden, "n_active": n_active, "error": error}
        print_json({**asked, "rows": [each._asdict() for each in rows]})
        return 0
    print_text(as_table(rows))
    for line in warnings(rows):
        print_text(line)
    return 0


def allowed(error: float) -> float:
    """The value of --error, if it is one.

    Raises:
        InputError: it is not above 0, or out of range.
    """
    if not 1e-300 <= error <= 1e300:
        raise InputError(f"--error must be above 0, the wrong features per input that are allowed; got {error:g}.")
    return error


def as_table(rows: Sequence[Any]) -> Any:
    """The rows for `rich`, a line between subjects."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("quantity", overflow="fold", ratio=4)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("quantifier", no_wrap=True)
    for head, share in (("formula", 3), ("source", 2), ("valid for", 2)):
        table.add_column(head, overflow="fold", ratio=share)
    before = ""
    for each in rows:
        if each.subject != before:
            table.add_section()
            table.add_row(Plain(each.subject, style="bold"))
        before = each.subject
        cells = (f"  {each.quantity}", number(each.value) + ("" if each.inside else " !"), each.quantifier)
        # Plain, not str: rich would read brackets in a str as its own markup
        table.add_row(*(Plain(cell) for cell in (*cells, each.formula, each.source, each.valid)))
    return table


def warnings(rows: Sequence[Any]) -> Iterator[str]:
    """A line for every range that the question lies outside of, with the rows that it concerns."""
    outside: dict[str, list[str]] = {}
    for each in rows:
        if not each.inside:
            outside.setdefault(each.valid, []).append(each.quantity)
    for valid, quantities in outside.items():
        yield f"! outside the range ({valid}): {'; '.join(quantities)}"


def number(value: float) -> str:
    """Four digits; words for what is no number.

    Example:
        >>> number(0.03149), number(1e12), number(float("inf")), number(float("nan"))
        ('0.03149', '1e+12', '∞', '–')
    """
    if math.isnan(value):
        return "–"
    return f"{value:.4g}" if math.isfinite(value) else ("∞" if value > 0 else "-∞")
