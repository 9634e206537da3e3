"""What it costs and saves to use a direction twice: for a feature, and with the other sign for its partner.

Features are binary and independent, each present with probability p. With a direction of its own for every pair the
only error is that both are present. With random directions there is noise as well: every read-out has the variance σ²,
of an unpaired code (n-1) p/m, of a paired one (n-2) p (1-p)/m, and is taken to be normal.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import Numbers, as_extended, as_positive, together
from tegum.theory.gaussian import in_deviations
from tegum.theory.inputs import as_probability


def pair_loss(feature_probability: ArrayLike, *, best_bias: bool = False) -> Real:
    """Expected loss of two features that share one dimension as an antipodal pair.

    2 p² without a bias: both outputs are 0 if both features are present. With the best bias b = p²/(p² + (1-p)²) and
    the product of weights 1 - b: 2 p² (1-p)² / (p² + (1-p)²), for p up to ½. Beyond that the best pair keeps the
    difference of the two features, as a linear model does, and costs p (1-p).

    Args:
        feature_probability: p in [0, 1], any shape.
        best_bias: whether bias and scale are the best ones.

    Returns:
        Same shape, loss per input, summed over the two features. One feature kept and the mean answered for the
        other costs p (1-p).

    Raises:
        InputError: a probability outside [0, 1].

    Example:
        >>> pair_loss([0.1, 0.5]).round(4), pair_loss([0.1, 0.5], best_bias=True).round(4)
        (array([0.02, 0.5 ]), array([0.0198, 0.25  ]))

    Source:
        Edmonds 2024, Random Superposition, theorem 3, for 2 p²; the rest is ours.
    """
    p = as_probability(feature_probability)
    if not best_bias:
        return np.asarray(2 * p**2)
    alone = p * (1 - p)
    return np.asarray(np.where(p < 0.5, 2 * alone**2 / (p**2 + (1 - p) ** 2), alone))


class PairingRisk(NamedTuple):
    """Expected loss per feature of a threshold on the read-outs of a random code, used once and used twice.

    Args:
        unpaired: with a direction for each feature.
        paired: with a direction for two features.
        false_positive: share of absent features called present, unpaired.
        true_positive: share of present features called present, unpaired.

    Example: see `pairing_risk`.
    """

    unpaired: Real
    paired: Real
    false_positive: Real
    true_positive: Real


def pairing_risk(
    n_features: ArrayLike, n_hidden: ArrayLike, feature_probability: ArrayLike, threshold: ArrayLike = 0.5
) -> PairingRisk:
    """Expected loss per feature of a threshold, for n random directions and for n/2 of them and their negatives.

    With FPR = Q(τ/σ) and TPR = Q((τ-1)/σ) an unpaired feature costs (1-p) FPR + p (1 - TPR). The partner moves the
    read-out to -1 if it is present alone, and to 0 if both are:
    (1-p)² FPR + p (1-p) [1 - TPR + Q((1+τ)/σ)] + p² (1 - FPR), with the smaller variance of the paired code.
    For equal variances the difference is p (p TPR - FPR) + p (1-p) Q((1+τ)/σ): pairing helps where FPR > p TPR.

    Args:
        n_features: n, at least 2.
        n_hidden: m, at least 1; inf stands for no noise.
        feature_probability: p in [0, 1].
        threshold: τ.

    Returns:
        Four arrays of the broadcast shape.

    Raises:
        InputError: an argument outside its range.

    Example: in overload pairing helps, else it costs up to p² per feature.
        >>> risk = pairing_risk([20, 100], [5, 100], [0.1, 0.01])
        >>> (risk.paired - risk.unpaired).round(4), (risk.false_positive > 0.1 * risk.true_positive)
        (array([-0.0293,  0.0001]), array([ True, False]))

    Known problems:
        The number of present features varies from input to input, so errors that are rare are more frequent than a
        normal law says. The read-outs of very small codes (m below 10) are not normal either.

    Source:
        Edmonds 2024, Random Superposition, last section, whose inequality is inverted; the risks are ours.
    """
    p = as_probability(feature_probability)
    n, m, p, tau = together(
        n_features=as_positive(n_features, "n_features", 2.0),
        n_hidden=as_positive(n_hidden, "n_hidden", 1.0),
        feature_probability=p,
        threshold=as_extended(threshold, "threshold"),
    )
    single, double = np.sqrt((n - 1) * p / m), np.sqrt((n - 2) * p * (1 - p) / m)
    false, true = _above(tau, single), _above(tau - 1, single)
    off, own, other = (_above(tau - level, double) for level in (0.0, 1.0, -1.0))
    paired = (1 - p) ** 2 * off + p * (1 - p) * (1 - own + other) + p**2 * (1 - off)
    return PairingRisk(np.asarray((1 - p) * false + p * (1 - true)), np.asarray(paired), false, true)


def _above(distance: Numbers, deviation: Numbers) -> Real:
    """Chance that normal noise exceeds a distance."""
    return np.asarray(ndtr(-in_deviations(distance, deviation)))
