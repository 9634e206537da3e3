"""The integral behind the exact loss against the closed form in 200 digits, where rounding cannot hide anything."""

import itertools
import math
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegum.ground.compiled import compiled_door
from tegum.theory.master_integral import MOST_SLOPES, master_integral, workspace

EPSILON = float(np.finfo(float).eps)


@compiled_door
def integral(K: int, b: float, work: Any) -> float:
    return master_integral(K, b, work)


class Integral(NamedTuple):
    """F with its derivatives over (g_0, ..., g_(K-1), b)."""

    value: float
    first: np.ndarray
    second: np.ndarray


def computed(g: list[float], b: float) -> Integral:
    work = workspace()
    work.g[: len(g)] = g
    value = integral(len(g), float(b), work)
    end = len(g) + 1
    return Integral(value, work.first[:end].copy(), work.second[:end, :end].copy())


def exact(g: list[float], b: float) -> Integral:
    """The closed form and its derivatives on the exact doubles.

    A direction without slope is an independent uniform factor: it has the moments 1/2 and 1/3.
    """
    steep = [i for i, slope in enumerate(g) if slope != 0]
    K, n = len(steep), len(g)
    first, second = np.zeros(n + 1), np.zeros((n + 1, n + 1))
    with mpmath.workdps(200):
        value, inner1, inner2 = _closed([mpmath.mpf(g[i]) for i in steep], mpmath.mpf(b))
        place = {i: k for k, i in enumerate(steep)} | {n: K}
        for i in range(n + 1):
            first[i] = inner1[place[i]] if i in place else inner1[K] / 2
            for j in range(n + 1):
                known = [place[k] for k in (i, j) if k in place]
                moment = {2: 1, 1: mpmath.mpf(1) / 2, 0: mpmath.mpf(1) / (3 if i == j else 4)}[len(known)]
                row, column = (*known, K, K)[:2]
                second[i, j] = moment * inner2[row, column]
        return Integral(float(value), first, second)


def _closed(g: list[Any], b: Any) -> tuple[Any, Any, Any]:
    """F = c Σ_s ± R(g·s + b)^(K+2) / ∏ g, differentiated by hand with the quotient rule."""
    K = len(g)
    sums = [mpmath.mpf(0), [mpmath.mpf(0)] * (K + 1), mpmath.matrix(K + 1, K + 1)]
    for s in itertools.product((0, 1), repeat=K):
        z = b + sum(slope for slope, there in zip(g, s, strict=True) if there)
        if z <= 0:
            continue
        sign, along = (-1) ** (K - sum(s)), (*s, 1)
        sums[0] += sign * z ** (K + 2)
        for i in range(K + 1):
            sums[1][i] += sign * along[i] * (K + 2) * z ** (K + 1)
            for j in range(K + 1):
                sums[2][i, j] += sign * along[i] * along[j] * (K + 2) * (K + 1) * z**K
    c = 2 / (mpmath.factorial(K + 2) * mpmath.fprod(g))
    value = c * sums[0]
    by = [-1 / slope for slope in g] + [mpmath.mpf(0)]  # derivative of log c
    first = [c * sums[1][i] + value * by[i] for i in range(K + 1)]
    second = mpmath.matrix(K + 1, K + 1)
    for i, j in itertools.product(range(K + 1), repeat=2):
        second[i, j] = c * (sums[2][i, j] + by[i] * sums[1][j] + by[j] * sums[1][i] + by[i] * by[j] * sums[0])
        second[i, j] += value * by[i] * by[i] if i == j < K else 0
    return value, first, second


def agree(g: list[float], b: float, tolerance: float = 1e-9) -> None:
    """Relative to F, to ∂F/∂b and to ∂²F/∂b², beside what a rounding of the arguments does to them."""
    got, want = computed(g, b), exact(g, b)
    rounding = 8 * EPSILON * (abs(b) + sum(map(abs, g)))  # as if b were off by a few units in its last place
    slope, bend = want.first[-1], want.second[-1, -1]
    assert abs(got.value - want.value) <= tolerance * want.value + rounding * slope, (g, b)
    assert np.abs(got.first - want.first).max() <= tolerance * slope + rounding * bend, (g, b)
    steepest = max(map(abs, g), default=0) or 1.0
    assert np.abs(got.second - want.second).max() <= 10 * tolerance * bend + rounding / steepest, (g, b)
    np.testing.assert_allclose(got.second, got.second.T, rtol=1e-14)


def naive(g: list[float], b: float) -> float:
    total = 0.0
    for s in itertools.product((0, 1), repeat=len(g)):
        total += (-1) ** (len(g) - sum(s)) * max(float(np.dot(g, s)) + b, 0) ** (len(g) + 2)
    return 2 * total / (math.factorial(len(g) + 2) * math.prod(g))


SIZES = st.floats(-12, 0.7).map(lambda exponent: 10**exponent)
SIGNS = st.sampled_from([-1.0, 1.0])


@st.composite
def arguments(draw: Any, least: int = 1, most: int = 5) -> tuple[list[float], float]:
    """Slopes over twelve decades, some of them equal or zero; b anywhere, at 0, or with a kink at a corner."""
    K = draw(st.integers(least, most))
    pool = [draw(SIGNS) * draw(SIZES) for _ in range(K)]
    g = [draw(st.sampled_from([slope, pool[0], -pool[0], 0.0, slope])) for slope in pool]
    corner = sum(slope for slope in g if draw(st.booleans()))
    kind = draw(st.sampled_from(["inside", "corner", "zero", "near a corner"]))
    low, high = sum(min(slope, 0) for slope in g), sum(max(slope, 0) for slope in g)
    b = {
        "inside": -(low + draw(st.floats(0.02, 0.98)) * (high - low)),
        "corner": -corner,
        "zero": 0.0,
        "near a corner": -corner + draw(SIGNS) * draw(SIZES),
    }[kind]
    return g, b


class TestAgainstManyDigits:
    @settings(max_examples=100)
    @given(arguments())
    def test_value_gradient_and_hessian(self, case):
        agree(*case)

    @pytest.mark.parametrize("sign", [-1, 1])
    @pytest.mark.parametrize("exponent", range(-12, 1, 2))
    @pytest.mark.parametrize("others", [[], [0.8], [0.8, -0.5], [0.8, -0.5, 0.3, 1.1]])
    @pytest.mark.parametrize("b", [-0.2, 0.0, -0.8, 0.5])
    def test_one_slope_goes_to_zero(self, sign, exponent, others, b):
        agree([sign * 10.0**exponent, *others], b)

    @pytest.mark.parametrize("small", [1e-12, 1e-8, 1e-5, 1e-3, 1e-2])
    @pytest.mark.parametrize("K", [1, 2, 3, 4, 5])
    def test_all_slopes_are_small_and_equal(self, small, K):
        agree([small] * K, -K * small / 2)
        agree([-small] * K, K * small / 2)

    @pytest.mark.parametrize(
        ("g", "b"),
        [
            ([1e3, 1e-9, -1e-9], -0.5),
            ([1e3, -1e3, 1e-6], 1e-6),
            ([1.0, 1e-4, 1e-8, 1e-12], -1.0),  # the kink goes through a corner
            ([1.0, 1.0, 1.0, 1.0, 1.0], -2.0),
            ([0.5, -0.5, 0.5, -0.5], 0.0),
            ([0.0, 0.0, 0.7], -0.2),
            ([1e-7, 2e-7, -3e-7, 4e-7, 0.9], -0.3),
        ],
    )
    def test_mixed_scales(self, g, b):
        agree(g, b)

    def test_the_closed_form_itself_fails_there(self):
        """The control: what all the care is for."""
        for slopes in ([1e-5, 1e-5, 1e-5, 0.5], [1e-7, -1e-7, 0.5]):
            assert abs(naive(slopes, -0.25) / exact(slopes, -0.25).value - 1) > 1e-4
            agree(slopes, -0.25)
        assert naive([0.8, -0.5], -0.2) == pytest.approx(exact([0.8, -0.5], -0.2).value, rel=1e-12)


class TestKnownValues:
    @pytest.mark.parametrize(
        ("g", "b", "value"),
        [
            ([], 0.3, 0.09),
            ([], -0.3, 0.0),
            ([0.7], -0.2, 0.0595238),
            ([0.8, -0.5], -0.2, 0.0269792),
            ([1.0], 0.0, 1 / 3),
            ([1.0, 1.0], 0.0, 7 / 6),
            ([0.0, 0.0], 0.5, 0.25),
            ([-1.0, -2.0], 0.0, 0.0),
        ],
    )
    def test_value(self, g, b, value):
        assert computed(g, b).value == pytest.approx(value, rel=1e-5, abs=0)

    def test_without_a_kink_it_is_a_mean_square(self):
        g, b = np.array([0.4, -0.3, 0.2]), 0.5
        got = computed(g.tolist(), b)
        assert got.value == pytest.approx((b + g.sum() / 2) ** 2 + (g**2).sum() / 12, rel=1e-15)
        assert got.second[-1, -1] == 2

    def test_below_zero_everywhere_all_is_zero(self):
        got = computed([0.4, -0.3], -0.41)
        assert got.value == 0
        assert not got.first.any()
        assert not got.second.any()

    def test_the_largest_number_of_slopes(self):
        rng = np.random.default_rng(3)
        g = rng.normal(size=MOST_SLOPES)
        x = rng.random((200_000, MOST_SLOPES))
        squares = np.maximum(x @ g - 0.2, 0) ** 2
        assert abs(computed(g.tolist(), -0.2).value - squares.mean()) < 4.5 * squares.std() / np.sqrt(len(x))


class TestLaws:
    @settings(max_examples=40)
    @given(arguments(), st.sampled_from([2.0**k for k in (-20, -3, 1, 10)]))
    def test_scaling(self, case, factor):
        """F(λg, λb) = λ² F; a power of two rounds nothing, but may change the way it is computed."""
        g, b = case
        one, other = computed(g, b), computed([factor * slope for slope in g], factor * b)
        rounding = 8 * EPSILON * (abs(b) + sum(map(abs, g))) * one.first[-1]
        assert abs(other.value / factor**2 - one.value) <= 1e-9 * one.value + rounding

    @settings(max_examples=40)
    @given(arguments(least=2), st.randoms(use_true_random=False))
    def test_the_order_of_the_slopes_does_not_matter(self, case, random):
        g, b = case
        order = list(range(len(g)))
        random.shuffle(order)
        one, other = computed(g, b), computed([g[i] for i in order], b)
        rounding = 8 * EPSILON * (abs(b) + sum(map(abs, g)))
        assert abs(other.value - one.value) <= 1e-9 * one.value + rounding * one.first[-1]
        moved = one.first[[*order, len(g)]]
        bound = 1e-9 * one.first[-1] + rounding * one.second[-1, -1]
        np.testing.assert_allclose(other.first, moved, rtol=0, atol=float(bound))

    @settings(max_examples=40)
    @given(arguments())
    def test_monotone_and_convex_in_the_offset(self, case):
        g, b = case
        span = sum(map(abs, g))
        values = [computed(g, b + step * span) for step in (-0.1, 0.0, 0.1)]
        assert values[0].value <= values[1].value * (1 + 1e-9) <= values[2].value * (1 + 1e-9) ** 2
        assert all(each.first[-1] >= 0 for each in values)
        assert all(0 <= each.second[-1, -1] <= 2 + 1e-9 for each in values)

    @settings(max_examples=40)
    @given(arguments())
    def test_homogeneous_of_degree_two(self, case):
        """Euler: g·∂F/∂g + b ∂F/∂b = 2F."""
        g, b = case
        got = computed(g, b)
        at = np.array([*g, b])
        bound = 1e-8 * got.value + 1e-9 * np.abs(at).sum() * got.first[-1]
        assert abs(at @ got.first - 2 * got.value) <= bound
