"""How often each signal of a circuit is on, and whether that is seldom enough for superposition to help."""

import math
from typing import NamedTuple

import numpy as np

from tegum.circuits.circuit import Circuit
from tegum.circuits.cones import cones
from tegum.circuits.gates import MOST_INPUTS
from tegum.circuits.supports import probabilities, random_supports
from tegum.ground.arrays import ArrayLike
from tegum.ground.errors import InputError
from tegum.ground.estimate import share_estimate

_FAILURE = 0.01


class Activity(NamedTuple):
    """How likely each signal is on; all arrays are (n_signals,), without unit.

    What rests on, such as the NOT of a feature, is stored as well by what it lacks, so `away` is what counts for
    superposition.

    Attributes:
        probability: of the signal to be on.
        low: lower end of its 99 % interval.
        high: upper end.
        exact: whether it is computed (low = probability = high), not counted in random inputs.
        away: how likely the signal differs from its resting value, the one it has when all features are off.
    """

    probability: np.ndarray
    low: np.ndarray
    high: np.ndarray
    exact: np.ndarray
    away: np.ndarray


class LayerActivity(NamedTuple):
    """How much of a layer is away from rest at once.

    Attributes:
        number: of the layer; 0 for the features.
        n_signals: number of its signals.
        away: expected number of signals away from rest.
        most: the largest number for which superposition can help, see `most_away`.
    """

    number: int
    n_signals: int
    away: float
    most: float

    @property
    def sparse(self) -> bool:
        """Whether superposition can help."""
        return self.away <= self.most


def signal_activity(
    circuit: Circuit,
    *,
    n_active: int | None = None,
    feature_probability: ArrayLike | None = None,
    n_samples: int = 4000,
    seed: int = 0,
) -> Activity:
    """Expected activity of each signal under a distribution of the features.

    Exact for signals that depend on at most 6 features, through whatever layers; the others are counted in random
    inputs.

    Args:
        circuit: the circuit.
        n_active: number of features on at once, all sets alike; or
        feature_probability: probability of each feature to be on, independently; a number or (n_features,).
        n_samples: number of random inputs for the signals that are not computed.
        seed: of the random inputs.

    Returns:
        Probabilities with intervals.

    Raises:
        InputError: neither or both of k and p are given, or out of range.

    Example: with 2 of 5 features on, a pair is on once in ten times.
        >>> circuit = Circuit.parse("features x0..x4; y = x0 & x1; z = ~y")
        >>> found = signal_activity(circuit, n_active=2)
        >>> found.probability.round(6), found.away[-1].round(6)
        (array([0.4, 0.4, 0.4, 0.4, 0.4, 0.1, 0.9]), np.float64(0.1))
    """
    p = probabilities(circuit.n_features, n_active, feature_probability)
    if n_samples < 1:
        raise InputError(f"n_samples must be at least 1; got {n_samples}.")
    behind = cones(circuit.wiring)
    mean = np.zeros(circuit.n_signals)
    known = behind.known
    weights = _row_weights(behind.features[known], p, n_active)
    for row, weight in enumerate(weights):
        mean[known] += weight * (behind.tables[known] >> np.uint64(row) & np.uint64(1))
    low, high = mean.copy(), mean.copy()
    if not known.all():
        supports = random_supports(
            circuit.n_features, n_samples, n_active=n_active, feature_probability=feature_probability, seed=seed
        )
        counts = np.asarray(circuit.evaluate(supports).sum(axis=0)).ravel()
        for count in np.unique(counts[~known]):
            share = share_estimate(int(count), n_samples)
            here = ~known & (counts == count)
            mean[here], low[here], high[here] = share.best, share.low, share.high
    return Activity(mean, low, high, known.copy(), np.where(circuit.resting_values, 1 - mean, mean))


def _row_weights(features: np.ndarray, p: np.ndarray, n_active: int | None) -> list[np.ndarray]:
    """How likely the features behind each signal are in each of the 64 rows."""
    n = len(p)
    bits = np.arange(64)[:, np.newaxis] >> np.arange(MOST_INPUTS) & 1
    if n_active is None:
        each = np.append(p, 0.0)[features]
        return [np.where(on, each, 1 - each).prod(axis=1) for on in bits]
    # j given features on and c - j others off: k .. (k-j+1) (n-k) .. (n-k-c+j+1) / n .. (n-c+1)
    size = (features < n).sum(axis=1)
    table = np.zeros((MOST_INPUTS + 1, MOST_INPUTS + 1))
    for c in range(min(MOST_INPUTS, n) + 1):
        for j in range(c + 1):
            table[c, j] = math.perm(n_active, j) * math.perm(n - n_active, c - j) / math.perm(n, c)
    filled = np.arange(MOST_INPUTS) < size[:, np.newaxis]
    return [np.where((on & ~filled).any(axis=1), 0.0, table[size, on.sum()]) for on in bits]


def most_away(n_signals: int, failure: float = _FAILURE) -> float:
    """Largest number K of signals away from rest at once for which fewer neurons than signals can do.

    To tell by a threshold which of T signals in m dimensions are away from rest, all of them rightly with probability
    1 - η, takes m ≥ 8 K ln(T/η). With that m ≥ T there is nothing to gain: K = T / (8 ln(T/η)).

    Args:
        n_signals: T.
        failure: η, the probability that any of the signals is read wrongly.

    Returns:
        K, not rounded.

    Raises:
        InputError: no signals, or a probability outside (0, 1).

    Example:
        >>> round(most_away(1000), 1)
        10.9

    Source: Gaussian tail and union bound of a one-look threshold at ½; see docs/bounds.md.
    """
    if n_signals < 1 or not 0 < failure < 1:
        raise InputError(f"there must be signals, and 0 < failure < 1; got {n_signals} and {failure}.")
    return n_signals / (8 * math.log(n_signals / failure))


def layer_activity(circuit: Circuit, found: Activity, *, failure: float = _FAILURE) -> tuple[LayerActivity, ...]:
    """Activity of the features (number 0) and of each layer of gates.

    Args:
        circuit: the circuit.
        found: its activity.
        failure: probability that any signal of a layer is read wrongly, see `most_away`.

    Returns:
        One entry for the features and one for each layer.

    Example:
        >>> from tegum.circuits import random_circuit
        >>> circuit = random_circuit(1000, 2000, functions=("and", "or"))
        >>> for layer in layer_activity(circuit, signal_activity(circuit, n_active=5)):
        ...     print(layer.number, layer.n_signals, round(layer.away, 1), round(layer.most, 1), layer.sparse)
        0 1000 5.0 10.9 True
        1 2000 9.7 20.5 True
    """
    parts = [(0, range(circuit.n_features)), *((layer.number, layer.signals) for layer in circuit.layers)]
    return tuple(
        LayerActivity(number, len(part), float(found.away[part.start : part.stop].sum()), most_away(len(part), failure))
        for number, part in parts
    )


def dense_layers(circuit: Circuit, found: Activity, *, failure: float = _FAILURE) -> list[str]:
    """A sentence for each layer in which too much is away from rest for superposition to help; none if it is sparse.

    Args:
        circuit: the circuit.
        found: its activity.
        failure: probability that any signal of a layer is read wrongly, see `most_away`.

    Returns:
        The sentences; the features come first.

    Example:
        >>> circuit = Circuit.parse("features x0..x3; y = x0 | x1; z = x2 ^ x3")
        >>> print(dense_layers(circuit, signal_activity(circuit, feature_probability=0.5))[1])
        Layer 1 is not sparse: of its 2 gates 1.25 are away from rest at once on average; superposition helps ...0.047.
    """
    sentences = []
    for layer in layer_activity(circuit, found, failure=failure):
        if not layer.sparse:
            name, kind = (f"Layer {layer.number}", "gates") if layer.number else ("The input", "features")
            verb = "are away from rest at once" if layer.number else "are on at once"
            sentences.append(
                f"{name} is not sparse: of its {layer.n_signals} {kind} {layer.away:.3g} {verb} on average;"
                f" superposition helps up to {layer.most:.2g}."
            )
    return sentences


def require_sparse(circuit: Circuit, found: Activity, *, failure: float = _FAILURE) -> None:
    """Refuse a circuit in none of whose layers of gates superposition can help.

    If only some of the layers are dense, `dense_layers` says which: they need about one neuron per gate.

    Args:
        circuit: the circuit.
        found: its activity.
        failure: probability that any signal of a layer is read wrongly, see `most_away`.

    Raises:
        InputError: all layers of gates are dense.

    Example:
        >>> circuit = Circuit.parse("features x0..x3; y = x0 | x1; z = x2 ^ x3")
        >>> require_sparse(circuit, signal_activity(circuit, feature_probability=0.5))
        Traceback (most recent call last):
        tegum.ground.errors.InputError: Layer 1 is not sparse: of its 2 gates 1.25 are away from rest ...
    """
    layers = [layer for layer in layer_activity(circuit, found, failure=failure) if layer.number]
    if not any(layer.sparse for layer in layers):
        worst = max(layers, key=lambda layer: layer.away / layer.most)
        sentences = dense_layers(circuit, found, failure=failure)
        sentence = next(each for each in sentences if each.startswith(f"Layer {worst.number} "))
        others = " The other layers are no better." if len(layers) > 1 else ""
        raise InputError(f"{sentence}{others} Use rarer features or gates that are seldom on, or one neuron per gate.")
