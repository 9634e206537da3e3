"""The command `tegum depth`: how many layers n, m and k survive, and with which mechanism."""

import math
from collections.abc import Sequence
from typing import Any

from tegum.cli_bounds import allowed, number
from tegum.cli_print import print_json, print_text


def depth(
    n_features: float, n_hidden: float, n_active: float, n_layers: int = 10, error: float = 0.05, json: bool = False
) -> int:
    """How many layers n features in m dimensions survive, with each mechanism against compounding noise.

    Layers read all features from a code, apply a rule, and store the result with a fresh code. A mechanism survives a
    layer if the expected number of wrong features (on the wrong side of 1/2) is at most the allowed one.

    Args:
        n_features: number n of features.
        n_hidden: number m of hidden dimensions.
        n_active: number k of features that are active at once.
        n_layers: number L of layers for the last columns, at most 10000.
        error: wrong features per input that are allowed.
        json: print the rows as one JSON document instead of a table.
    """
    from tegum.theory import depth_table, load_table

    rows = depth_table(n_features, n_hidden, n_active, n_layers=n_layers, n_wrong=allowed(error))
    loads = load_table(n_features, n_hidden, n_layers=n_layers, n_wrong=error)
    if json:
        asked = {"n_features": n_features, "n_hidden": n_hidden, "n_active": n_active}
        mechanisms = [{**row._asdict(), "endless": math.isinf(row.layers)} for row in rows]
        given = {"n_layers": n_layers, "error": error, "mechanisms": mechanisms}
        print_json({**asked, **given, "loads": [row._asdict() for row in loads]})
        return 0
    print_text(as_table(rows, loads, n_layers))
    return 0


def as_table(rows: Sequence[Any], loads: Sequence[Any], n_layers: int) -> Any:
    """The rows for `rich`: mechanisms, then the limits of k."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("mechanism", no_wrap=True)
    for head in ("layers", "wrong after 1", f"after {n_layers}"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("what happens", overflow="fold")
    for row in rows:
        layers = f"≥ {row.layers:.0f}" if row.at_least else number(row.layers)
        cells = (row.mechanism, layers, number(row.wrong_first), number(row.wrong_last), row.about)
        table.add_row(*(Plain(cell) for cell in cells))
    table.add_section()
    for row in loads:
        table.add_row(*(Plain(cell) for cell in (row.limit, f"k = {row.active:.4g}", "", "", row.formula)))
    return table
