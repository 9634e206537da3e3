"""The size at which success turns into failure, with an interval, from samples that are placed where they tell most."""

import itertools
from typing import Any

import numpy as np

from tegum.ground.errors import InputError
from tegum.ground.progress import Listener, Progress, listener
from tegum.ground.threads import one_thread_for_arrays
from tegum.recovery.locating import FIRST, Search, Transition, locate
from tegum.recovery.sampling import sample_codes
from tegum.recovery.spec import Case


def find_transition(
    n_features: int | None = None,
    n_hidden: int | None = None,
    n_active: int | None = None,
    *,
    code: str = "sphere",
    decoder: str = "threshold",
    level: float = 0.5,
    low: int | None = None,
    high: int | None = None,
    relative_half_width: float = 0.05,
    max_codes: int = 1536,
    samples_per_code: int = 4,
    confidence: float = 0.99,
    seed: int = 0,
    code_options: dict[str, Any] | None = None,
    decoder_options: dict[str, Any] | None = None,
    progress: bool | Listener = False,
) -> Transition:
    """The size at which the success probability of recovery crosses a level.

    One of the three sizes is left out, and that one is varied. Its neighbourhood is found by doubling and bisection;
    then codes are placed where the success probability is near the level, and a logistic curve in the logarithm of the
    size is fitted, with codes as units. Every code is used at one place only.

    Args:
        n_features: n, or None to vary it.
        n_hidden: m, or None to vary it.
        n_active: k, or None to vary it.
        code: family of codes.
        decoder: by its name in `tegum.decoders.DECODERS`.
        level: success probability at the crossing, in (0, 1).
        low: where to begin; the smallest sensible size if left out.
        high: where to give up; the largest sensible size if left out.
        relative_half_width: stop when half the interval is at most this share of the size.
        max_codes: the budget, at least 24, for what follows the bisection.
        samples_per_code: inputs for each code.
        confidence: coverage of the interval over the whole run.
        seed: the one integer behind all random numbers.
        code_options: of the family, as for `make_code`.
        decoder_options: of the decoder, as for `decode`.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a `Progress` in
            codes.

    Returns:
        The crossing with its interval; `reached` tells whether it is as short as was asked for.

    Raises:
        InputError: not exactly one size is left out, a value is out of range, or the range holds no crossing.

    Example: how many active features a threshold reads in half of all samples.
        >>> found = find_transition(n_features=200, n_hidden=100, decoder="threshold")
        >>> found.along, round(found.estimate.best, 1), found.reached
        ('n_active', 3.5, True)

    Known problems:
        The curve is taken to be logistic near the level, about from 35 % to 65 %. If it leans to one side, the crossing
        is off by up to 3 % of the `width`. If it falls from 1 to 0 within one or two whole numbers, the crossing
        between them is a matter of interpolation.

    Source:
        Fieller 1954, Some problems in interval estimation; Finney 1971, Probit Analysis, on median doses.
    """
    given = {"n_features": n_features, "n_hidden": n_hidden, "n_active": n_active}
    along = _left_out(given)
    fixed = {name: size for name, size in given.items() if size is not None}
    _check_sizes(fixed)
    rest = {
        "code": code, "decoder": decoder, "seed": seed,
        "code_options": code_options or {}, "decoder_options": decoder_options or {},
    }  # fmt: skip
    least, most = _range(along, fixed)
    search = Search(
        least if low is None else low, most if high is None else high, along == "n_hidden", level,
        relative_half_width, max_codes, samples_per_code, confidence,
    )  # fmt: skip
    _check(search, along)
    spent = itertools.count(1)
    with listener(progress, "transition") as tell, one_thread_for_arrays():

        def measure(size: int, codes: range) -> np.ndarray:
            case = Case(**fixed, **{along: size}, **rest)
            counts = sample_codes(
                case, codes, samples_per_code, lambda: tell(Progress(min(next(spent), max_codes), max_codes))
            )
            return np.array([each.hits for each in counts])

        return locate(measure, search, along)


def _left_out(given: dict[str, int | None]) -> str:
    missing = [name for name, size in given.items() if size is None]
    if len(missing) != 1:
        raise InputError(
            "leave out the one size along which to search, and give the other two; left out:"
            f" {', '.join(missing) or 'none'}."
        )
    return missing[0]


def _check_sizes(fixed: dict[str, int]) -> None:
    """Refuse sizes that no case can have, before a range that follows from them is refused."""
    for name, size in fixed.items():
        if size < (name != "n_active"):
            raise InputError(f"{name} must be at least {int(name != 'n_active')}; got {size}.")
    if fixed.get("n_active", 0) > fixed.get("n_features", fixed.get("n_active", 0)):
        raise InputError(
            f"n_active must be at most n_features = {fixed['n_features']}; got {fixed['n_active']}. Are they swapped?"
        )


def _range(along: str, fixed: dict[str, int]) -> tuple[int, int]:
    """Where to search if the caller does not say."""
    if along == "n_active":
        return 1, fixed["n_features"]
    if along == "n_hidden":
        return 1, 64 * fixed["n_features"]
    return max(2, 2 * fixed["n_active"]), 2**20


def _check(search: Search, along: str) -> None:
    if search.low == search.high == 1:
        raise InputError(f"{along} can be nothing but 1 here, so that there is nothing to search. Take more features.")
    if not 1 <= search.low < search.high:
        raise InputError(f"expected 1 <= low < high for {along}; got low={search.low} and high={search.high}.")
    for name, value in (("level", search.level), ("confidence", search.confidence)):
        if not 0 < value < 1:
            raise InputError(f"{name} must lie strictly between 0 and 1; got {value}.")
    if not search.relative_half_width > 0:
        raise InputError(f"relative_half_width must be above 0; got {search.relative_half_width}. For 5 % pass 0.05.")
    if search.max_codes < FIRST:
        raise InputError(f"max_codes must be at least {FIRST}, the codes of the first fit; got {search.max_codes}.")
    if search.n_samples < 1:
        raise InputError(f"samples_per_code must be at least 1; got {search.n_samples}.")
