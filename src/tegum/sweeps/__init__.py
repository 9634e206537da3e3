"""Layer 7: a grid of problems as tasks with a file each; nothing that was finished is ever lost."""

from tegum.sweep.cluster import ClusterError
from tegum.sweep.folder import DamagedTaskWarning
from tegum.sweep.opening import open_sweep
from tegum.sweep.progress import SweepProgress
from tegum.sweep.running import FailedTask, SweepResult, run_spec, sweep
from tegum.sweep.spec import SweepSpec

__all__ = [
    "ClusterError",
    "DamagedTaskWarning",
    "FailedTask",
    "SweepProgress",
    "SweepResult",
    "SweepSpec",
    "open_sweep",
    "run_spec",
    "sweep",
]
