"""Read-offs of ANDs from dense Gaussian neurons: product, covariance, direct.

All are Σ over neurons of r (y - E y)/(m E[r (y - E y) | both on]), with closed forms for the expectations. So they
need no data, and read 0 on average with none of a pair on and 1 with both.
"""

import numpy as np

from tegum.circuits.checks import as_gates
from tegum.circuits.layer import NeuronLayer, ReadOff
from tegum.circuits.readoffs import dense_read_off
from tegum.ground.arrays import ArrayLike
from tegum.ground.errors import InputError, ShapeError
from tegum.theory.gaussian_and import GaussianReadOff, gaussian_signal, read_off_weights, relu_moments


def gaussian_product(layer: NeuronLayer, gates: ArrayLike, *, n_active: int) -> ReadOff:
    """The product of a neuron's weights on the two features: unbiased for every k.

    Args:
        layer: with dense standard normal weights and one bias, see `gaussian_layer`.
        gates: (n_gates, 2).
        n_active: k, features that are on in every input.

    Returns:
        The read-off.

    Raises:
        InputError: another kind of layer, k below 2, or gates that are none.
        ShapeError: gates are not pairs.

    Example:
        >>> from tegum.circuits.gaussian import gaussian_layer
        >>> layer = gaussian_layer(8, 50_000, n_active=4)
        >>> read_off = gaussian_product(layer, [[0, 1], [0, 6], [6, 7]], n_active=4)
        >>> np.abs(layer.reading(read_off).estimates(np.array([[1, 1, 1, 1, 0, 0, 0, 0]])).round()[0])
        array([1., 0., 0.])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition, where it is
        the limit of a learned read-off; that it is unbiased follows from Stein's lemma.
    """
    return _expected(layer, gates, n_active, "product")


def gaussian_covariance(layer: NeuronLayer, gates: ArrayLike, *, n_active: int) -> ReadOff:
    """The second difference of a neuron's expectation: E[y | both] - E[y | one] - E[y | other] + E[y | none].

    That is the covariance of the neuron with the AND, in closed form, as data would teach it. With one feature on it
    reads about -0.14 at k = 3 and -0.03 at k = 10, without a bias.

    Args:
        layer: with dense standard normal weights and one bias, see `gaussian_layer`.
        gates: (n_gates, 2).
        n_active: k, features that are on in every input.

    Returns:
        The read-off.

    Raises:
        InputError: another kind of layer, k below 2, or gates that are none.
        ShapeError: gates are not pairs.

    Example: neurons with weights of the same sign count for the AND.
        >>> layer = NeuronLayer(W_in=np.array([[1.0, 1.0], [1.0, -1.0]]), b_in=np.zeros(2))
        >>> gaussian_covariance(layer, [[0, 1]], n_active=3).R.ravel().round(2)
        array([ 2.69, -4.12])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition.
    """
    return _expected(layer, gates, n_active, "covariance")


def gaussian_direct(layer: NeuronLayer, gates: ArrayLike, *, n_active: int) -> ReadOff:
    """What a neuron would be if only the two features were on, R(w_i + w_j + b), less its mean over neurons.

    It has the least noise, and reads almost ½ with one feature on: nearly a sum of the two features.

    Args:
        layer: with dense standard normal weights and one bias, see `gaussian_layer`.
        gates: (n_gates, 2).
        n_active: k, features that are on in every input.

    Returns:
        The read-off.

    Raises:
        InputError: another kind of layer, k below 2, or gates that are none.
        ShapeError: gates are not pairs.

    Example:
        >>> from tegum.circuits.gaussian import gaussian_layer
        >>> layer = gaussian_layer(8, 50_000, n_active=4, relative_bias=0.0)
        >>> read_off = gaussian_direct(layer, [[0, 1], [0, 6], [6, 7]], n_active=4)
        >>> layer.reading(read_off).estimates(np.array([[1, 1, 1, 1, 0, 0, 0, 0]])).round(1)[0] + 0
        array([1. , 0.4, 0. ])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition.
    """
    return _expected(layer, gates, n_active, "direct")


def _expected(layer: NeuronLayer, gates: ArrayLike, n_active: int, kind: GaussianReadOff) -> ReadOff:
    chosen = as_gates(gates, layer.n_features)
    if chosen.shape[1] != 2:
        raise ShapeError(f"gates has shape {chosen.shape}, expected (n_gates, 2): this read-off is for pairs")
    bias = float(layer.b_in[0])
    if not isinstance(layer.W_in, np.ndarray) or layer.embedding is not None or (layer.b_in != bias).any():
        raise InputError(f"{kind} reads a layer of dense normal weights with one bias: gaussian_layer")
    if n_active < 2:
        raise InputError(f"n_active must be at least 2, or no pair is ever on; got {n_active}.")
    r = read_off_weights(kind, layer.W_in[chosen[:, 0]], layer.W_in[chosen[:, 1]], n_active, bias).T
    if kind == "direct":  # the others have mean 0 by symmetry
        r = r - r.mean(axis=0)
    r = r / (layer.n_neurons * gaussian_signal(n_active, bias / np.sqrt(n_active), read_off=kind))
    level = float(relu_moments(bias, np.sqrt(n_active))[0])
    return dense_read_off(chosen, r, -level * r.sum(axis=0))
