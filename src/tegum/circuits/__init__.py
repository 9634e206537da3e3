"""Layer 3: computation in superposition. Circuits over sparse features, and what is known of their signals."""

from tegum.circuits.activity import Activity, dense_layers, layer_activity, require_sparse, signal_activity
from tegum.circuits.blocks import BlockLayout, block_layout
from tegum.circuits.cases import all_on, case_supports, n_on
from tegum.circuits.check import CheckReport, check_network, measure_network
from tegum.circuits.circuit import Circuit, Gate, Layer
from tegum.circuits.compared import (
    best_read_off,
    least_unexplained,
    read_off_similarity,
    recognise_density,
    unexplained,
    weight_density,
)
from tegum.circuits.compile import compile_circuit
from tegum.circuits.dense_readoffs import gaussian_covariance, gaussian_direct, gaussian_product
from tegum.circuits.embedded import SmallNetworks, WideNetwork, embed, random_networks
from tegum.circuits.files import read_network, write_network
from tegum.circuits.gates import Formula, all_of, any_of, at_least, combine, constant, majority, parity, signals
from tegum.circuits.gaussian import gaussian_layer
from tegum.circuits.layer import NeuronLayer, ReadOff
from tegum.circuits.mobius import mobius_coefficients, polynomial, products
from tegum.circuits.naive import one_neuron_per_gate
from tegum.circuits.network import CompiledNetwork
from tegum.circuits.outputs import OutputError, worst_outputs
from tegum.circuits.pair_errors import PairErrors, pair_errors
from tegum.circuits.random import all_pairs, disjoint_pairs, random_circuit
from tegum.circuits.readoffs import averaging, boolean_function, differences, fitted, mean_subtracted
from tegum.circuits.supports import random_supports
from tegum.circuits.targeted import input_noise, targeted_ands
from tegum.circuits.trained import WeightedInputs, few_active, train_ands
from tegum.circuits.uand import universal_and

__all__ = [
    "Activity",
    "BlockLayout",
    "CheckReport",
    "Circuit",
    "CompiledNetwork",
    "Formula",
    "Gate",
    "Layer",
    "NeuronLayer",
    "OutputError",
    "PairErrors",
    "ReadOff",
    "SmallNetworks",
    "WeightedInputs",
    "WideNetwork",
    "all_of",
    "all_on",
    "all_pairs",
    "any_of",
    "at_least",
    "averaging",
    "best_read_off",
    "block_layout",
    "boolean_function",
    "case_supports",
    "check_network",
    "combine",
    "compile_circuit",
    "constant",
    "dense_layers",
    "differences",
    "disjoint_pairs",
    "embed",
    "few_active",
    "fitted",
    "gaussian_covariance",
    "gaussian_direct",
    "gaussian_layer",
    "gaussian_product",
    "input_noise",
    "layer_activity",
    "least_unexplained",
    "majority",
    "mean_subtracted",
    "measure_network",
    "mobius_coefficients",
    "n_on",
    "one_neuron_per_gate",
    "pair_errors",
    "parity",
    "polynomial",
    "products",
    "random_circuit",
    "random_networks",
    "random_supports",
    "read_network",
    "read_off_similarity",
    "recognise_density",
    "require_sparse",
    "signal_activity",
    "signals",
    "targeted_ands",
    "train_ands",
    "unexplained",
    "universal_and",
    "weight_density",
    "worst_outputs",
    "write_network",
]
