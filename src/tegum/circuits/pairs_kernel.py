"""The compiled loop over all pairs of features: sums of their estimated ANDs, one feature's pairs at a time.

For a feature i, the neurons that see it give all its pairs (i, j), j > i: a neuron with value y adds y to every j that
it sees too. So nothing larger than a row of n numbers is ever held, and neurons that are off cost nothing.
"""

from typing import Any

from numba import float32

from tegum.ground.compiled import compiled, compiled_door, compiled_sums


@compiled_door
def list_active(values: Any, ends: Any, features: Any, starts: Any, begins: Any, stops: Any, sizes: Any) -> None:
    """For every input and feature, the neurons that see the feature and are on: one list, to be read from end to end.

    Args:
        values: (n_inputs, n_neurons).
        ends: (n_neurons + 1,), where in `features` the features of neuron a begin, ends[a], and end, ends[a + 1].
        features: (n_ones,), features of each neuron, ascending.
        starts: (n_inputs, n_features + 1), out: where the neurons of each feature begin and end.
        begins: room for all, out: where in `features` the features of that neuron after this one begin.
        stops: same shape, out: and where they end.
        sizes: same shape, out: the value of the neuron.
    """
    at = 0
    for b in range(values.shape[0]):
        heads = starts[b]
        heads[:] = 0
        for a in range(values.shape[1]):
            if values[b, a] > 0:
                for place in range(ends[a], ends[a + 1]):
                    heads[features[place]] += 1
        for i in range(heads.size):
            heads[i], at = at, at + heads[i]
        for a in range(values.shape[1]):
            if values[b, a] > 0:
                for place in range(ends[a], ends[a + 1]):
                    i = features[place]
                    here = heads[i]
                    begins[here], stops[here], sizes[here] = place + 1, ends[a + 1], values[b, a]
                    heads[i] += 1
        for i in range(heads.size - 1, 0, -1):  # each has moved to where the next one began
            heads[i] = heads[i - 1]
        heads[0] = at - _length(values[b], ends)


@compiled_door
def add_pairs(
    first: int, step: int, by_feature: Any, features: Any, threshold: float, active: Any, supports: Any, on: Any,
    room: Any, sums: Any, cover: Any,
) -> None:  # fmt: skip
    """Add up what the averages of all pairs (i, j), i = first, first + step, ..., are for some inputs.

    Args:
        first: first feature i.
        step: distance to the next.
        by_feature: starts (n_features + 1,), begins and stops (n_ones,), as in `list_active`, of all neurons.
        features: (n_ones,), features of each neuron, ascending; unsigned, as that spares a test at each access.
        threshold: estimates above it count as on.
        active: starts, begins, stops and sizes as `list_active` made them.
        supports: (n_inputs, widest), features that are on, -1 for none.
        on: (n_inputs, n_features), 1 where a feature is on.
        room: four arrays of zeros (n_features,), float32: neurons shared with j, one over that, the sum above which an
            estimate counts as on, and the sum itself.
        sums: (3, 4), added to: pairs, estimates, squares, wrong ones, by number of features on.
        cover: (3,), added to: pairs, pairs without a neuron, neurons of all pairs.
    """
    n = on.shape[1]
    starts, begins, stops, values = active
    shared, inverse, cut, row = room
    for i in range(first, n, step):
        n_covered = _count_shared(i, n, by_feature, features, threshold, shared, inverse, cut, cover)
        for b in range(on.shape[0]):
            for at in range(starts[b, i], starts[b, i + 1]):
                for place in range(begins[at], stops[at]):
                    row[features[place]] += values[at]
            base = on[b, i]
            n_rest = n_covered
            for t in range(supports.shape[1]):
                j = supports[b, t]
                if j > i and shared[j] > 0:  # one more is on: count it where it belongs, and take it out of the row
                    above = row[j] > cut[j]
                    estimate = row[j] * inverse[j]
                    sums[base + 1, 0] += 1
                    sums[base + 1, 1] += estimate
                    sums[base + 1, 2] += estimate * estimate
                    sums[base + 1, 3] += not above if base == 1 else above
                    row[j] = 0
                    n_rest -= 1
            estimates, squares, wrong = _total(i + 1, n, row, inverse, cut)
            sums[base, 0] += n_rest
            sums[base, 1] += estimates
            sums[base, 2] += squares
            sums[base, 3] += wrong


@compiled
def _length(values: Any, ends: Any) -> int:
    total = 0
    for a in range(values.size):
        if values[a] > 0:
            total += ends[a + 1] - ends[a]
    return total


@compiled
def _count_shared(
    i: int, n: int, by_feature: Any, features: Any, threshold: float, shared: Any, inverse: Any, cut: Any,
    cover: Any,
) -> int:  # fmt: skip
    """Neurons that see i and j, for every j > i, and what follows from their number; how many j have any."""
    starts, begins, stops = by_feature
    for j in range(shared.size):
        shared[j], inverse[j], cut[j] = 0, 0, 1e30
    for at in range(starts[i], starts[i + 1]):
        for place in range(begins[at], stops[at]):
            shared[features[place]] += 1
    n_covered, total = 0, 0.0
    for j in range(i + 1, n):
        if shared[j] > 0:
            inverse[j], cut[j] = 1 / shared[j], threshold * shared[j]
            n_covered += 1
            total += shared[j]
    cover[0] += n - 1 - i
    cover[1] += n - 1 - i - n_covered
    cover[2] += total
    return n_covered


@compiled_sums
def _total(begin: int, n: int, row: Any, inverse: Any, cut: Any) -> tuple[Any, Any, Any]:
    """Sums over a row: estimates, their squares, and how many count as on. The row is cleared."""
    estimates, squares, above = float32(0), float32(0), float32(0)
    for j in range(begin, n):
        estimate = row[j] * inverse[j]
        estimates += estimate
        squares += estimate * estimate
        above += float32(row[j] > cut[j])
        row[j] = 0
    return estimates, squares, above
