"""How the linear toy model learns: one feature after another, each along a sigmoid, at a rate set by its variance.

Gradient flow dW/dt = -∂L/∂W, db/dt = -∂L/∂b of the linear loss (`theory/linear.py`), from small W and b = 0. For a
feature that stands alone L = I [σ² (1 - u)² + e²], with u = |W_i|² and e = (1 - u) μ - b the error of the mean. Hence

    du/dt = 8 I u [σ² (1 - u) + μ e],    de/dt = -2 I e - μ du/dt.

- First e falls from μ to 0 at rate 2 I. Meanwhile it pushes the weights: `after_bias`.
- Then, as long as u is small, only the variance is left: u grows at the rate r = 8 I σ² (`growth_rate`).
- While u rises the bias has to fall to (1 - u) μ, and lags behind: e ≈ -(μ / 2 I) du/dt. This gives
  (1 + 4 μ² u) du/dt = r u (1 - u), which `rise_time` integrates; with μ = 0 it is the logistic curve.

A feature that is stored pushes the others off its direction, so feature i grows from the part of its first W_i that is
orthogonal to all features of larger I σ² (`first_lengths`); after n_hidden of them nothing is left.
"""

import numpy as np
from scipy.special import expit

from tegum.ground.arrays import ArrayLike, Directions, PerFeature, Real, as_directions, as_real
from tegum.ground.errors import InputError, ShapeError
from tegum.theory.inputs import Magnitude, weighted
from tegum.theory.moments import feature_mean, feature_variance

_BISECTIONS = 64


def growth_rate(
    feature_probability: ArrayLike, importance: ArrayLike = 1.0, magnitude: Magnitude = "uniform"
) -> PerFeature:
    """Rate at which the linear model learns each feature.

    r_i = 8 I_i σ_i², with σ_i² the variance of feature i: while its squared length is small, its logarithm rises by r_i
    in a unit of time. A step of gradient descent with learning rate η takes the time η.

    Args:
        feature_probability: chance that each feature is present, (..., n_features) or one for all.
        importance: weight of each squared error, (..., n_features) or one for all, at least 0.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        (..., n_features), per unit of time.

    Raises:
        ShapeError: neither argument says how many features there are, or they disagree.
        InputError: a probability outside [0, 1], a negative importance, or an unknown magnitude.

    Example:
        >>> growth_rate([0.4, 0.8], [1.0, 0.5]).round(4)
        array([0.7467, 0.4267])

    Source:
        Saxe, McClelland and Ganguli 2014, Exact solutions to the nonlinear dynamics of learning in deep linear neural
        networks, on two layers. Their layers are not tied and their loss has a factor 1/2, hence 2 in place of our 8.
    """
    return 8 * weighted(feature_variance(feature_probability, magnitude), importance)


def after_bias(W: ArrayLike, *, feature_probability: ArrayLike, magnitude: Magnitude = "uniform") -> Directions:
    """The small first weights, moved by what the mean of the data does to them until the bias has learned it.

    exp(2 μ μᵀ) W with μ = E x. While the error of the mean e_i = μ_i - b_i dies out, dW_i/dt = 2 I_i e_i Σ_j μ_j W_j +
    μ_i Σ_j 2 I_j e_j W_j, and ∫ 2 I_i e_i dt = μ_i whatever the importance.

    Args:
        W: (..., n_features, n_hidden), the first weights.
        feature_probability: chance that each feature is present, (..., n_features) or one for all.
        magnitude: "uniform", "signed_uniform" or "boolean".

    Returns:
        (..., n_features, n_hidden).

    Raises:
        ShapeError: shapes that do not fit W.
        InputError: a probability outside [0, 1], or numbers that are not finite.

    Example: features with mean 0 leave W alone.
        >>> after_bias([[0.01], [0.02]], feature_probability=0.5, magnitude="signed_uniform").tolist()
        [[0.01], [0.02]]

    Known problems:
        It takes W to stand still meanwhile: right to first order in the ratios of 8 I_i σ_i² to 2 I_j.

    Source:
        Ours.
    """
    rows = as_directions(W)
    mean = feature_mean(
        np.broadcast_to(as_real(feature_probability, "feature_probability"), rows.shape[:-1]), magnitude
    )
    square = np.square(mean).sum(axis=-1)[..., np.newaxis, np.newaxis]
    stretch = np.divide(np.expm1(2 * square), square, out=np.zeros_like(square), where=square > 0)
    return rows + stretch * mean[..., np.newaxis] * (mean[..., np.newaxis, :] @ rows)


def first_lengths(W: ArrayLike, rate: ArrayLike) -> PerFeature:
    """Squared length from which each feature grows: that of its part orthogonal to all features learned before it.

    Gram-Schmidt on the rows in the order of falling rates. After n_hidden features nothing is left, and the others
    stay 0.

    Args:
        W: (..., n_features, n_hidden), the first weights; see `after_bias`.
        rate: (n_features,), of `growth_rate`.

    Returns:
        (..., n_features), squared lengths.

    Raises:
        ShapeError: not one rate for each feature.
        InputError: numbers that are not finite.

    Example: the second feature is slower and loses what it shares with the first.
        >>> first_lengths([[0.1, 0.0], [0.1, 0.2], [0.3, 0.3]], [3.0, 2.0, 1.0]).round(4).tolist()
        [0.01, 0.04, 0.0]

    Known problems:
        A later feature also turns the earlier one a little, by about (its own length when the earlier has risen)².
        That is of order u₀^(1 - ratio of the rates), so the rates must differ and the start must be small.

    Source:
        Ours; Saxe et al. 2014 start from weights that are orthogonal already.
    """
    rows, rates = as_directions(W), as_real(rate, "rate")
    if rates.shape != rows.shape[-2:-1]:
        raise ShapeError(f"rate has shape {rates.shape}, expected ({rows.shape[-2]},): one rate for each feature")
    order = np.argsort(-rates, kind="stable")
    triangle = np.asarray(np.linalg.qr(rows[..., order, :].mT, mode="r"))
    lengths = np.zeros(rows.shape[:-1])
    kept = order[: triangle.shape[-2]]
    lengths[..., kept] = np.square(np.diagonal(triangle, axis1=-2, axis2=-1))
    return lengths


def rise_time(length: ArrayLike, *, rate: ArrayLike, start: ArrayLike, mean: ArrayLike = 0.0) -> Real:
    """Time after which a feature that grows alone has a squared length.

    r t = ln(u / u₀) - (1 + 4 μ²) ln((1 - u) / (1 - u₀)). Most of it is waiting: it is long for a small start and short
    for a large variance.

    Args:
        length: u in (0, 1); broadcasts with all others.
        rate: r > 0 of `growth_rate`.
        start: u₀ in [0, 1), of `first_lengths`.
        mean: μ = E x, which the bias has to follow.

    Returns:
        Their common shape, in units of time; inf for a start of 0, negative for a length below the start.

    Raises:
        InputError: a rate that is not positive, a length or a start out of range, or numbers that are not finite.

    Example:
        >>> rise_time(0.5, rate=[0.8, 0.4], start=1e-6).round(2)
        array([17.27, 34.54])

    Known problems:
        The lag of the bias is taken to first order in its own time 1 / (2 I): good to 2 % of the time between u = 0.1
        and 0.9 for p = 0.8, and better for rarer features.

    Source:
        Saxe, McClelland and Ganguli 2014, the time to learn one mode, for μ = 0; the lag is ours.
    """
    u, r, mu = as_real(length, "length"), as_real(rate, "rate"), as_real(mean, "mean")
    first = _as_start(start)
    if not np.all(r > 0):
        raise InputError(f"rate must be above 0; got {r.min():g}. A feature without variance is never learned.")
    if not np.all((u > 0) & (u < 1)):
        raise InputError(f"length must lie in (0, 1); got {u.min():g} to {u.max():g}. Pass a squared length.")
    with np.errstate(divide="ignore"):  # inf is the answer
        return np.asarray((np.log(u) - np.log(first) - (1 + 4 * mu**2) * (np.log1p(-u) - np.log1p(-first))) / r)


def squared_length(time: ArrayLike, *, rate: ArrayLike, start: ArrayLike, mean: ArrayLike = 0.0) -> Real:
    """Squared length of a feature that grows alone, at a time: the inverse of `rise_time`.

    For μ = 0 it is the logistic curve u₀ / (u₀ + (1 - u₀) e^(-r t)).

    Args:
        time: at least 0; the learning rate times the number of steps. Broadcasts with all others.
        rate: r >= 0 of `growth_rate`.
        start: u₀ in [0, 1), of `first_lengths`.
        mean: μ = E x, which the bias has to follow.

    Returns:
        Their common shape, in [0, 1].

    Raises:
        InputError: a start outside [0, 1), or numbers that are not finite.

    Example:
        >>> print(squared_length(np.log(999) / 0.4, rate=0.4, start=0.001).round(12))
        0.5

    Source:
        Saxe, McClelland and Ganguli 2014, the time course of one mode, for μ = 0; the lag is ours.
    """
    t, r, mu, first = np.broadcast_arrays(
        as_real(time, "time"), as_real(rate, "rate"), as_real(mean, "mean"), _as_start(start)
    )
    grows = first > 0
    u0 = np.where(grows, first, 0.5)
    drag = 1 + 4 * mu**2
    goal = np.log(u0) - drag * np.log1p(-u0) + r * t
    # z = ln(u / (1 - u)); the left side, z + (drag - 1) ln(1 + e^z), rises with a slope between 1 and drag
    low, high = np.log(u0) - np.log1p(-u0), np.maximum(goal, 0.0) + 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        above = middle + (drag - 1) * np.logaddexp(0, middle) > goal
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(np.where(grows, expit((low + high) / 2), 0.0))


def _as_start(start: ArrayLike) -> Real:
    first = as_real(start, "start")
    if not np.all((first >= 0) & (first < 1)):
        raise InputError(f"start must lie in [0, 1); got {first.min():g} to {first.max():g}. Pass a squared length.")
    return first
