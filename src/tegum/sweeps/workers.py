"""Where tasks are done: in threads of this process, or elsewhere (cluster.py).

Workers take the content of a task and give back the bytes of its file. They write nothing and know of no folder.
"""

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from tegum.ground.progress import Listener, Progress
from tegum.ground.threads import n_processors
from tegum.sweeps.work import run_task

Do = Callable[[str, int, Listener | None], bytes]
"""From the content of a task, the number of threads and a listener to the bytes of its file."""


class Outcome(NamedTuple):
    """A task that ended: with the bytes of its file, or with an error."""

    key: str
    data: bytes | None
    error: BaseException | None


class AbstractWorkers(ABC):
    """What does the tasks. Whatever thread one ends in, its outcome waits in a queue for the one thread that writes."""

    def __init__(self) -> None:
        self._ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()

    @abstractmethod
    def room(self) -> int:
        """How many tasks should be under way at a time."""

    @abstractmethod
    def start(self, key: str, content: str) -> None:
        """Begin a task, or queue it."""

    @abstractmethod
    def stop(self) -> None:
        """Drop what is under way."""

    def shares(self) -> dict[str, float]:
        """How much is done of tasks under way, from 0 to 1, where that is known."""
        return {}

    def check(self) -> None:  # noqa: B027 (most workers cannot be lost)
        """Raise if nothing more can come."""

    def put(self, key: str, future: Any) -> None:
        """Hand in what became of a task; `future` is done."""
        try:
            outcome = Outcome(key, future.result(), None)
        except BaseException as error:
            outcome = Outcome(key, None, error)
        self.hand_in(outcome)

    def hand_in(self, outcome: Outcome) -> None:
        """Put an outcome into the queue, from any thread."""
        self._ended.put(outcome)

    def ended(self, timeout: float) -> list[Outcome]:
        """Tasks that have ended since the last call; waits for the first of them for at most `timeout` seconds."""
        outcomes = []
        try:
            outcomes.append(self._ended.get(timeout=timeout))
            while True:
                outcomes.append(self._ended.get_nowait())
        except queue.Empty:
            return outcomes


class LocalWorkers(AbstractWorkers):
    """Threads of this process that together use every processor.

    The fused kernel releases the interpreter lock, so one task runs on each core, and what surrounds the kernel in one
    task is hidden behind the others. If there are fewer tasks than cores, each gets several. Other kernels use all
    cores, or the GPU, by themselves, one task at a time.

    Args:
        kernel: name of the kernel.
        n_tasks: how many there are to do.
        do: how a task is done; training, if left out.
    """

    def __init__(self, kernel: str, n_tasks: int, do: Do | None = None) -> None:
        super().__init__()
        self._do = do or run_task

        side_by_side = min(n_processors(), n_tasks) if kernel == "fused" else 1
        self._room = max(1, side_by_side)
        self._n_threads = n_processors() // self._room
        self._pool = ThreadPoolExecutor(self._room, thread_name_prefix="tegum-task")
        self._shares: dict[str, float] = {}
        self._stopping = threading.Event()

    def room(self) -> int:
        """See AbstractWorkers."""
        return self._room

    def start(self, key: str, content: str) -> None:
        """See AbstractWorkers."""

        def tell(progress: Progress) -> None:
            if self._stopping.is_set():
                raise _StoppedError
            self._shares[key] = progress.done / max(progress.total, 1)

        future = self._pool.submit(self._do, content, self._n_threads, tell)
        future.add_done_callback(lambda done: self.put(key, done))

    def shares(self) -> dict[str, float]:
        """See AbstractWorkers."""
        return dict(self._shares)

    def stop(self) -> None:
        """See AbstractWorkers; waits for the current calls of the kernel, about half a second."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)


class _StoppedError(Exception):
    """Takes a training thread out of its loop."""
