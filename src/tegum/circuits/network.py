"""A compiled circuit: sparse weights that run as they are, or as a torch module of linear maps and ReLUs."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tegum.circuits.layer import Matrix, Sparse, as_dense
from tegum.circuits.supports import Supports, support_matrix
from tegum.ground.arrays import Real
from tegum.ground.errors import InputError

if TYPE_CHECKING:
    import torch

_MOST_DENSE = 200_000_000


class Block(NamedTuple):
    """One step of the stream: h ← h + R(h W_in + b_in) W_out.

    Args:
        W_in: (width, n_neurons), sparse.
        b_in: (n_neurons,).
        W_out: (n_neurons, width), sparse.
        corrected: whether neurons come in pairs, the second half of them with b_in - 1 and negative W_out.

    Example: see `CompiledNetwork`.
    """

    W_in: Sparse
    b_in: Real
    W_out: Sparse
    corrected: bool

    @property
    def n_neurons(self) -> int:
        """ReLUs."""
        return len(self.b_in)


class CompiledNetwork(NamedTuple):
    """A network on a residual stream that computes a circuit.

    h = x embed; then each block adds to h; gates are read as h read + offset, near 0 or 1.

    Args:
        embed: (n_features, width), sparse.
        blocks: one for each layer of the circuit.
        read: (width, n_gates), sparse.
        offset: (n_gates,).
        predicted: (n_gates, 3), expected error of each gate: where it should differ from rest, where it should not
            though an input does, and where none does.
        plan: what was asked and chosen, as it is written beside the weights.

    Example: two gates over three features, read past the stream's end.
        >>> from tegum.circuits import Circuit
        >>> from tegum.circuits.compile import compile_circuit
        >>> circuit = Circuit.parse("features a b c; y = a & b; z = ~(y | c)")
        >>> network = compile_circuit(circuit, n_neurons=4, n_active=2)
        >>> network.gates(np.array([[0, 1], [0, 2], [1, -1]])).round(6) + 0
        array([[1., 0.],
               [0., 0.],
               [0., 1.]])
    """

    embed: Sparse
    blocks: tuple[Block, ...]
    read: Sparse
    offset: Real
    predicted: Real
    plan: dict[str, Any]

    @property
    def n_features(self) -> int:
        """Features."""
        return self.embed.shape[0]

    @property
    def width(self) -> int:
        """Dimensions of the residual stream."""
        return self.embed.shape[1]

    @property
    def n_neurons(self) -> int:
        """ReLUs of all blocks."""
        return sum(block.n_neurons for block in self.blocks)

    @property
    def in_superposition(self) -> bool:
        """Whether directions of the stream overlap, so that it is dense."""
        return bool(self.plan["width"])

    def gates(self, supports: Supports) -> Real:
        """Estimates of all gates.

        Args:
            supports: (n_samples, widest), features that are on, filled up with -1.

        Returns:
            (n_samples, n_gates); above ½ means on.
        """
        return as_dense(self.stream(supports) @ self.read) + self.offset

    def stream(self, supports: Supports) -> Matrix:
        """What the stream holds after the last block, (n_samples, width); sparse, unless in superposition."""
        h: Matrix = support_matrix(supports, self.n_features).astype(np.float64) @ self.embed
        if self.in_superposition:
            h = as_dense(h)
        for block in self.blocks:
            if block.n_neurons:
                h = h + _neurons(h @ block.W_in, block.b_in) @ block.W_out
        return h

    def noisy(self, relative: float, rng: np.random.Generator) -> "CompiledNetwork":
        """The same network with every weight of its blocks off by a random share of itself.

        Args:
            relative: standard deviation of that share.
            rng: source of randomness.

        Returns:
            A network.

        Example: see `tegum.circuits.check`.
        """
        return self._replace(
            blocks=tuple(
                block._replace(W_in=_off(block.W_in, relative, rng), W_out=_off(block.W_out, relative, rng))
                for block in self.blocks
            )
        )

    def to_torch(self, *, dense: bool | None = None) -> "torch.nn.Module":
        """The network as a torch module, made of `torch.nn.Linear` and `torch.nn.ReLU` only.

        Args:
            dense: whether weights are dense; sparse ones (CSR) run much faster in large networks, but take no
                gradients. If None, networks above 2·10⁸ weights are sparse.

        Returns:
            A module from features (n_samples, n_features) to estimates (n_samples, n_gates), in float32.

        Raises:
            InputError: a dense module of more than 2·10⁸ weights.

        Example:
            >>> import torch
            >>> from tegum.circuits import Circuit
            >>> from tegum.circuits.compile import compile_circuit
            >>> made = compile_circuit(Circuit.parse("features a b; y = a & b"), n_neurons=1, n_active=2).to_torch()
            >>> made(torch.tensor([[1.0, 1.0], [1.0, 0.0]])).ravel().tolist()
            [1.0, 0.0]
        """
        from tegum.circuits.module import as_module

        shapes = [self.embed.shape, self.read.shape, *(b.W_in.shape for b in self.blocks for _ in range(2))]
        size = sum(rows * columns for rows, columns in shapes)
        if dense and size > _MOST_DENSE:
            raise InputError(f"dense weights would be {size:.2g} numbers; pass dense=False for sparse ones.")
        blocks = [(block.W_in, block.b_in, block.W_out) for block in self.blocks if block.n_neurons]
        chosen = size <= _MOST_DENSE if dense is None else dense
        return as_module(self.embed, blocks, self.read, self.offset, dense=chosen)


def _neurons(pre: Matrix, bias: Real) -> Matrix:
    """R(pre + bias); where nothing is on the bias alone decides, and it is not positive, so sparse stays sparse."""
    if isinstance(pre, np.ndarray):
        return np.maximum(pre + bias, 0.0)
    pre.data += bias[pre.indices]
    np.maximum(pre.data, 0.0, out=pre.data)
    pre.eliminate_zeros()
    return pre


def _off(matrix: Sparse, relative: float, rng: np.random.Generator) -> Sparse:
    made = matrix.copy()
    made.data = made.data * (1 + relative * rng.standard_normal(len(made.data)))
    return made
