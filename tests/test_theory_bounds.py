"""Bounds on coherence: known values, the codes that attain them, and codes that must not beat them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import hadamard

from tegum.geometry import gram
from tegum.ground.errors import InputError
from tegum.measure import coherence, mean_square_overlap, signed_coherence
from tegum.theory import (
    CONVERSIONS,
    LogCount,
    best_welch_bound,
    coherence_bound,
    effective_dimension,
    expected_wrong,
    jl_cosine_bound,
    jl_dimension,
    jl_distortion,
    levenshtein_bound,
    orthoplex_bound,
    read_out_second_moment,
    signed_coherence_bound,
    tight_frame_interference,
    welch_bound,
)


def icosahedron() -> np.ndarray:
    """The six lines through opposite corners."""
    golden = (1 + np.sqrt(5)) / 2
    half = [(0, 1, golden), (0, 1, -golden)]
    rows = np.array([np.roll(row, turn) for row in half for turn in range(3)], dtype=float)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def twenty_eight_lines() -> np.ndarray:
    """28 equiangular lines: permutations of (3, 3, -1, …, -1) span 7 dimensions."""
    rows = np.full((28, 8), -1.0)
    for row, pair in zip(rows, itertools.combinations(range(8), 2), strict=True):
        row[list(pair)] = 3.0
    basis = np.linalg.svd(rows)[2][:7]
    return rows @ basis.T / np.sqrt(24)


def tight_frame(n: int, m: int) -> np.ndarray:
    """m rows of a Hadamard matrix, without the constant one, as columns."""
    return hadamard(n)[:, 1 : m + 1] / np.sqrt(m)


def test_known_values():
    n, m = np.array([1000, 100, 1000, 28, 100]), np.array([100, 5, 10, 7, 100])
    np.testing.assert_allclose(welch_bound(n, m), [0.09492, 0.4381, 0.3148, 1 / 3, 0], atol=5e-5)
    np.testing.assert_allclose(welch_bound([100, 1000, 28], [5, 10, 7], order=2), [0.5259, 0.3937, 1 / 3], atol=5e-5)
    np.testing.assert_allclose(orthoplex_bound([100, 1000], [5, 10]), [0.4472, 0.3162], atol=5e-5)
    np.testing.assert_allclose(levenshtein_bound([100, 1000, 28], [5, 10, 7]), [0.6313, 0.4924, 1 / 3], atol=5e-5)
    assert welch_bound(49, 49) == 0.0


@pytest.mark.parametrize(
    "code", [icosahedron(), twenty_eight_lines(), np.array([[1, 0], [-0.5, 0.75**0.5], [-0.5, -(0.75**0.5)]])]
)
def test_equiangular_lines_attain_the_bound(code):  # fmt: skip
    n, m = code.shape
    overlaps = np.abs(gram(code)[~np.eye(n, dtype=bool)])
    np.testing.assert_allclose(overlaps, welch_bound(n, m), atol=1e-12)
    assert coherence(code) == pytest.approx(float(coherence_bound(n, m)), abs=1e-12)


def test_tight_frames_attain_the_mean():
    W = tight_frame(64, 24)
    np.testing.assert_allclose(W.T @ W, 64 / 24 * np.eye(24), atol=1e-12)
    assert mean_square_overlap(W) == pytest.approx(float(welch_bound(64, 24)) ** 2, abs=1e-12)
    assert np.square(gram(W)).sum() == pytest.approx(64**2 / 24, rel=1e-12)


@given(st.integers(2, 40), st.integers(1, 12), st.integers(0, 10**6))
def test_no_code_beats_a_bound(n, m, seed):
    W = np.random.default_rng(seed).normal(size=(n, m))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    assert coherence(W) >= coherence_bound(n, m) - 1e-9
    assert signed_coherence(W) >= signed_coherence_bound(n, m) - 1e-9
    assert mean_square_overlap(W) >= welch_bound(n, m) ** 2 - 1e-9


def test_the_best_order_is_the_largest():
    n, m = np.array([5, 40, 1000, 1e12])[:, np.newaxis], np.array([1, 2, 3, 10, 100])
    orders = np.arange(1, 65).reshape(-1, 1, 1)
    np.testing.assert_array_less(welch_bound(n, m, orders).max(axis=0) - 1e-12, best_welch_bound(n, m))
    assert best_welch_bound(4, 1) == 1.0


def test_signs():
    np.testing.assert_allclose(signed_coherence_bound([1, 2, 3, 6, 7, 10, 11], 5), [-1, -1, -0.5, -0.2, 0, 0, 0])
    pairs = np.concatenate([np.eye(5), -np.eye(5)])
    assert signed_coherence(pairs) == signed_coherence_bound(10, 5) == 0.0
    simplex = np.linalg.svd(np.eye(6) - 1 / 6)[0][:, :5]
    simplex /= np.linalg.norm(simplex, axis=1, keepdims=True)
    assert signed_coherence(simplex) == pytest.approx(float(signed_coherence_bound(6, 5)), abs=1e-12)


def test_edges_of_the_bounds():
    for bound in (welch_bound, best_welch_bound, orthoplex_bound, levenshtein_bound, coherence_bound):
        assert bound(1, 1) == 0.0
        assert bound(7, 7) == 0.0
        assert 0 < bound(LogCount(1e4), 10) <= 1
        assert bound(2, 1) in (0.0, 1.0)
    np.testing.assert_allclose(effective_dimension([1, 512, 1024], 512), [np.inf, np.inf, 1023], rtol=1e-14)
    assert effective_dimension(LogCount(1e4), 512) == pytest.approx(512)
    with pytest.raises(InputError, match=r"order must be a whole number; got 1\.5"):
        welch_bound(5, 2, 1.5)


def test_interference_of_tight_frames():
    assert 16 / effective_dimension(1024, 512) == pytest.approx(0.015640, abs=5e-7)
    k = np.array([16, 20])
    np.testing.assert_allclose(expected_wrong(1024, 512, k), [2.39, 5.82], atol=6e-3)
    exact = k / tight_frame_interference(1024, 512, k)  # the m of a random code with this variance
    np.testing.assert_allclose(expected_wrong(1024, exact, k), [0.029, 0.156], atol=5e-4)
    np.testing.assert_allclose(expected_wrong(1024, exact, k), [0.031, 0.140], rtol=0.2)  # sampled frames
    assert (expected_wrong(1024, effective_dimension(1024, 512), k) > expected_wrong(1024, exact, k)).all()
    assert expected_wrong(1024, effective_dimension(1024, 1024), 300) == 0.0
    assert expected_wrong(512, effective_dimension(512, 500), 100) < 1e-9
    assert expected_wrong(512, 500, 100) == pytest.approx(67, abs=0.5)


def test_a_tight_frame_whose_directions_add_up_to_zero():
    """Each row has the mean overlap -1/(n-1); the rest of its second moment is the variance of the formula."""
    n, m, k = 64, 24, 5
    offset = 1 / (n - 1)
    variance = tight_frame_interference(n, m, k) * (1 - effective_dimension(n, m) * offset**2)
    np.testing.assert_allclose(read_out_second_moment(tight_frame(n, m), k), variance + (k * offset) ** 2, rtol=1e-12)


@pytest.mark.parametrize("k", [0, 1, 3, 11])
def test_second_moment_of_any_code_by_enumeration(k):
    W = np.random.default_rng(3).normal(size=(12, 4))
    G = gram(W)
    for i in (0, 7):
        others = [j for j in range(12) if j != i]
        sums = [G[i, list(chosen)].sum() for chosen in itertools.combinations(others, k)]
        assert read_out_second_moment(W, k)[i] == pytest.approx(np.mean(np.square(sums)), rel=1e-12, abs=1e-15)


def test_second_moment_of_few_features():
    np.testing.assert_array_equal(read_out_second_moment([[1.0, 0.0]], 0), [0.0])
    np.testing.assert_allclose(read_out_second_moment([[1.0], [-1.0]], 1), [1.0, 1.0])
    assert tight_frame_interference(2, 1, 1) == pytest.approx(1.0)
    with pytest.raises(InputError, match="at most n_features - 1"):
        tight_frame_interference(4, 2, 4)
    with pytest.raises(InputError, match="n_active must be between 0 and 1"):
        read_out_second_moment([[1.0], [-1.0]], 2)


def largest_cosine(reading: str, epsilon: float) -> float:
    """All sign patterns, and points between, of the errors of the lengths of e_i, e_j and e_i - e_j (and their sum)."""
    errors = np.array(list(itertools.product(np.linspace(-epsilon, epsilon, 5), repeat=3)))
    a, b, c = {
        "length": (1 + errors[:, 0], 1 + errors[:, 1], np.sqrt(2) + errors[:, 2]),
        "relative_length": (1 + errors[:, 0], 1 + errors[:, 1], np.sqrt(2) * (1 + errors[:, 2])),
        "squared_length": tuple(np.sqrt(np.array([1, 1, 2])[:, np.newaxis] * (1 + errors.T))),
        "sums": tuple(np.sqrt(np.array([1, 1, 2])[:, np.newaxis] * (1 + errors.T))),
    }[reading]
    inner = (a**2 + b**2 - c**2) / 2
    if reading == "sums":  # the image of the sum has the squared length a² + b² + 2 inner, which must be 2 (1 ± ε)
        allowed = np.abs(a**2 + b**2 + 2 * inner - 2) <= 2 * epsilon + 1e-12
        inner, a, b = inner[allowed], a[allowed], b[allowed]
    return float(np.abs(inner / (a * b)).max())


@pytest.mark.parametrize(("reading", "ratio"), [*zip(CONVERSIONS, (3.4148, 4.0008, 2.0002, 1.0), strict=True)])
def test_johnson_lindenstrauss_and_cosines_by_brute_force(reading, ratio):
    assert largest_cosine(reading, 1e-4) / 1e-4 == pytest.approx(ratio, abs=6e-5)
    for epsilon in (1e-4, 0.01, 0.1):
        bound = jl_cosine_bound(epsilon, reading)
        assert largest_cosine(reading, epsilon) <= bound * (1 + 1e-12)
        if reading != "sums":  # whose extreme needs errors that contradict each other
            assert largest_cosine(reading, epsilon) == pytest.approx(float(bound), rel=1e-9)
    assert jl_cosine_bound(1e-7, reading) / 1e-7 == pytest.approx(CONVERSIONS[reading].factor, rel=1e-5)
    np.testing.assert_array_equal(jl_cosine_bound([0.0, 0.95, 5.0], reading), [0, 1, 1])


def test_johnson_lindenstrauss_both_ways():
    n, m = np.array([20, 1000]), np.array([500, 5000])
    np.testing.assert_allclose(jl_dimension(n, jl_distortion(n, m)), m, rtol=1e-12)
    with pytest.raises(InputError, match="preserved must be one of 'length'"):
        jl_cosine_bound(0.1, "lengths")
