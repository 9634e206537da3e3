"""Networks trained to compute ANDs beside constructed ones: how wrong they are, how dense, and how gates are read."""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.trained_circuits_claims import judge
from tegum.experiments.trained_circuits_data import own_read_offs
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.plot import density_and_similarity, read_off_errors, unexplained_against_neurons

if TYPE_CHECKING:
    from tegum.circuits.layer import NeuronLayer
    from tegum.circuits.trained import WeightedInputs

PATTERNS = ("difference", "direct", "product")


class Settings(FrozenRecord):
    """All pairs of features, and chosen pairs of features in superposition, each at several numbers of neurons.

    Features are on independently, with a probability of each task, and inputs with more than `most_active`
    of them on are left out; all other inputs are used, with their probabilities. `models` networks are trained for each
    number of neurons, and `constructed` made of each kind. Constructions with read-offs of their own are looked at up
    to the larger `read_off_neurons`, `read_off_layers` of each.
    """

    n_features: int
    feature_probability: float
    n_neurons: tuple[int, ...]
    targeted_features: int
    targeted_hidden: int
    targeted_gates: int
    targeted_probability: float
    targeted_neurons: tuple[int, ...]
    most_active: int = 3
    neurons_per_gate: int = 2
    models: int
    constructed: int = 20
    n_steps: int
    read_off_neurons: tuple[int, ...] = (16, 64, 256, 1024, 4096)
    read_off_layers: int = 6
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        n_features=16,
        feature_probability=0.15,
        n_neurons=(12, 24, 48),
        targeted_features=20,
        targeted_hidden=12,
        targeted_gates=48,
        targeted_probability=0.12,
        targeted_neurons=(12, 24),
        models=5,
        n_steps=800,
    ),
    "paper": Settings(
        n_features=20,
        feature_probability=0.12,
        n_neurons=(10, 20, 40, 80),
        targeted_features=24,
        targeted_hidden=16,
        targeted_gates=80,
        targeted_probability=0.1,
        targeted_neurons=(10, 20, 40),
        models=8,
        constructed=60,
        n_steps=4000,
        read_off_neurons=(16, 64, 256, 1024, 4096, 16384),
        read_off_layers=12,
    ),
}


class Task(NamedTuple):
    """Gates, what can occur, and the layers to compare; features are the inputs if there is no embedding."""

    gates: np.ndarray
    inputs: "WeightedInputs"
    embedding: np.ndarray | None
    constructions: Mapping[str, Callable[[int, int], "NeuronLayer"]]


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Both tasks: for every kind of network, number of neurons and start; NaN where there are fewer of a kind.

    And constructions with their own read-offs for all pairs, up to larger numbers of neurons.
    """
    total = settings.n_steps * (len(settings.n_neurons) + len(settings.targeted_neurons))
    universal = _universal(settings)
    return {
        "universal": _compare(universal, settings.n_neurons, settings, tell, 0, total),
        "read_offs": own_read_offs(
            universal.gates,
            universal.inputs,
            settings.read_off_neurons,
            _mean_active(settings),
            layers=settings.read_off_layers,
            seed=settings.seed,
        ),
        "targeted": _compare(
            _targeted(settings),
            settings.targeted_neurons,
            settings,
            tell,
            settings.n_steps * len(settings.n_neurons),
            total,
        ),
    }


def _mean_active(settings: Settings) -> float:
    """k, the mean number of features that are on, but at least 1."""
    return max(settings.n_features * settings.feature_probability, 1.0)


def _universal(settings: Settings) -> Task:
    from tegum.circuits.gaussian import gaussian_layer
    from tegum.circuits.readoffs import averaging
    from tegum.circuits.trained import few_active
    from tegum.circuits.uand import universal_and

    n, k = settings.n_features, _mean_active(settings)
    gates = np.array(list(combinations(range(n), 2)))
    inputs = few_active(n, feature_probability=settings.feature_probability, most_active=settings.most_active)

    def sparse(n_neurons: int, index: int) -> "NeuronLayer":
        # the connection probability with the least error of averages, (2 m k)^(-1/3)
        layer = universal_and(n, n_neurons, (2 * n_neurons * k) ** (-1 / 3), seed=settings.seed, index=index)
        return layer.reading(averaging(layer, gates))

    def dense(n_neurons: int, index: int) -> "NeuronLayer":
        return gaussian_layer(n, n_neurons, n_active=k, seed=settings.seed, index=index)

    return Task(gates, inputs, None, {"sparse": sparse, "dense": dense})


def _targeted(settings: Settings) -> Task:
    from tegum.circuits.layer import NeuronLayer
    from tegum.circuits.targeted import targeted_ands
    from tegum.circuits.trained import few_active

    n, d = settings.targeted_features, settings.targeted_hidden
    rng = generator(settings.seed, 0, "targeted gates")
    pairs = np.array(list(combinations(range(n), 2)))
    gates = pairs[np.sort(rng.choice(len(pairs), settings.targeted_gates, replace=False))]
    E = rng.normal(size=(n, d))
    E /= np.linalg.norm(E, axis=1, keepdims=True)
    inputs = few_active(n, feature_probability=settings.targeted_probability, most_active=settings.most_active)

    def sparse(n_neurons: int, index: int) -> NeuronLayer:
        sizes = {"n_features": n, "n_neurons": n_neurons, "neurons_per_gate": settings.neurons_per_gate}
        return targeted_ands(
            gates, **sizes, embedding=E, response="shifted", assignment="balanced", seed=settings.seed, index=index
        )

    def dense(n_neurons: int, index: int) -> NeuronLayer:
        W = generator(settings.seed, index, f"dense targeted {n_neurons}").normal(size=(d, n_neurons))
        k = max(n * settings.targeted_probability, 1.0)
        return NeuronLayer(W_in=W, b_in=np.full(n_neurons, -0.5 * np.sqrt(k)), embedding=E)

    return Task(gates, inputs, E, {"sparse": sparse, "dense": dense})


def _compare(
    task: Task, widths: tuple[int, ...], settings: Settings, tell: Listener, before: int, total: int
) -> xr.Dataset:
    from tegum.circuits.compared import (
        best_read_off,
        least_unexplained,
        read_off_similarity,
        unexplained,
        weight_density,
    )
    from tegum.circuits.layer import NeuronLayer, as_dense
    from tegum.circuits.trained import train_ands

    gates, inputs, E, _ = task
    kinds, most = ("trained", *task.constructions), max(settings.models, settings.constructed)
    left, own, density = np.full((3, len(kinds), len(widths), most), np.nan)
    alike, chance = np.empty((2, len(PATTERNS), len(widths), settings.models))
    apart = ~np.eye(len(gates), dtype=bool)
    for place, m in enumerate(widths):
        begun = before + place * settings.n_steps
        trained = train_ands(
            gates,
            inputs,
            n_neurons=m,
            n_models=settings.models,
            n_steps=settings.n_steps,
            embedding=E,
            seed=settings.seed,
            progress=lambda at, begun=begun: tell(Progress(begun + at.done, total)),
        )
        made = [trained, *([f(m, at) for at in range(settings.constructed)] for f in task.constructions.values())]
        for kind, layers in enumerate(made):
            for model, layer in enumerate(layers):
                at = (kind, place, model)
                left[at] = unexplained(layer.reading(best_read_off(layer, gates, inputs)), gates, inputs)
                if layer.read_off is not None:
                    own[at] = unexplained(layer, gates, inputs)
                W = as_dense(layer.W_in) if E is None else E @ as_dense(layer.W_in)
                density[at] = float(weight_density(W))
        for model, layer in enumerate(trained):
            for rule, pattern in enumerate(PATTERNS):
                cosines = read_off_similarity(layer, gates, inputs, pattern=pattern)
                alike[rule, place, model] = np.diag(cosines).mean()
                chance[rule, place, model] = cosines[apart].mean()
    linear = NeuronLayer(W_in=np.eye(inputs.x.shape[1]), b_in=np.zeros(inputs.x.shape[1]))
    over = ("kind", "n_neurons", "model")
    columns: dict[str, Any] = {
        "unexplained": (over, left),
        "own_read_off": (over, own),
        "density": (over, density),
        "similarity": (("pattern", "n_neurons", "start"), alike),
        "chance": (("pattern", "n_neurons", "start"), chance),
        "least": ("n_neurons", least_unexplained(gates, inputs, np.array(widths))),
        "linear": unexplained(linear.reading(best_read_off(linear, gates, inputs)), gates, inputs),
    }
    coords = {"kind": list(kinds), "n_neurons": list(widths), "pattern": list(PATTERNS)}
    attrs = {"n_features": inputs.x.shape[1], "n_gates": len(gates), "n_hidden": 0 if E is None else E.shape[1]}
    return xr.Dataset(columns, coords, attrs)


def plates(data: Data) -> list[Plate]:
    """Errors against the number of neurons; density of weights and likeness of read-offs."""
    titles = {"universal": "all pairs", "targeted": "chosen pairs"}
    return [
        Plate(
            name="unexplained",
            figure=unexplained_against_neurons({titles[name]: data[name] for name in titles}),
            caption="Share of the variance of gates that the best linear read-off leaves unexplained. Dots: networks. "
            "Grey: the least that any m numbers leave, and what linear features leave. Chosen pairs: the features are "
            "in superposition. Slopes: of the noise √(u/(1 - u)), u the share, over m, both in logarithms.",
        ),
        Plate(
            name="read-offs",
            figure=read_off_errors(data["universal"], data["read_offs"]),
            caption="All pairs, each layer with the read-off it was trained with or made for: root mean square error, "
            "in standard deviations of the gates, against the number of neurons. At 1 constants do as well. In the "
            "legend: slopes. Where training needs tens of neurons, constructions need hundreds; one neuron per gate is "
            "less for so few features.",
        ),
        Plate(
            name="weights",
            figure=density_and_similarity(data["universal"]),
            caption="All pairs. Left: share of input weights that are not small. Right: cosine between how pairs are "
            "read best from trained networks and three rules; crosses: the same with another pair's rule.",
        ),
    ]


EXPERIMENT = Experiment(
    id="trained-circuits",
    title="Trained networks that compute ANDs",
    question="Do trained networks compute ANDs as constructed ones do, and how close do both come to the limit?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Newgas 2025, Compressed Computation: Dense Circuits in a Toy Model of the Universal-AND Problem",
        "Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition",
    ),
)
