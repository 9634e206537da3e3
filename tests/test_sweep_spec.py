"""What a sweep is, how its tasks are named, and how the grid is cut: laws, without training anything."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegum import Axis, Geometric, Grid, InputError, Problem, Record, SweepSpec, TrainSettings
from tegum.sweeps.partition import MOST_CELLS, MOST_MODELS, Block, content, describe_task, partition
from tegum.sweeps.spec import differences, spec_of
from tegum.sweeps.work import TaskContent, key_of

SHORT = TrainSettings(n_steps=10, batch_size=16, evaluation_samples=64)


def spec(**changes: object) -> SweepSpec:
    fields = {
        "problem": Problem(n_features=5, n_hidden=2, feature_probability=1.0),
        "axes": {"feature_probability": [1.0, 0.1, 0.01], "n_hidden": [2, 3]},
        "settings": SHORT, "n_models": 3, "kernel": "fused", "task_seconds": 1e-3,
    }  # fmt: skip
    return SweepSpec(**fields | changes)


def task_content(**changes: object) -> TaskContent:
    fields = {
        "problems": (Problem(n_features=5, n_hidden=2, feature_probability=0.1),), "settings": SHORT,
        "record": Record(), "seed": 0, "first_model": 0, "n_models": 2, "kernel": "fused", "kernel_epoch": 1,
    }  # fmt: skip
    return TaskContent(**fields | changes)


def test_a_spec_goes_through_toml_and_json_unchanged():
    asked = spec(problem=Problem(n_features=5, n_hidden=2, feature_probability=1, importance=Geometric(ratio=0.7)))
    assert SweepSpec.from_toml(asked.to_toml()) == asked
    assert SweepSpec.from_json(asked.to_json()) == asked


def test_axes_may_be_written_as_a_table_or_as_a_list():
    table = spec(axes={"feature_probability": [1, 0.1], "kind": {"fields": {"hidden": ["linear", "relu"]}}})
    listed = spec(axes=[Axis(name=axis.name, fields=axis.fields, labels=axis.labels) for axis in table.axes])
    assert table == listed
    assert table.grid.dims == ("feature_probability", "kind")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_models": 0}, "n_models"),
        ({"task_seconds": 0}, "task_seconds"),
        ({"axes": {"sparsity": [0.1]}}, "feature_probability = 1 - sparsity"),
        ({"axes": 3}, "expected a list of axes, or a table"),
        ({"axes": [{"name": "feature_probability", "fields": {"feature_probability": [2]}}]}, "1 - S"),
        ({"models": 3}, "there is no field 'models'"),
        ({"record": Record(snapshots=(99,))}, "snapshots must not lie beyond"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(changes: dict, message: str):
    with pytest.raises(InputError, match=re.escape(message)):
        spec(**changes)


def test_a_sweep_needs_a_problem_or_a_grid():
    with pytest.raises(InputError, match="needs a Problem or a Grid"):
        spec_of("five in two")
    with pytest.raises(InputError, match="problem"):
        SweepSpec(axes={"n_hidden": [2]})


def test_the_name_of_a_task_depends_on_everything_that_decides_its_numbers():
    other = Problem(n_features=5, n_hidden=2, feature_probability=0.2)
    changes = (
        {"problems": (other,)}, {"problems": (other, other)}, {"settings": SHORT.replace(n_steps=11)},
        {"record": Record(n_losses=5)}, {"seed": 1}, {"first_model": 1}, {"n_models": 3}, {"kernel": "reference"},
        {"kernel_epoch": 2},
    )  # fmt: skip
    keys = [task_content().key, *(task_content(**change).key for change in changes)]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch("[0-9a-f]{16}", key) for key in keys)


def test_the_name_of_a_task_does_not_depend_on_the_order_of_keys_or_on_spelling():
    made = task_content()
    shuffled = json.dumps(dict(reversed(json.loads(made.to_json()).items())), indent=2)
    assert TaskContent.from_json(shuffled).key == made.key
    whole_number = task_content(problems=(made.problems[0].replace(importance=1),))
    assert whole_number.key == made.key
    assert key_of(made.to_json()) == made.key


def test_the_name_of_a_task_does_not_depend_on_the_process():
    keys = [task.key for task in partition(spec(), 1)]
    program = (
        "import sys\nfrom tegum import SweepSpec\nfrom tegum.sweeps.partition import partition\n"
        "print(*[task.key for task in partition(SweepSpec.from_json(sys.argv[1]), 1)])"
    )
    printed = subprocess.check_output([sys.executable, "-c", program, spec().to_json()], text=True)
    assert printed.split() == keys


def covered(asked: SweepSpec) -> np.ndarray:
    """How often each cell and model is in a task, (n_cells, n_models)."""
    count = np.zeros((len(asked.grid), asked.n_models), int)
    for task in partition(asked, 1):
        cell, n_cells, model, n_models = task.block
        count[cell : cell + n_cells, model : model + n_models] += 1
    return count


@settings(max_examples=40)
@given(
    n_cells=st.integers(1, 30),
    n_models=st.integers(1, 40),
    seconds=st.floats(1e-9, 10),
    n_features=st.lists(st.integers(1, 60), min_size=1, max_size=3, unique=True),
)
def test_every_cell_and_model_is_in_exactly_one_task(n_cells, n_models, seconds, n_features):
    axes = {"feature_probability": np.linspace(0.1, 1, n_cells), "n_features": n_features}
    asked = spec(axes=axes, n_models=n_models, task_seconds=seconds)
    assert (covered(asked) == 1).all()
    tasks = partition(asked, 1)
    assert partition(SweepSpec.from_json(asked.to_json()), 1) == tasks
    for task in tasks:
        assert min(task.block.n_cells, task.block.n_models) >= 1
        assert task.block.n_cells == 1 or task.block.n_models == n_models
        small = (task.block.n_cells, task.block.n_models) == (1, 1)
        assert small or task.work <= 2 * seconds * 1e12, "longer than asked for only if it cannot be cut"


def test_a_task_is_never_too_large_for_memory():
    many = spec(axes={"feature_probability": np.linspace(0.1, 1, 3000)}, task_seconds=1e9, n_models=1)
    assert max(task.block.n_cells for task in partition(many, 1)) == MOST_CELLS
    deep = spec(axes={}, task_seconds=1e9, n_models=10_000)
    assert max(task.block.n_models for task in partition(deep, 1)) <= MOST_MODELS
    assert (covered(deep) == 1).all()


def test_the_same_cells_have_the_same_name_in_another_sweep():
    def one_cell(p: float) -> Axis:
        return Axis(fields={"feature_probability": [p]})

    wide = spec(axes={"feature_probability": [0.3, 0.2, 0.1]}, task_seconds=1e-9, n_models=1)
    narrow = spec(axes={"p": one_cell(0.2)}, task_seconds=1e-9, n_models=1)
    assert partition(narrow, 1)[0].key == partition(wide, 1)[1].key


def test_the_content_of_a_task_is_what_its_block_says():
    asked = spec()
    made = content(asked, 1, asked.grid.cells(), Block(2, 1, 1, 2))
    assert made.problems == (asked.grid.cells()[2],)
    assert (made.first_model, made.n_models) == (1, 2)


def test_a_task_is_described_by_its_place_in_the_grid():
    assert describe_task(spec(), Block(3, 1, 1, 2)) == "feature_probability = 0.1, n_hidden = 3, models 1 to 2"
    assert describe_task(spec(axes={}), Block(0, 1, 0, 1)) == "models 0 to 0"


def test_differences_name_the_field_and_both_values():
    stored, asked = spec().model_dump(mode="json"), spec(seed=4).model_dump(mode="json")
    assert differences(stored, asked) == ["seed: 0 in the folder, 4 asked for"]
    asked = spec(axes={"feature_probability": [1.0, 0.2, 0.01], "n_hidden": [2, 3]}).model_dump(mode="json")
    assert differences(stored, asked) == ["axes[0].fields.feature_probability[1]: 0.1 in the folder, 0.2 asked for"]
    assert differences(stored, stored) == []
    many = differences({"a": list(range(30))}, {"a": list(range(1, 31))})
    assert many[-1] == "and 20 more"
    assert differences({"a": 1}, {}) == ["a: 1 in the folder, nothing asked for"]
    long = differences({"a": "x" * 200}, {"a": "y"})[0]
    assert len(long) < 120


def test_a_grid_of_another_kind_of_axis_is_kept():
    grid = Grid(
        Problem(n_features=2, n_hidden=1, feature_probability=0.1),
        relative_importance=Axis(labels=[0.1, 1.0], fields={"importance": [(1, 0.1), (1, 1.0)]}),
    )
    assert spec_of(grid).grid == grid


def test_the_spec_in_the_documentation_is_one():
    page = (Path(__file__).parent.parent / "docs" / "sweeps.md").read_text()
    (block,) = re.findall(r"^```toml\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    asked = SweepSpec.from_toml(block)
    assert asked.grid.dims == ("feature_probability", "n_hidden", "kind")
    assert len(asked.grid) == 16
