"""How large a universal AND must be: coverage, the best density of connections, and the width that an error needs."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import Numbers, as_positive, together


class AndDesign(NamedTuple):
    """A choice of the connection probability and the error it leaves.

    Args:
        connection_probability: q.
        error: root mean square error of an AND with one of its features on.

    Example: see `best_averaging`.
    """

    connection_probability: Real
    error: Real


def coverage_probability(n_neurons: ArrayLike, connection_probability: ArrayLike, order: int = 2) -> Real:
    """Probability that some neuron sees all r features of a gate: 1 - (1 - q^r)^m.

    Args:
        n_neurons: m.
        connection_probability: q.
        order: r.

    Returns:
        Broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example: 512 neurons, at the densities that 10 and 20 active features allow.
        >>> coverage_probability(512, [0.025, 0.0125, 0.01]).round(3)
        array([0.274, 0.077, 0.05 ])
    """
    m, q = _neurons(n_neurons, connection_probability)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(m * np.log1p(-(q ** _order(order)))))


def expected_uncovered(
    n_features: ArrayLike, n_neurons: ArrayLike, connection_probability: ArrayLike, order: int = 2
) -> Real:
    """Expected number of sets of r features that no neuron sees all of: C(n, r) (1 - q^r)^m.

    All are covered with a probability of about e to minus that.

    Args:
        n_features: n.
        n_neurons: m.
        connection_probability: q.
        order: r.

    Returns:
        Broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> np.exp(-expected_uncovered(100, 2000, [0.0577, 0.0679, 0.0815])).round(3)
        array([0.002, 0.619, 0.992])
    """
    m, q = _neurons(n_neurons, connection_probability)
    n = as_positive(n_features, "n_features", float(_order(order)), 1e300)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(np.exp(log_sets(n, order) + m * np.log1p(-(q**order))))


def covering_connection_probability(
    n_features: ArrayLike, n_neurons: ArrayLike, *, n_uncovered: ArrayLike = 0.5, order: int = 2
) -> Real:
    """The least q at which only so many sets of r features are expected to be uncovered.

    With half a pair uncovered that is about √(2 ln n/m).

    Args:
        n_features: n.
        n_neurons: m.
        n_uncovered: expected number of uncovered sets, above 0.
        order: r.

    Returns:
        Broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example: with 512 neurons and 10 features on, q k is far from small.
        >>> covering_connection_probability([500, 4096, 16384, 131072], 512).round(3)
        array([0.155, 0.179, 0.193, 0.212])
    """
    n = as_positive(n_features, "n_features", float(_order(order)), 1e300)
    few = as_positive(n_uncovered, "n_uncovered", 1e-300, 1e300)
    n, m, few = together(n_features=n, n_neurons=as_positive(n_neurons, "n_neurons", 1.0, 1e300), n_uncovered=few)
    return np.asarray((-np.expm1(np.minimum(np.log(few) - log_sets(n, order), 0.0) / m)) ** (1 / order))


def best_averaging(n_neurons: ArrayLike, n_active: ArrayLike) -> AndDesign:
    """The q with the least mean square error of an average with one feature on.

    ((k - 1) q)² + (k - 1)(1 - q)/(m q), with m q² neurons for each pair, is least at q = (2 m (k - 1))^(-1/3).

    Args:
        n_neurons: m.
        n_active: k, at least 2.

    Returns:
        The design; the error falls as m^(-1/3).

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> best = best_averaging([512, 10**4, 10**6], [10, 10, 20])
        >>> best.connection_probability.round(4), best.error.round(3)
        (array([0.0477, 0.0177, 0.003 ]), array([0.732, 0.274, 0.098]))
    """
    m, k = _active(n_neurons, n_active)
    q = np.minimum((2 * m * (k - 1)) ** (-1 / 3), 1.0)
    return AndDesign(np.asarray(q), np.asarray(np.sqrt(((k - 1) * q) ** 2 + (k - 1) * (1 - q) / (m * q))))


def best_differences(n_neurons: ArrayLike, n_active: ArrayLike) -> AndDesign:
    """The q with the least noise of a second difference with one feature on.

    √(k/(m q)) (1 - q)^-(k - 2) is least at q = 1/(2 k - 3), where it tends to k √(2 e/m) = 2.33 k/√m for large k.

    Args:
        n_neurons: m.
        n_active: k, at least 3.

    Returns:
        The design; the error is all noise, and falls as m^(-1/2).

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> best_differences(512, [10, 20]).error.round(2)
        array([0.94, 1.97])

    Source:
        Ours.
    """
    m, k = _active(n_neurons, n_active, least=3.0)
    q = 1 / (2 * k - 3)
    return AndDesign(np.asarray(q), np.asarray(np.sqrt(k / (m * q)) * (1 - q) ** -(k - 2)))


def required_neurons(
    n_features: ArrayLike, n_active: ArrayLike, *, error: ArrayLike = 0.25, n_uncovered: ArrayLike = 0.05
) -> Real:
    """Neurons that let every pair be read by averaging, with bias and noise of about ε: Θ(k² ln n).

    With q = ε/k: the larger of ln(C(n, 2)/η)/(-ln(1 - q²)), for coverage, and k²/ε³, for noise.

    Args:
        n_features: n.
        n_active: k.
        error: ε, between 0 and k.
        n_uncovered: η, expected number of pairs that are not covered.

    Returns:
        Broadcast shape, rounded up.

    Raises:
        InputError: an argument outside its range.

    Example: the sizes of a published dictionary.
        >>> required_neurons([500, 4096, 16384, 131072], 10)
        array([23561., 30292., 34727., 41379.])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition, with the
        constants worked out here.
    """
    n, k, e, few = together(
        n_features=as_positive(n_features, "n_features", 2.0, 1e300),
        n_active=as_positive(n_active, "n_active", 1.0, 1e150),
        error=as_positive(error, "error", 1e-100, 1e100),
        n_uncovered=as_positive(n_uncovered, "n_uncovered", 1e-300, 1e300),
    )
    if (e >= k).any():
        raise InputError("error must be below n_active: the connection probability is their ratio")
    cover = (log_sets(n, 2) - np.log(few)) / -np.log1p(-((e / k) ** 2))
    return np.asarray(np.ceil(np.maximum(np.maximum(cover, k**2 / e**3), 1.0)))


def log_sets(n: Numbers, order: int) -> Real:
    """Natural logarithm of C(n, r), the number of sets of r among n features.

    Example:
        >>> print(np.exp(log_sets(np.array(500.0), 2)).round())
        124750.0
    """
    factors = [np.log(np.maximum(n - t, 1e-300)) for t in range(order)]
    return np.asarray(np.sum(factors, axis=0) - gammaln(order + 1))


def _order(order: int) -> int:
    if order < 1:
        raise InputError(f"order must be at least 1; got {order}.")
    return order


def _neurons(n_neurons: ArrayLike, q: ArrayLike) -> tuple[Real, ...]:
    return together(
        n_neurons=as_positive(n_neurons, "n_neurons", 1.0, 1e300),
        connection_probability=as_positive(q, "connection_probability", 0.0, 1.0),
    )


def _active(n_neurons: ArrayLike, n_active: ArrayLike, least: float = 2.0) -> tuple[Real, ...]:
    return together(
        n_neurons=as_positive(n_neurons, "n_neurons", 1.0, 1e300),
        n_active=as_positive(n_active, "n_active", least, 1e150),
    )
