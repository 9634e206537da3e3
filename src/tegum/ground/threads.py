"""One thread for products of arrays: models, cases and codes are what runs side by side."""

from collections.abc import Iterator
from contextlib import contextmanager

import scipy.linalg  # noqa: F401 - with numpy's, what is limited must be loaded
from threadpoolctl import threadpool_limits


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
    with threadpool_limits(1, user_api="blas"):
        yield
