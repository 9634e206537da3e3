"""Training settings and recordings: schedules by hand, steps by law, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegum import Record, TrainSettings
from tegum.ground.errors import InputError


def test_the_defaults_are_those_of_the_published_notebook():
    settings = TrainSettings()
    assert (settings.n_steps, settings.batch_size, settings.learning_rate) == (10_000, 1024, 1e-3)
    assert (settings.schedule, settings.weight_decay, settings.initial_scale) == ("constant", 0.0, 1.0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"n_steps": 5, "warmup_steps": 6}, ["warmup_steps must not exceed n_steps = 5", "got 6", "Train longer"]),
        ({"n_steps": -1}, ["n_steps", "greater than or equal to 0", "got -1"]),
        ({"n_steps": 1.5}, ["n_steps", "integer", "got 1.5"]),
        ({"n_steps": "100"}, ["n_steps", "expected a number", "'100'"]),
        ({"batch_size": 0}, ["batch_size", "greater than or equal to 1"]),
        ({"batch_size": 2**24 + 1}, ["batch_size", "less than or equal to 16777216"]),
        ({"evaluation_samples": 1}, ["evaluation_samples", "greater than or equal to 2"]),
        ({"optimizer": "lion"}, ["optimizer", "'adam', 'adamw' or 'sgd'", "'lion'"]),
        ({"schedule": "step"}, ["schedule", "'constant', 'linear' or 'cosine'", "'step'"]),
        ({"precision": "float16"}, ["precision", "'float32' or 'float64'", "'float16'"]),
        ({"learning_rate": 0}, ["learning_rate", "greater than 0", "got 0"]),
        ({"learning_rate": float("nan")}, ["learning_rate", "finite", "got nan"]),
        ({"learning_rate": True}, ["learning_rate", "expected a number", "True"]),
        ({"weight_decay": float("inf")}, ["weight_decay", "finite"]),
        ({"momentum": 1}, ["momentum", "less than 1", "got 1"]),
        ({"beta2": -0.1}, ["beta2", "greater than or equal to 0"]),
        ({"epsilon": 0}, ["epsilon", "greater than 0"]),
        ({"lr": 1e-3}, ["no field 'lr'", "learning_rate"]),
    ],
)
def test_bad_settings_are_refused_in_one_clear_message(fields, words):
    with pytest.raises(InputError) as caught:
        TrainSettings(**fields)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def rate_by_hand(settings: TrainSettings, step: int) -> float:
    warm = settings.warmup_steps
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    done = (step - warm) / (settings.n_steps - warm)
    shape = {"constant": 1.0, "linear": 1 - done, "cosine": (1 + np.cos(np.pi * done)) / 2}[settings.schedule]
    return settings.learning_rate * shape


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
@pytest.mark.parametrize("warmup_steps", [0, 1, 7])
def test_rates_follow_the_schedule(schedule, warmup_steps):
    settings = TrainSettings(n_steps=30, learning_rate=0.5, schedule=schedule, warmup_steps=warmup_steps)
    rates = settings.learning_rates(0, 30)
    np.testing.assert_allclose(rates, [rate_by_hand(settings, step) for step in range(30)], rtol=1e-12)
    np.testing.assert_allclose(rates.max(), 0.5, rtol=1e-12)  # the peak is reached, and named learning_rate
    assert (rates > 0).all()


def test_rates_do_not_depend_on_the_cut():
    settings = TrainSettings(n_steps=100, schedule="cosine", warmup_steps=10)
    parts = [settings.learning_rates(0, 5), settings.learning_rates(5, 60), settings.learning_rates(65, 35)]
    np.testing.assert_array_equal(np.concatenate(parts), settings.learning_rates(0, 100))
    assert settings.learning_rates(40, 0).shape == (0,)


def test_warming_up_to_the_end_is_allowed():
    rates = TrainSettings(n_steps=4, warmup_steps=4, learning_rate=1.0, schedule="linear").learning_rates(0, 4)
    np.testing.assert_allclose(rates, [0.25, 0.5, 0.75, 1.0])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"n_losses": -1}, "n_losses: input should be greater than or equal to 0; got -1"),
        ({"snapshots": -3}, "none of them negative; got -3"),
        ({"snapshots": (5, -1)}, r"none of them negative; got \(5, -1\)"),
        ({"snapshots": 2.5}, "a count, or a list of steps, none of them negative; got 2.5"),
        ({"snapshots": "3"}, "got '3'"),
        ({"snapshots": True}, "got True"),
        ({"spacing": "even"}, "'log' or 'linear'; got 'even'"),
        ({"every": 5}, "no field 'every'; the fields are n_losses, snapshots, spacing"),
    ],
)
def test_bad_recordings_are_refused(fields, words):
    with pytest.raises(InputError, match=words):
        Record(**fields)


def test_a_snapshot_that_is_never_reached_is_refused():
    with pytest.raises(InputError, match="must not lie beyond n_steps = 100; got 500"):
        Record(snapshots=(5, 500)).steps(100)


@given(
    n_losses=st.integers(0, 200),
    n_steps=st.integers(0, 10**6),
    snapshots=st.integers(0, 50),
    spacing=st.sampled_from(["log", "linear"]),
)
def test_recorded_steps_rise_to_the_end(n_losses, n_steps, snapshots, spacing):
    losses, kept = Record(n_losses=n_losses, snapshots=snapshots, spacing=spacing).steps(n_steps)
    assert list(losses) == sorted({step for step in losses if 1 <= step <= n_steps})
    assert list(kept) == sorted({step for step in kept if 0 <= step <= n_steps})
    assert len(losses) <= n_losses
    assert len(kept) <= snapshots
    assert losses[-1:] == ((n_steps,) if n_losses and n_steps else ())
    assert kept[:1] == ((0,) if snapshots else ())
    assert kept[-1:] == ((n_steps,) if snapshots > 1 else (0,) * (snapshots == 1))


@pytest.mark.parametrize(
    ("record", "losses", "snapshots"),
    [
        (Record(n_losses=3), (1, 10, 100), ()),
        (Record(n_losses=4, spacing="linear"), (25, 50, 75, 100), ()),
        (Record(n_losses=1), (100,), ()),
        (Record(n_losses=0, snapshots=4), (), (0, 1, 10, 100)),
        (Record(n_losses=0, snapshots=[30, 0, 30, 7]), (), (0, 7, 30)),
        (Record(n_losses=0, snapshots=[]), (), ()),
    ],
)
def test_recorded_steps_by_hand(record, losses, snapshots):
    assert record.steps(100) == (losses, snapshots)


def test_no_more_points_than_steps():
    assert Record(n_losses=100).steps(3)[0] == (1, 2, 3)
