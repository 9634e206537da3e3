"""Optima of the exact loss: known depths, certificates, and independence of how the work is shared out."""

import io
from contextlib import redirect_stderr

import numpy as np
import pytest
import xarray as xr

from tegum import DescentSettings, Grid, Problem, TrainSettings, find_optima, load, save, train
from tegum.ground.errors import InputError
from tegum.kernels import exact as kernel
from tegum.kernels.starts import descent_starts, structured_starts
from tegum.store.layout import provenance_of
from tegum.theory import feature_variance
from tegum.theory.exact_loss import exact_loss

DEPTHS = {0.01: 0.0101, 0.03: 0.0307, 0.1: 0.1077, 0.2: 0.2327, 0.3: 0.3782, 0.4: 0.5464, 0.5: 0.7323, 0.7: 0.9754}
PAIR = Problem(n_features=2, n_hidden=1, feature_probability=0.1)
PLANE = Grid(Problem(n_features=4, n_hidden=2, feature_probability=0.1), feature_probability=[0.02, 0.1, 0.4, 1.0])
FEW = DescentSettings(n_starts=8)
CONTENT = ("W", "bias", "loss", "frequency", "gradient", "curvature", "losses")


@pytest.fixture(scope="module")
def pairs() -> xr.Dataset:
    return find_optima(Grid(PAIR, feature_probability=[*DEPTHS, 1.0]), DescentSettings(n_starts=12))


@pytest.fixture(scope="module")
def plane() -> xr.Dataset:
    return find_optima(PLANE, DescentSettings(n_starts=16))


def same(a: xr.Dataset, b: xr.Dataset) -> None:
    for name in CONTENT:
        np.testing.assert_array_equal(a[name].values, b[name].values, err_msg=name)


class TestDepths:
    def test_of_an_equal_pair_in_one_dimension(self, pairs) -> None:
        p = pairs["feature_probability"].values
        depths = pairs["loss"].isel(model=0).values / feature_variance(p)
        np.testing.assert_allclose(depths, [*DEPTHS.values(), 0.9991], atol=1.0001e-4)

    def test_is_the_exact_loss_of_the_weights(self, plane) -> None:
        for p in plane["feature_probability"].values:
            cell = plane.sel(feature_probability=p)
            there = np.isfinite(cell["loss"].values)
            again = exact_loss(cell["W"].values[there], cell["bias"].values[there], feature_probability=float(p))
            np.testing.assert_allclose(again.loss, cell["loss"].values[there], rtol=1e-12)

    def test_other_magnitudes(self) -> None:
        """Signed features cannot share a dimension; the ReLU answers at most half of each."""
        signed = find_optima(PAIR.replace(magnitude="signed_uniform"), FEW)
        boolean = find_optima(PAIR.replace(magnitude="boolean"), FEW)
        assert float(signed["loss"][0]) > 0.5 * 2 * 0.1 / 3
        assert float(boolean["loss"][0]) < 2 * 0.01
        for found, magnitude in ((signed, "signed_uniform"), (boolean, "boolean")):
            options = {"feature_probability": 0.1, "magnitude": magnitude}
            again = exact_loss(found["W"][0].values, found["bias"][0].values, **options)
            assert float(found["loss"][0]) == pytest.approx(float(again.loss), rel=1e-12)

    def test_leaving_out_large_sets_lowers_the_loss(self) -> None:
        problem = Problem(n_features=5, n_hidden=2, feature_probability=0.05)
        losses = [float(find_optima(problem, FEW.replace(most_active=k))["loss"][0]) for k in (2, 3, 5)]
        assert losses[0] < losses[1] < losses[2]
        assert losses[1] == pytest.approx(losses[2], rel=0.02)
        assert losses[2] == pytest.approx(8.903e-3, rel=1e-4)

    @pytest.mark.slow
    def test_training_never_reaches_below(self) -> None:
        grid = Grid(PLANE.problem, feature_probability=[0.05, 0.2, 0.6])
        trained = train(grid, TrainSettings(n_steps=3000, learning_rate=3e-3, schedule="cosine"), n_models=6)
        optima = find_optima(grid, DescentSettings(n_starts=24))
        for p in (0.05, 0.2, 0.6):
            cell = trained.sel(feature_probability=p)
            reached = exact_loss(cell["W"].values, cell["bias"].values, feature_probability=p).loss
            lowest = float(optima["loss"].sel(feature_probability=p)[0])
            assert lowest <= reached.min() * (1 + 1e-9)
            assert reached.min() < 1.01 * lowest  # and the best of them comes close


class TestCertificates:
    def test_gradient_and_curvature(self, plane, pairs) -> None:
        for data in (plane, pairs):
            there = np.isfinite(data["loss"].values) & (data["frequency"].values > 0)
            lowest = np.zeros_like(there)
            lowest[..., 0] = True
            assert data["gradient"].values[there & lowest].max() < 1e-6
            assert data["curvature"].values[there & lowest].min() >= -1e-5

    def test_curvature_is_that_of_the_loss(self) -> None:
        """By second differences of the exact loss itself, at the pair."""
        found = find_optima(PAIR, FEW)
        x = np.append(found["W"][0].values.ravel(), found["bias"][0].values)
        scale, step = 3 / 0.2, 1e-3

        def loss(x: np.ndarray) -> float:
            return scale * float(exact_loss(x[:2, None], x[2:], feature_probability=0.1).loss)

        e = step * np.eye(4)
        hessian = [
            [(loss(x + a + b) - loss(x + a - b) - loss(x - a + b) + loss(x - a - b)) / (4 * step**2) for a in e]
            for b in e
        ]
        assert float(found["curvature"][0]) == pytest.approx(np.linalg.eigvalsh(hessian)[0], rel=0.02)

    def test_rotations_cost_nothing(self, plane) -> None:
        """In the plane one eigenvalue is 0, and it is the smallest at a minimum."""
        sparse = plane.sel(feature_probability=0.1).isel(model=0)
        assert abs(float(sparse["curvature"])) < 1e-6

    def test_lowest_first_distinct_and_counted(self, plane) -> None:
        losses, shares = plane["loss"].values, plane["frequency"].values
        assert (np.diff(losses, axis=-1)[np.isfinite(losses[..., 1:])] >= 0).all()
        assert (shares.sum(axis=-1) <= 1 + 1e-12).all()
        assert (shares[np.isfinite(losses)] > 0).all()
        assert (shares[~np.isfinite(losses)] == 0).all()
        norms = np.sort(np.linalg.norm(plane["W"].values, axis=-1), axis=-1)
        shapes = np.concatenate([norms, np.sort(plane["bias"].values, axis=-1)], axis=-1)
        for cell in np.ndindex(losses.shape[:-1]):
            for one, other in zip(*np.triu_indices(losses.shape[-1], 1), strict=True):
                if np.isfinite(losses[cell][[one, other]]).all():
                    apart = losses[cell][other] / losses[cell][one] - 1 > 1e-5
                    assert apart or np.abs(shapes[cell][one] - shapes[cell][other]).max() > 0.02

    def test_the_lowest_is_where_the_lowest_start_ended(self, plane) -> None:
        np.testing.assert_array_equal(plane["losses"].min("start"), plane["loss"].isel(model=0))

    def test_a_loss_of_nothing_but_rounding_is_one_optimum(self) -> None:
        found = find_optima(Problem(n_features=2, n_hidden=2, feature_probability=0.1), FEW)
        lossless = found["loss"].values < 1e-9
        assert abs(float(found["loss"][0])) < 1e-12
        assert lossless.sum() == 1
        assert float(found["frequency"][0]) == pytest.approx((found["losses"].values < 1e-9).mean())

    def test_without_any_feature(self) -> None:
        found = find_optima(PAIR.replace(feature_probability=0), FEW)
        assert (found["losses"].values < 1e-12).all()
        assert np.isfinite(found["gradient"].values[found["frequency"].values > 0]).all()


class TestTheSameWhateverTheSharing:
    def test_threads(self, plane, monkeypatch) -> None:
        monkeypatch.setattr(kernel, "n_processors", lambda: 1)
        same(find_optima(PLANE, DescentSettings(n_starts=16)), plane)
        monkeypatch.setattr(kernel, "n_processors", lambda: 5)
        monkeypatch.setattr(kernel, "_CELLS_PER_CALL", 1)
        same(find_optima(PLANE, DescentSettings(n_starts=16)), plane)

    def test_packing(self, plane) -> None:
        cells = PLANE.cells()
        alone = find_optima(cells[2], DescentSettings(n_starts=16))
        same(alone, plane.isel(feature_probability=2))

    def test_grids_of_several_kinds(self) -> None:
        grid = Grid(
            Problem(n_features=3, n_hidden=1, feature_probability=0.1), n_hidden=[2, 1], feature_probability=[0.1, 0.5]
        )
        found = find_optima(grid, FEW)
        assert found["loss"].dims == ("n_hidden", "feature_probability", "model")
        one = find_optima(Problem(n_features=3, n_hidden=1, feature_probability=0.5), FEW)
        np.testing.assert_array_equal(found["loss"].sel(n_hidden=1, feature_probability=0.5), one["loss"])
        assert not found["W"].sel(n_hidden=1).isel(hidden=1).any()

    def test_seeds(self) -> None:
        random = FEW.replace(structured=False)
        first, again, other = (find_optima(PLANE.problem, random, seed=seed) for seed in (1, 1, 2))
        same(first, again)
        assert not np.array_equal(first["losses"], other["losses"])

    def test_progress(self) -> None:
        heard = []
        find_optima(PLANE, FEW, progress=heard.append)
        assert (heard[-1].done, heard[-1].total) == (4, 4)
        with redirect_stderr(io.StringIO()) as quiet:
            find_optima(PAIR, FEW, progress=True)
        assert quiet.getvalue() == ""  # no terminal, no bar

    def test_goes_to_disk_and_back(self, plane, tmp_path) -> None:
        save(plane, tmp_path / "optima.nc")
        back = load(tmp_path / "optima.nc")
        same(back, plane)
        record = provenance_of(back)
        assert (record.kernel, record.settings, record.grid) == ("exact", DescentSettings(n_starts=16), PLANE)
        assert isinstance(record.settings, DescentSettings)


class TestStarts:
    def test_at_most_half_are_structured(self) -> None:
        few = descent_starts(5, 2, DescentSettings(n_starts=4), seed=0)
        assert few.shape == (4, 15)
        near = np.abs(few[:2, :10].reshape(2, 5, 2) - structured_starts(5, 2)[:2]).max()
        assert near < 0.1
        random = descent_starts(5, 2, DescentSettings(n_starts=4, structured=False), seed=0)
        np.testing.assert_array_equal(random[2:], few[2:])  # a start has its own stream

    @pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (3, 2), (5, 2), (4, 3), (7, 3), (2, 4), (1, 3)])
    def test_every_shape_has_some(self, n, m) -> None:
        starts = structured_starts(n, m)
        assert starts.shape[1:] == (n, m)
        assert len({start.tobytes() for start in starts}) == len(starts)
        assert np.isfinite(starts).all()


class TestRefusals:
    @pytest.mark.parametrize(
        ("problem", "message"),
        [
            (PAIR.replace(output="linear"), "output='linear'.*linear_optimum"),
            (PAIR.replace(hidden="relu"), "hidden='relu'"),
            (Problem(n_features=9, n_hidden=2, feature_probability=0.1), "at most 8 .* up to 9.*most_active=3"),
            (Grid(PAIR, output=["relu", "linear"]), "output='linear'"),
        ],
    )
    def test_problem(self, problem, message) -> None:
        with pytest.raises(InputError, match=message):
            find_optima(problem, FEW)

    @pytest.mark.parametrize(
        "fields",
        [
            {"n_starts": 0},
            {"n_optima": 0},
            {"most_active": 0},
            {"tolerance": 0.0},
            {"most_steps": 0},
            {"n_start": 3},
            {"n_starts": 2.5},
        ],
    )
    def test_settings(self, fields) -> None:
        with pytest.raises(InputError, match=next(iter(fields))):
            DescentSettings(**fields)

    def test_settings_go_through_json(self) -> None:
        settings = DescentSettings(n_starts=3, structured=False, most_active=2)
        assert DescentSettings.from_json(settings.to_json()) == settings
