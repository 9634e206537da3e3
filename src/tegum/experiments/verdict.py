"""From measurements to verdicts.

A part of a claim is a statistic with its interval and a window fixed beforehand. It is reproduced if the whole interval
lies in the window, refuted if the whole interval lies outside, and inconclusive otherwise. A claim is reproduced if all
of its parts are, refuted if one is, and inconclusive otherwise.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tegum.ground.estimate import Estimate

Verdict = Literal["reproduced", "refuted", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One condition of a claim and how it came out."""

    name: str
    condition: str
    measured: Estimate
    verdict: Verdict


def within(
    name: str,
    measured: Estimate,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    refuted_outside: tuple[float, float] | None = None,
) -> Part:
    """The statistic must lie in [low, high].

    Args:
        name: what was measured, with its unit if it has one.
        measured: the estimate.
        low: lower end of the window, included; an infinite one is no condition.
        high: upper end, likewise.
        refuted_outside: a wider window; outside of the first and inside of this one nothing is decided. If left out, it
            is the first.

    Returns:
        The part with its verdict.

    Example:
        >>> within("ratio", Estimate(0.98, 1.0, 1.02, n=3), 0.97, 1.03).verdict
        'reproduced'
        >>> within("ratio", Estimate(0.98, 1.0, 1.02, n=3), high=0.9).verdict
        'refuted'
    """
    verdict: Verdict = "inconclusive"
    lowest, highest = refuted_outside or (low, high)
    if low <= measured.low and measured.high <= high:
        verdict = "reproduced"
    elif measured.high < lowest or highest < measured.low:
        verdict = "refuted"
    condition = _window(low, high) + (f"; refuted outside [{lowest:g}, {highest:g}]" if refuted_outside else "")
    return Part(name=name, condition=condition, measured=measured, verdict=verdict)


def always(name: str, observed: Sequence[bool]) -> Part:
    """A property must hold in every independent unit; refuted only if it holds in none.

    Example:
        >>> always("bias is 0", [True, True, False]).verdict
        'inconclusive'
    """
    share = Estimate(
        low=float(min(observed)), best=sum(observed) / len(observed), high=float(max(observed)), n=len(observed)
    )
    part = within(name, share, low=1.0)
    return Part(name=name, condition="yes in every unit", measured=part.measured, verdict=part.verdict)


def decide(parts: Iterable[Part]) -> Verdict:
    """Verdict of a claim from those of its parts; nothing measured is nothing decided."""
    verdicts = {part.verdict for part in parts}
    if "refuted" in verdicts:
        return "refuted"
    return "reproduced" if verdicts == {"reproduced"} else "inconclusive"


def deciding(parts: Sequence[Part]) -> Part:
    """The part to quote when there is room for one: the first that is not reproduced, else the first."""
    return next((part for part in parts if part.verdict != "reproduced"), parts[0])


def _window(low: float, high: float) -> str:
    if low == high:
        return f"= {low:g}"
    if math.isinf(low) or math.isinf(high):
        return f"at most {high:g}" if math.isinf(low) else f"at least {low:g}"
    return f"in [{low:g}, {high:g}]"
