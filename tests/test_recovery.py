"""Recovery by sampling: numbers with an address, intervals over codes that cover, and sampling that knows when to stop.

Coverage is tested where the truth is known. Windows are five standard deviations of the number of intervals that miss.
"""

import itertools
import math

import numpy as np
import pytest

import tegum
from tegum.ground.errors import InputError, ShapeError
from tegum.ground.estimate import Estimate, share_estimate
from tegum.recovery import RecoverySpec, StopRule, mean_over_codes, recover, sampling, share_over_codes
from tegum.recovery.collecting import QUANTITIES, Answer, collect
from tegum.recovery.sampling import CodeCounts, sample_codes, supports_of
from tegum.recovery.spec import Case

CASE = Case(n_features=60, n_hidden=40, n_active=2, code="sphere", decoder="threshold")
NOMINAL = 0.01  # share of intervals that may miss


def most_misses(n: int, share: float = NOMINAL) -> float:
    return n * share + 5 * math.sqrt(n * share * (1 - share))


def misses(estimates: list[Estimate], truth: float) -> int:
    return sum(not each.low <= truth <= each.high for each in estimates)


def shares_by_code(rng: np.random.Generator, share: float, correlation: float, n_codes: int, n_runs: int) -> np.ndarray:
    """Success probability of each code: a beta distribution, in which samples of a code correlate as asked."""
    weight = (1 - correlation) / correlation
    return rng.beta(share * weight, (1 - share) * weight, (n_runs, n_codes))


# addresses


def test_a_code_and_its_samples_do_not_depend_on_what_was_sampled_beside_them():
    together = sample_codes(CASE, range(6), 5)
    assert sample_codes(CASE, [4], 5) == together[4:5]
    assert sample_codes(CASE, [5, 0], 5) == [together[5], together[0]]
    assert sample_codes(CASE.replace(seed=1), range(6), 5) != together
    np.testing.assert_array_equal(supports_of(CASE, 3, 9)[:4], supports_of(CASE, 3, 4))


def test_supports_are_uniform_and_hold_nothing_twice():
    supports = supports_of(CASE.replace(n_features=7, n_active=3), 0, 2000)
    assert all(len(set(row)) == 3 for row in supports.tolist())
    expected = 2000 * 3 / 7
    assert np.abs(np.bincount(supports.ravel(), minlength=7) - expected).max() < 5 * math.sqrt(expected * 4 / 7)


def test_counts_are_those_of_a_decoder_called_by_hand():
    from tegum.codes import make_code
    from tegum.decoders import decode

    case = CASE.replace(n_active=4, n_hidden=20, decoder="posterior_mean")
    W, x = make_code("sphere", 60, 20, seed=0, index=7), np.zeros((30, 60))
    np.put_along_axis(x, supports_of(case, 7, 30), 1.0, axis=1)
    decoded = decode("posterior_mean", x @ W, W, n_active=4)
    read = decoded > 0.5
    (counts,) = sample_codes(case, [7], 30)
    assert counts[:3] == ((read == x).all(axis=1).sum(), (x > read).sum(), (read > x).sum())
    assert counts.squared_error == pytest.approx(((decoded - x) ** 2).sum())
    assert counts.missed > 0
    assert counts.invented > 0


@pytest.mark.parametrize("decoder", ["threshold", "map_threshold", "best_threshold"])
def test_a_code_without_its_matrix_gives_the_same_counts(decoder, monkeypatch):
    case = CASE.replace(n_features=9000, n_hidden=200, n_active=6, decoder=decoder)  # two blocks
    whole = sample_codes(case, [2], 4)
    monkeypatch.setattr(sampling, "_MATRIX_ENTRIES", 0)
    monkeypatch.setattr("tegum.codes.make_code", lambda *_, **__: pytest.fail("it made the matrix"))
    assert sample_codes(case, [2], 4) == whole


@pytest.mark.parametrize("decoder", ["threshold", "fista"])
def test_the_number_of_threads_changes_no_number(decoder, monkeypatch):
    monkeypatch.setattr(sampling, "_WORTH_A_THREAD", 0)
    case = CASE.replace(decoder=decoder)
    assert sample_codes(case, range(6), 5, n_threads=3) == sample_codes(case, range(6), 5, n_threads=1)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interrupt_does_not_wait_for_codes_that_nobody_wants(n_threads, monkeypatch):
    """The blocks of code 0 come to an end, and those of all others never do."""
    monkeypatch.setattr(sampling, "_WORTH_A_THREAD", 0)
    block = (0, np.zeros((2, 60)))
    monkeypatch.setattr(sampling, "_decoded", lambda _, code, *__: itertools.repeat(block, *([] if code else [1])))

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample_codes(CASE, range(100), 2, interrupt, n_threads=n_threads)


def test_the_only_code_of_a_family_is_made_once(monkeypatch):
    from tegum import codes

    made, make = [], codes.make_code
    monkeypatch.setattr(codes, "make_code", lambda *args, **options: made.append(args) or make(*args, **options))
    sample_codes(Case(n_features=16, n_hidden=6, n_active=2, code="etf", decoder="top_k"), range(9), 3)
    assert len(made) == 1


def test_a_family_with_one_code_gives_fresh_samples_of_it():
    case = Case(n_features=16, n_hidden=6, n_active=2, code="etf", decoder="top_k")
    counts = sample_codes(case, range(30), 3)
    assert len({each.hits for each in counts}) > 1


# intervals


@pytest.mark.parametrize(("share", "correlation"), [(0.02, 0.01), (0.5, 0.01), (0.9, 0.05), (0.3, 0.3)])
def test_intervals_of_shares_cover_and_those_of_pooled_samples_need_not(share, correlation):
    n_runs, n_codes, n_samples = 600, 32, 16
    rng = np.random.default_rng(5)
    hits = rng.binomial(n_samples, shares_by_code(rng, share, correlation, n_codes, n_runs))
    assert misses([share_over_codes(row, n_samples) for row in hits], share) <= most_misses(n_runs)
    if correlation >= 0.05:  # control: samples of a code taken for independent
        pooled = [share_estimate(int(row.sum()), n_codes * n_samples) for row in hits]
        assert misses(pooled, share) > most_misses(n_runs)


@pytest.mark.parametrize(("mean", "spread"), [(0.01, 0.5), (0.1, 0.01), (1.0, 0.5), (5.0, 0.2)])
def test_intervals_of_counts_cover_also_where_next_to_nothing_was_counted(mean, spread):
    n_runs, n_codes = 600, 32
    rng = np.random.default_rng(6)
    values = rng.poisson(8 * mean * rng.gamma(1 / spread, spread, (n_runs, n_codes))) / 8
    assert misses([mean_over_codes(row) for row in values], mean) <= most_misses(n_runs)


@pytest.mark.slow
def test_features_of_a_code_are_not_independent():
    """30 features in 20 dimensions: of 40 codes with 64 samples each, 99 % intervals per feature miss a third."""
    n_groups, n_samples = 30, 64
    case = Case(n_features=30, n_hidden=20, n_active=2, code="sphere", decoder="threshold")
    counts = sample_codes(case, range(40 * n_groups), n_samples)
    wrong = np.array([each.missed + each.invented for each in counts]).reshape(n_groups, 40)
    truth = wrong.mean() / n_samples
    assert misses([mean_over_codes(group / n_samples) for group in wrong], truth) <= most_misses(n_groups)
    per_feature = [share_estimate(int(group.sum()), 40 * n_samples * 30) for group in wrong]
    assert misses(per_feature, truth / 30) > most_misses(n_groups)


def test_where_nothing_failed_every_code_counts_once():
    assert share_over_codes([8] * 20, 8).low == pytest.approx(0.005 ** (1 / 20))
    assert share_over_codes([0] * 20, 8).high == pytest.approx(1 - 0.005 ** (1 / 20))
    assert mean_over_codes([0.0] * 20).high == pytest.approx(-math.log(0.005) / 20)
    assert mean_over_codes([0.3]).high == math.inf


def test_many_events_give_students_interval():
    values = np.random.default_rng(0).poisson(400.0, 2000)
    plain = tegum.ground.estimate.mean_estimate(values)
    ours = mean_over_codes(values)
    assert [ours.low, ours.high] == pytest.approx([plain.low, plain.high], rel=1e-3)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: share_over_codes([9], 8), InputError, r"between 0 and n_samples = 8; got 9"),
        (lambda: share_over_codes([], 8), ShapeError, r"expected \(n_codes,\)"),
        (lambda: mean_over_codes([-1.0, 2.0]), InputError, r"at least 0; got -1"),
        (lambda: mean_over_codes([1.0, 2.0], confidence=99), InputError, r"pass 0\.99"),
    ],
)
def test_bad_units_are_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()


# stopping


def fake_codes(rng: np.random.Generator, shares: np.ndarray):
    def sample(case, codes, n_samples, tell, **_):
        return [CodeCounts(int(rng.binomial(n_samples, shares[code])), 0, 0, 0.0) for code in codes]

    return sample


def test_sampling_stops_when_it_is_precise_when_it_is_decided_and_at_the_budget(monkeypatch):
    def stopped(share: float, **rule: float) -> tuple[int, int]:
        rng = np.random.default_rng(1)
        monkeypatch.setattr("tegum.recovery.collecting.sample_codes", fake_codes(rng, np.full(999, share)))
        answer = collect(CASE, 8, StopRule(**rule))
        return answer.stopped, len(answer.counts)

    assert stopped(0.5, half_width=0.1, max_codes=256) == (0, 64)
    assert stopped(0.95, half_width=0.1, max_codes=256) == (0, 16)
    assert stopped(0.5, half_width=0.001, max_codes=100) == (2, 100)
    assert stopped(0.1, half_width=0.001, decide=0.5) == (1, 8)
    assert stopped(0.5, half_width=0, relative_half_width=0.5) == (0, 16)


def test_intervals_cover_at_whichever_look_the_work_ends(monkeypatch):
    """At a level of 99 % for each look, stopping when decided would miss too often: the control."""
    n_runs, share = 400, 0.5
    rng, ended = np.random.default_rng(2), []
    rule = StopRule(half_width=0.0, decide=share, max_codes=512)
    for _ in range(n_runs):
        shares = shares_by_code(rng, share, 0.05, 512, 1)[0]
        monkeypatch.setattr("tegum.recovery.collecting.sample_codes", fake_codes(rng, shares))
        ended.append(collect(CASE, 4, rule).stopped == 1)  # wrongly decided: the truth is the value itself
    assert sum(ended) <= most_misses(n_runs)

    looks = rule.looks()
    hits = rng.binomial(4, shares_by_code(rng, share, 0.05, 512, n_runs))
    at_99 = [any(misses([share_over_codes(row[:n], 4)], share) for n in looks) for row in hits]
    assert sum(at_99) > sum(ended)


def test_the_budget_is_looked_at_by_doubling():
    assert StopRule(first_codes=2, max_codes=2).looks() == [2]
    assert StopRule(first_codes=5, max_codes=21).looks() == [5, 10, 20, 21]
    assert StopRule(first_codes=5, max_codes=20).looks() == [5, 10, 20]
    assert StopRule(first_codes=5, max_codes=20).confidence_per_look == pytest.approx(1 - 0.01 / 3)


# the dataset


def test_the_dataset_has_a_dimension_for_each_list():
    data = recover(40, [20, 30], 2, decoder=("threshold", "top_k"), stop=StopRule(max_codes=16))
    assert data["success"].dims == ("decoder", "n_hidden", "estimate")
    assert {str(name) for name in data.data_vars} == {*QUANTITIES, "n_codes", "stopped", "hits_per_code"}
    one = recover(40, 30, 2, decoder="top_k", stop=StopRule(max_codes=16))
    assert one["success"].dims == ("estimate",)
    at = data.sel(decoder="top_k", n_hidden=30)
    for name in QUANTITIES:
        np.testing.assert_array_equal(at[name], one[name])
        assert (np.diff(data[name].values) >= 0).all()
    hits = at["hits_per_code"].values[: int(at["n_codes"])]
    assert hits.mean() / 8 == float(at["success"].sel(estimate="best"))


def test_the_dataset_says_what_was_asked_and_goes_to_disk(tmp_path):
    data = recover(40, 20, [1, 2], stop=StopRule(max_codes=16), seed=3)
    spec = RecoverySpec.from_json(data.attrs["recovery"])
    assert (spec.n_active, spec.seed, spec.stop.max_codes) == ((1, 2), 3, 16)
    assert RecoverySpec.from_toml(spec.to_toml()) == spec
    assert tegum.load(tegum.save(data, tmp_path / "data.nc")).identical(data)


def test_codes_without_failures_get_their_interval_from_the_number_of_codes():
    answer = Answer([CodeCounts(8, 0, 0, 0.0)] * 16, 2)
    estimates = answer.estimates(8, 0.99)
    assert estimates["success"].low == share_over_codes([8] * 16, 8).low
    assert estimates["wrong_features"] == mean_over_codes([0.0] * 16)


def test_the_threshold_does_as_well_as_theory_says():
    """Reference of the theory: n=1000, m=256, k=6 succeeds in 60 % of 200 trials (± 3.5 %), wrong by formula."""
    data = recover(1000, 256, 6, stop=StopRule(half_width=0.06, max_codes=128))
    low, best, high = data["success"].values
    assert low - 0.1 < 0.60 < high + 0.1
    assert best == pytest.approx(0.60, abs=0.06 + 5 * math.sqrt(0.6 * 0.4 / 200))
    expected = tegum.theory.expected_wrong(1000, 256, 6)
    assert data["wrong_features"].sel(estimate="low") < expected < data["wrong_features"].sel(estimate="high")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"n_active": 61}, r"n_active must be at most n_features = 60; got 61"),
        ({"n_hidden": []}, r"n_hidden: expected a list of different values"),
        ({"n_active": [2, 2]}, r"expected a list of different values; got \[2, 2\]"),
        ({"n_hidden": 2.5}, r"n_hidden: expected a whole number or a list of them; got 2.5"),
        ({"n_hidden": "20"}, r"expected a whole number"),
        ({"decoder": 3}, r"expected a name or a list of them; got 3"),
        ({"decoder": ["omp", "amp"]}, r"there is no decoder 'amp'; expected one of .*amp_bayes"),
        ({"code": "spere"}, r"there is no code 'spere'"),
        ({"code_options": {"dataset": object()}}, r"Save a learned code and take the family 'file'"),
        ({"stop": StopRule(max_codes=4, first_codes=2), "samples_per_code": 0}, r"samples_per_code"),
    ],
)
def test_bad_questions_are_refused(fields, said):
    with pytest.raises(InputError, match=said):
        recover(**{"n_features": 60, "n_hidden": 20, "n_active": 2} | fields)


def test_bad_rules_are_refused():
    with pytest.raises(InputError, match=r"Raise the budget max_codes"):
        StopRule(first_codes=20, max_codes=10)
    with pytest.raises(InputError, match=r"confidence"):
        StopRule(confidence=99)
