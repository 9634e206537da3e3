"""Layer 6: train a problem or a grid of problems, and return a labelled dataset."""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import numpy as np
import xarray as xr

from tegum.ground.errors import DivergedError, InputError
from tegum.ground.progress import Listener, Progress, listener
from tegum.kernels.choice import choose_kernel
from tegum.kernels.interface import AbstractKernel, AbstractRun, architecture
from tegum.problem import Grid, Problem, Record, TrainSettings
from tegum.problem.profiles import describe
from tegum.store.layout import Provenance, Trained, assemble
from tegum.theory.moments import zero_loss

_SECONDS_PER_CALL = 0.5  # progress and Ctrl-C are looked at between calls of about this length
# A loss this many times that of the zero output is no longer training. A high rate may overshoot at first and recover,
# hence the larger factor on the way.
_DIVERGED_ON_THE_WAY, _DIVERGED_AT_THE_END = 1000.0, 10.0


def train(
    problem: Problem | Grid,
    settings: TrainSettings | None = None,
    *,
    n_models: int = 1,
    seed: int = 0,
    kernel: str | AbstractKernel = "auto",
    record: Record | None = None,
    progress: bool | Listener = False,
) -> xr.Dataset:
    """Train toy models.

    Model number a of every cell of a grid starts from the same random words and sees the same random words, whatever
    the grid, the kernel and the number of threads; so cells can be compared model by model, and a cell trained alone
    gives the numbers that it has within a grid.

    Args:
        problem: a problem, or a grid of them.
        settings: optimiser, schedule and sizes; the published defaults if None.
        n_models: models for each cell, which differ in their random numbers only.
        seed: the one integer behind all random numbers.
        kernel: "auto", "fused", "reference", "reference:cuda", or a kernel.
        record: what to keep along the way; 100 points of the loss curve if None.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a `Progress`.

    Returns:
        Dataset with W (grid..., model, feature, hidden), bias, W_out of untied models, the expected loss with its
        standard error, and the loss history; every attribute needed to run it again. See docs/datasets.md.

    Raises:
        InputError: an argument is out of range.
        DivergedError: a loss became infinite, or far larger than that of a model that always answers 0.

    Example: five features in two dimensions.
        >>> problem = Problem(n_features=5, n_hidden=2, feature_probability=0.05)
        >>> data = train(problem, TrainSettings(n_steps=100), n_models=3)
        >>> dict(data["W"].sizes)
        {'model': 3, 'feature': 5, 'hidden': 2}

    Known problems:
        Cells share random words, so the errors of two cells are not independent; use different seeds where that
        matters.

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section "Demonstrating superposition".
    """
    grid = problem if isinstance(problem, Grid) else Grid(problem)
    settings, record = settings or TrainSettings(), record or Record()
    _check_whole(n_models, "n_models", 1)
    _check_whole(seed, "seed", 0)
    chosen = choose_kernel(kernel, settings)
    cells = grid.cells()
    losses_at, snapshots_at = record.steps(settings.n_steps)
    total, finished = len(cells) * n_models * settings.n_steps, 0
    trained: dict[int, Trained] = {}
    with listener(progress, "training") as tell:
        for members in _by_architecture(cells):
            problems = [cells[i] for i in members for _ in range(n_models)]
            run = chosen.prepare(problems, settings, models=list(range(n_models)) * len(members), seed=int(seed))
            before, count = finished, len(problems)
            result = _run(
                run, problems, settings, losses_at, snapshots_at,
                lambda step, before=before, count=count: tell(Progress(before + step * count, total)),
            )  # fmt: skip
            finished += count * settings.n_steps
            for place, i in enumerate(members):
                trained[i] = result.part(slice(place * n_models, (place + 1) * n_models))
    provenance = Provenance(
        grid=grid, settings=settings, record=record, n_models=int(n_models), seed=int(seed), kernel=chosen.name,
        kernel_epoch=chosen.epoch,
    )  # fmt: skip
    return assemble(provenance, [trained[i] for i in range(len(cells))])


def _check_whole(value: int, name: str, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} must be an integer >= {least}; got {value!r}.")


def _by_architecture(cells: Sequence[Problem]) -> Iterable[list[int]]:
    """Indices of cells that can run side by side."""
    order = sorted(range(len(cells)), key=lambda i: architecture(cells[i]))
    for _, members in groupby(order, key=lambda i: architecture(cells[i])):
        yield sorted(members)


def _run(
    run: AbstractRun,
    problems: Sequence[Problem],
    settings: TrainSettings,
    losses_at: Sequence[int],
    snapshots_at: Sequence[int],
    tell: Callable[[int], None],
) -> Trained:
    """Advance to each step at which something is recorded, in calls of about half a second."""
    limit = _DIVERGED_ON_THE_WAY * _cost_of_zero(problems, problems[0].n_training_samples or settings.batch_size)
    history: list[np.ndarray] = []
    snapshots = [run.weights()] if 0 in snapshots_at else []
    last_record, pace = 0, 1.0
    for stop in sorted({*losses_at, *snapshots_at, settings.n_steps} - {0}):
        while run.step < stop:
            n_steps = min(stop - run.step, max(1, int(pace)))
            start = time.perf_counter()
            run.advance(n_steps)
            pace = _pace(pace, n_steps, time.perf_counter() - start)
            tell(run.step)
        if stop in losses_at:  # only here, as the cuts in between depend on the clock
            history.append(run.take_losses() / (stop - last_record))
            last_record = stop
            _refuse_divergence(history[-1], limit, problems, run.step, settings)
        if stop in snapshots_at:
            snapshots.append(run.weights())
    losses = run.evaluate(settings.evaluation_samples)
    if settings.n_steps:
        limit = _DIVERGED_AT_THE_END * _cost_of_zero(problems, settings.evaluation_samples)
        if problems[0].n_training_samples:
            # a model that knows its training set by heart may be as wrong as it likes on fresh samples
            limit = np.full_like(limit, np.finfo(np.float64).max)
        _refuse_divergence(losses.mean, limit, problems, run.step, settings)
    return Trained(run.weights(), losses.mean, losses.standard_error, history, snapshots)


def _pace(pace: float, n_steps: int, seconds: float) -> float:
    """Steps for the next call: as many as fit, growing at most eightfold from one call to the next."""
    return min(8 * max(pace, n_steps), _SECONDS_PER_CALL * n_steps / max(seconds, 1e-6))


def _cost_of_zero(problems: Sequence[Problem], n_samples: int) -> np.ndarray:
    """Loss of the answer 0, with room for one sample that happens to hold every feature, however rare they are.

    It is the same for the target |x|, whose square is that of x.
    """
    return (
        np.array([_expected_cost_of_zero(p) for p in problems])
        + np.array([p.importances.sum() for p in problems]) / n_samples
    )


def _expected_cost_of_zero(problem: Problem) -> float:
    p = problem.marginal_probabilities
    if problem.unit_inputs:  # a bound: samples that hold something are at most as likely as that, and have length 1
        return float(problem.importances.max() * min(1.0, p.sum()))
    return float(zero_loss(p, problem.importances, problem.magnitude))


def _refuse_divergence(
    loss: np.ndarray, limit: np.ndarray, problems: Sequence[Problem], step: int, settings: TrainSettings
) -> None:
    wrong = np.flatnonzero(~(loss <= limit))
    if wrong.size:
        i = wrong[0]
        p = describe(problems[i].feature_probability)
        raise DivergedError(
            f"training diverged: by step {step} the loss of {wrong.size} of {len(loss)} models is not finite or far "
            f"above that of the answer 0 (the first: {loss[i]:.3g}, at p = {p}). The learning rate is "
            f"{settings.learning_rate:g}; lower it, or add warmup_steps."
        )
