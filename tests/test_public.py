"""Every public name says what it is, what it takes and gives, and shows it in an example.

That the examples run is the business of pytest --doctest-modules; that they are there is checked here.
"""

import ast
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import tegum

PACKAGE = Path(tegum.__file__).parent
# the root, and every folder that lists its public names
PUBLIC = ["tegum"] + [
    f"tegum.{path.parent.name}" for path in sorted(PACKAGE.glob("*/__init__.py")) if "\n__all__ = " in path.read_text()
]
MODULES = {name: importlib.import_module(name) for name in PUBLIC}
NAMES = [(name, public) for name, module in MODULES.items() for public in module.__all__]
# Tables and aliases are data: no docstring of their own, described where they stand.
DATA = {"MEASURES", "Magnitude", "__version__"}


def documented(module: str, public: str) -> str:
    return inspect.getdoc(getattr(MODULES[module], public)) or ""


def is_data(value: object) -> bool:
    return not (inspect.isclass(value) or inspect.isroutine(value))


def is_exception(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseException)


DESCRIBED = [name for name in NAMES if name[1] not in DATA]
SHOWN = [
    (module, public) for module, public in DESCRIBED if not is_exception(getattr(MODULES[module], public))
]  # fmt: skip


@pytest.mark.parametrize("module", PUBLIC)
def test_public_lists_are_sorted_and_complete(module):
    names = MODULES[module].__all__
    assert list(names) == sorted(set(names), key=lambda name: (not name.isupper(), not name[:1].isupper(), name))
    assert [name for name in names if not hasattr(MODULES[module], name)] == []
    assert imported(MODULES[module]) - set(names) == set(), "imported at the door, but not in __all__"


def imported(module: ModuleType) -> set[str]:
    """Names that the module's own file takes from the package."""
    tree = ast.parse(inspect.getsource(module))
    taken = [node for node in tree.body if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tegum")]
    return {alias.asname or alias.name for node in taken for alias in node.names}


def test_only_data_goes_without_a_docstring():
    assert {public for module, public in NAMES if is_data(getattr(MODULES[module], public))} <= DATA


@pytest.mark.parametrize(("module", "public"), DESCRIBED)
def test_every_public_name_is_described(module, public):
    first = documented(module, public).partition("\n")[0]
    assert first, "no docstring"
    assert first.endswith((".", "?", ":", "...")), f"the first line is a sentence: {first}"


@pytest.mark.parametrize(("module", "public"), SHOWN)
def test_every_public_name_has_an_example(module, public):
    text = documented(module, public)
    assert re.search(r"^Example\b.*:", text, re.MULTILINE), "no section Example"
    assert ">>> " in text


@pytest.mark.parametrize(("module", "public"), SHOWN)
def test_every_argument_and_result_is_explained(module, public):
    value, text = getattr(MODULES[module], public), documented(module, public)
    names = [
        name
        for name, parameter in inspect.signature(value).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    section = re.search(r"^Args:\n((?: +.*\n?|\n)*)", text, re.MULTILINE)
    explained = section.group(1) if section else ""
    assert [name for name in names if not re.search(rf"^ +(.*, )?{name}(,.*?)?( \(.*\))?:", explained, re.MULTILINE)] == []
    if inspect.isfunction(value) and inspect.signature(value).return_annotation is not None:
        assert re.search(r"^(Returns|Yields):", text, re.MULTILINE), "no section Returns"


def test_the_version_is_that_of_the_distribution():
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", tegum.__version__)
