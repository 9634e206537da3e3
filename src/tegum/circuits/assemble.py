"""From formulas over names to arrays over numbers: names are looked up, and gates put in the order of their layers."""

import difflib
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np

from tegum.circuits.gates import lift
from tegum.circuits.parse import Statements
from tegum.ground.errors import InputError


class Parts(NamedTuple):
    """Arrays as in `Wiring`, the names of the gates in their new order, and the outputs if they were named."""

    offsets: np.ndarray
    inputs: np.ndarray
    tables: np.ndarray
    gate_names: tuple[str, ...]
    outputs: np.ndarray | None


def assemble(statements: Statements) -> Parts:
    """Arrays of a circuit that was written with names.

    Raises:
        InputError: an undefined or double name, a gate that depends on itself, or no features; with its line, if the
            statements have lines.

    Example:
        >>> from tegum.circuits.parse import parse
        >>> parts = assemble(parse("features a b; z = y ^ a; y = a & b"))
        >>> parts.gate_names, parts.inputs.tolist(), parts.tables.tolist()
        (('y', 'z'), [0, 1, 0, 2], [8, 6])
    """
    _check_names(statements)
    order = _by_layer(statements)
    number = {name: place for place, name in enumerate([*statements.features, *order])}
    rows, tables = [], []
    for name in order:
        formula = statements.gates[name]
        read = [number[each] for each in formula.inputs]
        rows.append(sorted(read))
        tables.append(lift(formula.table, tuple(map(rows[-1].index, read)), len(read)))
    outputs = np.array([number[name] for name in statements.outputs], np.int64) if statements.outputs else None
    return Parts(
        offsets=np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        inputs=np.array([signal for row in rows for signal in row], np.int64),
        tables=np.array(tables, np.uint64),
        gate_names=tuple(order),
        outputs=outputs,
    )


def _check_names(statements: Statements) -> None:
    features = set(statements.features)
    if not features:
        raise InputError("a circuit needs features; name them: features x1..x8.")
    if double := next((name for name in statements.gates if name in features), None):
        raise InputError(f"{double} is a feature and a gate. Rename one.")
    known = features | statements.gates.keys()
    for gate, formula in statements.gates.items():
        for name in formula.inputs:
            if name not in known:
                raise InputError(f"{_line(statements, gate)}{gate} reads {name}, which is {_undefined(name, known)}")
    _check_outputs(statements, features, known)


def _check_outputs(statements: Statements, features: set[str], known: set[str]) -> None:
    seen: set[str] = set()
    for place, name in enumerate(statements.outputs):
        line = f"line {statements.output_lines[place]}: " if statements.output_lines else ""
        if name not in known:
            raise InputError(f"{line}the output {name} is {_undefined(name, known)}")
        if name in features:
            raise InputError(f"{line}the output {name} is a feature; an output is a gate. Copy it: y = {name}.")
        if name in seen:
            raise InputError(f"{line}the output {name} is listed twice. Leave one out.")
        seen.add(name)


def _undefined(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known)[:10_000], n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"neither a feature nor a gate. Define it.{hint}"


def _line(statements: Statements, gate: str) -> str:
    return f"line {statements.lines[gate]}: " if gate in statements.lines else ""


def _by_layer(statements: Statements) -> list[str]:
    """Names of the gates, layer by layer, each in the order of writing."""
    gates = statements.gates
    graph = {name: [read for read in formula.inputs if read in gates] for name, formula in gates.items()}
    try:
        sequence = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1]
        message = f"{circle[0]} depends on itself: {' → '.join(circle)}. Cut the circle."
        raise InputError(_line(statements, circle[0]) + message) from None
    layer: dict[str, int] = {}
    for name in sequence:
        layer[name] = 1 + max((layer[read] for read in graph[name]), default=0)
    return sorted(gates, key=layer.__getitem__)
