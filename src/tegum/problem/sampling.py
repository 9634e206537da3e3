"""Samples of features: the plain version of what every kernel draws.

A feature is present if its random word is below p 2^32, and then the same word, which is again uniform, gives the
magnitude. A new kind of dependence between features (sets that occur together, or exclude each other) is a new way to
turn words into presence; the streams and the kernels' loops stay as they are.
"""

from typing import Any, NamedTuple

import numpy as np

from tegum.ground import streams
from tegum.problem.problem import Problem

_WORDS = 2**32


class SamplerTable(NamedTuple):
    """What turns random words into a feature's value.

    The feature is present if the word of the feature `gate` is at most `last`, and then has the value
    scale * word + offset, with its own word.
    """

    last: np.ndarray  # uint32 (n_features,)
    scale: np.ndarray  # float32 (n_features,)
    offset: np.ndarray  # float32 (n_features,)
    gate: np.ndarray  # int64 (n_features,)


def sampler_table(problem: Problem) -> SamplerTable:
    """Table of a problem's features; probabilities are rounded to multiples of 2^-32.

    Example:
        >>> sampler_table(Problem(n_features=1, n_hidden=1, feature_probability=0.5)).last
        array([2147483647], dtype=uint32)
    """
    n_present = np.round(problem.probabilities * _WORDS)
    never = n_present == 0  # word 0 stays, with the value 0: present, but not to be seen
    span, low = {"uniform": (1.0, 0.0), "signed_uniform": (2.0, -1.0), "boolean": (0.0, 1.0)}[problem.magnitude]
    count = np.maximum(n_present, 1)
    gate = np.arange(problem.n_features)
    for members in problem.correlated_sets:
        gate[list(members)] = members[0] if members else 0
    own = gate == np.arange(problem.n_features)
    return SamplerTable(
        last=(count - 1).astype(np.uint32),
        # given that a gate's word is below count it is uniform below it; the words of the others say nothing of
        # presence
        scale=np.where(never, 0, span / np.where(own, count, _WORDS)).astype(np.float32),
        offset=np.where(never, 0, low).astype(np.float32),
        gate=gate,
    )


def present_values(table: Any, words: Any, gates: Any, where: Any) -> Any:
    """Values of features from their own and their gates' words (..., n_features); numpy or torch, with its `where`."""
    last, scale, offset, _ = table
    values = (
        words.astype(np.float32) * scale + offset if isinstance(words, np.ndarray) else words.float() * scale + offset
    )
    return where(gates <= last, values, 0.0)


def sample_features(problem: Problem, n_samples: int, *, seed: int = 0, model: int = 0, step: int = 0) -> np.ndarray:
    """Samples of a problem's features.

    Args:
        problem: says how often features are present and how large they then are.
        n_samples: number of samples.
        seed: the one integer; with model and step it addresses the samples.
        model: index of the model that would see them.
        step: number of the batch.

    Returns:
        float32 (n_samples, n_features), no unit.

    Example:
        >>> problem = Problem(n_features=4, n_hidden=2, feature_probability=0.25, magnitude="boolean")
        >>> sample_features(problem, 100_000).mean(axis=0).round(2)
        array([0.25, 0.25, 0.25, 0.25], dtype=float32)

    Source:
        Elhage et al. 2022, section "Demonstrating superposition", the feature vector.
    """
    key = streams.stream_key(seed, model, streams.EXAMPLE_DATA)
    first, second = streams.feature_keys(key, step, problem.n_features)
    words = streams.words(first, second, np.arange(n_samples)[:, None])
    table = sampler_table(problem)
    return present_values(table, words, words[:, table.gate], np.where)
