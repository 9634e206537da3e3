"""Branches of optima: the pentagon and the two pairs, where they cross, and the levels of the k-gons."""

import numpy as np
import pytest

from tegum import Problem
from tegum.branches import crossing, follow_branch
from tegum.experiments.kgons import LEVELS, one_present
from tegum.experiments.pentagon_digon import branches, problem_at
from tegum.geometry import polygon
from tegum.ground.errors import InputError
from tegum.kernels.exact import find
from tegum.problem import DescentSettings
from tegum.theory import feature_variance
from tegum.theory.exact_loss import exact_loss

RATIOS = [1.0, 0.75, 0.5, 0.4, 0.3, 0.25]
PENTAGON = {1.0: 8.903e-3, 0.5: 7.301e-3, 0.3: 6.309e-3, 0.25: 5.964e-3}
PAIRS = {0.5: 9.842e-3, 0.3: 6.609e-3, 0.25: 5.793e-3}


@pytest.fixture(scope="module")
def followed():
    return branches(RATIOS, 0.05)


class TestBranches:
    def test_losses(self, followed) -> None:
        for branch, known in zip(followed, (PENTAGON, PAIRS), strict=True):
            for ratio, loss in known.items():
                # the references come from quadrature, which the kinks limit to a few 1e-4 of the value
                assert branch.loss[RATIOS.index(ratio)] == pytest.approx(loss, rel=3e-4)

    def test_are_optima_of_their_problems(self, followed) -> None:
        for branch in followed:
            assert branch.gradient.max() < 1e-6
            assert branch.curvature.min() > -1e-5
            for k, ratio in enumerate(RATIOS):
                again = exact_loss(branch.W[k], branch.bias[k], feature_probability=problem_at(ratio).probabilities)
                assert float(again.loss) == pytest.approx(branch.loss[k], rel=1e-12)

    def test_stay_what_they_were(self, followed) -> None:
        represented = [(np.linalg.norm(branch.W, axis=-1) > 0.5).sum(axis=-1).tolist() for branch in followed]
        assert represented == [[5] * len(RATIOS), [4] * len(RATIOS)]

    def test_two_pairs_cost_two_pairs_and_a_variance(self, followed) -> None:
        at, p = RATIOS.index(0.3), 0.05 * 0.3
        pairs = Problem(n_features=4, n_hidden=2, feature_probability=0.05)
        alone = follow_branch([pairs], np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]), np.zeros(4))
        assert followed[1].loss[at] == pytest.approx(float(alone.loss[0] + feature_variance(p)), rel=1e-6)

    def test_other_models_are_refused(self) -> None:
        problem = Problem(n_features=2, n_hidden=1, feature_probability=0.1, output="linear")
        with pytest.raises(InputError, match="output='linear'"):
            follow_branch([problem], np.ones((2, 1)), np.zeros(2))


class TestCrossing:
    def test_at_one_twentieth(self, followed) -> None:
        found = crossing(problem_at, *followed, RATIOS, tolerance=5e-4)
        assert found == pytest.approx(0.269, abs=1.5e-3)
        again = crossing(problem_at, *followed[::-1], RATIOS, tolerance=5e-4)
        assert again == found
        places = branches([1.0, 0.75, 0.5, 0.4, 0.3, found], 0.05)
        assert places[0].loss[-1] == pytest.approx(places[1].loss[-1], rel=1e-3)

    def test_curves_that_do_not_meet(self, followed) -> None:
        first, second = (type(b)(*(column[:3] for column in b)) for b in followed)
        with pytest.raises(InputError, match="do not cross among these places; follow them further"):
            crossing(problem_at, first, second, RATIOS[:3], tolerance=1e-3)


class TestKgons:
    @pytest.mark.parametrize(("n", "k"), LEVELS)
    def test_level(self, n, k) -> None:
        W = np.zeros((n, 2))
        W[:k] = 1.1 * polygon(k)
        bias = np.where(np.arange(n) < k, -0.2 if k > 4 else 0.0, 1 / (2 * n))
        problem = Problem(n_features=n, n_hidden=2, feature_probability=1 / n)
        start = np.concatenate([W.ravel(), bias])[None, None]
        settings = DescentSettings(n_starts=1, n_optima=1, tolerance=1e-9)
        found = find([problem], settings, seed=0, law=one_present, starts=start)
        assert found.loss[0, 0] == pytest.approx(LEVELS[n, k], rel=2e-4)
        assert (np.linalg.norm(found.W[0, 0], axis=1) > 0.5).sum() == k

    def test_a_square_of_four_loses_nothing(self) -> None:
        square = exact_loss(polygon(4), 0.0, sets=one_present(np.full(4, 0.25)))
        assert float(square.loss) == pytest.approx(0, abs=1e-15)

    def test_pentagon_of_one_present_feature(self) -> None:
        """Norm and bias of the published optimum, at which the gradient is 0."""
        law = one_present(np.full(5, 0.2))
        got = exact_loss(1.171 * polygon(5), -0.282, sets=law)
        assert float(got.loss) == pytest.approx(0.015825, abs=2e-6)
        assert np.abs(got.gradient_W).max() < 1e-3

    def test_the_law_is_exactly_one(self) -> None:
        law = one_present(np.full((3, 4), 0.25))
        assert law.probability.shape == (3, 5)
        np.testing.assert_allclose(law.probability.sum(axis=-1), 1)
        assert (law.probability[:, law.sizes != 1] == 0).all()
