"""Signals as functions of the features themselves, where these are few."""

from typing import NamedTuple

import numpy as np

from tegum.circuits.gates import MOST_INPUTS
from tegum.circuits.wiring import OFF_ROWS, Wiring

_ONE = np.uint64(1)


class Cones(NamedTuple):
    """Each signal as a truth table of the features behind it.

    `features` (n_signals, 6): ascending, filled up with n_features. `tables` (n_signals,) uint64: 64 rows, the same
    whatever the places say that are not filled. `known` (n_signals,): False where more than 6 features are behind it.
    """

    features: np.ndarray
    tables: np.ndarray
    known: np.ndarray


def cones(wiring: Wiring) -> Cones:
    """Follow every signal back to the features.

    Example: (x0 & x1) ^ x2 depends on three features.
        >>> from tegum.circuits import Circuit
        >>> found = cones(Circuit.parse("features x0..x2; y = x0 & x1; z = y ^ x2").wiring)
        >>> found.features[-1], found.known.all()
        (array([0, 1, 2, 3, 3, 3]), np.True_)
    """
    n, n_signals = wiring.n_features, wiring.n_features + wiring.n_gates
    found = Cones(np.full((n_signals, MOST_INPUTS), n), np.zeros(n_signals, np.uint64), np.zeros(n_signals, bool))
    found.features[:n, 0] = np.arange(n)
    found.tables[:n] = ~OFF_ROWS[0]
    found.known[:n] = True
    for low, high in zip(wiring.bounds[:-1], wiring.bounds[1:], strict=True):
        layer = np.arange(low, high)
        for n_inputs in np.unique(wiring.n_inputs[layer]):
            _follow(wiring, found, layer[wiring.n_inputs[layer] == n_inputs], int(n_inputs))
    return found


def _follow(wiring: Wiring, found: Cones, gates: np.ndarray, n_inputs: int) -> None:
    """Fill in gates of one layer that read as many signals."""
    inputs = wiring.inputs[wiring.offsets[gates][:, np.newaxis] + np.arange(n_inputs)]
    joint = np.sort(found.features[inputs].reshape(len(gates), n_inputs * MOST_INPUTS), axis=1)
    joint[:, 1:][joint[:, 1:] == joint[:, :-1]] = wiring.n_features
    joint = np.sort(joint, axis=1)
    known = found.known[inputs].all(axis=1) & (joint[:, MOST_INPUTS:] == wiring.n_features).all(axis=1)
    gates, inputs = gates[known], inputs[known]
    joint = np.pad(joint[known], ((0, 0), (0, MOST_INPUTS)), constant_values=wiring.n_features)[:, :MOST_INPUTS]
    words = [_lifted(found, inputs[:, place], joint, wiring.n_features) for place in range(n_inputs)]
    values = np.zeros(len(gates), np.uint64)
    for row in range(1 << n_inputs):
        here = np.where(wiring.tables[gates] >> np.uint64(row) & _ONE, ~np.uint64(0), np.uint64(0))
        for place, word in enumerate(words):
            here &= word if row >> place & 1 else ~word
        values |= here
    signals = wiring.n_features + gates
    found.features[signals], found.tables[signals], found.known[signals] = joint, values, True


def _lifted(found: Cones, signals: np.ndarray, joint: np.ndarray, nothing: int) -> np.ndarray:
    """Tables of these signals over other features, among which are their own."""
    own = found.features[signals]
    # where each of a signal's features stands among the joint ones; places that are not filled do not matter
    places = (own[:, :, np.newaxis] == joint[:, np.newaxis, :]).argmax(axis=2).astype(np.uint64)
    places[own == nothing] = 0
    lifted = np.zeros(len(signals), np.uint64)
    for row in range(64):
        old = np.zeros(len(signals), np.uint64)
        for j in range(MOST_INPUTS):
            old |= (np.uint64(row) >> places[:, j] & _ONE) << np.uint64(j)
        lifted |= (found.tables[signals] >> old & _ONE) << np.uint64(row)
    return lifted
