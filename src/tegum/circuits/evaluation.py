"""What a circuit computes: exactly, from sparse inputs by sparse products, or from dense ones gate by gate.

With all features off each signal has a resting value. The sparse way follows only the signals that are away from it,
so it costs what the active features touch, also where a circuit contains NOT.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool

from tegum.circuits.wiring import OFF_ROWS, Wiring
from tegum.ground.errors import ShapeError

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def resting_values(wiring: Wiring) -> Bool[np.ndarray, " n_signals"]:
    """Whether each signal is on when all features are off.

    Example: x0 & x1 rests off, its negation on.
        >>> from tegum.circuits import Circuit
        >>> resting_values(Circuit.parse("features x0..x1; y = x0 & x1; z = ~y").wiring)
        array([False, False, False,  True])
    """
    rest = np.zeros(wiring.n_features + wiring.n_gates, bool)
    for low, high in zip(wiring.bounds[:-1], wiring.bounds[1:], strict=True):
        rows = _rows_of(wiring, low, high, rest)
        rest[wiring.n_features + low : wiring.n_features + high] = wiring.tables[low:high] >> rows & np.uint64(1)
    return rest


def _rows_of(wiring: Wiring, low: int, high: int, values: np.ndarray) -> np.ndarray:
    """The row of its truth table in which each gate of a layer is."""
    part = slice(wiring.offsets[low], wiring.offsets[high])
    inputs = wiring.inputs[part]
    gates = np.repeat(np.arange(high - low), np.diff(wiring.offsets[low : high + 1]))
    place = np.arange(len(inputs)) - (wiring.offsets[low:high] - wiring.offsets[low])[gates]
    return np.bincount(gates, values[inputs] * 2.0**place, high - low).astype(np.uint64)


class SparseEvaluation:
    """A circuit made ready for sparse inputs: one sparse matrix for each pair of layers that are connected.

    Example:
        >>> from tegum.circuits import Circuit
        >>> from tegum.circuits.supports import support_matrix
        >>> ready = SparseEvaluation(Circuit.parse("features x0..x2; y = x0 & x2; z = ~y").wiring)
        >>> ready(support_matrix(np.array([[0, 2], [0, 1]]), 3)).toarray().astype(int)
        array([[1, 0, 1, 1, 0],
               [1, 1, 0, 0, 1]])
    """

    def __init__(self, wiring: Wiring, stuck: Bool[np.ndarray, " n_gates"] | None = None) -> None:
        """`stuck` gates stay at rest, whatever their inputs are."""
        self.rest = resting_values(wiring)
        self._bounds = wiring.bounds
        tables = tables_of_changes(wiring, self.rest)
        self._tables = tables if stuck is None else np.where(stuck, np.uint64(0), tables)
        self._connections = _connections(wiring)

    def __call__(self, features: "csr_array") -> "csr_array":
        """(n_samples, n_signals), sparse and Boolean, of (n_samples, n_features), sparse zeros and ones."""
        from scipy.sparse import csr_array, hstack

        # `Any`: scipy's annotations call the shape of a sparse array optional
        changes: list[Any] = [features]
        for layer, sources in enumerate(self._connections):
            low, high = self._bounds[layer], self._bounds[layer + 1]
            rows: Any = csr_array((changes[0].shape[0], high - low), dtype=np.uint8)
            for source, weights in sources:
                # Each input that changed adds the bit of its place, so a sum is a row of the truth table.
                rows = rows + changes[source] @ weights
            rows.data = (self._tables[low:high][rows.indices] >> rows.data & np.uint64(1)).astype(np.uint8)
            rows.eliminate_zeros()
            changes.append(rows)
        return self._away_from_rest(csr_array(hstack(changes, format="csr")))

    def _away_from_rest(self, changes: Any) -> "csr_array":
        from scipy.sparse import csr_array

        changes.sort_indices()
        on = np.flatnonzero(self.rest)
        if not len(on):
            return changes.astype(bool)
        n_samples, _ = changes.shape
        starts = np.arange(n_samples + 1) * len(on)
        rest = csr_array((np.ones(n_samples * len(on), bool), np.tile(on, n_samples), starts), shape=changes.shape)
        return csr_array(changes.astype(bool) != rest)


def tables_of_changes(wiring: Wiring, rest: Bool[np.ndarray, " n_signals"]) -> np.ndarray:
    """Truth tables of whether a gate is away from rest, by which of its inputs are: (n_gates,), bit 0 is never set.

    Example: ~x differs from rest, which is 1, where x is on.
        >>> from tegum.circuits import Circuit
        >>> circuit = Circuit.parse("features x; y = ~x; z = ~y")
        >>> tables_of_changes(circuit.wiring, circuit.resting_values)
        array([2, 2], dtype=uint64)
    """
    tables = wiring.tables.copy()
    gate_of, place_of = wiring.gate_of, wiring.place_of
    for place, rows in enumerate(OFF_ROWS):
        gates = gate_of[(place_of == place) & rest[wiring.inputs]]
        span = np.uint64(1 << place)
        tables[gates] = (tables[gates] >> span) & rows | (tables[gates] & rows) << span
    last = (np.uint64(2) << (np.uint64(1) << wiring.n_inputs.astype(np.uint64)) - np.uint64(1)) - np.uint64(1)
    return np.where(rest[wiring.n_features :], ~tables, tables) & last


def _connections(wiring: Wiring) -> list[list[tuple[int, "csr_array"]]]:
    """For each layer: from which earlier layers (0: the features) it reads, and bit 2^place of each connection."""
    from scipy.sparse import csr_array

    starts = np.concatenate([[0], wiring.n_features + wiring.bounds])  # where each layer's signals begin
    source = np.searchsorted(starts, wiring.inputs, side="right") - 1
    layer = np.searchsorted(wiring.bounds, wiring.gate_of, side="right") - 1
    bits = np.left_shift(1, wiring.place_of).astype(np.uint8)
    found: list[list[tuple[int, csr_array]]] = [[] for _ in wiring.bounds[1:]]
    if not len(wiring.inputs):  # constants only
        return found
    n_layers = len(starts)
    pairs = layer * n_layers + source
    order = np.argsort(pairs, kind="stable")
    there, begin = np.unique(pairs[order], return_index=True)
    for pair, own in zip(there, np.split(order, begin[1:]), strict=True):
        to, come = divmod(int(pair), n_layers)
        rows, columns = wiring.inputs[own] - starts[come], wiring.gate_of[own] - wiring.bounds[to]
        shape = (starts[come + 1] - starts[come], wiring.bounds[to + 1] - wiring.bounds[to])
        found[to].append((come, csr_array((bits[own], (rows, columns)), shape=shape)))
    return found


def evaluate_dense(wiring: Wiring, features: Bool[np.ndarray, "n_samples n_features"]) -> np.ndarray:
    """All signals of dense inputs, gate by gate: the plain version, and the faster one where much is on.

    Args:
        wiring: of the circuit.
        features: (n_samples, n_features), which features are on.

    Returns:
        (n_samples, n_signals), Boolean.

    Raises:
        ShapeError: not one column per feature.

    Example: all four inputs of an XOR.
        >>> from tegum.circuits import Circuit
        >>> xor = Circuit.parse("features a b; y = a ^ b")
        >>> evaluate_dense(xor.wiring, np.array([[0, 0], [1, 0], [0, 1], [1, 1]], bool))[:, 2].astype(int)
        array([0, 1, 1, 0])
    """
    if features.ndim != 2 or features.shape[1] != wiring.n_features:
        raise ShapeError(
            f"features has shape {features.shape}, expected (n_samples, n_features={wiring.n_features}), Boolean."
        )
    values = np.zeros((len(features), wiring.n_features + wiring.n_gates), bool)
    values[:, : wiring.n_features] = features
    for low, high in zip(wiring.bounds[:-1], wiring.bounds[1:], strict=True):
        rows = np.zeros((len(features), high - low), np.uint8)
        sizes = np.diff(wiring.offsets[low : high + 1])
        for place in range(int(sizes.max())):
            has = np.flatnonzero(sizes > place)
            signals = wiring.inputs[wiring.offsets[low:high][has] + place]
            rows[:, has] |= values[:, signals].astype(np.uint8) << np.uint8(place)
        values[:, wiring.n_features + low : wiring.n_features + high] = wiring.tables[low:high] >> rows & np.uint64(1)
    return values
