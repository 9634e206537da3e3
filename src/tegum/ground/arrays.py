"""Arrays with named axes, and the checks that the caller's arrays pass on their way in.

Axis names are the interface: an annotation such as `Directions` says which axes an array has. All numbers are float64
inside. A result for a single model is an array with no axes, never a bare number, so that the type of a result does
not depend on how many models went in.
"""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float64, Int
from numpy.typing import ArrayLike as NumpyArrayLike

from tegum.ground.errors import InputError, ShapeError

# NumPy's own alias spells a real number as `complex`, which a checker at run time takes at its word.
ArrayLike: TypeAlias = NumpyArrayLike | float | int
Real: TypeAlias = Float64[np.ndarray, "..."]
Directions: TypeAlias = Float64[np.ndarray, "*models n_features n_hidden"]
Pairs: TypeAlias = Float64[np.ndarray, "*models n_features n_features"]
PerFeature: TypeAlias = Float64[np.ndarray, "*models n_features"]
PerModel: TypeAlias = Float64[np.ndarray, "*models"]
CountPerModel: TypeAlias = Int[np.ndarray, "*models"]


def as_real(values: ArrayLike, name: str) -> Real:
    """The caller's numbers as a float64 array, refused unless real and finite.

    Args:
        values: numbers in any shape; integers and booleans count as real.
        name: what the caller calls them, for the message.

    Returns:
        Same shape, float64.

    Raises:
        InputError: not numbers, ragged, complex, or not finite.

    Example:
        >>> as_real([1, 2], "importance")
        array([1., 2.])
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        message = f"{name} cannot be read as an array of numbers ({error}); pass numbers, in rows of equal length"
        raise InputError(message) from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} has dtype {array.dtype}, expected real numbers; convert it: {name}.astype(float)")
    array = array.astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        place = f" at index {where}" if where else ""
        raise InputError(f"{name} must be finite; got {array[where]}{place}. Leave out what diverged or is missing.")
    return array


def as_directions(W: ArrayLike, name: str = "W") -> Directions:
    """The caller's matrix of directions, one row per feature, as a checked float64 array.

    Args:
        W: (..., n_features, n_hidden), real and finite. Leading axes are models.
        name: what the caller calls it, for the message.

    Returns:
        (..., n_features, n_hidden), float64.

    Raises:
        ShapeError: fewer than two axes, or no feature or hidden dimension at all.
        InputError: not real, or not finite.

    Example:
        >>> as_directions([[1, 0], [0, 1], [1, 1]]).shape
        (3, 2)
    """
    array = as_real(W, name)
    if array.ndim < 2:
        raise ShapeError(
            f"{name} has shape {array.shape}, expected (..., n_features, n_hidden), a row per feature. For features on"
            f" one hidden dimension pass {name}[:, np.newaxis]; for a single feature {name}[np.newaxis, :]."
        )
    if 0 in array.shape[-2:]:
        raise ShapeError(
            f"{name} has shape {array.shape}, expected (..., n_features, n_hidden) with at least one of each;"
            " check the selection it comes from"
        )
    return array
