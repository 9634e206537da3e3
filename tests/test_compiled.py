"""The cache of compiled code: named after everything that was compiled, and kept where it can be written."""

import os
from pathlib import Path

import pytest
from numba.core import config

from tegum.ground import compiled


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two compiled files, of which the cache knows nothing yet."""
    for name in ("ground/compiled.py", "kernels/loop.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(compiled, "_SOURCES", tmp_path)
    compiled._source_hash.cache_clear()
    yield tmp_path
    compiled._source_hash.cache_clear()


def folder() -> Path:
    compiled._source_hash.cache_clear()
    return compiled.cache_folder()


def test_a_change_in_any_compiled_source_makes_a_new_cache(sources):
    first = folder()
    assert folder() == first
    (sources / "kernels" / "loop.py").write_text("2")
    second = folder()
    (sources / "kernels" / "more.py").write_text("1")
    assert len({first, second, folder()}) == 3
    (sources / "ground" / "other.py").write_text("1")  # compiles nothing
    assert len({first, second, folder()}) == 3
    assert first.parent == sources / "__pycache__"


def test_the_cache_moves_to_the_user_where_the_package_is_read_only(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert folder().parent == tmp_path / "cache"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert folder().parent == tmp_path / "home" / ".cache"


def test_the_setting_of_numba_is_left_as_it_was(monkeypatch):
    for chosen in ("", "/somewhere"):
        monkeypatch.setattr(config, "CACHE_DIR", chosen)
        compiled.compiled(lambda x: x)
        assert chosen == config.CACHE_DIR
