"""Judges of the experiments on dependent features: ideal data, and data that must not pass; the figures they draw."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import block_diag

from tegum.experiments import EXPERIMENTS, run_variant
from tegum.experiments.base import Data
from tegum.experiments.correlations import sets_of
from tegum.experiments.correlations_claims import angles_around, largest_within
from tegum.experiments.partial_dependence_claims import CROSSING
from tegum.experiments.partial_dependence_data import pair_law
from tegum.experiments.verdict import Verdict, decide
from tegum.geometry import polygon
from tegum.ground.errors import InputError
from tegum.plot import set_arrows
from tegum.plot.sets import turned
from tegum.problem import TrainSettings
from tegum.theory import joint_presence

Doctor = Callable[[xr.Dataset], xr.Dataset]
SQUARE = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
USUAL = {"correlated-orthogonal", "correlated-usual"}
DIGONS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


def circle(*degrees: float) -> np.ndarray:
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)


HEXAGON = circle(0, 63.5, 120, 183.5, 240, 303.5)
TRIANGLES = block_diag(polygon(3), polygon(3))
BASES = np.concatenate([np.eye(10), np.linalg.qr(np.random.default_rng(0).normal(size=(10, 10)))[0]])


def cell(W: np.ndarray, loss: float = 0.0, n_models: int = 1, p: float = 0.05, **attrs: int) -> xr.Dataset:
    columns = {
        "W": (("model", "feature", "hidden"), np.repeat(W[None], n_models, 0)),
        "bias": (("model", "feature"), np.zeros((n_models, len(W)))),
        "loss": ("model", np.full(n_models, loss)),
        "probabilities": ("feature", np.full(len(W), p)),
    }
    return xr.Dataset(columns, attrs=attrs)


def over(name: str, cells: dict[float, xr.Dataset] | dict[str, xr.Dataset]) -> xr.Dataset:
    return xr.concat(list(cells.values()), dim=xr.IndexVariable(name, list(cells)), combine_attrs="override")


def padded(W: np.ndarray) -> np.ndarray:
    return np.pad(W, [(0, 7 - W.shape[0]), (0, 3 - W.shape[1])])


def ideal_sets() -> dict[str, xr.Dataset]:
    p = (0.05, 0.1, 0.2, 1.0)
    right = np.arange(90) % 3 == 0  # in each of the three groups some
    apart = over("set_probability", {q: cell(DIGONS, 1e-9, 90, judged=36) for q in p})
    apart["W"].loc[{"set_probability": 0.1}] = np.where(right[:, None, None], DIGONS, SQUARE)
    apart["loss"].loc[{"set_probability": 0.1}] = np.where(right, 1e-9, 1e-2)
    sizes = {(m, g): padded(np.eye(g, m)) for m in (1, 2, 3) for g in (2 * m, 2 * m + 1)}
    number = {
        "together": [0, 0, 1, 1],
        "apart": [0, 0, 1, 1],
        "crowded": [0, 0, 1, 1, 2, 2],
        "bases": [0] * 10 + [1] * 10,
    }
    return {
        "together": over("set_probability", {q: cell(SQUARE, 0.1, 36, judged=36) for q in p}),
        "apart": apart,
        "crowded": cell(HEXAGON, 0.1, 36, judged=36),
        "bases": cell(BASES, 0.1, 9, judged=9),
        "exact_apart": cell(DIGONS),
        "exact_triples": cell(TRIANGLES),
        "exact_crowded": over("feature_probability", {q: cell(HEXAGON) for q in (0.01, 0.05)}),
        "capacity": over("size", {f"{g} in {m}": cell(W, 0.01 * (g > 2 * m)) for (m, g), W in sizes.items()}),
        "sets": xr.Dataset({name: (f"feature_{name}", each) for name, each in number.items()}),
    }


def ideal_partial() -> dict[str, xr.Dataset]:
    opposite, same = np.array([[1.0], [-1.0]]), np.array([[0.7], [0.7]])
    line = over("pair_correlation", {r: cell(opposite, 0.02, 36) for r in (-0.5, 0.3, 0.85)})
    line["W"].loc[{"pair_correlation": 0.3}][1::2] = same
    line["loss"].loc[{"pair_correlation": 0.3}][1::2] = 0.04
    exact = {r: cell(DIGONS if r < 0 else SQUARE) for r in (-0.2, -0.05, 0.05, 0.2)}
    qs = (0.1, 0.25, 0.5, 0.75, 0.9)
    child = {q: cell(opposite if q < 0.2 else same, 0.1, 3) for q in qs}
    independent = {q: cell(opposite, 0.1, 3) for q in qs}
    conditional = np.linspace(0.5, 0.66, 17)
    losses = np.stack([0.6 - conditional, np.full(17, 0.6 - CROSSING)], axis=1)
    family = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    return {
        "pairs": over("pair_correlation", {-0.5: cell(DIGONS, 0.1, 3), 0.3: cell(SQUARE, 0.1, 3)}),
        "line": line,
        "exact_pairs": over("correlation", exact).isel(model=0),
        "exact_line": over("correlation", {0.3: cell(opposite), 0.85: cell(same)}).isel(model=0),
        "crossing": xr.Dataset(
            {"loss": (("feature_probability", "conditional", "side"), np.stack([losses, losses]))},
            {"feature_probability": [0.05, 0.2], "conditional": conditional, "side": ["same", "opposite"]},
        ),
        "child": over("child_probability", child),
        "independent": over("child_probability", independent),
        "exact_child": over("child_probability", child),
        "exact_independent": over("child_probability", independent),
        "family": cell(family, 0.0, 3),
        "exact_family": cell(family),
    }


IDEAL: dict[str, Callable[[], Data]] = {"correlations": ideal_sets, "partial-dependence": ideal_partial}


def verdicts(name: str, data: Data) -> dict[str, Verdict]:
    return {f.claim.split(".")[1]: decide(f.parts) for f in EXPERIMENTS[name].judge(data)}


def replaced(W: np.ndarray) -> Doctor:
    return lambda data: data.assign(W=data["W"].copy(data=np.broadcast_to(W, data["W"].shape)))


def lossy(loss: float) -> Doctor:
    return lambda data: data.assign(loss=xr.full_like(data["loss"], loss))


@pytest.mark.parametrize("name", IDEAL)
def test_ideal_data_give_what_is_expected(name: str) -> None:
    expected = {claim.id.split(".")[1]: claim.expected for claim in EXPERIMENTS[name].claims}
    assert verdicts(name, IDEAL[name]()) == expected


@pytest.mark.parametrize(
    ("name", "dataset", "doctor", "claims"),
    [
        ("correlations", "together", replaced(DIGONS), USUAL),
        ("correlations", "together", replaced(np.repeat(SQUARE[:2], 2, 0)), USUAL),
        ("correlations", "together", replaced(0 * SQUARE), USUAL),
        ("correlations", "bases", replaced(np.tile(np.eye(10), (2, 1)) * 0.9), USUAL),
        ("correlations", "apart", replaced(SQUARE), {"anticorrelated-antipodal", "anticorrelated-usual-corrected"}),
        ("correlations", "apart", lossy(0.01), {"anticorrelated-antipodal"}),
        ("correlations", "crowded", replaced(HEXAGON[[0, 2, 4, 1, 3, 5]]), {"side-by-side-neighbours"}),
        ("correlations", "exact_crowded", replaced(polygon(6)), {"side-by-side-neighbours"}),
        ("correlations", "exact_crowded", replaced(HEXAGON[[0, 0, 2, 2, 4, 4]]), {"side-by-side-neighbours"}),
        ("correlations", "exact_apart", replaced(SQUARE), {"exclusive-factors"}),
        ("correlations", "exact_apart", lossy(0.001), {"exclusive-factors"}),
        ("correlations", "exact_triples", replaced(np.roll(TRIANGLES, 1, 0)), {"exclusive-factors"}),
        ("correlations", "capacity", lossy(0.0), {"exclusive-capacity"}),
        ("correlations", "capacity", lossy(0.01), {"exclusive-capacity"}),
        ("partial-dependence", "pairs", replaced(DIGONS), {"copula-partner"}),
        ("partial-dependence", "exact_pairs", replaced(SQUARE), {"copula-partner"}),
        ("partial-dependence", "crossing", lossy(0.1), {"copula-sign"}),
        ("partial-dependence", "line", replaced(np.array([[1.0], [-1.0]])), {"copula-training"}),
        ("partial-dependence", "line", lossy(0.02), {"copula-training"}),
        ("partial-dependence", "exact_line", replaced(np.array([[0.7], [0.7]])), {"copula-training"}),
        ("partial-dependence", "family", replaced(circle(0, 120, 240)), {"child-orthogonal"}),
        ("partial-dependence", "family", lossy(0.01), {"child-orthogonal"}),
        ("partial-dependence", "exact_family", replaced(circle(0, 120, 240)), {"child-orthogonal"}),
        ("partial-dependence", "child", replaced(np.array([[1.0], [-1.0]])), {"child-alone"}),
        ("partial-dependence", "exact_child", replaced(np.array([[0.7], [0.7]])), {"child-alone"}),
        ("partial-dependence", "independent", replaced(np.array([[0.7], [0.7]])), {"child-alone"}),
        ("partial-dependence", "exact_independent", replaced(np.zeros((2, 1))), {"child-alone"}),
    ],
)  # fmt: skip
def test_doctored_data_refute(name: str, dataset: str, doctor: Doctor, claims: set[str]) -> None:
    data = IDEAL[name]()
    before, after = verdicts(name, data), verdicts(name, {**data, dataset: doctor(data[dataset])})
    assert {claim for claim in after if after[claim] == "refuted" != before[claim]} == claims


def test_what_is_refuted_could_have_been_reproduced() -> None:
    data = ideal_sets()
    close = {**data, "crowded": replaced(circle(0, 58, 120, 178, 240, 298))(data["crowded"])}
    assert verdicts("correlations", close)["side-by-side"] == "reproduced"
    right = {**data, "apart": replaced(DIGONS)(data["apart"])}
    assert verdicts("correlations", right)["anticorrelated-usual"] == "reproduced"


def test_cosines_within_sets_ignore_other_features() -> None:
    W = np.array([[1.0, 0.0], [0.6, 0.8], [1.0, 0.0]])
    assert largest_within(W, [(0, 1)]) == pytest.approx(0.6)
    assert largest_within(np.stack([W, -W]), [(0, 2)]).tolist() == [1.0, 1.0]


def test_angles_around_the_circle() -> None:
    inside, between = angles_around(HEXAGON, [(0, 1), (2, 3), (4, 5)])
    np.testing.assert_allclose(inside, 63.5)
    np.testing.assert_allclose(between, 56.5)


def test_pairs_have_the_law_of_the_copula() -> None:
    joint = float(joint_presence(0.2, 0.2, 0.5))
    sets = pair_law(2, 0.2, joint)(np.full((3, 4), 0.2))
    assert sets.probability.shape == (3, 16)
    np.testing.assert_allclose(sets.probability.sum(axis=1), 1)
    for i, j, expected in ((0, 0, 0.2), (0, 1, joint), (2, 3, joint), (1, 2, 0.04)):
        both = [{i, j} <= set(row.tolist()) for row in sets.members]
        assert sets.probability[0, both].sum() == pytest.approx(expected)


class TestFigures:
    def test_a_common_orientation(self) -> None:
        for turn in (0.3, 2.0, 4.4):
            rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            for mirror in (1.0, -1.0):
                moved = HEXAGON @ rotation * [1.0, mirror]
                np.testing.assert_allclose(turned(moved), HEXAGON, atol=1e-12)
        assert turned(np.zeros((3, 2))).tolist() == np.zeros((3, 2)).tolist()

    def test_best_on_the_left_worst_on_the_right(self) -> None:
        data = cell(SQUARE, n_models=9).assign(loss=("model", [0.5, 0.1, 0.9, 0.3, 0.2, 0.4, 0.6, 0.7, 0.8]))
        figure = set_arrows(data, sets=[(0, 1)], n_shown=3)
        assert [ax.get_title() for ax in figure.axes] == ["loss 0.1", "loss 0.5", "loss 0.9"]
        colours = [line.get_color() for line in figure.axes[0].lines]
        assert colours[0] == colours[1] != colours[2] == colours[3]

    def test_need_a_plane(self) -> None:
        with pytest.raises(InputError, match="arrows need a hidden space of 2 dimensions; got 10"):
            set_arrows(cell(BASES), sets=[(0, 1)])


TINY = TrainSettings(n_steps=20, batch_size=32, evaluation_samples=256)


@pytest.mark.slow
def test_variants_of_other_sizes_draw_their_figures() -> None:
    together = {"n_features": 6, "n_hidden": 3, "correlated_sets": ((0, 1, 2), (3, 4))}
    made = run_variant("correlations", together=together, models=6, starts=1, bases_starts=1, crowded_starts=1,
                       training=TINY, set_probability=(0.2, 0.5), descents={"n_starts": 4})  # fmt: skip
    assert [plate.name for plate in made.plates] == ["together", "apart", "crowded", "bases", "shares"]
    assert sets_of(made.data, "together") == [[0, 1, 2], [3, 4]]
    made = run_variant("partial-dependence", pairs={"n_hidden": 3}, starts=1, child_starts=1, training=TINY,
                       child_training=TINY, descents={"n_starts": 4}, correlation=(0.1, 0.4))  # fmt: skip
    assert [plate.name for plate in made.plates] == ["copula", "child", "family"]
    with pytest.raises(InputError, match="pairs and line need one magnitude"):
        run_variant("partial-dependence", pairs={"n_features": 3}, training=TINY)
