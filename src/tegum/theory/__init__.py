"""Layer 2: pure functions of numbers and arrays: moments, exact losses, optima, bounds."""

from tegum.theory.analogies import analogy_scores, analogy_success, rounding_errors
from tegum.theory.and_design import (
    AndDesign,
    best_averaging,
    best_differences,
    coverage_probability,
    covering_connection_probability,
    expected_uncovered,
    required_neurons,
)
from tegum.theory.and_regime import RegimeRow, regime_table
from tegum.theory.asymmetric_motif import MotifErrors, motif_errors, motif_loss, motif_weights
from tegum.theory.block_errors import activity_variance, block_errors, max_block_networks
from tegum.theory.bounds import (
    best_welch_bound,
    coherence_bound,
    effective_dimension,
    levenshtein_bound,
    orthoplex_bound,
    signed_coherence_bound,
    welch_bound,
)
from tegum.theory.capacity import best_threshold, error_probability, expected_wrong, log_expected_wrong, map_threshold
from tegum.theory.circuit_plan import PlanRow, circuit_plan
from tegum.theory.coherence import (
    coherence_first_order,
    coherence_limit,
    coherence_limit_probability,
    coherence_probability,
    coherence_union_bound,
    expected_coherence,
)
from tegum.theory.copula import joint_presence, presence_correlation
from tegum.theory.counts import LogCount
from tegum.theory.criteria import CRITERIA, RISKS, Criterion, OneShotRisk
from tegum.theory.decoder_risk import linear_risk, pseudo_inverse_risk, scaled_linear_risk, threshold_rates
from tegum.theory.dependence import active_count_probability, active_count_variance, expected_wrong_mixture
from tegum.theory.depth_limits import gate_noise, linear_noise, max_active_layers, reused_code_noise
from tegum.theory.depth_rows import DepthRow, LoadRow, depth_table, load_table
from tegum.theory.evolution import Evolution, state_evolution
from tegum.theory.gaussian_and import (
    GaussianAndLaw,
    best_gaussian_bias,
    gaussian_and_law,
    one_on_response,
    product_noise,
    relu_moments,
)
from tegum.theory.guarantees import (
    max_active_union,
    max_active_worst_case,
    max_active_worst_case_bound,
    max_features_log,
    required_hidden,
)
from tegum.theory.information import (
    active_set_bits,
    binary_entropy,
    counting_bits,
    counting_dimension_bound,
    limit_bits_per_dimension,
    log2_choose,
    lost_ball_bits,
    sign_sum_bits,
)
from tegum.theory.interference import read_out_second_moment, tight_frame_interference
from tegum.theory.johnson_lindenstrauss import CONVERSIONS, Conversion, jl_cosine_bound, jl_dimension, jl_distortion
from tegum.theory.levels import distinguishable_levels, level_error, levels_above_zero, signal_to_noise, union_levels
from tegum.theory.linear import (
    feature_benefit,
    linear_interference,
    linear_loss,
    linear_optimum,
    optimal_linear_bias,
)
from tegum.theory.load_limits import max_active, max_active_asymptotic, max_active_best_threshold, max_active_tight
from tegum.theory.message_passing import message_passing_noise
from tegum.theory.moments import Magnitude, feature_mean, feature_mean_square, feature_variance, zero_loss
from tegum.theory.one_sparse import OneSparseLoss, one_sparse_loss
from tegum.theory.overlap_law import (
    log_overlap_tail,
    overlap_density,
    overlap_moment,
    overlap_quantile,
    overlap_tail,
    overlap_tail_bound,
)
from tegum.theory.overview import bounds_table
from tegum.theory.overview_rows import BoundRow
from tegum.theory.phase_transitions import (
    bayes_amp_threshold,
    l1_soft_threshold,
    l1_threshold,
    max_active_bayes,
    max_active_l1,
)
from tegum.theory.posterior_mean import bernoulli_mmse, posterior_mean_risk
from tegum.theory.pursuit import max_active_pursuit, pursuit_dimension, pursuit_worst_case
from tegum.theory.rank import rank_bound
from tegum.theory.relu_risk import best_shift, best_shift_and_gain, shifted_relu_risk
from tegum.theory.rules import UpdateRule, biased_relu_rule, clip_rule, gate_rule, step_rule, update_rules
from tegum.theory.runaway import critical_load, false_positive_law, settled_load
from tegum.theory.saxe import after_bias, first_lengths, growth_rate, rise_time, squared_length
from tegum.theory.stacked_and import max_stacked_gates, stacked_noise
from tegum.theory.superposed_and import (
    leak,
    max_targeted_ands,
    max_universal_features,
    misfire_probability,
    targeted_error,
    targeted_misfire,
)
from tegum.theory.superposed_correction import (
    NoiseLaw,
    correction_errors,
    critical_correction_load,
    max_corrected_features,
    neuron_error,
    wrong_after_correction,
)
from tegum.theory.universal_and import (
    AndLaw,
    averaging_error,
    mean_inverse_count,
    neuron_moments,
    universal_and_law,
)

__all__ = [
    "CONVERSIONS",
    "CRITERIA",
    "RISKS",
    "AndDesign",
    "AndLaw",
    "BoundRow",
    "Conversion",
    "Criterion",
    "DepthRow",
    "Evolution",
    "GaussianAndLaw",
    "LoadRow",
    "LogCount",
    "Magnitude",
    "MotifErrors",
    "NoiseLaw",
    "OneShotRisk",
    "OneSparseLoss",
    "PlanRow",
    "RegimeRow",
    "UpdateRule",
    "active_count_probability",
    "active_count_variance",
    "active_set_bits",
    "activity_variance",
    "after_bias",
    "analogy_scores",
    "analogy_success",
    "averaging_error",
    "bayes_amp_threshold",
    "bernoulli_mmse",
    "best_averaging",
    "best_differences",
    "best_gaussian_bias",
    "best_shift",
    "best_shift_and_gain",
    "best_threshold",
    "best_welch_bound",
    "biased_relu_rule",
    "binary_entropy",
    "block_errors",
    "bounds_table",
    "circuit_plan",
    "clip_rule",
    "coherence_bound",
    "coherence_first_order",
    "coherence_limit",
    "coherence_limit_probability",
    "coherence_probability",
    "coherence_union_bound",
    "correction_errors",
    "counting_bits",
    "counting_dimension_bound",
    "coverage_probability",
    "covering_connection_probability",
    "critical_correction_load",
    "critical_load",
    "depth_table",
    "distinguishable_levels",
    "effective_dimension",
    "error_probability",
    "expected_coherence",
    "expected_uncovered",
    "expected_wrong",
    "expected_wrong_mixture",
    "false_positive_law",
    "feature_benefit",
    "feature_mean",
    "feature_mean_square",
    "feature_variance",
    "first_lengths",
    "gate_noise",
    "gate_rule",
    "gaussian_and_law",
    "growth_rate",
    "jl_cosine_bound",
    "jl_dimension",
    "jl_distortion",
    "joint_presence",
    "l1_soft_threshold",
    "l1_threshold",
    "leak",
    "level_error",
    "levels_above_zero",
    "levenshtein_bound",
    "limit_bits_per_dimension",
    "linear_interference",
    "linear_loss",
    "linear_noise",
    "linear_optimum",
    "linear_risk",
    "load_table",
    "log2_choose",
    "log_expected_wrong",
    "log_overlap_tail",
    "lost_ball_bits",
    "map_threshold",
    "max_active",
    "max_active_asymptotic",
    "max_active_bayes",
    "max_active_best_threshold",
    "max_active_l1",
    "max_active_layers",
    "max_active_pursuit",
    "max_active_tight",
    "max_active_union",
    "max_active_worst_case",
    "max_active_worst_case_bound",
    "max_block_networks",
    "max_corrected_features",
    "max_features_log",
    "max_stacked_gates",
    "max_targeted_ands",
    "max_universal_features",
    "mean_inverse_count",
    "message_passing_noise",
    "misfire_probability",
    "motif_errors",
    "motif_loss",
    "motif_weights",
    "neuron_error",
    "neuron_moments",
    "one_on_response",
    "one_sparse_loss",
    "optimal_linear_bias",
    "orthoplex_bound",
    "overlap_density",
    "overlap_moment",
    "overlap_quantile",
    "overlap_tail",
    "overlap_tail_bound",
    "posterior_mean_risk",
    "presence_correlation",
    "product_noise",
    "pseudo_inverse_risk",
    "pursuit_dimension",
    "pursuit_worst_case",
    "rank_bound",
    "read_out_second_moment",
    "regime_table",
    "relu_moments",
    "required_hidden",
    "required_neurons",
    "reused_code_noise",
    "rise_time",
    "rounding_errors",
    "scaled_linear_risk",
    "settled_load",
    "shifted_relu_risk",
    "sign_sum_bits",
    "signal_to_noise",
    "signed_coherence_bound",
    "squared_length",
    "stacked_noise",
    "state_evolution",
    "step_rule",
    "targeted_error",
    "targeted_misfire",
    "threshold_rates",
    "tight_frame_interference",
    "union_levels",
    "universal_and_law",
    "update_rules",
    "welch_bound",
    "wrong_after_correction",
    "zero_loss",
]
