"""Every entry of the table of measures, and the accuracy of the fast paths."""

import math
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import ortho_group

from tegum.geometry import gram, overlap, polygon, simplex
from tegum.ground.errors import InputError, ShapeError
from tegum.measure import (
    MEASURES,
    Invariance,
    Measure,
    coherence,
    dimensions_per_feature,
    feature_dimensionality,
    feature_norm,
    frame_potential,
    interference,
    mean_square_overlap,
    n_represented,
    signed_coherence,
    total_dimensionality,
)
from tegum.measure import overlaps as overlaps_module
from tegum.theory import welch_bound

every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())


def changed(W: np.ndarray, change: Invariance, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """W after a random change of the given kind, and where each feature of W is in it."""
    n_features, n_hidden = W.shape
    stay = np.arange(n_features)
    match change:
        case "rotation":
            return W @ ortho_group.rvs(n_hidden, random_state=rng), stay
        case "permutation":
            order = rng.permutation(n_features)
            return W[order], np.argsort(order)
        case "sign":
            return W * rng.choice([-1.0, 1.0], size=(n_features, 1)), stay
        case "scale":
            return W * rng.uniform(2.0, 5.0), stay
        case "zero row":
            at = int(rng.integers(n_features + 1))
            return np.insert(W, at, 0.0, axis=0), stay + (stay >= at)
        case "zero column":
            return np.insert(W, int(rng.integers(n_hidden + 1)), 0.0, axis=1), stay


def largest_change(measure: Measure, change: Invariance) -> float:
    """Over random weights, the largest relative change of the measure."""
    rng = np.random.default_rng(0)
    largest = 0.0
    for n_features, n_hidden in [(3, 2), (5, 2), (6, 3), (4, 6), (90, 4)]:
        W = rng.normal(size=(n_features, n_hidden)) * rng.uniform(0.2, 1.0, size=(n_features, 1))
        other, places = changed(W, change, rng)
        before, after = measure.function(W), measure.function(other)
        after = after[places] if measure.per == "feature" else after
        largest = max(largest, float(np.max(np.abs(after - before) / np.maximum(np.abs(before), 1.0))))
    return largest


@every_measure
@pytest.mark.parametrize("change", get_args(Invariance))
def test_a_measure_is_invariant_exactly_where_the_table_says_so(measure, change):
    difference = largest_change(measure, change)
    if change in measure.invariances:
        assert difference < 1e-12
    else:
        assert difference > 1e-3


@every_measure
def test_known_values(measure):
    for known in measure.known_values:
        value = measure.function(known.W)
        np.testing.assert_allclose(value, np.broadcast_to(known.expected, value.shape), atol=1e-14, rtol=1e-14)


@every_measure
@given(
    W=arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=3, max_side=6),
        elements=st.floats(-10, 10, allow_subnormal=False) | st.just(0.0),
    )
)
@settings(max_examples=40)
def test_values_stay_within_the_limits(measure, W):
    value, (low, high) = measure.function(W), measure.limits
    assert value.shape == (W.shape[:-1] if measure.per == "feature" else W.shape[:-2])
    assert np.all((low <= value) & (value <= high))


@every_measure
def test_labelled_equals_unlabelled(measure):
    values = np.random.default_rng(1).normal(size=(2, 3, 5, 2))
    # The axes in another order than the functions want them: names decide, not places.
    W = xr.DataArray(values, dims=("cell", "model", "feature", "hidden"), coords={"cell": [0.1, 0.2]})
    result = measure.function(W.transpose("hidden", "model", "feature", "cell"))
    dims = ("cell", "model", "feature") if measure.per == "feature" else ("cell", "model")
    assert set(result.dims) == set(dims)
    assert result.name == measure.name
    np.testing.assert_array_equal(result["cell"], [0.1, 0.2])
    np.testing.assert_allclose(result.transpose(*dims).values, measure.function(values), rtol=1e-14)


@every_measure
def test_many_models_equal_one_by_one(measure):
    W = np.random.default_rng(2).normal(size=(4, 70, 3))
    np.testing.assert_allclose(measure.function(W), np.stack([measure.function(one) for one in W]), rtol=1e-13)


@every_measure
def test_what_is_no_matrix_is_refused(measure):
    with pytest.raises(ShapeError, match="a row per feature"):
        measure.function([1.0, 2.0])
    with pytest.raises(InputError, match="must be finite"):
        measure.function([[1.0, math.inf]])


def exact_interference(W: np.ndarray, i: int) -> float:
    """The definition in rational numbers, rounded once."""
    rows = [[Fraction(float(x)) for x in row] for row in W]
    products = [sum(a * b for a, b in zip(rows[i], row, strict=True)) for row in rows]
    others = sum(product**2 for j, product in enumerate(products) if j != i)
    return float(others / products[i]) if products[i] else 0.0


@pytest.mark.parametrize("case", ["plain", "nearly orthogonal", "lengths from 1e-6 to 1"])
def test_interference_is_accurate_where_the_textbook_shortcut_is_not(case):
    rng = np.random.default_rng(3)
    # More rows than a block holds, so that both the definition and the triangular factors are used.
    W = rng.normal(size=(150, 6))
    chosen = [0, 1, 75, 148, 149]
    if case == "nearly orthogonal":
        W = np.eye(6)[np.arange(150) % 6] * np.repeat([1.0, 1e-7], [6, 144])[:, None] + 1e-7 * W
    elif case == "lengths from 1e-6 to 1":
        W *= np.logspace(-6, 0, 150)[:, None]
    expected = np.array([exact_interference(W, i) for i in chosen])
    np.testing.assert_allclose(interference(W)[chosen], expected, rtol=1e-8)
    squared = np.square(W).sum(axis=-1)[chosen]
    np.testing.assert_allclose(feature_dimensionality(W)[chosen], squared / (squared + expected), rtol=1e-8)
    if case == "nearly orthogonal":
        assert expected[0] / squared[0] < 1e-11
        # The control: Ŵ_iᵀ(WᵀW)Ŵ_i - |W_i|² has nothing like that accuracy.
        units = W[chosen] / np.sqrt(squared)[:, None]
        shortcut = np.einsum("ih,hk,ik->i", units, W.T @ W, units) - squared
        assert abs(shortcut[0] / expected[0] - 1) > 1e-6


@pytest.mark.parametrize(("n_features", "n_hidden"), [(4, 7), (64, 3), (65, 3), (300, 5), (210, 100), (130, 64)])
def test_the_fast_paths_equal_the_definitions(n_features, n_hidden):
    W = np.random.default_rng(4).normal(size=(2, n_features, n_hidden))
    G, C = gram(W), overlap(W)
    others = ~np.eye(n_features, dtype=bool)
    norm = np.sqrt(np.diagonal(G, axis1=-2, axis2=-1))
    np.testing.assert_allclose(feature_norm(W), norm)
    by_definition = (np.square(G) * others).sum(axis=-1) / norm**2
    np.testing.assert_allclose(interference(W), by_definition, rtol=1e-12)
    # The capacity of a feature, Scherlis et al. 2022, is its dimensionality.
    capacity = norm**4 / np.square(G).sum(axis=-1)
    np.testing.assert_allclose(feature_dimensionality(W), capacity, rtol=1e-12)
    np.testing.assert_allclose(total_dimensionality(W), capacity.sum(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(dimensions_per_feature(W), n_hidden / (norm**2).sum(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(frame_potential(W), np.square(G).sum(axis=(-2, -1)), rtol=1e-12)
    np.testing.assert_allclose(mean_square_overlap(W), np.square(C)[:, others].mean(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(coherence(W), np.abs(C)[:, others].max(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(signed_coherence(W), C[:, others].max(axis=-1), rtol=1e-12)


@every_measure
def test_the_size_of_a_block_does_not_matter(measure, monkeypatch):
    W = np.random.default_rng(5).normal(size=(2, 11, 3))
    W[0, 4] = 0.0
    at_once = measure.function(W)
    monkeypatch.setattr(overlaps_module, "ENTRIES_AT_ONCE", 70)  # three rows at a time, the last block shorter
    np.testing.assert_allclose(measure.function(W), at_once, rtol=1e-14)


def exact_rank(W: np.ndarray) -> int:
    """Gaussian elimination in rational numbers."""
    rows, rank = [[Fraction(float(x)) for x in row] for row in W], 0
    for column in range(W.shape[1]):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rank += 1
        rows.remove(pivot)
        rows = [[x - row[column] / pivot[column] * y for x, y in zip(row, pivot, strict=True)] for row in rows]
    return rank


@given(
    W=arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, max_side=7),
        # Short numbers, so that dependent rows come up and lengths stay within a factor of 1e5 or so.
        elements=st.integers(-3, 3).map(float) | st.floats(-10, 10).map(lambda x: round(x, 4)),
    )
)
def test_dimensionalities_add_up_to_the_rank_at_most(W):
    assert total_dimensionality(W) <= exact_rank(W) + 1e-9


def test_the_bound_on_dimensionalities_is_attained_by_orthogonal_groups_of_polytopes_only():
    packed = np.zeros((9, 5))
    packed[:5, :2], packed[5:, 2:] = 3.0 * polygon(5), simplex(3)
    assert total_dimensionality(packed) == pytest.approx(5.0, abs=1e-12)
    packed[0] *= 1.5
    assert total_dimensionality(packed) < 4.98


def test_the_welch_bound_holds_and_is_attained_by_simplices():
    rng = np.random.default_rng(6)
    for n_features, n_hidden in [(5, 2), (9, 4), (40, 7), (3, 5)]:
        W = rng.normal(size=(20, n_features, n_hidden))
        bound = welch_bound(n_features, n_hidden)
        assert np.all(coherence(W) >= bound)
        assert np.all(mean_square_overlap(W) >= bound**2)
    for n_hidden in (2, 3, 8):
        assert coherence(simplex(n_hidden)) == pytest.approx(float(welch_bound(n_hidden + 1, n_hidden)), rel=1e-12)
    np.testing.assert_allclose(
        welch_bound([1000, 100, 28, 100], [100, 5, 7, 100]), [0.09492, 0.4381, 1 / 3, 0], rtol=1e-4
    )
    with pytest.raises(InputError, match="n_hidden must be at least 1; got 0"):
        welch_bound(5, 0)


def test_random_directions_overlap_by_one_over_their_dimension_on_average():
    # E cos² = 1/m and E cos⁴ = 3/(m (m + 2)); pairs of one matrix are uncorrelated in cos², so the standard error of
    # the mean over 4 · 300 · 299 / 2 pairs follows. Window: five standard errors.
    m, n_pairs = 10, 4 * 300 * 299 / 2
    W = np.random.default_rng(7).normal(size=(4, 300, m))
    standard_error = math.sqrt((3 / (m * (m + 2)) - 1 / m**2) / n_pairs)
    assert abs(mean_square_overlap(W).mean() - 1 / m) < 5 * standard_error
    # The control must fail: directions with a common mean.
    assert abs(mean_square_overlap(W + 0.4).mean() - 1 / m) > 5 * standard_error


def test_the_threshold_of_representation_can_be_set():
    W = xr.DataArray(np.diag([1.0, 0.6, 0.4]), dims=("feature", "hidden"))
    assert n_represented(W) == 2
    assert n_represented(W, threshold=0.3) == 3
    assert n_represented(W.values, 0.7) == 1


def test_a_feature_without_company_has_no_overlap():
    alone = np.array([[1.0, 2.0], [0.0, 0.0]])
    for name in ("mean_square_overlap", "coherence", "signed_coherence"):
        assert MEASURES[name].function(alone) == 0.0
    np.testing.assert_array_equal(MEASURES["antipodal_partner"].function(alone), [0.0, 0.0])
