"""Inner products, and the two doors through which directions come in."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tegum.geometry import cross_polytope, gram, icosahedron, overlap, polygon, simplex, unit_rows
from tegum.ground.arrays import as_directions
from tegum.ground.errors import InputError, ShapeError

directions = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=4, max_side=5), elements=st.floats(-1e3, 1e3, allow_subnormal=False)
)


@given(W=directions)
def test_gram_is_the_table_of_inner_products(W):
    expected = np.einsum("...ih,...jh->...ij", W, W)
    np.testing.assert_allclose(gram(W), expected, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(gram(W), gram(W).mT)


@given(W=directions)
def test_unit_rows_have_length_1_or_were_zero(W):
    lengths = np.linalg.norm(unit_rows(W), axis=-1)
    np.testing.assert_allclose(lengths, np.any(W, axis=-1), atol=1e-14)


@given(W=directions)
def test_overlap_is_gram_without_lengths(W):
    lengths = np.linalg.norm(W, axis=-1)
    product = overlap(W) * lengths[..., :, None] * lengths[..., None, :]
    np.testing.assert_allclose(product, gram(W), rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_a_direction_does_not_depend_on_its_length(scale):
    np.testing.assert_allclose(unit_rows([[3 * scale, 4 * scale]]), [[0.6, 0.8]], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.bool_])
def test_every_real_type_is_computed_in_double_precision(dtype):
    result = gram(np.array([[1, 0], [1, 1]], dtype=dtype))
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, [[1, 1], [1, 2]])


def test_single_precision_goes_in_as_it_is_and_loses_nothing_more():
    W = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    np.testing.assert_array_equal(gram(W), gram(W.astype(np.float64)))


@pytest.mark.parametrize(
    ("vertices", "cosines"),
    [
        (polygon(2), [-1]),
        (polygon(5), np.cos(2 * np.pi * np.array([1, 2]) / 5)),
        (simplex(1), [-1]),
        (simplex(2), [-1 / 2]),
        (simplex(7), [-1 / 7]),
        (cross_polytope(4), [-1, 0]),
        (icosahedron(), [-1, -(5**-0.5), 5**-0.5]),
    ],
)
def test_polytopes_have_unit_rows_and_the_cosines_of_the_catalogue(vertices, cosines):
    G = gram(vertices)
    np.testing.assert_allclose(np.diag(G), 1.0, atol=1e-14)
    others = G[~np.eye(len(G), dtype=bool)]
    np.testing.assert_allclose(np.unique(others.round(12)), np.sort(cosines), atol=1e-11)


def test_polytopes_spread_evenly_over_the_space():
    for vertices in (polygon(5), simplex(6), cross_polytope(3), icosahedron()):
        n_features, n_hidden = vertices.shape
        np.testing.assert_allclose(vertices.T @ vertices, n_features / n_hidden * np.eye(n_hidden), atol=1e-12)
        np.testing.assert_allclose(vertices.sum(axis=0), 0.0, atol=1e-12)
    with pytest.raises(InputError, match="n_hidden must be at least 1; got 0"):
        simplex(0)


@pytest.mark.parametrize("function", [gram, overlap])
def test_labels_go_through(function):
    values = np.random.default_rng(0).normal(size=(4, 2, 3, 5))
    W = xr.DataArray(
        values,
        dims=("feature", "cell", "hidden", "model"),
        coords={"feature": list("abcd"), "cell": [0.1, 0.2], "importance": ("feature", [4, 3, 2, 1], {"units": "1"})},
        attrs={"long_name": "weights"},
    )
    result = function(W)
    assert result.name == function.__name__
    assert result.dims == ("cell", "model", "feature", "feature_other")
    assert list(result["feature_other"].values) == list("abcd")
    np.testing.assert_array_equal(result["importance"], W["importance"])
    assert result["importance"].attrs == {"units": "1"}
    assert result.attrs == {}
    np.testing.assert_array_equal(result.values, function(values.transpose(1, 3, 0, 2)))


def test_labelled_directions_without_the_right_names_are_refused():
    W = xr.DataArray(np.ones((2, 3)), dims=("feature", "neuron"))
    with pytest.raises(ShapeError, match=r"'neuron'\), expected 'feature' and 'hidden'"):
        gram(W)


@pytest.mark.parametrize(
    ("W", "error", "message"),
    [
        ([1.0, 2.0], ShapeError, r"shape \(2,\), expected \(\.\.\., n_features, n_hidden\)"),
        (np.ones((0, 2)), ShapeError, "at least one of each"),
        ([[1.0, np.nan]], InputError, r"finite; got nan at index \(0, 1\)"),
        ([[1.0, 1j]], InputError, "complex128, expected real numbers"),
        ([[1.0, 2.0], [3.0]], InputError, "rows of equal length"),
    ],
)
def test_what_is_no_matrix_of_directions_is_refused(W, error, message):
    with pytest.raises(error, match=message):
        as_directions(W)
