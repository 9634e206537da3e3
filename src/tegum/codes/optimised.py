"""Codes with small coherence, found by descent: points on a sphere that keep away from each other.

The largest cosine has no gradient where several pairs share it. So a smooth maximum is minimised instead,
(1/β) ln Σ exp(β cosine) over pairs, and β is doubled until it is the maximum itself.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from tegum.codes.rows import FILLS
from tegum.geometry.gram import unit_rows
from tegum.ground.errors import InputError

_SHARPNESS = 10.0 * 2.0 ** np.arange(18)  # the last one adds at most ln(pairs that share the maximum) / 1.3e6
_STEPS = 200


def optimised_rows(
    n_features: int, n_hidden: int, seed: int, index: int, one_sided: bool = False, n_starts: int = 1
) -> np.ndarray:
    """Rows of length 1 whose largest cosine, absolute or with its sign, is a local minimum."""
    if n_starts < 1:
        raise InputError(f"n_starts must be at least 1; got {n_starts}. A descent has to begin somewhere.")
    found = [_descend(_start(n_features, n_hidden, seed, index, k), one_sided=one_sided) for k in range(n_starts)]
    return min(found, key=lambda W: largest_cosine(W, one_sided=one_sided))


def largest_cosine(W: np.ndarray, *, one_sided: bool) -> float:
    """Coherence of unit rows, one-sided or not; -1 if there is no pair."""
    cosines = (W @ W.T)[~np.eye(len(W), dtype=bool)]
    return float((cosines if one_sided else np.abs(cosines)).max(initial=-1.0))


def _start(n_features: int, n_hidden: int, seed: int, index: int, start: int) -> np.ndarray:
    """The random code of this seed; further starts are further rows of a longer one."""
    W = np.empty((n_features, n_hidden))
    FILLS["sphere"](n_features, n_hidden, seed, index)(np.arange(n_features) + start * n_features, W)
    return W


def _descend(W: np.ndarray, *, one_sided: bool) -> np.ndarray:
    best = W
    for sharpness in _SHARPNESS if len(W) > 1 else ():
        end = minimize(
            _smooth_maximum,
            best.ravel(),
            args=(W.shape, sharpness, one_sided),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _STEPS, "maxcor": 20, "ftol": 1e-15, "gtol": 1e-9},
        )
        W = unit_rows(end.x.reshape(W.shape))
        best = min(best, W, key=lambda code: largest_cosine(code, one_sided=one_sided))
    return best


def _smooth_maximum(
    flat: np.ndarray, shape: tuple[int, int], sharpness: float, one_sided: bool
) -> tuple[float, np.ndarray]:
    """(1/β) ln Σ over pairs of exp(β t), two-sided exp(β |t|), of rows scaled to length 1; and its gradient."""
    W = flat.reshape(shape)
    lengths = np.linalg.norm(W, axis=1, keepdims=True)
    units = W / lengths
    cosines = units @ units.T
    signs = np.ones_like(cosines) if one_sided else np.sign(cosines)
    exponents = sharpness * signs * cosines
    np.fill_diagonal(exponents, -np.inf)
    weights = softmax(exponents) * signs
    slope = 2 * weights @ units
    slope -= (slope * units).sum(axis=1, keepdims=True) * units
    return float(logsumexp(exponents)) / sharpness, (slope / lengths).ravel()
