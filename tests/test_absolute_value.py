"""The experiment on absolute values: ideal data are judged as expected, doctored ones are not."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from tegum.experiments import EXPERIMENTS, absolute_value, run_variant
from tegum.experiments.absolute_value import PROBLEM, dedicated_loss, n_answered
from tegum.experiments.absolute_value_claims import FIRST, ORDERED, SHARED, own_answers
from tegum.experiments.verdict import Verdict, decide
from tegum.ground.errors import InputError
from tegum.measure import SharedNeuron
from tegum.problem import TrainSettings
from tegum.theory import motif_errors

P = "feature_probability"
N, M, STARTS = 12, 40, 6
EXPECTED = {claim.id: claim.expected for claim in EXPERIMENTS["absolute-value"].claims}
Data = dict[str, xr.Dataset]


def halves(n: int) -> np.ndarray:
    """A neuron for each sign of each of n features."""
    return np.kron(np.eye(n), [[1.0, -1.0]])


def neurons() -> xr.Dataset:
    """Neurons of one feature at p = 1; at each smaller p ten more of them are shared by all features."""
    dedicated = np.concatenate([halves(FIRST), np.zeros((N - FIRST, 2 * FIRST))])
    dedicated = np.concatenate([dedicated, dedicated], axis=1)
    W = np.stack([dedicated] * len(ORDERED))
    for place, n_shared in enumerate((0, 10, 20, 40)):
        W[place, :, M - n_shared :] += 0.5
    W = np.broadcast_to(W[:, np.newaxis], (len(ORDERED), STARTS, N, M)).copy()
    W_out = np.zeros_like(W)
    W_out[..., : 2 * FIRST] = np.abs(dedicated[:, : 2 * FIRST])
    W_out[3] = np.abs(W[3])
    columns = {
        "W": ((P, "model", "feature", "hidden"), W),
        "W_out": ((P, "model", "feature", "hidden"), W_out),
        "bias": ((P, "model", "feature"), np.zeros(W.shape[:3])),
        "loss": ((P, "model"), np.broadcast_to(np.linspace(0.5, 0.9, STARTS), W.shape[:2])),
        "dedicated_loss": (P, np.ones(len(ORDERED))),
    }
    made = xr.Dataset(columns, {P: list(ORDERED)})
    made["answered"] = ((P, "model"), n_answered(W, W_out, np.zeros(W.shape[:3])))
    return made


def wide() -> xr.Dataset:
    """Half of the outputs are off at the start, and so they are at the end."""
    W = np.broadcast_to(np.concatenate([halves(FIRST)] * 2, axis=1), (STARTS, FIRST, M))
    W_out = np.where(np.arange(M) % 2, -1.0, 1.0) * np.abs(W)
    columns = {"W": W, "W_out": W_out, "bias": np.zeros(W.shape[:2])}
    made = {}
    for name, values in columns.items():
        dims = ("feature", "hidden")[: values.ndim - 1]
        made[name] = (("model", *dims), values)
        made[f"{name}_history"] = (("model", "snapshot", *dims), values[:, np.newaxis].copy())
    return xr.Dataset(made)


def exact() -> xr.Dataset:
    W = np.broadcast_to(halves(3), (STARTS, 3, 6)).copy()
    dims = ("model", "feature", "hidden")
    return xr.Dataset({"W": (dims, W), "W_out": (dims, np.abs(W)), "loss": ("model", np.full(STARTS, 1e-14))})


def shared() -> xr.Dataset:
    pair = SharedNeuron(
        neuron=0, strong=0, weak=1, asymmetry=1.8, opposite=True, leak=3.0, leak_back=0.3, inhibition=3.1, answer=-0.1,
        answer_back=0.0,
    )  # fmt: skip
    values = np.tile(np.array(pair, float), (60, 1)).T
    made = xr.Dataset(
        {name: ("pair", column.copy()) for name, column in zip(SharedNeuron._fields, values, strict=True)}
    )
    made["opposite"][:] = np.arange(60) // 3 % 2
    made["group"], made[P] = ("pair", np.arange(60) % 3), ("pair", np.full(60, SHARED))
    made["shuffled_answer"] = ("pair", np.where(np.arange(60) % 4, 2.0, -1.0))
    return made


def motif() -> xr.Dataset:
    r = np.array([1.0, 2.0, 4.0])
    theory = np.stack([np.stack(motif_errors(r, inhibited=each), axis=-1) for each in (False, True)])
    dims = ("inhibited", "asymmetry", "present")
    columns = {
        "error": (dims, theory.copy()), "standard_error": (dims, 1e-3 * theory), "theory": (dims, theory),
        "leak": ("asymmetry", r**2), "leak_back": ("asymmetry", r**-2),
    }  # fmt: skip
    coords = {"inhibited": [False, True], "asymmetry": r, "present": ["strong", "weak", "both"]}
    return xr.Dataset(columns, coords, {"n_samples": 10**6})


def ideal() -> Data:
    return {"neurons": neurons(), "wide": wide(), "exact": exact(), "shared": shared(), "motif": motif()}


def verdicts(data: Data) -> dict[str, Verdict]:
    return {finding.claim: decide(finding.parts) for finding in absolute_value.judge(data)}


def test_ideal_data_come_out_as_expected() -> None:
    assert verdicts(ideal()) == EXPECTED


def _set(name: str, variable: str, value: object, **where: object) -> Callable[[Data], None]:
    def doctor(data: Data) -> None:
        data[name][variable].loc[where] = value

    return doctor


def _one_neuron_too_few(data: Data) -> None:
    data["exact"]["W"][..., 5] = 0.0


def _in_turn(data: Data) -> None:
    data["neurons"]["W"].loc[{P: 0.1}] = data["neurons"]["W"].sel({P: 0.001}).values


def _nothing(data: Data) -> None:
    data["shared"] = data["shared"].isel(pair=slice(0))


DOCTORED = {
    "a loss": ("absolute-value-exact", _set("exact", "loss", 1e-6)),
    "a neuron of two features": ("absolute-value-exact", _set("exact", "W", 0.9, hidden=0)),
    "a sign without a neuron": ("absolute-value-exact", _one_neuron_too_few),
    "shared when dense": ("absolute-value-monosemantic", _set("neurons", "W", 1.0, **{P: 1.0})),
    "not shared when sparse": ("absolute-value-monosemantic", _set("neurons", "W", halves(20)[:N], **{P: 0.001})),
    "the order of p": ("absolute-value-monosemantic", _in_turn),
    "nothing off at the start": ("absolute-value-silent-start", _set("wide", "W_out_history", 1.0)),
    "all off at the start": ("absolute-value-silent-start", _set("wide", "bias_history", -5.0)),
    "silent ones that wake up": ("absolute-value-silent-start", _set("wide", "bias", 5.0)),
    "silent after a small start": ("absolute-value-silent-start", _set("neurons", "W_out", 0.0, **{P: SHARED})),
    "as dear as without sharing": ("absolute-value-superposition", _set("neurons", "dedicated_loss", 0.2)),
    "another error": ("asymmetric-motif-errors", _set("motif", "error", 0.17, present="weak", asymmetry=2.0)),
    "an error that is to be none": ("asymmetric-motif-errors", _set("motif", "error", 0.1, present="strong")),
    "another leak": ("asymmetric-motif-errors", _set("motif", "leak", 4.1, asymmetry=2.0)),
    "a fall of what both cost": ("asymmetric-motif-falls-corrected", _set("motif", "error", 0.001, present="both")),
    "no fall of what one costs": ("asymmetric-motif-falls-corrected", _set("motif", "error", 0.1, present="weak")),
    "crosstalk": ("asymmetric-motif-found", _set("shared", "answer", 2.0)),
    "symmetry": ("asymmetric-motif-found", _set("shared", "asymmetry", 1.0)),
    "inhibition by chance": ("asymmetric-motif-found", _set("shared", "shuffled_answer", -1.0)),
    "no pairs": ("asymmetric-motif-found", _nothing),
    "opposite signs": ("asymmetric-motif-signs-corrected", _set("shared", "opposite", 1.0)),
    "crosstalk back": ("asymmetric-motif-signs-corrected", _set("shared", "answer_back", 0.3)),
}


@pytest.mark.parametrize(("claim", "doctor"), DOCTORED.values(), ids=DOCTORED)
def test_doctored_data_are_refused(claim: str, doctor: Callable[[Data], None]) -> None:
    data = ideal()
    doctor(data)
    assert verdicts(data)[f"tegum.{claim}"] != "reproduced"


def test_the_refuted_statements_could_have_held() -> None:
    data = ideal()
    data["shared"]["opposite"][:] = 1.0
    both = data["motif"]["error"].sel(inhibited=True, present="both")
    data["motif"]["error"].loc[{"inhibited": True, "present": "both"}] = 0.2 / both["asymmetry"].values ** 4
    data["motif"]["standard_error"][:] = 1e-6
    made = verdicts(data)
    assert made["tegum.asymmetric-motif-signs"] == made["tegum.asymmetric-motif-falls"] == "reproduced"


def test_answers_are_those_of_a_feature_alone() -> None:
    """|x| exactly with a neuron for each sign; a bias alone is no answer."""
    W = halves(3)
    np.testing.assert_array_equal(own_answers(W, np.abs(W), np.zeros(3)), np.ones((2, 3)))
    np.testing.assert_array_equal(own_answers(W, W, np.zeros(3)), [[1, 1, 1], [-1, -1, -1]])
    assert n_answered(W, np.abs(W), np.zeros(3)) == 3
    assert n_answered(np.zeros((3, 6)), W, np.full(3, 0.9)) == 0
    assert n_answered(W, W, np.zeros(3)) == 0


def test_the_dedicated_loss_is_that_of_the_rest_answered_by_its_mean() -> None:
    """Features 20, 21, ... at p = 1: the variance of a size is 1/12."""
    rest = 0.8**20 * (1 - 0.8**80) / 0.2
    assert dedicated_loss(PROBLEM.replace(feature_probability=1.0)) == pytest.approx(rest / 12)
    assert dedicated_loss(PROBLEM) == pytest.approx(rest * (0.01 / 3 - 0.005**2))


def test_a_tied_problem_is_refused() -> None:
    with pytest.raises(InputError, match="Use tied=False"):
        absolute_value.PRESETS["quick"].replace(problem=PROBLEM.replace(tied=True))


@pytest.mark.slow
def test_a_variant_draws_its_figures() -> None:
    training = TrainSettings(n_steps=1500, batch_size=256, learning_rate=0.02, warmup_steps=700, initial_scale=0.1)
    variant = run_variant(
        "absolute-value", n_features=20, n_hidden=10, feature_probability=(0.5, 0.02), training=training, starts=2
    )
    assert {plate.name for plate in variant.plates} >= {"exact", "neurons", "answered", "cost"}
    assert variant.data["neurons"].sizes[P] == 2
