"""Expected loss of every decoder that looks at the read-out z = W h once, for random codes and binary features.

k of n features are 1, the others 0. The loss is Σ_i (x'_i - x_i)² per input. The read-out of an inactive feature is
N(0, σ₀²) with σ₀² = k/m, that of an active one N(1, σ₁²) with σ₁² = (k-1)/m; linear decoders need no normal law. If
features are present independently with probability p, both variances are (n-1) p/m. For tight frames put m_eff for m
where the read-out is taken feature by feature.
"""

import numpy as np
from scipy.special import ndtr

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Count, alongside, as_extended, sizes
from tegum.theory.gaussian import deviations, in_deviations


def linear_risk(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Expected loss of taking the read-out as it is, exact.

    x' = z: k (n-1)/m. Worse than answering 0, which costs k, whenever n - 1 > m.

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape, loss per input, summed over features.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(linear_risk(1000, 256, 8).round(3))
        31.219
    """
    size = sizes(n_features, n_hidden, n_active)
    return np.asarray(size.k * (size.n - 1) / size.m)


def scaled_linear_risk(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Expected loss of the read-out times its best factor, exact.

    x' = c z with c = m/(m+n-1): k (n-1)/(m+n-1).

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape, loss per input, summed over features.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(scaled_linear_risk(1000, 256, 8).round(3))
        6.368
    """
    size = sizes(n_features, n_hidden, n_active)
    return np.asarray(size.k / (1 + size.m / np.maximum(size.n - 1, 1e-300)))


def pseudo_inverse_risk(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Expected loss of the least squares solution of smallest norm.

    x' = W⁺ h: k (1 - m/n) on average over random codes, 0 for n ≤ m. For independent features of equal variance no
    linear decoder with any bias leaves less than this share 1 - m/n of the loss of answering the mean.

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k between 0 and n.

    Returns:
        Broadcast shape, loss per input, summed over features.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(pseudo_inverse_risk(1000, 256, 8).round(3))
        5.952
    """
    size = sizes(n_features, n_hidden, n_active)
    return np.asarray(size.k * np.maximum(1 - size.m / size.n, 0.0))


def threshold_rates(
    n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike, threshold: ArrayLike = 0.5
) -> tuple[Real, Real]:
    """False positive and false negative rate of a threshold on the read-out.

    Q(τ/σ₀) and Q((1-τ)/σ₁). (n-k) times the one and k times the other add up to `expected_wrong`, the risk.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m.
        n_active: k between 0 and n.
        threshold: τ.

    Returns:
        The two rates, each of the broadcast shape, between 0 and 1.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> false_positive, false_negative = threshold_rates(1000, 256, 8)
        >>> print(false_positive.round(5), false_negative.round(5))
        0.00234 0.00125
    """
    size, tau = alongside(sizes(n_features, n_hidden, n_active), threshold=as_extended(threshold, "threshold"))
    inactive, active = deviations(size)
    return np.asarray(ndtr(-in_deviations(tau, inactive))), np.asarray(ndtr(-in_deviations(1 - tau, active)))
