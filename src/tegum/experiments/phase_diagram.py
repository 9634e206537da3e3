"""Phase diagrams of an extra feature: theory, exact optima, and training by sampling."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.phase_diagram_claims import judge
from tegum.experiments.phase_diagram_data import ClaimSettings, for_claims
from tegum.ground.progress import Listener
from tegum.optima import find_optima
from tegum.phases import (
    DEDICATED,
    IGNORED,
    SUPERPOSED,
    candidate_losses,
    phase_grid,
    phase_of,
    superposition_boundary,
)
from tegum.plot import disagreement, phase_maps
from tegum.problem import DescentSettings, TrainSettings
from tegum.training import train


class Settings(ClaimSettings):
    """Resolution of the maps, and which probabilities the claims are tried at."""

    resolution: int
    optima: DescentSettings
    trained_resolution: int
    trained_starts: int
    trained: TrainSettings

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        resolution=48,
        optima=DescentSettings(n_starts=8),
        trained_resolution=16,
        trained_starts=12,
        trained=TrainSettings(n_steps=2000, batch_size=512, learning_rate=3e-3, schedule="cosine"),
        outcome_probabilities=(0.1, 0.3),
        outcome_training=TrainSettings(n_steps=4000, learning_rate=3e-3, schedule="cosine"),
        crossing_probabilities=(0.1, 0.5),
        onset_probabilities=(0.7,),
        n3_probabilities=(0.1, 0.5),
        triangle_probabilities=(0.1, 0.3),
    ),
    "paper": Settings(
        resolution=256,
        optima=DescentSettings(n_starts=16),
        trained_resolution=40,
        trained_starts=10,
        trained=TrainSettings(),
        outcome_probabilities=(0.03, 0.1, 0.3),
        outcome_training=TrainSettings(),
        crossing_probabilities=(0.1, 0.3, 0.5),
        onset_probabilities=(0.7, 0.8),
        n3_probabilities=(0.1, 0.3, 0.5),
        triangle_probabilities=(0.03, 0.1, 0.3),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Maps of both sizes, and what the claims need beside them."""
    made: dict[str, xr.Dataset] = {}
    for n in (2, 3):
        p, value = _axes(settings.resolution)
        made[f"optima{n}"] = find_optima(phase_grid(n, p, value), settings.optima, seed=settings.seed, progress=tell)
        made[f"theory{n}"] = candidate_losses(n, p, value)
        p, value = _axes(settings.trained_resolution)
        made[f"trained{n}"] = train(
            phase_grid(n, p, value),
            settings.trained,
            n_models=settings.trained_starts,
            seed=settings.seed,
            progress=tell,
        )
    drawn = np.geomspace(0.01, 0.55, 30)
    made["boundary"] = xr.Dataset(
        {"importance": ("feature_probability", [superposition_boundary(p) for p in drawn])},
        {"feature_probability": drawn},
    )
    return made | for_claims(settings, tell)


def _axes(resolution: int) -> tuple[list[float], list[float]]:
    return np.geomspace(0.01, 1, resolution).tolist(), np.geomspace(0.1, 10, resolution).tolist()


def plates(data: Data) -> list[Plate]:
    """Both maps beside the theory, and where they differ from it."""
    made = []
    for n, m in ((2, 1), (3, 2)):
        maps = {"theory": data[f"theory{n}"], "exact optima": data[f"optima{n}"], "trained": data[f"trained{n}"]}
        made.append(
            Plate(
                name=f"phases-{n}",
                figure=phase_maps(maps, boundary=data["boundary"], mirrored=n == 2),
                caption=f"n = {n}, m = {m}: the extra feature over 1/p and its importance. Lines: the exact boundary.",
            )
        )
        made.append(
            Plate(
                name=f"disagreement-{n}",
                figure=disagreement(_theory_phase(data[f"theory{n}"]), phase_of(data[f"optima{n}"])),
                caption=f"n = {n}, m = {m}: cells whose exact optimum is of another kind than the best candidate.",
            )
        )
    return made


def _theory_phase(theory: xr.Dataset) -> xr.DataArray:
    best = theory["loss"].idxmin("candidate")
    return xr.where(best == IGNORED, IGNORED, xr.where(best.str.startswith(DEDICATED), DEDICATED, SUPERPOSED))


EXPERIMENT = Experiment(
    id="phase-diagram",
    title="Phases of an extra feature",
    question="Ignored, in superposition, or a dimension of its own: which, where, and how sharp is the change?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section Superposition as a Phase Change",),
)
