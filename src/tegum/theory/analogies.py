"""Analogies as vector arithmetic: king - man + woman = queen.

If words are sums of attributes and the code is linear, the arithmetic is exact for every code, and only decoding can
fail. Here every word is the sum of the directions of its two attributes (one for man and woman, which are only male or
female) and of s times a direction of its own. All directions are random. The query is V(king) - V(man) + V(woman), and
the answer is the word with the largest inner product with it, the three words of the query left out.
"""

import numpy as np
from scipy.special import log_ndtr, ndtr

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.counts import as_positive, together

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(18)
_FEW_NODES, _FEW_WEIGHTS = np.polynomial.hermite_e.hermegauss(10)


def analogy_scores(own_norm: ArrayLike) -> dict[str, Real]:
    """Mean inner product of the query with each kind of word.

    With s the norm of a word's own direction: queen 2, king and woman 1 + s², a word that shares one attribute 1, an
    unrelated word 0, man -s². Above s = 1 the query is nearer to its own words than to the answer, unless they are
    left out.

    Args:
        own_norm: s, at least 0, any shape.

    Returns:
        By kind of word, each of the shape of s.

    Raises:
        InputError: s below 0.

    Example:
        >>> {word: float(score) for word, score in analogy_scores(0.5).items()}
        {'queen': 2.0, 'king': 1.25, 'woman': 1.25, 'sharing one': 1.0, 'unrelated': 0.0, 'man': -0.25}

    Source:
        Mikolov, Yih and Zweig 2013, Linguistic regularities in continuous space word representations, for the task.
    """
    s2 = as_positive(own_norm, "own_norm", 0.0, 1e150) ** 2
    scores = {"queen": 0 * s2 + 2, "king": 1 + s2, "woman": 1 + s2, "sharing one": 0 * s2 + 1, "unrelated": 0 * s2}
    return {word: np.asarray(score) for word, score in (*scores.items(), ("man", -s2))}


def analogy_success(
    n_hidden: ArrayLike,
    own_norm: ArrayLike,
    *,
    n_unrelated: ArrayLike,
    n_first_attribute: ArrayLike = 0,
    n_second_attribute: ArrayLike = 0,
    inputs_left_out: bool = True,
) -> Real:
    """Chance that the query finds the answer among all words, its own three left out or not.

    E Φ((1 + a₂ + c)/σ_d)^N₁ Φ((1 + a₁ + c)/σ_d)^N₂ Φ((2 + a₁ + a₂ + c)/σ₀)^N₀ with a₁ = g + s √(3/m) ξ₁,
    a₂ = g + s √(3/m) ξ₂, g ~ N(0, 1/m) shared by all words, c ~ N(0, s² (2 + 3 s²)/m),
    |q|² = 2 + 3 s² + 2 (a₁ + a₂) - 2 g, σ_d² = (1 + s²) |q|²/m and σ₀² = (2 + s²) |q|²/m, by Gauss-Hermite quadrature.

    With the words of the query, king and woman must be beaten too. Given the four variables, the answer leads them by
    normal variables of means 1 + a₂ + c - s² - e and 1 + a₁ + c - s² - e, where e = (a₁ + a₂ - 2 g)/3, of variances
    (2 + 13/3 s² + 2 s⁴)/m and (4/3 s² + 2 s⁴)/m and covariance (s⁴ - 2/3 s²)/m. Man is at least 2 + s² behind, and
    left out of the account.

    Args:
        n_hidden: m, about 50 or more.
        own_norm: s, at least 0.
        n_unrelated: N₀, words with two other attributes.
        n_first_attribute: N₁, other words that share the first attribute (royal) with the answer.
        n_second_attribute: N₂, other words that share the second (female).
        inputs_left_out: whether king, man and woman are no candidates, as is usual.

    Returns:
        Broadcast shape, between 0 and 1.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> print(analogy_success(50, 0.5, n_unrelated=2000, n_first_attribute=25, n_second_attribute=25).round(3))
        0.962

    Long directions of their own make the words of the query the nearest ones.
        >>> words = {"n_unrelated": 2000, "n_first_attribute": 25, "n_second_attribute": 25}
        >>> [analogy_success(100, 1.5, **words, inputs_left_out=out).round(3).item() for out in (True, False)]
        [0.27, 0.005]

    Known problems:
        Inner products in few dimensions are not normal: at m = 20 samples succeed more often, 0.51 against 0.43.
    """
    m, s, n0, n1, n2 = together(
        n_hidden=as_positive(n_hidden, "n_hidden", 1.0, 1e300),
        own_norm=as_positive(own_norm, "own_norm", 0.0, 1e50),
        n_unrelated=as_positive(n_unrelated, "n_unrelated", 0.0, 1e300),
        n_first_attribute=as_positive(n_first_attribute, "n_first_attribute", 0.0, 1e300),
        n_second_attribute=as_positive(n_second_attribute, "n_second_attribute", 0.0, 1e300),
    )
    each = zip(*(part.ravel() for part in (m, s, n0, n1, n2)), strict=True)
    scores = [_success(*numbers, inputs_left_out=inputs_left_out) for numbers in each]
    return np.asarray(scores).reshape(m.shape)


def rounding_errors(n_features: ArrayLike, n_hidden: ArrayLike, square_norm: ArrayLike) -> Real:
    """Mean number of features of an integer combination x that rounding its linear read-out gets wrong.

    n · 2 Q(½ √(m / |x|²)): the decoding that exact arithmetic on attributes has to pass.

    Args:
        n_features: n.
        n_hidden: m.
        square_norm: |x|², sum of the squared amplitudes; 2 for royal + female.

    Returns:
        Broadcast shape, between 0 and n.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> rounding_errors(1000, [50, 100], 2).round(3)
        array([12.419,  0.407])
    """
    n, m, square = together(
        n_features=as_positive(n_features, "n_features", 0.0, 1e300),
        n_hidden=as_positive(n_hidden, "n_hidden", 1.0),
        square_norm=as_positive(square_norm, "square_norm", 0.0, 1e300),
    )
    with np.errstate(divide="ignore"):
        return np.asarray(2 * n * ndtr(-0.5 * np.sqrt(m / square)))


def _success(m: float, s: float, n0: float, n1: float, n2: float, *, inputs_left_out: bool) -> float:
    """The quadrature over the four normal variables, for one set of numbers."""
    x1, x2, x3, x4 = np.meshgrid(_NODES, _NODES, _NODES, _NODES, indexing="ij", sparse=True)
    g, c = x3 / np.sqrt(m), x4 * s * np.sqrt((2 + 3 * s**2) / m)
    a1, a2 = g + s * np.sqrt(3 / m) * x1, g + s * np.sqrt(3 / m) * x2
    norm = np.sqrt(np.maximum(2 + 3 * s**2 + 2 * (a1 + a2) - 2 * g, 1e-300) / m)
    near, far = norm * np.sqrt(1 + s**2), norm * np.sqrt(2 + s**2)
    log = n1 * log_ndtr((1 + a2 + c) / near) + n2 * log_ndtr((1 + a1 + c) / near)
    mean = np.exp(log + n0 * log_ndtr((2 + a1 + a2 + c) / far))
    if not inputs_left_out:
        heard = (a1 + a2 - 2 * g) / 3
        mean = mean * _both_behind(1 + a2 + c - s**2 - heard, 1 + a1 + c - s**2 - heard, m, s)
    for _ in range(4):
        mean = mean @ (_WEIGHTS / _WEIGHTS.sum())
    return float(mean)


def _both_behind(king: np.ndarray, woman: np.ndarray, m: float, s: float) -> np.ndarray:
    """Chance that two normal leads, of the variances in `analogy_success`, are both positive, from their means.

    They share a normal variable with weights whose product is the covariance; given it they are independent.
    """
    covariance = (s**4 - 2 / 3 * s**2) / m
    deviations = np.sqrt([(2 + 13 / 3 * s**2 + 2 * s**4) / m, max(4 / 3 * s**2 + 2 * s**4, 1e-30) / m])
    correlation = covariance / deviations.prod()
    weights = np.sqrt(abs(correlation)) * np.array([1.0, np.sign(correlation)])
    own = np.sqrt(1 - abs(correlation))
    leads = king / deviations[0], woman / deviations[1]
    chances = (
        weight * ndtr((leads[0] + weights[0] * x) / own) * ndtr((leads[1] + weights[1] * x) / own)
        for x, weight in zip(_FEW_NODES, _FEW_WEIGHTS / _FEW_WEIGHTS.sum(), strict=True)
    )
    return np.asarray(sum(chances))
