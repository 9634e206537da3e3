"""Normal numbers from 32-bit words: a table of the normal quantile, and its reading in plain numpy.

A word is a sign and a tail probability between 0 and 1/2. The tail probability is cut at every power of 2 and each
octave into 16 equal pieces; on each piece a cubic replaces the quantile, to 1.2e-8. Only multiplications and additions
are left, so that compiled code (`entries.py`) gives the same numbers to the last bit. The largest number is 6.34.
"""

import numpy as np
from scipy.special import ndtri

PIECES_LOG2 = 4
EXPONENT_BIAS = 1023  # of a float64
MANTISSA_BITS = 52
MANTISSA = (1 << MANTISSA_BITS) - 1
ONE = EXPONENT_BIAS << MANTISSA_BITS  # the bits of 1.0
FIRST_PIECE = EXPONENT_BIAS << PIECES_LOG2
_OCTAVES = 32
_SCALE = 2.0**-33


def _cubics() -> np.ndarray:
    """(4, pieces): coefficients of the powers of (mantissa - 1.5), by interpolation at Chebyshev's points."""
    pieces = np.arange(_OCTAVES << PIECES_LOG2)
    octave, piece = pieces >> PIECES_LOG2, pieces & ((1 << PIECES_LOG2) - 1)
    points = (1 + np.cos(np.pi * (np.arange(4) + 0.5) / 4)) / 2
    mantissa = 1 + (piece[:, np.newaxis] + points) / (1 << PIECES_LOG2)
    quantile = -ndtri(mantissa * 2.0 ** octave[:, np.newaxis] * _SCALE)
    powers = (mantissa - 1.5)[..., np.newaxis] ** np.arange(4)
    return np.ascontiguousarray(np.linalg.solve(powers, quantile[..., np.newaxis])[..., 0].T)


CUBICS = _cubics()


def normals(words: np.ndarray) -> np.ndarray:
    """Standard normal numbers, a word each.

    The magnitude is the quantile at the tail probability (2 (w mod 2^31) + 1) / 2^33; the top bit is the sign.

    Args:
        words: 32-bit words as int64, any shape.

    Returns:
        Same shape, float64, between -6.34 and 6.34.

    Example:
        >>> normals(np.array([0, 2**30, 2**31 + 2**30])).round(4)
        array([ 6.338 ,  0.6745, -0.6745])
    """
    bits = ((words << 1) & 0xFFFFFFFF | 1).astype(np.float64).view(np.int64)
    piece = (bits >> (MANTISSA_BITS - PIECES_LOG2)) - FIRST_PIECE
    t = (bits & MANTISSA | ONE).view(np.float64) - 1.5
    constant, linear, square, cube = CUBICS[:, piece]
    magnitude = constant + t * (linear + t * (square + t * cube))
    return np.where(words >> 31, -magnitude, magnitude)
