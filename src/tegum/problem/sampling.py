"""Samples of features: the plain version of what every kernel draws.

A feature is present if its random word is below p 2^32, and then the same word, which is again uniform, gives the
magnitude. Features that depend on each other look at the word of one of them (sets), or also at the words of their
ancestors (hierarchies). Only the Gaussian copula is more than this table can say; it is drawn in numpy for all kernels.
"""

from typing import Any, NamedTuple

import numpy as np

from tegum.ground import streams
from tegum.ground.errors import InputError
from tegum.problem.copula import copula_of, presences
from tegum.problem.dependence import marginals, parent_of
from tegum.problem.problem import Problem

_WORDS = 2**32
_ENTRIES_AT_ONCE = 2**22


class SamplerTable(NamedTuple):
    """What turns random words into a feature's value.

    The feature is present if the word of the feature `gate`, less `first` and modulo 2^32, is at most `last`, and if
    its parent is present; it then has the value scale * word + offset, with its own word.
    """

    last: np.ndarray  # uint32 (n_features,)
    scale: np.ndarray  # float32 (n_features,)
    offset: np.ndarray  # float32 (n_features,)
    gate: np.ndarray  # int64 (n_features,)
    first: np.ndarray  # uint32 (n_features,), 0 where a feature is its own gate
    parent: np.ndarray  # int64 (n_features,), the feature itself where it has no parent
    unit: np.bool_  # whether samples are scaled to length 1
    plain: np.bool_  # whether every feature is its own gate and has no parent, and samples stay as they are


def sampler_table(problem: Problem) -> SamplerTable:
    """Table of a problem's features; probabilities are rounded to multiples of 2^-32.

    With a `correlation` it says what a feature's magnitude is once the copula has said that the feature is present.

    Example:
        >>> sampler_table(Problem(n_features=1, n_hidden=1, feature_probability=0.5)).last
        array([2147483647], dtype=uint32)
    """
    p = problem.probabilities if problem.correlation is None else np.ones(problem.n_features)
    n_present = np.round(p * _WORDS)
    gate, first = np.arange(problem.n_features), np.zeros(problem.n_features)
    for members in problem.correlated_sets:
        gate[list(members)] = members[0] if members else 0
    for members in filter(None, problem.exclusive_sets):
        # the members' intervals lie side by side; rounded at their ends they cannot overlap, whatever their number
        ends = np.minimum(np.round(np.arange(len(members) + 1) * p[members[0]] * _WORDS), _WORDS)
        gate[list(members)], first[list(members)], n_present[list(members)] = members[0], ends[:-1], np.diff(ends)
    # one word stays, with the value 0: present, but not to be seen; no descendant may be seen either
    never = marginals(n_present, problem.parents) == 0
    span, low = {"uniform": (1.0, 0.0), "signed_uniform": (2.0, -1.0), "boolean": (0.0, 1.0)}[problem.magnitude]
    count = np.maximum(n_present, 1)
    own = gate == np.arange(problem.n_features)
    parent = parent_of(problem.n_features, problem.parents)
    return SamplerTable(
        last=(count - 1).astype(np.uint32),
        # given that a gate's word is below count it is uniform below it; the words of the others say nothing of
        # presence
        scale=np.where(never, 0, span / np.where(own, count, _WORDS)).astype(np.float32),
        offset=np.where(never, 0, low).astype(np.float32),
        gate=gate,
        first=np.minimum(first, _WORDS - 1).astype(np.uint32),
        parent=parent,
        unit=np.bool_(problem.unit_inputs),
        plain=np.bool_(own.all() and not problem.parents and not problem.unit_inputs),
    )


def present_values(table: Any, words: Any, gates: Any, where: Any) -> Any:
    """Values of features from their own and their gates' words (..., n_features); numpy or torch, with its `where`."""
    last, _, _, _, first, parent, unit, plain = table
    own = ((gates - first) & (_WORDS - 1)) <= last
    if plain.all():
        return where(own, _magnitudes(table, words), 0.0)
    there, ancestor = own, parent
    while True:  # once where no feature has a parent, as each is then its own ancestor
        there = there & _at(own, ancestor)
        further = _at(parent, ancestor)
        if (further == ancestor).all():
            break
        ancestor = further
    values = where(there, _magnitudes(table, words), 0.0)
    return where(unit[..., None], _unit(values, where), values) if unit.any() else values


def _magnitudes(table: Any, words: Any) -> Any:
    _, scale, offset, *_ = table
    return (
        words.astype(np.float32) * scale + offset if isinstance(words, np.ndarray) else words.float() * scale + offset
    )


def _at(values: Any, index: Any) -> Any:
    """Entries along the last axis."""
    if isinstance(values, np.ndarray):
        return values[..., index]
    return values.gather(-1, index.expand((*values.shape[:-1], index.shape[-1])))


def _unit(values: Any, where: Any) -> Any:
    """Samples scaled to length 1; those of zeros stay. Squares are added feature by feature, as compiled code does."""
    squares = values[..., 0] * values[..., 0]
    for i in range(1, values.shape[-1]):
        squares = squares + values[..., i] * values[..., i]
    # torch's float32 root is not rounded correctly; that of float64, rounded once more, is
    length = np.sqrt(squares) if isinstance(squares, np.ndarray) else squares.double().sqrt().float()
    return values / where(length > 0, length, 1.0)[..., None]


class Sampler:
    """Samples of one problem at any address, in numpy: what the kernels' samples are compared with.

    Args:
        problem: says how often features are present and how large they then are.

    Example:
        >>> sampler = Sampler(Problem(n_features=3, n_hidden=1, feature_probability=1.0, magnitude="boolean"))
        >>> sampler.draw(streams.stream_key(0, 0, streams.TRAINING_DATA), step=0, n_samples=2).tolist()
        [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    def __init__(self, problem: Problem) -> None:
        self._n = problem.n_features
        self._table, self._copula = sampler_table(problem), copula_of(problem)

    def draw(self, key: int, step: int, n_samples: int) -> np.ndarray:
        """The first n_samples samples of one step of a stream, float32 (n_samples, n_features)."""
        x = np.empty((n_samples, self._n), np.float32)
        n_words = self._n if self._copula is None else 2 * self._n  # those of the copula come after the magnitudes'
        keys = streams.feature_keys(key, step, n_words)
        at_once = max(1, _ENTRIES_AT_ONCE // n_words)
        for start in range(0, n_samples, at_once):
            samples = np.arange(start, min(start + at_once, n_samples))
            x[samples] = self._values(streams.words(*keys, samples[:, None]))
        return x

    def _values(self, words: np.ndarray) -> np.ndarray:
        if self._copula is None:
            return present_values(self._table, words, words[:, self._table.gate], np.where)
        there = presences(self._copula, words[:, self._n :])
        values = np.where(there, _magnitudes(self._table, words[:, : self._n]), np.float32(0))
        return _unit(values, np.where).astype(np.float32) if self._table.unit else values


def sample_features(problem: Problem, n_samples: int, *, seed: int = 0, model: int = 0, step: int = 0) -> np.ndarray:
    """Samples of a problem's features.

    Args:
        problem: says how often features are present and how large they then are.
        n_samples: number of samples.
        seed: the one integer; with model and step it addresses the samples.
        model: index of the model that would see them.
        step: number of the batch.

    Returns:
        float32 (n_samples, n_features), no unit. Fresh samples, also of a problem with a training set.

    Example:
        >>> problem = Problem(n_features=4, n_hidden=2, feature_probability=0.25, magnitude="boolean")
        >>> sample_features(problem, 100_000).mean(axis=0).round(2)
        array([0.25, 0.25, 0.25, 0.25], dtype=float32)

    Source:
        Elhage et al. 2022, section "Demonstrating superposition", the feature vector.
    """
    return Sampler(problem).draw(streams.stream_key(seed, model, streams.EXAMPLE_DATA), step, n_samples)


def training_features(problem: Problem, *, seed: int = 0, model: int = 0) -> np.ndarray:
    """The training set of a model, if its problem has one: what the model sees at every step.

    Args:
        problem: one with n_training_samples.
        seed: the integer that `train` was given.
        model: index of the model.

    Returns:
        float32 (n_training_samples, n_features), no unit.

    Raises:
        InputError: the problem has no training set, as its models see fresh samples at every step.

    Example:
        >>> problem = Problem(n_features=4, n_hidden=2, feature_probability=0.5, n_training_samples=3)
        >>> training_features(problem).shape
        (3, 4)

    Source:
        Henighan et al. 2023, Superposition, Memorization, and Double Descent.
    """
    if problem.n_training_samples is None:
        raise InputError(
            "this problem has no training set: its models see fresh samples at every step. Give it n_training_samples, "
            "or draw samples with sample_features."
        )
    key = streams.stream_key(seed, model, streams.TRAINING_DATA)
    return Sampler(problem).draw(key, 0, problem.n_training_samples)
