"""The labelled dataset of a training run: how it is put together, and how its record is read back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Self

import numpy as np
import xarray as xr

from tegum.ground.errors import FileError, InputError
from tegum.ground.record import FrozenRecord
from tegum.problem import Grid, Problem, Record, TrainSettings

SCHEMA = 1

_SOURCE = "Elhage et al. 2022, Toy Models of Superposition"
_MEANING = {
    "W": ("feature directions, one row per feature", "1"),
    "bias": ("output bias", "1"),
    "loss": ("expected loss on fresh samples that all models share", "squared feature, summed"),
    "loss_standard_error": ("standard error of the expected loss over those samples", "squared feature, summed"),
    "loss_history": ("mean batch loss since the previous recorded step", "squared feature, summed"),
    "W_history": ("feature directions after the step named by `snapshot`", "1"),
    "bias_history": ("output bias after the step named by `snapshot`", "1"),
    "probabilities": ("feature probability p = 1 - S", "1"),
    "importances": ("importance I, weight of a feature's squared error", "1"),
}


class Provenance(FrozenRecord):
    """Everything needed to make a dataset again."""

    grid: Grid
    settings: TrainSettings
    record: Record
    n_models: int
    seed: int
    kernel: str
    kernel_epoch: int


@dataclass(frozen=True)
class Trained:
    """What a kernel gives back; the first axis of every array is the model."""

    W: np.ndarray
    bias: np.ndarray
    loss: np.ndarray
    standard_error: np.ndarray
    history: Sequence[np.ndarray]
    snapshots: Sequence[tuple[np.ndarray, np.ndarray]]

    def part(self, models: slice) -> Self:
        """The same for some of the models."""
        return type(self)(
            self.W[models], self.bias[models], self.loss[models], self.standard_error[models],
            [loss[models] for loss in self.history], [(W[models], bias[models]) for W, bias in self.snapshots],
        )  # fmt: skip


def assemble(provenance: Provenance, cells: Sequence[Trained]) -> xr.Dataset:
    """Put the cells of a grid into one dataset.

    Cells with fewer features or hidden dimensions than the largest are filled up with zeros: a zero row is a feature
    that is not represented, and a zero column changes no measure.
    """
    grid = provenance.grid
    problems = grid.cells()
    n, m = max(p.n_features for p in problems), max(p.n_hidden for p in problems)
    losses_at, snapshots_at = provenance.record.steps(provenance.settings.n_steps)
    one = ("model",)
    columns: dict[str, tuple[tuple[str, ...], list[np.ndarray]]] = {
        "W": ((*one, "feature", "hidden"), [_pad(c.W, n, m) for c in cells]),
        "bias": ((*one, "feature"), [_pad(c.bias, n) for c in cells]),
        "loss": (one, [c.loss for c in cells]),
        "loss_standard_error": (one, [c.standard_error for c in cells]),
        "probabilities": (("feature",), [_pad(p.probabilities, n) for p in problems]),
        "importances": (("feature",), [_pad(p.importances, n) for p in problems]),
    }
    if losses_at:
        columns["loss_history"] = ((*one, "step"), [np.stack(c.history, -1) for c in cells])
    if snapshots_at:
        columns["W_history"] = (
            (*one, "snapshot", "feature", "hidden"),
            [np.stack([_pad(W, n, m) for W, _ in c.snapshots], 1) for c in cells],
        )
        columns["bias_history"] = (
            (*one, "snapshot", "feature"),
            [np.stack([_pad(bias, n) for _, bias in c.snapshots], 1) for c in cells],
        )
    variables = {
        name: (grid.dims + dims, np.stack(values).reshape(grid.shape + values[0].shape), _attributes(name))
        for name, (dims, values) in columns.items()
    }
    coordinates: dict[str, Any] = {axis.name: (axis.name, axis.coordinates()) for axis in grid.axes}
    if losses_at:
        coordinates["step"] = ("step", list(losses_at), {"long_name": "updates done", "units": "1"})
    if snapshots_at:
        coordinates["snapshot"] = ("snapshot", list(snapshots_at), {"long_name": "updates done", "units": "1"})
    return xr.Dataset(variables, coordinates, _record_attributes(provenance))


def _pad(values: np.ndarray, *lengths: int) -> np.ndarray:
    """Fill the last axes up with zeros to the given lengths."""
    lead = values.ndim - len(lengths)
    return np.pad(
        values, [(0, 0)] * lead + [(0, to - have) for to, have in zip(lengths, values.shape[lead:], strict=True)]
    )


def _attributes(name: str) -> dict[str, str]:
    long_name, units = _MEANING[name]
    return {"long_name": long_name, "units": units, "source": _SOURCE}


def package_attributes() -> dict[str, Any]:
    """What marks a dataset as ours."""
    return {"tegum_schema": SCHEMA, "tegum_version": version("tegum")}


def _record_attributes(provenance: Provenance) -> dict[str, Any]:
    fields = json.loads(provenance.to_json())
    return package_attributes() | {
        "problem": json.dumps(fields["grid"]["problem"]),
        "axes": json.dumps(fields["grid"]["axes"]),
        "settings": json.dumps(fields["settings"]),
        "record": json.dumps(fields["record"]),
        "n_models": provenance.n_models,
        "seed": str(provenance.seed),  # NetCDF integers end at 2^63
        "kernel": provenance.kernel,
        "kernel_epoch": provenance.kernel_epoch,
    }


def provenance_of(dataset: xr.Dataset) -> Provenance:
    """The record of a dataset, from which `train` makes it again.

    Raises:
        FileError: the dataset has no readable record.
    """
    attributes = dataset.attrs
    try:
        return Provenance(
            grid=Grid(problem=json.loads(attributes["problem"]), axes=json.loads(attributes["axes"])),
            settings=json.loads(attributes["settings"]),
            record=json.loads(attributes["record"]),
            n_models=int(attributes["n_models"]),
            seed=int(attributes["seed"]),
            kernel=attributes["kernel"],
            kernel_epoch=int(attributes["kernel_epoch"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(
            f"this dataset has no usable record of its training ({error}). Expected one that tegum.train made; keep "
            "the attributes when you transform it (xarray.set_options(keep_attrs=True))."
        ) from None


def problems_of(dataset: xr.Dataset) -> list[Problem]:
    """Problems of the cells that a dataset still holds after selections, in the order of its grid dimensions.

    Raises:
        FileError: no record. InputError: an axis was dropped, so that the cell can no longer be told.
    """
    grid = provenance_of(dataset).grid
    axes = []
    for axis in grid.axes:
        if axis.name not in dataset.coords:
            raise InputError(
                f"the dataset has lost its coordinate {axis.name!r}; select with .sel or .isel, without drop."
            )
        labels = axis.coordinates()
        chosen = [labels.index(label) for label in np.atleast_1d(dataset[axis.name].values).tolist()]
        fields = {field: tuple(values[i] for i in chosen) for field, values in axis.fields.items()}
        axes.append(axis.replace(fields=fields, labels=tuple(labels[i] for i in chosen)))
    return Grid(problem=grid.problem, axes=tuple(axes)).cells()
