"""Figures of what stands on the exact loss: known colours, lines and words from datasets made by hand."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex, to_rgb

from tegum.plot import (
    collapsed_against_probability,
    disagreement,
    landing_shares,
    level_curves,
    loss_branches,
    phase_maps,
    save_figure,
)
from tegum.plot.style import OKABE_ITO

P, I = "feature_probability", "relative_importance"  # noqa: E741
PROBABILITIES, IMPORTANCES = [0.01, 0.1, 1.0], [0.1, 10.0]
WHITE, BLUE, ORANGE = (1.0, 1.0, 1.0), to_rgb(OKABE_ITO[0]), to_rgb(OKABE_ITO[1])


def theory(winners: list[list[str]]) -> xr.Dataset:
    names = ["ignored", "superposed", "dedicated", "dedicated, others paired", "triangle"]
    loss = [[[0.0 if name == winner else 1.0 for name in names] for winner in row] for row in winners]
    return xr.Dataset({"loss": ((P, I, "candidate"), loss)}, {P: PROBABILITIES, I: IMPORTANCES, "candidate": names})


def models(weights: list[list[float]]) -> xr.Dataset:
    """A second model of higher loss in each cell, which must not be drawn; the first feature is 1."""
    W = np.array([[[[[1.0], [w]], [[1.0], [0.5]]] for w in row] for row in weights])
    loss = np.broadcast_to([1.0, 2.0], W.shape[:3])
    return xr.Dataset(
        {"W": ((P, I, "model", "feature", "hidden"), W), "loss": ((P, I, "model"), loss)},
        {P: PROBABILITIES, I: IMPORTANCES},
    )


def mesh(ax) -> QuadMesh:
    return next(child for child in ax.get_children() if isinstance(child, QuadMesh))


def colours(ax) -> np.ndarray:
    """Of the cells, (probability, importance, 3)."""
    return np.asarray(mesh(ax).get_array()).reshape(len(IMPORTANCES), len(PROBABILITIES), -1)[..., :3].swapaxes(0, 1)


class TestPhaseMaps:
    def test_colours_of_the_candidates(self) -> None:
        winners = [["ignored", "superposed"], ["dedicated", "dedicated, others paired"], ["triangle", "ignored"]]
        figure = phase_maps({"theory": theory(winners)})
        between = (np.array(BLUE) + ORANGE) / 2
        expected = [[WHITE, ORANGE], [BLUE, BLUE], [between, WHITE]]
        np.testing.assert_allclose(colours(figure.axes[0]), expected, atol=1e-12)

    def test_colours_of_the_lowest_loss_models(self) -> None:
        figure = phase_maps({"trained": models([[0.0, -1.0], [1.0, 0.5], [-0.5, 0.0]])})
        half = (np.array(WHITE) + ORANGE) / 2
        expected = [[WHITE, ORANGE], [ORANGE, half], [half, WHITE]]
        np.testing.assert_allclose(colours(figure.axes[0]), expected, atol=1e-12)

    def test_a_dimension_of_its_own_is_blue(self) -> None:
        data = models([[1.0, 1.0]] * 3)
        data["W"][..., 0, 0] = 0.0
        np.testing.assert_allclose(colours(phase_maps({"": data}).axes[0]), [[BLUE] * 2] * 3, atol=1e-12)

    def test_dimensions_in_another_order(self) -> None:
        data = models([[0.0, -1.0], [1.0, 0.5], [-0.5, 0.0]])
        one, other = (colours(phase_maps({"": d}).axes[0]) for d in (data, data.transpose(..., I, P)))
        np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize("mirrored", [False, True])
    def test_boundary_and_its_mirror_image(self, mirrored) -> None:
        boundary = xr.Dataset({"importance": (P, [0.2, 0.5])}, {P: [0.1, 0.5]})
        maps = {"theory": theory([["ignored"] * 2] * 3), "trained": models([[0.0, -1.0]] * 3)}
        figure = phase_maps(maps, boundary=boundary, mirrored=mirrored)
        assert [ax.get_title() for ax in figure.axes] == ["theory", "trained"]
        for ax in figure.axes:
            assert len(ax.lines) == 1 + mirrored
            np.testing.assert_allclose(ax.lines[0].get_xdata(), [10, 2])
            np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.2, 0.5])
            np.testing.assert_allclose(ax.lines[-1].get_ydata(), [5, 2] if mirrored else [0.2, 0.5])
            assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
            assert ax.get_ylim() == (0.1, 10.0)

    def test_words(self) -> None:
        figure = phase_maps({"theory": theory([["ignored"] * 2] * 3)})
        words = [text.get_text() for text in figure.legends[0].get_texts()]
        assert words == ["not represented", "own dimension", "in superposition"]
        assert figure.axes[0].get_xlabel() == "1 / feature probability p"


class TestDisagreement:
    def test_cells_and_share(self) -> None:
        first = xr.DataArray(
            [["ignored", "superposed"], ["dedicated"] * 2, ["ignored"] * 2], {P: PROBABILITIES, I: IMPORTANCES}, (P, I)
        )
        second = first.copy()
        second[0, 1] = "dedicated"
        ax = disagreement(first, second.transpose()).axes[0]
        assert ax.get_title() == "1 of 6 cells differ (16.7 %)"
        cells = np.asarray(mesh(ax).get_array()).reshape(2, 3)
        np.testing.assert_array_equal(cells, [[0, 0, 0], [1, 0, 0]])


class TestBranches:
    def test_curves_and_crossing(self) -> None:
        data = xr.Dataset(
            {"loss": (("branch", "ratio"), [[3.0, 2.0], [4.0, 1.0]])},
            {"branch": ["pentagon", "two pairs"], "ratio": [1.0, 0.2]},
        )
        ax = loss_branches(data, crossing=0.269).axes[0]
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert labels == ["pentagon", "two pairs", "crossing at 0.269"]
        np.testing.assert_array_equal([line.get_ydata() for line in ax.lines[:2]], [[3, 2], [4, 1]])
        assert [to_hex(line.get_color()).upper() for line in ax.lines[:2]] == list(OKABE_ITO[:2])
        assert set(ax.lines[2].get_xdata()) == {0.269}

    def test_shares_with_their_intervals(self) -> None:
        data = xr.Dataset(
            {"represented": (("ratio", "model"), [[5, 5, 5, 5], [5, 4, 4, 4]]), "W": ("feature", np.zeros(5))},
            {"ratio": [1.0, 0.3]},
        )
        ax = landing_shares(data).axes[0]
        np.testing.assert_allclose(ax.lines[0].get_ydata(), [1.0, 0.25])
        bars = np.array(ax.collections[0].get_segments())[..., 1]
        assert ((bars[:, 0] <= [1.0, 0.25]) & (bars[:, 1] >= [1.0, 0.25])).all()
        assert (bars[:, 0] < [1.0, 0.25]).all()
        assert ax.get_title() == "4 starts for each ratio"

    def test_levels(self) -> None:
        coordinates = {"n": ("arrangement", [6, 5, 5]), "k": ("arrangement", [6, 4, 5])}
        ax = level_curves(xr.Dataset({"loss": ("arrangement", [0.05, 0.06, 0.02])}, coordinates)).axes[0]
        assert [line.get_label() for line in ax.lines] == ["n = 5", "n = 6"]
        assert ax.lines[0].get_xdata().tolist() == [4, 5]
        assert ax.lines[1].get_ydata().tolist() == [0.05]
        assert ax.get_xticks().tolist() == [4, 5, 6]

    def test_collapsed_pairs(self) -> None:
        dims = (P, "model")
        data = xr.Dataset(
            {"collapsed": (dims, [[0, 1, 1], [3, 2, 3]]), "loss": (dims, [[0.1, 0.2, 0.3], [0.2, 0.1, 0.3]])},
            {P: [0.05, 0.5]},
        )
        ax = collapsed_against_probability(data).axes[0]
        assert ax.lines[0].get_ydata().tolist() == [0, 2]
        dots = [dots.get_offsets().tolist() for dots in ax.collections]
        assert dots == [[[0.05, 0], [0.05, 1]], [[0.5, 2], [0.5, 3]]]
        np.testing.assert_allclose(ax.collections[0].get_sizes(), [20, 40])


def test_all_of_them_can_be_saved_and_leave_no_traces(tmp_path) -> None:
    before = dict(mpl.rcParams)
    figure = phase_maps({"theory": theory([["ignored"] * 2] * 3), "trained": models([[0.0, -1.0]] * 3)})
    assert all(path.stat().st_size > 1000 for path in save_figure(figure, tmp_path / "phases"))
    assert dict(mpl.rcParams) == before
