"""Features that are present together: their moments, both kernels on them, and the optima that they have."""

import numpy as np
import pytest

from tegum import DescentSettings, Grid, Problem, TrainSettings, find_optima, sample_features, train
from tegum.experiments.collapse import PAIRS, PROBLEM
from tegum.geometry import overlap
from tegum.ground.errors import InputError
from tegum.theory.active_sets import grouped_sets
from tegum.theory.exact_loss import exact_loss

SIGMA = 4.5
TWO_PAIRS = Problem(n_features=4, n_hidden=2, feature_probability=0.05, correlated_sets=((0, 1), (2, 3)))


class TestSamples:
    @pytest.mark.parametrize("p", [0.05, 0.3, 0.8])
    def test_covariance(self, p, statistics_seed) -> None:
        """Within a set p(1-p)/4, between sets 0; the window is that of a mean of products."""
        problem = TWO_PAIRS.replace(feature_probability=p)
        x = sample_features(problem, 200_000, seed=statistics_seed).astype(np.float64) - p / 2
        for i, j, expected in ((0, 1, p * (1 - p) / 4), (2, 3, p * (1 - p) / 4), (0, 2, 0), (1, 3, 0)):
            products = x[:, i] * x[:, j]
            window = SIGMA * products.std() / np.sqrt(len(x))
            assert abs(products.mean() - expected) < window
            assert abs(products.mean() - (p * (1 - p) / 4 - expected)) > window  # the control

    def test_present_together_or_not_at_all(self, statistics_seed) -> None:
        problem = Problem(n_features=6, n_hidden=2, feature_probability=0.2, correlated_sets=((5, 1, 3), (0, 2)))
        there = sample_features(problem, 20_000, seed=statistics_seed) != 0
        np.testing.assert_array_equal(there[:, [1, 3]], there[:, [5, 5]])
        np.testing.assert_array_equal(there[:, 2], there[:, 0])
        assert (there[:, 4] != there[:, 0]).any()
        assert (there[:, 5] != there[:, 0]).any()

    def test_a_set_of_one_changes_nothing(self) -> None:
        alone = Problem(n_features=3, n_hidden=1, feature_probability=0.4)
        single = alone.replace(correlated_sets=((1,), ()))
        np.testing.assert_array_equal(sample_features(alone, 500), sample_features(single, 500))
        assert sorted(single.groups) == [(0,), (1,), (2,)]

    def test_principal_component_has_nearly_twice_the_variance(self, statistics_seed) -> None:
        """Var (a+b)/√2 = Var a + Cov(a, b): 1.73 times at p = 0.1."""
        p = 0.1
        x = sample_features(TWO_PAIRS.replace(feature_probability=p), 200_000, seed=statistics_seed)[:, :2]
        expected = 1 + (p * (1 - p) / 4) / (p / 3 - p**2 / 4)
        assert expected == pytest.approx(1.73, abs=0.003)
        assert x.sum(axis=1).var() / 2 / x.var(axis=0).mean() == pytest.approx(expected, rel=0.01)


class TestTraining:
    @pytest.mark.slow
    def test_both_kernels_walk_together(self) -> None:
        """They see the same samples bit for bit, so after some steps only rounding keeps their weights apart."""
        grid = Grid(PROBLEM, feature_probability=[0.05, 0.5])
        settings = TrainSettings(n_steps=30, batch_size=100, learning_rate=0.01, evaluation_samples=2000)
        fused, plain = (train(grid, settings, n_models=2, seed=1, kernel=kernel) for kernel in ("fused", "reference"))
        for name in ("W", "bias", "loss"):
            np.testing.assert_allclose(fused[name].values, plain[name].values, rtol=2e-4, atol=2e-5)
        apart = train(grid.problem.replace(correlated_sets=()), settings, n_models=2, seed=1)
        assert np.abs(apart["W"].values - fused["W"].isel(feature_probability=0).values).max() > 1e-3  # the control

    def test_the_loss_that_training_reports_is_the_exact_one(self) -> None:
        settings = TrainSettings(n_steps=50, batch_size=64, learning_rate=0.01, evaluation_samples=200_000)
        trained = train(TWO_PAIRS.replace(feature_probability=0.3), settings, n_models=3)
        law = grouped_sets(TWO_PAIRS.groups, 0.3)
        exact = exact_loss(trained["W"].values, trained["bias"].values, sets=law).loss
        distance = np.abs(trained["loss"].values - exact) / trained["loss_standard_error"].values
        assert distance.max() < SIGMA


class TestOptima:
    @pytest.mark.parametrize(("p", "reference"), [(0.05, 0.0332), (0.2, 0.1303)])
    def test_two_pairs_in_the_plane(self, p, reference) -> None:
        """Orthogonal within a pair, and each feature antipodal to one of the other pair."""
        problem = TWO_PAIRS.replace(feature_probability=p)
        best = find_optima(problem, DescentSettings(n_starts=12, n_optima=1)).isel(model=0)
        # the references come from quadrature, which the kinks limit; samples agree with ours
        assert float(best["loss"]) / p == pytest.approx(reference, rel=2e-3)
        cosines = overlap(best["W"].values)
        assert np.abs(cosines[[0, 2], [1, 3]]).max() < 0.05
        assert (cosines.min(axis=1) < -0.99).all()
        assert {frozenset((i, int(j))) for i, j in enumerate(cosines.argmin(axis=1))} in (
            {frozenset((0, 2)), frozenset((1, 3))},
            {frozenset((0, 3)), frozenset((1, 2))},
        )

    @pytest.mark.parametrize(("p", "reference", "collapsed"), [(0.05, 0.1842, 0), (0.1, 0.2499, 1), (0.3, 0.4370, 2)])
    def test_three_pairs_collapse_one_by_one(self, p, reference, collapsed) -> None:
        settings = DescentSettings(n_starts=60, n_optima=1, structured=False)
        best = find_optima(PROBLEM.replace(feature_probability=p), settings).isel(model=0)
        assert float(best["loss"]) / p == pytest.approx(reference, rel=0.01)
        cosines = overlap(best["W"].values)
        assert sum(cosines[pair] > 0.97 for pair in PAIRS) == collapsed
        if collapsed:
            pair = max(PAIRS, key=lambda pair: cosines[pair])
            assert np.linalg.norm(best["W"].values[list(pair)], axis=1) == pytest.approx(2**-0.5, abs=0.15)

    def test_features_in_no_set_are_independent(self) -> None:
        """The optimum of a grid of sets is that of the groups' own law."""
        problem = Problem(n_features=4, n_hidden=2, feature_probability=(0.2, 0.1, 0.2, 0.3), correlated_sets=((0, 2),))
        found = find_optima(problem, DescentSettings(n_starts=4, n_optima=1)).isel(model=0)
        law = grouped_sets([[0, 2], [1], [3]], [0.2, 0.1, 0.3])
        again = exact_loss(found["W"].values, found["bias"].values, sets=law)
        assert float(found["loss"]) == pytest.approx(float(again.loss), rel=1e-12)


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"correlated_sets": ((0, 1), (1, 2))}, "each in one set at most"),
            ({"correlated_sets": ((0, 4),)}, "features 0 to 3"),
            ({"correlated_sets": ((-1, 0),)}, "features 0 to 3"),
            ({"correlated_sets": ((0, 0),)}, "each in one set at most"),
            ({"feature_probability": (0.1, 0.2, 0.1, 0.1)}, r"one feature_probability; those of \(0, 1\) differ"),
        ],
    )
    def test_message(self, fields, message) -> None:
        with pytest.raises(InputError, match=message):
            TWO_PAIRS.replace(**fields)

    def test_the_settings_go_through_json(self) -> None:
        assert Problem.from_json(TWO_PAIRS.to_json()) == TWO_PAIRS
        assert "correlated_sets=((0, 1), (2, 3))" in repr(TWO_PAIRS)
