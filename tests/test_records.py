"""Records of every kind: through JSON, TOML and repr unchanged, and one digest for one content."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tegum
from tegum import Axis, Constant, Geometric, Grid, PowerLaw, Problem, Record, TrainSettings
from tegum.ground.errors import InputError

unit = st.floats(0, 1)
weight = st.floats(0, 1e6)


def per_feature(number, n):
    profiles = st.one_of(
        st.builds(Constant, value=number),
        st.builds(Geometric, ratio=unit, first=number),
        st.builds(PowerLaw, exponent=st.floats(0, 3), first=number),
    )
    return st.one_of(number, st.lists(number, min_size=n, max_size=n), profiles)


@st.composite
def problems(draw):
    n = draw(st.integers(1, 5))
    together = draw(st.sampled_from([[], [[0, n - 1]]])) if n > 1 else []
    dependence = draw(st.sampled_from([{}, {"parents": {n - 1: 0}}, {"correlation": 0.25}])) if n > 1 else {}
    magnitude = draw(st.sampled_from(["uniform", "signed_uniform", "boolean"]))
    return Problem(
        n_features=n,
        n_hidden=draw(st.integers(1, 5)),
        feature_probability=draw(unit if together else per_feature(unit, n)),
        **({"correlated_sets": together} if together else dependence),
        n_training_samples=draw(st.one_of(st.none(), st.integers(1, 10**6))),
        unit_inputs=draw(st.booleans()),
        importance=draw(per_feature(weight, n)),
        magnitude=magnitude,
        output=draw(st.sampled_from(["relu", "linear"])),
        hidden=draw(st.sampled_from(["linear", "relu"])),
        tied=draw(st.booleans()),
        target=draw(st.sampled_from(["identity", "absolute"])) if magnitude == "signed_uniform" else "identity",
    )


@st.composite
def grids(draw):
    problem = draw(problems())
    widths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True))
    weights = draw(st.lists(per_feature(weight, problem.n_features), min_size=2, max_size=2))
    axes = {
        "n_hidden": widths,
        "kind": Axis(fields={"output": ["linear", "relu"], "hidden": ["relu", "linear"]}),
        "stress": Axis(fields={"importance": weights}, labels=[0.5, 2]),
    }
    return Grid(problem, **{name: axes[name] for name in draw(st.permutations(sorted(axes)))})


settings = st.builds(
    TrainSettings,
    n_steps=st.integers(10, 10**7),
    batch_size=st.integers(1, 2**24),
    optimizer=st.sampled_from(["adam", "adamw", "sgd"]),
    learning_rate=st.floats(1e-9, 10),
    schedule=st.sampled_from(["constant", "linear", "cosine"]),
    warmup_steps=st.integers(0, 10),
    weight_decay=st.floats(-1, 1),
)
recordings = st.builds(
    Record,
    n_losses=st.integers(0, 1000),
    snapshots=st.one_of(st.integers(0, 9), st.lists(st.integers(0, 10**6))),
    spacing=st.sampled_from(["log", "linear"]),
)
records = st.one_of(problems(), grids(), settings, recordings)


@given(record=records)
def test_records_come_back_unchanged(record):
    kind = type(record)
    for copy in (kind.from_json(record.to_json()), kind.from_toml(record.to_toml()), eval(repr(record), vars(tegum))):
        assert copy == record
        assert hash(copy) == hash(record)
        assert copy.digest() == record.digest()
        assert repr(copy) == repr(record)


@given(a=records, b=records)
def test_the_digest_tells_contents_apart(a, b):
    assert (a == b) == (a.digest() == b.digest() and type(a) is type(b))
    assert len(a.digest()) == 16


def respelt(value, number):
    """The same JSON with keys in opposite order and every number passed through `number`."""
    if isinstance(value, dict):
        return {key: respelt(value[key], number) for key in reversed(list(value))}
    if isinstance(value, list):
        return [respelt(item, number) for item in value]
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@pytest.mark.parametrize("number", [float, lambda x: int(x) if x == int(x) else x], ids=["as float", "as integer"])
@given(record=records)
def test_neither_key_order_nor_the_spelling_of_numbers_matters(number, record):
    copy = type(record).from_json(json.dumps(respelt(json.loads(record.to_json()), number)))
    assert copy == record
    assert copy.digest() == record.digest()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Problem, {"n_features": 2, "n_hidden": 1, "feature_probability": 0.0}),
        (Problem, {"n_features": 2, "n_hidden": 1, "feature_probability": [1.0, 0.0]}),
        (TrainSettings, {"weight_decay": 0.0}),
        (Geometric, {"ratio": 0.0, "first": 0.0}),
    ],
)
def test_zero_has_no_sign(kind, fields):
    negative = json.loads(json.dumps(fields).replace("0.0", "-0.0"))
    assert kind(**negative).digest() == kind(**fields).digest()


@given(grid=grids())
def test_axes_keep_their_order(grid):
    for copy in (Grid.from_json(grid.to_json()), Grid.from_toml(grid.to_toml())):
        assert copy.dims == grid.dims
        assert copy.cells() == grid.cells()
        assert [axis.coordinates() for axis in copy.axes] == [axis.coordinates() for axis in grid.axes]


def test_another_order_of_axes_is_another_grid():
    problem = Problem(n_features=2, n_hidden=1, feature_probability=0.1)
    one = Grid(problem, n_hidden=[1, 2], importance=[1, 2])
    other = Grid(problem, importance=[1, 2], n_hidden=[1, 2])
    assert one != other
    assert one.digest() != other.digest()


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (Problem.from_json, '{"n_features": 5', "not JSON"),
        (Problem.from_json, "", "not JSON"),
        (Problem.from_json, "[5, 2]", "expected a table of fields; got list"),
        (Problem.from_json, '{"self": 1}', "no field 'self'"),
        (Problem.from_json, '{"n_features": 5, "n_hidden": 2, "feature_probability": NaN}', "finite"),
        (Problem.from_json, '{"n_features": 5, "n_hidden": 2, "feature_probability": 0.1, "sparsity": 0.9}', "1 - sp"),
        (Problem.from_toml, "n_features = ", "not TOML"),
        (Problem.from_toml, "n_features = 5\nn_hidden = 2\nfeature_probability = 0.1\nseed = 0", "no field 'seed'"),
        (TrainSettings.from_toml, "n_steps = 1979-05-27", "n_steps: input should be"),
        (Grid.from_json, '{"axes": []}', "Grid: problem"),
        (Grid.from_json, '{"problem": {}, "axes": 5}', "problem"),
        (Record.from_json, "null", "expected a table of fields; got NoneType"),
    ],
)
def test_bad_text_is_refused(read, text, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        read(text)
