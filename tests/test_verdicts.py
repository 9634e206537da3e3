"""From weights to statistics, from statistics to estimates, from estimates to verdicts."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from tegum.experiments import statistics
from tegum.experiments.starts import groups, in_groups, over_groups
from tegum.experiments.verdict import Part, always, decide, deciding, within
from tegum.ground.errors import InputError
from tegum.ground.estimate import STANDARD_ERRORS_99, Estimate

VERDICTS = ("reproduced", "refuted", "inconclusive")
numbers = st.floats(-10, 10)
windows = st.tuples(numbers, numbers).map(sorted)


def estimate(low: float, high: float) -> Estimate:
    return Estimate(low=low, best=max(low, min(high, 0.0)), high=high, n=3)


def part(verdict: str) -> Part:
    window = {"reproduced": (0, 1), "refuted": (2, 3), "inconclusive": (0.5, 1)}[verdict]
    return within(verdict, estimate(0.4, 0.6), *window)


class TestWithin:
    @pytest.mark.parametrize(
        ("low", "high", "verdict"),
        [
            (1.0, 2.0, "reproduced"),  # both ends of the window belong to it
            (1.0, 1.0, "reproduced"),
            (2.0, 2.0, "reproduced"),
            (0.9, 2.0, "inconclusive"),
            (1.0, 2.1, "inconclusive"),
            (0.9, 1.0, "inconclusive"),  # touches the window
            (2.0, 2.1, "inconclusive"),
            (0.0, 3.0, "inconclusive"),
            (0.0, 0.999, "refuted"),
            (2.001, 3.0, "refuted"),
            (-math.inf, math.inf, "inconclusive"),
            (2.1, math.inf, "refuted"),
        ],
    )
    def test_on_all_borders(self, low: float, high: float, verdict: str) -> None:
        assert within("x", estimate(low, high), 1.0, 2.0).verdict == verdict

    @pytest.mark.parametrize(
        ("window", "condition"),
        [
            ({"low": 4, "high": 4}, "= 4"),
            ({"low": 0.45}, "at least 0.45"),
            ({"high": -0.95}, "at most -0.95"),
            ({"low": 1, "high": 2}, "in [1, 2]"),
            ({"low": 25, "refuted_outside": (21, math.inf)}, "at least 25; refuted outside [21, inf]"),
        ],
    )
    def test_says_its_condition(self, window: dict[str, float], condition: str) -> None:
        assert within("x", estimate(0, 1), **window).condition == condition

    @pytest.mark.parametrize(
        ("value", "verdict"), [(25, "reproduced"), (24, "inconclusive"), (21, "inconclusive"), (20, "refuted")]
    )
    def test_between_the_windows_nothing_is_decided(self, value: float, verdict: str) -> None:
        made = within("x", estimate(value, value), low=25, refuted_outside=(21, math.inf))
        assert made.verdict == verdict

    @given(interval=windows, window=windows, below=st.floats(0, 5), above=st.floats(0, 5))
    def test_a_wider_interval_decides_nothing_new(
        self, interval: Sequence[float], window: Sequence[float], below: float, above: float
    ) -> None:
        before = within("x", estimate(*interval), *window).verdict
        after = within("x", estimate(interval[0] - below, interval[1] + above), *window).verdict
        assert after in (before, "inconclusive")

    @given(interval=windows, window=windows, below=st.floats(0, 5), above=st.floats(0, 5))
    def test_a_wider_window_is_never_harder_to_meet(
        self, interval: Sequence[float], window: Sequence[float], below: float, above: float
    ) -> None:
        order = ("refuted", "inconclusive", "reproduced")
        before = within("x", estimate(*interval), *window).verdict
        after = within("x", estimate(*interval), window[0] - below, window[1] + above).verdict
        assert order.index(after) >= order.index(before)

    @given(value=numbers, window=windows)
    def test_a_point_is_always_decided(self, value: float, window: Sequence[float]) -> None:
        expected = "reproduced" if window[0] <= value <= window[1] else "refuted"
        assert within("x", estimate(value, value), *window).verdict == expected

    @given(interval=windows, window=windows)
    def test_mirrored_it_is_the_same(self, interval: Sequence[float], window: Sequence[float]) -> None:
        mirrored = within("x", estimate(-interval[1], -interval[0]), -window[1], -window[0])
        assert mirrored.verdict == within("x", estimate(*interval), *window).verdict


@given(st.lists(st.booleans(), min_size=1, max_size=5))
def test_always(observed: list[bool]) -> None:
    made = always("x", observed)
    expected = "reproduced" if all(observed) else "inconclusive" if any(observed) else "refuted"
    assert made.verdict == expected
    assert (made.measured.best, made.measured.n) == (sum(observed) / len(observed), len(observed))


class TestDecide:
    @given(st.lists(st.sampled_from(VERDICTS), min_size=1, max_size=4))
    def test_one_refuted_part_refutes_and_all_must_be_reproduced(self, verdicts: list[str]) -> None:
        made = decide([part(verdict) for verdict in verdicts])
        if "refuted" in verdicts:
            assert made == "refuted"
        else:
            assert made == ("inconclusive" if "inconclusive" in verdicts else "reproduced")

    def test_nothing_measured_is_nothing_decided(self) -> None:
        assert decide([]) == "inconclusive"

    def test_quotes_the_first_part_that_did_not_hold(self) -> None:
        held, not_held = part("reproduced"), part("inconclusive")
        assert deciding([held, not_held]) is not_held
        assert deciding([held, part("reproduced")]) is held


def models(W: Sequence[object], loss: Sequence[float]) -> xr.Dataset:
    """One cell of a grid from hand-made weights (model, feature, hidden)."""
    weights = np.asarray(W, np.float32)
    return xr.Dataset(
        {
            "W": (("model", "feature", "hidden"), weights),
            "bias": (("model", "feature"), weights[..., 0] / 10),
            "loss": ("model", np.asarray(loss, float)),
            "loss_standard_error": ("model", np.full(len(weights), 0.01)),
            "linear_optimum": 2.0,
        }
    )


PAIR_AND_ONE = [[1, 0], [-0.8, 0], [0, 0.7], [0, 0.1]]  # an antipodal pair, one alone, one too short to count


class TestStarts:
    def test_groups_are_disjoint_and_the_best_of_all_comes_first(self) -> None:
        W = np.arange(6.0)[:, None, None] * np.ones((6, 1, 1))
        cell = models(W, [3, 4, 9, 1, 5, 5])
        assert [float(model["W"].squeeze()) for model in groups(cell)] == [3.0, 0.0, 4.0]

    def test_the_interval_runs_over_the_groups_and_the_best_is_that_of_the_lowest_loss(self) -> None:
        W = np.array([5.0, 1.0, 3.0])[:, None, None] * np.ones((3, 1, 1))
        made = over_groups(models(W, [2, 3, 1]), lambda model: float(model["W"].max()))
        assert (made.low, made.best, made.high, made.n) == (1.0, 3.0, 5.0, 3)

    def test_a_property_is_asked_of_each_group(self) -> None:
        W = np.array([5.0, 1.0, 3.0])[:, None, None] * np.ones((3, 1, 1))
        assert in_groups(models(W, [2, 3, 1]), lambda model: bool(model["W"].max() > 2)) == [True, True, False]

    @pytest.mark.parametrize("count", [0, 1, 2, 4])
    def test_models_that_cannot_be_shared_out_are_refused(self, count: int) -> None:
        with pytest.raises(InputError, match=f"{count} models cannot be split into 3 equal groups"):
            groups(models(np.ones((count, 1, 1)), np.ones(count)))


class TestStatistics:
    model = models([PAIR_AND_ONE], [1.5]).isel(model=0)
    nothing = models(np.zeros((1, 4, 2)), [1.5]).isel(model=0)
    alone = models([[[1, 0], [0, 0]]], [1.5]).isel(model=0)

    def test_represented(self) -> None:
        assert statistics.represented(self.model).tolist() == [0, 1, 2]
        assert statistics.n_represented(self.model) == 3.0
        assert statistics.n_represented(self.nothing) == 0.0

    def test_bias(self) -> None:
        np.testing.assert_allclose(statistics.bias(self.model), [0.1, -0.08, 0, 0], atol=1e-8)

    def test_dimensionality_counts_the_short_features_as_neighbours_only(self) -> None:
        pair = [1 / 1.64, 0.64 / 1.64]
        np.testing.assert_allclose(statistics.dimensionality(self.model), [*pair, 0.49 / 0.5], rtol=1e-6)

    def test_partners(self) -> None:
        cosines, partner = statistics.partners(self.model)
        np.testing.assert_allclose(cosines, [-1, -1, 0], atol=1e-7)
        assert partner.tolist()[:2] == [1, 0]

    def test_without_company_there_is_no_partner(self) -> None:
        cosines, partner = statistics.partners(self.alone)
        assert (cosines.tolist(), partner.tolist()) == ([1.0], [0])
        assert [len(part) for part in statistics.partners(self.nothing)] == [0, 0]

    def test_extremes_of_nothing(self) -> None:
        none = np.empty(0)
        assert (statistics.least(none), statistics.largest(none), statistics.largest(none, 1.0)) == (0.0, 0.0, 1.0)
        assert (statistics.least(np.array([2.0, 1.0])), statistics.largest(np.array([2.0, 1.0]))) == (1.0, 2.0)

    def test_loss_ratio_carries_the_error_of_the_loss(self) -> None:
        made = statistics.loss_ratio_estimate(models(np.ones((3, 1, 1)), [3.0, 1.0, 2.0]))
        error = STANDARD_ERRORS_99 * 0.01 / 2.0
        assert (made.low, made.best, made.high) == pytest.approx((0.5 - error, 0.5, 1.5 + error))
