"""Who is working on which task, so that processes in one folder share the work.

A lock is a courtesy. Whoever finishes a task writes the same bytes, and writes them whole, so a lock that is wrongly
taken over costs time and nothing else.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

from tegum.ground.errors import FileError

BEAT = 20.0  # seconds between signs of life of an owner
PATIENCE = 300.0  # an owner elsewhere is given up after this long without one
_HALF_WRITTEN = 10.0  # a lock that names no owner: it takes microseconds to write one


class Owner(NamedTuple):
    """A process; `born` tells it from a later one with the same number, where the system says when it began."""

    host: str
    pid: int
    born: str

    @classmethod
    def this_process(cls) -> Self:
        """The owner that we are."""
        return cls(socket.gethostname(), os.getpid(), _born(os.getpid()))

    def __str__(self) -> str:
        return f"{self.host} {self.pid} {self.born}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The owner that a lock names, or None if it names none."""
        words = text.split(" ")
        return cls(words[0], int(words[1]), words[2]) if len(words) == 3 and words[1].isdigit() else None

    def is_dead(self) -> bool:
        """Whether a process of this host has ended."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # it lives, and belongs to somebody else
            return False
        return _born(self.pid) != self.born


def _born(pid: int) -> str:
    """Boot and clock tick at which a process began; "-" where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return f"{boot}:{after_name[19]}"
    except (OSError, IndexError):
        return "-"


class Locks:
    """The locks of this process in one folder.

    Args:
        folder: where they lie, one small file per task; made when first needed.
        clock: seconds, never going back.
        me: who we are.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic, me: Owner | None = None) -> None:
        self._folder, self._clock, self._me = folder, clock, me or Owner.this_process()
        self._held: set[str] = set()
        self._last_beat = clock()
        self._seen: dict[str, tuple[tuple[str, int], float]] = {}  # a foreign lock, and when we first saw it so

    def claim(self, key: str) -> bool:
        """Take the lock of a task, also from an owner that is dead; False if somebody else has it.

        Raises:
            FileError: the folder cannot be written to.
        """
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(exist_ok=True)
            if self._create(key):
                return True
            if not self._is_stale(key):
                return False
            (self._folder / key).unlink(missing_ok=True)
            return self._create(key)
        except OSError as error:
            raise FileError(f"cannot write {self._folder / key}: {error.strerror or error}.") from None

    def _create(self, key: str) -> bool:
        try:
            file = (self._folder / key).open("x")
        except FileExistsError:
            return False
        self._held.add(key)
        with file:
            file.write(str(self._me))
        return True

    def _is_stale(self, key: str) -> bool:
        path = self._folder / key
        try:
            mark = (path.read_text(errors="replace"), path.stat().st_mtime_ns)
        except OSError:
            return False  # released meanwhile; the next look will tell
        owner = Owner.parse(mark[0])
        if owner and owner.host == self._me.host:
            return owner.is_dead()
        # Elsewhere: judged by how long we have seen no sign of life, as the clocks of two machines may differ.
        now = self._clock()
        seen, since = self._seen.get(key, (None, now))
        if seen != mark:
            self._seen[key] = (mark, now)
            return False
        return now - since > (PATIENCE if owner else _HALF_WRITTEN)

    def beat(self) -> None:
        """Show that we are alive, if it is time to; cheap enough to be called all the time."""
        now = self._clock()
        if now - self._last_beat < BEAT:
            return
        self._last_beat = now
        for key in self._held:
            with contextlib.suppress(OSError):  # taken over while we were stopped: both finish, with the same bytes
                os.utime(self._folder / key)

    def release(self, key: str) -> None:
        """Give up the lock of a task."""
        self._held.discard(key)
        with contextlib.suppress(OSError):
            (self._folder / key).unlink()

    def release_all(self) -> None:
        """Give up every lock."""
        for key in list(self._held):
            self.release(key)
