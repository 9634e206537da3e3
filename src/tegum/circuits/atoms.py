"""Gates as sums of products: what a compiled network has neurons for, and what it only adds up.

Signals are taken as what differs from rest, so that a network at rest is all zeros. A gate is then a sum of earlier
signals and of products of 2 to 6 of them, with whole coefficients. Products need neurons and are called atoms; the rest
is linear, and costs nothing.
"""

from typing import NamedTuple

import numpy as np

from tegum.circuits.circuit import Circuit
from tegum.circuits.evaluation import tables_of_changes
from tegum.circuits.gates import MOST_INPUTS
from tegum.circuits.mobius import mobius_coefficients


class Atoms(NamedTuple):
    """The products of a layer, by gate, and the linear part of its gates.

    Args:
        gate: (n_atoms,), which gate of the layer a product belongs to, from 0.
        coefficient: (n_atoms,).
        order: (n_atoms,), signals in the product, at least 2.
        signals: (n_atoms, 6), -1 behind the last.
        linear: three arrays (n_terms,): gate, signal and coefficient of what is added without neurons.

    Example: see `layer_atoms`.
    """

    gate: np.ndarray
    coefficient: np.ndarray
    order: np.ndarray
    signals: np.ndarray
    linear: tuple[np.ndarray, np.ndarray, np.ndarray]


def layer_atoms(circuit: Circuit, number: int) -> Atoms:
    """What the gates of a layer are made of.

    Args:
        circuit: the circuit.
        number: of the layer, from 1.

    Returns:
        The atoms, in the order of their gates.

    Example: b ^ ~c rests on, and differs from that by b + c - 2 b c.
        >>> atoms = layer_atoms(Circuit.parse("features a b c; y = a & b; z = b ^ ~c"), 1)
        >>> atoms.gate, atoms.coefficient, atoms.signals[:, :2].tolist()
        (array([0, 1]), array([ 1, -2]), [[0, 1], [1, 2]])
        >>> atoms.linear
        (array([1, 1]), array([1, 2]), array([1, 1]))
    """
    wiring, gates = circuit.wiring, np.array(circuit.layers[number - 1].gates)
    tables, sizes = tables_of_changes(wiring, circuit.resting_values)[gates], wiring.n_inputs[gates]
    parts = []
    for size in np.unique(sizes).tolist():
        own = np.flatnonzero(sizes == size)
        inputs = wiring.inputs[wiring.offsets[gates[own]][:, np.newaxis] + np.arange(size)]
        coefficients = mobius_coefficients(tables[own], size)
        which, sets = np.nonzero(coefficients)
        there = sets[:, np.newaxis] >> np.arange(size) & 1
        signals = np.full((len(which), MOST_INPUTS), -1)
        signals[:, :size] = np.where(there, inputs[which], -1)
        parts.append((own[which], coefficients[which, sets], there.sum(axis=1), -np.sort(-signals, axis=1)))
    gate, coefficient, order, signals = (np.concatenate(each) for each in zip(*parts, strict=True))
    rank = np.argsort(gate, kind="stable")
    gate, coefficient, order, signals = gate[rank], coefficient[rank], order[rank], signals[rank]
    many, one = order > 1, order == 1
    linear = gate[one], signals[one, 0], coefficient[one]
    return Atoms(gate[many], coefficient[many], order[many], _ascending(signals[many]), linear)


def _ascending(signals: np.ndarray) -> np.ndarray:
    """Signals of each row in ascending order, -1 at the end."""
    last = np.iinfo(np.int64).max
    ordered = np.sort(np.where(signals < 0, last, signals), axis=1)
    return np.where(ordered == last, -1, ordered)
