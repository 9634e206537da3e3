"""Universal AND: every pair of features is read from neurons that happen to see both."""

import numpy as np
from scipy.sparse import csr_array

from tegum.circuits.checks import check_counts, check_probability
from tegum.circuits.layer import Matrix, NeuronLayer, Sparse
from tegum.ground.arrays import Directions
from tegum.ground.errors import ShapeError
from tegum.ground.streams import generator


def universal_and(
    n_features: int,
    n_neurons: int,
    connection_probability: float,
    *,
    embedding: Directions | None = None,
    seed: int = 0,
    index: int = 0,
) -> NeuronLayer:
    """A layer from which the AND of any few features can be read.

    Each neuron sees each feature with probability q, with weight 1 and bias -1. So it is 0 unless at least two of its
    features are on, and r - 1 if r of them are. Which gates are read is chosen afterwards: `averaging`,
    `differences` and the others give read-offs.

    If features are in superposition, with directions E, a neuron's weights are the sum of its features' directions,
    and its input has noise: see `input_noise`.

    Args:
        n_features: n.
        n_neurons: m.
        connection_probability: q.
        embedding: (n_features, n_hidden), directions of features in superposition; None if features are the inputs.
        seed: of all layers of a study.
        index: number of the layer; layers of different numbers are independent.

    Returns:
        The layer, with a sparse W_in (dense, if features are in superposition).

    Raises:
        InputError: a count below 1, or no probability.
        ShapeError: directions for another number of features.

    Example: all 4950 ANDs of 100 features, two of which are on, from 2000 neurons.
        >>> import itertools
        >>> from tegum.circuits.readoffs import averaging
        >>> pairs = np.array(list(itertools.combinations(range(100), 2)))
        >>> layer = universal_and(100, 2000, 0.1)
        >>> x = np.zeros((1, 100))
        >>> x[0, [7, 42]] = 1
        >>> estimates = layer.reading(averaging(layer, pairs)).estimates(x)
        >>> pairs[estimates[0] > 0.5].tolist()
        [[7, 42]]

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition.
    """
    check_counts(n_features=n_features, n_neurons=n_neurons)
    check_probability(connection_probability, "connection_probability")
    rng = generator(seed, index, f"universal and {n_features} {n_neurons} {connection_probability!r}")
    incidence = random_incidence(rng, n_features, n_neurons, connection_probability)
    return NeuronLayer(
        W_in=read_in(incidence, embedding),
        b_in=np.full(n_neurons, -1.0),
        embedding=embedding,
        incidence=incidence,
        connection_probability=connection_probability,
    )


def random_incidence(rng: np.random.Generator, n_features: int, n_neurons: int, probability: float) -> Sparse:
    """A sparse matrix of independent ones, in time and memory of the order of their number.

    Args:
        rng: source of randomness.
        n_features: rows.
        n_neurons: columns.
        probability: chance of a one.

    Returns:
        (n_features, n_neurons), float64, indices sorted.

    Example:
        >>> made = random_incidence(np.random.default_rng(0), 1000, 1000, 0.01)
        >>> 9_500 < made.nnz < 10_500
        True
    """
    size = n_features * n_neurons
    at = _places(rng, size, probability)
    starts = np.searchsorted(at, np.arange(n_features + 1) * n_neurons)
    columns = at - np.repeat(np.arange(n_features) * n_neurons, np.diff(starts))
    return csr_array((np.ones(len(at)), columns, starts), shape=(n_features, n_neurons))


def read_in(incidence: Sparse, embedding: Directions | None) -> Matrix:
    """Input weights of neurons that read these features: the incidence itself, or sums of directions Eᵀ M.

    Args:
        incidence: (n_features, n_neurons), M.
        embedding: (n_features, n_hidden), E, or None.

    Returns:
        (n_inputs, n_neurons).

    Raises:
        ShapeError: directions for another number of features.

    Example:
        >>> read_in(csr_array([[1.0], [1.0]]), np.array([[0.6, 0.8], [1.0, 0.0]])).ravel()
        array([1.6, 0.8])
    """
    if embedding is None:
        return incidence
    if embedding.ndim != 2 or embedding.shape[0] != incidence.shape[0]:
        expected = f"(n_features={incidence.shape[0]}, n_hidden)"
        raise ShapeError(f"embedding has shape {embedding.shape}, expected {expected}, a direction in each row")
    return np.ascontiguousarray((incidence.T @ embedding).T)


def _places(rng: np.random.Generator, size: int, probability: float) -> np.ndarray:
    """Places of the ones among `size` independent trials: distances between them are geometric."""
    if probability == 0:
        return np.empty(0, np.int64)
    parts, last = [], -1
    while last < size:
        room = (size - last) * probability
        gaps = rng.geometric(probability, size=int(room + 6 * np.sqrt(room)) + 10)
        parts.append(last + np.cumsum(np.minimum(gaps, size + 1)))  # one of 10^18 would overflow the sum
        last = int(parts[-1][-1])
    at = np.concatenate(parts)
    return at[at < size]
