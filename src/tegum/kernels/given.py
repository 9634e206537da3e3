"""Training on samples that are given: training sets, and samples that only numpy can draw.

Given samples are kept as lists of what is present, block by block, so that a training set of thousands of features
needs no more room and time than its entries. What is dense (the outputs, and their errors) is worked out for a few
features at a time and never leaves the first-level cache.
"""

from typing import Any, NamedTuple

import numpy as np

from tegum.ground.compiled import compiled, compiled_door
from tegum.kernels.products import columns, outer, rows
from tegum.kernels.simd import LANES, add, load, store
from tegum.kernels.step import empty_samples, mask_gradient, output_error, rectify, round_up
from tegum.kernels.update import update

_FEATURES = 32  # worked out together; a multiple of the four rows of a tile
_ZERO = np.float32(0)


class Batches(NamedTuple):
    """Batches of given samples; samples in which nothing is present are left out.

    Entries are ordered by block, then feature, then sample.
    """

    feature: np.ndarray  # int64 (n_entries,)
    sample: np.ndarray  # int64 (n_entries,), within the block
    value: np.ndarray  # float32 (n_entries,)
    entry_ends: np.ndarray  # int64 (n_blocks + 1,): block k has the entries from entry_ends[k] to entry_ends[k + 1]
    n_samples: np.ndarray  # int64 (n_blocks,), samples in each block
    block_ends: np.ndarray  # int64 (n_batches + 1,): the same for the blocks of a batch


def batches_of(batches: np.ndarray, pitch: int) -> Batches:
    """Lists of what is present in batches (n_batches, batch_size, n_features), in blocks of `pitch` samples.

    Example:
        >>> made = batches_of(np.array([[[0.0, 0.0], [0.0, 0.5]]]), 64)
        >>> made.feature.tolist(), made.sample.tolist(), made.value.tolist(), made.n_samples.tolist()
        ([1], [0], [0.5], [1])
    """
    there = batches.any(axis=2)
    counts = there.sum(axis=1)
    per_batch = -(-counts // pitch)
    block_ends = np.concatenate([[0], np.cumsum(per_batch)])
    place = np.cumsum(there, axis=1) - 1  # of a sample among those of its batch that hold something
    batch, row, feature = np.nonzero(batches)
    block = block_ends[batch] + place[batch, row] // pitch
    order = np.lexsort((row, feature, block))
    n_blocks = int(block_ends[-1])
    first = np.arange(n_blocks) - np.repeat(block_ends[:-1], per_batch)
    return Batches(
        feature[order], (place[batch, row] % pitch)[order], batches[batch, row, feature][order].astype(np.float32),
        np.searchsorted(block[order], np.arange(n_blocks + 1)),
        np.minimum(pitch, np.repeat(counts, per_batch) - first * pitch), block_ends,
    )  # fmt: skip


class GivenRoom(NamedTuple):
    """Arrays that one call of `advance_given` works in."""

    x: np.ndarray  # a few features of a block; only zeros between blocks
    g: np.ndarray  # the same of outputs, then of errors
    h: np.ndarray
    d: np.ndarray
    part: np.ndarray
    gradient: np.ndarray
    bias_gradient: np.ndarray
    scratch: np.ndarray
    pitch: int


def given_room(n: int, m: int, pitch: int) -> GivenRoom:
    """Room for training one model of n features and m hidden dimensions."""
    few, hidden = _FEATURES * pitch, m * pitch
    x, g, h, d, part, gradient, bias_gradient, scratch = (
        np.zeros(size, np.float32) for size in (few, few, hidden, hidden, hidden, n * m, n, LANES)
    )
    return GivenRoom(x, g, h, d, part, gradient, bias_gradient, scratch, pitch)


@compiled_door
def advance_given(
    n: int, m: int, kinds: Any, absolute: bool, weight: Any, W: Any, read_out: Any, bias: Any, moments: Any,
    first_step: int, rates: Any, batch: int, batches: Any, optimizer: int, constants: Any, room: Any, loss: float,
) -> float:  # fmt: skip
    """Train one model for rates.size steps, in place, on its batches in turn; returns `loss` and the batch losses.

    `read_out` is None for tied models, else W_out, room for its gradient, and its moments.
    """
    W_first, W_second, bias_first, bias_second = moments
    n_batches = batches[5].size - 1
    V, V_gradient = W, room.gradient
    if read_out is not None:
        V, V_gradient, _, _ = read_out
    for t in range(rates.size):
        room.gradient[:] = 0
        V_gradient[:] = 0
        room.bias_gradient[:] = 0
        loss += given_gradient(
            n, m, kinds, absolute, weight, W, V, bias, batch, batches, t % n_batches, room, V_gradient
        )
        update(optimizer, W, room.gradient, W_first, W_second, first_step + t, rates[t], constants)
        if read_out is not None:
            _, _, out_first, out_second = read_out
            update(optimizer, V, V_gradient, out_first, out_second, first_step + t, rates[t], constants)
        update(optimizer, bias, room.bias_gradient, bias_first, bias_second, first_step + t, rates[t], constants)
    return loss


@compiled
def given_gradient(
    n: int, m: int, kinds: Any, absolute: bool, weight: Any, W: Any, W_out: Any, bias: Any, batch: int, batches: Any,
    number: int, room: Any, out_gradient: Any,
) -> float:  # fmt: skip
    """Mean loss of one batch; adds its gradients. W reads in and W_out reads out; for tied models they are one."""
    _, _, _, entry_ends, n_samples, block_ends = batches
    share = np.float32(1.0 / batch)
    loss = 0.0
    computed = 0
    for k in range(block_ends[number], block_ends[number + 1]):
        width = round_up(n_samples[k])
        begin, end = entry_ends[k], entry_ends[k + 1]
        loss += given_block(
            n, m, kinds, absolute, weight, W, W_out, bias, share, batches, begin, end, width, room, out_gradient
        )
        computed += width
    if computed != batch:
        loss += empty_samples(n, batch - computed, kinds[0], bias, weight, share, room.bias_gradient)
    return loss / batch


@compiled
def given_block(
    n: int, m: int, kinds: Any, absolute: bool, weight: Any, W: Any, W_out: Any, bias: Any, share: Any, batches: Any,
    begin: int, end: int, width: int, room: Any, out_gradient: Any,
) -> float:  # fmt: skip
    """Forward and backward through one block; adds to the gradients and returns the summed loss."""
    relu_output, relu_hidden = kinds
    feature, sample, value, _, _, _ = batches
    x, g, h, d, part, gradient, bias_gradient, scratch, pitch = room
    h[:] = _ZERO
    d[:] = _ZERO
    for e in range(begin, end):
        for k in range(m):
            h[k * pitch + sample[e]] += W[feature[e] * m + k] * value[e]
    if relu_hidden:
        rectify(h, m, pitch, width)
    loss = 0.0
    e = begin
    for j in range(0, n, _FEATURES):
        size, chunk_begin = min(_FEATURES, n - j), e
        while e < end and feature[e] < j + size:
            x[(feature[e] - j) * pitch + sample[e]] = abs(value[e]) if absolute else value[e]  # the target
            e += 1
        directions = W_out[j * m : (j + size) * m]
        rows(directions, bias[j : j + size], size, m, h, g, pitch, width)
        loss += output_error(
            g, x, weight[j : j + size], size, relu_output, share, pitch, width, bias_gradient[j : j + size]
        )
        columns(directions, size, m, g, part, pitch, width)
        add_rows(part, d, m, pitch, width)
        outer(g, h, size, m, pitch, width, out_gradient[j * m : (j + size) * m], scratch)
        for i in range(chunk_begin, e):
            x[(feature[i] - j) * pitch + sample[i]] = _ZERO
    if relu_hidden:
        mask_gradient(d, h, m, pitch, width)
    for i in range(begin, end):
        for k in range(m):
            gradient[feature[i] * m + k] += value[i] * d[k * pitch + sample[i]]
    return loss


@compiled
def add_rows(part: Any, out: Any, m: int, pitch: int, width: int) -> None:
    """Add rows of `part` to those of `out`."""
    for k in range(m):
        for s in range(k * pitch, k * pitch + width, LANES):
            store(out, s, add(load(out, s), load(part, s)))
