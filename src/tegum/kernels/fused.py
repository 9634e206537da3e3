"""The fast kernel: the whole training loop in one compiled call, one model per thread at a time.

The compiled code releases the interpreter lock, so plain Python threads share the models out. A model's numbers depend
on its own address only, so neither the number of threads nor the packing of models can change them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tegum.ground import streams
from tegum.ground.errors import InputError
from tegum.ground.threads import n_processors
from tegum.kernels import loop
from tegum.kernels.given import Batches, advance_given, batches_of, given_room
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
from tegum.problem.sampling import Sampler, sampler_table

_EVALUATION_BATCH = 4096
_TASKS_PER_THREAD = 8
# From this share of samples in which nothing is present it pays to leave them out (docs/performance.md).
_WORTH_SKIPPING = 0.1
_ENTRIES_AT_ONCE = 2**21  # of the samples that numpy draws for a model, several steps at a time


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
        density = np.array([problem.marginal_probabilities.mean() for problem in problems])
        self._sparse = np.array([problem.empty_probability for problem in problems]) > _WORTH_SKIPPING
        # samples that no table can say are drawn in numpy, and a training set is drawn once
        self._problems = list(problems)
        by_numpy = np.array([problem.correlation is not None for problem in problems])
        self._by_numpy, self._given = by_numpy, by_numpy | bool(self._shape.n_training_samples)
        self._training_sets: dict[int, Batches] = {}
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
            for a in part[self._given[part]]:
                self._advance_given(int(a), rates, optimizer, constants)
            room = loop.training_room(shape.n_features, shape.n_hidden, loop.pitch_for(shape.n_features))
            read_out = None
            if self._W_out is not None:
                gradient = loop.aligned(shape.n_features * shape.n_hidden)
                read_out = loop.ReadOut(self._W_out, *self._out_moments, gradient)
            loop.advance_models(
                part[~self._given[part]], shape.n_features, shape.n_hidden, self._kinds, self._sparse, self._table,
                self._importance, self._training_keys, self._W, read_out, self._bias, self._moments, self.step, rates,
                settings.batch_size, optimizer, constants, room, self._size_room(), self._losses,
            )  # fmt: skip

        self._each(work)
        self.step += n_steps

    def _advance_given(self, a: int, rates: np.ndarray, optimizer: int, constants: tuple[float, ...]) -> None:
        """Train one model on samples that are there as arrays."""
        shape, weight = self._shape, self._importance[a]
        pitch = loop.pitch_for(shape.n_features)
        room = given_room(shape.n_features, shape.n_hidden, pitch)
        read_out = None
        if self._W_out is not None:
            read_out = (self._W_out[a], np.zeros_like(self._W_out[a]), *(moment[a] for moment in self._out_moments))
        absolute = shape.target == "absolute"
        batch = shape.n_training_samples or self._settings.batch_size
        at_once = len(rates)
        if not shape.n_training_samples:
            at_once = max(1, _ENTRIES_AT_ONCE // (batch * shape.n_features))
        for done in range(0, len(rates), at_once):
            part = rates[done : done + at_once]
            self._losses[a] = advance_given(
                shape.n_features, shape.n_hidden, self._kinds, absolute, weight, self._W[a], read_out, self._bias[a],
                tuple(moment[a] for moment in self._moments), self.step + done, part, batch,
                self._batches(a, self.step + done, len(part), pitch), optimizer, constants, room, self._losses[a],
            )  # fmt: skip

    def _batches(self, a: int, first_step: int, n_steps: int, pitch: int) -> Batches:
        """Samples that a model sees from first_step on: its training set, or a batch for each step."""
        sampler, key = Sampler(self._problems[a]), int(self._training_keys[a])
        size = self._shape.n_training_samples
        if not size:
            steps = range(first_step, first_step + n_steps)
            return batches_of(np.stack([sampler.draw(key, step, self._settings.batch_size) for step in steps]), pitch)
        if a not in self._training_sets:
            self._training_sets[a] = batches_of(sampler.draw(key, 0, size)[None], pitch)
        return self._training_sets[a]

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
            part = part[~self._by_numpy[part]]
            room = loop.evaluation_room(shape.n_features, shape.n_hidden, loop.pitch_for(shape.n_features))
            size_room = self._size_room()
            for first, n_steps, batch in ((0, n_whole, _EVALUATION_BATCH), (n_whole, int(rest > 0), rest)):
                loop.evaluate_models(
                    part, shape.n_features, shape.n_hidden, self._kinds, self._table, self._importance,
                    self._evaluation_keys, self._W, self._W_out, self._bias, first, n_steps, batch, room,
                    size_room, sums, squares,
                )  # fmt: skip

        self._each(work)
        self._evaluate_by_numpy(n_samples, sums, squares)
        return standard_losses(sums, squares, n_samples)

    def _evaluate_by_numpy(self, n_samples: int, sums: np.ndarray, squares: np.ndarray) -> None:
        """The same for models whose samples numpy draws; models of one problem share them."""
        alike: dict[Problem, list[int]] = {}
        for a in np.flatnonzero(self._by_numpy):
            alike.setdefault(self._problems[a], []).append(int(a))
        for problem, models in alike.items():
            sampler = Sampler(problem)
            for step, start in enumerate(range(0, n_samples, _EVALUATION_BATCH)):
                size = min(_EVALUATION_BATCH, n_samples - start)
                x = sampler.draw(int(self._evaluation_keys[0]), step, size)
                for a in models:
                    losses = self._sample_losses(a, x).astype(np.float64)
                    sums[a] += losses.sum()
                    squares[a] += (losses**2).sum()

    def _sample_losses(self, a: int, x: np.ndarray) -> np.ndarray:
        """Importance-weighted squared error of each sample (n_samples, n_features), summed over features."""
        relu_output, relu_hidden = self._kinds
        size = (self._shape.n_features, self._shape.n_hidden)
        W = self._W[a].reshape(size)
        W_out = W if self._W_out is None else self._W_out[a].reshape(size)
        h = x @ W
        z = (np.maximum(h, 0) if relu_hidden else h) @ W_out.T + self._bias[a]
        target = np.abs(x) if self._shape.target == "absolute" else x
        return ((np.maximum(z, 0) if relu_output else z) - target) ** 2 @ self._importance[a]


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
