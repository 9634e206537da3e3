"""The exact loss with one feature present: against quadrature, against draws, and at the known optima of polygons."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize

from tegum.geometry import polygon
from tegum.ground.errors import ShapeError
from tegum.theory import one_sparse_loss
from tegum.theory.one_sparse import _square_error

LIMITS = {"uniform": (0.0, 1.0), "signed_uniform": (-1.0, 1.0)}


def closed_form(target: float, slope: float, bias: float, magnitude: str) -> float:
    return float(_square_error(np.array([target]), np.array([slope]), np.array([bias]), magnitude)[0])


def by_quadrature(target: float, slope: float, bias: float, magnitude: str) -> float:
    """E (target · x - ReLU(slope · x + bias))², split at the kink so that each part is a polynomial."""
    low, high = LIMITS[magnitude]
    ends = [low, high]
    if slope != 0 and low < -bias / slope < high:
        ends.insert(1, -bias / slope)

    def error(x: float) -> float:
        return (target * x - max(slope * x + bias, 0.0)) ** 2

    parts = [quad(error, a, b, epsabs=1e-14, epsrel=1e-13)[0] for a, b in itertools.pairwise(ends)]
    return sum(parts) / (high - low)


slopes = st.floats(-3, 3) | st.floats(-1e-6, 1e-6) | st.sampled_from([0.0, 1.0, -1.0, 1e-300, -5e-324])
biases = st.floats(-3, 3) | st.floats(-1e-6, 1e-6) | st.just(0.0)


@given(target=st.sampled_from([0.0, 1.0]), slope=slopes, bias=biases, magnitude=st.sampled_from(list(LIMITS)))
@example(target=0.0, slope=1e-9, bias=0.3, magnitude="uniform")
@example(target=0.0, slope=1.0, bias=-1.0 + 1e-9, magnitude="uniform")
@example(target=1.0, slope=1.0, bias=0.0, magnitude="signed_uniform")
def test_closed_form_equals_quadrature(target, slope, bias, magnitude):
    computed = closed_form(target, slope, bias, magnitude)
    assert computed == pytest.approx(by_quadrature(target, slope, bias, magnitude), rel=1e-10, abs=1e-12)


def test_the_textbook_form_fails_where_this_one_holds():
    # [R(g+b)³ - R(b)³] / 3g at b = 0.3: the answer is b² + b g + g²/3.
    g, b = 1e-12, 0.3
    expected = b**2 + b * g + g**2 / 3
    textbook = ((g + b) ** 3 - b**3) / (3 * g)
    assert abs(textbook / expected - 1) > 1e-6
    assert closed_form(0.0, g, b, "uniform") == pytest.approx(expected, rel=1e-15)


def test_a_small_result_keeps_its_digits():
    # Active only on the last 1e-9 of [0, 1]: R(g+b)³ / 3g.
    bias = -1.0 + 1e-9
    computed = closed_form(0.0, 1.0, bias, "uniform")
    assert computed == pytest.approx((1.0 + bias) ** 3 / 3, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("magnitude", ["uniform", "signed_uniform", "boolean"])
def test_the_loss_is_the_mean_of_draws_with_one_feature_present(magnitude):
    rng = np.random.default_rng(0)
    n_features, n_samples = 5, 200_000
    W, b = rng.normal(size=(n_features, 2)) * 0.8, rng.normal(size=n_features) * 0.3
    importance = rng.uniform(0.2, 1.0, size=n_features)
    low, high = LIMITS.get(magnitude, (1.0, 1.0))
    x = np.zeros((n_samples, n_features))
    present = rng.integers(n_features, size=n_samples)
    x[np.arange(n_samples), present] = rng.uniform(low, high, size=n_samples)
    errors = importance * (x - np.maximum(x @ W @ W.T + b, 0.0)) ** 2
    own = np.zeros_like(errors)
    own[np.arange(n_samples), present] = errors[np.arange(n_samples), present]

    def n_standard_errors(samples: np.ndarray, expected: float) -> float:
        return abs(samples.mean() - expected) / (samples.std(ddof=1) / np.sqrt(n_samples))

    loss = one_sparse_loss(W, b, importance=importance, magnitude=magnitude)
    assert n_standard_errors(errors.sum(axis=1), loss.total / n_features) < 4
    assert n_standard_errors(own.sum(axis=1), loss.feature_benefit / n_features) < 4
    assert n_standard_errors((errors - own).sum(axis=1), loss.interference / n_features) < 4
    # The control must fail: a bias off by 0.02.
    off = one_sparse_loss(W, b + 0.02, importance=importance, magnitude=magnitude)
    assert n_standard_errors(errors.sum(axis=1), off.total / n_features) > 4


def polygon_loss(n_features: int, norm: float, bias: float) -> float:
    return float(one_sparse_loss(norm * polygon(n_features), bias).total) / n_features


@pytest.mark.parametrize(
    ("n_features", "norm", "bias", "loss"),
    [(5, 1.17046, -0.28230, 0.0158256), (6, 1.32053, -0.61814, 0.0481924), (7, 1.44839, -0.96691, 0.0832712)],
)
def test_the_best_polygon_of_all_features(n_features, norm, bias, loss):
    # The critical points of Chen et al. 2023, Dynamical versus Bayesian phase transitions in a toy model of
    # superposition, in which every feature takes part.
    best = minimize(
        lambda at: polygon_loss(n_features, *at),
        [1.2, -0.3],
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-14},
    )
    assert best.fun == pytest.approx(loss, abs=1e-7)
    np.testing.assert_allclose(best.x, [norm, bias], atol=1e-5)
    # The same number by quadrature: by symmetry, the loss of any one feature.
    overlaps = norm**2 * np.cos(2 * np.pi * np.arange(n_features) / n_features)
    errors = [by_quadrature(float(j == 0), overlap, bias, "uniform") for j, overlap in enumerate(overlaps)]
    assert best.fun == pytest.approx(sum(errors), abs=1e-9)


def test_the_pentagon_loss_depends_little_on_where_it_is_rounded():
    assert polygon_loss(5, 1.171, -0.282) == pytest.approx(0.015825, abs=2e-6)


def test_negative_interference_costs_nothing():
    for pair in ([[1.0], [-1.0]], [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]):
        loss = one_sparse_loss(pair, 0.0)
        assert loss.feature_benefit == loss.interference == loss.total == 0.0
    assert one_sparse_loss([[1.0], [-1.0]], 0.0, magnitude="signed_uniform").total == pytest.approx(4 / 6)


def test_an_absent_model_pays_the_mean_square_of_what_it_does_not_say():
    loss = one_sparse_loss(np.zeros((3, 2)), -1.0, importance=[1.0, 2.0, 3.0])
    assert loss.feature_benefit == pytest.approx(6 / 3)
    assert loss.interference == 0.0


def test_models_broadcast_and_equal_one_by_one():
    rng = np.random.default_rng(1)
    W, b = rng.normal(size=(3, 1, 5, 2)), rng.normal(size=(4, 5))
    together = one_sparse_loss(W, b, importance=0.9 ** np.arange(5))
    assert together.total.shape == (3, 4)
    alone = one_sparse_loss(W[2, 0], b[1], importance=0.9 ** np.arange(5))
    assert together.feature_benefit[2, 1] == pytest.approx(float(alone.feature_benefit), rel=1e-13)
    assert together.interference[2, 1] == pytest.approx(float(alone.interference), rel=1e-13)
    with pytest.raises(ShapeError, match=r"bias \(2,\).*n_features=5"):
        one_sparse_loss(W, [0.0, 0.0])


def test_the_order_of_features_and_the_basis_of_the_space_do_not_matter():
    rng = np.random.default_rng(2)
    W, b, importance = rng.normal(size=(6, 3)), rng.normal(size=6), rng.uniform(size=6)
    order, (rotation, _) = rng.permutation(6), np.linalg.qr(rng.normal(size=(3, 3)))
    changed = one_sparse_loss((W @ rotation)[order], b[order], importance=importance[order])
    assert changed.total == pytest.approx(float(one_sparse_loss(W, b, importance=importance).total), rel=1e-12)
