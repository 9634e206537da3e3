"""Run one experiment: train, store, draw, judge."""

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tegum.experiments.base import Experiment, Finding
from tegum.experiments.claims import claims
from tegum.experiments.verdict import Part, decide, deciding
from tegum.ground.atomic import replacing_folder
from tegum.ground.estimate import Estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.plot import save_figure
from tegum.store import save
from tegum.store.layout import package_attributes


class Outcome(NamedTuple):
    """JSON-able records of one experiment and of the claims it judged."""

    experiment: dict[str, Any]
    claims: list[dict[str, Any]]


def run_experiment(experiment: Experiment, preset: str, out: Path, tell: Listener) -> Outcome:
    """Run one experiment and write its datasets and figures below `out`.

    Args:
        experiment: which.
        preset: "quick" or "paper".
        out: a folder; data/ID/ and figures/ID/ in it are replaced when the run is complete.
        tell: called with the progress of training.

    Returns:
        Records for the page and for claims.json.

    Raises:
        InputError: the preset is unknown. FileError: the folder cannot be written to.
    """
    settings = experiment.settings(preset)
    start = time.perf_counter()
    data = experiment.run(settings, tell)
    made_by = {"experiment": experiment.id, "preset": preset, "experiment_settings": settings.to_json()}
    with replacing_folder(out / "data" / experiment.id) as folder:
        for name, dataset in data.items():
            save(dataset.assign_attrs(package_attributes() | made_by), folder / f"{name}.nc")
    figures = {}
    with replacing_folder(out / "figures" / experiment.id) as folder:
        for plate in experiment.plates(data):
            paths = save_figure(plate.figure, folder / plate.name)
            svg, png = (f"figures/{experiment.id}/{path.name}" for path in paths)
            figures[plate.name] = {"name": plate.name, "svg": svg, "png": png, "caption": plate.caption}
    findings = experiment.judge(data)
    seconds = round(time.perf_counter() - start, 2)
    command = f"tegum run {experiment.id} --preset {preset}"
    return Outcome(
        {
            "id": experiment.id,
            "title": experiment.title,
            "question": experiment.question,
            "command": command,
            "seconds": seconds,
            "settings": [(name, _setting(value)) for name, value in settings],
            "figures": list(figures.values()),
        },
        [_record(finding, figures, seconds, command) for finding in findings],
    )


def _setting(value: Any) -> str:
    """A setting for the page: of nested settings only what differs from their defaults."""
    if isinstance(value, FrozenRecord):
        defaults = {name: field.default for name, field in type(value).model_fields.items()}
        changed = ", ".join(f"{name} {v}" for name, v in value if v != defaults[name])
        return changed or "defaults"
    return ", ".join(f"{v:g}" for v in value) if isinstance(value, tuple) else str(value)


def _record(finding: Finding, figures: Mapping[str, Mapping[str, str]], seconds: float, command: str) -> dict[str, Any]:
    claim = claims()[finding.claim]
    return {
        "id": claim.id,
        "source": claim.source,
        "statement": claim.statement,
        "criterion": claim.criterion,
        "verdict": decide(finding.parts),
        "expected": claim.expected,
        "measured": _measured(deciding(finding.parts).measured),
        "parts": [_part(part) for part in finding.parts],
        "experiment": claim.experiment,
        "figure": figures[finding.figure]["svg"] if finding.figure else None,
        "seconds": seconds,
        "command": command,
        "note": claim.note,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "condition": part.condition,
        "measured": _measured(part.measured),
        "verdict": part.verdict,
    }


def _measured(estimate: Estimate) -> dict[str, float | int | None]:
    """JSON has no infinity; an open end of an interval is null there."""
    return {
        name: value if isinstance(value, int) or math.isfinite(value) else None
        for name, value in estimate.to_dict().items()
    }
