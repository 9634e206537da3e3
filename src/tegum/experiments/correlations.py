"""Sets of features that always or never occur together: orthogonal, opposite, side by side."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.correlations_claims import antipodal, judge, orthogonal
from tegum.experiments.starts import N_GROUPS
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.optima import find_optima
from tegum.plot import agreement_shares, gram_and_bias, set_arrows
from tegum.problem import Axis, DescentSettings, Grid, Problem, Record, TrainSettings
from tegum.training import train

PAIRS = ((0, 1), (2, 3))
THREE_PAIRS = ((0, 1), (2, 3), (4, 5))
TRIPLES = Problem(n_features=6, n_hidden=4, feature_probability=0.1 / 3, exclusive_sets=((0, 1, 2), (3, 4, 5)))


class Settings(FrozenRecord):
    """Four problems: sets that occur together, sets of which one member occurs, too many sets, and large sets.

    `set_probability` is the chance that a set is present: the probability of each member of a correlated set, and of
    all members together of an exclusive one. The first two problems are trained at each of these. There are three
    disjoint groups of `starts` models; `models` in all, for the shares.
    """

    together: Problem = Problem(n_features=4, n_hidden=2, feature_probability=0.05, correlated_sets=PAIRS)
    apart: Problem = Problem(n_features=4, n_hidden=2, feature_probability=0.05, exclusive_sets=PAIRS)
    crowded: Problem = Problem(n_features=6, n_hidden=2, feature_probability=0.05, correlated_sets=THREE_PAIRS)
    bases: Problem = Problem(
        n_features=20,
        n_hidden=10,
        feature_probability=0.05,
        correlated_sets=(tuple(range(10)), tuple(range(10, 20))),
    )
    set_probability: tuple[float, ...]
    crowded_probability: tuple[float, ...] = (0.01, 0.05)  # of the exact optima beside the trained ones
    capacity_n_hidden: tuple[int, ...] = (1, 2, 3)
    starts: int = 12
    crowded_starts: int
    bases_starts: int
    models: int
    training: TrainSettings
    descents: DescentSettings = DescentSettings(n_starts=100, structured=False, n_optima=1)
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        set_probability=(0.05, 0.1, 0.2, 1.0),
        crowded_starts=20,
        bases_starts=3,
        models=180,
        training=TrainSettings(n_steps=4000, batch_size=256, learning_rate=3e-3, schedule="linear"),
    ),
    "paper": Settings(
        set_probability=(0.05, 0.1, 0.2, 0.5, 1.0),
        crowded_starts=30,
        bases_starts=5,
        models=300,
        training=TrainSettings(n_steps=10_000, learning_rate=3e-3, schedule="linear"),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train the four problems; find the exact optima behind them, and those of one exclusive set of growing size."""
    options: dict[str, Any] = {"seed": settings.seed, "record": Record(n_losses=0), "progress": tell}
    models = {"n_models": max(settings.models, N_GROUPS * settings.starts)}
    crowded = {"n_models": max(settings.models, N_GROUPS * settings.crowded_starts)}
    exact: dict[str, Any] = {"seed": settings.seed, "progress": tell}
    p = settings.set_probability
    data = {
        "together": train(_over_sets(settings.together, p), settings.training, **models, **options),
        "apart": train(_over_sets(settings.apart, p), settings.training, **models, **options),
        "crowded": train(settings.crowded, settings.training, **crowded, **options),
        "bases": train(settings.bases, settings.training, n_models=N_GROUPS * settings.bases_starts, **options),
        "exact_apart": find_optima(settings.apart, settings.descents, **exact),
        "exact_triples": find_optima(TRIPLES, settings.descents, **exact),
        "exact_crowded": find_optima(
            Grid(settings.crowded, feature_probability=settings.crowded_probability), settings.descents, **exact
        ),
        "capacity": find_optima(_capacities(settings.capacity_n_hidden), settings.descents, **exact),
    }
    judged = {"together": "starts", "apart": "starts", "crowded": "crowded_starts", "bases": "bases_starts"}
    return {
        name: each.assign_attrs(judged=N_GROUPS * getattr(settings, judged[name])) if name in judged else each
        for name, each in data.items()
    } | {"sets": _sets(settings)}


def _over_sets(problem: Problem, set_probability: tuple[float, ...]) -> Grid:
    """The problem at each probability of a set, which the members of an exclusive set share out among them."""
    share = np.ones(problem.n_features)
    for members in problem.exclusive_sets:
        share[list(members)] = 1 / len(members)
    fields = {"feature_probability": [(p * share).tolist() for p in set_probability]}
    return Grid(problem, set_probability=Axis(labels=list(set_probability), fields=fields))


def _capacities(n_hidden: tuple[int, ...]) -> Grid:
    """One exclusive set of 2m and one of 2m + 1 features, present with probability 0.1, in m dimensions."""
    sizes = [(m, 2 * m + more) for m in n_hidden for more in (0, 1)]
    fields = {
        "n_features": [g for _, g in sizes],
        "n_hidden": [m for m, _ in sizes],
        "feature_probability": [0.1 / g for _, g in sizes],
        "exclusive_sets": [(tuple(range(g)),) for _, g in sizes],
    }
    base = Problem(n_features=1, n_hidden=1, feature_probability=0.1)
    return Grid(base, size=Axis(labels=[f"{g} in {m}" for m, g in sizes], fields=fields))


def _sets(settings: Settings) -> xr.Dataset:
    """Number of the set of each feature of the four problems, -1 for none."""
    columns = {}
    for name in ("together", "apart", "crowded", "bases"):
        problem: Problem = getattr(settings, name)
        sets = [members for members in (*problem.correlated_sets, *problem.exclusive_sets) if members]
        if not sets:
            raise InputError(f"{name} needs correlated_sets or exclusive_sets; got none. Leave it out to use its own.")
        number = np.full(problem.n_features, -1)
        for k, members in enumerate(sets):
            number[list(members)] = k
        columns[name] = (f"feature_{name}", number)
    return xr.Dataset(columns)


def plates(data: Data) -> list[Plate]:
    """Arrows in the colours of their sets, the two local bases, and how many models agree."""
    shares = xr.Dataset(
        {
            "together: orthogonal, with partners": orthogonal(data["together"], sets_of(data, "together")),
            "never together: opposite": antipodal(data["apart"], sets_of(data, "apart")),
        }
    )
    captions = {
        "together": "Sets that occur together (one colour each): orthogonal within a set, opposite to the other set.",
        "apart": "Sets of which one member occurs at a time: opposite, if the pairing that chance began with is right.",
        "crowded": "Three pairs in the plane: side by side in the best models; in others one pair has collapsed.",
        "bases": "Each set has an orthogonal basis of its own, and one basis is a rotation of the other.",
    }
    return [
        *(_arrangements(data, name, caption) for name, caption in captions.items()),
        Plate(
            name="shares",
            figure=agreement_shares(shares),
            caption="How many of all trained models are arranged as the best ones are.",
        ),
    ]


def sets_of(data: Data, name: str) -> list[list[int]]:
    """The features of each set of one of the problems."""
    number = data["sets"][name].to_numpy()
    return [np.flatnonzero(number == k).tolist() for k in range(int(number.max()) + 1)]


def _arrangements(data: Data, name: str, caption: str) -> Plate:
    """Arrows where there is a plane to draw them in, else heat maps."""
    dataset = data[name]
    if dataset.sizes["hidden"] != 2:
        return Plate(name=name, figure=gram_and_bias(dataset), caption=caption)
    n_shown = 6 if "set_probability" in dataset.dims else 12
    return Plate(name=name, figure=set_arrows(dataset, sets=sets_of(data, name), n_shown=n_shown), caption=caption)


EXPERIMENT = Experiment(
    id="correlations",
    title="Features that always or never occur together",
    question="Where does a model put features that occur together, and features that exclude each other?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=lambda data: judge(data, {name: sets_of(data, name) for name in ("together", "apart", "crowded", "bases")}),
    sources=("Elhage et al. 2022, Toy Models of Superposition, section on correlated and anticorrelated features",),
)
