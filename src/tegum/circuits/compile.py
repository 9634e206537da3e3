"""From a circuit to weights: layers designed, neurons dealt out, everything written into one stream."""

import math
from typing import Any

import numpy as np

from tegum.circuits.activity import require_sparse, signal_activity
from tegum.circuits.checks import check_counts
from tegum.circuits.circuit import Circuit
from tegum.circuits.demand import Demand, away_from_rest, demands
from tegum.circuits.design import Correction, NetworkDesign, design_network
from tegum.circuits.forecast import Calibration, LayerDesign
from tegum.circuits.layer import Sparse
from tegum.circuits.network import Block, CompiledNetwork
from tegum.circuits.planted import planted_supports
from tegum.circuits.supports import Supports, random_supports
from tegum.circuits.wires import dealt, directions, random_wires
from tegum.ground.arrays import ArrayLike, Real
from tegum.ground.errors import InputError
from tegum.ground.streams import generator
from tegum.theory.roots import smallest_enough

_SAMPLES = 128


def compile_circuit(
    circuit: Circuit,
    *,
    n_neurons: int,
    n_active: int | None = None,
    feature_probability: ArrayLike | None = None,
    width: int | None = None,
    error: float = 0.01,
    correction: Correction = "auto",
    seed: int = 0,
) -> CompiledNetwork:
    """A network of linear maps and ReLUs that computes a circuit, with an expected error for each gate.

    The stream holds the features and the products that gates are made of; gates themselves are sums of these. A layer
    has a neuron for each product if there are enough; otherwise neurons are shared. Where the error asks for it,
    neurons become steps with flat ends, differences of two ReLUs, which noise does not get through.

    Args:
        circuit: the circuit.
        n_neurons: ReLUs that each layer may have.
        n_active: features that are on at once; or
        feature_probability: of each feature to be on, independently.
        width: dimensions of the stream, in which everything has a random direction; if None, everything has a dimension
            of its own.
        error: largest probability for a gate to be read wrongly, in any of its cases; see `CompiledNetwork.predicted`.
        correction: "auto", "always" or "never".
        seed: of random wires.

    Returns:
        The network.

    Raises:
        InputError: the error cannot be met; the message has the smallest number of neurons that can. Or the circuit is
            not sparse, and has more products than neurons.

    Example: 1000 ANDs with 500 neurons.
        >>> from tegum.circuits import random_circuit
        >>> network = compile_circuit(random_circuit(2000, 1000), n_neurons=500, n_active=4)
        >>> network.n_neurons, bool(network.predicted.max() < 0.01)
        (500, True)
    """
    check_counts(n_neurons=n_neurons, **({} if width is None else {"width": width}))
    if not 0 < error < 0.5:
        raise InputError(f"error must lie between 0 and 1/2; got {error}. It is a probability for each gate.")
    if correction not in ("auto", "always", "never"):
        raise InputError(f"correction must be auto, always or never; got {correction!r}.")
    inputs = {"n_active": n_active, "feature_probability": feature_probability}
    supports = _examples(circuit, seed, **inputs)
    wanted = demands(circuit, away_from_rest(circuit, supports))
    n_on = np.asarray((supports >= 0).sum(axis=1), np.float64)
    asked: dict[str, Any] = {"error": error, "correction": correction}
    if max(len(demand.atoms.gate) for demand in wanted) > n_neurons:
        try:
            require_sparse(circuit, signal_activity(circuit, n_samples=200, **inputs))
        except InputError as refusal:
            most = max(len(demand.atoms.gate) for demand in wanted)
            raise InputError(f"{refusal} One per product takes {most} neurons in each layer.") from None
    design = design_network(wanted, n_on, n_neurons=n_neurons, width=width or math.inf, **asked)
    if design is None or design.worst > error:
        raise InputError(_refusal(wanted, n_on, n_neurons, width, design, asked))
    return _assembled(circuit, wanted, design, width, seed, {**asked, **_as_plain(inputs), "n_neurons": n_neurons})


def _examples(circuit: Circuit, seed: int, **inputs: Any) -> Supports:
    """Inputs that the design is for: random ones, and as many in which some gate is on, which may be rare otherwise."""
    random = random_supports(circuit.n_features, _SAMPLES, seed=seed, **inputs)
    most = int((random >= 0).sum(axis=1).max())
    if not most:
        raise InputError(
            f"no feature is on in any of {_SAMPLES} random inputs, so there is nothing to design for. Pass a larger"
            " n_active or feature_probability."
        )
    rng = generator(seed, 0, "examples")
    gates = rng.integers(circuit.n_gates, size=_SAMPLES)
    made = planted_supports(circuit, gates, away=True, n_active=most, rng=rng)
    made = made[(made >= 0).any(axis=1)]
    return np.concatenate(
        [np.pad(rows, ((0, 0), (0, random.shape[1] - rows.shape[1])), constant_values=-1) for rows in (random, made)]
    )


def _refusal(
    wanted: list[Demand],
    n_on: Real,
    n_neurons: int,
    width: int | None,
    made: NetworkDesign | None,
    asked: dict[str, Any],
) -> str:
    """Why not, and what would do."""

    def enough(m: int, d: float) -> bool:
        found = design_network(wanted, n_on, n_neurons=m, width=d, **asked)
        return found is not None and found.worst <= asked["error"]

    most = 2 * max(len(demand.atoms.gate) for demand in wanted)
    least = smallest_enough(lambda m: enough(m, width or math.inf), n_neurons, max(most, n_neurons))
    got = "there are not enough for the kinds of gates" if made is None else f"the expected error is {made.worst:.2g}"
    message = f"{n_neurons} neurons in each layer are too few for an error of {asked['error']:g}: {got}."
    if least is not None:
        return f"{message} The smallest number that is enough is {least}."
    if not enough(most, math.inf):
        return f"{message} No number of neurons is enough with correction={asked['correction']!r}."
    widest = smallest_enough(lambda d: enough(most, d), width or 1, 1 << 40)
    return f"{message} No number of neurons is enough in a stream {width} wide; {widest} dimensions are the fewest."


def _as_plain(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if value is None or np.isscalar(value) else np.asarray(value).tolist()
        for name, value in inputs.items()
    }


def _assembled(
    circuit: Circuit, wanted: list[Demand], design: NetworkDesign, width: int | None, seed: int, asked: dict[str, Any]
) -> CompiledNetwork:
    from scipy.sparse import csr_array, eye_array, vstack

    n = circuit.n_features
    n_stored = n + sum(len(demand.atoms.gate) for demand in wanted)
    held = directions(generator(seed, 0, "directions of the stream"), n_stored, width)
    signals: Sparse = csr_array(eye_array(n, n_stored))  # how each signal is read from what the stream holds
    constants, blocks, start = np.zeros(n), [], n
    for demand, layer, forecast in zip(wanted, design.layers, design.forecasts, strict=True):
        atoms = demand.atoms
        block, stop = _block(demand, layer, signals, constants, held, start, seed), start + len(atoms.gate)
        blocks.append(block)
        rows, shift = _gates(demand, forecast.calibrations, signals, constants, start)
        signals, constants, start = csr_array(vstack([signals, rows])), np.concatenate([constants, shift]), stop
    rest = circuit.resting_values[n:]
    sign = np.where(rest, -1.0, 1.0)
    read = csr_array((held.T @ signals[n:].T) * sign[np.newaxis, :])
    plan = {
        "format": 1,
        "circuit": circuit.digest,
        "seed": seed,
        "width": width,
        **asked,
        "layers": [_described(*each) for each in zip(wanted, design.layers, design.forecasts, strict=True)],
    }
    predicted = np.concatenate([forecast.errors for forecast in design.forecasts])
    return CompiledNetwork(csr_array(held[:n]), tuple(blocks), read, rest + sign * constants[n:], predicted, plan)


def _block(
    demand: Demand, design: LayerDesign, signals: Sparse, constants: Real, held: Sparse, start: int, seed: int
) -> Block:
    """Neurons of a layer: what they see, and which products they write."""
    from scipy.sparse import csr_array, hstack, vstack

    rng = generator(seed, demand.number, "wires")
    seen, served, bias = [], [], []
    gain, margin = (2.0, 0.75) if design.corrected else (1.0, 1.0)
    shape = (signals.shape[0], len(demand.atoms.gate))
    for group, share in zip(demand.groups, design.shares, strict=True):
        deal = random_wires if design.construction == "universal" else dealt
        see, serve = deal(rng, demand.atoms.signals[group.atoms, : group.order], share, group.atoms, shape)
        seen.append(see)
        served.append(serve)
        bias.append(gain * (margin - group.order + constants @ see))
    if not seen:
        return Block(csr_array((held.shape[1], 0)), np.zeros(0), csr_array((0, held.shape[1])), design.corrected)
    W_in = (held.T @ (signals.T @ hstack(seen))) * gain
    W_out = vstack(served) @ held[start : start + shape[1]]
    b_in = np.concatenate(bias)
    if design.corrected:  # min(R(z), 1) is a difference of two ReLUs
        W_in, W_out, b_in = hstack([W_in, W_in]), vstack([W_out, -W_out]), np.concatenate([b_in, b_in - 1])
    return Block(csr_array(W_in), b_in, csr_array(W_out), design.corrected)


def _gates(
    demand: Demand, calibrations: list[Calibration], signals: Sparse, constants: Real, start: int
) -> tuple[Sparse, Real]:
    """How the gates of a layer are read from what the stream holds, and the constants that go with it."""
    from scipy.sparse import csr_array

    atoms, n_before = demand.atoms, signals.shape[0]
    rows, columns, values = ([part] for part in atoms.linear)
    weights, shift = np.zeros(len(atoms.gate)), np.zeros(demand.n_gates)
    for group, (offset, slope, gain) in zip(demand.groups, calibrations, strict=True):
        gates = atoms.gate[group.atoms]
        weights[group.atoms] = gain * atoms.coefficient[group.atoms]
        shift -= np.bincount(gates, weights[group.atoms] * offset, minlength=demand.n_gates)
        rows.append(np.repeat(gates, group.order))
        columns.append(atoms.signals[group.atoms, : group.order].ravel())
        values.append(np.repeat(-slope * weights[group.atoms], group.order))
    rows, columns, values = (np.concatenate(part) for part in (rows, columns, values))
    linear = csr_array((values, (rows, columns)), shape=(demand.n_gates, n_before))
    places = start + np.arange(len(atoms.gate))
    products = csr_array((weights, (atoms.gate, places)), shape=(demand.n_gates, signals.shape[1]))
    return csr_array(linear @ signals + products), shift + linear @ constants


def _described(demand: Demand, design: LayerDesign, forecast: Any) -> dict[str, Any]:
    return {
        "construction": design.construction,
        "corrected": design.corrected,
        "n_gates": demand.n_gates,
        "n_products": len(demand.atoms.gate),
        "n_neurons": design.n_relus,
        "neurons_per_product": [share.per_atom for share in design.shares],
        "predicted_error": forecast.worst,
    }
