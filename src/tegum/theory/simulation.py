"""A sparse network of n neurons, simulated in m dimensions: what it should cost.

Each neuron has a random unit vector of the layer's own. A layer reads every neuron off the m numbers, and a neuron of
the next layer computes φ(r_a - r_b): it is driven by one neuron and inhibited by another, and every neuron drives one
and inhibits one. With neurons that are 0 or 1 this is "a and not b", so the activity stays as sparse as it was.
"""

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import binom

from tegum.ground.arrays import Real
from tegum.ground.errors import InputError


def relu_error(n_neurons: int, n_hidden: int, *, n_active: float, n_layers: int) -> Real:
    """Mean squared error of silent neurons that a plain ReLU passes on, layer by layer.

    Read-off noise has variance v = E/m, with E the sum of squares of what is stored. Layer 0 is what is read without a
    computation. A silent neuron sees noise of variance V_1 = 2v and passes V_1/2 on. So it goes on: the energy becomes
    E = k (1 + V) + n V/2, and the next variance is V (1 - 1/π) + 2 E/m, as the rest of two rectified noises differ by
    V (1 - 1/π).

    Args:
        n_neurons: neurons n of each layer.
        n_hidden: dimensions m.
        n_active: active neurons k, in the mean.
        n_layers: layers that compute, at least 0.

    Returns:
        (n_layers + 1,), squared activity. The first is k/m, and so is the second.

    Raises:
        InputError: a count is not positive.

    Example: with m = n/4 the noise of the first layer has four times the energy of the signal.
        >>> relu_error(1024, 256, n_active=4, n_layers=2).round(4)
        array([0.0156, 0.0156, 0.0893])

    Known problems:
        From the second layer on the noise is taken as normal.

    Source:
        Ours.
    """
    _check(n_neurons, n_hidden, n_active)
    energy = float(n_active)
    errors, variance = [energy / n_hidden], 0.0
    for _ in range(n_layers):
        variance = variance * (1 - 1 / np.pi) + 2 * energy / n_hidden
        errors.append(variance / 2)
        energy = n_active * (1 + variance) + n_neurons * variance / 2
    return np.array(errors)


def wrong_neurons(n_neurons: int, n_hidden: float, *, n_active: float, n_layers: int) -> Real:
    """Expected number of neurons that are wrong, layer by layer, if each fires when it sees more than 1/2.

    With K active neurons a silent one is wrong with probability Q(1/2 / √(2K/m)), an active one with
    Q(1/2 / √((2K - 1)/m)). A wrong neuron makes one wrong in the next layer: errors add up, and false ones add noise.
    Layer 0 is what is read without a computation, where the noise has half the variance. K is binomial.

    Args:
        n_neurons: neurons n of each layer.
        n_hidden: dimensions m.
        n_active: active neurons k, in the mean.
        n_layers: layers that compute, at least 0.

    Returns:
        (n_layers + 1,), a number of neurons.

    Raises:
        InputError: a count is not positive.

    Example:
        >>> wrong_neurons(1024, 512, n_active=4, n_layers=2).round(3)
        array([0.005, 0.347, 1.244])

    Known problems:
        The tail of the normal distribution is too heavy for few dimensions: too large below about 50.

    Source:
        Ours; the noise of a read-off as in Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for
        Computation in Superposition.
    """
    _check(n_neurons, n_hidden, n_active)
    active = np.arange(n_neurons + 1.0)
    weight = binom.pmf(active, n_neurons, n_active / n_neurons)
    active, weight = active[weight > 1e-12], weight[weight > 1e-12]
    missed, false = np.zeros((2, len(active)))
    wrong = [weight @ _fresh(n_neurons, n_hidden, active, active, share=0.5).sum(axis=0)]
    for _ in range(n_layers):
        # what is wrong already stays so; new errors come from all that is on, true or not
        fresh = _fresh(n_neurons, n_hidden, active, active - missed + false, share=1.0)
        missed, false = missed + fresh[0], false + fresh[1]
        wrong.append(weight @ np.minimum(missed + false, n_neurons))
    return np.array(wrong)


def least_width(n_neurons: int, *, n_active: float, n_layers: int, n_wrong: float = 1.0) -> float:
    """Dimensions from which on fewer neurons are wrong than allowed.

    The root of `wrong_neurons` = n_wrong at the last layer.
    With exactly k active neurons 16 k ln n would do; inputs with more of them are what costs more.

    Args:
        n_neurons: neurons n of each layer.
        n_active: active neurons k, in the mean.
        n_layers: layers that compute.
        n_wrong: number of wrong neurons allowed in the last layer, above 0.

    Returns:
        A number of dimensions, not rounded.

    Raises:
        InputError: a count is not positive, or no width above 1 is so bad.

    Example:
        >>> [round(least_width(n, n_active=4, n_layers=2)) for n in (256, 1024, 4096)]
        [366, 530, 726]

    Source:
        Ours.
    """

    def excess(log_m: float) -> float:
        made = wrong_neurons(n_neurons, np.exp(log_m), n_active=n_active, n_layers=n_layers)
        return float(np.log(max(made[-1], 1e-300) / n_wrong))

    low, high = 0.0, np.log(1000.0 * n_active * np.log(n_neurons + 2.0))
    if not excess(low) > 0 > excess(high):
        raise InputError(f"n_wrong = {n_wrong:g} is not crossed above one dimension; ask for fewer wrong neurons.")
    root: Any = brentq(excess, low, high, xtol=1e-6)
    return float(np.exp(root))


def _fresh(n: int, m: float, active: Real, on: Real, *, share: float) -> Real:
    """New misses and new false positives, if `on` neurons are on; `share` 1/2 for a single read-off."""
    silent = np.sqrt(share * 2 * np.maximum(on, 1e-300) / m)
    firing = np.sqrt(share * np.maximum(2 * on - 1, 1e-300) / m)
    return np.array([active * ndtr(-0.5 / firing), (n - active) * ndtr(-0.5 / silent)])


def _check(n_neurons: int, n_hidden: float, n_active: float) -> None:
    if not (n_neurons >= 1 and n_hidden >= 1 and 0 < n_active <= n_neurons):
        raise InputError(
            f"got n_neurons = {n_neurons}, n_hidden = {n_hidden} and n_active = {n_active}; expected at least one"
            " neuron and dimension, and between 0 and n_neurons active."
        )
