"""Weights for other programs: safetensors files, and torch modules."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from safetensors.numpy import load_file, save_file

from tegum.ground.atomic import replacing
from tegum.ground.errors import FileError, InputError
from tegum.store.layout import problems_of

if TYPE_CHECKING:  # torch takes seconds to load, and only one of these functions needs it
    from tegum.models import ToyModel


def save_weights(dataset: xr.Dataset, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write W, bias and (of untied models) W_out as safetensors, with the dataset's record as metadata.

    Args:
        dataset: what `train` returned, or a selection of it.
        path: the file; `.safetensors` is usual.
        overwrite: replace a file that is there.

    Returns:
        The path. The tensors are "W" (grid..., model, feature, hidden), "bias" (grid..., model, feature) and, if the
        dataset has it, "W_out", shaped like W.

    Raises:
        FileError: the file exists or cannot be written. Nothing half-written is left.

    Example:
        >>> import tempfile, tegum
        >>> problem = tegum.Problem(n_features=3, n_hidden=2, feature_probability=0.1)
        >>> data = tegum.train(problem, tegum.TrainSettings(n_steps=1), n_models=4)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     loaded = tegum.load_weights(tegum.save_weights(data, folder + "/four.safetensors"))
        >>> loaded["W"].shape, loaded["bias"].shape
        ((4, 3, 2), (4, 3))
    """
    tensors = {n: np.ascontiguousarray(dataset[n].values) for n in ("W", "bias", "W_out") if n in dataset}
    metadata = {"dims": json.dumps(dataset["W"].dims)} | {str(key): str(value) for key, value in dataset.attrs.items()}
    with replacing(path, overwrite=overwrite) as temporary:
        save_file(tensors, temporary, metadata)
    return Path(path)


def load_weights(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read the arrays of a safetensors file.

    Args:
        path: the file.

    Returns:
        Arrays by name.

    Raises:
        FileError: there is no such file, or it is not whole safetensors.

    Example: see `save_weights`.
        >>> load_weights("nothing.safetensors")
        Traceback (most recent call last):
        tegum.ground.errors.FileError: there is no file nothing.safetensors.
    """
    try:
        return load_file(path)
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.") from None
    except Exception as error:  # the library raises its own class for damaged files
        raise FileError(f"{path} is not a whole safetensors file ({error}). Copy or make it again.") from None


def to_torch(dataset: xr.Dataset) -> "ToyModel":
    """The trained models as a torch module that can be hooked, moved and trained on.

    Args:
        dataset: what `train` returned; select cells and models before (`.sel`, `.isel`). Axes that are left stay
            leading axes of the module's parameters.

    Returns:
        A `tegum.models.ToyModel`; its parameters have the precision of the dataset.

    Raises:
        InputError: the selected cells differ in their non-linearities, or only some of them are tied.
        FileError: the dataset has no record.

    Example:
        >>> import tegum
        >>> problem = tegum.Problem(n_features=3, n_hidden=2, feature_probability=0.1)
        >>> data = tegum.train(problem, tegum.TrainSettings(n_steps=1), n_models=2)
        >>> tegum.to_torch(data.isel(model=0))
        ToyModel(
          (hidden): Identity()
          (output): ReLU()
        )
    """
    import torch

    from tegum.models import ToyModel

    problem, *others = problems_of(dataset)
    kinds = {(other.hidden, other.output, other.tied) for other in (problem, *others)}
    if len(kinds) > 1:
        raise InputError(
            f"these cells have several kinds of model, (hidden, output, tied) = {sorted(kinds)}; select one kind first."
        )
    W, bias = (torch.from_numpy(dataset[name].values.copy()) for name in ("W", "bias"))
    W_out = None if problem.tied else torch.from_numpy(dataset["W_out"].values.copy())
    return ToyModel(W, bias, W_out=W_out, hidden=problem.hidden, output=problem.output)
