"""The reference page: public names by topic, from their signatures and docstrings."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tegum.ground.record import FrozenRecord
from tegum.measure import MEASURES


class Topic(NamedTuple):
    """A section of the reference: the names of a module, in the order in which they are to be read."""

    title: str
    module: str
    names: tuple[str, ...] = ()  # all public names of the module if empty


TOPICS = (
    Topic(
        "The question",
        "tegum",
        (
            "Problem",
            "Constant",
            "Geometric",
            "PowerLaw",
            "Grid",
            "Axis",
            "TrainSettings",
            "Record",
            "sample_features",
            "training_features",
        ),
    ),
    Topic("Training", "tegum", ("train", "Progress")),
    Topic("Optima of the exact loss", "tegum", ("find_optima", "DescentSettings")),
    Topic(
        "Sweeps",
        "tegum.sweeps",
        (
            "sweep",
            "open_sweep",
            "sweep_recovery",
            "SweepSpec",
            "run_spec",
            "SweepResult",
            "FailedTask",
            "SweepProgress",
            "DamagedTaskWarning",
            "ClusterError",
        ),
    ),
    Topic("Files and weights", "tegum", ("save", "load", "save_weights", "load_weights", "to_torch")),
    Topic("The record of a dataset", "tegum.store", ("Provenance", "provenance_of", "problems_of")),
    Topic("Measures", "tegum.measure", tuple(MEASURES)),
    Topic(
        "What neurons stand for",
        "tegum.measure",
        ("features_per_neuron", "neuron_codes", "NeuronCode", "shared_neurons", "SharedNeuron"),
    ),
    Topic("Jumps while learning", "tegum.measure", ("find_jumps", "Jump", "steepest_drops", "drop_places")),
    Topic("The lowest-loss model", "tegum.measure", ("best_model", "lowest_loss")),
    Topic("The table of measures", "tegum.measure", ("MEASURES", "Measure", "Invariance", "KnownValue")),
    Topic("Geometry", "tegum.geometry"),
    Topic("Theory", "tegum.theory"),
    Topic("Families of directions", "tegum.codes"),
    Topic("Decoders", "tegum.decoders"),
    Topic("Circuits in superposition", "tegum.circuits"),
    Topic(
        "Recovery by sampling",
        "tegum.recovery",
        (
            "recover",
            "StopRule",
            "RecoverySpec",
            "find_transition",
            "Transition",
            "Point",
            "share_over_codes",
            "mean_over_codes",
        ),
    ),
    Topic("Layers, simulated", "tegum.depth", ("simulate_layers",)),
    Topic("A corrector in superposition, simulated", "tegum.corrector", ("simulate_correction",)),
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


def reference_sections() -> list[str]:
    """A section for each topic: names with their signatures and the first lines of their docstrings."""
    _refuse_gaps()
    sections = []
    for topic in TOPICS:
        module = importlib.import_module(topic.module)
        entries = "\n".join(_entry(module, name) for name in topic.names or sorted(_public(module), key=str.lower))
        sections.append(f"## {topic.title}: `{topic.module}`\n\n{entries}\n")
    return sections


def _refuse_gaps() -> None:
    """Every public name of `tegum` and of the packages below must stand in a topic."""
    for package in ("tegum", "tegum.measure", "tegum.store"):
        listed = {name for topic in TOPICS for name in topic.names}
        missing = sorted(_public(importlib.import_module(package)) - listed)
        if missing:
            raise SystemExit(f"regen: no topic of the reference holds {', '.join(missing)} of {package}; see TOPICS.")


def _public(module: Any) -> set[str]:
    """What a module offers: its __all__, or else what it takes from this package."""
    own = [name for name, value in vars(module).items() if str(getattr(value, "__module__", "")).startswith("tegum")]
    return {name for name in getattr(module, "__all__", own) if not name.startswith("_")}


def _entry(module: Any, name: str) -> str:
    value = getattr(module, name)
    documented = inspect.isclass(value) or _is_function(value)
    text = inspect.getdoc(value) if documented else _texts_below_values(Path(inspect.getfile(module)).parent).get(name)
    if not text:
        raise SystemExit(
            f"regen: {module.__name__}.{name} has no docstring; write one, or a string below its assignment."
        )
    return f"- **`{name}`**{_signature(value)}: {' '.join(text.split(chr(10) * 2)[0].split())}"


def _is_function(value: Any) -> bool:
    return inspect.isfunction(value) or hasattr(value, "__wrapped__")


def _signature(value: Any) -> str:
    """Arguments with their defaults and without their types; nothing for interfaces, exceptions and values."""
    if inspect.isclass(value) and not issubclass(value, Exception | dict) and not inspect.isabstract(value):
        return f"`({', '.join(_of_record(value) if issubclass(value, FrozenRecord) else _of_function(value))})`"
    return f"`({', '.join(_of_function(value))})`" if _is_function(value) else ""


def _of_record(record: type[FrozenRecord]) -> Iterator[str]:
    """The fields of a record, or the arguments of its own constructor where it has one."""
    arguments = [*inspect.signature(record.__init__).parameters.values()][1:]
    if [argument.kind for argument in arguments] != [inspect.Parameter.VAR_KEYWORD]:
        yield from map(_argument, arguments)
        return
    for name, field in record.model_fields.items():
        if field.repr:
            default = inspect.Parameter.empty if field.is_required() else field.default
            yield _argument(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default))


def _of_function(function: Any) -> Iterator[str]:
    """The arguments of a function, with the bare star where keywords begin."""
    starred = False
    for argument in inspect.signature(function).parameters.values():
        if argument.kind is argument.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        yield _argument(argument)


def _argument(argument: inspect.Parameter) -> str:
    name, default = argument.name, argument.default
    if argument.kind is argument.VAR_KEYWORD:
        return f"**{name}"
    if default is argument.empty:
        return name
    if callable(default):
        return f"{name}=..."  # its address would differ from run to run
    return f"{name}={default:.6g}" if isinstance(default, float) else f"{name}={default!r}"


@cache
def _texts_below_values(folder: Path) -> dict[str, str]:
    """The strings that stand below assignments in the files of a package: values have no docstring of their own."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        for statement, below in pairwise(ast.parse(path.read_text(encoding="utf-8")).body):
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                target = (
                    statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
                )
                if isinstance(target, ast.Name):
                    found[target.id] = str(below.value.value)
    return found
