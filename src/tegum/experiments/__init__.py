"""Layer 8: experiments, one file each, and the table of the claims that they judge."""

from tegum.experiments.claims import Claim, claims
from tegum.experiments.registry import EXPERIMENTS, citation, experiment
from tegum.experiments.variants import Variant, run_variant

__all__ = ["EXPERIMENTS", "Claim", "Variant", "citation", "claims", "experiment", "run_variant"]
