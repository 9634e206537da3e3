"""Layer 6: branches of optima, followed while a problem changes."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tegum.problem import DescentSettings, Problem

_TOLERANCE = 1e-9


class Branch(NamedTuple):
    """Optima along a sequence of problems; the first axis is the problem."""

    W: np.ndarray  # (n_problems, n_features, n_hidden)
    bias: np.ndarray  # (n_problems, n_features)
    loss: np.ndarray  # (n_problems,)
    gradient: np.ndarray  # (n_problems,), largest entry of the gradient of loss / loss of the answer 0
    curvature: np.ndarray  # (n_problems,), smallest eigenvalue of its Hessian


def follow_branch(problems: Sequence[Problem], W: np.ndarray, bias: np.ndarray) -> Branch:
    """Descend on the exact loss at each problem from the optimum of the problem before.

    Args:
        problems: neighbours in the sequence should differ little, or the descent may fall into another branch.
        W: start at the first problem, (n_features, n_hidden).
        bias: start at the first problem, (n_features,).

    Returns:
        The optimum at each problem.

    Raises:
        InputError: the exact loss does not cover a problem.

    Example: a pentagon stays the optimum while features get rarer.
        >>> import numpy as np
        >>> problems = [Problem(n_features=5, n_hidden=2, feature_probability=p) for p in (0.05, 0.04)]
        >>> turns = 2 * np.pi * np.arange(5) / 5
        >>> branch = follow_branch(problems, np.stack([np.cos(turns), np.sin(turns)], 1), np.full(5, -0.2))
        >>> branch.loss.round(6).tolist()
        [0.008904, 0.006379]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section Non-Uniform Superposition, who follow loss curves.
    """
    from tegum.kernels.exact import check_problems, find  # numba takes its time to load

    check_problems(problems)
    settings = DescentSettings(n_starts=1, n_optima=1, tolerance=_TOLERANCE)
    point = np.concatenate([W.ravel(), bias])
    found = []
    for problem in problems:
        optima = find([problem], settings, seed=0, starts=point[None, None])
        found.append([column[0, 0] for column in optima[:3]] + [optima.gradient[0, 0], optima.curvature[0, 0]])
        point = np.concatenate([found[-1][0].ravel(), found[-1][1]])
    return Branch(*(np.array(column) for column in zip(*found, strict=True)))


def crossing(
    problem_at: Callable[[float], Problem], first: Branch, second: Branch, places: Sequence[float], *, tolerance: float
) -> float:
    """Where the losses of two branches are equal.

    Args:
        problem_at: the problem at a place.
        first: a branch over `places`.
        second: another branch over them.
        places: where the branches were computed, in order; their difference must change its sign among them.
        tolerance: half-width of the result, in the unit of the places.

    Returns:
        The place, by bisection with both branches followed into the bracket.

    Raises:
        InputError: the difference keeps its sign.
    """
    from tegum.ground.errors import InputError

    difference = first.loss - second.loss
    changes = np.flatnonzero(np.sign(difference[:-1]) != np.sign(difference[1:]))
    if not len(changes):
        raise InputError("the two branches do not cross among these places; follow them further.")
    k = int(changes[0])
    low, high = places[k], places[k + 1]
    at_low = difference[k]
    while abs(high - low) > 2 * tolerance:
        middle = (low + high) / 2
        ends = [follow_branch([problem_at(middle)], branch.W[k], branch.bias[k]).loss[0] for branch in (first, second)]
        if np.sign(ends[0] - ends[1]) == np.sign(at_low):
            low = middle
        else:
            high = middle
    return (low + high) / 2
