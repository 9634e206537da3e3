"""Interrupted, killed, cut off and out of room: no traceback, and no file that is there in half."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from tegum.ground.atomic import replacing, replacing_folder
from tegum.ground.errors import FileError

PROBLEM = ["--n-features", "3", "--n-hidden", "2", "--feature-probability", "0.2"]
TEGUM = [sys.executable, "-m", "tegum"]
SECONDS = 60.0  # until something is given up; generous, for machines that have other work
SOON = 15.0  # until a process that was interrupted ends; half a second where it has a processor of its own

# The first experiment hardly trained, the second without end.
REPRODUCE = """
import sys
from tegum.cli import main
from tegum.experiments import five_in_two, many_features
from tegum.problem import TrainSettings

short = TrainSettings(n_steps=10, batch_size=16, evaluation_samples=64)
five_in_two.PRESETS["quick"] = five_in_two.PRESETS["quick"].replace(starts=1, training=short)
endless = many_features.PRESETS["quick"].replace(starts=1, training=TrainSettings(n_steps=10**9, batch_size=16))
many_features.PRESETS["quick"] = endless
from tegum.experiments import EXPERIMENTS
for name in set(EXPERIMENTS) - {"five-in-two", "many-features"}:
    del EXPERIMENTS[name]
sys.exit(main(["reproduce", "--out", sys.argv[1]]))
"""

# An old file and an old folder are replaced in a child, which is killed before its first, second, ... file operation.
KILL_EVERYWHERE = """
import json, os, shutil, signal, sys
from pathlib import Path
from tegum.ground.atomic import replacing, replacing_folder

here = Path(sys.argv[1])
file, folder = here / "file", here / "folder"

def write(text):
    with replacing(file, overwrite=True) as part:
        part.write_text(text)
    with replacing_folder(folder) as part:
        for name in "abc":
            (part / name).write_text(text)

def child(operations):
    def kill(event, arguments):
        nonlocal operations
        if event in ("open", "os.mkdir", "os.chmod", "os.rename", "os.remove", "os.rmdir"):
            operations -= 1
            if operations < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(kill)
    write("new")
    os._exit(0)

states, status = [], None
while status != 0:
    shutil.rmtree(here)
    here.mkdir()
    write("old")
    pid = os.fork()
    if pid == 0:
        child(len(states))
    _, status = os.waitpid(pid, 0)
    inside = {path.name: path.read_text() for path in sorted(folder.iterdir())} if folder.exists() else None
    left = [path.name for path in here.iterdir() if path not in (file, folder)]
    text = file.read_text()
    write("next")  # what was left is no hindrance
    states.append((text, inside, left))
print(json.dumps(states))
"""


@contextmanager
def started(*words: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive the test."""
    with subprocess.Popen(words, text=True, **options) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, "gave up waiting"
        time.sleep(0.02)


def interrupt(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C does; the process, which would work for hours, must end soon, also on a busy machine."""
    process.send_signal(signal.SIGINT)
    assert process.wait(SOON) == 130


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


@pytest.mark.slow
class TestInterrupt:
    def test_training(self, tmp_path: Path) -> None:
        terminal, end = pty.openpty()  # on a terminal the bar says when training has begun
        words = [*TEGUM, "train", *PROBLEM, "--n-steps", str(10**9), "--out", str(tmp_path / "a.nc")]
        with started(*words, stdout=subprocess.PIPE, stderr=end) as process:
            os.close(end)
            seen = b""
            while b"training" not in seen:
                seen += os.read(terminal, 1000)
            interrupt(process)
            assert process.stdout is not None
            assert process.stdout.read() == ""
        with suppress(OSError):  # how a terminal says that nobody writes to it any more
            while chunk := os.read(terminal, 1000):
                seen += chunk
        os.close(terminal)
        assert b"tegum: interrupted; what was finished is kept." in seen
        assert b"Traceback" not in seen
        assert not list(tmp_path.iterdir())

    def test_reproduce(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        with started(sys.executable, "-c", REPRODUCE, str(out), stderr=subprocess.PIPE) as process:
            wait_for(lambda: (out / "index.html").exists())
            time.sleep(0.3)
            interrupt(process)
            assert process.stderr is not None
            assert process.stderr.read() == "tegum: interrupted; what was finished is kept.\n"
        records = json.loads((out / "claims.json").read_text("utf-8"))
        assert {record["experiment"] for record in records} == {"five-in-two"}
        page = (out / "index.html").read_text("utf-8")
        for record in records:
            assert record["id"] in page
            assert (out / record["figure"]).read_text("utf-8").rstrip().endswith("</svg>")
        assert not parts(out)


@pytest.mark.slow
class TestKill:
    def test_the_next_run_is_not_confused(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        for _ in range(2):  # killed while training, then again in the folder that this left
            with started(sys.executable, "-c", REPRODUCE, str(out)) as process:
                before = time.time()
                wait_for(lambda before=before: _newer(out / "index.html", before))
                process.kill()
                assert process.wait() == -signal.SIGKILL
            assert len(json.loads((out / "claims.json").read_text("utf-8"))) == 4
            assert not parts(out)


def _newer(path: Path, than: float) -> bool:
    return path.exists() and path.stat().st_mtime >= than


class TestOutput:
    @pytest.mark.parametrize("words", [["--version"], ["--help"]])
    def test_a_reader_that_goes_away(self, words: list[str]) -> None:
        read, write = os.pipe()
        os.close(read)  # as `head` does once it has seen enough, only sooner
        done = subprocess.run([*TEGUM, *words], stdout=write, stderr=subprocess.PIPE, check=False)
        os.close(write)
        assert (done.returncode, done.stderr) == (141, b"")


class TestReplacing:
    def test_killed_anywhere_all_is_whole(self, tmp_path: Path) -> None:
        words = [sys.executable, "-c", KILL_EVERYWHERE, str(tmp_path / "here")]
        (tmp_path / "here").mkdir()
        states = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        old, new = (dict.fromkeys("abc", text) for text in ("old", "new"))
        files, folders, left = zip(*states, strict=True)
        assert len(states) > 15
        assert (files[0], folders[0]) == ("old", old)
        assert (files[-1], folders[-1], left[-1]) == ("new", new, [])
        assert set(files) == {"old", "new"}
        assert all(folder in (old, new, None) for folder in folders)
        assert folders.count(None) == 1  # between two renames neither the old nor the new one is there
        assert all(name.endswith(".part") for names in left for name in names)

    def test_a_failure_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_text("old")
        with pytest.raises(FileError, match=r"cannot write .*file: No space left on device"):
            self.fail(replacing(path, overwrite=True), OSError(28, "No space left on device"))
        assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]

    def test_a_message_of_ours_stays_as_it_is(self, tmp_path: Path) -> None:
        for replace in (lambda path: replacing(path, overwrite=False), replacing_folder):
            with pytest.raises(FileError, match=r"^mine$"):
                self.fail(replace(tmp_path / "a"), FileError("mine"))
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("accident", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError()])
    def test_a_failure_leaves_the_old_folder(self, tmp_path: Path, accident: BaseException) -> None:
        folder = tmp_path / "folder"
        for content in ("old", "older"):
            with replacing_folder(folder) as part:
                (part / content).write_text(content)
        with pytest.raises((FileError, type(accident))):
            self.fail(replacing_folder(folder), accident)
        assert [path.name for path in tmp_path.rglob("*")] == ["folder", "older"]

    def test_a_folder_whose_successor_cannot_take_its_place_comes_back(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "folder"
        with replacing_folder(folder) as part:
            (part / "old").touch()
        rename = Path.rename

        def fail(path: Path, target: Path) -> Path:
            if path.name == "new":
                raise OSError(5, "Input/output error")
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", fail)
        with pytest.raises(FileError, match=r"cannot write .*folder: Input/output error"), replacing_folder(folder):
            pass
        assert [path.name for path in tmp_path.rglob("*")] == ["folder", "old"]

    def test_modes_follow_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            with replacing(tmp_path / "file", overwrite=False) as part:
                part.touch()
            with replacing_folder(tmp_path / "folder"):
                pass
        finally:
            os.umask(before)
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
        assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750

    @staticmethod
    def fail(part: AbstractContextManager[Path], accident: BaseException) -> None:
        with part as path:
            (path / "half" if path.is_dir() else path).write_text("half")
            raise accident
