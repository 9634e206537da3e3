"""The recogniser: shapes are named whatever their position, noise is not, and what is not a shape says so."""

import time

import numpy as np
import pytest
import xarray as xr

from tegum.experiments import polytopes
from tegum.geometry import (
    Recognition,
    icosahedron,
    polygon,
    recognise,
    simplex,
    square_antiprism,
    tegum_product,
    unit_rows,
)
from tegum.geometry.factors import rank, tegum_factors
from tegum.ground.errors import InputError, ShapeError
from tegum.ground.estimate import share_estimate
from tegum.measure import feature_dimensionality
from tegum.problem import Grid, Problem, TrainSettings
from tegum.report.summary import summary
from tegum.training import train

PAIR = simplex(1)
PRODUCTS = {name: (tegum_product(*factors), counts) for name, (factors, counts) in polytopes.PRODUCTS.items()}


def shaken(W: np.ndarray, rng: np.random.Generator, *, jitter: float = 0.15, noise: float = 0.02) -> np.ndarray:
    n, m = W.shape
    turn = np.linalg.qr(rng.normal(size=(m, m)))[0]
    return rng.uniform(1 - jitter, 1 + jitter, (n, 1)) * W @ turn + noise * rng.normal(size=(n, m))


class TestNames:
    @pytest.mark.parametrize("name", PRODUCTS)
    def test_products_after_rotation_jitter_and_noise(self, name: str) -> None:
        W, counts = PRODUCTS[name]
        rng = np.random.default_rng(1)
        assert [recognise(shaken(W, rng)).counts == counts for _ in range(20)] == [True] * 20

    @pytest.mark.parametrize("name", PRODUCTS)
    def test_control_too_much_noise_is_noticed(self, name: str) -> None:
        """At ten times the noise nothing may come through by luck."""
        W, counts = PRODUCTS[name]
        rng = np.random.default_rng(2)
        hits = sum(recognise(shaken(W, rng, noise=0.2)).counts == counts for _ in range(20))
        assert hits <= (3 if name == "square" else 1)

    @pytest.mark.parametrize("r", [2, 3, 5, 8, 10, 12, 15])
    def test_large_simplices_whose_cosines_are_as_small_as_noise(self, r: int) -> None:
        """A constant threshold of 0.15 finds none of them from r = 7 on."""
        rng = np.random.default_rng(r)
        for _ in range(5):
            (factor,) = recognise(shaken(simplex(r), rng, noise=0.01)).factors
            assert (factor.n_directions, factor.rank) == (r + 1, r)
            assert not factor.name.startswith("irregular")

    def test_a_large_mixture(self) -> None:
        parts = [simplex(9), *[PAIR] * 11, *[polygon(3)] * 5, *[np.ones((1, 1))] * 3]
        found = recognise(shaken(tegum_product(*parts), np.random.default_rng(0), noise=0.01))
        assert str(found) == "1 9-simplex + 5 triangles + 11 digons + 3 dedicated"

    def test_lengths_change_no_name_and_no_factor(self) -> None:
        W, counts = PRODUCTS["mixture"]
        assert recognise(1e-200 * W).counts == recognise(1e200 * W).counts == counts

    def test_order_permutes_members_only(self) -> None:
        W, _ = PRODUCTS["mixture"]
        order = np.random.default_rng(3).permutation(len(W))
        names = recognise(W).names
        assert recognise(W[order]).names == tuple(names[i] for i in order)

    def test_zero_columns_change_nothing(self) -> None:
        W, _ = PRODUCTS["mixture"]
        assert recognise(np.pad(W, [(0, 0), (0, 7)])) == recognise(W)

    def test_labels_may_be_in_any_order(self) -> None:
        W = xr.DataArray(polygon(5).T, dims=("hidden", "feature"))
        assert recognise(W).names == ("pentagon",) * 5


class TestNotAShape:
    @pytest.mark.parametrize(("n", "m"), polytopes.RANDOM_SHAPES)
    def test_random_codes(self, n: int, m: int) -> None:
        """No shape of three or more features in 40 codes; the experiment on polytopes tries hundreds."""
        rng = np.random.default_rng(n)
        found = [recognise(rng.normal(size=(n, m)), shortest=0.01) for _ in range(40)]
        named = sum(any(f.n_directions > 2 and "irregular" not in f.name for f in each.factors) for each in found)
        assert share_estimate(named, 40).high < 0.15

    @pytest.mark.slow
    def test_how_often_small_random_codes_look_like_a_triangle(self) -> None:
        """Three random directions in the plane: 5 of 2000 is what docs/geometry.md says; the window is five sigma."""
        rng = np.random.default_rng(5)
        hits = sum(recognise(rng.normal(size=(3, 2)), shortest=0.01).counts == {"triangle": 1} for _ in range(2000))
        assert 0 < hits <= 5 + 5 * 5**0.5

    def test_a_bent_pair_and_a_squeezed_triangle_are_irregular(self) -> None:
        bent = [[1.0, 0.0], [-0.8, 0.6]]
        squeezed = [[1.0, 0.0], [-0.2, 0.98], [-0.2, -0.98]]
        assert str(recognise(bent)) == "1 irregular (2 in 2)"
        assert str(recognise(squeezed)) == "1 irregular (3 in 2)"
        assert recognise(squeezed).factors[0].residual > 0.08

    def test_features_at_60_degrees_are_not_dedicated(self) -> None:
        """Their ranks add up, but they are not orthogonal."""
        assert str(recognise([[1.0, 0.0], [0.5, 0.75**0.5]])) == "1 irregular (2 in 2)"

    def test_many_small_cosines_are_not_dedicated_features(self) -> None:
        rng = np.random.default_rng(0)
        assert "dedicated" not in recognise(rng.normal(size=(100, 400))).counts

    def test_names_tell_shapes_of_one_size_apart(self) -> None:
        assert recognise(square_antiprism()).counts == {"square antiprism": 1}
        assert recognise(square_antiprism(0.56044)).counts == {"square antiprism": 1}
        assert "square antiprism" not in recognise(square_antiprism(0.3)).counts


class TestRecord:
    W = np.concatenate([tegum_product(polygon(3), PAIR), np.zeros((1, 3)), [[0.8, 0.01, 0.0]], [[0.0, 0.1, 0.0]]])

    def test_absent_and_collapsed_features_are_listed(self) -> None:
        found = recognise(self.W)
        assert found.absent == (5, 7)
        assert found.collapsed == ((0, 6),)
        assert found.names == ("triangle",) * 3 + ("digon",) * 2 + ("absent", "triangle", "absent")
        assert str(found) == "1 triangle + 1 digon; 2 features absent; 2 features collapsed onto 1"

    def test_factors_say_what_they_are(self) -> None:
        triangle, digon = recognise(self.W).factors
        assert (triangle.members, triangle.n_directions, triangle.rank) == ((0, 1, 2, 6), 3, 2)
        assert (digon.members, digon.n_directions, digon.rank) == ((3, 4), 2, 1)
        assert triangle.residual < 0.02
        assert digon.leak == pytest.approx(0, abs=1e-12)

    def test_dimensionalities_are_those_of_the_measure(self) -> None:
        W = np.random.default_rng(0).normal(size=(30, 7))
        W[3] = 0
        found = recognise(W)
        np.testing.assert_allclose(found.dimensionalities, feature_dimensionality(W), rtol=1e-12)
        assert found.total_dimensionality == pytest.approx(feature_dimensionality(W).sum())

    def test_what_is_frozen_compares_and_hashes(self) -> None:
        assert hash(recognise(self.W)) == hash(recognise(self.W))
        with pytest.raises(AttributeError):
            recognise(self.W).absent = ()  # type: ignore[misc]

    def test_nothing_at_all(self) -> None:
        found = recognise(np.zeros((3, 2)))
        assert found == Recognition(factors=(), absent=(0, 1, 2), collapsed=(), dimensionalities=(0.0, 0.0, 0.0))
        assert str(found) == "nothing; 3 features absent"

    def test_collapse_does_not_chain(self) -> None:
        """Forty directions of the plane, 9 degrees apart: neighbours have a cosine of 0.988, yet they are not one."""
        assert 1 < recognise(polygon(40)).factors[0].n_directions < 40

    @pytest.mark.parametrize(
        ("W", "error", "words"),
        [
            (np.zeros((2, 3, 4)), ShapeError, "one model"),
            ([1.0, 2.0], ShapeError, "a row per feature"),
            ([[np.nan, 1.0]], InputError, "finite"),
        ],
    )
    def test_refused(self, W: object, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            recognise(W)  # type: ignore[arg-type]

    @pytest.mark.parametrize("shortest", [0.0, 1.0, -1.0])
    def test_a_share_is_a_share(self, shortest: float) -> None:
        with pytest.raises(InputError, match="strictly between 0 and 1"):
            recognise(np.eye(2), shortest=shortest)


class TestFactors:
    def test_factors_are_orthogonal_or_whole(self) -> None:
        rng = np.random.default_rng(0)
        units = unit_rows(rng.normal(size=(40, 8)))
        assert [len(group) for group in tegum_factors(units)] == [40]
        groups = tegum_factors(tegum_product(units, icosahedron()))
        assert [len(group) for group in groups] == [40, 12]

    def test_every_feature_is_in_one_factor(self) -> None:
        rng = np.random.default_rng(1)
        for n, m in ((1, 1), (3, 3), (50, 60), (60, 20)):
            groups = tegum_factors(unit_rows(rng.normal(size=(n, m))))
            assert sorted(np.concatenate(groups).tolist()) == list(range(n))

    def test_rank_ignores_noise_and_sees_dimensions(self) -> None:
        rng = np.random.default_rng(2)
        for c, r in ((3, 2), (12, 3), (7, 6)):
            W = {2: polygon(3), 3: icosahedron(), 6: simplex(6)}[r]
            assert rank(unit_rows(np.pad(W, [(0, 0), (0, 20)]) + 0.02 * rng.normal(size=(c, r + 20)))) == r

    @pytest.mark.slow
    def test_hundreds_of_features_take_well_under_a_second(self) -> None:
        rng = np.random.default_rng(3)
        codes = [rng.normal(size=(400, 30)), rng.normal(size=(400, 200)), tegum_product(*[PAIR] * 200)]
        for W in codes:
            start = time.process_time()
            recognise(W)
            assert time.process_time() - start < 0.7  # 0.02 to 0.1 s; the window is for a busy machine


class TestSummary:
    """What `tegum show` says of the lowest-loss model of each cell."""

    def test_names_the_shapes(self, trained: xr.Dataset) -> None:
        data = trained.copy(deep=True)
        data["W"][:] = np.pad(polygon(5), [(0, 0), (0, 1)])
        _, rows = summary(data)
        assert {row["geometry"] for row in rows} == {"1 pentagon"}

    def test_counts_the_dimensions_of_the_cell(self, trained: xr.Dataset) -> None:
        """Cells with two dimensions are filled up to three; D* is 2 / |W|² there."""
        data = trained.copy(deep=True)
        data["W"][:] = np.eye(5, 3) * [1, 1, 0]
        _, rows = summary(data)
        assert {(row["n_hidden"], row["dimensions_per_feature"]) for row in rows} == {(2, 1.0), (3, 1.5)}
        assert {row["geometry"] for row in rows} == {"2 dedicated; 3 features absent"}

    def test_does_not_count_the_features_that_a_cell_lacks(self, trained: xr.Dataset) -> None:
        """A grid over n_features has cells of one feature or more; the rest of a row of zeros is no absent feature."""
        grid = Grid(Problem(n_features=5, n_hidden=2, feature_probability=0.1), n_features=[3, 5])
        data = train(grid, TrainSettings(n_steps=0, evaluation_samples=16))
        data["W"][:] = np.eye(5, 2)
        _, rows = summary(data)
        assert [row["geometry"] for row in rows] == [
            "2 dedicated; 1 feature absent",
            "2 dedicated; 3 features absent",
        ]

    def test_one_selected_cell(self, trained: xr.Dataset) -> None:
        _, (row,) = summary(trained.isel(feature_probability=0, n_hidden=0))
        assert isinstance(row["geometry"], str)
