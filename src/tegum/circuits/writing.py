"""Circuits as text: writing it, in a form that `parse` reads back to the same circuit."""

import functools
import itertools
import re
from collections.abc import Iterable, Sequence

from tegum.circuits.gates import cofactors

_MOST_PRODUCTS = 4
_WIDTH = 110
_NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]*)")

Product = tuple[tuple[int, bool], ...]


def gate_text(table: int, names: Sequence[str]) -> str:
    """A gate as an expression: parity, a count or a sum of products, and a truth table where that would be long.

    Args:
        table: truth table; bit r is the value in row r, in which input j is on if bit j of r is 1.
        names: of the inputs, each of which matters.

    Returns:
        An expression that `parse` reads.

    Example:
        >>> gate_text(0b1000, ["x1", "x7"]), gate_text(0xE8, ["a", "b", "c"]), gate_text(0b0001, ["a", "b"])
        ('x1 & x7', 'maj(a, b, c)', '~a & ~b')
    """
    return _template(table, len(names)).format(*names)


@functools.lru_cache(maxsize=4096)
def _template(table: int, n: int) -> str:
    rows = range(1 << n)
    listed = ", ".join(f"{{{j}}}" for j in range(n))
    if n == 0:
        return str(table)
    if n > 1 and table in (odd := sum(1 << row for row in rows if row.bit_count() % 2), odd ^ ((1 << len(rows)) - 1)):
        return ("" if table == odd else "~") + " ^ ".join(f"{{{j}}}" for j in range(n))
    for count, negated in itertools.product(range(2, n), rows):
        if table == sum(1 << row for row in rows if (row ^ negated).bit_count() >= count):
            literals = ", ".join(f"{'~' if negated >> j & 1 else ''}{{{j}}}" for j in range(n))
            return f"maj({literals})" if count == n // 2 + 1 else f"atleast({count}, {literals})"
    products = sum_of_products(table, n)
    if len(products) <= _MOST_PRODUCTS:
        return _sum(products)
    others = sum_of_products(table ^ ((1 << len(rows)) - 1), n)
    return f"~({_sum(others)})" if len(others) <= _MOST_PRODUCTS else f"table({table:#x}, {listed})"


def _sum(products: Iterable[Product]) -> str:
    return " | ".join(" & ".join(f"{'' if on else '~'}{{{j}}}" for j, on in product) for product in products)


def sum_of_products(table: int, n_inputs: int) -> list[Product]:
    """A function as an OR of ANDs of its inputs and their negations, none of which can be left out.

    Returns:
        The products, short ones first; each as pairs (input, whether it must be on).

    Example:
        >>> sum_of_products(0b1110, 2)
        [((0, True),), ((1, True),)]

    Source: Minato 1992, Fast generation of irredundant sum-of-products forms from binary decision diagrams.
    """
    products, _ = _cover(table, table, n_inputs)
    return sorted(products, key=lambda product: (len(product), [(j, not on) for j, on in product]))


def _cover(least: int, most: int, n: int) -> tuple[list[Product], int]:
    """Products that cover all rows of `least` and only rows of `most`, and what they cover."""
    if least == 0:
        return [], 0
    if most == (1 << (1 << n)) - 1:
        return [()], most
    (least_off, least_on), (most_off, most_on) = cofactors(least, n - 1, n), cofactors(most, n - 1, n)
    off, by_off = _cover(least_off & ~most_on, most_off, n - 1)
    on, by_on = _cover(least_on & ~most_off, most_on, n - 1)
    both, by_both = _cover(least_off & ~by_off | least_on & ~by_on, most_off & most_on, n - 1)
    products = [(*p, (n - 1, False)) for p in off] + [(*p, (n - 1, True)) for p in on] + both
    return products, by_off | by_both | (by_on | by_both) << (1 << (n - 1))


def names_text(keyword: str, names: Sequence[str]) -> list[str]:
    """Lines that list names, with runs of numbered ones drawn together.

    Example:
        >>> names_text("features", ["x1", "x2", "x3", "sun", "x7"])
        ['features x1..x3 sun x7']
    """
    lines = [keyword]
    for word in _runs(names):
        if len(lines[-1]) + len(word) >= _WIDTH:
            lines.append(keyword)
        lines[-1] += f" {word}"
    return lines


def _runs(names: Sequence[str]) -> Iterable[str]:
    start = 0
    while start < len(names):
        end = start + 1
        while end < len(names) and _follows(names[end - 1], names[end]):
            end += 1
        if end - start > 2:
            yield f"{names[start]}..{names[end - 1]}"
        else:
            yield from names[start:end]
        start = end


def _follows(name: str, following: str) -> bool:
    first, second = _NUMBERED.fullmatch(name), _NUMBERED.fullmatch(following)
    return bool(first and second and first[1] == second[1] and int(first[2]) + 1 == int(second[2]))
