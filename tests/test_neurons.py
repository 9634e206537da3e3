"""What neurons stand for: measures in the basis of the hidden units, and their figures."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from tegum.ground.errors import InputError, ShapeError
from tegum.measure import NeuronCode, excited_neurons, features_per_neuron, n_monosemantic, neuron_codes
from tegum.plot import monosemantic_against_probability, neuron_bars

CODE = np.array([[0, 1, 0], [1, 0, 1], [1, 0, -1], [-1, 0, 1], [0.0, 0.1, 0]])
P = "feature_probability"


def models(W: list[np.ndarray], loss: list[list[float]], probabilities: list[float]) -> xr.Dataset:
    """The same matrices as models of each cell."""
    stacked = np.stack([np.stack(W)] * len(probabilities))
    return xr.Dataset(
        {"W": ((P, "model", "feature", "hidden"), stacked), "loss": ((P, "model"), loss)}, {P: probabilities}
    )


class TestMeasures:
    def test_the_threshold_is_a_share_of_the_largest_weight_of_the_neuron(self) -> None:
        W = np.array([[1.0, -10.0], [0.21, 1.9], [0.19, -2.1]])
        assert features_per_neuron(W).tolist() == [2, 2]
        assert features_per_neuron(W, 0.18).tolist() == [3, 3]
        assert [n_monosemantic(W, t).tolist() for t in (0.2, 0.22)] == [0, 2]

    def test_a_silent_neuron_is_not_monosemantic(self) -> None:
        assert features_per_neuron([[1.0, 0.0]]).tolist() == [1, 0]
        assert n_monosemantic([[1.0, 0.0]]).tolist() == 1

    def test_inhibition_excites_nothing(self) -> None:
        assert excited_neurons([[1.0, -5.0, 0.31], [-1.0, -2.0, 0.0]]).tolist() == [2, 0]

    def test_labels(self) -> None:
        W = xr.DataArray(np.ones((2, 3, 4)), dims=("model", "hidden", "feature"))
        assert features_per_neuron(W).dims == ("model", "hidden")
        assert features_per_neuron(W).values.tolist() == [[4] * 3] * 2

    @given(st.permutations(range(5)), st.permutations(range(3)))
    def test_codes_do_not_depend_on_the_order(self, rows: list[int], columns: list[int]) -> None:
        found = neuron_codes(CODE[rows][:, columns])
        assert sorted(map(str, found)) == ["1 in 1", "3 in 2"]
        three = next(code for code in found if len(code.features) == 3)
        assert {rows[i] for i in three.features} == {1, 2, 3}
        assert {columns[a] for a in three.neurons} == {0, 2}

    def test_what_holds_no_feature_is_no_code(self) -> None:
        assert neuron_codes(np.zeros((3, 2))) == ()
        assert neuron_codes([[1.0, 0.0], [0.0, 0.4]]) == (NeuronCode((0,), (0,)),)

    def test_refusals(self) -> None:
        with pytest.raises(InputError, match=r"threshold must lie in \[0, 1\)"):
            features_per_neuron(CODE, 1.0)
        with pytest.raises(InputError, match="threshold must lie"):
            excited_neurons(CODE, -0.1)
        with pytest.raises(ShapeError, match="choose one model"):
            neuron_codes(CODE[np.newaxis])


class TestNeuronBars:
    def test_segments_add_up_to_the_weights_on_each_side_of_the_line(self) -> None:
        ax = neuron_bars(CODE).axes[0]
        heights = np.concatenate([path.vertices[:, 1] for part in ax.collections for path in part.get_paths()])
        assert (heights.max(), heights.min()) == (2.0, -1.0)
        assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "3", "3"]
        assert ax.get_title() == "1 of 3 monosemantic"

    def test_a_feature_has_one_colour(self) -> None:
        ax = neuron_bars(np.eye(3)).axes[0]
        drawn = [tuple(colour) for part in ax.collections for colour in part.get_facecolor()]
        assert len(drawn) == len(set(drawn)) == 3

    def test_the_lowest_loss_model_of_each_cell(self) -> None:
        data = models([CODE, np.eye(5)[:, :3]], [[1.0, 2.0], [2.0, 1.0]], [0.1, 0.5])
        titles = [ax.get_title() for ax in neuron_bars(data).axes[:2]]
        assert titles == ["p = 0.1\n1 of 3 monosemantic", "p = 0.5\n3 of 3 monosemantic"]
        assert neuron_bars(data, titles=["a", "b"]).axes[1].get_title() == "b\n3 of 3 monosemantic"

    def test_refusals(self) -> None:
        with pytest.raises(InputError, match="expected one matrix"):
            neuron_bars(CODE[np.newaxis])
        with pytest.raises(InputError, match="got 2 titles for 1 cells"):
            neuron_bars(CODE, titles=["a", "b"])


class TestMonosemanticAgainstProbability:
    def test_lines_are_the_lowest_loss_and_dots_are_all(self) -> None:
        data = models([CODE, np.eye(5)[:, :3]], [[1.0, 2.0], [2.0, 1.0]], [0.1, 0.5])
        ax = monosemantic_against_probability(data).axes[0]
        assert ax.lines[0].get_xydata().tolist() == [[2.0, 3.0], [10.0, 1.0]]
        assert ax.lines[1].get_ydata().tolist() == [3, 4]
        assert [dots.get_offsets().tolist() for dots in ax.collections] == [[[2, 1], [2, 3]], [[10, 1], [10, 3]]]

    @pytest.mark.parametrize(
        "change", [lambda d: d.rename({P: "n_hidden"}), lambda d: d.assign_coords({P: [0.0, 1.0]})]
    )
    def test_refuses_other_grids(self, change) -> None:
        data = models([CODE], [[1.0], [2.0]], [0.1, 0.5])
        with pytest.raises(InputError, match="needs the one grid dimension"):
            monosemantic_against_probability(change(data))
