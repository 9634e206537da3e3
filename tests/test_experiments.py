"""Experiments: the table of claims, and judges that find in hand-made weights what is there and nothing else.

Each judge sees an ideal dataset, in which every claim holds (the control), and doctored ones, in which it must not.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import xarray as xr
from judged import verdicts
from scipy.linalg import block_diag

from tegum.experiments import EXPERIMENTS, citation, claims, experiment
from tegum.experiments import five_in_two as five
from tegum.experiments import linear_against_relu as against
from tegum.experiments import linear_against_relu_claims as against_claims
from tegum.experiments import many_features as many
from tegum.experiments.verdict import Verdict
from tegum.geometry import cross_polytope, polygon, simplex
from tegum.ground.errors import InputError
from tegum.problem import DescentSettings, TrainSettings
from tegum.theory import linear_optimum

Datasets = dict[str, xr.Dataset]
N_MODELS = 3  # one for each group of starts
every_experiment = pytest.mark.parametrize("name", EXPERIMENTS)


def grid(W: Mapping[float, np.ndarray], bias: Mapping[float, object], loss: Mapping[float, float]) -> xr.Dataset:
    """Cells by probability; in each the same weights three times."""
    over = list(W)
    n = len(W[over[0]])
    repeated = {
        "W": np.repeat(np.array([W[p] for p in over], np.float32)[:, None], N_MODELS, 1),
        "bias": np.repeat(
            np.array([np.broadcast_to(np.asarray(bias[p], float), n) for p in over])[:, None], N_MODELS, 1
        ),
        "loss": np.repeat(np.array([loss[p] for p in over])[:, None], N_MODELS, 1),
    }
    dims = ("feature_probability", "model", "feature", "hidden")
    variables = {key: (dims[: values.ndim], values) for key, values in repeated.items()}
    variables["loss_standard_error"] = (dims[:2], 1e-4 * repeated["loss"])
    return xr.Dataset(variables, {"feature_probability": over})


def padded(W: np.ndarray, n_features: int, n_hidden: int) -> np.ndarray:
    return np.pad(W, [(0, n_features - W.shape[0]), (0, n_hidden - W.shape[1])])


def ideal_five() -> Datasets:
    pentagon = 1.134 * polygon(5)
    W = dict.fromkeys(five.PROBABILITIES, pentagon)
    W |= {five.DENSE: padded(np.eye(2), 5, 2), five.MIDDLE: padded(cross_polytope(2), 5, 2)}
    bias, loss = dict.fromkeys(W, -0.246), dict.fromkeys(W, 0.1)
    return {"falling": grid(W, bias, loss), "equal": grid(W, bias, loss)}


RELU = {  # by probability: weights with the expected number of features, and the share of the best linear loss
    1.0: (np.eye(5), 0.0, 1.0),
    0.3: (block_diag(np.eye(3), [[1], [-1]], [[1], [-1]]), 0.0, 0.77),
    0.1: (block_diag(np.eye(1), *[[[1], [-1]]] * 4), 0.0, 0.44),
    0.03: (block_diag(*[[[1], [-1]]] * 5), 0.0, 0.24),
    0.01: (block_diag(simplex(3), polygon(7)), -0.1, 0.19),
    0.003: (block_diag(simplex(3), polygon(9)), -0.1, 0.15),
}


def ideal_against(preset: str = "paper") -> Datasets:
    settings: Any = EXPERIMENTS[against.EXPERIMENT.id].settings(preset)
    made = {}
    for output, ps in (("linear", settings.linear_feature_probability), ("relu", settings.feature_probability)):
        optimum = {
            p: float(linear_optimum(5, feature_probability=np.full(20, p), importance=against.PROBLEM.importances))
            for p in ps
        }
        if output == "linear":
            W = {p: padded(np.eye(5), 20, 5) for p in ps}
            bias, loss = {p: np.where(np.arange(20) < 5, 0, p / 2) for p in ps}, optimum
        else:
            W = {p: padded(RELU[p][0], 20, 5) for p in ps}
            bias, loss = {p: RELU[p][1] for p in ps}, {p: RELU[p][2] * optimum[p] for p in ps}
        made[output] = grid(W, bias, loss).assign(
            linear_optimum=("feature_probability", list(optimum.values())),
            probabilities=(("feature_probability", "feature"), [[p] * 20 for p in ps]),
            importances=("feature", against.PROBLEM.importances),
        )
    return made


def ideal_many(*counts: int) -> Datasets:
    cycle = np.tile(np.eye(20), (4, 1))
    W = {
        p: np.where(np.arange(80)[:, None] < count, cycle, 0)
        for p, count in zip((1.0, 0.3, 0.1, 0.03), counts or (20, 26, 33, 43), strict=True)
    }
    return {"relu": grid(W, dict.fromkeys(W, 0.0), dict.fromkeys(W, 0.1))}


def ideal_forces() -> Datasets:
    formula = xr.Dataset({"loss_formula": ("model", [0.3, 0.5]), "loss_standard_error": ("model", [0.01, 0.01])})
    formula["loss_sampled"] = formula["loss_formula"] + formula["loss_standard_error"]
    p_and_batch = (("feature_probability", "batch"), np.tile([1.001, 0.999], (3, 2)))
    trained = grid({0.1: padded(np.eye(5), 20, 5)}, {0.1: 0.0}, {0.1: 0.1}).isel(feature_probability=0)
    return {
        "trained": trained,
        "linear": formula.assign(loss_moments=formula["loss_formula"]),
        "one_sparse": formula.assign(
            loss_quadrature=formula["loss_formula"],
            relu_change=("model", [0.0, 0.0]),
            linear_change=("model", [0.1, 0.2]),
        ),
        "relu": xr.Dataset(
            {"violations": 0, "best_constant": p_and_batch, "loss_ratio": p_and_batch},
            {"feature_probability": [0.1, 0.5, 1.0]},
        ),
    }


IDEAL: dict[str, Callable[[], Datasets]] = {
    "five-in-two": ideal_five,
    "linear-against-relu": ideal_against,
    "many-features": ideal_many,
    "loss-forces": ideal_forces,
}


class TestTable:
    def test_ids_are_unique(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fields = 'id = "x"\nsource = "S3"\nexperiment = "x"\nstatement = "x"\ncriterion = "x"\nexpected = "open"\n'

        class Twice:
            def joinpath(self, _: str) -> "Twice":
                return self

            def read_text(self, encoding: str) -> str:
                return f"[[claim]]\n{fields}" * 2

        monkeypatch.setattr(import_module("tegum.experiments.claims"), "files", lambda _: Twice())
        with pytest.raises(InputError, match="two claims have the same id"):
            claims.__wrapped__()

    def test_every_claim_is_complete_and_belongs_to_an_experiment(self) -> None:
        for claim in claims().values():
            assert claim.experiment in EXPERIMENTS, claim.id
            assert claim.source in {"S0", "S1", "S2", "S3", "tegum"}, claim.id
            assert all(text.strip() == text != "" for text in (claim.id, claim.statement, claim.criterion)), claim.id

    def test_criteria_name_the_probabilities_that_are_judged(self) -> None:
        table = claims()
        assert f"p = {five.MIDDLE:g}," in table["tegum.five-in-two-pairs"].criterion
        assert f"p = {five.SPARSE:g}," in table["tegum.five-in-two-pentagon"].criterion
        for probabilities in ("1, 0.3, 0.1, 0.03, 0.01, 0.003", "1.00, 0.779, 0.446, 0.243, 0.194, 0.159"):
            assert probabilities in table["s3.relu-represents-more"].criterion


class TestRegistry:
    @every_experiment
    def test_presets_are_there_and_go_through_json(self, name: str) -> None:
        assert set(EXPERIMENTS[name].presets) == {"quick", "paper"}
        for preset in ("quick", "paper"):
            settings = EXPERIMENTS[name].settings(preset)
            assert type(settings).from_json(settings.to_json()) == settings

    @every_experiment
    def test_says_what_it_is(self, name: str) -> None:
        made = experiment(name)
        assert made.id == name
        assert made.question.endswith("?")
        assert made.claims
        assert citation(name).splitlines() == list(made.sources)

    def test_an_unknown_name_is_answered_with_those_there_are(self) -> None:
        with pytest.raises(InputError, match="there is no experiment 'six-in-two'; the experiments are five-in-two,"):
            experiment("six-in-two")
        with pytest.raises(InputError, match="there is no preset 'slow'; the presets are quick, paper"):
            experiment("five-in-two").settings("slow")

    @pytest.mark.parametrize("preset", ["quick", "paper"])
    def test_every_probability_of_a_preset_has_its_reference(self, preset: str) -> None:
        settings: Any = EXPERIMENTS[against.EXPERIMENT.id].settings(preset)
        assert set(settings.feature_probability) <= set(against_claims.COUNTS) & set(against_claims.RATIOS)
        assert {1.0, 0.3, 0.01} <= set(settings.feature_probability)
        assert {1.0, 0.1} <= set(many.PRESETS[preset].feature_probability)


class TestIdeal:
    @pytest.mark.parametrize("name", IDEAL)
    def test_every_claim_holds(self, name: str) -> None:
        assert verdicts(name, IDEAL[name]()) == {claim.id: "reproduced" for claim in EXPERIMENTS[name].claims}

    def test_with_the_probabilities_of_the_quick_preset_too(self) -> None:
        assert set(verdicts(against.EXPERIMENT.id, ideal_against("quick")).values()) == {"reproduced"}


class TestDoctored:
    """Whatever is wrong with the weights, a judge says so and does not crash."""

    @pytest.mark.parametrize("name", ["five-in-two", "linear-against-relu", "many-features"])
    @pytest.mark.parametrize("doctor", ["random", "nothing", "one", "copies"])
    def test_wrong_weights_reproduce_nothing(self, name: str, doctor: str) -> None:
        rng = np.random.default_rng(1)

        def replaced(W: xr.DataArray) -> xr.DataArray:
            values = {
                "random": rng.normal(size=W.shape),
                "nothing": np.zeros(W.shape),
                "one": np.eye(W.sizes["feature"])[:, : W.sizes["hidden"]] * (np.arange(W.sizes["hidden"]) == 0),
                "copies": np.broadcast_to(np.eye(W.sizes["hidden"])[0], W.shape),
            }[doctor]
            return W.copy(data=np.broadcast_to(values, W.shape).astype(np.float32))

        data = {key: each.assign(W=replaced(each["W"]), bias=0 * each["bias"]) for key, each in IDEAL[name]().items()}
        made = verdicts(name, data)
        assert set(made) == {claim.id for claim in EXPERIMENTS[name].claims}
        assert "reproduced" not in made.values()

    def test_one_deviant_group_of_starts_leaves_it_open(self) -> None:
        data = ideal_five()
        falling = data["falling"].copy(deep=True)
        falling["W"][:, 1] = -5.0  # another kind of solution in one of the three groups
        falling["loss"][:, 1] *= 2.0
        made = verdicts("five-in-two", data | {"falling": falling})
        assert made["tegum.five-in-two-dedicated"] == "inconclusive"

    def test_linear_data_in_place_of_relu(self) -> None:
        data = ideal_against()
        linear = data["linear"].sel(feature_probability=[1.0] * len(RELU)).assign_coords(feature_probability=list(RELU))
        made = verdicts(against.EXPERIMENT.id, data | {"relu": linear})
        refuted = {"s3.relu-represents-more", "s3.early-superposition", "s3.sparse-regime", "s1.antipodal-observed"}
        assert {claim for claim, verdict in made.items() if verdict == "refuted"} == refuted

    def test_relu_data_in_place_of_linear(self) -> None:
        data = ideal_against()
        relu = data["relu"].sel(feature_probability=[0.01, 0.01]).assign_coords(feature_probability=[1.0, 0.1])
        assert verdicts(against.EXPERIMENT.id, data | {"linear": relu})["s3.linear-keeps-top-m"] == "refuted"

    def test_the_right_shape_for_the_wrong_features(self) -> None:
        data = {key: each.isel(feature=slice(None, None, -1)) for key, each in ideal_against().items()}
        made = verdicts(against.EXPERIMENT.id, data)
        wrong = {"s3.linear-keeps-top-m", "s3.relu-dense-top-m", "s3.early-superposition"}
        assert {claim for claim, verdict in made.items() if verdict == "refuted"} == wrong

    def test_a_loss_that_does_not_fall(self) -> None:
        data = ideal_against()
        relu = data["relu"].assign(loss=1.2 * data["relu"]["linear_optimum"] * xr.ones_like(data["relu"]["loss"]))
        made = verdicts(against.EXPERIMENT.id, data | {"relu": relu})
        assert {claim for claim, verdict in made.items() if verdict == "refuted"} == {
            "s3.relu-dense-top-m",
            "s3.relu-represents-more",
        }

    @pytest.mark.parametrize(
        ("counts", "verdict"),
        [
            ((19, 25, 25, 25), "reproduced"),
            ((21, 26, 25, 43), "inconclusive"),  # falls by one
            ((20, 28, 26, 43), "refuted"),  # falls by two
            ((20, 21, 22, 43), "inconclusive"),  # between the two windows at p = 0.1
            ((20, 20, 20, 43), "refuted"),
            ((30, 31, 33, 43), "inconclusive"),  # the criterion refutes nothing at p = 1
        ],
    )
    def test_larger_model(self, counts: tuple[int, ...], verdict: Verdict) -> None:
        assert verdicts("many-features", ideal_many(*counts)) == {"s3.larger-model": verdict}

    @pytest.mark.parametrize(
        ("dataset", "changes", "claim"),
        [
            ("linear", {"loss_sampled": 1.2}, "s3.linear-forces"),
            ("linear", {"loss_moments": 1 + 1e-9}, "s3.linear-forces"),
            ("trained", {"W": 0.97}, "s3.linear-forces"),
            ("one_sparse", {"loss_sampled": 1.2}, "s3.one-sparse-loss"),
            ("one_sparse", {"loss_quadrature": 1 + 1e-7}, "s3.one-sparse-loss"),
            ("one_sparse", {"linear_change": 0.0}, "s3.relu-benefits"),
            ("relu", {"best_constant": 1.02}, "s3.relu-benefits"),
            ("relu", {"loss_ratio": 0.98}, "s3.relu-benefits"),
        ],
    )
    def test_forces(self, dataset: str, changes: dict[str, float], claim: str) -> None:
        data = ideal_forces()
        changed = {name: data[dataset][name] * factor for name, factor in changes.items()}
        if dataset == "trained":  # all features on one line: interference
            changed["W"] = xr.full_like(data["trained"]["W"], 0.3)
        made = verdicts("loss-forces", data | {dataset: data[dataset].assign(changed)})
        assert {name for name, verdict in made.items() if verdict == "refuted"} == {claim}

    @pytest.mark.parametrize(("dataset", "name"), [("relu", "violations"), ("one_sparse", "relu_change")])
    def test_what_must_be_exactly_zero(self, dataset: str, name: str) -> None:
        data = ideal_forces()
        changed = data[dataset].assign({name: data[dataset][name] + 1e-12})
        assert verdicts("loss-forces", data | {dataset: changed})["s3.relu-benefits"] == "refuted"


def shrunk(settings: Any) -> Any:
    """The same experiment with hardly any training."""
    changes: dict[str, Any] = {}
    for name, value in settings:
        if isinstance(value, TrainSettings):
            changes[name] = value.replace(n_steps=20, batch_size=32, warmup_steps=0, evaluation_samples=256)
        elif isinstance(value, DescentSettings):
            changes[name] = value.replace(n_starts=2)
        elif isinstance(value, int) and name != "seed":
            changes[name] = min(value, 3 if name.endswith("starts") else 4 if name.endswith("resolution") else 300)
    return settings.replace(**changes)


def trains(name: str) -> bool:
    """Whether models are trained or optima sought; what only samples codes has tests of its own for other sizes."""
    return any(
        isinstance(value, TrainSettings | DescentSettings) or field.endswith("starts")
        for field, value in EXPERIMENTS[name].settings("quick")
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if trains(name)])
def test_hardly_trained_it_runs_to_the_end(name: str) -> None:
    made = EXPERIMENTS[name]
    heard = []
    data = made.run(shrunk(made.settings("quick")), heard.append)
    assert all(progress.done <= progress.total for progress in heard)
    findings = made.judge(data)
    assert sorted(finding.claim for finding in findings) == sorted(claim.id for claim in made.claims)
    assert all(finding.parts for finding in findings)
    plates = made.plates(data)
    assert len({plate.name for plate in plates}) == len(plates)
    assert {finding.figure for finding in findings} - {None} <= {plate.name for plate in plates}
    assert all(plate.caption.endswith(".") for plate in plates)
