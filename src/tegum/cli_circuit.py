"""The commands `tegum circuit ...`: how small a layer that computes ANDs can be."""

import math
from collections.abc import Sequence
from typing import Any

from tegum.cli_bounds import number
from tegum.cli_print import print_json, print_text

MOST_ONE_OFF = 0.4
"""An estimate that is higher with one feature off is nearly a sum, and the AND is left to what follows."""


def plan(
    n_features: int,
    n_active: int,
    gates: int | None = None,
    order: int = 2,
    error: float = 0.01,
    n_hidden: int | None = None,
    json: bool = False,
) -> int:
    """The smallest layer that computes so many ANDs, construction by construction, or why there is none.

    The error is the probability that an AND is read on the wrong side of its threshold, in the worst case: all of its
    features on, or all but one. Widths count ReLUs. A construction computes in superposition if it needs fewer than one
    neuron per gate. "one off" is the mean estimate with all but one on: of two features 0 in an AND, 1/2 in a sum.

    Args:
        n_features: number n of features.
        n_active: number k of features that are on at once.
        gates: number T of ANDs; one for each set of so many features if not given.
        order: features of each AND, 2 to 6.
        error: largest probability for an AND to be read wrongly.
        n_hidden: number d of dimensions in which the features are in superposition; if not given, each feature is an
            input of its own.
        json: print the rows as one JSON document instead of a table.
    """
    from tegum.theory import circuit_plan

    d = math.inf if n_hidden is None else float(n_hidden)
    rows = circuit_plan(n_features, n_active, n_gates=gates, order=order, error=error, n_hidden=d)
    n_gates = math.comb(n_features, order) if gates is None else gates
    if json:
        asked = {"n_features": n_features, "n_active": n_active, "gates": n_gates, "order": order, "error": error}
        print_json({**asked, "n_hidden": n_hidden, "rows": [_as_record(row, n_gates) for row in rows]})
        return 0
    print_text(_as_table(rows, n_gates))
    print_text(_verdict(rows, n_gates))
    return 0


def _as_record(row: Any, n_gates: int) -> dict[str, Any]:
    """A row for programs, who know no infinity: what cannot be has no width."""
    possible = math.isfinite(row.n_neurons)
    return {
        "construction": row.construction,
        "possible": possible,
        "n_neurons": row.n_neurons if possible else None,
        "gates_per_neuron": n_gates / row.n_neurons if possible else None,
        "error": row.error if possible else None,
        "one_off": row.one_off if possible else None,
        "about": row.about,
    }


def _as_table(rows: Sequence[Any], n_gates: int) -> Any:
    """The rows for `rich`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("construction", no_wrap=True)
    for head in ("neurons", "gates each", "error", "one off"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("choice", overflow="fold")
    for row in rows:
        possible = math.isfinite(row.n_neurons)
        values = (n_gates / row.n_neurons, row.error, row.one_off)
        numbers = (f"{row.n_neurons:.0f}", *map(number, values)) if possible else ("-",) * 4
        table.add_row(*(Plain(cell) for cell in (row.construction, *numbers, row.about)))
    return table


def _verdict(rows: Sequence[Any], n_gates: int) -> str:
    """The smallest layer that is more than a sum of its features, which needs no neurons at all."""
    naive, *others = rows
    possible = [row for row in others if math.isfinite(row.n_neurons) and row.one_off < MOST_ONE_OFF]
    best = min(possible, key=lambda row: row.n_neurons, default=naive)
    if math.isinf(best.n_neurons) and math.isinf(naive.n_neurons):
        return f"No construction computes {n_gates} ANDs at this error."
    if best.n_neurons < min(naive.n_neurons, n_gates):
        each = n_gates / best.n_neurons
        found = f"{best.construction}, {each:.3g} gates a neuron"
        return f"Smallest that reads less than {MOST_ONE_OFF} with one off: {found}."
    return f"One neuron per gate is smallest: at these sizes superposition gains nothing for {n_gates} ANDs."
