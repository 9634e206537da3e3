"""The exact kernel: optima of the expected loss, without sampling, for many problems at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tegum.ground.errors import InputError
from tegum.ground.threads import n_processors
from tegum.kernels.descent import descend_many, descent_workspace, hessians
from tegum.kernels.interface import Law, Optima, architecture
from tegum.kernels.starts import descent_starts
from tegum.problem import DescentSettings, Problem
from tegum.theory.active_sets import ActiveSets, dependent_sets, grouped_sets, independent_sets
from tegum.theory.exact_loss import MAGNITUDES
from tegum.theory.master_integral import MOST_SLOPES
from tegum.theory.moments import zero_loss

_CELLS_PER_CALL = 64
_SAME_LOSS, _SAME_SHAPE = 1e-5, 0.02
_NO_LOSS = 1e-9  # of that of the answer 0: below it losses are rounding, and their ratios mean nothing
_HESSIAN_STEP = 1e-5


def check_problems(problems: Sequence[Problem]) -> None:
    """Refuse what the exact loss does not cover.

    Raises:
        InputError: another model than the tied one with ReLU outputs and a linear hidden layer, another target, or
            inputs without a known integral.
    """
    for problem in problems:
        for field, is_used in (
            ("correlation", problem.correlation is not None),
            ("n_training_samples", problem.n_training_samples is not None),
            ("unit_inputs", problem.unit_inputs),
        ):
            if is_used:
                raise InputError(
                    f"the exact loss does not know problems with {field}: it takes fresh samples whose features are "
                    "independent or depend on each other by correlated_sets, exclusive_sets and parents. Leave it out, "
                    "or train on samples with tegum.train."
                )
        if not problem.tied or problem.target != "identity":
            raise InputError(
                "the exact loss is that of tied models whose target is x itself; got "
                f"tied={problem.tied}, target={problem.target!r}. Train these models on samples, with tegum.train."
            )
        if problem.output != "relu" or problem.hidden != "linear":
            raise InputError(
                "the exact loss is that of ReLU outputs with a linear hidden layer; got "
                f"output={problem.output!r}, hidden={problem.hidden!r}. Linear outputs: tegum.theory.linear_optimum."
            )


def find(
    problems: Sequence[Problem],
    settings: DescentSettings,
    *,
    seed: int,
    law: Law | None = None,
    starts: np.ndarray | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Optima:
    """Descend from every start of every problem, and sort out what was found.

    Args:
        problems: all of one architecture and one kind of magnitude.
        settings: sizes and tolerances.
        seed: the one integer behind the random starts, which all problems share.
        law: from probabilities to the law of present features; independent features if None.
        starts: starts to use instead, (n_problems, n_starts, d), W and bias laid out flat.
        tell: called with the number of problems done.

    Returns:
        The optima.
    """
    shape = architecture(problems[0])
    n, m = shape.n_features, shape.n_hidden
    if starts is None:
        common = descent_starts(n, m, settings, seed)
        starts = np.broadcast_to(common, (len(problems), *common.shape))
    parts = [slice(i, i + _CELLS_PER_CALL) for i in range(0, len(problems), _CELLS_PER_CALL)]
    done = 0

    def work(part: slice) -> Optima:
        return _find_part(problems[part], starts[part], settings, n, m, law)

    found = []
    with ThreadPoolExecutor(n_processors(), thread_name_prefix="tegum") as pool:
        futures = [pool.submit(work, part) for part in parts]
        try:
            for part, future in zip(parts, futures, strict=True):
                found.append(future.result())
                done += len(problems[part])
                tell(done)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return Optima(*(np.concatenate(column) for column in zip(*found, strict=True)))


def find_each(
    problems: Sequence[Problem],
    settings: DescentSettings,
    *,
    seed: int,
    law: Law | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where every start ends, without sorting: W (n_problems, n_starts, n_features, n_hidden), bias, and loss.

    `tell` is called with the number of problems done.
    """
    shape = architecture(problems[0])
    n, m = shape.n_features, shape.n_hidden
    common = descent_starts(n, m, settings, seed)
    starts = np.broadcast_to(common, (len(problems), *common.shape))
    with ThreadPoolExecutor(n_processors(), thread_name_prefix="tegum") as pool:
        ends = []
        for end in pool.map(
            lambda i: _descend_part(problems[i : i + 1], starts[i : i + 1], settings, n, m, law), range(len(problems))
        ):
            ends.append(end)
            tell(len(ends))
    points = np.concatenate([end[0] for end in ends])
    W = points[..., : n * m].reshape(*points.shape[:2], n, m)
    return W, points[..., n * m :], np.concatenate([end[1] for end in ends])


def _find_part(
    problems: Sequence[Problem], starts: np.ndarray, settings: DescentSettings, n: int, m: int, law: Law | None
) -> Optima:
    points, losses, common, work = _descend_part(problems, starts, settings, n, m, law)
    kept, frequency = _distinct(points, losses, _NO_LOSS / common[-1], settings.n_optima, n, m)
    return _certified(points, losses, kept, frequency, common, work)


def _descend_part(
    problems: Sequence[Problem], starts: np.ndarray, settings: DescentSettings, n: int, m: int, law: Law | None
) -> tuple[np.ndarray, np.ndarray, Any, Any]:
    """Ends of the descents (n_problems, n_starts, d), their losses, and what the compiled functions need."""
    count, n_starts, d = starts.shape
    probabilities = np.stack([problem.probabilities for problem in problems])
    importances = np.stack([problem.importances for problem in problems])
    magnitude = problems[0].magnitude
    sets = law(probabilities) if law else _sets_of(problems[0], probabilities, settings)
    if sets.members.shape[1] > MOST_SLOPES:
        raise InputError(
            f"the exact loss takes at most {MOST_SLOPES} features present together; these sets have up to "
            f"{sets.members.shape[1]}. Use DescentSettings(most_active=3): larger sets are rare for sparse features."
        )
    answer_zero = zero_loss(np.stack([p.marginal_probabilities for p in problems]), importances, magnitude)
    scales = 1 / np.where(answer_zero > 0, answer_zero, 1.0)
    common = (n, m, sets.members, sets.sizes, sets.probability, importances, MAGNITUDES[magnitude], scales)
    points = np.array(starts, order="C").reshape(-1, d)  # a copy: descents move it
    cells = np.repeat(np.arange(count), n_starts)
    work = descent_workspace(n, m)
    losses, slopes, steps = np.empty(len(points)), np.empty(len(points)), np.empty(len(points), np.int64)
    descend_many(points, cells, *common, settings.tolerance, settings.most_steps, work, losses, slopes, steps)
    return points.reshape(count, n_starts, d), losses.reshape(count, n_starts), common, work


def _sets_of(problem: Problem, probabilities: np.ndarray, settings: DescentSettings) -> ActiveSets:
    """The law of present features that the problems themselves state."""
    if problem.exclusive_sets or problem.parents:
        return dependent_sets(
            probabilities, correlated_sets=problem.correlated_sets, exclusive_sets=problem.exclusive_sets,
            parents=problem.parents, at_most=settings.most_active,
        )  # fmt: skip
    if not problem.correlated_sets:
        return independent_sets(probabilities, at_most=settings.most_active)
    return grouped_sets(problem.groups, probabilities[:, [members[0] for members in problem.groups]])


def _distinct(
    points: np.ndarray, losses: np.ndarray, slack: np.ndarray, n_optima: int, n: int, m: int
) -> tuple[np.ndarray, np.ndarray]:
    """Index of the best start of each distinct optimum (-1 if there are no more), and the share of starts in it.

    Two ends are the same optimum if their losses agree to 1e-5 (or to `slack`, one for each problem) and their sorted
    norms and biases to 0.02: rotations, signs and the order of features do not count.
    """
    norms = np.sort(np.linalg.norm(points[..., : n * m].reshape(*losses.shape, n, m), axis=-1), axis=-1)
    shapes = np.concatenate([norms, np.sort(points[..., n * m :], axis=-1)], axis=-1)
    left = losses.copy()
    kept = np.full((len(losses), n_optima), -1)
    frequency = np.zeros((len(losses), n_optima))
    rows = np.arange(len(losses))
    for k in range(n_optima):
        best = left.argmin(axis=1)
        some = np.isfinite(left[rows, best])
        lowest = losses[rows, best]
        near = np.maximum(_SAME_LOSS * lowest, slack)
        same = np.isfinite(left) & (losses - lowest[:, None] <= near[:, None])
        same &= np.abs(shapes - shapes[rows, best][:, None]).max(axis=-1) <= _SAME_SHAPE
        kept[some, k] = best[some]
        frequency[:, k] = np.where(some, same.mean(axis=1), 0.0)
        left[same] = np.inf
    return kept, frequency


def _certified(
    points: np.ndarray, losses: np.ndarray, kept: np.ndarray, frequency: np.ndarray, common: Any, work: Any
) -> Optima:
    """Gather the kept optima with the gradient and the smallest curvature at each."""
    n, m = common[:2]
    d = points.shape[-1]
    # copies: numpy gives strided columns, for which numba would compile a second version
    cells, places = (np.ascontiguousarray(where) for where in np.nonzero(kept >= 0))
    chosen = np.ascontiguousarray(points[cells, kept[cells, places]])
    slopes, bends = np.empty((len(chosen), d)), np.empty((len(chosen), d, d))
    compiled: Any = hessians
    compiled(chosen, cells, *common, _HESSIAN_STEP, work, slopes, bends)
    smallest = np.linalg.eigvalsh((bends + bends.swapaxes(1, 2)) / 2)[:, 0]

    def table(values: np.ndarray, empty: float) -> np.ndarray:
        filled = np.full((*kept.shape, *values.shape[1:]), empty)
        filled[cells, places] = values
        return filled

    return Optima(
        table(chosen[:, : n * m].reshape(-1, n, m), 0.0),
        table(chosen[:, n * m :], 0.0),
        table(losses[cells, kept[cells, places]], np.inf),
        frequency,
        table(np.abs(slopes).max(axis=1), np.nan),
        table(smallest, np.nan),
        losses,
    )
