"""Where iterative decoders stop to recover: limits for large n at fixed m/n and k/m.

The code is random with independent normal entries, there is no noise, and the active features are a random set. Below
the threshold recovery succeeds almost surely, above it fails; at finite n the change has a relative width of about
1/√n.
"""

import numpy as np
from scipy.special import ndtr

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, Numbers, Sizes, as_positive, sizes
from tegum.theory.posterior_mean import bernoulli_mmse
from tegum.theory.roots import last_true, lowest_point

_LEAST = 1e-12


def l1_threshold(hidden_per_feature: ArrayLike, *, non_negative: bool = False) -> Real:
    """Largest k/m at which the solution of least ℓ1 norm is the right one: the weak Donoho-Tanner threshold.

    ρ(δ) = max over z > 0 of (1 - (κ/δ) A(z)) / (1 + z² - κ A(z)) with A(z) = (1+z²) Q(z) - z φ(z), δ = m/n, κ = 2, or
    κ = 1 if the features are known to be non-negative. For small δ it tends, slowly, to 1 / (2 ln(1/δ)).

    Args:
        hidden_per_feature: δ = m/n, at least 1e-12, any shape; from 1 on every k is recovered.
        non_negative: whether the decoder knows that no feature is negative.

    Returns:
        Same shape, k/m between 0 and 1.

    Raises:
        InputError: δ below 1e-12.

    Example:
        >>> l1_threshold([0.1, 0.256, 0.5]).round(4)
        array([0.1894, 0.2702, 0.3857])
        >>> print(l1_threshold(0.256, non_negative=True).round(4))
        0.3697

    Source:
        Donoho, Maleki and Montanari 2009, Message-passing algorithms for compressed sensing.
    """
    delta = as_positive(hidden_per_feature, "hidden_per_feature", _LEAST)
    z = l1_soft_threshold(delta, non_negative=non_negative)
    return np.asarray(np.where(delta >= 1, 1.0, _l1_ratio(z, np.minimum(delta, 1.0), 1.0 if non_negative else 2.0)))


def l1_soft_threshold(hidden_per_feature: ArrayLike, *, non_negative: bool = False) -> Real:
    """Threshold, in standard deviations of the noise, with which approximate message passing reaches `l1_threshold`.

    The maximising z there.

    Args:
        hidden_per_feature: δ = m/n, at least 1e-12, any shape; above 1 it counts as 1.
        non_negative: whether the decoder knows that no feature is negative.

    Returns:
        Same shape, at least 0.

    Raises:
        InputError: δ below 1e-12.

    Example:
        >>> print(l1_soft_threshold(0.256).round(2))
        1.28

    Source:
        As `l1_threshold`.
    """
    delta = np.minimum(as_positive(hidden_per_feature, "hidden_per_feature", _LEAST), 1.0)
    kappa = 1.0 if non_negative else 2.0
    high = 2 + np.sqrt(2 * np.log(2 / delta))
    return lowest_point(lambda z: -_l1_ratio(z, delta, kappa), np.zeros_like(delta), high)


def bayes_amp_threshold(hidden_per_feature: ArrayLike) -> Real:
    """Largest share of active binary features that message passing with the posterior mean recovers.

    The largest p for which the state evolution v → mmse_p(v) / δ falls to 0 from every v, that is
    max over v of mmse_p(v) / v < δ.

    Args:
        hidden_per_feature: δ = m/n, above 0, any shape.

    Returns:
        Same shape, k/n between 0 and 1/2; 1/2 where even half of the features are recovered.

    Raises:
        InputError: δ is 0 or negative.

    Example:
        >>> bayes_amp_threshold([0.1, 0.256]).round(4)
        array([0.028 , 0.1121])

    Known problems:
        p is searched from e^-40 on, to six digits; about 0.1 s for each δ.

    Source:
        Donoho, Javanmard and Montanari 2013, Information-theoretically optimal compressed sensing via spatial coupling.
    """
    delta = as_positive(hidden_per_feature, "hidden_per_feature", _LEAST)
    least, most = np.log(5e-4), np.log(50.0)  # at p < e^-40, and at p = ½, the maximum lies well between

    def holds(log_p: np.ndarray) -> np.ndarray:
        def falling(log_v: np.ndarray) -> np.ndarray:
            return np.asarray(-bernoulli_mmse(np.exp(log_p), np.exp(log_v)) / np.exp(log_v))

        at = lowest_point(falling, np.full(log_p.shape, least), np.full(log_p.shape, most), n_points=48, n_steps=10)
        return np.asarray(-falling(at) < delta)

    low, high = np.full(delta.shape, -40.0), np.full(delta.shape, np.log(0.5))
    return np.asarray(np.where(holds(high), 0.5, np.exp(last_true(holds, low, high, n_steps=26))))


def max_active_l1(n_features: Count, n_hidden: ArrayLike, *, non_negative: bool = False) -> Real:
    """Active features that the solution of least ℓ1 norm recovers in a random code.

    m times `l1_threshold`(m/n), at most n.

    Args:
        n_features: n.
        n_hidden: m.
        non_negative: whether the decoder knows that no feature is negative.

    Returns:
        Broadcast shape, between 0 and n.

    Raises:
        InputError: a size below 1, or m/n below 1e-12.

    Example:
        >>> print(max_active_l1(1000, 256).round(1), max_active_l1(1000, 256, non_negative=True).round(1))
        69.2 94.7
    """
    size, delta = _undersampling(n_features, n_hidden)
    ratio = l1_threshold(delta, non_negative=non_negative)
    return np.asarray(np.minimum(size.n, np.minimum(size.m, size.n) * ratio))


def max_active_bayes(n_features: Count, n_hidden: ArrayLike) -> Real:
    """Active binary features that message passing with the posterior mean recovers in a random code.

    n times `bayes_amp_threshold`(m/n).

    Args:
        n_features: n.
        n_hidden: m.

    Returns:
        Broadcast shape, at most n/2.

    Raises:
        InputError: a size below 1, or m/n below 1e-12.

    Example:
        >>> print(max_active_bayes(1000, 256).round(0))
        112.0
    """
    size, delta = _undersampling(n_features, n_hidden)
    return np.asarray(size.n * bayes_amp_threshold(delta))


def _undersampling(n_features: Count, n_hidden: ArrayLike) -> tuple[Sizes, Real]:
    size = sizes(n_features, n_hidden)
    return size, as_positive(size.m / size.n, "n_hidden / n_features", _LEAST)


def _l1_ratio(z: Numbers, delta: Numbers, kappa: float) -> Real:
    a = (1 + z**2) * ndtr(-z) - z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    with np.errstate(divide="ignore", invalid="ignore"):  # at z = 0 the bracket below is 0 for κ = 2
        return np.asarray(np.where(z > 0, (1 - kappa / delta * a) / (1 + z**2 - kappa * a), -np.inf))
