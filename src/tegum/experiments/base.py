"""What an experiment is: settings, a run, figures, and verdicts on its claims."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from tegum.experiments.claims import Claim, claims
from tegum.experiments.verdict import Part
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import Animation

Data = Mapping[str, xr.Dataset]


@dataclass(frozen=True, kw_only=True)
class Plate:
    """A figure with what stands beside it, and the same in motion if time matters."""

    name: str
    figure: Figure
    caption: str
    animation: Animation | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was measured for one claim."""

    claim: str
    parts: Sequence[Part]
    figure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One question, from settings to verdicts.

    Args:
        id: its name on the command line.
        title: its name for people.
        question: what it asks, in one or two sentences.
        presets: settings by name, "quick" and "paper" side by side.
        run: makes the datasets; everything later is made from them alone.
        plates: draws the figures from the datasets.
        judge: measures the claims from the datasets.
    """

    id: str
    title: str
    question: str
    presets: Mapping[str, FrozenRecord]
    run: Callable[[Any, Listener], Data]
    plates: Callable[[Data], Sequence[Plate]]
    judge: Callable[[Data], Sequence[Finding]]
    sources: Sequence[str] = field(default=())

    def settings(self, preset: str) -> FrozenRecord:
        """Settings of a preset.

        Raises:
            InputError: there is none of that name.
        """
        if preset not in self.presets:
            raise InputError(f"there is no preset {preset!r}; the presets are {', '.join(self.presets)}.")
        return self.presets[preset]

    @property
    def claims(self) -> list[Claim]:
        """The claims of the table that this experiment judges."""
        return [claim for claim in claims().values() if claim.experiment == self.id]
