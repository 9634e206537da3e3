"""Variants of experiments: which settings can be changed, what a variant writes, and that it judges nothing."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from commands import Tegum

import tegum
from tegum.cli import BAD_INPUT, OK
from tegum.cli_values import parse_changes
from tegum.experiments import EXPERIMENTS, Claim, claims, experiment, run_variant, running
from tegum.experiments.base import Finding
from tegum.experiments.variants import changed, differences, flat, path_of
from tegum.experiments.verdict import within
from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate
from tegum.ground.progress import Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.toml import read_toml_value, toml_value
from tegum.problem import Geometric, Problem, TrainSettings

SMALL = ["--set", "starts=3", "--set", "feature_probability=[0.1, 0.4]", "--set", "pair_samples=50"]


class Settings(FrozenRecord):
    problem: Problem = Problem(n_features=3, n_hidden=2, feature_probability=0.5)
    feature_probability: tuple[float, ...] = (1.0, 0.1)
    first: TrainSettings = TrainSettings(n_steps=5)
    second: TrainSettings = TrainSettings(n_steps=6)
    starts: int = 2

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("starts", "starts"),
            ("first.n_steps", "first.n_steps"),
            ("n_features", "problem.n_features"),
            ("n-hidden", "problem.n_hidden"),
            ("feature_probability", "feature_probability"),  # the settings' own before that of a record in them
            ("second", "second"),
        ],
    )
    def test_a_field_a_path_or_the_end_of_one_path(self, name: str, path: str) -> None:
        assert path_of(Settings(), name) == path

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("n_steps", "'n_steps' may be first.n_steps or second.n_steps; say which."),
            ("width", "there is no setting 'width'; those that can be set are problem.n_features, problem.n_hidden, "),
            ("third.n_steps", "there is no setting 'third.n_steps'"),
            ("sparsity", "Use feature_probability = 1 - sparsity."),
            ("problem.feature_probability", "there is no setting"),  # the sweep would replace it
        ],
    )
    def test_other_names_are_refused(self, name: str, message: str) -> None:
        with pytest.raises(InputError) as refused:
            path_of(Settings(), name)
        assert message in str(refused.value)

    @pytest.mark.parametrize("name", EXPERIMENTS)
    @pytest.mark.parametrize("preset", ["quick", "paper"])
    def test_every_setting_that_is_listed_can_be_set_to_what_it_is(self, name: str, preset: str) -> None:
        settings = experiment(name).settings(preset)
        listed = {path: value for path, value in flat(settings).items() if value is not None}
        written = parse_changes([f"{path}={toml_value(value)}" for path, value in listed.items()])
        assert changed(settings, written) == settings
        assert differences(settings, changed(settings, written)) == {}


class TestValues:
    def test_everything_is_validated_together(self) -> None:
        changes = {"n_features": 2, "importance": [1, 0.5], "first": {"n_steps": 9}, "second.batch_size": 8}
        made = changed(Settings(), changes)
        assert (made.problem.importance, made.first.n_steps, made.second.batch_size) == ((1.0, 0.5), 9, 8)

    def test_a_record_may_be_given_whole(self) -> None:
        problem = Problem(n_features=9, n_hidden=1, feature_probability=0.2, importance=Geometric(ratio=0.5))
        assert changed(Settings(), {"problem": problem}).problem == problem
        assert set(differences(Settings(), changed(Settings(), {"problem": problem}))) == {
            "problem.n_features", "problem.n_hidden", "problem.importance",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"starts": "two"}, "Settings: starts: "),
            ({"n_hidden": 0}, "Problem: n_hidden: input should be greater than or equal to 1; got 0."),
            ({"importance": [1, 2]}, "importance has 2 values, expected n_features = 3"),
            ({"problem": {"width": 1}}, "Problem: there is no field 'width'; the fields are n_features"),
            ({"first": {"n_steps": 1}, "first.n_steps": 2}, "'first.n_steps' is set twice"),
            ({"first.n_steps": 2, "first": {"n_steps": 1}}, "'first' is set twice"),
            ({"n_hidden": 1, "problem.n_hidden": 1}, "'problem.n_hidden' is set twice"),
        ],
    )
    def test_bad_ones_are_refused_in_one_message(self, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(InputError) as refused:
            changed(Settings(), changes)
        assert message in str(refused.value)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("5", 5), ("1e-3", 1e-3), ("[0.1, 1]", [0.1, 1]), ("cosine", "cosine"), ('"cosine"', "cosine"),
            ("true", True), ("0.9^i", Geometric(ratio=0.9)), ("{n_steps = 5}", {"n_steps": 5}), ("1,0.5", (1.0, 0.5)),
        ],
    )  # fmt: skip
    def test_are_written_as_toml_with_two_shortcuts(self, text: str, value: Any) -> None:
        assert parse_changes([f"name={text}"]) == {"name": value}

    @pytest.mark.parametrize("value", [1, 0.1, 1e-8, True, 'a "quoted" \\ ü', [1, [2.5, "x"]], {"a": {"b": [1]}}])
    def test_go_through_toml_unchanged(self, value: Any) -> None:
        assert read_toml_value(toml_value(value)) == value
        assert "\n" not in toml_value(value)

    def test_one_text_is_one_value(self) -> None:
        with pytest.raises(ValueError, match="more than one"):
            read_toml_value("1\nother = 2")


class TestCommand:
    def test_a_variant_writes_datasets_and_figures_and_judges_nothing(self, run: Tegum) -> None:
        said = run("run", "collapse", *SMALL)
        assert (said.status, said.err) == (OK, "")
        assert "A variant of collapse, which judges no claim." in said.out
        (out,) = Path("runs").iterdir()
        assert said.out.endswith(f"Page: {out}/index.html\n")
        assert json.loads((out / "claims.json").read_text()) == []
        data = tegum.load(out / "data" / "collapse" / "descents.nc")
        assert dict(data["loss"].sizes) == {"feature_probability": 2, "model": 3}
        assert set(json.loads(data.attrs["experiment_changes"])) == {"starts", "feature_probability", "pair_samples"}
        assert {path.suffix for path in (out / "figures" / "collapse").iterdir()} == {".svg", ".png"}
        page = (out / "index.html").read_text()
        assert "A variant:" in page
        assert "feature_probability = [0.1, 0.4]" in page

    def test_the_command_shown_does_the_same_again(self, run: Tegum) -> None:
        (shown,) = run("run", "collapse", *SMALL, "--json").json["experiments"]
        assert sorted(shown["changed"]) == [
            ["feature_probability", "[0.1, 0.4]"], ["pair_samples", "50"], ["starts", "3"],
        ]  # fmt: skip
        (again,) = run(*shlex.split(shown["command"])[1:], "--json").json["experiments"]
        assert (again["command"], again["settings"]) == (shown["command"], shown["settings"])
        assert len(list(Path("runs").iterdir())) == 1  # the same variant has the same folder

    def test_settings_are_listed(self, run: Tegum) -> None:
        said = run("run", "five-in-two", "--settings", "--set", "n_hidden=3", "--json")
        assert (said.status, said.json["settings"]["problem.n_hidden"]) == (OK, 3)
        table = run("run", "five-in-two", "--settings").out
        assert "training.n_steps" in table
        assert '{profile = "geometric"' in table
        assert not list(Path().iterdir())

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--set", "n_steps"], "--set needs NAME=VALUE, e.g. n_steps=500; got 'n_steps'."),
            (["--set", "starts=1", "--set", "starts=2"], "--set names starts twice; set it once."),
            (["--set", "starts=[1"], "--set starts: '[1' is not TOML. Expected a number (500), a list"),
            (["--set", "width=3"], "there is no setting 'width'; those that can be set are problem.n_features"),
            (["--set", "starts=many"], "starts: "),
            (["--set", "n_hidden=0"], "n_hidden: input should be greater than or equal to 1; got 0."),
        ],
    )
    def test_refusals(self, run: Tegum, words: list[str], message: str) -> None:
        said = run("run", "collapse", *words)
        assert (said.status, said.out, said.err.count("\n")) == (BAD_INPUT, "", 1)
        assert message in said.err
        assert not list(Path().iterdir())


class TestPython:
    def test_a_problem_of_ones_own(self) -> None:
        told: list[Progress] = []
        problem = Problem(n_features=4, n_hidden=3, feature_probability=0.5, correlated_sets=((0, 1), (2, 3)))
        variant = run_variant("collapse", problem=problem, starts=3, feature_probability=(0.3,), pair_samples=50,
                              progress=told.append)  # fmt: skip
        assert variant.data["descents"]["W"].shape == (1, 3, 4, 3)
        assert [plate.name for plate in variant.plates] == ["arrangements", "collapsed"]
        assert told[-1] == Progress(1, 1)

    def test_settings_of_the_preset_are_the_preset(self) -> None:
        quick = experiment("collapse").settings("quick")
        assert changed(quick, {"starts": 150}) == quick


class TestReduced:
    """What the table of claims says that the quick preset leaves out is what the presets differ in."""

    LEFT_OUT = re.compile(r"\bp0? = ([\d.]+) is left out")

    @pytest.mark.parametrize("claim", [claim for claim in claims().values() if claim.quick], ids=lambda claim: claim.id)
    def test_probabilities_left_out_are_those_of_the_paper_preset_alone(self, claim: Claim) -> None:
        quick, paper = (numbers(EXPERIMENTS[claim.experiment].settings(preset)) for preset in ("quick", "paper"))
        for probability in map(float, self.LEFT_OUT.findall(claim.quick)):
            assert any(probability in paper[path] and probability not in quick[path] for path in paper)

    def test_only_a_quick_run_is_reduced(self) -> None:
        claim = next(claim for claim in claims().values() if claim.quick)
        made = EXPERIMENTS[claim.experiment]
        part = within("x", Estimate(1.0, 1.0, 1.0, n=1), high=1.0)
        finding = Finding(claim=claim.id, parts=[part])
        records = [running._record(finding, {}, 1.0, f"tegum run {made.id}", preset) for preset in ("quick", "paper")]
        assert [record["reduced"] for record in records] == [claim.quick, ""]
        assert records[0]["measured_part"] == "x"


def numbers(settings: FrozenRecord) -> dict[str, list[float]]:
    """The settings that are lists of numbers, by path."""
    return {path: value for path, value in flat(settings).items() if isinstance(value, list)}
