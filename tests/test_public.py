"""Every public name says what it is, what it takes and gives, and shows it in an example.

That the examples run is the business of pytest --doctest-modules; that they are there is checked here.
"""

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from types import ModuleType

import pytest

import tegum

PUBLIC = [
    "tegum", "tegum.geometry", "tegum.theory", "tegum.codes", "tegum.decoders", "tegum.measure", "tegum.problem",
    "tegum.circuits", "tegum.store", "tegum.recovery", "tegum.sweeps", "tegum.plot", "tegum.experiments",
    "tegum.report",
]  # fmt: skip
MODULES = {name: importlib.import_module(name) for name in PUBLIC}
# Tables and aliases: no docstring of their own, described where they stand.
DATA = {
    "CODES", "CONVERSIONS", "CRITERIA", "DECODERS", "RISKS", "EXPERIMENTS", "MEASURES", "Invariance", "Magnitude",
    "NoiseLaw",
}  # fmt: skip
OBJECTS = {
    public: getattr(module, public)
    for module in MODULES.values()
    for public in module.__all__
    if public not in DATA
}  # fmt: skip


def imported(module: ModuleType) -> set[str]:
    """Names that the module's own file takes from the package."""
    tree = ast.parse(inspect.getsource(module))
    taken = [node for node in tree.body if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tegum")]
    return {alias.asname or alias.name for node in taken for alias in node.names}


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_what_is_imported_at_a_door_is_listed(module):
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert imported(module) - set(module.__all__) == set()


def test_names_that_are_fetched_when_used_are_those_that_type_checkers_see():
    (block,) = [node for node in ast.parse(inspect.getsource(tegum)).body if isinstance(node, ast.If)]
    shown = {
        (node.module, alias.name) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert shown == {(module, name) for name, module in tegum._HOME.items()}
    assert sorted(tegum._HOME) == tegum.__all__
    assert {*tegum.__all__, "__version__"} <= set(dir(tegum))
    for name, module in tegum._HOME.items():
        assert getattr(tegum, name) is getattr(importlib.import_module(module), name)
    with pytest.raises(AttributeError, match="module 'tegum' has no attribute 'tran'"):
        tegum.__getattr__("tran")


def test_importing_tegum_loads_nothing_large():
    code = "import sys, tegum; print(*sys.modules); print(tegum.Problem.__name__, tegum.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, names = done.stdout.splitlines()
    assert {"numpy", "xarray", "torch", "tegum.training"}.isdisjoint(modules.split())
    assert names == f"Problem {tegum.__version__}"


def is_record(value: object) -> bool:
    """A class that only holds what functions give or take, or an error; their examples show it."""
    kinds = typing.is_typeddict(value) or dataclasses.is_dataclass(value)
    return inspect.isclass(value) and (kinds or issubclass(value, tuple | BaseException))


def parameters(value: typing.Any) -> list[str]:
    if typing.is_typeddict(value) or (inspect.isclass(value) and issubclass(value, BaseException)):
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, parameter in inspect.signature(value).parameters.items() if parameter.kind not in variable]


def explained(text: str) -> set[str]:
    """Words before the colons of the sections about arguments and attributes."""
    sections = re.findall(r"^(?:Args|Attributes):\n((?: .*\n?|\n)*)", text, re.MULTILINE)
    heads = [line.partition(":")[0] for line in "\n".join(sections).splitlines() if ":" in line]
    return {word for head in heads for word in re.findall(r"\w+", head)}


def faults(value: typing.Any) -> Iterator[str]:
    """What the docstring of a public name lacks."""
    text = inspect.getdoc(value) or ""
    if not text.partition("\n")[0].endswith((".", "?", ":", "...")):
        yield "its first line is not a sentence"
    if not is_record(value) and not re.search(r"^Example\b.*:.*\n(.*\n)*? *>>> ", text, re.MULTILINE):
        yield "it has no section Example"
    yield from (f"it does not explain the argument {name}" for name in parameters(value) if name not in explained(text))
    gives = inspect.isfunction(value) and inspect.signature(value).return_annotation not in (None, Iterator[None])
    if gives and not re.search(r"^(Returns|Yields):", text, re.MULTILINE):
        yield "it has no section Returns"


@pytest.mark.parametrize("value", OBJECTS.values(), ids=OBJECTS)
def test_every_public_name_is_documented(value):
    assert inspect.isclass(value) or inspect.isroutine(value), "tables and aliases are to be listed in this test"
    assert list(faults(value)) == []


def test_control_a_bad_docstring_is_noticed():
    def bad(x: int, y: int) -> int:
        """Nothing much

        Args:
            x: a number.
        """
        return x + y

    assert list(faults(bad)) == [
        "its first line is not a sentence",
        "it has no section Example",
        "it does not explain the argument y",
        "it has no section Returns",
    ]
