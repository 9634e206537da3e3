"""The fast kernel: the whole training loop in one compiled call, one model per thread at a time.

The compiled code releases the interpreter lock, so plain Python threads share the models out. A model's numbers depend
on its own address only, so neither the number of threads nor the packing of models can change them.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tegum.ground import streams
from tegum.ground.errors import InputError
from tegum.kernels import loop
from tegum.kernels.interface import (
    AbstractKernel,
    AbstractRun,
    Losses,
    architecture,
    initial_weights,
    standard_losses,
)
from tegum.kernels.update import ADAM, ADAMW, SGD
from tegum.problem import Problem, TrainSettings
from tegum.problem.sampling import sampler_table

_EVALUATION_BATCH = 4096
_TASKS_PER_THREAD = 8
# From this share of samples in which nothing is present it pays to leave them out (docs/performance.md).
_WORTH_SKIPPING = 0.1


class FusedRun(AbstractRun):
    """Models in training with the compiled loop."""

    def __init__(
        self, problems: Sequence[Problem], settings: TrainSettings, models: Sequence[int], seed: int, n_threads: int
    ) -> None:
        self.step = 0
        self._shape = architecture(problems[0])
        self._settings, self._n_threads = settings, n_threads
        n, m, count = self._shape.n_features, self._shape.n_hidden, len(problems)
        tables = [sampler_table(problem) for problem in problems]
        self._table = tuple(np.ascontiguousarray(np.stack(column)) for column in zip(*tables, strict=True))
        density = np.array([problem.probabilities.mean() for problem in problems])
        empty = np.array([np.prod([1 - problem.probabilities[g[0]] for g in problem.groups]) for problem in problems])
        self._sparse = empty > _WORTH_SKIPPING
        self._importance = np.stack([problem.importances for problem in problems]).astype(np.float32)
        keys = [streams.stream_key(seed, model, streams.TRAINING_DATA) for model in models]
        self._training_keys = np.array(keys, np.uint64)
        self._evaluation_keys = np.full(count, streams.stream_key(seed, 0, streams.EVALUATION_DATA), np.uint64)

        def start(purpose: str) -> np.ndarray:
            W = initial_weights(self._shape, settings, models=models, seed=seed, purpose=purpose)
            return np.ascontiguousarray(W.reshape(count, n * m), np.float32)

        def moments(size: int) -> tuple[np.ndarray, np.ndarray]:
            return np.zeros((count, size), np.float32), np.zeros((count, size), np.float32)

        self._W, self._bias = start(streams.INITIAL_WEIGHTS), np.zeros((count, n), np.float32)
        self._moments = (*moments(n * m), *moments(n))
        self._W_out = None if self._shape.tied else start(streams.INITIAL_READ_OUT)
        self._out_moments = moments(0 if self._shape.tied else n * m)
        self._losses = np.zeros(count)
        self._kinds = (self._shape.output == "relu", self._shape.hidden == "relu")
        self._parts = _share_out(density, n_threads)
        self._pool = ThreadPoolExecutor(n_threads, thread_name_prefix="tegum")

    def _each(self, call: Callable[[np.ndarray], None]) -> None:
        """Run one compiled call per part; on an interrupt, let running calls end and drop the others."""
        futures = [self._pool.submit(call, part) for part in self._parts]
        try:
            for future in futures:
                future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def advance(self, n_steps: int) -> None:
        """See AbstractRun."""
        settings, shape = self._settings, self._shape
        rates = settings.learning_rates(self.step, n_steps)
        beta1 = settings.momentum if settings.optimizer == "sgd" else settings.beta1
        constants = (beta1, settings.beta2, settings.epsilon, settings.weight_decay)
        optimizer = {"adam": ADAM, "adamw": ADAMW, "sgd": SGD}[settings.optimizer]

        def work(part: np.ndarray) -> None:
            room = loop.training_room(shape.n_features, shape.n_hidden, loop.pitch_for(shape.n_features))
            read_out = None
            if self._W_out is not None:
                gradient = loop.aligned(shape.n_features * shape.n_hidden)
                read_out = loop.ReadOut(self._W_out, *self._out_moments, gradient)
            loop.advance_models(
                part, shape.n_features, shape.n_hidden, self._kinds, self._sparse, self._table, self._importance,
                self._training_keys, self._W, read_out, self._bias, self._moments, self.step, rates,
                settings.batch_size, optimizer, constants, room, self._size_room(), self._losses,
            )  # fmt: skip

        self._each(work)
        self.step += n_steps

    def _size_room(self) -> np.ndarray | None:
        """Room for a block of targets |x|, if these are the targets."""
        n = self._shape.n_features
        return loop.aligned(n * loop.pitch_for(n)) if self._shape.target == "absolute" else None

    def take_losses(self) -> np.ndarray:
        """See AbstractRun."""
        taken, self._losses = self._losses, np.zeros_like(self._losses)
        return taken

    def weights(self) -> dict[str, np.ndarray]:
        """See AbstractRun."""
        shape = (-1, self._shape.n_features, self._shape.n_hidden)
        read_out = {} if self._W_out is None else {"W_out": self._W_out.reshape(shape).copy()}
        return {"W": self._W.reshape(shape).copy(), "bias": self._bias.copy()} | read_out

    def evaluate(self, n_samples: int) -> Losses:
        """See AbstractRun."""
        shape = self._shape
        sums, squares = np.zeros(len(self._W)), np.zeros(len(self._W))
        n_whole, rest = divmod(n_samples, _EVALUATION_BATCH)

        def work(part: np.ndarray) -> None:
            room = loop.evaluation_room(shape.n_features, shape.n_hidden, loop.pitch_for(shape.n_features))
            size_room = self._size_room()
            for first, n_steps, batch in ((0, n_whole, _EVALUATION_BATCH), (n_whole, int(rest > 0), rest)):
                loop.evaluate_models(
                    part, shape.n_features, shape.n_hidden, self._kinds, self._table, self._importance,
                    self._evaluation_keys, self._W, self._W_out, self._bias, first, n_steps, batch, room,
                    size_room, sums, squares,
                )  # fmt: skip

        self._each(work)
        return standard_losses(sums, squares, n_samples)


def _share_out(density: np.ndarray, n_threads: int) -> list[np.ndarray]:
    """Cut the models into parts, the expensive ones first, so that the threads finish together."""
    order = np.argsort(-density, kind="stable")
    n_parts = min(len(order), n_threads * _TASKS_PER_THREAD)
    return [np.ascontiguousarray(order[part::n_parts]) for part in range(n_parts)]


class FusedKernel(AbstractKernel):
    """numba on the CPU, float32: every model kind, optimiser and schedule of the reference.

    Args:
        n_threads: models trained at the same time; all processors that this process may use if None.

    Raises:
        InputError: n_threads is not positive, or float64 is asked for.
    """

    name = "fused"
    epoch = 1

    def __init__(self, n_threads: int | None = None) -> None:
        if n_threads is not None and n_threads < 1:
            raise InputError(f"n_threads must be at least 1; got {n_threads}. Leave it out to use every processor.")
        self.n_threads = n_threads or n_processors()

    def prepare(
        self, problems: Sequence[Problem], settings: TrainSettings, *, models: Sequence[int], seed: int
    ) -> FusedRun:
        """See AbstractKernel."""
        if settings.precision != "float32":
            raise InputError(
                f"the fused kernel works in float32; got precision={settings.precision!r}. Use kernel='reference'."
            )
        return FusedRun(problems, settings, models, seed, self.n_threads)


def n_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
