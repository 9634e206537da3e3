"""Error correction that is itself in superposition: m neurons keep n > m features apart.

Each feature feeds a random set of s of the m neurons. A neuron adds up the features that feed it and fires above ½. A
feature is then estimated from its own neurons: x̂ = (their mean - u)/(1 - u), with u the mean of that over all
features, about the share of all neurons that fire. With k active features u = s k/m + e, where e is the share of
neurons that fire wrongly. The estimates' noise reaches the neurons of the next layer, so e has a map of its own, and a
critical load.
"""

from typing import Literal, TypeAlias

import numpy as np
from scipy.special import bdtrc, ndtr, ndtri, pdtrc
from scipy.stats import poisson

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import as_positive, together
from tegum.theory.runaway import critical_load

NoiseLaw: TypeAlias = Literal["poisson", "gaussian"]
"""How the noise at a neuron is distributed: as counts of neurons that two features share, or as a normal variable."""

_TAIL = 1e-12
_PRECISION, _PATIENCE = 1e-3, 300
_LEAST_LOAD = 1e-6  # a critical load below this is none
_MOST_TERMS = 4001  # of a sum over a Poisson number; a wider one is taken at equal steps
_MANY = 1e6  # a Poisson number with a larger mean is taken for normal: its law is one to a thousandth


def neuron_error(
    share_on: ArrayLike, *, n_features: float, n_neurons: float, fan_out: int, law: NoiseLaw = "poisson"
) -> Real:
    """Chance that noise makes a neuron fire, when a share u of the neurons of the layer before was on.

    A neuron is fed by S ~ Poisson(n s/m) features, each read from s neurons, a share u of which is on by chance. It
    fires wrongly if Poisson(S s u) exceeds s (1 - u)/2 + S s u. The normal approximation is Q(½ √(m/(n u))).

    Args:
        share_on: u, between 0 and 1.
        n_features: n.
        n_neurons: m.
        fan_out: s, neurons that a feature feeds.
        law: "poisson", or "gaussian" for the limit of large s.

    Returns:
        Shape of u, a probability.

    Raises:
        InputError: an argument outside its range.

    Example: at 20 neurons per feature the normal law is too optimistic by far.
        >>> print(neuron_error(0.008, n_features=40_000, n_neurons=20_000, fan_out=20).round(5))
        0.00052
        >>> print(neuron_error(0.008, n_features=40_000, n_neurons=20_000, fan_out=20, law="gaussian").round(5))
        4e-05

    Source:
        Ours; the layout of features over random sets of neurons as in Vaintrob, Mendel and Hänni 2024, Toward A
        Mathematical Framework for Computation in Superposition.
    """
    n, m, s = _network(n_features, n_neurons, fan_out)
    u = as_positive(share_on, "share_on", 0.0, 1.0)
    if law == "gaussian":
        with np.errstate(divide="ignore"):
            return np.asarray(ndtr(-0.5 * np.sqrt(m / (n * u))))
    fed, chance = _fed(n * s / m)
    hits = fed * s * u[..., np.newaxis]
    return np.asarray(pdtrc(np.floor(s * (1 - u[..., np.newaxis]) / 2 + hits), hits) @ chance)


def correction_errors(
    n_features: float, n_neurons: float, n_active: float, *, fan_out: int, n_layers: int, law: NoiseLaw = "poisson"
) -> Real:
    """Share of neurons that fire wrongly, layer by layer, from exact features.

    e' = `neuron_error`(s k/m + e), from e = 0.

    Args:
        n_features: n.
        n_neurons: m.
        n_active: k, between 0 and n.
        fan_out: s.
        n_layers: L, at least 1.
        law: law of the noise.

    Returns:
        (n_layers,), for layers 1 to L.

    Raises:
        InputError: an argument outside its range.

    Example: eight active features hold, twelve do not.
        >>> for k in (8, 12):
        ...     print(correction_errors(40_000, 20_000, k, fan_out=20, n_layers=12)[[0, 5, 11]].round(5))
        [0.00052 0.00077 0.00077]
        [0.00248 0.02171 0.31514]
    """
    n, m, s = _network(n_features, n_neurons, fan_out)
    k = float(as_positive(n_active, "n_active", 0.0, n))
    if n_layers < 1:
        raise InputError(f"n_layers must be at least 1; got {n_layers}.")
    errors = [0.0]
    for _ in range(n_layers):
        share = min(s * k / m + errors[-1], 1.0)
        errors.append(float(neuron_error(share, n_features=n, n_neurons=m, fan_out=fan_out, law=law)))
    return np.array(errors[1:])


def critical_correction_load(n_features: float, n_neurons: float, *, fan_out: int, law: NoiseLaw = "poisson") -> float:
    """Active features above which a corrector in superposition runs away.

    The load from which on, within 300 layers of `correction_errors`, more neurons fire wrongly than should fire, or
    half of all neurons fire. The normal law has it in closed form: s k/m = max over u of u - Q(½ √(m/(n u))), so
    k_c = `critical_load`(n, m) m/(n s).

    Args:
        n_features: n.
        n_neurons: m.
        fan_out: s.
        law: law of the noise.

    Returns:
        k_c, at most n; by bisection to a thousandth for the Poisson law, whose map has small steps.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> for law in ("poisson", "gaussian"):
        ...     print(round(critical_correction_load(40_000, 20_000, fan_out=20, law=law), 1))
        9.9
        13.8
    """
    n, m, s = _network(n_features, n_neurons, fan_out)
    if law == "gaussian":
        return min(float(critical_load(n, m)) * m / (n * s), n)
    low, high = 0.0, n
    while high - low > _PRECISION * high and high > _LEAST_LOAD:
        middle = (low + high) / 2
        low, high = (low, middle) if _runs_away(n, m, middle, s) else (middle, high)
    return low


def wrong_after_correction(
    n_features: ArrayLike, n_active: ArrayLike, *, share_on: ArrayLike, fan_out: ArrayLike
) -> Real:
    """Expected number of wrong features, if each is read from its s neurons, a share u of which is on by chance.

    (n - k) P[Binomial(s, u) > s (1 + u)/2], as the estimate exceeds ½ when more than a share (1 + u)/2 is on.

    Args:
        n_features: n.
        n_active: k, between 0 and n.
        share_on: u, between 0 and 1.
        fan_out: s.

    Returns:
        Broadcast shape, features of one input.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> wrong_after_correction(40_000, 8, share_on=[0.009, 0.3], fan_out=20).round(1)
        array([ 0. , 10.4])
    """
    n, k, u, s = together(
        n_features=as_positive(n_features, "n_features", 1.0, 1e300),
        n_active=as_positive(n_active, "n_active"),
        share_on=as_positive(share_on, "share_on", 0.0, 1.0),
        fan_out=as_positive(fan_out, "fan_out", 1.0, 2**31 - 1.0),
    )
    if (k > n).any():
        raise InputError(f"n_active must be at most n_features; got {k[k > n][0]:g} of {n[k > n][0]:g} features")
    return np.asarray((n - k) * bdtrc(np.floor(s * (1 + u) / 2), np.floor(s).astype(int), u))


def max_corrected_features(
    n_neurons: ArrayLike, n_hidden: ArrayLike, n_active: ArrayLike, *, fan_out: ArrayLike, error: ArrayLike = 0.01
) -> Real:
    """Features that a corrector of m neurons on a d-dimensional code can serve.

    n = m d/(8 s k ln(1/ε)): the noise n s k/(m d) at a neuron must be below 1/(8 ln(1/ε)). That is of the order of the
    number of weights per active feature, and not exponential in m.

    Args:
        n_neurons: m.
        n_hidden: d, dimensions of the code that the neurons read.
        n_active: k.
        fan_out: s.
        error: ε, share of neurons that may be wrong, between 0 and 1.

    Returns:
        Broadcast shape. Below m the corrector is not in superposition, and one neuron per feature is better.

    Raises:
        InputError: an argument outside its range.

    Example: correction in superposition is a matter of thousands of dimensions.
        >>> max_corrected_features([512, 20_000], [512, 20_000], 10, fan_out=[4, 20]).round()
        array([   178.,  54287.])
    """
    m, d, k, s, e = together(
        n_neurons=as_positive(n_neurons, "n_neurons", 1.0, 1e150),
        n_hidden=as_positive(n_hidden, "n_hidden", 1.0, 1e150),
        n_active=as_positive(n_active, "n_active", 0.0, 1e150),
        fan_out=as_positive(fan_out, "fan_out", 1.0, 1e150),
        error=as_positive(error, "error", 1e-300, 1 - 1e-16),
    )
    with np.errstate(divide="ignore"):
        return np.asarray(m * d / (8 * s * k * np.log(1 / e)))


def _runs_away(n: float, m: float, k: float, s: int) -> bool:
    error, before = 0.0, -1.0
    for _ in range(_PATIENCE):
        if error > s * k / m or error + s * k / m > 0.5:
            return True
        if error == before:
            return False
        before, error = error, float(neuron_error(min(s * k / m + error, 1.0), n_features=n, n_neurons=m, fan_out=s))
    return False


def _fed(mean: float) -> tuple[Real, Real]:
    """Numbers of features that feed a neuron, and how likely each is; a few thousand of them at any mean."""
    if mean > _MANY:
        deviations = np.linspace(ndtri(_TAIL), -ndtri(_TAIL), _MOST_TERMS)
        chance = np.exp(-(deviations**2) / 2)
        return mean + np.sqrt(mean) * deviations, chance / chance.sum()
    fewest, most = (float(end) for end in (poisson.ppf(_TAIL, mean), poisson.isf(_TAIL, mean)))
    if most - fewest < _MOST_TERMS:
        fed = np.arange(fewest, most + 1)
        return fed, np.asarray(poisson.pmf(fed, mean))
    fed = np.linspace(fewest, most, _MOST_TERMS).round()
    chance = poisson.pmf(fed, mean)
    return fed, np.asarray(chance / chance.sum())


def _network(n_features: float, n_neurons: float, fan_out: int) -> tuple[float, float, int]:
    n, m = (
        float(as_positive(n_features, "n_features", 1.0, 1e300)),
        float(as_positive(n_neurons, "n_neurons", 1.0, 1e300)),
    )
    if not 1 <= fan_out <= m:
        raise InputError(f"fan_out must lie between 1 and n_neurons = {m:g}; got {fan_out}.")
    return n, m, fan_out
