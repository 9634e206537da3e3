"""Compare the project's claims with a register of claims kept elsewhere: what is judged, what is missing, what differs.

A register is a TOML file of [[claim]] tables with id, expected and, if it has them, testable and experiment.
"""

import argparse
import sys
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tegum.experiments import claims
from tegum.ground.errors import FileError

UNGROUPED = "no experiment"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The two sets of claims side by side; only what the register calls testable can be missing."""

    in_both: list[str]
    missing: Mapping[str, list[str]]  # by the register's experiment
    ours_only: list[str]
    differing: list[tuple[str, str, str]]  # id, expected here, expected there

    @property
    def n_missing(self) -> int:
        """Number of testable claims of the register that no experiment here judges."""
        return sum(map(len, self.missing.values()))


def read_register(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of a register by id.

    Raises:
        FileError: the file cannot be read or is not TOML, or an entry lacks its id or its expected verdict, or has the
            id of another.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("claim")
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}.") from None
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise FileError(f"{path} is not TOML ({error}).") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FileError(f"{path} holds no [[claim]] tables; a register needs one for each claim.")
    for number, entry in enumerate(entries, start=1):
        lacking = [key for key in ("id", "expected") if not isinstance(entry.get(key), str)]
        if lacking:
            raise FileError(f"{path}: claim number {number} has no text for {' and '.join(lacking)}; each needs both.")
    by_id = {entry["id"]: entry for entry in entries}
    if len(by_id) < len(entries):
        raise FileError(f"{path} has {len(entries)} claims but only {len(by_id)} different ids; give each its own.")
    return by_id


def compare(register: Mapping[str, Mapping[str, Any]]) -> Comparison:
    """Our claims against those of a register."""
    ours = claims()
    missing = defaultdict(list)
    for identity, entry in register.items():
        if entry.get("testable", True) and identity not in ours:
            missing[entry.get("experiment", UNGROUPED)].append(identity)
    both = [identity for identity in ours if identity in register]
    expected = ((identity, ours[identity].expected, register[identity]["expected"]) for identity in both)
    return Comparison(
        in_both=both,
        missing=dict(missing),
        ours_only=[identity for identity in ours if identity not in register],
        differing=[(identity, here, there) for identity, here, there in expected if here != there],
    )


def report(comparison: Comparison) -> str:
    """The comparison in words, one line for each count and for each group of ids."""
    lines = [f"in both: {len(comparison.in_both)}", f"missing here: {comparison.n_missing}"]
    lines += [f"  {name} ({len(ids)}): {', '.join(ids)}" for name, ids in comparison.missing.items()]
    lines += [f"ours only: {len(comparison.ours_only)}", *(f"  {identity}" for identity in comparison.ours_only)]
    lines.append(f"differing expectations: {len(comparison.differing)}")
    lines += [f"  {identity}: {here} here, {there} there" for identity, here, there in comparison.differing]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the comparison; 0 whatever it says, 2 if there is no register to compare with."""
    parser = argparse.ArgumentParser(description="Compare the table of claims with a register of claims.")
    parser.add_argument("register", type=Path, help="a TOML file of [[claim]] tables")
    try:
        print(report(compare(read_register(parser.parse_args(argv).register))))
    except FileError as error:
        sys.stderr.write(f"compare_claims: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
