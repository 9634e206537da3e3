"""The law of ANDs that are read from random sparse neurons.

Each of m neurons sees each feature with probability q and has bias -1. With k features on, n_on of them in a gate, a
neuron that sees a of those has the value R(a - 1 + B), where B ~ Binomial(k - n_on, q) counts the others that it sees
and R(z) = max(z, 0). Neurons are independent, so a mean over N of them has the same mean and 1/N of the variance, and N
is itself binomial.
"""

from math import comb
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from scipy.stats import binom

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import as_positive, together

AndReadOff: TypeAlias = Literal["averaging", "mobius", "differences"]
"""How an AND is read from classes of neurons, sorted by which of a gate's features they see."""

_LARGE = 1e6


class AndLaw(NamedTuple):
    """Mean and standard deviation of an estimated AND over random layers, where it can be read.

    Args:
        mean: expectation.
        deviation: standard deviation.
        readable: probability that all classes of neurons that the read-off needs are there.

    Example: see `universal_and_law`.
    """

    mean: Real
    deviation: Real
    readable: Real


def neuron_moments(n_seen: int, n_others: ArrayLike, connection_probability: ArrayLike) -> tuple[Real, Real]:
    """Mean and variance of a neuron R(a - 1 + B), B ~ Binomial(r, q).

    Args:
        n_seen: a, features of a gate that it sees and that are on.
        n_others: r, other features that are on.
        connection_probability: q.

    Returns:
        Mean and variance, of the broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example: both features of a pair on, one, none, with 5 on in all.
        >>> for n_on in (2, 1, 0):
        ...     print(*(part.round(4) for part in neuron_moments(n_on, 5 - n_on, 0.05)))
        1.15 0.1425
        0.2 0.19
        0.0238 0.0257
    """
    r, q = together(
        n_others=as_positive(n_others, "n_others"),
        connection_probability=as_positive(connection_probability, "connection_probability", 0.0, 1.0),
    )
    if n_seen >= 1:
        return np.asarray(n_seen - 1 + r * q), np.asarray(r * q * (1 - q))
    none = (1 - q) ** r
    mean = r * q - 1 + none
    square = r * q * (1 - q) + (r * q - 1) ** 2 - none
    return np.asarray(mean), np.asarray(np.maximum(square - mean**2, 0.0))


def universal_and_law(
    n_neurons: ArrayLike,
    n_active: ArrayLike,
    connection_probability: ArrayLike,
    *,
    n_on: int,
    order: int = 2,
    read_off: AndReadOff = "averaging",
) -> AndLaw:
    """Mean and standard deviation of an estimated AND of r features, exact.

    With A_T the mean over neurons that see, of the r features, exactly those of T: "averaging" is A of all; "mobius"
    is Σ (-1)^|T| A_T over |T| ≥ 2; "differences" is that sum over all T, divided by (1 - q)^(k - r), which is unbiased.
    For pairs the first two are the same.

    Args:
        n_neurons: m.
        n_active: k, features that are on.
        connection_probability: q, between 0 and 1.
        n_on: how many of the gate's features are on.
        order: r.
        read_off: averaging, mobius or differences.

    Returns:
        The law, each part of the broadcast shape; over layers, given that the gate can be read.

    Raises:
        InputError: an argument outside its range.

    Example: 5 features on, both, one and none of the pair among them.
        >>> for n_on in (2, 1, 0):
        ...     print(*(part.round(3) for part in universal_and_law(2000, 5, 0.05, n_on=n_on)))
        1.15 0.192 0.993
        0.2 0.221 0.993
        0.024 0.081 0.993

    Source:
        Ours; the construction of Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in
        Superposition.
    """
    m, k, q = _checked(n_neurons, n_active, connection_probability, n_on, order)
    weights = _weights(read_off, order)
    mean, variance, readable = np.zeros(m.shape), np.zeros(m.shape), np.ones(m.shape)
    for size, weight in weights.items():
        share = q**size * (1 - q) ** (order - size)
        inverse = mean_inverse_count(m, share)
        readable = readable * (-np.expm1(m * np.log1p(-np.minimum(share, 1 - 1e-16)))) ** comb(order, size)
        for seen in range(max(0, size - order + n_on), min(size, n_on) + 1):
            ways = comb(n_on, seen) * comb(order - n_on, size - seen)
            value, spread = neuron_moments(seen, k - n_on, q)
            mean, variance = mean + ways * weight * value, variance + ways * weight**2 * spread * inverse
    scale = (1 - q) ** -(k - order) if read_off == "differences" else 1.0
    return AndLaw(np.asarray(mean * scale), np.asarray(np.sqrt(variance) * scale), np.asarray(readable))


def averaging_error(
    n_neurons: int, n_active: int, connection_probability: float, *, n_on: int, order: int = 2, threshold: float = 0.5
) -> float:
    """Probability that the average of a gate lies on the wrong side of a threshold, exact.

    Neurons have bias 1 - r, so that they are 1 if just the r features of the gate are on; for a pair that is the usual
    -1. With N neurons that see all r, N times the estimate is Binomial(N (k - r + 1), q) if one of the features is
    off, N more than Binomial(N (k - r), q) if none is, and a sum of N independent R(B - 1) if two are, and so on.
    N ~ Binomial(m, q^r), given N ≥ 1.

    Args:
        n_neurons: m.
        n_active: k.
        connection_probability: q.
        n_on: 0 to r; with all r on, an estimate that does not exceed the threshold is wrong, otherwise one that does.
        order: r.
        threshold: t.

    Returns:
        A probability, over layers in which the gate can be read.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> round(averaging_error(2000, 5, 0.05, n_on=1, threshold=0.7), 4)
        0.0268
    """
    _checked(n_neurons, n_active, connection_probability, n_on, order)
    q, n_others = connection_probability, n_active - n_on
    counts, weights = _shared_counts(n_neurons, q**order)
    if not len(counts):
        return float("nan")
    most = np.floor(threshold * counts)
    if n_on == order:
        wrong = binom.cdf(most - counts, counts * n_others, q)
    elif n_on == order - 1:
        wrong = binom.sf(most, counts * n_others, q)
    else:
        wrong = _sum_exceeds(most, counts, n_others, q, order - 1 - n_on)
    return float(np.clip(wrong @ weights, 0.0, 1.0))


def mean_inverse_count(n_trials: ArrayLike, probability: ArrayLike) -> Real:
    """E[1/N | N ≥ 1] of N ~ Binomial(m, p): what a mean over N neurons does to the variance.

    Args:
        n_trials: m, rounded down.
        probability: p.

    Returns:
        Broadcast shape; nan where N is always 0.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> mean_inverse_count([10, 2000], [1, 0.0025]).round(3)
        array([0.1  , 0.258])
    """
    m, p = together(
        n_trials=np.floor(as_positive(n_trials, "n_trials", 0.0, 1e300)),
        probability=as_positive(probability, "probability", 0.0, 1.0),
    )
    made = np.array([_inverse(float(trials), float(chance)) for trials, chance in zip(m.flat, p.flat, strict=True)])
    return made.reshape(m.shape)


def _inverse(m: float, p: float) -> float:
    if m * p > _LARGE:  # the next term of the series is below 1e-12 of the first
        return (1 + (1 - p) / (m * p)) / (m * p)
    counts, weights = _shared_counts(int(m), p)
    return float(weights @ (1 / counts)) if len(counts) else float("nan")


def _shared_counts(m: int, p: float) -> tuple[Real, Real]:
    """Values of N ≥ 1 that matter, and their probabilities given N ≥ 1."""
    if p == 0 or m < 1:
        return np.empty(0), np.empty(0)
    mean, reach = m * p, 9 * np.sqrt(m * p * (1 - p))  # scipy's quantiles fail where m is very large
    counts = np.arange(max(1.0, np.floor(mean - reach)), min(float(m), np.ceil(mean + reach) + 20) + 1)
    log = binom.logpmf(counts, m, p)  # given N ≥ 1, even where that itself is as good as impossible
    weights = np.exp(log - log.max())
    return counts, weights / weights.sum()


def _sum_exceeds(most: Real, counts: Real, n_others: int, q: float, missing: int) -> Real:
    """P[sum of N independent R(B - c) > t N], B ~ Binomial(r, q), by powers of the characteristic function."""
    single = binom.pmf(np.arange(max(n_others, missing) + 1), n_others, q)
    single = np.concatenate([[single[: missing + 1].sum()], single[missing + 1 :]])
    values = np.arange(len(single))
    mean, square = float(single @ values), float(single @ values**2)
    largest = float(counts[-1])
    reach = min(largest * values[-1], largest * mean + 40 * np.sqrt(largest * (square - mean**2)) + 40 * n_others)
    length = 2 ** int(np.ceil(np.log2(max(reach, float(most[-1])) + 2)))
    sums = np.fft.irfft(np.fft.rfft(single, length) ** counts[:, np.newaxis], length)
    above = np.cumsum(sums[:, ::-1], axis=1)[:, ::-1]  # P[sum ≥ j]
    return np.asarray(np.take_along_axis(above, most.astype(int)[:, np.newaxis] + 1, axis=1)[:, 0])


def _weights(read_off: str, order: int) -> dict[int, float]:
    """Weight of a class mean by the number of features its neurons see."""
    ways = {"averaging": range(order, order + 1), "mobius": range(2, order + 1), "differences": range(order + 1)}
    if read_off not in ways:
        raise InputError(f"read_off must be one of {', '.join(ways)}; got {read_off!r}.")
    return {t: 1.0 if read_off == "averaging" else (-1.0) ** t for t in ways[read_off]}


def _checked(n_neurons: ArrayLike, n_active: ArrayLike, q: ArrayLike, n_on: int, order: int) -> tuple[Real, ...]:
    if order < 2 or not 0 <= n_on <= order:
        raise InputError(f"a gate of order {order} cannot have n_on = {n_on}; expected order ≥ 2, 0 ≤ n_on ≤ order.")
    return together(
        n_neurons=as_positive(n_neurons, "n_neurons", 1.0, 1e300),
        n_active=as_positive(n_active, "n_active", float(max(n_on, 1)), 1e300),
        connection_probability=as_positive(q, "connection_probability", 0.0, 1.0),
    )
