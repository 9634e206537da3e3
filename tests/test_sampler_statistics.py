"""The sampler against exact probabilities, in windows that chance leaves once in 1.7 million times (five sigma).

Some 4 000 windows are looked into, so with a fresh seed (TEGUM_FRESH_SEED=1) one run in about 400 raises a false alarm.
Each kind of check has a control beside it that must fail.
"""

import numpy as np
import pytest
from scipy.stats import binom, kstwo

from tegum.ground import streams
from tegum.problem import Problem
from tegum.problem.sampling import present_values, sampler_table

SIGMA = 5.0
FALSE_ALARM = 5.7e-7  # chance that a normal number lies beyond five standard deviations, on either side
PROBABILITIES = (1.0, 0.3, 0.01, 1e-4)
MAGNITUDES = ("uniform", "signed_uniform", "boolean")
N_FEATURES, N_SAMPLES = 16, 2**16


def samples(p: float, seed: int, *, magnitude="uniform", n=N_FEATURES, model=0, step=0, n_samples=N_SAMPLES, sets=()):
    """Training data of one address, (n_samples, n)."""
    problem = Problem(n_features=n, n_hidden=1, feature_probability=p, magnitude=magnitude, correlated_sets=sets)
    first, second = streams.feature_keys(streams.stream_key(seed, model, streams.TRAINING_DATA), step, n)
    words, table = streams.words(first, second, np.arange(n_samples)[:, None]), sampler_table(problem)
    return present_values(table, words, words[:, table.gate], np.where)


def chance(count: np.ndarray, n: int, p: float) -> float:
    """Chance that n trials of probability p give a count as far off as the farthest of these, on either side.

    Exact, since a normal window is too narrow where a handful is expected: 6.6 presences of a feature at p = 1e-4.
    """
    return 2 * float(np.minimum(binom.cdf(count, n, p), binom.sf(count - 1, n, p)).min())


@pytest.mark.parametrize("p", PROBABILITIES[1:])
def test_features_are_present_as_often_as_they_should(p, statistics_seed):
    there = samples(p, statistics_seed) != 0
    assert chance(there.sum(axis=0), N_SAMPLES, p) > FALSE_ALARM
    assert chance(there.sum(), there.size, p) > FALSE_ALARM


def test_control_another_probability_is_noticed(statistics_seed):
    """0.012 for 0.01: a feature lies 5 standard deviations off on average, all sixteen together 20."""
    there = samples(0.012, statistics_seed) != 0
    assert chance(there.sum(axis=0), N_SAMPLES, 0.01) < FALSE_ALARM
    assert chance(there.sum(), there.size, 0.01) < 1e-50


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_certain_features_are_always_there_and_impossible_ones_never(magnitude, statistics_seed):
    assert not samples(0.0, statistics_seed, magnitude=magnitude).any()
    always = samples(1.0, statistics_seed, magnitude=magnitude)
    assert (always != 0).mean() > 1 - 1e-5  # a magnitude may round to 0 in float32, once in 2^24


@pytest.mark.parametrize("p", [0.3, 0.01])
def test_counts_spread_from_batch_to_batch_as_binomials(p, statistics_seed):
    """Samples that kept apart, or came in bunches, would show: the variance of k counts spreads by √((2 + κ)/k)."""
    there = np.stack([samples(p, statistics_seed, step=step, n=64, n_samples=256) != 0 for step in range(100)])
    counts = there.sum(axis=1).ravel()
    variance = 256 * p * (1 - p)
    excess = (1 - 6 * p * (1 - p)) / variance  # κ, the kurtosis of a binomial beyond that of a normal
    assert abs(counts.var() / variance - 1) < SIGMA * np.sqrt((2 + excess) / counts.size)
    doubled = there[:, :128].sum(axis=1).ravel() * 2  # the control: every sample twice
    assert abs(doubled.var() / variance - 1) > SIGMA * np.sqrt((2 + excess) / counts.size)


def distance_to_uniform(u: np.ndarray) -> float:
    """Largest difference between the distribution function of u and that of the uniform law on [0, 1]."""
    u = np.sort(u.astype(np.float64))
    steps = np.arange(u.size + 1) / u.size
    return max((steps[1:] - u).max(), (u - steps[:-1]).max())


@pytest.mark.parametrize("p", PROBABILITIES)
@pytest.mark.parametrize("magnitude", ["uniform", "signed_uniform"])
def test_magnitudes_are_uniform_given_presence(p, magnitude, statistics_seed):
    x = samples(p, statistics_seed, magnitude=magnitude)
    u = x[x != 0] if magnitude == "uniform" else (x[x != 0] + 1) / 2
    assert u.min() >= 0
    assert u.max() <= 1
    window = kstwo.isf(FALSE_ALARM, u.size)
    assert distance_to_uniform(u) < window
    if p > 1e-3:  # the control; the hundred presences at p = 1e-4 are too few for it
        assert distance_to_uniform(u**1.25) > window


def test_boolean_features_are_0_or_1(statistics_seed):
    for p in PROBABILITIES:
        assert set(np.unique(samples(p, statistics_seed, magnitude="boolean"))) <= {0.0, 1.0}


@pytest.mark.parametrize("p", [0.3, 0.01])
def test_correlated_features_come_together_with_magnitudes_of_their_own(p, statistics_seed):
    """Given c joint presences, the product of two magnitudes less 1/2 has mean 0 and variance 1/144."""
    x = samples(p, statistics_seed, sets=[[3, 1, 2], [0, 5]], n_samples=2**18, n=6)
    there = x != 0
    for first, *others in ([3, 1, 2], [0, 5]):
        for other in others:
            np.testing.assert_array_equal(there[:, other], there[:, first])
            u = x[there[:, first]][:, [first, other]].astype(np.float64)
            assert max(distance_to_uniform(column) for column in u.T) < kstwo.isf(FALSE_ALARM, len(u))
            assert abs(np.prod(u - 0.5, axis=1).sum()) < SIGMA * np.sqrt(len(u) / 144)
    assert chance(there.sum(axis=0), len(x), p) > FALSE_ALARM
    groups = x[:, [3, 0, 4]]  # one of each set, and a feature in none
    assert independent(groups, groups, p)
    assert not independent(x, x, p)  # the control


def independent(a: np.ndarray, b: np.ndarray, p: float) -> bool:
    """Whether presence and magnitude of each feature of a go with those of none of b, within the windows.

    Joint presences are binomial with p². Given c of them, magnitudes less 1/2 have products of mean 0 and variance
    1/144, and their sum over joint presences has variance c / 12.
    """
    here, there = (np.asarray(x != 0, np.float64) for x in (a, b))
    joint = here.T @ there
    off = ~np.eye(a.shape[1], dtype=bool) if a is b else np.ones_like(joint, dtype=bool)
    size, other = here * (a - 0.5), there * (b - 0.5)
    products = np.abs(size.T @ other) / np.sqrt(np.maximum(joint, 1) / 144)
    sums = np.abs(here.T @ other) / np.sqrt(np.maximum(joint, 1) / 12)
    return chance(joint[off], len(a), p * p) > FALSE_ALARM and max(products[off].max(), sums[off].max()) < SIGMA


@pytest.mark.slow
@pytest.mark.parametrize("p", [0.3, 0.01])
def test_nothing_goes_with_anything(p, statistics_seed):
    """Other features, neighbouring samples, steps, models and seeds."""
    size = {"n_samples": 2**19, "n": 8}
    x = samples(p, statistics_seed, **size)
    others = {
        "feature": x,
        "step": samples(p, statistics_seed, step=1, **size),
        "model": samples(p, statistics_seed, model=1, **size),
        "seed": samples(p, statistics_seed + 1, **size),
    } | {f"sample {lag} before": np.roll(x, lag, axis=0) for lag in (1, 2, 8, 16, 64)}
    assert [name for name, other in others.items() if not independent(x, other, p)] == []


@pytest.mark.parametrize("p", [0.3, 0.01])
def test_control_a_twentieth_of_shared_samples_is_noticed(p, statistics_seed):
    x = samples(p, statistics_seed)
    y = samples(p, statistics_seed, step=1)
    assert independent(x, y, p)
    y[::20] = x[::20]
    assert not independent(x, y, p)


@pytest.mark.slow
def test_one_place_of_many_batches_is_as_random_as_one_batch(statistics_seed):
    """Feature i of sample j over 4 000 steps: its presences, and joint presences in steps 0 and 1, 2 and 3, ..."""
    p = 0.05
    x = [samples(p, statistics_seed, step=step, n=8, n_samples=16).ravel() for step in range(4000)]
    there = np.stack(x) != 0
    assert chance(there.sum(axis=0), 4000, p) > FALSE_ALARM
    assert chance((there[::2] & there[1::2]).sum(axis=0), 2000, p * p) > FALSE_ALARM
