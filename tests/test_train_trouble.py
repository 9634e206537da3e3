"""`train` when something is wrong or comes in between: bad arguments, divergence, interrupts, progress."""

import gc
import io
import sys
import threading
import time

import numpy as np
import pytest

from tegum import Grid, Problem, Progress, Record, TrainSettings, train
from tegum.ground.errors import DivergedError, InputError, TegumError
from tegum.ground.progress import listener

PROBLEM = Problem(n_features=5, n_hidden=2, feature_probability=0.2)
SHORT = TrainSettings(n_steps=30, batch_size=64, evaluation_samples=256)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_models": 0}, "n_models must be an integer >= 1; got 0"),
        ({"n_models": 2.0}, "n_models must be an integer >= 1; got 2.0"),
        ({"n_models": True}, "n_models must be an integer >= 1; got True"),
        ({"seed": -1}, "seed must be an integer >= 0; got -1"),
        ({"seed": 0.5}, "seed must be an integer >= 0; got 0.5"),
        ({"seed": "0"}, "seed must be an integer >= 0; got '0'"),
        ({"kernel": "gpu"}, "there is no kernel 'gpu'; expected one of auto, fused, reference, reference:DEVICE"),
        ({"kernel": "fused:cuda"}, "only the reference kernel takes a device; got 'fused:cuda'. Use 'reference:cuda'"),
        ({"kernel": "auto:cuda"}, "only the reference kernel takes a device"),
        ({"kernel": "reference:toaster"}, "torch cannot use the device 'toaster' here"),
        ({"kernel": None}, "a kernel is given by name or as a tegum kernel; got None"),
        ({"kernel": "fused", "settings": SHORT.replace(precision="float64")}, "float32; got precision='float64'"),
        ({"record": Record(snapshots=(7, 31))}, "snapshots must not lie beyond n_steps = 30; got 31"),
        ({"problem": "five in two"}, "instance of Problem; got 'five in two'"),
    ],
)
def test_bad_arguments_are_refused(options, words):
    with pytest.raises(InputError) as caught:
        train(**{"problem": PROBLEM, "settings": SHORT} | options)
    assert words in str(caught.value)


def test_numpy_integers_will_do():
    data = train(PROBLEM, SHORT, n_models=np.int64(2), seed=np.int32(3))
    assert data.identical(train(PROBLEM, SHORT, n_models=2, seed=3))


@pytest.mark.parametrize("kernel", ["fused", "reference"])
def test_divergence_is_said_and_not_returned(kernel):
    with pytest.raises(DivergedError) as caught:
        train(PROBLEM, SHORT.replace(learning_rate=10.0), n_models=3, kernel=kernel)
    message = str(caught.value)
    for word in ("training diverged", "of 3 models", "p = 0.2", "learning rate is 10", "lower it", "warmup_steps"):
        assert word in message
    assert isinstance(caught.value, TegumError)


@pytest.mark.parametrize("kernel", ["fused", "reference"])
@pytest.mark.parametrize("record", [Record(n_losses=5), Record(n_losses=0)], ids=["on the way", "at the end"])
def test_a_loss_that_is_no_number_is_divergence(kernel, record):
    problem = PROBLEM.replace(output="linear")  # ReLUs would die, and answer 0 for ever
    settings = SHORT.replace(optimizer="sgd", learning_rate=1e6)
    with pytest.raises(DivergedError, match="not finite"):
        train(problem, settings, record=record, kernel=kernel)


def test_very_rare_features_are_not_divergence():
    """A single presence among 64 samples costs ten thousand times the mean loss at p = 1e-7."""
    problem = Problem(n_features=50, n_hidden=2, feature_probability=1e-7)
    data = train(problem, SHORT.replace(n_steps=300), n_models=200, record=Record(n_losses=300, spacing="linear"))
    assert (data["loss_history"] > 1000 * data["loss_history"].mean()).any()  # it happened


def test_features_that_never_occur_leave_the_weights_alone():
    data = train(PROBLEM.replace(feature_probability=0.0), SHORT, record=Record(snapshots=2))
    assert not data["loss"].any()
    np.testing.assert_array_equal(*data["W_history"].transpose("snapshot", ...))


def progress_of(problem, settings=SHORT, **options) -> list[Progress]:
    heard: list[Progress] = []
    train(problem, settings, progress=heard.append, **options)
    return heard


def test_progress_rises_to_the_end():
    grid = Grid(PROBLEM, n_hidden=[1, 2], feature_probability=[1, 0.1, 0.01])
    heard = progress_of(grid, n_models=2)
    done = [progress.done for progress in heard]
    assert done == sorted(set(done))
    assert {progress.total for progress in heard} == {6 * 2 * 30}
    assert done[-1] == heard[-1].total
    assert progress_of(PROBLEM, SHORT.replace(n_steps=0)) == []


@pytest.mark.parametrize("kernel", ["fused", "reference"])
def test_an_interrupt_goes_through_and_leaves_no_thread_behind(kernel):
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(PROBLEM, SHORT, n_models=8, kernel=kernel, progress=interrupt)
    assert threads_that_stay() == []


def test_a_finished_run_leaves_no_thread_behind():
    train(PROBLEM, SHORT, n_models=8)
    assert threads_that_stay() == []


def threads_that_stay() -> list[str]:
    """Threads of the fused kernel that are still there when everything has had its time to end."""
    gc.collect()
    for _ in range(50):
        alive = [thread.name for thread in threading.enumerate() if thread.name.startswith("tegum")]
        if not alive:
            break
        time.sleep(0.02)
    return alive


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    train(PROBLEM, SHORT, progress=True)
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    train(PROBLEM, SHORT, progress=True)
    assert "training" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_listeners_of_every_kind(monkeypatch):
    heard = []
    with listener(heard.append, "work") as tell:
        tell(Progress(1, 2))
    assert heard == [Progress(1, 2)]
    with listener(False, "work") as tell:
        tell(Progress(1, 2))
    monkeypatch.setattr(sys, "stderr", Terminal())
    with listener(False, "work") as tell:
        tell(Progress(1, 2))
    assert sys.stderr.getvalue() == ""
