"""Noise over layers in closed form: what compounds, what does not, and what a number of layers costs.

Layer 1 is the first read-out of a code that holds k active features of n in m dimensions.
"""

import numpy as np
from scipy.special import gammaln, logsumexp

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import Count, alongside, as_positive, sizes
from tegum.theory.load_limits import max_active


def linear_noise(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike, n_layers: ArrayLike) -> Real:
    """Noise variance of every feature after layers that re-encode linearly, each with a fresh random code.

    (k/n) ((1 + n/m)^L - 1): each layer reads the noise of all n features again.

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k, between 0 and n.
        n_layers: L, at least 0.

    Returns:
        Broadcast shape, squared activity.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> linear_noise(1000, 500, 8, [1, 2, 3, 4, 5]).round(3)
        array([0.016, 0.064, 0.208, 0.64 , 1.936])
    """
    size, layers = alongside(sizes(n_features, n_hidden, n_active), n_layers=as_positive(n_layers, "n_layers"))
    with np.errstate(over="ignore"):
        growth = np.expm1(layers * np.log1p(size.n / size.m))
    return np.asarray(size.k / size.n * growth)


def reused_code_noise(n_features: int, n_hidden: float, n_active: float, n_layers: int) -> Real:
    """Noise variance of an inactive feature if one random code is used in every layer, without a non-linearity.

    The read-out of layer L is G^L x, so the variance is (k/n) (M_2L - M_L²) with M_j = tr(G^j)/n, a Marchenko-Pastur
    moment: Σ_r N(j, r) (n/m)^(r - 1), with the Narayana numbers N. It grows by up to (1 + √(n/m))⁴ per layer.

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k, between 0 and n.
        n_layers: L, at least 1.

    Returns:
        (n_layers,), for layers 1 to L.

    Raises:
        InputError: a size outside its range.

    Example: faster than fresh codes, whose noise is 0.64 at layer 4.
        >>> print(*reused_code_noise(1000, 500, 8, 4).round(3))
        0.016 0.288 6.256 150.144

    Known problems:
        A tight frame multiplies by (n/m)² per layer instead, and by 1 if read-outs are scaled by m/n: (m/n) G is a
        projection.

    Source:
        Marchenko and Pastur 1967 for the moments.
    """
    size = sizes(n_features, n_hidden, n_active)
    _at_least_one(n_layers)
    log_ratio = np.log(float(size.n / size.m))
    layers = np.arange(1, n_layers + 1)
    first, second = (np.array([_log_moment(int(j), log_ratio) for j in factor * layers]) for factor in (1, 2))
    share = float(size.k / size.n)
    return np.asarray(share * np.exp(second) * -np.expm1(2 * first - second))


def gate_noise(n_hidden: ArrayLike, n_active: ArrayLike, n_layers: ArrayLike) -> Real:
    """Variance of an active value after layers that pass on linearly what exceeds a threshold.

    (1 + k/m)^L - 1, about L k/m: inactive noise is gone, but active values walk at random, and no rule can put a
    continuum right. Amplitudes lose precision as √L.

    Args:
        n_hidden: m.
        n_active: k.
        n_layers: L, at least 0.

    Returns:
        Broadcast shape, squared activity.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> gate_noise(500, 8, [1, 2, 3]).round(4)
        array([0.016 , 0.0323, 0.0488])

    Known problems:
        A lower end: false positives and active features that fell below the threshold add to it.
    """
    k = as_positive(n_active, "n_active")
    size, layers = alongside(sizes(np.maximum(k, 1), n_hidden, k), n_layers=as_positive(n_layers, "n_layers"))
    return np.asarray(np.expm1(layers * np.log1p(size.k / size.m)))


def max_active_layers(n_features: Count, n_hidden: ArrayLike, n_layers: ArrayLike, n_wrong: ArrayLike = 1.0) -> Real:
    """Active features at which a step in every layer, with errors carried on, gets so many wrong after L layers.

    Errors add up, L · `expected_wrong`(n, m, k) = η, solved for k; about m/(8 ln(n L/η)), so depth costs ln L.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m, or m_eff for a tight frame.
        n_layers: L, at least 1.
        n_wrong: η, expected wrong features after the last layer, above 0.

    Returns:
        Broadcast shape, between 0 and n.

    Raises:
        InputError: a size outside its range.

    Example: a thousand layers cost less than half of the load.
        >>> max_active_layers(1000, 512, [1, 10, 100, 1000]).round(2)
        array([13.42,  9.26,  7.04,  5.67])
    """
    layers, wrong = as_positive(n_layers, "n_layers", least=1.0), as_positive(n_wrong, "n_wrong")
    return max_active(n_features, n_hidden, wrong / layers)


def _log_moment(order: int, log_ratio: float) -> float:
    """Logarithm of a moment: ln Σ_r N(j, r) c^(r - 1)."""
    r = np.arange(1, order + 1)
    chosen, below = (gammaln(order + 1) - gammaln(s + 1) - gammaln(order - s + 1) for s in (r, r - 1))
    return np.asarray(logsumexp(chosen + below - np.log(order) + (r - 1) * log_ratio)).item()


def _at_least_one(n_layers: int) -> None:
    if n_layers < 1:
        raise InputError(f"n_layers must be at least 1; got {n_layers}.")
