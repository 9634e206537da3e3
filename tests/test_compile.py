"""Compiled circuits: they compute what they should, as badly as expected, and refuse what cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from tegum import cli
from tegum.circuits import Circuit, all_pairs, random_circuit
from tegum.circuits.atoms import layer_atoms
from tegum.circuits.baseline import cheapest
from tegum.circuits.check import CASES, check_network, measure_network
from tegum.circuits.compile import compile_circuit
from tegum.circuits.files import read_network, write_network
from tegum.circuits.network import CompiledNetwork
from tegum.circuits.outputs import worst_outputs
from tegum.circuits.planted import planted_supports
from tegum.circuits.supports import random_supports
from tegum.ground.errors import FileError, InputError
from tegum.ground.estimate import share_estimate

TEXT = """features x1..x8
y1 = x1 & x7 | ~x2
y2 = maj(x3, x4, x5)
y3 = table(0xB6, x1, x5, x8)
z = ~(y1 ^ y2) & x8
w = atleast(3, y2, x6, x7, ~y1)
output z w y3
"""


@pytest.fixture(scope="module")
def every_input() -> np.ndarray:
    bits = np.arange(256)[:, np.newaxis] >> np.arange(8) & 1
    return np.array([np.pad(np.flatnonzero(row), (0, 8 - row.sum()), constant_values=-1) for row in bits])


@pytest.mark.parametrize("correction", ["never", "always"])
def test_with_a_neuron_for_each_product_the_network_is_the_circuit(every_input: np.ndarray, correction: str) -> None:
    circuit = Circuit.parse(TEXT)
    network = compile_circuit(circuit, n_neurons=40, n_active=3, correction=correction)
    truth = circuit.evaluate(every_input).toarray()[:, circuit.n_features :]
    assert np.abs(network.gates(every_input) - truth).max() < 1e-9
    assert network.predicted.max() < 1e-6


def test_gates_are_the_sums_that_the_atoms_say(every_input: np.ndarray) -> None:
    circuit = Circuit.parse(TEXT)
    truth = circuit.evaluate(every_input).toarray()
    away = truth != circuit.resting_values
    for layer in circuit.layers:
        atoms = layer_atoms(circuit, layer.number)
        made = np.zeros((256, len(layer.gates)))
        for gate, signal, coefficient in zip(*atoms.linear, strict=True):
            made[:, gate] += coefficient * away[:, signal]
        for gate, coefficient, order, signals in zip(*atoms[:4], strict=True):
            made[:, gate] += coefficient * away[:, signals[:order]].all(axis=1)
        assert (made == away[:, layer.signals.start : layer.signals.stop]).all()


@pytest.mark.parametrize("dense", [True, False])
def test_the_torch_module_gives_the_same_and_is_linear_and_relu(dense: bool) -> None:
    circuit = random_circuit(300, 200, n_layers=2, functions=("and", "or"))
    network = compile_circuit(circuit, n_neurons=120, n_active=2, error=0.2, width=None)
    supports = random_supports(300, 50, n_active=3)
    x = torch.zeros(50, 300)
    x[torch.arange(50)[:, None], torch.from_numpy(supports)] = 1.0
    module = network.to_torch(dense=dense)
    with torch.no_grad():
        assert np.abs(module(x).numpy() - network.gates(supports)).max() < 1e-4
    kinds = {type(each) for each in module.modules() if not list(each.children())}
    assert kinds == {torch.nn.Linear, torch.nn.ReLU}


def test_a_stream_in_superposition_is_narrower_than_what_it_holds() -> None:
    circuit = random_circuit(2000, 1000)
    network = compile_circuit(circuit, n_neurons=1000, n_active=3, width=900)
    assert network.width == 900
    tally = measure_network(network, circuit, random_supports(2000, 200, n_active=3))
    assert tally.layer(1, 1).high < 0.05
    assert network.embed.shape[0] + circuit.n_gates > 3 * network.width
    rough = compile_circuit(circuit, n_neurons=1000, n_active=3, width=60, error=0.49)
    assert measure_network(rough, circuit, random_supports(2000, 200, n_active=3)).layer(1, 1).low > 0.05


def test_expected_errors_are_those_that_are_measured() -> None:
    """First layer, random inputs: within a third, or 5 standard errors, at three sizes of which one errs often."""
    circuit = random_circuit(600, 900, seed=2)
    shares = []
    for n_neurons in (250, 450, 700):
        network = compile_circuit(circuit, n_neurons=n_neurons, n_active=5, error=0.49, correction="always")
        tally = measure_network(network, circuit, random_supports(600, 1500, n_active=5, seed=9))
        found, expected = tally.layer(1, 1), tally.expected(network.predicted, 1, 1)
        deviation = (found.high - found.low) / 5.2
        assert abs(found.best - expected) < expected / 3 + 5 * deviation, (n_neurons, str(found), expected)
        shares.append(found.best)
    assert shares[0] > 4 * shares[2]  # the control: sizes that differ are told apart


@pytest.mark.slow
def test_a_refusal_names_the_smallest_number_that_is_enough() -> None:
    circuit = random_circuit(600, 400)
    with pytest.raises(InputError, match=r"smallest number that is enough is") as refusal:
        compile_circuit(circuit, n_neurons=60, n_active=4)
    least = int(str(refusal.value).rsplit(" ", 1)[1].rstrip("."))
    assert compile_circuit(circuit, n_neurons=least, n_active=4).predicted.max() <= 0.01
    with pytest.raises(InputError):
        compile_circuit(circuit, n_neurons=least * 9 // 10, n_active=4)


@pytest.mark.slow
def test_a_stream_too_narrow_is_refused_with_the_fewest_dimensions() -> None:
    circuit = random_circuit(600, 400)
    with pytest.raises(InputError, match=r"(\d+) dimensions are the fewest"):
        compile_circuit(circuit, n_neurons=400, n_active=4, width=20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"error": 0.7}, "error must"), ({"correction": "maybe"}, "correction must"), ({"n_neurons": 0}, "n_neurons")],
)
def test_bad_settings_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compile_circuit(Circuit.parse(TEXT), **({"n_neurons": 9, "n_active": 2} | changes))


def test_a_circuit_that_is_not_sparse_is_refused_where_neurons_must_be_shared() -> None:
    dense = random_circuit(30, 60, functions=("or",))
    with pytest.raises(InputError, match=r"not sparse.*One per product takes 60"):
        compile_circuit(dense, n_neurons=20, n_active=15)
    assert compile_circuit(dense, n_neurons=60, n_active=15).n_neurons == 60


@pytest.mark.slow
def test_four_layers_with_more_gates_than_neurons_are_right_with_correction_and_wrong_without() -> None:
    """4000 ANDs a layer, 3800 neurons, 36 000 things in a stream 6000 wide, error 0.1; 400 gates of the last layer."""
    circuit = random_circuit(20_000, 4000, n_layers=4, seed=1)
    gates = np.random.default_rng(0).choice(np.arange(12_000, 16_000), 400, replace=False)
    sets = [
        planted_supports(circuit, gates, away=away, n_active=20, rng=np.random.default_rng(0)) for away in (True, False)
    ]
    sizes = {"n_neurons": 3800, "n_active": 20, "width": 6000}
    with pytest.raises(InputError, match="too few"):
        compile_circuit(circuit, **sizes, error=0.1, correction="never")
    right = compile_circuit(circuit, **sizes, error=0.1, correction="always")
    wrong = compile_circuit(circuit, **sizes, error=0.49, correction="never")
    assert right.n_neurons == 15_200 < circuit.n_gates
    for case, supports in enumerate(sets):
        assert measure_network(right, circuit, supports, gates).layer(4, case).high < 0.1
    assert measure_network(wrong, circuit, sets[0], gates).layer(4, 0).low > 0.1


@pytest.mark.slow
def test_all_pairs_are_read_from_random_neurons_and_mixed_gates_from_shared_ones() -> None:
    pairs = all_pairs(100)
    network = compile_circuit(pairs, n_neurons=1300, n_active=2, error=0.02)
    assert network.plan["layers"][0]["construction"] == "universal"
    assert measure_network(network, pairs, random_supports(100, 200, n_active=2)).concerned().high < 0.02
    mixed = random_circuit(3000, 2000, n_inputs=3, functions=("and", "or", "xor", "maj"), seed=2)
    shared = compile_circuit(mixed, n_neurons=4800, feature_probability=0.001, error=0.05)
    assert shared.plan["layers"][0]["n_products"] > shared.n_neurons
    tally = measure_network(shared, mixed, random_supports(3000, 200, feature_probability=0.001))
    assert tally.concerned().high < 0.05


def test_planted_inputs_do_what_they_are_for() -> None:
    circuit = random_circuit(200, 100, n_layers=3, seed=4)
    gates = np.arange(circuit.n_gates)
    rng = np.random.default_rng(0)
    supports = planted_supports(circuit, gates, away=True, n_active=9, rng=rng)
    found = circuit.evaluate(supports).toarray()[:, circuit.n_features :]
    assert (supports >= 0).all()
    assert found[gates, gates].all()
    few = planted_supports(circuit, gates[-5:], away=True, n_active=1, rng=rng)
    assert (few == -1).all()


def test_files_come_back_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    circuit = random_circuit(300, 200, n_layers=2, functions=("and", "or"))
    network = compile_circuit(circuit, n_neurons=120, n_active=2, error=0.2)
    path = write_network(network, tmp_path / "net.safetensors")
    again, supports = read_network(path), random_supports(300, 20, n_active=2)
    assert (again.gates(supports) == network.gates(supports)).all()
    assert again.plan["circuit"] == circuit.digest
    with pytest.raises(FileError, match="exists"):
        write_network(network, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileError, match="not a whole"):
        read_network(path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("read.indices", lambda part: part + 10**9, "not a whole compiled network"),
        ("read.data", lambda part: part * np.nan, "not finite"),
        ("offset", lambda part: part[:1], "offset has shape"),
        ("predicted", lambda part: part[:1], "predicted has shape"),
        ("blocks.0.b_in", lambda part: part[:1], "W_in has shape"),
        ("plan", lambda plan: plan | {"layers": {"a": 1}}, "not a whole compiled network"),
        ("plan", lambda plan: {key: plan[key] for key in plan if key != "n_active"}, "n_active"),
        ("plan", lambda plan: [], "not a whole compiled network"),
        ("plan", lambda plan: plan | {"layers": []}, "expected 8 for 0 layers"),
    ],
)
def test_files_whose_parts_do_not_fit_are_refused(
    tmp_path: Path, name: str, change: Callable[[Any], Any], message: str
) -> None:
    path = tmp_path / "net.safetensors"
    write_network(compile_circuit(random_circuit(30, 20), n_neurons=20, n_active=2), path)
    with safe_open(path, "numpy") as file:
        head, tensors = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if name == "plan":
        head["plan"] = json.dumps(change(json.loads(head["plan"])))
    else:
        tensors[name] = change(tensors[name])
    save_file(tensors, path, head)
    with pytest.raises(FileError, match=message):
        read_network(path)


def test_network_and_circuit_must_belong_together() -> None:
    one, other = Circuit.parse("features a b; y = a & b"), Circuit.parse("features a b; y = a | b")
    with pytest.raises(InputError, match=one.digest):
        check_network(compile_circuit(one, n_neurons=2, n_active=1), other)


def test_the_verdict_falls_with_the_network() -> None:
    circuit = random_circuit(2000, 1000)
    network = compile_circuit(circuit, n_neurons=500, n_active=4)
    sizes = {"n_samples": 100, "n_tested": 40, "n_each": 20, "noise": (0.05, 0.6)}
    report = check_network(network, circuit, **sizes)
    assert report.verdict.outcome == "computes in superposition"
    assert report.noise[0.6].best > report.noise[0.05].best
    spoiled = check_network(network.noisy(0.6, np.random.default_rng(0)), circuit, **sizes)
    assert spoiled.verdict.outcome != "computes in superposition"
    own = compile_circuit(circuit, n_neurons=1000, n_active=4)
    assert check_network(own, circuit, **sizes).verdict.outcome == "does not compute in superposition"
    assert cheapest(circuit, own.n_neurons).computed.all()


def test_the_baseline_has_as_many_gates_right_as_its_bound_and_never_more() -> None:
    """In two layers of gates of different costs, 150 neurons for more products; all gates, all inputs made for them."""
    circuit = random_circuit(300, 100, n_layers=2, n_inputs=3, functions=("and", "xor", "or"), seed=3)
    flat = random_circuit(300, 200, seed=3)
    for each, n_neurons, exact in ((flat, 150, True), (circuit, 150, False)):
        naive = cheapest(each, n_neurons)
        costs = np.concatenate(
            [np.bincount(layer_atoms(each, layer.number).gate, minlength=len(layer.gates)) for layer in each.layers]
        )
        bound = int(naive.computed.sum())
        assert bound < each.n_gates
        assert costs[naive.computed].sum() <= n_neurons < costs[naive.computed].sum() + costs[~naive.computed].min()
        right = np.ones(each.n_gates, bool)
        for away in (True, False):
            gates = np.repeat(np.arange(each.n_gates), 5)
            supports = planted_supports(each, gates, away=away, n_active=12, rng=np.random.default_rng(0))
            known = (supports >= 0).all(axis=1)
            truth = each.evaluate(supports[known]).toarray()[:, each.n_features :]
            wrong = (naive.gates(supports[known]) != truth)[np.arange(known.sum()), gates[known]]
            right[gates[known][wrong]] = False
        assert not right[~naive.computed].any()  # what stays at rest is wrong where it should be away
        assert right.sum() == bound if exact else 0 < right.sum() <= bound


def test_a_check_reports_the_baseline_that_it_ran() -> None:
    circuit = random_circuit(200, 60)
    network = compile_circuit(circuit, n_neurons=30, n_active=2, error=0.4)
    verdict = check_network(network, circuit, n_samples=50, n_tested=60, n_each=5, noise=()).verdict
    assert verdict.naive_right.best == verdict.n_naive == 30 < verdict.n_right.best


def spoiled(network: CompiledNetwork, gate: int) -> CompiledNetwork:
    offset = network.offset.copy()
    offset[gate] += 2.0
    return network._replace(offset=offset)


def test_worst_outputs_are_named_with_an_interval_that_holds_for_all() -> None:
    circuit = random_circuit(200, 60)
    network = compile_circuit(circuit, n_neurons=60, n_active=2)
    sizes = {"n_samples": 50, "n_tested": 60, "n_each": 5, "noise": ()}
    assert worst_outputs(network, circuit, check_network(network, circuit, **sizes)) == []
    wrong = spoiled(network, 7)  # always on, so that it is wrong wherever it should be off
    report = check_network(wrong, circuit, **sizes)
    found = worst_outputs(wrong, circuit, report)
    cells = int(((report.random.counts + report.planted.counts) > 0).sum())
    assert {(each.output, each.case) for each in found} == {("g7", "touched"), ("g7", "at rest")}
    for each in found:
        assert each.error.best == 1.0
        assert each.expected == 0.0
        assert each.error.n == (report.random.counts + report.planted.counts)[7, CASES.index(each.case)]
        assert each.error.low < share_estimate(each.error.n, each.error.n).low  # wider than for one output alone
        assert each.error.low**each.error.n == pytest.approx(0.01 / (2 * cells))  # all wrong by chance: p^n
    assert len(worst_outputs(wrong, circuit, report, most=1)) == 1


def test_constants_and_copies_need_no_neuron() -> None:
    circuit = Circuit.parse("features a b; zero = a & ~a; one = 1; same = b")
    network = compile_circuit(circuit, n_neurons=1, n_active=1)
    assert network.n_neurons == 0
    assert network.gates(np.array([[0], [1]])).tolist() == [[0, 1, 0], [0, 1, 1]]
    alone = Circuit.parse("features a; zero = 0")
    assert alone.evaluate([[0], []]).toarray().tolist() == [[True, False], [False, False]]
    assert check_network(compile_circuit(alone, n_neurons=1, n_active=1), alone).verdict.n_right.best == 0


@pytest.mark.parametrize("inputs", [{"n_active": 0}, {"feature_probability": 0.0}])
def test_inputs_without_features_are_refused(inputs: dict) -> None:
    with pytest.raises(InputError, match="no feature is on"):
        compile_circuit(Circuit.parse(TEXT), n_neurons=30, **inputs)


@pytest.mark.parametrize("error", [0.0, 0.5, 2.0, float("nan")])
def test_a_share_of_errors_that_is_none_is_refused(error: float) -> None:
    circuit = Circuit.parse("features a b; y = a & b")
    with pytest.raises(InputError, match="error must lie between 0 and 1/2"):
        check_network(compile_circuit(circuit, n_neurons=2, n_active=2), circuit, error=error)


@pytest.mark.slow
def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    circuit, net = tmp_path / "c.txt", tmp_path / "net.safetensors"
    random_circuit(2000, 1000).write(circuit)
    words = ["circuit", "compile", str(circuit), "--n-active", "4", "--out", str(net)]
    assert cli.main([*words, "--n-neurons", "50"]) == 2
    assert "smallest number" in capsys.readouterr().err
    assert cli.main([*words, "--n-neurons", "500", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["layers"][0]["construction"] == "targeted"
    few = ["--n-samples", "50", "--n-tested", "40", "--n-each", "10"]
    assert cli.main(["circuit", "check", str(net), str(circuit), *few]) == 0
    text = capsys.readouterr().out
    assert "It computes in superposition" in text
    assert "one neuron per product can have 500 right" in text
    assert "Worst outputs" in text or "No output was wrong" in text
    assert cli.main(["circuit", "check", str(net), str(circuit), *few, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert len(record["outputs"]) == 1000
    assert record["verdict"]["naive_right"]["n"] == 40
    assert all(each["error"]["low"] > 0 for each in record["worst_outputs"])
    assert cli.main(["circuit", "check", str(circuit), str(circuit)]) == 2
