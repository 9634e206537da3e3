"""Inputs that break a gate, searched for with the weights in hand."""

import numpy as np

from tegum.circuits.circuit import Circuit
from tegum.circuits.layer import Sparse, as_dense
from tegum.circuits.network import CompiledNetwork
from tegum.circuits.planted import planted_supports
from tegum.ground.arrays import Real

_CANDIDATES, _ROUNDS, _POOL = 16, 8, 64


def worst_supports(
    network: CompiledNetwork, circuit: Circuit, gates: np.ndarray, n_active: int, rng: np.random.Generator
) -> np.ndarray:
    """Which gates can be broken by a choice of the other features that are on.

    The search starts at inputs made for the gate. In each round some of the other features are exchanged, mostly for
    those that reach the gate's neurons most, and the input that comes nearest to a wrong reading is kept.

    Args:
        network: the network.
        circuit: what it should compute.
        gates: (n_gates_tried,), numbers of gates.
        n_active: features that are on in every input.
        rng: source of randomness.

    Returns:
        (n_gates_tried,), True where an input was found in which the gate is read wrongly.

    Example: one neuron per gate cannot be broken.
        >>> from tegum.circuits.compile import compile_circuit
        >>> circuit = Circuit.parse("features a b c d; y = a & b; z = b & c")
        >>> network = compile_circuit(circuit, n_neurons=2, n_active=3)
        >>> worst_supports(network, circuit, np.arange(2), 3, np.random.default_rng(0))
        array([False, False])
    """
    owners = np.repeat(np.tile(gates, 2), _CANDIDATES)
    starts = [
        np.repeat(planted_supports(circuit, gates, away=away, n_active=n_active, rng=rng), _CANDIDATES, axis=0)
        for away in (True, False)
    ]
    supports = np.concatenate(starts)
    known = np.asarray((supports >= 0).any(axis=1))
    supports, owners = supports[known], owners[known]
    groups = np.flatnonzero(known[::_CANDIDATES])
    pools = {gate: _reaching(network, gate) for gate in gates.tolist()}
    broken = np.zeros(circuit.n_gates, bool)
    for _ in range(_ROUNDS):
        if not len(supports):
            break
        margin = _margins(network, circuit, supports, owners).reshape(len(groups), _CANDIDATES)
        broken[owners.reshape(margin.shape)[(margin > 0).any(axis=1), 0]] = True
        best = supports.reshape(*margin.shape, -1)[np.arange(len(groups)), margin.argmax(axis=1)]
        supports = np.repeat(best, _CANDIDATES, axis=0)
        for row, gate, place in zip(supports, owners.tolist(), range(len(supports)), strict=True):
            if place % _CANDIDATES:  # the first stays as it is
                _exchange(row, pools[gate], circuit.n_features, rng)
    return broken[gates]


def _margins(network: CompiledNetwork, circuit: Circuit, supports: np.ndarray, owners: np.ndarray) -> Real:
    """How far each input is on the wrong side of ½ for its gate."""
    chosen, column = np.unique(owners, return_inverse=True)
    rows = np.arange(len(supports))
    read = network.read.tocsc()[:, chosen]
    estimates = (as_dense(network.stream(supports) @ read) + network.offset[chosen])[rows, column]
    found: Sparse = circuit.evaluate(supports)
    truth = found[:, circuit.n_features + chosen].toarray()[rows, column]
    return np.where(truth, 0.5 - estimates, estimates - 0.5)


def _reaching(network: CompiledNetwork, gate: int) -> np.ndarray:
    """Features that add most to what a gate is read from, if all neurons were linear."""
    score = np.abs(network.read.tocsc()[:, [gate]].toarray().ravel())
    for block in reversed(network.blocks):
        half = block.n_neurons // 2 if block.corrected else block.n_neurons  # the others only take away again
        if half:
            score = score + abs(block.W_in.tocsc()[:, :half]) @ (abs(block.W_out.tocsr()[:half]) @ score)
    reach = abs(network.embed) @ score
    return np.argsort(-reach, kind="stable")[:_POOL]


def _exchange(row: np.ndarray, pool: np.ndarray, n_features: int, rng: np.random.Generator) -> None:
    """One or two features of an input, in place, for others."""
    for place in rng.integers(len(row), size=rng.integers(1, 3)):
        fresh = int(rng.choice(pool)) if rng.random() < 0.7 else int(rng.integers(n_features))
        if fresh not in row:
            row[place] = fresh
