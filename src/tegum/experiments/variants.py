"""Variants of an experiment: some of its settings changed, its figures drawn, its claims left alone.

A setting is named by its field (`starts`), by its path (`training.n_steps`), or, where that says the same, by the last
word of its path (`n_steps`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tegum.experiments.base import Data, Plate
from tegum.experiments.registry import experiment
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener, listener
from tegum.ground.record import FrozenRecord
from tegum.ground.threads import one_thread_for_arrays
from tegum.problem import Problem


class Variant(NamedTuple):
    """What a variant of an experiment gave.

    Args:
        settings: all settings that it ran with.
        data: its datasets by name.
        plates: its figures, each with a name and a caption.

    Example: see `run_variant`.
    """

    settings: FrozenRecord
    data: Data
    plates: list[Plate]


def run_variant(name: str, preset: str = "quick", /, *, progress: bool | Listener = False, **changes: Any) -> Variant:
    """Run an experiment with settings of your own.

    Its claims are not judged: their criteria were fixed for the settings of the presets.

    Args:
        name: id of the experiment, as listed by `tegum list`.
        preset: "quick" or "paper", the settings to start from.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a `Progress`.
        changes: settings by name, as `tegum run NAME --settings` lists them. A record of settings can be given whole,
            or as a dictionary of the fields to change; a path is written `**{"training.n_steps": 9}`.

    Returns:
        The settings, the datasets and the figures.

    Raises:
        InputError: an unknown experiment or preset, an unknown or ambiguous setting, or a value that it cannot have.

    Example: how the optima of three pairs look at two probabilities of our own.
        >>> variant = run_variant("collapse", starts=6, feature_probability=(0.1, 0.4))
        >>> dict(variant.data["descents"]["loss"].sizes), [plate.name for plate in variant.plates]
        ({'feature_probability': 2, 'model': 6}, ['arrangements', 'collapsed'])
    """
    chosen = experiment(name)
    settings = changed(chosen.settings(preset), changes)
    with listener(progress, chosen.title) as tell, one_thread_for_arrays():
        data = chosen.run(settings, tell)
    return Variant(settings, data, list(chosen.plates(data)))


def flat(settings: FrozenRecord) -> dict[str, Any]:
    """Every setting by its path, with its value as JSON can hold it. A profile is one value.

    What a sweep replaces is left out: fields of a problem that the settings themselves have.

    Example:
        >>> from tegum.experiments import experiment
        >>> list(flat(experiment("many-features").settings("quick")).items())[:2]
        [('problem.n_features', 80), ('problem.n_hidden', 20)]
    """
    found = {}
    plain = settings.model_dump(mode="json")
    for name, value in settings:
        if _has_settings(value):
            found |= {f"{name}.{path}": inner for path, inner in flat(value).items() if _counts(settings, value, path)}
        else:
            found[name] = plain[name]
    return found


def changed(settings: FrozenRecord, changes: Mapping[str, Any]) -> Any:
    """The same settings with some of them changed, validated again.

    Args:
        settings: what to start from.
        changes: values by name. A table of several fields changes these fields of the record of that name.

    Returns:
        A record of the same kind.

    Raises:
        InputError: an unknown or ambiguous name, a setting named twice, or a value that it cannot have.

    Example:
        >>> from tegum.experiments import experiment
        >>> quick = experiment("five-in-two").settings("quick")
        >>> changed(quick, {"n_steps": 9}).training.n_steps
        9
    """
    tree: dict[str, Any] = {}
    for name, value in changes.items():
        _plant(tree, path_of(settings, name).split("."), name, value)
    return _graft(settings, tree)


def path_of(settings: FrozenRecord, name: str) -> str:
    """The full path of a setting from its name, with hyphens or underscores.

    Raises:
        InputError: there is none of that name, or more than one.
    """
    name = name.strip().replace("-", "_")
    paths = _paths(settings)
    if name in paths:
        return name
    ending = [path for path in paths if path.endswith(f".{name}")]
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise InputError(f"{name!r} may be {' or '.join(ending)}; say which.")
    hint = " Use feature_probability = 1 - sparsity." if name == "sparsity" else ""
    raise InputError(f"there is no setting {name!r}; those that can be set are {', '.join(flat(settings))}.{hint}")


def differences(before: FrozenRecord, after: FrozenRecord) -> dict[str, Any]:
    """Settings by path in which the second record differs from the first, as JSON can hold them."""
    old, new = (flat(record) for record in (before, after))
    return {path: value for path, value in new.items() if path not in old or old[path] != value}


def _paths(settings: FrozenRecord) -> list[str]:
    """Paths of all fields, those that are records included."""
    paths = []
    for name, value in settings:
        paths.append(name)
        if _has_settings(value):
            paths += [f"{name}.{path}" for path in _paths(value) if _counts(settings, value, path)]
    return paths


def _counts(settings: FrozenRecord, inner: FrozenRecord, path: str) -> bool:
    """Whether a field of an inner record has a say: a sweep over a field of the problem replaces it."""
    return not (isinstance(inner, Problem) and path in type(settings).model_fields)


def _has_settings(value: Any) -> bool:
    """Whether a value is a record to look into. The profile of a number per feature is one value."""
    return isinstance(value, FrozenRecord) and "profile" not in type(value).model_fields


def _plant(tree: dict[str, Any], path: list[str], name: str, value: Any) -> None:
    """Put a value at its place in a tree of changes."""
    *way, last = path
    for word in way:
        tree = tree.setdefault(word, {})
        if not isinstance(tree, dict):
            raise InputError(f"{name!r} is set twice, once with the record that holds it; set it once.")
    if last in tree:
        raise InputError(f"{name!r} is set twice; set it once.")
    tree[last] = value


def _graft(settings: FrozenRecord, tree: Mapping[str, Any]) -> FrozenRecord:
    """A record with the fields of a tree of changes in the place of its own."""
    changes = {}
    for name, value in tree.items():
        here = getattr(settings, name, None)
        if isinstance(here, FrozenRecord) and _has_settings(here) and isinstance(value, Mapping):
            changes[name] = _graft(here, value)
        else:
            changes[name] = value
    return settings.replace(**changes)
