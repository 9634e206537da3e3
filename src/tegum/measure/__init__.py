"""Layer 2: what can be said of any matrix of directions, and the table of these measures."""

from tegum.measure.best import best_model, lowest_loss
from tegum.measure.directions import (
    dimensions_per_feature,
    feature_dimensionality,
    feature_norm,
    frame_potential,
    n_represented,
    total_dimensionality,
)
from tegum.measure.entry import Invariance, KnownValue, Measure
from tegum.measure.interference import interference
from tegum.measure.overlaps import antipodal_partner, coherence, mean_square_overlap, signed_coherence
from tegum.measure.table import MEASURES

__all__ = [
    "MEASURES",
    "Invariance",
    "KnownValue",
    "Measure",
    "antipodal_partner",
    "best_model",
    "coherence",
    "dimensions_per_feature",
    "feature_dimensionality",
    "feature_norm",
    "frame_potential",
    "interference",
    "lowest_loss",
    "mean_square_overlap",
    "n_represented",
    "signed_coherence",
    "total_dimensionality",
]
