"""Layer 6: recovery by sampling: codes, supports and decoders, until the interval is short enough."""

from tegum.recovery.collecting import recover
from tegum.recovery.intervals import mean_over_codes, share_over_codes
from tegum.recovery.locating import Point, Transition
from tegum.recovery.spec import RecoverySpec, StopRule
from tegum.recovery.transition import find_transition

__all__ = [
    "Point",
    "RecoverySpec",
    "StopRule",
    "Transition",
    "find_transition",
    "mean_over_codes",
    "recover",
    "share_over_codes",
]
