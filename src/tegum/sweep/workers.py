"""Where tasks are done: in threads of this process, or on a Dask cluster.

Both take the content of a task and give back the bytes of its file. Workers write nothing and know nothing of the folder,
so a cluster needs no shared file system; one kernel thread for each thread of a worker, so that nothing is nested.
"""

import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from tegum.ground.errors import InputError, TegumError
from tegum.ground.progress import Progress
from tegum.kernels.fused import n_processors
from tegum.sweep.work import run_task


class ClusterError(TegumError, ConnectionError):
    """The Dask scheduler cannot be reached, or went away."""


class Outcome(NamedTuple):
    """A task that ended: with the bytes of its file, or with an error."""

    key: str
    data: bytes | None
    error: BaseException | None


class AbstractWorkers(ABC):
    """What does the tasks. Futures put themselves into a queue when they are done, so that one thread can wait."""

    def __init__(self) -> None:
        self._ended: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    @abstractmethod
    def room(self) -> int:
        """How many tasks should be under way at a time."""

    @abstractmethod
    def start(self, key: str, content: str) -> None:
        """Begin a task, or queue it."""

    def shares(self) -> dict[str, float]:
        """For tasks under way, how much is done, where that is known."""
        return {}

    def check(self) -> None:
        """Raise if nothing more can come."""

    @abstractmethod
    def stop(self) -> None:
        """Drop what is under way."""

    def ended(self, timeout: float) -> list[Outcome]:
        """Tasks that have ended since the last call; waits for the first one for at most `timeout` seconds."""
        outcomes = []
        try:
            outcomes.append(self._outcome(*self._ended.get(timeout=timeout)))
            while True:
                outcomes.append(self._outcome(*self._ended.get_nowait()))
        except queue.Empty:
            return outcomes

    def _outcome(self, key: str, future: Any) -> Outcome:
        try:
            return Outcome(key, future.result(), None)
        except Exception as error:
            return Outcome(key, None, error)
