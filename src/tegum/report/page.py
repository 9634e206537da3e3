"""The page that shows what came out."""

from importlib.resources import files
from pathlib import Path
from string import Template

from tegum.ground.atomic import replacing
from tegum.ground.errors import FileError
from tegum.report import sections
from tegum.report.markup import join
from tegum.report.records import Results, check_results


def write_page(results: Results, out: str | Path) -> Path:
    """Write what a run found as one HTML page: claims, verdicts, figures, numbers, and the commands to make them again.

    The page needs nothing but the figures beside it: no network, no script, no style sheet. It is written whole or not
    at all, and the same results give the same bytes.

    Args:
        results: what was run and what came out, as it comes from JSON; see `tegum.report.Results`. Paths of figures are
            relative to `out`.
        out: the folder for `index.html`. It is made if it is missing; nothing else in it is touched.

    Returns:
        The path of the page.

    Raises:
        InputError: if a record lacks a field or has a verdict that there is not.
        FileError: if the page cannot be written.

    Example:
        >>> import tempfile
        >>> words = dict.fromkeys(["title", "preset", "version", "machine", "command"], "none")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_page({**words, "seconds": 0.0, "experiments": [], "claims": []}, folder).name
        'index.html'
    """
    check_results(results)
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {error.strerror or error}. Choose another one.") from None
    page = folder / "index.html"
    with replacing(page, overwrite=True) as temporary:
        temporary.write_text(_html(results), encoding="utf-8")
    return page


def _html(results: Results) -> str:
    package = files("tegum.report")
    claims, experiments = results["claims"], results["experiments"]
    by_experiment = {experiment["id"]: [] for experiment in experiments}
    others = []
    for claim in claims:
        by_experiment.get(claim["experiment"], others).append(claim)
    parts = [sections.experiment_section(experiment, by_experiment[experiment["id"]]) for experiment in experiments]
    if others:
        parts.append(sections.other_claims(others))
    judged = bool(claims) or not any(experiment["changed"] for experiment in experiments)
    return Template(package.joinpath("page.html").read_text(encoding="utf-8")).substitute(
        title=join(results["title"]),
        css=package.joinpath("page.css").read_text(encoding="utf-8"),
        about=sections.about(results),
        summary=sections.summary(claims) if judged else "",
        contents=sections.contents(experiments, claims),
        claims=sections.claims_overview(claims, experiments) if judged else "",
        experiments=join(*parts),
    )
