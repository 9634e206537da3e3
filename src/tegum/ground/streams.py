"""Random numbers with an address.

Every random word is a pure function of (seed, model, purpose, step, feature, sample), so results cannot depend on the
number of threads, on how models are packed, or on what was drawn before. This file is the plain version, on 64-bit
integers, which numpy and torch share; `kernels/lanes.py` is the same arithmetic in compiled code.

The key of (seed, model, purpose) is a BLAKE2 digest. A step and a feature turn it into two 32-bit keys (splitmix64 and
a 32-bit finaliser), and the sample number goes through a keyed bijection of two multiplications, with the second key
entering in the middle. So one feature never meets the same word twice in a batch.
"""

import hashlib
from typing import Any

import numpy as np

INITIAL_WEIGHTS, TRAINING_DATA, EVALUATION_DATA, EXAMPLE_DATA = "initial weights", "training", "evaluation", "examples"
INITIAL_READ_OUT = "initial read-out weights"

_LOW = 0xFFFFFFFF
_LOW64 = 0xFFFFFFFFFFFFFFFF

# constants of splitmix64 (Steele, Lea, Flood 2014) and of the 32-bit finalisers "lowbias32" and of MurmurHash3
STEP_STRIDE, SPLIT_1, SPLIT_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
FEATURE_STRIDE_1, FEATURE_STRIDE_2 = 0x9E3779B9, 0x85EBCA6B
MIX_1, MIX_2 = 0x7FEB352D, 0x846CA68B


def stream_key(seed: int, model: int, purpose: str) -> int:
    """64-bit key of one stream.

    Args:
        seed: the one integer that a run is given.
        model: index of the model in its problem.
        purpose: what the numbers are for; streams of different purposes are independent.

    Returns:
        An integer in [0, 2^64).

    Example:
        >>> stream_key(0, 0, "training") == stream_key(0, 1, "training")
        False
    """
    digest = hashlib.blake2b(f"{seed}/{model}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def generator(seed: int, model: int, purpose: str) -> np.random.Generator:
    """Numpy generator of one stream, for what is drawn once per model."""
    return np.random.Generator(np.random.Philox(key=stream_key(seed, model, purpose)))


def feature_keys(key: int, step: int, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Two 32-bit keys of each feature at one step, as int64 arrays of shape (n_features,)."""
    return keys_at(key, step, np.arange(n_features, dtype=np.int64))


def keys_at(key: int, step: int, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`feature_keys` of the given features only, int64 in [0, 2^32), in any shape."""
    z = (key + STEP_STRIDE * (step + 1)) & _LOW64
    z = ((z ^ (z >> 30)) * SPLIT_1) & _LOW64
    z = ((z ^ (z >> 27)) * SPLIT_2) & _LOW64
    z ^= z >> 31
    first = _mix((z & _LOW) + ((features * FEATURE_STRIDE_1) & _LOW), 0)
    second = _mix((z >> 32) + ((features * FEATURE_STRIDE_2) & _LOW), 0)
    return first, second


def words(first: Any, second: Any, samples: Any) -> Any:
    """32-bit words of the given samples; all three are int64 arrays (numpy or torch) that broadcast together.

    Example:
        >>> first, second = feature_keys(stream_key(0, 0, "training"), step=3, n_features=2)
        >>> words(first, second, np.arange(4)[:, None]).shape
        (4, 2)
    """
    return _mix(first + samples, second)


def _mix(x: Any, key: Any) -> Any:
    # int64 products overflow and wrap; their low 32 bits are right, and those are kept
    x = x & _LOW
    x = ((x ^ (x >> 16)) * MIX_1) & _LOW
    x = x ^ key
    x = ((x ^ (x >> 15)) * MIX_2) & _LOW
    return x ^ (x >> 16)
