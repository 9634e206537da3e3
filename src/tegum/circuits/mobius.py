"""The multilinear form of a gate: the one polynomial in its inputs that agrees with it on zeros and ones.

f(x) = Σ_T c_T Π_{i in T} x_i with c_T = Σ_{U ⊆ T} (-1)^(|T| - |U|) f(1_U), T over all sets of inputs. So a layer
that gives all products of its inputs gives every gate by a linear read-off.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from tegum.circuits.circuit import Circuit
from tegum.circuits.gates import MOST_INPUTS
from tegum.ground.errors import InputError


def mobius_coefficients(tables: np.ndarray | Sequence[int] | int, n_inputs: int) -> Int64[np.ndarray, "*tables n_sets"]:
    """Coefficients of the multilinear form of truth tables.

    Args:
        tables: (...), truth tables of the same number of inputs.
        n_inputs: number of inputs, 0 to 6.

    Returns:
        (..., 2^n_inputs): the coefficient of the product of the inputs whose bits are 1 in the index.

    Raises:
        InputError: more than 6 inputs, or a table with more rows than they have.

    Example: XOR is x + y - 2 x y, and the majority of three the pairs less twice the triple.
        >>> mobius_coefficients(0b0110, 2)
        array([ 0,  1,  1, -2])
        >>> mobius_coefficients(0xE8, 3)
        array([ 0,  0,  0,  1,  0,  1,  1, -2])

    Source: Rota 1964, On the foundations of combinatorial theory I.
    """
    if not 0 <= n_inputs <= MOST_INPUTS:
        raise InputError(f"n_inputs must lie between 0 and {MOST_INPUTS}; got {n_inputs}.")
    n_rows = 1 << n_inputs
    given = np.asarray(tables, object if isinstance(tables, int) else None)
    if (given < 0).any() or (n_rows < 64 and (given >= 1 << n_rows).any()):
        wrong = int(np.max(given)) if (given >= 0).all() else int(np.min(given))
        rows = f"a truth table of {n_inputs} inputs has {n_rows} rows, one bit each"
        raise InputError(f"{rows}; got {wrong:#x}, which does not fit.")
    rows = np.arange(n_rows, dtype=np.uint64)
    values = (np.asarray(tables, np.uint64)[..., np.newaxis] >> rows & np.uint64(1)).astype(np.int64)
    for place in range(n_inputs):
        on = (rows >> np.uint64(place) & np.uint64(1)).astype(bool)
        values[..., on] -= values[..., ~on]
    return values


class Products(NamedTuple):
    """The multilinear forms of many gates, term by term.

    `gates` (n_terms,): the gate that each term belongs to, ascending. `coefficients` (n_terms,), none of them 0.
    `offsets` (n_terms + 1,) and `signals`: term t is the product of signals[offsets[t]:offsets[t + 1]], ascending; a
    constant is the product of none.
    """

    gates: np.ndarray
    coefficients: np.ndarray
    offsets: np.ndarray
    signals: np.ndarray

    @property
    def degrees(self) -> np.ndarray:
        """(n_terms,): number of signals in each product."""
        return np.diff(self.offsets)


def products(circuit: Circuit, gates: Sequence[int] | np.ndarray | None = None) -> Products:
    """Multilinear forms of gates of a circuit.

    Args:
        circuit: the circuit.
        gates: numbers of the gates, ascending; all of them if None.

    Returns:
        Their terms, gate by gate; within a gate those of fewer inputs do not come first, but in the order of the index
        of `mobius_coefficients`.

    Example: x0 | x1 is x0 + x1 - x0 x1.
        >>> terms = products(Circuit.parse("features x0..x1; y = x0 | x1"))
        >>> terms.coefficients, terms.signals, terms.degrees
        (array([ 1,  1, -1]), array([0, 1, 0, 1]), array([1, 1, 2]))
    """
    wiring = circuit.wiring
    chosen = np.arange(circuit.n_gates) if gates is None else np.asarray(gates, np.int64)
    parts = []
    for n_inputs in np.unique(wiring.n_inputs[chosen]):
        own = chosen[wiring.n_inputs[chosen] == n_inputs]
        coefficients = mobius_coefficients(wiring.tables[own], int(n_inputs))
        which, sets = np.nonzero(coefficients)
        inputs = wiring.inputs[wiring.offsets[own][:, np.newaxis] + np.arange(n_inputs)]
        members = np.where(sets[:, np.newaxis] >> np.arange(MOST_INPUTS) & 1, _widened(inputs)[which], -1)
        parts.append((own[which], coefficients[which, sets], members))
    owners, values, members = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(owners, kind="stable")
    members = members[order]
    there = members >= 0
    offsets = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return Products(owners[order], values[order], offsets, members[there])


def _widened(inputs: np.ndarray) -> np.ndarray:
    return np.pad(inputs, ((0, 0), (0, MOST_INPUTS - inputs.shape[1])), constant_values=-1)


def polynomial(circuit: Circuit, gate: int) -> str:
    """The multilinear form of one gate, for people.

    Args:
        circuit: the circuit.
        gate: number of the gate.

    Returns:
        A sum of products of names, those of few signals first.

    Example:
        >>> polynomial(Circuit.parse("features x1 x2 x7; y = x1 & x7 | ~x2"), 0)
        '1 - x2 + x1 x2 x7'
    """
    terms = products(circuit, [gate])
    pieces = []
    for each in np.argsort(terms.degrees, kind="stable"):
        names = " ".join(
            circuit.names[signal] for signal in terms.signals[terms.offsets[each] : terms.offsets[each + 1]]
        )
        size = abs(int(terms.coefficients[each]))
        sign = "-" if terms.coefficients[each] < 0 else "+"
        pieces += [sign, f"{size} {names}".strip() if size > 1 or not names else names]
    if not pieces:
        return "0"
    return " ".join(pieces[1:] if pieces[0] == "+" else ["-" + pieces[1], *pieces[2:]])
