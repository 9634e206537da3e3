"""Inputs by case: all of a gate's features on, some, or none, with others on beside them."""

import numpy as np
from scipy.sparse import csc_array, issparse

from tegum.circuits.checks import as_gates
from tegum.circuits.layer import Matrix, as_dense
from tegum.circuits.supports import Supports, random_supports
from tegum.ground.arrays import ArrayLike
from tegum.ground.errors import InputError
from tegum.ground.streams import generator


def case_supports(gates: ArrayLike, *, n_features: int, n_active: int, n_on: int, seed: int = 0) -> Supports:
    """For each gate an input with a chosen number of its features on; other features fill it up.

    Args:
        gates: (n_gates, order), the features of each gate.
        n_features: n.
        n_active: k, features that are on in each input.
        n_on: how many of them are features of the gate.
        seed: makes the draw repeatable.

    Returns:
        (n_gates, n_active): row g is the input for gate g.

    Raises:
        InputError: a case that cannot be, or gates that are none.
        ShapeError: gates are not (n_gates, order).

    Example:
        >>> (support,) = case_supports([[3, 5]], n_features=10, n_active=4, n_on=1)
        >>> len({3, 5} & set(support.tolist())), len(set(support.tolist()))
        (1, 4)
    """
    chosen = as_gates(gates, n_features)
    order = chosen.shape[1]
    least, most = max(0, n_active + order - n_features), min(order, n_active)
    if not least <= n_on <= most:
        raise InputError(
            f"with {n_active} of {n_features} features on, a gate of {order} features can have {least} to {most} of"
            f" them on; got n_on = {n_on}."
        )
    mine = generator(seed, 0, "features of gates").permuted(chosen, axis=1)[:, :n_on]
    others = random_supports(n_features - order, len(chosen), n_active=n_active - n_on, seed=seed)
    for taken in np.sort(chosen, axis=1).T:  # numbers of the features outside the gate: step over those within it
        others += others >= taken[:, np.newaxis]
    return np.concatenate([mine, others], axis=1)


def all_on(x: Matrix, gates: ArrayLike) -> np.ndarray:
    """The ANDs themselves.

    Args:
        x: (n_inputs, n_features) of zeros and ones, sparse or not.
        gates: (n_gates, order).

    Returns:
        (n_inputs, n_gates), bool.

    Example:
        >>> all_on(np.array([[1, 1, 0], [1, 0, 1]]), [[0, 1], [0, 2]])
        array([[ True, False],
               [False,  True]])
    """
    return n_on(x, gates) == np.asarray(gates).shape[1]


def n_on(x: Matrix, gates: ArrayLike) -> np.ndarray:
    """How many features of each gate are on.

    Args:
        x: (n_inputs, n_features) of zeros and ones, sparse or not.
        gates: (n_gates, order).

    Returns:
        (n_inputs, n_gates), whole numbers.

    Example:
        >>> n_on(np.array([[1, 1, 0], [1, 0, 1]]), [[0, 1], [0, 2]])
        array([[2, 1],
               [1, 2]])
    """
    chosen = as_gates(gates, x.shape[-1])
    rows = csc_array(x) if issparse(x) else np.asarray(x)
    made = np.zeros((x.shape[0], len(chosen)), np.int64)
    for features in chosen.T:
        made += as_dense(rows[:, features]) != 0
    return made
