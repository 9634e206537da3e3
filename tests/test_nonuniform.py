"""One feature unlike the others: what a jump is, judges that can fail, and the figure."""

import numpy as np
import pytest
import xarray as xr

from tegum.experiments import EXPERIMENTS, nonuniform
from tegum.experiments.verdict import Verdict, decide
from tegum.geometry import polygon
from tegum.ground.errors import InputError
from tegum.plot import deformation
from tegum.plot.style import OKABE_ITO
from tegum.problem import DescentSettings

EXPECTED = {claim.id: claim.expected for claim in EXPERIMENTS["nonuniform"].claims}
RATIOS = (10.0 ** np.linspace(-1, 1, 25)).round(6).tolist()


def verdicts(data: dict[str, xr.Dataset]) -> dict[str, Verdict]:
    return {finding.claim: decide(finding.parts) for finding in nonuniform.judge(data)}


def sweep() -> xr.Dataset:
    """Two paths that swap at ratio 1: a pentagon above, and the same with its last feature missing below."""
    W = np.tile(polygon(5), (2, 4, 1, 1))
    W[1, :, -1] = 0.0
    return xr.Dataset(
        {
            "W": (("path", "ratio", "feature", "hidden"), W),
            "name": (("path", "ratio"), [["pentagon"] * 4, ["pairs"] * 4]),
            "loss": (("path", "ratio"), [[3.0, 2.0, 1.0, 1.0], [2.0, 1.9, 2.0, 2.0]]),
            "snap": 1.0,
        },
        {"path": list(nonuniform.PATHS), "ratio": [0.2, 0.5, 2.0, 5.0]},
    )


class TestParts:
    def test_only_the_last_feature_varies(self) -> None:
        base = nonuniform.PRESETS["quick"].problem
        assert nonuniform.problem_at(base, "probability", 2.0).feature_probability == (0.05,) * 4 + (0.1,)
        varied = nonuniform.problem_at(base, "importance", 0.5)
        assert (varied.importance, varied.feature_probability) == ((1.0,) * 4 + (0.5,), 0.05)

    def test_the_lower_path(self) -> None:
        assert nonuniform.lowest(sweep())["path"].values.tolist() == ["from below"] * 2 + ["from above"] * 2

    def test_a_jump_at_the_snap_is_no_step_beside_it(self) -> None:
        data = sweep()
        assert nonuniform._largest_step(nonuniform._sides(data), "norm") == 0.0
        assert nonuniform._largest_step(nonuniform._sides(data.assign(snap=0.3)), "norm") == pytest.approx(1.0)

    def test_a_jump_does_not_shrink_with_the_step_and_a_bend_does(self) -> None:
        turns = np.linspace(0, 0.5, 9)
        bent = np.stack([np.stack([np.cos(turns), np.sin(turns)], -1), np.tile([1.0, 0.0], (9, 1))], 1)
        broken = np.where(np.arange(9)[:, np.newaxis, np.newaxis] < 4, bent[:1], bent[-1:])
        for W, expected in ((bent, 0.5), (broken, 1.0)):
            fine, coarse = (nonuniform._largest_step([W], "gram", stride) for stride in (1, 2))
            assert fine / coarse == pytest.approx(expected, abs=0.06)

    def test_angles_leave_out_what_is_not_stored(self) -> None:
        angles = nonuniform._angles(np.array([[1.0, 0.0], [0.0, 1.0], [0.1, 0.1]]))
        assert angles[0, 1] == pytest.approx(90.0)
        assert np.isnan(angles[2]).all()


class TestFigure:
    def test_columns_names_and_snap(self) -> None:
        data = sweep().assign(best=nonuniform.lowest(sweep())["path"])
        figure = deformation({"p": data, "I": data.assign(snap=np.nan)})
        assert [ax.get_title() for ax in figure.axes[:2]] == ["p, snap at 1.000", "I"]
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["pentagon", "pairs"]
        assert [tick.get_text() for tick in figure.axes[4].get_yticklabels()] == ["lowest", "from above", "from below"]

    def test_thick_where_it_is_lowest_and_orange_for_the_varied_feature(self) -> None:
        data = sweep().assign(best=nonuniform.lowest(sweep())["path"])
        norms = deformation({"p": data}).axes[0].lines[:20]
        thick = [line for line in norms if line.get_linewidth() > 1]
        assert [np.isfinite(line.get_ydata()).tolist() for line in thick[:2]] == [[0, 0, 1, 1], [1, 1, 0, 0]]
        assert [line.get_color() for line in norms] == [OKABE_ITO[0]] * 16 + [OKABE_ITO[1]] * 4

    def test_refusals(self) -> None:
        with pytest.raises(InputError, match="has no name, best"):
            deformation({"p": sweep().drop_vars("name")})
        with pytest.raises(InputError, match="no sweep to show"):
            deformation({})


@pytest.mark.slow
class TestJudge:
    @pytest.fixture(scope="class")
    @classmethod
    def data(cls) -> dict[str, xr.Dataset]:
        quick = nonuniform.PRESETS["quick"]
        ratios = {"probability_ratios": RATIOS, "importance_ratios": RATIOS}
        return nonuniform.run(quick.replace(**ratios, descent=DescentSettings(n_starts=8)), lambda progress: None)

    def test_comes_out_as_expected(self, data) -> None:
        assert verdicts(data) == EXPECTED

    @pytest.mark.parametrize(
        ("kind", "change", "claim"),
        [
            ("probability", {"snap": 0.35}, "tegum.deform-then-snap-probability"),
            ("probability", {"crossings": 2}, "tegum.deform-then-snap-probability"),
            ("importance", {"snap": 0.2}, "tegum.deform-then-snap-importance"),
            ("importance", {"snap": np.nan, "crossings": 0}, "tegum.deform-then-snap-importance"),
        ],
    )
    def test_a_snap_elsewhere_or_none(self, data, kind, change, claim) -> None:
        assert verdicts(data | {kind: data[kind].assign(change)})[claim] == "refuted"

    @pytest.mark.parametrize("kind", nonuniform.KINDS)
    def test_a_lower_optimum_that_no_path_found(self, data, kind) -> None:
        made = data[kind].assign(searched=0.99 * data[kind]["searched"])
        assert verdicts(data | {kind: made})[f"tegum.deform-then-snap-{kind}"] == "refuted"

    @pytest.mark.parametrize("kind", nonuniform.KINDS)
    def test_both_sides_alike(self, data, kind) -> None:
        made = data[kind].assign(W_at_snap=0 * data[kind]["W_at_snap"])
        assert verdicts(data | {kind: made})[f"tegum.deform-then-snap-{kind}"] == "refuted"

    @pytest.mark.parametrize("kind", nonuniform.KINDS)
    def test_a_jump_of_the_favoured_feature(self, data, kind) -> None:
        made = data[kind].copy(deep=True)
        made["W"].loc[{"ratio": slice(4.0, None), "feature": 4}] = 0.0
        made = verdicts(data | {kind: made})
        assert made["tegum.favoured-feature-deforms"] == "refuted"
        assert made[f"tegum.deform-then-snap-{kind}"] == "refuted"

    def test_figures(self, data) -> None:
        names = [plate.name for plate in nonuniform.plates(data)]
        assert names == ["deformation", "probability-arrows", "importance-arrows"]

    def test_another_problem_reaches_every_figure(self) -> None:
        quick = nonuniform.PRESETS["quick"]
        settings = quick.replace(
            problem=quick.problem.replace(n_features=4, n_hidden=3),
            probability_ratios=(0.5, 1.0, 2.0),
            importance_ratios=(0.5, 2.0),
            descent=DescentSettings(n_starts=2),
        )
        data = nonuniform.run(settings, lambda progress: None)
        assert [plate.name for plate in nonuniform.plates(data)] == ["deformation"]
        assert set(verdicts(data)) == set(EXPECTED)
