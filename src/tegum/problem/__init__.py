"""Layer 3: the question, frozen: problems, grids of problems, training settings, profiles and samples of features."""

from tegum.problem.axis import Axis
from tegum.problem.descent_settings import DescentSettings
from tegum.problem.grid import Grid
from tegum.problem.problem import Problem
from tegum.problem.profiles import Constant, Geometric, PowerLaw
from tegum.problem.recording import Record
from tegum.problem.sampling import sample_features, training_features
from tegum.problem.settings import TrainSettings

__all__ = [
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
]
