"""ANDs read from dense Gaussian neurons: y = R(x · w + b' √k), w standard normal, k features on.

What enters a neuron is normal with mean b' √k and variance k. With both features of a pair on, it is w_i + w_j and an
independent rest of variance k - 2. So every moment is an integral over the two weights.
"""

import functools
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import Numbers, as_positive, together
from tegum.theory.gaussian import normal_density

GaussianReadOff: TypeAlias = Literal["product", "covariance", "direct"]
"""Weights of a neuron in an AND: w_i w_j; g(w_i + w_j) - g(w_i) - g(w_j) + g(0); R(w_i + w_j + b) less its mean."""

_REACH, _STEPS, _NODES = 9.0, 1201, 48


class GaussianAndLaw(NamedTuple):
    """An estimated AND in the three cases, over random layers; 0 on average with none on, 1 with both.

    Args:
        mean: expectation.
        deviation: standard deviation.

    Example: see `gaussian_and_law`.
    """

    mean: Real
    deviation: Real


def relu_moments(shift: ArrayLike, deviation: ArrayLike) -> tuple[Real, Real]:
    """Mean and mean square of R(u + s Z), Z standard normal.

    u Φ(u/s) + s φ(u/s), and (u² + s²) Φ(u/s) + u s φ(u/s).

    Args:
        shift: u.
        deviation: s, at least 0.

    Returns:
        Both, of the broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> print(*(part.round(4) for part in relu_moments(0.0, 1.0)))
        0.3989 0.5
    """
    u, s = together(
        shift=as_positive(shift, "shift", -1e150, 1e150), deviation=as_positive(deviation, "deviation", 0.0, 1e150)
    )
    z = u / np.where(s > 0, s, 1.0)
    above = np.where(s > 0, ndtr(z), u > 0)
    edge = s * normal_density(z)
    return np.asarray(u * above + edge), np.asarray((u**2 + s**2) * above + u * edge)


def product_noise(
    n_neurons: ArrayLike, n_active: ArrayLike, relative_bias: ArrayLike = 0.0, *, centred: bool = True
) -> Real:
    """Standard deviation of the product read-off with none of the pair on.

    (k/√m) √(Var R(Z + b'))/φ(b'), or with the mean square instead of the variance if neurons are not centred.

    Args:
        n_neurons: m.
        n_active: k.
        relative_bias: b' = b/√k.
        centred: whether the mean of the neurons is subtracted before they are read.

    Returns:
        Broadcast shape, in units of the AND.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> product_noise(4000, 10, [0, -0.5, -1.045]).round(4)
        array([0.2314, 0.1855, 0.1708])
    """
    m, k, b = together(
        n_neurons=as_positive(n_neurons, "n_neurons", 1.0, 1e300),
        n_active=as_positive(n_active, "n_active", 1.0, 1e300),
        relative_bias=as_positive(relative_bias, "relative_bias", -30.0, 30.0),
    )
    mean, square = relu_moments(b, 1.0)
    return np.asarray(k / np.sqrt(m) * np.sqrt(square - mean**2 * centred) / normal_density(b))


def best_gaussian_bias(*, centred: bool = True) -> tuple[float, float]:
    """The bias b' with the least noise of the product read-off, and that noise in units of k/√m.

    Args:
        centred: whether the mean of the neurons is subtracted before they are read.

    Returns:
        b' = b/√k and the factor.

    Example: trained biases should be near -√k.
        >>> print(*np.round(best_gaussian_bias(), 3), *np.round(best_gaussian_bias(centred=False), 3))
        -1.045 1.08 -1.162 1.125
    """
    found: Any = minimize_scalar(
        lambda b: float(product_noise(1, 1, b, centred=centred)), bounds=(-3.0, 1.0), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    return float(found.x), float(found.fun)


def gaussian_and_law(
    n_neurons: float,
    n_active: float,
    relative_bias: float = 0.0,
    *,
    n_on: int,
    read_off: GaussianReadOff = "product",
) -> GaussianAndLaw:
    """Mean and standard deviation of an AND that is read from Gaussian neurons.

    Estimates are scaled so that the mean is 0 with none of the pair on and 1 with both. The product read-off has mean 0
    with one on, for every k. The others do not: see `one_on_response`.

    Args:
        n_neurons: m.
        n_active: k, at least 2.
        relative_bias: b' = b/√k.
        n_on: features of the pair that are on, 0, 1 or 2.
        read_off: product, covariance or direct.

    Returns:
        The law over random layers.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> for n_on in (0, 1, 2):
        ...     print(*np.round(gaussian_and_law(4000, 10, 0.0, n_on=n_on), 3) + 0)
        0.0 0.231
        0.0 0.253
        1.0 0.274

    Source:
        Ours.
    """
    if n_on not in (0, 1, 2):
        raise InputError(f"n_on must be 0, 1 or 2; got {n_on!r}.")
    m = float(as_positive(n_neurons, "n_neurons", 1.0, 1e300))
    k = float(as_positive(n_active, "n_active", 2.0, 1e6))
    b = float(as_positive(relative_bias, "relative_bias", -30.0, 30.0)) * np.sqrt(k)
    first, second, mass = _weights_of_pairs()
    r = read_off_weights(read_off, first, second, k, b)
    r = r - (r * mass).sum()
    level = float(relu_moments(b, np.sqrt(k))[0])

    def moments(shift: Numbers, n_other: float) -> tuple[float, float]:
        mean, square = relu_moments(shift + b, np.sqrt(n_other))
        centred = square - 2 * level * mean + level**2
        return float((r * (mean - level) * mass).sum()), float((r**2 * centred * mass).sum())

    signal = moments(first + second, k - 2)[0]
    shifts = (np.zeros_like(first), first, first + second)
    mean, square = moments(shifts[n_on], k - n_on)
    spread = np.sqrt(max(square - mean**2, 0.0) / m)
    return GaussianAndLaw(np.asarray(mean / signal), np.asarray(spread / signal))


def one_on_response(n_active: float, relative_bias: float = 0.0, *, read_off: GaussianReadOff = "direct") -> float:
    """Mean estimate with one feature of the pair on, on the scale from 0 (none) to 1 (both).

    Args:
        n_active: k, at least 2.
        relative_bias: b' = b/√k.
        read_off: product, covariance or direct.

    Returns:
        The response; half would be a read-off that only adds.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> [round(one_on_response(10, 0.0, read_off=kind), 3) + 0 for kind in ("product", "covariance", "direct")]
        [0.0, -0.028, 0.468]
    """
    return float(gaussian_and_law(1, n_active, relative_bias, n_on=1, read_off=read_off).mean)


def gaussian_signal(n_active: float, relative_bias: float = 0.0, *, read_off: GaussianReadOff = "product") -> float:
    """What a neuron contributes to an AND on average, E[r (y - E y)] with both on: the scale of a read-off.

    For the product it is φ(b')/√k, by Stein's lemma.

    Args:
        n_active: k, at least 2.
        relative_bias: b' = b/√k.
        read_off: product, covariance or direct.

    Returns:
        The scale; read-off weights are divided by it and by m.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> round(gaussian_signal(16, -1.0), 5), round(float(normal_density(np.array(-1.0))) / 4, 5)
        (0.06049, 0.06049)
    """
    k = float(as_positive(n_active, "n_active", 2.0, 1e6))
    return _signal(k, float(as_positive(relative_bias, "relative_bias", -30.0, 30.0)), read_off)


@functools.cache  # every layer of a study asks for the same
def _signal(k: float, relative_bias: float, read_off: str) -> float:
    first, second, mass = _weights_of_pairs()
    b = relative_bias * np.sqrt(k)
    r = read_off_weights(read_off, first, second, k, b)
    both = relu_moments(first + second + b, np.sqrt(k - 2))[0]
    return float(((r - (r * mass).sum()) * both * mass).sum())


def read_off_weights(read_off: str, first: Numbers, second: Numbers, n_active: float, bias: float) -> Real:
    """Weight of each neuron in an AND, from its weights on the two features; not centred and not scaled.

    Args:
        read_off: product, covariance or direct.
        first: weights on one feature.
        second: weights on the other, of the same shape.
        n_active: k, at least 2.
        bias: b.

    Returns:
        Same shape.

    Raises:
        InputError: another read-off.

    Example:
        >>> read_off_weights("direct", np.array([1.0, -2.0]), np.array([0.5, 1.0]), 4, 0.0)
        array([1.5, 0. ])
    """
    if read_off == "product":
        return np.asarray(first * second)
    if read_off == "direct":
        return np.asarray(np.maximum(first + second + bias, 0.0))
    if read_off != "covariance":
        raise InputError(f"read_off must be product, covariance or direct; got {read_off!r}.")
    rest = np.sqrt(n_active - 2)
    shifts = (first + second, first, second, np.zeros_like(first))
    both, one, other, none = (relu_moments(shift + bias, rest)[0] for shift in shifts)
    return np.asarray(both - one - other + none)


def _weights_of_pairs() -> tuple[Real, Real, Real]:
    """Nodes and masses for two independent normal weights, turned so that kinks lie along one axis.

    Along the sum of the weights the grid is fine and even, for the kinks; across it everything is smooth.
    """
    along = np.linspace(-_REACH, _REACH, _STEPS)
    density = normal_density(along) * (along[1] - along[0])
    across, mass = hermegauss(_NODES)
    total, gap = along[:, np.newaxis] / np.sqrt(2), across / np.sqrt(2)
    return total + gap, total - gap, density[:, np.newaxis] * (mass / mass.sum())
