"""Noise over layers: published and simulated numbers, limits, and agreement of the ways to the same number."""

import numpy as np
import pytest
from scipy.stats import norm

from tegum.ground.errors import InputError
from tegum.theory import (
    LogCount,
    UpdateRule,
    biased_relu_rule,
    clip_rule,
    correction_errors,
    critical_correction_load,
    critical_load,
    depth_table,
    expected_wrong,
    false_positive_law,
    gate_noise,
    linear_noise,
    load_table,
    max_active_layers,
    max_active_union,
    max_corrected_features,
    neuron_error,
    reused_code_noise,
    settled_load,
    state_evolution,
    step_rule,
    superposed_correction,
    update_rules,
    wrong_after_correction,
)

RULES = update_rules()
SIZES = np.array([(1000, 500), (1000, 512), (4000, 512), (10_000, 1000), (100_000, 10_000)], dtype=float).T


def evolved(rule: str | UpdateRule, n_layers: int, k: float = 8):
    chosen = RULES[rule] if isinstance(rule, str) else rule
    return state_evolution(1000, 500, k, rule=chosen, n_layers=n_layers)


class TestEvolution:
    def test_linear_noise_is_the_reference_and_the_evolution(self):
        formula = linear_noise(1000, 500, 8, [1, 2, 3, 4, 5])
        np.testing.assert_allclose(formula, [0.016, 0.064, 0.208, 0.64, 1.936], rtol=1e-12)
        np.testing.assert_allclose(evolved("identity", 5).inactive_square, formula, rtol=3e-3)
        assert float(linear_noise(10**6, 100, 5, 400)) == np.inf

    def test_the_gate_walks_at_random(self):
        formula = gate_noise(500, 8, [1, 2, 3])
        np.testing.assert_allclose(formula, [0.016, 0.0323, 0.0488], atol=6e-5)
        np.testing.assert_allclose(gate_noise(5e8, 8, 1000), 1000 * 8 / 5e8, rtol=1e-4)
        # Far from the threshold nothing is dropped, and the walk is all there is.
        rare = state_evolution(1000, 50_000, 8, rule=RULES["gate"], n_layers=3).active_variance
        np.testing.assert_allclose(rare, gate_noise(50_000, 8, [1, 2, 3]), rtol=1e-3)

    def test_one_biased_relu_is_no_error_corrector(self):
        np.testing.assert_allclose(evolved("biased ReLU", 4).active_variance, [0.033, 0.100, 0.233, 0.458], atol=1.1e-3)
        gain = 1 / 0.7
        rare = state_evolution(1000, 10**6, 1, rule=biased_relu_rule(0.3), n_layers=3).active_variance
        np.testing.assert_allclose(rare, 1e-6 * np.cumsum(gain ** (2 * np.arange(1, 4))), rtol=1e-3)

    def test_a_relu_halves_the_noise_of_inactive_features(self):
        np.testing.assert_allclose(evolved("ReLU", 1).inactive_square, [0.008], rtol=1e-3)

    @pytest.mark.slow
    def test_a_relu_compounds_even_with_fewer_features_than_dimensions(self):
        """It halves fresh noise, but keeps what is positive already: the factor n/(2 m) is no growth per layer."""
        noise = state_evolution(1000, 2000, 1, rule=RULES["ReLU"], n_layers=60).inactive_square
        assert noise[0] == pytest.approx(1 / 4000, rel=1e-3)
        assert np.all(noise[31:] / noise[30:-1] > 1.2)

    def test_what_is_only_read_does_not_compound(self):
        np.testing.assert_allclose(evolved("copy", 50).noise, 0.016, rtol=1e-12)

    def test_a_step_adds_up_and_its_first_layer_is_that_of_one_shot(self):
        wrong = evolved("step", 12, k=6).wrong
        assert wrong[-1] == pytest.approx(0.030, abs=0.002)
        np.testing.assert_allclose(wrong[:3], wrong[0] * np.arange(1, 4), rtol=0.01)
        one_shot = 994 * norm.sf(0.5 * np.sqrt(500 / 6)) + 6 * norm.sf(0.5 * np.sqrt(500 / 6))
        assert wrong[0] == pytest.approx(one_shot, rel=1e-9)

    def test_a_clip_tends_to_the_step(self):
        sharp = evolved(clip_rule(0.4999), 5).wrong
        np.testing.assert_allclose(sharp, evolved("step", 5).wrong, rtol=0.01)

    @pytest.mark.parametrize("k", [8, 12])
    def test_without_carrying_false_positives_settle(self, k):
        settled = float(settled_load(1000, 500, k)) - k
        assert evolved("step, ρ = 0", 60, k=k).false[-1] == pytest.approx(settled, rel=0.03)
        assert evolved("step, ρ = 0", 60, k=16).false[-1] > 200

    def test_small_tails_are_right_to_their_relative_precision(self):
        wrong = state_evolution(1e6, 1e4, 10, rule=step_rule(), n_layers=1).false
        assert float(wrong[0]) == pytest.approx((1e6 - 10) * norm.sf(0.5 * np.sqrt(1e3)), rel=1e-6)

    def test_edges(self):
        assert float(state_evolution(10, 5, 0, rule=RULES["gate"], n_layers=3).wrong.sum()) == 0
        assert state_evolution(1e6, 10, 100, rule=RULES["identity"], n_layers=200).noise[-1] == np.inf
        with pytest.raises(InputError, match="n_layers must be at least 1; got 0"):
            evolved("gate", 0)
        with pytest.raises(InputError, match="carry is a probability"):
            step_rule(carry=1.5)
        with pytest.raises(InputError, match="bias must be below 1"):
            biased_relu_rule(1.0)
        with pytest.raises(InputError, match="margin must lie in"):
            clip_rule(0.5)


class TestOneCode:
    def test_moments_of_a_code_used_again_and_again(self):
        np.testing.assert_allclose(reused_code_noise(1000, 500, 8, 3), [0.016, 0.288, 6.256], rtol=1e-10)
        assert reused_code_noise(1000, 500, 8, 4)[-1] == pytest.approx(147, rel=0.03)

    def test_growth_tends_to_the_largest_eigenvalue(self):
        noise = reused_code_noise(1000, 500, 8, 150)
        assert noise[-1] / noise[-2] == pytest.approx((1 + np.sqrt(2)) ** 4, rel=0.02)


class TestCriticalLoad:
    def test_reference_values(self):
        np.testing.assert_allclose(critical_load(*SIZES), [13.84, 14.30, 9.82, 18.26, 182.6], atol=0.05)
        np.testing.assert_allclose(critical_load(*SIZES, 0.5), [11.19, 11.53, 8.62, 16.14, 161.4], atol=0.05)
        np.testing.assert_allclose(SIZES[1] / (8 * np.log(SIZES[0])), [9.05, 9.26, 7.72, 13.57, 108.6], atol=0.05)

    def test_it_is_the_first_local_maximum(self):
        load = np.linspace(1, 40, 400_001)
        room = load - 1000 * norm.sf(0.5 * np.sqrt(500 / load))
        first = np.flatnonzero(np.diff(room) < 0)[0]
        assert float(critical_load(1000, 500)) == pytest.approx(room[first], rel=1e-6)

    def test_limits(self):
        assert float(critical_load(1000, 500, 1.0)) == 0
        assert float(critical_load(100, 100)) == 100
        assert float(critical_load(LogCount(700.0), 10**6)) == pytest.approx(
            float(critical_load(1e304, 10**6)), rel=0.01
        )
        assert np.all(np.diff(critical_load(1000, 500, np.linspace(0, 0.99, 50))) < 0)

    def test_settled_loads(self):
        k = np.array([0.0, 2.0, 8.0, 13.8])
        load = settled_load(1000, 500, k)
        np.testing.assert_allclose(load - 1000 * norm.sf(0.5 * np.sqrt(500 / np.maximum(load, 1e-9))), k, atol=1e-9)
        assert float(load[2] + 0 * load[0]) == pytest.approx(8.04, abs=0.005)
        assert float(settled_load(1000, 500, 12)) - 12 == pytest.approx(0.92, abs=0.03)
        assert float(settled_load(1000, 500, 14)) == np.inf

    def test_the_law_of_counts_against_the_reference_simulation(self):
        counts = np.arange(401)
        layers = np.array([1, 2, 3, 5, 10, 15]) - 1
        mean = {k: (false_positive_law(1000, 500, k, 15, most=400) @ counts)[layers] for k in (12, 14)}
        np.testing.assert_allclose(mean[12], [0.52, 0.86, 0.97, 1.08, 1.20, 1.28], rtol=0.25)
        np.testing.assert_allclose(mean[14], [1.5, 2.0, 3.0, 4.3, 11.7, 30.9], rtol=0.3)
        copied = false_positive_law(1000, 500, 8, 12, carry=1.0) @ np.arange(201)
        assert copied[-1] == pytest.approx(0.79, rel=0.25)
        assert 12 * float(expected_wrong(1000, 500, 8)) == pytest.approx(0.46, abs=0.01)

    @pytest.mark.parametrize("carry", [0.0, 0.3, 1.0])
    def test_the_law_is_a_law_and_a_lost_input_stays_lost(self, carry):
        law = false_positive_law(200, 100, 6, 30, carry=carry, most=60)
        np.testing.assert_allclose(law.sum(axis=1), 1.0, atol=1e-9)
        assert np.all(np.diff(law[:, -1]) >= 0)

    def test_bad_input(self):
        with pytest.raises(InputError, match="n_layers and most must be at least 1"):
            false_positive_law(10, 5, 1, 0)
        with pytest.raises(InputError, match="carry must be between 0 and 1"):
            critical_load(10, 5, 2.0)


def test_depth_costs_its_logarithm():
    layers = np.array([1.0, 10, 100, 1000])
    allowed = max_active_layers(10**4, 10**5, layers, 0.05)
    over_rule = allowed / max_active_union(10**4, 10**5, 0.05 / layers)
    assert np.all(np.diff(over_rule) < 0)  # the rule of thumb is exact in the limit
    assert np.all((over_rule > 1) & (over_rule < 1.3))
    np.testing.assert_allclose(expected_wrong(10**4, 10**5, allowed) * layers, 0.05, rtol=1e-6)


class TestCorrectionInSuperposition:
    @pytest.mark.slow
    def test_critical_loads(self):
        assert 9 <= critical_correction_load(40_000, 20_000, fan_out=20) <= 10
        assert critical_correction_load(40_000, 20_000, fan_out=20, law="gaussian") == pytest.approx(13.8, abs=0.05)

    def test_errors_of_neurons_against_the_reference_simulation(self):
        def errors(k: float) -> np.ndarray:
            return correction_errors(40_000, 20_000, k, fan_out=20, n_layers=12)

        assert errors(8)[-1] == pytest.approx(0.00075, abs=0.00005)
        np.testing.assert_allclose(errors(10)[[0, -1]], [0.0014, 0.0044], rtol=0.1)
        assert errors(12)[-1] == pytest.approx(0.29, rel=0.1)

    def test_poisson_counts_against_draws(self):
        """The noise at a neuron, drawn: S features, each with Poisson(s u) of its neurons on."""
        rng = np.random.default_rng(0)
        s, u, n_draws = 20, 0.0213, 400_000  # no count lies on the threshold
        fed = rng.poisson(40, n_draws)
        wrong = np.mean((rng.poisson(fed * s * u) - fed * s * u) / s > (1 - u) / 2)
        expected = float(neuron_error(u, n_features=40_000, n_neurons=20_000, fan_out=s))
        window = 5 * np.sqrt(expected / n_draws)
        assert abs(wrong - expected) < window
        assert (
            abs(wrong - float(neuron_error(u, n_features=40_000, n_neurons=20_000, fan_out=s, law="gaussian"))) > window
        )

    def test_many_neurons_per_feature_make_the_noise_normal(self):
        u, limit = 0.02, norm.sf(0.5 * (1 - 0.02) * np.sqrt(0.5 / 0.02))
        ratio = [float(neuron_error(u, n_features=4e6, n_neurons=2e6, fan_out=s)) / limit for s in (20, 200, 20_000)]
        assert ratio[0] > ratio[1] > ratio[2]
        assert ratio[2] == pytest.approx(1, abs=0.01)

    def test_small_networks_serve_fewer_features_than_they_have_neurons(self):
        assert float(max_corrected_features(512, 512, 10, fan_out=4)) == pytest.approx(178, abs=0.5)

    def test_a_wide_sum_at_equal_steps_is_the_whole_sum(self, monkeypatch):
        sizes = {"n_features": 1e9, "n_neurons": 1e4, "fan_out": 4}
        thinned = neuron_error([1e-6, 1e-5, 3e-5], **sizes)
        monkeypatch.setattr(superposed_correction, "_MOST_TERMS", 10**6)
        np.testing.assert_allclose(thinned, neuron_error([1e-6, 1e-5, 3e-5], **sizes), rtol=2e-4)
        monkeypatch.setattr(superposed_correction, "_MANY", 1e5)
        np.testing.assert_allclose(thinned, neuron_error([1e-6, 1e-5, 3e-5], **sizes), rtol=2e-3)

    def test_any_number_of_features_has_an_answer_at_once(self):
        assert float(neuron_error(0.1, n_features=1e300, n_neurons=4096, fan_out=4)) == pytest.approx(0.5, abs=1e-6)
        assert critical_correction_load(1e300, 4096, fan_out=4) == 0

    def test_edges(self):
        assert float(wrong_after_correction(100, 0, share_on=0.0, fan_out=5)) == 0
        assert float(wrong_after_correction(100, 100, share_on=0.3, fan_out=5)) == 0
        with pytest.raises(InputError, match="fan_out must lie between 1 and n_neurons = 10; got 11"):
            neuron_error(0.1, n_features=20, n_neurons=10, fan_out=11)
        with pytest.raises(InputError, match="n_active must be at most n_features"):
            wrong_after_correction(10, 11, share_on=0.1, fan_out=2)


class TestTable:
    @pytest.mark.slow
    def test_layers_are_where_the_evolution_crosses(self):
        rows = {row.mechanism: row for row in depth_table(1000, 500, 6, n_layers=12, n_wrong=0.05)}
        gate = evolved("gate", 12, k=6).wrong
        assert gate[int(rows["gate"].layers) - 1] <= 0.05 < gate[int(rows["gate"].layers)]
        step = evolved("step", 40, k=6).wrong
        assert abs(np.flatnonzero(step > 0.05)[0] - rows["step"].layers) <= 1
        assert rows["step"].wrong_last == pytest.approx(step[11])
        assert rows["copy"].layers == rows["step, ρ = 0"].layers == np.inf
        assert rows["step in superposition"].layers == 0

    @pytest.mark.slow
    def test_above_the_critical_load_nothing_is_endless(self):
        rows = depth_table(1000, 500, 16, n_wrong=10)
        assert {row.mechanism for row in rows if row.layers == np.inf} == {"copy"}

    @pytest.mark.slow
    def test_far_below_capacity_a_step_is_followed_by_adding_up(self):
        (row,) = [row for row in depth_table(1000, 500, 3, n_wrong=0.05) if row.mechanism == "step"]
        most, least = 0.05 / expected_wrong(1000, 500, [3, 3.05])
        assert least - 1 <= row.layers <= most
        assert not row.at_least

    def test_edges(self):
        for row in depth_table(5, 5, 0):
            assert row.wrong_last == 0, row.mechanism
            assert row.layers == np.inf or row.at_least
        assert all(np.isfinite(row.active) for row in load_table(10**9, 4096))
        with pytest.raises(InputError, match="n_wrong must be above 0 and finite; got 0"):
            depth_table(10, 5, 1, n_wrong=0.0)
