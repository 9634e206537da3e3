"""Two tables of facts: every criterion for the number of active features, and the risk of every one-shot decoder."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.capacity import best_threshold, expected_wrong, map_threshold
from tegum.theory.coherence import expected_coherence
from tegum.theory.counts import Count, as_positive, sizes
from tegum.theory.decoder_risk import linear_risk, pseudo_inverse_risk, scaled_linear_risk
from tegum.theory.guarantees import max_active_union, max_active_worst_case
from tegum.theory.load_limits import max_active, max_active_best_threshold, max_active_tight
from tegum.theory.posterior_mean import posterior_mean_risk
from tegum.theory.relu_risk import best_shift, best_shift_and_gain, shifted_relu_risk


class Criterion(NamedTuple):
    """One meaning of "k features can be active at once".

    Args:
        number: roman, in the order from hand-waved to exact.
        title: what is asked of the read-out.
        quantifier: "all features" of a random input at once, or "worst case" over all sets of active features.
        code: the directions it is about.
        formula: for the largest k, or the equation that it solves.
        max_active: from n, m and η to that k, a real number.
    """

    number: str
    title: str
    quantifier: str
    code: str
    formula: str
    max_active: Callable[[Count, ArrayLike, ArrayLike], Real]


def _rule_of_thumb(n_features: Count, n_hidden: ArrayLike, n_wrong: ArrayLike) -> Real:
    as_positive(n_wrong, "n_wrong")
    return max_active_union(n_features, n_hidden, 1.0)


def _any_error(n_features: Count, n_hidden: ArrayLike, n_wrong: ArrayLike) -> Real:
    chance = np.minimum(as_positive(n_wrong, "n_wrong"), 1 - 2.0**-53)
    return max_active(n_features, n_hidden, -np.log1p(-chance))


def _worst_case(n_features: Count, n_hidden: ArrayLike, n_wrong: ArrayLike) -> Real:
    as_positive(n_wrong, "n_wrong")
    coherence = expected_coherence(n_features, n_hidden)
    return np.asarray(np.minimum(sizes(n_features).n, max_active_worst_case(coherence)))


CRITERIA: dict[str, Criterion] = {
    "rule_of_thumb": Criterion(
        "i", "typical noise times its union over features", "all features", "random", "m / (8 ln n)", _rule_of_thumb
    ),
    "union": Criterion("ii", "union bound, threshold ½", "all features", "random", "m / (8 ln(n/η))", max_active_union),
    "exact_tail": Criterion(
        "iii",
        "exact normal tail, threshold ½",
        "all features",
        "random",
        "(n-k) Q(½√(m/k)) + k Q(½√(m/(k-1))) = η",
        max_active,
    ),
    "best_threshold": Criterion(
        "iv",
        "exact normal tail, best threshold",
        "all features",
        "random",
        "min over τ of (n-k) Q(τ√(m/k)) + k Q((1-τ)√(m/(k-1))) = η",
        max_active_best_threshold,
    ),
    "any_error": Criterion(
        "v",
        "chance η of any wrong feature, threshold ½; what sampling measures",
        "all features",
        "random",
        "1 - exp(-expected wrong) = η",
        _any_error,
    ),
    "worst_case": Criterion(
        "vi", "every set of active features, threshold ½", "worst case", "random", "1 / (2μ)", _worst_case
    ),
    "tight_frame": Criterion(
        "vii",
        "exact normal tail, threshold ½",
        "all features",
        "tight frame",
        "as iii with m_eff = m (n-1)/(n-m) for m, at most n",
        max_active_tight,
    ),
}
"""Every criterion for the largest number of active features, by name."""


class OneShotRisk(NamedTuple):
    """Facts about a decoder that looks at the read-out z = W h once.

    Args:
        decoder: what it answers.
        formula: of its expected loss per input, for k of n features active in a random code.
        exact: whether the formula is exact; else it takes the read-out as normal, which needs m of about 20.
        risk: from n, m and k to that loss, at the best parameters.
    """

    decoder: str
    formula: str
    exact: bool
    risk: Callable[[Count, ArrayLike, ArrayLike], Real]


def _zero(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    return np.asarray(sizes(n_features, n_hidden, n_active).k + 0.0)


def _constant(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    size = sizes(n_features, n_hidden, n_active)
    return np.asarray(size.k * (1 - size.k / size.n))


def _map(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    return expected_wrong(n_features, n_hidden, n_active, map_threshold(n_features, n_hidden, n_active))


def _best(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    return expected_wrong(n_features, n_hidden, n_active, best_threshold(n_features, n_hidden, n_active))


def _shifted(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    return shifted_relu_risk(n_features, n_hidden, n_active, best_shift(n_features, n_hidden, n_active))


def _gained(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    shift, gain = best_shift_and_gain(n_features, n_hidden, n_active)
    return shifted_relu_risk(n_features, n_hidden, n_active, shift, gain)


RISKS: dict[str, OneShotRisk] = {
    "zero": OneShotRisk("0", "k", True, _zero),
    "constant": OneShotRisk("k/n", "k (1 - k/n)", True, _constant),
    "linear": OneShotRisk("z", "k (n-1)/m", True, linear_risk),
    "scaled_linear": OneShotRisk("m/(m+n-1) z", "k (n-1)/(m+n-1)", True, scaled_linear_risk),
    "pseudo_inverse": OneShotRisk("W⁺ h", "k (1 - m/n)", True, pseudo_inverse_risk),
    "relu": OneShotRisk("ReLU(z)", "(n-k) σ₀²/2 + k E₁", False, shifted_relu_risk),
    "shifted_relu": OneShotRisk("ReLU(z - b), best b", "(n-k) E₀ + k E₁", False, _shifted),
    "gained_relu": OneShotRisk("g ReLU(z - b), best b and g", "(n-k) g² E₀ + k E₁", False, _gained),
    "threshold": OneShotRisk("1 if z > ½", "(n-k) Q(½/σ₀) + k Q(½/σ₁)", False, expected_wrong),
    "map_threshold": OneShotRisk("1 if z > ½ + (k/m) ln((n-k)/k)", "(n-k) Q(τ/σ₀) + k Q((1-τ)/σ₁)", False, _map),
    "best_threshold": OneShotRisk("1 if z > best τ", "(n-k) Q(τ/σ₀) + k Q((1-τ)/σ₁)", False, _best),
    "posterior_mean": OneShotRisk(
        "chance that the feature is active, given z",
        "(n-k) E η(σ₀Z)² + k E (1 - η(1+σ₁Z))²",
        False,
        posterior_mean_risk,
    ),
}
"""Every decoder that looks at the read-out once, by name, with its risk."""
