"""What each layer of a circuit asks of neurons: its atoms by order, and how much of what they read is on at once."""

import itertools
from typing import NamedTuple

import numpy as np

from tegum.circuits.atoms import Atoms, layer_atoms
from tegum.circuits.circuit import Circuit
from tegum.circuits.evaluation import tables_of_changes
from tegum.circuits.layer import Sparse
from tegum.circuits.mobius import mobius_coefficients
from tegum.ground.arrays import Real


class Group(NamedTuple):
    """Atoms of a layer that can share neurons: products of as many signals.

    Args:
        order: r, signals in each product.
        atoms: numbers of these atoms among those of the layer.
        sources: (n_layers before this one, features first), share of what is read that comes from each.
        on: (n_samples,), share of what is read that is away from rest.
        all_on: (n_samples,), share of the atoms all of whose signals are.

    Example: see `demands`.
    """

    order: int
    atoms: np.ndarray
    sources: Real
    on: Real
    all_on: Real


class Kind(NamedTuple):
    """Gates of a layer with the same truth table of changes, in the rows of that table.

    Args:
        gates: numbers of these gates within the layer.
        bits: (n_rows, n_inputs), which inputs are away from rest.
        cases: (n_rows,), 0 for rows in which the gate should be away from rest, 1 where it should not though an input
            is, 2 for the row at rest.
        needs: for each atom of such a gate its group, its coefficient and (n_inputs,), which inputs it multiplies.
        linear: (n_inputs,), coefficients of the signals themselves.
        sources: (n_layers before this one,), share of the inputs that comes from each.

    Example: see `demands`.
    """

    gates: np.ndarray
    bits: np.ndarray
    cases: np.ndarray
    needs: list[tuple[int, int, np.ndarray]]
    linear: np.ndarray
    sources: Real


class Demand(NamedTuple):
    """One layer of a circuit, as the compiler sees it.

    Args:
        number: of the layer, from 1.
        atoms: of all its gates.
        groups: of these atoms; none if the layer is linear.
        kinds: of its gates.
        n_gates: their number.
        counts: (3, n_samples), gates away from rest, gates at rest though an input is not, and 1.
        on: (n_samples,), share of the gates' inputs that is away from rest.

    Example: see `demands`.
    """

    number: int
    atoms: Atoms
    groups: list[Group]
    kinds: list[Kind]
    n_gates: int
    counts: Real
    on: Real


def demands(circuit: Circuit, away: Sparse) -> list[Demand]:
    """What each layer of a circuit asks for.

    Args:
        circuit: the circuit.
        away: (n_samples, n_signals), sparse, which signals are away from rest in random inputs.

    Returns:
        One entry for each layer.

    Example: b | c is b + c - b c, so both gates have a product of two signals.
        >>> circuit = Circuit.parse("features a b c; y = a & b; z = b | c")
        >>> (layer,) = demands(circuit, away_from_rest(circuit, np.array([[0, 1], [2, -1]])))
        >>> [(group.order, len(group.atoms), group.on.tolist()) for group in layer.groups]
        [(2, 2, [0.75, 0.25])]
        >>> layer.counts.tolist()
        [[2.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    """
    tables = tables_of_changes(circuit.wiring, circuit.resting_values)
    return [_demand(circuit, tables, layer.number, away) for layer in circuit.layers]


def away_from_rest(circuit: Circuit, supports: np.ndarray) -> Sparse:
    """Which signals are away from rest: (n_samples, n_signals), sparse, ones.

    Example:
        >>> circuit = Circuit.parse("features a; y = ~a")
        >>> away_from_rest(circuit, np.array([[0], [-1]])).toarray()
        array([[1., 1.],
               [0., 0.]])
    """
    from scipy.sparse import csr_array

    found: Sparse = circuit.evaluate(supports)
    rest = circuit.resting_values
    if rest.any():
        found = csr_array(np.not_equal(found.toarray(), rest))
    return csr_array(found.astype(np.float64))


def n_inputs_away(circuit: Circuit, away: Sparse, gates: range) -> Sparse:
    """(n_samples, n_gates of these), sparse: how many inputs of each gate are away from rest.

    Example:
        >>> circuit = Circuit.parse("features a b; y = a & b")
        >>> n_inputs_away(circuit, away_from_rest(circuit, np.array([[0, 1], [1, -1]])), range(1)).toarray().ravel()
        array([2., 1.])
    """
    from scipy.sparse import csr_array

    wiring = circuit.wiring
    starts = wiring.offsets[gates.start : gates.stop + 1]
    inputs = wiring.inputs[starts[0] : starts[-1]]
    read = csr_array((np.ones(len(inputs)), inputs, starts - starts[0]), shape=(len(gates), circuit.n_signals))
    return csr_array(away @ read.T)


def sources_of(circuit: Circuit) -> list[range]:
    """Signals of the features and of each layer.

    Example:
        >>> sources_of(Circuit.parse("features a b; y = a & b"))
        [range(0, 2), range(2, 3)]
    """
    bounds = [0, *(layer.signals.start for layer in circuit.layers), circuit.n_signals]
    return [range(*pair) for pair in itertools.pairwise(bounds)]


def _demand(circuit: Circuit, tables: np.ndarray, number: int, away: Sparse) -> Demand:
    layer, atoms = circuit.layers[number - 1], layer_atoms(circuit, number)
    starts, away = [part.start for part in sources_of(circuit)[:number]], away.tocsc()
    groups = []
    for order in np.unique(atoms.order).tolist():
        own = np.flatnonzero(atoms.order == order)
        read = atoms.signals[own, :order].ravel()
        on = np.asarray(away @ np.bincount(read, minlength=circuit.n_signals)).ravel() / len(read)
        whole = away[:, atoms.signals[own, 0]]
        for place in range(1, order):
            whole = whole.multiply(away[:, atoms.signals[own, place]])
        all_on = np.asarray(whole.sum(axis=1)).ravel() / len(own)
        groups.append(Group(order, own, _shares(read, starts), on, all_on))
    away_here = np.asarray(away[:, layer.signals.start : layer.signals.stop].sum(axis=1)).ravel()
    seen = n_inputs_away(circuit, away, layer.gates)
    counts = np.stack([away_here, np.maximum(np.diff(seen.indptr) - away_here, 0.0), np.ones(len(away_here))])
    n_read = int(circuit.wiring.offsets[layer.gates.stop] - circuit.wiring.offsets[layer.gates.start])
    on = np.asarray(seen.sum(axis=1)).ravel() / max(n_read, 1)
    return Demand(
        number, atoms, groups, _kinds(circuit, tables, layer.gates, groups, starts), len(layer.gates), counts, on
    )


def _shares(signals: np.ndarray, starts: list[int]) -> Real:
    source = np.searchsorted(starts, signals, side="right") - 1
    return np.bincount(source, minlength=len(starts)) / max(len(signals), 1)


def _kinds(circuit: Circuit, tables: np.ndarray, gates: range, groups: list[Group], starts: list[int]) -> list[Kind]:
    wiring, here = circuit.wiring, np.array(gates)
    tables, sizes = tables[here], wiring.n_inputs[here]
    place = {group.order: number for number, group in enumerate(groups)}
    made = []
    for table, size in sorted(set(zip(tables.tolist(), sizes.tolist(), strict=True))):
        own = np.flatnonzero((tables == table) & (sizes == size))
        rows = np.arange(1 << size)
        bits = rows[:, np.newaxis] >> np.arange(size) & 1
        value = np.array([table >> row & 1 for row in rows.tolist()])
        coefficients = mobius_coefficients(table, size)
        needs = [
            (place[each.bit_count()], int(coefficients[each]), bits[each])
            for each in np.flatnonzero(coefficients).tolist()
            if each.bit_count() > 1
        ]
        cases = np.where(value == 1, 0, np.where(rows > 0, 1, 2))
        read = wiring.inputs[wiring.offsets[here[own]][:, np.newaxis] + np.arange(size)].ravel()
        linear = coefficients[1 << np.arange(size)]
        made.append(Kind(own, bits, cases, needs, linear, _shares(read, starts)))
    return made
