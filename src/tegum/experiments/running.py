"""Run one experiment: train, store, draw, judge."""

import json
import math
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tegum.experiments.base import Experiment, Finding
from tegum.experiments.claims import claims
from tegum.experiments.variants import changed, differences
from tegum.experiments.verdict import Part, decide, deciding
from tegum.ground.atomic import replacing_folder
from tegum.ground.estimate import Estimate
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.ground.threads import one_thread_for_arrays
from tegum.ground.toml import toml_value
from tegum.plot import save_animation, save_figure
from tegum.problem.profiles import describe
from tegum.store import save
from tegum.store.layout import package_attributes


class Outcome(NamedTuple):
    """JSON-able records of one experiment and of the claims it judged."""

    experiment: dict[str, Any]
    claims: list[dict[str, Any]]


def run_experiment(
    experiment: Experiment, preset: str, out: Path, tell: Listener, changes: Mapping[str, Any] | None = None
) -> Outcome:
    """Run one experiment and write its datasets and figures below `out`.

    Args:
        experiment: which.
        preset: "quick" or "paper".
        out: a folder; data/ID/ and figures/ID/ in it are replaced when the run is complete.
        tell: called with the progress of training.
        changes: settings that differ from the preset. Then no claim is judged: criteria were fixed for the presets.

    Returns:
        Records for the page and for claims.json.

    Raises:
        InputError: the preset or a setting is unknown. FileError: the folder cannot be written to.
    """
    settings = changed(experiment.settings(preset), changes or {})
    differing = differences(experiment.settings(preset), settings)
    start = time.perf_counter()
    with one_thread_for_arrays():
        data = experiment.run(settings, tell)
    made_by = {"experiment": experiment.id, "preset": preset, "experiment_settings": settings.to_json()}
    if differing:
        made_by["experiment_changes"] = json.dumps(differing)
    with replacing_folder(out / "data" / experiment.id) as folder:
        for name, dataset in data.items():
            save(dataset.assign_attrs(package_attributes() | made_by), folder / f"{name}.nc")
    figures = {}
    with replacing_folder(out / "figures" / experiment.id) as folder:
        for plate in experiment.plates(data):
            paths = save_figure(plate.figure, folder / plate.name)
            svg, png = (f"figures/{experiment.id}/{path.name}" for path in paths)
            figures[plate.name] = {"name": plate.name, "svg": svg, "png": png, "caption": plate.caption}
            if plate.animation:
                moving = save_animation(plate.animation, folder / f"{plate.name}.gif")
                figures[plate.name]["animation"] = f"figures/{experiment.id}/{moving.name}"
    findings = [] if differing else experiment.judge(data)
    seconds = round(time.perf_counter() - start, 2)
    command = command_of(experiment, preset, differing)
    return Outcome(
        {
            "id": experiment.id,
            "title": experiment.title,
            "question": experiment.question,
            "command": command,
            "seconds": seconds,
            "settings": [(name, _setting(value)) for name, value in settings],
            "changed": [(path, toml_value(value)) for path, value in differing.items()],
            "figures": list(figures.values()),
        },
        [_record(finding, figures, seconds, command, preset) for finding in findings],
    )


def command_of(experiment: Experiment, preset: str, differing: Mapping[str, Any]) -> str:
    """The command that runs an experiment again, with the settings that differ from its preset."""
    words = ["tegum", "run", experiment.id, "--preset", preset]
    for path, value in differing.items():
        words += ["--set", f"{path}={toml_value(value)}"]
    return shlex.join(words)


def _setting(value: Any) -> str:
    """A setting for the page: of nested settings only what differs from their defaults."""
    if isinstance(value, FrozenRecord):
        defaults = {name: field.default for name, field in type(value).model_fields.items()}
        differing = ", ".join(f"{name} {describe(v)}" for name, v in value if v != defaults[name])
        return differing or "defaults"
    return describe(value)


def _record(
    finding: Finding, figures: Mapping[str, Mapping[str, str]], seconds: float, command: str, preset: str
) -> dict[str, Any]:
    claim = claims()[finding.claim]
    quoted = deciding(finding.parts)
    return {
        "id": claim.id,
        "source": claim.source,
        "statement": claim.statement,
        "criterion": claim.criterion,
        "verdict": decide(finding.parts),
        "expected": claim.expected,
        "measured": _measured(quoted.measured),
        "measured_part": quoted.name,
        "parts": [_part(part) for part in finding.parts],
        "experiment": claim.experiment,
        "figure": figures[finding.figure]["svg"] if finding.figure else None,
        "seconds": seconds,
        "command": command,
        "note": claim.note,
        "reduced": claim.quick if preset == "quick" else "",
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
