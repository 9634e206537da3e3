"""How features depend on each other: what is refused, and what follows for each feature.

The functions take the fields of a problem one by one, as the problem itself calls them when it is built.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BeforeValidator

from tegum.ground.errors import InputError
from tegum.ground.record import plain_number

_ROUNDING = 1e-9  # sums of probabilities such as six times 1/6

Sets = tuple[tuple[int, ...], ...]


def _pairs(parents: Any) -> Any:
    """A mapping as pairs; keys are text where it comes from TOML or JSON."""
    return [(int(child), parent) for child, parent in parents.items()] if isinstance(parents, Mapping) else parents


def _number_or_rows(correlation: Any) -> Any:
    plain = correlation.tolist() if hasattr(correlation, "tolist") else correlation
    if plain is None or isinstance(plain, int | float | str):
        return plain if plain is None else float(plain_number(plain))
    return [[float(plain_number(entry)) for entry in row] for row in plain]


Parents = Annotated[
    tuple[tuple[int, int], ...], BeforeValidator(_pairs), AfterValidator(lambda pairs: tuple(sorted(pairs)))
]
Correlation = Annotated[float | tuple[tuple[float, ...], ...] | None, BeforeValidator(_number_or_rows)]


def check_sets(p: np.ndarray, correlated: Sets, exclusive: Sets) -> None:
    """Refuse sets that overlap, that name unknown features, or whose probabilities do not fit.

    Raises:
        InputError: any of these.
    """
    for name, sets in (("correlated_sets", correlated), ("exclusive_sets", exclusive)):
        listed = [feature for members in sets for feature in members]
        if any(not 0 <= feature < len(p) for feature in listed) or len(set(listed)) < len(listed):
            raise InputError(
                f"{name} must hold features 0 to {len(p) - 1}, each in one set at most; got {sets}. "
                "Merge or shorten the sets."
            )
        for members in sets:
            if len({float(p[feature]) for feature in members}) > 1:
                how = "together" if name == "correlated_sets" else "one at a time"
                raise InputError(
                    f"features that are present {how} need one feature_probability; those of {members} differ. Give "
                    "them one value."
                )
    for feature in sorted({f for s in correlated for f in s} & {f for s in exclusive for f in s}):
        raise InputError(f"feature {feature} is in a correlated and in an exclusive set; take it out of one of them.")
    for members in exclusive:
        total = sum(float(p[feature]) for feature in members)
        if total > 1 + _ROUNDING:
            raise InputError(
                f"one member of an exclusive set is present at a time, so their probabilities add up to at most 1; "
                f"those of {members} add up to {total:g}. feature_probability is that of a member: if it was meant "
                f"for the set, divide it by {len(members)}."
            )


def parent_of(n_features: int, parents: Sequence[tuple[int, int]]) -> np.ndarray:
    """Parent of each feature, int64 (n_features,); a feature without one is its own.

    Example:
        >>> parent_of(3, [(1, 0), (2, 1)])
        array([0, 0, 1])
    """
    parent = np.arange(n_features)
    for child, above in parents:
        parent[child] = above
    return parent


def check_parents(n_features: int, parents: Sequence[tuple[int, int]], sets: Sets) -> None:
    """Refuse circles, two parents of one feature, and sets whose members have different parents.

    Raises:
        InputError: any of these, or an unknown feature.
    """
    children = [child for child, _ in parents]
    if any(not 0 <= feature < n_features for pair in parents for feature in pair):
        raise InputError(f"parents must be pairs (child, parent) of features 0 to {n_features - 1}; got {parents}.")
    if len(set(children)) < len(children):
        twice = next(child for child in children if children.count(child) > 1)
        raise InputError(f"a feature has one parent at most; parents names feature {twice} as a child twice.")
    above = dict(parents)
    for child in children:
        seen, feature = {child}, above[child]
        while feature in above and feature not in seen:
            seen.add(feature)
            feature = above[feature]
        if feature in seen:
            raise InputError(f"parents must not run in a circle; feature {feature} is its own ancestor in {parents}.")
    for members in sets:
        if len({above.get(feature) for feature in members}) > 1:
            raise InputError(
                f"the features of a set need one parent, or none; those of {members} have different ones. Name the "
                "same parent for each of them."
            )


def check_correlation(n_features: int, correlation: float | tuple[tuple[float, ...], ...] | None) -> None:
    """Refuse what no normal vector can have as its correlations.

    Raises:
        InputError: a number outside (-1/(n-1), 1), or no correlation matrix.
    """
    if correlation is None:
        return
    if isinstance(correlation, int | float):
        lowest = -1 / (n_features - 1) if n_features > 1 else -1.0
        if not lowest < correlation < 1:
            raise InputError(
                f"one correlation for all pairs of {n_features} features must lie between {lowest:g} and 1, both "
                f"excluded; got {correlation:g}. For features that are always present together use correlated_sets, "
                "for features that exclude each other exclusive_sets."
            )
        return
    if {len(row) for row in correlation} != {n_features} or len(correlation) != n_features:
        raise InputError(
            f"correlation must be one number or a matrix of {n_features} rows with {n_features} entries each; got "
            f"{len(correlation)} rows of lengths {sorted({len(row) for row in correlation})}."
        )
    matrix = np.array(correlation)
    if not (np.allclose(matrix, matrix.T, rtol=0, atol=1e-12) and np.allclose(np.diag(matrix), 1, rtol=0, atol=1e-12)):
        raise InputError("a correlation matrix is symmetric and has ones on its diagonal; this one is not so.")
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < -1e-10:
        raise InputError(
            f"a correlation matrix has no negative eigenvalue; the smallest of this one is {smallest:.3g}. Make the "
            "entries smaller in size; nothing is repaired here."
        )


def marginals(p: np.ndarray, parents: Sequence[tuple[int, int]]) -> np.ndarray:
    """Chance that a feature is present, whatever the others do: p times that of all its ancestors.

    Example:
        >>> marginals(np.array([0.5, 0.4, 0.1]), [(1, 0), (2, 1)])
        array([0.5 , 0.2 , 0.02])
    """
    parent, chance = parent_of(len(p), parents), p.copy()
    for feature, _ in parents:
        above = feature
        while parent[above] != above:
            above = parent[above]
            chance[feature] *= p[above]
    return chance


def empty_probability(p: np.ndarray, correlated: Sets, exclusive: Sets, parents: Sequence[tuple[int, int]]) -> float:
    """Chance that a sample holds no feature; children are absent where all features without a parent are.

    Example:
        >>> empty_probability(np.array([0.25, 0.25, 0.5]), (), ((0, 1),), ())
        0.25
    """
    children = {child for child, _ in parents}
    alone = set(range(len(p))) - {feature for members in (*correlated, *exclusive) for feature in members} - children
    factors = [1 - p[feature] for feature in alone]
    factors += [1 - p[members[0]] for members in correlated if members and members[0] not in children]
    factors += [1 - len(members) * p[members[0]] for members in exclusive if members and members[0] not in children]
    return float(max(np.prod(factors), 0.0))
