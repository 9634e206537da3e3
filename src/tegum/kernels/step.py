"""One training step of one model, compiled: data, forward, loss, backward, optimiser.

Samples are laid out as columns: row r of an array of rows holds one feature (or hidden dimension) of `pitch` samples.
Sparse inputs are kept as a list of events (feature, column, value) besides the dense block. Samples in which nothing is
present share one gradient, so they are counted and not computed.
"""

from typing import Any

import numpy as np

from tegum.ground.compiled import compiled
from tegum.kernels import lanes
from tegum.kernels.products import STEP, columns, outer, rows
from tegum.kernels.simd import (
    LANES,
    add,
    bits,
    fma,
    load,
    multiply,
    positive,
    splat,
    store,
    subtract,
    total,
    trailing_zeros,
    zero_unless,
)

_EVERY_LANE = (1 << LANES) - 1
# A product over events costs about this many times a dense multiply-add per (event, hidden) pair.
_EVENT_COST = 24


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
def output_error(
    z: Any, x: Any, weight: Any, n: int, relu: bool, scale: Any, pitch: int, width: int, bias_gradient: Any
) -> float:
    """Turn pre-activations z into gradients scale * 2 I (x' - x) in place; return the summed weighted squared error."""
    loss = 0.0
    for j in range(n):
        squares = gradients = splat(np.float32(0))
        double = splat(np.float32(2) * scale * weight[j])
        for s in range(j * pitch, j * pitch + width, LANES):
            v = load(z, s)
            on = positive(v)
            y = zero_unless(on, v) if relu else v
            error = subtract(y, load(x, s))
            squares = fma(error, error, squares)
            g = multiply(double, zero_unless(on, error) if relu else error)
            gradients = add(gradients, g)
            store(z, s, g)
        loss += total(squares) * weight[j]
        bias_gradient[j] += total(gradients)
    return loss


@compiled
def encode_events(W: Any, m: int, features: Any, places: Any, values: Any, n_events: int, h: Any, pitch: int) -> None:
    """h += x W from the list of present features; h must have been set to zero."""
    for e in range(n_events):
        w, q, x = features[e] * m, places[e], values[e]
        for k in range(m):
            h[q + k * pitch] += x * W[w + k]


@compiled
def outer_events(
    features: Any, places: Any, values: Any, n_events: int, d: Any, m: int, pitch: int, gradient: Any
) -> None:
    """gradient += x d^T from the list of present features."""
    for e in range(n_events):
        w, q, x = features[e] * m, places[e], values[e]
        for k in range(m):
            gradient[w + k] += x * d[q + k * pitch]


@compiled
def train_block(
    n: int, m: int, kinds: Any, W: Any, bias: Any, weight: Any, scale: Any,
    block: Any, events: Any, n_events: int, width: int, gradient: Any, bias_gradient: Any, scratch: Any,
) -> float:  # fmt: skip
    """Forward and backward through one block; adds to the gradients and returns the summed loss."""
    relu_output, relu_hidden = kinds
    x, g, h, d, pitch = block
    features, places, values = events
    sparse = n_events >= 0 and n_events * _EVENT_COST < n * width
    if sparse:
        h[: m * pitch] = 0
        encode_events(W, m, features, places, values, n_events, h, pitch)
    else:
        columns(W, n, m, x, h, pitch, width)
    if relu_hidden:
        rectify(h, m, pitch, width)
    rows(W, bias, n, m, h, g, pitch, width)
    loss = output_error(g, x, weight, n, relu_output, scale, pitch, width, bias_gradient)
    columns(W, n, m, g, d, pitch, width)
    if relu_hidden:
        mask_gradient(d, h, m, pitch, width)
    outer(g, h, n, m, pitch, width, gradient, scratch)
    if sparse:
        outer_events(features, places, values, n_events, d, m, pitch, gradient)
    else:
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
def fill_dense(first: Any, second: Any, table: Any, n: int, start: int, batch: int, width: int, x: Any, pitch: int) -> None:
    """Draw samples start ... start + width - 1 into the block, as they come."""
    last, scale, offset = table
    for i in range(n):
        for s in range(0, width, LANES):
            word = lanes.draw(first[i], second[i], start + s)
            present = lanes.presence(word, last[i], lanes.lanes_up_to(start + s, batch))
            store(x, i * pitch + s, lanes.magnitude(word, present, scale[i], offset[i]))


@compiled
def add_present(
    first: Any, second: Any, table: Any, n: int, start: int, batch: int,
    x: Any, pitch: int, filled: int, events: Any, n_events: int, column: Any, values: Any,
) -> tuple[int, int]:  # fmt: skip
    """Draw sixteen samples and append those with a present feature to the block; it must have sixteen free columns.

    Returns the number of filled columns and of events.
    """
    last, scale, offset = table
    features, places, amounts = events
    column[:] = -1
    inside = lanes.lanes_up_to(start, batch)
    for i in range(n):
        word = lanes.draw(first[i], second[i], start)
        present = lanes.presence(word, last[i], inside)
        left = bits(present)
        if left != 0:
            store(values, 0, lanes.magnitude(word, present, scale[i], offset[i]))
            while left != 0:
                lane = trailing_zeros(left)
                left &= left - 1
                if column[lane] < 0:
                    column[lane] = filled
                    filled += 1
                x[i * pitch + column[lane]] = values[lane]
                features[n_events], places[n_events], amounts[n_events] = i, column[lane], values[lane]
                n_events += 1
    return filled, n_events


@compiled
def round_up(width: int) -> int:
    """The next multiple of the samples that a tile covers."""
    return (width + STEP - 1) // STEP * STEP
