"""Which blocks of a wide network's neurons each of many small networks uses, so that any two share at most one."""

import dataclasses

import numpy as np
from jaxtyping import Int64

from tegum.circuits.checks import check_counts
from tegum.ground.errors import InputError
from tegum.ground.streams import generator


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class BlockLayout:
    """Blocks of every small network.

    Args:
        blocks: (n_networks, n_copies), numbers of blocks, all different within a row.
        n_blocks: B, blocks of the wide network.

    Raises:
        InputError: blocks that are not there, a network with one block twice, or two networks that share two.

    Example:
        >>> BlockLayout(blocks=np.array([[0, 1], [1, 2]]), n_blocks=3).n_networks
        2
    """

    blocks: Int64[np.ndarray, "n_networks n_copies"]
    n_blocks: int

    def __post_init__(self) -> None:
        if self.blocks.size and not 0 <= self.blocks.min() <= self.blocks.max() < self.n_blocks:
            span = f"{self.blocks.min()} to {self.blocks.max()}"
            raise InputError(f"blocks must lie between 0 and n_blocks - 1 = {self.n_blocks - 1}; got {span}.")
        twice = self.blocks[:, :, np.newaxis] == self.blocks[:, np.newaxis, :]
        if (twice.sum(axis=(1, 2)) > self.n_copies).any():
            network = int(np.argmax(twice.sum(axis=(1, 2)) > self.n_copies))
            raise InputError(f"network {network} has a block twice: {self.blocks[network].tolist()}.")
        if n := self.repeated_pairs():
            raise InputError(
                f"{n} pairs of blocks belong to more than one network; two networks may share one block only. Make the"
                " layout with block_layout, or leave networks out."
            )

    @property
    def n_networks(self) -> int:
        """Small networks T."""
        return self.blocks.shape[0]

    @property
    def n_copies(self) -> int:
        """Blocks S of each network."""
        return self.blocks.shape[1]

    def repeated_pairs(self) -> int:
        """Pairs of blocks that more than one network has; 0 means that any two networks share at most one block."""
        first, second = np.triu_indices(self.n_copies, 1)
        low = np.minimum(self.blocks[:, first], self.blocks[:, second])
        high = np.maximum(self.blocks[:, first], self.blocks[:, second])
        return low.size - len(np.unique(low * self.n_blocks + high))

    def activity(self, which: Int64[np.ndarray, "n_inputs n_active"]) -> np.ndarray:
        """How active each running network looks from its blocks: the mean, over them, of how many networks use it.

        Args:
            which: (n_inputs, n_active), the networks that run in each input.

        Returns:
            (n_inputs, n_active). 1 if a network shares no block with another that runs.

        Example:
            >>> BlockLayout(blocks=np.array([[0, 1], [1, 2]]), n_blocks=3).activity(np.array([[0, 1]]))
            array([[1.5, 1.5]])
        """
        used = np.zeros((len(which), self.n_blocks))
        np.add.at(used, (np.arange(len(which))[:, np.newaxis, np.newaxis], self.blocks[which]), 1)
        return used[np.arange(len(which))[:, np.newaxis, np.newaxis], self.blocks[which]].mean(axis=2)


def block_layout(n_networks: int, *, group_size: int, n_copies: int, seed: int = 0, index: int = 0) -> BlockLayout:
    """A random choice among networks that pairwise share at most one block.

    S groups of q blocks each, q prime. Network (a, b) has block a g + b modulo q of group g. Two of them agree in
    group g if (a - a') g = b' - b, which has at most one solution. So there is room for q² networks on B = S q blocks;
    counting pairs of blocks shows that no layout has room for more than (B - 1)/(S - 1) · q, see `max_block_networks`.

    Args:
        n_networks: T, at most q².
        group_size: q, a prime, at least n_copies.
        n_copies: S, blocks of each network, at least 2.
        seed: of all layouts of a study.
        index: number of the layout.

    Returns:
        The layout; each network has one block in each group.

    Raises:
        InputError: q is not prime, S does not lie between 2 and q, or T is above q².

    Example: 49 networks on 21 blocks.
        >>> layout = block_layout(49, group_size=7, n_copies=3)
        >>> layout.n_blocks, layout.repeated_pairs()
        (21, 0)

    Source:
        Ours, an affine plane; the task is that of Linsefors and Bushnaq 2025, Circuits in Superposition 2.
    """
    check_counts(n_networks=n_networks, group_size=group_size, n_copies=n_copies)
    q = group_size
    if q < 2 or any(q % divisor == 0 for divisor in range(2, int(q**0.5) + 1)):
        raise InputError(f"group_size must be a prime number, as the layout rests on arithmetic modulo it; got {q}.")
    if not 2 <= n_copies <= q:
        raise InputError(f"n_copies must lie between 2 and group_size = {q}; got {n_copies}.")
    if n_networks > q * q:
        raise InputError(f"there is room for {q * q} networks on {n_copies} groups of {q} blocks; got {n_networks}.")
    rng = generator(seed, index, f"blocks {n_networks} {q} {n_copies}")
    slope, start = np.divmod(rng.choice(q * q, size=n_networks, replace=False), q)
    group = np.arange(n_copies)
    places = (slope[:, np.newaxis] * group + start[:, np.newaxis]) % q
    return BlockLayout(blocks=(places + q * group).astype(np.int64), n_blocks=q * n_copies)
