"""Decoders that look at the read-out z = h Wᵀ once.

Features are 0 or 1, and directions have length 1; then the read-out of a feature is its value and noise of variance
k/m. Parameters that are not given are the best ones for random codes, from the formulas in `theory`.
"""

from typing import Literal

import numpy as np
from scipy.linalg import eigh

from tegum.decoders.signals import Code, Features, Load, as_count, as_load, as_signals, best_level, best_relu, map_level
from tegum.ground.arrays import ArrayLike, as_real
from tegum.ground.errors import InputError


def linear(
    h: ArrayLike, W: ArrayLike, *, n_active: float | None = None, feature_probability: float | None = None
) -> Features:
    """The read-out as it is.

    x' = h Wᵀ. For n - 1 > m its loss is higher than that of answering 0.

    Args:
        h: (n_samples, n_hidden), real: sums of the directions of active features.
        W: (n_features, n_hidden), one direction per feature.
        n_active: not needed; accepted so that all decoders can be called alike.
        feature_probability: not needed, likewise.

    Returns:
        (n_samples, n_features); float32 if both arrays are, else float64.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real, or not finite.

    Example:
        >>> linear([[1.0, 0.5]], [[1, 0], [0.6, 0.8]])
        array([[1., 1.]])
    """
    hidden, code = as_signals(h, W)
    return hidden @ code.T


def scaled_linear(
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: float | None = None,
    feature_probability: float | None = None,
    scale: float | None = None,
) -> Features:
    """The read-out times one factor.

    x' = c h Wᵀ with c = m/(m+n-1), the best factor for a random code, whatever the load.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: not needed.
        feature_probability: not needed.
        scale: c, if not the best one.

    Returns:
        (n_samples, n_features), dtype as in `linear`.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real, or not finite.

    Example:
        >>> scaled_linear([[1.0, 0.5]], [[1, 0], [0.6, 0.8]]).round(3)
        array([[0.667, 0.667]])
    """
    hidden, code = as_signals(h, W)
    n, m = code.shape
    c = m / (m + n - 1) if scale is None else float(as_real(scale, "scale"))
    return (hidden * hidden.dtype.type(c)) @ code.T


def pseudo_inverse(
    h: ArrayLike, W: ArrayLike, *, n_active: float | None = None, feature_probability: float | None = None
) -> Features:
    """The solution of x W = h with the smallest norm.

    x' = h W⁺. No linear decoder has less loss over random codes if features are independent and alike.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: not needed.
        feature_probability: not needed.

    Returns:
        (n_samples, n_features), dtype as in `linear`.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real, or not finite.

    Example:
        >>> pseudo_inverse([[1.6, 0.8]], [[1, 0], [0.6, 0.8]]).round(3)
        array([[1., 1.]])

    Known problems:
        Singular values below 1e-7 of the largest count as 0, as those of the smaller Gram matrix are computed.
    """
    hidden, code = as_signals(h, W)
    return hidden @ inverse_of(code)


def inverse_of(W: Code) -> np.ndarray:
    """W⁺, (n_hidden, n_features), through the smaller of the two Gram matrices."""
    wide = W.shape[0] >= W.shape[1]
    exact = W.astype(np.float64)
    values, vectors = eigh(exact.T @ exact if wide else exact @ exact.T)
    kept = values > 1e-14 * max(values[-1], np.finfo(float).tiny)
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return (inverse @ exact.T if wide else exact.T @ inverse).astype(W.dtype)


def threshold(
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: float | None = None,
    feature_probability: float | None = None,
    level: float | Literal["half", "map", "best"] = "best",
) -> Features:
    """1 where the read-out exceeds a level, else 0.

    "half" is ½ and has to know nothing; "map" is ½ + σ² ln((1-p)/p), where a feature is as likely active as not if all
    read-outs have the noise of inactive ones; "best" has the fewest wrong features.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: k, features active in each sample; for "map" and "best".
        feature_probability: p, if they are present independently instead.
        level: a number in units of the amplitude, or one of the names.

    Returns:
        (n_samples, n_features) of 0 and 1, dtype as in `linear`.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, an unknown name, or not one of k and p where one is needed.

    Example:
        >>> threshold([[1.0, 0.5]], [[1, 0], [0, 1], [0.6, 0.8]], level=0.7)
        array([[1., 0., 1.]])
    """
    hidden, code = as_signals(h, W)
    return (hidden @ code.T > _level(code, level, n_active, feature_probability)).astype(hidden.dtype)


def _level(W: Code, level: float | str, n_active: float | None, feature_probability: float | None) -> float:
    if not isinstance(level, str):
        return float(as_real(level, "level"))
    if level == "half":
        return 0.5
    if level not in ("map", "best"):
        raise InputError(f"level must be a number, 'half', 'map' or 'best'; got {level!r}")
    load = as_load(W, n_active, feature_probability, f"threshold with level {level!r}")
    return map_level(load) if level == "map" else best_level(load)


def shifted_relu(
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: float | None = None,
    feature_probability: float | None = None,
    shift: float | Literal["best"] = "best",
    gain: float | Literal["best"] = "best",
) -> Features:
    """What the read-out exceeds a shift by, times a gain.

    x' = g ReLU(h Wᵀ - b). With g = 1 the best shift balances noise that gets through against amplitude that is lost.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: k, features active in each sample; where a parameter is "best".
        feature_probability: p, if they are present independently instead; the best parameters are those of k = n p.
        shift: b, in units of the amplitude, or "best".
        gain: g, or "best". The best gain comes with the best shift; the best shift alone is known for g = 1.

    Returns:
        (n_samples, n_features), at least 0 for a gain above 0; dtype as in `linear`.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, shift and gain do not go together, or not one of k and p where one is needed.

    Example:
        >>> shifted_relu([[1.0, 0.5]], [[1, 0], [0, 1]], shift=0.5, gain=2.0)
        array([[1., 0.]])
    """
    hidden, code = as_signals(h, W)
    b, g = _shift_and_gain(code, shift, gain, n_active, feature_probability)
    z = hidden @ code.T
    z -= z.dtype.type(b)
    np.maximum(z, 0, out=z)
    z *= z.dtype.type(g)
    return z


def _shift_and_gain(
    W: Code, shift: float | str, gain: float | str, n_active: float | None, feature_probability: float | None
) -> tuple[float, float]:
    if not isinstance(shift, str) and not isinstance(gain, str):
        return float(as_real(shift, "shift")), float(as_real(gain, "gain"))
    if shift != "best" or gain not in ("best", 1.0):
        raise InputError(
            f"shift={shift!r} and gain={gain!r} do not go together; expected two numbers, shift='best' with gain=1,"
            " or 'best' for both"
        )
    return best_relu(as_load(W, n_active, feature_probability, "shifted_relu"), gain == "best")


def posterior_mean(
    h: ArrayLike, W: ArrayLike, *, n_active: float | None = None, feature_probability: float | None = None
) -> Features:
    """Chance that each feature is active, given its own read-out.

    x' = 1 / (1 + (1-p)/p · exp((½ - z)/σ²)), with p = k/n and σ² the variance of the read-out of an inactive feature.
    Among functions of one read-out it has the least expected loss, where active features have that variance too.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: k, features active in each sample.
        feature_probability: p, if they are present independently instead. One of the two is needed.

    Returns:
        (n_samples, n_features), between 0 and 1; dtype as in `linear`.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, or not one of k and p.

    Example:
        >>> posterior_mean([[1.0, 0.5]], [[1, 0], [0, 1], [0, -1]], feature_probability=0.5).round(2)
        array([[0.73, 0.5 , 0.12]])
    """
    hidden, code = as_signals(h, W)
    return posterior(hidden @ code.T, as_load(code, n_active, feature_probability, "posterior_mean"))


def posterior(z: Features, load: Load) -> Features:
    """The chances, written over the read-outs."""
    if load.p in (0.0, 1.0):
        return np.full_like(z, load.p)
    variance = max(load.variance, 1e-12)
    z *= z.dtype.type(-1 / variance)
    z += z.dtype.type(0.5 / variance + load.log_odds)
    with np.errstate(over="ignore"):  # exp may be infinite, and then the chance is 0
        np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def top_k(
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: int | None = None,
    feature_probability: float | None = None,
    read_out: Literal["matched", "pseudo_inverse"] = "matched",
) -> Features:
    """1 for the k features with the largest read-outs, else 0.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature.
        n_active: k, features active in each sample, a whole number.
        feature_probability: p instead; then n p, rounded, are taken. One of the two is needed.
        read_out: "matched" is h Wᵀ, "pseudo_inverse" h W⁺.

    Returns:
        (n_samples, n_features) of 0 and 1, k of them 1; dtype as in `linear`.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, an unknown read-out, or not one of k and p.

    Example:
        >>> top_k([[1.0, 0.5]], [[1, 0], [0, 1], [0.6, 0.8]], n_active=1)
        array([[0., 0., 1.]])
        >>> top_k([[1.0, 0.1]], [[1, 0], [0, 1], [0.6, 0.8]], n_active=1, read_out="pseudo_inverse")
        array([[1., 0., 0.]])
    """
    hidden, code = as_signals(h, W)
    if read_out not in ("matched", "pseudo_inverse"):
        raise InputError(f"read_out must be 'matched' or 'pseudo_inverse'; got {read_out!r}")
    k = as_count(code, n_active, feature_probability, "top_k")
    z = hidden @ (code.T if read_out == "matched" else inverse_of(code))
    return support_of_largest(z, k)


def support_of_largest(z: Features, k: int) -> Features:
    """1 at the k largest entries of each row, 0 elsewhere."""
    x, n = np.zeros_like(z), z.shape[1]
    if k > 0:
        chosen = np.argpartition(z, n - k, axis=1)[:, n - k :]
        np.put_along_axis(x, chosen, z.dtype.type(1), axis=1)
    return x
