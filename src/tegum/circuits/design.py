"""Which construction each layer of a compiled network gets, and how few neurons are enough."""

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tegum.circuits.demand import Demand
from tegum.circuits.forecast import LayerDesign, LayerForecast, forecast_layer
from tegum.circuits.neuron_law import Noise, Share, exact_features
from tegum.ground.arrays import Real

Correction: TypeAlias = Literal["auto", "always", "never"]
"""Where neurons become steps with flat ends: in as few layers as the error allows, in all, or in none."""

_PER_ATOM = (1, 3, 5, 7, 9, 13)
_UNCOVERED = 0.05


class NetworkDesign(NamedTuple):
    """How a circuit is to be compiled, and what is expected of it.

    Args:
        layers: a design of each layer.
        forecasts: a forecast of each layer.

    Example: see `design_network`.
    """

    layers: list[LayerDesign]
    forecasts: list[LayerForecast]

    @property
    def worst(self) -> float:
        """The largest expected error of any gate, in any case."""
        return max(each.worst for each in self.forecasts)

    @property
    def n_neurons(self) -> int:
        """ReLUs of all layers."""
        return sum(layer.n_relus for layer in self.layers)


def design_network(
    wanted: list[Demand], n_on: Real, *, n_neurons: int, width: float, error: float, correction: Correction
) -> NetworkDesign | None:
    """The design with the fewest corrected layers that meets the error, or else the one with the least error.

    Correction begins at the first layer, as noise grows from there. Each layer takes the construction and the number of
    neurons for an atom with the least expected error; or all take the same number, if that is better in the end.

    Args:
        wanted: what each layer is to compute.
        n_on: (n_samples,), features that are on in each sampled input.
        n_neurons: ReLUs that each layer may have.
        width: dimensions of the stream; inf if everything in it has one of its own.
        error: largest error of a gate.
        correction: where neurons may be corrected.

    Returns:
        The design; None if the neurons do not suffice for one per group of atoms.

    Example: 1000 ANDs of 2000 features.
        >>> from tegum.circuits import random_circuit
        >>> from tegum.circuits.demand import away_from_rest, demands
        >>> from tegum.circuits.supports import random_supports
        >>> circuit = random_circuit(2000, 1000)
        >>> wanted = demands(circuit, away_from_rest(circuit, random_supports(2000, 50, n_active=4)))
        >>> sizes = {"width": np.inf, "error": 0.01, "correction": "auto"}
        >>> for n_neurons in (500, 1000):
        ...     made = design_network(wanted, np.full(50, 4.0), n_neurons=n_neurons, **sizes)
        ...     print(made.layers[0].construction, made.layers[0].shares[0].per_atom, bool(made.worst < 0.01))
        targeted 9 True
        own 1 True
    """
    depths = {"auto": range(len(wanted) + 1), "always": [len(wanted)], "never": [0]}[correction]
    found: list[NetworkDesign] = []
    for n_corrected in depths:
        tried = [
            _with_correction(wanted, n_on, n_neurons, width, n_corrected, s)
            for s in (_PER_ATOM, *((s,) for s in _PER_ATOM))
        ]
        found += [made for made in tried if made]
        if found and min(found, key=_worst).worst <= error:
            break
    return min(found, key=_worst) if found else None


def _worst(design: NetworkDesign) -> float:
    return design.worst


def _with_correction(
    wanted: list[Demand], n_on: Real, n_neurons: int, width: float, n_corrected: int, per_atom: tuple[int, ...]
) -> NetworkDesign | None:
    before: list[Noise] = [exact_features(n_on)]
    made = NetworkDesign([], [])
    for number, demand in enumerate(wanted):
        choices = [
            (design, forecast_layer(demand, design, before, width))
            for design in _choices(demand, n_neurons, per_atom, corrected=number < n_corrected)
        ]
        if not choices:
            return None
        design, forecast = min(choices, key=lambda choice: choice[1].worst)
        made.layers.append(design)
        made.forecasts.append(forecast)
        before.append(forecast.noise)
    return made


def _choices(demand: Demand, n_neurons: int, per_atom: tuple[int, ...], *, corrected: bool) -> list[LayerDesign]:
    sizes = np.array([len(group.atoms) for group in demand.groups], np.int64)
    m = n_neurons // 2 if corrected else n_neurons
    if sizes.sum() <= m:
        return [LayerDesign("own", corrected, tuple(Share(size, 1, 0.0, 0.0) for size in sizes.tolist()))]
    orders = np.array([group.order for group in demand.groups])
    parts = np.maximum(np.floor(m * sizes * orders / (sizes * orders).sum()), 1).astype(int)
    made = _universal(demand, m, corrected=corrected)
    for s in per_atom if parts.sum() <= m else ():
        if s <= parts.min():
            shared = np.maximum(sizes * s / parts - 1, 0.0)
            numbers = zip(parts.tolist(), (orders * shared).tolist(), shared.tolist(), strict=True)
            shares = (Share(part, s, others, atoms) for part, others, atoms in numbers)
            made.append(LayerDesign("targeted", corrected, tuple(shares)))
    return made


def _universal(demand: Demand, m: int, *, corrected: bool) -> list[LayerDesign]:
    """Random connections, if all atoms are pairs; s is the mean number of neurons that see both."""
    if len(demand.groups) != 1 or demand.groups[0].order != 2:
        return []
    atoms = demand.atoms.signals[:, :2]
    n_read, least = len(np.unique(atoms)), math.ceil(math.log(len(atoms) / _UNCOVERED))
    if 2 * len(atoms) < n_read * math.sqrt(m):  # too few gates for each signal: targeted neurons see less
        return []
    return [
        LayerDesign("universal", corrected, (Share(m, s, math.sqrt(s / m) * (n_read - 2), 0.0),))
        for s in (least, 2 * least, 4 * least)
        if s < m
    ]
