"""Layer 7: a grid of problems as tasks with a file each; nothing that was finished is ever lost."""

from tegum.sweeps.cluster import ClusterError
from tegum.sweeps.folder import DamagedTaskWarning
from tegum.sweeps.loop import FailedTask
from tegum.sweeps.opening import open_sweep
from tegum.sweeps.progress import SweepProgress
from tegum.sweeps.recovery import sweep_recovery
from tegum.sweeps.running import SweepResult, run_spec, sweep
from tegum.sweeps.spec import SweepSpec

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
    "sweep_recovery",
]
