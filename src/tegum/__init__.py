"""tegum: a laboratory for superposition in neural networks."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

if TYPE_CHECKING:  # what type checkers and editors see; at run time each name is fetched when it is first used
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
    from tegum.recovery import find_transition, recover
    from tegum.store import load, load_weights, save, save_weights, to_torch
    from tegum.sweeps import SweepSpec, open_sweep, sweep
    from tegum.training import train

    __version__: str

_HOMES = {
    "tegum.ground.errors": ("DivergedError", "FileError", "InputError", "ShapeError", "TegumError"),
    "tegum.ground.progress": ("Progress",),
    "tegum.optima": ("find_optima",),
    "tegum.problem": (
        "Axis",
        "Constant",
        "DescentSettings",
        "Geometric",
        "Grid",
        "PowerLaw",
        "Problem",
        "Record",
        "TrainSettings",
        "sample_features",
        "training_features",
    ),
    "tegum.recovery": ("find_transition", "recover"),
    "tegum.store": ("load", "load_weights", "save", "save_weights", "to_torch"),
    "tegum.sweeps": ("SweepSpec", "open_sweep", "sweep"),
    "tegum.training": ("train",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

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
    "find_transition",
    "load",
    "load_weights",
    "open_sweep",
    "recover",
    "sample_features",
    "save",
    "save_weights",
    "sweep",
    "to_torch",
    "train",
    "training_features",
]


def __getattr__(name: str) -> _Any:
    """Fetch a public name when it is first used (PEP 562): `tegum --help` needs none of the large libraries."""
    if name == "__version__":
        from importlib.metadata import version

        value = version("tegum")
    elif name in _HOME:
        value = getattr(_import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'tegum' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
