"""How people write numbers, lists, profiles and axes on the command line."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegum.cli_values import grid_axes, parse_per_feature
from tegum.ground.errors import InputError
from tegum.problem import Constant, Geometric, Grid, PowerLaw, Problem
from tegum.problem.profiles import describe

rounded = st.floats(-1e6, 1e6).map(lambda x: float(f"{x:g}"))  # `describe` writes six figures
texts = st.text(max_size=12) | st.text("0123456789.,()^i+-* e", max_size=12)
ratios = st.floats(0, 1e6).map(lambda x: float(f"{x:g}"))


class TestPerFeature:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0.1", 0.1),
            (" 1 ", 1.0),
            ("1e-3", 0.001),
            (".5", 0.5),
            ("1,0.5", (1.0, 0.5)),
            ("1, 0.5 ,2", (1.0, 0.5, 2.0)),
            ("(1, 0.5)", (1.0, 0.5)),
            ("(1)", (1.0,)),
            ("0.7^i", Geometric(ratio=0.7)),
            ("2 0.7^i", Geometric(ratio=0.7, first=2)),
            ("2*0.7^i", Geometric(ratio=0.7, first=2)),
            ("2 * 0.7^i", Geometric(ratio=0.7, first=2)),
            ("0 0.7^i", Geometric(ratio=0.7, first=0)),
            ("1e-2^i", Geometric(ratio=0.01)),
            ("(i+1)^-1.5", PowerLaw(exponent=1.5)),
            ("(i+1)^2", PowerLaw(exponent=-2)),
            ("3 (i+1)^-1", PowerLaw(exponent=1, first=3)),
            ("3(i+1)^-1", PowerLaw(exponent=1, first=3)),
            ("3*(i+1)^-1", PowerLaw(exponent=1, first=3)),
        ],
    )
    def test_forms(self, text: str, value: object) -> None:
        assert parse_per_feature(text) == value

    @pytest.mark.parametrize(
        "text",
        ["", "hello", "1,,2", "1,", ",", "1 2", "0.7^j", "^i", "i^0.7", "(1, 0.5", "1)", "()", "0.7 ^i", "(i+1)"],
    )
    def test_anything_else_is_named_and_refused(self, text: str) -> None:
        with pytest.raises(InputError, match="is not a number, numbers separated by commas, a profile such as") as info:
            parse_per_feature(text)
        assert repr(text) in str(info.value)

    @pytest.mark.parametrize("text", ["nan", "inf", "1e400", "1,nan", "1.5", "-0.1"])
    def test_numbers_out_of_range_are_left_to_the_problem(self, text: str) -> None:
        value = parse_per_feature(text)
        with pytest.raises(InputError, match="feature_probability"):
            Problem(n_features=2, n_hidden=1, feature_probability=value)

    @given(
        st.one_of(
            rounded,
            st.lists(rounded, min_size=1, max_size=4).map(tuple),
            st.builds(Geometric, ratio=ratios, first=rounded),
            st.builds(PowerLaw, exponent=rounded, first=rounded),
        )
    )
    def test_reads_what_is_shown(self, value: object) -> None:
        assert parse_per_feature(describe(value)) == value

    def test_a_constant_is_shown_as_its_number(self) -> None:
        assert parse_per_feature(describe(Constant(value=0.5))) == 0.5

    @given(texts)
    def test_nothing_else_is_ever_raised(self, text: str) -> None:
        with suppress(InputError):
            parse_per_feature(text)


class TestAxes:
    def test_numbers_words_and_profiles(self) -> None:
        axes = grid_axes(["feature_probability=1,0.1", "n-hidden=2,3", "output=linear, relu", "importance=0.7^i,1"])
        assert axes == {
            "feature_probability": [1, 0.1],
            "n_hidden": [2, 3],
            "output": ["linear", "relu"],
            "importance": [Geometric(ratio=0.7), 1],
        }
        assert all(isinstance(value, int) for value in axes["n_hidden"])
        assert list(axes) == [
            "feature_probability",
            "n_hidden",
            "output",
            "importance",
        ]  # the order is that of the axes

    def test_brackets_hold_a_list_together(self) -> None:
        assert grid_axes(["importance=(1,0.5),(i+1)^-1,(1, 0.1),2"]) == {
            "importance": [(1.0, 0.5), PowerLaw(exponent=1), (1.0, 0.1), 2]
        }

    def test_makes_a_grid(self) -> None:
        problem = Problem(n_features=2, n_hidden=1, feature_probability=0.1)
        grid = Grid(problem, **grid_axes(["importance=(1,0.5),(1,0.1)", "magnitude=uniform,boolean"]))
        assert grid.shape == (2, 2)

    @pytest.mark.parametrize("text", ["n_hidden", "n_hidden=", "=2,3", "", "2,3"])
    def test_a_malformed_axis_is_named(self, text: str) -> None:
        with pytest.raises(InputError, match="--vary needs NAME=VALUE,VALUE") as info:
            grid_axes([text])
        assert repr(text) in str(info.value)

    @pytest.mark.parametrize("second", ["n_hidden=4", "n-hidden=4"])
    def test_an_axis_named_twice_is_refused_and_not_dropped(self, second: str) -> None:
        with pytest.raises(InputError, match="--vary names n_hidden twice"):
            grid_axes(["n_hidden=2,3", second])

    @given(texts)
    def test_nothing_else_is_ever_raised(self, text: str) -> None:
        with suppress(InputError):
            assert len(grid_axes([f"n_hidden={text}"])) == 1

    def test_digits_of_other_kinds_are_no_numbers(self) -> None:
        assert grid_axes(["n_hidden=²"]) == {"n_hidden": ["²"]}
