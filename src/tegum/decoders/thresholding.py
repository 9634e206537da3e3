"""Iterative hard thresholding: gradient steps that keep only the k largest features."""

from typing import NamedTuple

import numpy as np

from tegum.decoders.belt import decode_on_belt
from tegum.decoders.one_shot import support_of_largest
from tegum.decoders.signals import Features, Hidden, as_count, as_signals
from tegum.ground.arrays import ArrayLike


class State(NamedTuple):
    """Rows of a working set: features, their support as 0 and 1, hidden vectors, steps taken."""

    x: np.ndarray
    support: np.ndarray
    h: np.ndarray
    steps: np.ndarray


def iht(
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: int | None = None,
    feature_probability: float | None = None,
    n_steps: int = 300,
    tolerance: float = 1e-4,
) -> Features:
    """Iterative hard thresholding with normalised steps.

    x ← H_k(x + μ g), with g = (h - x W) Wᵀ, H_k keeping the k largest absolute values, S the support of x (of the k
    largest entries of g at first), and μ = |g_S|² / |g_S W|², the best step length on that support.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: k, a whole number.
        feature_probability: p instead; then n p, rounded, are kept. One of the two is needed.
        n_steps: most steps of a sample.
        tolerance: a sample is done when a step changes x by at most tolerance times its length. 0 takes all steps.

    Returns:
        (n_samples, n_features), at most k of them not 0; float32 if both arrays are, else float64.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, or not one of k and p.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> W = rng.normal(size=(100, 60)) / 60**0.5
        >>> np.flatnonzero(iht(W[:4].sum(axis=0)[np.newaxis], W, n_active=4))
        array([0, 1, 2, 3])

    Source:
        Blumensath and Davies 2010, Normalized iterative hard thresholding; without its safeguard on changing supports.
    """
    hidden, code = as_signals(h, W)
    n, k = len(code), as_count(code, n_active, feature_probability, "iht")
    if k == 0:
        return np.zeros((len(hidden), n), hidden.dtype)

    def begin(h: Hidden) -> State:
        support = support_of_largest(np.abs(h @ code.T), k)
        return State(np.zeros((len(h), n), h.dtype), support, h.copy(), np.zeros(len(h), np.int64))

    def advance(state: State) -> tuple[State, np.ndarray]:
        x, support, h, steps = state
        gradient = (h - x @ code) @ code.T
        on_support = gradient * support
        down, across = np.einsum("ij,ij->i", on_support, on_support), on_support @ code
        length = down / np.maximum(np.einsum("ij,ij->i", across, across), np.finfo(h.dtype).tiny)
        new = x + length[:, np.newaxis] * gradient
        support = support_of_largest(np.abs(new), k)
        new *= support
        change, size = (np.einsum("ij,ij->i", a, a) for a in (new - x, new))
        steps = steps + 1
        return State(new, support, h, steps), (steps >= n_steps) | (change <= tolerance**2 * size)

    return decode_on_belt(hidden, n, begin, advance)
