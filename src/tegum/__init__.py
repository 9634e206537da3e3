"""tegum: a laboratory for superposition in neural networks."""

from importlib.metadata import version as _version

from tegum.ground.errors import DivergedError, FileError, InputError, ShapeError, TegumError
from tegum.ground.progress import Progress
from tegum.optima import find_optima
from tegum.problem import (
    Axis,
    Constant,
    DescentSettings,
    Geometric,
    Grid,
    PowerLaw,
    Problem,
    Record,
    TrainSettings,
    sample_features,
    training_features,
)
from tegum.store import load, load_weights, save, save_weights, to_torch
from tegum.sweeps import SweepSpec, open_sweep, sweep
from tegum.training import train

__version__ = _version("tegum")

__all__ = [
    "Axis",
    "Constant",
    "DescentSettings",
    "DivergedError",
    "FileError",
    "Geometric",
    "Grid",
    "InputError",
    "PowerLaw",
    "Problem",
    "Progress",
    "Record",
    "ShapeError",
    "SweepSpec",
    "TegumError",
    "TrainSettings",
    "find_optima",
    "load",
    "load_weights",
    "open_sweep",
    "sample_features",
    "save",
    "save_weights",
    "sweep",
    "to_torch",
    "train",
    "training_features",
]
