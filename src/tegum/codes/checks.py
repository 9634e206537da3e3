"""What every code checks about its sizes and options."""

import inspect
from collections.abc import Callable, Mapping

from tegum.ground.errors import InputError

MOST_FEATURES = 2**32  # a feature is a 32-bit number where rows are made one by one
_N_COMMON = 4  # n_features, n_hidden, seed, index: what every family takes


def check_sizes(n_features: int, n_hidden: int, seed: int, index: int) -> None:
    """Refuse sizes below 1, anything that is no whole number, and a negative number of a code."""
    for name, value, least in (
        ("n_features", n_features, 1),
        ("n_hidden", n_hidden, 1),
        ("seed", seed, None),
        ("index", index, 0),
    ):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise InputError(f"{name} must be a whole number; got {value!r}. Convert it: int({name}).")
        if least is not None and value < least:
            raise InputError(f"{name} must be at least {least}; got {value}.")
    if n_features > MOST_FEATURES:
        raise InputError(f"n_features must be at most 2^32; got {n_features}. More features have no rows here.")


def check_options(family: str, maker: Callable[..., object], options: Mapping[str, object]) -> None:
    """Refuse an option that the maker of this family does not have."""
    parameters = list(inspect.signature(maker).parameters.values())[_N_COMMON:]
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return  # they are those of another family, which checks them
    known = [parameter.name for parameter in parameters]
    for option in options:
        if option not in known:
            has = f"its options are {', '.join(known)}" if known else "it has no options"
            raise InputError(f"codes of the family {family!r} have no option {option!r}; {has}. Leave it out.")
    for parameter in parameters:
        if parameter.default is inspect.Parameter.empty and parameter.name not in options:
            raise InputError(
                f"codes of the family {family!r} need the option {parameter.name}; pass {parameter.name}=..."
            )


def half_of(n_features: int) -> int:
    """Number of antipodal pairs."""
    if n_features % 2:
        raise InputError(f"antipodal features come in pairs, so n_features must be even; got {n_features}. Add one.")
    return n_features // 2
