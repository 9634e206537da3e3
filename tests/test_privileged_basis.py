"""The experiment on the privileged basis: ideal weights are judged as expected, doctored ones are not."""

import itertools
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tegum.experiments import EXPERIMENTS, privileged_basis
from tegum.experiments.verdict import Verdict, decide
from tegum.problem import TrainSettings

P = "feature_probability"
N, M, STARTS = 10, 5, 60


def coded(n_codes: int, n_neurons: int) -> np.ndarray:
    """A code of some features in some neurons, each excited by or inhibited by every feature; the others in order."""
    W = np.zeros((N, M))
    for neuron in range(M - n_neurons):
        W[neuron, neuron] = 1.0
    first = M - n_neurons
    signs = np.array([[1.0 if (i + 1) >> k & 1 else -1.0 for k in range(n_neurons)] for i in range(n_codes)])
    W[first : first + n_codes, first:] = 0.8 * signs
    return W


def paired() -> np.ndarray:
    """Every pair of neurons is a feature, and the others are inhibited."""
    W = np.full((N, M), -0.5)
    for i, pair in enumerate(itertools.combinations(range(M), 2)):
        W[i, list(pair)] = 0.8
    return W


WEIGHTS = {
    0.5: coded(0, 0), 0.4: coded(3, 2), 0.3: coded(3, 2), 0.2: coded(3, 2), 0.15: coded(5, 3), 0.12: coded(6, 4),
    0.1: coded(8, 5), 0.08: coded(8, 5), 0.06: coded(8, 5), 0.05: coded(8, 5), 0.04: coded(9, 5), 0.03: paired(),
    0.02: paired(),
}  # fmt: skip


def cell(W: np.ndarray) -> np.ndarray:
    return np.stack([W] * STARTS)


def ideal() -> dict[str, xr.Dataset]:
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(M, M)))[0]
    neurons = np.stack([cell(W) for W in WEIGHTS.values()])
    kinds = np.stack([cell(coded(0, 0)), cell(coded(0, 0) @ turn), cell(coded(0, 0) @ turn)])
    names = list(privileged_basis.KINDS)
    loss = np.linspace(1.0, 2.0, STARTS)

    def dataset(W: np.ndarray, dim: str, labels: list[Any]) -> xr.Dataset:
        columns = {
            "W": ((dim, "model", "feature", "hidden"), W),
            "bias": ((dim, "model", "feature"), np.zeros(W.shape[:3])),
            "loss": ((dim, "model"), np.broadcast_to(loss, W.shape[:2])),
        }
        return xr.Dataset(columns, {dim: labels})

    rotated = xr.Dataset(
        {
            "W": (("kind", "rotation", "feature", "hidden"), (kinds[:, :2] @ turn)),
            "loss_ratio": (("kind", "rotation"), [[3.0, 1.5], [1.0, 1 + 1e-15], [1.0, 1.0]]),
        },
        {"kind": names},
    )
    return {"neurons": dataset(neurons, P, list(WEIGHTS)), "kinds": dataset(kinds, "kind", names), "rotated": rotated}


def verdicts(data: dict[str, xr.Dataset]) -> dict[str, Verdict]:
    return {finding.claim: decide(finding.parts) for finding in privileged_basis.judge(data)}


EXPECTED = {claim.id: claim.expected for claim in EXPERIMENTS["privileged-basis"].claims}


def test_ideal_weights_come_out_as_expected() -> None:
    assert verdicts(ideal()) == EXPECTED


def test_figures_of_ideal_weights() -> None:
    names = [plate.name for plate in privileged_basis.plates(ideal())]
    assert names == ["neurons", "monosemantic", "rotated"]


@pytest.mark.parametrize("doctor", ["random", "nothing", "copies"])
def test_wrong_weights_reproduce_no_code(doctor: str) -> None:
    data = ideal()
    shape = data["neurons"]["W"].shape
    W = {
        "random": np.random.default_rng(1).normal(size=shape),
        "nothing": np.zeros(shape),
        "copies": np.ones(shape),
    }[doctor]
    data["neurons"] = data["neurons"].assign(W=(data["neurons"]["W"].dims, W))
    made = verdicts(data)
    for claim in ("tegum.neuron-codes", "tegum.neuron-pairs", "tegum.neuron-pairs-corrected"):
        assert made[claim] == "refuted"


def test_pairs_at_every_probability_leave_the_statement_standing() -> None:
    data = ideal()
    data["neurons"]["W"].loc[{P: 0.04}] = paired()
    assert verdicts(data)["tegum.neuron-pairs"] == "reproduced"


def test_a_missing_feature_refutes_the_corrected_statement() -> None:
    data = ideal()
    data["neurons"]["W"].loc[{P: 0.02, "feature": 9}] = 0.0
    assert verdicts(data)["tegum.neuron-pairs-corrected"] == "refuted"


@pytest.mark.parametrize("kind", list(privileged_basis.KINDS))
def test_rotations_that_do_the_opposite(kind: str) -> None:
    data = ideal()
    data["rotated"]["loss_ratio"].loc[{"kind": kind}] = 1.0 if kind == "ReLU hidden" else 1.2
    assert verdicts(data)["s3.basis-privilege"] == "refuted"


def test_neurons_that_are_not_shared() -> None:
    data = ideal()
    alone = 10 * coded(0, 0)
    alone[5] = 1.0  # a sixth feature that is stored, and far from the largest of any neuron
    lonely = data["neurons"].copy(deep=True)
    lonely["W"][:] = alone
    assert verdicts({**data, "neurons": lonely})["s3.polysemanticity-forced"] == "refuted"
    few = data["neurons"].copy(deep=True)
    few["W"][:] = coded(0, 0)  # never more features than neurons
    assert verdicts({**data, "neurons": few})["s3.polysemanticity-forced"] == "refuted"


@pytest.mark.parametrize(("kind", "W"), [("ReLU hidden", coded(3, 2)), ("ReLU output", coded(0, 0))])
def test_neurons_of_the_other_kind(kind: str, W: np.ndarray) -> None:
    data = ideal()
    data["kinds"]["W"].loc[{"kind": kind}] = W
    assert verdicts(data)["s3.privileged-interpretable"] == "refuted"


@pytest.mark.slow
def test_other_sizes_reach_every_figure() -> None:
    quick = privileged_basis.PRESETS["quick"]
    settings = quick.replace(
        problem=quick.problem.replace(n_features=7, n_hidden=3),
        feature_probability=(0.9, 0.2),
        starts=1,
        rotated_starts=1,
        training=TrainSettings(n_steps=200, batch_size=64, evaluation_samples=256),
    )
    data = privileged_basis.run(settings, lambda progress: None)
    ratio = data["rotated"]["loss_ratio"]
    assert float(abs(ratio.sel(kind="linear") - 1).max()) < 1e-12
    assert float(abs(ratio.sel(kind="ReLU hidden") - 1).min()) > 1e-3
    assert len(privileged_basis.plates(data)) == 3
