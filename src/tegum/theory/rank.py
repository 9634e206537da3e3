"""How many dimensions a given largest interference takes, also where features are read with other directions."""

import numpy as np
from scipy.special import betaln

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, alongside, as_positive, sizes
from tegum.theory.roots import last_true

_ORDERS = np.unique(np.concatenate([np.arange(1.0, 65.0), np.round(np.geomspace(65, 1e9, 300))]))
_LOG_MOST = np.log(1e300)


def rank_bound(n_features: Count, interference: ArrayLike) -> Real:
    """Least number of dimensions through which n features can be read with so little interference.

    Let h = x W be read with directions of its own, z = h W_outᵀ, so that each feature reads 1 of itself and at most
    ε in absolute value of any other. Then for every order s = 1, 2, …

        C(m + s - 1, s) ≥ n / (1 + (n-1) ε^(2s)),

    as the entrywise power s of W_out Wᵀ has at most the rank on the left, and as the square of a trace is at most the
    rank times the sum of the squared entries. The sharpest order gives m ≥ c ln n / (ε² ln(1/ε)) for 1/√n ≤ ε < ½, so
    no read-out makes the number of features grow faster than e^(O(m ε² ln(1/ε))). Random codes reach e^(m ε²/4).
    `best_welch_bound` is sharper, but needs features to be read with their own directions.

    Args:
        n_features: n, at least 1, any shape, or a `LogCount`.
        interference: ε in [0, 1], largest absolute entry of W_out Wᵀ beside the diagonal.

    Returns:
        Broadcast shape, between 1 and n: real, as bounds are compared as curves; round up to count dimensions.

    Raises:
        InputError: a count below 1, or ε outside its range.

    Example: without interference every feature takes a dimension; with some, ln n decides.
        >>> rank_bound([1000, 1000, 1e12], [0.0, 0.2, 0.2]).round(1)
        array([1000. ,   27.2,   89. ])

    Source:
        Alon 2003, Problems and results in extremal combinatorics I, section 9, with the constants written out.
    """
    epsilon = as_positive(interference, "interference", 0.0, 1.0)
    size, epsilon = alongside(sizes(n_features), interference=epsilon)
    order = _ORDERS.reshape(-1, *(1,) * epsilon.ndim)
    with np.errstate(divide="ignore"):
        log_others = size.log_n + np.log1p(-np.exp(-size.log_n))
        needed = size.log_n - np.logaddexp(0.0, log_others + 2 * order * np.log(epsilon))

    def too_few(log_m: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(order) - betaln(np.exp(log_m), order) < needed)

    top = np.broadcast_to(np.minimum(size.log_n, _LOG_MOST), needed.shape)
    least = np.exp(last_true(too_few, np.zeros(needed.shape), top)).max(axis=0)
    return np.asarray(np.where(epsilon == 0, size.n, least))
