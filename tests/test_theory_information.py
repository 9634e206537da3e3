"""Bits: published values, whole numbers of any size, and the edges."""

from math import comb, log2

import numpy as np
import pytest
from scipy.integrate import quad

from tegum.theory import (
    LogCount,
    active_set_bits,
    binary_entropy,
    counting_bits,
    counting_dimension_bound,
    limit_bits_per_dimension,
    log2_choose,
    lost_ball_bits,
    max_active_best_threshold,
    max_active_union,
    sign_sum_bits,
)


def test_known_values_of_the_counting_bound():
    n, k = np.array([20, 20, 100, 1000, 10_000, 131_072]), np.array([1, 2, 5, 10, 100, 16])
    np.testing.assert_allclose(counting_bits(n, k), [4.3923, 7.7211, 26.2422, 77.8163, 803.3044, 227.7487], atol=5e-5)
    # what simpler estimates leave at (1000, 10): a weaker bound, and one that is too small by e^(2k)
    assert 10 * log2(1000 / 10) == pytest.approx(66.439, abs=5e-4)
    assert 10 * (log2(1000 / 10) - log2(np.e)) == pytest.approx(52.012, abs=5e-4)


@pytest.mark.parametrize("n", [1, 2, 7, 50, 1000, 3001])
def test_whole_numbers_agree(n):
    k = np.unique(np.round(np.linspace(0, n, 25)).astype(int))
    exact = np.cumsum(np.array([comb(n, i) for i in range(n + 1)], dtype=object))
    np.testing.assert_allclose(counting_bits(n, k), [log2(exact[i]) for i in k], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(log2_choose(n, k), [log2(comb(n, i)) for i in k], rtol=1e-11, atol=1e-12)


def test_the_bound_lies_between_its_simple_forms():
    for n in (20, 100, 1000, 10_000, 131_072, 10**12):
        k = np.unique(np.round(np.geomspace(1, n, 60)))
        bits = counting_bits(n, k)
        assert (k * np.log2(n / k) <= log2_choose(n, k) + 1e-9).all()
        assert (log2_choose(n, k) <= bits + 1e-9).all()
        assert (bits <= k * np.log2(np.e * n / k) + 1e-9).all()
        assert (np.diff(bits) >= 0).all()
        assert bits[-1] == n


def test_edges_and_huge_numbers_of_features():
    np.testing.assert_array_equal(counting_bits([1, 5, 5], [0, 0, 5]), [0, 0, 5])
    assert counting_bits(10, 2.9) == counting_bits(10, 2)
    n, k = LogCount(1250.0), 5
    assert log2_choose(n, k) == pytest.approx((k * 1250.0 - np.log(120)) / np.log(2), rel=1e-12)
    assert counting_bits(n, k) == pytest.approx(float(log2_choose(n, k)), rel=1e-12)
    assert counting_bits([[10], [20]], [1, 2, 3]).shape == (2, 3)


def test_known_bits_per_dimension():
    """At the loads of a threshold of ½ (7.69 of 4096) and of the best one (10 of 4096)."""
    n, m = np.array([4096, 10_000, 100_000]), np.array([512, 1000, 10_000])
    half = max_active_union(n, m)
    assert half[0] == pytest.approx(7.69, abs=5e-3)
    np.testing.assert_allclose(active_set_bits(n, half) / m, [0.152, 0.146, 0.122], atol=6e-4)
    best = max_active_best_threshold(n, m, 0.05)
    np.testing.assert_allclose(active_set_bits(n, np.floor(best)) / m, [0.192, 0.178, 0.149], atol=2e-3)
    assert active_set_bits(100, 5, 8) == pytest.approx(float(log2_choose(100, 5)) + 15)
    # the gain over one dimension for each of 512 features is nearly n/m = 8
    gain = active_set_bits(4096, 7) / (512 * binary_entropy(7 / 4096))
    assert gain == pytest.approx(7.7, abs=0.1)


def test_limits_of_bits_per_dimension():
    np.testing.assert_allclose(limit_bits_per_dimension([0, 1]), [0.180, 0], atol=5e-4)
    np.testing.assert_allclose(limit_bits_per_dimension([0, 1], best_threshold=True), [0.721, 0], atol=5e-4)
    log_n, gamma = 300.0, 0.3
    n, k = np.exp(log_n), np.exp(gamma * log_n)
    m = 8 * k * log_n
    assert active_set_bits(n, k) / m == pytest.approx(float(limit_bits_per_dimension(gamma)), rel=0.02)


def test_known_loss_of_the_ball():
    assert lost_ball_bits(512, 8) == pytest.approx(1.9633, abs=5e-5)
    assert 1 - 0.5 * log2(2 * np.pi * np.e * 8 / 512) == pytest.approx(1.9529, abs=5e-5)
    assert lost_ball_bits(2, 3) == pytest.approx(1 - log2(np.pi * 3) / 2)  # the area of a disc


def entropy(law: np.ndarray) -> float:
    return float(-(law[law > 0] * np.log2(law[law > 0])).sum())


@pytest.mark.parametrize("k", [5, 20, 200])
def test_bits_of_a_sum_of_at_most_k_signs(k):
    law = np.zeros((k + 1, 2 * k + 1))
    for i in range(k + 1):
        law[i, k - i : k + i + 1 : 2] = [comb(i, j) / 2**i for j in range(i + 1)]
    # exactly k signs have one parity, and carry a bit less; weights that favour many signs come near the bound
    assert sign_sum_bits(k) - 1 == pytest.approx(entropy(law[k]), abs=0.03)
    for mixture in (np.ones(k + 1), np.arange(k + 1) ** 3.0, (np.arange(k + 1) >= k - 1).astype(float)):
        assert entropy(mixture @ law / mixture.sum()) <= sign_sum_bits(k)
    assert entropy((law[k] + law[k - 1]) / 2) == pytest.approx(float(sign_sum_bits(k)), abs=0.12)
    assert counting_dimension_bound(1000, 10, 2.0) == counting_bits(1000, 10) / 2


def test_entropy_of_one_feature():
    np.testing.assert_allclose(binary_entropy([0, 0.5, 1]), [0, 1, 0])
    area = quad(lambda p: float(binary_entropy(p)), 0, 1)[0]
    assert area == pytest.approx(0.5 / np.log(2), rel=1e-8)
