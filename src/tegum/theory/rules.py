"""What a layer does to a feature that it has read: the rules whose noise is followed from layer to layer.

A layer reads z = x + noise for every feature and writes φ(z) with a fresh code. All rules but the copy re-encode
everything they let pass, noise included.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tegum.ground.arrays import ArrayLike
from tegum.ground.errors import InputError


@dataclass(frozen=True, kw_only=True)
class UpdateRule:
    """One rule φ, applied to every feature by itself.

    Args:
        name: for tables and figures.
        apply: φ, from an array of read-outs to an array of the same shape and type.
        breaks: where φ jumps, bends or crosses ½, in rising order; quadrature puts its cells between them.
        carry: chance ρ that a wrong value (on the wrong side of ½) is carried to the next layer. 1 is plain copying; 0
            stands for logic in which an isolated error does not survive. Its noise is there in either case.
        resident: whether features stay where they are, as in a residual stream, and are never written again.

    Example:
        >>> UpdateRule(name="double", apply=lambda z: 2 * z).apply(np.array([0.5, 1.0]))
        array([1., 2.])
    """

    name: str
    apply: Callable[[np.ndarray], np.ndarray]
    breaks: tuple[float, ...] = ()
    carry: float = 1.0
    resident: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.carry <= 1:
            raise InputError(f"carry is a probability and must lie in [0, 1]; got {self.carry}.")


def gate_rule(threshold: float = 0.5) -> UpdateRule:
    """What exceeds a threshold passes as it is, everything else is 0: φ(z) = z · 1[z > τ].

    Args:
        threshold: τ.

    Returns:
        The rule.

    Example:
        >>> gate_rule().apply(np.array([0.4, 0.6, 1.1]))
        array([0. , 0.6, 1.1])
    """
    return UpdateRule(name="gate", apply=lambda z: z * (z > threshold), breaks=(threshold,))


def biased_relu_rule(bias: float = 0.3) -> UpdateRule:
    """One ReLU with a bias and the gain that makes up for it: φ(z) = ReLU(z - b) / (1 - b).

    Args:
        bias: b, below 1.

    Returns:
        The rule.

    Raises:
        InputError: b is 1 or more.

    Example: 0 stays 0 and 1 stays 1, but an error on an active feature grows by 1/(1 - b).
        >>> biased_relu_rule(0.5).apply(np.array([0.0, 0.4, 0.9, 1.0]))
        array([0. , 0. , 0.8, 1. ])
    """
    if not bias < 1:
        raise InputError(f"bias must be below 1, as an active feature reads 1; got {bias}.")
    return UpdateRule(
        name="biased ReLU", apply=lambda z: np.maximum(z - bias, 0) / (1 - bias), breaks=(bias, (1 + bias) / 2)
    )


def clip_rule(margin: float = 0.25) -> UpdateRule:
    """Saturation on both sides, the difference of two ReLUs: φ(z) = clip((z - a) / (1 - 2 a), 0, 1).

    Args:
        margin: a, errors below which are removed; at least 0 and below ½. Towards ½ it becomes the step.

    Returns:
        The rule.

    Raises:
        InputError: a outside its range.

    Example:
        >>> clip_rule().apply(np.array([0.2, 0.5, 0.8]))
        array([0. , 0.5, 1. ])
    """
    if not 0 <= margin < 0.5:
        raise InputError(f"margin must lie in [0, 1/2); got {margin}. For margin 1/2 use step_rule().")
    scale = 1 - 2 * margin
    return UpdateRule(
        name="clip", apply=lambda z: np.clip((z - margin) / scale, 0, 1), breaks=(margin, 0.5, 1 - margin)
    )


def step_rule(carry: float = 1.0) -> UpdateRule:
    """A hard step at ½: φ(z) = 1[z > ½]. What is left of noise are wrong features.

    Args:
        carry: chance that a wrong feature stays wrong; see `UpdateRule`.

    Returns:
        The rule.

    Raises:
        InputError: carry is no probability.

    Example:
        >>> step_rule().apply(np.array([0.4, 0.6]))
        array([0., 1.])
    """
    name = "step" if carry == 1 else f"step, ρ = {carry:g}"
    return UpdateRule(name=name, apply=lambda z: (z > 0.5).astype(z.dtype), breaks=(0.5,), carry=carry)


def update_rules() -> dict[str, UpdateRule]:
    """The rules that experiments and `tegum depth` compare, by name.

    Returns:
        Copy, identity, ReLU, gate at ½, biased ReLU with b = 0.3, clip with a = ¼, and the step with ρ = 1 and ρ = 0.

    Example:
        >>> ", ".join(update_rules())
        'copy, identity, ReLU, gate, biased ReLU, clip, step, step, ρ = 0'

    Source:
        Ours. Saturation on both sides: Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation
        in Superposition, on error correction.
    """
    rules = (
        UpdateRule(name="copy", apply=lambda z: z, breaks=(0.5,), resident=True),
        UpdateRule(name="identity", apply=lambda z: z, breaks=(0.5,)),
        UpdateRule(name="ReLU", apply=lambda z: np.maximum(z, 0), breaks=(0.0, 0.5)),
        gate_rule(),
        biased_relu_rule(),
        clip_rule(),
        step_rule(),
        step_rule(carry=0.0),
    )
    return {rule.name: rule for rule in rules}


def read_as_on(values: ArrayLike) -> np.ndarray:
    """Whether values count as an active feature: above ½.

    Example:
        >>> read_as_on([0.4, 0.6])
        array([False,  True])
    """
    return np.asarray(values) > 0.5
