"""Layer 3: decoders, from hidden vectors back to features: one table, one call."""

from tegum.decoders.lasso import duality_gap, fista, ista
from tegum.decoders.message_passing import amp
from tegum.decoders.one_shot import (
    linear,
    posterior_mean,
    pseudo_inverse,
    scaled_linear,
    shifted_relu,
    threshold,
    top_k,
)
from tegum.decoders.pursuit import omp
from tegum.decoders.table import DECODERS, Decoder, decode
from tegum.decoders.thresholding import iht

__all__ = [
    "DECODERS",
    "Decoder",
    "amp",
    "decode",
    "duality_gap",
    "fista",
    "iht",
    "ista",
    "linear",
    "omp",
    "posterior_mean",
    "pseudo_inverse",
    "scaled_linear",
    "shifted_relu",
    "threshold",
    "top_k",
]
