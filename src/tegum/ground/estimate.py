"""A number with its uncertainty, and the few ways to come by one.

Every constructor takes independent units (models, codes, runs) and never parts of one unit, such as the features of one
model: those lean on each other, and an interval over them would be too narrow.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from tegum.ground.arrays import ArrayLike, as_real
from tegum.ground.errors import InputError, ShapeError

STANDARD_ERRORS_99 = float(ndtri(0.995))
"""Half-width of the central 99 % of a normal distribution, in standard errors: 2.576."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A best value, the interval around it, and the number of independent units behind it.

    Args:
        low: lower end of the interval; may be -inf.
        best: the value to quote; finite, between low and high.
        high: upper end of the interval; may be inf.
        n: number of independent units, at least 0.

    Raises:
        InputError: not low <= best <= high, best not finite, or n negative.

    Example:
        >>> print(Estimate(low=0.0119, best=0.0123, high=0.0127, n=20))
        0.0123 [0.0119, 0.0127] n=20
    """

    low: float
    best: float
    high: float
    n: int

    def __post_init__(self) -> None:
        if not (self.low <= self.best <= self.high and math.isfinite(self.best)):
            raise InputError(
                f"an estimate needs low <= best <= high and a finite best; got low={self.low}, best={self.best},"
                f" high={self.high}. If values diverged or are missing, leave them out before estimating."
            )
        if self.n < 0:
            raise InputError(f"n counts independent units and must be at least 0; got {self.n}")

    def __str__(self) -> str:
        low, best, high = _rounded_alike(self.low, self.best, self.high)
        return f"{best} [{low}, {high}] n={self.n}"

    def to_dict(self) -> dict[str, float | int]:
        """The four fields as plain numbers; an open end is an infinite float."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Estimate":
        """The estimate that `to_dict` wrote.

        Raises:
            InputError: a field is absent or unknown.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if set(fields) != set(names):
            raise InputError(f"an estimate has the fields {names}; got {sorted(fields)}. Write it with to_dict.")
        return cls(low=float(fields["low"]), best=float(fields["best"]), high=float(fields["high"]), n=int(fields["n"]))


def mean_estimate(values: ArrayLike, confidence: float = 0.99) -> Estimate:
    """Mean of independent units with Student's interval.

    mean ± t · s / √n, where s² is the unbiased variance and t the quantile for n - 1 degrees of freedom. One unit says
    nothing about the spread, so its interval is infinite.

    Args:
        values: (n,), one per independent unit, finite.
        confidence: coverage of the interval if units are normal, in (0, 1).

    Returns:
        The estimate; its n is the number of values.

    Raises:
        ShapeError: not one axis, or no value.
        InputError: a value is not finite, or confidence is not in (0, 1).

    Example:
        >>> print(mean_estimate([1.0, 2.0, 3.0, 4.0, 2.0]))
        2.4 [0.1, 4.7] n=5

    Source:
        Student 1908, The probable error of a mean.
    """
    units = _units(values)
    _check_confidence(confidence)
    best = float(units.mean())
    if units.size == 1:
        return Estimate(low=-math.inf, best=best, high=math.inf, n=1)
    quantile = float(stdtrit(units.size - 1, (1 + confidence) / 2))
    return normal_estimate(best, units.std(ddof=1) / math.sqrt(units.size), units.size, n_standard_errors=quantile)


def share_estimate(n_hits: int, n: int, confidence: float = 0.99) -> Estimate:
    """Share of independent runs that hit, with Wilson's interval.

    The interval holds every share q for which the hits lie within z standard deviations √(n q (1 - q)) of n q. So no
    hit in 1000 runs is "0 to 0.007", not 0. No run at all leaves everything open: 1/2, between 0 and 1.

    Args:
        n_hits: number of runs that hit, between 0 and n.
        n: number of independent runs.
        confidence: nominal coverage, in (0, 1).

    Returns:
        The estimate, within [0, 1].

    Raises:
        InputError: n_hits is not between 0 and n, or confidence is not in (0, 1).

    Example:
        >>> print(share_estimate(0, 1000))
        0.0000 [0.0000, 0.0066] n=1000

    Source:
        Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if not 0 <= n_hits <= n:
        raise InputError(f"n_hits must lie between 0 and n = {n}; got {n_hits}. Pass the hits first, then the runs.")
    _check_confidence(confidence)
    if n == 0:
        return Estimate(low=0.0, best=0.5, high=1.0, n=0)
    share, z2 = n_hits / n, float(ndtri((1 + confidence) / 2)) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * share * (1 - share) / n + (z2 / (2 * n)) ** 2) / (1 + z2 / n)
    # At 0 and n hits the end of the interval is the share itself; rounding must not push it past.
    return Estimate(low=min(max(centre - half, 0.0), share), best=share, high=max(min(centre + half, 1.0), share), n=n)


def group_estimate(best: float, values: ArrayLike) -> Estimate:
    """A property of the best of many starts, with its range over disjoint groups of those starts.

    Where the lowest loss picks the model, there is no mean to speak of; how far the pick moves from group to group is
    the honest spread.

    Args:
        best: the value in the best model of all groups.
        values: (n_groups,), the value in the best model of each group. The best of all is the best of its group, so
            best lies between the smallest and the largest of them.

    Returns:
        best with the smallest and the largest value; its n is the number of groups.

    Raises:
        ShapeError: not one axis, or no value.
        InputError: a value is not finite, or best lies outside their range.

    Example:
        >>> print(group_estimate(0.40, [0.39, 0.40, 0.43]))
        0.400 [0.390, 0.430] n=3
    """
    units = _units(values)
    low, high = float(units.min()), float(units.max())
    if not low <= best <= high:
        raise InputError(
            f"best = {best} lies outside the range [{low}, {high}] of its groups; the groups must be disjoint, cover"
            " all starts, and be measured in the same way as best"
        )
    return Estimate(low=low, best=best, high=high, n=units.size)


def exact_estimate(value: float, tolerance: float = 0.0, n: int = 1) -> Estimate:
    """A computed number, uncertain only by the tolerance of the computation.

    Args:
        value: the number.
        tolerance: largest error of the computation, at least 0, in the unit of value.
        n: number of independent units, where the number summarises some.

    Returns:
        value ± tolerance.

    Raises:
        InputError: tolerance is negative or not a number.

    Example:
        >>> print(exact_estimate(0.4))
        0.4 [0.4, 0.4] n=1
    """
    return normal_estimate(value, tolerance, n, n_standard_errors=1.0)


def normal_estimate(
    best: float, standard_error: float, n: int, n_standard_errors: float = STANDARD_ERRORS_99
) -> Estimate:
    """A value whose standard error is known, such as a mean over very many samples.

    best ± n_standard_errors · standard_error; by default the central 99 % of a normal distribution.

    Args:
        best: the value.
        standard_error: its standard error, at least 0.
        n: number of independent units behind it.
        n_standard_errors: half-width of the interval in standard errors.

    Returns:
        The estimate.

    Raises:
        InputError: a half-width that is negative or not a number.

    Example:
        >>> print(normal_estimate(0.5, 0.001, n=250_000, n_standard_errors=4.0))
        0.500 [0.496, 0.504] n=250000
    """
    half = float(standard_error * n_standard_errors)
    if not half >= 0:
        raise InputError(f"the half-width of an interval must be at least 0; got {half}")
    return Estimate(low=float(best - half), best=float(best), high=float(best + half), n=n)


def _units(values: ArrayLike) -> np.ndarray:
    units = as_real(values, "values")
    if units.ndim != 1 or units.size == 0:
        raise ShapeError(
            f"values has shape {units.shape}, expected (n,) with n of at least 1: one number per independent unit;"
            " reduce everything within a unit first"
        )
    return units


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise InputError(f"confidence must lie strictly between 0 and 1; got {confidence}. For 99 % pass 0.99.")


def _rounded_alike(low: float, best: float, high: float) -> tuple[str, str, str]:
    """The three numbers with the same decimals: the fewest with which the interval is 7 units wide."""
    width = high - low
    largest = max(abs(x) for x in (low, best, high) if math.isfinite(x))
    if not 0 < width < math.inf or not 1e-4 <= largest < 1e6:
        return f"{low:.4g}", f"{best:.4g}", f"{high:.4g}"
    decimals = max(0, -math.floor(math.log10(width / 7)))
    return f"{low:.{decimals}f}", f"{best:.{decimals}f}", f"{high:.{decimals}f}"
