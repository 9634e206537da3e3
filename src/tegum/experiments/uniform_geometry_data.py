"""Codes that are not trained, and what is measured of codes, for the experiment on uniform geometry."""

import numpy as np
import xarray as xr

from tegum.experiments.starts import N_GROUPS
from tegum.geometry import unit_rows
from tegum.measure import best_model, feature_dimensionality, interference, total_dimensionality
from tegum.problem import Problem

SMALL = Problem(n_features=80, n_hidden=10, feature_probability=0.3)
SMALL_PROBABILITIES = (0.3, 0.1)
SMALL_DIMENSIONS = (5, 10)
SHAPES = ((5, 2), (20, 5), (80, 10), (10, 30), (80, 80))
"""Numbers of features and of dimensions of the random codes: many features, few, and equally many."""

_N_TRAINED = 10


def random_code(rng: np.random.Generator, n_features: int, n_hidden: int) -> np.ndarray:
    """Normal directions with lengths over two decades, where one row in five is zero."""
    lengths = 10 ** rng.uniform(-1, 1, n_features) * (rng.random(n_features) > 0.2)
    return lengths[:, None] * rng.normal(size=(n_features, n_hidden))


def control(n_features: int, n_hidden: int, rng: np.random.Generator) -> xr.Dataset:
    """Random codes of the shape of the trained ones, one for each group of starts."""
    W = unit_rows(rng.normal(size=(N_GROUPS, n_features, n_hidden)))
    return xr.Dataset({"W": (("model", "feature", "hidden"), W)})


def capacity(W: np.ndarray) -> np.ndarray:
    """(W_i · W_i)² / Σ_j (W_i · W_j)², as Scherlis et al. define the capacity of a feature; 0 for a zero row."""
    squared = np.einsum("ik,jk->ij", W, W) ** 2
    own, all_ = np.diag(squared), squared.sum(axis=1)
    return np.divide(own, all_, out=np.zeros_like(own), where=all_ > 0)


def budgets(n_codes: int, rng: np.random.Generator) -> xr.Dataset:
    """Sum of dimensionalities, rank, and largest difference from the capacity, of random codes of all shapes."""
    codes = [random_code(rng, *SHAPES[k % len(SHAPES)]) for k in range(n_codes)]
    differences = [np.abs(feature_dimensionality(W) - capacity(W)).max() for W in codes]
    return xr.Dataset(
        {
            "total_dimensionality": ("code", [float(total_dimensionality(W)) for W in codes]),
            "rank": ("code", [float(np.linalg.matrix_rank(W)) for W in codes]),
            "capacity_difference": ("code", differences),
        }
    )


def pushes(trained: xr.Dataset, n_codes: int, n_inputs: int, rng: np.random.Generator) -> xr.Dataset:
    """How far the other features can push along the direction of a feature, for random and for trained codes.

    For each code, over all features: by how much the explicit maximisers miss the two formulas, and by how much random
    inputs exceed the maximisers. And what can be done to one half of an antipodal pair.
    """
    best = trained["W"].isel(model=best_model(trained)).transpose("feature_probability", "feature", "hidden")
    places = np.unique(np.linspace(0, best.sizes["feature_probability"] - 1, _N_TRAINED).astype(int))
    codes = [random_code(rng, *SHAPES[k % len(SHAPES)]) for k in range(n_codes)]
    codes += list(best.values[places].astype(np.float64))
    # Codes with as many features are tried with the same inputs.
    tried = {n: _largest_inputs(n, n_inputs, rng) for n in {len(W) for W in codes}}
    rows = [_push(W, *tried[len(W)]) for W in codes]
    names = ("signed_difference", "positive_difference", "signed_excess", "positive_excess")
    pair = np.array([[1.0], [-1.0]])
    projection = _projections(pair)[0]
    return xr.Dataset(
        {name: ("code", [row[k] for row in rows]) for k, name in enumerate(names)}
        | {"pair_measure": interference(pair)[0], "pair_push": (projection > 0) @ projection},
        {"code": ["random"] * n_codes + ["trained"] * len(places)},
    )


def _projections(W: np.ndarray) -> np.ndarray:
    """Ŵ_i · W_j, with 0 for j = i: what a unit of feature j adds along the direction of feature i."""
    made = unit_rows(W) @ W.T
    np.fill_diagonal(made, 0.0)
    return made


def _largest_inputs(n_features: int, n_inputs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs: signed of length 1, and in [0, 1] with random numbers of features present."""
    present = rng.random((n_inputs, n_features)) < rng.random((n_inputs, 1))
    return unit_rows(rng.normal(size=(n_inputs, n_features))), rng.random((n_inputs, n_features)) * present


def _push(W: np.ndarray, signed_inputs: np.ndarray, positive_inputs: np.ndarray) -> tuple[float, ...]:
    projections = _projections(W)
    signed = (unit_rows(projections) * projections).sum(axis=1)  # at the input in the direction of the projections
    positive = ((projections > 0) * projections).sum(axis=1)  # at 1 for each feature that pushes the right way
    return (
        float(np.abs(signed - np.sqrt(interference(W))).max()),
        float(np.abs(positive - np.maximum(projections, 0).sum(axis=1)).max()),
        float(((signed_inputs @ projections.T).max(axis=0) - signed).max()),
        float(((positive_inputs @ projections.T).max(axis=0) - positive).max()),
    )
