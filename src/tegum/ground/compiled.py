"""numba with a cache on disk that knows when any compiled source has changed.

numba's own cache looks only at the file of the function it compiles, so an edit in a function that is called from there
goes unnoticed. Here the cache lives in a folder named after the content of all compiled sources.
"""

import functools
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config as numba_config

_SOURCES = Path(__file__).parent.parent
config: Any = numba_config
Function = TypeVar("Function", bound=Callable[..., Any])

_DAY = 86_400.0
_COMPILED = (
    "ground/compiled.py",
    "ground/streams.py",
    "theory/*.py",
    "circuits/pairs_kernel.py",
    "codes/entries.py",
    "codes/quantile.py",
    "decoders/pursuit_kernel.py",
    "kernels/*.py",
)


@functools.cache
def _source_hash() -> str:
    files = sorted(path for pattern in _COMPILED for path in _SOURCES.glob(pattern))
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where compiled kernels are kept: beside the package if that can be written to, else in the user's cache.

    Example:
        >>> cache_folder().name.startswith("tegum-")
        True
    """
    beside = _SOURCES / "__pycache__"
    writable = os.access(beside if beside.exists() else _SOURCES, os.W_OK)
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (beside if writable else users) / f"tegum-{_source_hash()}"


def _forget_old_caches(folder: Path) -> None:
    """Remove what earlier versions of these sources left beside the package, if it is more than a day old."""
    for old in folder.parent.glob("tegum-*"):
        if old != folder and time.time() - old.stat().st_mtime > _DAY:
            shutil.rmtree(old, ignore_errors=True)


def compiled(function: Function) -> Function:
    """Compile a part of a kernel. It is inlined where it is called: at this grain a call costs as much as the work."""
    return _compile(function, forceinline=True)


def compiled_door(function: Function) -> Function:
    """Compile what Python calls; it releases the interpreter lock, so that threads can share the work out."""
    return _compile(function, nogil=True)


def compiled_sums(function: Function) -> Function:
    """Compile loops whose sums may be taken in any order, so that they run on vectors."""
    return _compile(function, fastmath={"reassoc"})


def _compile(function: Function, **options: Any) -> Function:
    # Without numba's runtime (_nrt) arrays are not reference-counted: the counts are atomic, threads fight over them,
    # and they made small kernels ten times slower. The price is that compiled code cannot allocate: callers bring the
    # room.
    njit: Any = numba.njit
    decorate = njit(cache=True, error_model="numpy", _nrt=False, **options)
    if config.CACHE_DIR:  # the user has chosen a place
        return decorate(function)
    folder = cache_folder()
    if not folder.exists():
        _forget_old_caches(folder)
    config.CACHE_DIR = str(folder)  # numba reads it once, when it decorates
    try:
        return decorate(function)
    finally:
        config.CACHE_DIR = ""
