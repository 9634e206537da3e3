"""Layered Boolean circuits over sparse features: the frozen data model that constructions and the compiler read."""

import functools
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from tegum.circuits.assemble import assemble
from tegum.circuits.evaluation import SparseEvaluation, evaluate_dense
from tegum.circuits.gates import Formula
from tegum.circuits.parse import Statements, check_name, parse
from tegum.circuits.supports import as_supports, support_matrix
from tegum.circuits.wiring import Wiring, wire
from tegum.circuits.writing import gate_text, names_text
from tegum.ground.atomic import replacing
from tegum.ground.errors import FileError, InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Gate(NamedTuple):
    """One gate.

    Attributes:
        name: of its signal.
        inputs: the signals it reads, ascending.
        table: truth table; bit r is the value in row r, in which the j-th input is on if bit j of r is 1.
        layer: number of its layer, from 1.
    """

    name: str
    inputs: tuple[int, ...]
    table: int
    layer: int


class Layer(NamedTuple):
    """One layer of gates.

    Attributes:
        number: from 1.
        gates: numbers of its gates.
        signals: their signals, n_features + gate.
    """

    number: int
    gates: range
    signals: range


@dataclass(frozen=True, eq=False, repr=False)
class Circuit:
    """A Boolean circuit of gates with at most 6 inputs, in layers.

    Signals are numbered: 0 to n_features - 1 are the features, signal n_features + g is gate g. The layer of a gate is
    one more than the last layer it reads; gates stand in the order of their layers, and may read any earlier signal.
    Inputs of a gate ascend and each matters, so circuits that say the same are equal, however they were written.

    Made by `Circuit.build` from formulas, by `Circuit.parse` from text, by the generators in `circuits.random`, or from
    arrays. Nothing can be changed afterwards.

    Args:
        wiring: which signals each gate reads, and the truth tables, as arrays; see `Wiring`.
        feature_names: (n_features,).
        gate_names: (n_gates,).
        outputs: (n_outputs,), signals of the gates that are asked for.

    Raises:
        InputError: names that are missing, double or not names; outputs that are no gates; no gate at all.

    Example:
        >>> circuit = Circuit.parse("features x1..x7; y = x1 & x7 | ~x2; z = y ^ x3")
        >>> circuit
        Circuit(7 features, 2 gates in 2 layers, 1 output)
        >>> circuit.gates[0]
        Gate(name='y', inputs=(0, 1, 6), table=179, layer=1)
    """

    wiring: Wiring
    feature_names: tuple[str, ...]
    gate_names: tuple[str, ...]
    outputs: np.ndarray

    def __post_init__(self) -> None:
        outputs = np.array(self.outputs, np.int64)
        outputs.flags.writeable = False
        object.__setattr__(self, "outputs", outputs)
        if not self.n_gates:
            raise InputError("a circuit needs at least one gate; got none.")
        for what, names, count in (
            ("feature", self.feature_names, self.n_features),
            ("gate", self.gate_names, self.n_gates),
        ):
            if len(names) != count:
                raise InputError(f"there are {count} {what}s, but {len(names)} names of {what}s. Give one to each.")
        for name in self.names:
            check_name(name)
        if len(self._number) < self.n_signals:
            double = next(name for place, name in enumerate(self.names) if self._number[name] != place)
            raise InputError(f"two signals are called {double}. Rename one.")
        bad = outputs[(outputs < self.n_features) | (outputs >= self.n_signals)]
        if len(bad) or len(set(outputs.tolist())) < len(outputs) or not len(outputs):
            got = f"signal {bad[0]}" if len(bad) else "none" if not len(outputs) else "one of them twice"
            raise InputError(f"outputs must be gates, signals {self.n_features} to {self.n_signals - 1}; got {got}.")

    @classmethod
    def build(
        cls,
        features: int | Sequence[str],
        gates: Mapping[str, Formula],
        *,
        outputs: Sequence[str] | None = None,
    ) -> Self:
        """A circuit from formulas.

        Args:
            features: names of the features; or their number, and they are called x0, x1, ...
            gates: name of each gate -> what it computes, in any order; formulas may name features and other gates.
            outputs: names of the gates that are asked for; those that no gate reads if None.

        Returns:
            The circuit.

        Raises:
            InputError: an undefined, double or impossible name, or a gate that depends on itself.

        Example:
            >>> from tegum.circuits import majority, signals
            >>> x0, x1, x2, y = signals("x0", "x1", "x2", "y")
            >>> Circuit.build(3, {"y": x0 & x1, "z": majority(y, ~x1, x2)})
            Circuit(3 features, 2 gates in 2 layers, 1 output)
        """
        names = [f"x{i}" for i in range(features)] if isinstance(features, int) else list(features)
        return cls._of(Statements(names, dict(gates), list(outputs or [])))

    @classmethod
    def parse(cls, text: str) -> Self:
        """A circuit from its text, whose grammar is in docs/circuits.md.

        Raises:
            InputError: the text is not a circuit; the message begins with the line.

        Example:
            >>> Circuit.parse("features a b; y = a ^ b; output y").names
            ('a', 'b', 'y')
        """
        return cls._of(parse(text))

    @classmethod
    def from_arrays(
        cls,
        n_features: int,
        *,
        offsets: np.ndarray,
        inputs: np.ndarray,
        tables: np.ndarray,
        outputs: np.ndarray | None = None,
    ) -> Self:
        """A circuit from arrays, as in `Wiring`; signals are called x0, x1, ... and g0, g1, ...

        Raises:
            InputError: the arrays do not describe a circuit in the order of its layers.

        Example: x0 & x1, and its exclusive or with x2.
            >>> print(Circuit.from_arrays(3, offsets=[0, 2, 4], inputs=[0, 1, 2, 3], tables=[8, 6]).to_text())
            features x0..x2
            g0 = x0 & x1
            g1 = x2 ^ g0
            output g1
        """
        wiring = wire(n_features, offsets, inputs, tables)
        names = tuple(f"x{i}" for i in range(n_features)), tuple(f"g{g}" for g in range(wiring.n_gates))
        return cls(wiring, *names, _unread(wiring) if outputs is None else outputs)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """A circuit from a text file.

        Raises:
            FileError: the file cannot be read as text.
            InputError: it is not a circuit; the message has the file and the line.
        """
        try:
            text = Path(path).read_text(encoding="utf-8-sig")  # some editors begin a file with a mark of its encoding
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise FileError(f"cannot read a circuit from {path}: {reason}. Pass a file in the text format.") from None
        try:
            return cls.parse(text)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def _of(cls, statements: Statements) -> Self:
        parts = assemble(statements)
        wiring = wire(len(statements.features), parts.offsets, parts.inputs, parts.tables)
        outputs = _unread(wiring) if parts.outputs is None else parts.outputs
        return cls(wiring, tuple(statements.features), parts.gate_names, outputs)

    def __repr__(self) -> str:
        parts = [(self.n_features, "feature"), (self.n_gates, "gate"), (self.n_layers, "layer")]
        features, gates, layers = (f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts)
        n = len(self.outputs)
        return f"Circuit({features}, {gates} in {layers}, {n} output{'' if n == 1 else 's'})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Circuit) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return self.wiring.n_features

    @property
    def n_gates(self) -> int:
        """Number of gates."""
        return self.wiring.n_gates

    @property
    def n_signals(self) -> int:
        """Number of features and gates."""
        return self.n_features + self.n_gates

    @property
    def n_layers(self) -> int:
        """Number of layers of gates."""
        return len(self.wiring.bounds) - 1

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all signals."""
        return self.feature_names + self.gate_names

    @functools.cached_property
    def _number(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    @functools.cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of gates, the first at index 0; a gate at layer l reads signals of earlier layers only."""
        bounds, n = self.wiring.bounds.tolist(), self.n_features
        return tuple(
            Layer(number, range(low, high), range(n + low, n + high))
            for number, (low, high) in enumerate(itertools.pairwise(bounds), 1)
        )

    @functools.cached_property
    def gates(self) -> tuple[Gate, ...]:
        """All gates, one by one; `wiring` has the same as arrays."""
        offsets, inputs = self.wiring.offsets.tolist(), self.wiring.inputs.tolist()
        tables = self.wiring.tables.tolist()
        return tuple(
            Gate(self.gate_names[g], tuple(inputs[offsets[g] : offsets[g + 1]]), tables[g], layer.number)
            for layer in self.layers
            for g in layer.gates
        )

    @functools.cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that depend on the content only: wiring, truth tables, names and outputs."""
        content = hashlib.blake2b(digest_size=8)
        for array in (self.wiring.offsets, self.wiring.inputs, self.wiring.tables, self.outputs):
            content.update(f"{len(array)}/".encode() + array.astype(array.dtype.newbyteorder("<")).tobytes())
        content.update("\n".join(self.names).encode())
        return content.hexdigest()

    def signal(self, name: str) -> int:
        """Number of a signal.

        Raises:
            InputError: there is no signal of that name.

        Example:
            >>> Circuit.parse("features a b; y = a & b").signal("y")
            2
        """
        if name not in self._number:
            raise InputError(f"there is no signal {name!r}; the gates are {', '.join(self.gate_names[:9])}, ...")
        return self._number[name]

    def evaluate(self, supports: np.ndarray | Sequence[Sequence[int]]) -> "csr_array":
        """All signals of sparse inputs, exactly.

        The time goes with what the active features touch, not with the size of the circuit.

        Args:
            supports: (n_samples, widest) numbers of the features that are on, each row filled up with -1; or rows of
                different lengths.

        Returns:
            (n_samples, n_signals), sparse and Boolean. Columns `circuit.outputs` are the outputs. It has an entry for
            whatever is on, so where much is, as behind many NOTs, it is as large as the answer of `evaluate_dense`.

        Raises:
            InputError: not features of this circuit, or one twice in a row.

        Example:
            >>> circuit = Circuit.parse("features a b c; y = a & b; z = y | c")
            >>> circuit.evaluate([[0, 1], [0, 2]])[:, circuit.outputs].toarray()
            array([[ True],
                   [ True]])
        """
        return self._ready(support_matrix(as_supports(supports, self.n_features), self.n_features))

    @functools.cached_property
    def _ready(self) -> SparseEvaluation:
        return SparseEvaluation(self.wiring)

    def evaluate_dense(self, features: np.ndarray) -> np.ndarray:
        """All signals (n_samples, n_signals) of dense Boolean inputs (n_samples, n_features), gate by gate.

        Example:
            >>> Circuit.parse("features a b; y = a & b").evaluate_dense([[1, 1], [1, 0]])[:, 2]
            array([ True, False])
        """
        return evaluate_dense(self.wiring, np.asarray(features, bool))

    @property
    def resting_values(self) -> np.ndarray:
        """(n_signals,): whether each signal is on when all features are off."""
        return self._ready.rest.copy()

    def to_text(self) -> str:
        """The circuit as text, which `parse` reads back to an equal one."""
        gates = (
            f"{gate.name} = {gate_text(gate.table, [self.names[signal] for signal in gate.inputs])}"
            for gate in self.gates
        )
        outputs = names_text("output", [self.names[signal] for signal in self.outputs.tolist()])
        return "\n".join([*names_text("features", self.feature_names), *gates, *outputs])

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the text to a file, whole or not at all.

        Raises:
            FileError: the file is there and may not be overwritten, or cannot be written.
        """
        with replacing(path, overwrite=overwrite) as partial:
            partial.write_text(self.to_text() + "\n", encoding="utf-8")
        return Path(path)


def _unread(wiring: Wiring) -> np.ndarray:
    read = np.zeros(wiring.n_features + wiring.n_gates, bool)
    read[wiring.inputs] = True
    return wiring.n_features + np.flatnonzero(~read[wiring.n_features :])
