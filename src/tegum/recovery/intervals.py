"""Intervals from samples that come in codes.

Samples of one code lean on each other: a code with an unlucky pair of directions fails again and again. So codes are
the units. Their scatter says how many independent samples all samples are worth, and where they do not scatter (none
failed, or all) every code counts as one.
"""

import math

import numpy as np
from scipy.special import betaincinv, chdtri, ndtri, stdtrit

from tegum.ground.arrays import ArrayLike, as_real
from tegum.ground.errors import InputError, ShapeError
from tegum.ground.estimate import Estimate


def share_over_codes(n_hits: ArrayLike, n_samples: int, confidence: float = 0.99) -> Estimate:
    """Share of samples that hit, from codes with the same number of samples each.

    With C codes of s samples, a share q of hits, and the variance v of the codes' shares, all samples are worth
    n = q (1 - q) / (v/C) independent ones, at most C s. They are reduced by (z/t)², as v itself is uncertain (z and t:
    quantiles of the normal and of Student's distribution with C - 1 degrees of freedom), and Clopper and Pearson's
    interval is taken for q n hits among n. If all samples hit, or none, nothing is known of v, and n is C.

    Args:
        n_hits: (n_codes,), samples of each code that hit.
        n_samples: samples of each code.
        confidence: coverage of the interval, in (0, 1).

    Returns:
        The estimate, within [0, 1]; its n is the number of codes.

    Raises:
        ShapeError: not one axis, or no code.
        InputError: a count is not between 0 and n_samples, or confidence is not in (0, 1).

    Example: 32 samples that hit or fail by codes say less than 32 that do so by themselves.
        >>> print(share_over_codes([4, 0, 4, 0, 4, 0, 4, 0], n_samples=4))
        0.5 [0.0, 1.0] n=8
        >>> print(share_over_codes([2, 1, 3, 2, 2, 3, 1, 2], n_samples=4))
        0.50 [0.20, 0.80] n=8

    Source:
        Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts
        estimated from survey data.
    """
    hits = _units(n_hits, "n_hits", confidence)
    if n_samples < 1 or hits.min() < 0 or hits.max() > n_samples:
        raise InputError(f"n_hits must lie between 0 and n_samples = {n_samples}; got {hits.min()} to {hits.max()}.")
    n_codes, share = hits.size, float(hits.mean() / n_samples)
    if share in (0.0, 1.0) or n_codes == 1:
        worth = float(n_codes)
    else:
        variance = float((hits / n_samples).var(ddof=1)) / n_codes
        most = n_codes * n_samples
        worth = most if variance == 0 else min(share * (1 - share) / variance, most)
        worth /= _excess(n_codes, confidence)
    tail = (1 - confidence) / 2
    hit, missed = share * worth, (1 - share) * worth
    low = float(betaincinv(hit, missed + 1, tail)) if hit > 0 else 0.0
    high = float(betaincinv(hit + 1, missed, 1 - tail)) if missed > 0 else 1.0
    return Estimate(low=min(low, share), best=share, high=max(high, share), n=n_codes)


def mean_over_codes(values: ArrayLike, confidence: float = 0.99) -> Estimate:
    """Mean of a quantity that is at least 0, such as the number of wrong features, from a mean for each code.

    The mean x of C codes has the variance v, that of the codes over C, times (t/z)² as it is itself uncertain. The
    interval is that of a Poisson count that is scaled to this mean and variance. Its upper end is that after one code
    was exchanged, the best for another like the worst (for one with 1 more, if all are alike): where next to nothing
    was counted, the next code may be the first that is bad. For many codes with many events it is x ± t √v.

    Args:
        values: (n_codes,), mean of each code over its samples, at least 0.
        confidence: coverage of the interval, in (0, 1).

    Returns:
        The estimate; its n is the number of codes. One code says nothing about the scatter: its upper end is infinite.

    Raises:
        ShapeError: not one axis, or no code.
        InputError: a value is negative or not finite, or confidence is not in (0, 1).

    Example: no wrong feature in 100 codes is not "0".
        >>> print(mean_over_codes([0] * 100))
        0.000 [0.000, 0.053] n=100

    Source:
        Fay and Feuer 1997, Confidence intervals for directly standardized rates: a method based on the gamma
        distribution.
    """
    units = _units(values, "values", confidence)
    if units.min() < 0:
        raise InputError(f"values must be at least 0; got {units.min()}. For others use Student's interval.")
    n_codes, best = units.size, float(units.mean())
    if n_codes == 1:
        return Estimate(low=0.0, best=best, high=math.inf, n=1)
    variance = float(units.var(ddof=1)) / n_codes * _excess(n_codes, confidence)
    tail, worse = (1 - confidence) / 2, (float(np.ptp(units)) or 1.0) / n_codes
    low = _scaled_count(best, variance, 1 - tail) if variance > 0 else best
    high = _scaled_count(best + worse, variance + worse**2, tail)
    return Estimate(low=min(low, best), best=best, high=max(high, best), n=n_codes)


def _scaled_count(mean: float, variance: float, upper_tail: float) -> float:
    """Quantile of the gamma distribution with this mean and variance."""
    return float(variance / (2 * mean) * chdtri(2 * mean**2 / variance, upper_tail))


def _excess(n_codes: int, confidence: float) -> float:
    """(t/z)²: how much wider, in variance, an interval must be if its variance comes from n_codes units."""
    upper = (1 + confidence) / 2
    return float(stdtrit(n_codes - 1, upper) / ndtri(upper)) ** 2


def _units(values: ArrayLike, name: str, confidence: float) -> np.ndarray:
    units = as_real(values, name)
    if units.ndim != 1 or units.size == 0:
        raise ShapeError(f"{name} has shape {units.shape}, expected (n_codes,) with at least one code.")
    if not 0 < confidence < 1:
        raise InputError(f"confidence must lie strictly between 0 and 1; got {confidence}. For 99 % pass 0.99.")
    return units
