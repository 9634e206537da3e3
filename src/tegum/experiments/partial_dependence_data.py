"""Descents and training for features that depend on each other only to a degree: a Gaussian copula, and hierarchies."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

from tegum.geometry import overlap
from tegum.kernels.interface import Law
from tegum.problem import Axis, DescentSettings, Grid, Problem
from tegum.theory.active_sets import ActiveSets
from tegum.theory.copula import joint_presence


def pair_law(n_pairs: int, p: float, joint: float) -> Law:
    """The law of independent pairs (0, 1), (2, 3), ...: both present with probability `joint`, each with p.

    A Gaussian copula of two features is such a law, so its exact loss is known; of more than two it is not.
    """
    of_a_pair = [((), 1 - 2 * p + joint), ((0,), p - joint), ((1,), p - joint), ((0, 1), joint)]
    outcomes = [
        ([2 * k + i for k, (present, _) in enumerate(each) for i in present], np.prod([chance for _, chance in each]))
        for each in product(of_a_pair, repeat=n_pairs)
    ]
    members = np.full((len(outcomes), 2 * n_pairs), -1, np.int64)
    for row, (present, _) in enumerate(outcomes):
        members[row, : len(present)] = present
    sizes = np.array([len(present) for present, _ in outcomes], np.int64)
    chances = np.array([chance for _, chance in outcomes])

    def law(probabilities: np.ndarray) -> ActiveSets:
        shape = probabilities.shape[:-1]
        return ActiveSets(members, sizes, np.broadcast_to(chances, (*shape, len(chances))).copy(), np.zeros(shape))

    return law


def pairs_correlated(problem: Problem, correlation: Sequence[float]) -> Grid:
    """The problem with that correlation within the pairs (0, 1), (2, 3), ... and none between them."""
    within = np.kron(np.eye(problem.n_features // 2), np.ones((2, 2))) - np.eye(problem.n_features)
    matrices = [(np.eye(problem.n_features) + rho * within).tolist() for rho in correlation]
    return Grid(problem, pair_correlation=Axis(labels=list(correlation), fields={"correlation": matrices}))


def children(problem: Problem, child_probability: Sequence[float]) -> Grid:
    """Parent (feature 0) and child (feature 1) at each probability of the child given its parent."""
    parent = float(problem.probabilities[0])
    fields = {"feature_probability": [(parent, q) for q in child_probability]}
    return Grid(problem, child_probability=Axis(labels=list(child_probability), fields=fields))


def as_independent(grid: Grid) -> Grid:
    """The same marginal probabilities without the hierarchy."""
    cells = grid.cells()
    fields = {"feature_probability": [cell.marginal_probabilities.tolist() for cell in cells]}
    return Grid(grid.problem.replace(parents=()), child_probability=Axis(labels=grid.axes[0].values, fields=fields))


def lowest_ends(
    problems: Sequence[tuple[Problem, Law | None]], settings: DescentSettings, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The lowest exact loss among descents whose first two features point to the same side, and among the others.

    Returns:
        Losses (n_problems, 2), infinite where no descent ended so, and the W of the lowest of all
        (n_problems, n_features, n_hidden).
    """
    from tegum.kernels.exact import find_each  # numba takes its time to load

    losses, best = np.full((len(problems), 2), np.inf), []
    for row, (problem, law) in enumerate(problems):
        W, _, loss = find_each([problem], settings, seed=seed, law=law)
        same_side = overlap(W[0])[:, 0, 1] > 0
        for column, chosen in enumerate((same_side, ~same_side)):
            losses[row, column] = loss[0].min(where=chosen, initial=np.inf)
        best.append(W[0, loss[0].argmin()])
    return losses, np.stack(best)


def crossing(
    problem: Problem, conditional: Sequence[float], p: Sequence[float], settings: DescentSettings, seed: int
) -> xr.Dataset:
    """Lowest exact losses with both features on one side and on opposite ones, over P(the one | the other)."""
    cells = [(problem.replace(feature_probability=q), pair_law(1, q, c * q)) for q in p for c in conditional]
    losses, _ = lowest_ends(cells, settings, seed=seed)
    return xr.Dataset(
        {"loss": (("feature_probability", "conditional", "side"), losses.reshape(len(p), len(conditional), 2))},
        {"feature_probability": list(p), "conditional": list(conditional), "side": ["same", "opposite"]},
    )


def exact_cosines(
    problem: Problem, correlation: Sequence[float], settings: DescentSettings, seed: int
) -> xr.Dataset:
    """Cosine of features 0 and 1 in the exact optimum, over the correlation of the normal numbers of each pair."""
    p = float(problem.probabilities[0])
    joint: Any = joint_presence(p, p, np.asarray(correlation))
    n_pairs = problem.n_features // 2
    _, best = lowest_ends([(problem, pair_law(n_pairs, p, float(both))) for both in joint], settings, seed=seed)
    return xr.Dataset(
        {"W": (("correlation", "feature", "hidden"), best), "conditional": ("correlation", joint / p)},
        {"correlation": list(correlation)},
    )
