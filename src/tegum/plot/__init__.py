"""Figures drawn from stored datasets only: each function takes what `tegum.train` returns and gives a Figure."""

from tegum.plot.analogies import analogy_shares
from tegum.plot.animation import Animation, moving_weights, save_animation
from tegum.plot.arrows import feature_arrows
from tegum.plot.attack import gradients_against_probability, vulnerability_against_probability
from tegum.plot.branches import collapsed_against_probability, landing_shares, level_curves, loss_branches
from tegum.plot.capacity import capacity_against_features, capacity_near_square, wrong_against_active
from tegum.plot.coherence import coherence_against_features, directions_against_width
from tegum.plot.curves import loss_ratio_against_probability, represented_against_probability
from tegum.plot.deformation import deformation
from tegum.plot.depth import false_against_load, false_over_layers, layer_noise, layer_wrong, neuron_errors
from tegum.plot.forces import cost_of_overlap, formula_against_samples
from tegum.plot.geometry import (
    dimensionality_against_sparsity,
    dimensions_per_feature_against_sparsity,
    product_shares,
    thomson_gallery,
)
from tegum.plot.heatmaps import gram_and_bias
from tegum.plot.levels import level_errors, wrong_against_correlation
from tegum.plot.many_networks import network_error_over_layers, network_errors
from tegum.plot.memorisation import double_descent_curves, hidden_vectors_and_features
from tegum.plot.motif import answered_against_probability, crosstalk, motif_cost, motif_diagram
from tegum.plot.neurons import monosemantic_against_probability, neuron_bars
from tegum.plot.norms import norm_bars
from tegum.plot.phase_maps import disagreement, phase_maps
from tegum.plot.scaling import loss_against_width, overlap_against_width
from tegum.plot.sets import agreement_shares, set_arrows, similarity_panels
from tegum.plot.sigmoids import rises, times_against_theory
from tegum.plot.simulation import simulation_error, wrong_neurons_against_width
from tegum.plot.style import save_figure, styled
from tegum.plot.trained_circuits import density_and_similarity, read_off_errors, unexplained_against_neurons
from tegum.plot.training import loss_curves
from tegum.plot.trajectories import energy_levels, weight_trajectories

__all__ = [
    "Animation",
    "agreement_shares",
    "analogy_shares",
    "answered_against_probability",
    "capacity_against_features",
    "capacity_near_square",
    "coherence_against_features",
    "collapsed_against_probability",
    "cost_of_overlap",
    "crosstalk",
    "deformation",
    "density_and_similarity",
    "dimensionality_against_sparsity",
    "dimensions_per_feature_against_sparsity",
    "directions_against_width",
    "disagreement",
    "double_descent_curves",
    "energy_levels",
    "false_against_load",
    "false_over_layers",
    "feature_arrows",
    "formula_against_samples",
    "gradients_against_probability",
    "gram_and_bias",
    "hidden_vectors_and_features",
    "landing_shares",
    "layer_noise",
    "layer_wrong",
    "level_curves",
    "level_errors",
    "loss_against_width",
    "loss_branches",
    "loss_curves",
    "loss_ratio_against_probability",
    "monosemantic_against_probability",
    "motif_cost",
    "motif_diagram",
    "moving_weights",
    "network_error_over_layers",
    "network_errors",
    "neuron_bars",
    "neuron_errors",
    "norm_bars",
    "overlap_against_width",
    "phase_maps",
    "product_shares",
    "read_off_errors",
    "represented_against_probability",
    "rises",
    "save_animation",
    "save_figure",
    "set_arrows",
    "similarity_panels",
    "simulation_error",
    "styled",
    "thomson_gallery",
    "times_against_theory",
    "unexplained_against_neurons",
    "vulnerability_against_probability",
    "weight_trajectories",
    "wrong_against_active",
    "wrong_against_correlation",
    "wrong_neurons_against_width",
]
