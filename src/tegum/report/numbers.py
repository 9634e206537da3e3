"""Numbers as people read them."""

import math

from tegum.ground.errors import InputError
from tegum.ground.estimate import Estimate
from tegum.report.records import Measured


def interval_text(measured: Measured | None) -> str:
    """An estimate in one line: the best value, the interval, and how many independent units are behind it.

    Example:
        >>> interval_text({"low": 0.0119, "best": 0.0123, "high": 0.0127, "n": 20})
        '0.0123 [0.0119, 0.0127] n=20'
        >>> interval_text({"low": 0.5, "best": 1.5, "high": float("inf"), "n": 1})
        '1.5 [0.5, ∞] n=1'
    """
    if measured is None:
        return "not measured"
    # strict JSON has no word for a number that is not one, and writes null
    three = (measured["low"], measured["best"], measured["high"])
    low, best, high = (math.nan if number is None else number for number in three)
    if math.isnan(best):
        return f"undefined n={measured['n']}"
    try:
        text = str(Estimate(low=low, best=best, high=high, n=measured["n"]))
    except InputError:  # such as a best value that is infinite; a report shows it all the same
        text = f"{best:.4g} [{low:.4g}, {high:.4g}] n={measured['n']}"
    return text.replace("inf", "∞").replace("nan", "undefined")


def counted(n: int, word: str) -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "claim"), counted(2, "claim")
        ('1 claim', '2 claims')
    """
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def duration_text(seconds: float) -> str:
    """A time in the largest unit that leaves two figures or more.

    Example:
        >>> duration_text(0.042), duration_text(7.0), duration_text(200.0), duration_text(7300.0)
        ('0.04 s', '7.0 s', '3 min 20 s', '2 h 02 min')
    """
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 1.0:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    if seconds < 3599.5:
        return "{} min {:02d} s".format(*divmod(round(seconds), 60))
    return "{} h {:02d} min".format(*divmod(round(seconds / 60.0), 60))
