"""Codes that somebody else made: training, or another program."""

import os
from pathlib import Path

import numpy as np
import xarray as xr
from safetensors.numpy import load_file

from tegum.geometry.gram import unit_rows
from tegum.ground.arrays import as_directions
from tegum.ground.errors import FileError, InputError, ShapeError


def learned_code(dataset: xr.Dataset, *, index: int = 0, unit: bool = False) -> np.ndarray:
    """Directions that training found: those of the lowest-loss model.

    Args:
        dataset: what `train` or `find_optima` returned, for one problem: `W` (model, feature, hidden) and `loss`
            (model). Select a cell of a grid first.
        index: 0 for the lowest loss, 1 for the next, and so on. Models whose loss is not a number come last.
        unit: scale every row to length 1; rows keep their lengths if False.

    Returns:
        (n_features, n_hidden), float64.

    Raises:
        InputError: the dataset has no `W` or `loss`, or not so many models.
        ShapeError: it has several cells.

    Example:
        >>> W, loss = np.eye(2)[np.newaxis] * [[[1.0]], [[2.0]]], [0.5, 0.1]
        >>> dataset = xr.Dataset({"W": (("model", "feature", "hidden"), W), "loss": ("model", loss)})
        >>> learned_code(dataset)
        array([[2., 0.],
               [0., 2.]])
    """
    missing = [name for name in ("W", "loss") if name not in dataset]
    if missing:
        raise InputError(
            f"the dataset has no {' and no '.join(missing)}; expected what train returned, with W and loss."
        )
    extra = [str(dim) for dim in dataset["W"].dims if dim not in ("model", "feature", "hidden")]
    if extra or "model" not in dataset["W"].dims:
        what = f"several cells along {', '.join(extra)}" if extra else "no dimension model"
        raise ShapeError(
            f"the dataset has {what}; expected W (model, feature, hidden). Select one cell: dataset.isel(...)."
        )
    losses = dataset["loss"].transpose("model").values
    order = np.argsort(np.where(np.isnan(losses), np.inf, losses), kind="stable")
    W = dataset["W"].transpose("model", "feature", "hidden").values
    return _scaled(_numbered(W[order], index, "models"), unit=unit)


def load_code(
    path: str | os.PathLike[str], *, name: str | None = None, index: int = 0, unit: bool = False
) -> np.ndarray:
    """Directions from a file: safetensors, npy or npz.

    Args:
        path: the file; its ending says which kind it is.
        name: of the array, in a file of several; may be left out if there is one array, or one called "W".
        index: which matrix, where the array has leading axes (models), in the order in which they lie.
        unit: scale every row to length 1; rows keep their lengths if False.

    Returns:
        (n_features, n_hidden), float64; a row per feature, so pass a matrix with a column per feature through `.T`
        before it is stored.

    Raises:
        FileError: no such file, or not whole, or of another kind.
        InputError: no array of that name, not so many matrices, or entries that are not finite real numbers.
        ShapeError: the array has fewer than two axes.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(folder + "/code.npy", [[3.0, 4.0], [0.0, 2.0]])
        ...     load_code(folder + "/code.npy", unit=True)
        array([[0.6, 0.8],
               [0. , 1. ]])
    """
    arrays = _arrays(Path(path))
    if name is None:
        name = "W" if "W" in arrays else next(iter(arrays)) if len(arrays) == 1 else None
    if name not in arrays:
        found = ", ".join(sorted(arrays)) or "none"
        asked = "which array is meant is not said" if name is None else f"there is no array {name!r}"
        raise InputError(f"in {path} {asked}; it has {found}. Pass name=...")
    return _scaled(_numbered(as_directions(arrays[name], name), index, "matrices"), unit=unit)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    kinds = (".safetensors", ".npy", ".npz")
    if path.suffix not in kinds:
        raise FileError(f"{path} has the ending {path.suffix!r}, expected {', '.join(kinds)}. Rename or convert it.")
    if not path.is_file():
        raise FileError(f"there is no file {path}.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with path.open("rb") as file:  # which numpy leaves open where it stumbles
            loaded = np.load(file, allow_pickle=False)
            return {"W": loaded} if path.suffix == ".npy" else dict(loaded)
    except Exception as error:  # each library raises its own classes for damaged files
        raise FileError(f"{path} is not a whole {path.suffix[1:]} file ({error}). Copy or make it again.") from None


def _numbered(W: np.ndarray, index: int, what: str) -> np.ndarray:
    matrices = W.reshape(-1, *W.shape[-2:])
    if not 0 <= index < len(matrices):
        raise InputError(f"index must lie between 0 and {len(matrices) - 1}, as there are {len(matrices)} {what};"
                         f" got {index}.")  # fmt: skip
    return np.ascontiguousarray(matrices[index])


def _scaled(W: np.ndarray, *, unit: bool) -> np.ndarray:
    W = as_directions(W)
    return unit_rows(W) if unit else W
