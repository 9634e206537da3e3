"""Tight frames of unit vectors: interference has the least possible mean square."""

import math
from typing import Literal, TypeAlias, get_args

import numpy as np

from tegum.codes.hadamard import hadamard_matrix
from tegum.codes.rows import FILLS
from tegum.geometry.gram import unit_rows
from tegum.ground import streams
from tegum.ground.arrays import Directions
from tegum.ground.errors import InputError

Method: TypeAlias = Literal["auto", "hadamard", "projection"]

_MOST_PASSES = 50
_UNIT = 4e-15


def tight_rows(n_features: int, n_hidden: int, seed: int, index: int, method: Method = "auto") -> np.ndarray:
    """Rows of length 1 with Wᵀ W = (n/m) · 1, from random columns of a Hadamard matrix or by projection."""
    if n_hidden > n_features:
        raise InputError(
            f"a tight frame needs n_features >= n_hidden; got {n_features} features in {n_hidden} dimensions."
            " For fewer features take the family 'orthonormal'."
        )
    if method not in get_args(Method):
        raise InputError(f"method must be one of {', '.join(get_args(Method))}; got {method!r}.")
    # With fewer columns than this, some rows would be likely to be equal.
    enough = n_hidden >= 2 * math.log2(n_features)
    if method == "hadamard" or (method == "auto" and enough):
        frame = _from_hadamard(n_features, n_hidden, seed, index)
        if frame is not None:
            return frame
        if method == "hadamard":
            raise InputError(
                f"no Hadamard matrix of order n_features = {n_features} is known here; expected a power of 2, or a"
                " multiple of 4 that Paley's constructions reach. Leave out method='hadamard'."
            )
    start = np.empty((n_features, n_hidden))
    FILLS["sphere"](n_features, n_hidden, seed, index)(np.arange(n_features), start)
    return nearby_tight_frame(start)


def _from_hadamard(n_features: int, n_hidden: int, seed: int, index: int) -> np.ndarray | None:
    if n_features & (n_features - 1) == 0:
        frame = np.empty((n_features, n_hidden))
        FILLS["tight"](n_features, n_hidden, seed, index)(np.arange(n_features), frame)
        return frame
    matrix = hadamard_matrix(n_features)
    if matrix is None:
        return None
    columns = streams.generator(seed, index, "code tight").choice(n_features, n_hidden, replace=False)
    return np.ascontiguousarray(matrix[:, columns]) / math.sqrt(n_hidden)


def nearby_tight_frame(W: Directions) -> Directions:
    """A tight frame of unit rows near to given directions.

    Two projections take turns: the nearest tight frame, W (Wᵀ W)^(-1/2) √(n/m), and the nearest unit rows. They slow
    down where directions nearly split into orthogonal groups, so after 50 turns plane rotations of pairs of rows
    finish: they keep Wᵀ W, and each makes one more row of length 1.

    Args:
        W: (n_features, n_hidden), of rank n_hidden, without rows of zeros.

    Returns:
        Same shape: rows of length 1, Wᵀ W = (n/m) · 1, both to rounding.

    Example:
        >>> W = nearby_tight_frame(np.array([[1.0, 0.1], [0.2, 1.0], [0.5, -0.9]]))
        >>> (W.T @ W).round(12) + 0.0
        array([[1.5, 0. ],
               [0. , 1.5]])

    Source:
        Tropp, Dhillon, Heath and Strohmer 2005, Designing structured tight frames via an alternating projection method;
        Bendel and Mickey 1978, Population correlation matrices for sampling experiments, for the rotations.
    """
    for _ in range(_MOST_PASSES):
        W = _nearest_tight(unit_rows(W))
        if np.abs(np.linalg.norm(W, axis=1) - 1).max() <= _UNIT:
            break
    return unit_rows(_with_unit_rows(W))


def _nearest_tight(W: np.ndarray) -> np.ndarray:
    eigenvalues, axes = np.linalg.eigh(W.T @ W)
    return W @ (axes * np.sqrt(W.shape[0] / W.shape[1] / eigenvalues)) @ axes.T


def _with_unit_rows(W: np.ndarray) -> np.ndarray:
    """Rotate a row that is too short against one that is too long, until none is left: each turn finishes one row."""
    W = W.copy()
    squares = (W**2).sum(axis=1)
    for _ in range(len(W) - 1):
        i, j = int(squares.argmin()), int(squares.argmax())
        if squares[j] - 1 <= _UNIT or 1 - squares[i] <= _UNIT:
            break
        # t = tan of the angle that makes |cos · W_i + sin · W_j|² = 1
        product, short, long = W[i] @ W[j], 1 - squares[i], squares[j] - 1
        root = math.sqrt(product**2 + short * long)
        t = short / (root + product) if product > 0 else (root - product) / long
        cos = 1 / math.sqrt(1 + t * t)
        W[i], W[j] = cos * (W[i] + t * W[j]), cos * (W[j] - t * W[i])
        squares[i], squares[j] = 1.0, W[j] @ W[j]
    return W
