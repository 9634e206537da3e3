"""The table of claims for the terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tegum.report.numbers import counted, duration_text, interval_text
from tegum.report.records import Claim, counts, outcome

_STYLES = {"as expected": "green", "unexpected": "bold red", "open": "yellow"}
_MARKS = {"as expected": "", "unexpected": " !", "open": ""}


def claims_table(records: Sequence[Claim]) -> Table:
    """The claims with their verdicts, as a table for `rich.console.Console.print`.

    A verdict that differs from the expected one is marked with an exclamation mark as well as with colour. Below a
    verdict stands "reduced" if the preset tried less than the criterion lists; below a number, the part of the claim
    that it belongs to.

    Args:
        records: claims with their verdicts, in the order in which they are to stand.

    Returns:
        One row for each claim, and a caption that counts them.

    Example:
        >>> claims_table([]).caption
        '0 claims: 0 reproduced, 0 refuted, 0 inconclusive; 0 not as expected'
    """
    count = counts(records)
    any_reduced = any(record["reduced"] for record in records)
    table = Table(
        caption=f"{counted(len(records), 'claim')}: "
        + ", ".join(f"{count[verdict]} {verdict}" for verdict in ("reproduced", "refuted", "inconclusive"))
        + f"; {count['unexpected']} not as expected"
        + (".\nReduced: tried with less than the criterion lists; the page says what." * any_reduced)
    )
    table.add_column("claim", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("expected", no_wrap=True)
    table.add_column("measured", overflow="fold")
    table.add_column("time", justify="right", no_wrap=True)
    for record in records:
        kind = outcome(record)
        # Text, not str: rich would read brackets in a str as its own markup
        table.add_row(
            Text(record["id"]),
            Text(record["verdict"] + _MARKS[kind], style=_STYLES[kind])
            + _quiet("reduced" if record["reduced"] else ""),
            Text(record["expected"]),
            Text(interval_text(record["measured"])) + _quiet(record["measured_part"]),
            Text(duration_text(record["seconds"])),
        )
    return table


def _quiet(words: str) -> Text:
    """A second line in a cell, for words that explain the first."""
    return Text(f"\n{words}" if words else "", style="dim")
