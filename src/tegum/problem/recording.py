"""What a training run keeps along the way."""

from typing import Any, Literal

import numpy as np
from pydantic import Field

from tegum.ground.record import FrozenRecord


class Record(FrozenRecord):
    """Points of the loss curve, and snapshots of the weights.

    Args:
        n_losses: points of the loss curve; each is the mean batch loss since the point before.
        snapshots: number of snapshots of W and bias, spaced like the losses and with step 0, or the steps themselves.
        spacing: "log" or "linear".

    Raises:
        InputError: a count is negative or a key is unknown.

    Example:
        >>> Record(n_losses=3, snapshots=2).steps(100)
        ((1, 10, 100), (0, 100))
    """

    n_losses: int = Field(default=100, ge=0)
    snapshots: int | tuple[int, ...] = 0
    spacing: Literal["log", "linear"] = "log"

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    def steps(self, n_steps: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Steps after which a loss is kept, and those after which W is; both end with n_steps unless chosen."""
        losses = self._spaced(self.n_losses, n_steps)
        if isinstance(self.snapshots, tuple):
            return losses, tuple(sorted({step for step in self.snapshots if 0 <= step <= n_steps}))
        snapshots = self._spaced(self.snapshots - 1, n_steps)
        return losses, ((0, *snapshots) if self.snapshots else ())

    def _spaced(self, count: int, n_steps: int) -> tuple[int, ...]:
        if count < 1 or n_steps < 1:
            return ()
        even = np.geomspace(1, n_steps, count) if self.spacing == "log" else np.linspace(n_steps / count, n_steps, count)
        if count == 1:
            even = np.array([n_steps])
        return tuple(int(step) for step in np.unique(np.ceil(even - 1e-6)).clip(1, n_steps))
