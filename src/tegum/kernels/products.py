"""The products of one block of samples, written as register tiles.

Arrays are flat. A block holds `width` samples (a multiple of `STEP`); row r of an array of rows starts at r * pitch.
Names: W is (n, m), x and g are (n, pitch), h and d are (m, pitch); g is the gradient at the outputs, d at the hidden
layer.

Each tile keeps sixteen accumulators, so that the two multiply-add units of a core wait for nothing; the last rows and
columns, which do not fill a tile, go one by one.
"""

from typing import Any

import numpy as np

from tegum.ground.compiled import compiled
from tegum.kernels.simd import LANES, fma, load, splat, store, total, totals

_ZERO = np.float32(0)

STEP = 4 * LANES  # samples that a row of a tile covers


@compiled
def columns(W: Any, n: int, m: int, x: Any, out: Any, pitch: int, width: int) -> None:
    """out_k = sum_i W_ik x_i for every sample: x to hidden, and the same for gradients on their way back."""
    for s in range(0, width, STEP):
        for k in range(0, m - 3, 4):
            zero = splat(_ZERO)
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = zero
            for i in range(n):
                q = i * pitch + s
                x0, x1, x2, x3 = load(x, q), load(x, q + 16), load(x, q + 32), load(x, q + 48)
                w = splat(W[i * m + k])
                a0, a1, a2, a3 = fma(w, x0, a0), fma(w, x1, a1), fma(w, x2, a2), fma(w, x3, a3)
                w = splat(W[i * m + k + 1])
                b0, b1, b2, b3 = fma(w, x0, b0), fma(w, x1, b1), fma(w, x2, b2), fma(w, x3, b3)
                w = splat(W[i * m + k + 2])
                c0, c1, c2, c3 = fma(w, x0, c0), fma(w, x1, c1), fma(w, x2, c2), fma(w, x3, c3)
                w = splat(W[i * m + k + 3])
                d0, d1, d2, d3 = fma(w, x0, d0), fma(w, x1, d1), fma(w, x2, d2), fma(w, x3, d3)
            _store_row(out, k * pitch + s, a0, a1, a2, a3)
            _store_row(out, (k + 1) * pitch + s, b0, b1, b2, b3)
            _store_row(out, (k + 2) * pitch + s, c0, c1, c2, c3)
            _store_row(out, (k + 3) * pitch + s, d0, d1, d2, d3)
        for k in range(m - m % 4, m):
            a0 = a1 = a2 = a3 = splat(_ZERO)
            for i in range(n):
                q = i * pitch + s
                w = splat(W[i * m + k])
                a0, a1 = fma(w, load(x, q), a0), fma(w, load(x, q + 16), a1)
                a2, a3 = fma(w, load(x, q + 32), a2), fma(w, load(x, q + 48), a3)
            _store_row(out, k * pitch + s, a0, a1, a2, a3)


@compiled
def _store_row(out: Any, q: int, a: Any, b: Any, c: Any, d: Any) -> None:
    store(out, q, a)
    store(out, q + 16, b)
    store(out, q + 32, c)
    store(out, q + 48, d)


@compiled
def rows(W: Any, bias: Any, n: int, m: int, h: Any, out: Any, pitch: int, width: int) -> None:
    """out_j = bias_j + sum_k W_jk h_k for every sample: hidden to outputs before their non-linearity."""
    for s in range(0, width, STEP):
        for j in range(0, n - 3, 4):
            a0 = a1 = a2 = a3 = splat(bias[j])
            b0 = b1 = b2 = b3 = splat(bias[j + 1])
            c0 = c1 = c2 = c3 = splat(bias[j + 2])
            d0 = d1 = d2 = d3 = splat(bias[j + 3])
            for k in range(m):
                q = k * pitch + s
                h0, h1, h2, h3 = load(h, q), load(h, q + 16), load(h, q + 32), load(h, q + 48)
                w = splat(W[j * m + k])
                a0, a1, a2, a3 = fma(w, h0, a0), fma(w, h1, a1), fma(w, h2, a2), fma(w, h3, a3)
                w = splat(W[(j + 1) * m + k])
                b0, b1, b2, b3 = fma(w, h0, b0), fma(w, h1, b1), fma(w, h2, b2), fma(w, h3, b3)
                w = splat(W[(j + 2) * m + k])
                c0, c1, c2, c3 = fma(w, h0, c0), fma(w, h1, c1), fma(w, h2, c2), fma(w, h3, c3)
                w = splat(W[(j + 3) * m + k])
                d0, d1, d2, d3 = fma(w, h0, d0), fma(w, h1, d1), fma(w, h2, d2), fma(w, h3, d3)
            _store_row(out, j * pitch + s, a0, a1, a2, a3)
            _store_row(out, (j + 1) * pitch + s, b0, b1, b2, b3)
            _store_row(out, (j + 2) * pitch + s, c0, c1, c2, c3)
            _store_row(out, (j + 3) * pitch + s, d0, d1, d2, d3)
        for j in range(n - n % 4, n):
            a0 = a1 = a2 = a3 = splat(bias[j])
            for k in range(m):
                q = k * pitch + s
                w = splat(W[j * m + k])
                a0, a1 = fma(w, load(h, q), a0), fma(w, load(h, q + 16), a1)
                a2, a3 = fma(w, load(h, q + 32), a2), fma(w, load(h, q + 48), a3)
            _store_row(out, j * pitch + s, a0, a1, a2, a3)


@compiled
def outer(g: Any, h: Any, n: int, m: int, pitch: int, width: int, gradient: Any, scratch: Any) -> None:
    """gradient_jk += sum over samples of g_j h_k: what a layer of weights owes to one side of it."""
    for j in range(0, n - 3, 4):
        for k in range(0, m - 3, 4):
            _outer_tile(g, h, j * pitch, k * pitch, pitch, width, scratch)
            for r in range(4):
                for c in range(4):
                    gradient[(j + r) * m + k + c] += scratch[4 * r + c]
        for k in range(m - m % 4, m):
            for r in range(4):
                gradient[(j + r) * m + k] += _dot(g, h, (j + r) * pitch, k * pitch, width)
    for j in range(n - n % 4, n):
        for k in range(m):
            gradient[j * m + k] += _dot(g, h, j * pitch, k * pitch, width)


@compiled
def _outer_tile(g: Any, h: Any, p: int, q: int, pitch: int, width: int, scratch: Any) -> None:
    zero = splat(_ZERO)
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = zero
    for s in range(0, width, LANES):
        h0, h1, h2, h3 = load(h, q + s), load(h, q + pitch + s), load(h, q + 2 * pitch + s), load(h, q + 3 * pitch + s)
        v = load(g, p + s)
        a0, a1, a2, a3 = fma(v, h0, a0), fma(v, h1, a1), fma(v, h2, a2), fma(v, h3, a3)
        v = load(g, p + pitch + s)
        b0, b1, b2, b3 = fma(v, h0, b0), fma(v, h1, b1), fma(v, h2, b2), fma(v, h3, b3)
        v = load(g, p + 2 * pitch + s)
        c0, c1, c2, c3 = fma(v, h0, c0), fma(v, h1, c1), fma(v, h2, c2), fma(v, h3, c3)
        v = load(g, p + 3 * pitch + s)
        d0, d1, d2, d3 = fma(v, h0, d0), fma(v, h1, d1), fma(v, h2, d2), fma(v, h3, d3)
    store(scratch, 0, totals((a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3)))


@compiled
def _dot(g: Any, h: Any, p: int, q: int, width: int) -> Any:
    a0 = a1 = a2 = a3 = splat(_ZERO)
    for s in range(0, width, STEP):
        a0, a1 = fma(load(g, p + s), load(h, q + s), a0), fma(load(g, p + s + 16), load(h, q + s + 16), a1)
        a2 = fma(load(g, p + s + 32), load(h, q + s + 32), a2)
        a3 = fma(load(g, p + s + 48), load(h, q + s + 48), a3)
    return total(a0) + total(a1) + total(a2) + total(a3)
