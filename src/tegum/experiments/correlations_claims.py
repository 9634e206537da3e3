"""What the models of dependent sets must show, from the stored datasets."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.starts import in_groups, over_groups, weights
from tegum.experiments.verdict import Part, always, within
from tegum.geometry import gram, overlap
from tegum.geometry.factors import tegum_factors
from tegum.ground.estimate import exact_estimate, share_estimate
from tegum.measure import lowest_loss

Sets = Sequence[Sequence[int]]
_PARTNER = -0.9


def judge(data: Data, sets: Mapping[str, Sets]) -> list[Finding]:
    """The claims of this experiment, from the stored datasets and the sets of each problem."""
    together, apart, crowded, bases = (data[name] for name in ("together", "apart", "crowded", "bases"))
    return [
        Finding(
            claim="s3.correlated-orthogonal",
            parts=[*_orthogonal(together, sets["together"]), *_bases(bases, sets["bases"])],
            figure="together",
        ),
        Finding(claim="s3.anticorrelated-antipodal", parts=_antipodal(apart, sets["apart"]), figure="apart"),
        Finding(claim="s3.side-by-side", parts=_side_by_side(crowded, sets["crowded"]), figure="crowded"),
        Finding(
            claim="tegum.side-by-side-neighbours",
            parts=_neighbours(crowded, data["exact_crowded"], sets["crowded"]),
            figure="crowded",
        ),
        Finding(
            claim="tegum.correlated-usual",
            parts=[
                _share("orthogonal, p = 0.05", orthogonal(_at(together, 0.05), sets["together"]), low=0.5),
                _share("local bases", local_bases(bases, sets["bases"]), low=0.5),
            ],
            figure="shares",
        ),
        Finding(
            claim="tegum.anticorrelated-usual",
            parts=[_share("opposite, p = 0.1", antipodal(_at(apart, 0.1), sets["apart"]), low=0.5)],
            figure="shares",
        ),
        Finding(
            claim="tegum.anticorrelated-usual-corrected",
            parts=[
                _share("opposite, p = 0.1", antipodal(_at(apart, 0.1), sets["apart"]), high=0.5),
                _share("opposite, p = 1", antipodal(_at(apart, 1.0), sets["apart"]), low=0.5),
            ],
            figure="shares",
        ),
        Finding(
            claim="tegum.exclusive-factors",
            parts=[
                *_factors(data["exact_apart"], sets["apart"], "2 sets of 2"),
                *_factors(data["exact_triples"], [(0, 1, 2), (3, 4, 5)], "2 sets of 3"),
            ],
            figure="apart",
        ),
        Finding(claim="tegum.exclusive-capacity", parts=_capacity(data["capacity"])),
    ]


def _at(data: xr.Dataset, p: float) -> xr.Dataset:
    return data.sel(set_probability=p)


def _judged(cell: xr.Dataset) -> xr.Dataset:
    """The models from which the criterion takes the lowest; the others only count for the shares."""
    return cell.isel(model=slice(0, int(cell.attrs["judged"])))


def _masks(sets: Sets, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different features in one set, and pairs in different sets, bool (n_features, n_features)."""
    number = np.full(n_features, -1)
    for k, members in enumerate(sets):
        number[list(members)] = k
    alike = number[:, None] == number
    listed = (number >= 0) & (number[:, None] >= 0)
    return alike & listed & ~np.eye(n_features, dtype=bool), ~alike & listed


def largest_within(W: np.ndarray, sets: Sets) -> np.ndarray:
    """Largest |cosine| of two members of a set, (..., n_features, n_hidden) to (...)."""
    inside, _ = _masks(sets, W.shape[-2])
    return np.abs(overlap(W)).max(axis=(-2, -1), where=inside, initial=0.0)


def farthest_partner(W: np.ndarray, sets: Sets) -> np.ndarray:
    """For each feature its most negative cosine to a feature of another set; of these the largest, (...)."""
    _, across = _masks(sets, W.shape[-2])
    return overlap(W).min(axis=-1, where=across, initial=1.0).max(axis=-1)


def _signed_within(W: np.ndarray, sets: Sets) -> np.ndarray:
    inside, _ = _masks(sets, W.shape[-2])
    return overlap(W).max(axis=(-2, -1), where=inside, initial=-1.0)


def _largest_across(W: np.ndarray, sets: Sets) -> np.ndarray:
    _, across = _masks(sets, W.shape[-2])
    return np.abs(overlap(W)).max(axis=(-2, -1), where=across, initial=0.0)


def orthogonal(data: xr.Dataset, sets: Sets) -> xr.DataArray:
    """Whether sets are orthogonal inside and every feature has an opposite partner in another set."""
    return _each(data, lambda W: (largest_within(W, sets) <= 0.1) & (farthest_partner(W, sets) < _PARTNER))


def antipodal(data: xr.Dataset, sets: Sets) -> xr.DataArray:
    """Whether the members of a set are opposite, and sets orthogonal to each other."""
    return _each(data, lambda W: (_signed_within(W, sets) < -0.98) & (_largest_across(W, sets) < 0.1))


def local_bases(data: xr.Dataset, sets: Sets) -> xr.DataArray:
    """Whether each set is an orthonormal basis, and sets share dimensions with each other."""
    return _each(data, lambda W: _is_basis(gram(W), sets))


def _is_basis(G: np.ndarray, sets: Sets) -> np.ndarray:
    diagonal, off, across = _basis(G, sets)
    return (diagonal >= 0.9) & (off <= 0.1) & (across >= 0.2)


def _basis(G: np.ndarray, sets: Sets) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least diagonal entry, largest other entry within a set in size, RMS entry between sets, each (...)."""
    inside, across = _masks(sets, G.shape[-1])
    return (
        np.diagonal(G, axis1=-2, axis2=-1).min(axis=-1),
        np.abs(G).max(axis=(-2, -1), where=inside, initial=0.0),
        np.sqrt(np.square(G).mean(axis=(-2, -1), where=across)),
    )


def _each(data: xr.Dataset, property_: Callable[[np.ndarray], np.ndarray]) -> xr.DataArray:
    """A property of every model, over the dimensions of the losses."""
    W = data["W"].transpose(*data["loss"].dims, "feature", "hidden").to_numpy().astype(np.float64)
    return xr.DataArray(property_(W), dims=data["loss"].dims, coords=data["loss"].coords)


def _share(name: str, agrees: xr.DataArray, low: float = -np.inf, high: float = np.inf) -> Part:
    return within(f"share of models: {name}", share_estimate(int(agrees.sum()), agrees.size), low, high)


def _orthogonal(data: xr.Dataset, sets: Sets) -> list[Part]:
    parts = []
    for p in (0.05, 0.2):
        cell = _judged(_at(data, p))
        inside = over_groups(cell, lambda a: float(largest_within(weights(a), sets)))
        partner = over_groups(cell, lambda a: float(farthest_partner(weights(a), sets)))
        parts.append(within(f"largest |cosine| within a set, p = {p:g}", inside, high=0.1))
        parts.append(within(f"largest cosine to the partner, p = {p:g}", partner, high=_PARTNER))
    return parts


def _bases(data: xr.Dataset, sets: Sets) -> list[Part]:
    def entry(place: int, model: xr.Dataset) -> float:
        return float(_basis(gram(weights(model)), sets)[place])

    diagonal, off, across = (over_groups(_judged(data), partial(entry, place)) for place in range(3))
    return [
        within("sets of 10: least diagonal entry of G", diagonal, low=0.9),
        within("sets of 10: largest other |entry| within a set", off, high=0.1),
        within("sets of 10: RMS entry between the sets", across, low=0.2),
    ]


def _antipodal(data: xr.Dataset, sets: Sets) -> list[Part]:
    parts = []
    for p in (0.1, 1.0):
        cell = _judged(_at(data, p))
        inside = over_groups(cell, lambda a: float(_signed_within(weights(a), sets)))
        across = over_groups(cell, lambda a: float(_largest_across(weights(a), sets)))
        loss = over_groups(cell, lambda a, p=p: float(a["loss"]) / p)
        parts.append(within(f"largest cosine within a set, p = {p:g}", inside, high=-0.98))
        parts.append(within(f"largest |cosine| between sets, p = {p:g}", across, high=0.1))
        parts.append(within(f"loss / p, p = {p:g}", loss, high=1e-3))
    return parts


def _excess(W: np.ndarray, sets: Sets) -> float:
    """Least difference between the cosine of a set's pair and the largest one of its members with other sets."""
    cosines = overlap(W)
    _, across = _masks(sets, len(W))
    nearest = cosines.max(axis=1, where=across, initial=-1.0)
    return min(float(cosines[a, b] - max(nearest[a], nearest[b])) for s in sets for a, b in combinations(s, 2))


def _cosines_within(W: np.ndarray, sets: Sets) -> list[float]:
    return [float(overlap(W)[a, b]) for members in sets for a, b in combinations(members, 2)]


def _side_by_side(data: xr.Dataset, sets: Sets) -> list[Part]:
    cell = _judged(data)
    return [
        within("least cosine within a set", over_groups(cell, lambda a: min(_cosines_within(weights(a), sets))), 0.3, 0.6),
        within(
            "largest cosine within a set", over_groups(cell, lambda a: max(_cosines_within(weights(a), sets))), 0.3, 0.6
        ),
        within(
            "least excess of a set's cosine over those of its members with other sets",
            over_groups(cell, lambda a: _excess(weights(a), sets)),
            low=0,
        ),
    ]


def angles_around(W: np.ndarray, sets: Sets) -> tuple[np.ndarray, np.ndarray]:
    """Angles between neighbours on the circle, in degrees: those within sets, and those between sets.

    If the members of every set are neighbours, n_features / 2 angles lie within sets of two.
    """
    number = np.full(len(W), -1)
    for k, members in enumerate(sets):
        number[list(members)] = k
    turns = np.degrees(np.arctan2(W[:, 1], W[:, 0])) % 360
    order = np.argsort(turns)
    steps = np.diff(np.append(turns[order], turns[order[0]] + 360))
    alike = number[order] == np.roll(number[order], -1)
    return steps[alike], steps[~alike]


def _gap(W: np.ndarray, sets: Sets) -> float:
    """Least angle within a set over the largest between neighbours of different sets; 0 if some set is torn apart."""
    inside, between = angles_around(W, sets)
    return float(inside.min() / between.max()) if len(inside) == len(sets) and between.max() > 0 else 0.0


def _neighbours(trained: xr.Dataset, exact: xr.Dataset, sets: Sets) -> list[Part]:
    cell = _judged(trained)
    torn = in_groups(cell, lambda a: len(angles_around(weights(a), sets)[0]) == len(sets))
    parts = [always("the members of every set are neighbours on the circle", torn)]
    for p in (0.01, 0.05):
        ratio = _gap(weights(lowest_loss(exact.sel(feature_probability=p))), sets)
        parts.append(within(f"angle within a set / angle to the next set, p = {p:g}", exact_estimate(ratio), 1.05, 1.3))
    return parts


def _factors(exact: xr.Dataset, sets: Sets, name: str) -> list[Part]:
    best = lowest_loss(exact)
    W = weights(best)
    G = gram(W)
    inside, across = _masks(sets, len(W))
    whole = [set(members) for members in sets]
    units = W / np.maximum(np.linalg.norm(W, axis=1, keepdims=True), 1e-12)
    unmixed = [any(set(factor.tolist()) <= members for members in whole) for factor in tegum_factors(units)]
    p = float(best["probabilities"].sum()) / len(sets)
    largest = float(np.abs(G).max(where=across, initial=0.0))
    return [
        within(f"{name}: loss / p", exact_estimate(abs(float(best["loss"])) / p), high=1e-6),
        within(f"{name}: largest |G| between sets", exact_estimate(largest), high=1e-3),
        within(f"{name}: largest G within a set", exact_estimate(float(G.max(where=inside, initial=-1.0))), high=1e-3),
        always(f"{name}: every tegum factor lies in one set", unmixed),
    ]


def _capacity(exact: xr.Dataset) -> list[Part]:
    parts = []
    for size in exact["size"].to_numpy().tolist():
        n_features, n_hidden = map(int, size.split(" in "))
        best = lowest_loss(exact.sel(size=size))
        ratio = exact_estimate(abs(float(best["loss"])) / float(best["probabilities"].sum()))
        fits = n_features <= 2 * n_hidden
        parts.append(within(f"loss / p, {size}", ratio, -np.inf if fits else 1e-3, 1e-6 if fits else np.inf))
    return parts
