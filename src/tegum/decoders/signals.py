"""The checks that every decoder makes, and what it derives from the number of active features."""

import functools
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float

from tegum.ground.arrays import ArrayLike, as_directions, as_real
from tegum.ground.errors import InputError, ShapeError
from tegum.theory import best_shift, best_shift_and_gain, best_threshold

Hidden: TypeAlias = Float[np.ndarray, "n_samples n_hidden"]
Features: TypeAlias = Float[np.ndarray, "n_samples n_features"]
Code: TypeAlias = Float[np.ndarray, "n_features n_hidden"]


def as_signals(h: ArrayLike, W: ArrayLike) -> tuple[Hidden, Code]:
    """The caller's hidden vectors and directions, checked.

    Both are float32 if both came so, else float64: a decoder is as precise as what it is given.

    Raises:
        ShapeError: not (n_samples, n_hidden) and (n_features, n_hidden).
        InputError: not real, or not finite.

    Example:
        >>> h, W = as_signals(np.ones((3, 2), np.float32), np.eye(2, dtype=np.float32))
        >>> h.dtype.name, as_signals(h, np.eye(2))[0].dtype.name
        ('float32', 'float64')
    """
    single = all(isinstance(array, np.ndarray) and array.dtype == np.float32 for array in (h, W))
    hidden, code = as_real(h, "h"), as_directions(W)
    if code.ndim != 2:
        raise ShapeError(f"W has shape {code.shape}, expected (n_features, n_hidden); decode model by model: W[i]")
    if hidden.ndim != 2 or hidden.shape[1] != code.shape[1]:
        raise ShapeError(
            f"h has shape {hidden.shape} and W {code.shape}; expected (n_samples, n_hidden={code.shape[1]}) and"
            f" (n_features, n_hidden). {_mend(hidden.shape, code.shape)}"
        )
    dtype = np.float32 if single else np.float64
    return hidden.astype(dtype, order="C", copy=False), code.astype(dtype, order="C", copy=False)


def _mend(hidden: tuple[int, ...], code: tuple[int, ...]) -> str:
    if len(hidden) == 1:
        return "For a single sample pass h[np.newaxis]."
    if len(hidden) == 2 and hidden[1] == code[0]:
        return "The axes of W look swapped: pass W.T."
    if len(hidden) == 2 and hidden[0] == code[1]:
        return "The axes of h look swapped: pass h.T."
    return "Pass the hidden vectors of features x as x @ W."


class Load(NamedTuple):
    """What is known of the inputs: sizes, mean number k of active features, their share p, and noise of a read-out.

    The variance is that of the read-out of an inactive feature: k/m for exactly k active features, (n-1) p/m for
    features present independently with probability p.
    """

    n: int
    m: int
    k: float
    p: float
    variance: float
    independent: bool

    @property
    def n_active(self) -> int:
        """The mean number of active features as a count."""
        return round(self.k)

    @property
    def log_odds(self) -> float:
        """ln((1-p)/p)."""
        with np.errstate(divide="ignore"):
            return float(np.log1p(-self.p) - np.log(self.p))


def as_load(W: Code, n_active: float | None, feature_probability: float | None, needed_by: str) -> Load:
    """Number of active features or their probability, one of which the decoder has to know.

    Raises:
        InputError: neither or both are given, or outside the range.

    Example:
        >>> as_load(np.ones((100, 20)), None, 0.05, "threshold").k
        5.0
    """
    n, m = W.shape
    if (n_active is None) == (feature_probability is None):
        got = "neither" if n_active is None else "both"
        raise InputError(
            f"{needed_by} must know how many features are active, n_active=k, or how likely each of them is,"
            f" feature_probability=p; got {got}. Pass one of them."
        )
    if n_active is not None:
        k = float(as_real(n_active, "n_active"))
        if not 0 <= k <= n:
            raise InputError(f"n_active must lie between 0 and n_features = {n}; got {n_active}")
        return Load(n, m, k, k / n, k / m, False)
    p = float(as_real(feature_probability or 0.0, "feature_probability"))
    if not 0 <= p <= 1:
        raise InputError(f"feature_probability must lie in [0, 1]; got {p}. If you meant sparsity S, pass 1 - S.")
    return Load(n, m, n * p, p, (n - 1) * p / m, True)


def as_count(W: Code, n_active: int | None, feature_probability: float | None, needed_by: str) -> int:
    """Number of features that a decoder has to find; n p, rounded, if their probability is given.

    Raises:
        InputError: as `as_load`, or n_active is not whole.

    Example:
        >>> as_count(np.ones((100, 20)), None, 0.05, "top_k")
        5
    """
    load = as_load(W, n_active, feature_probability, needed_by)
    if n_active is not None and load.k != load.n_active:
        raise InputError(f"n_active must be a whole number for {needed_by}; got {n_active}")
    return load.n_active


@functools.lru_cache(maxsize=1024)
def best_level(load: Load) -> float:
    """Threshold with the fewest wrong features; with independent features that of the MAP, as variances are equal."""
    if load.independent:
        return map_level(load)
    return float(best_threshold(load.n, load.m, load.k))


def map_level(load: Load) -> float:
    """Threshold at which a feature is as likely active as not: ½ + σ² ln((1-p)/p)."""
    return 0.5 + (load.variance * load.log_odds if load.variance > 0 else 0.0)


@functools.lru_cache(maxsize=1024)
def best_relu(load: Load, gained: bool) -> tuple[float, float]:
    """Shift and gain with the least expected loss; gain 1 unless it is free."""
    if gained:
        shift, gain = best_shift_and_gain(load.n, load.m, load.k)
        return float(shift), float(gain)
    return float(best_shift(load.n, load.m, load.k)), 1.0
