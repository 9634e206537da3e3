"""What a compiled network has to beat: one neuron per product, for as many gates as the neurons suffice for."""

from typing import NamedTuple

import numpy as np

from tegum.circuits.atoms import layer_atoms
from tegum.circuits.circuit import Circuit
from tegum.circuits.evaluation import SparseEvaluation
from tegum.circuits.supports import Supports, support_matrix
from tegum.ground.arrays import Real


class Baseline(NamedTuple):
    """Gates with a neuron for each of their products, which are exact on what they read; the others stay at rest.

    Args:
        computed: (n_gates,), the gates that have neurons.
        evaluate: the circuit made ready for sparse inputs, with the other gates stuck.

    Example: neurons for one of two gates.
        >>> circuit = Circuit.parse("features a b c; y = a & b; z = b & ~c")
        >>> cheapest(circuit, 1).gates(np.array([[0, 1]]))
        array([[1., 0.]])
    """

    computed: np.ndarray
    evaluate: SparseEvaluation

    def gates(self, supports: Supports) -> Real:
        """Values of all gates, (n_samples, n_gates); see `CompiledNetwork.gates`."""
        n_features = len(self.evaluate.rest) - len(self.computed)
        return self.evaluate(support_matrix(supports, n_features))[:, n_features:].toarray().astype(np.float64)


def cheapest(circuit: Circuit, n_neurons: int) -> Baseline:
    """The baseline of so many neurons: it computes the gates of fewest products, the first layers first.

    No choice of gates with a neuron for each product has more gates; and a gate that stays at rest is never right where
    it should be away from it. So the number of gates is a bound on how many are right. In one layer, and wherever what
    the gates read is computed too, it is that number.

    Args:
        circuit: what should be computed.
        n_neurons: neurons in all. Gates that are sums of their inputs need none.

    Returns:
        The baseline.

    Example: an exclusive or needs one product, a majority four.
        >>> cheapest(Circuit.parse("features a b c; y = a ^ b; z = a & b; w = maj(a, b, c)"), 3).computed
        array([ True,  True, False])
    """
    costs = np.concatenate(
        [np.bincount(layer_atoms(circuit, layer.number).gate, minlength=len(layer.gates)) for layer in circuit.layers]
    )
    order = np.argsort(costs, kind="stable")
    computed = np.zeros(circuit.n_gates, bool)
    computed[order[np.cumsum(costs[order]) <= n_neurons]] = True
    return Baseline(computed, SparseEvaluation(circuit.wiring, stuck=~computed))
