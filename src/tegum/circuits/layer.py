"""A layer that computes gates: neurons, and a read-off that estimates gates from them.

All constructions make a `NeuronLayer`, so that one piece of code runs, measures and compiles them. Inputs are features
x; if they are in superposition, neurons see h = x E with the directions E. Neurons are y = f(h W_in + b_in), and gates
are estimated as y R + offset, where R is sparse for sparse constructions.
"""

import dataclasses
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.sparse import csc_array, csr_array, hstack, issparse, vstack

from tegum.ground.errors import InputError, ShapeError

# scipy's sparse classes carry no types: a checker believes that their shape may be None.
Sparse: TypeAlias = Any
"""A sparse matrix of scipy, in rows (csr_array) or columns (csc_array)."""
Matrix: TypeAlias = Any
"""A dense or a sparse matrix."""

Activation: TypeAlias = Literal["relu", "clip"]
"""max(z, 0), or the two-sided min(max(z, 0), 1), which is a difference of two ReLUs."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ReadOff:
    """Linear estimates of gates from neurons: y R + (Σ y) common + h direct + offset.

    Args:
        gates: (n_gates, order), the features of each gate.
        R: (n_neurons, n_gates), dense or sparse.
        offset: (n_gates,).
        common: (n_gates,), a weight on the sum of all neurons; it keeps R sparse where all neurons are read.
        direct: (n_inputs, n_gates), weights past the neurons on what the layer reads; None if there are none.
        undefined: (n_gates,), gates that have no neurons to be read from; their estimates are NaN.

    Example: see `averaging`.
    """

    gates: np.ndarray
    R: Matrix
    offset: np.ndarray
    common: np.ndarray
    direct: Matrix | None
    undefined: np.ndarray

    def __call__(self, neurons: np.ndarray, inputs: Matrix | None = None) -> np.ndarray:
        """Estimates of the gates.

        Args:
            neurons: (n_inputs, n_neurons).
            inputs: what the layer reads, (n_inputs, n_inputs of the layer); needed only with direct weights.

        Returns:
            (n_inputs, n_gates); NaN where undefined.

        Raises:
            InputError: direct weights without inputs.
        """
        made = np.asarray(neurons @ self.R) + self.offset
        if self.common.any():
            made += neurons.sum(axis=1, keepdims=True) * self.common
        if self.direct is not None:
            if inputs is None:
                raise InputError("this read-off has weights past the neurons; pass the layer's inputs too")
            made += as_dense(inputs @ self.direct)
        made[:, self.undefined] = np.nan
        return made

    def weights(self) -> np.ndarray:
        """All weights on neurons as one dense (n_neurons, n_gates) matrix."""
        return as_dense(self.R) + self.common


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NeuronLayer:
    """Neurons f(h W_in + b_in), with the gates that are read from them.

    Args:
        W_in: (n_inputs, n_neurons), dense or sparse.
        b_in: (n_neurons,).
        activation: f.
        embedding: (n_features, n_inputs), directions E of features in superposition; None if features are the inputs.
        incidence: (n_features, n_neurons), 1 where a neuron is meant to read a feature; None for dense constructions.
        connection_probability: q, the chance of such a 1, if they are independent; else None.
        read_off: how gates are estimated; None where that was not chosen yet.

    Raises:
        ShapeError: the parts do not fit.

    Example: one neuron that sees two features.
        >>> layer = NeuronLayer(W_in=np.ones((2, 1)), b_in=np.array([-1.0]))
        >>> layer.neurons(np.array([[1, 0], [1, 1]])).ravel()
        array([0., 1.])
    """

    W_in: Matrix
    b_in: np.ndarray
    activation: Activation = "relu"
    embedding: np.ndarray | None = None
    incidence: Sparse | None = None
    connection_probability: float | None = None
    read_off: ReadOff | None = None

    def __post_init__(self) -> None:
        if self.b_in.shape != (self.n_neurons,):
            raise ShapeError(f"b_in has shape {self.b_in.shape}, expected ({self.n_neurons},) as W_in has that width")
        if self.embedding is not None and self.embedding.shape[1] != self.n_inputs:
            shape = f"(n_features, {self.n_inputs})"
            raise ShapeError(f"embedding has shape {self.embedding.shape}, expected {shape} as W_in has those rows")
        if self.read_off is not None and self.read_off.R.shape[0] != self.n_neurons:
            raise ShapeError(f"the read-off has {self.read_off.R.shape[0]} neurons, the layer {self.n_neurons}")

    @property
    def n_inputs(self) -> int:
        """Numbers that a neuron can see: features, or dimensions of the embedding."""
        return self.W_in.shape[0]

    @property
    def n_neurons(self) -> int:
        """Width m."""
        return self.W_in.shape[1]

    @property
    def n_features(self) -> int:
        """Features n."""
        return self.n_inputs if self.embedding is None else self.embedding.shape[0]

    def inputs(self, x: Matrix) -> Matrix:
        """What neurons see of features x, (n_inputs, n_features): x itself, or x E."""
        if x.shape[-1] != self.n_features:
            raise ShapeError(f"x has shape {x.shape}, expected (n_inputs, n_features={self.n_features})")
        return x if self.embedding is None else np.asarray(x @ self.embedding)

    def preactivation(self, x: Matrix) -> np.ndarray:
        """What enters f, (n_inputs, n_neurons), for features x of shape (n_inputs, n_features), sparse or not."""
        return as_dense(self.inputs(x) @ self.W_in) + self.b_in

    def neurons(self, x: Matrix) -> np.ndarray:
        """Neurons y, (n_inputs, n_neurons), for features x of shape (n_inputs, n_features), sparse or not."""
        made = self.preactivation(x)
        return np.clip(made, 0.0, None if self.activation == "relu" else 1.0, out=made)

    def estimates(self, x: Matrix) -> np.ndarray:
        """Estimated gates, (n_inputs, n_gates), for features x; NaN where a gate cannot be read."""
        read_off = self.read_off
        if read_off is None:
            raise InputError("this layer has no read-off yet; choose one, e.g. layer.reading(averaging(layer, gates))")
        return read_off(self.neurons(x), self.inputs(x) if read_off.direct is not None else None)

    def reading(self, read_off: ReadOff) -> "NeuronLayer":
        """The same neurons with this read-off."""
        return dataclasses.replace(self, read_off=read_off)

    def as_relu(self) -> "NeuronLayer":
        """The same function with ReLUs only: a clipped neuron becomes two, max(z, 0) - max(z - 1, 0)."""
        if self.activation == "relu":
            return self
        W_in = csr_array(hstack([self.W_in] * 2)) if issparse(self.W_in) else np.hstack([self.W_in] * 2)
        incidence = None if self.incidence is None else csr_array(hstack([self.incidence] * 2))
        return NeuronLayer(
            W_in=W_in,
            b_in=np.concatenate([self.b_in, self.b_in - 1]),
            embedding=self.embedding,
            incidence=incidence,
            connection_probability=self.connection_probability,
            read_off=None if self.read_off is None else _of_pairs(self.read_off),
        )


def _of_pairs(read_off: ReadOff) -> ReadOff:
    if read_off.common.any():
        half = read_off.weights()
        R, common = np.vstack([half, -half]), np.zeros_like(read_off.common)
    else:
        half, common = read_off.R, read_off.common
        R = csc_array(vstack([half, -half])) if issparse(half) else np.vstack([half, -half])
    return dataclasses.replace(read_off, R=R, common=common)


def as_dense(matrix: Matrix) -> np.ndarray:
    """A matrix as a plain array.

    Example:
        >>> as_dense(csr_array(np.eye(2))).sum()
        np.float64(2.0)
    """
    return np.asarray(matrix if isinstance(matrix, np.ndarray) else matrix.toarray())
