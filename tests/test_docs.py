"""The pages do what they say: their Python runs and prints what stands below it, their commands work, their links lead
somewhere; and generated pages are refused when they are stale."""

import contextlib
import io
import itertools
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import pytest

from tegum import cli
from tegum.experiments import EXPERIMENTS

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import regen

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "SCOPE.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
WRITTEN = re.compile(r"^cat > (\S+) <<END\n(.*?)^END$", re.DOTALL | re.MULTILINE)
TOO_LONG = ("tegum reproduce", "tegum run")  # minutes and seconds; the tests of the command line run them


class Block(NamedTuple):
    """A fenced block, its line, and the output that stands directly below it."""

    kind: str
    body: str
    line: int
    output: str | None


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    made = []
    for match, following in itertools.zip_longest(found, found[1:]):
        below = following and following["kind"] == "text" and not text[match.end() : following.start()].strip()
        output = following["body"] if following and below else None
        made.append(Block(match["kind"], match["body"], text.count("\n", 0, match.start()) + 2, output))
    return made


# What a newcomer reads first is tried at once, the other pages with the slow tests.
FIRST = ("README.md", "start.md", "datasets.md", "errors.md")


def pages_with(kind: str) -> list[pytest.param]:
    pages = [page for page in PAGES if any(b.kind == kind for b in blocks(page))]
    return [pytest.param(page, id=page.name, marks=[] if page.name in FIRST else [pytest.mark.slow]) for page in pages]


def same(printed: str, expected: str) -> bool:
    return [line.rstrip() for line in printed.splitlines()] == [line.rstrip() for line in expected.splitlines()]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")


@pytest.mark.parametrize("page", pages_with("python"))
def test_python_runs_and_prints_what_stands_below(page: Path) -> None:
    namespace: dict[str, object] = {"__name__": page.stem}
    for block in blocks(page):
        if block.kind != "python":
            continue
        printed = io.StringIO()
        code = compile("\n" * (block.line - 1) + block.body, str(page), "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        if block.output is not None:
            assert same(printed.getvalue(), block.output), f"{page.name}:{block.line} printed:\n{printed.getvalue()}"


@pytest.mark.parametrize("page", pages_with("sh"))
def test_commands_work(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks(page):
        if block.kind != "sh":
            continue
        for name, text in WRITTEN.findall(block.body):
            Path(name).write_text(text, encoding="utf-8")
        printed = ""
        for line in block.body.replace("\\\n", " ").splitlines():
            if line.startswith("tegum ") and not line.startswith(TOO_LONG):
                status = int(line.partition("# exit status ")[2][:1] or 0)
                assert cli.main(shlex.split(line, comments=True)[1:]) == status, line
                captured = capsys.readouterr()
                assert captured.err == "", line
                printed += captured.out
            if line.startswith("make "):
                assert f"\n{line.split()[1]}:" in (ROOT / "Makefile").read_text(encoding="utf-8"), line
        missing = set((block.output or "").splitlines()) - set(printed.splitlines())
        assert not missing, f"{page.name}:{block.line} printed:\n{printed}"


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("http:", "https:")):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name) if name else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{page.name}: {target}"


def anchors(page: Path) -> set[str]:
    """Names of the headings, as the common Markdown viewers make them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_reading_order() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if f"]({page.name})" not in index]
    assert missing == ["index.md"]


def test_the_readme_names_the_two_commands_and_every_experiment() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for words in ("make reproduce", "make test", "pip install .", *EXPERIMENTS):
        assert words in text


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < 300_000, picture.name


def copy_of_the_docs(tmp_path: Path) -> Path:
    root = tmp_path / "copy"
    shutil.copytree(ROOT / "docs", root / "docs")
    shutil.copy(ROOT / "README.md", root)
    return root


def test_a_stale_page_is_named_with_the_way_to_mend_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy_of_the_docs(tmp_path)
    for path, text in regen.texts(root).items():
        (root / path).write_text(text, encoding="utf-8")
    assert regen.main(["--check", "--root", str(root)]) == 0
    assert capsys.readouterr().out == ""
    (root / "docs" / "measures.md").write_text("# Measures\n", encoding="utf-8")
    (root / "docs" / "reference.md").unlink()
    assert regen.main(["--check", "--root", str(root)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        str(Path("docs", f"{name}.md")) for name in ("measures", "reference")
    ]
    assert all("make regen" in line for line in lines)


def test_help_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = regen.help_text("train")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert regen.help_text("train") == plain
    assert max(map(len, plain.splitlines())) <= 120
    assert "\x1b" not in plain


def test_what_is_written_by_hand_around_a_table_is_kept() -> None:
    page = "before\n<!-- generated: x -->\nold\n<!-- end of generated: x -->\nafter\n"
    assert regen.renewed(page, "x", "new\n") == page.replace("old\n", "\nnew\n\n")
    with pytest.raises(SystemExit, match="must hold"):
        regen.renewed("no comments", "x", "new")
