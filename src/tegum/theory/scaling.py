"""How loss falls with the number of hidden dimensions."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln
from scipy.stats import poisson, qmc

from tegum.ground.arrays import ArrayLike, PerModel, Real, as_real
from tegum.ground.errors import InputError, ShapeError
from tegum.ground.streams import generator
from tegum.theory.moments import feature_variance

_MOST_PRESENT, _POINTS = 8, 512
_NODE, _NODE_WEIGHT = np.polynomial.legendre.leggauss(48)


def power_law(n_features: int, exponent: float, *, mean: float) -> Real:
    """Probabilities that fall as a power of the feature's rank, with a given mean.

    p_i = c (i + 1)^-exponent for i = 0, 1, ..., with c such that they have the mean. Exponent 0 makes them equal, 1 is
    Zipf's law.

    Args:
        n_features: number of features, at least 1.
        exponent: how steeply they fall.
        mean: their mean, in [0, 1].

    Returns:
        (n_features,), in [0, 1].

    Raises:
        InputError: a probability would exceed 1.

    Example:
        >>> power_law(3, 1.0, mean=0.11).round(2)
        array([0.18, 0.09, 0.06])
    """
    falling = np.arange(1.0, n_features + 1) ** -exponent
    p = falling * mean / falling.mean()
    if not (mean >= 0 and p.max() <= 1):
        raise InputError(
            f"n_features = {n_features}, exponent = {exponent:g} and mean = {mean:g} make the first probability"
            f" {p[0]:.3g}; it must lie in [0, 1]. Lower the mean or the exponent."
        )
    return p


def scaling_exponent(n_hidden: ArrayLike, loss: ArrayLike) -> PerModel:
    """Exponent of the power law that fits best in logarithms.

    The slope of the least-squares line through (ln m, ln loss).

    Args:
        n_hidden: widths m, (n_widths,), at least two different ones.
        loss: (..., n_widths), above 0.

    Returns:
        (...), no unit: -1 where the loss is inversely proportional to the width.

    Raises:
        ShapeError: the lengths differ, or there are fewer than two widths.
        InputError: a value is not above 0.

    Example:
        >>> scaling_exponent([1, 2, 4], [[8, 4, 2], [1, 1, 1]])
        array([-1.,  0.])
    """
    m, values = as_real(n_hidden, "n_hidden"), as_real(loss, "loss")
    if m.ndim != 1 or len(set(m.tolist())) < 2 or values.shape[-1:] != m.shape:
        raise ShapeError(
            f"n_hidden has shape {m.shape} and loss {values.shape}; expected (n_widths,) and (..., n_widths), with at"
            " least two different widths."
        )
    if (m <= 0).any() or (values <= 0).any():
        raise InputError("n_hidden and loss must be above 0: a logarithm is taken. Leave out widths without a loss.")
    x = np.log(m) - np.log(m).mean()
    return np.asarray((np.log(values) @ x / (x @ x)).round(12))


def ignored_loss(feature_norm: ArrayLike, feature_probability: ArrayLike, *, threshold: float = 0.5) -> PerModel:
    """Loss from the features that a model does not represent, if it answers each with its mean.

    Σ σ_i² over features with |W_i| ≤ threshold; σ² = p/3 - p²/4 for features uniform on [0, 1].

    Args:
        feature_norm: |W_i|, (..., n_features).
        feature_probability: p, (..., n_features) or one for all.
        threshold: length above which a feature is represented.

    Returns:
        (...), loss per sample.

    Raises:
        InputError: a probability outside [0, 1].

    Example:
        >>> print(ignored_loss([1.0, 0.0], [0.5, 0.3]).round(4))
        0.0775

    Source:
        Liu, Liu and Gore 2025, Superposition Yields Robust Neural Scaling, arXiv 2505.10465, on weak superposition.
    """
    ignored = as_real(feature_norm, "feature_norm") <= threshold
    return np.asarray((ignored * feature_variance(feature_probability)).sum(axis=-1))


def random_code_loss(n_features: int, n_hidden: int, *, n_present: float) -> float:
    """Loss of random unit directions with one gain and one bias, the best for them.

    Every feature is present with probability n_present / n and is then uniform on [0, 1]. Given what is present, and so
    h, an absent feature reads |h| times the cosine of two random directions, whose law is known. What is present is
    averaged over 512 fixed points for each number of features, which is Poisson. For a threshold t = -bias / gain the
    best gain is known in closed form, and t is searched.

    Args:
        n_features: number n of features.
        n_hidden: dimension m, at least 3.
        n_present: expected number of present features.

    Returns:
        Loss per sample, summed over features.

    Raises:
        InputError: fewer than 3 dimensions.

    Example: where interference is weak, the loss is a few per cent of that of the answer 0, which is 1/3 here.
        >>> round(random_code_loss(1000, 256, n_present=1.0), 4)
        0.0117

    Known problems:
        About 1 % off, from the fixed points; up to 8 features at once, so n_present should be at most 2.

    Source:
        The setting: Liu, Liu and Gore 2025, arXiv 2505.10465. The formula: ours.
    """
    if n_hidden < 3:
        raise InputError(f"n_hidden must be at least 3, for the cosine to have a bounded density; got {n_hidden}.")
    parts = [_Present(k, n_features, n_hidden, float(poisson.pmf(k, n_present))) for k in range(1, _MOST_PRESENT + 1)]
    zero = n_present / 3

    def loss(threshold: float) -> float:
        product, square = np.sum([part.moments(threshold) for part in parts], axis=0)
        return zero - product**2 / square if square > 0 else zero

    least: Any = minimize_scalar(loss, bounds=(0.0, 0.95), method="bounded", options={"xatol": 1e-5})
    return float(least.fun)


class _Present:
    """What is known once `count` features are present: lengths and read-outs at many points, and their probability."""

    def __init__(self, count: int, n: int, m: int, weight: float) -> None:
        self.x = qmc.Sobol(count, scramble=False).random(_POINTS) + 0.5 / _POINTS
        units = generator(0, count, "theory of random codes").normal(size=(_POINTS, count, m))
        units /= np.linalg.norm(units, axis=-1, keepdims=True)
        h = np.einsum("sk,skm->sm", self.x, units)
        self.read = np.einsum("sm,skm->sk", h, units)
        self.length = np.linalg.norm(h, axis=-1, keepdims=True)
        self.n_absent, self.m, self.weight = n - count, m, weight

    def moments(self, threshold: float) -> np.ndarray:
        """E x·r and E |r|² for r = ReLU(z - threshold), times the probability that so many are present."""
        open_ = np.maximum(self.read - threshold, 0)
        product = (self.x * open_).sum(axis=-1).mean()
        present = np.square(open_).sum(axis=-1).mean()
        # integrate the cosine from where an absent feature opens; where it cannot, the range has length 0
        start = np.minimum(threshold / self.length, 1.0)
        half = 0.5 * (1 - start)
        cosine = start + half * (_NODE + 1)
        opened = np.square(np.maximum(self.length * cosine - threshold, 0)) * _cosine_density(cosine, self.m)
        absent = self.n_absent * (half * opened @ _NODE_WEIGHT[:, None]).mean()
        return self.weight * np.array([product, present + absent])


def _cosine_density(cosine: np.ndarray, m: int) -> np.ndarray:
    """Density of the cosine between two random directions in m dimensions, proportional to (1 - c²)^((m - 3) / 2)."""
    constant = gammaln(m / 2) - gammaln((m - 1) / 2) - 0.5 * np.log(np.pi)
    return np.exp(constant + 0.5 * (m - 3) * np.log(np.maximum(1 - np.square(cosine), 1e-300)))
