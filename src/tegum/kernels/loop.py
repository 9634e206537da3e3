"""The compiled loops over models and steps: what `fused.py` calls."""

from typing import Any

import numpy as np

from tegum.ground.compiled import compiled
from tegum.kernels import lanes
from tegum.kernels.products import STEP, columns, rows
from tegum.kernels.simd import LANES, fma, load, multiply, positive, splat, store, subtract, zero_unless
from tegum.kernels.step import (
    add_present,
    empty_samples,
    fill_dense,
    rectify,
    round_up,
    train_block,
)
from tegum.kernels.update import update


@compiled
def aligned(size: int) -> Any:
    """Zeros that start on a cache line; a load across two lines costs double."""
    room = np.zeros(size + LANES, np.float32)
    start = (-(room.ctypes.data // 4)) % LANES
    return room[start : start + size]


@compiled
def advance_models(
    models: Any, n: int, m: int, kinds: Any, sparse: Any, table: Any, weights: Any, keys: Any,
    W: Any, bias: Any, moments: Any, first_step: int, rates: Any, batch: int, optimizer: int, constants: Any,
    pitch: int, losses: Any,
) -> None:  # fmt: skip
    """Train each of `models` for rates.size steps, in place; losses[model] becomes the summed batch loss.

    W, bias and the moments are (n_models, size) and flat over features and hidden dimensions.
    """
    block = (aligned(n * pitch), aligned(n * pitch), aligned(m * pitch), aligned(m * pitch), pitch)
    events = (np.empty(n * pitch, np.int64), np.empty(n * pitch, np.int64), np.empty(n * pitch, np.float32))
    word_keys = (np.empty(n, np.uint32), np.empty(n, np.uint32))
    gradient, bias_gradient, scratch = aligned(n * m), aligned(n), aligned(LANES)
    column = np.empty(LANES, np.int64)
    last, scale, offset = table
    for index in range(models.size):
        a = models[index]
        mine = (last[a], scale[a], offset[a])
        loss = 0.0
        for t in range(rates.size):
            step = first_step + t
            lanes.fill_feature_keys(keys[a], step, n, word_keys[0], word_keys[1])
            gradient[:] = 0
            bias_gradient[:] = 0
            if sparse[a]:
                loss += batch_sparse(
                    n, m, kinds, mine, weights[a], word_keys, W[a], bias[a], batch, block, events, column,
                    gradient, bias_gradient, scratch,
                )  # fmt: skip
            else:
                loss += batch_dense(
                    n, m, kinds, mine, weights[a], word_keys, W[a], bias[a], batch, block, events,
                    gradient, bias_gradient, scratch,
                )  # fmt: skip
            update(optimizer, W[a], gradient, moments[0][a], moments[1][a], step, rates[t], constants)
            update(optimizer, bias[a], bias_gradient, moments[2][a], moments[3][a], step, rates[t], constants)
        losses[a] = loss


@compiled
def batch_dense(
    n: int, m: int, kinds: Any, table: Any, weight: Any, word_keys: Any, W: Any, bias: Any, batch: int,
    block: Any, events: Any, gradient: Any, bias_gradient: Any, scratch: Any,
) -> float:  # fmt: skip
    """Loss and gradients of one batch whose samples are all computed."""
    x, pitch = block[0], block[4]
    share = np.float32(1.0 / batch)
    loss = 0.0
    for start in range(0, batch, pitch):
        width = min(pitch, round_up(batch - start))
        fill_dense(word_keys[0], word_keys[1], table, n, start, batch, width, x, pitch)
        loss += train_block(
            n, m, kinds, W, bias, weight, share, block, events, -1, width, gradient, bias_gradient, scratch
        )
    padding = round_up(batch) - batch
    if padding > 0:
        loss += empty_samples(n, -padding, kinds[0], bias, weight, share, bias_gradient)
    return loss / batch


@compiled
def batch_sparse(
    n: int, m: int, kinds: Any, table: Any, weight: Any, word_keys: Any, W: Any, bias: Any, batch: int,
    block: Any, events: Any, column: Any, gradient: Any, bias_gradient: Any, scratch: Any,
) -> float:  # fmt: skip
    """Loss and gradients of one batch; samples in which nothing is present are only counted."""
    x, pitch = block[0], block[4]
    share = np.float32(1.0 / batch)
    loss = 0.0
    filled = n_events = computed = 0
    x[:] = 0
    for start in range(0, batch, LANES):
        filled, n_events = add_present(
            word_keys[0], word_keys[1], table, n, start, batch, x, pitch, filled, events, n_events, column, scratch
        )
        if filled > pitch - LANES or (start + LANES >= batch and filled > 0):
            width = round_up(filled)
            loss += train_block(
                n, m, kinds, W, bias, weight, share, block, events, n_events, width, gradient, bias_gradient, scratch
            )
            computed += width
            for e in range(n_events):
                x[events[0][e] * pitch + events[1][e]] = 0
            filled = n_events = 0
    loss += empty_samples(n, batch - computed, kinds[0], bias, weight, share, bias_gradient)
    return loss / batch


@compiled
def evaluate_models(
    models: Any, n: int, m: int, kinds: Any, table: Any, weights: Any, keys: Any, W: Any, bias: Any,
    first_step: int, n_steps: int, batch: int, pitch: int, sums: Any, squares: Any,
) -> None:  # fmt: skip
    """Sum of the loss and of its square over fresh samples, by model; the weights stay as they are."""
    x, z, h = aligned(n * pitch), aligned(n * pitch), aligned(m * pitch)
    sample_loss = aligned(pitch)
    word_keys = (np.empty(n, np.uint32), np.empty(n, np.uint32))
    last, scale, offset = table
    relu_output, relu_hidden = kinds
    for index in range(models.size):
        a = models[index]
        mine = (last[a], scale[a], offset[a])
        for step in range(first_step, first_step + n_steps):
            lanes.fill_feature_keys(keys[a], step, n, word_keys[0], word_keys[1])
            for start in range(0, batch, pitch):
                width = min(pitch, round_up(batch - start))
                fill_dense(word_keys[0], word_keys[1], mine, n, start, batch, width, x, pitch)
                columns(W[a], n, m, x, h, pitch, width)
                if relu_hidden:
                    rectify(h, m, pitch, width)
                rows(W[a], bias[a], n, m, h, z, pitch, width)
                add_losses(z, x, weights[a], n, relu_output, pitch, width, sample_loss)
                for s in range(min(width, batch - start)):
                    sums[a] += sample_loss[s]
                    squares[a] += np.float64(sample_loss[s]) * sample_loss[s]


@compiled
def add_losses(z: Any, x: Any, weight: Any, n: int, relu: bool, pitch: int, width: int, out: Any) -> None:
    """Importance-weighted squared error of each sample of a block."""
    for s in range(0, width, LANES):
        loss = splat(np.float32(0))
        for j in range(n):
            v = load(z, j * pitch + s)
            y = zero_unless(positive(v), v) if relu else v
            error = subtract(y, load(x, j * pitch + s))
            loss = fma(multiply(error, splat(weight[j])), error, loss)
        store(out, s, loss)


def pitch_for(n_features: int) -> int:
    """Samples per block: enough to hide the reductions at its end, few enough to stay in the second-level cache."""
    return 4 * STEP if n_features <= 128 else 2 * STEP
