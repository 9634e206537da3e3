"""Chosen gates only: each is given some neurons, which see its features and those of the other gates they serve."""

from typing import Literal, TypeAlias

import numpy as np
from scipy.sparse import csr_array

from tegum.circuits.checks import as_gates, check_counts
from tegum.circuits.layer import NeuronLayer
from tegum.circuits.readoffs import averaging
from tegum.circuits.responses import RESPONSES, Response
from tegum.circuits.uand import read_in
from tegum.ground.arrays import ArrayLike, Directions
from tegum.ground.errors import InputError
from tegum.ground.streams import generator

Assignment: TypeAlias = Literal["random", "balanced"]
"""Neurons of a gate: drawn for each gate by itself, or so that all neurons serve about as many gates."""


def targeted_ands(
    gates: ArrayLike,
    *,
    n_features: int,
    n_neurons: int,
    neurons_per_gate: int,
    embedding: Directions | None = None,
    response: Response = "clip",
    assignment: Assignment = "random",
    seed: int = 0,
    index: int = 0,
) -> NeuronLayer:
    """A layer for chosen ANDs, with more gates than neurons if they have few features on at a time.

    Each gate gets s neurons; a neuron sees the features of all gates that it serves, and a gate is the mean of the
    neurons that see all its features. Between them they fail in two ways: other features that are on by chance, and
    the noise of features in superposition, whose variance `input_noise` gives.

    Args:
        gates: (n_gates, order), the features of each gate.
        n_features: n.
        n_neurons: m.
        neurons_per_gate: s.
        embedding: (n_features, n_hidden), directions of features in superposition; None if features are the inputs.
        response: of a neuron, see `RESPONSES`; "clip" costs two ReLUs each, see `NeuronLayer.as_relu`.
        assignment: "balanced" spares neurons from serving, by chance, more gates than others.
        seed: of all layers of a study.
        index: number of the layer.

    Returns:
        The layer with its read-off.

    Raises:
        InputError: a count below 1, more neurons for a gate than there are, gates that are none, or an unknown
            response or assignment.
        ShapeError: gates or directions of the wrong shape.

    Example: 300 ANDs from 200 neurons.
        >>> gates = np.arange(600).reshape(300, 2)
        >>> layer = targeted_ands(gates, n_features=600, n_neurons=200, neurons_per_gate=6)
        >>> x = np.zeros((1, 600))
        >>> x[0, [8, 9, 100]] = 1
        >>> np.flatnonzero(layer.estimates(x)[0] > 0.5)
        array([4])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition.
    """
    check_counts(n_features=n_features, n_neurons=n_neurons, neurons_per_gate=neurons_per_gate)
    chosen = as_gates(gates, n_features)
    if neurons_per_gate > n_neurons:
        raise InputError(f"neurons_per_gate must be at most n_neurons = {n_neurons}; got {neurons_per_gate}.")
    rng = generator(seed, index, f"targeted {n_features} {n_neurons} {len(chosen)} {neurons_per_gate} {assignment}")
    served = _assigned(rng, len(chosen), n_neurons, neurons_per_gate, assignment)
    return layer_of(chosen, served, n_features, n_neurons, embedding, response)


def layer_of(
    gates: np.ndarray,
    served: np.ndarray,
    n_features: int,
    n_neurons: int,
    embedding: Directions | None,
    response: Response,
) -> NeuronLayer:
    """The layer in which neuron `served[g, t]` sees all features of gate g.

    Args:
        gates: (n_gates, order).
        served: (n_gates, neurons_per_gate), numbers of neurons.
        n_features: n.
        n_neurons: m.
        embedding: (n_features, n_hidden), or None.
        response: of a neuron.

    Returns:
        The layer, which reads each gate as the mean of the neurons that see all its features.

    Raises:
        InputError: an unknown response.

    Example:
        >>> layer = layer_of(np.array([[0, 1]]), np.array([[0]]), 2, 1, None, "kink")
        >>> layer.estimates(np.array([[1, 1], [1, 0]])).ravel()
        array([1., 0.])
    """
    if response not in RESPONSES:
        raise InputError(f"response must be one of {', '.join(RESPONSES)}; got {response!r}.")
    rows = np.repeat(gates, served.shape[1], axis=0)
    columns = np.broadcast_to(served.reshape(-1, 1), rows.shape)
    incidence = csr_array((np.ones(rows.size), (rows.ravel(), columns.ravel())), shape=(n_features, n_neurons))
    incidence.sum_duplicates()
    incidence.data[:] = 1.0  # a feature that a neuron sees for two gates still counts once
    form = RESPONSES[response]
    layer = NeuronLayer(
        W_in=read_in(incidence, embedding) * form.gain,
        b_in=np.full(n_neurons, form.bias(gates.shape[1])),
        activation=form.activation,
        embedding=embedding,
        incidence=incidence,
    )
    return layer.reading(averaging(layer, gates))


def input_noise(layer: NeuronLayer, n_active: int, *, n_hidden: int | None = None) -> np.ndarray:
    """Variance V of the noise in each neuron's sum of features, from features in superposition.

    A feature is read with noise of variance k/d, so a neuron that sees S of them has V = S k/d, in units of a
    feature's own value. Above about 0.03 neurons misfire.

    Args:
        layer: with a sparse incidence.
        n_active: k.
        n_hidden: d; that of the layer's own embedding if None.

    Returns:
        (n_neurons,).

    Raises:
        InputError: a layer without incidence, or no dimension d.

    Example:
        >>> layer = targeted_ands([[0, 1]], n_features=2, n_neurons=1, neurons_per_gate=1)
        >>> input_noise(layer, 3, n_hidden=200)
        array([0.03])
    """
    if layer.incidence is None:
        raise InputError("this layer has no incidence: its neurons see all features")
    if n_hidden is None and layer.embedding is None:
        raise InputError("features are the inputs of this layer, without noise; pass n_hidden to say what it would be")
    d = layer.n_inputs if n_hidden is None else n_hidden
    return np.asarray(layer.incidence.sum(axis=0)).ravel() * n_active / d


def _assigned(rng: np.random.Generator, n_gates: int, n_neurons: int, each: int, assignment: Assignment) -> np.ndarray:
    """(n_gates, each): the neurons of every gate, all different within a gate."""
    if assignment == "random":
        chosen = np.empty((n_gates, each), np.int64)
        for t, last in enumerate(range(n_neurons - each, n_neurons)):  # Floyd's algorithm, for all gates at once
            drawn = rng.integers(last + 1, size=n_gates)
            chosen[:, t] = np.where((chosen[:, :t] == drawn[:, np.newaxis]).any(axis=1), last, drawn)
        return chosen
    if assignment != "balanced":
        raise InputError(f"assignment must be random or balanced; got {assignment!r}.")
    # Rounds of all neurons in a random order of their own, dealt out one after the other. Only a gate at the joint of
    # two rounds can meet a neuron twice; it waits until the next round is under way.
    deck, made = np.empty(0, np.int64), np.empty((n_gates, each), np.int64)
    for gate in range(n_gates):
        if len(deck) < each:
            fresh = rng.permutation(n_neurons)
            again = np.isin(fresh, deck)
            deck = np.concatenate([deck, fresh[~again], fresh[again]])
        made[gate], deck = deck[:each], deck[each:]
    return made
