"""Whether a network computes in superposition, by a criterion that is fixed before anything is measured."""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tegum.circuits.tally import Tally
from tegum.ground.estimate import Estimate, share_estimate

Outcome: TypeAlias = Literal["computes in superposition", "does not compute in superposition", "undecided"]

CRITERION = (
    "A network computes in superposition if more gates are right at the asked error than it has neurons, and more than"
    " one neuron per product can have right with as many neurons. A gate is right if its share of errors is at most"
    " the asked one where it should be away from rest, where it should not though one of its inputs is, and where none"
    " is, in the inputs tried; a gate that no input could put away from rest does not count."
)


class Verdict(NamedTuple):
    """The answer.

    Args:
        outcome: one of the three.
        n_right: gates that are right, from the share among the tested ones, with its interval.
        n_neurons: ReLUs of the network.
        n_naive: gates that one neuron per product can have right with as many neurons, at most.
        naive_right: gates that were right when one neuron per product was run, in the same inputs; see `Baseline`.
        error: the asked share of errors.

    Example: see `tegum.circuits.check.check_network`.
    """

    outcome: Outcome
    n_right: Estimate
    n_neurons: int
    n_naive: int
    naive_right: Estimate
    error: float


def verdict_on(n_right: Estimate, naive_right: Estimate, *, n_neurons: int, n_naive: int, error: float) -> Verdict:
    """Apply the criterion to what was counted.

    Args:
        n_right: gates of the network that are right.
        naive_right: gates of the baseline that are right.
        n_neurons: ReLUs of the network.
        n_naive: gates that the baseline can have right at most.
        error: the asked share of errors.

    Returns:
        The verdict; undecided if the interval holds the number to be beaten.

    Example:
        >>> counted = Estimate(low=904, best=980, high=996, n=100)
        >>> verdict_on(counted, counted, n_neurons=500, n_naive=950, error=0.01).outcome
        'undecided'
    """
    bar = max(n_neurons, n_naive)
    outcome: Outcome = "undecided"
    if n_right.low > bar:
        outcome = "computes in superposition"
    elif n_right.high <= bar:
        outcome = "does not compute in superposition"
    return Verdict(outcome, n_right, n_neurons, n_naive, naive_right, error)


def gates_right(random: Tally, planted: Tally, tested: np.ndarray, error: float) -> Estimate:
    """How many gates of a circuit are right, from the share among some of them.

    Args:
        random: errors in random inputs.
        planted: errors in inputs made for some gates.
        tested: numbers of these gates, drawn at random.
        error: the asked share of errors.

    Returns:
        A number of gates, with its interval; n is the number of tested ones.
    """
    count, wrong = (part[tested].astype(np.float64) for part in (planted.counts, planted.wrong))
    # away and touched from the inputs made for the gate, at rest from random ones
    count[:, 2], wrong[:, 2] = random.counts[tested, 2], random.wrong[tested, 2]
    right = (wrong <= error * count).all(axis=1) & (count[:, 0] > 0)
    share, n_gates = share_estimate(int(right.sum()), len(tested)), len(random.counts)
    low, best, high = (part * n_gates for part in (share.low, share.best, share.high))
    return Estimate(low=low, best=best, high=high, n=len(tested))
