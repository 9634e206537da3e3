"""How wrong constructed layers are on the task of the trained networks, each with the read-off it was made for."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from tegum.circuits.layer import NeuronLayer
    from tegum.circuits.trained import WeightedInputs


def own_read_offs(
    gates: np.ndarray, inputs: "WeightedInputs", n_neurons: Sequence[int], n_active: float, *, layers: int, seed: int
) -> xr.Dataset:
    """`error`, over (read_off, n_neurons, model): squared error over the variance of the gates.

    Widths may be much larger than those that are trained, as nothing is fitted. A gate that cannot be read counts as
    estimated by 0.
    """
    from tegum.circuits.compared import unexplained

    made = _constructions(inputs.x.shape[1], gates, n_active, seed)
    error = [
        [[unexplained(make(m, index), gates, inputs) for index in range(layers)] for m in n_neurons]
        for make in made.values()
    ]
    coords = {"read_off": list(made), "n_neurons": list(n_neurons)}
    return xr.Dataset({"error": (("read_off", "n_neurons", "model"), error)}, coords, {"n_gates": len(gates)})


def _constructions(n: int, gates: np.ndarray, k: float, seed: int) -> dict[str, Callable[[int, int], "NeuronLayer"]]:
    """Sparse and dense layers, by number of neurons and of the layer, at the q or the bias that suits the read-off."""
    from tegum.circuits.dense_readoffs import gaussian_direct, gaussian_product
    from tegum.circuits.gaussian import gaussian_layer
    from tegum.circuits.readoffs import averaging, differences
    from tegum.circuits.uand import universal_and
    from tegum.theory.and_design import best_averaging

    few = max(2, round(k))

    def average(m: int, index: int) -> "NeuronLayer":
        q = float(best_averaging(m, max(k, 2.0)).connection_probability)
        layer = universal_and(n, m, q, seed=seed, index=index)
        return layer.reading(averaging(layer, gates))

    def difference(m: int, index: int) -> "NeuronLayer":
        layer = universal_and(n, m, 1 / (2 * few), seed=seed, index=index)
        return layer.reading(differences(layer, gates, n_active=few))

    def product(m: int, index: int) -> "NeuronLayer":
        layer = gaussian_layer(n, m, n_active=few, seed=seed, index=index)
        return layer.reading(gaussian_product(layer, gates, n_active=few))

    def direct(m: int, index: int) -> "NeuronLayer":
        layer = gaussian_layer(n, m, n_active=few, relative_bias=0.0, seed=seed, index=index)
        return layer.reading(gaussian_direct(layer, gates, n_active=few))

    return {
        "sparse, average": average,
        "sparse, second difference": difference,
        "dense, product": product,
        "dense, direct": direct,
    }
