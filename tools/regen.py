"""Write what is generated: reference pages, the tables of claims, the pictures: `make regen`.

Texts are made from the code, so that they cannot say what the code does not; `--check` fails where they differ. The
pictures are made from training runs, whose last bits depend on the processor, so they are written but never compared.
"""

import argparse
import contextlib
import inspect
import io
import math
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args
from unittest import mock

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from reference import reference_sections
from tegum import DescentSettings, Geometric, Grid, Problem, find_optima, train
from tegum.cli import _COMMANDS as COMMANDS
from tegum.cli import main as tegum_command
from tegum.experiments import EXPERIMENTS
from tegum.measure import MEASURES, Invariance, Measure
from tegum.phases import candidate_losses, phase_grid, superposition_boundary
from tegum.plot import feature_arrows, phase_maps, save_figure

ROOT = Path(__file__).parent.parent
NOTICE = "<!-- Written by tools/regen.py: change the code and run `make regen`. -->\n"
HELP_WIDTH = 100

ABOUT_MEASURES = """\
What can be said of any matrix of directions W (..., n_features, n_hidden), a row for each feature. All take arrays and
labelled arrays; the tests try every row of this table. Which one to use: [choosing](choosing.md).
"""
ABOUT_COMMANDS = """\
`tegum COMMAND --help` prints the same, `tegum --version` the version. Exit status: 0; 1 if a claim came out otherwise
than expected; 2 for bad input, with one message; 130 if interrupted; 141 if the reader of the output went away.

What each feature has its own value of is written as a number (`0.1`), a list (`1,0.5,0.2`) or a profile
(`0.7^i`, `2 0.7^i`, `(i+1)^-1.5`).
"""
ABOUT_REFERENCE = """\
Public names by topic. `help(name)` in Python shows the whole text: definition, arguments with shapes and units, errors,
an example, and the source.
"""


def texts(root: Path) -> dict[Path, str]:
    """Every generated text by its path below the root; of pages that are written by hand, with their tables renewed."""
    claims, readme = Path("docs/claims.md"), Path("README.md")
    return {
        Path("docs/measures.md"): measures_page(),
        Path("docs/commands.md"): commands_page(),
        Path("docs/reference.md"): page("Reference", ABOUT_REFERENCE, *reference_sections()),
        claims: renewed((root / claims).read_text(encoding="utf-8"), "claims", claims_tables()),
        readme: renewed((root / readme).read_text(encoding="utf-8"), "experiments", experiments_table()),
    }


def renewed(text: str, name: str, block: str) -> str:
    """A text with what stands between its two comments replaced."""
    first, last = f"<!-- generated: {name} -->\n", f"<!-- end of generated: {name} -->"
    if text.count(first) != 1 or text.count(last) != 1:
        raise SystemExit(f"regen: a page must hold {first.strip()!r} and {last!r} once each, to be filled in between.")
    before, after = text.split(first)[0], text.split(last)[1]
    return f"{before}{first}\n{block}\n{last}{after}"


def page(title: str, *parts: str) -> str:
    """A page that is generated from top to bottom."""
    return "\n".join([f"# {title}\n", NOTICE, *parts])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell would end it."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def measures_page() -> str:
    """The table of measures, and where each is known exactly."""
    head = ("measure", "symbol", "per", "range", "unit", "unchanged by", "source")
    rows = [(f"`{m.name}`", m.symbol, m.per, _range(m), m.unit, _invariances(m), m.source) for m in MEASURES.values()]
    sections = [f"## {m.name}\n\n{_paragraphs(m)}\n\nKnown exactly: {_known(m)}.\n" for m in MEASURES.values()]
    return page("Measures", ABOUT_MEASURES, table(head, rows), *sections)


def _range(measure: Measure) -> str:
    low, high = measure.limits
    return f"[{low:g}, ∞)" if math.isinf(high) else f"[{low:g}, {high:g}]"


def _invariances(measure: Measure) -> str:
    missing = [change for change in get_args(Invariance) if change not in measure.invariances]
    return "everything" if not missing else f"all but {', '.join(missing)}"


def _paragraphs(measure: Measure) -> str:
    """The docstring up to its arguments: what the measure is, and its definition."""
    text = inspect.getdoc(measure.function) or ""
    return text.partition("\n\nArgs:")[0]


def _known(measure: Measure) -> str:
    def text(value: Any) -> str:
        return " and ".join(f"{v:.4g}" for v in value) if isinstance(value, list) else f"{value:.4g}"

    return "; ".join(f"{known.arrangement} {text(known.expected)}" for known in measure.known_values)


def commands_page() -> str:
    """What every command answers to --help."""
    sections = [f"## tegum {name}\n\n```text\n{help_text(name)}\n```\n" for name in COMMANDS]
    return page("Commands", ABOUT_COMMANDS, *sections)


def help_text(command: str) -> str:
    """The help of a command at a fixed width, without colour, whatever the terminal."""
    printed = io.StringIO()
    plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "CLICOLOR_FORCE")}
    plain |= {"COLUMNS": str(HELP_WIDTH), "NO_COLOR": "1"}
    silent = contextlib.suppress(SystemExit)
    with mock.patch.dict(os.environ, plain, clear=True), contextlib.redirect_stdout(printed), silent:
        tegum_command([*command.split(), "--help"])
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def claims_tables() -> str:
    """All claims with their criteria, by experiment."""
    sections = []
    for experiment in EXPERIMENTS.values():
        head = ("claim", "source", "expected", "statement", "criterion")
        rows = [(f"`{c.id}`", c.source, c.expected, c.statement, c.criterion) for c in experiment.claims]
        notes = "".join(f"\n`{c.id}`: {c.note}\n" for c in experiment.claims if c.note)
        sections.append(f"### {experiment.id}: {experiment.question}\n\n{table(head, rows)}{notes}")
    return "\n".join(sections)


def experiments_table() -> str:
    """What each experiment asks, and how many of its claims are expected to come out how."""
    rows = []
    for experiment in EXPERIMENTS.values():
        verdicts = [claim.expected for claim in experiment.claims]
        counts = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(sorted(verdicts, reverse=True)))
        rows.append((f"`{experiment.id}`", experiment.question, str(len(verdicts)), counts))
    return table(("experiment", "question", "claims", "expected verdicts"), rows)


def write_pictures(root: Path) -> None:
    """The pictures of the README, from runs with a fixed seed."""
    for name, figure in (("five-in-two", five_in_two), ("phases", phases)):
        with tempfile.TemporaryDirectory() as folder:
            svg, _ = save_figure(figure(), Path(folder) / name)
            target = root / "docs" / "images" / svg.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(svg.read_bytes())
        print(f"wrote {target.relative_to(root)}")


def five_in_two() -> Figure:
    """Five features in two dimensions, from always present to rare."""
    problem = Problem(n_features=5, n_hidden=2, feature_probability=1, importance=Geometric(ratio=0.9))
    data = train(Grid(problem, feature_probability=[1, 0.5, 0.2, 0.1, 0.05]), n_models=40, seed=0)
    return feature_arrows(data)


def phases() -> Figure:
    """The phase diagram of two features in one dimension: theory, exact optima, trained models."""
    experiment = EXPERIMENTS["phase-diagram"]
    p, importance = np.geomspace(0.01, 1, 64).tolist(), np.geomspace(0.1, 10, 64).tolist()
    coarse = [np.geomspace(low, high, 20).tolist() for low, high in ((0.01, 1), (0.1, 10))]
    quick: Any = experiment.presets["quick"]
    lines = np.geomspace(0.01, 0.55, 30)
    boundary = [superposition_boundary(float(at)) for at in lines]
    maps = {
        "theory": candidate_losses(2, p, importance),
        "exact optima": find_optima(phase_grid(2, p, importance), DescentSettings(n_starts=8)),
        "trained": train(phase_grid(2, *coarse), quick.trained, n_models=quick.trained_starts),
    }
    where = xr.Dataset({"importance": ("feature_probability", boundary)}, {"feature_probability": lines})
    return phase_maps(maps, boundary=where, mirrored=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Write or compare; 1 if something is stale."""
    parser = argparse.ArgumentParser(description="Write what is generated: reference pages, tables, the picture.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a text is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder that holds README.md and docs/")
    options = parser.parse_args(argv)
    pages = {options.root / path: text for path, text in texts(options.root).items()}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if options.check:
        for path in stale:
            print(f"{path.relative_to(options.root)} is stale: it no longer says what the code does. Run `make regen`.")
        return int(bool(stale))
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
        print(f"wrote {path.relative_to(options.root)}")
    write_pictures(options.root)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
