"""Experiments: the table of claims, and judges that find in hand-made weights what is there and nothing else.

Each judge sees an ideal dataset, in which every claim holds (the control), and doctored ones, in which it must not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tegum.experiments import EXPERIMENTS, citation, claims, experiment, five_in_two, linear_against_relu, many_features
from tegum.experiments.base import Experiment
from tegum.experiments.claims import Claim
from tegum.experiments.verdict import decide
from tegum.geometry import antipodal_pairs, regular_polygon, simplex
from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord
from tegum.problem import DescentSettings, TrainSettings
from tegum.theory import linear_optimum
