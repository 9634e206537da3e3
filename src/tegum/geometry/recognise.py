"""Say what shapes the features of a model form."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from tegum.geometry.catalogue import plural_of, shapes
from tegum.geometry.factors import leaks, rank, tegum_factors
from tegum.geometry.gram import unit_rows
from tegum.ground.arrays import ArrayLike, as_directions
from tegum.ground.errors import InputError, ShapeError

TOLERANCE = 0.08
"""Largest root mean square difference of cosines at which a shape still has its name.

Noise of 0.03 in each entry makes a difference of 0.06 at most (95 %). Random directions that come as close to a shape
are rare beyond a triangle: see docs/geometry.md.
"""

_COLLAPSED_COSINE = 0.97
ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class Factor:
    """Features that share some dimensions among themselves and with no others.

    Args:
        members: the features, ascending; collapsed ones all.
        n_directions: how many different directions they have, c.
        rank: number of dimensions that they span, r.
        name: of the shape in the catalogue, or "irregular (c in r)".
        residual: root mean square difference between their cosines and those of the closest shape of the catalogue
            with c vertices in r dimensions; infinite if there is none.
        leak: squared cosines to all other features, over those among themselves. Others take about that share of
            their dimensions.
    """

    members: tuple[int, ...]
    n_directions: int
    rank: int
    name: str
    residual: float
    leak: float


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What shapes the features of a model form.

    Args:
        factors: the groups, largest first, equal ones in the order of their features.
        absent: features that are too short to have a direction.
        collapsed: sets of features that share one direction.
        dimensionalities: D_i of every feature, as `tegum.measure.feature_dimensionality` gives it for the whole model.
    """

    factors: tuple[Factor, ...]
    absent: tuple[int, ...]
    collapsed: tuple[tuple[int, ...], ...]
    dimensionalities: tuple[float, ...]

    @property
    def total_dimensionality(self) -> float:
        """Sum of all D_i, in dimensions."""
        return float(sum(self.dimensionalities))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """For each feature the name of the shape that it is in, or "absent"."""
        names = dict.fromkeys(self.absent, ABSENT)
        names |= {member: factor.name for factor in self.factors for member in factor.members}
        return tuple(names[feature] for feature in range(len(names)))

    @property
    def counts(self) -> dict[str, int]:
        """How many factors have each name, in the order of the factors."""
        return dict(Counter(factor.name for factor in self.factors))

    def __str__(self) -> str:
        found = " + ".join(f"{n} {name if n == 1 else plural_of(name)}" for name, n in self.counts.items())
        notes = [f"{_features(len(self.absent))} absent"] if self.absent else []
        if self.collapsed:
            n = sum(map(len, self.collapsed))
            notes.append(f"{_features(n)} collapsed onto {len(self.collapsed)}")
        return "; ".join([found or "nothing", *notes])


def _features(n: int) -> str:
    return f"{n} feature{'' if n == 1 else 's'}"


def recognise(W: ArrayLike | xr.DataArray, *, shortest: float = 0.3) -> Recognition:
    """Name the shapes that the features of one model form.

    Features shorter than a share of the longest are absent. Features whose cosine is above 0.97 have collapsed and
    count as one direction. The directions are split into tegum factors, groups in orthogonal subspaces. A factor of c
    directions in r dimensions is compared with every shape of the catalogue of that size, row by row: the sorted
    cosines of each feature to the others against those of a vertex. The closest gives its name if the root mean square
    difference is at most 0.08.

    Args:
        W: (n_features, n_hidden), real; or a DataArray with dimensions feature and hidden. Rotations, the order of
            features and the scale of W change nothing; columns of zeros neither.
        shortest: length of the shortest feature that is not absent, as a share of the longest, in (0, 1).

    Returns:
        The factors with their names. Printed, it is a summary in one line.

    Raises:
        ShapeError: W is not one matrix.
        InputError: W is not real or not finite, or `shortest` is out of range.

    Example:
        >>> from tegum.geometry import polygon, tegum_product
        >>> W = tegum_product(polygon(5), [[1.0], [-0.9], [0.01]], [[1.0]])
        >>> print(recognise(W))
        1 pentagon + 1 digon + 1 dedicated; 1 feature absent
        >>> recognise(W).names[4:7]
        ('pentagon', 'digon', 'digon')

    Known problems:
        Lengths count only for `shortest`, so a shape can have its name although its features own unequal shares: see
        `dimensionalities`. A simplex of more than 20 features looks like dedicated features with noise.
        In one dimension there are only antipodal and collapsed features, whatever made them.

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Geometry of Superposition.
    """
    matrix = _one_matrix(W)
    if not 0 < shortest < 1:
        raise InputError(f"shortest must lie strictly between 0 and 1, a share of the longest row; got {shortest}.")
    matrix = matrix / (np.abs(matrix).max() or 1.0)  # so that no square over- or underflows
    norms = np.linalg.norm(matrix, axis=1)
    present = np.flatnonzero(norms > shortest * norms.max())
    bundles = _bundles(unit_rows(matrix)[present], norms[present])
    units = _directions(matrix[present], bundles)
    groups = tegum_factors(units) if len(bundles) else []
    found = leaks(np.square(units @ units.T), groups)
    factors = [
        _factor(units[group], np.sort(present[np.concatenate([bundles[k] for k in group])]), float(leak))
        for group, leak in zip(groups, found, strict=True)
    ]
    factors.sort(key=lambda factor: (-factor.n_directions, -factor.rank, factor.name, factor.members))
    return Recognition(
        factors=tuple(factors),
        absent=tuple(sorted({*range(len(matrix))} - {*present.tolist()})),
        collapsed=tuple(sorted(tuple(np.sort(present[bundle]).tolist()) for bundle in bundles if len(bundle) > 1)),
        dimensionalities=tuple(_dimensionalities(matrix).tolist()),
    )


def _one_matrix(W: ArrayLike | xr.DataArray) -> np.ndarray:
    if isinstance(W, xr.DataArray) and {*W.dims} == {"feature", "hidden"}:
        W = W.transpose("feature", "hidden").values
    matrix = as_directions(np.asarray(W))
    if matrix.ndim != 2:
        raise ShapeError(
            f"W has shape {matrix.shape}, expected (n_features, n_hidden): one model, as models may differ in kind. "
            "Choose one, for instance the lowest-loss model with tegum.measure.lowest_loss."
        )
    return matrix


def _bundles(units: np.ndarray, norms: np.ndarray) -> list[np.ndarray]:
    """Features by direction: the longest that is left takes all within a cosine of 0.97, so that none can chain."""
    near = units @ units.T > _COLLAPSED_COSINE
    left, bundles = np.ones(len(units), bool), []
    for leader in np.argsort(-norms, kind="stable"):
        if left[leader]:
            bundles.append(np.flatnonzero(near[leader] & left))
            left[bundles[-1]] = False
    return sorted(bundles, key=lambda bundle: int(bundle[0]))


def _directions(W: np.ndarray, bundles: list[np.ndarray]) -> np.ndarray:
    return unit_rows(np.stack([W[bundle].sum(axis=0) for bundle in bundles])) if bundles else W[:0]


def _factor(units: np.ndarray, members: np.ndarray, leak: float) -> Factor:
    c, r = len(units), rank(units)
    cosines = np.sort(units @ units.T, axis=1)[:, :-1]  # the last is that to the feature itself
    distances = {shape.name: _root_mean_square(cosines - shape.profile) for shape in shapes(c, r)}
    name = min(distances, key=distances.__getitem__, default="")
    residual = distances.get(name, np.inf)
    return Factor(
        members=tuple(members.tolist()),
        n_directions=c,
        rank=r,
        name=name if residual <= TOLERANCE else f"irregular ({c} in {r})",
        residual=residual,
        leak=leak,
    )


def _root_mean_square(differences: np.ndarray) -> float:
    return float(np.sqrt(np.square(differences).sum() / max(differences.size, 1)))


def _dimensionalities(W: np.ndarray) -> np.ndarray:
    """D_i = G_ii² / (G²)_ii."""
    squared = np.square(W @ W.T)
    own = np.diag(squared)
    return np.divide(own, squared.sum(axis=1), out=np.zeros_like(own), where=own > 0)
