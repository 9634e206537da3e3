"""Layer 2: what can be said of any matrix of directions, and the table of these measures."""

from tegum.measure.best import best_model, lowest_loss
from tegum.measure.directions import (
    dimensions_per_feature,
    feature_dimensionality,
    feature_norm,
    frame_potential,
    n_represented,
    total_dimensionality,
)
from tegum.measure.entry import Invariance, KnownValue, Measure
from tegum.measure.interference import interference
from tegum.measure.jumps import Jump, drop_places, find_jumps, steepest_drops
from tegum.measure.motif import SharedNeuron, shared_neurons
from tegum.measure.neurons import NeuronCode, excited_neurons, features_per_neuron, n_monosemantic, neuron_codes
from tegum.measure.overlaps import antipodal_partner, coherence, mean_square_overlap, signed_coherence
from tegum.measure.table import MEASURES

__all__ = [
    "MEASURES",
    "Invariance",
    "Jump",
    "KnownValue",
    "Measure",
    "NeuronCode",
    "SharedNeuron",
    "antipodal_partner",
    "best_model",
    "coherence",
    "dimensions_per_feature",
    "drop_places",
    "excited_neurons",
    "feature_dimensionality",
    "feature_norm",
    "features_per_neuron",
    "find_jumps",
    "frame_potential",
    "interference",
    "lowest_loss",
    "mean_square_overlap",
    "n_monosemantic",
    "n_represented",
    "neuron_codes",
    "shared_neurons",
    "signed_coherence",
    "steepest_drops",
    "total_dimensionality",
]
