"""What is measured of layers with dense Gaussian weights: three read-offs by case, their noise, their errors."""

import itertools
from collections.abc import Sequence

import numpy as np
import xarray as xr

from tegum.circuits.gaussian import gaussian_layer
from tegum.experiments.circuit_trials import CASES
from tegum.ground.streams import generator
from tegum.theory.gaussian_and import GaussianReadOff, gaussian_and_law, gaussian_signal, read_off_weights, relu_moments

READ_OFFS: tuple[GaussianReadOff, ...] = ("product", "covariance", "direct")
_WATCHED = 10  # features whose pairs are read with weights that are no plain product
_WATCHED_ON = 6


def read_off_means(
    n: int, m: int, n_active: int, relative_bias: float, *, layers: int, inputs: int, seed: int
) -> xr.Dataset:
    """Mean estimate over (read_off, layer, case): 1 is what theory expects of both on.

    The product is read for all pairs of the n features, as sums of products are products of sums. The others are read
    for the pairs of a few features, some of which are on in every input.
    """
    found = np.empty((len(READ_OFFS), layers, 3))
    scale = {name: m * gaussian_signal(n_active, relative_bias, read_off=name) for name in READ_OFFS}
    first, second = np.triu_indices(_WATCHED, 1)
    for layer in range(layers):
        W, b, centre = _layer(n, m, n_active, relative_bias, seed=seed, index=layer)
        rng = generator(seed, layer, f"gaussian inputs {n} {m} {n_active} {relative_bias!r}")
        weights = {name: _weights(name, W[first], W[second], n_active, b) for name in READ_OFFS[1:]}
        sums, counts = np.zeros((2, 3)), np.zeros(3)
        total, sum_of_all, squares_of_all = np.zeros(3), W.sum(axis=0), np.square(W).sum(axis=0)
        for _ in range(inputs):
            on = _input(rng, n, n_active)
            y = np.maximum(W[on].sum(axis=0) + b, 0) - centre
            total += product_sums(W[on], sum_of_all, squares_of_all, n, y)
            case = on[first].astype(int) + on[second]
            counts += np.bincount(case, minlength=3)
            for row, name in enumerate(READ_OFFS[1:]):
                sums[row] += np.bincount(case, weights[name] @ y / scale[name], minlength=3)
        found[0, layer] = total / inputs / scale["product"]
        found[1:, layer] = sums / counts
    coords = {"read_off": list(READ_OFFS), "case": list(CASES)}
    attrs = {"n_features": n, "n_neurons": m, "n_active": n_active, "relative_bias": relative_bias}
    expected = [_law(name, m, n_active, relative_bias) for name in READ_OFFS]
    columns = {"mean": (("read_off", "layer", "case"), found), "expected": (("read_off", "case"), expected)}
    return xr.Dataset(columns, coords, attrs)


def _layer(n: int, m: int, k: int, relative_bias: float, *, seed: int, index: int) -> tuple[np.ndarray, float, float]:
    """Weights in single precision, the bias, and the mean of a neuron."""
    layer = gaussian_layer(n, m, n_active=k, relative_bias=relative_bias, seed=seed, index=index)
    b = float(layer.b_in[0])
    return np.asarray(layer.W_in, np.float32), b, float(relu_moments(b, np.sqrt(k))[0])


def _weights(read_off: GaussianReadOff, first: np.ndarray, second: np.ndarray, k: int, b: float) -> np.ndarray:
    """What each neuron counts for each pair, in single precision; the direct read-off is centred."""
    mean = float(relu_moments(b, np.sqrt(2))[0]) if read_off == "direct" else 0.0
    return (read_off_weights(read_off, first.astype(float), second.astype(float), k, b) - mean).astype(np.float32)


def _law(read_off: GaussianReadOff, m: int, k: int, relative_bias: float) -> list[float]:
    """Expected estimate in each case."""
    return [float(gaussian_and_law(m, k, relative_bias, n_on=on, read_off=read_off).mean) for on in range(3)]


def _input(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Which features are on: some of those that are watched, and others to fill up."""
    on = np.zeros(n, bool)
    some = min(_WATCHED_ON, k)
    on[rng.choice(_WATCHED, some, replace=False)] = True
    on[_WATCHED + rng.choice(n - _WATCHED, k - some, replace=False)] = True
    return on


def product_sums(
    active: np.ndarray, sum_of_all: np.ndarray, squares_of_all: np.ndarray, n: int, y: np.ndarray
) -> np.ndarray:
    """Mean over all pairs of each case of Σ w_i w_j y: of (Σ w)² is subtracted what pairs a feature with itself."""
    k, one, squares = len(active), active.sum(axis=0), np.square(active).sum(axis=0)
    off = sum_of_all - one
    none = (off**2 - squares_of_all + squares) @ y / ((n - k) * (n - k - 1))
    return np.array([none, off * one @ y / ((n - k) * k), (one**2 - squares) @ y / (k * (k - 1))])


def noise(cells: Sequence[tuple[int, int, float]], *, off_features: int, layers: int, seed: int) -> xr.Dataset:
    """Mean square of the product read-off over pairs with none on, and with one on, by (cell, layer).

    A cell is (n_active, n_neurons, relative_bias). A layer is given one input, and drawn with the columns of the active
    features and of some others. Cells of the same k and m share their weights.
    """
    square = np.empty((2, len(cells), layers))
    pairs = np.triu_indices(off_features, 1)
    signal = [m * gaussian_signal(k, relative_bias) for k, m, relative_bias in cells]
    for (k, m), rows in _by_size(cells).items():
        for layer in range(layers):
            W, _, _ = _layer(k + off_features, m, k, 0.0, seed=seed, index=layer)
            z = W[:k].sum(axis=0)
            for row in rows:
                b = cells[row][2] * np.sqrt(k)
                y = np.maximum(z + b, 0) - relu_moments(b, np.sqrt(k))[0]
                off = W[k:] * (y / signal[row]).astype(np.float32)
                square[0, row, layer] = np.square((off @ W[k:].T)[pairs], dtype=np.float64).mean()
                square[1, row, layer] = np.square(off @ W[:k].T, dtype=np.float64).mean()
    columns = {name: (("cell", "layer"), each) for name, each in zip(("none_on", "one_on"), square, strict=True)}
    names = ("n_active", "n_neurons", "relative_bias")
    columns |= {name: ("cell", list(each)) for name, each in zip(names, zip(*cells, strict=True), strict=True)}
    return xr.Dataset(columns)


def _by_size(cells: Sequence[tuple[int, int, float]]) -> dict[tuple[int, int], list[int]]:
    """Numbers of the cells with the same number of active features and of neurons."""
    found: dict[tuple[int, int], list[int]] = {}
    for row, (k, m, _) in enumerate(cells):
        found.setdefault((k, m), []).append(row)
    return found


def pair_read_offs(k: int, m: int, relative_bias: float, *, pairs: int, layers: int, seed: int) -> xr.Dataset:
    """Single estimates by product and by direct read-off over (read_off, case, layer, pair), each layer with one input.

    Direct estimates are in units of the difference between both on and none on, and 0 for none on.
    """
    off = 2 + int(np.ceil(np.sqrt(2 * pairs)))
    names: tuple[GaussianReadOff, ...] = ("product", "direct")
    scale = {name: m * gaussian_signal(k, relative_bias, read_off=name) for name in names}
    members = [_some(itertools.combinations(range(k, k + off), 2), pairs),
               _some(itertools.product(range(k), range(k, k + off)), pairs),
               _some(itertools.combinations(range(k), 2), pairs)]  # fmt: skip
    found = np.empty((2, 3, layers, pairs))
    for layer in range(layers):
        W, b, centre = _layer(k + off, m, k, relative_bias, seed=seed, index=layer)
        y = np.maximum(W[:k].sum(axis=0) + b, 0) - centre
        for case, (first, second) in enumerate(members):
            for row, name in enumerate(names):
                found[row, case, layer] = _weights(name, W[first], W[second], k, b) @ y / scale[name]
    coords = {"read_off": list(names), "case": list(CASES)}
    law = [_law(name, m, k, relative_bias) for name in names]
    columns = {"estimate": (("read_off", "case", "layer", "pair"), found), "law": (("read_off", "case"), law)}
    return xr.Dataset(columns, coords, {"n_neurons": m, "n_active": k, "relative_bias": relative_bias})


def _some(
    pairs: "itertools.combinations[tuple[int, int]] | itertools.product[tuple[int, int]]", count: int
) -> np.ndarray:
    """So many pairs spread evenly over all, over and over if there are fewer, as (2, count)."""
    listed = np.array(list(pairs))
    step = max(1, len(listed) // count)
    return np.resize(listed[::step], (count, 2)).T
