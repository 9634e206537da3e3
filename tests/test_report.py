"""The page and the table: complete, escaped, linked, and honest about what was not expected."""

import copy
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tegum.ground.errors import FileError, InputError
from tegum.report import claims_table, outcome, write_page
from tegum.report.markup import join, link, tag
from tegum.report.numbers import duration_text, interval_text

VOID = {"meta", "img", "br"}


def claim(identity: str, verdict: str, expected: str, **changes: Any) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": identity,
        "source": "S3",
        "statement": "Linear models store m features & no more.",
        "criterion": "Holds if the count <= m.",
        "verdict": verdict,
        "expected": expected,
        "measured": {"low": 4.9, "best": 5.0, "high": 5.1, "n": 3},
        "measured_part": "",
        "parts": [],
        "experiment": "linear",
        "figure": None,
        "seconds": 1.5,
        "command": f"tegum reproduce --claim {identity}",
        "note": "",
        "reduced": "",
    }
    return record | changes


@pytest.fixture
def results() -> dict[str, Any]:
    part = {
        "name": "norm",
        "condition": "norm < 1/2 for i > m",
        "measured": {"low": -math.inf, "best": 0.1, "high": math.inf, "n": 1},
        "verdict": "inconclusive",
    }
    figure = {"name": "norms", "svg": "figures/norms 1.svg", "png": "figures/norms 1.png", "caption": "Norms <of> all."}
    return {
        "title": "Claims <about> superposition",
        "preset": "quick",
        "version": "0.1.0",
        "seconds": 75.0,
        "machine": "2 cores",
        "command": "tegum reproduce --preset quick",
        "experiments": [
            {
                "id": "linear",
                "title": "Linear & ReLU",
                "question": "Who stores more?",
                "command": "tegum reproduce linear",
                "seconds": 60.0,
                "settings": [["n_features", 20], ["importance", "0.7^i"]],
                "changed": [],
                "figures": [figure],
            }
        ],
        "claims": [
            claim("s3.top-m", "reproduced", "reproduced", parts=[part], figure="figures/norms 1.svg"),
            claim("s3.surprise", "refuted", "reproduced", note="Look again.", measured_part="norm, p = 1"),
            claim("s3.unknown", "inconclusive", "open", measured=None, reduced="p = 0.003 is left out"),
            claim("s0.elsewhere", "refuted", "refuted", experiment="absent"),
        ],
    }


class Page(HTMLParser):
    """Elements, ids and links of a page; fails on an element that is not closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self._open):
            self.words.append(data)

    def all(self, name: str, attribute: str) -> list[str | None]:
        return [attributes.get(attribute) for tag, attributes in self.elements if tag == name]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


def page_of(results: Any, folder: Path) -> Page:
    return Page(write_page(results, folder).read_text(encoding="utf-8"))


class TestPage:
    def test_says_everything(self, results: Any, tmp_path: Path) -> None:
        text = page_of(results, tmp_path).text
        for words in (
            "Claims <about> superposition",
            "2 cores",
            "1 min 15 s",
            "2 of 4 claims came out as expected, 1 did not, and nothing was expected of 1.",
            "Not as expected: s3.surprise",
            "Linear models store m features & no more. (S3)",
            "Holds if the count <= m.",
            "5.00 [4.90, 5.10] n=3",
            "0.1 [-∞, ∞] n=1",
            "norm < 1/2 for i > m",
            "not measured",
            "reproduced (differs)",
            "n_features 20".replace(" ", ""),
            "tegum reproduce --claim s3.top-m",
            "Look again.",
            "norm, p = 1: 5.00 [4.90, 5.10] n=3",
            "? inconclusive reduced",
            "Reducedp = 0.003 is left out",
            "Claims of other experiments",
        ):
            assert words in text

    def test_counts_by_verdict(self, results: Any, tmp_path: Path) -> None:
        assert "1 ✓ reproduced2 ✗ refuted1 ? inconclusive" in page_of(results, tmp_path).text

    def test_links_inside_the_page_lead_somewhere(self, results: Any, tmp_path: Path) -> None:
        page = page_of(results, tmp_path)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        inside = {href[1:] for href in page.all("a", "href") if href and href.startswith("#")}
        assert inside <= set(ids)
        assert {"claim-s3.top-m", "claim-s0.elsewhere", "experiment-linear"} <= inside

    def test_figures_are_shown_and_both_files_linked(self, results: Any, tmp_path: Path) -> None:
        page = page_of(results, tmp_path)
        assert page.all("img", "src") == ["figures/norms%201.svg"]
        assert page.all("img", "alt") == ["norms: Norms <of> all."]
        assert {"figures/norms%201.svg", "figures/norms%201.png"} <= set(page.all("a", "href"))
        assert page.all("img", "loading") == ["lazy"]  # a page of a hundred figures opens at once

    def test_contents_say_how_the_claims_of_each_experiment_came_out(self, results: Any, tmp_path: Path) -> None:
        text = page_of(results, tmp_path).text
        assert "Linear & ReLU ✓ 1 reproduced ✗ 1 refuted ? 1 inconclusiveWho stores more?" in text

    def test_a_variant_names_what_was_changed_and_shows_no_claims(self, results: Any, tmp_path: Path) -> None:
        results["experiments"][0]["changed"] = [["problem.n_features", "200"], ["seed", "1"]]
        page = page_of(results | {"claims": []}, tmp_path)
        assert "A variant: problem.n_features = 200, seed = 1 differ from the preset. Its claims are not" in page.text
        assert not {"Summary", "Claims"} & set(page.words)
        assert "claims-table" not in {attributes.get("id") for _, attributes in page.elements}
        results["experiments"][0]["changed"] = [["seed", "1"]]
        assert "A variant: seed = 1 differs from the preset." in page_of(results | {"claims": []}, tmp_path).text

    def test_needs_nothing_from_elsewhere(self, results: Any, tmp_path: Path) -> None:
        page = page_of(results, tmp_path)
        assert {tag for tag, _ in page.elements}.isdisjoint({"link", "iframe", "object", "base"})
        assert page.all("script", "src") == [None]
        text = (tmp_path / "index.html").read_text(encoding="utf-8")
        assert not re.search(r"https?:|@import|url\(", text)

    def test_tables_say_what_their_headings_head(self, results: Any, tmp_path: Path) -> None:
        page = page_of(results, tmp_path)
        assert set(page.all("th", "scope")) == {"row", "col"}
        assert len(page.all("caption", "x")) == len(page.all("table", "x")) > 2

    @pytest.mark.parametrize("evil", ['<script>alert("1")</script>', "'\"><img src=x>", "&lt;", "$title ${css} $"])
    def test_no_text_becomes_markup(self, results: Any, tmp_path: Path, evil: str) -> None:
        plain = [tag for tag, _ in page_of(results, tmp_path).elements]

        def poisoned(value: Any, key: object = None) -> Any:
            if isinstance(value, dict):
                return {key: poisoned(item, key) for key, item in value.items()}
            if isinstance(value, list):
                return [poisoned(item) for item in value]
            is_text = isinstance(value, str) and value and key not in {"verdict", "expected"}
            return value + evil if is_text else value

        page = page_of(poisoned(results), tmp_path)
        assert [tag for tag, _ in page.elements] == plain
        assert " ".join(f"Linear models store m features & no more.{evil}".split()) in page.text

    def test_a_path_cannot_be_a_script(self, results: Any, tmp_path: Path) -> None:
        results["claims"][0]["figure"] = "javascript:alert(1)"
        assert not any((href or "").startswith("javascript:") for href in page_of(results, tmp_path).all("a", "href"))

    def test_same_results_same_bytes_and_nothing_else_written(self, results: Any, tmp_path: Path) -> None:
        one, other = (write_page(results, tmp_path / name) for name in ("one", "deep/other"))
        assert one.read_bytes() == other.read_bytes()
        assert [path.name for path in one.parent.iterdir()] == ["index.html"]

    def test_survives_json(self, results: Any, tmp_path: Path) -> None:
        before = write_page(results, tmp_path).read_bytes()
        assert write_page(json.loads(json.dumps(results)), tmp_path).read_bytes() == before

    def test_nothing_at_all_is_still_a_page(self, results: Any, tmp_path: Path) -> None:
        page = page_of(results | {"experiments": [], "claims": []}, tmp_path)
        assert "0 of 0 claims came out as expected, 0 did not." in page.text

    def test_a_failed_write_keeps_the_old_page(self, results: Any, tmp_path: Path) -> None:
        before = write_page(results, tmp_path).read_bytes()
        broken = copy.deepcopy(results)
        broken["claims"][0]["statement"] = "\ud800"  # half of a pair of characters, which no encoding can write
        with pytest.raises(UnicodeEncodeError):
            write_page(broken, tmp_path)
        assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]

    def test_a_folder_that_cannot_be_made_is_named(self, results: Any, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(FileError, match=r"cannot make the folder .*file"):
            write_page(results, tmp_path / "file" / "out")


class TestBadResults:
    @pytest.mark.parametrize(
        ("place", "message"),
        [
            (("title",), "the results lacks title"),
            (("claims", 0, "criterion"), r"the claim 's3.top-m' lacks criterion; expected the fields id, source"),
            (("claims", 0, "parts", 0, "condition"), "a part of the claim 's3.top-m' lacks condition"),
            (("experiments", 0, "question"), "the experiment 'linear' lacks question"),
            (("experiments", 0, "figures", 0, "png"), "a figure of the experiment 'linear' lacks png"),
        ],
    )
    def test_missing_fields_are_named(self, results: Any, tmp_path: Path, place: tuple[Any, ...], message: str) -> None:
        record = results
        for key in place[:-1]:
            record = record[key]
        del record[place[-1]]
        with pytest.raises(InputError, match=message):
            write_page(results, tmp_path)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(("field", "word"), [("verdict", "open"), ("expected", "true")])
    def test_unknown_words_are_refused(self, results: Any, tmp_path: Path, field: str, word: str) -> None:
        results["claims"][1][field] = word
        with pytest.raises(InputError, match=f"'s3.surprise': {field} must be one of reproduced, .*; got '{word}'"):
            write_page(results, tmp_path)


class TestTable:
    def test_a_row_for_each_claim_and_the_counts(self, results: Any) -> None:
        lines = self.printed(results["claims"])
        first = [line.partition("│")[0].strip() for line in lines[3:9]]
        assert [word for word in first if word.startswith("s")] == [c["id"] for c in results["claims"]]
        assert "4 claims: 1 reproduced, 2 refuted, 1 inconclusive; 1 not as expected" in lines[-2]

    def test_one_claim(self, results: Any) -> None:
        assert "1 claim: 1 reproduced, 0 refuted" in self.printed(results["claims"][:1])[-1]

    def test_which_part_was_measured_and_what_was_reduced(self, results: Any) -> None:
        lines = self.printed(results["claims"])
        assert lines[3:9].count("norm, p = 1") == 1
        assert lines[3:9].count("reduced") == 1
        assert "Reduced: tried with less than the criterion lists" in lines[-1]
        assert "educed" not in "".join(self.printed(results["claims"][:2]))

    def test_only_the_unexpected_is_marked(self, results: Any) -> None:
        marked = [line for line in self.printed(results["claims"]) if "!" in line]
        assert len(marked) == 1
        assert "s3.surprise" in marked[0]

    def test_brackets_are_not_read_as_markup(self) -> None:
        measured = {"low": math.nan, "best": math.inf, "high": math.nan, "n": 1}
        lines = self.printed([claim("[bold]x", "refuted", "refuted", measured=measured)])
        assert "[bold]x" in lines[3]
        assert "∞ [undefined, undefined] n=1" in lines[3]

    @staticmethod
    def printed(records: Any) -> list[str]:
        console = Console(width=140)
        with console.capture() as capture:
            console.print(claims_table(records))
        return [line.strip(" │") for line in capture.get().splitlines()]


@pytest.mark.parametrize(
    ("verdict", "expected", "answer"),
    [("refuted", "refuted", "as expected"), ("refuted", "reproduced", "unexpected"), ("refuted", "open", "open")],
)
def test_outcome(verdict: str, expected: str, answer: str) -> None:
    assert outcome(claim("x", verdict, expected)) == answer


class TestNumbers:
    @pytest.mark.parametrize(
        ("low", "best", "high", "text"),
        [
            (0.997, 1.004, 1.012, "1.004 [0.997, 1.012] n=3"),
            (5.0, 5.0, 5.0, "5 [5, 5] n=3"),
            (-math.inf, 0.5, math.inf, "0.5 [-∞, ∞] n=3"),
            (0.0, math.inf, math.inf, "∞ [0, ∞] n=3"),
            (math.nan, math.nan, math.nan, "undefined n=3"),
            (None, 0.5, 1.0, "0.5 [undefined, 1] n=3"),
            (2.0, 1.0, 3.0, "1 [2, 3] n=3"),
        ],
    )
    def test_intervals(self, low: float | None, best: float, high: float, text: str) -> None:
        assert interval_text({"low": low, "best": best, "high": high, "n": 3}) == text

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0.0, "0.00 s"),
            (0.999, "1.00 s"),
            (59.96, "1 min 00 s"),
            (3599.9, "1 h 00 min"),
            (math.nan, "unknown"),
        ],
    )
    def test_durations(self, seconds: float, text: str) -> None:
        assert duration_text(seconds) == text


class TestMarkup:
    def test_only_html_passes_unescaped(self) -> None:
        assert tag("p", "<b>", tag("b", 1)) == "<p>&lt;b&gt;<b>1</b></p>"
        assert join("a & ", tag("i", "b")) == "a &amp; <i>b</i>"

    def test_attributes(self) -> None:
        assert tag("img", alt='"', src=None, aria_hidden="true", class_="x") == (
            '<img alt="&quot;" aria-hidden="true" class="x">'
        )

    def test_links_are_quoted(self) -> None:
        assert link("a b/ü.svg", "x") == '<a href="a%20b/%C3%BC.svg">x</a>'
