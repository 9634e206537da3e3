"""Neurons that two features share, and what keeps them apart: the asymmetric motif found in given weights.

For models with a ReLU on the hidden layer and a read-out matrix of their own, h = ReLU(x W), x' = ReLU(h W_outᵀ + b).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from tegum.ground.arrays import ArrayLike, as_directions, as_real
from tegum.ground.errors import InputError, ShapeError


class SharedNeuron(NamedTuple):
    """A neuron through which two features pass, and what one of them does to the output of the other.

    Attributes:
        neuron: its index.
        strong: the feature with the larger leak.
        weak: the other one.
        asymmetry: r = (leak / leak_back)^(1/4), at least 1.
        opposite: whether the neuron reads the two with opposite signs.
        leak: |W_strong| W_out_weak, what the neuron adds to the output of the weak one when only the strong one is
            there, at size 1.
        leak_back: |W_weak| W_out_strong.
        inhibition: what other neurons then take away from the output of the weak one.
        answer: that output with all neurons and the bias, before its ReLU, so that what is below 0 does no harm.
        answer_back: the same for the output of the strong one when only the weak one is there.
    """

    neuron: int
    strong: int
    weak: int
    asymmetry: float
    opposite: bool
    leak: float
    leak_back: float
    inhibition: float
    answer: float
    answer_back: float


def shared_neurons(
    W: ArrayLike, W_out: ArrayLike, bias: ArrayLike = 0.0, *, threshold: float = 0.3
) -> tuple[SharedNeuron, ...]:
    """Every pair of features that one neuron passes on to their outputs, with the crosstalk and its inhibition.

    Feature i passes through neuron k if its gain |W_ik| W_out_ik is above the threshold. Of two such features the
    strong one leaks more: |W_sk| W_out_wk > |W_wk| W_out_sk. In the asymmetric motif the leak is r², the leak back
    1/r², and other neurons, which are on for the strong feature, take at least the leak away from the output of the
    weak one.

    Args:
        W: (n_features, n_hidden), one model.
        W_out: the same shape.
        bias: output bias, (n_features,) or one value.
        threshold: gain from which a feature counts as passing through a neuron, above 0.

    Returns:
        The pairs, by neuron, then by feature.

    Raises:
        ShapeError: W is not one matrix, or W_out or the bias has another shape.
        InputError: a value is not real or not finite, or the threshold is not above 0.

    Example: the motif with r = 2 is found, with its leaks of 4 and 1/4; nothing comes out for the strong feature alone.
        >>> from tegum.theory import motif_weights
        >>> (found,) = shared_neurons(*motif_weights(2.0))
        >>> found.strong, found.weak, found.asymmetry, found.leak, found.leak_back, found.inhibition, found.answer
        (0, 1, 2.0, 4.0, 0.25, 4.0, 0.0)

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Asymmetric Superposition Motif; the search is ours.
    """
    reads, writes, shift = _checked(W, W_out, bias)
    if not threshold > 0:
        raise InputError(f"threshold must be above 0, or every weight counts as a gain; got {threshold:g}.")
    passes = np.abs(reads) * writes > threshold
    return tuple(
        _pair(reads, writes, shift, k, int(i), int(j))
        for k in range(reads.shape[1])
        for place, i in enumerate(np.flatnonzero(passes[:, k]))
        for j in np.flatnonzero(passes[:, k])[place + 1 :]
    )


def _checked(
    W: ArrayLike, W_out: ArrayLike, bias: ArrayLike
) -> tuple[Float[np.ndarray, "n m"], Float[np.ndarray, "n m"], Float[np.ndarray, " n"]]:
    reads, writes, shift = as_directions(W), as_directions(W_out, "W_out"), as_real(bias, "bias")
    if reads.ndim != 2:
        raise ShapeError(f"W has shape {reads.shape}, expected one matrix (n_features, n_hidden); choose one model.")
    if writes.shape != reads.shape or shift.shape not in ((), reads.shape[:1]):
        raise ShapeError(
            f"W_out has shape {writes.shape} and bias {shift.shape}, expected {reads.shape} and {reads.shape[:1]}: a "
            "row, and a bias, for each row of W."
        )
    return reads, writes, np.broadcast_to(shift, reads.shape[:1])


def _pair(
    W: Float[np.ndarray, "n m"],
    W_out: Float[np.ndarray, "n m"],
    bias: Float[np.ndarray, " n"],
    neuron: int,
    one: int,
    other: int,
) -> SharedNeuron:
    leak, back = abs(W[one, neuron]) * W_out[other, neuron], abs(W[other, neuron]) * W_out[one, neuron]
    strong, weak = (one, other) if leak >= back else (other, one)
    leak, back = max(leak, back), min(leak, back)
    # hidden layer when one of them is there alone, with the sign that turns the neuron on
    on, on_back = (np.maximum(np.sign(W[i, neuron]) * W[i], 0.0) for i in (strong, weak))
    return SharedNeuron(
        neuron=neuron,
        strong=strong,
        weak=weak,
        asymmetry=float((leak / back) ** 0.25),
        opposite=bool(W[one, neuron] * W[other, neuron] < 0),
        leak=float(leak),
        leak_back=float(back),
        inhibition=float(on @ np.maximum(-W_out[weak], 0.0)),
        answer=float(on @ W_out[weak] + bias[weak]),
        answer_back=float(on_back @ W_out[strong] + bias[strong]),
    )
