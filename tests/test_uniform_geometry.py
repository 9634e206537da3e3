"""The experiments on uniform geometry and on polytopes: ideal data fulfil every claim, doctored data do not."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from judged import verdicts

from tegum.experiments import claims, polytopes, uniform_geometry
from tegum.experiments.base import Data
from tegum.experiments.uniform_geometry_data import SMALL_DIMENSIONS, SMALL_PROBABILITIES, budgets, control, pushes
from tegum.geometry import cross_polytope, tegum_product
from tegum.problem import Grid, Problem

UNIFORM, SHAPES = "uniform-geometry", "polytopes"
QUICK = uniform_geometry.PRESETS["quick"]
N, M = QUICK.problem.n_features, QUICK.problem.n_hidden


def silent(_: object) -> None:
    """Nobody listens."""


def expected(name: str) -> dict[str, str]:
    return {claim.id: claim.expected for claim in claims().values() if claim.experiment == name}


def padded(W: np.ndarray, n: int = N, m: int = M) -> np.ndarray:
    return np.pad(W, [(0, n - W.shape[0]), (0, m - W.shape[1])]).astype(np.float32)


def models(W: np.ndarray, names: tuple[str, ...], coordinates: dict[str, list[float]]) -> xr.Dataset:
    """Each cell's weights three times, once for each group of starts."""
    repeated = np.repeat(W[..., None, :, :], 3, axis=-3)
    loss = np.full(repeated.shape[:-2], 0.1)
    dims = (*names, "model")
    return xr.Dataset({"W": ((*dims, "feature", "hidden"), repeated), "loss": (dims, loss)}, coordinates)


@pytest.fixture
def ideal() -> dict[str, xr.Dataset]:
    ps = list(QUICK.feature_probability)
    W = np.stack([padded(np.eye(M) if p in QUICK.whole else cross_polytope(M)) for p in ps])
    plateau = [1.0 if p in QUICK.whole else 0.5 if p in QUICK.half else np.nan for p in ps]
    trained = models(W, ("feature_probability",), {"feature_probability": ps})
    small = np.stack([[padded(cross_polytope(m)) for m in SMALL_DIMENSIONS]] * len(SMALL_PROBABILITIES))
    where = {"feature_probability": list(SMALL_PROBABILITIES), "n_hidden": list(SMALL_DIMENSIONS)}
    rng = np.random.default_rng(0)
    return {
        "trained": trained.assign(plateau=("feature_probability", plateau)),
        "small": models(small, tuple(where), where),
        "control": control(N, M, rng),
        "budget": budgets(10, rng),
        "push": pushes(trained, 5, 200, rng),
    }


def at(data: xr.Dataset, p: float, W: np.ndarray) -> xr.Dataset:
    """Other weights in all models of one probability."""
    changed = data.copy(deep=True)
    changed["W"].loc[{"feature_probability": p}] = W.astype(np.float32)
    return changed


def scaled(data: xr.Dataset, **factors: float) -> xr.Dataset:
    return data.assign({name: data[name] * factor for name, factor in factors.items()})


RANDOM = np.random.default_rng(7).normal(size=(N, M)) / np.sqrt(M)
PENTAGONS = padded(tegum_product(*[polytopes.polygon(5)] * (M // 2)))

DOCTORED: dict[str, tuple[str, Callable[[xr.Dataset], xr.Dataset], str]] = {
    "as many features with half the dimensions": (
        "small",
        lambda d: d.assign(W=d["W"].sel(n_hidden=5).drop_vars("n_hidden").expand_dims(n_hidden=[5, 10])),
        "s1.doubling-trained",
    ),
    "a pair that pushes": ("push", lambda d: d.assign(pair_push=1.0), "s3.superposition-one: reproduced"),
    "signed maximum missed": (
        "push",
        lambda d: d.assign(signed_difference=d["signed_difference"] + 1e-9),
        "s3.superposition-one-corrected",
    ),
    "positive maximum missed": (
        "push",
        lambda d: d.assign(positive_difference=d["positive_difference"] + 1e-9),
        "s3.superposition-one-corrected",
    ),
    "a random input beyond the signed maximum": (
        "push",
        lambda d: d.assign(signed_excess=d["signed_excess"] + 1e-9),
        "s3.superposition-one-corrected",
    ),
    "a random input beyond the positive maximum": (
        "push",
        lambda d: d.assign(positive_excess=d["positive_excess"] + 1e-9),
        "s3.superposition-one-corrected",
    ),
    "no plateau at one": ("trained", lambda d: at(d, 0.8, 0.9 * padded(np.eye(M))), "s3.sticky-regions"),
    "no plateau at a half": ("trained", lambda d: at(d, 0.35, PENTAGONS), "s3.sticky-regions"),
    "more than the rank": (
        "budget",
        lambda d: d.assign(total_dimensionality=d["rank"] + 1e-8),
        "s3.dimension-budget",
    ),
    "another capacity": (
        "budget",
        lambda d: d.assign(capacity_difference=d["capacity_difference"] + 1e-11),
        "s3.dimension-budget",
    ),
    "dimensions wasted": ("small", lambda d: at(d, 0.1, RANDOM), "s3.dimension-budget"),
    "random weights": ("trained", lambda d: at(d, 0.3, RANDOM), "s3.preferred-geometries"),
    "pentagons": ("trained", lambda d: at(d, 0.3, PENTAGONS), "s3.preferred-geometries"),
    "a control full of pairs": (
        "control",
        lambda d: d.assign(W=d["W"].copy(data=np.stack([padded(cross_polytope(M))] * 3))),
        "s3.preferred-geometries",
    ),
}


class TestUniformGeometry:
    def test_ideal_data_come_out_as_expected(self, ideal: dict[str, xr.Dataset]) -> None:
        assert verdicts(UNIFORM, ideal) == expected(UNIFORM)

    @pytest.mark.parametrize("name", DOCTORED)
    def test_doctored(self, ideal: dict[str, xr.Dataset], name: str) -> None:
        dataset, change, claim = DOCTORED[name]
        made = verdicts(UNIFORM, ideal | {dataset: change(ideal[dataset])})
        claim, _, verdict = claim.partition(": ")
        assert made[claim] == (verdict or "refuted")

    @pytest.mark.parametrize("doctor", [np.zeros((N, M)), np.ones((N, M)), RANDOM], ids=["zero", "one line", "random"])
    def test_wrong_weights_reproduce_no_claim_about_training(
        self, ideal: dict[str, xr.Dataset], doctor: np.ndarray
    ) -> None:
        changed = {name: ideal[name].assign(W=0 * ideal[name]["W"] + doctor) for name in ("trained", "small")}
        made = verdicts(UNIFORM, ideal | changed)
        about = {"s1.doubling-trained", "s3.sticky-regions", "s3.dimension-budget", "s3.preferred-geometries"}
        assert "reproduced" not in {made[claim] for claim in about}

    def test_one_deviant_group_of_starts_leaves_it_open(self, ideal: dict[str, xr.Dataset]) -> None:
        trained = ideal["trained"].copy(deep=True)
        trained["W"].loc[{"feature_probability": 0.3, "model": 1}] = PENTAGONS
        trained["loss"].loc[{"feature_probability": 0.3, "model": 1}] = 0.2
        assert verdicts(UNIFORM, ideal | {"trained": trained})["s3.preferred-geometries"] == "inconclusive"

    def test_every_preset_names_its_plateaus(self) -> None:
        for preset in uniform_geometry.PRESETS.values():
            assert {*preset.whole, *preset.half} <= {*preset.feature_probability}
            assert 0.3 in preset.half
        criterion = claims()["s3.sticky-regions"].criterion
        assert "p in {1, 0.85, 0.7} and within 0.05 of 1/2 at p in {0.35, 0.3}" in criterion
        assert "p in {1, 0.9, 0.8} and {0.4, 0.35, 0.3}" in criterion

    @pytest.mark.slow
    def test_other_sizes_can_be_drawn(self) -> None:
        """A variant of the experiment is not judged, but its figures must come."""
        settings = QUICK.replace(
            problem=Problem(n_features=6, n_hidden=2, feature_probability=0.3),
            feature_probability=(0.1,),
            training=QUICK.training.replace(n_steps=5, batch_size=8, evaluation_samples=16),
            random_codes=2,
            random_inputs=10,
            small_starts=1,
        )
        data = uniform_geometry.run(settings, silent)
        plates = uniform_geometry.plates(data)
        assert [plate.name for plate in plates] == ["dimensions-per-feature", "dimensionality"]

    @pytest.mark.slow
    def test_the_quick_preset_comes_out_as_expected(self) -> None:
        few = (1.0, 0.9, 0.8, 0.4, 0.35, 0.3)
        data = uniform_geometry.run(QUICK.replace(feature_probability=few), silent)
        assert verdicts(UNIFORM, data) == expected(UNIFORM)


class TestPolytopes:
    @pytest.fixture(scope="class")
    @classmethod
    def data(cls) -> Data:
        return polytopes.run(polytopes.PRESETS["quick"].replace(starts=5, trials=130), silent)

    @pytest.mark.slow
    def test_comes_out_as_expected(self, data: Data) -> None:
        assert verdicts(SHAPES, data) == expected(SHAPES)

    @pytest.mark.slow
    def test_figures(self, data: Data) -> None:
        assert [plate.name for plate in polytopes.plates(data)] == ["thomson", "products"]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("dataset", "change", "refuted"),
        [
            (
                "thomson",
                lambda d: d.assign(points=d["points"] + np.random.default_rng(0).normal(size=d["points"].shape)),
                {"s3.thomson"},
            ),
            (
                "thomson",
                lambda d: d.assign(points=d["points"] * xr.DataArray([1.0, 1.0, 1.01], dims="axis")),
                {"s3.thomson"},
            ),
            ("products", lambda d: d.assign(W=d["W"] + 1e-6), {"s3.tegum-products"}),
            (
                "shaken",
                lambda d: d.assign(W=d["W"] + 0.3 * np.random.default_rng(0).normal(size=d["W"].shape)),
                {"s3.tegum-products", "tegum.recogniser-composites"},
            ),
            (
                "random",
                lambda d: d.assign(
                    W=d["W"].where(d["shape"] != "5 in 3", xr.DataArray(_triangles(), dims=("feature", "hidden")))
                ),
                {"tegum.recogniser-random"},
            ),
        ],
        ids=["other points", "squeezed", "askew", "noise", "shapes among the random codes"],
    )
    def test_doctored(
        self, data: Data, dataset: str, change: Callable[[xr.Dataset], xr.Dataset], refuted: set[str]
    ) -> None:
        made = verdicts(SHAPES, {**data, dataset: change(data[dataset])})
        assert refuted <= {claim for claim, verdict in made.items() if verdict == "refuted"}

    @pytest.mark.slow
    def test_a_bipyramid_that_is_a_prism_turns_the_counts(self, data: Data) -> None:
        products = data["products"].copy(deep=True)
        products["n_features"].loc[{"shape": "triangular bipyramid"}] = 6
        made = verdicts(SHAPES, {**data, "products": products})
        assert made["s3.bipyramid-count-corrected"] == "refuted"


def _triangles() -> np.ndarray:
    return padded(tegum_product(polytopes.polygon(3), polytopes.simplex(1)))


def test_grids_of_the_small_problem_hold_what_is_judged() -> None:
    grid = Grid(uniform_geometry.SMALL, feature_probability=SMALL_PROBABILITIES, n_hidden=SMALL_DIMENSIONS)
    assert [(cell.feature_probability, cell.n_hidden) for cell in grid.cells()] == [
        (0.3, 5), (0.3, 10), (0.1, 5), (0.1, 10),
    ]  # fmt: skip
