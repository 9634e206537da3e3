"""A belt of samples for decoders that iterate.

All samples of a working set take a step together, so that the work is matrix products. Some need ten steps, others a
thousand: a sample that is done makes room for one that waits. The working set is as large as the second-level cache
likes, and the products stay large until the last samples.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from tegum.decoders.signals import Features, Hidden

_ROOM = 1 << 18  # entries of one (rows, n_features) array
_FEWEST, _MOST = 32, 1024

State = TypeVar("State", bound=tuple[np.ndarray, ...])
"""A named tuple of arrays with a row per sample; the first one is x."""


def n_rows(n_features: int) -> int:
    """Samples that are decoded side by side.

    Example:
        >>> n_rows(1000)
        262
    """
    return int(np.clip(_ROOM // n_features, _FEWEST, _MOST))


def decode_on_belt(
    h: Hidden,
    n_features: int,
    begin: Callable[[Hidden], State],
    advance: Callable[[State], tuple[State, np.ndarray]],
) -> Features:
    """Decode all samples, a working set at a time.

    Args:
        h: (n_samples, n_hidden).
        n_features: n.
        begin: from hidden vectors to the state of their rows before the first step.
        advance: from a state to the state after one step, in the same or in other arrays, and which rows are done, as
            (rows,) of booleans. Every row must be done at some time.

    Returns:
        (n_samples, n_features).
    """
    x = np.empty((len(h), n_features), h.dtype)
    samples = np.arange(min(n_rows(n_features), len(h)))  # which sample each row holds
    n_taken = len(samples)
    state = begin(h[samples])
    while len(samples):
        state, done = advance(state)
        free = np.flatnonzero(done)
        if not len(free):
            continue
        x[samples[free]] = state[0][free]
        n_new = min(len(free), len(h) - n_taken)
        if n_new:
            _put(state, free[:n_new], begin(h[n_taken : n_taken + n_new]))
            samples[free[:n_new]] = np.arange(n_taken, n_taken + n_new)
            n_taken += n_new
        if n_new < len(free):
            kept = np.delete(np.arange(len(samples)), free[n_new:])
            state, samples = type(state)(*(part[kept] for part in state)), samples[kept]
    return x


def _put(state: State, rows: np.ndarray, fresh: State) -> None:
    for part, first in zip(state, fresh, strict=True):
        part[rows] = first
