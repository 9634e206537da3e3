"""Features that depend on each other: their samples against the laws they state, both kernels, and exact losses.

Windows are those of `test_sampler_statistics.py`: chance leaves one of them once in 1.7 million times.
"""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, kstwo, multivariate_normal, norm

from tegum import DescentSettings, Grid, Problem, TrainSettings, find_optima, sample_features, train
from tegum.geometry import overlap
from tegum.ground import streams
from tegum.ground.errors import InputError
from tegum.kernels.reference import ReferenceRun
from tegum.problem.sampling import Sampler, sampler_table
from tegum.theory import joint_presence, presence_correlation
from tegum.theory.active_sets import dependent_sets, grouped_sets, independent_sets
from tegum.theory.exact_loss import exact_loss

SIGMA = 5.0
FALSE_ALARM = 5.7e-7
N = 2**18


def four(p: Any = 0.25, **fields: Any) -> Problem:
    return Problem(n_features=4, n_hidden=2, feature_probability=p, **fields)


def chance(count: Any, n: int, p: float) -> float:
    """Chance that n trials of probability p give a count as far off as this or farther, on either side."""
    return 2 * float(min(binom.cdf(count, n, p), binom.sf(count - 1, n, p)))


class TestExclusiveSets:
    @pytest.mark.parametrize("p", [0.5, 0.2, 0.01])
    def test_one_at_a_time_each_equally_often(self, p, statistics_seed) -> None:
        problem = four(p, exclusive_sets=((2, 0),))
        there = sample_features(problem, N, seed=statistics_seed) != 0
        assert not (there[:, 0] & there[:, 2]).any()
        assert all(chance(count, N, p) > FALSE_ALARM for count in there.sum(axis=0))
        assert chance((there[:, 0] | there[:, 2]).sum(), N, 2 * p) > FALSE_ALARM
        assert chance((there[:, 1] & there[:, 3]).sum(), N, p * p) > FALSE_ALARM  # those outside are independent
        assert chance((there[:, 0] & there[:, 3]).sum(), N, p * p) > FALSE_ALARM
        assert (there[:, 1] & there[:, 3]).sum() > 0  # the control
        assert chance(there[:, 0].sum(), N, 2 * p) < FALSE_ALARM  # p is not that of the set

    @pytest.mark.parametrize("size", [2, 3, 6, 7, 10, 49])
    def test_a_set_that_is_always_on_holds_exactly_one(self, size) -> None:
        """1 / size is no multiple of 2^-32; the intervals of words must still fill all of them and not overlap."""
        problem = Problem(n_features=size, n_hidden=1, feature_probability=1 / size, exclusive_sets=[range(size)])
        table = sampler_table(problem)
        begins, ends = table.first.astype(np.int64), table.first.astype(np.int64) + table.last + 1
        np.testing.assert_array_equal(begins, [0, *ends[:-1]])
        assert ends[-1] == 2**32
        boolean = problem.replace(magnitude="boolean")
        np.testing.assert_array_equal(sample_features(boolean, 10_000).sum(axis=1), 1)

    def test_magnitudes_are_uniform_given_presence(self, statistics_seed) -> None:
        x = sample_features(four(0.25, exclusive_sets=(range(4),)), N, seed=statistics_seed)
        for column in x.T:
            u = np.sort(column[column != 0].astype(np.float64))
            steps = np.arange(u.size + 1) / u.size
            window = kstwo.isf(FALSE_ALARM, u.size)
            assert max((steps[1:] - u).max(), (u - steps[:-1]).max()) < window
            assert max((steps[1:] - u**1.25).max(), (u**1.25 - steps[:-1]).max()) > window  # the control


class TestParents:
    problem = Problem(
        n_features=6, n_hidden=2, feature_probability=[0.4, 0.5, 0.3, 0.3, 0.6, 0.2],
        exclusive_sets=((2, 3),), parents={1: 0, 2: 1, 3: 1, 4: 3},
    )  # fmt: skip

    def test_a_child_is_present_as_often_as_stated_given_its_parent_and_never_without(self, statistics_seed) -> None:
        there = sample_features(self.problem, N, seed=statistics_seed) != 0
        for child, parent in self.problem.parents:
            assert not (there[:, child] & ~there[:, parent]).any()
            given = there[there[:, parent], child]
            p = self.problem.probabilities[child]
            assert chance(given.sum(), given.size, p) > FALSE_ALARM
            assert chance(given.sum(), given.size, 1.1 * p) < FALSE_ALARM  # the control
        assert not (there[:, 2] & there[:, 3]).any()

    def test_marginals(self, statistics_seed) -> None:
        expected = [0.4, 0.2, 0.06, 0.06, 0.036, 0.2]
        np.testing.assert_allclose(self.problem.marginal_probabilities, expected, rtol=1e-15)
        counts = (sample_features(self.problem, N, seed=statistics_seed) != 0).sum(axis=0)
        assert min(chance(count, N, p) for count, p in zip(counts, expected, strict=True)) > FALSE_ALARM
        assert chance(counts[4], N, 0.6) < FALSE_ALARM  # the control: not what is stated given the parent

    def test_the_order_in_which_features_are_numbered_does_not_matter(self) -> None:
        """Parents before their children or after them: the same law."""
        before, after = (
            Problem(n_features=3, n_hidden=1, feature_probability=1, magnitude="boolean", parents=parents)
            for parents in ({1: 0, 2: 1}, {0: 1, 1: 2})
        )
        for problem, root in ((before, 0), (after, 2)):
            p = [1.0] * 3
            p[root] = 0.5
            x = sample_features(problem.replace(feature_probability=p), 500)
            np.testing.assert_array_equal(x, x[:, [root]].repeat(3, axis=1))
            assert 0 < x.mean() < 1

    def test_what_descends_from_an_impossible_feature_is_impossible(self) -> None:
        table = sampler_table(four([0, 1, 1, 0.5], parents={1: 0, 2: 1}))
        np.testing.assert_array_equal(table.scale == 0, [True, True, True, False])
        np.testing.assert_array_equal(table.offset, 0)

    def test_forms(self) -> None:
        pairs = four(parents=((2, 1), (1, 0)))
        assert pairs.parents == ((1, 0), (2, 1))
        assert pairs == four(parents={2: 1, 1: 0}) == four(parents={"2": 1, "1": 0})


class TestCopula:
    matrix = np.array([[1, 0.8, -0.5, 0], [0.8, 1, -0.3, 0], [-0.5, -0.3, 1, 0], [0, 0, 0, 1.0]])
    p = np.array([0.5, 0.2, 0.1, 0.05])

    @pytest.mark.parametrize("which", ["matrix", "one number", "negative"])
    def test_pairs_have_the_probability_of_the_orthant(self, which, statistics_seed) -> None:
        one = {"one number": 0.4, "negative": -0.3}.get(which)
        problem = four(self.p, correlation=self.matrix if one is None else one)
        there = sample_features(problem, N, seed=statistics_seed) != 0
        for i, j in itertools.combinations(range(4), 2):
            rho = self.matrix[i, j] if one is None else one
            count = int((there[:, i] & there[:, j]).sum())
            assert chance(count, N, float(joint_presence(self.p[i], self.p[j], rho))) > FALSE_ALARM
            if rho:  # the control
                assert chance(count, N, float(self.p[i] * self.p[j])) < FALSE_ALARM
        assert min(chance(c, N, p) for c, p in zip(there.sum(axis=0), self.p, strict=True)) > FALSE_ALARM

    def test_magnitudes_are_uniform_and_do_not_depend_on_each_other(self, statistics_seed) -> None:
        x = sample_features(four(0.4, correlation=0.7), N, seed=statistics_seed).astype(np.float64)
        u = x[(x[:, 0] != 0) & (x[:, 1] != 0)][:, :2]
        assert max(_distance_to_uniform(column) for column in u.T) < kstwo.isf(FALSE_ALARM, len(u))
        assert abs(np.prod(u - 0.5, axis=1).sum()) < SIGMA * np.sqrt(len(u) / 144)
        together = u[:, [0, 0]]  # the control: the same magnitude twice
        assert abs(np.prod(together - 0.5, axis=1).sum()) > SIGMA * np.sqrt(len(u) / 144)

    @pytest.mark.parametrize("correlation", [0.4, np.eye(4) / 2 + 0.5])
    def test_samples_do_not_depend_on_how_many_are_drawn(self, correlation, monkeypatch) -> None:
        problem = four(correlation=correlation)
        many = sample_features(problem, 1000, seed=3)
        np.testing.assert_array_equal(sample_features(problem, 77, seed=3), many[:77])
        monkeypatch.setattr("tegum.problem.sampling._ENTRIES_AT_ONCE", 100)
        np.testing.assert_array_equal(sample_features(problem, 1000, seed=3), many)

    def test_the_reference_sees_the_samples_of_numpy(self) -> None:
        problems = [four(correlation=0.4), four(0.5), four(correlation=np.eye(4), unit_inputs=True)]
        run = ReferenceRun(problems, TrainSettings(), [0, 1, 2], 5, "cpu")
        keys = [streams.stream_key(5, model, streams.TRAINING_DATA) for model in range(3)]
        x = run.features(keys, 7, 100).numpy()
        for a, problem in enumerate(problems):
            np.testing.assert_array_equal(x[a], Sampler(problem).draw(keys[a], 7, 100))

    def test_a_matrix_of_one_correlation_is_that_number(self) -> None:
        matrix = np.full((4, 4), 0.3) + 0.7 * np.eye(4)
        np.testing.assert_array_equal(
            sample_features(four(correlation=0.3), 5000), sample_features(four(correlation=matrix), 5000)
        )

    def test_singular_matrices_and_certain_features_are_possible(self, statistics_seed) -> None:
        twice = np.kron(np.eye(2), np.ones((2, 2)))
        there = sample_features(four([0.3, 0.3, 1, 0], correlation=twice), 5000, seed=statistics_seed) != 0
        assert (there[:, 0] == there[:, 1]).mean() > 0.999  # equal but for the rounding of the root
        assert there[:, 2].all()
        assert not there[:, 3].any()


def _distance_to_uniform(u: np.ndarray) -> float:
    u, steps = np.sort(u), np.arange(u.size + 1) / u.size
    return max((steps[1:] - u).max(), (u - steps[:-1]).max())


class TestOrthants:
    @pytest.mark.parametrize("rho", [-0.95, -0.4, 0.0, 0.3, 0.95])
    @pytest.mark.parametrize(("p", "q"), [(0.5, 0.5), (0.1, 0.1), (0.3, 0.02), (0.9, 0.4)])
    def test_against_another_integration(self, p, q, rho) -> None:
        other = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([norm.ppf(p), norm.ppf(q)])
        assert float(joint_presence(p, q, rho)) == pytest.approx(float(other), abs=2e-8)

    def test_known_values(self) -> None:
        rho = np.linspace(-0.9, 0.9, 7)
        np.testing.assert_allclose(joint_presence(0.5, 0.5, rho), 0.25 + np.arcsin(rho) / (2 * np.pi), rtol=1e-12)
        np.testing.assert_array_equal(presence_correlation([0, 1, 0.3], [0.5, 0.5, 1], 0.5), 0)
        assert joint_presence(1, 0.3, 0.9) == 0.3
        with pytest.raises(InputError, match=r"lies in \[-1, 1\]; got 1.5"):
            joint_presence(0.5, 0.5, 1.5)


KINDS: dict[str, dict[str, Any]] = {
    "exclusive": {"exclusive_sets": ((0, 3), (1, 2))},
    "children": {"parents": {1: 0, 2: 1}},
    "mixed": {"correlated_sets": ((0, 1),), "exclusive_sets": ((2, 3),), "parents": {2: 1, 3: 1}},
    "copula": {"correlation": 0.6},
    "unit": {"unit_inputs": True},
    "copula, unit": {"correlation": -0.2, "unit_inputs": True},
}


class TestTraining:
    settings = TrainSettings(n_steps=20, batch_size=100, learning_rate=0.01, evaluation_samples=5000)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("p", [0.03, 0.4])
    def test_both_kernels_walk_together(self, kind, p) -> None:
        problem = four(p, **KINDS[kind])
        fused, plain = (train(problem, self.settings, n_models=2, kernel=kernel) for kernel in ("fused", "reference"))
        for name in ("W", "bias", "loss", "loss_standard_error", "loss_history"):
            np.testing.assert_allclose(fused[name].values, plain[name].values, rtol=2e-5, atol=2e-6)
        alone = train(four(p), self.settings, n_models=2)
        assert np.abs(alone["W"].values - fused["W"].values).max() > 1e-4  # the control

    @pytest.mark.parametrize("kind", ["mixed", "copula"])
    def test_cuts_and_neighbours_change_nothing(self, kind, monkeypatch) -> None:
        problem = four(0.3, **KINDS[kind])
        whole = train(problem, self.settings, n_models=2)
        monkeypatch.setattr("tegum.training._SECONDS_PER_CALL", 1e-9)  # a step at a time
        monkeypatch.setattr("tegum.kernels.fused._ENTRIES_AT_ONCE", 1)
        grid = Grid(problem, feature_probability=[0.3, 0.1])
        beside = train(grid, self.settings, n_models=2).sel(feature_probability=0.3)
        for name in ("W", "bias", "loss", "loss_history"):
            np.testing.assert_array_equal(whole[name].values, beside[name].values)

    def test_kinds_of_dependence_can_be_the_axis_of_a_grid(self) -> None:
        grid = Grid(four(0.3), correlation=[None, 0.2, 0.5])
        both = [train(grid, self.settings, kernel=kernel) for kernel in ("fused", "reference")]
        np.testing.assert_allclose(both[0]["W"].values, both[1]["W"].values, rtol=2e-5, atol=2e-6)
        assert both[0]["correlation"].values.tolist() == ["None", "0.2", "0.5"]
        sets = Grid(four(0.3), exclusive_sets=[(), ((0, 1),), ((0, 1), (2, 3))])
        assert train(sets, TrainSettings(n_steps=1))["W"].shape == (3, 1, 4, 2)

    @pytest.mark.parametrize("kind", ["exclusive", "children", "mixed"])
    def test_the_loss_that_training_reports_is_the_exact_one(self, kind) -> None:
        problem = four(0.4, **KINDS[kind])
        settings = TrainSettings(n_steps=50, batch_size=64, learning_rate=0.01, evaluation_samples=200_000)
        trained = train(problem, settings, n_models=3)
        W, bias = trained["W"].values, trained["bias"].values

        def distance(law: Any) -> float:
            exact = exact_loss(W, bias, sets=law).loss
            return float(np.abs((trained["loss"].values - exact) / trained["loss_standard_error"].values).max())

        assert distance(dependent_sets(problem.probabilities, **_law_of(problem))) < SIGMA
        assert distance(independent_sets(problem.marginal_probabilities)) > SIGMA  # the control


def _law_of(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("correlated_sets", "exclusive_sets", "parents")}


class TestLaws:
    mixed = Problem(
        n_features=7, n_hidden=2, feature_probability=[0.3, 0.3, 0.2, 0.2, 0.2, 0.6, 0.5],
        correlated_sets=((0, 1),), exclusive_sets=((2, 3, 4),), parents={2: 1, 3: 1, 4: 1, 5: 3},
    )  # fmt: skip

    def test_probabilities_are_the_frequencies_of_samples(self, statistics_seed) -> None:
        law = dependent_sets(self.mixed.probabilities, **_law_of(self.mixed))
        assert law.probability.sum() == pytest.approx(1, abs=1e-14)
        present = np.stack([np.isin(np.arange(7), row) for row in law.members])
        np.testing.assert_allclose(law.probability @ present, self.mixed.marginal_probabilities, rtol=1e-13)
        assert len({row.tobytes() for row in present}) == len(present)
        there = sample_features(self.mixed, N, seed=statistics_seed) != 0
        code = 2 ** np.arange(7)
        counts = np.bincount(there @ code, minlength=2**7)
        assert set(np.flatnonzero(counts)) <= set(present @ code)
        found = [chance(counts[row @ code], N, p) for row, p in zip(present, law.probability, strict=True)]
        assert min(found) > FALSE_ALARM
        wrong = independent_sets(self.mixed.marginal_probabilities)
        assert chance(counts[0], N, wrong.probability[0]) < FALSE_ALARM  # the control

    def test_special_cases_are_the_older_laws(self) -> None:
        p = [0.1, 0.2, 0.3, 0.2]
        for law, older in (
            (dependent_sets(p), independent_sets(p)),
            (dependent_sets(p, at_most=2), independent_sets(p, at_most=2)),
            (dependent_sets(p, correlated_sets=[(1, 3)]), grouped_sets([[0], [1, 3], [2]], [0.1, 0.2, 0.3])),
        ):
            listed = [
                {frozenset(row[row >= 0]): chance for row, chance in zip(law.members, law.probability, strict=True)}
                for law in (law, older)
            ]
            assert listed[0] == pytest.approx(listed[1], rel=1e-14)
            assert law.neglected == pytest.approx(older.neglected, abs=1e-15)

    def test_larger_sets_are_left_out_and_counted(self) -> None:
        whole = dependent_sets(self.mixed.probabilities, **_law_of(self.mixed))
        few = dependent_sets(self.mixed.probabilities, at_most=2, **_law_of(self.mixed))
        assert few.sizes.max() == 2
        assert float(few.neglected) == pytest.approx(whole.probability[whole.sizes > 2].sum(), rel=1e-12)

    def test_many_exclusive_features_are_few_sets(self) -> None:
        sets = dependent_sets(np.full(40, 0.1), exclusive_sets=[range(10 * k, 10 * k + 10) for k in range(4)])
        assert len(sets.sizes) == 11**4
        with pytest.raises(InputError, match="more than 200000 sets"):
            dependent_sets(np.full(20, 0.1))

    @pytest.mark.parametrize("given", [{"parents": [(0, 1), (1, 0)]}, {"correlated_sets": [(0, 1), (1, 2)]}])
    def test_refused(self, given) -> None:
        with pytest.raises(InputError, match=r"circle|one set only"):
            dependent_sets([0.1] * 3, **given)


class TestOptima:
    @pytest.mark.parametrize("p_of_a_set", [0.05, 0.2, 1.0])
    def test_two_exclusive_pairs_in_the_plane_cost_nothing(self, p_of_a_set) -> None:
        """Each pair antipodal on an axis of its own (the reference value: loss 0 for every probability)."""
        problem = four(p_of_a_set / 2, exclusive_sets=((0, 1), (2, 3)))
        best = find_optima(problem, DescentSettings(n_starts=24, n_optima=1)).isel(model=0)
        assert float(best["loss"]) / p_of_a_set < 1e-9
        cosines = overlap(best["W"].values)
        assert cosines[[0, 2], [1, 3]] == pytest.approx(-1, abs=1e-3)
        assert np.abs(cosines[:2, 2:]).max() < 1e-3
        independent = find_optima(four(p_of_a_set / 2), DescentSettings(n_starts=24, n_optima=1))
        assert float(independent["loss"][0]) / p_of_a_set > 1e-3  # the control

    def test_a_grid_over_kinds_of_sets(self) -> None:
        grid = Grid(four(0.2), exclusive_sets=[(), ((0, 1), (2, 3))])
        losses = find_optima(grid, DescentSettings(n_starts=12, n_optima=1))["loss"].values[:, 0]
        assert losses[1] < 1e-10 < losses[0]

    @pytest.mark.parametrize(
        ("fields", "field"),
        [({"correlation": 0.3}, "correlation"), ({"unit_inputs": True}, "unit_inputs"),
         ({"n_training_samples": 5}, "n_training_samples")],
    )  # fmt: skip
    def test_what_has_no_exact_loss_is_refused(self, fields, field) -> None:
        with pytest.raises(InputError, match=f"does not know problems with {field}: .* train on samples"):
            find_optima(four(**fields), DescentSettings(n_starts=2))


class TestUnitInputs:
    @pytest.mark.parametrize("fields", [{}, {"correlation": 0.2}])
    def test_length_is_one_or_zero(self, fields) -> None:
        x = sample_features(four(0.2, unit_inputs=True, **fields), 5000)
        as_drawn = sample_features(four(0.2, **fields), 5000)
        length = np.linalg.norm(x.astype(np.float64), axis=1)
        some = as_drawn.any(axis=1)
        np.testing.assert_allclose(length[some], 1, rtol=2e-7)
        assert not x[~some].any()
        assert 0 < some.mean() < 1
        np.testing.assert_allclose(
            x[some], as_drawn[some] / np.linalg.norm(as_drawn[some], axis=1, keepdims=True), rtol=1e-6
        )

    def test_a_loss_above_that_of_an_ordinary_problem_is_no_divergence(self) -> None:
        """Rare features: a sample of length 1 costs three times E x² = 1/3, and training must not be stopped for it."""
        problem = Problem(n_features=3, n_hidden=1, feature_probability=1e-3, magnitude="uniform", unit_inputs=True)
        data = train(problem, TrainSettings(n_steps=1, initial_scale=0, evaluation_samples=2**18))
        expected = 1 - (1 - 1e-3) ** 3
        assert abs(float(data["loss"][0]) - expected) < SIGMA * float(data["loss_standard_error"][0])
        assert abs(expected - 1e-3) > SIGMA * float(data["loss_standard_error"][0])  # the control: n p / 3


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"exclusive_sets": ((0, 1), (1, 2))}, "exclusive_sets must hold features 0 to 3, each in one set at most"),
            ({"exclusive_sets": ((0, 4),)}, "exclusive_sets must hold features 0 to 3"),
            ({"exclusive_sets": ((0, 1),), "correlated_sets": ((1, 2),)}, "feature 1 is in a correlated and in an"),
            ({"exclusive_sets": ((0, 1),), "p": (0.1, 0.2, 0, 0)}, "present one at a time need one feature_probab"),
            ({"exclusive_sets": ((0, 1, 2),), "p": 0.4}, r"add up to 1.2.*divide it by 3"),
            ({"parents": {1: 4}}, "pairs .child, parent. of features 0 to 3"),
            ({"parents": ((1, 0), (1, 2))}, "one parent at most; parents names feature 1"),
            ({"parents": {1: 0, 0: 1}}, "must not run in a circle"),
            ({"parents": {1: 2, 2: 3, 3: 2}}, "feature 2 is its own ancestor"),
            ({"parents": {1: 1}}, "feature 1 is its own ancestor"),
            ({"parents": {1: 0}, "correlated_sets": ((1, 2),)}, r"need one parent, or none; those of \(1, 2\)"),
            ({"correlation": 1.0}, "must lie between -0.333333 and 1, both excluded; got 1"),
            ({"correlation": -0.34}, "got -0.34"),
            ({"correlation": [[1, 0], [0, 1]]}, "a matrix of 4 rows with 4 entries each; got 2 rows of lengths"),
            ({"correlation": np.eye(4) + 0.1}, "ones on its diagonal"),
            ({"correlation": np.eye(4) + np.triu(np.ones((4, 4)), 1)}, "symmetric"),
            ({"correlation": 1.8 * np.eye(4) - 0.8}, "no negative eigenvalue; the smallest of this one is -1.4"),
            ({"correlation": 0.2, "parents": {1: 0}}, "cannot be combined"),
            ({"correlation": 0.2, "exclusive_sets": ((0, 1),)}, "cannot be combined"),
            ({"correlation": True}, "expected a number"),
            ({"unit_inputs": 1}, "unit_inputs"),
        ],
    )
    def test_message(self, fields, message) -> None:
        fields = dict(fields)
        with pytest.raises(InputError, match=message):
            four(fields.pop("p", 0.1), **fields)

    def test_correlation_zero_is_shown_and_nothing_is_not(self) -> None:
        assert "correlation=0.0" in repr(four(correlation=0))
        assert repr(four()) == repr(four(exclusive_sets=[], parents={}, correlation=None, unit_inputs=False))
        assert repr(four()).endswith("hidden='linear')")
