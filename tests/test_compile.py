"""Compiled circuits: they compute what they should, as badly as expected, and refuse what cannot be."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tegum import cli
from tegum.circuits import Circuit, all_pairs, random_circuit
from tegum.circuits.atoms import layer_atoms
from tegum.circuits.check import check_network, measure_network
from tegum.circuits.compile import compile_circuit
from tegum.circuits.files import read_network, write_network
from tegum.circuits.planted import planted_supports
from tegum.circuits.supports import random_supports
from tegum.circuits.verdict import naive_gates
from tegum.ground.errors import FileError, InputError

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
    assert naive_gates(circuit, own.n_neurons) == 1000


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
    assert "It computes in superposition" in capsys.readouterr().out
    assert cli.main(["circuit", "check", str(net), str(circuit), *few, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert len(record["outputs"]) == 1000
    assert cli.main(["circuit", "check", str(circuit), str(circuit)]) == 2
