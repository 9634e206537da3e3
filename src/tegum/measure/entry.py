"""What one entry of the table of measures says."""

import dataclasses
from typing import Literal, TypeAlias

import numpy as np

from tegum.ground.arrays import ArrayLike
from tegum.ground.labelled import OfDirections

Invariance: TypeAlias = Literal["rotation", "permutation", "sign", "scale", "zero row", "zero column"]
"""A change of W that a measure may not notice.

- `rotation`: an orthogonal change of basis of the hidden space;
- `permutation`: another order of the features (a measure per feature is reordered with them);
- `sign`: any rows multiplied by -1;
- `scale`: the whole of W multiplied by a positive number;
- `zero row`: one more feature, of length 0 (a measure per feature keeps its values for the others);
- `zero column`: one more hidden dimension, unused.
"""


@dataclasses.dataclass(frozen=True, eq=False)
class KnownValue:
    """Weights for which a measure is known exactly.

    Args:
        arrangement: what W is, in words.
        W: (n_features, n_hidden).
        expected: the value; one number stands for all features.
    """

    arrangement: str
    W: np.ndarray
    expected: ArrayLike


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Measure:
    """One entry of the table.

    Args:
        function: the measure; its docstring holds the definition.
        symbol: how papers write it.
        unit: of its values.
        per: "feature" or "model", what one value belongs to.
        limits: least and largest possible value; inf if no bound serves all W.
        invariances: all changes of W, among `Invariance`, that leave it as it is.
        source: the paper it comes from.
        known_values: where it is known exactly.
    """

    function: OfDirections[...]
    symbol: str
    unit: str
    per: Literal["feature", "model"]
    limits: tuple[float, float]
    invariances: frozenset[Invariance]
    source: str
    known_values: tuple[KnownValue, ...]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__
