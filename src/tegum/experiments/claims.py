"""The table of claims: every statement that an experiment judges, with its criterion fixed before running."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord


class Claim(FrozenRecord):
    """A statement of a source, or of our own, and the rule that decides it.

    Args:
        id: a name that never changes.
        source: where the statement is made: S0 to S3 for the four sources, or "tegum" for our own.
        experiment: id of the experiment that judges it.
        statement: what is claimed, in our words.
        criterion: what must be measured for it to count as reproduced.
        expected: the verdict that theory predicts; "open" where nobody knows.
        theory: where the prediction comes from.
        note: anything a reader of the verdict should know, e.g. why a criterion differs from an earlier one.
        quick: what the quick preset leaves out or makes smaller; empty if it tries the whole criterion.
    """

    id: str
    source: str
    experiment: str
    statement: str
    criterion: str
    expected: Literal["reproduced", "refuted", "inconclusive", "open"]
    theory: str = ""
    note: str = ""
    quick: str = ""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


@cache
def claims() -> dict[str, Claim]:
    """Every claim by id, in the order of the table.

    Example:
        >>> claims()["s3.linear-keeps-top-m"].expected
        'reproduced'
    """
    table = tomllib.loads(files("tegum.experiments").joinpath("claims.toml").read_text(encoding="utf-8"))
    listed = [Claim(**entry) for entry in table["claim"]]
    by_id = {claim.id: claim for claim in listed}
    if len(by_id) < len(listed):
        raise InputError("claims.toml: two claims have the same id; give each its own.")
    return by_id
