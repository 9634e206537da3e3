"""Features that tend to be active together.

The interference variance on a read-out of a random code is E Σ_{j≠i} x_j² / m, whatever the dependence between
features: it acts only through the distribution of the number K of active features. The one-parameter family here draws
a rate π from a beta distribution of mean p, and then every feature independently with that rate, so that any two
features have the correlation r: 0 is independence, 1 is all or none.
"""

import numpy as np
from scipy.special import gammaln

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.capacity import expected_wrong
from tegum.theory.counts import as_positive, together
from tegum.theory.inputs import as_probability

MOST_FEATURES = 10_000_000


def active_count_probability(n_features: int, feature_probability: ArrayLike, correlation: ArrayLike = 0.0) -> Real:
    """Distribution of the number of active features, for equally correlated features.

    P(K = k) = C(n, k) ∏_{j<k} (p + jρ) ∏_{j<n-k} (1 - p + jρ) / ∏_{j<n} (1 + jρ) with ρ = r/(1-r): the beta-binomial
    law, in the form that stays exact as r → 0.

    Args:
        n_features: n, from 1 to 10 million.
        feature_probability: p in [0, 1], any shape.
        correlation: r in [0, 1], of any two features.

    Returns:
        (..., n_features + 1), for k = 0 … n, adding up to 1.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> active_count_probability(3, 0.5, [0, 1 / 3, 1]).round(3)
        array([[0.125, 0.375, 0.375, 0.125],
               [0.25 , 0.25 , 0.25 , 0.25 ],
               [0.5  , 0.   , 0.   , 0.5  ]])

    Source:
        Skellam 1948, A probability distribution derived from the binomial distribution by regarding the probability of
        success as variable between the sets of trials.
    """
    n = _whole(n_features)
    p, r = together(
        feature_probability=as_probability(feature_probability),
        correlation=as_positive(correlation, "correlation", 0.0, 1.0),
    )
    p, r = p[..., np.newaxis], r[..., np.newaxis]
    steps = np.arange(n) * (r / np.where(r < 1, 1 - r, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        hits, misses = _running(np.log(p + steps)), _running(np.log(1 - p + steps))
        k = np.arange(n + 1)
        log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + hits + misses[..., ::-1]
        law = np.exp(log - np.log1p(steps).sum(axis=-1, keepdims=True))
    together_only = np.where(k == n, p, np.where(k == 0, 1 - p, 0.0))
    law = np.where(r == 1, together_only, law)
    return np.asarray(law / law.sum(axis=-1, keepdims=True))


def active_count_variance(n_features: int, feature_probability: ArrayLike, correlation: ArrayLike = 0.0) -> Real:
    """Variance of the number of active features, for equally correlated features.

    n p (1-p) (1 + (n-1) r).

    Args:
        n_features: n, from 1 to 10 million.
        feature_probability: p in [0, 1], any shape.
        correlation: r in [0, 1], of any two features.

    Returns:
        Broadcast shape, in features squared.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> active_count_variance(1000, 0.004, [0, 0.01]).round(3)
        array([ 3.984, 43.784])
    """
    n = _whole(n_features)
    p, r = together(
        feature_probability=as_probability(feature_probability),
        correlation=as_positive(correlation, "correlation", 0.0, 1.0),
    )
    return np.asarray(n * p * (1 - p) * (1 + (n - 1) * r))


def expected_wrong_mixture(
    n_features: int,
    n_hidden: float,
    feature_probability: ArrayLike,
    correlation: ArrayLike = 0.0,
    threshold: float = 0.5,
) -> Real:
    """Mean number of wrongly read features when the number of active ones is random.

    Σ_k P(K = k) · `expected_wrong`(n, m, k, τ), with the law of `active_count_probability`. Rare crowded inputs make
    most of the errors, so this exceeds the value at the mean number of active features.

    Args:
        n_features: n, from 1 to 10 million.
        n_hidden: m, or m_eff for a tight frame.
        feature_probability: p in [0, 1], any shape.
        correlation: r in [0, 1], of any two features.
        threshold: τ, in units of the amplitude.

    Returns:
        Broadcast shape of p and r.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> expected_wrong_mixture(1000, 256, 0.004, [0, 0.001, 0.003, 0.01]).round(3)
        array([0.338, 0.782, 1.7  , 4.082])
    """
    law = active_count_probability(n_features, feature_probability, correlation)
    return np.asarray(law @ expected_wrong(n_features, n_hidden, np.arange(law.shape[-1]), threshold))


def _running(logs: Real) -> Real:
    """Sums of the first 0, 1, … entries of the last axis."""
    return np.concatenate([np.zeros_like(logs[..., :1]), np.cumsum(logs, axis=-1)], axis=-1)


def _whole(n_features: int) -> int:
    if n_features != int(n_features) or not 1 <= n_features <= MOST_FEATURES:
        raise InputError(
            f"n_features must be a whole number from 1 to {MOST_FEATURES:,}, as every number of active features is"
            f" looked at; got {n_features}"
        )
    return int(n_features)
