"""What `tegum sweep` does between parsing and printing."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tegum.ground.errors import FileError
from tegum.sweeps.cluster import connected
from tegum.sweeps.folder import DamagedTaskWarning
from tegum.sweeps.running import SweepResult, run_spec
from tegum.sweeps.spec import SweepSpec


def sweep_file(spec_file: Path, out: Path, scheduler: str | None) -> SweepResult:
    """Run the sweep that a TOML file describes; warnings become lines on standard error.

    Args:
        spec_file: a `SweepSpec` as TOML.
        out: folder of the sweep.
        scheduler: address of a Dask scheduler, or None to work in this process.

    Raises:
        FileError: the file cannot be read. InputError, FileError, ClusterError: as `run_spec`.
    """
    spec = SweepSpec.from_toml(spec_text(spec_file))
    with told_in_lines(), connected(scheduler) as client:
        return run_spec(spec, out, client=client, progress=True)


def spec_text(spec_file: Path) -> str:
    """What a file of a sweep says.

    Raises:
        FileError: it cannot be read.
    """
    try:
        return spec_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"cannot read {spec_file}: {reason}. Expected a sweep as TOML (docs/sweeps.md).") from None


@contextmanager
def told_in_lines() -> Iterator[None]:
    """Warnings about damaged tasks become lines on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", DamagedTaskWarning)
        warnings.showwarning = _one_line
        yield


def _one_line(message: Warning | str, category: type[Warning], *_: Any) -> None:
    sys.stderr.write(f"tegum: warning: {message}\n")


def as_record(result: SweepResult) -> dict[str, Any]:
    """The result as a JSON document."""
    return {
        "out": str(result.out),
        "n_tasks": result.n_tasks,
        "n_found": result.n_found,
        "n_run": result.n_run,
        "n_elsewhere": result.n_elsewhere,
        "failed": [task._asdict() | {"file": str(task.file)} for task in result.failed],
    }


def in_words(result: SweepResult) -> str:
    """The result for people.

    Example:
        >>> print(in_words(SweepResult(Path("out"), n_tasks=9, n_found=4, n_run=5, n_elsewhere=0, failed=())))
        out: 9 of 9 tasks finished, 5 of them now.
    """
    n_done = result.n_tasks - len(result.failed)
    lines = [f"{result.out}: {n_done} of {result.n_tasks} tasks finished, {result.n_run} of them now."]
    if result.n_elsewhere:
        lines[0] += f" Another process did {result.n_elsewhere}."
    for task in result.failed:
        lines += [f"Failed: {task.where}", f"  {task.error}", f"  {task.file}"]
    return "\n".join(lines)
