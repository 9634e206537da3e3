"""Interrupted, killed, cut off and out of room: no traceback, and no file that is there in half."""

import json
import os
import pty
import random
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

# A file and a folder written over and over, by the generation of the content.
WRITE = """
import sys
from pathlib import Path
from tegum.ground.atomic import replacing, replacing_folder

file, folder = Path(sys.argv[1]), Path(sys.argv[2])
generation = 0
while True:
    with replacing(file, overwrite=True) as part:
        part.write_text(f"{generation}\\n" * 20_000)
    with replacing_folder(folder) as part:
        for name in range(30):
            (part / str(name)).write_text(str(generation))
    generation += 1
    if generation == 2:
        print("ready", flush=True)
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
    """As Ctrl-C does; the process must end soon."""
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    assert process.wait(SECONDS) == 130
    assert time.monotonic() - begin < 3.0


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
    def test_whole_or_not_at_all(self, tmp_path: Path) -> None:
        file, folder = tmp_path / "file", tmp_path / "folder"
        rng = random.Random(0)
        for _ in range(8):
            with started(sys.executable, "-c", WRITE, str(file), str(folder), stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                time.sleep(rng.uniform(0, 0.05))
                process.kill()
                process.wait()
            lines = file.read_text().split()
            assert len(lines) == 20_000
            assert len(set(lines)) == 1
            if folder.exists():  # between two renames, for some microseconds, neither the old nor the new one is there
                assert sorted(map(int, (path.name for path in folder.iterdir()))) == list(range(30))
                assert len({path.read_text() for path in folder.iterdir()}) == 1
            others = set(tmp_path.iterdir()) - {file, folder}
            assert all(path.suffix == ".part" for path in others)

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

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
    def test_no_room_for_the_output(self) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run([*TEGUM, "--version"], stdout=full, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr) == (2, b"tegum: [Errno 28] No space left on device\n")


class TestReplacing:
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
