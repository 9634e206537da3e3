"""A sweep of twelve tasks that takes no time, and one of which some cells diverge."""

from pathlib import Path
from typing import Any

from tegum import Grid, Problem, Record, TrainSettings
from tegum.sweeps.spec import spec_of

GRID = Grid(
    Problem(n_features=4, n_hidden=2, feature_probability=1.0), feature_probability=[1.0, 0.2, 0.05], n_hidden=[1, 2]
)
SETTINGS = TrainSettings(n_steps=12, batch_size=16, evaluation_samples=64)
HOW: dict[str, Any] = {"n_models": 2, "seed": 5, "record": Record(n_losses=4, snapshots=2)}
TINY = 1e-9  # seconds per task: one task for each model
SPEC = spec_of(GRID, settings=SETTINGS, task_seconds=TINY, **HOW)
N_TASKS = len(GRID) * 2

DIVERGING = Grid(
    Problem(n_features=3, n_hidden=2, feature_probability=0.5), importance=[0.5, 1e6, 1.0]
)  # one step of this size leads nowhere in the second cell only
STEEP = TrainSettings(n_steps=40, batch_size=16, evaluation_samples=64, optimizer="sgd", learning_rate=0.1)


def files(folder: Path) -> dict[str, bytes]:
    """The finished tasks of a sweep."""
    return {path.name: path.read_bytes() for path in sorted((folder / "tasks").iterdir())}


def truncate(path: Path) -> None:
    """Cut the end of a file off."""
    path.write_bytes(path.read_bytes()[:-1000])
