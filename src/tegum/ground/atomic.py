"""Files that are there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tegum.ground.errors import FileError


def check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse a file that exists, and a folder that is missing or cannot be written to.

    Raises:
        FileError: with what to do instead.
    """
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder; give the name of a file.")
        if path.exists() and not overwrite:
            raise FileError(f"{path} exists. Choose another name, or pass overwrite=True (--overwrite).")
        if not path.parent.is_dir():
            raise FileError(f"cannot write {path}: there is no folder {path.parent}. Make it first.")
    except FileError:
        raise
    except OSError as error:  # a folder that may not be looked into, or a name that is too long
        raise FileError(f"cannot write {path}: {error.strerror or error}. Choose another name or folder.") from None
    if not os.access(path.parent, os.W_OK):
        raise FileError(f"cannot write {path}: the folder {path.parent} is not writable. Choose another.")


@contextmanager
def replacing(path: str | os.PathLike[str], *, overwrite: bool) -> Iterator[Path]:
    """Write to a temporary name in the same folder and rename at the end: a file is there whole or not at all."""
    path = Path(path)
    check_target(path, overwrite=overwrite)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise FileError(
            f"cannot write {path}: {error.strerror or error}. Choose a folder that exists and is writable."
        ) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Fill a new folder beside `path` and put it in its place at the end; what was there before goes then."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}. Choose a folder that is writable.") from None
    new, old = room / "new", room / "old"
    try:
        new.mkdir()
        yield new
        if path.exists():
            path.rename(old)  # removing it takes a while, and a folder half removed must not be seen
        new.rename(path)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}.") from error
    finally:
        if old.exists() and not path.exists():
            old.rename(path)
        shutil.rmtree(room, ignore_errors=True)
