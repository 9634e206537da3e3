"""ANDs of features that are themselves in superposition: noise at a neuron, misfires, and how many ANDs fit.

A feature that is off is read from d dimensions, with k others on, as noise of variance k/d. A neuron that sees S
features adds up S of those: V = S k/d.
"""

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import ndtr
from scipy.stats import binom

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import as_positive, together
from tegum.theory.gaussian import in_deviations, normal_density
from tegum.theory.roots import last_true

NOISE_LIMIT = 0.03
"""V at which a step halfway between one feature on and two misfires with probability 0.002."""

_NODES, _COUNTED = 40, 200


def misfire_probability(noise: ArrayLike, margin: ArrayLike = 0.5) -> Real:
    """Probability that noise of variance V carries a neuron over a margin: Q(margin/√V).

    With bias -1 the margin is 1 if no feature of a neuron is on, and 0 if one is. A step halfway between one and two
    has the margin ½ to both sides.

    Args:
        noise: V, at least 0.
        margin: distance to the threshold.

    Returns:
        Broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> misfire_probability([1, 0.1, 0.03], [1, 1, 0.5]).round(4)
        array([0.1587, 0.0008, 0.0019])
    """
    v, a = _noise(noise, margin)
    return np.asarray(ndtr(-in_deviations(a, np.sqrt(v))))


def leak(noise: ArrayLike, margin: ArrayLike = 0.0, gain: ArrayLike = 1.0) -> Real:
    """Mean output of a ReLU that stands a margin above what noise of variance V adds to: g (σ φ(a/σ) - a Q(a/σ)).

    With bias -1 and one feature on the margin is 0, and the leak √(V/2π) is not exponentially small.

    Args:
        noise: V, at least 0.
        margin: a, distance to the kink.
        gain: g, slope above it.

    Returns:
        Broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example: bias -1; bias -3/2 with gain 2.
        >>> leak(0.12, [0, 0.5], [1, 2]).round(4)
        array([0.1382, 0.0231])
    """
    v, a = _noise(noise, margin)
    v, a, g = together(noise=v, margin=a, gain=as_positive(gain, "gain", -1e150, 1e150))
    s = np.sqrt(v)
    z = in_deviations(a, s)
    away = np.where(v > 0, a * ndtr(-z), np.minimum(a, 0.0))
    return np.asarray(g * (s * normal_density(z) - away))


def max_universal_features(
    n_hidden: ArrayLike, n_neurons: ArrayLike, n_active: ArrayLike, *, noise_limit: ArrayLike = NOISE_LIMIT
) -> Real:
    """Features in superposition of which all pairwise ANDs can be read.

    Coverage asks for q = √(2 ln n/m), and noise for q n k/d ≤ V*: n √(2 ln n) = V* d √m/k.

    Args:
        n_hidden: d, dimensions that hold the features.
        n_neurons: m.
        n_active: k.
        noise_limit: V*.

    Returns:
        Broadcast shape, not rounded; at least 1.

    Raises:
        InputError: an argument outside its range.

    Example: fewer than dimensions, until there are millions of them.
        >>> max_universal_features([512, 4096, 4096, 100_000], [512, 4096, 4096, 100_000], [3, 3, 10, 10]).round()
        array([   42.,   722.,   238., 21251.])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition, for the
        order; Hänni, Mendel, Vaintrob and Chan 2024, Mathematical Models of Computation in Superposition.
    """
    d, m, k, most = _sizes(n_hidden, n_neurons, n_active, noise_limit)
    room = np.log(most) + np.log(d) + 0.5 * np.log(m) - np.log(k)
    log_n = last_true(lambda x: x + 0.5 * np.log(2 * x) <= room, np.full(room.shape, 0.0), np.maximum(room, 0.0) + 3)
    return np.asarray(np.exp(log_n))


def max_targeted_ands(
    n_hidden: ArrayLike,
    n_neurons: ArrayLike,
    n_active: ArrayLike,
    *,
    neurons_per_gate: ArrayLike,
    noise_limit: ArrayLike = NOISE_LIMIT,
) -> Real:
    """Chosen ANDs of disjoint pairs that fit: T = V* m d/(2 s k), of the order of the number of weights.

    It is more than one for each neuron if d exceeds 2 s k/V*. The noise is that of an average neuron. Those that serve
    a gate see more features than average: `targeted_error` reckons with that.

    Args:
        n_hidden: d.
        n_neurons: m.
        n_active: k.
        neurons_per_gate: s.
        noise_limit: V*.

    Returns:
        Broadcast shape, not rounded.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> sizes = [512, 4096, 10_000]
        >>> np.floor(max_targeted_ands(sizes, sizes, 10, neurons_per_gate=4))
        array([   98.,  6291., 37500.])

    Source:
        Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition, for the
        order.
    """
    d, m, k, most = _sizes(n_hidden, n_neurons, n_active, noise_limit)
    s = as_positive(neurons_per_gate, "neurons_per_gate", 1.0, 1e150)
    return np.asarray(most * m * d / (2 * s * k))


def targeted_misfire(
    n_features: float,
    n_neurons: float,
    n_gates: float,
    n_active: float,
    *,
    neurons_per_gate: float,
    n_on: int,
    order: int = 2,
    n_hidden: float = np.inf,
) -> float:
    """Probability that a neuron which serves a targeted AND of r features is on the wrong side of a step at r - ½.

    Besides its gate it serves G ~ Binomial(T - 1, s/m) others, and sees their r G features. A neuron that serves a gate
    sees more features than an average one. Each other feature that is on is among them with probability r G/(n - r)
    and counts as one too many. Noise has variance (r k - n_on)/d + r G k/d.

    Args:
        n_features: n, of which gates take r at random.
        n_neurons: m.
        n_gates: T.
        n_active: k.
        neurons_per_gate: s.
        n_on: features of the gate that are on, 0 to r.
        order: r, features of a gate.
        n_hidden: d; inf if features are the inputs themselves.

    Returns:
        A probability: of being above the step, or of not being above it if all features are on.

    Raises:
        InputError: an argument outside its range.

    Example: as many ANDs as there are neurons, on 512 dimensions.
        >>> round(targeted_misfire(1024, 512, 512, 10, neurons_per_gate=4, n_on=1, n_hidden=512), 3)
        0.169

    Source:
        Ours.
    """
    _check_case(n_on, order, n_active, neurons_per_gate, n_neurons, n_gates)
    fires, mass = _firing(n_features, n_neurons, n_gates, n_active, neurons_per_gate, n_on, order, n_hidden)
    return float((1 - fires if n_on == order else fires) @ mass)


def targeted_error(
    n_features: float,
    n_neurons: float,
    n_gates: float,
    n_active: float,
    *,
    neurons_per_gate: int,
    n_on: int,
    order: int = 2,
    n_hidden: float = np.inf,
) -> float:
    """Probability that a targeted AND lies on the wrong side of ½: that a majority of its neurons misfires.

    Neurons misfire as in `targeted_misfire`. The noise of the gate's own features is the same for all of them, so it
    does not average out; that of the other features is taken as independent. With an even number of neurons, a draw
    counts half.

    Args:
        n_features: n, of which gates take r at random.
        n_neurons: m.
        n_gates: T.
        n_active: k.
        neurons_per_gate: s.
        n_on: features of the gate that are on, 0 to r.
        order: r, features of a gate.
        n_hidden: d; inf if features are the inputs themselves.

    Returns:
        A probability.

    Raises:
        InputError: an argument outside its range.

    Example: 1000 ANDs with 300 neurons, with 4 and with 8 features on.
        >>> for k, s in ((4, 9), (8, 15)):
        ...     print(round(targeted_error(2000, 300, 1000, k, neurons_per_gate=s, n_on=1), 4))
        0.0005
        0.0508

    Source:
        Ours.
    """
    _check_case(n_on, order, n_active, neurons_per_gate, n_neurons, n_gates)
    s = int(neurons_per_gate)
    fires, mass = _firing(n_features, n_neurons, n_gates, n_active, s, n_on, order, n_hidden)
    misfires = 1 - fires if n_on == order else fires
    draw = binom.pmf(s // 2, s, misfires) / 2 if s % 2 == 0 else 0.0
    return float(np.clip((binom.sf(s // 2, s, misfires) + draw) @ mass, 0.0, 1.0))


def _firing(
    n_features: float,
    n_neurons: float,
    n_gates: float,
    n_active: float,
    s: float,
    n_on: int,
    order: int,
    n_hidden: float,
) -> tuple[Real, Real]:
    """Probability of being above the step for some values of the shared noise, and the weights of these values."""
    d, m, k, _ = (float(each) for each in _sizes(n_hidden, n_neurons, n_active, 1.0))
    n = float(as_positive(n_features, "n_features", order + 1.0, 1e150))
    served, chance = _others_served(n_gates, s / m)
    nodes, mass = hermegauss(_NODES)
    shared = nodes * np.sqrt(max(order * k - n_on, 0.0) / d)
    return _fires(n_on, order, served, shared[:, np.newaxis], n, k, d) @ chance, mass / mass.sum()


def _check_case(
    n_on: int, order: int, n_active: float, neurons_per_gate: float, n_neurons: float, n_gates: float
) -> None:
    if not 0 <= n_on <= order or n_active < n_on or not 1 <= neurons_per_gate <= n_neurons or n_gates < 1:
        raise InputError(
            f"expected n_on of 0 to {order} and at most n_active, neurons_per_gate between 1 and n_neurons, and n_gates"
            f" of at least 1; got n_on={n_on}, n_active={n_active:g}, neurons_per_gate={neurons_per_gate:g},"
            f" n_neurons={n_neurons:g}, n_gates={n_gates:g}."
        )


def _fires(n_on: int, order: int, served: Real, shared: Real, n: float, k: float, d: float) -> Real:
    """Probability that a neuron is above r - ½, given the gates that it serves besides and the noise it shares."""
    seen = np.minimum(order * served / (n - order), 1.0)
    others = k - n_on
    deviation = np.sqrt(order * served * k / d)
    made = np.zeros(np.broadcast_shapes(served.shape, shared.shape))
    none, one = (1 - seen) ** others, others * seen * (1 - seen) ** max(others - 1, 0.0)
    for extra, weight in ((0, none), (1, one), (2, np.maximum(1 - none - one, 0.0))):
        made = made + weight * (1 - ndtr(in_deviations(order - 0.5 - n_on - extra - shared, deviation + 0 * shared)))
    return np.asarray(made)


def _others_served(n_gates: float, share: float) -> tuple[Real, Real]:
    """How many other gates a neuron serves, and with which probability; of very many numbers some are left out."""
    trials = round(n_gates) - 1
    mean, deviation = trials * share, np.sqrt(trials * share * (1 - share))
    if deviation > _COUNTED:  # normal, and smooth
        nodes = np.linspace(-7, 7, _COUNTED)
        chance = normal_density(nodes)
        return np.maximum(mean + deviation * nodes, 0.0), chance / chance.sum()
    counts = np.arange(max(0.0, np.floor(mean - 8 * deviation)), min(trials, np.ceil(mean + 8 * deviation) + 16) + 1)
    chance = binom.pmf(counts, trials, share)
    return counts, chance / chance.sum()


def _noise(noise: ArrayLike, margin: ArrayLike) -> tuple[Real, ...]:
    return together(noise=as_positive(noise, "noise", 0.0, 1e150), margin=as_positive(margin, "margin", -1e150, 1e150))


def _sizes(n_hidden: ArrayLike, n_neurons: ArrayLike, n_active: ArrayLike, noise: ArrayLike) -> tuple[Real, ...]:
    return together(
        n_hidden=as_positive(n_hidden, "n_hidden", 1.0),
        n_neurons=as_positive(n_neurons, "n_neurons", 1.0, 1e150),
        n_active=as_positive(n_active, "n_active", 1.0, 1e150),
        noise_limit=as_positive(noise, "noise_limit", 1e-150, 1e150),
    )
