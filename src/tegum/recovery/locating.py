"""Where a success probability that can only be sampled crosses a level: bisection, then a curve through near places."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate
from tegum.recovery.curve import Curve, Tally, fit
from tegum.recovery.intervals import share_over_codes
from tegum.recovery.spec import doubling

_LOOKS = (4, 8, 16, 32)  # codes at which a place is asked whether it is clearly on one side
_CLOSE = 1.25  # a bracket as narrow as this (high/low) is narrow enough to fit a curve in it
FIRST = 24  # codes before the first fit
_PLACED = (0.35, 0.5, 0.65)  # new codes go where the fitted success, odds relative to those of the level, is this
_FARTHEST = 2.0  # and never farther from the bracket than this factor

Measure = Callable[[int, range], np.ndarray]
"""From a size and the numbers of codes to the successes of each code."""


class Point(NamedTuple):
    """A place at which success was sampled.

    Args:
        size: the place.
        n_codes: codes that were sampled there.
        n_samples: samples of all of them together.
        n_hits: those that succeeded.
    """

    size: int
    n_codes: int
    n_samples: int
    n_hits: int


@dataclass(frozen=True)
class Transition:
    """Where the success probability crosses a level.

    Attributes:
        along: the size that was varied.
        level: the success probability.
        estimate: the size at the crossing; between whole numbers the fitted curve interpolates.
        width: from where the curve has 3/4 (relative odds) to where it has 1/4, in the unit of the size.
        reached: whether the asked precision was reached within the budget.
        points: the places that the fit is from, in order: size, n_codes, n_samples, n_hits.
        n_searched: codes spent on finding the neighbourhood, which are not used again.
    """

    along: str
    level: float
    estimate: Estimate
    width: float
    reached: bool
    points: tuple[Point, ...]
    n_searched: int


class Search(NamedTuple):
    """How to look for a crossing; as the arguments of `find_transition`."""

    low: int
    high: int
    rises: bool
    level: float
    relative_half_width: float
    max_codes: int
    n_samples: int
    confidence: float


def locate(measure: Measure, search: Search, along: str = "size") -> Transition:
    """The crossing of any success probability that can be sampled; see `find_transition`.

    Raises:
        InputError: the range holds no crossing.
    """
    sample = _Fresh(measure)
    bracket = _bracket(sample, search, along)
    n_searched = sample.n_used
    looks = doubling(FIRST, search.max_codes)
    confidence = 1 - (1 - search.confidence) / len(looks)
    tally = Tally(np.empty(0), np.empty(0, np.int64))
    places = [bracket[0], round(math.sqrt(bracket[0] * bracket[1])), bracket[1]]
    while True:
        n_new = looks.pop(0) - len(tally.place)
        for i, size in enumerate(places):
            n_here = n_new * (i + 1) // len(places) - n_new * i // len(places)
            tally = tally.extended(math.log(size), sample(size, n_here))
        curve = fit(tally, search.n_samples)
        estimate = _estimate(curve, search, confidence)
        reached = (estimate.high - estimate.low) / 2 <= search.relative_half_width * estimate.best
        if reached or not looks:
            width = abs(math.exp(_where(curve, 0.75, search)) - math.exp(_where(curve, 0.25, search)))
            return Transition(along, search.level, estimate, width, reached, _points(tally, search), n_searched)
        if _points_right(curve, search):
            places = _places(curve, bracket, search)


class _Fresh:
    """Samples with codes that were not used before, so that every code is independent of all others."""

    def __init__(self, measure: Measure) -> None:
        self._measure, self.n_used = measure, 0

    def __call__(self, size: int, n_codes: int) -> np.ndarray:
        self.n_used += n_codes
        return self._measure(size, range(self.n_used - n_codes, self.n_used))


def _bracket(sample: _Fresh, search: Search, along: str) -> tuple[int, int]:
    """Two sizes that are close to each other, with the crossing between them."""
    before = search.low
    side = _side(sample, search, before)
    if side > 0:
        raise InputError(
            f"the success probability has crossed {search.level} already at {along} = {before}, where the search began."
            " Begin lower: low=..., or ask for another level."
        )
    beyond = before
    while side < 0:
        if beyond == search.high:
            raise InputError(
                f"the success probability does not cross {search.level} from {along} = {search.low} to {search.high}."
                " Search farther: high=..., or ask for another level."
            )
        before, beyond = beyond, min(2 * beyond, search.high)
        side = _side(sample, search, beyond)
    if side == 0:
        return _around(beyond, search)
    while beyond - before > 1 and beyond / before > _CLOSE:
        middle = min(max(round(math.sqrt(before * beyond)), before + 1), beyond - 1)
        side = _side(sample, search, middle)
        if side == 0:
            return _around(middle, search)
        before, beyond = (middle, beyond) if side < 0 else (before, middle)
    return before, beyond


def _side(sample: _Fresh, search: Search, size: int) -> int:
    """-1 if a size is clearly before the crossing, 1 if clearly beyond it, 0 if near it."""
    hits = np.empty(0, np.int64)
    for n_codes in _LOOKS:
        hits = np.append(hits, sample(size, n_codes - len(hits)))
        now = share_over_codes(hits, search.n_samples, search.confidence)
        if not now.low <= search.level <= now.high:
            return 1 if (now.best > search.level) == search.rises else -1
    return 0


def _around(size: int, search: Search) -> tuple[int, int]:
    """A bracket around a size that is near the crossing."""
    low = max(search.low, min(size - 1, math.floor(size / _CLOSE)))
    return low, min(search.high, max(size + 1, math.ceil(size * _CLOSE)))


def _places(curve: Curve, bracket: tuple[int, int], search: Search) -> list[int]:
    """Sizes at which new codes tell most about the crossing, two different ones at least."""
    least, most = max(search.low, bracket[0] / _FARTHEST), min(search.high, bracket[1] * _FARTHEST)
    wanted = [_where(curve, share, search) for share in _PLACED]
    sizes = [round(math.exp(min(max(u, math.log(least)), math.log(most)))) for u in wanted]
    if len(set(sizes)) == 1:
        only = sizes[0]
        up = only == search.low or (only < search.high and math.log(only) <= wanted[1])
        sizes.append(only + 1 if up else only - 1)
    return sorted(sizes)


def _estimate(curve: Curve, search: Search, confidence: float) -> Estimate:
    """The size at the crossing with its interval, within the range of the search."""
    ends = np.log([search.low, search.high])
    low, high = (float(np.exp(end)) for end in np.clip(curve.crossing(search.level, confidence), *ends))
    best = (
        math.exp(np.clip(_where(curve, 0.5, search), *ends)) if _points_right(curve, search) else math.sqrt(low * high)
    )
    return Estimate(low=min(low, best), best=best, high=max(high, best), n=curve.n_codes)


def _where(curve: Curve, share: float, search: Search) -> float:
    """Logarithm of the size where the odds of success, relative to those of the level, are those of `share`."""
    return curve.where(float(expit(logit(share) + logit(search.level))))


def _points_right(curve: Curve, search: Search) -> bool:
    return curve.slope > 0 if search.rises else curve.slope < 0


def _points(tally: Tally, search: Search) -> tuple[Point, ...]:
    found = []
    for place in np.unique(tally.place):
        here = tally.hits[tally.place == place]
        found.append(Point(round(math.exp(place)), len(here), len(here) * search.n_samples, int(here.sum())))
    return tuple(found)
