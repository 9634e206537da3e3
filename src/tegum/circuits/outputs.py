"""Which outputs of a checked network are worst."""

from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv

from tegum.circuits.check import CASES, CheckReport
from tegum.circuits.circuit import Circuit
from tegum.circuits.network import CompiledNetwork
from tegum.ground.estimate import Estimate

_FAILURE = 0.01


class OutputError(NamedTuple):
    """Errors of one output in one case.

    Args:
        output: its name.
        case: one of `CASES`.
        error: share of the inputs in that case in which it was read wrongly.
        expected: what the plan expects.

    Example: see `worst_outputs`.
    """

    output: str
    case: str
    error: Estimate
    expected: float


def worst_outputs(
    network: CompiledNetwork, circuit: Circuit, report: CheckReport, *, most: int = 10
) -> list[OutputError]:
    """The outputs with the largest errors, by what is certain of them: the lower end of the interval.

    Random inputs count, and those made for the output. The worst of many are so partly by luck, so intervals are made
    wide enough to hold for all outputs and cases together, with a confidence of 99 %.

    Args:
        network: the network.
        circuit: what it should compute.
        report: from `check_network`.
        most: how many to list.

    Returns:
        The worst, worst first; outputs that were never wrong are not among them.

    Example: with weights that are far off.
        >>> from tegum.circuits import check_network, compile_circuit
        >>> circuit = Circuit.parse("features x0..x9; y = x0 & x1; z = x2 & x3")
        >>> network = compile_circuit(circuit, n_neurons=2, n_active=3)
        >>> worst_outputs(network, circuit, check_network(network, circuit))
        []
        >>> spoiled = network._replace(offset=network.offset + np.array([0.0, 0.6]))
        >>> for each in worst_outputs(spoiled, circuit, check_network(spoiled, circuit)):
        ...     print(each.output, each.case, each.error.best, each.expected)
        z touched 1.0 0.0
        z at rest 1.0 0.0

    Source: Clopper and Pearson 1934, The use of confidence or fiducial limits illustrated in the case of the binomial.
    """
    gates = circuit.outputs - circuit.n_features
    count, wrong = (
        random[gates] + planted[gates]
        for random, planted in (
            (report.random.counts, report.planted.counts),
            (report.random.wrong, report.planted.wrong),
        )
    )
    # Wilson's interval is too short this far out, so the exact one
    tail = _FAILURE / (2 * max(int((count > 0).sum()), 1))
    found = wrong > 0
    place, case = np.nonzero(found)
    hits, n = wrong[found], count[found]
    low = betaincinv(hits, n - hits + 1, tail)
    high = np.where(hits < n, betaincinv(hits + 1, np.maximum(n - hits, 1), 1 - tail), 1.0)
    return [
        OutputError(
            circuit.gate_names[gates[place[each]]],
            CASES[case[each]],
            Estimate(low=float(low[each]), best=float(hits[each] / n[each]), high=float(high[each]), n=int(n[each])),
            float(network.predicted[gates[place[each]], case[each]]),
        )
        for each in np.lexsort((-hits / n, -low))[:most].tolist()
    ]
