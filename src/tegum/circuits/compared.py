"""What networks that compute ANDs are compared by, trained or constructed: error, density, and how gates are read."""

from typing import Literal, TypeAlias

import numpy as np

from tegum.circuits.cases import all_on
from tegum.circuits.checks import as_gates
from tegum.circuits.layer import NeuronLayer, ReadOff, as_dense
from tegum.circuits.readoffs import dense_read_off
from tegum.circuits.trained import WeightedInputs
from tegum.ground.arrays import ArrayLike, PerModel, as_directions, as_real
from tegum.ground.errors import InputError, ShapeError

Density: TypeAlias = Literal["sparse", "between", "dense"]
"""What the weights of a layer look like, see `recognise_density`."""

Pattern: TypeAlias = Literal["difference", "direct", "product"]
"""Ways of reading a pair, see `read_off_similarity`."""

_SMALL = 0.3
_SPARSE, _DENSE = 0.3, 0.5


def unexplained(layer: NeuronLayer, gates: ArrayLike, inputs: WeightedInputs) -> float:
    """Squared error of the estimated ANDs over their variance, both summed over gates.

    0 is right everywhere, 1 as bad as the best constants. Gates that cannot be read count as estimated by 0.

    Args:
        layer: with a read-off of these gates.
        gates: (n_gates, order).
        inputs: what can occur.

    Returns:
        The share.

    Raises:
        InputError: a layer without a read-off, gates that are none, or that never vary in these inputs.
        ShapeError: the read-off is of another number of gates.

    Example: one neuron for each gate makes no error.
        >>> from tegum.circuits.naive import one_neuron_per_gate
        >>> from tegum.circuits.trained import few_active
        >>> inputs = few_active(4, feature_probability=0.3, most_active=3)
        >>> unexplained(one_neuron_per_gate([[0, 1], [1, 3]], n_features=4), [[0, 1], [1, 3]], inputs)
        0.0
    """
    truth = all_on(inputs.x, as_gates(gates, inputs.x.shape[1])).astype(np.float64)
    estimates = np.nan_to_num(layer.estimates(inputs.x), nan=0.0)
    if estimates.shape != truth.shape:
        raise ShapeError(f"the layer reads {estimates.shape[1]} gates, expected {truth.shape[1]}, those of `gates`")
    error = inputs.weights @ (estimates - truth) ** 2
    return float(error.sum() / _variance(truth, inputs.weights))


def best_read_off(layer: NeuronLayer, gates: ArrayLike, inputs: WeightedInputs) -> ReadOff:
    """The linear read-off with the least expected squared error, constant included.

    With it, what is left of the error is the fault of the neurons alone.

    Args:
        layer: any.
        gates: (n_gates, order).
        inputs: what can occur.

    Returns:
        The read-off, dense.

    Raises:
        InputError: gates that are none.

    Example:
        >>> from tegum.circuits.trained import few_active
        >>> inputs = few_active(2, feature_probability=0.5, most_active=2)
        >>> layer = NeuronLayer(W_in=np.eye(2), b_in=np.zeros(2))
        >>> made = layer.reading(best_read_off(layer, [[0, 1]], inputs))
        >>> made.estimates(inputs.x).ravel().round(2).tolist(), round(unexplained(made, [[0, 1]], inputs), 3)
        ([-0.25, 0.25, 0.25, 0.75], 0.333)
    """
    chosen = as_gates(gates, layer.n_features)
    neurons, truth = layer.neurons(inputs.x), all_on(inputs.x, chosen).astype(np.float64)
    made = (_centred(each, inputs.weights) for each in (neurons, truth))
    R = np.linalg.lstsq(*made, rcond=1e-9)[0]
    return dense_read_off(chosen, R, inputs.weights @ truth - inputs.weights @ neurons @ R)


def least_unexplained(gates: ArrayLike, inputs: WeightedInputs, n_neurons: ArrayLike) -> np.ndarray:
    """The least share that any m numbers, neurons or not, leave unexplained when gates are read from them linearly.

    The best m numbers are the principal components of the gates themselves.

    Args:
        gates: (n_gates, order).
        inputs: what can occur.
        n_neurons: m, any shape, whole numbers.

    Returns:
        Shape of m.

    Raises:
        InputError: gates that are none, or that never vary in these inputs; numbers below 0.

    Example: two gates that are never on together need two numbers.
        >>> from tegum.circuits.trained import few_active
        >>> inputs = few_active(4, feature_probability=0.5, most_active=2)
        >>> least_unexplained([[0, 1], [2, 3]], inputs, [0, 1, 2]).round(2)
        array([1.  , 0.45, 0.  ])

    Source:
        Eckart and Young 1936, The approximation of one matrix by another of lower rank.
    """
    truth = all_on(inputs.x, as_gates(gates, inputs.x.shape[1])).astype(np.float64)
    m = np.asarray(n_neurons, dtype=np.int64)
    if (m < 0).any():
        raise InputError(f"n_neurons must be at least 0; got {m.min()}.")
    energy = np.linalg.svd(_centred(truth, inputs.weights), compute_uv=False) ** 2
    left = np.append(np.cumsum(energy[::-1])[::-1], 0.0) / _variance(truth, inputs.weights)
    return left[np.minimum(m, len(energy))]


def weight_density(W: ArrayLike) -> PerModel:
    """Share of input weights that are not small: above 0.3 of the root mean square of their neuron's weights.

    For zeros and ones it is the share of ones, for normal weights 0.76. Neurons without weights count as empty.

    Args:
        W: (..., n_features, n_neurons). Leading axes are models.

    Returns:
        One share for each model.

    Raises:
        ShapeError: fewer than two axes.

    Example:
        >>> weight_density([[1, 0], [0, 0], [1, 0], [0, 1]])
        array(0.375)

    Source:
        Ours.
    """
    weights = np.abs(as_directions(W))
    typical = np.sqrt((weights**2).mean(axis=-2, keepdims=True))
    return np.asarray(((weights > _SMALL * typical) & (typical > 0)).mean(axis=(-2, -1)))


def recognise_density(W: ArrayLike) -> Density:
    """Whether the weights of one layer are sparse, dense, or between, by their density: up to 0.3, from 0.5 on.

    Args:
        W: (n_features, n_neurons), weights from features; of features in superposition, embedding times W_in.

    Returns:
        The word.

    Raises:
        ShapeError: fewer than two axes.
        InputError: more than one layer.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> recognise_density(rng.normal(size=(20, 50))), recognise_density(rng.random((20, 50)) < 0.1)
        ('dense', 'sparse')

    Source:
        Ours.
    """
    density = weight_density(W)
    if density.ndim:
        raise InputError(f"expected the weights of one layer; got {density.size}. Call it for each.")
    return "sparse" if density <= _SPARSE else "dense" if density >= _DENSE else "between"


def read_off_similarity(
    layer: NeuronLayer, gates: ArrayLike, inputs: WeightedInputs, *, pattern: Pattern
) -> np.ndarray:
    """Cosine, over neurons, between how a pair is read best and how a rule would read it.

    Each neuron is measured in units of its own standard deviation. The rules: "product", w_i w_j; "direct",
    y(both) = ReLU(w_i + w_j + b), both without their mean over pairs; "difference", y(both) - y(i) - y(j) + y(none),
    what the neuron adds for the pair.

    Args:
        layer: of ReLUs.
        gates: (n_gates, 2).
        inputs: what can occur.
        pattern: the rule.

    Returns:
        (n_gates, n_gates): row g, column r is the cosine of pair g's read-off with the rule for pair r. The diagonal
        says how alike they are, the rest what chance would give.

    Raises:
        InputError: gates that are none or no pairs, or an unknown rule.

    Example: a neuron for each pair is read by all rules.
        >>> from tegum.circuits.naive import one_neuron_per_gate
        >>> from tegum.circuits.trained import few_active
        >>> inputs = few_active(4, feature_probability=0.3, most_active=3)
        >>> layer = one_neuron_per_gate([[0, 1], [1, 3]], n_features=4)
        >>> read_off_similarity(layer, [[0, 1], [1, 3]], inputs, pattern="difference").round(2)
        array([[1., 0.],
               [0., 1.]])
    """
    chosen = as_gates(gates, layer.n_features)
    if chosen.shape[1] != 2:
        raise InputError(f"read-offs of pairs are compared; got gates of {chosen.shape[1]} features.")
    made = as_real(as_dense(best_read_off(layer, chosen, inputs).R), "R").T
    first, second = np.zeros((2, len(chosen), layer.n_features))
    first[np.arange(len(chosen)), chosen[:, 0]] = second[np.arange(len(chosen)), chosen[:, 1]] = 1.0
    none = np.zeros((1, layer.n_features))
    if pattern == "product":
        rule = layer.preactivation(first) - layer.b_in
        rule *= layer.preactivation(second) - layer.b_in
    elif pattern == "direct":
        rule = layer.neurons(first + second)
    elif pattern == "difference":
        rule = layer.neurons(first + second) - layer.neurons(first) - layer.neurons(second) + layer.neurons(none)
    else:
        raise InputError(f"pattern must be difference, direct or product; got {pattern!r}.")
    if pattern != "difference":
        rule = rule - rule.mean(axis=0)
    spread = np.sqrt((_centred(layer.neurons(inputs.x), inputs.weights) ** 2).sum(axis=0))
    alive = spread > 1e-9
    left, right = (made * spread)[:, alive], (rule / np.maximum(spread, 1e-9))[:, alive]
    scale = np.outer(np.linalg.norm(left, axis=1), np.linalg.norm(right, axis=1))
    return left @ right.T / np.maximum(scale, 1e-300)


def _variance(truth: np.ndarray, weights: np.ndarray) -> float:
    """Variance of all gates together, which must not be 0."""
    total = float((_centred(truth, weights) ** 2).sum())
    if total < 1e-300:
        raise InputError("no gate is ever on in these inputs, or all always are; allow more active features.")
    return total


def _centred(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values less their mean, times the root of the weights, so that plain sums of squares are weighted ones."""
    return (values - weights @ values) * np.sqrt(weights)[:, np.newaxis]
