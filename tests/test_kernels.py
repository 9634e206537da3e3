"""Every kernel against equations written out by hand in float64: loss, gradient, expected loss."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from tegum.ground import streams
from tegum.ground.errors import InputError
from tegum.kernels.choice import choose_kernel
from tegum.kernels.fused import FusedKernel
from tegum.kernels.interface import AbstractKernel
from tegum.kernels.reference import ReferenceKernel
from tegum.problem import PowerLaw, Problem, TrainSettings
from tegum.problem.sampling import present_values, sampler_table
from tegum.theory import linear_loss, zero_loss

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
KERNELS = [
    pytest.param(FusedKernel, "float32", id="fused"),
    pytest.param(ReferenceKernel, "float32", id="reference32"),
    pytest.param(ReferenceKernel, "float64", id="reference64"),
    pytest.param(lambda: ReferenceKernel("cuda"), "float32", id="cuda32", marks=[pytest.mark.device, needs_cuda]),
    pytest.param(lambda: ReferenceKernel("cuda"), "float64", id="cuda64", marks=[pytest.mark.device, needs_cuda]),
]
SHAPES = [(5, 2), (20, 5), (7, 4), (9, 9), (1, 1), (33, 18)]  # all remainders of the register tiles
KINDS = {  # hidden layer, tied, target
    "linear": ("linear", True, "identity"),
    "relu": ("relu", True, "identity"),
    "linear untied": ("linear", False, "identity"),
    "relu untied": ("relu", False, "identity"),
    "absolute": ("relu", False, "absolute"),
    "absolute linear": ("linear", False, "absolute"),
    "absolute tied": ("relu", True, "absolute"),
}
CASES = [  # everything for tied models that answer x; two shapes for each of the others
    (n, m, size, kind)
    for kind in KINDS
    for size in ((128, 100) if kind in ("linear", "relu") else (100,))  # 100 fills no whole number of lanes
    for n, m in (SHAPES if kind in ("linear", "relu") else ((7, 4), (33, 18)))
]
MAGNITUDES = ("uniform", "signed_uniform", "boolean")
DENSE, SPARSE = 0.6, 0.01
SEED = 4
# In float32 a sum of B products is good to some √B units of 6e-8; in float64 to 1e-16.
TOLERANCE = {"float32": 3e-6, "float64": 1e-12}

Prepared = Callable[[], AbstractKernel]


def mixed(n: int, m: int, output: str, kind: str) -> list[Problem]:
    """Every magnitude, dense, sparse, and one of each in a single model: what one run may hold side by side."""
    hidden, tied, target = KINDS[kind]
    both = [DENSE if i % 2 else SPARSE for i in range(n)]
    importance = PowerLaw(exponent=0.5, first=1.5)
    kinds = {
        "n_features": n, "n_hidden": m, "output": output, "hidden": hidden, "importance": importance, "tied": tied,
        "target": target,
    }  # fmt: skip
    magnitudes = MAGNITUDES if target == "identity" else ("signed_uniform",)
    sets = [range(n // 2), [n - 1]]
    together = Problem(feature_probability=0.2, correlated_sets=sets, magnitude=magnitudes[0], **kinds)
    return [together] + [
        Problem(feature_probability=p, magnitude=magnitude, **kinds)
        for p, magnitude in itertools.product([DENSE, SPARSE, both], magnitudes)
    ]


def batch(problem: Problem, model: int, step: int, size: int, purpose: str = streams.TRAINING_DATA) -> np.ndarray:
    """What a model sees, float64 (size, n_features)."""
    first, second = streams.feature_keys(streams.stream_key(SEED, model, purpose), step, problem.n_features)
    words = streams.words(first, second, np.arange(size)[:, None])
    table = sampler_table(problem)
    return present_values(table, words, words[:, table.gate], np.where).astype(np.float64)


Weights = dict[str, np.ndarray]


def of_model(weights: Weights, a: int) -> Weights:
    return {name: np.asarray(values[a], np.float64) for name, values in weights.items()}


def target(problem: Problem, x: np.ndarray) -> np.ndarray:
    return np.abs(x) if problem.target == "absolute" else x


def sample_losses(problem: Problem, weights: Weights, x: np.ndarray) -> np.ndarray:
    """Σ_i I_i (t_i - x'_i)² of every sample."""
    h = x @ weights["W"]
    h = np.maximum(h, 0) if problem.hidden == "relu" else h
    z = h @ weights["W" if problem.tied else "W_out"].T + weights["bias"]
    y = np.maximum(z, 0) if problem.output == "relu" else z
    return ((target(problem, x) - y) ** 2) @ problem.importances


def loss_and_gradient(problem: Problem, weights: Weights, x: np.ndarray) -> tuple[float, Weights]:
    """Mean loss of a batch, and its derivatives, by the chain rule."""
    W_out = weights["W" if problem.tied else "W_out"]
    u = x @ weights["W"]
    h = np.maximum(u, 0) if problem.hidden == "relu" else u
    z = h @ W_out.T + weights["bias"]
    y = np.maximum(z, 0) if problem.output == "relu" else z
    by_z = 2 * problem.importances * (y - target(problem, x)) / len(x)
    by_z = by_z * (z > 0) if problem.output == "relu" else by_z
    by_h = by_z @ W_out
    by_u = by_h * (u > 0) if problem.hidden == "relu" else by_h
    loss = sample_losses(problem, weights, x).mean()
    by_weights = {"W": x.T @ by_u, "bias": by_z.sum(axis=0)}
    if problem.tied:
        by_weights["W"] += by_z.T @ h
    else:
        by_weights["W_out"] = by_z.T @ h
    return loss, by_weights


@pytest.mark.parametrize(("kernel", "precision"), KERNELS)
@pytest.mark.parametrize("output", ["relu", "linear"])
@pytest.mark.parametrize(("n", "m", "size", "kind"), CASES)
def test_loss_and_gradient(kernel: Prepared, precision, size, output, kind, n, m):
    """The gradient is the change that a step of plain descent at rate 1 makes.

    The first step starts from a bias of 0, the second from one of either sign.
    """
    problems = mixed(n, m, output, kind)
    settings = TrainSettings(
        optimizer="sgd", momentum=0, learning_rate=1, batch_size=size, initial_scale=0.5, precision=precision
    )
    run = kernel().prepare(problems, settings, models=range(len(problems)), seed=SEED)
    for step in range(2):
        before = run.weights()
        run.advance(1)
        after, losses = run.weights(), run.take_losses()
        for a, problem in enumerate(problems):
            old, new = of_model(before, a), of_model(after, a)
            loss, gradients = loss_and_gradient(problem, old, batch(problem, a, step, size))
            np.testing.assert_allclose(losses[a], loss, rtol=TOLERANCE[precision], atol=1e-30)
            assert old.keys() == new.keys() == gradients.keys()
            for name, gradient in gradients.items():
                scale = np.abs(gradient).max() + np.abs(old[name]).max()
                window = TOLERANCE[precision] * scale + 1e-30
                np.testing.assert_allclose(old[name] - new[name], gradient, rtol=0, atol=window, err_msg=name)


@pytest.mark.parametrize(("kernel", "precision"), KERNELS)
@pytest.mark.parametrize("output", ["relu", "linear"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "m", "n_samples"), [(5, 2, 5000), (13, 6, 4096), (1, 1, 100)])
def test_evaluation_is_the_mean_over_shared_samples(kernel: Prepared, precision, output, kind, n, m, n_samples):
    problems = mixed(n, m, output, kind)
    run = kernel().prepare(problems, TrainSettings(precision=precision), models=range(len(problems)), seed=SEED)
    run.advance(3)
    weights = run.weights()
    found = run.evaluate(n_samples)
    sizes = [min(4096, n_samples - start) for start in range(0, n_samples, 4096)]
    for a, problem in enumerate(problems):
        x = np.concatenate([batch(problem, 0, t, size, streams.EVALUATION_DATA) for t, size in enumerate(sizes)])
        losses = sample_losses(problem, of_model(weights, a), x)
        # an error e = t - x' is good to the rounding of t, so e² is good to that of e² and of e t
        size = np.sqrt(losses.mean() * (target(problem, x) ** 2 @ problem.importances).mean())
        np.testing.assert_allclose(
            found.mean[a], losses.mean(), rtol=TOLERANCE[precision], atol=TOLERANCE[precision] * size
        )
        error = losses.std(ddof=1) / np.sqrt(n_samples)
        np.testing.assert_allclose(found.standard_error[a], error, rtol=1e-4 if precision == "float32" else 1e-9)
    for name, after in run.weights().items():
        np.testing.assert_array_equal(weights[name], after)
    assert run.step == 3


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "precision"), KERNELS)
@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_the_linear_model_has_its_exact_expected_loss(kernel: Prepared, precision, magnitude):
    """Within five standard errors, here of 24 values; a loss without importances is out of the window."""
    importance = [1.0, 0.7, 0.5, 0.3, 0.2, 0.1]
    problems = [
        Problem(
            n_features=6, n_hidden=3, output="linear", magnitude=magnitude, importance=importance, feature_probability=p
        )
        for p in (1.0, 0.3, 0.05, [0.9, 0.5, 0.2, 0.1, 0.05, 0.01])
    ]
    settings = TrainSettings(precision=precision, learning_rate=0.01)
    run = kernel().prepare(problems, settings, models=[0, 1, 2, 3], seed=SEED)
    for n_steps in (0, 50):
        run.advance(n_steps)
        weights = run.weights()
        W, b = weights["W"], weights["bias"]
        found = run.evaluate(2**17)
        p, importances = (np.stack([getattr(x, name) for x in problems]) for name in ("probabilities", "importances"))
        exact = linear_loss(W, b, feature_probability=p, importance=importances, magnitude=magnitude)
        window = 5 * found.standard_error + 1e-6 * exact  # boolean features at p = 1 leave no room for chance
        assert (np.abs(found.mean - exact) < window).all()
        unweighted = linear_loss(W, b, feature_probability=p, magnitude=magnitude)
        assert (np.abs(found.mean - unweighted) > window).all()


@pytest.mark.parametrize(("kernel", "precision"), KERNELS)
@pytest.mark.parametrize("output", ["relu", "linear"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_zeros_has_the_loss_of_the_answer_zero(kernel: Prepared, precision, output, kind):
    problems = mixed(5, 2, output, kind)
    settings = TrainSettings(initial_scale=0, n_steps=0, precision=precision)
    run = kernel().prepare(problems, settings, models=range(len(problems)), seed=SEED)
    assert not any(values.any() for values in run.weights().values())
    found = run.evaluate(2**14)
    exact = [zero_loss(x.probabilities, x.importances, x.magnitude) for x in problems]
    assert (np.abs(found.mean - exact) < 5 * found.standard_error).all()


def test_the_fused_kernel_refuses_what_it_cannot_do():
    with pytest.raises(InputError, match="works in float32; got precision='float64'"):
        choose_kernel("fused", TrainSettings(precision="float64")).prepare(
            [Problem(n_features=1, n_hidden=1, feature_probability=1)],
            TrainSettings(precision="float64"),
            models=[0],
            seed=0,
        )
    with pytest.raises(InputError, match="n_threads must be at least 1; got 0"):
        FusedKernel(n_threads=0)
