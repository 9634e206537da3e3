"""What a report is made of: plain records, as they come from JSON."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NotRequired, TypedDict, get_args

from tegum.ground.errors import InputError

Verdict = Literal["reproduced", "refuted", "inconclusive"]
Outcome = Literal["as expected", "unexpected", "open"]


class Measured(TypedDict):
    """An estimate: the interval around the best value, and the number of independent units.

    Ends may be infinite; None stands for a number that is not one, as in JSON.
    """

    low: float | None
    best: float | None
    high: float | None
    n: int


class Part(TypedDict):
    """One of several conditions that a claim must meet."""

    name: str
    condition: str
    measured: Measured | None
    verdict: Verdict


class Claim(TypedDict):
    """A statement, the rule that decides it, and what came out. `figure` is a path relative to the page.

    `measured` belongs to the part that is named by `measured_part`. `reduced` says what the preset left out of the
    criterion or made smaller; it is empty if nothing.
    """

    id: str
    source: str
    statement: str
    criterion: str
    verdict: Verdict
    expected: Verdict | Literal["open"]
    measured: Measured | None
    measured_part: str
    parts: list[Part]
    experiment: str
    figure: str | None
    seconds: float
    command: str
    note: str
    reduced: str


class FigureFiles(TypedDict):
    """A figure on disk, and the same in motion if there is such a file. Paths are relative to the page."""

    name: str
    svg: str
    png: str
    caption: str
    animation: NotRequired[str]


class Experiment(TypedDict):
    """One experiment: its question, how it was run, and its figures.

    `changed` lists the settings of a variant that differ from the preset; then no claim was judged.
    """

    id: str
    title: str
    question: str
    command: str
    seconds: float
    settings: list[tuple[str, object]]
    changed: list[tuple[str, str]]
    figures: list[FigureFiles]


class Results(TypedDict):
    """All that a page shows."""

    title: str
    preset: str
    version: str
    seconds: float
    machine: str
    command: str
    experiments: list[Experiment]
    claims: list[Claim]


def outcome(claim: Claim) -> Outcome:
    """Whether a claim came out as its entry in the table of claims says.

    Args:
        claim: with its verdict and the expected one.

    Returns:
        "as expected" or "unexpected"; "open" if the table does not know what to expect.

    Example:
        >>> import typing
        >>> outcome(typing.cast(Claim, {"verdict": "refuted", "expected": "refuted"}))
        'as expected'
    """
    if claim["expected"] == "open":
        return "open"
    return "as expected" if claim["verdict"] == claim["expected"] else "unexpected"


def counts(claims: Iterable[Claim]) -> Counter[str]:
    """How many claims have each verdict and each outcome."""
    return Counter(word for claim in claims for word in (claim["verdict"], outcome(claim)))


def check_results(results: Mapping[str, Any]) -> None:
    """Refuse results that a page cannot be made of.

    Raises:
        InputError: naming the record and what it lacks.
    """
    _check_fields(results, Results, "the results")
    for experiment in results["experiments"]:
        name = f"the experiment {experiment.get('id', '?')!r}"
        _check_fields(experiment, Experiment, name)
        for figure in experiment["figures"]:
            _check_fields(figure, FigureFiles, f"a figure of {name}")
    for claim in results["claims"]:
        name = f"the claim {claim.get('id', '?')!r}"
        _check_fields(claim, Claim, name)
        _check_word(claim["expected"], (*get_args(Verdict), "open"), f"{name}: expected")
        _check_word(claim["verdict"], get_args(Verdict), f"{name}: verdict")
        for part in claim["parts"]:
            _check_fields(part, Part, f"a part of {name}")
            _check_word(part["verdict"], get_args(Verdict), f"a part of {name}: verdict")


def _check_fields(record: Mapping[str, Any], kind: Any, name: str) -> None:
    missing = sorted(kind.__required_keys__ - set(record))
    if missing:
        raise InputError(f"{name} lacks {', '.join(missing)}; expected the fields {', '.join(kind.__annotations__)}.")


def _check_word(word: object, words: tuple[str, ...], name: str) -> None:
    if word not in words:
        raise InputError(f"{name} must be one of {', '.join(words)}; got {word!r}.")
