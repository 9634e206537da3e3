"""Layer 8: experiments, one file each, and the table of the claims that they judge."""

from tegum.experiments.claims import Claim, claims
from tegum.experiments.registry import EXPERIMENTS, citation, experiment

__all__ = ["EXPERIMENTS", "Claim", "citation", "claims", "experiment"]
