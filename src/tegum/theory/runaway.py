"""A step in every layer: how many active features it holds for good, and how wrong ones multiply where it does not.

A feature is on or off. With κ features on, each of the n others is switched on by noise with probability
Q(½ √(m/κ)). A wrong feature is carried to the next layer with a chance ρ. The more are on, the more noise there is, so
below a critical load wrong features settle at a small number, and above it they run away (a saddle-node).
"""

import numpy as np
from scipy.special import ndtr
from scipy.stats import binom, poisson

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import Count, Numbers, Sizes, alongside, as_positive, sizes
from tegum.theory.gaussian import in_deviations
from tegum.theory.roots import last_true

_STEEPEST, _FARTHEST = np.sqrt(3.0), 1e3  # x³ φ(x) falls from its maximum at √3; at 1000 it is 0 for any n


def critical_load(n_features: Count, n_hidden: ArrayLike, carry: ArrayLike = 0.0) -> Real:
    """Active features above which wrong ones run away, with a step at ½ in every layer.

    k_c = max over κ of κ - n Q(½ √(m/κ))/(1 - ρ), at its first local maximum. With x = ½ √(m/κ) that is where
    2 n x³ φ(x) = (1 - ρ) m, on the side x > √3.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff for a tight frame.
        carry: ρ, chance that a false positive survives to the next layer, in [0, 1].

    Returns:
        Broadcast shape. 0 for ρ = 1, as errors that never die add up; n where nothing runs away (n of about m or less).

    Raises:
        InputError: a size outside its range.

    Example:
        >>> critical_load(1000, 500, [0, 0.5, 1]).round(2)
        array([13.84, 11.19,  0.  ])

    Known problems:
        Mean values only. Close below the critical load chance starts the runaway: see `false_positive_law`.

    Source:
        Ours.
    """
    size, rho = _with_carry(sizes(n_features, n_hidden), carry)
    return np.asarray(_turn(size, rho)[1])


def settled_load(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike, carry: ArrayLike = 0.0) -> Real:
    """Features that are on, true ones and false ones, once their number has settled.

    The smallest κ with κ = k + n Q(½ √(m/κ))/(1 - ρ).

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m.
        n_active: k, between 0 and n.
        carry: ρ, in [0, 1].

    Returns:
        Broadcast shape; inf above the critical load. κ - k of them are false.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> settled_load(1000, 500, [8, 12, 14]).round(2)
        array([ 8.04, 12.94,   inf])
    """
    size, rho = _with_carry(sizes(n_features, n_hidden, n_active), carry)
    turn, most = _turn(size, rho)
    low, high = np.log(np.maximum(size.k, 1e-300)), np.log(np.maximum(turn, np.maximum(size.k, 1e-300)))

    def short(log_load: np.ndarray) -> np.ndarray:
        load = np.exp(log_load)
        return np.asarray(load - _false(size, load, rho) < size.k)

    settled = np.exp(last_true(short, low, high))
    return np.asarray(np.where(size.k == 0, 0.0, np.where(size.k <= most, settled, np.inf)))


def false_positive_law(
    n_features: int, n_hidden: float, n_active: float, n_layers: int, *, carry: float = 0.0, most: int = 200
) -> Real:
    """Probabilities of 0, 1, 2, ... false positives in each layer, with chance taken into account.

    From j false positives, a binomial number survives (chance ρ each) and a Poisson number with the mean
    (n - k) Q(½ √(m/(k + j))) is new. The last state, `most` or more, is never left.

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k, between 0 and n.
        n_layers: L, at least 1.
        carry: ρ, in [0, 1].
        most: number of false positives at which an input counts as lost.

    Returns:
        (n_layers, most + 1), each row a probability law.

    Raises:
        InputError: a size outside its range.

    Example: at 12 of a critical 13.8 the mean stays, and yet chance loses some inputs within 100 layers.
        >>> law = false_positive_law(1000, 500, 12, 100)
        >>> (law[[0, 2, 9]] @ np.arange(201)).round(2), law[[9, 99], -1].round(4)
        (array([0.62, 0.94, 1.04]), array([0.    , 0.0026]))

    Source:
        Ours.
    """
    size, rho = _with_carry(sizes(n_features, n_hidden, n_active), carry)
    if n_layers < 1 or most < 1:
        raise InputError(f"n_layers and most must be at least 1; got {n_layers} and {most}.")
    states = np.arange(most)
    mean = (size.n - size.k) * _switched(size, size.k + states)
    new = poisson.pmf(states[:, np.newaxis], mean).T  # (from, how many)
    kept = binom.pmf(states, states[:, np.newaxis], rho)
    moves = np.zeros((most + 1, most + 1))
    for j in range(most):
        moves[j, :most] = np.convolve(kept[j, : j + 1], new[j])[:most]
    moves[:, most] = np.maximum(1 - moves[:, :most].sum(axis=1), 0.0)
    law = np.zeros((n_layers, most + 1))
    law[0, 0] = 1.0
    for layer in range(n_layers):
        law[layer] = law[max(layer - 1, 0)] @ moves
    return law


def _with_carry(size: Sizes, carry: ArrayLike) -> tuple[Sizes, Real]:
    fitted, rho = alongside(size, carry=as_positive(carry, "carry", 0.0, 1.0))
    return fitted, rho


def _switched(size: Sizes, load: Numbers) -> Real:
    """Q(½ √(m/κ)), the chance that noise switches a feature on."""
    return np.asarray(ndtr(-in_deviations(np.array(0.5), np.sqrt(load / size.m))))


def _false(size: Sizes, load: Numbers, rho: Numbers) -> Real:
    """False positives n Q(½ √(m/κ))/(1 - ρ), through ln n, as n may be no float64."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.asarray(np.where(load > 0, np.exp(size.log_n + np.log(_switched(size, load)) - np.log1p(-rho)), 0.0))


def _turn(size: Sizes, rho: Numbers) -> tuple[Real, Real]:
    """The load κ at which κ - n Q/(1 - ρ) first turns down, and its value there, the critical load."""
    with np.errstate(divide="ignore"):
        wanted = np.log(size.m) + np.log1p(-rho) - np.log(2) - size.log_n + np.log(2 * np.pi) / 2

    def steep(x: np.ndarray) -> np.ndarray:
        return np.asarray(3 * np.log(x) - x**2 / 2 >= wanted)

    ever = steep(np.full(size.m.shape, _STEEPEST))
    x = last_true(steep, np.full(size.m.shape, _STEEPEST), np.full(size.m.shape, _FARTHEST))
    turn = np.where(ever, size.m / (4 * x**2), size.n)
    top = np.where(ever, np.maximum(turn - _false(size, turn, rho), 0.0), size.n)
    return np.where(rho == 1, 0.0, np.minimum(turn, size.n)), np.where(rho == 1, 0.0, np.minimum(top, size.n))
