"""One neuron per gate: what every construction in superposition has to beat."""

import numpy as np

from tegum.circuits.checks import as_gates, check_counts
from tegum.circuits.layer import NeuronLayer
from tegum.circuits.responses import Response
from tegum.circuits.targeted import layer_of
from tegum.ground.arrays import ArrayLike, Directions


def one_neuron_per_gate(
    gates: ArrayLike, *, n_features: int, embedding: Directions | None = None, response: Response = "kink"
) -> NeuronLayer:
    """A layer with a neuron of its own for every AND.

    It is exact if features are the inputs. If they are in superposition, with directions E, a neuron that sees r
    features has noise of variance r k/d, and "clip" or "shifted" keep it out.

    Args:
        gates: (n_gates, order), the features of each gate.
        n_features: n.
        embedding: (n_features, n_hidden), directions of features in superposition; None if features are the inputs.
        response: of a neuron, see `RESPONSES`.

    Returns:
        The layer with its read-off; neuron g is gate g.

    Raises:
        InputError: a count below 1, or gates that are none.
        ShapeError: gates or directions of the wrong shape.

    Example:
        >>> layer = one_neuron_per_gate([[0, 1, 2], [1, 2, 3]], n_features=4)
        >>> layer.estimates(np.array([[1, 1, 1, 0], [1, 1, 1, 1]]))
        array([[1., 0.],
               [1., 1.]])
    """
    check_counts(n_features=n_features)
    chosen = as_gates(gates, n_features)
    check_counts(n_gates=len(chosen))
    return layer_of(chosen, np.arange(len(chosen))[:, np.newaxis], n_features, len(chosen), embedding, response)
