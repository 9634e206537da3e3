"""The exact loss: against samples, differences, limits and symmetries; and the law of present features under it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegum import Problem, sample_features
from tegum.ground.errors import InputError, ShapeError
from tegum.theory import one_sparse_loss
from tegum.theory.active_sets import ActiveSets, grouped_sets, independent_sets
from tegum.theory.exact_loss import exact_loss
from tegum.theory.moments import zero_loss

MAGNITUDES = ["uniform", "signed_uniform", "boolean"]
SIGMA = 4.5
every_magnitude = pytest.mark.parametrize("magnitude", MAGNITUDES)


def model(seed: int, n: int = 4, m: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, m)) * 0.7, rng.normal(size=n) * 0.2


def sampled_losses(problem: Problem, W: np.ndarray, bias: np.ndarray, n_samples: int, seed: int) -> np.ndarray:
    x = sample_features(problem, n_samples, seed=seed).astype(np.float64)
    return ((x - np.maximum(x @ W @ W.T + bias, 0)) ** 2) @ problem.importances


class TestKnownValues:
    def test_reference(self) -> None:
        got = exact_loss([[0.9], [-0.8]], [0.05, 0.1], feature_probability=0.4, importance=[1, 0.6])
        assert float(got.loss) == pytest.approx(0.047364, abs=5e-7)
        assert got.neglected == 0

    @pytest.mark.parametrize("p", [0.0, 0.01, 0.3, 1.0])
    @pytest.mark.parametrize("importance", [1.0, 0.25])
    def test_antipodal_pair_of_unit_weights(self, p, importance) -> None:
        got = exact_loss([[1.0], [-1.0]], 0.0, feature_probability=p, importance=[1.0, importance])
        assert float(got.loss) == pytest.approx(p**2 * (1 + importance) / 6, abs=1e-15)

    @every_magnitude
    def test_the_answer_0(self, magnitude) -> None:
        p, importance = [0.1, 0.5, 1.0], [1.0, 2.0, 0.5]
        got = exact_loss(np.zeros((3, 2)), 0.0, feature_probability=p, importance=importance, magnitude=magnitude)
        assert float(got.loss) == pytest.approx(float(zero_loss(p, importance, magnitude)), rel=1e-14)

    def test_orthonormal_directions_lose_nothing(self) -> None:
        assert abs(float(exact_loss(np.eye(3), 0.0, feature_probability=0.4).loss)) < 1e-15

    def test_two_digons_and_a_triangle_of_unit_weights(self) -> None:
        """At importance 1 and b = 0 a digon beside a point costs p²/3, and a triangle 3p²/8, to order p²."""
        p, turns = 1e-5, 2 * np.pi * np.arange(3) / 3
        digon = exact_loss([[1, 0], [-1, 0], [0, 1]], 0.0, feature_probability=p).loss
        triangle = exact_loss(np.stack([np.cos(turns), np.sin(turns)], 1), 0.0, feature_probability=p).loss
        assert float(digon) == pytest.approx(p**2 / 3, rel=1e-4)
        assert float(triangle) == pytest.approx(3 * p**2 / 8, rel=1e-4)


class TestGradient:
    @every_magnitude
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("together", [False, True])
    def test_is_that_of_the_loss(self, magnitude, seed, together) -> None:
        W, bias = model(seed)
        law = {"sets": grouped_sets([[0, 2], [1], [3]], [0.3, 0.5, 0.1])} if together else {"feature_probability": 0.3}

        def loss(x: np.ndarray) -> float:
            options = {**law, "importance": [1.0, 0.5, 2.0, 1.0], "magnitude": magnitude}
            return float(exact_loss(x[:8].reshape(4, 2), x[8:], **options).loss)

        x, step = np.concatenate([W.ravel(), bias]), 1e-6
        differences = [(loss(x + step * e) - loss(x - step * e)) / (2 * step) for e in np.eye(12)]
        got = exact_loss(W, bias, **law, importance=[1.0, 0.5, 2.0, 1.0], magnitude=magnitude)
        np.testing.assert_allclose(np.append(got.gradient_W, got.gradient_bias), differences, rtol=1e-6, atol=1e-8)

    def test_small_overlaps_keep_their_digits(self) -> None:
        """At nearly orthogonal directions the closed form would have lost them all."""
        W, bias = np.eye(3) + 1e-7 * np.random.default_rng(0).normal(size=(3, 3)), np.full(3, -0.1)
        at, near = (exact_loss(scale * W, bias, feature_probability=0.5) for scale in (1.0, 1.0 + 1e-6))
        assert float(near.loss - at.loss) == pytest.approx(1e-6 * float((at.gradient_W * W).sum()), rel=1e-4)


class TestAgainstSamples:
    @every_magnitude
    @pytest.mark.parametrize("sets", [(), ((0, 2),), ((1, 3), (0, 2))])
    def test_within_the_window(self, magnitude, sets, statistics_seed) -> None:
        p = (0.3, 0.2, 0.3, 0.2)
        options = {"n_features": 4, "n_hidden": 2, "importance": [1.0, 0.5, 2.0, 1.0], "magnitude": magnitude}
        problem = Problem(feature_probability=p, correlated_sets=sets, **options)
        W, bias = model(7)
        samples = sampled_losses(problem, W, bias, 200_000, statistics_seed)
        window = SIGMA * samples.std() / np.sqrt(samples.size)

        def exact(factor: float) -> float:
            law = grouped_sets(problem.groups, [factor * p[members[0]] for members in problem.groups])
            return float(exact_loss(W, bias, sets=law, importance=options["importance"], magnitude=magnitude).loss)

        assert abs(samples.mean() - exact(1.0)) < window
        assert abs(samples.mean() - exact(1.1)) > window  # the control

    def test_correlation_matters(self) -> None:
        W, bias = model(7)
        apart = exact_loss(W, bias, feature_probability=0.3).loss
        together = exact_loss(W, bias, sets=grouped_sets([[0, 1], [2, 3]], 0.3)).loss
        assert abs(float(apart - together)) > 1e-3


class TestLimitsAndSymmetries:
    @every_magnitude
    def test_rare_features_come_alone(self, magnitude) -> None:
        """(loss - p⁰ term) / p tends to the one-sparse loss, with an error of order p."""
        W, bias = model(2)
        bias = -np.abs(bias)  # so that nothing is answered to nothing
        alone = float(one_sparse_loss(W, bias, magnitude=magnitude).total)
        errors = [
            float(exact_loss(W, bias, feature_probability=p, magnitude=magnitude).loss) / p - alone
            for p in (1e-4, 1e-5, 1e-6)
        ]
        assert abs(errors[0]) < 2e-3
        np.testing.assert_allclose(np.array(errors[1:]) / errors[:-1], 0.1, rtol=1e-3)

    @settings(max_examples=25)
    @given(st.integers(0, 10**6), st.sampled_from(MAGNITUDES))
    def test_rotations_permutations_and_signs(self, seed, magnitude) -> None:
        W, bias = model(seed)
        rng = np.random.default_rng(seed)
        p, importance, order = rng.random(4), rng.random(4), rng.permutation(4)
        rotation = np.linalg.qr(rng.normal(size=(2, 2)))[0]
        options = {"feature_probability": p, "importance": importance, "magnitude": magnitude}
        one = exact_loss(W, bias, **options)
        turned = exact_loss(W @ rotation, bias, **options)
        moved = exact_loss(
            W[order], bias[order], feature_probability=p[order], importance=importance[order], magnitude=magnitude
        )
        np.testing.assert_allclose([turned.loss, moved.loss], float(one.loss), rtol=1e-10)
        np.testing.assert_allclose(turned.gradient_W, one.gradient_W @ rotation, atol=1e-9)
        np.testing.assert_allclose(moved.gradient_W, one.gradient_W[order], atol=1e-9)
        np.testing.assert_allclose(moved.gradient_bias, one.gradient_bias[order], atol=1e-9)

    def test_linear_in_importance(self) -> None:
        W, bias = model(1)
        one, other = np.array([1.0, 0.0, 2.0, 0.3]), np.array([0.2, 1.0, 0.0, 3.0])
        losses = [
            float(exact_loss(W, bias, feature_probability=0.2, importance=each).loss)
            for each in (one, other, 2 * one + 5 * other)
        ]
        assert losses[2] == pytest.approx(2 * losses[0] + 5 * losses[1], rel=1e-13)

    def test_stacked_models_are_the_single_ones(self) -> None:
        stack = [[model(3 * a + b) for b in range(3)] for a in range(2)]
        W, bias = (np.array([[each[k] for each in row] for row in stack]) for k in (0, 1))
        got = exact_loss(W, bias, feature_probability=0.2)
        assert got.loss.shape == got.neglected.shape == (2, 3)
        assert got.gradient_W.shape == (2, 3, 4, 2)
        single = exact_loss(W[1, 2], bias[1, 2], feature_probability=0.2)
        np.testing.assert_array_equal(got.loss[1, 2], single.loss)
        np.testing.assert_array_equal(got.gradient_W[1, 2], single.gradient_W)
        np.testing.assert_array_equal(got.gradient_bias[1, 2], single.gradient_bias)

    def test_the_layout_in_memory_does_not_matter(self) -> None:
        W, bias = model(1)
        strided = np.repeat(bias, 2)[::2]
        other = exact_loss(np.asfortranarray(W), strided, feature_probability=0.2).loss
        np.testing.assert_array_equal(other, exact_loss(W, bias, feature_probability=0.2).loss)


class TestSets:
    @pytest.mark.parametrize("at_most", [0, 1, 2, 3, 4, 9])
    def test_what_is_left_out_is_told(self, at_most) -> None:
        p = np.array([0.3, 0.1, 0.5, 0.2])
        sets = independent_sets(p, at_most=at_most)
        count = np.array([1.0])
        for each in p:  # the law of the number of present features
            count = np.convolve(count, [1 - each, each])
        assert float(sets.neglected) == pytest.approx(count[at_most + 1 :].sum(), abs=1e-15)
        assert sets.sizes.max() == min(at_most, 4)
        W, bias = model(5)
        part = exact_loss(W, bias, feature_probability=p, at_most=at_most)
        whole = exact_loss(W, bias, feature_probability=p)
        assert float(part.neglected) == float(sets.neglected)
        assert float(part.loss) < float(whole.loss) if at_most < 4 else part.loss == whole.loss
        largest = 4 * (1 + np.abs(W @ W.T).sum(axis=1).max() + np.abs(bias).max()) ** 2
        assert float(whole.loss - part.loss) <= largest * float(part.neglected)

    def test_many_features_with_few_present(self) -> None:
        W, bias = model(0, n=30, m=5)
        got = exact_loss(W, bias, feature_probability=0.01, at_most=2)
        assert float(got.neglected) == pytest.approx(0.00332, abs=5e-6)
        assert np.isfinite(got.loss)

    def test_groups_are_present_together(self) -> None:
        sets = grouped_sets([[0, 3], [1], [2, 4]], [0.5, 0.1, 0.2])
        assert sets.probability.sum() == pytest.approx(1)
        for features, size in zip(sets.members, sets.sizes, strict=True):
            there = set(features[:size].tolist())
            assert (0 in there) == (3 in there)
            assert (2 in there) == (4 in there)
            assert set(features[size:].tolist()) <= {-1}
        with_both = [0 in row and 1 in row for row in sets.members.tolist()]
        assert sets.probability[with_both].sum() == pytest.approx(0.05)

    def test_groups_of_one_are_independent_features(self) -> None:
        alone, p = grouped_sets([[0], [1], [2]], [0.1, 0.2, 0.3]), [0.1, 0.2, 0.3]
        for ours, theirs in zip(alone, independent_sets(p), strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_leading_axes_are_problems(self) -> None:
        p = np.array([[0.1, 0.2], [0.5, 1.0]])
        sets = independent_sets(p, at_most=1)
        assert sets.probability.shape == (2, 3)
        np.testing.assert_allclose(sets.neglected, [0.02, 0.5])
        np.testing.assert_array_equal(sets.probability[1], independent_sets(p[1], at_most=1).probability)


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({}, InputError, "give either feature_probability or sets"),
            ({"feature_probability": 0.1, "sets": independent_sets([0.1] * 4)}, InputError, "either"),
            ({"feature_probability": 1.5}, InputError, "must lie in [0, 1]; got 1.5"),
            ({"feature_probability": 0.1, "importance": -1}, InputError, "importance must be at least 0; got -1"),
            ({"feature_probability": [0.1] * 3}, ShapeError, "feature_probability (3,)"),
            ({"feature_probability": 0.1, "importance": [1, 2]}, ShapeError, "importance (2,)"),
            ({"feature_probability": 0.1, "magnitude": "gaussian"}, InputError, "magnitude must be one of"),
            ({"feature_probability": 0.1, "at_most": -1}, InputError, "at_most counts present features"),
            ({"sets": independent_sets([0.1] * 5)}, InputError, "the feature 4, but W has only the features 0 to 3"),
            ({"sets": independent_sets([[0.1] * 4] * 2)}, ShapeError, "Call it for each problem"),
        ],
    )
    def test_message(self, options, error, message) -> None:
        with pytest.raises(error) as caught:
            exact_loss(*model(0), **options)
        assert message in str(caught.value)

    def test_bias_of_another_length(self) -> None:
        with pytest.raises(ShapeError, match=r"bias \(3,\)"):
            exact_loss(np.ones((4, 2)), [0, 0, 0], feature_probability=0.1)

    def test_more_present_features_than_the_integral_takes(self) -> None:
        W, bias = model(0, n=9)
        with pytest.raises(InputError, match=r"at most 8 features present together; .* up to 9.* Pass at_most=8"):
            exact_loss(W, bias, feature_probability=0.1)
        assert float(exact_loss(W, bias, feature_probability=0.1, at_most=8).neglected) == pytest.approx(1e-9)

    def test_too_many_sets(self) -> None:
        with pytest.raises(InputError, match=r"more than 200000 sets of at most 40 of 40 features\. Pass at_most=2"):
            independent_sets([0.1] * 40)

    def test_groups(self) -> None:
        with pytest.raises(InputError, match=r"belongs to one group only; got the groups \[\[0, 1\], \[1\]\]"):
            grouped_sets([[0, 1], [1]], 0.1)
        with pytest.raises(ShapeError, match=r"shape \(3,\), expected one value or \(..., n_groups=2\)"):
            grouped_sets([[0, 1], [2]], [0.1] * 3)
        with pytest.raises(InputError, match=r"got 2\.0"):
            grouped_sets([[0, 1], [2]], 2)

    def test_probabilities_that_are_no_law_of_these_sets(self) -> None:
        sets = independent_sets([0.1, 0.1])
        odd = ActiveSets(sets.members, sets.sizes, sets.probability[:2], sets.neglected)
        with pytest.raises(ShapeError, match=r"shape \(2,\), expected \(4,\)"):
            exact_loss(np.ones((2, 1)), 0.0, sets=odd)
