"""Which neurons see which signals, and directions of what a stream holds."""

import numpy as np

from tegum.circuits.layer import Sparse
from tegum.circuits.neuron_law import Share
from tegum.circuits.uand import random_incidence

_NONZERO = 16
_TRIES = 20


def dealt(
    rng: np.random.Generator, signals: np.ndarray, share: Share, columns: np.ndarray, shape: tuple[int, int]
) -> tuple[Sparse, Sparse]:
    """Give each atom s neurons, so that all serve as many atoms, as far as that goes.

    Args:
        rng: source of randomness.
        signals: (n_atoms, order), what each atom reads.
        share: neurons and s.
        columns: (n_atoms,), numbers of these atoms within the layer.
        shape: signals there are, and atoms of the layer.

    Returns:
        What neurons see, (n_signals, n_neurons), and how atoms are read from them, (n_neurons, n_atoms of the layer).

    Example: four neurons, each of which serves one of two atoms.
        >>> signals, share = np.array([[0, 1], [1, 2]]), Share(4, 2, 0.0, 0.0)
        >>> see, serve = dealt(np.random.default_rng(0), signals, share, np.arange(2), (3, 2))
        >>> see.sum(axis=0), serve.sum(axis=0)
        (array([2., 2., 2., 2.]), array([1., 1.]))
    """
    from scipy.sparse import csr_array

    n_atoms, s, m = len(signals), share.per_atom, share.n_neurons
    rounds = -(-n_atoms * s // m)
    deck = np.argsort(rng.random((rounds, m)), axis=1).ravel()[: n_atoms * s]
    neurons = rng.permuted(deck.reshape(n_atoms, s, order="F"), axis=1)
    for _ in range(_TRIES):  # the few atoms that were dealt a neuron twice draw again
        ordered = np.sort(neurons, axis=1)
        twice = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        neurons[twice] = rng.integers(m, size=(len(twice), s))
        if not len(twice):
            break
    rows, places = np.repeat(signals, s, axis=0).ravel(), np.repeat(neurons.ravel(), signals.shape[1])
    see = csr_array((np.ones(len(rows)), (rows, places)), shape=(shape[0], m))
    see.sum_duplicates()
    see.data[:] = 1.0  # a signal that a neuron sees for two atoms counts once
    read = csr_array((np.full(neurons.size, 1 / s), (neurons.ravel(), np.repeat(columns, s))), shape=(m, shape[1]))
    return see, read


def random_wires(
    rng: np.random.Generator, signals: np.ndarray, share: Share, columns: np.ndarray, shape: tuple[int, int]
) -> tuple[Sparse, Sparse]:
    """Neurons that see signals at random, so that every pair is seen by about s; arguments and result as `dealt`.

    Example:
        >>> pairs = np.array([[0, 1], [1, 2], [0, 2]])
        >>> see, serve = random_wires(np.random.default_rng(0), pairs, Share(50, 8, 0.0, 0.0), np.arange(3), (3, 3))
        >>> see.shape, serve.sum(axis=0).round(6)
        ((3, 50), array([1., 1., 1.]))
    """
    from scipy.sparse import csr_array

    m, read = share.n_neurons, np.unique(signals)
    sparse = random_incidence(rng, len(read), m, np.sqrt(share.per_atom / m)).tocoo()
    rows, places = read[sparse.coords[0]], sparse.coords[1]
    see = csr_array((np.ones(len(rows)), (rows, places)), shape=(shape[0], m))
    bare = np.flatnonzero(see[signals[:, 0]].multiply(see[signals[:, 1]]).sum(axis=1) == 0)
    if len(bare):  # an atom without a neuron is given one
        extra = np.repeat(rng.integers(m, size=len(bare)), 2)
        see = csr_array(see + csr_array((np.ones(len(extra)), (signals[bare].ravel(), extra)), shape=see.shape))
        see.data[:] = 1.0
    both = csr_array(see[signals[:, 0]].multiply(see[signals[:, 1]])).tocoo()
    counts = np.bincount(both.coords[0], minlength=len(signals))
    weights = 1 / counts[both.coords[0]]
    return csr_array(see), csr_array((weights, (both.coords[1], columns[both.coords[0]])), shape=(m, shape[1]))


def directions(rng: np.random.Generator, n_stored: int, width: int | None) -> Sparse:
    """Where a stream holds things: a dimension each, or unit vectors with 16 random places and signs.

    Such sparse directions overlap as much as dense ones, 1/d in mean square, and cost less.

    Args:
        rng: source of randomness.
        n_stored: things to be held.
        width: d; None for a dimension each.

    Returns:
        (n_stored, width), sparse.

    Example:
        >>> held = directions(np.random.default_rng(0), 500, 100)
        >>> held.shape, bool(abs((held @ held.T).toarray()[0, 1:].std() - 0.1) < 0.01)
        ((500, 100), True)

    Source: Dasgupta, Kumar and Sarlós 2010, A sparse Johnson-Lindenstrauss transform.
    """
    from scipy.sparse import csr_array, eye_array

    if width is None:
        return csr_array(eye_array(n_stored))
    each = min(_NONZERO, width)
    # one place in each of as many parts of about equal length, so that no two fall together
    bounds = np.linspace(0, width, each + 1).astype(np.int64)
    places = bounds[:-1] + (rng.random((n_stored, each)) * np.diff(bounds)).astype(np.int64)
    signs = rng.choice([-1.0, 1.0], size=places.shape) / np.sqrt(each)
    starts = np.arange(0, places.size + 1, each)
    return csr_array((signs.ravel(), places.ravel(), starts), shape=(n_stored, width))
