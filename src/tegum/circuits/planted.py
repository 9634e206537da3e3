"""Inputs made for a gate: that it should be on, or nearly so, with other features on at random beside it."""

import numpy as np

from tegum.circuits.circuit import Circuit
from tegum.circuits.evaluation import tables_of_changes
from tegum.circuits.supports import Supports

_TRIES = 8


def planted_supports(
    circuit: Circuit, gates: np.ndarray, *, away: bool, n_active: int, rng: np.random.Generator
) -> Supports:
    """For each gate an input that should put it away from rest, or only some of its inputs.

    The features that this takes are found from the gate downwards, with a row of each truth table drawn at random among
    those with the fewest inputs away from rest. Others fill up. Which case an input is for the gate must be looked up:
    what was meant to be at rest may not be.

    Args:
        circuit: the circuit.
        gates: (n_samples,), numbers of gates, one for each input.
        away: whether the gate itself should be away from rest.
        n_active: features that are on in every input.
        rng: source of randomness.

    Returns:
        (n_samples, n_active); rows are all -1 where more features are needed than may be on.

    Example: the AND of two features, out of four.
        >>> circuit = Circuit.parse("features a b c d; y = a & b")
        >>> rng = np.random.default_rng(0)
        >>> np.sort(planted_supports(circuit, np.array([0]), away=True, n_active=2, rng=rng))
        array([[0, 1]])
    """
    tables = tables_of_changes(circuit.wiring, circuit.resting_values).tolist()
    made = np.full((len(gates), n_active), -1)
    for row, gate in zip(made, gates.tolist(), strict=True):
        needed = _features_for(circuit, tables, gate, rng, n_active, away=away)
        if needed:
            row[: len(needed)] = needed
            row[len(needed) :] = _others(circuit.n_features, needed, n_active - len(needed), rng)
    return made


def _features_for(
    circuit: Circuit, tables: list[int], gate: int, rng: np.random.Generator, most: int, *, away: bool
) -> list[int]:
    """Features that put a gate where it is wanted; none if that takes too many."""
    for _ in range(_TRIES):
        features: set[int] = set()
        waiting = [circuit.n_features + gate]
        while waiting and len(features) <= most:
            signal = waiting.pop()
            if signal < circuit.n_features:
                features.add(signal)
                continue
            g = signal - circuit.n_features
            inputs = circuit.wiring.inputs[circuit.wiring.offsets[g] : circuit.wiring.offsets[g + 1]].tolist()
            row = _row(tables[g], len(inputs), rng, away=away or g != gate)
            waiting += [signal for place, signal in enumerate(inputs) if row >> place & 1]
        if features and len(features) <= most:
            return sorted(features)
    return []


def _row(table: int, n_inputs: int, rng: np.random.Generator, *, away: bool) -> int:
    rows = [row for row in range(1, 1 << n_inputs) if (table >> row & 1) == away]
    if not rows:
        return 0
    least = min(row.bit_count() for row in rows)
    if not away:  # anything that comes near
        return rows[rng.integers(len(rows))]
    fewest = [row for row in rows if row.bit_count() == least]
    return fewest[rng.integers(len(fewest))]


def _others(n_features: int, taken: list[int], count: int, rng: np.random.Generator) -> np.ndarray:
    """So many different features that are not among the ones taken."""
    drawn = rng.choice(n_features - len(taken), count, replace=False) if count else np.empty(0, np.int64)
    for each in taken:
        drawn += drawn >= each
    return drawn
