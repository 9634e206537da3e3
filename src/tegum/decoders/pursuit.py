"""Orthogonal matching pursuit, through correlations (fast) or residuals (plain, for very many features)."""

from typing import NamedTuple

import numpy as np

from tegum.decoders.signals import Code, Features, Hidden, as_count, as_signals
from tegum.ground.arrays import ArrayLike

_MOST_PAIRS = 1 << 26  # entries of a Gram matrix that is worth its memory: 8192 features
_ROWS = 256


class Choice(NamedTuple):
    """What pursuit found in each sample, with n_active columns.

    Args:
        order: features in the order of their choice, -1 where none was left.
        factor: (n_samples, n_active, n_active), lower triangular: overlaps of chosen directions with the
            orthonormalised ones before them.
        amounts: amount of h along each orthonormalised direction.
    """

    order: np.ndarray
    factor: np.ndarray
    amounts: np.ndarray


def omp(
    h: ArrayLike, W: ArrayLike, *, n_active: int | None = None, feature_probability: float | None = None
) -> Features:
    """Orthogonal matching pursuit.

    k times: take the feature with the largest |W_j · r|, and let r be what the chosen features leave of h. The values
    are those of least squares on the chosen features.

    Args:
        h: (n_samples, n_hidden), real.
        W: (n_features, n_hidden), one direction per feature, of equal lengths.
        n_active: k, a whole number; at most n_hidden features can be chosen.
        feature_probability: p instead; then n p, rounded, are chosen. One of the two is needed.

    Returns:
        (n_samples, n_features), at most k of them not 0, fewer where the residual vanished before; float32 if both
        arrays are, else float64.

    Raises:
        ShapeError: the shapes do not fit.
        InputError: not real or finite, or not one of k and p.

    Example:
        >>> omp([[0.8, 0.9]], [[1, 0], [0, 1], [0.6, 0.8]], n_active=2).round(3) + 0.0
        array([[0.125, 0.   , 1.125]])

    Known problems:
        Overlaps are known to rounding, so directions whose distance from those chosen before is below 1e-6 of their
        length (3e-3 in float32) are not told from dependent ones.

    Source:
        Pati, Rezaiifar and Krishnaprasad 1993, Orthogonal matching pursuit; by overlaps as in Rubinstein, Zibulevsky
        and Elad 2008, Efficient implementation of the K-SVD algorithm using batch orthogonal matching pursuit.
    """
    hidden, code = as_signals(h, W)
    n, m = code.shape
    k = min(as_count(code, n_active, feature_probability, "omp"), m)
    by_gram = n * n <= _MOST_PAIRS and n <= 4 * len(hidden) * max(k, 1)  # else the Gram matrix is most of the work
    gram = code @ code.T if by_gram else None
    x = np.zeros((len(hidden), n), hidden.dtype)
    for start in range(0, len(hidden) if k else 0, _ROWS):
        some = hidden[start : start + _ROWS]
        choice = choose_by_residuals(some, code, k) if gram is None else choose_by_gram(some, code, gram, k)
        _fill(x[start : start + _ROWS], choice)
    return x


def choose_by_gram(h: Hidden, W: Code, gram: np.ndarray, k: int) -> Choice:
    """The compiled way; see `pursuit_kernel`."""
    from tegum.decoders.pursuit_kernel import pursue

    choice = _no_choice(len(h), k, h.dtype)
    rows = np.empty((k, len(W)), h.dtype)
    pursue(h @ W.T, gram, least_share(h.dtype), rows, choice.factor, choice.amounts, choice.order)
    return choice


def choose_by_residuals(h: Hidden, W: Code, k: int) -> Choice:
    """The plain way: correlations are computed from the residuals at every step, and no Gram matrix is needed."""
    choice, least = _no_choice(len(h), k, h.dtype), least_share(h.dtype)
    residual, bases = h.copy(), np.zeros((len(h), k, h.shape[1]), h.dtype)
    start, live = np.zeros(len(h), h.dtype), np.ones(len(h), bool)
    samples = np.arange(len(h))
    for t in range(k):
        correlation = residual @ W.T
        np.put_along_axis(correlation, choice.order[:, :t], 0, axis=1)  # -1 can only be where a sample is done
        j = np.abs(correlation).argmax(axis=1)
        found = correlation[samples, j]
        start = np.maximum(start, np.abs(found))
        chosen = W[j]
        along = np.einsum("asm,am->as", bases[:, :t], chosen)
        rest = chosen - np.einsum("as,asm->am", along, bases[:, :t])
        square, whole = np.einsum("am,am->a", rest, rest), np.einsum("am,am->a", chosen, chosen)
        live &= (np.abs(found) > least * start) & (square > least * whole)
        root = np.where(live, np.sqrt(square), 1)
        bases[:, t] = np.where(live[:, np.newaxis], rest / root[:, np.newaxis], 0)
        choice.factor[live, t, :t], choice.factor[live, t, t] = along[live], root[live]
        choice.amounts[live, t], choice.order[live, t] = found[live] / root[live], j[live]
        residual -= choice.amounts[:, t, np.newaxis] * bases[:, t]
    return choice


def least_share(dtype: np.dtype) -> float:
    """Share of a squared length that rounding cannot tell from 0."""
    return 50 * float(np.finfo(dtype).eps)


def _no_choice(n_samples: int, k: int, dtype: np.dtype) -> Choice:
    factor = np.zeros((n_samples, k, k), dtype)
    factor[:, np.arange(k), np.arange(k)] = 1
    return Choice(np.full((n_samples, k), -1), factor, np.zeros((n_samples, k), dtype))


def _fill(x: Features, choice: Choice) -> None:
    """Amounts along the orthonormalised directions -> values of the chosen features, written into rows of zeros."""
    k = choice.order.shape[1]
    values = choice.amounts.copy()
    for t in range(k - 1, -1, -1):  # Rᵀ values = amounts, from the last choice back
        values[:, t] /= choice.factor[:, t, t]
        values[:, :t] -= values[:, t, np.newaxis] * choice.factor[:, t, :t]
    samples, places = np.nonzero(choice.order >= 0)
    x[samples, choice.order[samples, places]] = values[samples, places]
