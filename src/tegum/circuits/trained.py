"""Networks of one hidden layer that are trained to compute ANDs, beside those that are constructed."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float64

from tegum.circuits.cases import all_on
from tegum.circuits.checks import as_gates, check_counts, check_probability
from tegum.circuits.layer import NeuronLayer
from tegum.circuits.readoffs import dense_read_off
from tegum.ground.arrays import ArrayLike, Directions
from tegum.ground.errors import DivergedError, InputError, ShapeError
from tegum.ground.progress import Listener, Progress
from tegum.ground.streams import generator

if TYPE_CHECKING:
    from torch import Tensor

_TELL_EVERY = 50


class WeightedInputs(NamedTuple):
    """Every input that can occur, with its probability, so that expectations are sums and nothing is sampled.

    Args:
        x: (n_inputs, n_features), zeros and ones.
        weights: (n_inputs,), adding up to 1.
    """

    x: Float64[np.ndarray, "n_inputs n_features"]
    weights: Float64[np.ndarray, " n_inputs"]


def few_active(n_features: int, *, feature_probability: float, most_active: int) -> WeightedInputs:
    """Independent features, without the inputs in which more than a few are on.

    Args:
        n_features: n.
        feature_probability: p, between 0 and 1.
        most_active: K; inputs with more features on are left out.

    Returns:
        All inputs with at most K features on, and their probabilities.

    Raises:
        InputError: p is no probability, or leaves nothing; counts below 1, or K above n.

    Example:
        >>> inputs = few_active(3, feature_probability=0.5, most_active=1)
        >>> inputs.x.tolist(), inputs.weights.tolist()
        ([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [0.25, 0.25, 0.25, 0.25])
    """
    check_counts(n_features=n_features, most_active=most_active)
    check_probability(feature_probability, "feature_probability")
    if most_active > n_features or (feature_probability == 1 and most_active < n_features):
        raise InputError(f"no input has at most {most_active} of {n_features} features on; choose p < 1 and K up to n.")
    sets = [chosen for k in range(most_active + 1) for chosen in itertools.combinations(range(n_features), k)]
    x = np.zeros((len(sets), n_features))
    for row, chosen in zip(x, sets, strict=True):
        row[list(chosen)] = 1.0
    k, p = x.sum(axis=1), feature_probability
    weights = p**k * (1 - p) ** (n_features - k)
    return WeightedInputs(x, weights / weights.sum())


def train_ands(
    gates: ArrayLike,
    inputs: WeightedInputs,
    *,
    n_neurons: int,
    n_models: int,
    n_steps: int,
    embedding: Directions | None = None,
    learning_rate: float = 0.02,
    seed: int = 0,
    progress: Listener = lambda _: None,
) -> list[NeuronLayer]:
    """Networks ReLU(h W_in + b_in) R + offset, trained side by side to give the ANDs of gates.

    Adam on the expected squared error over all inputs, with a step size that falls to 0 along a half cosine. Nothing is
    sampled but the initial weights.

    Args:
        gates: (n_gates, order), the features of each gate.
        inputs: what can occur, from `few_active`.
        n_neurons: m.
        n_models: networks, from independent initial weights.
        n_steps: updates.
        embedding: (n_features, n_hidden), directions of features in superposition; None if features are the inputs.
        learning_rate: of the first step.
        seed: of the initial weights.
        progress: called now and then.

    Returns:
        The trained networks, with their trained read-off.

    Raises:
        InputError: counts below 1, or gates that are none.
        ShapeError: directions for another number of features.
        DivergedError: the loss is no number any more.

    Example: three neurons for one AND.
        >>> inputs = few_active(2, feature_probability=0.5, most_active=2)
        >>> (layer,) = train_ands([[0, 1]], inputs, n_neurons=3, n_models=1, n_steps=300)
        >>> layer.estimates(inputs.x).ravel().round(1) + 0.0
        array([0., 0., 0., 1.])

    Source:
        The task is that of Newgas 2025, Compressed Computation: Dense Circuits in a Toy Model of the Universal-AND
        Problem.
    """
    import torch  # takes seconds to load, and only those who train need it

    check_counts(n_neurons=n_neurons, n_models=n_models, n_steps=n_steps)
    x, chosen = inputs.x, as_gates(gates, inputs.x.shape[1])
    if embedding is not None and len(embedding) != x.shape[1]:
        raise ShapeError(f"embedding has shape {embedding.shape}, expected ({x.shape[1]}, n_hidden), a row per feature")
    truth = all_on(x, chosen).astype(np.float64)
    h = x if embedding is None else x @ embedding
    drawn = [generator(seed, model, f"trained ands {h.shape[1]} {n_neurons}") for model in range(n_models)]
    sizes = ((h.shape[1], n_neurons), (n_neurons, len(chosen)))
    # about unit preactivations with a few features on, and a read-off that begins small
    W, R = (
        _parameter(np.array([rng.normal(scale=scale, size=size) for rng in drawn]))
        for size, scale in zip(sizes, (3**-0.5, 0.3 * n_neurons**-0.5), strict=True)
    )
    b, offset = (_parameter(np.zeros((n_models, 1, size[1]))) for size in sizes)
    seen, wanted, weights = (torch.tensor(each, dtype=torch.float32) for each in (h, truth, inputs.weights[:, None]))
    variance = max(float((inputs.weights @ truth * (1 - inputs.weights @ truth)).sum()), 1e-12)
    adam = torch.optim.Adam([W, b, R, offset], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, n_steps)
    loss = torch.zeros(())
    with _one_thread():
        for step in range(n_steps):
            loss = (weights * (torch.relu(seen @ W + b) @ R + offset - wanted) ** 2).sum() / variance
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            if (step + 1) % _TELL_EVERY == 0:
                progress(Progress(step + 1, n_steps))
    if not np.isfinite(float(loss.detach())):
        raise DivergedError(f"training diverged with learning_rate={learning_rate}; choose a smaller one.")
    W, b, R, offset = (each.detach().numpy().astype(np.float64) for each in (W, b, R, offset))
    return [
        NeuronLayer(
            W_in=W[model],
            b_in=b[model, 0],
            embedding=embedding,
            read_off=dense_read_off(chosen, R[model], offset[model, 0]),
        )
        for model in range(n_models)
    ]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products are small here: a second thread of torch mostly waits, and on a busy machine it waits ten times over."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _parameter(values: np.ndarray) -> "Tensor":
    import torch

    return torch.tensor(values, dtype=torch.float32, requires_grad=True)
