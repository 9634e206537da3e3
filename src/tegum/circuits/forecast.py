"""How wrong a compiled layer will be, before it is made: noise carried from layer to layer, input by input.

Noise is followed for a sample of inputs, as errors depend steeply on how much is on. A gate is wrong if one of its
atoms is, if the noise of what it adds up is too large, or if one of its inputs was wrong.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from tegum.circuits.demand import Demand, Kind
from tegum.circuits.neuron_law import LEAST_NOISE, Law, Noise, Share, atom_law, mixed
from tegum.ground.arrays import Real

_MOST_LEAK, _TOO_SMALL = 0.2, 1e-3


class LayerDesign(NamedTuple):
    """How a layer is to be built.

    Args:
        construction: "own" (a neuron for each atom), "targeted" (s neurons for each, shared) or "universal" (neurons
            that see signals at random).
        corrected: whether neurons are steps with flat ends, so that small noise does not get through.
        shares: neurons of each group.

    Example: a corrected neuron is a difference of two ReLUs.
        >>> LayerDesign("own", True, (Share(5, 1, 0.0, 0.0),)).n_relus
        10
    """

    construction: str
    corrected: bool
    shares: tuple[Share, ...]

    @property
    def n_relus(self) -> int:
        """ReLUs of the layer."""
        return sum(share.n_neurons for share in self.shares) * (2 if self.corrected else 1)


class Calibration(NamedTuple):
    """How the mean of an atom's neurons is turned into its estimate: gain (mean - offset - slope Σ its signals).

    Neurons leak: they are on a little with some of the signals on. For pairs this is the second difference of what is
    expected with none, one and both on.

    Args:
        offset: expected mean with no signal on.
        slope: what one signal adds; 0 for more than two signals.
        gain: so that all on give 1.

    Example:
        >>> calibrated = Calibration(0.0, 0.1, 1.25)
        >>> [round(calibrated.gain * (mean - calibrated.slope * n_on), 3) for n_on, mean in ((1, 0.1), (2, 1.0))]
        [0.0, 1.0]
    """

    offset: float
    slope: float
    gain: float


class LayerForecast(NamedTuple):
    """What is expected of a layer.

    Args:
        errors: (n_gates, 3), probability that a gate is read wrongly: where it should be away from rest, where it
            should not though one of its inputs is, and where all its inputs are at rest.
        calibrations: of each group of atoms.
        noise: that it hands on.

    Example: see `forecast_layer`.
    """

    errors: Real
    calibrations: list[Calibration]
    noise: Noise

    @property
    def worst(self) -> float:
        """The largest error of any gate, in any case."""
        return float(self.errors.max())


def forecast_layer(demand: Demand, design: LayerDesign, before: list[Noise], width: float) -> LayerForecast:
    """Expected errors of a layer, and the noise that it hands on.

    Args:
        demand: what the layer is to compute.
        design: how.
        before: noise of the features and of all earlier layers.
        width: dimensions of the stream; inf if everything in it has one of its own.

    Returns:
        The forecast.

    Example: a neuron for each gate is exact, a neuron for eight of them is not.
        >>> from tegum.circuits import random_circuit
        >>> from tegum.circuits.demand import away_from_rest, demands
        >>> from tegum.circuits.neuron_law import exact_features
        >>> from tegum.circuits.supports import random_supports
        >>> circuit = random_circuit(100, 400)
        >>> away = away_from_rest(circuit, random_supports(100, 50, n_active=4))
        >>> (demand,), before = demands(circuit, away), [exact_features(np.full(50, 4.0))]
        >>> for design in (LayerDesign("own", False, (Share(400, 1, 0.0, 0.0),)),
        ...                LayerDesign("targeted", True, (Share(50, 1, 14.0, 7.0),))):
        ...     print(round(forecast_layer(demand, design, before, np.inf).worst, 2))
        0.0
        0.43
    """
    crosstalk = np.sum([each.energy for each in before], axis=0) / width
    laws = [
        atom_law(group, share, design.corrected, before, crosstalk)
        for group, share in zip(demand.groups, design.shares, strict=True)
    ]
    calibrations = [_calibration(group.order, law) for group, law in zip(demand.groups, laws, strict=True)]
    rows = [_rows(kind, laws, calibrations, before, crosstalk) for kind in demand.kinds]
    errors = np.zeros((demand.n_gates, 3))
    for kind, (_, _, wrong) in zip(demand.kinds, rows, strict=True):
        for case in range(3):
            own = kind.cases == case
            if own.any():
                likely = _likely(kind.bits[own], demand.on)
                each = (likely * wrong[own]).sum(axis=0) / likely.sum(axis=0)
                weights = demand.counts[case] if demand.counts[case].any() else np.ones(len(each))
                errors[kind.gates, case] = each @ weights / weights.sum()
    return LayerForecast(errors, calibrations, _handed_on(demand, rows, laws, before))


def _calibration(order: int, law: Law) -> Calibration:
    none, one, every = (float(law.mean[n_on].mean()) for n_on in (0, 1, order))
    if max(abs(none), abs(one), abs(every - 1)) < _TOO_SMALL:
        return Calibration(0.0, 0.0, 1.0)
    slope = min(max(one - none, 0.0), _MOST_LEAK) if order == 2 else 0.0
    return Calibration(none, slope, 1 / max(every - none - order * slope, 0.5))


def _rows(
    kind: Kind, laws: list[Law], calibrations: list[Calibration], before: list[Noise], crosstalk: Real
) -> tuple[Real, Real, Real]:
    """Of a kind of gate, for each row of its table: deviation from the truth, variance, chance of a wrong reading."""
    noise = mixed(kind.sources, before)
    linear = kind.linear.astype(np.float64)
    deviation, variance, wrong = (np.zeros((len(kind.bits), len(noise.on_mean))) for _ in range(3))
    for group, coefficient, inputs in kind.needs:
        law, (offset, slope, gain), n_on = laws[group], calibrations[group], kind.bits @ inputs
        truth = (n_on == inputs.sum())[:, np.newaxis]
        leak = offset + slope * n_on[:, np.newaxis]
        deviation += coefficient * (gain * (law.mean[n_on] - leak) - truth)
        variance += (coefficient * gain) ** 2 * law.variance[n_on]
        wrong += law.wrong[n_on]
        linear = linear - coefficient * gain * slope * inputs
    on, off, squares = kind.bits, 1 - kind.bits, linear**2
    shift = (on @ linear)[:, np.newaxis] * noise.on_mean + (off @ linear)[:, np.newaxis] * noise.off_mean
    spread = (on @ squares)[:, np.newaxis] * noise.on_variance + (off @ squares)[:, np.newaxis] * noise.off_variance
    # A wrong input makes a wrong gate; what is noise that adds up and what is a neuron that misfired is told by size.
    inherited = on.sum(axis=1)[:, np.newaxis] * noise.on_wrong + off.sum(axis=1)[:, np.newaxis] * noise.off_wrong
    if kind.linear.any():
        noisy = spread + squares.sum() * noise.n_terms * crosstalk + LEAST_NOISE
        tail = ndtr(-np.maximum(0.5 - np.abs(shift), 0.0) / np.sqrt(noisy))
        inherited = np.maximum(inherited, tail)
    return deviation + shift, variance + spread, np.minimum(wrong + inherited, 1.0)


def _likely(bits: np.ndarray, on: Real) -> Real:
    """(n_rows, n_samples): how likely each row is, as if inputs were independent."""
    count, share = bits.sum(axis=1)[:, np.newaxis], np.clip(on, 1e-6, 0.5)
    return share**count * (1 - share) ** (bits.shape[1] - count)


def _handed_on(demand: Demand, rows: list[tuple[Real, Real, Real]], laws: list[Law], before: list[Noise]) -> Noise:
    parts = []
    for wanted in (False, True):  # at rest, away from it
        weights = [
            len(kind.gates) * np.where((kind.cases == 0)[:, np.newaxis] == wanted, _likely(kind.bits, demand.on), 0.0)
            for kind in demand.kinds
        ]
        total = np.maximum(sum(part.sum(axis=0) for part in weights), 1e-300)
        squares = [each[0] ** 2 + each[1] for each in rows]
        mean, square, wrong = (
            sum((w * value).sum(axis=0) for w, value in zip(weights, values, strict=True)) / total
            for values in ([each[0] for each in rows], squares, [each[2] for each in rows])
        )
        parts.append((mean, np.maximum(square - mean**2, 0.0), wrong))
    energy, terms, subtracts = (np.zeros(len(demand.on)) for _ in range(3))
    for kind in demand.kinds:
        negative = any(coefficient < 0 for _, coefficient, _ in kind.needs) or (kind.linear < 0).any()
        subtracts = subtracts + (1.0 if negative else mixed(kind.sources, before).subtracts)
        likely, share = _likely(kind.bits, demand.on), len(kind.gates) / demand.n_gates
        terms = terms + share * (kind.linear**2).sum() * mixed(kind.sources, before).n_terms
        for group, coefficient, inputs in kind.needs:
            n_on = kind.bits @ inputs
            square = laws[group].mean[n_on] ** 2 + laws[group].variance[n_on]
            energy = energy + len(kind.gates) * (likely * square).sum(axis=0)
            terms = terms + share * coefficient**2
    (off_mean, off_variance, off_wrong), (on_mean, on_variance, on_wrong) = parts
    return Noise(
        off_mean, off_variance, on_mean, on_variance, off_wrong, on_wrong, np.minimum(subtracts, 1.0), energy, terms
    )
