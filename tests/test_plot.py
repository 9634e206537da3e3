"""Figures of small datasets whose picture is known: what is drawn, where, in which colour, and in which words."""

import math
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from tegum.ground.errors import FileError, InputError
from tegum.plot import (
    feature_arrows,
    gram_and_bias,
    loss_curves,
    loss_ratio_against_probability,
    norm_bars,
    represented_against_probability,
    save_figure,
    styled,
)
from tegum.plot.labels import describe_problem, heading, importance_formula, name_value, selection
from tegum.plot.panels import columns_for, panels
from tegum.plot.style import dark_part

FigureOf = Callable[[xr.Dataset], Figure]
CELL = "feature_probability"


def pentagon() -> np.ndarray:
    angle = 2.0 * np.pi * np.arange(5) / 5.0
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def two_features() -> np.ndarray:
    return np.vstack([np.eye(2), np.zeros((3, 2))])


@pytest.fixture
def dataset() -> xr.Dataset:
    """Dense: the two most important features alone, found by model 0. Sparse: a pentagon, found by model 1."""
    bad = 0.1 * np.ones((5, 2))
    W = np.array([[two_features(), bad], [bad, pentagon()]], dtype=np.float32)
    importances = 0.9 ** np.arange(5.0)
    p = np.array([1.0, 0.05])
    steps = np.array([1, 10, 100])
    return xr.Dataset(
        {
            "W": ((CELL, "model", "feature", "hidden"), W),
            "bias": ((CELL, "model", "feature"), np.full((2, 2, 5), [[[0.5], [0.0]], [[0.0], [-0.2]]])),
            "loss": ((CELL, "model"), np.array([[0.2, 0.4], [0.03, 0.01]])),
            "loss_standard_error": ((CELL, "model"), np.full((2, 2), 0.001)),
            "loss_history": ((CELL, "model", "step"), np.ones((2, 2, 1)) / steps),
            "probabilities": ((CELL, "feature"), np.repeat(p[:, np.newaxis], 5, axis=1)),
            "importances": ((CELL, "feature"), np.tile(importances, (2, 1))),
            "linear_optimum": (CELL, np.array([0.2, 0.02])),
        },
        coords={CELL: p, "step": steps},
    )


def two_dimensional(dataset: xr.Dataset, n_columns: int = 2) -> xr.Dataset:
    """The sparse cell again and again, over output and feature probability."""
    row = dataset.isel({CELL: [1] * n_columns}).assign_coords({CELL: np.linspace(0.1, 0.9, n_columns)})
    return xr.concat([row, row], xr.DataArray(["linear", "relu"], dims="output", name="output"))


def panels_of(figure: Figure) -> list[Axes]:
    """All axes but those of the colour bar."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def titles(figure: Figure) -> list[str]:
    return [ax.get_title() for ax in panels_of(figure)]


def segments(ax: Axes) -> np.ndarray:
    (lines,) = (c for c in ax.collections if isinstance(c, LineCollection))
    return np.array(lines.get_segments())


class TestArrows:
    def test_every_feature_of_the_best_model_is_an_arrow(self, dataset: xr.Dataset) -> None:
        figure = feature_arrows(dataset)
        assert titles(figure) == ["p = 1", "p = 0.05"]
        for ax, W in zip(panels_of(figure), (two_features(), pentagon()), strict=True):
            np.testing.assert_allclose(segments(ax)[:, 0], 0.0)
            np.testing.assert_allclose(segments(ax)[:, 1], W, atol=1e-6)
            assert ax.get_aspect() == 1.0

    def test_colour_is_the_order_of_importance(self, dataset: xr.Dataset) -> None:
        turned = dataset.assign(importances=dataset["importances"][:, ::-1])
        first, second = (feature_arrows(d).axes[0].collections[0].get_edgecolor() for d in (dataset, turned))
        np.testing.assert_allclose(first, dark_part(5)(range(5)))
        np.testing.assert_allclose(first, second[::-1])

    def test_heading_is_read_off_the_data(self, dataset: xr.Dataset) -> None:
        words = feature_arrows(dataset).get_suptitle()
        for word in ("n = 5 features", "m = 2 dimensions", "Iᵢ = 0.9ⁱ", "lowest loss of 2 models"):
            assert word in words

    def test_single_problem_has_one_panel_and_its_p_in_the_heading(self, dataset: xr.Dataset) -> None:
        figure = feature_arrows(dataset.isel({CELL: 1}))
        assert titles(figure) == [""]
        assert "p = 0.05" in figure.get_suptitle()

    def test_two_grid_dimensions_become_named_blocks_that_wrap(self, dataset: xr.Dataset) -> None:
        figure = feature_arrows(two_dimensional(dataset, n_columns=10))
        assert len(panels_of(figure)) == 20
        assert [ax.get_ylabel() for ax in panels_of(figure)[::5]] == ["output = linear"] * 2 + ["output = relu"] * 2

    def test_refuses_what_is_not_a_plane(self, dataset: xr.Dataset) -> None:
        with pytest.raises(InputError, match=r"2 dimensions; got 1.*norm_bars"):
            feature_arrows(dataset.isel(hidden=[0]))

    def test_refuses_three_grid_dimensions(self, dataset: xr.Dataset) -> None:
        with pytest.raises(InputError, match=r"3 grid dimensions.*\.sel\(seed=0\)"):
            feature_arrows(two_dimensional(dataset).expand_dims(seed=[0]))


class TestGramAndBias:
    def test_shows_the_gram_matrix_and_the_bias_of_the_best_model(self, dataset: xr.Dataset) -> None:
        figure = gram_and_bias(dataset)
        ax = panels_of(figure)[1]
        matrix, bias = ax.images[0], ax.child_axes[0].images[0]
        np.testing.assert_allclose(matrix.get_array(), pentagon() @ pentagon().T, atol=1e-6)
        np.testing.assert_allclose(bias.get_array(), np.full((5, 1), -0.2))
        assert matrix.get_clim() == bias.get_clim() == (-1.0, 1.0)

    def test_zero_is_white_and_signs_are_apart(self, dataset: xr.Dataset) -> None:
        image = panels_of(gram_and_bias(dataset))[0].images[0]
        below, zero, above = image.to_rgba([-0.8, 0.0, 0.8])[:, :3]
        assert zero.min() > 0.95
        assert below[2] > below[0]
        assert above[0] > above[2]

    def test_one_colour_bar_says_its_limits(self, dataset: xr.Dataset) -> None:
        figure = gram_and_bias(dataset)
        (bar,) = set(figure.axes) - set(panels_of(figure))
        assert "±1" in bar.get_ylabel()
        assert titles(figure) == ["p = 1", "p = 0.05"]


class TestNormBars:
    def test_lengths_are_norms_and_titles_count(self, dataset: xr.Dataset) -> None:
        figure = norm_bars(dataset)
        assert titles(figure) == ["p = 1\n2 represented", "p = 0.05\n5 represented"]
        widths = [[bar.get_width() for bar in self.bars(ax)] for ax in panels_of(figure)]
        np.testing.assert_allclose(widths, [[1.0, 1.0, 0.0, 0.0, 0.0], [1.0] * 5], atol=1e-6)

    def test_colour_is_interference(self, dataset: xr.Dataset) -> None:
        dense, sparse = panels_of(norm_bars(dataset))
        viridis = mpl.colormaps["viridis"]
        assert to_hex(self.bars(dense)[0].get_facecolor()) == to_hex(viridis(0.0))
        # a pentagon has interference 2 (cos² 72° + cos² 144°) = 1.5, beyond the end of the scale
        assert to_hex(self.bars(sparse)[0].get_facecolor()) == to_hex(viridis(1.0))

    def test_threshold_and_order_of_features(self, dataset: xr.Dataset) -> None:
        ax = panels_of(norm_bars(dataset))[0]
        (threshold,) = ax.lines
        assert list(threshold.get_xdata()) == [0.5, 0.5]
        assert threshold.get_linestyle() == ":"
        assert ax.yaxis_inverted()

    @staticmethod
    def bars(ax: Axes) -> BarContainer:
        (container,) = (c for c in ax.containers if isinstance(c, BarContainer))
        return container


@pytest.mark.parametrize("figure_of", [gram_and_bias, norm_bars, loss_curves])
def test_two_grid_dimensions_must_be_selected_from(figure_of: FigureOf, dataset: xr.Dataset) -> None:
    with pytest.raises(InputError, match=r"output, feature_probability.*\.sel\(output='linear'\)"):
        figure_of(two_dimensional(dataset))


@pytest.mark.parametrize("figure_of", [feature_arrows, gram_and_bias, norm_bars, loss_curves])
def test_a_dataset_without_models_is_refused(figure_of: FigureOf, dataset: xr.Dataset) -> None:
    with pytest.raises(InputError, match=r"'loss' with a dimension 'model'.*isel\(model=\[0, 2\]\)"):
        figure_of(dataset.isel(model=0))


class TestAgainstProbability:
    def test_counts_of_all_models_and_of_the_best(self, dataset: xr.Dataset) -> None:
        ax = represented_against_probability({"relu": dataset}).axes[0]
        *dots, best, hidden = ax.lines
        np.testing.assert_allclose([line.get_ydata() for line in dots], [[2, 0], [0, 5]])
        np.testing.assert_allclose(best.get_xdata(), [1.0, 20.0])
        np.testing.assert_allclose(best.get_ydata(), [2, 5])
        np.testing.assert_allclose(hidden.get_ydata(), [2, 2])
        assert ax.get_xscale() == "log"

    def test_labels_colours_and_heading(self, dataset: xr.Dataset) -> None:
        figure = represented_against_probability({"linear": dataset, "relu": dataset})
        words = [text.get_text() for text in figure.legends[0].get_texts()]
        assert words == ["linear, 2 models", "relu, 2 models", "m = 2 dimensions"]
        assert len({line.get_color() for line in figure.axes[0].lines}) == 3
        assert "Iᵢ = 0.9ⁱ" in figure.axes[0].get_title()

    def test_different_problems_are_named_apart(self, dataset: xr.Dataset) -> None:
        smaller = dataset.isel(feature=slice(4))
        words = represented_against_probability({"a": dataset, "b": smaller}).axes[0].get_title()
        assert words.index("a: n") < words.index("b: n")

    def test_order_of_the_grid_does_not_matter(self, dataset: xr.Dataset) -> None:
        turned = loss_ratio_against_probability({"relu": dataset.isel({CELL: [1, 0]})}).axes[0].lines
        for one, other in zip(loss_ratio_against_probability({"relu": dataset}).axes[0].lines, turned, strict=True):
            np.testing.assert_allclose(one.get_xydata(), other.get_xydata())

    def test_loss_is_divided_by_the_linear_optimum(self, dataset: xr.Dataset) -> None:
        ax = loss_ratio_against_probability({"relu": dataset}).axes[0]
        *dots, best, one = ax.lines
        np.testing.assert_allclose([line.get_ydata() for line in dots], [[1.0, 1.5], [2.0, 0.5]])
        np.testing.assert_allclose(best.get_ydata(), [1.0, 0.5])
        np.testing.assert_allclose(one.get_ydata(), 1.0)

    def test_bars_are_two_standard_errors(self, dataset: xr.Dataset) -> None:
        ends = segments(loss_ratio_against_probability({"relu": dataset}).axes[0])[:, :, 1]
        np.testing.assert_allclose(ends, [[0.99, 1.01], [0.4, 0.6]])

    @pytest.mark.parametrize("optimum", [None, [0.0, 0.02]])
    def test_ratio_needs_a_positive_optimum(self, dataset: xr.Dataset, optimum: list[float] | None) -> None:
        other = dataset.drop_vars("linear_optimum")
        if optimum is not None:
            other = other.assign(linear_optimum=(CELL, optimum))
        with pytest.raises(InputError, match=r"'relu' needs a positive variable 'linear_optimum'"):
            loss_ratio_against_probability({"relu": other})

    def test_refuses_other_grids(self, dataset: xr.Dataset) -> None:
        never = dataset.assign_coords({CELL: [1.0, 0.0]})
        words = dataset.assign_coords({CELL: ["0.5^i", "0.9^i"]})
        renamed = dataset.rename({CELL: "importance"})
        for other in (never, words, renamed, dataset.isel({CELL: 0})):
            with pytest.raises(InputError, match=r"'relu'.*expected one, 'feature_probability'"):
                represented_against_probability({"relu": other})

    def test_refuses_none_and_too_many(self, dataset: xr.Dataset) -> None:
        for number in (0, 8):
            with pytest.raises(InputError, match=f"got {number} datasets; expected 1 to 7"):
                represented_against_probability({str(i): dataset for i in range(number)})


class TestLossCurves:
    def test_every_model_thin_and_the_best_thick(self, dataset: xr.Dataset) -> None:
        figure = loss_curves(dataset)
        lines = figure.axes[0].lines
        assert [line.get_linewidth() for line in lines] == [0.5, 0.5, 1.5] * 2
        assert len({str(line.get_color()) for line in lines}) == 2
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["p = 1", "p = 0.05"]
        assert figure.axes[0].get_xscale() == figure.axes[0].get_yscale() == "log"

    def test_needs_recorded_losses(self, dataset: xr.Dataset) -> None:
        with pytest.raises(InputError, match="no variable 'loss_history'"):
            loss_curves(dataset.drop_vars("loss_history"))

    def test_single_problem_needs_no_legend(self, dataset: xr.Dataset) -> None:
        assert not loss_curves(dataset.isel({CELL: 0})).legends


def test_a_model_that_diverged_is_not_the_best(dataset: xr.Dataset) -> None:
    dataset["loss"][0, 0] = math.nan
    np.testing.assert_allclose(segments(panels_of(feature_arrows(dataset))[0])[:, 1], 0.1, atol=1e-6)


@pytest.mark.parametrize(("n_cells", "columns"), [(1, 1), (7, 7), (8, 8), (9, 5), (10, 5), (17, 6)])
def test_lines_of_panels_are_filled_evenly(n_cells: int, columns: int) -> None:
    assert columns_for(n_cells, at_most=8) == columns
    figure, axes = panels(2, n_cells, size=(1.0, 1.0), at_most=8)
    assert axes == figure.axes
    assert len(axes) == 2 * n_cells


class TestWords:
    @pytest.mark.parametrize(
        ("importances", "words"),
        [
            ([1.0, 1.0, 1.0], "I = 1"),
            ([1.0, 0.7, 0.49], "Iᵢ = 0.7ⁱ"),
            ([2.0, 1.0, 0.5], "Iᵢ = 2 · 0.5ⁱ"),
            ([1.0, 1.0 / 2.0, 1.0 / 3.0], "Iᵢ = (i + 1)^-1"),
            ([1.0, 0.2], "I = 1, 0.2"),
            ([1.0, 0.0, 0.3], "I = 1, 0, 0.3"),
            ([1.0, 0.0, 0.3, 0.2], "I₀ = 1, …, I₃ = 0.2"),
        ],
    )
    def test_importance_formula(self, importances: list[float], words: str) -> None:
        assert importance_formula(np.array(importances)) == words

    def test_what_varies_over_the_grid_is_left_out(self, dataset: xr.Dataset) -> None:
        assert describe_problem(dataset) == "n = 5 features, m = 2 dimensions, Iᵢ = 0.9ⁱ"
        assert describe_problem(dataset.rename({CELL: "n_hidden"})).startswith("n = 5 features, Iᵢ")
        assert (
            describe_problem(dataset.drop_vars(["importances", "probabilities"])) == "n = 5 features, m = 2 dimensions"
        )

    def test_a_small_cell_of_a_larger_grid_is_described_by_its_own_size(self, dataset: xr.Dataset) -> None:
        filled_up = dataset.isel({CELL: 0}, drop=True).assign_coords(n_features=3, n_hidden=1, importance="0.9^i")
        filled_up["importances"][3:] = 0.0
        assert describe_problem(filled_up) == "n = 3 features, m = 1 dimension, Iᵢ = 0.9ⁱ, p = 1"

    def test_what_was_selected_is_named(self, dataset: xr.Dataset) -> None:
        chosen = two_dimensional(dataset).sel(output="relu").isel({CELL: 0})
        assert selection(chosen) == "output = relu"
        assert "output = relu" in norm_bars(chosen).get_suptitle()

    def test_unknown_coordinates_keep_their_name(self) -> None:
        assert name_value("hidden_activation", "relu") == "hidden activation = relu"
        assert name_value("n_hidden", np.int64(20)) == "m = 20"

    def test_heading_never_breaks_an_equation(self) -> None:
        words = heading("n = 5 features, m = 2 dimensions", "", "lowest loss", width=1.6)
        assert words.split("\n") == ["n = 5 features,", "m = 2 dimensions", "lowest loss"]
        assert heading("a", "", "b", width=1.6) == "a; b"


class TestStyle:
    def test_parameters_of_the_user_come_back(self, dataset: xr.Dataset) -> None:
        with mpl.rc_context({"font.size": 33.0, "svg.hashsalt": "mine"}):
            with styled():
                assert mpl.rcParams["font.size"] == 8.0
            feature_arrows(dataset)
            assert (mpl.rcParams["font.size"], mpl.rcParams["svg.hashsalt"]) == (33.0, "mine")

    def test_the_look_does_not_depend_on_the_parameters_of_the_user(self, dataset: xr.Dataset, tmp_path: Path) -> None:
        save_figure(feature_arrows(dataset), tmp_path / "plain")
        with mpl.rc_context({"font.size": 33.0, "lines.linewidth": 9.0, "savefig.dpi": 20}):
            save_figure(feature_arrows(dataset), tmp_path / "odd")
        for suffix in ("svg", "png"):
            assert (tmp_path / f"plain.{suffix}").read_bytes() == (tmp_path / f"odd.{suffix}").read_bytes()

    @pytest.mark.parametrize("figure_of", [feature_arrows, gram_and_bias, norm_bars, loss_curves])
    def test_the_same_figure_is_the_same_bytes(self, figure_of: FigureOf, dataset: xr.Dataset, tmp_path: Path) -> None:
        first = save_figure(figure_of(dataset), tmp_path / "deep" / "down" / "first.v1")
        second = save_figure(figure_of(dataset), tmp_path / "second")
        assert [path.name for path in first] == ["first.v1.svg", "first.v1.png"]
        assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
        assert b"<dc:date>" not in first[0].read_bytes()

    def test_a_failed_save_leaves_the_old_file_and_nothing_else(self, tmp_path: Path) -> None:
        svg, png = save_figure(Figure(figsize=(1.0, 1.0)), tmp_path / "figure")
        before = svg.read_bytes(), png.read_bytes()
        broken = Figure(figsize=(1.0, 1.0))
        broken.text(0.0, 0.0, "$\\nonsense$")
        with pytest.raises(ValueError, match="nonsense"):
            save_figure(broken, tmp_path / "figure")
        assert (svg.read_bytes(), png.read_bytes()) == before
        assert sorted(tmp_path.iterdir()) == [png, svg]

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(FileError, match=r"cannot make the folder .*file.*Choose another"):
            save_figure(Figure(), tmp_path / "file" / "norms")
