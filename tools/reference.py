"""The reference page: public names by topic, from their signatures and docstrings."""

import ast
import importlib
import inspect
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tegum.ground.record import FrozenRecord


class Topic(NamedTuple):
    """A section of the reference: the names of a module, in the order in which they are to be read."""

    title: str
    module: str
    names: tuple[str, ...] = ()  # all public names of the module if empty


TOPICS = (
    Topic(
        "The question",
        "tegum",
        ("Problem", "Constant", "Geometric", "PowerLaw", "Grid", "Axis", "TrainSettings", "Record", "sample_features"),
    ),
    Topic("Training", "tegum", ("train", "Progress")),
    Topic("Files and weights", "tegum", ("save", "load", "save_weights", "load_weights", "to_torch")),
    Topic("The record of a dataset", "tegum.store", ("Provenance", "provenance_of", "problems_of")),
    Topic("Measures", "tegum.measure"),
    Topic("Geometry", "tegum.geometry"),
    Topic("Theory", "tegum.theory"),
    Topic("Figures", "tegum.plot"),
    Topic("Experiments and claims", "tegum.experiments"),
    Topic("The page of a run", "tegum.report"),
    Topic(
        "Numbers with their uncertainty",
        "tegum.ground.estimate",
        ("Estimate", "mean_estimate", "share_estimate", "group_estimate", "exact_estimate", "normal_estimate"),
    ),
    Topic("Kernels", "tegum.kernels.interface", ("AbstractKernel", "AbstractRun", "Losses")),
    Topic("The fast kernel", "tegum.kernels.fused", ("FusedKernel",)),
    Topic("Errors", "tegum", ("TegumError", "InputError", "ShapeError", "FileError", "DivergedError")),
)


def reference_sections() -> str:
    """A section for each topic: names with their signatures and the first lines of their docstrings."""
    left_out = _public(importlib.import_module("tegum")) - {n for t in TOPICS if t.module == "tegum" for n in t.names}
    if left_out:
        raise SystemExit(f"regen: no topic of the reference holds {', '.join(sorted(left_out))}; add it to TOPICS.")
    sections = []
    for topic in TOPICS:
        module = importlib.import_module(topic.module)
        names = topic.names or sorted(_public(module), key=str.lower)
        entries = "\n".join(_entry(module, name) for name in names)
        sections.append(f"## {topic.title}: `{topic.module}`\n\n{entries}\n")
    return "\n".join(sections)


def _public(module: Any) -> set[str]:
    """What a module offers: its __all__, or else what it defines or takes from this package."""
    listed = getattr(module, "__all__", None)
    own = (n for n, value in vars(module).items() if str(getattr(value, "__module__", "")).startswith("tegum"))
    return {name for name in (own if listed is None else listed) if not name.startswith("_")}


def _entry(module: Any, name: str) -> str:
    value = getattr(module, name)
    if not callable(value) or not inspect.getdoc(value):
        text = _texts_below_values(module).get(name, "")
    else:
        text = inspect.getdoc(value) or ""
    line = " ".join(text.split("\n\n")[0].split())
    return f"- **`{name}`**{_signature(value)}" + (f": {line}" if line else "")


def _signature(value: Any) -> str:
    """Arguments without their types; nothing for interfaces, exceptions and values."""
    if inspect.isclass(value) and issubclass(value, FrozenRecord):
        fields = value.model_fields.items()
        return f"`({', '.join(n if f.is_required() else f'{n}={f.default!r}' for n, f in fields if f.repr)})`"
    if not (inspect.isfunction(value) or inspect.isclass(value)):
        return ""
    if inspect.isclass(value) and (issubclass(value, Exception | dict) or inspect.isabstract(value)):
        return ""
    signature = inspect.signature(value)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return f"`{signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)}`"


def _texts_below_values(module: Any) -> dict[str, str]:
    """The strings that stand below assignments in the files of a package: values have no docstring of their own."""
    found = {}
    for path in sorted(Path(inspect.getfile(module)).parent.glob("*.py")):
        for statement, below in pairwise(ast.parse(path.read_text(encoding="utf-8")).body):
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                targets = (
                    statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
                )
                found |= {target.id: str(below.value.value) for target in targets if isinstance(target, ast.Name)}
    return found
