"""Layer 5: datasets and weights on disk, and the torch module made from them."""

from tegum.store.files import load, save
from tegum.store.layout import Provenance, problems_of, provenance_of
from tegum.store.weights import load_weights, save_weights, to_torch

__all__ = ["Provenance", "load", "load_weights", "problems_of", "provenance_of", "save", "save_weights", "to_torch"]
