"""The sampler of `ground/streams.py` in compiled code, sixteen samples at a time."""

from typing import Any

import numpy as np

from tegum.ground import streams
from tegum.ground.compiled import compiled
from tegum.kernels.simd import (
    LANES,
    add,
    at_most,
    both,
    compress,
    count,
    divide,
    either,
    integer_add,
    integer_multiply,
    integer_subtract,
    integer_xor,
    load,
    multiply,
    positive,
    shift_right,
    splat,
    square_root,
    store,
    to_float,
    zero_unless,
)

_LANE = np.arange(LANES, dtype=np.uint32)
_STEP_STRIDE, _SPLIT_1, _SPLIT_2 = (np.uint64(c) for c in (streams.STEP_STRIDE, streams.SPLIT_1, streams.SPLIT_2))
_STRIDE_1, _STRIDE_2, _MIX_1, _MIX_2 = (
    np.uint32(c) for c in (streams.FEATURE_STRIDE_1, streams.FEATURE_STRIDE_2, streams.MIX_1, streams.MIX_2)
)


@compiled
def _mix_scalar(x: Any) -> Any:
    x = np.uint32(np.uint32(x ^ (x >> np.uint32(16))) * _MIX_1)
    x = np.uint32(np.uint32(x ^ (x >> np.uint32(15))) * _MIX_2)
    return np.uint32(x ^ (x >> np.uint32(16)))


@compiled
def fill_feature_keys(key: Any, step: int, n: int, first: Any, second: Any) -> None:
    """`streams.feature_keys`, into two uint32 arrays."""
    z = np.uint64(key + _STEP_STRIDE * np.uint64(step + 1))
    z = np.uint64((z ^ (z >> np.uint64(30))) * _SPLIT_1)
    z = np.uint64((z ^ (z >> np.uint64(27))) * _SPLIT_2)
    z = np.uint64(z ^ (z >> np.uint64(31)))
    low, high = np.uint32(z), np.uint32(z >> np.uint64(32))
    for i in range(n):
        first[i] = _mix_scalar(np.uint32(low + np.uint32(np.uint32(i) * _STRIDE_1)))
        second[i] = _mix_scalar(np.uint32(high + np.uint32(np.uint32(i) * _STRIDE_2)))


@compiled
def draw(first: Any, second: Any, sample: int) -> Any:
    """`streams.words` for samples sample ... sample + 15 of one feature."""
    x = integer_add(splat(np.uint32(first + np.uint32(sample))), load(_LANE, 0))
    x = integer_multiply(integer_xor(x, shift_right(x, 16)), splat(_MIX_1))
    x = integer_xor(x, splat(second))
    x = integer_multiply(integer_xor(x, shift_right(x, 15)), splat(_MIX_2))
    return integer_xor(x, shift_right(x, 16))


@compiled
def lanes_up_to(sample: int, n_samples: int) -> Any:
    """Which of the lanes sample ... sample + 15 are below n_samples."""
    return at_most(integer_add(splat(np.uint32(sample)), load(_LANE, 0)), splat(np.uint32(n_samples - 1)))


@compiled
def presence(word: Any, last: Any, inside: Any) -> Any:
    """Which lanes hold a feature that depends on no other: those whose word does not exceed `last`."""
    return both(at_most(word, splat(last)), inside)


@compiled
def dependent_presence(keys: Any, table: Any, i: int, word: Any, start: int, inside: Any) -> Any:
    """Which lanes hold feature i, whose own word is given: those whose gate's word lies in its interval.

    A child needs its ancestors too. Their words are drawn again: that is a dozen operations, and no order of the
    features and no room for masks has to be kept.
    """
    first, second = keys
    last, _, _, gate, begin, parent, _, _ = table
    key = word
    if gate[i] != i:
        key = integer_subtract(draw(first[gate[i]], second[gate[i]], start), splat(begin[i]))
    present = presence(key, last[i], inside)
    while parent[i] != i:
        i = parent[i]
        key = integer_subtract(draw(first[gate[i]], second[gate[i]], start), splat(begin[i]))
        present = presence(key, last[i], present)
    return present


@compiled
def magnitude(word: Any, present: Any, scale: Any, offset: Any) -> Any:
    """The feature's value: given that a word is below p 2^32 it is again uniform, so it also serves as magnitude."""
    return zero_unless(present, add(multiply(to_float(word), splat(scale)), splat(offset)))


@compiled
def to_unit_length(x: Any, n: int, pitch: int, width: int) -> None:
    """Scale each sample of a block to Euclidean length 1; samples of zeros stay."""
    for s in range(0, width, LANES):
        squares = splat(np.float32(0))
        for i in range(n):
            v = load(x, i * pitch + s)
            squares = add(squares, multiply(v, v))
        length = square_root(squares)
        some = positive(length)
        for i in range(n):
            store(x, i * pitch + s, zero_unless(some, divide(load(x, i * pitch + s), length)))


@compiled
def fill(keys: Any, table: Any, n: int, start: int, batch: int, width: int, x: Any, pitch: int) -> None:
    """Draw samples start ... start + width - 1 into a block, as they come; those from `batch` on are empty."""
    first, second = keys
    last, scale, offset, _, _, _, unit, plain = table
    for i in range(n):
        # a loop of its own: what dependent features need would cost others a tenth of their speed
        if plain:
            for s in range(0, width, LANES):
                word = draw(first[i], second[i], start + s)
                present = presence(word, last[i], lanes_up_to(start + s, batch))
                store(x, i * pitch + s, magnitude(word, present, scale[i], offset[i]))
        else:
            for s in range(0, width, LANES):
                word = draw(first[i], second[i], start + s)
                present = dependent_presence(keys, table, i, word, start + s, lanes_up_to(start + s, batch))
                store(x, i * pitch + s, magnitude(word, present, scale[i], offset[i]))
    if unit:
        to_unit_length(x, n, pitch, width)


@compiled
def append(keys: Any, table: Any, n: int, start: int, batch: int, x: Any, pitch: int, filled: int, values: Any) -> int:
    """Draw sixteen samples and append those in which a feature is present to the block, from column `filled` on.

    Returns the number of filled columns. The block must have sixteen free columns.
    """
    first, second = keys
    last, scale, offset, _, _, _, unit, plain = table
    inside = lanes_up_to(start, batch)
    some = both(inside, at_most(splat(np.uint32(1)), splat(np.uint32(0))))  # no lane
    if plain:
        for i in range(n):
            word = draw(first[i], second[i], start)
            present = presence(word, last[i], inside)
            some = either(some, present)
            store(values, i * LANES, magnitude(word, present, scale[i], offset[i]))
    else:
        for i in range(n):
            word = draw(first[i], second[i], start)
            present = dependent_presence(keys, table, i, word, start, inside)
            some = either(some, present)
            store(values, i * LANES, magnitude(word, present, scale[i], offset[i]))
    found = count(some)
    if found > 0:
        if unit:
            to_unit_length(values, n, LANES, LANES)
        for i in range(n):
            store(x, i * pitch + filled, compress(load(values, i * LANES), some))
    return filled + found
