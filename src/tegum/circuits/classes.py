"""Neurons sorted by which features of a gate they see, and the means over each class."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csc_array, csr_array

from tegum.circuits.checks import as_gates
from tegum.circuits.layer import NeuronLayer, ReadOff, Sparse
from tegum.ground.errors import InputError


def class_means(layer: NeuronLayer, gates: np.ndarray, weights: Mapping[int, float]) -> ReadOff:
    """Σ over subsets T of a gate's features R of w_T A_T, with A_T the mean over neurons that see of R exactly T.

    Args:
        layer: with an incidence.
        gates: (n_gates, order).
        weights: w by subset, as a number whose bit j is 1 if T has the j-th feature; classes without a weight are not
            read.

    Returns:
        The read-off; undefined for gates that lack a class with a weight.

    Raises:
        InputError: a layer without incidence.

    Example: see `differences`.
    """
    incidence, chosen = _incidence(layer), as_gates(gates, layer.n_features)
    order, undefined = chosen.shape[1], np.zeros(len(chosen), bool)
    R, seen = csr_array((len(chosen), layer.n_neurons)), csr_array((len(chosen), layer.n_neurons))
    for subset in range(1, 2**order):
        weight = weights.get(subset, 0.0)
        if weight or 0 in weights:  # the class of neurons that see none is what the others leave
            members = _members(incidence, chosen, subset)
            counts = np.asarray(members.sum(axis=1))
            seen = seen + members if 0 in weights else seen
            if weight:
                undefined |= counts == 0
                R = R + _scaled(members, weight / np.maximum(counts, 1))
    common = np.zeros(len(chosen))
    if 0 in weights:
        counts = layer.n_neurons - np.asarray(seen.sum(axis=1))
        undefined |= counts == 0
        common = weights[0] / np.maximum(counts, 1)
        R = R - _scaled(seen, common)
    return ReadOff(
        gates=chosen,
        R=csc_array(R.T),
        offset=np.zeros(len(chosen)),
        common=common,
        direct=None,
        undefined=undefined,
    )


def all_members(layer: NeuronLayer, gates: np.ndarray) -> Sparse:
    """(n_gates, n_neurons), 1 where a neuron sees all features of a gate.

    Raises:
        InputError: a layer without incidence.
    """
    return _together(_incidence(layer), as_gates(gates, layer.n_features))


def _incidence(layer: NeuronLayer) -> Sparse:
    if layer.incidence is None:
        raise InputError(
            "this layer has no incidence: each neuron sees every feature, so there are no classes of neurons to"
            " average over; use gaussian_product, gaussian_direct or fitted"
        )
    return layer.incidence


def _members(incidence: Sparse, gates: np.ndarray, subset: int) -> Sparse:
    """(n_gates, n_neurons), 1 where a neuron sees of a gate's features those of the subset and no other."""
    inside = [j for j in range(gates.shape[1]) if subset >> j & 1]
    members = _together(incidence, gates[:, inside])
    for other in set(range(gates.shape[1])).difference(inside):
        members = members - members.multiply(incidence[gates[:, other]])
        members.eliminate_zeros()
    return members


def _together(incidence: Sparse, features: np.ndarray) -> Sparse:
    members = incidence[features[:, 0]]
    for column in features.T[1:]:
        members = csr_array(members.multiply(incidence[column]))
    return members


def _scaled(rows: Sparse, factors: np.ndarray) -> Sparse:
    made = csr_array(rows, copy=True)
    made.data *= np.repeat(factors, np.diff(made.indptr))
    return made
