"""The law of one overlap and of the largest one: published values, samples, and the edges."""

import mpmath
import numpy as np
import pytest

from tegum.ground.errors import InputError, ShapeError
from tegum.theory import (
    LogCount,
    coherence_first_order,
    coherence_limit,
    coherence_limit_probability,
    coherence_probability,
    coherence_union_bound,
    expected_coherence,
    jl_distortion,
    log_overlap_tail,
    overlap_density,
    overlap_moment,
    overlap_quantile,
    overlap_tail,
    overlap_tail_bound,
)

COHERENCES = [  # n, m; mean of sampled codes and its standard error; predicted mean; limit; first order; JL
    (20, 5, 0.9482, 0.0006, 0.9470, 0.9534, 1.548, 2.189),
    (100, 100, 0.3726, 0.0020, 0.3734, 0.4102, 0.4292, 0.6070),
    (1000, 100, 0.4611, 0.0036, 0.4618, 0.4913, 0.5257, 0.7434),
    (1000, 512, 0.2104, 0.0030, 0.2127, 0.2292, 0.2323, 0.3285),
    (400, 30, 0.7122, 0.0040, 0.7103, 0.7417, 0.8938, 1.264),
]


def unit_rows(rng: np.random.Generator, *shape: int) -> np.ndarray:
    rows = rng.normal(size=shape)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def assert_mean_is(samples: np.ndarray, expected: float, n_standard_errors: float = 4.0) -> None:
    error = samples.std(ddof=1) / np.sqrt(samples.size)
    assert abs(samples.mean() - expected) < n_standard_errors * error


@pytest.mark.parametrize("m", [3, 10, 100])
def test_moments_and_tail_of_sampled_pairs(m):
    rng = np.random.default_rng(m)
    t = (unit_rows(rng, 40_000, m) * unit_rows(rng, 40_000, m)).sum(axis=1)
    for order in (1, 2, 3, 4):
        assert_mean_is(np.abs(t) ** order, float(overlap_moment(order, m)))
    u = 1.5 / np.sqrt(m)
    assert_mean_is((np.abs(t) > u).astype(float), float(overlap_tail(u, m)))
    with pytest.raises(AssertionError):  # the control: a tenth more dimensions
        assert_mean_is(t**2, float(overlap_moment(2, 1.1 * m)))


def test_known_values_of_one_overlap():
    assert overlap_moment(1, 10) == pytest.approx(0.25869, abs=5e-6)
    assert overlap_moment(1, 512) == pytest.approx(0.035279, abs=5e-7)
    assert overlap_moment(4, 100) == pytest.approx(2.941e-4, abs=5e-8)
    assert overlap_tail(1.96 / np.sqrt(10), 10) == pytest.approx(0.04195, abs=5e-6)
    m = np.array([1.0, 2.0, 7.0, 1e8])
    np.testing.assert_allclose(overlap_moment(2, m), 1 / m, rtol=1e-12)
    np.testing.assert_allclose(overlap_moment(4, m), 3 / (m * (m + 2)), rtol=1e-12)
    np.testing.assert_allclose(overlap_moment(0, m), 1.0)
    assert overlap_moment(1, 1e8) == pytest.approx(np.sqrt(2 / (np.pi * 1e8)), rel=1e-8)


def test_low_dimensions_have_the_laws_everyone_knows():
    u = np.linspace(0.01, 0.99, 7)
    np.testing.assert_allclose(overlap_tail(u, 2), 1 - 2 * np.arcsin(u) / np.pi, rtol=1e-12)
    np.testing.assert_allclose(overlap_tail(u, 3), 1 - u, rtol=1e-12)
    np.testing.assert_array_equal(overlap_tail([0.0, 0.5, 1.0, 1.1], 1), [1, 1, 1, 0])
    np.testing.assert_array_equal(overlap_tail([0.0, 0.5], np.inf), [1, 0])
    np.testing.assert_allclose(overlap_density(u, 2), 1 / (np.pi * np.sqrt(1 - u**2)), rtol=1e-12)
    np.testing.assert_allclose(overlap_density([-1.0, 1.0, 1.01], 3), [0.5, 0.5, 0], rtol=1e-15)


@pytest.mark.parametrize("m", [2, 5, 40])
def test_the_density_integrates_to_the_tail(m):
    nodes, weights = np.polynomial.legendre.leggauss(200)
    u, end = 0.3, 0.999
    points = u + (end - u) * (nodes + 1) / 2
    inside = 2 * (overlap_density(points, m) @ weights) * (end - u) / 2
    assert inside == pytest.approx(float(overlap_tail(u, m) - overlap_tail(end, m)), rel=1e-8)


@pytest.mark.parametrize(
    ("u", "m"), [(0.5, 10_000), (0.999999, 200), (0.04, 10**6), (0.9, 2000), (0.1, 100_000), (0.3, 50), (0.9999, 2)]
)
def test_the_logarithm_of_the_tail_agrees_with_forty_digits(u, m):
    with mpmath.workdps(40):
        half = mpmath.mpf(1) / 2
        exact = mpmath.log(mpmath.betainc((mpmath.mpf(m) - 1) / 2, half, 0, 1 - mpmath.mpf(u) ** 2, regularized=True))
    assert log_overlap_tail(u, m) == pytest.approx(float(exact), rel=1e-12)


def test_the_quantile_is_the_inverse_and_the_bound_a_bound():
    q, m = np.array([1e-6, 0.01, 0.5, 1.0])[:, np.newaxis], np.array([3, 10, 512])
    np.testing.assert_allclose(overlap_tail(overlap_quantile(q, m), m), np.broadcast_to(q, (4, 3)), rtol=1e-9)
    assert overlap_quantile(0.3, 1) == 1.0
    u, m = np.linspace(0, 1, 101), np.array([2, 3, 5, 20, 100, 512])[:, np.newaxis]
    assert (overlap_tail(u, m) <= overlap_tail_bound(u, m)).all()
    # the factor 2 is to spare: uniform directions keep below half of the bound
    assert (overlap_tail(u, m) <= np.exp(-m * u**2 / 2) * (1 + 1e-12)).all()


@pytest.mark.parametrize(("n", "m", "sampled", "error", "predicted", "limit", "first", "jl"), COHERENCES)
def test_known_values_of_the_coherence(n, m, sampled, error, predicted, limit, first, jl):
    mean = expected_coherence(n, m)
    assert mean == pytest.approx(predicted, abs=1e-4)
    assert abs(mean - sampled) < 0.03 * sampled + 4 * error
    assert coherence_limit(n, m) == pytest.approx(limit, abs=5e-5)
    assert coherence_first_order(n, m) == pytest.approx(first, abs=5e-4)
    assert jl_distortion(n, m) == pytest.approx(jl, abs=5e-4)


@pytest.mark.parametrize("one_sided", [False, True])
def test_sampled_codes_have_the_expected_coherence(one_sided):
    rng = np.random.default_rng(5)
    W = unit_rows(rng, 400, 30, 20)
    cosines = (W @ W.mT)[:, *np.triu_indices(30, 1)]
    largest = (cosines if one_sided else np.abs(cosines)).max(axis=1)
    assert_mean_is(largest, float(expected_coherence(30, 20, one_sided=one_sided)))
    u = float(np.median(largest))
    expected = float(coherence_probability(u, 30, 20, one_sided=one_sided))
    assert abs((largest <= u).mean() - expected) < 4 * np.sqrt(0.25 / 400)
    with pytest.raises(AssertionError):  # the control: the other side
        assert_mean_is(largest, float(expected_coherence(30, 20, one_sided=not one_sided)))


@pytest.mark.parametrize(
    ("n", "m", "sampled", "window", "exact", "limit"),
    [
        (100, 200, 0.952, 0.03, 0.943, 0.911),
        (300, 500, 0.945, 0.03, 0.939, 0.920),
        (1000, 1000, 0.925, 0.16, 0.941, 0.927),
    ],
)
def test_known_chances_that_random_codes_stay_below_the_first_order(n, m, sampled, window, exact, limit):
    delta = coherence_first_order(n, m)
    assert coherence_probability(delta, n, m) == pytest.approx(exact, abs=5e-4)
    assert coherence_limit_probability(delta, n, m) == pytest.approx(limit, abs=5e-4)
    assert abs(coherence_probability(delta, n, m) - sampled) < window
    assert coherence_limit_probability(delta, n, m) == pytest.approx(np.exp(-1 / np.sqrt(8 * np.pi * np.log(n))))


def test_the_union_bound_holds_and_is_the_one_of_the_lemma():
    n, m, eta = np.array([20, 1000, 10_000]), np.array([50, 512, 1000]), 0.1
    bound = coherence_union_bound(n, m, eta)
    assert (1 - coherence_probability(bound, n, m) <= eta).all()
    np.testing.assert_allclose(bound, np.sqrt(2 * np.log(n * (n - 1) / eta) / m), rtol=1e-12)


def test_edges_of_the_coherence():
    np.testing.assert_allclose(expected_coherence([1, 2], 5), [0.0, float(overlap_moment(1, 5))], rtol=1e-10)
    np.testing.assert_allclose(expected_coherence([1, 2, 3], 1), [0, 1, 1])
    np.testing.assert_allclose(expected_coherence([1, 2, 3], 1, one_sided=True), [0, 0, 0.75], atol=1e-12)
    assert expected_coherence(2, 7, one_sided=True) == pytest.approx(0.0, abs=1e-12)
    assert coherence_union_bound(1, 5) == 0.0
    assert coherence_limit_probability(0.3, 1, 5) == 1.0


def test_numbers_of_features_beyond_float64():
    log_n = np.log(1e12)
    np.testing.assert_allclose(expected_coherence(LogCount(log_n), 100), expected_coherence(1e12, 100), rtol=1e-12)
    huge = LogCount([1250.0, 5000.0])
    mean, limit = expected_coherence(huge, 10_000), coherence_limit(huge, 10_000)
    assert (mean < limit).all()
    np.testing.assert_allclose(mean, limit, rtol=2e-3)


def test_what_cannot_be_a_size_is_refused():
    with pytest.raises(InputError, match="n_features must be at least 1; got 0"):
        expected_coherence(0, 5)
    with pytest.raises(InputError, match=r"n_hidden must be at least 1; got 0\.5"):
        overlap_tail(0.1, 0.5)
    with pytest.raises(InputError, match="order must be between 0"):
        overlap_moment(-1, 5)
    with pytest.raises(InputError, match="n_features has dtype"):
        expected_coherence("many", 5)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="do not broadcast together"):
        expected_coherence([10, 20, 30], [5, 6])
