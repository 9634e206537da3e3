"""Axes and grids: the cells, their order, the coordinates, and what is refused."""

import numpy as np
import pytest

from tegum import Axis, Geometric, Grid, Problem
from tegum.ground.errors import InputError
from tegum.problem import grid as grid_module
from tegum.store import layout

PROBLEM = Problem(n_features=2, n_hidden=1, feature_probability=0.1)


def test_cells_come_in_the_order_of_the_dimensions_the_last_fastest():
    grid = Grid(PROBLEM, n_hidden=[1, 2], feature_probability=[1, 0.1, 0.01])
    assert grid.dims == ("n_hidden", "feature_probability")
    assert grid.shape == (2, 3)
    assert len(grid) == 6
    cells = [(cell.n_hidden, cell.feature_probability) for cell in grid.cells()]
    assert cells == [(1, 1.0), (1, 0.1), (1, 0.01), (2, 1.0), (2, 0.1), (2, 0.01)]


def test_a_grid_without_axes_is_one_problem():
    grid = Grid(PROBLEM)
    assert (grid.dims, grid.shape, len(grid), grid.cells()) == ((), (), 1, [PROBLEM])


def test_fields_may_vary_together_under_a_name_of_their_own():
    axis = Axis(fields={"n_features": [2, 3], "n_hidden": [1, 2]}, labels=["two in one", "three in two"])
    grid = Grid(PROBLEM, shape=axis)
    assert [(cell.n_features, cell.n_hidden) for cell in grid.cells()] == [(2, 1), (3, 2)]
    assert grid.axes[0].coordinates() == ["two in one", "three in two"]


@pytest.mark.parametrize(
    ("axis", "coordinates"),
    [
        (Axis(fields={"feature_probability": [1, 0.5]}), [1.0, 0.5]),
        (Axis(fields={"n_hidden": [1, 2]}), [1, 2]),
        (Axis(fields={"output": ["relu", "linear"]}), ["relu", "linear"]),
        (Axis(fields={"importance": [1, Geometric(ratio=0.7), (1, 0.1)]}), ["1", "0.7^i", "(1, 0.1)"]),
        (Axis(fields={"importance": [(1, 0.1), (1, 1)]}, labels=np.array([0.1, 1.0])), [0.1, 1.0]),
    ],
    ids=str,
)
def test_what_stands_at_an_axis(axis, coordinates):
    assert axis.coordinates() == coordinates
    assert [type(c) for c in axis.coordinates()] == [type(c) for c in coordinates]


@pytest.mark.parametrize(
    "values", [(1, 2), range(1, 3), np.array([1, 2]), iter([1, 2])], ids=lambda v: type(v).__name__
)
def test_values_may_come_in_any_ordered_form(values):
    assert Grid(PROBLEM, n_hidden=values) == Grid(PROBLEM, n_hidden=[1, 2])


def recorded(**axis):
    """An axis as it stands in a file, where its name is a field and not a keyword."""
    return {"axes": [axis]}


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"feature_probability": []}, ["lists of values of one length", "{'feature_probability': 0}"]),
        ({"kind": Axis}, ["no field 'kind'", "pass an Axis"]),
        ({"sparsity": [0.9]}, ["no field 'sparsity'", "feature_probability = 1 - sparsity"]),
        ({"n_dims": [1]}, ["no field 'n_dims'", "n_features, n_hidden", "pass an Axis"]),
        ({"feature_probability": 0.1}, ["feature_probability needs a list", "got 0.1"]),
        ({"feature_probability": np.array(0.1)}, ["needs a list", "array(0.1)"]),
        ({"importance": Geometric(ratio=0.5)}, ["needs a list", "Geometric"]),
        ({"output": "relu"}, ["needs a list", "'relu'"]),
        ({"n_hidden": {1, 2}}, ["needs a list", "in the order of the axis"]),
        ({"feature_probability": [0.1, 1.5]}, ["[0, 1]", "got 1.5", "at feature_probability[1] of the grid"]),
        ({"n_hidden": [1], "importance": [1, -1]}, ["negative", "at n_hidden[0], importance[1] of the grid"]),
        ({"importance": [(1, 2, 3)]}, ["has 3 values", "n_features = 2", "at importance[0]"]),
        ({"importance": [1, float("nan")]}, ["importance", "finite", "nan"]),
        ({"n_hidden": [1, 2.5]}, ["n_hidden", "integer", "2.5"]),
        ({"n_hidden": [1, 0]}, ["n_hidden", "greater than or equal to 1", "got 0"]),
        ({"n_hidden": [True]}, ["n_hidden", "expected a number", "True"]),
        ({"output": ["relu", "gelu"]}, ["output", "'relu' or 'linear'", "'gelu'"]),
        ({"n_hidden": [1, 1]}, ["different label", "got 1 twice"]),
        ({"importance": [Geometric(ratio=0.7), Geometric(ratio=0.70000001)]}, ["'0.7^i' twice", "labels of your own"]),
        ({"hidden": ["linear", "relu"]}, ["cannot be called 'hidden'", "taken", "kind=Axis("]),
        ({"two words": Axis(fields={"n_hidden": [1]})}, ["cannot be called 'two words'", "one word"]),
        (recorded(name="model", fields={"n_hidden": [1, 2]}), ["cannot be called 'model'"]),
        (recorded(fields={"n_hidden": [1, 2]}), ["cannot be called ''"]),
        (recorded(name="n_hidden", fields={"n_hidden": [1]}) | {"n_hidden": [2]}, ["different names"]),
        ({"n_hidden": [1], "m": Axis(fields={"n_hidden": [2]})}, ["'n_hidden' varies along two axes", "take it out"]),
        ({"axes": 5}, ["axes", "Axis", "got 5"]),
    ],
)
def test_bad_axes_are_refused_in_one_clear_message(axes, words):
    with pytest.raises(InputError) as caught:
        Grid(PROBLEM, **axes)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"fields": {}}, "one or more lists"),
        ({"fields": {"n_dims": [1]}}, "no field 'n_dims' to vary; the fields are n_features"),
        ({"fields": {"output": "relu"}}, "output: input should be a valid tuple"),
        ({"fields": {"n_hidden": [1, 2], "importance": [1]}}, "lengths {'n_hidden': 2, 'importance': 1}"),
        ({"fields": {"n_hidden": [1, 2]}, "labels": [1]}, "lengths {'n_hidden': 2, 'labels': 1}"),
        ({"fields": {"n_hidden": [1, 2]}, "labels": [1, "two"]}, "numbers, or texts, but not both; got [1, 'two']"),
        ({"fields": {"n_hidden": [1, 2]}, "labels": [1, float("inf")]}, "expected finite numbers"),
        ({"fields": {"n_hidden": [1, 2]}, "labels": ["x", "x"]}, "different label for each value; got 'x' twice"),
        ({"fields": {"n_hidden": [1, 2]}, "values": [1]}, "no field 'values'"),
    ],
)
def test_bad_axis_fields_are_refused(fields, words):
    with pytest.raises(InputError) as caught:
        Axis(**fields)
    assert words in str(caught.value)


def test_no_axis_can_hide_what_the_dataset_holds(trained):
    names = set(layout._MEANING) | set(trained.variables) | set(trained.dims) - {"feature_probability", "n_hidden"}
    assert names - {"feature_probability", "n_hidden"} <= set(grid_module._RESERVED)


def test_a_grid_needs_a_problem():
    with pytest.raises(InputError, match="instance of Problem; got 'x'"):
        Grid("x")
