"""Tegum factors: groups of features that share dimensions among themselves and with no other group.

Where is the threshold below which a cosine counts as 0? A constant one fails: the cosines of a simplex are -1/r, and
noise of a trained model reaches that size. What does not depend on the size of cosines is a count: factors are
orthogonal only if their ranks add up to the rank of all features. So factors are as many as that allows.
"""

from collections.abc import Iterator

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from tegum.ground.arrays import Directions

# Directions use a dimension if a squared singular value is above this. In a tight frame of c rows in r dimensions each
# is c/r, at least 1; a simplex that lacks a corner has one of 1/r; noise of 0.02 in each of 30 columns leaves 0.03.
_IN_USE = 0.05
# Features of different factors may have cosines of at most this,
LARGEST_COSINE = 0.2
# and all squared cosines to other factors may add up to this share of those within the factor.
LARGEST_LEAK = 0.1


def tegum_factors(units: Directions) -> list[np.ndarray]:
    """Split directions into as many mutually orthogonal groups as there are, up to noise.

    Features are joined in the order of their absolute cosines, until the ranks of the groups add up to the rank of all
    features; each group is split again in the same way. Ranks can add up without right angles, so groups are then
    joined while features of two of them have a cosine above 0.2, or all others together take more than a tenth of what
    a group has.

    Args:
        units: (n_features, n_hidden), rows of length 1.

    Returns:
        The groups, each an ascending array of row numbers, in the order of their first members.

    Example: two antipodal pairs, one of them askew by a little.
        >>> tegum_factors(np.array([[1, 0], [0.01, 1], [-1, 0], [0, -1]]))
        [array([0, 2]), array([1, 3])]
    """
    squared = np.square(units @ units.T)
    groups = list(_split(units, np.arange(len(units))))
    while (worst := _leaking(squared, groups)) is not None:
        groups = _joined(groups, *worst)
    return sorted((np.sort(group) for group in groups), key=lambda group: int(group[0]))


def rank(units: Directions) -> int:
    """Number of dimensions that directions use, beyond noise.

    Args:
        units: (n_features, n_hidden), rows of length 1.

    Returns:
        The count of squared singular values above 0.05; in a tight frame each is n_features / n_hidden.

    Example:
        >>> rank(np.array([[1.0, 0.0], [-1.0, 0.02]]))
        1
    """
    return int((np.linalg.svd(units, compute_uv=False) ** 2 > _IN_USE).sum())


def leaks(squared: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Squared cosines to features outside of the group over those inside, the feature itself included; (n_groups,)."""
    inside = np.array([squared[np.ix_(group, group)].sum() for group in groups])
    return np.array([squared[group].sum() for group in groups]) / inside - 1


def _split(units: np.ndarray, members: np.ndarray) -> Iterator[np.ndarray]:
    """Groups whose ranks add up, found by bisection: joining more features never makes the sum of ranks larger."""
    if len(members) == 1:
        yield members
        return
    own = units[members]
    distance = 1 - np.abs(own @ own.T)[np.triu_indices(len(own), 1)]
    tree = linkage(np.clip(distance, 0, 1), "single")
    whole = rank(own)
    heights = np.append(-1.0, np.unique(tree[:, 2]))  # the first joins nothing, the last everything
    few, many = 0, len(heights) - 1  # places among the heights: too few joins, enough of them
    while few < many:
        middle = (few + many) // 2
        enough = sum(rank(own[part]) for part in _joined_up_to(tree, heights[middle])) <= whole
        few, many = (few, middle) if enough else (middle + 1, many)
    parts = _joined_up_to(tree, heights[many])
    if len(parts) == 1:
        yield members
        return
    for part in parts:
        yield from _split(units, members[part])


def _joined_up_to(tree: np.ndarray, height: float) -> list[np.ndarray]:
    """The groups after all joins of the tree at distances up to this one; rounding does not tell equal ones apart."""
    labels = fcluster(tree, height + 1e-9, "distance")
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _leaking(squared: np.ndarray, groups: list[np.ndarray]) -> tuple[int, int] | None:
    """Two groups that belong together: the one with the largest leak and its closest; None if no leak is too large."""
    label = np.empty(len(squared), int)
    for k, group in enumerate(groups):
        label[group] = k
    outside = np.where(label[:, None] != label, squared, 0.0)
    i, j = np.unravel_index(outside.argmax(), outside.shape)
    if outside[i, j] > LARGEST_COSINE**2:
        return int(label[i]), int(label[j])
    worst = int(leaks(squared, groups).argmax())
    if leaks(squared, groups)[worst] <= LARGEST_LEAK:
        return None
    return worst, int(np.bincount(label, outside[groups[worst]].sum(axis=0)).argmax())


def _joined(groups: list[np.ndarray], a: int, b: int) -> list[np.ndarray]:
    return [group for k, group in enumerate(groups) if k not in (a, b)] + [np.concatenate([groups[a], groups[b]])]
