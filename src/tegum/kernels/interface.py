"""What a kernel is: something that trains many models side by side."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from tegum.ground import streams
from tegum.problem import Problem, TrainSettings
from tegum.theory.active_sets import ActiveSets


class Architecture(NamedTuple):
    """What all models of one run must share; probabilities, importances and magnitudes may differ."""

    n_features: int
    n_hidden: int
    output: Literal["relu", "linear"]
    hidden: Literal["linear", "relu"]
    n_training_samples: int  # 0: fresh samples at every step
    tied: bool
    target: Literal["identity", "absolute"]


def architecture(problem: Problem) -> Architecture:
    """The part of a problem that decides which models can run side by side."""
    return Architecture(
        problem.n_features, problem.n_hidden, problem.output, problem.hidden, problem.n_training_samples or 0,
        problem.tied, problem.target,
    )  # fmt: skip


class Losses(NamedTuple):
    """Expected loss of each model and its standard error, float64 (n_models,)."""

    mean: np.ndarray
    standard_error: np.ndarray


class AbstractRun(ABC):
    """Models in training. `step` is the number of updates done; how a run is cut into calls changes nothing."""

    step: int

    @abstractmethod
    def advance(self, n_steps: int) -> None:
        """Do n_steps updates."""

    @abstractmethod
    def take_losses(self) -> np.ndarray:
        """Each model's batch losses since the last call of this, added up one step at a time, float64 (n_models,)."""

    @abstractmethod
    def weights(self) -> dict[str, np.ndarray]:
        """Copies of the parameters, by the names that they have in datasets.

        W (n_models, n_features, n_hidden), bias (n_models, n_features), and W_out, shaped like W, of untied models.
        """

    @abstractmethod
    def evaluate(self, n_samples: int) -> Losses:
        """Loss on fresh samples, with the same random words for every model: differences between models are sharp."""


class AbstractKernel(ABC):
    """A way to train.

    `name` identifies it in records; `epoch` goes up whenever its numbers change, so that stored results are not mixed.
    """

    name: str
    epoch: int

    @abstractmethod
    def prepare(
        self, problems: Sequence[Problem], settings: TrainSettings, *, models: Sequence[int], seed: int
    ) -> AbstractRun:
        """Check, allocate and initialise.

        Args:
            problems: one for each model, all of one architecture.
            settings: shared by all.
            models: index of each model in its own problem; with the seed it addresses all its random numbers.
            seed: the one integer.
        """


def initial_weights(
    shape: Architecture,
    settings: TrainSettings,
    *,
    models: Sequence[int],
    seed: int,
    purpose: str = streams.INITIAL_WEIGHTS,
) -> np.ndarray:
    """Xavier-normal W of each model, float64 (n_models, n_features, n_hidden); W_out has its own `purpose`."""
    n, m = shape.n_features, shape.n_hidden
    size = settings.initial_scale * np.sqrt(2.0 / (n + m))
    normal = [streams.generator(seed, model, purpose).standard_normal((n, m)) for model in models]
    return size * np.array(normal).reshape(len(models), n, m)


def standard_losses(sums: np.ndarray, squares: np.ndarray, n_samples: int) -> Losses:
    """Mean and standard error from the sum of the losses of n_samples samples and of their squares."""
    mean = sums / n_samples
    variance = np.maximum(squares / n_samples - mean**2, 0.0) * n_samples / (n_samples - 1)
    return Losses(mean, np.sqrt(variance / n_samples))


Law = Callable[[np.ndarray], ActiveSets]
"""From probabilities (n_cells, n_features) to the law of present features."""


class Optima(NamedTuple):
    """Distinct optima of each cell, the lowest first; what is absent has an infinite loss and frequency 0."""

    W: np.ndarray  # (n_cells, n_optima, n_features, n_hidden)
    bias: np.ndarray  # (n_cells, n_optima, n_features)
    loss: np.ndarray  # (n_cells, n_optima)
    frequency: np.ndarray  # (n_cells, n_optima), share of the starts that ended there
    gradient: np.ndarray  # (n_cells, n_optima), largest entry of the gradient of loss / (loss of the answer 0)
    curvature: np.ndarray  # (n_cells, n_optima), smallest eigenvalue of its Hessian
    losses: np.ndarray  # (n_cells, n_starts), where each start ended
