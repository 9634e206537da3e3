"""Moments against draws, the exact loss of the linear model against draws, and its optimum against every attempt."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError
from scipy.optimize import minimize

from tegum.ground.errors import InputError, ShapeError
from tegum.theory import (
    feature_benefit,
    feature_mean,
    feature_mean_square,
    feature_variance,
    linear_interference,
    linear_loss,
    linear_optimum,
    optimal_linear_bias,
    zero_loss,
)

MAGNITUDES = ("uniform", "signed_uniform", "boolean")
P = np.array([0.1, 0.4, 0.9, 0.25])
IMPORTANCE = np.array([1.0, 0.3, 0.5, 2.0])


def draw(p: np.ndarray, magnitude: str, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """The definition of the data, as plainly as it can be written."""
    low, high = {"uniform": (0.0, 1.0), "signed_uniform": (-1.0, 1.0), "boolean": (1.0, 1.0)}[magnitude]
    size = (n_samples, len(p))
    return np.where(rng.random(size) < p, rng.uniform(low, high, size), 0.0)


def assert_mean_is(samples: np.ndarray, expected: np.ndarray, n_standard_errors: float = 4.0) -> None:
    """The window: four standard errors of the mean over independent samples (rows)."""
    standard_error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - expected) < n_standard_errors * standard_error + 1e-15)


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_moments_are_those_of_the_draws(magnitude):
    x = draw(P, magnitude, 100_000, np.random.default_rng(0))
    assert_mean_is(x, feature_mean(P, magnitude))
    assert_mean_is(x**2, feature_mean_square(P, magnitude))
    assert_mean_is((x - feature_mean(P, magnitude)) ** 2, feature_variance(P, magnitude))
    assert_mean_is((x**2 * IMPORTANCE).sum(axis=1), zero_loss(P, IMPORTANCE, magnitude))
    with pytest.raises(AssertionError):  # the control: features a tenth more likely
        assert_mean_is(x**2, feature_mean_square(1.1 * P, magnitude))


def test_moments_of_uniform_features():
    p = np.array([0.0, 0.05, 0.5, 1.0])
    np.testing.assert_allclose(feature_mean(p), p / 2)
    np.testing.assert_allclose(feature_mean_square(p), p / 3)
    np.testing.assert_allclose(feature_variance(p), p / 3 - p**2 / 4)
    assert zero_loss(0.1, np.ones(6)) == pytest.approx(6 * 0.1 / 3)
    np.testing.assert_allclose(zero_loss(np.array([[0.1], [0.2]]), [1.0, 2.0, 3.0]), [0.2, 0.4])


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_the_linear_loss_is_the_mean_of_the_loss_of_draws(magnitude):
    rng = np.random.default_rng(1)
    W, b = rng.normal(size=(4, 2)) * 0.7, rng.normal(size=4) * 0.2
    x = draw(P, magnitude, 100_000, rng)
    losses = (IMPORTANCE * (x - (x @ W @ W.T + b)) ** 2).sum(axis=1)
    expected = linear_loss(W, b, feature_probability=P, importance=IMPORTANCE, magnitude=magnitude)
    assert_mean_is(losses, expected)
    wrong = linear_loss(W, b + 0.05, feature_probability=P, importance=IMPORTANCE, magnitude=magnitude)
    with pytest.raises(AssertionError):
        assert_mean_is(losses, wrong)


def test_with_equal_variances_the_loss_is_the_sum_of_the_two_forces():
    W = np.random.default_rng(2).normal(size=(3, 6, 4))
    importance = 0.7 ** np.arange(6)
    b = optimal_linear_bias(W, feature_probability=0.2)
    loss = linear_loss(W, b, feature_probability=0.2, importance=importance)
    forces = feature_benefit(W, importance) + linear_interference(W, importance)
    np.testing.assert_allclose(loss, feature_variance(0.2) * forces, rtol=1e-13)


def test_no_other_bias_is_better():
    rng = np.random.default_rng(3)
    W = rng.normal(size=(4, 2))
    given = {"feature_probability": P, "importance": IMPORTANCE}
    best = optimal_linear_bias(W, feature_probability=P)
    others = best + 0.1 * rng.normal(size=(200, 4))
    assert np.all(linear_loss(W, others, **given) > linear_loss(W, best, **given))


def test_models_and_problems_broadcast():
    rng = np.random.default_rng(4)
    W, b, p = rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4)), np.array([[[0.1]], [[0.5]]])
    together = linear_loss(W, b, feature_probability=p, importance=IMPORTANCE)
    assert together.shape == (2, 5)
    alone = linear_loss(W[3], b[3], feature_probability=0.5, importance=IMPORTANCE)
    assert together[1, 3] == pytest.approx(float(alone), rel=1e-14)


def test_the_optimum_of_twenty_features_in_five_dimensions():
    importance = 0.7 ** np.arange(20)
    optimum = linear_optimum(5, feature_probability=0.1, importance=importance)
    assert optimum == pytest.approx(0.0171919, abs=5e-8)
    W = np.eye(20, 5)
    b = optimal_linear_bias(W, feature_probability=0.1)
    np.testing.assert_allclose(b, np.where(np.arange(20) < 5, 0.0, 0.05))
    assert linear_loss(W, b, feature_probability=0.1, importance=importance) == pytest.approx(float(optimum), rel=1e-12)
    assert linear_optimum(20, feature_probability=0.1, importance=importance) == 0.0
    assert linear_optimum(0, feature_probability=0.1, importance=importance) == pytest.approx(
        float((feature_variance(0.1) * importance).sum())
    )


def unequal_problem(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Importances and probabilities such that neither alone decides which features are kept."""
    return {"feature_probability": rng.uniform(0.05, 0.9, size=6), "importance": rng.uniform(0.1, 1.0, size=6)}


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_no_weights_beat_the_optimum(magnitude):
    rng = np.random.default_rng(5)
    given = unequal_problem(rng) | {"magnitude": magnitude}
    optimum = linear_optimum(2, **given)
    for scale in (0.1, 0.4, 1.0):
        W = scale * rng.normal(size=(2000, 6, 2))
        b = optimal_linear_bias(W, feature_probability=given["feature_probability"], magnitude=magnitude)
        assert linear_loss(W, b, **given).min() >= optimum
    # The features with the largest I_i Var x_i on a dimension each attain it, and so does any rotation of that.
    worth = given["importance"] * feature_variance(given["feature_probability"], magnitude)
    W = np.eye(6)[:, np.argsort(worth)[-2:]] @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    b = optimal_linear_bias(W, feature_probability=given["feature_probability"], magnitude=magnitude)
    assert linear_loss(W, b, **given) == pytest.approx(float(optimum), rel=1e-12)


def test_descent_from_random_starts_reaches_the_optimum_and_does_not_pass_it():
    rng = np.random.default_rng(6)
    given = unequal_problem(rng)

    def objective(flat: np.ndarray) -> float:
        W = flat[:12].reshape(6, 2)
        return float(linear_loss(W, flat[12:], **given))

    reached = [minimize(objective, 0.5 * rng.normal(size=18), method="BFGS").fun for _ in range(3)]
    optimum = float(linear_optimum(2, **given))
    assert min(reached) == pytest.approx(optimum, rel=1e-6)
    assert min(reached) >= optimum * (1 - 1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: feature_mean([0.1, 1.5]), InputError, r"got 1.5 for feature 1. If you meant sparsity S, pass 1 - S"),
        (lambda: feature_variance([[0.1], [-0.2]]), InputError, r"got -0.2 at index \(1, 0\)"),
        (lambda: zero_loss(0.1, [1.0, -1.0]), InputError, "importance must be at least 0; got -1.0 for feature 1"),
        (lambda: zero_loss(0.1, 1.0), ShapeError, "number of features is unknown"),
        (lambda: zero_loss([0.1, 0.2], [1.0, 1.0, 1.0]), ShapeError, r"importance has shape \(3,\)"),
        (lambda: linear_loss(np.eye(3), np.zeros(2), feature_probability=0.1), ShapeError, r"bias \(2,\).*=3\)"),
        (lambda: linear_loss(np.ones((1, 1)), np.zeros(3), feature_probability=0.1), ShapeError, "do not fit rows"),
        (lambda: linear_optimum(-1, feature_probability=[0.1]), InputError, "n_hidden must be at least 0; got -1"),
    ],
)
def test_wrong_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_unknown_magnitude_is_named():
    # With types checked at run time, the check of the annotation comes first.
    with pytest.raises((InputError, TypeCheckError), match="uniform"):
        feature_mean(0.1, "gaussian")  # pyright: ignore[reportArgumentType]
