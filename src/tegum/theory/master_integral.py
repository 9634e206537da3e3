"""The integral behind the exact loss: F(g, b) = ∫ ReLU(g·x + b)² dx over the unit cube, with its derivatives.

Closed form for K non-zero slopes (a difference of truncated powers):

    F = 2 / ((K+2)! ∏ g_i) · Σ over corners s of (-1)^(K-|s|) ReLU(g·s + b)^(K+2)

It cancels when slopes are small. Three things keep every value accurate to about 1e-11 of its size:
where no corner is below 0 the integrand is a polynomial, and where none is above 0 it is 0; otherwise the closed form
is used if a bound on its rounding error is small enough; and if it is not, the smallest slope is integrated
numerically. Along one direction F is a piecewise polynomial whose kinks are known (where a corner crosses 0), so
Gauss-Legendre nodes between the kinks integrate it exactly. The nodes form a tree, one level for each slope that is
integrated; it is walked with a stack, since numba does not keep recursive functions in its cache.

All work is done in the arrays of a `Workspace`, whose derivatives are over (g_0, ..., g_(K-1), b).
"""

from typing import Any, NamedTuple

import numpy as np

from tegum.ground.compiled import compiled

MOST_SLOPES = 8
_TOLERANCE = 1e-11
_EPSILON = float(np.finfo(np.float64).eps)
_FACTORIAL = np.cumprod(np.maximum(np.arange(MOST_SLOPES + 4), 1)).astype(np.float64)
_SIZE = MOST_SLOPES + 1
_NODES = np.zeros((_SIZE, _SIZE))
_WEIGHTS = np.zeros((_SIZE, _SIZE))
_COUNTS = np.array([1, *((k + 3) // 2 for k in range(1, _SIZE))])  # K + 1 is the degree of the integrand
for _k, _count in enumerate(_COUNTS):
    _x, _w = np.polynomial.legendre.leggauss(int(_count))
    _NODES[_k, :_count], _WEIGHTS[_k, :_count] = (_x + 1) / 2, _w / 2


class Workspace(NamedTuple):
    """Arrays for one integral at a time: input g, outputs first and second, and room for a leaf and for the stack."""

    g: np.ndarray
    first: np.ndarray
    second: np.ndarray
    leaf_g: np.ndarray
    leaf_first: np.ndarray
    leaf_second: np.ndarray
    order: np.ndarray
    t: np.ndarray
    kinks: np.ndarray
    state: np.ndarray


def workspace() -> Workspace:
    """Room for integrals of up to `MOST_SLOPES` slopes."""
    k = _SIZE
    return Workspace(
        np.zeros(k), np.zeros(k), np.zeros((k, k)), np.zeros(k), np.zeros(k), np.zeros((k, k)), np.zeros(k, np.int64),
        np.zeros(k), np.zeros((k, 2**MOST_SLOPES)), np.zeros((k, 5)),
    )  # fmt: skip


@compiled
def master_integral(K: int, b: float, work: Any) -> float:
    """F of the first K entries of work.g and of b; its gradient and Hessian come to work.first and work.second."""
    value = _leaf(work.g, K, b, work.first, work.second)
    return value if value >= 0 else _by_pieces(K, b, work)


@compiled
def _leaf(g: Any, K: int, b: float, first: Any, second: Any) -> float:
    """Where a formula holds: F and its derivatives; -1 elsewhere."""
    lowest = highest = b
    for i in range(K):
        lowest += min(g[i], 0.0)
        highest += max(g[i], 0.0)
    if highest <= 0:
        for i in range(K + 1):
            first[i] = 0.0
            for j in range(K + 1):
                second[i, j] = 0.0
        return 0.0
    if lowest >= 0:
        return _polynomial(g, K, b, first, second)
    return _closed(g, K, b, first, second)


@compiled
def _polynomial(g: Any, K: int, b: float, first: Any, second: Any) -> float:
    """No kink in the cube: F = E (g·x + b)²."""
    mean, variance = b, 0.0
    for i in range(K):
        mean += g[i] / 2
        variance += g[i] * g[i] / 12
    for i in range(K):
        first[i] = mean + g[i] / 6
        second[i, K] = second[K, i] = 1.0
        for j in range(K):
            second[i, j] = 0.5
        second[i, i] = 2 / 3
    first[K] = 2 * mean
    second[K, K] = 2.0
    return mean * mean + variance


@compiled
def _closed(g: Any, K: int, b: float, first: Any, second: Any) -> float:
    """The closed form; -1 if its rounding error may exceed the tolerance."""
    product, smallest = 1.0, np.inf
    for i in range(K):
        product *= g[i]
        smallest = min(smallest, abs(g[i]))
    if smallest < 1e-6:
        return -1.0
    for i in range(K + 1):
        first[i] = 0.0
        for j in range(K + 1):
            second[i, j] = 0.0
    sum0 = size0 = sum1 = size1 = sum2 = size2 = 0.0
    for corner in range(1 << K):
        z, sign = b, 1.0 if K % 2 == 0 else -1.0
        for i in range(K):
            if corner >> i & 1:
                z += g[i]
                sign = -sign
        if z <= 0:
            continue
        power = 1.0
        for _ in range(K):
            power *= z
        p2 = sign * power
        p1 = p2 * z
        sum0 += p1 * z
        size0 += power * z * z
        sum1 += p1
        size1 += power * z
        sum2 += p2
        size2 += power
        for i in range(K):
            if corner >> i & 1:
                first[i] += p1
                second[i, K] += p2
                for j in range(i + 1):
                    if corner >> j & 1:
                        second[i, j] += p2
    c0 = 2 / (_FACTORIAL[K + 2] * product)
    c1 = 2 / (_FACTORIAL[K + 1] * product)
    c2 = 2 / (_FACTORIAL[K] * product)
    value, slope, curvature = c0 * sum0, c1 * sum1, c2 * sum2
    # Bounds on the rounding errors of F, its gradient and its Hessian, against F, its slope along b, and 2 |{z > 0}|.
    error0 = 4 * K * _EPSILON * abs(c0) * size0
    error1 = 4 * K * _EPSILON * abs(c1) * size1 + error0 / smallest
    error2 = 4 * K * _EPSILON * abs(c2) * size2 + 2 * error1 / smallest
    if not (error0 <= _TOLERANCE * value and error1 <= _TOLERANCE * slope and error2 <= 100 * _TOLERANCE * curvature):
        return -1.0
    for i in range(K):  # before the gradient is overwritten: the Hessian needs its sums
        for j in range(i + 1):
            second[i, j] = (
                c2 * second[i, j] - c1 * (first[j] / g[i] + first[i] / g[j]) + (1 + (i == j)) * value / (g[i] * g[j])
            )
            second[j, i] = second[i, j]
        second[i, K] = c2 * second[i, K] - slope / g[i]
        second[K, i] = second[i, K]
    for i in range(K):
        first[i] = c1 * first[i] - value / g[i]
    first[K] = slope
    second[K, K] = curvature
    return value


@compiled
def _by_pieces(K: int, b: float, work: Any) -> float:
    """Walk the tree of nodes; level d integrates the d-th smallest slope, and leaves hold a formula."""
    g, order, kinks, state = work.g, work.order, work.kinks, work.state
    _sort_slopes(g, K, order)
    for i in range(K + 1):
        work.first[i] = 0.0
        for j in range(K + 1):
            work.second[i, j] = 0.0
    value = 0.0
    depth = 0
    _open_level(g, K, order, 0, b, 1.0, kinks, state)
    while depth >= 0:
        piece, node, n_kinks, offset, weight = state[depth]
        if node == _COUNTS[K - depth]:
            piece, node = piece + 1, 0.0
            state[depth, 0], state[depth, 1] = piece, node
        if piece == n_kinks - 1:
            depth -= 1
            continue
        state[depth, 1] += 1
        left, right = kinks[depth, int(piece)], kinks[depth, int(piece) + 1]
        t = left + (right - left) * _NODES[K - depth, int(node)]
        inner_weight = weight * (right - left) * _WEIGHTS[K - depth, int(node)]
        inner_offset = offset + g[order[depth]] * t
        work.t[depth] = t
        n_left = K - depth - 1
        for i in range(n_left):
            work.leaf_g[i] = g[order[depth + 1 + i]]
        leaf = _leaf(work.leaf_g, n_left, inner_offset, work.leaf_first, work.leaf_second)
        if leaf >= 0:
            value += inner_weight * leaf
            _add_leaf(K, depth + 1, inner_weight, work)
        else:
            depth += 1
            _open_level(g, K, order, depth, inner_offset, inner_weight, kinks, state)
    return value


@compiled
def _sort_slopes(g: Any, K: int, order: Any) -> None:
    for i in range(K):
        place = i
        while place > 0 and abs(g[order[place - 1]]) > abs(g[i]):
            order[place] = order[place - 1]
            place -= 1
        order[place] = i


@compiled
def _open_level(g: Any, K: int, order: Any, depth: int, offset: float, weight: float, kinks: Any, state: Any) -> None:
    """List 0, 1 and the places between them where a corner of the remaining slopes crosses zero, in order."""
    found = kinks[depth]
    slope = g[order[depth]]
    n_left = K - depth - 1
    count = 1
    found[0] = 0.0
    if slope != 0.0:
        for corner in range(1 << n_left):
            z = offset
            for i in range(n_left):
                if corner >> i & 1:
                    z += g[order[depth + 1 + i]]
            t = -z / slope
            if 0.0 < t < 1.0:
                place = count
                while found[place - 1] > t:
                    found[place] = found[place - 1]
                    place -= 1
                found[place] = t
                count += 1
    found[count] = 1.0
    state[depth, 0] = state[depth, 1] = 0.0
    state[depth, 2], state[depth, 3], state[depth, 4] = count + 1, offset, weight


@compiled
def _add_leaf(K: int, depth: int, weight: float, work: Any) -> None:
    """Add a leaf's derivatives; by an integrated slope they are t times those by b."""
    order, t, first, second = work.order, work.t, work.first, work.second
    inner1, inner2 = work.leaf_first, work.leaf_second
    n_left = K - depth
    first[K] += weight * inner1[n_left]
    second[K, K] += weight * inner2[n_left, n_left]
    for a in range(K):
        i = order[a]
        if a < depth:
            slope, bend = t[a] * inner1[n_left], t[a] * inner2[n_left, n_left]
        else:
            slope, bend = inner1[a - depth], inner2[a - depth, n_left]
        first[i] += weight * slope
        second[i, K] += weight * bend
        second[K, i] += weight * bend
        for c in range(K):
            if c < depth:
                both = t[c] * bend
            elif a < depth:
                both = t[a] * inner2[c - depth, n_left]
            else:
                both = inner2[a - depth, c - depth]
            second[i, order[c]] += weight * both
