"""Every public name says what it is, what it takes and gives, and shows it in an example.

That the examples run is the business of pytest --doctest-modules; that they are there is checked here.
"""

import ast
import dataclasses
import importlib
import inspect
import re
import typing
from collections.abc import Iterator
from types import ModuleType

import pytest

PUBLIC = [
    "tegum", "tegum.geometry", "tegum.theory", "tegum.measure", "tegum.problem", "tegum.store", "tegum.plot",
    "tegum.report",
]  # fmt: skip
MODULES = {name: importlib.import_module(name) for name in PUBLIC}
# Tables and aliases: no docstring of their own, described where they stand.
DATA = {"MEASURES", "Invariance", "Magnitude"}
OBJECTS = {
    f"{name}.{public}": getattr(module, public)
    for name, module in MODULES.items()
    for public in module.__all__
    if public not in DATA
}


def is_record(value: object) -> bool:
    """A class that only holds what functions give or take; their examples show it."""
    kinds = typing.is_typeddict(value) or dataclasses.is_dataclass(value)
    return inspect.isclass(value) and (kinds or issubclass(value, tuple | BaseException))


SHOWN = {name: value for name, value in OBJECTS.items() if not is_record(value)}
EXPLAINED = {name: value for name, value in OBJECTS.items() if not typing.is_typeddict(value)}


def documentation(value: object) -> str:
    return inspect.getdoc(value) or ""


def imported(module: ModuleType) -> set[str]:
    """Names that the module's own file takes from the package."""
    tree = ast.parse(inspect.getsource(module))
    taken = [node for node in tree.body if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tegum")]
    return {alias.asname or alias.name for node in taken for alias in node.names}


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_what_is_imported_at_a_door_is_listed(module):
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert imported(module) - set(module.__all__) == set()


def test_only_data_goes_without_a_docstring():
    assert [name for name, value in OBJECTS.items() if not (inspect.isclass(value) or inspect.isroutine(value))] == []


@pytest.mark.parametrize("value", OBJECTS.values(), ids=OBJECTS)
def test_every_public_name_says_what_it_is_in_a_sentence(value):
    first = documentation(value).partition("\n")[0]
    assert first.endswith((".", "?", ":", "...")), f"first line of its docstring: {first!r}"


@pytest.mark.parametrize("value", SHOWN.values(), ids=SHOWN)
def test_every_public_name_has_an_example(value):
    assert re.search(r"^Example\b.*:", documentation(value), re.MULTILINE), "no section Example"
    assert ">>> " in documentation(value)


def parameters(value: typing.Any) -> list[str]:
    if inspect.isclass(value) and issubclass(value, BaseException):
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, parameter in inspect.signature(value).parameters.items() if parameter.kind not in variable]


@pytest.mark.parametrize("value", EXPLAINED.values(), ids=EXPLAINED)
def test_every_argument_is_explained(value):
    sections = re.findall(r"^(?:Args|Attributes):\n((?: .*\n?|\n)*)", documentation(value), re.MULTILINE)
    heads = [line.partition(":")[0] for line in "\n".join(sections).splitlines() if ":" in line]
    named = {word for head in heads for word in re.findall(r"\w+", head)}
    assert [name for name in parameters(value) if name not in named] == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(value, id=name)
        for name, value in OBJECTS.items()
        if inspect.isfunction(value) and inspect.signature(value).return_annotation not in (None, Iterator[None])
    ],
)
def test_every_result_is_explained(value):
    assert re.search(r"^(Returns|Yields):", documentation(value), re.MULTILINE), "no section Returns"
