"""What a training run keeps along the way."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord


def _clean(snapshots: Any) -> Any:
    steps = snapshots if isinstance(snapshots, list | tuple) else [snapshots]
    plain = all(isinstance(step, int | float | np.integer) and not isinstance(step, bool) for step in steps)
    if not (plain and all(step >= 0 and step % 1 == 0 for step in steps)):
        raise ValueError(f"expected a count, or a list of steps, none of them negative; got {snapshots!r}.")
    return snapshots


class Record(FrozenRecord):
    """Points of the loss curve, and snapshots of the weights.

    Args:
        n_losses: points of the loss curve; each is the mean batch loss since the point before.
        snapshots: number of snapshots of W and bias, spaced like the losses and with step 0, or the steps themselves.
        spacing: "log" or "linear".

    Raises:
        InputError: a count or a step is negative, or a key is unknown.

    Example:
        >>> Record(n_losses=3, snapshots=2).steps(100)
        ((1, 10, 100), (0, 100))
    """

    n_losses: int = Field(default=100, ge=0)
    snapshots: Annotated[int | tuple[int, ...], BeforeValidator(_clean)] = 0
    spacing: Literal["log", "linear"] = "log"

    def __init__(self, /, **fields: Any) -> None:
        super().__init__(**fields)

    def steps(self, n_steps: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Steps after which a loss is kept, and those after which W is; both end with n_steps unless chosen.

        Raises:
            InputError: a chosen snapshot lies beyond n_steps.
        """
        losses = self._spaced(self.n_losses, n_steps)
        if isinstance(self.snapshots, tuple):
            if max(self.snapshots, default=0) > n_steps:
                raise InputError(
                    f"Record: snapshots must not lie beyond n_steps = {n_steps}; got {max(self.snapshots)}. "
                    "Train longer or leave that step out."
                )
            return losses, tuple(sorted(set(self.snapshots)))
        snapshots = self._spaced(self.snapshots - 1, n_steps)
        return losses, ((0, *snapshots) if self.snapshots else ())

    def _spaced(self, count: int, n_steps: int) -> tuple[int, ...]:
        if count < 1 or n_steps < 1:
            return ()
        even = (
            np.geomspace(1, n_steps, count) if self.spacing == "log" else np.linspace(n_steps / count, n_steps, count)
        )
        if count == 1:
            even = np.array([n_steps])
        return tuple(int(step) for step in np.unique(np.ceil(even - 1e-6)).clip(1, n_steps))
