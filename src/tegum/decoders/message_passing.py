"""Approximate message passing: the matched filter and a one-feature denoiser, with interference corrected for.

r = x + z Wᵀ,  v = |z|²/m,  x ← η(r; v),  z ← h - x W + z (1/m) Σ_i η'(r_i; v).

The last term (Onsager's) takes out what each feature heard of its own echo, so that r stays the truth with normal noise
of variance v. The first step is the decoder of `one_shot` with the same η. For large n the noise falls from step to
step or stays; where it has risen, a step is made half as long, without which some codes of a few hundred features are
never settled. That the noise is normal holds for random codes; for others the steps may run away, and a sample then
keeps its last x.
"""

from collections.abc import Callable
from typing import NamedTuple, get_args

import numpy as np

from tegum.decoders.belt import decode_on_belt, n_rows
from tegum.decoders.signals import Code, Features, Hidden, as_load, as_signals
from tegum.ground.arrays import ArrayLike, as_real
from tegum.ground.errors import InputError
from tegum.theory import l1_soft_threshold
from tegum.theory.message_passing import Denoiser

_RUN_AWAY = 100.0  # times the noise of the first step
_LEAST = 1e-10  # noise variance at which features are certain


class State(NamedTuple):
    """Rows of a working set: features, corrected residuals, hidden vectors, steps taken, noise of the step before."""

    x: np.ndarray
    z: np.ndarray
    h: np.ndarray
    steps: np.ndarray
    variance: np.ndarray


Denoise = Callable[[Features, Features, np.ndarray], np.ndarray]
"""Writes η(r; v) into x, may destroy r, and returns Σ_i η'(r_i; v) of each row."""


def amp(
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: float | None = None,
    feature_probability: float | None = None,
    denoiser: Denoiser = "posterior_mean",
    threshold: float | None = None,
    n_steps: int = 200,
    tolerance: float = 1e-4,
) -> Features:
    """Features by approximate message passing.

    With the posterior mean it is the best known fast decoder of binary features from random codes; with a soft
    threshold of α √v it finds the solution of least ℓ1 norm, knowing nothing of the features.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature, random and of length about 1.
        n_active: k, features active in each sample; for the posterior mean.
        feature_probability: p, if they are present independently instead.
        denoiser: "posterior_mean" of features that are 0 or 1; "soft", sign(r) (|r| - α√v)₊; "soft_non_negative",
            (r - α√v)₊.
        threshold: α, in standard deviations of the noise; by default the one with the largest critical load.
        n_steps: most steps of a sample.
        tolerance: a sample is done when a step changes x by at most tolerance times its length. 0 goes on until
            nothing changes.

    Returns:
        (n_samples, n_features); float32 if both arrays are, else float64.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, an unknown denoiser, or not one of k and p where one is needed.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> W = rng.normal(size=(200, 80)) / 80**0.5
        >>> x = amp(W[:10].sum(axis=0)[np.newaxis], W, n_active=10)
        >>> np.flatnonzero(x[0] > 0.5)
        array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

    Source:
        Donoho, Maleki and Montanari 2009, Message-passing algorithms for compressed sensing.
    """
    hidden, code = as_signals(h, W)
    if denoiser == "posterior_mean":
        load = as_load(code, n_active, feature_probability, "amp with the posterior mean")
        if load.p in (0.0, 1.0):
            return np.full((len(hidden), load.n), load.p, hidden.dtype)
        denoise = _posterior_mean(load.log_odds)
    elif denoiser in get_args(Denoiser):
        one_sided = denoiser == "soft_non_negative"
        alpha = _threshold(code, one_sided) if threshold is None else float(as_real(threshold, "threshold"))
        denoise = _soft(alpha, one_sided)
    else:
        raise InputError(f"denoiser must be one of {', '.join(map(repr, get_args(Denoiser)))}; got {denoiser!r}")
    return _run(hidden, code, denoise, n_steps, tolerance)


def _threshold(W: Code, one_sided: bool) -> float:
    n, m = W.shape
    return float(l1_soft_threshold(m / n, non_negative=one_sided))


def _run(h: Hidden, W: Code, denoise: Denoise, n_steps: int, tolerance: float) -> Features:
    n, m = W.shape
    room = np.empty((2, n_rows(n), n), h.dtype)

    def begin(h: Hidden) -> State:
        zeros = np.zeros((len(h), n), h.dtype)
        return State(zeros, h.copy(), h.copy(), np.zeros(len(h), np.int64), np.full(len(h), np.inf))

    def advance(state: State) -> tuple[State, np.ndarray]:
        read, new = room[:, : len(state.x)]
        variance = np.einsum("ij,ij->i", state.z, state.z) / m
        np.matmul(state.z, W.T, out=read)
        np.add(read, state.x, out=read)
        slope = denoise(read, new, variance)
        z = state.z * (slope / m)[:, np.newaxis].astype(h.dtype)
        z += state.h
        z -= new @ W
        np.subtract(new, state.x, out=read)
        change, size = (np.einsum("ij,ij->i", a, a) for a in (read, new))
        rising = np.flatnonzero(variance > state.variance)
        state.x[:] = new
        state.x[rising] -= read[rising] / 2
        z[rising] = (z[rising] + state.z[rising]) / 2
        steps = state.steps + 1
        away = variance > _RUN_AWAY * np.einsum("ij,ij->i", state.h, state.h) / m
        done = away | (steps >= n_steps) | (change <= tolerance**2 * size)
        return State(state.x, z, state.h, steps, variance), done

    return decode_on_belt(h, n, begin, advance)


def _posterior_mean(log_odds: float) -> Denoise:
    def denoise(r: Features, x: Features, variance: np.ndarray) -> np.ndarray:
        variance = np.maximum(variance, _LEAST)
        r *= (-1 / variance)[:, np.newaxis].astype(r.dtype)
        r += (0.5 / variance + log_odds)[:, np.newaxis].astype(r.dtype)
        with np.errstate(over="ignore"):  # exp may be infinite, and then the chance is 0
            np.exp(r, out=r)
        r += 1
        np.reciprocal(r, out=x)
        return (x.sum(axis=1) - np.einsum("ij,ij->i", x, x)) / variance

    return denoise


def _soft(alpha: float, one_sided: bool) -> Denoise:
    def denoise(r: Features, x: Features, variance: np.ndarray) -> np.ndarray:
        theta = (alpha * np.sqrt(variance))[:, np.newaxis].astype(r.dtype)
        if one_sided:
            np.subtract(r, theta, out=x)
            np.maximum(x, 0, out=x)
        else:
            np.minimum(r, theta, out=x)
            np.maximum(x, -theta, out=x)
            np.subtract(r, x, out=x)
        return np.count_nonzero(x, axis=1).astype(r.dtype)

    return denoise
