"""Statistics of one model that several experiments judge by."""

import numpy as np
import xarray as xr

from tegum.experiments.starts import groups, over_groups, weights
from tegum.geometry import overlap
from tegum.ground.estimate import STANDARD_ERRORS_99, Estimate
from tegum.measure import feature_dimensionality, feature_norm


def bias(model: xr.Dataset) -> np.ndarray:
    """Output bias, float64 (n_features,)."""
    return model["bias"].values.astype(np.float64)


def represented(model: xr.Dataset) -> np.ndarray:
    """Indices of the features with a norm above 1/2, in their order."""
    return np.flatnonzero(feature_norm(weights(model)) > 0.5)


def n_represented(model: xr.Dataset) -> float:
    """Number of features with a norm above 1/2."""
    return float(len(represented(model)))


def dimensionality(model: xr.Dataset) -> np.ndarray:
    """D_i of the represented features."""
    return feature_dimensionality(weights(model))[represented(model)]


def partners(model: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """For each represented feature, its most negative cosine to another represented one, and that one's place.

    A feature that is alone is its own partner, with cosine 1.
    """
    W = weights(model)[represented(model)]
    if not len(W):
        return np.empty(0), np.empty(0, int)
    cosines = overlap(W)
    np.fill_diagonal(cosines, 1.0)
    return cosines.min(axis=1), cosines.argmin(axis=1)


def least(values: np.ndarray) -> float:
    """The smallest value; 0 if there is none, as a model that represents nothing must fail and not crash."""
    return float(values.min()) if values.size else 0.0


def largest(values: np.ndarray, if_none: float = 0.0) -> float:
    """The largest value; `if_none` if there is none."""
    return float(values.max()) if values.size else if_none


def loss_ratio(model: xr.Dataset) -> float:
    """Loss over that of the best linear model."""
    return float(model["loss"] / model["linear_optimum"])


def loss_ratio_estimate(cell: xr.Dataset) -> Estimate:
    """Loss ratio of the lowest-loss model: the range over groups, widened by the error of the loss, which all share."""
    spread = over_groups(cell, loss_ratio)
    best = groups(cell)[0]
    error = STANDARD_ERRORS_99 * float(best["loss_standard_error"] / best["linear_optimum"])
    return Estimate(low=spread.low - error, best=spread.best, high=spread.high + error, n=spread.n)
