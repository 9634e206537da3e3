"""Which task comes next: the state of a sweep, without files, threads or clocks."""

from collections import deque
from collections.abc import Iterable, Mapping

_LOOK_AGAIN = 0.5  # seconds until a task that another process has is looked at again


class Board:
    """Where each task stands.

    Args:
        work: estimated length of each task, in any unit.
        found: the tasks that are finished already.
    """

    def __init__(self, work: Mapping[str, int], found: Iterable[str]) -> None:
        self._work = dict(work)
        self.total, self.all_work = len(self._work), sum(self._work.values())
        self.done = set(found)
        self.failed: set[str] = set()
        self.running: set[str] = set()
        self.work_done = sum(self._work[key] for key in self.done)  # also of tasks that failed
        self._waiting = deque(key for key in self._work if key not in self.done)
        self._elsewhere: dict[str, float] = {}  # tasks of other processes, and when to look at them again

    @property
    def is_over(self) -> bool:
        """Whether every task is finished or has failed."""
        return not (self._waiting or self.running or self._elsewhere)

    @property
    def n_missing(self) -> int:
        """Tasks that have not ended yet."""
        return self.total - len(self.done) - len(self.failed)

    def work(self, key: str) -> int:
        """Estimated work of one task."""
        return self._work[key]

    def next(self, now: float) -> str | None:
        """A task to try now: first those that nobody has, then those of others that are due for another look.

        Its fate must be told by `start`, `finish`, `fail` or `leave_to_others`.
        """
        if self._waiting:
            return self._waiting.popleft()
        for key, due in self._elsewhere.items():
            if due <= now:
                del self._elsewhere[key]
                return key
        return None

    def leave_to_others(self, key: str, now: float) -> None:
        """Another process has the task."""
        self._elsewhere[key] = now + _LOOK_AGAIN

    def start(self, key: str) -> None:
        """The task is being done here."""
        self.running.add(key)

    def finish(self, key: str) -> None:
        """The task has a file."""
        self._end(key)
        self.done.add(key)

    def fail(self, key: str) -> None:
        """The task raised an error, and is not tried again."""
        self._end(key)
        self.failed.add(key)

    def _end(self, key: str) -> None:
        self.running.discard(key)
        self.work_done += self._work[key]
