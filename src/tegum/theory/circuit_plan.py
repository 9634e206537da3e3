"""The smallest layer that computes given ANDs at a given error, construction by construction: `tegum circuit plan`.

The error is the probability that the estimate of a gate lies on the wrong side of a threshold, in the worst of the
cases: all of its features on, or all but one. (With fewer on all constructions err less.) Widths count ReLUs.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import ndtr, ndtri

from tegum.ground.errors import InputError
from tegum.theory.counts import as_positive
from tegum.theory.gaussian_and import GaussianReadOff, gaussian_and_law, one_on_response
from tegum.theory.roots import smallest_enough
from tegum.theory.superposed_and import NOISE_LIMIT, leak, targeted_error, targeted_misfire
from tegum.theory.universal_and import averaging_error, universal_and_law

_MOST, _LEAST_ERROR = 1e12, 1e-100
_CLOSE = 0.002
_FANS = (1, 3, 5, 7, 9, 13, 19, 27, 39, 55)
_LARGEST_BIAS = 2.5
_LARGEST_SHIFT = 6.0  # direct weights R(w_i + w_j + b) vanish at a bias far below
_MOST_FEATURES, _MOST_ACTIVE, _MOST_ORDER = 1e9, 10_000.0, 6  # beyond, binomials lose their digits
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth")


class PlanRow(NamedTuple):
    """The smallest layer of one construction.

    Args:
        construction: its name.
        n_neurons: ReLUs; inf if no width is enough.
        error: predicted error of a gate at this width; nan if no width is enough.
        one_off: mean estimate with all features but one on; for pairs 0 in an AND, ½ in a sum.
        about: the choice that gives this width, or why there is none.

    Example: see `circuit_plan`.
    """

    construction: str
    n_neurons: float
    error: float
    one_off: float
    about: str


def circuit_plan(
    n_features: int,
    n_active: int,
    *,
    n_gates: float | None = None,
    order: int = 2,
    error: float = 0.01,
    n_hidden: float = math.inf,
    n_uncovered: float = 0.05,
) -> list[PlanRow]:
    """The smallest width at which each construction computes so many ANDs of r features, or why there is none.

    Widths are found to a fifth of a per cent. Averages err by their exact law; differences and dense read-offs are
    taken as normal with exact mean and deviation, and few dense neurons err less, as they are skewed.

    Args:
        n_features: n, above r, at most 10^9.
        n_active: k, features that are on at once, at least r, at most 10 000.
        n_gates: T; all sets of r features if None.
        order: r, features of a gate, 2 to 6.
        error: largest probability for a gate to be read wrongly, between 0 and ½.
        n_hidden: d, dimensions that hold the features in superposition; inf if features are the inputs themselves.
        n_uncovered: expected number of gates that may have no neurons, in constructions whose neurons are random.

    Returns:
        A row for each construction. One neuron per gate is the first, and what the others have to beat.

    Raises:
        InputError: an argument outside its range.

    Example:
        >>> for row in circuit_plan(500, 3, error=0.05):
        ...     print(f"{row.construction:<28} {row.n_neurons:.3g}")
        one neuron per gate          1.25e+05
        universal, average           715
        universal, second difference 169
        Gaussian, product            414
        Gaussian, direct             203
        targeted, clipped            3.95e+04
    """
    if not 2 <= order <= _MOST_ORDER:
        raise InputError(f"order must lie between 2 and {_MOST_ORDER} features of a gate; got {order}.")
    n = float(as_positive(n_features, "n_features", order + 1.0, _MOST_FEATURES))
    k = float(as_positive(n_active, "n_active", float(order), min(n, _MOST_ACTIVE)))
    d = float(as_positive(n_hidden, "n_hidden", 1.0))
    sets = float(math.comb(int(n), order))
    gates = sets if n_gates is None else float(as_positive(n_gates, "n_gates", 1.0, sets))
    if not _LEAST_ERROR <= error < 0.5:
        raise InputError(
            f"error must lie between {_LEAST_ERROR:g} and 1/2: a guess is right half of the time; got {error}."
        )
    if not n_uncovered > 0:
        raise InputError(f"n_uncovered must be above 0, as random neurons never cover all for sure; got {n_uncovered}.")
    return [
        _one_per_gate(order, gates, k, d, error),
        _averaging(order, n, round(k), gates, d, error, n_uncovered),
        _differences(order, k, gates, d, error, n_uncovered),
        _gaussian("product", order, k, d, error),
        _gaussian("direct", order, k, d, error),
        _targeted(order, n, k, gates, d, error),
    ]


def _one_per_gate(order: int, gates: float, k: float, d: float, error: float) -> PlanRow:
    name = "one neuron per gate"
    if math.isinf(d):
        return PlanRow(name, gates, 0.0, 0.0, "exact")
    wrong = float(ndtr(-0.5 / np.sqrt((order * (k - 1) + 1) / d)))
    if wrong > error:
        least = _least_hidden(order, k, error)
        return _impossible(name, f"noise of features in superposition: needs {least} dimensions")
    return PlanRow(name, 2 * gates, wrong, 0.0, "clipped: two ReLUs each")


def _averaging(order: int, n: float, k: int, gates: float, d: float, error: float, n_uncovered: float) -> PlanRow:
    """Random neurons, averaged: q is high enough to cover the gates, low enough for bias and for noise."""
    name = "universal, average"
    others = k - order + 1  # features that are on beside all but one of a gate's
    highest = min(0.5 / others, (NOISE_LIMIT * d / k - order) / n)
    if highest <= 0:  # neurons that serve a gate see its own features at least
        least = order * k / NOISE_LIMIT
        return _impossible(name, f"noise of features in superposition: needs {least:.0f} dimensions")

    def best(m: float) -> tuple[float, float]:
        lowest = _covering(order, gates, m, n_uncovered)
        if lowest >= highest:
            return 1.0, highest
        tried = []
        for q in np.geomspace(lowest, highest, 24).tolist():
            threshold = 0.5 - float(leak((order + q * n) * k / d))
            tried.append((averaging_error(int(m), k, q, n_on=order - 1, order=order, threshold=threshold), q))
        return min(tried)

    m = smallest_enough(lambda m: best(m)[0] <= error, 4, _MOST, closeness=_CLOSE)
    if m is None:
        return _impossible(
            name, f"noise of features in superposition leaves too few connections to cover {gates:g} gates"
        )
    wrong, q = best(m)
    bias = f"bias {1 - order}, " if order > 2 else ""
    return PlanRow(name, float(m), wrong, others * q, f"{bias}connection probability {q:.3g}")


def _differences(order: int, k: float, gates: float, d: float, error: float, n_uncovered: float) -> PlanRow:
    """Random neurons, r-th differences: no bias, so q is near (r - 1)/(2 k), where the noise is least."""
    name = f"universal, {_ORDINALS[order]} difference"
    if math.isfinite(d):
        return _impossible(name, "needs the features themselves: with bias -1 noise leaks, and differences are biased")
    choices = np.minimum(np.geomspace(0.25, 2.0, 12) * (order - 1) / (2 * k), 0.9)

    def best(m: float) -> tuple[float, float]:
        laws = [
            universal_and_law(m, k, choices, n_on=c, order=order, read_off="differences") for c in (order - 1, order)
        ]
        wrong = ndtr(-0.5 / np.maximum(laws[0].deviation, laws[1].deviation))
        wrong = np.where(gates * (1 - laws[0].readable) > n_uncovered, 1.0, wrong)
        return float(wrong.min()), float(choices[wrong.argmin()])

    m = smallest_enough(lambda m: best(m)[0] <= error, 16, _MOST, closeness=_CLOSE)
    if m is None:
        return _impossible(name, f"{_MOST:g} neurons are too few")
    wrong, q = best(m)
    return PlanRow(name, float(m), wrong, 0.0, f"connection probability {q:.3g}")


def _gaussian(kind: GaussianReadOff, order: int, k: float, d: float, error: float) -> PlanRow:
    """Dense neurons: noise falls as 1/√m, so the width follows from the law of a single neuron."""
    name = f"Gaussian, {kind}"
    if order > 2:
        return _impossible(name, "this read-off is for pairs")
    if math.isfinite(d):
        return _impossible(name, "needs the features themselves: every neuron sees the noise of all of them")

    def deviation_in_margins(b: float) -> float:
        one, both = (gaussian_and_law(1, k, b, n_on=c, read_off=kind) for c in (1, 2))
        return 2 * float(max(one.deviation, both.deviation) / (both.mean - one.mean))

    lowest = -min(_LARGEST_BIAS, _LARGEST_SHIFT / math.sqrt(k)) if kind == "direct" else -_LARGEST_BIAS
    found: Any = minimize_scalar(deviation_in_margins, bounds=(lowest, 0.0), method="bounded", options={"xatol": 1e-3})
    m = math.ceil((float(found.fun) * float(ndtri(error))) ** 2)
    wrong = float(ndtr(-math.sqrt(m) / float(found.fun)))
    one = round(one_on_response(k, float(found.x), read_off=kind), 12) + 0.0  # no rounding errors, no -0
    return PlanRow(name, float(m), wrong, one, f"dense, bias {float(found.x) * math.sqrt(k):.3g}")


def _targeted(order: int, n: float, k: float, gates: float, d: float, error: float) -> PlanRow:
    """Neurons for chosen gates only; two ReLUs each, as their response is clipped."""
    name = "targeted, clipped"
    made = []
    for s in _FANS:

        def worst(m: float, s: int = s) -> float:
            cases = (order - 1, order)
            sizes = {"neurons_per_gate": s, "order": order}
            return max(targeted_error(n, m, gates, k, n_on=c, n_hidden=d, **sizes) for c in cases)

        m = smallest_enough(lambda m: worst(m) <= error, s, 64 * s * gates, closeness=_CLOSE)
        if m is not None:
            made.append((2 * m, worst(m), s))
    if not made:
        least = _least_hidden(order, k, error)
        return _impossible(name, f"noise of a gate's own features: needs more than {least} dimensions")
    width, wrong, s = min(made)
    one = targeted_misfire(n, width / 2, gates, k, neurons_per_gate=s, n_on=order - 1, order=order, n_hidden=d)
    return PlanRow(name, width, wrong, one, f"{s} for each gate, each as two ReLUs")


def _covering(order: int, gates: float, m: float, n_uncovered: float) -> float:
    """The least q with T (1 - q^r)^m at most n_uncovered."""
    few = min(n_uncovered / gates, 1.0)
    return (-math.expm1(math.log(few) / m)) ** (1 / order)


def _least_hidden(order: int, k: float, error: float) -> str:
    return f"{math.ceil(4 * (order * (k - 1) + 1) * float(ndtri(error)) ** 2):d}"


def _impossible(construction: str, about: str) -> PlanRow:
    return PlanRow(construction, math.inf, math.nan, math.nan, f"impossible: {about}")
