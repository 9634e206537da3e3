"""The folder of a sweep: its spec, one file per finished task, and the tracebacks of failed ones.

sweep.json            what was asked, canonical
tasks/KEY.nc          one finished task each, whole or not at all
failures/KEY.txt      why a task failed; removed when it succeeds
locks/KEY             who is working on it
"""

import contextlib
import json
import warnings
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tegum.ground.atomic import replacing
from tegum.ground.errors import FileError
from tegum.sweeps.spec import differences
from tegum.sweeps.taskfile import problem_with

FORMAT = 1
TRAINING, RECOVERY = "tegum_sweep", "tegum_recovery"
"""Kinds of sweeps: the key under which the record of a folder has the version of its format."""
_OURS = {"sweep.json", "tasks", "failures", "locks"}
_ENDING = ".nc"

Asked = TypeVar("Asked")


class DamagedTaskWarning(UserWarning):
    """The file of a task is damaged, and the task is done again."""


class SweepFolder:
    """A sweep on disk.

    Args:
        path: the folder, which need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tasks, self.failures, self.locks = path / "tasks", path / "failures", path / "locks"
        self._leftovers: dict[str, list[Path]] = {}

    def begin(self, kind: str, asked: dict[str, Any]) -> None:
        """Make the folder that of this sweep; nothing is written if it already is.

        Args:
            kind: of the sweep.
            asked: everything that decides its numbers, as JSON has it.

        Raises:
            FileError: it holds another sweep (the differences are named), something else, or cannot be written to.
        """
        if not (self.path / "sweep.json").exists():
            self._make(asked | {kind: FORMAT})
        different = differences(self.read(kind, lambda stored: stored), asked)
        if different:
            raise FileError(
                f"{self.path} holds another sweep. Choose another folder, or ask for what it holds:\n  "
                + "\n  ".join(different)
            )

    def _make(self, record: dict[str, Any]) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            strangers = sorted(
                entry.name
                for entry in self.path.iterdir()
                if entry.name not in _OURS and not entry.name.startswith(".")
            )
            if strangers:
                raise FileError(f"{self.path} holds other files ({strangers[0]}). Choose a new or an empty folder.")
        except FileError:
            raise
        except OSError as error:
            raise FileError(f"cannot make the folder {self.path}: {error.strerror or error}. Choose another.") from None
        with replacing(self.path / "sweep.json", overwrite=True) as temporary:
            temporary.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def kind(self) -> str:
        """What is swept: TRAINING or RECOVERY; TRAINING also where the record is damaged, which `read` will say."""
        with contextlib.suppress(OSError, ValueError):
            if RECOVERY in json.loads((self.path / "sweep.json").read_text(encoding="utf-8")):
                return RECOVERY
        return TRAINING

    def read(self, kind: str, parse: Callable[[dict[str, Any]], Asked]) -> Asked:
        """What the sweep was asked to do.

        Args:
            kind: of the sweep.
            parse: makes what is wanted of the stored table; its ValueError, KeyError and TypeError mean damage.

        Raises:
            FileError: there is no sweep, it is of another kind, its record is damaged, or a newer version wrote it.
        """
        path = self.path / "sweep.json"
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if kind not in record and {TRAINING, RECOVERY} & set(record):
                raise FileError(f"{self.path} holds a sweep of another kind. Choose another folder.")
            version = record.pop(kind)
            if version > FORMAT:
                raise FileError(f"{path} has format {version}; this version reads {FORMAT}. Install a newer tegum.")
            return parse(record)
        except FileNotFoundError:
            raise FileError(f"{self.path} holds no sweep: there is no sweep.json in it.") from None
        except FileError:
            raise
        except OSError as error:
            raise FileError(f"cannot read {path}: {error.strerror or error}.") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileError(
                f"{path} is damaged ({error}). Delete it and start the sweep again; finished tasks are found by name."
            ) from None

    def names(self) -> set[str]:
        """Keys of the tasks that have a file; leftovers of killed writers are remembered for `write`."""
        keys = set()
        with contextlib.suppress(FileNotFoundError):
            for entry in self.tasks.iterdir():
                if entry.name.startswith("."):
                    self._leftovers.setdefault(entry.name[1:].partition(".")[0], []).append(entry)
                elif entry.suffix == _ENDING:
                    keys.add(entry.stem)
        return keys

    def refuse_missing(self, keys: Collection[str], present: Collection[str], *, partial: bool) -> None:
        """Refuse to open a sweep with tasks missing, unless that is wanted and there are some.

        Raises:
            FileError: no task has a file, or not all have one and `partial` is not set.
        """
        n_missing = sum(key not in present for key in keys)
        if n_missing == len(keys) or (n_missing and not partial):
            raise FileError(
                f"{n_missing} of the {len(keys)} tasks of {self.path} are missing. Run the sweep again, which does "
                "only these" + ("." if n_missing == len(keys) else ", or pass partial=True to see NaN in their place.")
            )

    def finished(self, keys: Collection[str]) -> set[str]:
        """Those of these tasks whose file is whole and unchanged; a warning for each file that is not.

        What killed or merged sweeps left beside these files is removed.
        """
        found = set()
        for key in sorted(self.names() & set(keys)):
            wrong = problem_with(self.file(key), key)
            if wrong is None:
                found.add(key)
            else:
                warnings.warn(f"{wrong} The task is done again.", DamagedTaskWarning, stacklevel=2)
        for key in found:
            self.forget_failure(key)
            if not (self.locks / key).exists():  # nobody is writing it once more
                self._remove_leftovers(key)
        return found

    def is_finished(self, key: str) -> bool:
        """Whether a task has a whole file."""
        return problem_with(self.file(key), key) is None

    def file(self, key: str) -> Path:
        """Where the file of a task lies."""
        return self.tasks / f"{key}{_ENDING}"

    def write(self, key: str, data: bytes) -> None:
        """Keep a finished task.

        Raises:
            FileError: the disk is full, or the folder cannot be written to. Nothing half-written is left.
        """
        self._remove_leftovers(key)
        with _replacing_below(self.file(key)) as temporary:
            temporary.write_bytes(data)
        self.forget_failure(key)

    def record_failure(self, key: str, text: str) -> Path:
        """Keep the traceback of a task."""
        path = self.failures / f"{key}.txt"
        with _replacing_below(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return path

    def forget_failure(self, key: str) -> None:
        """Remove the traceback of a task that has succeeded since."""
        with contextlib.suppress(OSError):
            (self.failures / f"{key}.txt").unlink(missing_ok=True)

    def _remove_leftovers(self, key: str) -> None:
        for leftover in self._leftovers.pop(key, []):
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def _replacing_below(path: Path) -> Iterator[Path]:
    """As `replacing`, and makes the folder that the file lies in."""
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}.") from None
    with replacing(path, overwrite=True) as temporary:
        yield temporary
