"""Training by every kernel: the same path, however it is cut, packed and shared out over threads."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from tegum.kernels.fused import FusedKernel
from tegum.kernels.interface import AbstractKernel, AbstractRun
from tegum.kernels.reference import ReferenceKernel
from tegum.problem import PowerLaw, Problem, TrainSettings

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
KERNELS = [
    pytest.param("fused", id="fused"),
    pytest.param("cpu", id="reference"),
    pytest.param("cuda", id="cuda", marks=[pytest.mark.device, needs_cuda]),
]
UNTIED = {"tied": False}
KINDS = {
    "linear": {},
    "relu": {"hidden": "relu"},
    "linear untied": UNTIED,
    "relu untied": UNTIED | {"hidden": "relu"},
    "absolute": UNTIED | {"hidden": "relu", "target": "absolute"},
    "absolute linear": UNTIED | {"target": "absolute"},
    "absolute tied": {"hidden": "relu", "target": "absolute"},
}
OPTIMISERS = {
    "adam": {"optimizer": "adam"},
    "adam with decay": {"optimizer": "adam", "weight_decay": 0.1, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-4},
    # g / (|g| + epsilon) passes the rounding of g on, blown up by 1 / epsilon
    "adam without memory": {"optimizer": "adam", "beta1": 0, "beta2": 0, "epsilon": 0.01},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.5, "schedule": "cosine", "warmup_steps": 4},
    "adamw that grows": {"optimizer": "adamw", "weight_decay": -0.5},
    "sgd": {"optimizer": "sgd", "momentum": 0},
    "sgd with momentum": {"optimizer": "sgd", "schedule": "linear", "warmup_steps": 3},
    "sgd with decay": {"optimizer": "sgd", "momentum": 0.5, "weight_decay": 0.3, "schedule": "cosine"},
}


def kernel(name: str) -> AbstractKernel:
    return FusedKernel() if name == "fused" else ReferenceKernel(name)


def problems(n: int, m: int, **kind: Any) -> list[Problem]:
    """Six models that differ in density and magnitude."""
    magnitudes = ["signed_uniform"] if kind.get("target") == "absolute" else ["uniform", "signed_uniform", "boolean"]
    return [
        Problem(
            n_features=n, n_hidden=m, feature_probability=p, magnitude=magnitude, importance=PowerLaw(exponent=0.5),
            **kind,
        )
        for p, magnitude in itertools.product([0.5, 0.02], magnitudes * (3 // len(magnitudes)))
    ]  # fmt: skip


def prepared(
    name: str, settings: TrainSettings, *, n=5, m=2, models=range(6), which=slice(None), **kind: Any
) -> AbstractRun:
    return kernel(name).prepare(problems(n, m, **kind)[which], settings, models=list(models)[which], seed=8)


def state(run: AbstractRun) -> list[np.ndarray]:
    return [*run.weights().values(), run.take_losses()]


@pytest.mark.parametrize("options", OPTIMISERS.values(), ids=OPTIMISERS)
@pytest.mark.parametrize(
    ("n", "m", "kind"),
    [
        (5, 2, "linear"),
        (20, 5, "absolute"),
        *(pytest.param(20, 5, kind, marks=pytest.mark.slow) for kind in KINDS if kind != "absolute"),
    ],
)
def test_fused_and_reference_take_the_same_path(options, kind, n, m):
    """In float32 both stay near the path in float64, ten thousand times nearer than it is long."""
    rate = 0.1 if options["optimizer"] == "sgd" else 0.01
    settings = TrainSettings(n_steps=20, batch_size=200, learning_rate=rate, **options)
    runs = {
        "fused": prepared("fused", settings, n=n, m=m, **KINDS[kind]),
        "reference": prepared("cpu", settings, n=n, m=m, **KINDS[kind]),
        "exact": prepared("cpu", settings.replace(precision="float64"), n=n, m=m, **KINDS[kind]),
    }
    start = runs["exact"].weights().values()
    for n_steps in (1, 4, 15):
        for run in runs.values():
            run.advance(n_steps)
    paths = {name: state(run) for name, run in runs.items()}
    length = max(np.abs(end - begin).max() for end, begin in zip(paths["exact"][:-1], start, strict=True))
    for name in ("fused", "reference"):
        for found, exact in zip(paths[name][:-1], paths["exact"][:-1], strict=True):
            np.testing.assert_allclose(found, exact, rtol=0, atol=1e-4 * length, err_msg=name)
        np.testing.assert_allclose(paths[name][-1], paths["exact"][-1], rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("options", OPTIMISERS.values(), ids=OPTIMISERS)
@pytest.mark.parametrize("kind", ["linear", "absolute"])
def test_the_cut_changes_nothing(name, options, kind):
    settings = TrainSettings(n_steps=10, batch_size=100, learning_rate=0.01, **options)
    whole, cut = prepared(name, settings, **KINDS[kind]), prepared(name, settings, **KINDS[kind])
    whole.advance(10)
    for n_steps in (3, 0, 7):
        cut.advance(n_steps)
    assert whole.step == cut.step == 10
    for a, b in zip(state(whole), state(cut), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", KERNELS)
def test_losses_add_up_and_are_taken_once(name):
    settings = TrainSettings(n_steps=6, batch_size=100)
    whole, cut = prepared(name, settings), prepared(name, settings)
    whole.advance(6)
    parts = []
    for _ in range(6):
        cut.advance(1)
        parts.append(cut.take_losses())
    np.testing.assert_array_equal(np.add.accumulate(parts)[-1], whole.take_losses())
    np.testing.assert_array_equal(whole.take_losses(), np.zeros(6))


@pytest.mark.parametrize(("n", "m"), [(5, 2), (33, 18)])
@pytest.mark.parametrize("kind", ["linear", "absolute"])
def test_the_number_of_threads_changes_nothing(n, m, kind):
    settings = TrainSettings(n_steps=5, batch_size=100)
    models = problems(n, m, **KINDS[kind])
    runs = [FusedKernel(n_threads=k).prepare(models, settings, models=range(6), seed=8) for k in (1, 2, 5)]
    for run in runs:
        run.advance(5)
    first, *others = [[*run.evaluate(500), *state(run)] for run in runs]
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("which", [[2], [5, 0], [4, 3, 2, 1, 0], [1, 1, 1]], ids=str)
@pytest.mark.parametrize("kind", ["linear", "absolute"])
def test_the_company_of_a_model_changes_nothing(which, kind):
    settings = TrainSettings(n_steps=8, batch_size=100)
    together = prepared("fused", settings, **KINDS[kind])
    some = FusedKernel().prepare([problems(5, 2, **KINDS[kind])[a] for a in which], settings, models=which, seed=8)
    for run in (together, some):
        run.advance(8)
    for a, b in zip([*together.evaluate(300), *state(together)], [*some.evaluate(300), *state(some)], strict=True):
        np.testing.assert_array_equal(a[which], b)


@pytest.mark.parametrize("name", KERNELS[1:])
def test_company_changes_no_more_than_rounding_in_torch(name):
    """torch picks another product for a stack of one; what a model sees is the same."""
    settings = TrainSettings(n_steps=8, batch_size=100, precision="float64")
    together, alone = prepared(name, settings), prepared(name, settings, which=slice(2, 3))
    for run in (together, alone):
        run.advance(8)
    for a, b in zip(state(together), state(alone), strict=True):
        np.testing.assert_allclose(a[2:3], b, rtol=1e-10, atol=1e-13)


def test_the_address_decides_on_the_start_and_the_samples():
    settings = TrainSettings(n_steps=1, batch_size=64)
    runs = {(model, seed): FusedKernel().prepare(problems(5, 2)[:1], settings, models=[model], seed=seed)
            for model, seed in [(0, 0), (1, 0), (0, 1)]}  # fmt: skip
    starts = [run.weights()["W"] for run in runs.values()]
    for run in runs.values():
        run.advance(1)
    losses = [run.take_losses()[0] for run in runs.values()]
    assert len({W.tobytes() for W in starts}) == 3
    assert len(set(losses)) == 3


@pytest.mark.parametrize("name", KERNELS)
def test_all_kernels_start_alike_from_xavier_normal_weights(name):
    """Of N normal entries of variance v the mean square lies within v (1 ± 5 √(2/N)) and the mean within 5 √(v/N)."""
    n, m, models = 40, 10, 12
    settings = TrainSettings(n_steps=0, initial_scale=2.0)
    problem = Problem(n_features=n, n_hidden=m, feature_probability=0.1, tied=False)
    start, fused, tied = (
        each.prepare([asked] * models, settings, models=range(models), seed=0).weights()
        for each, asked in (
            (kernel(name), problem), (FusedKernel(), problem), (kernel(name), problem.replace(tied=True))
        )
    )  # fmt: skip
    variance, count = 4 * 2 / (n + m), models * n * m
    for matrix in ("W", "W_out"):
        W = start[matrix]
        assert abs((W**2).mean() / variance - 1) < 5 * np.sqrt(2 / count)
        assert abs(W.mean()) < 5 * np.sqrt(variance / count)
        np.testing.assert_array_equal(W, fused[matrix])
        assert W.shape == (models, n, m)
        assert W.dtype == np.float32
    # the two are independent, so the mean of their products lies within 5 of its standard errors
    assert abs((start["W"] * start["W_out"]).mean()) < 5 * variance / np.sqrt(count)
    assert not start["bias"].any()
    assert tied.keys() == {"W", "bias"}
    np.testing.assert_array_equal(tied["W"], start["W"])  # what is tied begins where the untied model begins
