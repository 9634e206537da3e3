"""Polytopes that share no dimension: tegum products, solutions of the Thomson problem, and how surely all are named."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, within
from tegum.geometry import icosahedron, polygon, recognise, simplex, tegum_product, thomson, thomson_energy
from tegum.ground.estimate import exact_estimate, share_estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import feature_dimensionality
from tegum.plot import product_shares, thomson_gallery

# Energies of the known minima, and the dimensionalities that their factors give.
ENERGIES = {4: 3.674235, 5: 6.474691, 6: 9.985281, 7: 14.452977, 8: 19.675288, 12: 49.165253}
THOMSON_SHARES = {
    4: (3 / 4,) * 4,
    5: (1 / 2,) * 2 + (2 / 3,) * 3,
    6: (1 / 2,) * 6,
    7: (2 / 5,) * 5 + (1 / 2,) * 2,
    8: (0.3744,) * 8,
    12: (1 / 4,) * 12,
}
_PAIR = simplex(1)
# Name, factors, and the names of the factors, largest first.
PRODUCTS = {
    "triangular bipyramid": ((polygon(3), _PAIR), {"triangle": 1, "digon": 1}),
    "pentagonal bipyramid": ((polygon(5), _PAIR), {"pentagon": 1, "digon": 1}),
    "octahedron": ((_PAIR, _PAIR, _PAIR), {"digon": 3}),
    "square": ((_PAIR, _PAIR), {"digon": 2}),
    "icosahedron": ((icosahedron(),), {"icosahedron": 1}),
    "two simplices": ((simplex(6), simplex(4)), {"6-simplex": 1, "4-simplex": 1}),
    "mixture": (
        (polygon(6), polygon(5), simplex(3), polygon(3), _PAIR),
        {"hexagon": 1, "pentagon": 1, "tetrahedron": 1, "triangle": 1, "digon": 1},
    ),
}
SHARES = {
    "triangular bipyramid": (1 / 2,) * 2 + (2 / 3,) * 3,
    "pentagonal bipyramid": (2 / 5,) * 5 + (1 / 2,) * 2,
    "octahedron": (1 / 2,) * 6,
}
RANDOM_SHAPES = ((5, 3), (6, 3), (8, 3), (12, 3), (8, 5), (20, 5), (80, 10))


class Settings(FrozenRecord):
    """Numbers of charges and of descents, and trials of the recogniser."""

    n_points: tuple[int, ...] = tuple(ENERGIES)
    starts: int = 20
    trials: int
    random_codes: int
    length_jitter: float = 0.15
    noise: float = 0.02
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {"quick": Settings(trials=200, random_codes=100), "paper": Settings(trials=500, random_codes=1000)}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Minimise energies; build the products, exact and shaken; draw random codes."""
    rng = np.random.default_rng(settings.seed)
    products = {name: tegum_product(*factors) for name, (factors, _) in PRODUCTS.items()}
    shaken = {name: _shaken(W, settings, rng) for name, W in products.items()}
    points = [thomson(n, n_starts=settings.starts, seed=settings.seed) for n in settings.n_points]
    random = [rng.normal(size=(settings.random_codes, *shape)) for shape in RANDOM_SHAPES]
    return {
        "thomson": xr.Dataset(
            {"points": (("n_points", "point", "axis"), _filled(points))}, {"n_points": list(settings.n_points)}
        ),
        "products": _labelled(products, ()),
        "shaken": _labelled(shaken, ("trial",)),
        "random": _labelled({f"{n} in {m}": W for (n, m), W in zip(RANDOM_SHAPES, random, strict=True)}, ("trial",)),
    }


def _shaken(W: np.ndarray, settings: Settings, rng: np.random.Generator) -> np.ndarray:
    """Copies with other lengths, turned at random, with noise in every entry."""
    trials, (n, m) = settings.trials, W.shape
    lengths = rng.uniform(1 - settings.length_jitter, 1 + settings.length_jitter, (trials, n, 1))
    turns = np.linalg.qr(rng.normal(size=(trials, m, m)))[0]
    return (lengths * W) @ turns + settings.noise * rng.normal(size=(trials, n, m))


def _filled(matrices: list[np.ndarray]) -> np.ndarray:
    """Arrays that differ in their last two axes as one array, filled up with zeros."""
    n, m = (max(matrix.shape[axis] for matrix in matrices) for axis in (-2, -1))
    return np.stack(
        [
            np.pad(a, [(0, 0)] * (a.ndim - 2) + [(0, n - a.shape[-2]), (0, m - a.shape[-1])])
            for a in matrices
        ]
    )  # fmt: skip


def _labelled(codes: dict[str, np.ndarray], between: tuple[str, ...]) -> xr.Dataset:
    return xr.Dataset(
        {
            "W": (("shape", *between, "feature", "hidden"), _filled(list(codes.values()))),
            "n_features": ("shape", [W.shape[-2] for W in codes.values()]),
            "n_hidden": ("shape", [W.shape[-1] for W in codes.values()]),
        },
        {"shape": list(codes)},
    )


def _code(dataset: xr.Dataset, name: str) -> np.ndarray:
    """The code of that name without what fills it up, (..., n_features, n_hidden)."""
    cell = dataset.sel(shape=name)
    return cell["W"].transpose(..., "feature", "hidden").values[..., : int(cell["n_features"]), : int(cell["n_hidden"])]


def plates(data: Data) -> list[Plate]:
    """The Thomson solutions, and what each vertex of a product owns."""
    return [
        Plate(
            name="thomson",
            figure=thomson_gallery(data["thomson"]),
            caption="Least 1/r energy on the sphere. Six of these are named products of catalogued shapes.",
        ),
        Plate(
            name="products",
            figure=product_shares(data["products"].sel(shape=list(SHARES))),
            caption="Vertices own what the factors give, not a uniform share of the dimensions.",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    bipyramid = _code(data["products"], "triangular bipyramid")
    named = {name: _named(data["shaken"], name) for name in PRODUCTS}
    shares = [*_shares(data["products"]), *(named[name] for name in SHARES)]
    return [
        Finding(claim="s3.thomson", parts=_thomson(data["thomson"]), figure="thomson"),
        Finding(claim="s3.tegum-products", parts=shares, figure="products"),
        Finding(claim="s3.bipyramid-count", parts=_uniform(bipyramid, 6), figure="products"),
        Finding(
            claim="s3.bipyramid-count-corrected",
            parts=[*_uniform(bipyramid, 5), _distance_from(bipyramid, 3 / 5)],
            figure="products",
        ),
        Finding(claim="tegum.recogniser-composites", parts=list(named.values())),
        Finding(claim="tegum.recogniser-random", parts=_falsely_named(data["random"])),
    ]


def _thomson(solutions: xr.Dataset) -> list[Part]:
    parts = []
    for n, energy in ENERGIES.items():
        points = solutions["points"].sel(n_points=n).transpose("point", "axis").values[:n]
        found = exact_estimate(thomson_energy(points))
        parts.append(within(f"energy, N = {n}", found, energy - 1e-4, energy + 1e-4))
        difference = exact_estimate(_difference(points, THOMSON_SHARES[n]))
        parts.append(within(f"largest difference of a D from the factors', N = {n}", difference, high=0.002))
    return parts


def _difference(W: np.ndarray, shares: Sequence[float]) -> float:
    """Largest difference of the sorted dimensionalities from what they should be; 1 if their number is another."""
    D = np.sort(feature_dimensionality(W))
    return float(np.abs(D - shares).max()) if len(D) == len(shares) else 1.0


def _shares(exact: xr.Dataset) -> list[Part]:
    return [
        within(
            f"{name}: largest difference of a D", exact_estimate(_difference(_code(exact, name), shares)), high=1e-12
        )
        for name, shares in SHARES.items()
    ]


def _named(shaken: xr.Dataset, name: str) -> Part:
    """Share of the shaken copies of a product in which its factors are found, and no others."""
    codes, (_, counts) = _code(shaken, name), PRODUCTS[name]
    hits = sum(recognise(W).counts == counts for W in codes)
    return within(f"{name}: share recognised", share_estimate(hits, len(codes)), low=0.95)


def _uniform(W: np.ndarray, n_parts: int) -> list[Part]:
    """Whether so many parts of 3/5 are the vertices, and add up to the rank."""
    return [
        within("vertices", exact_estimate(float(len(W))), n_parts, n_parts),
        within(f"{n_parts} x 3/5 - rank", exact_estimate(n_parts * 3 / 5 - np.linalg.matrix_rank(W)), -1e-12, 1e-12),
    ]


def _distance_from(W: np.ndarray, share: float) -> Part:
    nearest = float(np.abs(feature_dimensionality(W) - share).min())
    return within(f"least distance of a D from {share:g}", exact_estimate(nearest, n=len(W)), low=0.05)


def _falsely_named(random: xr.Dataset) -> list[Part]:
    """Share of random codes in which a shape of three or more features got a name: all shapes together."""
    codes = [W for name in random["shape"].values for W in _code(random, str(name))]
    hits = sum(
        any(factor.n_directions > 2 and not factor.name.startswith("irregular") for factor in recognise(W).factors)
        for W in codes
    )
    return [within("share of random codes with a named shape", share_estimate(hits, len(codes)), high=0.01)]


EXPERIMENT = Experiment(
    id="polytopes",
    title="Polytopes and their products",
    question="Which polytopes are products of smaller ones, what do their vertices own, and can a machine tell?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Elhage et al. 2022, Toy Models of Superposition, section The Geometry of Superposition",
        "Thomson 1904, On the structure of the atom",
    ),
)
