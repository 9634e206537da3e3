"""Errors of many small networks that share the blocks of a wide one, layer by layer.

T networks of width d have a copy in S blocks each, one in each of S groups of q blocks; any two share at most one
block, z of them run. A copy reads the mean of its network's other copies.
"""

import math

import numpy as np

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError, ShapeError

COLLISION = 0.75 - 1 / math.pi
"""E[(ReLU(a + a') - ReLU(a))²] for independent standard normal a and a': 0.4317, by the arc-cosine kernel."""


def max_block_networks(n_blocks: int, n_copies: int) -> int:
    """Most networks with S of B blocks each of which any two share at most one.

    Each network has S (S - 1)/2 pairs of blocks, and no two have the same: T ≤ B (B - 1)/(S (S - 1)).

    Args:
        n_blocks: B.
        n_copies: S, at least 2.

    Returns:
        The bound.

    Raises:
        InputError: S below 2 or above B.

    Example:
        >>> max_block_networks(7, 3)  # the Fano plane
        7

    Source:
        Linsefors and Bushnaq 2025, Circuits in Superposition 2; Bose 1939 for such designs.
    """
    if not 2 <= n_copies <= n_blocks:
        raise InputError(f"n_copies must lie between 2 and n_blocks = {n_blocks}; got {n_copies}.")
    return n_blocks * (n_blocks - 1) // (n_copies * (n_copies - 1))


def activity_variance(n_active: ArrayLike, *, group_size: int, n_copies: int) -> Real:
    """Variance of how active a running network looks: the mean, over its blocks, of the networks that use them.

    Another network shares a block with chance r = S/(q + 1) and then adds 1/S: (z - 1) r (1 - r)/S², about (z - 1)/B
    with B = S q blocks.

    Args:
        n_active: z, at least 1.
        group_size: q.
        n_copies: S.

    Returns:
        Shape of z.

    Raises:
        InputError: z below 1, or S above q.

    Example:
        >>> activity_variance(3, group_size=101, n_copies=5).round(5), 2 / 505
        (np.float64(0.00373), 0.0039603960396039604)

    Source:
        Linsefors and Bushnaq 2025, Circuits in Superposition 2.
    """
    z = as_real(n_active, "n_active")
    if (z < 1).any() or n_copies > group_size:
        raise InputError(
            f"expected n_active of at least 1 and n_copies up to {group_size}; got {n_active}, {n_copies}."
        )
    shared = n_copies / (group_size + 1)
    return np.asarray((z - 1) * shared * (1 - shared) / n_copies**2)


def block_errors(
    power: ArrayLike,
    *,
    n_networks: int,
    group_size: int,
    n_copies: int,
    n_active: int,
    width: int,
    weight_variance: float,
    bias_variance: float = 0.0,
    gated: bool = True,
    collisions: bool = True,
) -> Real:
    """Mean squared error, per neuron, of what a running network holds after each layer.

    Three things go wrong. Two running networks share a block, with chance r = S/(q + 1): that copy computes the ReLU of
    a sum. Another network on a block of this one also has a block that a third, running one uses: it writes w x/(S - 1)
    here. And the network hands on the errors that it has. With g = d σ_w², the power of preactivations s = g P + σ_b²,
    and N = (T - 1)/(q + 1) other networks on a block, per layer

        e' = (g e + X/S)/2 + (z - 1) κ s/(S (q + 1)),   X = N/(S - 1) · (z - 1)/(q + 1) · (g (P + X₋/2) + σ_b²),

    with X₋ that of the layer before, κ = `COLLISION`, and e = (z - 1) P/(S (q + 1)) before the first layer. Halves are
    the share of ReLUs that are on. Without gates, blocks that nobody uses hold noise that is read as well and grows by
    g T/(2 q (S - 1)) per layer, which exceeds 1 long before T exceeds B = S q. And there is an echo: every other
    network on a block of this one computes from it in its own blocks, and from the second layer on writes back.

    Valid for weights with mean 0 and errors small against P; an error of the order of P is an order of magnitude.
    Without collisions it is right to a few percent. Collisions cost up to a half more than it says, as the errors of a
    shared copy point the same way in all layers.

    Args:
        power: (L + 1,), P: mean square of a small network's inputs and of its neurons in each layer.
        n_networks: T.
        group_size: q; there are S q blocks.
        n_copies: S.
        n_active: z.
        width: d.
        weight_variance: σ_w².
        bias_variance: σ_b².
        gated: whether unused blocks are kept shut.
        collisions: False for inputs whose running networks share no block.

    Returns:
        (L + 1,), in the unit of P.

    Raises:
        ShapeError: power is not (L + 1,).
        InputError: fewer than one network runs, or more than there are.

    Example: gates make the difference.
        >>> sizes = {"n_networks": 1000, "group_size": 61, "n_copies": 4, "n_active": 2, "width": 4}
        >>> for gated in (True, False):
        ...     print(block_errors([1.0] * 4, **sizes, weight_variance=0.5, gated=gated).round(3))
        [0.004 0.029 0.056 0.083]
        [0.004 0.029 0.74  3.02 ]

    Source:
        Ours; that T grows with the number of weights is due to Linsefors and Bushnaq 2025, Circuits in Superposition 2.
    """
    P = as_real(power, "power")
    if P.ndim != 1 or not P.size:
        raise ShapeError(f"power has shape {P.shape}, expected (n_layers + 1,): of the inputs and of every layer")
    if not 1 <= n_active <= n_networks:
        raise InputError(f"n_active must lie between 1 and n_networks = {n_networks}; got {n_active}.")
    q, S, z, g = group_size, n_copies, n_active, width * weight_variance
    others, on_unused = (n_networks - 1) / (q + 1), n_networks / q
    hit = (z - 1) / (q + 1)  # chance that another running network uses a block
    errors, noise, unused, echo = np.empty(len(P)), 0.0, 0.0, 0.0  # echo: what a network holds that shares a block
    shared = hit / S if collisions else 0.0
    errors[0] = shared * P[0]
    for layer in range(1, len(P)):
        used = g * (P[layer - 1] + noise / 2) + bias_variance
        idle = g * unused
        noise = others * ((hit * used + (1 - hit) * idle) / (S - 1) + g * echo)
        if not gated:
            unused = on_unused / (S - 1) * (z / q * used + (1 - z / q) * idle) / 2
            echo = (used + (S - 2) ** 2 * g * echo) / (S - 1) ** 2 / 2
        summed = shared * COLLISION * (g * P[layer - 1] + bias_variance)
        errors[layer] = (g * errors[layer - 1] + noise / S) / 2 + summed
    return errors
