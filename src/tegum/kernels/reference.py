"""The plain kernel: equations that a student can check, gradients by torch's autograd, any device.

It sees the same samples as the fused kernel, bit for bit, so the two can be compared step by step.
"""

from collections.abc import Sequence

import numpy as np
import torch

from tegum.ground import streams
from tegum.ground.errors import InputError
from tegum.kernels.interface import (
    AbstractKernel,
    AbstractRun,
    Losses,
    architecture,
    initial_weights,
    standard_losses,
)
from tegum.models import ToyModel
from tegum.problem import Problem, TrainSettings
from tegum.problem.sampling import Sampler, present_values, sampler_table

_EVALUATION_BATCH = 4096


class ReferenceRun(AbstractRun):
    """Models in training with torch."""

    def __init__(
        self, problems: Sequence[Problem], settings: TrainSettings, models: Sequence[int], seed: int, device: str
    ) -> None:
        self.step = 0
        self.shape = architecture(problems[0])
        self._settings, self._device = settings, torch.device(device)
        self._dtype = {"float32": torch.float32, "float64": torch.float64}[settings.precision]
        self._training_keys = [streams.stream_key(seed, model, streams.TRAINING_DATA) for model in models]
        self._evaluation_keys = [streams.stream_key(seed, 0, streams.EVALUATION_DATA)] * len(models)
        tables = [sampler_table(problem) for problem in problems]
        self._table = tuple(self._column(np.stack(column)) for column in zip(*tables, strict=True))
        # what no table can say is drawn in numpy
        self._samplers = {a: Sampler(p) for a, p in enumerate(problems) if p.correlation is not None}
        self._importance = self._tensor(np.stack([problem.importances for problem in problems]))[:, None, :]
        purposes = [streams.INITIAL_WEIGHTS] if self.shape.tied else [streams.INITIAL_WEIGHTS, streams.INITIAL_READ_OUT]
        W, *W_out = (
            # rounded as the fused kernel rounds, so that both begin at the same point
            self._tensor(initial_weights(self.shape, settings, models=models, seed=seed, purpose=p).astype(np.float32))
            for p in purposes
        )
        bias = self._tensor(np.zeros(W.shape[:2]))
        self.model = ToyModel(
            W, bias, W_out=W_out[0] if W_out else None, hidden=self.shape.hidden, output=self.shape.output
        )
        self._optimizer = _optimizer(settings, list(self.model.parameters()))
        self._losses = torch.zeros(len(problems), dtype=torch.float64, device=self._device)
        self._training_set = None
        if self.shape.n_training_samples:
            self._training_set = self.features(self._training_keys, 0, self.shape.n_training_samples)

    def _column(self, values: np.ndarray) -> torch.Tensor:
        """A column of the samplers' tables, (n_models, 1, n_features), or (n_models, 1) if it says one thing of all."""
        kind = values.dtype if values.dtype in (np.float32, np.bool_) else np.int64
        return torch.from_numpy(values.astype(kind))[:, None].to(self._device)

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(values, dtype=self._dtype, device=self._device)

    def features(self, keys: Sequence[int], step: int, n_samples: int) -> torch.Tensor:
        """Samples of one batch of every model, (n_models, n_samples, n_features)."""
        pairs = [streams.feature_keys(key, step, self.shape.n_features) for key in keys]
        first, second = (
            torch.from_numpy(np.stack(part))[:, None, :].to(self._device) for part in zip(*pairs, strict=True)
        )
        samples = torch.arange(n_samples, device=self._device)[:, None]
        words = streams.words(first, second, samples)
        gates = torch.gather(words, -1, self._table[3].expand_as(words))
        x = present_values(self._table, words, gates, torch.where).to(self._dtype)
        for a, sampler in self._samplers.items():
            x[a] = self._tensor(sampler.draw(keys[a], step, n_samples))
        return x

    def sample_losses(self, x: torch.Tensor) -> torch.Tensor:
        """Importance-weighted squared error, summed over features: (n_models, n_samples)."""
        target = x.abs() if self.shape.target == "absolute" else x
        return (self._importance * (target - self.model(x)) ** 2).sum(-1)

    def advance(self, n_steps: int) -> None:
        """See AbstractRun."""
        settings = self._settings
        for rate in settings.learning_rates(self.step, n_steps):
            self._optimizer.param_groups[0]["lr"] = float(rate)
            x = self._training_set
            if x is None:
                x = self.features(self._training_keys, self.step, settings.batch_size)
            losses = self.sample_losses(x).mean(-1)
            self._optimizer.zero_grad()
            losses.sum().backward()
            self._optimizer.step()
            self._losses += losses.detach()
            self.step += 1

    def take_losses(self) -> np.ndarray:
        """See AbstractRun."""
        taken, self._losses = self._losses, torch.zeros_like(self._losses)
        return taken.cpu().numpy()

    def weights(self) -> dict[str, np.ndarray]:
        """See AbstractRun."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.model.named_parameters()}

    @torch.no_grad()
    def evaluate(self, n_samples: int) -> Losses:
        """See AbstractRun."""
        sums = torch.zeros(len(self._training_keys), dtype=torch.float64, device=self._device)
        squares = torch.zeros_like(sums)
        for step, start in enumerate(range(0, n_samples, _EVALUATION_BATCH)):
            x = self.features(self._evaluation_keys, step, min(_EVALUATION_BATCH, n_samples - start))
            losses = self.sample_losses(x).double()
            sums += losses.sum(-1)
            squares += (losses**2).sum(-1)
        return standard_losses(sums.cpu().numpy(), squares.cpu().numpy(), n_samples)


def _optimizer(settings: TrainSettings, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
    if settings.optimizer == "sgd":
        optimizer = torch.optim.SGD(parameters, lr=settings.learning_rate, momentum=settings.momentum)
    else:
        kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
        betas = (settings.beta1, settings.beta2)
        optimizer = kind(parameters, lr=settings.learning_rate, betas=betas, eps=settings.epsilon)
    # set here, since the constructors refuse a negative decay, which makes weights grow
    optimizer.param_groups[0]["weight_decay"] = settings.weight_decay
    return optimizer


class ReferenceKernel(AbstractKernel):
    """torch autograd on CPU or CUDA, float32 or float64.

    Args:
        device: a device of torch, e.g. "cpu" or "cuda".

    Raises:
        InputError: torch has no such device here.
    """

    epoch = 1

    def __init__(self, device: str = "cpu") -> None:
        try:
            torch.zeros(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise InputError(
                f"torch cannot use the device {device!r} here ({error}). Use kernel='reference' for the CPU."
            ) from None
        self.device = device
        self.name = "reference" if device == "cpu" else f"reference:{device}"

    def prepare(
        self, problems: Sequence[Problem], settings: TrainSettings, *, models: Sequence[int], seed: int
    ) -> ReferenceRun:
        """See AbstractKernel."""
        return ReferenceRun(problems, settings, models, seed, self.device)
