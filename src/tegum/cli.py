"""The command line: parse, call one public function, print.

Heavy imports are inside the commands, so that `tegum --help` answers at once.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tyro.conf import OmitArgPrefixes, Positional, UseAppendAction

from tegum.cli_bounds import bounds
from tegum.cli_circuit import plan
from tegum.cli_circuit_compile import check, compile_
from tegum.cli_depth import depth
from tegum.cli_print import print_json as _print_json
from tegum.cli_print import print_text as _print
from tegum.cli_print import table as _table
from tegum.cli_recover import recover, transition
from tegum.cli_values import VALUES, grid_axes, parse_changes
from tegum.ground.errors import InputError, TegumError
from tegum.problem import Grid, Problem, Record, TrainSettings

Preset = Literal["quick", "paper"]
OK, UNEXPECTED, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


def reproduce(preset: Preset = "quick", out: Path = Path("reproduction"), json: bool = False) -> int:
    """Run every experiment, print the table of claims and write a page.

    Exit status 0 if all claims came out as expected, 1 if not.

    Args:
        preset: quick takes a minute, paper uses the published sizes.
        out: folder for index.html, claims.json, figures/ and data/; an earlier page in it is replaced.
        json: print the records as one JSON document instead of a table.
    """
    return _reproduce(None, preset, out, {}, as_json=json)


def run(
    experiment: Positional[str],
    preset: Preset = "quick",
    changes: Annotated[UseAppendAction[tuple[str, ...]], tyro.conf.arg(name="set", metavar="NAME=VALUE")] = (),
    settings: bool = False,
    out: Path | None = None,
    json: bool = False,
) -> int:
    """Run one experiment, print its claims and write its page.

    Exit status 0 if all its claims came out as expected, 1 if not.

    With --set it is a variant: datasets and figures are written, and no claim is judged.

    Args:
        experiment: its id; `tegum list` shows them.
        preset: quick takes seconds, paper uses the published sizes.
        changes: change a setting, e.g. --set n_steps=500 --set "feature_probability=[0.1, 0.3]"; may be repeated.
            Values are TOML.
        settings: list the settings with their values, and run nothing.
        out: folder for the page; runs/EXPERIMENT if left out, and a folder of its own for each variant.
        json: print the records as one JSON document instead of a table.
    """
    wanted = parse_changes(changes)
    if settings:
        return _list_settings(experiment, preset, wanted, as_json=json)
    return _reproduce([experiment], preset, out or _folder(experiment, preset, wanted), wanted, as_json=json)


def _folder(name: str, preset: str, changes: Mapping[str, Any]) -> Path:
    """Where a run goes that was given no folder."""
    from tegum.experiments import experiment
    from tegum.experiments.variants import changed

    before = experiment(name).settings(preset)
    after = changed(before, changes)
    return Path("runs") / (name if after == before else f"{name}-{after.digest()[:8]}")


def _list_settings(name: str, preset: str, changes: Mapping[str, Any], *, as_json: bool) -> int:
    from tegum.experiments import experiment
    from tegum.experiments.variants import changed, flat
    from tegum.ground.toml import toml_value

    values = flat(changed(experiment(name).settings(preset), changes))
    if as_json:
        _print_json({"experiment": name, "preset": preset, "settings": values})
    else:
        _print(_table(["setting", "value"], [[path, toml_value(value)] for path, value in values.items()]))
    return OK


def _reproduce(
    names: Sequence[str] | None, preset: str, out: Path, changes: Mapping[str, Any], *, as_json: bool
) -> int:
    from tegum.ground.progress import bars
    from tegum.report import claims_table, outcome, reproduce

    with bars() as (begin, tell):
        results = reproduce(out, preset=preset, names=names, changes=changes, begin=begin, tell=tell)
    if as_json:
        _print_json(results)
    else:
        for each in results["experiments"]:
            if each["changed"]:
                _print(f"A variant of {each['id']}, which judges no claim. To run it again:\n{each['command']}")
        if results["claims"] or not changes:
            _print(claims_table(results["claims"]))
        _print(f"Page: {out / 'index.html'}")
    return UNEXPECTED if any(outcome(claim) == "unexpected" for claim in results["claims"]) else OK


def list_(json: bool = False) -> int:
    """List the experiments and the claims that each judges.

    Args:
        json: print one JSON document instead of a table.
    """
    from tegum.experiments import EXPERIMENTS

    rows = [
        {"id": e.id, "title": e.title, "question": e.question, "claims": [claim.id for claim in e.claims]}
        for e in EXPERIMENTS.values()
    ]
    if json:
        _print_json(rows)
    else:
        _print(
            _table(
                ["experiment", "question", "claims"], [[r["id"], r["question"], "\n".join(r["claims"])] for r in rows]
            )
        )
    return OK


def train(
    problem: OmitArgPrefixes[Problem],
    *,
    out: Path,
    settings: OmitArgPrefixes[TrainSettings] = TrainSettings(),  # noqa: B008
    vary: tuple[str, ...] = (),
    n_models: int = 1,
    seed: int = 0,
    kernel: str = "auto",
    snapshots: int = 0,
    weights: Path | None = None,
    overwrite: bool = False,
    json: bool = False,
) -> int:
    """Train toy models and write them to a file; the defaults are those of the published notebook.

    Numbers of which each feature has one are written as a number (0.1), a list (1,0.5,0.2) or a profile (0.7^i,
    2 0.7^i, (i+1)^-1.5).

    Args:
        problem: the problem.
        out: the NetCDF file to write.
        settings: how to train.
        vary: axes of a grid, e.g. --vary feature_probability=1,0.1,0.01 n_hidden=2,3.
        n_models: models for each cell of the grid.
        seed: the one integer behind all random numbers.
        kernel: auto, fused, reference or reference:cuda.
        snapshots: number of snapshots of the weights to keep, evenly spaced in the logarithm of the step.
        weights: also write W and bias to this safetensors file.
        overwrite: replace files that are there.
        json: print the summary as one JSON document.
    """
    grid = Grid(problem, **grid_axes(vary))
    record = Record(snapshots=snapshots)
    return _train(grid, settings, n_models, seed, kernel, record, out, weights, overwrite=overwrite, as_json=json)


def retrain(
    file: Positional[Path], *, out: Path, weights: Path | None = None, overwrite: bool = False, json: bool = False
) -> int:
    """Train again what a file records; the same version, kernel and machine give the same numbers.

    Args:
        file: a file that `tegum train` wrote.
        out: the NetCDF file to write.
        weights: also write W and bias to this safetensors file.
        overwrite: replace files that are there.
        json: print the summary as one JSON document.
    """
    from tegum.kernels.choice import choose_kernel
    from tegum.store import load, provenance_of

    made = provenance_of(load(file))
    if not isinstance(made.settings, TrainSettings):
        raise InputError(
            f"{file} holds optima of the exact loss and no training. tegum.find_optima makes them again, in Python: "
            f"made = tegum.store.provenance_of(tegum.load({str(file)!r})); "
            "tegum.find_optima(made.grid, made.settings, seed=made.seed)."
        )
    epoch = choose_kernel(made.kernel, made.settings).epoch
    if epoch != made.kernel_epoch:
        sys.stderr.write(
            f"tegum: warning: {file} was made with epoch {made.kernel_epoch} of the {made.kernel} kernel, and this "
            f"version of tegum has epoch {epoch}: the same training gives other numbers.\n"
        )
    return _train(
        made.grid, made.settings, made.n_models, made.seed, made.kernel, made.record, out, weights,
        overwrite=overwrite, as_json=json,
    )  # fmt: skip


def _train(
    grid: Grid, settings: TrainSettings, n_models: int, seed: int, kernel: str, record: Record, out: Path,
    weights: Path | None, *, overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    from tegum.ground.atomic import check_target
    from tegum.store import save, save_weights
    from tegum.training import train

    if weights and weights.resolve() == out.resolve():
        raise InputError(f"--out and --weights are the same file, {out}; give each its own.")
    for path in (out, *([weights] if weights else [])):
        check_target(path, overwrite=overwrite)  # before the work, not after it
    data = train(grid, settings, n_models=n_models, seed=seed, kernel=kernel, record=record, progress=True)
    save(data, out, overwrite=overwrite)
    if weights:
        save_weights(data, weights, overwrite=overwrite)
    return show(out, json=as_json)


def sweep(spec: Positional[Path], *, out: Path, scheduler: str | None = None, json: bool = False) -> int:
    """Train a grid of problems in tasks with a file each; started again, it does only what is missing.

    Exit status 0 if every task is finished, 1 if some failed; their tracebacks are in OUT/failures.

    Args:
        spec: a TOML file with [problem], [axes], [settings], n_models and seed.
        out: folder of the sweep; several processes may work in it, and share the tasks.
        scheduler: address of a Dask scheduler (tcp://host:8786); this process does the work if left out.
        json: print what was done and what failed as one JSON document.
    """
    from tegum.sweeps.command import as_record, in_words, sweep_file

    result = sweep_file(spec, out, scheduler)
    if json:
        _print_json(as_record(result))
    else:
        _print(in_words(result))
    return UNEXPECTED if result.failed else OK


def show(file: Positional[Path], json: bool = False) -> int:
    """Say what a file holds: the problem, and for each cell the lowest loss, the spread, and the geometry.

    Args:
        file: a file that `tegum train` or an experiment wrote.
        json: print one JSON document instead of tables.
    """
    from tegum.report.summary import attributes, summary
    from tegum.store import load

    data = load(file)
    facts, rows = summary(data)
    if json:
        variables = {str(name): list(variable.dims) for name, variable in data.data_vars.items()}
        _print_json({"file": str(file), **attributes(data), "variables": variables, "cells": rows})
        return OK
    _print(_table(["", ""], [[name, str(value)] for name, value in facts.items()], header=False))
    if rows:
        heads = [_HEADS.get(name, name) for name in rows[0] if name != "geometry"]
        _print(_table(heads, [[_short(value) for name, value in row.items() if name != "geometry"] for row in rows]))
        _print("features: those with norm > 1/2; coherence is theirs. D: feature dimensionality. D*: m/|W|².")
        where = list(rows[0])[: list(rows[0]).index("loss")]
        shapes = [[*(_short(row[name]) for name in where), row["geometry"]] for row in rows]
        _print(_table([*where, "shapes in the lowest-loss model"], shapes))
    return OK


_HEADS = {
    "loss_standard_error": "±",
    "highest_loss": "highest",
    "best_model": "model",
    "n_represented": "features",
    "total_dimensionality": "sum D",
    "dimensions_per_feature": "D*",
}


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


_ABOUT = (
    "A laboratory for superposition in neural networks. `tegum COMMAND --help` explains a command, "
    "`tegum --version` prints the version."
)
_COMMANDS = {
    "reproduce": reproduce,
    "run": run,
    "list": list_,
    "train": train,
    "retrain": retrain,
    "sweep": sweep,
    "show": show,
    "bounds": bounds,
    "depth": depth,
    "circuit plan": plan,
    "circuit compile": compile_,
    "circuit check": check,
    "recover": recover,
    "transition": transition,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after `tegum`; those of the process if None.

    Returns:
        The exit status: 0, 1 if a claim came out otherwise than expected, 2 for bad input, 130 if interrupted, 141 if
        the reader of the output went away.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run_command(words)
        sys.stdout.flush()  # here, where a closed pipe or a full disk can still be told
    except BrokenPipeError:  # `tegum ... | head`; a closed output would be complained about once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (TegumError, OSError) as error:
        sys.stderr.write(f"tegum: {error}\n")
        return BAD_INPUT
    except MemoryError as error:  # often without a word of its own
        sys.stderr.write(f"tegum: {str(error) or 'out of memory'}. Ask for less at once: smaller sizes or counts.\n")
        return BAD_INPUT
    except KeyboardInterrupt:
        sys.stderr.write("tegum: interrupted; what was finished is kept.\n")
        return INTERRUPTED
    return status


def _run_command(words: list[str]) -> int:
    if words == ["--version"]:
        from importlib.metadata import version

        _print(f"tegum {version('tegum')}")
        return OK
    try:
        with VALUES:
            for n_words in (2, 1):
                name = " ".join(words[:n_words])
                if name in _COMMANDS:  # directly, so that messages name the option and nothing else
                    return tyro.cli(_COMMANDS[name], prog=f"tegum {name}", args=words[n_words:])
            if group := _group(words[:1]):
                about = f"Commands about {words[0]}s. `tegum {words[0]} COMMAND --help` explains one."
                prog = f"tegum {words[0]}"
                return tyro.extras.subcommand_cli_from_dict(group, prog=prog, description=about, args=words[1:])
            return tyro.extras.subcommand_cli_from_dict(_COMMANDS, prog="tegum", description=_ABOUT, args=words)
    except SystemExit as stop:  # tyro prints help and mistakes itself
        return stop.code if isinstance(stop.code, int) else OK


def _group(first: list[str]) -> dict[str, Any]:
    """Commands of two words that begin with this one, by their second word."""
    begin = f"{first[0]} " if first else "-"
    return {name.removeprefix(begin): command for name, command in _COMMANDS.items() if name.startswith(begin)}
