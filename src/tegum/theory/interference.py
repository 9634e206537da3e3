"""Variance of the interference on one read-out, for random codes, tight frames and any given code."""

import numpy as np

from tegum.geometry.gram import gram
from tegum.ground.arrays import ArrayLike, PerFeature, Real, as_directions
from tegum.ground.errors import InputError
from tegum.theory.bounds import effective_dimension
from tegum.theory.counts import Count, as_positive, sizes


def tight_frame_interference(n_features: Count, n_hidden: ArrayLike, n_active: ArrayLike) -> Real:
    """Variance of the read-out of an inactive feature of a tight frame, over sets of k active features.

    (k / m_eff) (n - 1 - k) / (n - 2): the second factor is that of drawing without replacement. A random code has k/m.
    The mean over sets, k times the mean overlap of the feature, is not part of it; `read_out_second_moment` has both.

    Args:
        n_features: n, or a `LogCount`.
        n_hidden: m.
        n_active: k, between 0 and n - 1, as one feature is inactive.

    Returns:
        Broadcast shape, in units of the squared amplitude; 0 for n ≤ m.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> print(tight_frame_interference(1024, 512, 16).round(6))
        0.015411
    """
    size = sizes(n_features, n_hidden, n_active)
    if (size.k > np.maximum(size.n - 1, 0)).any():
        raise InputError("n_active must be at most n_features - 1, as the variance is that of an inactive feature")
    m_eff = effective_dimension(n_features, n_hidden)
    drawn = 1 - np.where(np.isfinite(size.n) & (size.n > 2), (size.k - 1) / np.maximum(size.n - 2, 1.0), 0.0)
    return np.asarray(size.k / m_eff * drawn)


def read_out_second_moment(W: ArrayLike, n_active: int) -> PerFeature:
    """Mean square of the read-out of each feature over all sets of k others, exact for any code.

    E z_i² = k (n-1-k)/(n-2) · Var_j G_ij + k² (mean_j G_ij)², mean and variance over j ≠ i, with G = W Wᵀ. The second
    term is a constant offset of the feature, which a bias can remove.

    Args:
        W: (..., n_features, n_hidden), real.
        n_active: k, between 0 and n_features - 1.

    Returns:
        (..., n_features), in units of the squared amplitude.

    Raises:
        ShapeError: W has fewer than two axes.
        InputError: k outside its range.

    Example:
        >>> read_out_second_moment([[1, 0], [0, 1], [0.6, 0.8]], 1).round(2)
        array([0.18, 0.32, 0.5 ])
    """
    G = gram(as_directions(W))
    n = G.shape[-1]
    k = float(as_positive(n_active, "n_active", 0.0, n - 1.0))
    others = G[..., ~np.eye(n, dtype=bool)].reshape(*G.shape[:-1], n - 1)
    if n == 1:
        return np.zeros(G.shape[:-1])
    spread = k * (n - 1 - k) / (n - 2) if n > 2 else 0.0
    return np.asarray(spread * others.var(axis=-1) + k**2 * others.mean(axis=-1) ** 2)
