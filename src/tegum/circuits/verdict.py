"""Whether a network computes in superposition, by a criterion that is fixed before anything is measured."""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tegum.circuits.atoms import layer_atoms
from tegum.circuits.circuit import Circuit
from tegum.circuits.network import CompiledNetwork
from tegum.circuits.tally import Tally
from tegum.ground.estimate import Estimate, share_estimate

Outcome: TypeAlias = Literal["computes in superposition", "does not compute in superposition", "undecided"]

CRITERION = (
    "A network computes in superposition if more gates are right at the asked error than it has neurons, and more than"
    " one neuron per product can have right with as many neurons. A gate is right if its share of errors is at most"
    " the asked one where it should be away from rest, where it should not though one of its inputs is, and where none"
    " is, in the inputs tried; a gate that no input could put away from rest does not count."
)


class Verdict(NamedTuple):
    """The answer.

    Args:
        outcome: one of the three.
        n_right: gates that are right, from the share among the tested ones, with its interval.
        n_neurons: ReLUs of the network.
        n_naive: gates that one neuron per product can have right with as many neurons, at most.
        error: the asked share of errors.

    Example: see `tegum.circuits.check.check_network`.
    """

    outcome: Outcome
    n_right: Estimate
    n_neurons: int
    n_naive: int
    error: float


def decide(
    network: CompiledNetwork, circuit: Circuit, random: Tally, planted: Tally, tested: np.ndarray, error: float
) -> Verdict:
    """Apply the criterion.

    Args:
        network: the network.
        circuit: what it should compute.
        random: errors in random inputs.
        planted: errors in inputs made for some gates.
        tested: numbers of these gates, drawn at random.
        error: the asked share of errors.

    Returns:
        The verdict; undecided if the interval holds the number to be beaten.
    """
    count, wrong = (part[tested].astype(np.float64) for part in (planted.counts, planted.wrong))
    # away and touched from the inputs made for the gate, at rest from random ones
    count[:, 2], wrong[:, 2] = random.counts[tested, 2], random.wrong[tested, 2]
    right = (wrong <= error * count).all(axis=1) & (count[:, 0] > 0)
    share = share_estimate(int(right.sum()), len(tested))
    scaled = (part * circuit.n_gates for part in (share.low, share.best, share.high))
    low, best, high = scaled
    n_right = Estimate(low=low, best=best, high=high, n=len(tested))
    naive = naive_gates(circuit, network.n_neurons)
    bar = max(network.n_neurons, naive)
    outcome: Outcome = "undecided"
    if low > bar:
        outcome = "computes in superposition"
    elif high <= bar:
        outcome = "does not compute in superposition"
    return Verdict(outcome, n_right, network.n_neurons, naive, error)


def naive_gates(circuit: Circuit, n_neurons: int) -> int:
    """How many gates one neuron per product can compute at most, with so many neurons: those of fewest products.

    Args:
        circuit: the circuit.
        n_neurons: neurons in all.

    Returns:
        A number of gates. Gates that are sums of their inputs need no neuron.

    Example: an exclusive or needs one product.
        >>> naive_gates(Circuit.parse("features a b c; y = a ^ b; z = a & b; w = maj(a, b, c)"), 3)
        2
    """
    costs = [
        np.bincount(layer_atoms(circuit, layer.number).gate, minlength=len(layer.gates)) for layer in circuit.layers
    ]
    return int((np.cumsum(np.sort(np.concatenate(costs))) <= n_neurons).sum())
