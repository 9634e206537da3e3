"""Tasks on an existing Dask cluster.

The bytes of a finished task come back over the cluster's own connections and the client writes them, so the workers
need no shared file system. A worker thread runs one kernel thread: the cluster decides how many run side by side.
"""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tegum.ground.errors import InputError, TegumError
from tegum.sweeps.work import run_task
from tegum.sweeps.workers import AbstractWorkers, Do, Outcome

# Enough that a worker never waits for the client, and few enough that little is lost with the scheduler.
_TASKS_PER_THREAD = 2
_SECONDS_BETWEEN_COUNTS = 5.0
CONNECT_TIMEOUT = "10s"


class ClusterError(TegumError, ConnectionError):
    """The Dask scheduler cannot be reached, or is gone."""


class ClusterWorkers(AbstractWorkers):
    """Workers of a Dask cluster.

    Args:
        client: a `distributed.Client`.
        do: how a task is done; training, if left out.

    Raises:
        InputError: it is something else.
    """

    def __init__(self, client: Any, do: Do | None = None) -> None:
        super().__init__()
        self._do = do or run_task
        if not (hasattr(client, "submit") and hasattr(client, "scheduler_info")):
            raise InputError(f"client must be a distributed.Client; got {client!r}. Leave it out to work here.")
        self._client = client
        self._futures: dict[str, Any] = {}  # Dask drops a task whose future nobody holds
        self._room, self._counted = 0, -_SECONDS_BETWEEN_COUNTS
        self._lost = False

    def room(self) -> int:
        """See AbstractWorkers; looked up now and then, as workers come and go."""
        if time.monotonic() - self._counted > _SECONDS_BETWEEN_COUNTS:
            try:
                n_threads = sum(self._client.nthreads().values())
            except OSError:
                self._lost = True
                self.check()
                raise
            self._room = _TASKS_PER_THREAD * max(1, n_threads)
            self._counted = time.monotonic()
        return self._room

    def start(self, key: str, content: str) -> None:
        """See AbstractWorkers."""
        self._futures[key] = self._client.submit(self._do, content, 1, None, key=f"tegum-{key}")
        self._futures[key].add_done_callback(lambda done: self.put(key, done))

    def put(self, key: str, future: Any) -> None:
        """See AbstractWorkers; the bytes travel now, in a thread of the client."""
        if future.status == "finished":
            try:
                self.hand_in(Outcome(key, future.result(), None))
            except Exception:  # the task was done, and its bytes are out of reach
                self._lost = True
        elif future.status == "error":
            super().put(key, future)
        else:  # cancelled, as all futures are when the scheduler goes
            self._lost = True
        self._futures.pop(key, None)

    def check(self) -> None:
        """See AbstractWorkers."""
        if self._lost or self._client.status != "running":
            raise ClusterError(
                "lost the Dask scheduler. What was finished is kept; start the sweep again with a new one, or without."
            )

    def stop(self) -> None:
        """See AbstractWorkers."""
        with contextlib.suppress(Exception):  # on the way out, perhaps without a scheduler
            if self._client.status == "running":
                self._client.cancel(list(self._futures.values()))


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """A client of the scheduler at an address such as tcp://host:8786, or None for no address.

    Raises:
        InputError: Dask is not installed. ClusterError: there is no scheduler.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise InputError('a scheduler needs Dask: pip install "tegum[cluster]".') from None
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(
            f"cannot reach a Dask scheduler at {address!r} ({error}). Start one: dask scheduler."
        ) from None
    with client:
        yield client
