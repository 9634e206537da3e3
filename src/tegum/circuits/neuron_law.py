"""The law of neurons that atoms share: how they answer, and how often most of an atom's neurons mislead.

What a neuron sees beside the signals of an atom: others that are on by chance, a Poisson number of them; another atom
that it serves and that is on; and noise, from signals that are off but not quite 0 and from a stream in superposition.
"""

from typing import NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import ndtr
from scipy.stats import binom, poisson

from tegum.circuits.demand import Group
from tegum.ground.arrays import Real
from tegum.theory.gaussian import normal_density

LEAST_NOISE = 1e-9
"""Variance below which there is none; it keeps quotients finite."""

_MOST_BY_CHANCE, _NODES = 5, 5
_SUMS = np.arange(7)


class Share(NamedTuple):
    """The neurons of one group of atoms.

    Args:
        n_neurons: of this group; each is one ReLU, or two in a corrected layer.
        per_atom: s, neurons that an atom is read from.
        n_others: how many signals such a neuron sees beside those of the atom, on average.
        n_shared: how many other atoms it serves.

    Example: see `LayerDesign`.
    """

    n_neurons: int
    per_atom: int
    n_others: float
    n_shared: float


class Noise(NamedTuple):
    """What is read in place of the signals of one layer, for each sampled input: all (n_samples,).

    Args:
        off_mean: mean of a signal at rest, beyond the offset that is taken off.
        off_variance: its variance.
        on_mean: how much a signal away from rest exceeds 1.
        on_variance: its variance.
        off_wrong: chance that a signal at rest is read as away from it.
        on_wrong: the other way round.
        subtracts: 1 if misfires can make a signal smaller, as some gate subtracts a product; else 0.
        energy: sum of squares of what the stream holds for this layer.
        n_terms: of the stream that a signal of this layer is read from, weighted with squared coefficients.

    Example: see `forecast_layer`.
    """

    off_mean: Real
    off_variance: Real
    on_mean: Real
    on_variance: Real
    off_wrong: Real
    on_wrong: Real
    subtracts: Real
    energy: Real
    n_terms: Real


def exact_features(n_on: Real) -> Noise:
    """What is read in place of the features: no noise of their own, and as much energy as there are features on.

    Example:
        >>> exact_features(np.array([3.0])).energy
        array([3.])
    """
    zero = np.zeros(len(n_on))
    return Noise(zero, zero, zero, zero, zero, zero, zero, np.asarray(n_on, np.float64), zero + 1)


class Law(NamedTuple):
    """Of one group of atoms, by how many of their signals are on, 0 to 6: (7, n_samples).

    Args:
        mean: of an atom's neurons.
        variance: of the mean of its neurons.
        wrong: chance that this mean is on the wrong side of ½.

    Example: see `tegum.circuits.forecast.forecast_layer`.
    """

    mean: Real
    variance: Real
    wrong: Real


def atom_law(group: Group, share: Share, corrected: bool, before: list[Noise], crosstalk: Real) -> Law:
    """The law of a group of atoms.

    Args:
        group: of atoms.
        share: neurons that they have.
        corrected: whether neurons are steps with flat ends.
        before: noise of the features and of all earlier layers.
        crosstalk: (n_samples,), variance that overlapping directions add to each thing that is read from the stream.

    Returns:
        Means, variances and chances of a wrong atom.

    Example: see `tegum.circuits.forecast.forecast_layer`.
    """
    noise = mixed(group.sources, before)
    sums = _SUMS[:, np.newaxis]
    on = sums >= group.order
    off = np.maximum(group.order - sums, 0)
    centre = sums * (1 + noise.on_mean) + (off + share.n_others) * noise.off_mean - group.order
    misread = sums * noise.on_variance + off * noise.off_variance
    # Misfires only add, if no gate subtracts and no direction overlaps: they are no danger to atoms that are on.
    lowers = np.where(on, np.where(crosstalk > 0, 1.0, noise.subtracts), 1.0)
    own = lowers * misread + group.order * noise.n_terms * crosstalk + LEAST_NOISE
    others = share.n_others * (lowers * noise.off_variance + noise.n_terms * crosstalk) + LEAST_NOISE
    extra, chance = _by_chance(group, share)
    at = centre[..., np.newaxis] + extra
    full = 0.0 if corrected else (1 - lowers) * (misread + share.n_others * noise.off_variance)
    deviation = np.sqrt(own + others + full)[..., np.newaxis]
    mean, square, slope = ((part * chance).sum(axis=-1) for part in _moments(at, deviation, corrected))
    spread = np.maximum(square - mean**2, 0.0)
    shared = np.minimum(slope**2 * (own + full), spread)
    variance = shared + (spread - shared) / share.per_atom
    if corrected:
        return Law(mean, variance, _most_misfire(at, chance, own, others, share.per_atom, on))
    return Law(mean, variance, _sum_misleads(centre, share, group, own + others / share.per_atom, on))


def _by_chance(group: Group, share: Share) -> tuple[Real, Real]:
    """What others add (n_values,), and how likely (n_samples, n_values): signals that are on, or an atom that is."""
    extra = np.arange(_MOST_BY_CHANCE + 1)
    chance = poisson.pmf(extra, (share.n_others * group.on)[:, np.newaxis])
    chance[:, -1] = np.maximum(1 - chance[:, :-1].sum(axis=1), 0.0)
    atom = np.minimum(share.n_shared * group.all_on, 1.0)[:, np.newaxis]
    return np.append(extra, group.order), np.concatenate([chance * (1 - atom), atom], axis=1)


def mixed(sources: Real, before: list[Noise]) -> Noise:
    """Noise of a signal that comes from one of the earlier layers.

    Args:
        sources: (n_layers,), how likely it comes from each.
        before: noise of each.

    Returns:
        The mean of each part.

    Example:
        >>> mixed(np.array([0.5, 0.5]), [exact_features(np.array([1.0])), exact_features(np.array([3.0]))]).energy
        array([2.])
    """
    return Noise(*(sources @ np.stack(part) for part in zip(*before, strict=True)))


def _moments(at: Real, deviation: Real, corrected: bool) -> tuple[Real, Real, Real]:
    """Mean, mean square and mean slope of a neuron, at a distance from its order, with normal noise."""
    gain, margin = (2.0, 0.75) if corrected else (1.0, 1.0)
    y, s = gain * (at + margin), gain * deviation
    mean, square = _relu(y, s)
    slope = gain * ndtr(y / s)
    if not corrected:
        return mean, square, slope
    # min(R(y), 1) = R(y) - R(y - 1), and its square is R(y)² - R(y - 1)² - 2 R(y - 1)
    above, above_square = _relu(y - 1, s)
    square = np.maximum(square - above_square - 2 * above, 0.0)
    return mean - above, square, slope - gain * ndtr((y - 1) / s)


def _relu(y: Real, s: Real) -> tuple[Real, Real]:
    z = y / s
    tail, density = ndtr(z), normal_density(z)
    return y * tail + s * density, np.maximum((y**2 + s**2) * tail + y * s * density, 0.0)


def _most_misfire(at: Real, chance: Real, own: Real, others: Real, per_atom: int, on: Real) -> Real:
    """Chance that most neurons of an atom are on the wrong side, given the noise that they share, and over it."""
    nodes, mass = hermegauss(_NODES)
    made = np.zeros(own.shape)
    for node, part in zip(nodes, mass / mass.sum(), strict=True):
        place = at + (node * np.sqrt(own))[..., np.newaxis] + 0.5  # outputs cross ½ at ½ below the order
        above = (ndtr(place / np.sqrt(others)[..., np.newaxis]) * chance).sum(axis=-1)
        misfires = np.clip(np.where(on, 1 - above, above), 0.0, 1.0)
        draw = binom.pmf(per_atom // 2, per_atom, misfires) / 2 if per_atom % 2 == 0 else 0.0
        made += part * (binom.sf(per_atom // 2, per_atom, misfires) + draw)
    return made


def _sum_misleads(centre: Real, share: Share, group: Group, noise: Real, on: Real) -> Real:
    """Chance that the mean of ReLUs without a bound is on the wrong side: all that is on by chance adds up."""
    s = share.per_atom
    extra = np.arange(_MOST_BY_CHANCE * s + 1)
    chance = poisson.pmf(extra, (s * (share.n_others * group.on + share.n_shared * group.all_on))[:, np.newaxis])
    at = centre[..., np.newaxis] + 0.5 + extra / s
    above = (ndtr(at / np.sqrt(noise)[..., np.newaxis]) * chance).sum(axis=-1) + np.maximum(1 - chance.sum(axis=-1), 0)
    return np.clip(np.where(on, 1 - above, above), 0.0, 1.0)
