"""Every import of the package points down: to a lower layer, or within its folder without circles."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "tegum"
MOST_LINES = 400
FILES = sorted(path for path in PACKAGE.rglob("*.py"))
FREE = {"__init__.py", "__main__.py"}  # of the package itself: above everything


class Place(NamedTuple):
    """Where a folder or file stands: its layer, and the line of the table, whose files belong together."""

    layer: int
    row: int


def places_as_documented() -> dict[str, Place]:
    """Folder or file -> its place, from the first table of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", text, flags=re.MULTILINE)
    return {
        name.rstrip("/"): Place(int(layer), row)
        for row, (layer, names) in enumerate(rows)
        for name in re.findall(r"`([^`]+)`", names)
    }


PLACES = places_as_documented()
# What the table does not list stands above everything; a test asks for its line in the table.
UNLISTED = Place(max(place.layer for place in PLACES.values()) + 1, len(PLACES))


class Import(NamedTuple):
    """One imported module of the package; `line` as "file:number"."""

    line: str
    module: str


def imports(source: str, path: Path) -> Iterator[Import]:
    """What a file takes from the package, wherever it says so: inside functions and for type checkers too."""
    for node in ast.walk(ast.parse(source)):
        line = f"{path.relative_to(ROOT) if path.is_absolute() else path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            yield from (Import(line, alias.name) for alias in node.names if alias.name.split(".")[0] == "tegum")
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield Import(line, "." * node.level + (node.module or ""))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tegum":
            for alias in node.names:  # `from tegum.ground import streams` imports a module, if there is one
                inner = f"{node.module}.{alias.name}"
                yield Import(line, inner if located(inner) else str(node.module))


def located(module: str) -> Path | None:
    """The file of a module of the package."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    found = [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()]
    return found[0] if found else None


def entry(path: Path) -> str:
    """The entry of the table that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0]


def faults(source: str, path: Path) -> Iterator[str]:
    own = PLACES.get(entry(path), UNLISTED)
    for line, module in imports(source, path):
        target = located(module)
        if module.startswith("."):
            yield f"{line} imports {module}: write the full name"
        elif module == "tegum":
            yield f"{line} imports the root package, which stands above everything: take the name from where it is made"
        elif target is None:
            yield f"{line} imports {module}, which is not there"
        else:
            other = PLACES.get(entry(target), UNLISTED)
            if other.layer >= own.layer and other != own:
                what = f"{entry(target)} is in layer {other.layer}, {entry(path)} in {own.layer}"
                yield f"{line} imports {module}: {what}; only lower layers may be imported"


def test_the_table_lists_every_folder_and_file():
    there = {entry(path) for path in FILES} - FREE
    assert there - set(PLACES) == set(), "give it a layer in docs/architecture.md"
    assert set(PLACES) - there == set(), "docs/architecture.md lists what is not there"


def test_every_import_points_down():
    found = [fault for path in FILES if entry(path) not in FREE for fault in faults(path.read_text(), path)]
    assert not found, "\n".join(sorted(set(found)))


def test_nothing_imports_in_a_circle():
    graph = {path: {located(module) for _, module in imports(path.read_text(), path)} - {path, None} for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        names = [str(path.relative_to(PACKAGE)) for path in error.args[1]]
        pytest.fail("a circle of imports: " + " ← ".join(names))


def test_no_file_is_too_long():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in FILES}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}, f"stop and think at {MOST_LINES} lines"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import tegum", "imports the root package"),
        ("from tegum import train", "imports the root package"),
        ("from . import streams", "write the full name"),
        ("from ..problem import Problem", "write the full name"),
        ("import tegum.problem.grid as g", "problem is in layer 3, ground in 0"),
        ("from tegum import measure", "measure is in layer 2"),
        ("def f():\n    from tegum.kernels import loop", "ground/x.py:2 imports tegum.kernels.loop"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tegum.store import load", "ground/x.py:3"),
        ("from tegum.nowhere import x", "which is not there"),
    ],
)
def test_control_every_kind_of_import_is_seen(source, words):
    (fault,) = faults(source, PACKAGE / "ground" / "x.py")
    assert words in fault


def test_control_what_is_allowed_is_allowed():
    source = "import numpy\nfrom tegum.ground import streams\nfrom tegum.problem.grid import Grid\nimport tegum.models"
    assert list(faults(source, PACKAGE / "kernels" / "x.py")) == []
