"""Intervals are judged by how often they hold the truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from tegum.ground.errors import InputError, ShapeError
from tegum.ground.estimate import (
    STANDARD_ERRORS_99,
    Estimate,
    exact_estimate,
    group_estimate,
    mean_estimate,
    normal_estimate,
    share_estimate,
)

N_TRIALS, N_UNITS = 2000, 5
# Five standard deviations of the number of trials, of 2000, in which a 99 % interval holds the mean: 1980 ± 22.
COVERED = (1980 - 22, 2000)


def _n_covering(estimate, rng: np.random.Generator) -> int:
    """In how many trials does the interval over five normal units hold their mean, 3?"""
    intervals = [estimate(rng.normal(3.0, 2.0, size=N_UNITS)) for _ in range(N_TRIALS)]
    return sum(interval.low <= 3.0 <= interval.high for interval in intervals)


def test_students_interval_covers_as_often_as_it_says():
    n_covering = _n_covering(mean_estimate, np.random.default_rng(0))
    assert COVERED[0] <= n_covering < COVERED[1]


def test_the_window_of_coverage_tells_a_normal_interval_from_students():
    def too_narrow(values: np.ndarray) -> Estimate:
        return normal_estimate(values.mean(), values.std(ddof=1) / math.sqrt(values.size), values.size)

    assert _n_covering(too_narrow, np.random.default_rng(0)) < COVERED[0]


def _least_coverage(interval, n: int, shares: np.ndarray) -> float:
    """Exact: the probability of every count whose interval holds the true share, at the worst share."""
    intervals = [interval(hits, n) for hits in range(n + 1)]
    low, high = (np.array(ends)[:, None] for ends in zip(*intervals, strict=True))
    weights = binom.pmf(np.arange(n + 1)[:, None], n, shares)
    return float((weights * ((low <= shares) & (shares <= high))).sum(axis=0).min())


def test_wilsons_interval_never_covers_much_less_than_it_says_and_the_plain_one_does():
    def wilson(hits: int, n: int) -> tuple[float, float]:
        estimate = share_estimate(hits, n)
        return estimate.low, estimate.high

    def plain(hits: int, n: int) -> tuple[float, float]:
        half = STANDARD_ERRORS_99 * math.sqrt(hits * (n - hits) / n**3)
        return hits / n - half, hits / n + half

    shares = np.linspace(0.02, 0.98, 481)
    # A count is whole, so no interval covers exactly 99 %; Wilson's stays above 94 % down to one expected hit.
    assert _least_coverage(wilson, 50, shares) > 0.94
    assert _least_coverage(plain, 50, shares) < 0.7


@given(hits=st.integers(0, 400), n=st.integers(0, 400), confidence=st.floats(0.5, 0.9999))
def test_a_share_lies_within_its_interval_and_within_0_and_1(hits, n, confidence):
    estimate = share_estimate(min(hits, n), n, confidence)
    assert 0 <= estimate.low <= estimate.best <= estimate.high <= 1
    mirrored = share_estimate(n - min(hits, n), n, confidence)
    assert mirrored.low == pytest.approx(1 - estimate.high, abs=1e-12)


def test_wilsons_ends_solve_the_equation_that_defines_them():
    estimate, z = share_estimate(3, 40), STANDARD_ERRORS_99
    for share in (estimate.low, estimate.high):
        assert abs(3 - 40 * share) == pytest.approx(z * math.sqrt(40 * share * (1 - share)), rel=1e-12)


def test_what_was_not_run_leaves_everything_open():
    assert share_estimate(0, 0) == Estimate(low=0.0, best=0.5, high=1.0, n=0)
    assert mean_estimate([4.0]) == Estimate(low=-math.inf, best=4.0, high=math.inf, n=1)


def test_students_interval_of_two_units_is_known_exactly():
    # For one degree of freedom the quantile of probability q is tan(π (q - 1/2)).
    estimate = mean_estimate([0.0, 2.0], confidence=0.99)
    assert estimate.high - 1.0 == pytest.approx(math.tan(math.pi * 0.495), rel=1e-9)


def test_the_other_constructors_say_what_they_were_told():
    assert group_estimate(0.4, [0.5, 0.4, 0.3]) == Estimate(low=0.3, best=0.4, high=0.5, n=3)
    assert exact_estimate(2.0, tolerance=0.5) == Estimate(low=1.5, best=2.0, high=2.5, n=1)
    assert normal_estimate(2.0, 0.25, n=9, n_standard_errors=4.0) == Estimate(low=1.0, best=2.0, high=3.0, n=9)
    # The central 99 % of a normal distribution.
    assert math.erf(STANDARD_ERRORS_99 / math.sqrt(2)) == pytest.approx(0.99, rel=1e-12)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(low=0.0119, best=0.0123, high=0.0127, n=20), "0.0123 [0.0119, 0.0127] n=20"),
        (Estimate(low=9930.2, best=9940.6, high=9950.9, n=3), "9941 [9930, 9951] n=3"),
        (Estimate(low=-math.inf, best=0.25, high=math.inf, n=1), "0.25 [-inf, inf] n=1"),
        (exact_estimate(1 / 3), "0.3333 [0.3333, 0.3333] n=1"),
        (exact_estimate(0.0), "0 [0, 0] n=1"),
        (normal_estimate(2e-9, 1e-10, n=4, n_standard_errors=2.0), "2e-09 [1.8e-09, 2.2e-09] n=4"),
    ],
)
def test_it_prints_what_the_width_allows(estimate, text):
    assert str(estimate) == text


def test_it_survives_the_way_to_plain_numbers_and_back():
    estimate = mean_estimate([1.0, 2.0, 4.0])
    assert Estimate.from_dict(estimate.to_dict()) == estimate
    assert eval(repr(estimate)) == estimate
    with pytest.raises(InputError, match="has the fields"):
        Estimate.from_dict({**estimate.to_dict(), "mean": 1.0})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Estimate(low=1.0, best=0.5, high=2.0, n=1), "low <= best <= high"),
        (lambda: Estimate(low=0.0, best=math.nan, high=1.0, n=1), "low <= best <= high"),
        (lambda: Estimate(low=-math.inf, best=math.inf, high=math.inf, n=1), "finite best"),
        (lambda: Estimate(low=0.0, best=0.0, high=0.0, n=-1), "at least 0; got -1"),
        (lambda: share_estimate(5, 4), "between 0 and n = 4; got 5"),
        (lambda: mean_estimate([1.0, 2.0], confidence=99.0), "For 99 % pass 0.99"),
        (lambda: mean_estimate([1.0, math.inf]), "must be finite"),
        (lambda: group_estimate(0.6, [0.5, 0.4]), "outside the range"),
        (lambda: exact_estimate(0.0, tolerance=-1e-3), "must be at least 0"),
    ],
)
def test_a_wrong_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("values", [[], 1.0, [[1.0, 2.0], [3.0, 4.0]]])
def test_units_are_one_axis(values):
    with pytest.raises(ShapeError, match="one number per independent unit"):
        mean_estimate(values)
