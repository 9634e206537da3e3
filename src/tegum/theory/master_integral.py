"""The integral behind the exact loss: F(g, b) = ∫ ReLU(g·x + b)² dx over the unit cube, with its derivatives.

Closed form for K non-zero slopes (a difference of truncated powers):

    F = 2 / ((K+2)! ∏ g_i) · Σ over corners s of (-1)^(K-|s|) ReLU(g·s + b)^(K+2)

It cancels when slopes are small. Three things keep every value accurate to about 1e-12 of its size:
where no corner is below 0 the integrand is a polynomial, and where none is above 0 it is 0; otherwise the closed form is
used if a bound on its rounding error is small enough; and if it is not, the smallest slope is integrated numerically.
Along one direction F is a piecewise polynomial whose kinks are known (where a corner crosses 0), so Gauss-Legendre nodes
between the kinks integrate it exactly.
"""

from typing import Any

import numpy as np

from tegum.ground.compiled import compiled_door

MOST_SLOPES = 10
_TOLERANCE = 1e-11
_EPSILON = np.finfo(np.float64).eps
_FACTORIAL = np.cumprod(np.maximum(np.arange(MOST_SLOPES + 4), 1)).astype(np.float64)
_NODES = np.zeros((MOST_SLOPES + 1, (MOST_SLOPES + 3) // 2))
_WEIGHTS = np.zeros_like(_NODES)
_COUNTS = np.zeros(MOST_SLOPES + 1, np.int64)
for _k in range(1, MOST_SLOPES + 1):  # K + 1 is the degree of the integrand
    _COUNTS[_k] = (_k + 3) // 2
    _x, _w = np.polynomial.legendre.leggauss(int(_COUNTS[_k]))
    _NODES[_k, : _COUNTS[_k]], _WEIGHTS[_k, : _COUNTS[_k]] = (_x + 1) / 2, _w / 2


@compiled_door
def master_integral(g: Any, b: float, first: Any, second: Any) -> float:
    """F, with its gradient and Hessian.

    Args:
        g: slopes, float64 (K,).
        b: offset.
        first: filled with the gradient over (g, b), (K + 1,).
        second: filled with the Hessian over (g, b), (K + 1, K + 1).

    Returns:
        F.
    """
    K = g.size
    lowest = highest = b
    for i in range(K):
        lowest += min(g[i], 0.0)
        highest += max(g[i], 0.0)
    first[:] = 0.0
    second[:] = 0.0
    if highest <= 0:
        return 0.0
    if lowest >= 0:
        return _polynomial(g, b, first, second)
    value = _closed(g, b, first, second)
    if value >= 0:
        return value
    return _by_pieces(g, b, first, second)


@compiled_door
def _polynomial(g: Any, b: float, first: Any, second: Any) -> float:
    """No kink in the cube: F = E (g·x + b)²."""
    K = g.size
    mean = b + g.sum() / 2
    for i in range(K):
        first[i] = mean + g[i] / 6
        second[i, K] = second[K, i] = 1.0
        for j in range(K):
            second[i, j] = 0.5 + (1 / 6 if i == j else 0.0)
    first[K] = 2 * mean
    second[K, K] = 2.0
    return mean * mean + (g * g).sum() / 12


@compiled_door
def _closed(g: Any, b: float, first: Any, second: Any) -> float:
    """The closed form; -1 if its rounding error may exceed the tolerance."""
    K = g.size
    product, smallest = 1.0, np.inf
    for i in range(K):
        product *= g[i]
        smallest = min(smallest, abs(g[i]))
    if smallest < 1e-6:
        return -1.0
    sums0 = size0 = sum1 = size1 = sum2 = size2 = 0.0
    for i in range(K + 1):
        first[i] = 0.0
        for j in range(K + 1):
            second[i, j] = 0.0
    for corner in range(1 << K):
        z, sign = b, 1.0 if K % 2 == 0 else -1.0
        for i in range(K):
            if corner >> i & 1:
                z += g[i]
                sign = -sign
        if z <= 0:
            continue
        p2 = sign * z**K
        p1 = p2 * z
        sums0 += p1 * z
        size0 += abs(p1 * z)
        sum1 += p1
        size1 += abs(p1)
        sum2 += p2
        size2 += abs(p2)
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
    value, slope, curvature = c0 * sums0, c1 * sum1, c2 * sum2
    # bounds on the rounding errors of F, its gradient and its Hessian; the last is compared with 2 |{z > 0}|
    error0 = 4 * K * _EPSILON * abs(c0) * size0
    error1 = 4 * K * _EPSILON * abs(c1) * size1 + error0 / smallest
    error2 = 4 * K * _EPSILON * abs(c2) * size2 + 2 * error1 / smallest
    if not (error0 <= _TOLERANCE * value and error1 <= _TOLERANCE * slope and error2 <= 100 * _TOLERANCE * curvature):
        return -1.0
    sums1 = first[:K].copy()
    for i in range(K):
        first[i] = c1 * sums1[i] - value / g[i]
    first[K] = slope
    for i in range(K):
        for j in range(i):
            second[i, j] = c2 * second[i, j] - c1 * sums1[j] / g[i] - first[i] / g[j]
            second[j, i] = second[i, j]
        second[i, i] = c2 * second[i, i] - c1 * sums1[i] / g[i] - first[i] / g[i] + value / (g[i] * g[i])
        second[i, K] = c2 * second[i, K] - slope / g[i]
        second[K, i] = second[i, K]
    second[K, K] = curvature
    return value


@compiled_door
def _by_pieces(g: Any, b: float, first: Any, second: Any) -> float:
    """Integrate the smallest slope by Gauss-Legendre between the kinks, the others by the rules above."""
    K = g.size
    small = 0
    for i in range(1, K):
        if abs(g[i]) < abs(g[small]):
            small = i
    others = np.empty(K - 1)
    place = np.empty(K, np.int64)  # of each remaining variable, and of b, in (g, b)
    for i in range(K - 1):
        place[i] = i if i < small else i + 1
        others[i] = g[place[i]]
    place[K - 1] = K
    first[:] = 0.0
    second[:] = 0.0
    inner1, inner2 = np.empty(K), np.empty((K, K))
    kinks = _kinks(others, b, g[small])
    value = 0.0
    for piece in range(kinks.size - 1):
        width = kinks[piece + 1] - kinks[piece]
        if width <= 0:
            continue
        for node in range(_COUNTS[K]):
            t = kinks[piece] + width * _NODES[K, node]
            weight = width * _WEIGHTS[K, node]
            value += weight * master_integral(others, b + g[small] * t, inner1, inner2)
            for i in range(K):
                first[place[i]] += weight * inner1[i]
                second[small, place[i]] += weight * t * inner2[K - 1, i]
                for j in range(K):
                    second[place[i], place[j]] += weight * inner2[i, j]
            first[small] += weight * t * inner1[K - 1]
            second[small, small] += weight * t * t * inner2[K - 1, K - 1]
    for i in range(K):
        second[place[i], small] = second[small, place[i]]
    return value


@compiled_door
def _kinks(others: Any, b: float, slope: float) -> Any:
    """0, 1, and the places between them where a corner of the other variables crosses zero, in order."""
    n = others.size
    found = np.empty((1 << n) + 2)
    count = 1
    found[0] = 0.0
    if slope != 0.0:
        for corner in range(1 << n):
            z = b
            for i in range(n):
                if corner >> i & 1:
                    z += others[i]
            t = -z / slope
            if 0.0 < t < 1.0:
                found[count] = t
                count += 1
    found[count] = 1.0
    return np.sort(found[: count + 1])
