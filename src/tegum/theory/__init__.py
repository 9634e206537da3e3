"""Layer 2: pure functions of numbers and arrays: moments, exact losses, optima, bounds."""

from tegum.theory.bounds import welch_bound
from tegum.theory.dependence import joint_presence, presence_correlation
from tegum.theory.linear import (
    feature_benefit,
    linear_interference,
    linear_loss,
    linear_optimum,
    optimal_linear_bias,
)
from tegum.theory.moments import Magnitude, feature_mean, feature_mean_square, feature_variance, zero_loss
from tegum.theory.one_sparse import OneSparseLoss, one_sparse_loss

__all__ = [
    "Magnitude",
    "OneSparseLoss",
    "feature_benefit",
    "feature_mean",
    "feature_mean_square",
    "feature_variance",
    "joint_presence",
    "linear_interference",
    "linear_loss",
    "linear_optimum",
    "one_sparse_loss",
    "optimal_linear_bias",
    "presence_correlation",
    "welch_bound",
    "zero_loss",
]
