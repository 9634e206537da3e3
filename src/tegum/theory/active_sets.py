"""Which features are present together, and how often: the law over which the exact loss is summed."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError, ShapeError
from tegum.theory.inputs import as_probability

MOST_SETS = 200_000


class ActiveSets(NamedTuple):
    """Sets of present features with their probabilities.

    `members` (n_sets, largest) lists the features of each set and is filled up with -1; `sizes` (n_sets,) counts them;
    `probability` (..., n_sets); `neglected` (...) is the probability of all sets that are not listed.
    """

    members: np.ndarray
    sizes: np.ndarray
    probability: np.ndarray
    neglected: np.ndarray


def independent_sets(feature_probability: ArrayLike, *, at_most: int | None = None) -> ActiveSets:
    """All sets of at most so many independent features.

    Args:
        feature_probability: (..., n_features), in [0, 1]. Leading axes are problems.
        at_most: largest number of present features to list; all of them if None.

    Returns:
        The sets, smallest first, and the probability that more features are present.

    Raises:
        InputError: a probability outside [0, 1], a negative at_most, or more than 200 000 sets.

    Example:
        >>> sets = independent_sets([0.5, 0.5], at_most=1)
        >>> sets.members.ravel().tolist(), sets.probability.tolist(), sets.neglected.round(12).tolist()
        ([-1, 0, 1], [0.25, 0.25, 0.25], 0.25)
    """
    p = np.atleast_1d(as_probability(feature_probability))
    if at_most is not None and at_most < 0:
        raise InputError(f"at_most counts present features, so it must be at least 0; got {at_most}.")
    n = p.shape[-1]
    most = n if at_most is None else min(at_most, n)
    chosen = []
    for size in range(most + 1):
        chosen += itertools.combinations(range(n), size)
        if len(chosen) > MOST_SETS:
            raise InputError(
                f"there are more than {MOST_SETS} sets of at most {most} of {n} features. Pass at_most=2 or 3: the "
                "probability of larger sets is returned."
            )
    members, sizes = _table(chosen)
    present = np.zeros((len(chosen), n), bool)
    for row, features in enumerate(chosen):
        present[row, list(features)] = True
    probability = np.where(present, p[..., None, :], 1 - p[..., None, :]).prod(axis=-1)
    neglected = np.zeros(p.shape[:-1]) if most == n else np.maximum(1 - probability.sum(axis=-1), 0)
    return ActiveSets(members, sizes, probability, neglected)


def grouped_sets(groups: Sequence[Sequence[int]], group_probability: ArrayLike) -> ActiveSets:
    """Groups of features that are always present together, independently of other groups (correlated sets).

    Args:
        groups: the features of each group.
        group_probability: (..., n_groups) or one for all.

    Returns:
        The sets: every union of groups.

    Raises:
        InputError: a feature is in two groups, or a probability lies outside [0, 1].
        ShapeError: the number of probabilities is not that of the groups.

    Example:
        >>> grouped_sets([[0, 1], [2, 3]], 0.5).sizes.tolist()
        [0, 2, 2, 4]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on correlated features.
    """
    listed = [feature for group in groups for feature in group]
    if len(set(listed)) < len(listed):
        raise InputError(f"a feature belongs to one group only; got the groups {[list(group) for group in groups]}.")
    p = as_probability(group_probability)
    if p.ndim and p.shape[-1] not in (1, len(groups)):
        raise ShapeError(
            f"group_probability has shape {p.shape}, expected one value or (..., n_groups={len(groups)}): a group has "
            "one probability for all its features."
        )
    p = np.broadcast_to(p, (*p.shape[:-1], len(groups)))
    unions = independent_sets(p)
    chosen = [
        [feature for group in row[:size] for feature in groups[group]]
        for row, size in zip(unions.members.tolist(), unions.sizes.tolist(), strict=True)
    ]
    members, sizes = _table(chosen)
    return ActiveSets(members, sizes, unions.probability, unions.neglected)


class _Block(NamedTuple):
    """Features whose presence one random word decides."""

    members: tuple[int, ...]
    exclusive: bool


_Outcomes = list[tuple[tuple[int, ...], Real]]
"""Present features and their probability (...); each set once."""


def dependent_sets(
    feature_probability: ArrayLike,
    *,
    correlated_sets: Sequence[Sequence[int]] = (),
    exclusive_sets: Sequence[Sequence[int]] = (),
    parents: Sequence[tuple[int, int]] = (),
    at_most: int | None = None,
) -> ActiveSets:
    """All sets of at most so many features that depend on each other as a `Problem` says.

    Features without a parent, and sets of them, are independent. Given which are present, the same holds for their
    children, and so on.

    Args:
        feature_probability: (..., n_features), in [0, 1]; of a child, given that its parent is present.
        correlated_sets: features that are always present together.
        exclusive_sets: features of which at most one is present; the probability is that of each.
        parents: pairs (child, parent).
        at_most: largest number of present features to list; all of them if None.

    Returns:
        The sets and the probability that more features are present.

    Raises:
        InputError: a probability outside [0, 1], a feature in two sets, a circle of parents, or more than 200 000 sets.

    Example: two features that exclude each other, and a child of the first.
        >>> sets = dependent_sets([0.3, 0.3, 0.5], exclusive_sets=[(0, 1)], parents=[(2, 0)])
        >>> [row[:size] for row, size in zip(sets.members.tolist(), sets.sizes.tolist(), strict=True)]
        [[], [0], [0, 2], [1]]
        >>> sets.probability.round(12).tolist()
        [0.4, 0.15, 0.15, 0.3]
    """
    p = np.atleast_1d(as_probability(feature_probability))
    blocks = _blocks(p.shape[-1], correlated_sets, exclusive_sets)
    above = dict(parents)
    children: dict[int | None, list[_Block]] = {}
    for block in blocks:
        children.setdefault(above.get(block.members[0]), []).append(block)
    most = p.shape[-1] if at_most is None else at_most
    outcomes = _together([_outcomes(block, p, children, most) for block in children.get(None, [])], p.shape[:-1], most)
    reached = {feature for members, _ in outcomes for feature in members}
    if at_most is None and len(reached) < p.shape[-1]:
        raise InputError(f"parents must not run in a circle; got {list(parents)}.")
    members, sizes = _table([features for features, _ in outcomes])
    probability = np.stack([chance for _, chance in outcomes], axis=-1)
    neglected = np.zeros(p.shape[:-1]) if at_most is None else np.maximum(1 - probability.sum(axis=-1), 0)
    return ActiveSets(members, sizes, probability, neglected)


def _blocks(n: int, correlated: Sequence[Sequence[int]], exclusive: Sequence[Sequence[int]]) -> list[_Block]:
    """The sets, and every other feature alone, ordered by their first features."""
    sets = [_Block(tuple(members), False) for members in correlated if len(members)]
    sets += [_Block(tuple(members), True) for members in exclusive if len(members)]
    listed = [feature for block in sets for feature in block.members]
    if len(set(listed)) < len(listed) or any(not 0 <= feature < n for feature in listed):
        raise InputError(f"a set has features 0 to {n - 1}, and a feature belongs to one set only; got {listed}.")
    alone = [_Block((feature,), False) for feature in range(n) if feature not in set(listed)]
    return sorted([*sets, *alone], key=lambda block: block.members[0])


def _outcomes(block: _Block, p: np.ndarray, children: dict[int | None, list[_Block]], most: int) -> _Outcomes:
    """What can come of a block whose parent is present: its own features, and all that descend from them."""
    chance = np.asarray(p[..., block.members[0]])
    kinds = [(member,) for member in block.members] if block.exclusive else [block.members]
    # members that exclude each other and fill everything may add up to 1 with a rounding error
    outcomes: _Outcomes = [((), np.asarray(np.maximum(1 - len(kinds) * chance, 0.0)))]
    for present in kinds:
        if len(present) <= most:
            below = [_outcomes(child, p, children, most) for member in present for child in children.get(member, [])]
            outcomes += _together([[(present, chance)], *below], p.shape[:-1], most)
    return outcomes


def _together(parts: Sequence[_Outcomes], shape: tuple[int, ...], most: int) -> _Outcomes:
    """Independent parts side by side."""
    joint: _Outcomes = [((), np.ones(shape))]
    for part in parts:
        joint = [(a + b, np.asarray(p * q)) for a, p in joint for b, q in part if len(a) + len(b) <= most]
        if len(joint) > MOST_SETS:
            raise InputError(
                f"there are more than {MOST_SETS} sets of present features. Pass at_most=2 or 3: the probability of "
                "larger sets is returned."
            )
    return joint


def _table(chosen: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.array([len(features) for features in chosen], np.int64)
    members = np.full((len(chosen), max(1, int(sizes.max()))), -1, np.int64)
    for row, features in enumerate(chosen):
        members[row, : len(features)] = features
    return members, sizes
