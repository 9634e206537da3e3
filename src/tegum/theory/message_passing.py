"""State evolution of approximate message passing: the noise of its read-outs after each step, for large n and m.

k of n binary features are active, directions are random. The noise variance of the read-outs goes from v to
v' = (1/m) E |η(x + √v Z; v) - x|², starting from k/m, which is the noise of the matched filter.
"""

from typing import Literal, TypeAlias, get_args

import numpy as np
from scipy.special import ndtr

from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError
from tegum.theory.counts import Count, Numbers, alongside, as_positive, sizes
from tegum.theory.gaussian import normal_density
from tegum.theory.phase_transitions import l1_soft_threshold
from tegum.theory.posterior_mean import bernoulli_mmse

Denoiser: TypeAlias = Literal["posterior_mean", "soft", "soft_non_negative"]
"""What is done with one read-out: the chance that its feature is active, or a soft threshold on one or both sides."""


def message_passing_noise(
    n_features: Count,
    n_hidden: ArrayLike,
    n_active: ArrayLike,
    n_steps: int,
    *,
    denoiser: Denoiser = "posterior_mean",
    threshold: ArrayLike | None = None,
) -> Real:
    """Noise variance of the read-outs of message passing before each step, and after the last one.

    v₀ = k/m, v_{t+1} = (n/m) E (η(X + √v_t Z; v_t) - X)². The features are recovered if it falls to 0; m v_t is the
    expected squared error of x after step t.

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k between 0 and n; features are then active with probability k/n.
        n_steps: steps, at least 0.
        denoiser: η.
        threshold: α, threshold of "soft" and "soft_non_negative" in standard deviations √v; by default the one with the
            largest critical load at this m/n.

    Returns:
        (..., n_steps + 1), the broadcast shape of the sizes with the steps as last axis.

    Raises:
        InputError: a size outside its range, a negative number of steps, or an unknown denoiser.

    Example:
        >>> message_passing_noise(1000, 256, 90, 4).round(4)
        array([0.3516, 0.2268, 0.1814, 0.1546, 0.1345])
        >>> message_passing_noise(1000, 256, [60, 80], 200, denoiser="soft")[..., -1].round(4)
        array([0.    , 0.1673])

    Source:
        Donoho, Maleki and Montanari 2009, Message-passing algorithms for compressed sensing.
    """
    if denoiser not in get_args(Denoiser):
        raise InputError(f"denoiser must be one of {', '.join(map(repr, get_args(Denoiser)))}; got {denoiser!r}")
    if n_steps < 0:
        raise InputError(f"n_steps must be at least 0; got {n_steps}")
    size = sizes(n_features, n_hidden, n_active)
    one_sided = denoiser == "soft_non_negative"
    if threshold is None:
        alpha = l1_soft_threshold(size.m / size.n, non_negative=one_sided)
    else:
        alpha = as_positive(as_real(threshold, "threshold"), "threshold")
    size, alpha = alongside(size, threshold=alpha)
    v = [np.asarray(size.k / size.m)]
    for _ in range(n_steps):
        if denoiser == "posterior_mean":
            error = size.n * bernoulli_mmse(size.k / size.n, v[-1])
        else:
            error = v[-1] * _soft_risk(size.n, size.k, alpha, 1 / np.sqrt(np.maximum(v[-1], 1e-300)), one_sided)
        v.append(np.asarray(error / size.m))
    return np.stack(v, axis=-1)


def _soft_risk(n: Numbers, k: Numbers, alpha: Numbers, u: Numbers, one_sided: bool) -> Real:
    """Expected squared error of all features in units of the noise variance, in which active ones have the value u."""
    tail, edge = ndtr(-alpha), normal_density(np.asarray(alpha))
    absent = (1 + alpha**2) * tail - alpha * edge
    low, high = alpha - u, alpha + u
    above, at_low = ndtr(-low), normal_density(np.asarray(low))
    present = (1 + alpha**2) * above + (low - 2 * alpha) * at_low
    if one_sided:
        missed = u**2 * ndtr(low)
    else:
        below, at_high = ndtr(-high), normal_density(np.asarray(high))
        present = present + (1 + alpha**2) * below + (high - 2 * alpha) * at_high
        missed = u**2 * (ndtr(low) - ndtr(-high))
        absent = 2 * absent
    return np.asarray((n - k) * absent + k * (present + missed))
