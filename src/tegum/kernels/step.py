"""One training step of one model, compiled: data, forward, loss, backward, optimiser.

Samples are laid out as columns: row r of an array of rows holds one feature (or hidden dimension) of `pitch` samples.
Samples in which nothing is present share one gradient, so they are counted and not computed.

What a model does not have is None: a read-out matrix if it is tied, room for |x| if x itself is the target. numba
compiles these cases apart, so that the common one pays nothing for the others.
"""

from typing import Any

import numpy as np

from tegum.ground.compiled import compiled
from tegum.kernels.products import STEP, columns, outer, rows
from tegum.kernels.simd import (
    LANES,
    absolute,
    add,
    fma,
    load,
    multiply,
    positive,
    splat,
    store,
    subtract,
    total,
    zero_unless,
)


@compiled
def rectify(h: Any, m: int, pitch: int, width: int) -> None:
    """Replace h by ReLU(h)."""
    for k in range(m):
        for s in range(k * pitch, k * pitch + width, LANES):
            v = load(h, s)
            store(h, s, zero_unless(positive(v), v))


@compiled
def mask_gradient(d: Any, h: Any, m: int, pitch: int, width: int) -> None:
    """Stop the gradient d where the rectified h is off."""
    for k in range(m):
        for s in range(k * pitch, k * pitch + width, LANES):
            store(d, s, zero_unless(positive(load(h, s)), load(d, s)))


@compiled
def fill_sizes(x: Any, t: Any, n: int, pitch: int, width: int) -> Any:
    """Set t to |x|, and return it."""
    for i in range(n):
        for s in range(i * pitch, i * pitch + width, LANES):
            store(t, s, absolute(load(x, s)))
    return t


@compiled
def output_error(
    z: Any, t: Any, weight: Any, n: int, relu: bool, scale: Any, pitch: int, width: int, bias_gradient: Any
) -> float:
    """Turn pre-activations z into gradients scale * 2 I (x' - t) in place; return the summed weighted squared error."""
    loss = 0.0
    for j in range(n):
        squares = gradients = splat(np.float32(0))
        double = splat(np.float32(2) * scale * weight[j])
        for s in range(j * pitch, j * pitch + width, LANES):
            v = load(z, s)
            on = positive(v)
            y = zero_unless(on, v) if relu else v
            error = subtract(y, load(t, s))
            squares = fma(error, error, squares)
            g = multiply(double, zero_unless(on, error) if relu else error)
            gradients = add(gradients, g)
            store(z, s, g)
        loss += total(squares) * weight[j]
        bias_gradient[j] += total(gradients)
    return loss


@compiled
def train_block(
    n: int, m: int, kinds: Any, W: Any, read_out: Any, bias: Any, weight: Any, scale: Any, block: Any, sizes: Any,
    width: int, gradients: Any,
) -> float:  # fmt: skip
    """Forward and backward through one block; adds to the gradients and returns the summed loss.

    read_out: None, or W_out, its gradient and its moments. sizes: None, or room for the target |x|.
    """
    relu_output, relu_hidden = kinds
    x, g, h, d, pitch = block
    gradient, bias_gradient, scratch = gradients
    V, V_gradient = W, gradient
    if read_out is not None:
        V, V_gradient, _, _ = read_out
    t = x if sizes is None else fill_sizes(x, sizes, n, pitch, width)
    columns(W, n, m, x, h, pitch, width)
    if relu_hidden:
        rectify(h, m, pitch, width)
    rows(V, bias, n, m, h, g, pitch, width)
    loss = output_error(g, t, weight, n, relu_output, scale, pitch, width, bias_gradient)
    columns(V, n, m, g, d, pitch, width)
    if relu_hidden:
        mask_gradient(d, h, m, pitch, width)
    outer(g, h, n, m, pitch, width, V_gradient, scratch)
    outer(x, d, n, m, pitch, width, gradient, scratch)
    return loss


@compiled
def empty_samples(n: int, count: float, relu: bool, bias: Any, weight: Any, scale: Any, bias_gradient: Any) -> float:
    """Loss and gradient of `count` samples in which no feature is present: the output is that of the bias alone.

    A negative count takes back what padding columns added.
    """
    loss = 0.0
    for j in range(n):
        if bias[j] > 0 or not relu:
            loss += count * weight[j] * bias[j] * bias[j]
            bias_gradient[j] += np.float32(count * 2 * scale * weight[j] * bias[j])
    return loss


@compiled
def round_up(width: int) -> int:
    """The next multiple of the samples that a tile covers."""
    return (width + STEP - 1) // STEP * STEP
