"""How optima of the exact loss are searched."""

from typing import Any

from pydantic import Field

from tegum.ground.record import FrozenRecord


class DescentSettings(FrozenRecord):
    """Sizes and tolerances of a search for the optima of the exact loss.

    Args:
        n_starts: descents for each cell.
        structured: begin up to half of them (six at most) from arrangements that are often optimal, the others from
            random weights; False makes all of them random, so that the frequencies are those of random starts.
        n_optima: distinct optima kept for each cell, the lowest first.
        most_active: leave out samples with more features present than this; None keeps all, possible up to about 8
            features.
        tolerance: a descent ends when no entry of the gradient of loss / (loss of the answer 0) is larger.
        most_steps: a descent ends after so many steps.

    Raises:
        InputError: a value is out of range or a key is unknown.

    Example:
        >>> DescentSettings(n_starts=8).n_optima
        4
    """

    n_starts: int = Field(default=16, ge=1)
    structured: bool = True
    n_optima: int = Field(default=4, ge=1)
    most_active: int | None = Field(default=None, ge=1)
    tolerance: float = Field(default=1e-8, gt=0)
    most_steps: int = Field(default=500, ge=1)

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
