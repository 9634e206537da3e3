"""A network that computes: absolute values with a neuron for each sign, or with shared neurons that are kept apart."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.absolute_value_claims import ORDERED, SHARED, SPARSE, P, judge, own_answers
from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.starts import N_GROUPS, groups
from tegum.ground import streams
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.measure import SharedNeuron, shared_neurons
from tegum.plot import answered_against_probability, crosstalk, motif_cost, motif_diagram, neuron_bars
from tegum.problem import Geometric, Grid, Problem, Record, TrainSettings
from tegum.theory import feature_variance, motif_errors, motif_weights
from tegum.training import train

_TASK: dict[str, Any] = {"hidden": "relu", "tied": False, "target": "absolute", "magnitude": "signed_uniform"}
PROBLEM = Problem(n_features=100, n_hidden=40, feature_probability=0.01, importance=Geometric(ratio=0.8), **_TASK)
EXACT = Problem(n_features=3, n_hidden=6, feature_probability=0.3, **_TASK)


_ANSWERED = 0.5  # least rise of the output, for 1 and for -1, of a feature that counts as answered
_EXACT_TRAINING = TrainSettings(
    n_steps=3000, batch_size=256, learning_rate=0.02, schedule="cosine", evaluation_samples=4096
)


class Settings(FrozenRecord):
    """Sizes; there are three disjoint groups of `starts` models at each `feature_probability`.

    The models with the published, wide start are trained at `wide_probability`, with an `initial_scale` of 1 and
    `training` otherwise; `wide_starts` of them in each of three groups. `exact_starts` models in each group learn the
    small task that can be solved exactly. `n_samples` samples check the errors of the motif at each `asymmetry`.
    """

    problem: Problem = PROBLEM
    feature_probability: tuple[float, ...]
    starts: int
    training: TrainSettings
    wide_probability: float = SPARSE
    wide_starts: int
    exact_starts: int
    asymmetry: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0, 4.0)
    n_samples: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        if self.problem.tied:
            raise InputError("the motif lies in what neurons read and write; got a tied problem. Use tied=False.")


def _training(n_steps: int, batch_size: int) -> TrainSettings:
    """Small weights and a slow start: from the published start half of the outputs never answer."""
    return TrainSettings(
        n_steps=n_steps, batch_size=batch_size, learning_rate=0.01, schedule="linear", warmup_steps=n_steps // 2,
        initial_scale=0.1,
    )  # fmt: skip


PRESETS = {
    "quick": Settings(
        feature_probability=ORDERED,
        starts=2,
        training=_training(4000, 1024),
        wide_starts=3,
        exact_starts=2,
        n_samples=2**18,
    ),
    "paper": Settings(
        feature_probability=(1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001),
        starts=5,
        training=_training(20_000, 2048),
        wide_starts=5,
        exact_starts=10,
        n_samples=2**20,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train over p, and from the wide start; solve the small task; find the shared neurons; simulate the motif."""
    base, options = settings.problem, {"seed": settings.seed, "progress": tell}
    grid = Grid(base, feature_probability=settings.feature_probability)
    plain = Record(n_losses=0)
    neurons = train(grid, settings.training, n_models=N_GROUPS * settings.starts, record=plain, **options)
    neurons["dedicated_loss"] = (P, [dedicated_loss(problem) for problem in grid.cells()])
    neurons["answered"] = ((P, "model"), n_answered(*(neurons[name].values for name in ("W", "W_out", "bias"))))
    wide = train(
        base.replace(feature_probability=settings.wide_probability),
        settings.training.replace(initial_scale=1.0),
        n_models=N_GROUPS * settings.wide_starts,
        record=Record(n_losses=0, snapshots=(0,)),
        **options,
    )
    exact = train(EXACT, _EXACT_TRAINING, n_models=N_GROUPS * settings.exact_starts, record=plain, **options)
    return {
        "neurons": neurons,
        "wide": wide,
        "exact": exact,
        "shared": _shared(neurons, settings.seed),
        "motif": _simulated(settings),
    }


def n_answered(W: np.ndarray, W_out: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Number of features whose output rises by more than 1/2 when they are there alone, with x = 1 and with x = -1."""
    return (own_answers(W, W_out, bias) - bias > _ANSWERED).all(axis=0).sum(axis=-1)


def dedicated_loss(problem: Problem) -> float:
    """Loss if the most important features have two neurons each, and the others are answered by their mean size."""
    ignored = np.argsort(-problem.importances, kind="stable")[problem.n_hidden // 2 :]
    # a size |x| has the moments of a feature uniform on [0, 1]
    return float((problem.importances * feature_variance(problem.probabilities))[ignored].sum())


def _shared(neurons: xr.Dataset, seed: int) -> xr.Dataset:
    """Pairs of features that share a neuron in the best model of each group, and a control for their inhibition."""
    rows = []
    for p in neurons[P].values.tolist():
        for group, model in enumerate(groups(neurons.sel({P: p}))):
            W, W_out, bias = (model[name].values.astype(np.float64) for name in ("W", "W_out", "bias"))
            rng = streams.generator(seed, group, f"shuffled neurons {p}")
            rows += [
                (p, group, *pair, _shuffled_answer(pair, W, W_out, bias, rng))
                for pair in shared_neurons(W, W_out, bias)
            ]
    names = (P, "group", *SharedNeuron._fields, "shuffled_answer")
    columns = np.array(rows, np.float64).reshape(-1, len(names)).T
    return xr.Dataset({name: ("pair", column) for name, column in zip(names, columns, strict=True)})


def _shuffled_answer(
    pair: SharedNeuron, W: np.ndarray, W_out: np.ndarray, bias: np.ndarray, rng: np.random.Generator
) -> float:
    """The answer if the weak output had the same weights, but from other neurons (the shared one stays)."""
    others = np.delete(np.arange(W.shape[1]), pair.neuron)
    read_out = W_out[pair.weak].copy()
    read_out[others] = rng.permutation(read_out[others])
    on = np.maximum(np.sign(W[pair.strong, pair.neuron]) * W[pair.strong], 0.0)
    return float(on @ read_out + bias[pair.weak])


def _simulated(settings: Settings) -> xr.Dataset:
    """Errors of the motif on samples, beside the closed form; and its two leaks, as the search measures them."""
    shape = (2, len(settings.asymmetry), 3)
    mean, error, theory = np.empty(shape), np.empty(shape), np.empty(shape)
    x = streams.generator(settings.seed, 0, "motif samples").uniform(-1.0, 1.0, (settings.n_samples, 2))
    for i, inhibited in enumerate((False, True)):
        for k, r in enumerate(settings.asymmetry):
            W, W_out = motif_weights(r, inhibited=inhibited)
            theory[i, k] = motif_errors(r, inhibited=inhibited)
            for j, present in enumerate(([1, 0], [0, 1], [1, 1])):
                seen = x * present
                squares = ((np.maximum(np.maximum(seen @ W, 0) @ W_out.T, 0) - np.abs(seen)) ** 2).sum(axis=1)
                mean[i, k, j], error[i, k, j] = squares.mean(), squares.std(ddof=1) / np.sqrt(len(x))
    dims = ("inhibited", "asymmetry", "present")
    found = [shared_neurons(*motif_weights(r))[0] for r in settings.asymmetry]
    return xr.Dataset(
        {
            "error": (dims, mean),
            "standard_error": (dims, error),
            "theory": (dims, theory),
            "leak": ("asymmetry", [pair.leak for pair in found]),
            "leak_back": ("asymmetry", [pair.leak_back for pair in found]),
        },
        {"inhibited": [False, True], "asymmetry": list(settings.asymmetry), "present": ["strong", "weak", "both"]},
        {"n_samples": settings.n_samples},
    )


def plates(data: Data) -> list[Plate]:
    """The exact solution; neurons over p; one motif taken apart; all of them; the closed form."""
    shown = [
        Plate(
            name="exact",
            figure=neuron_bars(data["exact"]),
            caption="Three absolute values in six neurons: each neuron answers one sign of one feature.",
        ),
        Plate(
            name="neurons",
            figure=neuron_bars(data["neurons"]),
            caption="From neurons of one feature to neurons that many features share, as features become sparse.",
        ),
        Plate(
            name="answered",
            figure=answered_against_probability(data["neurons"]),
            caption="Neurons of one feature give way to shared ones, which can answer more than m/2 features.",
        ),
        Plate(
            name="cost",
            figure=motif_cost(data["motif"]),
            caption="Inhibition turns asymmetry from a cost into a gain: lines are the closed form, dots are samples.",
        ),
    ]
    if data["shared"].sizes["pair"]:
        shown += [
            Plate(
                name="motif",
                figure=motif_diagram(*_example(data)),
                caption="A shared neuron, the neuron that inhibits its crosstalk, and what the weaker output answers.",
            ),
            Plate(
                name="crosstalk",
                figure=crosstalk(data["shared"]),
                caption="Without inhibition dots would lie on the curve; with neurons shuffled they scatter below it.",
            ),
        ]
    return shown


def _example(data: Data) -> tuple[xr.Dataset, SharedNeuron]:
    """The pair to be shown: opposite signs, and of these the asymmetry nearest to 2, as in the published drawing."""
    shared = data["shared"]
    at = SHARED if (shared[P] == SHARED).any() else float(shared[P][0])
    candidates = shared.isel(pair=np.flatnonzero(shared[P] == at))
    order = np.lexsort((abs(candidates["asymmetry"] - 2), 1 - candidates["opposite"]))
    chosen = candidates.isel(pair=int(order[0]))
    model = groups(data["neurons"].sel({P: at}))[int(chosen["group"])]
    W, W_out, bias = (model[name].values.astype(np.float64) for name in ("W", "W_out", "bias"))
    same = ("neuron", "strong", "weak")
    (pair,) = (
        pair
        for pair in shared_neurons(W, W_out, bias)
        if all(getattr(pair, name) == int(chosen[name]) for name in same)
    )
    return model, pair


EXPERIMENT = Experiment(
    id="absolute-value",
    title="Computing absolute values",
    question="How does a network compute more absolute values than its neurons allow, and what keeps them apart?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Elhage et al. 2022, Toy Models of Superposition, section Computation in Superposition",
        "Elhage et al. 2022, Toy Models of Superposition, section The Asymmetric Superposition Motif",
    ),
)
