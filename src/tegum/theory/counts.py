"""Numbers of features, dimensions and active features on their way into the bounds.

Formulas of capacity are read at n = e^(m/8) and beyond, where n is no float64 any more. They need n through its
logarithm alone, so `LogCount` stands for such a count wherever a number of features is asked for.
"""

import dataclasses
from typing import NamedTuple, TypeAlias

import numpy as np

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError, ShapeError


@dataclasses.dataclass(frozen=True)
class LogCount:
    """A count that may be too large for a float64, given by its natural logarithm.

    Args:
        log: natural logarithm of the count, at least 0, any shape.

    Example:
        >>> from tegum.theory import coherence_limit
        >>> print(coherence_limit(LogCount(1250.0), 10_000).round(4))  # e^1250 features
        0.6273
    """

    log: ArrayLike


Count: TypeAlias = ArrayLike | LogCount
"""A number of features, or one given by its logarithm."""


Numbers: TypeAlias = np.ndarray | np.float64
"""An array, or the number that NumPy makes of one without axes; what formulas pass to each other."""


class Sizes(NamedTuple):
    """Checked sizes of one shape: n (inf where it is no float64), ln n, m (inf where there is no noise), and k."""

    n: Real
    log_n: Real
    m: Real
    k: Real

    @property
    def log_absent(self) -> Real:
        """ln(n - k), the number of features that are not active."""
        with np.errstate(divide="ignore"):
            return np.asarray(self.log_n + np.log1p(-np.minimum(self.k / self.n, 1.0)))

    @property
    def log_pairs(self) -> Real:
        """ln(n (n - 1) / 2)."""
        with np.errstate(divide="ignore"):
            return np.asarray(2 * self.log_n + np.log1p(-np.exp(-self.log_n)) - np.log(2))


def sizes(n_features: Count, n_hidden: ArrayLike = 1.0, n_active: ArrayLike = 0.0) -> Sizes:
    """The three sizes of every capacity formula, checked and broadcast together.

    Args:
        n_features: n, at least 1; not necessarily whole, as capacities are read off curves.
        n_hidden: m, at least 1; inf stands for a code without interference, as `effective_dimension` gives it.
        n_active: k, between 0 and n.

    Returns:
        All of one shape.

    Raises:
        InputError: a size is not a number, or outside its range.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> sizes([10, 100], 5).log_n.round(3)
        array([2.303, 4.605])
    """
    n, log_n = _count(n_features)
    m, k = as_positive(n_hidden, "n_hidden", least=1.0), as_positive(n_active, "n_active", least=0.0)
    n, log_n, m, k = together(n_features=n, log_n_features=log_n, n_hidden=m, n_active=k)
    if (k > n).any():
        raise InputError(f"n_active must be at most n_features; got {k[k > n][0]:g} of {n[k > n][0]:g} features")
    return Sizes(n, log_n, m, k)


def alongside(size: Sizes, **values: Numbers) -> tuple[Sizes, *tuple[Real, ...]]:
    """The sizes and further arguments, broadcast to one shape.

    Example:
        >>> size, threshold = alongside(sizes(100, 5), threshold=np.array([0.4, 0.5]))
        >>> size.m
        array([5., 5.])
    """
    arrays = together(n_features=size.n, log_n_features=size.log_n, n_hidden=size.m, n_active=size.k, **values)
    return Sizes(*arrays[:4]), *arrays[4:]


def as_positive(values: ArrayLike, name: str, least: float = 0.0, most: float = np.inf) -> Real:
    """Real numbers between two ends, infinity allowed if the upper end is.

    Raises:
        InputError: not a real number, or outside the range.

    Example:
        >>> as_positive([1, float("inf")], "n_hidden")
        array([ 1., inf])
    """
    real = as_extended(values, name)
    wrong = (real < least) | (real > most)
    if wrong.any():
        expected = f"at least {least:g}" if most == np.inf else f"between {least:g} and {most:g}"
        raise InputError(f"{name} must be {expected}; got {real[wrong].flat[0]:g}")
    return real


def as_extended(values: ArrayLike, name: str) -> Real:
    """Real numbers, minus and plus infinity included.

    Raises:
        InputError: not a real number.

    Example:
        >>> as_extended(-np.inf, "threshold")
        array(-inf)
    """
    try:
        infinite = np.isinf(np.asarray(values, dtype=np.float64))
        return np.asarray(np.where(infinite, values, as_real(np.where(infinite, 0.0, values), name)), dtype=np.float64)
    except (TypeError, ValueError):
        return as_real(values, name)  # which says what is wrong


def together(**arrays: Numbers) -> tuple[Real, ...]:
    """Named arrays broadcast to one shape.

    Raises:
        ShapeError: they do not fit.

    Example:
        >>> together(a=np.array(1.0), b=np.array([1.0, 2.0]))
        (array([1., 1.]), array([1., 2.]))
    """
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ShapeError(
            f"shapes {shapes} do not broadcast together; pass one number, or arrays of equal shape, or add axes for a"
            " grid: n_features[:, np.newaxis]"
        ) from error
    return tuple(np.broadcast_to(array, shape) for array in arrays.values())


def _count(values: Count) -> tuple[Real, Real]:
    if isinstance(values, LogCount):
        log = as_positive(values.log, "the logarithm of n_features")
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(log)), log
    n = as_real(values, "n_features")
    if (n < 1).any():
        raise InputError(f"n_features must be at least 1; got {n[n < 1].flat[0]:g}")
    return n, np.asarray(np.log(n))
