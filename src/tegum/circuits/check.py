"""Whether a compiled network computes its circuit: errors by case and by gate, on random, planted and worst inputs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tegum.circuits.baseline import Baseline, cheapest
from tegum.circuits.checks import check_counts
from tegum.circuits.circuit import Circuit
from tegum.circuits.demand import n_inputs_away
from tegum.circuits.layer import Sparse
from tegum.circuits.network import CompiledNetwork
from tegum.circuits.planted import planted_supports
from tegum.circuits.supports import Supports, random_supports
from tegum.circuits.tally import Tally, empty_tally
from tegum.circuits.verdict import Verdict, gates_right, verdict_on
from tegum.circuits.worst import worst_supports
from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate, share_estimate
from tegum.ground.streams import generator

CASES = ("away", "touched", "at rest")
"""Of a gate: it should differ from rest; it should not, though an input does; none of its inputs does."""

_BATCH = 12_000_000
_WORST = 10


class CheckReport(NamedTuple):
    """What was found.

    Args:
        random: errors on random sparse inputs.
        planted: errors of some gates on inputs made for them.
        tested: numbers of these gates.
        worst: share of some gates for which a search found an input with as many features on that breaks them.
        noise: share of errors among gates that are away from rest or touched, in random inputs, with weights off by a
            relative error; by that.
        verdict: whether the network computes in superposition.

    Example: see `check_network`.
    """

    random: Tally
    planted: Tally
    tested: np.ndarray
    worst: Estimate
    noise: dict[float, Estimate]
    verdict: Verdict


def check_network(
    network: CompiledNetwork,
    circuit: Circuit,
    *,
    n_samples: int = 1000,
    n_tested: int = 100,
    n_each: int = 50,
    noise: tuple[float, ...] = (0.03, 0.1),
    error: float | None = None,
    seed: int = 1,
) -> CheckReport:
    """Measure the errors of a compiled network beside what its plan expects.

    Random sparse inputs seldom put a gate far from the features away from rest. So some gates are drawn at random and
    each is given inputs made for it: half of them should put it away from rest, half only some of its inputs. The
    verdict rests on these, by a criterion that is fixed beforehand; see `Verdict`.

    Args:
        network: from `compile_circuit` or `read_network`.
        circuit: that it was compiled from.
        n_samples: random sparse inputs.
        n_tested: gates that are given inputs of their own.
        n_each: such inputs for each of these gates, in each of the two cases.
        noise: relative errors of all weights to be tried.
        error: largest share of errors of a gate that is right; that of the plan if None.
        seed: of inputs and noise.

    Returns:
        The report.

    Raises:
        InputError: the network was compiled from another circuit, a count is below 1, or an error outside (0, 1/2).

    Example: 1000 ANDs with 500 neurons.
        >>> from tegum.circuits import random_circuit
        >>> from tegum.circuits.compile import compile_circuit
        >>> circuit = random_circuit(2000, 1000)
        >>> network = compile_circuit(circuit, n_neurons=500, n_active=4)
        >>> report = check_network(network, circuit, n_samples=200, n_tested=50, n_each=40, noise=())
        >>> print(report.verdict.outcome, bool(report.verdict.n_right.low > 500))
        computes in superposition True
    """
    if network.plan["circuit"] != circuit.digest:
        raise InputError(
            f"this network was compiled from the circuit {network.plan['circuit']}, and this is {circuit.digest}."
            " Pass the circuit that it was compiled from."
        )
    check_counts(n_samples=n_samples, n_tested=n_tested, n_each=n_each)
    asked = network.plan["error"] if error is None else error
    if not 0 < asked < 0.5:
        raise InputError(f"error must lie between 0 and 1/2; got {asked}. It is a share of wrong readings.")
    k, p = network.plan["n_active"], network.plan["feature_probability"]
    rng = generator(seed, 0, "check")
    supports = random_supports(circuit.n_features, n_samples, n_active=k, feature_probability=p, seed=seed)
    most_on = int((supports >= 0).sum(axis=1).max())
    tested = np.sort(rng.choice(circuit.n_gates, min(n_tested, circuit.n_gates), replace=False))
    made = np.concatenate(
        [
            planted_supports(circuit, np.repeat(tested, n_each), away=away, n_active=most_on, rng=rng)
            for away in (True, False)
        ]
    )
    owner = np.tile(np.repeat(tested, n_each), 2)
    possible = (made >= 0).any(axis=1)
    naive = cheapest(circuit, network.n_neurons)
    random, naive_random = _tallies((network, naive), circuit, supports)
    planted, naive_planted = _tallies((network, naive), circuit, made[possible], owner[possible])
    few = supports[: max(n_samples // 5, 1)]
    noisy = {each: measure_network(network.noisy(each, rng), circuit, few).concerned() for each in noise}
    broken = worst_supports(network, circuit, tested[:_WORST], most_on, rng)
    verdict = verdict_on(
        gates_right(random, planted, tested, asked),
        gates_right(naive_random, naive_planted, tested, asked),
        n_neurons=network.n_neurons,
        n_naive=int(naive.computed.sum()),
        error=asked,
    )
    return CheckReport(random, planted, tested, share_estimate(int(broken.sum()), len(broken)), noisy, verdict)


def measure_network(
    network: CompiledNetwork, circuit: Circuit, supports: Supports, owner: np.ndarray | None = None
) -> Tally:
    """Count the errors of a network.

    Args:
        network: the network.
        circuit: what it should compute.
        supports: (n_samples, widest), inputs.
        owner: (n_samples,), the one gate that each input is for; all gates count if None.

    Returns:
        Counts by gate, and by input or by the gate that inputs are for.

    Example:
        >>> from tegum.circuits.compile import compile_circuit
        >>> circuit = Circuit.parse("features a b; y = a & b")
        >>> network = compile_circuit(circuit, n_neurons=1, n_active=2)
        >>> measure_network(network, circuit, np.array([[0, 1], [1, -1]])).counts
        array([[1, 1, 0]])
    """
    (tally,) = _tallies((network,), circuit, supports, owner)
    return tally


def _tallies(
    networks: Sequence[CompiledNetwork | Baseline],
    circuit: Circuit,
    supports: Supports,
    owner: np.ndarray | None = None,
) -> list[Tally]:
    """The same for several networks, which see the same inputs."""
    tallies = [empty_tally(circuit) for _ in networks]
    step = max(_BATCH // circuit.n_gates, 1)
    for start in range(0, len(supports), step):
        part = supports[start : start + step]
        cases, truth = _cases(circuit, part)
        if owner is not None:
            own = np.zeros(cases.shape, bool)
            own[np.arange(len(part)), owner[start : start + step]] = True
            cases = np.where(own, cases, -1)
        tallies = [
            tally.with_inputs(cases, (network.gates(part) > 0.5) != truth)
            for tally, network in zip(tallies, networks, strict=True)
        ]
    return tallies if owner is None else [tally.grouped(owner) for tally in tallies]


def _cases(circuit: Circuit, supports: Supports) -> tuple[np.ndarray, np.ndarray]:
    """(n_samples, n_gates): the case of each gate in each input, and its true value."""
    from scipy.sparse import csr_array

    n, rest = circuit.n_features, circuit.resting_values
    found: Sparse = circuit.evaluate(supports)
    truth = found.toarray()
    away = truth != rest if rest.any() else truth
    changed: Sparse = csr_array(away.astype(np.float64)) if rest.any() else csr_array(found.astype(np.float64))
    cases = np.full((len(supports), circuit.n_gates), 2, np.int8)
    for layer in circuit.layers:
        seen = n_inputs_away(circuit, changed, layer.gates).tocoo()
        cases[seen.coords[0], seen.coords[1] + layer.gates.start] = 1
    cases[away[:, n:]] = 0
    return cases, truth[:, n:]
