"""One universal AND after the other: what the noise of many estimates adds up to in the next layer."""

import numpy as np

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import as_positive, together
from tegum.theory.universal_and import universal_and_law


def stacked_noise(
    n_gates: ArrayLike,
    n_neurons: ArrayLike,
    n_active: ArrayLike,
    connection_probability: ArrayLike,
    *,
    next_probability: ArrayLike,
) -> Real:
    """Variance V₂ that a neuron of a second layer gets from ANDs none of whose features are on.

    q₂ T times the variance of one, which is about k (k - 1)/(2 m).

    Args:
        n_gates: T, ANDs that the first layer hands on without correction.
        n_neurons: m, of the first layer.
        n_active: k.
        connection_probability: q, of the first layer.
        next_probability: q₂, the chance of a neuron of the second layer to read an AND.

    Returns:
        Broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> print(stacked_noise(200, 4000, 4, 0.05, next_probability=0.1).round(4))
        0.0345

    Source:
        Ours.
    """
    law = universal_and_law(n_neurons, n_active, connection_probability, n_on=0)
    count, share, deviation = together(
        n_gates=as_positive(n_gates, "n_gates"),
        next_probability=as_positive(next_probability, "next_probability", 0.0, 1.0),
        deviation=law.deviation,
    )
    return np.asarray(count * share * deviation**2)


def max_stacked_gates(n_neurons: ArrayLike, n_active: ArrayLike, *, next_probability: ArrayLike) -> Real:
    """ANDs at which the noise of a second layer is as large as its signal: T = 2 m/(q₂ k²).

    With q₂ of about 1/k that is about 2 m/k, so depth gains nothing from superposition unless errors are corrected.

    Args:
        n_neurons: m.
        n_active: k.
        next_probability: q₂.

    Returns:
        Broadcast shape, not rounded.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> print(max_stacked_gates(4000, 4, next_probability=0.1))
        5000.0

    Source:
        Ours.
    """
    m, k, share = together(
        n_neurons=as_positive(n_neurons, "n_neurons", 1.0, 1e300),
        n_active=as_positive(n_active, "n_active", 1.0, 1e150),
        next_probability=as_positive(next_probability, "next_probability", 1e-150, 1.0),
    )
    return np.asarray(2 * m / (share * k**2))
