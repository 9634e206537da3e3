"""The labelled dataset of a training run: how it is put together, and how its record is read back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Self

import numpy as np
import xarray as xr

from tegum.ground.errors import FileError, InputError
from tegum.ground.record import FrozenRecord
from tegum.kernels.interface import Optima
from tegum.problem import DescentSettings, Grid, Problem, Record, TrainSettings

SCHEMA = 1
EXACT = "exact"
"""The kernel that is named in the record of a dataset of optima."""

_SOURCE = "Elhage et al. 2022, Toy Models of Superposition"
_MEANING = {
    "W": ("feature directions, one row per feature", "1"),
    "bias": ("output bias", "1"),
    "W_out": ("read-out weights, one row per feature", "1"),
    "loss": ("expected loss on fresh samples that all models share", "squared feature, summed"),
    "loss_standard_error": ("standard error of the expected loss over those samples", "squared feature, summed"),
    "loss_history": ("mean batch loss since the previous recorded step", "squared feature, summed"),
    "W_history": ("feature directions after the step named by `snapshot`", "1"),
    "bias_history": ("output bias after the step named by `snapshot`", "1"),
    "W_out_history": ("read-out weights after the step named by `snapshot`", "1"),
    "probabilities": ("feature probability p = 1 - S", "1"),
    "frequency": ("share of the starts that ended in this optimum", "1"),
    "gradient": ("largest entry of the gradient of loss / (loss of the answer 0)", "1"),
    "curvature": ("smallest eigenvalue of the Hessian of loss / (loss of the answer 0)", "1"),
    "losses": ("loss at which each start ended", "squared feature, summed"),
    "importances": ("importance I, weight of a feature's squared error", "1"),
}


class Provenance(FrozenRecord):
    """Everything needed to make a dataset again; `provenance_of` reads it.

    Args:
        grid: the problems.
        settings: how they were trained, or how their optima were found.
        record: what was kept along the way.
        n_models: models of each cell; for optima, starts.
        seed: the one integer.
        kernel: name of the kernel; "exact" for optima of the exact loss.
        kernel_epoch: counts changes of that kernel's numbers.

    Example:
        >>> from tegum.problem import Problem
        >>> grid = Grid(Problem(n_features=2, n_hidden=1, feature_probability=0.1))
        >>> made = Provenance(
        ...     grid=grid, settings=TrainSettings(), record=Record(), n_models=1, seed=0, kernel="fused", kernel_epoch=1
        ... )
        >>> made == Provenance.from_json(made.to_json())
        True
    """

    grid: Grid
    settings: TrainSettings | DescentSettings
    record: Record
    n_models: int
    seed: int
    kernel: str
    kernel_epoch: int


Weights = Mapping[str, np.ndarray]
"""Parameters of models by the names of their variables; the first axis is the model."""

_WEIGHTS = {"W": ("feature", "hidden"), "bias": ("feature",), "W_out": ("feature", "hidden")}
"""Variables that hold parameters, with their dimensions after that of the model."""

STANDS_FOR = {"W_out": "W", "W_out_history": "W_history"}
"""What a tied model has in the place of a variable that untied models of the same grid have."""


@dataclass(frozen=True)
class Trained:
    """What a kernel gives back; the first axis of every array is the model."""

    weights: Weights
    loss: np.ndarray
    standard_error: np.ndarray
    history: Sequence[np.ndarray]
    snapshots: Sequence[Weights]

    def part(self, models: slice) -> Self:
        """The same for some of the models."""
        return type(self)(
            _part(self.weights, models), self.loss[models], self.standard_error[models],
            [loss[models] for loss in self.history], [_part(weights, models) for weights in self.snapshots],
        )  # fmt: skip


def _part(weights: Weights, models: slice) -> Weights:
    return {name: values[models] for name, values in weights.items()}


Columns = dict[str, tuple[tuple[str, ...], Sequence[np.ndarray]]]
"""Variables by name: their dimensions after those of the grid, and the values of each cell."""


def assemble(provenance: Provenance, cells: Sequence[Trained]) -> xr.Dataset:
    """Put the trained cells of a grid into one dataset."""
    problems = provenance.grid.cells()
    losses_at, snapshots_at = provenance.record.steps(getattr(provenance.settings, "n_steps", 0))
    one = ("model",)
    columns: Columns = {
        name: ((*one, *_WEIGHTS[name]), [_parameter(c.weights, name) for c in cells]) for name in _names(cells)
    }
    columns |= {
        "loss": (one, [c.loss for c in cells]),
        "loss_standard_error": (one, [c.standard_error for c in cells]),
    }
    steps = {}
    if losses_at:
        steps["step"] = losses_at
        columns["loss_history"] = ((*one, "step"), [np.stack(c.history, -1) for c in cells])
    if snapshots_at:
        steps["snapshot"] = snapshots_at
        for name in _names(cells):
            histories = [np.stack([_parameter(weights, name) for weights in c.snapshots], 1) for c in cells]
            columns[f"{name}_history"] = ((*one, "snapshot", *_WEIGHTS[name]), histories)
    return _labelled(provenance, columns | _of_problems(problems), steps)


def _names(cells: Sequence[Trained]) -> list[str]:
    """Parameters that the models of some cell have."""
    return [name for name in _WEIGHTS if any(name in cell.weights for cell in cells)]


def _parameter(weights: Weights, name: str) -> np.ndarray:
    return weights[name if name in weights else STANDS_FOR[name]]


def assemble_optima(grid: Grid, settings: DescentSettings, cells: Sequence[Optima], *, seed: int) -> xr.Dataset:
    """Put the optima of a grid into one dataset; each of `cells` holds those of one cell, without a leading axis."""
    one = ("model",)
    columns: Columns = {
        "W": ((*one, "feature", "hidden"), [c.W for c in cells]),
        "bias": ((*one, "feature"), [c.bias for c in cells]),
        "loss": (one, [c.loss for c in cells]),
        "loss_standard_error": (one, [np.zeros_like(c.loss) for c in cells]),
        "frequency": (one, [c.frequency for c in cells]),
        "gradient": (one, [c.gradient for c in cells]),
        "curvature": (one, [c.curvature for c in cells]),
        "losses": (("start",), [c.losses for c in cells]),
    }
    provenance = Provenance(
        grid=grid, settings=settings, record=Record(n_losses=0), n_models=settings.n_starts, seed=seed, kernel=EXACT,
        kernel_epoch=1,
    )  # fmt: skip
    return _labelled(provenance, columns | _of_problems(grid.cells()), {})


def _of_problems(problems: Sequence[Problem]) -> Columns:
    return {
        "probabilities": (("feature",), [p.probabilities for p in problems]),
        "importances": (("feature",), [p.importances for p in problems]),
    }


def _labelled(provenance: Provenance, columns: Columns, steps: Mapping[str, Sequence[int]]) -> xr.Dataset:
    """Give names to the axes.

    Cells with fewer features or hidden dimensions than the largest are filled up with zeros: a zero row is a feature
    that is not represented, and a zero column changes no measure.
    """
    grid = provenance.grid
    lengths = {
        "feature": max(p.n_features for p in grid.cells()),
        "hidden": max(p.n_hidden for p in grid.cells()),
    }
    variables = {}
    for name, (dims, cells) in columns.items():
        values = np.stack([_pad(cell, dims, lengths) for cell in cells])
        variables[name] = (grid.dims + dims, values.reshape(grid.shape + values.shape[1:]), _attributes(name))
    coordinates: dict[str, Any] = {axis.name: (axis.name, axis.coordinates()) for axis in grid.axes}
    for name, done in steps.items():
        coordinates[name] = (name, list(done), {"long_name": "updates done", "units": "1"})
    return xr.Dataset(variables, coordinates, record_attributes(provenance))


def _pad(values: np.ndarray, dims: Sequence[str], lengths: Mapping[str, int]) -> np.ndarray:
    missing = [(0, lengths.get(dim, have) - have) for dim, have in zip(dims, values.shape, strict=True)]
    return np.pad(values, missing) if any(after for _, after in missing) else values


def _attributes(name: str) -> dict[str, str]:
    long_name, units = _MEANING[name]
    return {"long_name": long_name, "units": units, "source": _SOURCE}


def package_attributes() -> dict[str, Any]:
    """What marks a dataset as ours."""
    return {"tegum_schema": SCHEMA, "tegum_version": version("tegum")}


def record_attributes(provenance: Provenance) -> dict[str, Any]:
    """The record of a dataset as its attributes; `provenance_of` reads them back."""
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

    Args:
        dataset: what `train` returned, or a selection of it that kept its attributes.

    Returns:
        The record; of a selection, that of the whole.

    Raises:
        FileError: the dataset has no readable record.

    Example:
        >>> import tegum
        >>> problem = tegum.Problem(n_features=2, n_hidden=1, feature_probability=0.1)
        >>> made = provenance_of(tegum.train(problem, tegum.TrainSettings(n_steps=1), seed=5))
        >>> made.seed, made.settings.n_steps, made.grid.cells() == [problem]
        (5, 1, True)
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
    """Problems of the cells that a dataset still holds after selections.

    Args:
        dataset: what `train` returned, or a selection of it.

    Returns:
        The problems in the order of the grid's dimensions, the last fastest.

    Raises:
        FileError: the dataset has no readable record.
        InputError: an axis was dropped, so that the cell can no longer be told.

    Example:
        >>> import tegum
        >>> problem = tegum.Problem(n_features=2, n_hidden=1, feature_probability=0.1)
        >>> grid = tegum.Grid(problem, feature_probability=[1, 0.1])
        >>> data = tegum.train(grid, tegum.TrainSettings(n_steps=1))
        >>> problems_of(data.isel(feature_probability=1)) == [problem]
        True
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
