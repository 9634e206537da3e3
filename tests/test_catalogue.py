"""The catalogue against itself: every fact of the table follows from the vertices; and the Thomson solutions."""

import numpy as np
import pytest

from tegum.geometry import (
    cell24,
    cube,
    dodecahedron,
    recognise,
    shapes,
    simplex,
    square_antiprism,
    tegum_product,
    thomson,
    thomson_energy,
)
from tegum.geometry.catalogue import CATALOGUE, Polytope, plural_of
from tegum.geometry.factors import tegum_factors
from tegum.geometry.recognise import TOLERANCE
from tegum.ground.errors import InputError, ShapeError
from tegum.measure import feature_dimensionality

FAMILIES = [shapes(c, 2)[0] for c in range(7, 24)] + [shapes(r + 1, r)[0] for r in range(4, 18)]
every_shape = pytest.mark.parametrize("shape", [*CATALOGUE, *FAMILIES], ids=lambda shape: shape.name)


class TestTable:
    @every_shape
    def test_vertices_are_unit_rows_that_span_the_dimensions(self, shape: Polytope) -> None:
        assert shape.vertices.shape == (shape.n_features, shape.n_hidden)
        np.testing.assert_allclose(np.linalg.norm(shape.vertices, axis=1), 1, rtol=1e-14)
        assert np.linalg.matrix_rank(shape.vertices) == shape.n_hidden

    @every_shape
    def test_cosines_are_those_of_every_vertex(self, shape: Polytope) -> None:
        assert sum(count for _, count in shape.cosines) == shape.n_features - 1
        cosines = np.sort(shape.vertices @ shape.vertices.T, axis=1)[:, :-1]
        np.testing.assert_allclose(cosines, np.broadcast_to(shape.profile, cosines.shape), atol=1e-14)

    @every_shape
    def test_frames_are_tight_so_every_vertex_owns_the_same_share(self, shape: Polytope) -> None:
        W, c, r = shape.vertices, shape.n_features, shape.n_hidden
        np.testing.assert_allclose(W.T @ W, c / r * np.eye(r), atol=1e-13)
        np.testing.assert_allclose(feature_dimensionality(W), shape.dimensionality, rtol=1e-13)
        assert shape.dimensionality == r / c

    @every_shape
    def test_no_entry_decomposes(self, shape: Polytope) -> None:
        assert [len(group) for group in tegum_factors(shape.vertices)] == [shape.n_features]

    @every_shape
    def test_each_is_recognised(self, shape: Polytope) -> None:
        assert recognise(shape.vertices).names == (shape.name,) * shape.n_features

    def test_names_are_unique(self) -> None:
        names = [shape.name for shape in (*CATALOGUE, *FAMILIES)]
        assert len(set(names)) == len(names)

    def test_shapes_of_one_size_are_further_apart_than_twice_the_tolerance(self) -> None:
        pairs = [
            (a, b)
            for k, a in enumerate(CATALOGUE)
            for b in CATALOGUE[k + 1 :]
            if (a.n_features, a.n_hidden) == (b.n_features, b.n_hidden)
        ]
        assert [(a.name, b.name) for a, b in pairs] == [("square antiprism", "cube")]
        for a, b in pairs:
            assert np.sqrt(np.mean((a.profile - b.profile) ** 2)) > 2 * TOLERANCE

    @pytest.mark.parametrize(
        ("c", "r", "name", "share"),
        [
            (1, 1, "dedicated", 1),
            (2, 1, "digon", 1 / 2),
            (3, 2, "triangle", 2 / 3),
            (4, 3, "tetrahedron", 3 / 4),
            (5, 2, "pentagon", 2 / 5),
            (8, 3, "square antiprism", 3 / 8),
            (12, 3, "icosahedron", 1 / 4),
            (9, 2, "9-gon", 2 / 9),
            (6, 5, "5-simplex", 5 / 6),
        ],
    )
    def test_published_shares(self, c: int, r: int, name: str, share: float) -> None:
        assert (shapes(c, r)[0].name, shapes(c, r)[0].dimensionality) == (name, share)

    @pytest.mark.parametrize(("c", "r"), [(4, 2), (6, 3), (5, 3), (2, 2), (7, 3)])
    def test_what_decomposes_is_no_entry(self, c: int, r: int) -> None:
        assert shapes(c, r) == ()

    @pytest.mark.parametrize(("c", "r"), [(0, 1), (1, 0)])
    def test_refused(self, c: int, r: int) -> None:
        with pytest.raises(InputError, match="at least 1"):
            shapes(c, r)

    def test_plurals(self) -> None:
        assert [plural_of(shape.name) for shape in (*CATALOGUE, *FAMILIES)] == [
            shape.plural for shape in (*CATALOGUE, *FAMILIES)
        ]


class TestConstructions:
    @pytest.mark.parametrize(
        ("height", "share"), [(3**-0.5, 0.375), (0.56044, 0.37438), (0.51108, 0.36642), (0.9, None)]
    )
    def test_antiprism(self, height: float, share: float | None) -> None:
        D = feature_dimensionality(square_antiprism(height))
        np.testing.assert_allclose(D, 1 / (4 * (1 - height**2) ** 2 + 8 * height**4), rtol=1e-13)
        if share:
            np.testing.assert_allclose(D, share, atol=5e-6)

    def test_equal_edges_of_the_antiprism(self) -> None:
        W = square_antiprism(0.51108)
        across, within = np.linalg.norm(W[0] - W[1]), np.linalg.norm(W[0] - W[2])
        assert across == pytest.approx(within, rel=1e-4)

    @pytest.mark.parametrize("height", [0.0, 1.0, -0.5])
    def test_antiprism_refused(self, height: float) -> None:
        with pytest.raises(InputError, match="height"):
            square_antiprism(height)

    @pytest.mark.parametrize("W", [cube(3), cube(4), dodecahedron(), cell24()], ids=["cube", "tesseract", "20", "24"])
    def test_centrally_symmetric_and_without_repetition(self, W: np.ndarray) -> None:
        rows = {tuple(row) for row in W.round(9) + 0.0}
        assert len(rows) == len(W)
        assert {tuple(row) for row in (-W).round(9) + 0.0} == rows

    def test_a_product_keeps_the_shares_and_adds_the_sums(self) -> None:
        factors = [simplex(2), simplex(1), simplex(3)]
        D = feature_dimensionality(tegum_product(*factors))
        np.testing.assert_allclose(D, np.concatenate([feature_dimensionality(W) for W in factors]), rtol=1e-14)

    def test_product_refused(self) -> None:
        with pytest.raises(InputError, match="at least one factor"):
            tegum_product()
        with pytest.raises(ShapeError, match="factor 1 has shape"):
            tegum_product(simplex(2), np.zeros((2, 3, 4)))


ENERGIES = {2: 0.5, 3: 3**0.5, 4: 3.674235, 5: 6.474691, 6: 9.985281, 7: 14.452977, 8: 19.675288, 12: 49.165253}


class TestThomson:
    @pytest.mark.parametrize("n_points", ENERGIES)
    def test_energies_of_the_known_minima(self, n_points: int) -> None:
        points = thomson(n_points, n_starts=5)
        np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-14)
        assert thomson_energy(points) == pytest.approx(ENERGIES[n_points], abs=1e-6)

    @pytest.mark.parametrize(
        ("n_points", "summary"),
        [
            (2, "1 digon"),
            (3, "1 triangle"),
            (4, "1 tetrahedron"),
            (5, "1 triangle + 1 digon"),
            (6, "3 digons"),
            (7, "1 pentagon + 1 digon"),
            (8, "1 square antiprism"),
            (12, "1 icosahedron"),
        ],
    )
    def test_they_are_products_of_catalogued_shapes(self, n_points: int, summary: str) -> None:
        assert str(recognise(thomson(n_points, n_starts=5))) == summary

    def test_forces_balance(self) -> None:
        """Checked apart from the gradient in use: no small step along the sphere lowers the energy."""
        points, rng = thomson(8, n_starts=5), np.random.default_rng(0)
        for _ in range(20):
            moved = points + 1e-3 * rng.normal(size=points.shape)
            assert thomson_energy(moved / np.linalg.norm(moved, axis=1, keepdims=True)) > thomson_energy(points)

    def test_energy_of_an_arrangement(self) -> None:
        assert thomson_energy([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]) == pytest.approx(0.5 + 2**0.5)
        assert thomson_energy([[1.0, 0.0]]) == 0.0

    def test_refused(self) -> None:
        with pytest.raises(InputError, match="n_points >= 2"):
            thomson(1)
        with pytest.raises(InputError, match="n_starts >= 1"):
            thomson(4, n_starts=0)
        with pytest.raises(InputError, match="coincide"):
            thomson_energy([[1.0, 0.0], [1.0, 0.0]])
        with pytest.raises(ShapeError, match="one arrangement"):
            thomson_energy(np.ones((2, 3, 4)))
