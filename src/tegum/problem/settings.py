"""How a toy model is trained."""

from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from tegum.ground.record import FrozenRecord


class TrainSettings(FrozenRecord):
    """Optimiser, schedule and sizes of a training run; the defaults are those of the published notebook.

    Args:
        n_steps: number of updates.
        batch_size: fresh samples per update; not used where a problem has n_training_samples.
        optimizer: "adam", "adamw" (decoupled weight decay) or "sgd" (with momentum).
        learning_rate: its peak, after warm-up.
        schedule: "constant", "linear" (to 0 at the end) or "cosine" (half a period, to 0 at the end).
        warmup_steps: the rate rises linearly from 0 over this many steps.
        weight_decay: as in torch.optim, on W and bias: L2 for Adam and SGD, decoupled for AdamW.
        momentum: of SGD.
        beta1, beta2, epsilon: of Adam and AdamW.
        initial_scale: factor on the Xavier-normal W, whose entries have variance 2 / (n_features + n_hidden).
        evaluation_samples: fresh samples for the final loss; all models of a run share them.
        precision: "float32" or "float64" (reference kernel only).

    Raises:
        InputError: a value is out of range or a key is unknown.

    Example:
        >>> TrainSettings(n_steps=4, schedule="linear", learning_rate=1.0).learning_rates(0, 4)
        array([1.  , 0.75, 0.5 , 0.25])

    Source:
        Elhage et al. 2022, published notebook: batch 1024, learning rate 1e-3, 10 000 steps, Xavier-normal W,
        zero bias.
    """

    n_steps: int = Field(default=10_000, ge=0)
    batch_size: int = Field(default=1024, ge=1, le=2**24)
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    warmup_steps: int = Field(default=0, ge=0)
    weight_decay: float = 0.0
    momentum: float = Field(default=0.9, ge=0, lt=1)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    epsilon: float = Field(default=1e-8, gt=0)
    initial_scale: float = Field(default=1.0, ge=0)
    evaluation_samples: int = Field(default=2**16, ge=2)
    precision: Literal["float32", "float64"] = "float32"

    def __init__(self, /, **fields: Any) -> None:
        super().__init__(**fields)

    @model_validator(mode="after")
    def _check_warmup(self) -> Self:
        if self.warmup_steps > self.n_steps:
            raise ValueError(
                f"warmup_steps must not exceed n_steps = {self.n_steps}; got {self.warmup_steps}. "
                "Train longer or warm up for fewer steps."
            )
        return self

    def learning_rates(self, first: int, n_steps: int) -> np.ndarray:
        """Rates of steps first ... first + n_steps - 1, float64."""
        step = np.arange(first, first + n_steps, dtype=np.float64)
        done = (step - self.warmup_steps) / max(self.n_steps - self.warmup_steps, 1)
        shape = {
            "constant": np.ones_like(step),
            "linear": 1.0 - done,
            "cosine": 0.5 * (1.0 + np.cos(np.pi * done)),
        }[self.schedule]
        warm = (step + 1) / max(self.warmup_steps, 1)
        return self.learning_rate * np.where(step < self.warmup_steps, warm, shape)
