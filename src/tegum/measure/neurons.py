"""What single neurons stand for: measures of W in the basis of the hidden units.

They mean something only where that basis is special, as it is with an activation function on the hidden layer. Every
other measure of this package is unchanged by rotations of the hidden space; these are not.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Int
from scipy.sparse.csgraph import connected_components

from tegum.ground.arrays import ArrayLike, CountPerModel, Directions, as_directions
from tegum.ground.errors import InputError, ShapeError
from tegum.ground.labelled import labelled
from tegum.measure.directions import feature_norm

CountPerFeature: TypeAlias = Int[np.ndarray, "*models n_features"]
TakesPart: TypeAlias = Bool[np.ndarray, "*models n_features n_hidden"]
CountPerNeuron: TypeAlias = Int[np.ndarray, "*models n_hidden"]

_REPRESENTED_NORM = 0.5


@labelled
def features_per_neuron(W: Directions, threshold: float = 0.2) -> CountPerNeuron:
    """Number of features that each neuron takes part in.

    #{i : |W_ia| > t max_j |W_ja|} for neuron a: 1 for a monosemantic neuron, 2 or more for a polysemantic one, 0 for a
    dead one, whose weights are all 0.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.
        threshold: t, share of the neuron's largest weight above which a weight counts, in [0, 1).

    Returns:
        (..., n_hidden), a count from 0 to n_features.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite, or the threshold is out of range.

    Example:
        >>> features_per_neuron([[1, 0, 0], [0, 1, 0], [0, -1, 0]])
        array([1, 2, 0])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Superposition in a Privileged Basis.
    """
    return _takes_part(W, threshold).sum(axis=-2)


@labelled
def n_monosemantic(W: Directions, threshold: float = 0.2) -> CountPerModel:
    """Number of neurons that stand for one feature.

    #{a : #{i : |W_ia| > t max_j |W_ja|} = 1}.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.
        threshold: t, share of the neuron's largest weight above which a weight counts, in [0, 1).

    Returns:
        (...), a count from 0 to n_hidden.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite, or the threshold is out of range.

    Example:
        >>> n_monosemantic([[1, 0, 0], [0, 1, 0], [0, -1, 0]])
        array(1)

    Known problems:
        Without an activation function on the hidden layer every rotation of W is as good a model, and most give 0.

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Superposition in a Privileged Basis.
    """
    return np.asarray((_takes_part(W, threshold).sum(axis=-2) == 1).sum(axis=-1))


@labelled
def excited_neurons(W: Directions, threshold: float = 0.3) -> CountPerFeature:
    """Number of neurons that each feature excites.

    #{a : W_ia > t max_b W_ib}, if that largest weight is above 0, else 0. A negative weight excites nothing: a ReLU
    neuron stays silent if the feature is present alone.

    Args:
        W: (..., n_features, n_hidden), real; or a DataArray with dimensions feature and hidden.
        threshold: t, share of the feature's largest weight above which a weight counts, in [0, 1).

    Returns:
        (..., n_features), a count from 0 to n_hidden.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite, or the threshold is out of range.

    Example: two neurons for three features, as a code of two bits.
        >>> excited_neurons([[1, 1], [1, -1], [-1, 1]])
        array([2, 1, 1])

    Source:
        Ours, after Elhage et al. 2022, Toy Models of Superposition, Superposition in a Privileged Basis.
    """
    _check(threshold)
    largest = W.max(axis=-1, keepdims=True)
    return ((W > 0) & (threshold * largest < W)).sum(axis=-1)


class NeuronCode(NamedTuple):
    """Features and neurons that share each other and nothing else.

    Args:
        features: indices of the features, in rising order.
        neurons: indices of the hidden dimensions, in rising order.

    Example:
        >>> print(NeuronCode(features=(0, 1, 4), neurons=(2, 3)))
        3 in 2
    """

    features: tuple[int, ...]
    neurons: tuple[int, ...]

    def __str__(self) -> str:
        return f"{len(self.features)} in {len(self.neurons)}"


def neuron_codes(W: ArrayLike, threshold: float = 0.2) -> tuple[NeuronCode, ...]:
    """The smallest groups of represented features and neurons that are joined by no weight.

    A feature with norm above 1/2 and a neuron belong to one group if |W_ia| > t max_j |W_ja|. "3 in 2" is a group of
    three features in two neurons.

    Args:
        W: (n_features, n_hidden), one model.
        threshold: t, share of the neuron's largest weight above which a weight counts, in [0, 1).

    Returns:
        The groups that hold a feature and a neuron, in the order of their first features.

    Raises:
        ShapeError: W is not one matrix.
        InputError: W is not real or not finite, or the threshold is out of range.

    Example:
        >>> codes = neuron_codes([[0, 1, 0], [1, 0, 1], [1, 0, -1], [-1, 0, 1], [0, 0.1, 0]])
        >>> [str(code) for code in codes], codes[1]
        (['1 in 1', '3 in 2'], NeuronCode(features=(1, 2, 3), neurons=(0, 2)))

    Source:
        Elhage et al. 2022, Toy Models of Superposition, Superposition in a Privileged Basis, who report solutions as
        "three features in two neurons".
    """
    W = as_directions(W)
    if W.ndim != 2:
        raise ShapeError(f"W has shape {W.shape}, expected one matrix (n_features, n_hidden); choose one model.")
    n, m = W.shape
    joined = np.zeros((n + m, n + m))
    joined[:n, n:] = _takes_part(W, threshold) & (feature_norm(W) > _REPRESENTED_NORM)[:, np.newaxis]
    count, group = connected_components(joined, directed=False)
    found = (
        NeuronCode(
            features=tuple(np.flatnonzero(group[:n] == g).tolist()),
            neurons=tuple(np.flatnonzero(group[n:] == g).tolist()),
        )
        for g in range(count)
    )
    return tuple(sorted(code for code in found if code.features and code.neurons))


def _takes_part(W: Directions, threshold: float) -> TakesPart:
    """Whether a weight is a fair share of the largest one of its neuron."""
    _check(threshold)
    size = np.abs(W)
    return size > threshold * size.max(axis=-2, keepdims=True)


def _check(threshold: float) -> None:
    if not 0 <= threshold < 1:
        raise InputError(
            f"threshold must lie in [0, 1), a share of the largest weight; got {threshold}. Commonly 0.1 to 0.3."
        )
