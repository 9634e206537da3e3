"""Optimisers, compiled; the arithmetic of torch.optim, element by element."""

from typing import Any

import numpy as np

from tegum.ground.compiled import compiled

ADAM, ADAMW, SGD = 0, 1, 2


@compiled
def update(
    optimizer: int, values: Any, gradient: Any, first: Any, second: Any, step: int, rate: float, constants: Any
) -> None:
    """Change `values` by one step of number `step` (from 0); `first` and `second` are the optimiser's moments.

    constants: beta 1 (momentum for SGD), beta 2, epsilon, weight decay.
    """
    beta1, beta2, epsilon, decay = constants
    if optimizer == SGD:
        _sgd(values, gradient, first, np.float32(rate), np.float32(beta1), np.float32(decay))
        return
    if optimizer == ADAMW:
        shrink = np.float32(1.0 - rate * decay)
        for i in range(values.size):
            values[i] *= shrink
        decay = 0.0
    size = np.float32(rate / (1.0 - beta1 ** (step + 1)))
    root = np.float32(1.0 / np.sqrt(1.0 - beta2 ** (step + 1)))
    _adam(
        values, gradient, first, second, np.float32(beta1), np.float32(1.0 - beta1), np.float32(beta2),
        np.float32(1.0 - beta2), np.float32(epsilon), np.float32(decay), size, root,
    )  # fmt: skip


@compiled
def _sgd(values: Any, gradient: Any, velocity: Any, rate: Any, momentum: Any, decay: Any) -> None:
    for i in range(values.size):
        velocity[i] = momentum * velocity[i] + (gradient[i] + decay * values[i])
        values[i] -= rate * velocity[i]


@compiled
def _adam(
    values: Any, gradient: Any, first: Any, second: Any, beta1: Any, rest1: Any, beta2: Any, rest2: Any,
    epsilon: Any, decay: Any, size: Any, root: Any,
) -> None:  # fmt: skip
    for i in range(values.size):
        g = gradient[i] + decay * values[i]
        first[i] = beta1 * first[i] + rest1 * g
        second[i] = beta2 * second[i] + rest2 * (g * g)
        values[i] -= size * first[i] / (np.sqrt(second[i]) * root + epsilon)
