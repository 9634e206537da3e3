"""The compiled loops over models and steps: what `fused.py` calls."""

from typing import Any, NamedTuple

import numpy as np

from tegum.ground.compiled import compiled, compiled_door
from tegum.kernels import lanes
from tegum.kernels.products import STEP, columns, rows
from tegum.kernels.simd import LANES, fma, load, multiply, positive, splat, store, subtract, zero_unless
from tegum.kernels.step import empty_samples, fill_sizes, rectify, round_up, train_block
from tegum.kernels.update import update


def aligned(size: int) -> np.ndarray:
    """float32 zeros that start on a cache line; a load across two lines costs double."""
    room = np.zeros(size + LANES, np.float32)
    start = (-(room.ctypes.data // room.itemsize)) % LANES
    return room[start : start + size]


class TrainingRoom(NamedTuple):
    """Arrays that one call of `advance_models` works in."""

    block: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]  # x, g, h, d and their pitch
    word_keys: tuple[np.ndarray, np.ndarray]
    gradients: tuple[np.ndarray, np.ndarray, np.ndarray]  # of W, of the bias, and a scratch tile
    values: np.ndarray


def training_room(n: int, m: int, pitch: int) -> TrainingRoom:
    """Room for training models of n features and m hidden dimensions, one at a time."""
    return TrainingRoom(
        (aligned(n * pitch), aligned(n * pitch), aligned(m * pitch), aligned(m * pitch), pitch),
        (np.empty(n, np.uint32), np.empty(n, np.uint32)),
        (aligned(n * m), aligned(n), aligned(LANES)),
        aligned(n * LANES),
    )


class ReadOut(NamedTuple):
    """What untied models have besides: arrays (n_models, size), and room for the gradient of one model."""

    W: np.ndarray
    first: np.ndarray
    second: np.ndarray
    gradient: np.ndarray


class EvaluationRoom(NamedTuple):
    """Arrays that one call of `evaluate_models` works in."""

    x: np.ndarray
    z: np.ndarray
    h: np.ndarray
    sample_loss: np.ndarray
    word_keys: tuple[np.ndarray, np.ndarray]


def evaluation_room(n: int, m: int, pitch: int) -> EvaluationRoom:
    """Room for evaluating such models."""
    keys = (np.empty(n, np.uint32), np.empty(n, np.uint32))
    return EvaluationRoom(aligned(n * pitch), aligned(n * pitch), aligned(m * pitch), aligned(pitch), keys)


@compiled
def table_of(table: Any, a: int) -> Any:
    """The sampler's table of one model."""
    last, scale, offset, gate, first, parent, unit, plain = table
    return last[a], scale[a], offset[a], gate[a], first[a], parent[a], unit[a], plain[a]


@compiled_door
def advance_models(
    models: Any, n: int, m: int, kinds: Any, sparse: Any, table: Any, weights: Any, keys: Any,
    W: Any, read_out: Any, bias: Any, moments: Any, first_step: int, rates: Any, batch: int, optimizer: int,
    constants: Any, room: Any, sizes: Any, losses: Any,
) -> None:  # fmt: skip
    """Train each of `models` for rates.size steps, in place, and add its batch losses to losses[model].

    W, bias and the moments are (n_models, size) and flat over features and hidden dimensions. `read_out` is a ReadOut,
    or None for tied models; `sizes` is room for a block of targets |x|, or None if x itself is the target.
    """
    for index in range(models.size):
        a = models[index]
        losses[a] = advance_model(
            n, m, kinds, sparse[a], table_of(table, a), weights[a], keys[a], W[a],
            None if read_out is None else (read_out.W[a], read_out.gradient, read_out.first[a], read_out.second[a]),
            bias[a], (moments[0][a], moments[1][a], moments[2][a], moments[3][a]), first_step, rates, batch, optimizer,
            constants, room, sizes, losses[a],
        )  # fmt: skip


@compiled
def advance_model(
    n: int, m: int, kinds: Any, sparse: bool, table: Any, weight: Any, key: Any, W: Any, read_out: Any, bias: Any,
    moments: Any, first_step: int, rates: Any, batch: int, optimizer: int, constants: Any, room: Any, sizes: Any,
    loss: float,
) -> float:  # fmt: skip
    """Train one model for rates.size steps, in place; returns `loss` and the batch losses, added up step by step."""
    block, word_keys, gradients, values = room
    gradient, bias_gradient, _ = gradients
    W_first, W_second, bias_first, bias_second = moments
    for t in range(rates.size):
        step = first_step + t
        lanes.fill_feature_keys(key, step, n, word_keys[0], word_keys[1])
        gradient[:] = 0
        bias_gradient[:] = 0
        if read_out is not None:
            _, out_gradient, _, _ = read_out
            out_gradient[:] = 0
        loss += batch_gradient(
            n, m, kinds, sparse, table, weight, word_keys, W, read_out, bias, batch, block, sizes, gradients, values
        )
        update(optimizer, W, gradient, W_first, W_second, step, rates[t], constants)
        if read_out is not None:
            W_out, out_gradient, out_first, out_second = read_out
            update(optimizer, W_out, out_gradient, out_first, out_second, step, rates[t], constants)
        update(optimizer, bias, bias_gradient, bias_first, bias_second, step, rates[t], constants)
    return loss


@compiled
def batch_gradient(
    n: int, m: int, kinds: Any, sparse: bool, table: Any, weight: Any, word_keys: Any, W: Any, read_out: Any, bias: Any,
    batch: int, block: Any, sizes: Any, gradients: Any, values: Any,
) -> float:  # fmt: skip
    """Mean loss of one batch; adds its gradients. Sparse: samples in which nothing is present are only counted."""
    x, pitch = block[0], block[4]
    share = np.float32(1.0 / batch)
    loss = 0.0
    start = computed = 0
    while start < batch:
        if sparse:
            x[:] = 0
            filled = 0
            while start < batch and filled <= pitch - LANES:
                filled = lanes.append(word_keys, table, n, start, batch, x, pitch, filled, values)
                start += LANES
            width = round_up(filled)
        else:
            width = min(pitch, round_up(batch - start))
            lanes.fill(word_keys, table, n, start, batch, width, x, pitch)
            start += width
        loss += train_block(n, m, kinds, W, read_out, bias, weight, share, block, sizes, width, gradients)
        computed += width
    if computed != batch:  # columns that only fill up a block count as empty samples too many
        loss += empty_samples(n, batch - computed, kinds[0], bias, weight, share, gradients[1])
    return loss / batch


@compiled_door
def evaluate_models(
    models: Any, n: int, m: int, kinds: Any, table: Any, weights: Any, keys: Any, W: Any, W_out: Any, bias: Any,
    first_step: int, n_steps: int, batch: int, room: Any, sizes: Any, sums: Any, squares: Any,
) -> None:  # fmt: skip
    """Sum of the loss and of its square over fresh samples, by model; the weights stay as they are.

    `W_out` and `sizes` may be None, as in advance_models.
    """
    x, z, h, sample_loss, word_keys = room
    pitch = sample_loss.size
    relu_output, relu_hidden = kinds
    for index in range(models.size):
        a = models[index]
        mine, weight, directions, shift = table_of(table, a), weights[a], W[a], bias[a]
        read_out = directions if W_out is None else W_out[a]
        for step in range(first_step, first_step + n_steps):
            lanes.fill_feature_keys(keys[a], step, n, word_keys[0], word_keys[1])
            for start in range(0, batch, pitch):
                width = min(pitch, round_up(batch - start))
                lanes.fill(word_keys, mine, n, start, batch, width, x, pitch)
                t = x if sizes is None else fill_sizes(x, sizes, n, pitch, width)
                columns(directions, n, m, x, h, pitch, width)
                if relu_hidden:
                    rectify(h, m, pitch, width)
                rows(read_out, shift, n, m, h, z, pitch, width)
                add_losses(z, t, weight, n, relu_output, pitch, width, sample_loss)
                for s in range(min(width, batch - start)):
                    sums[a] += sample_loss[s]
                    squares[a] += np.float64(sample_loss[s]) * sample_loss[s]


@compiled
def add_losses(z: Any, t: Any, weight: Any, n: int, relu: bool, pitch: int, width: int, out: Any) -> None:
    """Importance-weighted squared error of each sample of a block."""
    for s in range(0, width, LANES):
        loss = splat(np.float32(0))
        for j in range(n):
            v = load(z, j * pitch + s)
            y = zero_unless(positive(v), v) if relu else v
            error = subtract(y, load(t, j * pitch + s))
            loss = fma(multiply(error, splat(weight[j])), error, loss)
        store(out, s, loss)


def pitch_for(n_features: int) -> int:
    """Samples per block: enough to hide the reductions at its end, few enough to stay in the second-level cache."""
    return 4 * STEP if n_features <= 128 else 2 * STEP
