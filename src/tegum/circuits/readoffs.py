"""Read-offs: how gates are estimated from the neurons of a layer."""

import dataclasses

import numpy as np
from scipy.linalg import solve
from scipy.sparse import csc_array, csr_array

from tegum.circuits.cases import all_on
from tegum.circuits.checks import as_gates
from tegum.circuits.classes import all_members, class_means
from tegum.circuits.layer import Matrix, NeuronLayer, ReadOff
from tegum.circuits.mobius import mobius_coefficients
from tegum.ground.arrays import ArrayLike
from tegum.ground.errors import InputError, ShapeError


def averaging(layer: NeuronLayer, gates: ArrayLike) -> ReadOff:
    """The mean over the neurons that see all features of a gate.

    With k features on and neurons that see a feature with probability q it is 1 + (k - 2) q on average if both
    features of a pair are on, (k - 1) q if one is, and about k² q²/2 if none is.

    Args:
        layer: with an incidence.
        gates: (n_gates, order), the features of each gate.

    Returns:
        The read-off; undefined for gates that no neuron sees all features of.

    Raises:
        InputError: a layer without incidence, or gates that are none.

    Example:
        >>> from tegum.circuits.uand import universal_and
        >>> layer = universal_and(10, 400, 0.1)
        >>> layer.reading(averaging(layer, [[0, 1], [0, 2]])).estimates(np.eye(10)[:1] + np.eye(10)[1:2])
        array([[1., 0.]])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition.
    """
    chosen = as_gates(gates, layer.n_features)
    return class_means(layer, chosen, {2 ** chosen.shape[1] - 1: 1.0})


def mean_subtracted(layer: NeuronLayer, gates: ArrayLike, *, n_active: int) -> ReadOff:
    """Averaging, less what it gives with one feature of a pair on.

    That mean is known for each pair from the number of features that its neurons see. Without a feature on the
    estimate is then about -(k - 1) q: no constant removes the offsets of all cases.

    Args:
        layer: with an incidence, of neurons with weight 1 and bias -1.
        gates: (n_gates, 2).
        n_active: k, features that are on in every input.

    Returns:
        The read-off.

    Raises:
        InputError: a layer without incidence, or gates that are none.
        ShapeError: gates are not pairs.

    Example:
        >>> from tegum.circuits.uand import universal_and
        >>> layer = universal_and(50, 400, 0.1)
        >>> plain, less = averaging(layer, [[0, 1]]), mean_subtracted(layer, [[0, 1]], n_active=4)
        >>> bool(0.2 < (plain.offset - less.offset)[0] < 0.4)
        True
    """
    chosen = _pairs(gates, layer)
    members = all_members(layer, chosen)
    sizes = np.asarray(layer.incidence.sum(axis=0)).ravel()  # pyright: ignore[reportOptionalMemberAccess]
    others = members @ (sizes - 2) / np.maximum(np.asarray(members.sum(axis=1)), 1)
    made = averaging(layer, chosen)
    return dataclasses.replace(made, offset=-others * (n_active - 1) / max(layer.n_features - 2, 1))


def mobius(layer: NeuronLayer, gates: ArrayLike) -> ReadOff:
    """The AND of r features from neurons that see at least two of them: Σ over T of (-1)^|T| A_T, |T| ≥ 2.

    A_T is the mean over neurons that see, of the gate's features, exactly those of T. For three features it is A_ij +
    A_jl + A_il - A_ijl. It is exact if no other feature is on, and off by the order of k q otherwise.

    Args:
        layer: with an incidence, of neurons with weight 1 and bias -1.
        gates: (n_gates, order), order at least 2.

    Returns:
        The read-off; undefined for gates that lack a class of neurons.

    Raises:
        InputError: a layer without incidence, or gates that are none.

    Example:
        >>> from tegum.circuits.uand import universal_and
        >>> layer = universal_and(10, 2000, 0.2)
        >>> layer.reading(mobius(layer, [[0, 1, 2]])).estimates(np.tri(10)[:3]).round(12).ravel() + 0
        array([0., 0., 1.])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition; the formula
        for any order is ours.
    """
    chosen = as_gates(gates, layer.n_features)
    and_of_all = np.zeros(2 ** chosen.shape[1])
    and_of_all[-1] = 1.0
    return class_means(layer, chosen, _weights(and_of_all))


def differences(layer: NeuronLayer, gates: ArrayLike, *, n_active: int) -> ReadOff:
    """The r-th difference of class means: unbiased, whatever else is on.

    Σ over all subsets T of the r features of (-1)^|T| A_T, divided by (1 - q)^(k - r), with A_T the mean over neurons
    that see of these features exactly T. For pairs that is the second difference A_ij - A_i - A_j + A_none. Its
    expectation over layers is 1 if all features are on, and 0 otherwise.

    Args:
        layer: with an incidence of independent connections, of neurons with weight 1 and bias -1.
        gates: (n_gates, order).
        n_active: k, features that are on in every input.

    Returns:
        The read-off; undefined for gates that lack a class of neurons.

    Raises:
        InputError: a layer without connection probability, k below the order, or gates that are none.

    Example: averaging is off by (k - 1) q = 0.8 with one feature on.
        >>> from tegum.circuits.uand import universal_and
        >>> layer = universal_and(9, 20_000, 0.1)
        >>> x = np.array([[1, 0, 1, 1, 1, 1, 1, 1, 1]])
        >>> for read_off in (averaging(layer, [[0, 1]]), differences(layer, [[0, 1]], n_active=8)):
        ...     print(abs(layer.reading(read_off).estimates(x)[0, 0]) < 0.3)
        False
        True

    Source:
        Ours.
    """
    chosen = as_gates(gates, layer.n_features)
    order, q = chosen.shape[1], layer.connection_probability
    if q is None or q == 1:
        raise InputError("differences need a layer of independent connections with probability below 1: universal_and")
    if n_active < order:
        raise InputError(f"n_active must be at least the {order} features of a gate; got {n_active}.")
    scale = (1 - q) ** -float(n_active - order)
    return class_means(layer, chosen, {t: scale * (-1) ** t.bit_count() for t in range(2**order)})


def boolean_function(layer: NeuronLayer, gates: ArrayLike, table: int, *, n_active: int | None = None) -> ReadOff:
    """Any boolean function of a few features: Σ over T of c_T x_T, each AND x_T read from the same neurons.

    c_T = Σ over subsets U of T of (-1)^(|T| - |U|) f(U). Single features are read past the neurons, and the constant is
    an offset.

    Args:
        layer: with an incidence, of neurons with weight 1 and bias -1.
        gates: (n_gates, order), the features of each function.
        table: the truth table of all of them: bit r is the value if feature j is on where bit j of r is 1.
        n_active: k, for `differences`; None for `mobius`.

    Returns:
        The read-off, with direct weights.

    Raises:
        InputError: a layer without incidence, gates that are none or of more than 6 features, or a table with more
            rows than they have.

    Example: exclusive or of three features.
        >>> from tegum.circuits.uand import universal_and
        >>> layer = universal_and(3, 2000, 0.3)
        >>> xor = boolean_function(layer, [[0, 1, 2]], 0b10010110)
        >>> layer.reading(xor).estimates(np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1]])).round(12).ravel() + 0
        array([1., 0., 1.])
    """
    chosen = as_gates(gates, layer.n_features)
    order = chosen.shape[1]
    coefficients = mobius_coefficients(table, order).astype(np.float64)
    if n_active is None:
        made = class_means(layer, chosen, _weights(coefficients))
    else:
        made = dense_read_off(chosen, csc_array((layer.n_neurons, len(chosen))), np.zeros(len(chosen)))
        for subset in np.flatnonzero(coefficients).tolist():
            if subset.bit_count() >= 2:
                part = chosen[:, [j for j in range(order) if subset >> j & 1]]
                made = _added(made, differences(layer, part, n_active=n_active), coefficients[subset])
    direct = csr_array((layer.n_features, len(chosen)))
    for j in np.flatnonzero(coefficients[1 << np.arange(order)]).tolist():
        ones = (np.full(len(chosen), coefficients[1 << j]), (chosen[:, j], np.arange(len(chosen))))
        direct = direct + csr_array(ones, shape=direct.shape)
    past = direct if layer.embedding is None else np.asarray((direct.T @ layer.embedding).T)
    return dataclasses.replace(made, direct=past, offset=made.offset + coefficients[0])


def fitted(
    layer: NeuronLayer,
    gates: ArrayLike,
    x: Matrix,
    *,
    values: ArrayLike | None = None,
    ridge: float = 1e-6,
) -> ReadOff:
    """The linear read-off with the least squared error on given inputs, constant included: what training would find.

    Args:
        layer: any.
        gates: (n_gates, order), the features of each gate.
        x: (n_inputs, n_features), the inputs, sparse or not; more of them than neurons.
        values: (n_inputs, n_gates), what is to be read; the ANDs of the gates if None.
        ridge: added to the covariance of neurons, as a share of its mean diagonal.

    Returns:
        The read-off, with dense R.

    Raises:
        InputError: gates that are none, or no inputs.
        ShapeError: values of the wrong shape.

    Example:
        >>> from tegum.circuits.gaussian import gaussian_layer
        >>> from tegum.circuits.supports import random_supports, support_matrix
        >>> layer = gaussian_layer(10, 40, n_active=3)
        >>> x = support_matrix(random_supports(10, 500, n_active=3), 10)
        >>> read_off = fitted(layer, [[0, 1]], x)
        >>> estimates = layer.reading(read_off).estimates(x)[:, 0]
        >>> print(np.corrcoef(estimates, all_on(x, [[0, 1]])[:, 0])[0, 1].round(1))
        0.8
    """
    chosen = as_gates(gates, layer.n_features)
    truth = all_on(x, chosen).astype(np.float64) if values is None else np.asarray(values, np.float64)
    if truth.shape != (x.shape[0], len(chosen)):
        raise ShapeError(f"values has shape {truth.shape}, expected (n_inputs={x.shape[0]}, n_gates={len(chosen)})")
    if not len(truth):
        raise InputError("x holds no inputs; a fit needs some, and more of them than neurons.")
    neurons = layer.neurons(x)
    mean, level = neurons.mean(axis=0), truth.mean(axis=0)
    neurons -= mean
    covariance = neurons.T @ neurons / len(neurons)
    covariance[np.diag_indices_from(covariance)] += ridge * max(np.trace(covariance) / len(covariance), 1e-300)
    R = solve(covariance, neurons.T @ (truth - level) / len(neurons), assume_a="pos")
    return dense_read_off(chosen, R, level - mean @ R)


def dense_read_off(gates: np.ndarray, R: Matrix, offset: np.ndarray) -> ReadOff:
    """A read-off of weights and offset alone.

    Args:
        gates: (n_gates, order).
        R: (n_neurons, n_gates).
        offset: (n_gates,).

    Returns:
        The read-off.

    Example:
        >>> dense_read_off(np.array([[0, 1]]), np.ones((3, 1)), np.zeros(1))(np.ones((1, 3)))
        array([[3.]])
    """
    zero = np.zeros(len(gates))
    return ReadOff(gates=gates, R=R, offset=offset, common=zero, direct=None, undefined=zero > 0)


def _weights(coefficients: np.ndarray) -> dict[int, float]:
    """Weights of class means, by subset T, for Σ over U of c_U x_U: (-1)^|T| times the sum of all c_U with T in U."""
    made = {}
    for subset in range(len(coefficients)):
        if subset.bit_count() >= 2:
            above = [c for u, c in enumerate(coefficients.tolist()) if u & subset == subset]
            made[subset] = (-1) ** subset.bit_count() * sum(above)
    return made


def _added(made: ReadOff, term: ReadOff, factor: float) -> ReadOff:
    return dataclasses.replace(
        made,
        R=made.R + term.R * factor,
        common=made.common + term.common * factor,
        undefined=made.undefined | term.undefined,
    )


def _pairs(gates: ArrayLike, layer: NeuronLayer) -> np.ndarray:
    chosen = as_gates(gates, layer.n_features)
    if chosen.shape[1] != 2:
        raise ShapeError(f"gates has shape {chosen.shape}, expected (n_gates, 2): this read-off is for pairs")
    return chosen
