"""Run experiments and write the page: claims, figures, numbers, and the command that makes each again."""

import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tegum.experiments.base import Experiment
from tegum.experiments.registry import EXPERIMENTS, experiment
from tegum.experiments.running import command_of, run_experiment
from tegum.experiments.variants import changed, differences
from tegum.ground.atomic import check_target, replacing
from tegum.ground.errors import FileError, InputError
from tegum.ground.progress import Listener
from tegum.report.page import write_page
from tegum.report.records import Results

CLAIMS_FILE = "claims.json"


def reproduce(
    out: str | Path,
    *,
    preset: str = "quick",
    names: Sequence[str] | None = None,
    changes: Mapping[str, Any] | None = None,
    begin: Callable[[str], None] = lambda _: None,
    tell: Listener = lambda _: None,
) -> Results:
    """Run experiments and write their page, which is brought up to date after each of them.

    Args:
        out: the folder for index.html, claims.json, figures/ and data/. An earlier page in it is replaced.
        preset: "quick" or "paper".
        names: ids of experiments; all of them, in their order, if None.
        changes: settings of the experiment, if there is one, that differ from the preset (see
            `tegum.experiments.run_variant`). Then its claims are not judged: criteria were fixed for the presets.
        begin: called with the title of each experiment when it starts.
        tell: called with the progress of training.

    Returns:
        The records that the page shows; `claims` is also the content of claims.json.

    Raises:
        InputError: an unknown experiment, preset or setting, or settings for several experiments.
        FileError: the folder cannot be written to, or holds something that is not such a page.

    Example:
        >>> reproduce("/tmp", names=["five-in-three"])
        Traceback (most recent call last):
        ...
        tegum.ground.errors.InputError: there is no experiment 'five-in-three'; the experiments are five-in-two, ...
    """
    out = Path(out)
    chosen = [experiment(name) for name in (EXPERIMENTS if names is None else dict.fromkeys(names))]
    commands = _commands(chosen, preset, changes or {})  # refuses what is unknown before anything is written
    is_variant = bool(changes) and commands != [command_of(each, preset, {}) for each in chosen]
    _make_folder(out)
    start = time.perf_counter()
    results: Results = {
        "title": f"A variant of: {chosen[0].title}" if is_variant else "Claims about superposition, tried",
        "preset": preset,
        "version": version("tegum"),
        "seconds": 0.0,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "command": f"tegum reproduce --preset {preset}" if names is None else " && ".join(commands),
        "experiments": [],
        "claims": [],
    }
    if not (out / CLAIMS_FILE).exists():
        _write_claims(results, out)  # from now on the folder is known as ours, however the run ends
    for each in chosen:
        begin(each.title)
        outcome = run_experiment(each, preset, out, tell, changes)
        results["experiments"].append(outcome.experiment)  # type: ignore[arg-type]
        results["claims"] += outcome.claims  # type: ignore[arg-type]
        results["seconds"] = round(time.perf_counter() - start, 2)
        _write_claims(results, out)
        write_page(results, out)
    return results


def _commands(chosen: Sequence[Experiment], preset: str, changes: Mapping[str, Any]) -> list[str]:
    if changes and len(chosen) != 1:
        raise InputError(f"settings can be changed for one experiment at a time; got {len(chosen)} experiments.")
    presets = [each.settings(preset) for each in chosen]
    settings = [changed(each, changes) for each in presets]
    differing = map(differences, presets, settings)
    return [command_of(each, preset, changes_of) for each, changes_of in zip(chosen, differing, strict=True)]


def _write_claims(results: Results, out: Path) -> None:
    with replacing(out / CLAIMS_FILE, overwrite=True) as temporary:
        temporary.write_text(
            json.dumps(results["claims"], indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8"
        )


def _make_folder(out: Path) -> None:
    try:
        if out.exists() and not out.is_dir():
            raise FileError(f"{out} is a file; give the name of a folder.")
        out.mkdir(parents=True, exist_ok=True)
        strangers = [path.name for path in out.iterdir() if path.suffix != ".part"]
    except FileError:
        raise
    except OSError as error:
        raise FileError(
            f"cannot make the folder {out}: {error.strerror or error}. Choose one that is writable."
        ) from None
    if strangers and CLAIMS_FILE not in strangers:
        raise FileError(f"{out} is not empty and holds no {CLAIMS_FILE} of an earlier run. Choose a new folder.")
    check_target(out / CLAIMS_FILE, overwrite=True)
