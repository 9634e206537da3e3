"""Small changes of the input that harm most: computed without a gradient, and found with one.

All attacks have a length (L2) of at most `size` and act on x' = ReLU(x W Wᵀ + b); the error is measured against the
input before the attack.
"""

from typing import NamedTuple

import numpy as np

from tegum.ground.arrays import ArrayLike, Pairs, PerModel, Real, as_directions, as_real
from tegum.ground.errors import InputError, ShapeError

_SMALLEST = np.finfo(np.float32).tiny
_ENTRIES_AT_ONCE = 2**15  # of the inputs: what one attack touches stays in the cache


class AttackedLoss(NamedTuple):
    """Mean squared error per sample, summed over features."""

    clean: float
    """Without an attack."""

    blind: float
    """Under the worst attack that is the same for all inputs, chosen on one half of them and measured on the other."""

    informed: float
    """Under the worst attack for each input."""


def single_output_attacks(W: ArrayLike) -> Pairs:
    """The change of input that moves each output most.

    Output j is ReLU(x · G_j + b_j) with G = W Wᵀ, so of all changes of length 1 the one along G_j raises it most, by
    |G_j| = |W_j|² / √D_j where the ReLU is open; D_j is the feature's dimensionality. No gradient is needed, and no
    change is better, whether the ReLU is open or not, as it never falls.

    Args:
        W: (..., n_features, n_hidden), real.

    Returns:
        (..., n_features, n_features): row j has length 1 and attacks output j; 0 for a feature without a direction.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: W is not real or not finite.

    Example: half of a pair is attacked through both members.
        >>> single_output_attacks([[1.0], [-1.0]]).round(3)
        array([[ 0.707, -0.707],
               [-0.707,  0.707]])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on adversarial vulnerability.
    """
    rows = as_directions(W)
    G = rows @ rows.mT
    lengths = np.linalg.norm(G, axis=-1, keepdims=True)
    return np.divide(G, lengths, out=np.zeros_like(G), where=lengths > 0)


def gated_vulnerability(W: ArrayLike, open_share: ArrayLike) -> PerModel:
    """Excess error of the worst blind attack per squared length, as far as it is quadratic.

    max_i Σ_j q_j (û_i · G_j)², with û_i the attack on output i and q_j the share of inputs for which ReLU j is open.
    With all open and n features in a tight frame of unit vectors it is (n/m)²; closed ReLUs absorb the rest.

    Args:
        W: (..., n_features, n_hidden), real.
        open_share: q, (..., n_features), in [0, 1].

    Returns:
        (...), no unit. A model that keeps m features and ignores the others has 1.

    Raises:
        ShapeError: W has fewer than two axes, or the shares do not fit.
        InputError: W is not finite, or a share is outside [0, 1].

    Example:
        >>> gated_vulnerability([[1.0], [-1.0]], [1.0, 1.0]), gated_vulnerability([[1.0], [-1.0]], [0.5, 0.0])
        (array(4.), array(1.))

    Known problems:
        It leaves out what is linear in the attack: an error that is there already grows or shrinks. At medium sparsity
        errors shrink, and the formula is up to half too large.

    Source:
        Ours.
    """
    rows, share = as_directions(W), as_real(open_share, "open_share")
    if ((share < 0) | (share > 1)).any():
        raise InputError(
            f"open_share must lie in [0, 1]; got {share.min():g} to {share.max():g}. Pass (z > 0).mean(0)."
        )
    if share.shape != rows.shape[:-1]:
        raise ShapeError(f"open_share has shape {share.shape}, expected {rows.shape[:-1]}: one share for each feature.")
    shifts = single_output_attacks(rows) @ (rows @ rows.mT)
    return np.asarray(np.einsum("...ij,...j->...i", np.square(shifts), share).max(axis=-1))


def attacked_loss(W: ArrayLike, bias: ArrayLike, features: ArrayLike, *, size: float) -> AttackedLoss:
    """Loss under the worst of the attacks ± `single_output_attacks`.

    Args:
        W: (n_features, n_hidden), real.
        bias: (n_features,).
        features: inputs x, (n_samples, n_features), at least 2.
        size: length of the attacks, in units of x, at least 0.

    Returns:
        Three losses. The blind one is chosen and measured on different inputs: the largest of 2n noisy means is too
        large where few inputs hold any feature.

    Raises:
        ShapeError: shapes do not fit.
        InputError: numbers are not finite, or size is negative.

    Example: a model of one dedicated feature loses size² to either attacker.
        >>> attacked_loss([[1.0]], [0.0], [[0.5], [0.7]], size=0.1)
        AttackedLoss(clean=0.0, blind=0.01, informed=0.01)

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on adversarial vulnerability.
    """
    G, z, x = _forward(W, bias, features)
    if not size >= 0:
        raise InputError(f"size is the length of an attack and must be at least 0; got {size}.")
    if len(x) < 2:
        raise ShapeError(f"features has {len(x)} samples; one half chooses, the other measures: pass at least 2.")
    shifts = (size * single_output_attacks(W) @ G).astype(np.float32)
    n_chunks = max(2, round(x.size / _ENTRIES_AT_ONCE))
    sums, informed, first = np.zeros((n_chunks, 2 * len(shifts))), 0.0, (n_chunks + 1) // 2
    counts = np.array([len(part) for part in np.array_split(x, n_chunks)])
    clean = np.empty(n_chunks)
    for c, (pre, wanted) in enumerate(zip(np.array_split(z, n_chunks), np.array_split(x, n_chunks), strict=True)):
        worst = _errors(pre, wanted)
        clean[c] = worst.sum(dtype=np.float64)
        for number, shift in enumerate(shifts):
            for sign, signed in enumerate((shift, -shift)):
                error = _errors(pre + signed, wanted)
                np.maximum(worst, error, out=worst)
                sums[c, 2 * number + sign] = error.sum(dtype=np.float64)
        informed += worst.sum(dtype=np.float64)
    chosen = int(sums[:first].sum(axis=0).argmax())
    added = (sums[first:, chosen].sum() - clean[first:].sum()) / counts[first:].sum()
    mean = clean.sum() / len(x)
    return AttackedLoss(*_rounded(mean, mean + added, informed / len(x)))


def gradient_attacked_loss(W: ArrayLike, bias: ArrayLike, features: ArrayLike, *, size: float, n_steps: int) -> Real:
    """Loss under one attack for all inputs, climbed to along the gradient of the mean loss.

    The gradient on the first half of the inputs is followed from 0; the loss is that of the other half.

    Args:
        W: (n_features, n_hidden), real.
        bias: (n_features,).
        features: inputs x, (n_samples, n_features).
        size: length of the attack, in units of x.
        n_steps: 1 for a single step; more climb on the sphere of that length.

    Returns:
        What the attack adds to the loss, no axes.

    Raises:
        ShapeError: shapes do not fit. InputError: numbers are not finite.

    Example:
        >>> print(gradient_attacked_loss([[0.9]], [0.0], [[0.5], [0.5]], size=0.1, n_steps=1).round(4))
        0.022
    """
    G, z, x = _forward(W, bias, features)
    half, attack = len(x) // 2, np.zeros(x.shape[1])
    for _ in range(n_steps):
        pre = z[:half] + (attack @ G).astype(np.float32)
        slope = (np.where(pre > 0, pre - x[:half], 0).mean(axis=0, dtype=np.float64)) @ G
        # half of the sphere's radius at a time turns the attack without leaping over the summit
        attack = attack + 0.5 * size * slope / max(float(np.linalg.norm(slope)), _SMALLEST)
        attack = attack * size / max(float(np.linalg.norm(attack)), _SMALLEST)
    shifted = _errors(z[half:] + (attack @ G).astype(np.float32), x[half:])
    return np.asarray(shifted.mean(dtype=np.float64) - _errors(z[half:], x[half:]).mean(dtype=np.float64))


class GradientSight(NamedTuple):
    """What an attacker who only has gradients can see."""

    blind_inputs: float
    """Share of inputs at which the gradient of the loss is exactly 0."""

    closed_outputs: float
    """Share of pairs of an input and an output at which the gradient of that output is exactly 0."""

    rise: float
    """Mean rise of one output by its gradient attack, over that by its computed attack; at most 1."""


def gradient_sight(W: ArrayLike, bias: ArrayLike, features: ArrayLike, *, size: float) -> GradientSight:
    """How often gradients vanish, and what the attack on a single output loses by it.

    Where ReLU j is open, the gradient of output j points along G_j: the gradient attack is the computed one. Where it
    is closed there is no gradient, although the computed attack may open it.

    Args:
        W: (n_features, n_hidden), real.
        bias: (n_features,).
        features: inputs x, (n_samples, n_features).
        size: length of the attacks, in units of x.

    Returns:
        Two shares and a ratio, all in [0, 1]; the ratio is 1 if no attack moves anything.

    Raises:
        ShapeError: shapes do not fit. InputError: numbers are not finite.

    Example:
        >>> gradient_sight([[1.0]], [-0.1], [[0.5], [0.0]], size=0.3)
        GradientSight(blind_inputs=0.5, closed_outputs=0.5, rise=0.6)
    """
    G, z, x = _forward(W, bias, features)
    open_ = z > 0
    lengths = size * np.linalg.norm(G, axis=1)
    computed = (np.maximum(z + lengths, 0) - np.maximum(z, 0)).sum(dtype=np.float64)
    found = (open_ * lengths).sum(dtype=np.float64)
    unseen = ~(open_ & (z != x)).any(axis=1)  # an open output without an error has no slope either
    return GradientSight(*_rounded(unseen.mean(), 1 - open_.mean(), found / computed if computed > 0 else 1.0))


def _forward(W: ArrayLike, bias: ArrayLike, features: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """G (float64), pre-activations and inputs (float32, as many passes over them are made)."""
    rows, b, x = as_directions(W), as_real(bias, "bias"), as_real(features, "features")
    if rows.ndim != 2 or b.shape != rows.shape[:1] or x.ndim != 2 or x.shape[1] != rows.shape[0]:
        raise ShapeError(
            f"W {rows.shape}, bias {b.shape} and features {x.shape} do not fit; expected (n, m), (n,) and (samples, n)."
            " Attack one model at a time."
        )
    return rows @ rows.T, (x @ rows @ rows.T + b).astype(np.float32), x.astype(np.float32)


def _errors(z: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Squared error of ReLU(z) for each sample."""
    error = np.maximum(z, 0)
    error -= x
    return np.einsum("si,si->s", error, error)


def _rounded(*values: float) -> list[float]:
    """Seven digits: the inputs are float32, and more would be rounding error."""
    return [float(f"{value:.6g}") for value in values]
