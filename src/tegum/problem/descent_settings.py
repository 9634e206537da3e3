"""How optima of the exact loss are searched."""

from typing import Any

from pydantic import Field

from tegum.ground.record import FrozenRecord


class DescentSettings(FrozenRecord):
    """Sizes and tolerances of a search for the optima of the exact loss.

    Args:
        n_starts: descents for each cell; up to six structured starts, the others random.
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
    n_optima: int = Field(default=4, ge=1)
    most_active: int | None = Field(default=None, ge=1)
    tolerance: float = Field(default=1e-8, gt=0)
    most_steps: int = Field(default=500, ge=1)

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
