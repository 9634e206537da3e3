"""Statistics over independent codes: features of one code lean on each other, so a code is the unit."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import stdtrit

from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate, normal_estimate

_LEAST = 1e-9  # stands for no error at all where a logarithm is taken


def jackknife(statistic: Callable[..., float], *samples: np.ndarray) -> Estimate:
    """A function of means over codes, with Student's interval from leaving out one code at a time.

    Args:
        statistic: takes the mean over codes of each sample, and gives a number.
        samples: (..., n_codes) each. Samples of different codes are independent of each other; those of the same codes
            must be one array, as they are left out together.

    Returns:
        The estimate; its n is the smallest number of codes.

    Example: the ratio of two means.
        >>> print(jackknife(lambda a, b: a / b, np.array([2.0, 2.2, 1.8]), np.array([1.0, 1.0, 1.0])))
        2.0 [0.9, 3.1] n=3
    """
    sizes = [sample.shape[-1] for sample in samples]
    if min(sizes) < 2:
        raise InputError("an interval over codes needs at least two codes of each kind; set codes to 2 or more.")
    means = [sample.mean(axis=-1) for sample in samples]
    best, variance = float(statistic(*means)), 0.0
    for place, sample in enumerate(samples):
        size = sizes[place]
        without = (sample.sum(axis=-1, keepdims=True) - sample) / (size - 1)
        left_out = [statistic(*means[:place], without[..., code], *means[place + 1 :]) for code in range(size)]
        variance += (size - 1) * float(np.var(left_out))
    quantile = float(stdtrit(min(sizes) - 1, 0.995))
    return normal_estimate(best, float(np.sqrt(variance)), min(sizes), n_standard_errors=quantile)


def crossing(places: Sequence[float] | np.ndarray, errors: np.ndarray, level: float = 1.0) -> float:
    """Where the number of errors passes a level, between two trial places, by its logarithm.

    Args:
        places: in the order in which errors grow.
        errors: mean number at each place.
        level: to be passed.

    Returns:
        The place; the first or the last one if the level is passed before or after all of them.

    Example:
        >>> crossing([10, 12, 14], np.array([0.25, 0.5, 2.0]))
        13.0
    """
    logs = np.log(np.maximum(errors, _LEAST) / level)
    above = np.flatnonzero(logs > 0)
    if not above.size:
        return float(places[-1])
    if (after := int(above[0])) == 0:
        return float(places[0])
    share = logs[after - 1] / (logs[after - 1] - logs[after])
    return float(places[after - 1] + share * (places[after] - places[after - 1]))


def slope(log_x: np.ndarray, log_y: np.ndarray) -> float:
    """Slope of the straight line of least squares."""
    return float(np.polyfit(log_x, log_y, 1)[0])
