"""Laws of ANDs in superposition: reference values, limits, and agreement of the ways to the same number."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom, norm

from tegum.ground.errors import InputError
from tegum.theory import (
    averaging_error,
    best_averaging,
    best_differences,
    best_gaussian_bias,
    circuit_plan,
    coverage_probability,
    covering_connection_probability,
    expected_uncovered,
    gaussian_and_law,
    leak,
    max_stacked_gates,
    max_targeted_ands,
    max_universal_features,
    mean_inverse_count,
    misfire_probability,
    neuron_moments,
    one_on_response,
    product_noise,
    regime_table,
    required_neurons,
    stacked_noise,
    targeted_error,
    targeted_misfire,
    universal_and_law,
)
from tegum.theory.roots import smallest_enough


class TestNeurons:
    @pytest.mark.parametrize("n_seen", [0, 1, 2, 3])
    @pytest.mark.parametrize("n_others", [0, 1, 5])
    def test_moments_are_those_of_the_binomial_law(self, n_seen, n_others):
        count = np.arange(n_others + 1)
        value, weight = np.maximum(n_seen - 1 + count, 0), binom.pmf(count, n_others, 0.13)
        mean, variance = neuron_moments(n_seen, n_others, 0.13)
        assert float(mean) == pytest.approx(value @ weight, abs=1e-12)
        assert float(variance) == pytest.approx((value**2) @ weight - (value @ weight) ** 2, abs=1e-12)

    def test_reference_values(self):
        means, variances = zip(*(neuron_moments(c, 5 - c, 0.05) for c in (2, 1, 0)), strict=True)
        np.testing.assert_allclose(means, [1.15, 0.2, 0.0238], atol=5e-5)
        np.testing.assert_allclose(variances, [0.1425, 0.19, 0.0257], atol=5e-5)

    def test_none_on_is_of_second_order(self):
        q = np.array([1e-4, 2e-4])
        np.testing.assert_allclose(neuron_moments(0, 10, q)[0], 10 * 9 * q**2 / 2, rtol=2e-3)

    def test_inverse_counts(self):
        counts = np.arange(1, 201)
        weights = binom.pmf(counts, 200, 0.02)
        expected = (weights / counts).sum() / weights.sum()
        assert float(mean_inverse_count(200, 0.02)) == pytest.approx(expected, rel=1e-9)
        both = mean_inverse_count([999_000, 1_001_000], [1.0, 1.0])  # on both sides of the change to the series
        np.testing.assert_allclose(both, [1 / 999_000, 1 / 1_001_000], rtol=1e-9)
        assert float(mean_inverse_count(3e6, 0.5)) == pytest.approx(1 / 1.5e6, rel=1e-6)
        assert np.isnan(mean_inverse_count(10, 0.0))
        assert float(mean_inverse_count(10, 1e-9)) == pytest.approx(1.0)


class TestUniversalAnd:
    def test_errors_of_the_reference(self):
        one, none = (universal_and_law(2000, 5, 0.05, n_on=c) for c in (1, 0))
        assert np.hypot(one.mean, one.deviation) == pytest.approx(0.2985, abs=0.0015)
        assert np.hypot(none.mean, none.deviation) == pytest.approx(0.0849, abs=0.0015)
        assert float(one.readable) == pytest.approx(0.99330, abs=5e-6)

    def test_second_differences_are_unbiased_and_as_noisy_as_the_reference(self):
        laws = [universal_and_law(20_000, 10, 0.0476, n_on=c, read_off="differences") for c in (0, 1, 2)]
        np.testing.assert_allclose([law.mean for law in laws], [0, 0, 1], atol=1e-12)
        np.testing.assert_allclose([law.deviation for law in laws], [0.074, 0.144, 0.138], rtol=0.05)
        assert float(universal_and_law(20_000, 20, 0.0244, n_on=1, read_off="differences").deviation) == pytest.approx(
            0.323, rel=0.05
        )
        assert float(universal_and_law(4000, 10, 0.0476, n_on=1, read_off="differences").deviation) == pytest.approx(
            0.348, rel=0.08
        )

    @pytest.mark.parametrize("order", [2, 3, 4])
    def test_differences_of_any_order_are_unbiased(self, order):
        means = [universal_and_law(1e6, 9, 0.1, n_on=c, order=order, read_off="differences").mean for c in range(order)]
        np.testing.assert_allclose(means, 0, atol=1e-12)
        whole = universal_and_law(1e6, 9, 0.1, n_on=order, order=order, read_off="differences")
        assert float(whole.mean) == pytest.approx(1, abs=1e-12)

    def test_three_features(self):
        plain = [universal_and_law(60_000, 5, 0.1, n_on=c, order=3, read_off="mobius") for c in range(4)]
        np.testing.assert_allclose([law.mean for law in plain], [0.1810, 0.4561, 0.6, 1.4], atol=6e-5)
        unbiased = [universal_and_law(60_000, 5, 0.1, n_on=c, order=3, read_off="differences") for c in range(4)]
        np.testing.assert_allclose([law.deviation for law in unbiased], [0.06, 0.11, 0.10, 0.08], atol=0.012)

    def test_what_is_left_of_an_and_if_others_are_on(self):
        both, one, none = (neuron_moments(c, 8, 0.07)[0] for c in (2, 1, 0))
        assert float(both - 2 * one + none) == pytest.approx(0.93**8)

    def test_edges(self):
        assert [float(part) for part in universal_and_law(100, 1, 0.3, n_on=1)[:2]] == [0, 0]  # k = 1: nothing is on
        pair = universal_and_law(100, 2, 0.3, n_on=2)
        assert (float(pair.mean), float(pair.deviation)) == (1, 0)
        full = universal_and_law(100, 5, 1.0, n_on=1)  # q = 1: every neuron is k - 1
        assert (float(full.mean), float(full.deviation), float(full.readable)) == (4, 0, 1)
        assert float(universal_and_law(100, 5, 0.0, n_on=1).readable) == 0
        with pytest.raises(InputError, match="n_on = 3"):
            universal_and_law(100, 5, 0.1, n_on=3)
        with pytest.raises(InputError, match="n_active must be between 2"):
            universal_and_law(100, 1, 0.1, n_on=2)

    @pytest.mark.parametrize(("n_on", "threshold"), [(0, 0.3), (1, 0.7), (2, 1.2)])
    def test_error_rates_are_the_law_of_sums(self, n_on, threshold):
        rng = np.random.default_rng(0)
        shared = rng.binomial(2000, 0.05**2, 200_000)
        shared = shared[shared > 0]
        values = np.maximum(n_on - 1 + rng.binomial(5 - n_on, 0.05, shared.sum()), 0)
        estimates = np.add.reduceat(values, np.concatenate([[0], np.cumsum(shared)[:-1]])) / shared
        wrong = (estimates <= threshold) if n_on == 2 else (estimates > threshold)
        expected = averaging_error(2000, 5, 0.05, n_on=n_on, threshold=threshold)
        standard_error = np.sqrt(expected * (1 - expected) / len(shared))
        assert abs(wrong.mean() - expected) < 5 * standard_error
        other = averaging_error(2000, 5, 0.06, n_on=n_on, threshold=threshold)  # the control: another q is noticed
        assert abs(wrong.mean() - other) > 5 * standard_error

    def test_both_on_is_never_read_as_off(self):
        assert averaging_error(2000, 5, 0.05, n_on=2) == 0
        assert np.isnan(averaging_error(2000, 5, 0.0, n_on=1))


class TestDesign:
    def test_coverage(self):
        assert float(coverage_probability(2000, 0.05)) == pytest.approx(0.99330, abs=5e-6)
        np.testing.assert_allclose(coverage_probability(512, [0.025, 0.0125, 0.01]), [0.274, 0.077, 0.05], atol=6e-4)
        assert float(coverage_probability(1, 1.0)) == 1
        whole = np.exp(-expected_uncovered(100, 2000, 0.0679 * np.array([0.85, 1, 1.2])))
        np.testing.assert_allclose(whole, [0.002, 0.61, 0.99], atol=0.01)

    def test_covering_density_undoes_coverage(self):
        q = covering_connection_probability([500, 4096], 512, n_uncovered=[0.05, 3.0])
        np.testing.assert_allclose(expected_uncovered([500, 4096], 512, q), [0.05, 3.0], rtol=1e-9)
        triple = covering_connection_probability(60, 20_000, n_uncovered=0.1, order=3)
        assert float(expected_uncovered(60, 20_000, triple, order=3)) == pytest.approx(0.1)
        n = np.array([500, 4096, 16384, 131072])
        np.testing.assert_allclose(covering_connection_probability(n, 512), np.sqrt(2 * np.log(n) / 512), rtol=0.02)

    def test_best_densities_of_the_reference(self):
        m, k = np.array([512, 512, 1e4, 1e5, 1e6]), np.array([10, 20, 10, 10, 20])
        best = best_averaging(m, k)
        np.testing.assert_allclose(best.connection_probability, [0.0477, 0.0372, 0.0177, 0.00822, 0.00298], rtol=2e-3)
        np.testing.assert_allclose(best.error, [0.732, 1.208, 0.274, 0.128, 0.0978], rtol=2e-3)
        np.testing.assert_allclose(best.error, np.sqrt(3) * k ** (2 / 3) / (2 * m) ** (1 / 3), rtol=0.09)

    @pytest.mark.parametrize("k", [4, 10, 40])
    def test_best_densities_are_the_least_of_a_grid(self, k):
        q = np.geomspace(1e-3, 0.5, 4001)
        plain = np.sqrt(((k - 1) * q) ** 2 + (k - 1) * (1 - q) / (1e4 * q))
        second = np.sqrt(k / (1e4 * q)) * (1 - q) ** -(k - 2.0)
        for made, tried in ((best_averaging(1e4, k), plain), (best_differences(1e4, k), second)):
            assert float(made.error) <= tried.min() * (1 + 1e-12)
            assert float(made.connection_probability) == pytest.approx(q[tried.argmin()], rel=0.01)

    def test_differences_tend_to_their_floor(self):
        assert float(best_differences(512, 10_000).error) == pytest.approx(1e4 * np.sqrt(2 * np.e / 512), rel=1e-3)

    def test_required_neurons_of_the_reference(self):
        n = [500, 4096, 16384, 131072]
        np.testing.assert_allclose(required_neurons(n, 10), [23560, 30291, 34726, 41378], atol=1.5)
        np.testing.assert_allclose(required_neurons(n, 20), [94263, 121192, 138937, 165552], atol=1.5)
        np.testing.assert_allclose(required_neurons([500, 4096, 131072], 4), [3764, 4839, 6610], atol=1.5)

    def test_the_realistic_regime_is_out_of_reach(self):
        rows = regime_table()
        needed = [row.active_inputs for row in rows if row.n_active == 10]
        np.testing.assert_allclose(needed, [1.56, 1.80, 1.95, 2.15], rtol=0.02)
        assert min(row.active_inputs for row in rows) > 1.5
        assert {round(row.averaging_error, 3) for row in rows} == {0.732, 1.208}
        np.testing.assert_allclose(sorted({row.product_noise for row in rows}), [0.477, 0.955], atol=1e-3)

    def test_stacking(self):
        assert float(neuron_moments(0, 4, 0.05)[1]) / (4000 * 0.05**2) == pytest.approx(0.00153, abs=1e-5)
        noise = stacked_noise([200, 400], 4000, 4, 0.05, next_probability=0.1)
        assert noise[1] == 2 * noise[0]
        assert noise[0] == pytest.approx(0.1 * 200 * 4 * 3 / (2 * 4000), rel=0.16)
        at_most = float(max_stacked_gates(1e6, 30, next_probability=0.1))
        law = float(stacked_noise(at_most, 1e6, 30, 1 / 300, next_probability=0.1))
        assert law == pytest.approx(1, rel=0.12)


class TestSuperposedInputs:
    def test_reference_values(self):
        np.testing.assert_allclose(misfire_probability([1, 0.1, 0.03], [1, 1, 0.5]), [0.1587, 8e-4, 2e-3], atol=1e-4)
        assert float(leak(0.12)) == pytest.approx(0.1382, abs=5e-5)
        assert float(leak(0.12, 0.5, 2)) == pytest.approx(0.0231, abs=5e-5)
        sizes = np.array([512, 4096, 4096, 100_000])
        np.testing.assert_allclose(max_universal_features(sizes, sizes, [3, 3, 10, 10]).round(), [42, 722, 238, 21251])
        assert (max_universal_features(sizes, sizes, [3, 3, 10, 10]) < sizes).all()
        targeted = max_targeted_ands([512, 4096, 1e4], [512, 4096, 1e4], 10, neurons_per_gate=4)
        np.testing.assert_array_equal(np.floor(targeted), [98, 6291, 37500])
        d = 2 * 4 * 10 / 0.03
        assert float(max_targeted_ands(d, 777, 10, neurons_per_gate=4)) == pytest.approx(777)

    def test_the_leak_is_the_mean_of_a_rectified_normal(self):
        z = np.linspace(-12, 12, 200_001)
        mean = np.trapezoid(3 * np.maximum(0.4 * z - 0.25, 0) * norm.pdf(z), z)
        assert float(leak(0.16, 0.25, 3)) == pytest.approx(mean, rel=1e-8)
        np.testing.assert_array_equal(leak(0.0, [0.5, 0.0, -0.5]), [0, 0, 0.5])

    def test_universal_features_meet_both_conditions(self):
        n = float(max_universal_features(1e6, 1e6, 10))
        q = np.sqrt(2 * np.log(n) / 1e6)
        assert q * n * 10 / 1e6 == pytest.approx(0.03, rel=1e-9)

    def test_neurons_that_serve_see_more_than_average(self):
        """At V = 0.03 for an average neuron, those that serve an AND misfire far more often than Q(½/√V)."""
        serving = targeted_misfire(1e9, 512, 98, 10, neurons_per_gate=4, n_on=1, n_hidden=512)
        assert 0.02 < serving < 0.05
        assert float(misfire_probability(0.03)) == pytest.approx(0.0019, abs=1e-4)

    def test_exact_inputs_fail_by_other_features_alone(self):
        p = targeted_misfire(2000, 300, 1000, 4, neurons_per_gate=9, n_on=1)
        served = np.arange(200)
        seen = 2 * served / 1998
        assert p == pytest.approx(1 - ((1 - seen) ** 3) @ binom.pmf(served, 999, 9 / 300), rel=1e-9)
        assert targeted_error(2000, 300, 1000, 4, neurons_per_gate=1, n_on=1) == pytest.approx(
            targeted_misfire(2000, 300, 1000, 4, neurons_per_gate=1, n_on=1)
        )
        assert targeted_error(2000, 300, 1000, 4, neurons_per_gate=9, n_on=2) < 1e-15  # but for rounding

    def test_refusals(self):
        with pytest.raises(InputError, match="n_on=3"):
            targeted_error(100, 10, 5, 4, neurons_per_gate=2, n_on=3)
        with pytest.raises(InputError, match="neurons_per_gate=11"):
            targeted_misfire(100, 10, 5, 4, neurons_per_gate=11, n_on=1)


class TestGaussian:
    def test_noise_of_the_reference(self):
        np.testing.assert_allclose(product_noise(4000, 10, [0, -0.5, -1.045]), [0.2314, 0.1855, 0.1708], atol=5e-5)
        assert float(product_noise(4000, 20)) == pytest.approx(0.463, abs=5e-4)
        np.testing.assert_allclose(product_noise(512, [10, 20], -1.045), [0.477, 0.955], atol=5e-4)
        factors = [float(product_noise(1, 1, 0.0, centred=each)) for each in (True, False)]
        np.testing.assert_allclose(factors, [1.463, 1.772], atol=1e-3)
        np.testing.assert_allclose(best_gaussian_bias(), [-1.045, 1.080], atol=1e-3)
        np.testing.assert_allclose(best_gaussian_bias(centred=False), [-1.16, 1.125], atol=5e-3)

    def test_largest_number_of_active_features_at_512(self):
        assert 0.25 * np.sqrt(512) / best_gaussian_bias()[1] == pytest.approx(5.2, abs=0.05)

    @pytest.mark.parametrize("k", [2, 3, 10, 50])
    @pytest.mark.parametrize("bias", [0.0, -1.0])
    def test_the_product_is_unbiased(self, k, bias):
        laws = [gaussian_and_law(4000, k, bias, n_on=c) for c in (0, 1, 2)]
        np.testing.assert_allclose([law.mean for law in laws], [0, 0, 1], atol=1e-6)
        assert float(laws[0].deviation) == pytest.approx(float(product_noise(4000, k, bias)), rel=1e-4)

    def test_responses_of_the_reference(self):
        cases = [(10, 0), (4, 0), (3, 0), (3, -0.5), (3, -1), (10, -1)]
        direct = [one_on_response(k, b) for k, b in cases]
        np.testing.assert_allclose(direct, [0.468, 0.450, 0.442, 0.394, 0.327, 0.349], atol=1.6e-3)
        learned = [one_on_response(k, 0.0, read_off="covariance") for k in (3, 4, 10)]
        np.testing.assert_allclose(learned, [-0.14, -0.08, -0.03], atol=0.01)
        assert float(gaussian_and_law(4000, 10, n_on=0, read_off="direct").deviation) == pytest.approx(0.041, abs=2e-3)

    def test_refusals(self):
        with pytest.raises(InputError, match="n_on must be 0, 1 or 2"):
            gaussian_and_law(10, 3, n_on=4)


class TestSmallestEnough:
    @pytest.mark.parametrize("low", [1, 4, 7])
    @pytest.mark.parametrize("high", [90, 200.5, 3000])
    def test_it_is_the_smallest_or_as_close_as_asked_and_ends_everywhere(self, low, high):
        for least in range(1, 1300, 7):
            wanted = max(low, least)
            found = smallest_enough(lambda n, least=least: n >= least, low, high, closeness=0.01)
            if wanted > high:
                assert found is None
            else:
                assert wanted <= found <= max(wanted + 1, wanted * 1.011)
                assert found == wanted or wanted > 100


class TestPlan:
    @pytest.mark.slow
    def test_the_widths_are_the_smallest(self):
        rows = {row.construction: row for row in circuit_plan(400, 4, error=0.05)}
        assert (rows["one neuron per gate"].n_neurons, rows["one neuron per gate"].error) == (79_800, 0)
        average = rows["universal, average"]
        q = float(average.about.split()[-1])
        assert averaging_error(int(average.n_neurons), 4, q, n_on=1) <= 0.051
        grid = np.geomspace(0.01, 1 / 6, 60)
        fewer = int(average.n_neurons * 0.98)
        missing = 79_800 * (1 - coverage_probability(fewer, grid))
        errors = [averaging_error(fewer, 4, q, n_on=1) for q in grid[missing <= 0.05]]
        assert min(errors) > 0.05
        product = rows["Gaussian, product"]
        b = float(product.about.split()[-1]) / 2
        worst = max(float(gaussian_and_law(product.n_neurons, 4, b, n_on=c).deviation) for c in (1, 2))
        assert norm.sf(0.5 / worst) == pytest.approx(0.05, rel=0.02)

    @pytest.mark.slow
    def test_sharper_errors_need_more(self):
        wide, narrow = (
            {row.construction: row.n_neurons for row in circuit_plan(400, 4, error=e)} for e in (0.01, 0.05)
        )
        assert all(wide[name] >= narrow[name] for name in wide)

    @pytest.mark.slow
    def test_dimensions_that_are_too_few(self):
        rows = circuit_plan(1000, 10, n_gates=500, n_hidden=100)
        assert all(np.isinf(row.n_neurons) and row.about.startswith("impossible") for row in rows)
        least = 412
        assert str(least) in rows[0].about
        possible = [circuit_plan(1000, 10, n_gates=500, n_hidden=d)[0].n_neurons for d in (least - 1, least)]
        assert possible == [np.inf, 1000]

    def test_gates_of_more_features(self):
        rows = {row.construction: row for row in circuit_plan(60, 4, n_gates=200, order=3, error=0.05)}
        assert {"universal, third difference", "targeted, clipped"} <= rows.keys()
        third = rows["universal, third difference"]
        q, m = float(third.about.split()[-1]), third.n_neurons
        law = universal_and_law(m, 4, q, n_on=2, order=3, read_off="differences")
        assert norm.sf(0.5 / law.deviation) <= third.error * 1.01 <= 0.0505
        assert rows["Gaussian, product"].n_neurons == np.inf
        in_superposition = circuit_plan(60, 4, n_gates=200, order=3, error=0.05, n_hidden=50)[0]
        assert f"needs {int(np.ceil(4 * 10 * norm.isf(0.05) ** 2))} dimensions" in in_superposition.about

    def test_averages_of_more_features(self):
        """N = 1 neuron with three of its features on and others with chance q: by hand."""
        q, others = 0.1, 2
        errors = [averaging_error(1, 5, q, n_on=c, order=3) for c in (3, 2, 1)]
        by_hand = [0, binom.sf(0, others + 1, q), binom.sf(1, others + 2, q)]
        np.testing.assert_allclose(errors, by_hand, atol=1e-12)

    @pytest.mark.parametrize("sizes", [(500, 500), (10**9, 10_000)])
    @pytest.mark.slow
    def test_extreme_sizes(self, sizes):
        assert all(np.isfinite(row.n_neurons) for row in circuit_plan(*sizes))

    @pytest.mark.parametrize(
        ("words", "message"),
        [({"error": 0.6}, "error must lie"), ({"n_gates": 0.5}, "n_gates"), ({"order": 1}, "order must lie"),
         ({"order": 4}, "n_active must be")],
    )  # fmt: skip
    def test_refusals(self, words, message):
        with pytest.raises(InputError, match=message):
            circuit_plan(100, 3, **words)


def test_mobius_identity_on_all_inputs():
    """x_R = Σ over T in R, |T| ≥ 2, of (-1)^|T| max(|T and x| - 1, 0)."""
    for r in range(2, 8):
        sets = [T for size in range(2, r + 1) for T in itertools.combinations(range(r), size)]
        for x in itertools.product((0, 1), repeat=r):
            value = sum((-1) ** len(T) * max(sum(x[i] for i in T) - 1, 0) for T in sets)
            assert value == all(x)
