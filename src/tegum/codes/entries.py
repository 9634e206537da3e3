"""Rows of random codes from words with an address, in compiled code.

The words are those of `streams.words`: feature i gives the two keys, hidden dimension j is the sample. Each function
fills a block of rows and reads nothing but the keys, so a row is the same alone, in a batch, and in the whole matrix.
"""

from typing import Any

import numpy as np

from tegum.codes.quantile import CUBICS, FIRST_PIECE, MANTISSA, MANTISSA_BITS, ONE, PIECES_LOG2
from tegum.ground import streams
from tegum.ground.compiled import compiled, compiled_door

_MIX_1, _MIX_2 = np.uint32(streams.MIX_1), np.uint32(streams.MIX_2)
_CONSTANT, _LINEAR, _SQUARE, _CUBE = (np.ascontiguousarray(row) for row in CUBICS)
_FIRST_PIECE, _MANTISSA, _ONE = np.int64(FIRST_PIECE), np.int64(MANTISSA), np.int64(ONE)
_TO_PIECE = np.int64(MANTISSA_BITS - PIECES_LOG2)
_SIGN = np.uint32(1 << 31)


@compiled
def _word(first: Any, second: Any, j: Any) -> Any:
    x = np.uint32(first + np.uint32(j))
    x = np.uint32(np.uint32(x ^ (x >> np.uint32(16))) * _MIX_1)
    x = np.uint32(x ^ second)
    x = np.uint32(np.uint32(x ^ (x >> np.uint32(15))) * _MIX_2)
    return np.uint32(x ^ (x >> np.uint32(16)))


@compiled
def _normal(word: Any) -> Any:
    bits = np.float64(np.uint32(word << np.uint32(1)) | np.uint32(1)).view(np.int64)
    piece = (bits >> _TO_PIECE) - _FIRST_PIECE
    t = np.int64((bits & _MANTISSA) | _ONE).view(np.float64) - 1.5
    magnitude = _CONSTANT[piece] + t * (_LINEAR[piece] + t * (_SQUARE[piece] + t * _CUBE[piece]))
    return magnitude if word < _SIGN else -magnitude


@compiled_door
def fill_normals(first: Any, second: Any, scale: float, out: Any) -> None:
    """Entries N(0, scale²)."""
    n_rows, n_hidden = out.shape
    for i in range(n_rows):
        for j in range(n_hidden):
            out[i, j] = scale * _normal(_word(first[i], second[i], j))


@compiled_door
def fill_units(first: Any, second: Any, out: Any) -> None:
    """Rows uniform on the sphere: normal entries, divided by their length."""
    n_rows, n_hidden = out.shape
    for i in range(n_rows):
        for j in range(n_hidden):
            out[i, j] = _normal(_word(first[i], second[i], j))
        a, b, c, d = 0.0, 0.0, 0.0, 0.0  # four sums, so that no addition waits for the last
        whole = n_hidden - n_hidden % 4
        for j in range(0, whole, 4):
            a += out[i, j] * out[i, j]
            b += out[i, j + 1] * out[i, j + 1]
            c += out[i, j + 2] * out[i, j + 2]
            d += out[i, j + 3] * out[i, j + 3]
        for j in range(whole, n_hidden):
            a += out[i, j] * out[i, j]
        length = np.sqrt((a + b) + (c + d))
        for j in range(n_hidden):
            out[i, j] /= length


@compiled_door
def fill_signs(first: Any, second: Any, scale: float, out: Any) -> None:
    """Entries ±scale; bit j mod 32 of word j div 32 makes it negative."""
    n_rows, n_hidden = out.shape
    for i in range(n_rows):
        for j in range(n_hidden):  # a word for each entry again: without a branch, lanes work side by side
            bit = (_word(first[i], second[i], j >> 5) >> np.uint32(j & 31)) & np.uint32(1)
            out[i, j] = scale * (1.0 - 2.0 * bit)


@compiled_door
def fill_ones(first: Any, second: Any, n_ones: int, scale: float, out: Any) -> None:
    """Rows with `n_ones` entries `scale` at distinct random places, and zeros: Floyd's sampling."""
    n_rows, n_hidden = out.shape
    for i in range(n_rows):
        for j in range(n_hidden):
            out[i, j] = 0.0
        for top in range(n_hidden - n_ones, n_hidden):
            word = np.uint64(_word(first[i], second[i], top))
            place = np.int64((word * np.uint64(top + 1)) >> np.uint64(32))
            out[i, place if out[i, place] == 0.0 else top] = scale


@compiled_door
def fill_characters(rows: Any, columns: Any, scale: float, out: Any) -> None:
    """Entries ±scale of Sylvester's Hadamard matrix: negative where row and column share an odd number of bits."""
    n_rows, n_hidden = out.shape
    for i in range(n_rows):
        for j in range(n_hidden):
            x = np.uint32(rows[i] & columns[j])
            for shift in (16, 8, 4, 2, 1):
                x ^= x >> np.uint32(shift)
            out[i, j] = scale * (1.0 - 2.0 * (x & np.uint32(1)))
