"""Wrong features, loads, levels and dependence: published values, sampled codes, and the edges."""

import numpy as np
import pytest
from scipy.stats import norm

from tegum.ground.errors import InputError
from tegum.theory import (
    CRITERIA,
    LogCount,
    active_count_probability,
    active_count_variance,
    best_threshold,
    distinguishable_levels,
    error_probability,
    expected_coherence,
    expected_wrong,
    expected_wrong_mixture,
    level_error,
    levels_above_zero,
    log_expected_wrong,
    map_threshold,
    max_active,
    max_active_asymptotic,
    max_active_best_threshold,
    max_active_tight,
    max_active_union,
    max_active_worst_case,
    max_active_worst_case_bound,
    max_features_log,
    required_hidden,
    signal_to_noise,
    union_levels,
)


def sphere(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    W = rng.normal(size=(n, m))
    return W / np.linalg.norm(W, axis=1, keepdims=True)


def supports(rng: np.random.Generator, n: int, k: int, n_samples: int) -> np.ndarray:
    chosen = (
        rng.random((n_samples, n)).argpartition(k, axis=1)[:, :k] if k < n else np.tile(np.arange(n), (n_samples, 1))
    )
    x = np.zeros((n_samples, n))
    np.put_along_axis(x, chosen, 1.0, axis=1)
    return x


def assert_codes_agree(per_code: list[float], expected: float, share: float) -> None:
    """Within four standard errors over codes, and the share that the normal law is off."""
    error = np.std(per_code, ddof=1) / np.sqrt(len(per_code))
    assert abs(np.mean(per_code) - expected) < 4 * error + share * expected


def test_known_numbers_of_wrong_features():
    np.testing.assert_allclose(expected_wrong(1000, 512, [8, 10, 12]), [0.0315, 0.172, 0.543], atol=5e-4)
    sampled_wrong, sampled_any = np.array([0.0260, 0.176, 0.539]), np.array([0.0255, 0.163, 0.408])  # 2000 inputs
    np.testing.assert_allclose(expected_wrong(1000, 512, [8, 10, 12]), sampled_wrong, rtol=0.25)
    window = 4 * np.sqrt(sampled_any * (1 - sampled_any) / 2000) + 0.01
    assert (np.abs(error_probability(1000, 512, [8, 10, 12]) - sampled_any) < window).all()
    assert expected_wrong(100, 100, 3) == pytest.approx(0.189, abs=5e-4)
    assert error_probability(100, 100, 3) == pytest.approx(0.162, abs=0.02)
    assert map_threshold(1000, 256, 8) == pytest.approx(0.6506, abs=5e-5)
    assert best_threshold(1000, 256, 8) == pytest.approx(0.6570, abs=5e-5)


@pytest.mark.parametrize("tau", [0.5, 0.65])
def test_sampled_codes_have_so_many_wrong_features(tau):
    n, m, k, rng = 300, 100, 6, np.random.default_rng(0)
    wrong = []
    for _ in range(40):
        W, x = sphere(rng, n, m), supports(rng, n, k, 40)
        wrong.append(float(((x @ W @ W.T > tau) != x.astype(bool)).sum(axis=1).mean()))
    assert_codes_agree(wrong, float(expected_wrong(n, m, k, tau)), share=0.05)
    with pytest.raises(AssertionError):  # the control: a fifth fewer dimensions
        assert_codes_agree(wrong, float(expected_wrong(n, 0.8 * m, k, tau)), share=0.05)


@pytest.mark.parametrize("k", [1, 2, 8, 30, 300, 700, 990])
def test_no_threshold_is_better_than_the_best(k):
    tau = np.concatenate([np.linspace(-30, 10, 4001), [-np.inf, np.inf]])
    best = best_threshold(1000, 256, k)
    excess = 1.01 * np.exp(256 / 1000) if k == 1 else 1 + 1e-12  # 0.999 and not 1, which rounding would miss
    assert expected_wrong(1000, 256, k, best) <= expected_wrong(1000, 256, k, tau).min() * excess
    assert expected_wrong(1000, 256, k, best) <= min(k, 1000 - k) * (1 + 1e-12)


def test_edges_of_wrong_features():
    assert expected_wrong(1000, 512, 0) == 0.0
    assert expected_wrong(1, 1, 1) == 0.0
    assert expected_wrong(1000, np.inf, [0, 1, 999, 1000]).sum() == 0.0
    assert expected_wrong(1000, 256, 1) == pytest.approx(999 * float(np.exp(log_expected_wrong(1000, 256, 1))) / 999)
    assert expected_wrong(50, 20, 50, -np.inf) == 0.0
    np.testing.assert_array_equal(best_threshold(100, 20, [0, 100]), [np.inf, -np.inf])
    assert best_threshold(100, 20, 1) == pytest.approx(0.999, abs=2e-4)  # at 1 the active feature would be missed
    assert best_threshold(LogCount(1250.0), 10_000, 100) == np.inf  # so much noise that answering nothing is best
    assert map_threshold(100, 20, 0) == 0.5
    assert expected_wrong([[100], [1000]], [20, 30, 40], 3).shape == (2, 3)
    with pytest.raises(InputError, match="n_active must be at most n_features; got 11 of 10 features"):
        expected_wrong(10, 5, 11)


def test_known_loads():
    """The best-threshold loads were published from a coarse search as 11.1, 10.2 and 17.7."""
    n, m = np.array([1000, 4000, 10_000]), np.array([512, 512, 1000])
    np.testing.assert_allclose(max_active_union(n, m), [9.26, 7.72, 13.57], atol=5e-3)
    assert max_active_union(1000, 512, 0.05) == pytest.approx(6.46, abs=5e-3)
    assert max_active(1000, 512, 1.0) == pytest.approx(13.42, abs=5e-3)
    np.testing.assert_allclose(max_active(n, m, 0.05), [8.46, 7.21, 12.81], atol=5e-3)
    best = max_active_best_threshold(n, m, 0.05)
    np.testing.assert_allclose(best, [11.1, 10.2, 17.7], rtol=0.02)
    np.testing.assert_allclose(expected_wrong(n, m, best, best_threshold(n, m, best)), 0.05, rtol=1e-9)
    assert np.floor(max_active_worst_case(0.2127)) == 2
    assert (np.floor(max_active_tight(100, 100, [1e-9, 1])) == 100).all()


def test_every_load_solves_its_equation():
    n, m, eta = np.array([50.0, 1000, 1e6])[:, np.newaxis], np.array([10.0, 40, 200]), 0.3
    np.testing.assert_allclose(expected_wrong(n, m, max_active(n, m, eta)), eta, rtol=1e-9)
    load = max_active_union(n, m, eta)
    np.testing.assert_allclose(n * np.exp(-m / (8 * load)), eta, rtol=1e-9)
    assert (expected_wrong(n, m, load) < eta).all()  # it is a guarantee
    np.testing.assert_allclose(required_hidden(n, load, eta), np.broadcast_to(m, (3, 3)), rtol=1e-12)
    log_n = max_features_log(40 * m, 2.0, eta)
    np.testing.assert_allclose(max_active_union(LogCount(log_n), 40 * m, eta), 2.0, rtol=1e-12)
    k = max_active_asymptotic(n, m)
    roots = np.sqrt(np.log(n - k)) + np.sqrt(np.log(np.maximum(k, 1)))
    np.testing.assert_allclose(2 * k * roots**2, np.broadcast_to(m, (3, 3)), rtol=1e-9)


def test_the_asymptotic_load_is_approached():
    n = 10.0 ** np.array([4, 16, 64, 250])
    m = 100 * np.log(n)
    ratio = max_active_best_threshold(n, m, 0.05) / max_active_asymptotic(n, m)
    assert (np.diff(ratio) > 0).all()
    assert 0.9 < ratio[-1] < 1.0


def test_edges_of_loads():
    np.testing.assert_array_equal(max_active_tight([5, 10, 100], [10, 10, 100], 0.05), [5, 10, 100])
    assert max_active(1, 1, 0.05) == max_active_best_threshold(1, 1, 0.05) == 1.0
    for limit in (max_active, max_active_best_threshold, max_active_union):
        assert limit(1000, np.inf, 0.05) == 1000
        assert limit(1000, 1e9, 0.05) == 1000
        assert 0 < limit(1000, 1, 0.05) < 1
    assert max_active_union(100, 5, 200.0) == 100  # so many wrong features are all there are
    assert max_active_worst_case_bound(100, 100) == 100
    assert max_active_asymptotic(100, np.inf) == 100
    with pytest.raises(InputError, match="n_wrong must be between"):
        max_active(100, 10, 0.0)


def test_loads_with_numbers_of_features_beyond_float64():
    for limit in (max_active, max_active_best_threshold, max_active_union):
        np.testing.assert_allclose(limit(LogCount(np.log(1e9)), 512, 0.1), limit(1e9, 512, 0.1), rtol=1e-9)
    n = LogCount(max_features_log(10_000, 1))
    assert max_active_union(n, 10_000) == pytest.approx(1.0, rel=1e-12)
    load = max_active(n, 10_000, 1.0)
    assert log_expected_wrong(n, 10_000, load) == pytest.approx(0.0, abs=1e-6)
    assert 3.5 < max_active_best_threshold(n, 10_000) < 4.0  # a factor near 4 is what the best threshold brings


def test_the_table_of_criteria():
    loads = {name: float(each.max_active(1000, 512, 0.05)) for name, each in CRITERIA.items()}
    assert [each.number for each in CRITERIA.values()] == ["i", "ii", "iii", "iv", "v", "vi", "vii"]
    assert loads["worst_case"] == pytest.approx(0.5 / float(expected_coherence(1000, 512)))
    assert error_probability(1000, 512, loads["any_error"]) == pytest.approx(0.05)
    assert loads["worst_case"] < loads["union"] < loads["exact_tail"] < loads["best_threshold"] < loads["tight_frame"]
    assert {each.quantifier for each in CRITERIA.values()} == {"all features", "worst case"}
    for each in CRITERIA.values():
        assert each.max_active([10, 100], [[5], [50], [500]], 0.05).shape == (3, 2)


def test_known_levels():
    np.testing.assert_allclose(level_error([4, 6, 8], 512, 4), [3.6e-4, 0.0258, 0.1036], rtol=2e-3)
    assert abs(level_error(8, 512, 4) - 0.1027) < 4 * np.sqrt(0.1 * 0.9 / 4000)  # 4000 inputs, one feature of each
    assert union_levels(4096, 512, 4) == pytest.approx(1.39, abs=5e-3)
    assert signal_to_noise(512, 4) == pytest.approx(11.3, abs=0.05)


def test_sampled_levels_are_confused_so_often():
    m, k, n_levels, rng = 64, 4, 4, np.random.default_rng(1)
    errors = []
    for _ in range(40):
        W = sphere(rng, k, m)
        levels = rng.integers(n_levels, size=(200, k))
        read = levels / (n_levels - 1) @ W @ W.T * (n_levels - 1)
        errors.append(float((np.clip(np.rint(read), 0, n_levels - 1) != levels).mean()))
    assert_codes_agree(errors, float(level_error(n_levels, m, k)), share=0.03)
    with pytest.raises(AssertionError):  # the control: one active feature more
        assert_codes_agree(errors, float(level_error(n_levels, m, k + 1)), share=0.03)


def test_levels_solve_their_equations():
    k = np.array([2, 4, 17, 60])
    np.testing.assert_allclose(level_error(distinguishable_levels(512, k, 0.02), 512, k), 0.02, rtol=1e-9)
    assert (np.diff(distinguishable_levels(512, k)) < 0).all()
    levels = levels_above_zero(4096, 512, k, 0.5)
    deviation = np.sqrt(k / 512 * (2 * levels - 1) / (6 * (levels - 1)))
    np.testing.assert_allclose((4096 - k) * norm.sf(1 / (2 * (levels - 1)) / deviation), 0.5, rtol=1e-9)
    # with many levels both reach the textbook form 1 + 1/(2 σ Q⁻¹)
    few, many = distinguishable_levels(1e9, 2, 0.01), 1 + np.sqrt(3e9) / (2 * 2.5758)
    assert few == pytest.approx(many, rel=1e-3)


def test_edges_of_levels():
    np.testing.assert_array_equal(distinguishable_levels(512, [0, 1], 0.01), [np.inf, np.inf])
    np.testing.assert_array_equal(level_error([1, 2, 5], 512, 1), [0, 0, 0])
    assert level_error(1, 3, 3) == 0.0
    assert levels_above_zero(1000, 512, 0) == np.inf
    assert levels_above_zero(2, 512, 1, 1.0) == np.inf
    assert levels_above_zero(LogCount(1250.0), 10_000, 5) > 1
    assert union_levels(1, 10, 1) == np.inf
    assert signal_to_noise(512, 0) == np.inf


def test_known_wrong_features_of_dependent_ones():
    formula = expected_wrong_mixture(1000, 256, 0.004, [0, 0.001, 0.003, 0.01])
    np.testing.assert_allclose(formula, [0.338, 0.782, 1.70, 4.08], atol=5e-3)
    np.testing.assert_allclose(formula, [0.342, 0.806, 1.80, 4.13], rtol=0.08)  # 6000 sampled inputs


def test_sampled_dependent_features_have_so_many_wrong():
    n, m, p, r, rng = 200, 64, 0.02, 0.02, np.random.default_rng(2)
    wrong, variance = [], []
    for _ in range(40):
        rate = rng.beta(p * (1 / r - 1), (1 - p) * (1 / r - 1), size=(150, 1))
        x = (rng.random((150, n)) < rate).astype(float)
        W = sphere(rng, n, m)
        z = x @ W @ W.T
        wrong.append(float(((z > 0.5) != x.astype(bool)).sum(axis=1).mean()))
        variance.append(float(np.square(z - x).mean()))
    assert_codes_agree(wrong, float(expected_wrong_mixture(n, m, p, r)), share=0.04)
    assert_codes_agree(variance, (n - 1) * p / m, share=0.0)  # whatever the dependence
    with pytest.raises(AssertionError):  # the control: independent features
        assert_codes_agree(wrong, float(expected_wrong_mixture(n, m, p, 0.0)), share=0.04)


def test_the_law_of_the_number_of_active_features():
    r = np.array([0.0, 1e-14, 0.003, 0.5, 1.0])
    law, k = active_count_probability(300, 0.1, r), np.arange(301)
    np.testing.assert_allclose(law.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(law @ k, 30, rtol=1e-10)
    np.testing.assert_allclose(law @ (k - 30.0) ** 2, active_count_variance(300, 0.1, r), rtol=1e-9)
    np.testing.assert_allclose(law[0], law[1], rtol=1e-7)  # of numbers as small as 1e-280
    np.testing.assert_allclose(law[4, [0, 300]], [0.9, 0.1])
    np.testing.assert_array_equal(active_count_probability(2, [0.0, 1.0], 0.5), [[1, 0, 0], [0, 0, 1]])
    with pytest.raises(InputError, match="n_features must be a whole number"):
        active_count_probability(0, 0.1)
