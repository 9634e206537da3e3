"""The transition finder: known curves within the interval, the reference table of decoders, and what it refuses."""

import math

import numpy as np
import pytest
from scipy.special import expit, ndtr

from tegum.ground.errors import InputError
from tegum.recovery import find_transition
from tegum.recovery.curve import Tally, fit
from tegum.recovery.locating import Search, Transition, locate

TRUTH = 34.3
N_SAMPLES = 4


def logistic(u: np.ndarray, width: float) -> np.ndarray:
    return expit(-(u - math.log(TRUTH)) / width)


def probit(u: np.ndarray, width: float) -> np.ndarray:
    return ndtr(-(u - math.log(TRUTH)) / width)


def leaning(u: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-np.exp((u - math.log(TRUTH)) / width) * math.log(2))


def search(**changes: object) -> Search:
    fields = {
        "low": 1, "high": 1000, "rises": False, "level": 0.5, "relative_half_width": 0.05, "max_codes": 768,
        "n_samples": N_SAMPLES, "confidence": 0.99,
    }  # fmt: skip
    return Search(**fields | changes)


def located(rng: np.random.Generator, curve, width: float, by_code: float = 0.0, **changes: object) -> Transition:
    """The transition of a known curve; codes shift it by `by_code` in the logarithm."""

    def measure(size: int, codes: range) -> np.ndarray:
        shifts = by_code * rng.normal(size=len(codes))
        return rng.binomial(N_SAMPLES, curve(math.log(size) + shifts, width))

    return locate(measure, search(**changes))


@pytest.mark.parametrize("curve", [logistic, probit, leaning])
def test_a_known_crossing_lies_in_the_interval(curve):
    found = [located(np.random.default_rng(seed), curve, 0.15) for seed in range(60)]
    assert sum(not each.estimate.low <= TRUTH <= each.estimate.high for each in found) <= 4  # of 60 at 1 %: p < 4e-4
    assert all(each.reached for each in found)
    assert all(each.estimate.high - each.estimate.low <= 0.1 * each.estimate.best for each in found)


def test_codes_that_differ_are_the_units():
    """Successes of a code agree almost always: independent samples would make the interval half as long as it is."""
    shares, misses, naive_misses = np.random.default_rng(3), 0, 0
    places = np.repeat(np.log([30.0, 34.0, 39.0]), 40)
    for _ in range(200):
        shift = 0.5 * shares.normal(size=places.size)
        hits = shares.binomial(16, probit(places + shift, 0.05))
        curve = fit(Tally(places, hits), 16)
        low, high = curve.crossing(0.5, 0.99)
        misses += not low <= math.log(TRUTH) <= high
        low, high = curve._replace(covariances=curve.covariances[:1] * 2).crossing(0.5, 0.99)
        naive_misses += not low <= math.log(TRUTH) <= high
    assert misses <= 200 * 0.01 + 5 * math.sqrt(200 * 0.01 * 0.99)
    assert naive_misses > 200 * 0.01 + 5 * math.sqrt(200 * 0.01 * 0.99)


def test_samples_are_placed_near_the_crossing():
    found = located(np.random.default_rng(0), logistic, 0.15, relative_half_width=0.02)
    near = sum(p.n_codes for p in found.points if 0.2 < logistic(math.log(p.size), 0.15) < 0.8)
    assert near > 0.75 * found.estimate.n
    assert sum(p.n_codes for p in found.points) == found.estimate.n
    assert all(p.n_samples == N_SAMPLES * p.n_codes >= p.n_hits for p in found.points)


def test_a_rising_curve_and_another_level():
    rng = np.random.default_rng(1)

    def measure(size: int, codes: range) -> np.ndarray:
        return rng.binomial(N_SAMPLES, 1 - logistic(math.log(size), 0.15), len(codes))

    found = locate(measure, search(rises=True, level=0.8))
    assert found.estimate.low <= TRUTH * math.exp(0.15 * math.log(4)) <= found.estimate.high
    assert found.reached


def test_a_step_between_two_sizes():
    """Nothing between always and never was seen: the crossing lies between them, and the interval says no less."""
    found = locate(lambda size, codes: np.full(len(codes), N_SAMPLES * (size <= 34)), search(max_codes=96))
    assert 34 <= found.estimate.best <= 35
    assert found.estimate.low < 34.5 < found.estimate.high


def test_a_budget_that_is_too_small_is_told():
    found = located(np.random.default_rng(0), logistic, 0.5, relative_half_width=0.001, max_codes=48)
    assert not found.reached
    assert found.estimate.n == 48
    assert found.estimate.low <= TRUTH <= found.estimate.high


def test_every_code_is_used_once():
    used: list[int] = []

    def measure(size: int, codes: range) -> np.ndarray:
        used.extend(codes)
        return np.random.default_rng(codes.start).binomial(N_SAMPLES, logistic(math.log(size), 0.15), len(codes))

    locate(measure, search())
    assert used == list(range(len(used)))


def test_the_same_seed_gives_the_same_transition():
    first, again = (find_transition(60, 40, seed=1, relative_half_width=0.2) for _ in range(2))
    assert first == again
    assert find_transition(60, 40, seed=2, relative_half_width=0.2) != first


@pytest.mark.parametrize(
    ("sizes", "options", "said"),
    [
        ((60, 40, 2), {}, r"give the other two; left out: none"),
        ((60, None, None), {}, r"left out: n_hidden, n_active"),
        ((60, 40), {"level": 1.0}, r"level must lie strictly between 0 and 1; got 1.0"),
        ((60, 40), {"low": 9, "high": 9}, r"expected 1 <= low < high for n_active; got low=9 and high=9"),
        ((0, 40), {}, r"n_features must be at least 1; got 0"),
        ((20, None, 30), {}, r"n_active must be at most n_features = 20; got 30"),
        ((1, 40), {}, r"n_active can be nothing but 1 here"),
        ((60, 40), {"max_codes": 10}, r"max_codes must be at least 24"),
        ((60, 40), {"relative_half_width": 0}, r"For 5 % pass 0\.05"),
        ((60, 40), {"low": 20}, r"has crossed 0.5 already at n_active = 20.*Begin lower"),
        ((60, 60, None), {"code": "orthonormal"}, r"does not cross 0.5 from n_active = 1 to 60.*Search farther"),
        ((60, 40), {"decoder": "amp"}, r"there is no decoder 'amp'"),
    ],
)
def test_bad_questions_are_refused(sizes, options, said):
    with pytest.raises(InputError, match=said):
        find_transition(*sizes, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("decoder", "between", "precision"),
    [("threshold", (6, 8), 0.05), ("top_k", (10, 13), 0.05), ("omp", (30, 40), 0.1)],
)
def test_transitions_of_the_reference_table(decoder, between, precision):
    """n=1000, m=256, sampled elsewhere: threshold 6 (.60) 8 (.11), top-k 10 (.76) 12 (.46), OMP 30 (.75) 40 (.28)."""
    found = find_transition(1000, 256, decoder=decoder, relative_half_width=precision)
    assert found.reached
    assert between[0] < found.estimate.low < found.estimate.high < between[1]
