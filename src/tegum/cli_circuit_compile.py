"""The commands `tegum circuit compile` and `tegum circuit check`: from a circuit to a network, and whether it works."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tyro.conf import Positional

from tegum.cli_bounds import number
from tegum.cli_print import print_json, print_text, table

if TYPE_CHECKING:
    from tegum.circuits.check import CheckReport
    from tegum.circuits.circuit import Circuit
    from tegum.circuits.network import CompiledNetwork
    from tegum.circuits.outputs import OutputError
    from tegum.ground.estimate import Estimate


def compile_(
    file: Positional[Path],
    *,
    n_neurons: int,
    out: Path,
    n_active: int | None = None,
    feature_probability: float | None = None,
    width: int | None = None,
    error: float = 0.01,
    correction: Literal["auto", "always", "never"] = "auto",
    seed: int = 0,
    overwrite: bool = False,
    json: bool = False,
) -> int:
    """Compile a boolean circuit into a network of linear maps and ReLUs, with an expected error for each gate.

    A layer has one neuron per product of signals if there are enough neurons; otherwise neurons are shared. If the
    error cannot be met, the message has the smallest number of neurons that can.

    Args:
        file: the circuit as text, e.g. "features x1..x8; y = x1 & x7 | ~x2".
        n_neurons: ReLUs that each layer may have.
        out: the safetensors file to write.
        n_active: features that are on at once; or
        feature_probability: chance of each feature to be on.
        width: dimensions of the residual stream, in which everything has a random direction; if left out, everything
            has a dimension of its own.
        error: largest probability for a gate to be read wrongly: where it should be on, where it nearly should, and
            where nothing reaches it.
        correction: where neurons become steps with flat ends, differences of two ReLUs.
        seed: of random wires.
        overwrite: replace a file that is there.
        json: print the plan as one JSON document.
    """
    from tegum.circuits.circuit import Circuit
    from tegum.circuits.compile import compile_circuit
    from tegum.circuits.files import write_network
    from tegum.ground.atomic import check_target

    check_target(out, overwrite=overwrite)
    circuit = Circuit.read(file)
    network = compile_circuit(
        circuit, n_neurons=n_neurons, n_active=n_active, feature_probability=feature_probability, width=width,
        error=error, correction=correction, seed=seed,
    )  # fmt: skip
    write_network(network, out, overwrite=overwrite)
    if json:
        print_json(network.plan)
        return 0
    heads = ["layer", "gates", "neurons", "construction", "corrected", "for each product", "expected error"]
    rows = [[str(place), *_layer_cells(layer)] for place, layer in enumerate(network.plan["layers"], 1)]
    print_text(table(heads, rows))
    print_text(f"{circuit.n_gates} gates, {network.n_neurons} neurons, a stream {network.width} wide: {out}")
    return 0


def check(
    net: Positional[Path],
    circuit: Positional[Path],
    n_samples: int = 1000,
    n_tested: int = 100,
    n_each: int = 50,
    error: float | None = None,
    seed: int = 1,
    json: bool = False,
) -> int:
    """Measure the errors of a compiled network beside the expected ones, and say whether it computes in superposition.

    Exit status 0 if it does, 1 if it does not or that is undecided.

    Args:
        net: the file that `tegum circuit compile` wrote.
        circuit: the circuit that it was compiled from.
        n_samples: random sparse inputs.
        n_tested: gates, drawn at random, that are given inputs of their own; the verdict rests on them.
        n_each: such inputs for each of them: that should put it on, and that nearly should.
        error: share of errors up to which a gate is right; the one asked for when compiling if left out.
        seed: of inputs and noise.
        json: print the report as one JSON document.
    """
    from tegum.circuits.check import check_network
    from tegum.circuits.circuit import Circuit
    from tegum.circuits.files import read_network

    network, read = read_network(net), Circuit.read(circuit)
    report = check_network(network, read, n_samples=n_samples, n_tested=n_tested, n_each=n_each, error=error, seed=seed)
    if json:
        print_json(_as_record(network, read, report))
    else:
        _print_report(network, read, report)
    return 0 if report.verdict.outcome == "computes in superposition" else 1


def _layer_cells(layer: dict[str, Any]) -> list[str]:
    each = ", ".join(str(count) for count in layer["neurons_per_product"])
    corrected = "yes" if layer["corrected"] else "no"
    counts = [str(layer["n_gates"]), str(layer["n_neurons"])]
    return [*counts, layer["construction"], corrected, each, number(layer["predicted_error"])]


def _rows(network: "CompiledNetwork", circuit: "Circuit", report: "CheckReport") -> list[dict[str, Any]]:
    """Errors by layer, case and kind of input, where the case came up."""
    from tegum.circuits.check import CASES

    made = []
    for layer in range(1, circuit.n_layers + 1):
        for case, name in enumerate(CASES):
            for kind, tally in (("random", report.random), ("planted", report.planted)):
                found = tally.layer(layer, case)
                if found.n:
                    expected = tally.expected(network.predicted, layer, case)
                    made.append({"layer": layer, "case": name, "inputs": kind, "error": found, "expected": expected})
    return made


def _print_report(network: "CompiledNetwork", circuit: "Circuit", report: "CheckReport") -> None:
    from tegum.circuits.outputs import worst_outputs
    from tegum.circuits.verdict import CRITERION

    rows = _rows(network, circuit, report)
    cells = [[str(r["layer"]), r["case"], r["inputs"], _share(r["error"]), number(r["expected"])] for r in rows]
    print_text(table(["layer", "gate is", "inputs", "wrong", "expected"], cells))
    _print_outputs(worst_outputs(network, circuit, report))
    print_text(f"Gates that a chosen input breaks: {_share(report.worst)} of {report.worst.n} tried.")
    for relative, found in report.noise.items():
        print_text(
            f"With weights off by {relative:g} of themselves, {_share(found)} of gates that are away or touched."
        )
    verdict = report.verdict
    print_text(f"\n{CRITERION}")
    asked = f"At an error of {verdict.error:g}"
    right, naive = _count(verdict.n_right), _count(verdict.naive_right)
    print_text(
        f"{asked}, {right} of {circuit.n_gates} gates are right, with {verdict.n_neurons} neurons."
        f" With as many, one neuron per product can have {verdict.n_naive} right; in the same inputs it had {naive}."
        f" {'Undecided: test more.' if verdict.outcome == 'undecided' else f'It {verdict.outcome}.'}"
    )


def _print_outputs(worst: "Sequence[OutputError]") -> None:
    if not worst:
        print_text("No output was wrong in any input tried.")
        return
    print_text("Worst outputs, in random and planted inputs together; the intervals hold for all outputs at once:")
    cells = [[each.output, each.case, _share(each.error), number(each.expected)] for each in worst]
    print_text(table(["output", "when it is", "wrong", "expected"], cells))


def _count(found: "Estimate") -> str:
    return f"{found.best:.0f} [{found.low:.0f}, {found.high:.0f}]"


def _share(found: "Estimate") -> str:
    return f"{number(found.best)} [{number(found.low)}, {number(found.high)}]"


def _as_record(network: "CompiledNetwork", circuit: "Circuit", report: "CheckReport") -> dict[str, Any]:
    from dataclasses import asdict

    from tegum.circuits.outputs import worst_outputs
    from tegum.circuits.verdict import CRITERION

    counts = {name: asdict(getattr(report.verdict, name)) for name in ("n_right", "naive_right")}
    verdict = report.verdict._asdict() | counts | {"criterion": CRITERION}
    errors = [row | {"error": asdict(row["error"])} for row in _rows(network, circuit, report)]
    outputs = circuit.outputs - circuit.n_features
    gates = [
        {
            "output": circuit.gate_names[gate],
            "count": (report.random.counts + report.planted.counts)[gate].tolist(),
            "wrong": (report.random.wrong + report.planted.wrong)[gate].tolist(),
            "expected": network.predicted[gate].tolist(),
        }
        for gate in outputs.tolist()
    ]
    noise = {str(relative): asdict(found) for relative, found in report.noise.items()}
    worst = [each._asdict() | {"error": asdict(each.error)} for each in worst_outputs(network, circuit, report)]
    return {
        "verdict": verdict,
        "errors": errors,
        "outputs": gates,
        "worst_outputs": worst,
        "worst": asdict(report.worst),
        "noise": noise,
    }
