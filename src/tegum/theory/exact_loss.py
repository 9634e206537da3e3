"""The expected loss of the ReLU-output model, computed instead of sampled, with its gradient.

Given which features are present, output j is ReLU(Σ_i G_ji x_i + b_j) with G = W Wᵀ, and its expected squared error is
an integral over the cube (`master_integral`). The loss is the mean over the sets of present features (`active_sets`).
"""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from tegum.ground.arrays import ArrayLike, PerFeature, PerModel, Real, as_directions, as_real
from tegum.ground.compiled import compiled
from tegum.ground.errors import InputError, ShapeError
from tegum.theory.active_sets import ActiveSets, independent_sets
from tegum.theory.inputs import Magnitude, as_importance, as_magnitude, as_probability, per_row
from tegum.theory.master_integral import MOST_SLOPES, Workspace, master_integral, workspace

UNIFORM, SIGNED_UNIFORM, BOOLEAN = 0, 1, 2
MAGNITUDES = {"uniform": UNIFORM, "signed_uniform": SIGNED_UNIFORM, "boolean": BOOLEAN}


@dataclasses.dataclass(frozen=True)
class ExactLoss:
    """Expected loss over the listed sets, its gradient, and what was left out.

    Args:
        loss: (...), Σ over sets of probability × expected squared error.
        gradient_W: (..., n_features, n_hidden).
        gradient_bias: (..., n_features).
        neglected: (...), probability of the sets that were left out; the loss lacks at most that times the largest
            possible squared error.
    """

    loss: PerModel
    gradient_W: Real
    gradient_bias: PerFeature
    neglected: PerModel


def exact_loss(
    W: ArrayLike,
    bias: ArrayLike,
    *,
    feature_probability: ArrayLike | None = None,
    importance: ArrayLike = 1.0,
    magnitude: Magnitude = "uniform",
    at_most: int | None = None,
    sets: ActiveSets | None = None,
) -> ExactLoss:
    """Expected loss Σ_i I_i E (x_i - ReLU((W Wᵀ x)_i + b_i))² of the ReLU-output model, and its gradient.

    Args:
        W: (..., n_features, n_hidden), real. Leading axes are models.
        bias: (..., n_features), or one for all.
        feature_probability: chance that each feature is present, (n_features,) or one for all; independent features.
        importance: weight of each squared error, (n_features,) or one for all, at least 0.
        magnitude: "uniform", "signed_uniform" or "boolean".
        at_most: leave out samples with more features present than this; needed from 9 features on.
        sets: another law of which features are present, instead of feature_probability.

    Returns:
        Loss per sample, gradient and neglected probability. The error of the loss is below 1e-7 of its value (tests:
        below 1e-9 wherever the loss is not itself a difference of nearly equal inputs).

    Raises:
        ShapeError: shapes that do not fit W.
        InputError: a probability outside [0, 1], a negative importance, neither or both laws, too many sets, or more
            than 8 features present together.

    Example: an antipodal pair, both present with probability 0.1; each then suffers from the other.
        >>> result = exact_loss([[1.0], [-1.0]], 0.0, feature_probability=0.1)
        >>> print(result.loss.round(12))
        0.003333333333

    Source:
        Elhage et al. 2022, Toy Models of Superposition, on the mathematics of the loss, carried to every order in p.
    """
    W = as_directions(W)
    n, m = W.shape[-2:]
    (b,) = per_row(W.shape[:-1], bias=as_real(bias, "bias"))
    (weights,) = per_row((n,), importance=as_importance(importance))
    law = _law(n, feature_probability, at_most, sets)
    # copies: arrays that are contiguous and can be written to need one compiled version, not one for each kind
    models, biases = np.array(W.reshape(-1, n, m), order="C"), np.array(np.broadcast_to(b, W.shape[:-1]).reshape(-1, n))
    members, sizes, probability, weights = (np.array(a, order="C") for a in (*law[:3], weights))
    losses, slopes_W, slopes_b = np.zeros(len(models)), np.zeros(models.shape), np.zeros(biases.shape)
    kind = MAGNITUDES[as_magnitude(magnitude)]
    work = loss_workspace(n)
    for a in range(len(models)):
        losses[a] = loss_and_gradient(
            models[a], biases[a], members, sizes, probability, weights, kind, work, slopes_W[a], slopes_b[a],
        )  # fmt: skip
    lead = W.shape[:-2]
    return ExactLoss(
        loss=losses.reshape(lead),
        gradient_W=slopes_W.reshape(W.shape),
        gradient_bias=slopes_b.reshape(W.shape[:-1]),
        neglected=np.broadcast_to(law.neglected, lead).copy(),
    )


def _law(n: int, p: ArrayLike | None, at_most: int | None, sets: ActiveSets | None) -> ActiveSets:
    if (p is None) == (sets is None):
        raise InputError("give either feature_probability or sets: which features are present, and how often.")
    if sets is None:
        (each,) = per_row((n,), feature_probability=as_probability(p if p is not None else 0.0))
        sets = independent_sets(each, at_most=at_most)
    _check_sets(sets, n)
    return sets


def _check_sets(sets: ActiveSets, n: int) -> None:
    # compiled code looks at no bounds
    if sets.probability.shape != sets.sizes.shape:
        raise ShapeError(
            f"the probabilities of the sets have shape {sets.probability.shape}, expected {sets.sizes.shape}: the loss "
            "is that of one problem. Call it for each problem."
        )
    largest, highest = int(sets.sizes.max()), int(sets.members.max())
    if largest > MOST_SLOPES:
        raise InputError(
            f"the exact loss takes at most {MOST_SLOPES} features present together; these sets have up to {largest}. "
            f"Pass at_most={MOST_SLOPES} or less: the probability of larger sets is returned."
        )
    if highest >= n:
        raise InputError(f"a set has the feature {highest}, but W has only the features 0 to {n - 1}.")


class LossWorkspace(NamedTuple):
    """Arrays for one loss at a time: W Wᵀ, the derivatives by its entries, and room for an integral."""

    G: np.ndarray
    slope_G: np.ndarray
    integral: Workspace


def loss_workspace(n_features: int) -> LossWorkspace:
    """Room for the exact loss of a model with so many features."""
    return LossWorkspace(np.zeros((n_features, n_features)), np.zeros((n_features, n_features)), workspace())


@compiled
def loss_and_gradient(
    W: Any, bias: Any, members: Any, sizes: Any, probability: Any, importance: Any, magnitude: int, work: Any,
    slope_W: Any, slope_bias: Any,
) -> float:  # fmt: skip
    """Exact loss of one model; the gradients are written into the last two arrays."""
    n, m = W.shape
    G, slope_G = work.G, work.slope_G
    for i in range(n):
        slope_bias[i] = 0.0
        for j in range(n):
            G[i, j] = slope_G[i, j] = 0.0
            for k in range(m):
                G[i, j] += W[i, k] * W[j, k]
    loss = 0.0
    for s in range(sizes.size):
        for j in range(n):
            weight = probability[s] * importance[j]
            if weight != 0.0:
                loss += weight * _output_error(bias[j], members, s, sizes[s], j, weight, magnitude, work, slope_bias)
    for i in range(n):
        for k in range(m):
            slope_W[i, k] = 0.0
            for j in range(n):
                slope_W[i, k] += (slope_G[i, j] + slope_G[j, i]) * W[j, k]
    return loss


@compiled
def _output_error(
    b: float, members: Any, s: int, size: int, j: int, weight: float, magnitude: int, work: Any, slope_bias: Any
) -> float:
    """Expected squared error of output j given set s of present features; adds its derivatives."""
    g, first, second = work.integral.g, work.integral.first, work.integral.second
    own, total = -1, 0.0
    for i in range(size):
        g[i] = work.G[j, members[s, i]]
        total += g[i]
        if members[s, i] == j:
            own = i
    if magnitude == BOOLEAN:
        z = b + total
        error = max(z, 0.0) - (1.0 if own >= 0 else 0.0)
        if z > 0:
            slope_bias[j] += weight * 2 * error
            for i in range(size):
                work.slope_G[j, members[s, i]] += weight * 2 * error
        return error * error
    # x = stretch u - shift with u uniform on [0, 1]
    stretch, shift = (2.0, 1.0) if magnitude == SIGNED_UNIFORM else (1.0, 0.0)
    for i in range(size):
        g[i] *= stretch
    error = master_integral(size, b - shift * total, work.integral)
    if own >= 0:  # E x² - 2 E x ReLU(z) + E ReLU(z)²; E u ReLU(z) is half the derivative of F by its slope
        error += 1 / 3 - stretch * first[own] + shift * first[size]
    by_bias = _derivative(first, second, own, size, size, stretch, shift)
    slope_bias[j] += weight * by_bias
    for i in range(size):
        change = stretch * _derivative(first, second, own, i, size, stretch, shift) - shift * by_bias
        work.slope_G[j, members[s, i]] += weight * change
    return error


@compiled
def _derivative(first: Any, second: Any, own: int, by: int, size: int, stretch: float, shift: float) -> float:
    """Derivative of the squared error by one argument of its integral."""
    if own < 0:
        return first[by]
    return first[by] - stretch * second[own, by] + shift * second[size, by]
