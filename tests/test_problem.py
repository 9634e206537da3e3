"""Problems and profiles: what they hold, what they refuse, and in which words."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError

from tegum import Constant, Geometric, PowerLaw, Problem
from tegum.ground.errors import InputError
from tegum.problem.profiles import describe, expand

PLAIN = {"n_features": 5, "n_hidden": 2, "feature_probability": 0.1}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"feature_probability": 1.5},
            ["feature_probability must lie in [0, 1]", "got 1.5", "For a sparsity S", "1 - S"],
        ),
        ({"feature_probability": -0.1}, ["[0, 1]", "got -0.1 for feature 0"]),
        ({"feature_probability": [0.1, 0.2, 0.3, 7, 8]}, ["[0, 1]", "got 7 for feature 3"]),
        ({"feature_probability": Constant(value=2)}, ["[0, 1]", "got 2 for feature 0"]),
        ({"feature_probability": Geometric(ratio=2, first=0.5)}, ["[0, 1]", "got 2 for feature 2"]),
        ({"feature_probability": math.nan}, ["feature_probability", "finite", "got nan for feature 0"]),
        ({"feature_probability": [0, 0, math.inf, 0, 0]}, ["finite", "got inf for feature 2"]),
        ({"feature_probability": [0.1, 0.2]}, ["has 2 values", "expected n_features = 5", "one value per feature"]),
        ({"feature_probability": []}, ["has 0 values", "expected n_features = 5"]),
        ({"feature_probability": np.full((5, 1), 0.1)}, ["one number per feature", "(5, 1)"]),
        ({"feature_probability": "0.1"}, ["expected a number, a sequence of numbers or a profile", "'0.1'"]),
        ({"feature_probability": ["0.1"] * 5}, ["expected numbers", "'0.1'"]),
        ({"feature_probability": [True] * 5}, ["expected numbers", "True"]),
        ({"feature_probability": None}, ["expected a number", "None"]),
        ({"feature_probability": {0.1, 0.2}}, ["expected numbers"]),
        ({"feature_probability": 0.1j}, ["expected numbers"]),
        ({"feature_probability": {"profile": "linear"}}, ["constant, geometric, power_law", "linear"]),
        ({"feature_probability": {"profile": "geometric"}}, ["feature_probability", "ratio must be given"]),
        ({"importance": -1}, ["importance must not be negative", "got -1 for feature 0", "Use 0"]),
        ({"importance": PowerLaw(exponent=1, first=-1)}, ["must not be negative"]),
        ({"importance": Geometric(ratio=1e300)}, ["importance must be finite", "got inf for feature 2", "grows less"]),
        ({"n_hidden": 0}, ["n_hidden", "greater than or equal to 1", "got 0"]),
        ({"n_features": 0}, ["n_features", "greater than or equal to 1", "got 0"]),
        ({"n_hidden": 2.5}, ["n_hidden", "integer", "got 2.5"]),
        ({"n_hidden": "2"}, ["n_hidden", "expected a number", "'2'"]),
        ({"n_hidden": True}, ["n_hidden", "expected a number", "True"]),
        ({"output": "gelu"}, ["output", "'relu' or 'linear'", "'gelu'"]),
        ({"hidden": "tanh"}, ["hidden", "'linear' or 'relu'", "'tanh'"]),
        ({"magnitude": "normal"}, ["'uniform', 'signed_uniform' or 'boolean'", "'normal'"]),
        ({"tied": "no"}, ["tied", "valid boolean", "'no'"]),
        ({"tied": 0}, ["tied", "valid boolean", "got 0"]),
        ({"target": "square"}, ["target", "'identity' or 'absolute'", "'square'"]),
        ({"target": "absolute"}, ["needs features of both signs", "magnitude='uniform'", "'signed_uniform'"]),
        ({"target": "absolute", "magnitude": "boolean"}, ["magnitude='boolean'"]),
        ({"correlated_sets": [[0, 1], [1, 2]]}, ["features 0 to 4, each in one set at most", "((0, 1), (1, 2))"]),
        ({"correlated_sets": [[3, 5]]}, ["correlated_sets must hold features 0 to 4", "((3, 5),)"]),
        ({"correlated_sets": [[0, 1]], "feature_probability": [1, 0, 0, 0, 0]}, ["one feature_probability", "(0, 1)"]),
        ({"correlated_sets": [0, 1]}, ["correlated_sets", "tuple"]),
        ({"sparsity": 0.9}, ["no field 'sparsity'", "n_features, n_hidden", "feature_probability = 1 - sparsity"]),
        ({"n_dims": 3}, ["no field 'n_dims'", "the fields are n_features, n_hidden, feature_probability"]),
        ({"n_hidden": 0, "n_dims": 3}, ["n_hidden", "got 0", "no field 'n_dims'"]),  # every mistake at once
    ],
)
def test_bad_input_is_refused_in_one_clear_message(fields, words):
    with pytest.raises(InputError) as caught:
        Problem(**PLAIN | fields)
    message = str(caught.value)
    assert message.startswith("Problem: ")
    assert "pydantic" not in message
    assert "\n" not in message
    for word in words:
        assert word in message


def test_what_must_be_given_is_named():
    with pytest.raises(InputError, match=r"n_features must be given\. n_hidden must be given"):
        Problem()


def test_fields_are_given_by_name():
    with pytest.raises(TypeError, match="positional"):
        Problem(5, 2, 0.1)


def test_a_problem_cannot_be_changed_but_replaced():
    problem = Problem(**PLAIN)
    with pytest.raises(ValidationError, match="frozen"):
        problem.n_hidden = 3
    assert problem.replace(n_hidden=3) == Problem(**PLAIN | {"n_hidden": 3})
    assert problem.n_hidden == 2
    with pytest.raises(InputError, match="got 0"):
        problem.replace(n_hidden=0)


@pytest.mark.parametrize(
    "value",
    [
        (0.1, 0.2, 0.3),
        [0.1, 0.2, 0.3],
        np.array([0.1, 0.2, 0.3]),
        torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64),
        xr.DataArray([0.1, 0.2, 0.3], dims="feature"),
        [Fraction(1, 10), Fraction(1, 5), Fraction(3, 10)],
    ],
    ids=lambda value: type(value).__name__,
)
def test_sequences_may_come_in_any_form(value):
    problem = Problem(n_features=3, n_hidden=1, feature_probability=value)
    assert problem.feature_probability == (0.1, 0.2, 0.3)
    np.testing.assert_array_equal(problem.probabilities, [0.1, 0.2, 0.3])


@pytest.mark.parametrize("number", [1, 1.0, np.int64(1), np.float32(1), np.array(1.0)], ids=repr)
def test_a_number_is_a_number_in_any_form(number):
    assert repr(Problem(**PLAIN | {"importance": number}).importance) == "1.0"


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_both_ends_of_the_range_are_in_it(edge):
    np.testing.assert_array_equal(Problem(**PLAIN | {"feature_probability": edge}).probabilities, np.full(5, edge))


@pytest.mark.parametrize(
    ("profile", "values", "text"),
    [
        (Constant(value=0.5), [0.5, 0.5, 0.5, 0.5], "0.5"),
        (Geometric(ratio=0.7), [1, 0.7, 0.49, 0.343], "0.7^i"),
        (Geometric(ratio=0.0, first=3.0), [3, 0, 0, 0], "3 0^i"),
        (PowerLaw(exponent=2.0), [1, 1 / 4, 1 / 9, 1 / 16], "(i+1)^-2"),
        (PowerLaw(exponent=-1.0, first=0.1), [0.1, 0.2, 0.3, 0.4], "0.1 (i+1)^1"),
    ],
    ids=str,
)
def test_profiles_follow_their_formulas(profile, values, text):
    np.testing.assert_allclose(profile.values(4), values, rtol=1e-15)
    np.testing.assert_array_equal(expand(profile, 4, "importance"), profile.values(4))
    assert describe(profile) == text
    assert Problem(n_features=4, n_hidden=2, feature_probability=0, importance=profile).importance == profile


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.05, "0.05"),
        ((1.0, 0.1), "(1, 0.1)"),
        ("relu", "relu"),
        (3, "3"),
        (((0, 1), (2,)), "((0, 1), (2))"),
        ((), "()"),
    ],
)
def test_values_are_described_in_short(value, text):
    assert describe(value) == text


def test_a_profile_may_be_written_as_a_table():
    table = {"profile": "geometric", "ratio": 0.9}
    assert Problem(**PLAIN | {"importance": table}).importance == Geometric(ratio=0.9)
