"""Models, cases and codes run side by side, one to a processor; products of arrays get one thread."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def n_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread_for_arrays() -> Iterator[None]:
    """Let the linear algebra behind numpy and scipy use one thread while this lasts.

    Products in experiments are small and many. On a machine that has other work, the threads of one product wait for
    each other, and burn three times the processor time that the product takes.

    Example:
        >>> import numpy as np
        >>> from threadpoolctl import threadpool_info
        >>> with one_thread_for_arrays():
        ...     {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
        {1}
    """
    import scipy.linalg  # noqa: F401 - with numpy's, what is limited must be loaded
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
