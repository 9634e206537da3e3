"""The nameless part of a circuit: which signals each gate reads, and its truth table, as arrays of all gates."""

from typing import NamedTuple

import numpy as np

from tegum.circuits.gates import MOST_INPUTS
from tegum.ground.errors import InputError

# Rows of a truth table in which input j is off, for j = 0 .. 5.
OFF_ROWS = np.array(
    [sum(1 << row for row in range(64) if not row >> place & 1) for place in range(MOST_INPUTS)], np.uint64
)


class Wiring(NamedTuple):
    """Gates in order of their layers. Signals 0 .. n_features - 1 are the features, signal n_features + g is gate g.

    `offsets` (n_gates + 1,) and `inputs` (n_connections,): gate g reads the signals inputs[offsets[g]:offsets[g + 1]],
    ascending. `tables` (n_gates,) uint64: bit r of a table is the value in row r, in which the j-th input is on if bit
    j of r is 1. `bounds` (n_layers + 1,): the gates of layer l are bounds[l - 1] .. bounds[l] - 1.
    """

    n_features: int
    offsets: np.ndarray
    inputs: np.ndarray
    tables: np.ndarray
    bounds: np.ndarray

    @property
    def n_gates(self) -> int:
        """Number of gates."""
        return len(self.tables)

    @property
    def n_inputs(self) -> np.ndarray:
        """(n_gates,): number of inputs of each gate."""
        return np.diff(self.offsets)

    @property
    def gate_of(self) -> np.ndarray:
        """(n_connections,): the gate of each connection."""
        return np.repeat(np.arange(self.n_gates), self.n_inputs)

    @property
    def place_of(self) -> np.ndarray:
        """(n_connections,): which input of its gate each connection is, from 0."""
        return np.arange(len(self.inputs)) - np.repeat(self.offsets[:-1], self.n_inputs)


def wire(n_features: int, offsets: np.ndarray, inputs: np.ndarray, tables: np.ndarray) -> Wiring:
    """Check the arrays of a circuit and find its layers; the arrays are copied and cannot be written to.

    Args:
        n_features: number of features, at least 1.
        offsets: (n_gates + 1,), where the inputs of each gate begin.
        inputs: (n_connections,), signals; ascending within each gate, and each must matter to it.
        tables: (n_gates,), truth tables.

    Returns:
        The wiring.

    Raises:
        InputError: any of this is not so, or the gates do not stand in the order of their layers.

    Example: two gates over three features, x0 & x1 and (x0 & x1) ^ x2.
        >>> wire(3, [0, 2, 4], [0, 1, 2, 3], [8, 6]).bounds
        array([0, 1, 2])
    """
    offsets, inputs = (_frozen(array, np.int64) for array in (offsets, inputs))
    tables = _frozen(tables, np.uint64)
    if n_features < 1:
        raise InputError(f"a circuit needs at least one feature; got {n_features}.")
    sizes = np.diff(offsets)
    whole = len(offsets) == len(tables) + 1 and offsets[0] == 0 and offsets[-1] == len(inputs) and (sizes >= 0).all()
    if not whole or (sizes > MOST_INPUTS).any():
        raise InputError(
            f"offsets must rise from 0 to the number of connections, {len(inputs)}, in {len(tables)} steps of at most"
            f" {MOST_INPUTS}; got {offsets}. Gates have at most {MOST_INPUTS} inputs."
        )
    wiring = Wiring(n_features, offsets, inputs, tables, np.zeros(1, np.int64))
    _check_inputs(wiring)
    _check_tables(wiring)
    return wiring._replace(bounds=_layers(wiring))


def _frozen(array: np.ndarray, dtype: type) -> np.ndarray:
    copy = np.array(array, dtype)
    copy.flags.writeable = False
    return copy


def _check_inputs(wiring: Wiring) -> None:
    same = wiring.gate_of[1:] == wiring.gate_of[:-1]
    falling = same & (np.diff(wiring.inputs) <= 0)
    if falling.any():
        gate = wiring.gate_of[1:][falling][0]
        raise InputError(f"the inputs of a gate must ascend, each named once; those of gate {gate} do not. Sort them.")
    bad = (wiring.inputs < 0) | (wiring.inputs >= wiring.n_features + wiring.gate_of)
    if bad.any():
        gate, signal = wiring.gate_of[bad][0], wiring.inputs[bad][0]
        raise InputError(
            f"gate {gate} reads signal {signal}, which does not come before it: it may read signals 0 to"
            f" {wiring.n_features + gate - 1}. Put gates behind what they read."
        )


def _check_tables(wiring: Wiring) -> None:
    n_rows = np.uint64(1) << wiring.n_inputs.astype(np.uint64)
    too_long = (n_rows < 64) & (wiring.tables >> np.minimum(n_rows, np.uint64(63)) != 0)
    if too_long.any():
        gate = int(np.argmax(too_long))
        raise InputError(
            f"the truth table of gate {gate} has {n_rows[gate]} rows, one bit each; got"
            f" {int(wiring.tables[gate]):#x}, which does not fit."
        )
    tables, place = wiring.tables[wiring.gate_of], wiring.place_of
    span = np.uint64(1) << place.astype(np.uint64)
    used = n_rows[wiring.gate_of] - np.uint64(1)
    rows = OFF_ROWS[place] & (np.uint64(2) * (np.uint64(1) << used) - np.uint64(1))  # 2 << 63 wraps to 0: all rows
    idle = ((tables ^ (tables >> span)) & rows) == 0
    if idle.any():
        gate, signal = wiring.gate_of[idle][0], wiring.inputs[idle][0]
        raise InputError(f"gate {gate} does not depend on its input, signal {signal}. Leave that input out.")


def _layers(wiring: Wiring) -> np.ndarray:
    """A layer ends before the first gate that reads a gate of the layer itself."""
    last = np.full(wiring.n_gates, -1)
    has = wiring.n_inputs > 0
    last[has] = wiring.inputs[wiring.offsets[1:][has] - 1]
    highest = np.maximum.accumulate(last) if len(last) else last
    bounds = [0]
    while bounds[-1] < wiring.n_gates:
        bounds.append(int(np.searchsorted(highest, wiring.n_features + bounds[-1])))
    early = _in_too_late_a_layer(wiring, last, np.array(bounds))
    if early is not None:
        raise InputError(
            f"gates must stand in the order of their layers; gate {early} reads nothing of the layer before it, so it"
            " belongs further up. Circuit.build puts gates in order."
        )
    return _frozen(np.array(bounds), np.int64)


def _in_too_late_a_layer(wiring: Wiring, last: np.ndarray, bounds: np.ndarray) -> int | None:
    layer = np.searchsorted(bounds, np.arange(wiring.n_gates), side="right")
    needed = np.where(layer > 1, wiring.n_features + bounds[np.maximum(layer - 2, 0)], -1)
    late = last < needed
    return int(np.argmax(late)) if late.any() else None
