"""What every construction asks of its arguments."""

import numpy as np

from tegum.ground.arrays import ArrayLike
from tegum.ground.errors import InputError, ShapeError


def as_gates(gates: ArrayLike, n_features: int) -> np.ndarray:
    """Gates as whole numbers of features, all different within a gate.

    Raises:
        ShapeError: not (n_gates, order).
        InputError: not features, or one feature twice in a gate.

    Example:
        >>> as_gates([[0, 1], [2, 1]], n_features=3).shape
        (2, 2)
    """
    made = np.asarray(gates)
    if made.ndim != 2 or made.shape[1] < 1:
        raise ShapeError(f"gates has shape {made.shape}, expected (n_gates, order), the features of a gate in a row")
    if made.dtype.kind not in "iu" or (made.size and not 0 <= made.min() <= made.max() < n_features):
        raise InputError(f"gates must hold numbers of features, 0 to {n_features - 1}; got {_example(made)}")
    ordered = np.sort(made, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if twice.any():
        raise InputError(f"gate {int(np.argmax(twice))} has a feature twice: {made[np.argmax(twice)].tolist()}")
    return made.astype(np.int64, copy=False)


def check_counts(**counts: int) -> None:
    """Refuse counts below 1.

    Raises:
        InputError: a count below 1, or no whole number.

    Example:
        >>> check_counts(n_features=3)
    """
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or count < 1:
            raise InputError(f"{name} must be a whole number of at least 1; got {count!r}.")


def check_probability(value: float, name: str) -> None:
    """Refuse what is no probability.

    Raises:
        InputError: outside [0, 1].

    Example:
        >>> check_probability(0.5, "connection_probability")
    """
    if not 0 <= value <= 1:
        raise InputError(f"{name} must lie between 0 and 1; got {value!r}.")


def _example(gates: np.ndarray) -> str:
    return f"values from {gates.min()} to {gates.max()}" if gates.dtype.kind in "iuf" else f"dtype {gates.dtype}"
