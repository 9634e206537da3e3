"""Dense Gaussian weights: every neuron sees every feature, and ANDs are read from products of weights."""

import numpy as np

from tegum.circuits.checks import check_counts
from tegum.circuits.layer import NeuronLayer
from tegum.ground.errors import InputError
from tegum.ground.streams import generator

BEST_BIAS = -1.0449
"""b' with the least noise of the product read-off; `gaussian_best_bias` finds it."""


def gaussian_layer(
    n_features: int, n_neurons: int, *, n_active: float, relative_bias: float = BEST_BIAS, seed: int = 0, index: int = 0
) -> NeuronLayer:
    """A layer of ReLUs with independent standard normal weights and the bias b' √k.

    With k features on, what a neuron sees is normal with mean b' √k and variance k. `gaussian_product`,
    `gaussian_covariance` and `gaussian_direct` read ANDs from it.

    Args:
        n_features: n.
        n_neurons: m.
        n_active: k, the number of active features for which the bias is set.
        relative_bias: b'; the default has the least noise.
        seed: of all layers of a study.
        index: number of the layer.

    Returns:
        The layer, without a read-off.

    Raises:
        InputError: a count below 1, k below 1, or a bias that is not finite.

    Example:
        >>> layer = gaussian_layer(20, 1000, n_active=4, relative_bias=-1.0)
        >>> layer.W_in.shape, float(layer.b_in[0])
        ((20, 1000), -2.0)

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition.
    """
    check_counts(n_features=n_features, n_neurons=n_neurons)
    if not (n_active >= 1 and np.isfinite(n_active) and np.isfinite(relative_bias)):
        raise InputError(f"n_active must be at least 1 and relative_bias finite; got {n_active} and {relative_bias}.")
    W_in = generator(seed, index, f"gaussian layer {n_features} {n_neurons}").standard_normal((n_features, n_neurons))
    return NeuronLayer(W_in=W_in, b_in=np.full(n_neurons, relative_bias * np.sqrt(n_active)))
