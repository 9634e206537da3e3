"""The experiments on codes: their sampling against formulas, and judges that refuse doctored data.

Each judge sees datasets of the quick preset's shape, cut down to what runs in a second; the control is that doctored
data lose exactly the claims that they should lose.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from judged import verdicts

from tegum.experiments import EXPERIMENTS
from tegum.experiments.base import Data
from tegum.experiments.code_trials import active_sets, code, hidden, n_wrong, trials
from tegum.experiments.coherence_data import almost_orthogonal, conversions, overlaps
from tegum.experiments.over_codes import crossing, jackknife
from tegum.experiments.verdict import Verdict
from tegum.ground.errors import InputError
from tegum.ground.estimate import mean_estimate
from tegum.plot import save_figure
from tegum.theory import coherence_probability, expected_wrong, welch_bound

FIVE_SIGMA = 5.0


def nothing(_: object) -> None:
    """A listener that does not listen."""


class TestTrials:
    def test_active_sets_are_sets_and_every_feature_is_as_likely(self) -> None:
        for k in (3, 30):  # by rejection, and by sorting
            sets = active_sets(50, k, 4000, np.random.default_rng(1))
            assert all(len(set(row)) == k for row in sets[:200].tolist())
            counts = np.bincount(sets.ravel(), minlength=50)
            spread = np.sqrt(4000 * (k / 50) * (1 - k / 50))
            assert np.abs(counts - 4000 * k / 50).max() < FIVE_SIGMA * spread

    def test_both_ways_to_add_up_directions_agree(self) -> None:
        W = code("sphere", 200, 30, seed=0, index=0, dtype=np.float64)
        sets = active_sets(200, 100, 5, np.random.default_rng(1))
        np.testing.assert_allclose(hidden(W, sets), [W[row].sum(axis=0) for row in sets], atol=1e-12)

    def test_wrong_features_are_counted_on_both_sides(self) -> None:
        z = np.array([[0.9, 0.2, 0.7, 0.1]])
        assert n_wrong(z, np.array([[0, 1]])).tolist() == [2]
        assert n_wrong(z, np.array([[0, 2]])).tolist() == [0]
        assert n_wrong(z, np.array([[0, 2]]), threshold=0.8).tolist() == [1]

    def test_errors_of_a_random_code_follow_the_formula(self) -> None:
        made = trials(300, 128, [6], codes=20, inputs=200, seed=0)
        measured = mean_estimate(made["wrong"].values[0] / float(expected_wrong(300, 128, 6)))
        assert measured.low < 1.2  # the normal tail is off by up to 20 % below one wrong feature
        assert measured.high > 0.8
        assert measured.high < 1.5

    def test_a_tight_frame_with_random_signs_is_tight(self) -> None:
        found = overlaps(code("tight", 48, 16, seed=0, index=3, dtype=np.float64))
        assert found.second == pytest.approx(float(welch_bound(48, 16)) ** 2, abs=1e-12)
        square = code("tight", 32, 32, seed=0, index=0, dtype=np.float64)
        assert overlaps(square).largest < 1e-12


class TestOverlaps:
    @pytest.mark.parametrize("n", [2, 30, 1500])  # 1500 is more than a block
    def test_equal_those_of_the_whole_matrix(self, n: int) -> None:
        W = code("sphere", n, 12, seed=0, index=0, dtype=np.float64)
        G = (W @ W.T)[np.triu_indices(n, 1)]
        expected = [np.abs(G).max(), G.max(), G.mean(), (G**2).mean(), (G**4).mean()]
        np.testing.assert_allclose(overlaps(W), expected, atol=1e-12)

    def test_first_conflict_has_the_predicted_median(self) -> None:
        drawn = almost_orthogonal([32], 0.5, codes=200, seed=0)["n_features"].values[0]
        good = float((drawn >= 20).mean())  # the first 20 directions are a code of 20 features
        expected = float(coherence_probability(0.5, 20, 32))
        assert abs(good - expected) < FIVE_SIGMA * np.sqrt(expected * (1 - expected) / 200)

    def test_conversions_have_the_known_factors(self) -> None:
        ratio = conversions(1e-4)["ratio"].values
        np.testing.assert_allclose(ratio, [2 + np.sqrt(2), 4, 2, 1], rtol=5e-4)


class TestOverCodes:
    def test_jackknife_of_a_mean_is_students_interval(self) -> None:
        values = np.random.default_rng(0).normal(size=12)
        ours, students = jackknife(float, values), mean_estimate(values)
        np.testing.assert_allclose([ours.low, ours.best, ours.high], [students.low, students.best, students.high])

    def test_jackknife_covers_a_ratio(self) -> None:
        rng = np.random.default_rng(0)
        made = [jackknife(lambda a, b: a / b, *rng.normal((2, 4), 0.1, (20, 2)).T) for _ in range(300)]
        covered = np.mean([each.low <= 0.5 <= each.high for each in made])
        assert covered > 0.99 - FIVE_SIGMA * np.sqrt(0.99 * 0.01 / 300)
        assert np.mean([each.low <= 0.52 <= each.high for each in made]) < 0.9  # the control

    def test_one_code_has_no_interval(self) -> None:
        with pytest.raises(InputError, match="at least two codes"):
            jackknife(float, np.ones(1))

    def test_crossing_stays_among_the_trials(self) -> None:
        assert crossing([4, 5], np.array([0.0, 0.1])) == 5
        assert crossing([4, 5], np.array([2.0, 3.0])) == 4
        assert crossing([4, 6], np.array([0.5, 2.0])) == pytest.approx(5)


SMALL: dict[str, dict[str, Any]] = {  # fewer codes; the sizes that the claims speak of stay
    "coherence": {"curve_limit": 64, "pair_blocks": 100, "direction_codes": 120, "lemma_codes": (100, 60, 12)},
    "capacity": {"n_active": (4, 6, 8, 10, 12), "frontier_n_features": (250, 1000)},
    "near-square": {"n_features": (512, 768, 1024)},
    "levels": {},
    "dependence": {},
}

EXPECTED: dict[str, dict[str, Verdict]] = {
    name: {claim.id: claim.expected for claim in EXPERIMENTS[name].claims if claim.expected != "open"}  # type: ignore
    for name in SMALL
}


@cache
def data_of(name: str) -> Data:
    made = EXPERIMENTS[name]
    return made.run(made.settings("quick").replace(**SMALL[name]), nothing)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_every_claim_comes_out_as_expected(name: str) -> None:
    made = verdicts(name, data_of(name))
    assert {claim: made[claim] for claim in EXPECTED[name]} == EXPECTED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_plates_are_drawn(name: str, tmp_path: Path) -> None:
    for plate in EXPERIMENTS[name].plates(data_of(name)):
        assert all(path.stat().st_size > 1000 for path in save_figure(plate.figure, tmp_path / plate.name))


def scaled(dataset: str, variable: str, factor: float) -> Callable[[Data], Data]:
    return lambda data: {**data, dataset: data[dataset].assign({variable: data[dataset][variable] * factor})}


def set_to(dataset: str, variable: str, value: float) -> Callable[[Data], Data]:
    def doctor(data: Data) -> Data:
        return {**data, dataset: data[dataset].assign({variable: xr.full_like(data[dataset][variable], value)})}

    return doctor


def wider(factor: float) -> Callable[[Data], Data]:
    """The wider of two codes holds more features than it should."""

    def doctor(data: Data) -> Data:
        k = data["doubling"]["n_active"] * xr.DataArray([1.0, factor], dims="group")
        return {**data, "doubling": data["doubling"].assign(n_active=k)}

    return doctor


DOCTORED: list[tuple[str, Callable[[Data], Data], dict[str, Verdict]]] = [
    ("coherence", set_to("families", "largest", 0.01), {"s0.overcomplete-noise": "refuted"}),
    ("coherence", scaled("families", "mean_square", 1.001), {"s0.overcomplete-noise": "refuted"}),
    ("coherence", set_to("orthonormal", "largest", 1e-9), {"s0.overcomplete-noise": "refuted"}),
    ("coherence", scaled("sizes", "mean_square", 50.0), {"s0.typical-noise": "reproduced"}),
    ("coherence", scaled("moments", "second", 1.1), {"s0.typical-noise-corrected": "refuted"}),
    ("coherence", scaled("moments", "fourth", 1.2), {"s0.typical-noise-corrected": "refuted"}),
    ("coherence", scaled("pairs", "mean_square", 0.5), {"s0.typical-same-order": "refuted"}),
    ("coherence", scaled("sizes", "largest", 1.6), {"s0.worst-typical-gap": "refuted"}),
    (
        "coherence",
        scaled("conversions", "ratio", 0.8),
        {"s0.jl-cosine": "reproduced", "s0.jl-cosine-corrected": "refuted"},
    ),
    ("coherence", set_to("lemma", "hits", 3), {"s1.lemma-1": "refuted"}),
    ("coherence", set_to("pairs_within", "hits", 0), {"s1.lemma-1-proof": "inconclusive"}),
    ("coherence", set_to("union", "hits", 300), {"s1.lemma-1-proof-corrected": "refuted"}),
    ("coherence", set_to("tails", "excess", 0.1), {"s1.lemma-1-proof-corrected": "refuted"}),
    ("coherence", set_to("directions", "n_features", 80), {"s3.exponentially-many": "refuted"}),
    ("coherence", scaled("curves", "largest", 0.3), {"tegum.no-code-beats-bounds": "refuted"}),
    ("capacity", set_to("overload", "wrong", 0.1), {"s0.comment-k-below-m": "reproduced"}),
    ("capacity", set_to("walk", "changed", 1), {"s0.random-walk": "refuted"}),
    ("capacity", scaled("walk", "mean_square", 1.2), {"s0.random-walk": "refuted"}),
    ("capacity", scaled("one_active", "wrong", 30.0), {"s0.max-active-bound-corrected": "refuted"}),
    ("capacity", set_to("guarantee", "wrong", 2.0), {"s0.max-active-bound-corrected": "refuted"}),
    ("capacity", scaled("loads", "wrong", 2.0), {"s0.quantifier-rule": "refuted", "s0.joint-loss": "refuted"}),
    ("capacity", scaled("more_loads", "wrong", 2.0), {"s0.quantifier-rule": "refuted"}),
    ("capacity", scaled("conspiracy", "largest", 0.5), {"s0.quantifier-rule": "refuted"}),
    ("capacity", scaled("loads", "any", 2.0), {"s0.joint-loss": "refuted"}),
    ("capacity", set_to("bits", "wrong", 0.2), {"s0.fewer-bits": "refuted"}),
    ("capacity", scaled("lengths", "second", 1.1), {"s0.fewer-bits": "refuted"}),
    ("capacity", set_to("sparse", "wrong", 0.2), {"s0.more-sparse-information": "refuted"}),
    ("capacity", scaled("dimensions", "n_hidden", 1.5), {"s1.matching-bounds": "refuted"}),
    ("capacity", set_to("dimensions", "wrong", 5.0), {"s1.matching-bounds": "inconclusive"}),
    ("capacity", set_to("theorem", "wrong", 0.1), {"s1.theorem-2": "refuted"}),
    ("capacity", wider(1.3), {"s1.doubling": "refuted"}),
    ("capacity", set_to("doubling", "wrong", 0.1), {"s1.doubling": "inconclusive"}),
    ("capacity", set_to("conspiracy", "read_out", 0.4), {"s1.worst-input": "refuted"}),
    ("capacity", scaled("frontier", "expected", 1.3), {"tegum.capacity-criteria": "refuted"}),
    ("near-square", set_to("orthonormal", "wrong", 2.0), {"s0.bound-at-n-equals-m": "reproduced"}),
    ("near-square", set_to("random", "wrong", 1.0), {"s0.bound-at-n-equals-m-corrected": "refuted"}),
    ("near-square", scaled("tight", "mean_square", 1.1), {"s0.bound-at-n-equals-m-corrected": "refuted"}),
    ("near-square", scaled("same_size", "wrong", 0.1), {"s0.bound-at-n-equals-m-corrected": "refuted"}),
    ("near-square", scaled("capacity", "expected", 1.5), {"tegum.near-square": "refuted"}),
    ("levels", set_to("levels", "error", 0.5), {"s0.levels": "reproduced", "tegum.levels-given-others": "refuted"}),
    ("levels", scaled("levels", "formula", 1.3), {"s0.levels-corrected": "refuted"}),
    ("levels", scaled("levels", "given_others", 1.5), {"tegum.levels-given-others": "refuted"}),
    ("levels", set_to("levels", "error", 0.0), {"s0.levels-fall-with-k": "refuted"}),
    ("levels", set_to("noise", "mean_square", 0.1), {"s0.levels-fall-with-k": "refuted"}),
    ("levels", scaled("bits", "wrong", 1.5), {"s0.low-precision": "refuted"}),
    ("levels", scaled("bits", "mean_square", 1.1), {"s0.low-precision": "refuted"}),
    ("dependence", scaled("dependent", "mean_square", 1.2), {"s0.dependence": "refuted"}),
    ("dependence", scaled("dependent", "wrong", 1.6), {"s0.dependence": "refuted"}),
    ("dependence", scaled("dependent", "fixed", 4.0), {"s0.dependence": "refuted"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "doctor", "expected"), DOCTORED)
def test_doctored_data_change_the_verdict(
    name: str, doctor: Callable[[Data], Data], expected: dict[str, Verdict]
) -> None:
    made = verdicts(name, doctor(data_of(name)))
    assert {claim: made[claim] for claim in expected} == expected


def test_capacity_of_few_codes_is_refused() -> None:
    with pytest.raises(InputError, match="n_features must be at least n_hidden"):
        EXPERIMENTS["near-square"].settings("quick").replace(n_features=(100,))
