"""The Gaussian copula: features whose presences hang together through correlated normal numbers.

Feature i is present if z_i < Φ⁻¹(p_i), with z normal of mean 0, variance 1 and a given matrix of correlations. So each
feature keeps its probability, and only the pairs (and larger groups) change.
"""

from typing import NamedTuple

import numpy as np

from tegum.problem.problem import Problem

_WORDS = 2**32


class Copula(NamedTuple):
    """What turns random words into presences: a square root of the correlations, and the thresholds."""

    threshold: np.ndarray  # float64 (n_features,)
    own: float
    shared: float
    root: np.ndarray | None  # (n_features, n_features); None: own * z_i + shared * sum_j z_j, for one correlation


def copula_of(problem: Problem) -> Copula | None:
    """The copula of a problem that has a `correlation`, else None.

    The root is symmetric, so that singular matrices need no special case.
    """
    n, correlation = problem.n_features, problem.correlation
    if correlation is None:
        return None
    from scipy.special import ndtri  # here, as every command imports this file, and scipy takes its time to load

    threshold = ndtri(problem.probabilities)
    if isinstance(correlation, int | float):  # eigenvalues: 1 - ρ, and 1 + (n - 1) ρ for all features alike
        own = np.sqrt(1 - correlation)
        return Copula(threshold, float(own), float((np.sqrt(1 + (n - 1) * correlation) - own) / n), None)
    values, vectors = np.linalg.eigh(np.array(correlation))
    return Copula(threshold, 0.0, 0.0, (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def presences(copula: Copula, words: np.ndarray) -> np.ndarray:
    """Which features are present, bool (n_samples, n_features), from one word for each.

    The sums run feature by feature: a product of matrices may round differently for another number of samples, and
    then presence would depend on how a batch is cut.
    """
    from scipy.special import ndtri  # as above

    normal = ndtri((words + 0.5) / _WORDS)
    shared = np.zeros((len(words), 1 if copula.root is None else words.shape[1]))
    for j in range(words.shape[1]):
        shared += normal[:, j : j + 1] * (copula.shared if copula.root is None else copula.root[j])
    return copula.own * normal + shared < copula.threshold
