"""Functions of a few signals: truth tables, and formulas over named signals that combine like Python's own booleans."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tegum.ground.errors import InputError

MOST_INPUTS = 6
"""A truth table of six inputs has 64 rows, which is one machine word."""

_NOT, _AND, _OR, _XOR = 0b01, 0b1000, 0b1110, 0b0110


@dataclass(frozen=True)
class Formula:
    """A Boolean function of named signals, whatever way it was written.

    `&`, `|`, `^` and `~` combine formulas, and keep only the signals that the result depends on, in the order of their
    names, so formulas with the same values are equal.

    Args:
        inputs: names of the signals, at most 6, ascending; a circuit refuses those that do not matter.
        table: truth table; bit r is the value in row r, in which input j is on if bit j of r is 1.

    Raises:
        InputError: more than 6 inputs, not ascending, or a table with more rows than they have.

    Example:
        >>> x, y = signals("x", "y")
        >>> (x & y | x & ~y) == x
        True
        >>> x ^ y
        Formula(inputs=('x', 'y'), table=6)
    """

    inputs: tuple[str, ...]
    table: int

    def __post_init__(self) -> None:
        _check_count(self.inputs)
        if list(self.inputs) != sorted(set(self.inputs)):
            raise InputError(f"the inputs of a formula ascend, each named once; got {self.inputs}. Use combine.")
        if not 0 <= self.table < 1 << (1 << len(self.inputs)):
            raise InputError(
                f"a table of {len(self.inputs)} inputs has {1 << len(self.inputs)} bits; got {self.table:#x}."
            )

    def __and__(self, other: Self) -> "Formula":
        return combine(_AND, self, other)

    def __or__(self, other: Self) -> "Formula":
        return combine(_OR, self, other)

    def __xor__(self, other: Self) -> "Formula":
        return combine(_XOR, self, other)

    def __invert__(self) -> "Formula":
        return combine(_NOT, self)


def signals(*names: str) -> tuple[Formula, ...]:
    """Formulas that are just these signals.

    Args:
        names: of the signals.

    Returns:
        A formula for each.

    Example:
        >>> x1, x7 = signals("x1", "x7")
        >>> x1 & x7
        Formula(inputs=('x1', 'x7'), table=8)
    """
    return tuple(Formula((name,), 0b10) for name in names)


def constant(value: bool) -> Formula:
    """The formula that is always on, or always off.

    Args:
        value: which of these.

    Returns:
        A formula without inputs.

    Example:
        >>> x, = signals("x")
        >>> (x & ~x) == constant(False)
        True
    """
    return Formula((), int(value))


def all_of(*formulas: Formula) -> Formula:
    """On if all of these are: the AND of up to 6 formulas.

    Args:
        formulas: at most 6 of them, and of 6 different signals together.

    Returns:
        The formula.

    Raises:
        InputError: too many formulas or signals.

    Example:
        >>> hex(all_of(*signals("a", "b", "c")).table)
        '0x80'
    """
    return at_least(len(formulas), *formulas)


def any_of(*formulas: Formula) -> Formula:
    """On if any of these is: the OR of up to 6 formulas.

    Args:
        formulas: at most 6 of them, and of 6 different signals together.

    Returns:
        The formula.

    Raises:
        InputError: too many formulas or signals.

    Example:
        >>> a, b = signals("a", "b")
        >>> any_of(a, b) == a | b
        True
    """
    return at_least(1, *formulas)


def parity(*formulas: Formula) -> Formula:
    """On if an odd number of these is: the XOR of up to 6 formulas.

    Args:
        formulas: at most 6 of them, and of 6 different signals together.

    Returns:
        The formula.

    Raises:
        InputError: too many formulas or signals.

    Example:
        >>> a, b, c = signals("a", "b", "c")
        >>> parity(a, b, c) == a ^ b ^ c
        True
    """
    return combine(sum(1 << row for row in _rows(formulas) if row.bit_count() % 2), *formulas)


def majority(*formulas: Formula) -> Formula:
    """On if more than half of these are.

    Args:
        formulas: at most 6 of them, and of 6 different signals together.

    Returns:
        The formula.

    Raises:
        InputError: too many formulas or signals.

    Example:
        >>> a, b, c = signals("a", "b", "c")
        >>> majority(a, b, c) == a & b | a & c | b & c
        True
    """
    return at_least(len(formulas) // 2 + 1, *formulas)


def at_least(count: int, *formulas: Formula) -> Formula:
    """On if at least so many of these are.

    Args:
        count: how many.
        formulas: at most 6 of them, and of 6 different signals together.

    Returns:
        The formula.

    Raises:
        InputError: too many formulas or signals.

    Example:
        >>> a, b = signals("a", "b")
        >>> at_least(2, a, b) == a & b
        True
    """
    return combine(sum(1 << row for row in _rows(formulas) if row.bit_count() >= count), *formulas)


def combine(table: int, *formulas: Formula) -> Formula:
    """Any function of up to 6 formulas.

    Args:
        table: truth table; bit r is the value in row r, in which formula j is on if bit j of r is 1.
        formulas: what stands in the places of its inputs; at most 6 different signals in all.

    Returns:
        The function of the signals themselves.

    Raises:
        InputError: too many formulas or signals, or a table with more rows than they have.

    Example:
        >>> a, b = signals("a", "b")
        >>> combine(0b0110, a, b) == a ^ b
        True
    """
    rows = _rows(formulas)
    if not 0 <= table < 1 << len(rows):
        raise InputError(
            f"a truth table of {len(formulas)} inputs has {len(rows)} rows, one bit each; got {table:#x}, which does "
            "not fit. Leave out bits, or add inputs."
        )
    names = tuple(sorted({name for formula in formulas for name in formula.inputs}))
    _check_count(names)
    # All rows at once: a word has a bit for each row over the signals.
    words = [lift(each.table, tuple(map(names.index, each.inputs)), len(names)) for each in formulas]
    everywhere = (1 << (1 << len(names))) - 1
    value = 0
    for row in rows:
        if table >> row & 1:
            value |= functools.reduce(
                int.__and__, (word if row >> j & 1 else ~word for j, word in enumerate(words)), everywhere
            )
    return _without_idle_inputs(names, value)


def _rows(formulas: Sequence[Formula]) -> range:
    if len(formulas) > MOST_INPUTS:
        raise InputError(f"a gate has at most {MOST_INPUTS} inputs; got {len(formulas)}. Build it from smaller gates.")
    return range(1 << len(formulas))


def _check_count(names: Sequence[str]) -> None:
    if len(names) > MOST_INPUTS:
        raise InputError(
            f"a gate has at most {MOST_INPUTS} inputs; this one reads {len(names)}: {', '.join(names)}. Name a part of "
            "it as a signal of its own."
        )


@functools.lru_cache(maxsize=4096)
def lift(table: int, places: tuple[int, ...], n_inputs: int) -> int:
    """The same function as a table over more inputs, or over the same in another order.

    Args:
        table: truth table of len(places) inputs.
        places: where each of them stands among the new ones.
        n_inputs: number of new inputs.

    Returns:
        A truth table of n_inputs inputs.

    Example: x0 & ~x1, its inputs exchanged.
        >>> bin(lift(0b0010, (1, 0), 2))
        '0b100'
    """
    lifted = 0
    for row in range(1 << n_inputs):
        old = sum((row >> place & 1) << j for j, place in enumerate(places))
        lifted |= (table >> old & 1) << row
    return lifted


def _without_idle_inputs(names: tuple[str, ...], table: int) -> Formula:
    for j in range(len(names)):
        off, on = cofactors(table, j, len(names))
        if off == on:
            return _without_idle_inputs(names[:j] + names[j + 1 :], off)
    return Formula(names, table)


@functools.lru_cache(maxsize=4096)
def cofactors(table: int, place: int, n_inputs: int) -> tuple[int, int]:
    """Truth tables, of one input fewer, of a function with one input off and on.

    Example: x0 & x1 is 0 with x1 off and x0 with x1 on.
        >>> cofactors(0b1000, 1, 2)
        (0, 2)
    """
    halves = [0, 0]
    low = (1 << place) - 1
    for row in range(1 << n_inputs):
        halves[row >> place & 1] |= (table >> row & 1) << (row >> place + 1 << place | row & low)
    return halves[0], halves[1]
