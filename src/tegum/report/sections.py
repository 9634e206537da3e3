"""The pieces of the page: summary, table of claims, experiments."""

from collections.abc import Sequence
from urllib.parse import quote

from tegum.report.markup import Html, join, link, table, tag
from tegum.report.numbers import counted, duration_text, interval_text
from tegum.report.records import Claim, Experiment, FigureFiles, Measured, Part, Results, Verdict, counts, outcome

_SIGNS: dict[Verdict, str] = {"reproduced": "✓", "refuted": "✗", "inconclusive": "?"}


def about(results: Results) -> Html:
    """How the page was made."""
    return _facts(
        [
            ("Command", tag("code", results["command"])),
            ("Preset", results["preset"]),
            ("Version", f"tegum {results['version']}"),
            ("Machine", results["machine"]),
            ("Time", duration_text(results["seconds"])),
        ]
    )


def summary(claims: Sequence[Claim]) -> Html:
    """How many claims have each verdict, and which of them did not come out as expected."""
    count = counts(claims)
    tiles = [
        tag("li", tag("strong", count[verdict]), " ", _badge(verdict))
        for verdict in ("reproduced", "refuted", "inconclusive")
    ]
    surprises = [claim for claim in claims if outcome(claim) == "unexpected"]
    words = f"{count['as expected']} of {counted(len(claims), 'claim')} came out as expected"
    words += f", {count['unexpected']} did not"
    words += f", and nothing was expected of {count['open']}." if count["open"] else "."
    named = tag("p", "Not as expected: ", *_comma([_to_claim(claim) for claim in surprises])) if surprises else ""
    return tag("section", tag("h2", "Summary"), tag("ul", *tiles, class_="tiles"), tag("p", words), named, id="summary")


def claims_overview(claims: Sequence[Claim], experiments: Sequence[Experiment]) -> Html:
    """One row for each claim, with links to what stands behind it."""
    known = {experiment["id"] for experiment in experiments}
    overview = table(
        ["claim", "statement", "verdict", "expected", "measured", "experiment", "time"],
        [_claim_row(claim, known) for claim in claims],
        caption="Measured: the part of the claim that decides, its best value [low, high], and the number n of "
        "independent units behind it. Reduced: tried with less than the criterion lists.",
        id="claims-table",
    )
    return tag("section", tag("h2", "Claims"), overview, id="claims")


def experiment_section(experiment: Experiment, claims: Sequence[Claim]) -> Html:
    """Question, settings, figures and claims of one experiment."""
    settings = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in experiment["settings"]]
    return tag(
        "section",
        tag("h2", experiment["title"]),
        tag("p", experiment["question"], class_="question"),
        _facts([("Command", tag("code", experiment["command"])), ("Time", duration_text(experiment["seconds"]))]),
        _variant(experiment["changed"]) if experiment["changed"] else "",
        table(["setting", "value"], settings, caption="Settings") if settings else "",
        *[_figure(figure) for figure in experiment["figures"]],
        *[_claim_detail(claim) for claim in claims],
        id=_anchor("experiment", experiment["id"]),
    )


def other_claims(claims: Sequence[Claim]) -> Html:
    """Claims whose experiment is not on the page."""
    return tag("section", tag("h2", "Claims of other experiments"), *[_claim_detail(claim) for claim in claims])


def contents(experiments: Sequence[Experiment], claims: Sequence[Claim]) -> Html:
    """Links to the experiments, with what each asks and how its claims came out."""
    items = []
    for experiment in experiments:
        count = counts(claim for claim in claims if claim["experiment"] == experiment["id"])
        badges = [join(" ", _badge(verdict, count[verdict])) for verdict in _SIGNS if count[verdict]]
        line = join(_to_experiment(experiment["id"], experiment["title"]), *badges)
        items.append(tag("li", line, tag("div", experiment["question"], class_="quiet")))
    return tag("ol", *items)


def _claim_row(claim: Claim, known: set[str]) -> Html:
    experiment = claim["experiment"]
    return tag(
        "tr",
        tag("th", _to_claim(claim), scope="row"),
        tag("td", claim["statement"], tag("span", f" ({claim['source']})", class_="quiet")),
        tag("td", _badge(claim["verdict"]), _reduced(claim)),
        tag("td", _expected(claim)),
        tag("td", _measured(claim)),
        tag("td", _to_experiment(experiment, experiment) if experiment in known else experiment),
        tag("td", duration_text(claim["seconds"]), class_="number"),
        data_verdict=claim["verdict"],
        data_outcome=outcome(claim),
    )


def _claim_detail(claim: Claim) -> Html:
    facts: list[tuple[str, object]] = [
        ("Criterion", claim["criterion"]),
        ("Measured", _measured(claim)),
        ("Expected", _expected(claim)),
    ]
    if claim["reduced"]:
        facts.append(("Reduced", claim["reduced"]))
    if claim["parts"]:
        facts.append(("Parts", _parts(claim["parts"])))
    if claim["figure"]:
        facts.append(("Figure", link(claim["figure"], claim["figure"])))
    facts += [("Command", tag("code", claim["command"])), ("Time", duration_text(claim["seconds"]))]
    if claim["note"]:
        facts.append(("Note", claim["note"]))
    return tag(
        "article",
        tag("h3", tag("code", claim["id"]), " ", _badge(claim["verdict"])),
        tag("p", claim["statement"], tag("span", f" ({claim['source']})", class_="quiet")),
        _facts(facts),
        class_="claim",
        id=_anchor("claim", claim["id"]),
    )


def _parts(parts: Sequence[Part]) -> Html:
    rows = [
        tag(
            "tr",
            tag("th", part["name"], scope="row"),
            tag("td", part["condition"]),
            tag("td", _interval(part["measured"])),
            tag("td", _badge(part["verdict"])),
        )
        for part in parts
    ]
    return table(["part", "condition", "measured", "verdict"], rows, caption="Conditions that must all hold")


def _figure(figure: FigureFiles) -> Html:
    words = f"{figure['name']}: {figure['caption']}"
    image = tag("img", src=quote(figure["svg"]), alt=words, loading="lazy", decoding="async")
    moving = [", ", link(figure["animation"], "animation")] if "animation" in figure else []
    files = tag("span", link(figure["svg"], "SVG"), ", ", link(figure["png"], "PNG"), *moving, class_="quiet")
    return tag("figure", link(figure["svg"], image), tag("figcaption", figure["caption"], " ", files))


def _facts(facts: Sequence[tuple[str, object]]) -> Html:
    return tag("dl", *[join(tag("dt", name), tag("dd", value)) for name, value in facts])


def _badge(verdict: Verdict, number: int | None = None) -> Html:
    """The verdict by word, sign and colour: none of the three is needed to read the others; and how many have it."""
    sign = tag("span", _SIGNS[verdict], aria_hidden="true")
    words = verdict if number is None else f"{number} {verdict}"
    return tag("span", sign, " ", words, class_=f"badge {verdict}")


def _measured(claim: Claim) -> Html:
    """The number that decides, and of which part of the claim it is."""
    part = tag("span", f"{claim['measured_part']}: ", class_="quiet") if claim["measured_part"] else ""
    return join(part, _interval(claim["measured"]))


def _reduced(claim: Claim) -> Html:
    return tag("span", " reduced", class_="quiet", title=claim["reduced"]) if claim["reduced"] else join()


def _variant(changed: Sequence[tuple[str, str]]) -> Html:
    """That settings were changed, which, and what follows."""
    settings = _comma([tag("code", f"{path} = {value}") for path, value in changed])
    return tag(
        "p",
        tag("strong", "A variant: "),
        *settings,
        " differ from the preset. " if len(changed) > 1 else " differs from the preset. ",
        "Its claims are not judged: their criteria were fixed for the settings of the presets. Captions may say what "
        "is seen with those.",
        class_="variant",
    )


def _interval(measured: Measured | None) -> Html:
    """An estimate that breaks into lines before and after its brackets only."""
    return tag("span", interval_text(measured).replace(", ", ",\N{NO-BREAK SPACE}"), class_="number")


def _expected(claim: Claim) -> Html:
    if outcome(claim) == "unexpected":
        return tag("strong", f"{claim['expected']} (differs)", class_="unexpected")
    return join(claim["expected"])


def _to_claim(claim: Claim) -> Html:
    return tag("a", claim["id"], href=f"#{quote(_anchor('claim', claim['id']))}")


def _to_experiment(identity: str, words: str) -> Html:
    return tag("a", words, href=f"#{quote(_anchor('experiment', identity))}")


def _anchor(kind: str, identity: str) -> str:
    return f"{kind}-{'-'.join(identity.split())}"


def _comma(pieces: Sequence[Html]) -> list[Html]:
    return [join(piece, "" if place == len(pieces) - 1 else ", ") for place, piece in enumerate(pieces)]
