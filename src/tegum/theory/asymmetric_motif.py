"""One neuron that serves two absolute values: its errors in closed form.

A neuron h = ReLU(r a - b / r) gives |a| for a > 0 through the output weight 1/r, and |b| for b < 0 through the weight
r. Each reads itself with gain 1. Alone, a leaks into the output of b with gain r², b into that of a with r^-2. A second
neuron that is on for a > 0 takes r² a away from the output of b, and the ReLU of the output cuts off what is below 0.
The other halves, a < 0 and b > 0, have a neuron each.
"""

from typing import NamedTuple

import numpy as np

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError, ShapeError
from tegum.theory.inputs import as_probability


class MotifErrors(NamedTuple):
    """Expected squared error of both outputs, by what is present; features uniform on [-1, 1].

    Attributes:
        strong: only a is there, which the neuron reads strongly.
        weak: only b is there.
        together: both are.
    """

    strong: Real
    weak: Real
    together: Real


def motif_errors(asymmetry: ArrayLike, *, inhibited: bool = True) -> MotifErrors:
    """Expected squared errors of the asymmetric motif.

    With q = r². Only a: q²/6, or 0 if inhibited. Only b: 1/(6q²). Both, inhibited:
    [1/(3q²) + (2 + 1/q²)(1/3 - 1/(6q)) + 1/(12q³)] / 4, which is 11/48 at q = 1 and tends to 1/6. Both, not inhibited:
    [1/(3q²) + q²/3 + (1 + 1/q²)(1/3 - 1/(6q)) + q²/3 - q/2 + 1/3 - 1/(12q) + 1/(12q³)] / 4.

    Args:
        asymmetry: r, at least 1, any shape; 1 is the symmetric neuron.
        inhibited: whether a second neuron takes r² a away from the output of b.

    Returns:
        Three errors of the shape of `asymmetry`, in squared units of the features.

    Raises:
        InputError: an asymmetry below 1; exchange a and b.

    Example: without inhibition, asymmetry costs; with it, it pays.
        >>> [float(error.round(4)) for error in motif_errors(2.0, inhibited=False)]
        [2.6667, 0.0104, 2.3278]
        >>> [float(error.round(4)) for error in motif_errors(2.0)]
        [0.0, 0.0104, 0.1559]

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Asymmetric Superposition Motif, has the weights for r = 2;
        the errors are ours (docs/computing.md).
    """
    q = _asymmetry(asymmetry) ** 2
    weak = 1 / (6 * q**2)
    lesser = 1 / 3 - 1 / (6 * q)  # E min(b, q a)² for a and b uniform on [0, 1]
    short = 1 / (12 * q)  # E ReLU(b - q a)²
    # the four terms: a > 0 > b, both positive, both negative; for a < 0 < b nothing is wrong
    at_a = 1 / (3 * q**2) + lesser / q**2 + short / q**2
    if inhibited:
        return MotifErrors(np.zeros_like(q), weak, (at_a + 2 * lesser) / 4)
    at_b = q**2 / 3 + (q**2 / 3 - q / 2 + 1 / 3 - short) + lesser
    return MotifErrors(q**2 / 6, weak, (at_a + at_b) / 4)


def motif_loss(asymmetry: ArrayLike, feature_probability: ArrayLike, *, inhibited: bool = True) -> Real:
    """Expected loss of the motif on two features, each present with probability p.

    p (1 - p) (strong + weak) + p² together, of `motif_errors`.

    Args:
        asymmetry: r, at least 1.
        feature_probability: p of both features, in [0, 1]; broadcasts against r.
        inhibited: as in `motif_errors`.

    Returns:
        The loss, of the common shape, in squared units of the features.

    Raises:
        InputError: an asymmetry below 1, or a probability outside [0, 1].
        ShapeError: the two do not broadcast.

    Example: sparse features, inhibited; asymmetry makes the loss 400 times smaller.
        >>> motif_loss([1.0, 5.0], 0.001).round(7).tolist()
        [0.0001667, 4e-07]
    """
    r, p = _asymmetry(asymmetry), as_probability(feature_probability)
    try:
        r, p = np.broadcast_arrays(r, p)
    except ValueError:
        raise ShapeError(
            f"asymmetry {r.shape} and feature_probability {p.shape} do not broadcast; give one value, or equal shapes."
        ) from None
    errors = motif_errors(r, inhibited=inhibited)
    return np.asarray(p * (1 - p) * (errors.strong + errors.weak) + p**2 * errors.together)


def motif_weights(asymmetry: float, *, inhibited: bool = True) -> tuple[Real, Real]:
    """Weights of the motif as a model of two features and four neurons, without bias.

    The neurons: the shared one, ReLU(-a), ReLU(b), and the inhibiting one, ReLU(a).

    Args:
        asymmetry: r, at least 1.
        inhibited: whether the last neuron inhibits; if not, it does nothing.

    Returns:
        W and W_out, both (2, 4); the rows are a and b.

    Raises:
        InputError: an asymmetry below 1.

    Example:
        >>> W, W_out = motif_weights(2.0)
        >>> W[:, 0].tolist(), W_out[:, 0].tolist(), W_out[:, 3].tolist()
        ([2.0, -0.5], [0.5, 2.0], [0.0, -4.0])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, The Asymmetric Superposition Motif: W = (2, -1/2) and
        W_out = (1/2, 2).
    """
    r = float(_asymmetry(asymmetry))
    W = np.array([[r, -1.0, 0.0, 1.0], [-1 / r, 0.0, 1.0, 0.0]])
    W_out = np.array([[1 / r, 1.0, 0.0, 0.0], [r, 0.0, 1.0, -(r**2) if inhibited else 0.0]])
    return W, W_out


def _asymmetry(asymmetry: ArrayLike) -> Real:
    r = as_real(asymmetry, "asymmetry")
    if not (r >= 1).all():
        raise InputError(f"asymmetry must be at least 1; got {float(r.min()):g}. Below 1, exchange the two features.")
    return r
