"""One door for arrays with and without labels, driven by the axis names of a function's signature."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, overload, runtime_checkable

import numpy as np
import xarray as xr

from tegum.ground.arrays import ArrayLike, as_directions
from tegum.ground.errors import ShapeError

DIMS = {"n_features": "feature", "n_hidden": "hidden"}
"""The dimension of a labelled array for each axis name of an annotation."""

Options = ParamSpec("Options")


@runtime_checkable
class OfDirections(Protocol[Options]):
    """A function of directions as the caller sees it: labelled in, labelled out; anything else gives an array."""

    __name__: str

    # A DataArray is array-like too: the order of the two decides, as it does at run time.
    @overload
    def __call__(  # pyright: ignore[reportOverlappingOverload]
        self, W: xr.DataArray, *args: Options.args, **options: Options.kwargs
    ) -> xr.DataArray: ...
    @overload
    def __call__(self, W: ArrayLike, *args: Options.args, **options: Options.kwargs) -> np.ndarray: ...


def labelled(measure: Callable[Concatenate[np.ndarray, Options], np.ndarray]) -> OfDirections[Options]:
    """Open a function of `Directions` to anything like an array, and to `xarray.DataArray`.

    The return annotation of the function is read once: its axis `n_features` becomes the dimension `feature`,
    `n_hidden` becomes `hidden`, and a second `n_features` becomes `feature_other`. All other dimensions stay.

    Args:
        measure: takes `Directions` first; its return annotation names the axes of its result.

    Returns:
        The same function, which now checks W, and keeps the labels of a DataArray with dimensions feature and hidden.

    Example:
        >>> from tegum.ground.arrays import Directions, PerModel
        >>> @labelled
        ... def longest(W: Directions) -> PerModel:
        ...     return np.asarray(np.linalg.norm(W, axis=-1).max(axis=-1))
        >>> longest([[3, 4], [1, 0]])
        array(5.)
        >>> longest(xr.DataArray(np.ones((2, 3, 4)), dims=("model", "feature", "hidden"))).dims
        ('model',)
    """
    result_dims = _dims(inspect.signature(measure).return_annotation)

    def on_array(W: ArrayLike, *args: Options.args, **options: Options.kwargs) -> np.ndarray:
        return measure(as_directions(W), *args, **options)

    @functools.wraps(measure)
    def door(W: ArrayLike | xr.DataArray, *args: Options.args, **options: Options.kwargs) -> Any:
        if not isinstance(W, xr.DataArray):
            return on_array(W, *args, **options)
        if not {*DIMS.values()} <= {*W.dims}:
            raise ShapeError(
                f"W has dimensions {W.dims}, expected 'feature' and 'hidden' among them; give its axes these names with"
                " W.rename, or pass W.values with a row per feature"
            )
        result: xr.DataArray = xr.apply_ufunc(
            lambda values: on_array(values, *args, **options),
            W,
            input_core_dims=[list(DIMS.values())],
            output_core_dims=[result_dims],
            keep_attrs=True,  # those of the coordinates; those of W would misdescribe the result
        ).drop_attrs(deep=False)
        if "feature_other" in result_dims and "feature" in W.coords:
            result = result.assign_coords(feature_other=("feature_other", W["feature"].values))
        return result.rename(measure.__name__)

    return door


def _dims(annotation: Any) -> list[str]:
    """The dimensions of a labelled result, from the axis names of its annotation without those of the models."""
    names = [DIMS[axis] for axis in annotation.dim_str.split() if not axis.startswith("*")]
    return [name if name not in names[:k] else f"{name}_other" for k, name in enumerate(names)]
