"""How many dimensions a random code would need to be as good as a given one.

Features are binary and independent, and a ReLU with the best shift and gain reads them off. Unlike in `relu_risk` the
number of active features is not fixed, so present and absent features see the same noise.
"""

import numpy as np
from scipy.special import ndtr

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.theory.counts import Numbers, as_positive, together
from tegum.theory.gaussian import normal_density
from tegum.theory.inputs import as_probability
from tegum.theory.roots import last_true, lowest_point

_LEAST, _MOST = 1e-3, 1e6


def random_code_risk(n_features: ArrayLike, n_hidden: ArrayLike, feature_probability: ArrayLike) -> Real:
    """Expected loss per feature of a random code read by g ReLU(z - b), with the best shift b and gain g.

    (1-p) g² E ReLU(σZ - b)² + p E (g ReLU(1 + σZ - b) - 1)², least over b and g, with σ² = (n-1) p/m.

    Args:
        n_features: n, at least 1.
        n_hidden: m, above 0.
        feature_probability: p in [0, 1].

    Returns:
        Broadcast shape, between 0 and p.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> random_code_risk([20, 100, 1000], [5, 50, 256], [0.05, 0.05, 0.008]).round(5)
        array([0.02775, 0.01585, 0.00081])

    Known problems:
        Normal noise of fixed variance: 15 % too low at n = 20, m = 5, where the number of present features varies much.
    """
    p = as_probability(feature_probability)
    n, m, p = together(
        n_features=as_positive(n_features, "n_features", 1.0),
        n_hidden=as_positive(n_hidden, "n_hidden", _LEAST),
        feature_probability=p,
    )
    deviation = np.sqrt(np.maximum((n - 1) * p / m, 1e-30))

    def risk(b: np.ndarray) -> np.ndarray:
        mean, square = _moments(1 - b, deviation)
        total = np.maximum(p * square + (1 - p) * _moments(-b, deviation)[1], 1e-300)
        return np.asarray(p - (p * mean) ** 2 / total)  # with the best gain, p mean / total

    return np.asarray(risk(lowest_point(risk, -3 * deviation, 1 + 12 * deviation)))


def paired_code_risk(n_features: ArrayLike, n_hidden: ArrayLike, feature_probability: ArrayLike) -> Real:
    """Expected loss per feature of n/2 random directions and their negatives, with the best shift b and gain g.

    As `random_code_risk`, but the feature on the other side of the same direction moves the read-out: its mean is 0 if
    both or none are present, 1 if the feature is alone, -1 if the other is; σ² = (n-2) p (1-p)/m.

    Args:
        n_features: n, at least 2.
        n_hidden: m, above 0.
        feature_probability: p in [0, 1].

    Returns:
        Broadcast shape, between 0 and p.

    Raises:
        InputError: an argument outside its range.

    Example: neutral within a few per cent; a gain in overload, else a loss.
        >>> sizes = [20, 100, 1000], [5, 50, 256], [0.05, 0.05, 0.008]
        >>> (paired_code_risk(*sizes) / random_code_risk(*sizes)).round(3)
        array([0.97 , 1.043, 1.057])

    Known problems:
        As `random_code_risk`.
    """
    p = as_probability(feature_probability)
    n, m, p = together(
        n_features=as_positive(n_features, "n_features", 2.0),
        n_hidden=as_positive(n_hidden, "n_hidden", _LEAST),
        feature_probability=p,
    )
    deviation = np.sqrt(np.maximum((n - 2) * p * (1 - p) / m, 1e-30))

    def risk(b: np.ndarray) -> np.ndarray:
        none, alone, other = (_moments(level - b, deviation) for level in (0, 1, -1))
        wanted = p * ((1 - p) * alone[0] + p * none[0])
        total = (1 - p) * ((1 - p) * none[1] + p * (alone[1] + other[1])) + p**2 * none[1]
        return np.asarray(p - wanted**2 / np.maximum(total, 1e-300))

    return np.asarray(risk(lowest_point(risk, -3 * deviation, 1 + 12 * deviation)))


def equivalent_dimensions(n_features: ArrayLike, feature_probability: ArrayLike, loss: ArrayLike) -> Real:
    """Dimensions m at which `random_code_risk` equals a loss.

    Args:
        n_features: n, at least 2.
        feature_probability: p, above 0 and below 1.
        loss: loss per feature, above 0.

    Returns:
        Broadcast shape; 0.001 or 1e6 where even so few or so many dimensions do not give this loss.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> equivalent_dimensions(100, 0.05, [0.01592, 0.0025]).round(1)
        array([ 49.8, 213.2])
    """
    p = as_probability(feature_probability)
    n, p, wanted = together(
        n_features=as_positive(n_features, "n_features", 2.0), feature_probability=p, loss=as_positive(loss, "loss")
    )
    if ((p <= 0) | (p >= 1) | (wanted <= 0)).any():
        raise InputError("feature_probability must lie between 0 and 1 and loss above 0, both ends excluded.")
    low, high = np.full(p.shape, np.log(_LEAST)), np.full(p.shape, np.log(_MOST))
    log_m = last_true(lambda log_m: random_code_risk(n, np.exp(log_m), p) >= wanted, low, high, n_steps=40)
    return np.asarray(np.exp(log_m))


def _moments(centre: Numbers, deviation: Numbers) -> tuple[Numbers, Numbers]:
    """Mean and mean square of ReLU(c + σZ)."""
    u = centre / deviation
    edge = deviation * normal_density(u)
    return centre * ndtr(u) + edge, np.maximum((centre**2 + deviation**2) * ndtr(u) + centre * edge, 0.0)
