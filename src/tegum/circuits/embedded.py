"""Many small networks in one wide network, of which a few run at a time.

A block has as many neurons as a layer of a small network. Each small network has a copy in S blocks, and any two
networks share at most one block. In a step, a copy reads the mean of the network's *other* copies. It does not read
itself: a block belongs to many networks, and each would act on it.

So the d x d weights between two blocks are those of at most one small network. Not weights are in superposition but
neurons: a block that a running network uses looks like 1/(S - 1) of the input of every other network on it.
"""

import dataclasses

import numpy as np
from jaxtyping import Float64, Int64
from scipy.sparse import coo_array, csr_array

from tegum.circuits.blocks import BlockLayout
from tegum.circuits.checks import check_counts
from tegum.ground.errors import InputError, ShapeError
from tegum.ground.streams import generator

_SHUT = 1000.0  # more than any neuron ever sees, so that a block that no running network uses stays silent
_DENSE = 0.1  # from this share of nonzero neurons on, sparse products take longer than dense ones

Which = Int64[np.ndarray, "n_inputs n_active"]
Values = Float64[np.ndarray, "n_inputs n_active width"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SmallNetworks:
    """T networks of the same shape: x' = ReLU(x w + b), L times.

    Args:
        weights: (n_networks, n_layers, width, width), rows are what is read, columns what is made.
        biases: (n_networks, n_layers, width).

    Raises:
        ShapeError: weights and biases that do not belong together.

    Example:
        >>> one = SmallNetworks(weights=2 * np.eye(2)[None, None], biases=np.array([[[0.0, -3.0]]]))
        >>> one.run(np.ones((1, 1, 2)), np.array([[0]]))[-1].tolist()
        [[[2.0, 0.0]]]
    """

    weights: Float64[np.ndarray, "n_networks n_layers width width"]
    biases: Float64[np.ndarray, "n_networks n_layers width"]

    def __post_init__(self) -> None:
        shape = self.weights.shape
        if len(shape) != 4 or shape[2] != shape[3] or self.biases.shape != shape[:3]:
            raise ShapeError(
                f"weights have shape {shape} and biases {self.biases.shape}, expected (n_networks, n_layers, width,"
                " width) and (n_networks, n_layers, width); fill narrower layers up with zeros"
            )

    @property
    def n_networks(self) -> int:
        """Networks T."""
        return self.weights.shape[0]

    @property
    def n_layers(self) -> int:
        """Layers L."""
        return self.weights.shape[1]

    @property
    def width(self) -> int:
        """Neurons d of a layer."""
        return self.weights.shape[2]

    def run(self, inputs: Values, which: Which) -> list[Values]:
        """What the networks compute by themselves.

        Args:
            inputs: (n_inputs, n_active, width), of the networks that run.
            which: (n_inputs, n_active), their numbers.

        Returns:
            The inputs and the neurons of every layer, each (n_inputs, n_active, width).
        """
        made = [inputs]
        for layer in range(self.n_layers):
            seen = np.einsum("nad,nade->nae", made[-1], self.weights[which, layer]) + self.biases[which, layer]
            made.append(np.maximum(seen, 0.0))
        return made


def random_networks(
    n_networks: int, *, width: int, n_layers: int, bias_scale: float = 0.1, seed: int = 0, index: int = 0
) -> SmallNetworks:
    """Networks with independent normal weights of variance 2/d, so that activity neither grows nor fades over layers.

    Args:
        n_networks: T.
        width: d.
        n_layers: L.
        bias_scale: standard deviation of biases.
        seed: of all networks of a study.
        index: number of the set.

    Returns:
        The networks.

    Raises:
        InputError: a count below 1.

    Example:
        >>> random_networks(10, width=4, n_layers=3).weights.shape
        (10, 3, 4, 4)
    """
    check_counts(n_networks=n_networks, width=width, n_layers=n_layers)
    rng = generator(seed, index, f"small networks {n_networks} {width} {n_layers}")
    weights = rng.normal(scale=np.sqrt(2 / width), size=(n_networks, n_layers, width, width))
    return SmallNetworks(weights=weights, biases=rng.normal(scale=bias_scale, size=(n_networks, n_layers, width)))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class WideNetwork:
    """One network with ReLUs that holds many: y' = ReLU(y W + b), with the d neurons of each block, then the gates.

    Args:
        weights: of every layer, sparse, (n_neurons, n_neurons).
        bias: (n_neurons,), the same in every layer.
        layout: which network has which blocks.
        width: d, neurons of a block.

    Example: see `embed`.
    """

    weights: tuple[csr_array, ...]
    bias: Float64[np.ndarray, " n_neurons"]
    layout: BlockLayout
    width: int

    @property
    def n_neurons(self) -> int:
        """Width D of the wide network, B (d + 1): a block has d neurons and a gate."""
        return len(self.bias)

    def store(self, inputs: Values, which: Which) -> np.ndarray:
        """Neurons before the first layer: each input in all blocks of its network, whose gates are 1.

        Args:
            inputs: (n_inputs, n_active, width).
            which: (n_inputs, n_active), networks that are to run, all different in an input.

        Returns:
            (n_inputs, n_neurons). Where two networks share a block, their inputs are added up.

        Raises:
            ShapeError: inputs that do not fit.
            InputError: a network that is not there, or twice in an input, or none.
        """
        if inputs.shape != (*which.shape, self.width):
            raise ShapeError(f"inputs has shape {inputs.shape}, expected {(*which.shape, self.width)} as `which` says")
        if not which.size:
            raise InputError("which names no network; at least one must run, in at least one input.")
        if not 0 <= which.min() <= which.max() < self.layout.n_networks:
            span = f"{which.min()} to {which.max()}"
            raise InputError(f"which must hold networks 0 to {self.layout.n_networks - 1}; got {span}.")
        if (np.diff(np.sort(which, axis=1)) == 0).any():
            raise InputError("a network is listed twice in an input; each has room for one input at a time.")
        blocks = np.zeros((len(which), self.layout.n_blocks, self.width))
        rows, places = np.arange(len(which))[:, np.newaxis, np.newaxis], self.layout.blocks[which]
        np.add.at(blocks, (rows, places), inputs[:, :, np.newaxis, :])
        gates = np.zeros(blocks.shape[:2])
        gates[rows, places] = 1.0
        return np.concatenate([blocks.reshape(len(which), -1), gates], axis=1)

    def run(self, stored: np.ndarray) -> list[np.ndarray]:
        """Neurons before the first layer and after each, (n_inputs, n_neurons)."""
        made = [stored]
        for weights in self.weights:
            seen = made[-1] if np.count_nonzero(made[-1]) > _DENSE * made[-1].size else csr_array(made[-1])
            product = seen @ weights
            made.append(np.maximum((product if isinstance(product, np.ndarray) else product.toarray()) + self.bias, 0))
        return made

    def read(self, neurons: np.ndarray, which: Which) -> Values:
        """What the networks hold: the mean of their copies, (n_inputs, n_active, width)."""
        blocks = neurons[:, : self.layout.n_blocks * self.width].reshape(len(neurons), -1, self.width)
        return blocks[np.arange(len(which))[:, np.newaxis, np.newaxis], self.layout.blocks[which]].mean(axis=2)


def embed(networks: SmallNetworks, layout: BlockLayout, *, gated: bool = True) -> WideNetwork:
    """All networks in one.

    Each block has a gate, a neuron that is 1 if a running network uses the block, and hands itself on. A gate keeps
    the neurons of its block shut unless it is 1. Biases of the small networks are weights on the gates of their other
    blocks, so that only networks that run have them.

    Args:
        networks: with weights and biases of their own.
        layout: as many networks, with S blocks each.
        gated: if False, gates shut nothing: noise in unused blocks lives on, and is read in every further layer.

    Returns:
        The wide network.

    Raises:
        InputError: another number of networks in the layout.

    Example: alone, a network runs without any error.
        >>> from tegum.circuits.blocks import block_layout
        >>> networks = random_networks(49, width=4, n_layers=3)
        >>> wide = embed(networks, block_layout(49, group_size=7, n_copies=3))
        >>> x, which = np.ones((1, 1, 4)), np.array([[5]])
        >>> made = wide.read(wide.run(wide.store(x, which))[-1], which)
        >>> bool(np.allclose(made, networks.run(x, which)[-1])), wide.n_neurons
        (True, 105)

    Source:
        Ours, after Linsefors and Bushnaq 2025, Circuits in Superposition 2, and Bushnaq and Mendel 2024, Circuits in
        Superposition.
    """
    if networks.n_networks != layout.n_networks:
        raise InputError(f"the layout is for {layout.n_networks} networks; got {networks.n_networks}.")
    S, d, n_blocks = layout.n_copies, networks.width, layout.n_blocks
    source, target = (ends[~np.eye(S, dtype=bool)] for ends in np.mgrid[:S, :S])
    first, second = layout.blocks[:, source], layout.blocks[:, target]  # (T, S (S - 1))
    unit, gates, blocks = np.arange(d), n_blocks * d + np.arange(n_blocks), np.arange(n_blocks)
    of_block = blocks[:, np.newaxis] * d + unit
    # between blocks, from the gates of other blocks, from a block's own gate, and of gates to themselves
    pieces = [
        (of_block[first][..., np.newaxis], of_block[second][..., np.newaxis, :]),
        (gates[first][..., np.newaxis], of_block[second]),
        (gates[:, np.newaxis], of_block),
        (gates, gates),
    ]
    rows, columns = (np.concatenate([np.broadcast_arrays(*piece)[end].ravel() for piece in pieces]) for end in range(2))
    shut = np.full(n_blocks * d, _SHUT if gated else 0.0)
    layers = []
    for layer in range(networks.n_layers):
        values = [networks.weights[:, layer], networks.biases[:, layer]]
        spread = [np.repeat(each[:, np.newaxis], S * (S - 1), axis=1).ravel() / (S - 1) for each in values]
        entries = np.concatenate([*spread, shut, np.ones(n_blocks)])
        layers.append(coo_array((entries, (rows, columns)), shape=(n_blocks * (d + 1),) * 2).tocsr())
    bias = np.concatenate([-shut, np.zeros(n_blocks)])
    return WideNetwork(weights=tuple(layers), bias=bias, layout=layout, width=d)
