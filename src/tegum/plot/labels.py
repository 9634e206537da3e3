"""Words for figures, read off the data: never typed beside them."""

import textwrap
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float

SYMBOLS: Final = {"feature_probability": "p", "n_features": "n", "n_hidden": "m", "importance": "I"}
"""The letters that figures use for the fields of a problem; other names are written out."""

_GLUE: Final = "\N{NO-BREAK SPACE}"
_CHARACTERS_PER_INCH: Final = 12.0  # DejaVu Sans at the size of a heading, a little on the safe side


def name_value(name: str, value: object) -> str:
    """A coordinate in words: the symbol of a known field, a number to four digits, a text as it is.

    Example:
        >>> name_value("feature_probability", 0.1), name_value("output", "relu")
        ('p = 0.1', 'output = relu')
    """
    return f"{SYMBOLS.get(name, name.replace('_', ' '))} = {_text(value)}"


def importance_formula(importances: Float[np.ndarray, " n_features"]) -> str:
    """The shortest true description of how importance depends on the feature i = 0, 1, ...

    Example:
        >>> importance_formula(0.7 ** np.arange(5.0)), importance_formula(np.ones(5))
        ('Iᵢ = 0.7ⁱ', 'I = 1')
    """
    first, last, i = importances[0], importances[-1], np.arange(len(importances))
    if np.allclose(importances, first, rtol=1e-5, atol=0.0):
        return f"I = {_text(first)}"
    if len(importances) > 2 and np.all(importances > 0.0):
        factor = "" if np.isclose(first, 1.0) else f"{_text(first)} · "
        ratio, exponent = importances[1] / first, np.log2(importances[1] / first)
        if np.allclose(importances, first * ratio**i, rtol=1e-4, atol=0.0):
            return f"Iᵢ = {factor}{_text(ratio)}ⁱ"
        if np.allclose(importances, first * (i + 1.0) ** exponent, rtol=1e-4, atol=0.0):
            return f"Iᵢ = {factor}(i + 1)^{_text(exponent)}"
    if len(importances) <= 3:
        return f"I = {', '.join(map(_text, importances))}"
    return f"I₀ = {_text(first)}, …, I{_subscript(len(importances) - 1)} = {_text(last)}"


def describe_problem(dataset: xr.Dataset) -> str:
    """What all cells of a dataset have in common: n, m, the importances and, if it is one number, p.

    What varies over the grid is left out, because it stands in the titles of the panels.

    Example:
        >>> describe_problem(xr.Dataset({"W": (("feature", "hidden"), np.eye(3)[:, :2])}))
        'n = 3 features, m = 2 dimensions'
    """
    words = [
        f"{name_value(field, count)} {noun}{'' if count == 1 else 's'}"
        for field, dimension, noun in (("n_features", "feature", "feature"), ("n_hidden", "hidden", "dimension"))
        if (count := _count(dataset, field, dimension)) is not None
    ]
    importances = _common_profile(dataset, "importances")
    if importances is not None:
        words.append(importance_formula(importances))
    probabilities = _common_profile(dataset, "probabilities")
    if probabilities is not None and np.all(probabilities == probabilities[0]):
        words.append(name_value("feature_probability", probabilities[0]))
    return ", ".join(words)


def selection(dataset: xr.Dataset) -> str:
    """The cell that was selected from a larger grid, as far as `describe_problem` does not say it.

    Example:
        >>> selection(xr.Dataset(coords={"output": "relu", "feature_probability": 0.1}))
        'output = relu'
    """
    scalars = {str(name): value.item() for name, value in dataset.coords.items() if value.ndim == 0}
    return ", ".join(name_value(name, value) for name, value in scalars.items() if name not in {*SYMBOLS, "model"})


def chosen_model(dataset: xr.Dataset) -> str:
    """How the model that a figure shows was chosen; empty if there was only one.

    Example:
        >>> chosen_model(xr.Dataset({"loss": ("model", [0.2, 0.1, 0.3])}))
        'lowest loss of 3 models'
    """
    n_models = dataset.sizes.get("model", 1)
    return f"lowest loss of {n_models} models" if n_models > 1 else ""


def heading(*parts: str, width: float) -> str:
    """The parts that are not empty, in lines that fit `width` inches and break inside a part only if they must.

    Example:
        >>> print(heading("n = 5 features, m = 2 dimensions", "", "lowest loss of 4 models", width=3.0))
        n = 5 features, m = 2 dimensions
        lowest loss of 4 models
    """
    characters = int(width * _CHARACTERS_PER_INCH)
    unbroken = (_glue(part, " " if len(part) < characters else " = ") for part in parts if part)
    lines = textwrap.wrap("; ".join(unbroken), width=characters)
    return "\n".join(line.removesuffix(";").replace(_GLUE, " ") for line in lines)


def _glue(text: str, where: str) -> str:
    """The text with no-break spaces for the spaces in every `where`."""
    return text.replace(where, where.replace(" ", _GLUE))


def _count(dataset: xr.Dataset, field: str, dimension: str) -> int | None:
    """The n or m of all cells, None if they differ.

    In a grid over it, small cells are filled up with zeros, so the size of the dimension is no answer there.
    """
    if field in dataset.coords:
        return None if dataset[field].ndim else int(dataset[field].item())
    return dataset.sizes.get(dimension)


def _common_profile(dataset: xr.Dataset, name: str) -> Float[np.ndarray, " n_features"] | None:
    """A variable over features if it is the same in every cell of the grid, in double precision."""
    if name not in dataset or _count(dataset, "n_features", "feature") is None:
        return None
    present = dataset[name].isel(feature=slice(_count(dataset, "n_features", "feature")))
    rows = present.transpose(..., "feature").to_numpy().astype(np.float64).reshape(-1, present.sizes["feature"])
    return rows[0] if np.all(rows == rows[0]) else None


def _text(value: object) -> str:
    """A number without needless digits, anything else as text."""
    return f"{value:.4g}" if isinstance(value, int | float | np.number) else str(value)


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
