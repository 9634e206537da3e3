"""Counts of errors, by gate and case, and by layer with intervals over inputs."""

from typing import NamedTuple

import numpy as np

from tegum.circuits.circuit import Circuit
from tegum.ground.estimate import Estimate, normal_estimate, share_estimate


class Tally(NamedTuple):
    """Errors of all gates of a circuit, counted in some inputs. Cases are away, touched and at rest.

    Args:
        counts: (n_gates, 3), how often each gate was in each case.
        wrong: (n_gates, 3), how often it was read wrongly there.
        starts: (n_layers,), first gate of each layer.
        by_unit: (n_units, n_layers, 3, 2), count and wrong of each unit, layer and case; inputs are the units, or the
            gates that they were made for.

    Example: see `tegum.circuits.check.measure_network`.
    """

    counts: np.ndarray
    wrong: np.ndarray
    starts: np.ndarray
    by_unit: np.ndarray

    def with_inputs(self, cases: np.ndarray, wrong: np.ndarray) -> "Tally":
        """With more inputs: cases (n_inputs, n_gates), -1 where a gate does not count, and what was wrong."""
        masks = [cases == case for case in range(3)]
        parts = [(mask, mask & wrong) for mask in masks]
        count, bad = (np.stack([part[each].sum(axis=0) for part in parts], axis=1) for each in (0, 1))
        rows = np.stack(
            [
                np.stack([np.add.reduceat(each, self.starts, axis=1, dtype=np.int64) for each in part], axis=-1)
                for part in parts
            ],
            axis=2,
        )
        return self._replace(
            counts=self.counts + count, wrong=self.wrong + bad, by_unit=np.concatenate([self.by_unit, rows])
        )

    def layer(self, number: int, case: int) -> Estimate:
        """Share of errors in a layer and case.

        Gates of one input lean on each other, so inputs are the units; where inputs were made for gates, gates are.

        Args:
            number: of the layer, from 1.
            case: 0 away, 1 touched, 2 at rest.

        Returns:
            Wrong over count, ± 2.6 standard errors of this ratio over units; n is the number of units that had the
            case. Where nothing was wrong, Wilson's interval for units.
        """
        return _share(self.by_unit[:, number - 1, case])

    def expected(self, predicted: np.ndarray, number: int, case: int) -> float:
        """What the predicted errors of the gates come to, with gates as often in the case as they were here."""
        own = slice(self.starts[number - 1], self.starts[number] if number < len(self.starts) else None)
        weights = self.counts[own, case]
        return float(predicted[own, case] @ weights / weights.sum()) if weights.any() else 0.0

    def concerned(self) -> Estimate:
        """Share of errors among gates that are away from rest or touched, of all layers."""
        return _share(self.by_unit[:, :, :2].sum(axis=(1, 2)))

    def grouped(self, owner: np.ndarray) -> "Tally":
        """The same counts, with inputs of one owner as one unit."""
        names, which = np.unique(owner, return_inverse=True)
        made = np.zeros((len(names), *self.by_unit.shape[1:]), np.int64)
        np.add.at(made, which, self.by_unit)
        return self._replace(by_unit=made)


def _share(units: np.ndarray) -> Estimate:
    """Wrong over count, both summed over units (n_units, 2)."""
    count, wrong = units.T.astype(np.float64)
    n, total = int((count > 0).sum()), float(count.sum())
    if not n or not wrong.any():
        return share_estimate(0, n)
    share = float(wrong.sum()) / total
    deviation = float(np.sqrt(((wrong - share * count) ** 2).sum())) / total
    found = normal_estimate(share, deviation, n)
    return Estimate(low=max(found.low, 0.0), best=share, high=min(found.high, 1.0), n=n)


def empty_tally(circuit: Circuit) -> Tally:
    """Nothing counted yet.

    Example:
        >>> empty_tally(Circuit.parse("features a b; y = a & b")).layer(1, 0).n
        0
    """
    n_layers = circuit.n_layers
    zero = np.zeros((circuit.n_gates, 3), np.int64)
    starts = np.array([layer.gates.start for layer in circuit.layers])
    return Tally(zero, zero, starts, np.zeros((0, n_layers, 3, 2), np.int64))
