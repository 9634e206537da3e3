"""Features that depend on each other to a degree: correlated ones, and children of a parent."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.partial_dependence_claims import judge
from tegum.experiments.partial_dependence_data import (
    as_independent,
    children,
    crossing,
    exact_cosines,
    pairs_correlated,
)
from tegum.experiments.starts import N_GROUPS
from tegum.geometry import gram, overlap
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener
from tegum.ground.record import FrozenRecord
from tegum.optima import find_optima
from tegum.plot import gram_and_bias, set_arrows, similarity_panels
from tegum.problem import DescentSettings, Problem, Record, TrainSettings
from tegum.training import train

_RHO = (-0.6, -0.4, -0.2, -0.05, 0.05, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
_ALIKE = "one magnitude and one probability for all features, and pairs (0, 1), (2, 3), ... of them"


class Settings(FrozenRecord):
    """Two correlated pairs in the plane and one on a line; a child on its parent's line, and a family.

    `correlation` is that of the normal numbers of a pair at which models are trained, `child_probability` that of the
    child given its parent. There are three disjoint groups of `starts` copulas, and of `child_starts` children.
    """

    pairs: Problem = Problem(n_features=4, n_hidden=2, feature_probability=0.2)
    line: Problem = Problem(n_features=2, n_hidden=1, feature_probability=0.2)
    child: Problem = Problem(n_features=2, n_hidden=1, feature_probability=(0.1, 0.5), parents=((1, 0),))
    family: Problem = Problem(
        n_features=3,
        n_hidden=2,
        feature_probability=(0.2, 0.4, 0.4),
        parents=((1, 0), (2, 0)),
        exclusive_sets=((1, 2),),
    )
    correlation: tuple[float, ...]
    exact_correlation: tuple[float, ...] = _RHO
    conditional: tuple[float, ...] = tuple(round(0.5 + 0.01 * i, 2) for i in range(17))
    crossing_probability: tuple[float, ...] = (0.05, 0.2)
    child_probability: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)
    exact_child_probability: tuple[float, ...] = (0.05, 0.1, 0.12, 0.14, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9)
    starts: int
    child_starts: int
    training: TrainSettings
    child_training: TrainSettings
    descents: DescentSettings = DescentSettings(n_starts=12, structured=False, n_optima=1)
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


# Samples of a copula are drawn in numpy and cost far more than the step on them, so batches are small.
PRESETS = {
    "quick": Settings(
        correlation=(-0.5, 0.3, 0.85),
        starts=8,
        child_starts=20,
        training=TrainSettings(
            n_steps=1000, batch_size=128, learning_rate=1e-2, schedule="linear", evaluation_samples=2**14
        ),
        child_training=TrainSettings(
            n_steps=3000, batch_size=512, learning_rate=3e-3, schedule="linear", evaluation_samples=2**18
        ),
    ),
    "paper": Settings(
        correlation=(-0.5, -0.2, 0.1, 0.3, 0.5, 0.6, 0.7, 0.85, 0.95),
        starts=30,
        child_starts=100,
        training=TrainSettings(n_steps=3000, batch_size=512, learning_rate=5e-3, schedule="linear"),
        child_training=TrainSettings(n_steps=10_000, learning_rate=3e-3, schedule="linear", evaluation_samples=2**20),
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Train on the copula and on hierarchies, and find the exact optima beside them."""
    for problem in (settings.pairs, settings.line):
        if len(set(problem.probabilities)) > 1 or problem.magnitude != "uniform" or problem.n_features % 2:
            raise InputError(f"pairs and line need {_ALIKE}, with uniform magnitudes; got {problem}.")
    options: dict[str, Any] = {"seed": settings.seed, "record": Record(n_losses=0), "progress": tell}
    copulas: dict[str, Any] = {"n_models": N_GROUPS * settings.starts, **options}
    families: dict[str, Any] = {"n_models": N_GROUPS * settings.child_starts, **options}
    descents, seed = settings.descents, settings.seed
    child = children(settings.child, settings.child_probability)
    exact_child = children(settings.child, settings.exact_child_probability)
    return {
        "pairs": train(pairs_correlated(settings.pairs, settings.correlation), settings.training, **copulas),
        "line": train(pairs_correlated(settings.line, settings.correlation), settings.training, **copulas),
        "exact_pairs": exact_cosines(settings.pairs, settings.exact_correlation, descents, seed),
        "exact_line": exact_cosines(settings.line, settings.exact_correlation, descents, seed),
        "crossing": crossing(settings.line, settings.conditional, settings.crossing_probability, descents, seed),
        "child": train(child, settings.child_training, **families),
        "independent": train(as_independent(child), settings.child_training, **families),
        "exact_child": find_optima(exact_child, descents, seed=seed),
        "exact_independent": find_optima(as_independent(exact_child), descents, seed=seed),
        "family": train(settings.family, settings.child_training, **families),
        "exact_family": find_optima(settings.family, descents, seed=seed),
    }


def plates(data: Data) -> list[Plate]:
    """How alike the directions are as dependence grows, and the family in the plane."""
    family = data["family"]
    return [
        Plate(
            name="copula",
            figure=similarity_panels(
                _stacked(
                    {_title(data, name): _cosine(data[f"exact_{name}"], "correlation") for name in ("pairs", "line")}
                ),
                _stacked({_title(data, name): _cosine(data[name], "pair_correlation") for name in ("pairs", "line")}),
                label="correlation of a pair's normal numbers",
                meaning="cosine within a pair",
            ),
            caption="With room for a pair to be orthogonal the sign of its correlation decides; on a line the best "
            "models flip late, and many trained ones long before.",
        ),
        Plate(
            name="child",
            figure=similarity_panels(
                _stacked({title: _product(data[f"exact_{name}"]) for name, title in _CHILDREN.items()}),
                _stacked({title: _product(data[name]) for name, title in _CHILDREN.items()}),
                label="probability of feature 1 / that of feature 0",
                meaning="inner product of the two directions",
            ),
            caption="On one line a rare child is opposite to its parent and a frequent one lies on it; independent "
            "features with the same probabilities are opposite throughout.",
        ),
        Plate(
            name="family",
            figure=gram_and_bias(family)
            if family.sizes["hidden"] != 2
            else set_arrows(family, sets=[(0,), range(1, family.sizes["feature"])]),
            caption="A parent and two children that exclude each other: the children share the axis the parent leaves.",
        ),
    ]


_CHILDREN = {"child": "child of feature 0", "independent": "independent"}


def _title(data: Data, name: str) -> str:
    sizes = data[name].sizes
    return f"{sizes['feature']} features in {sizes['hidden']} dimension{'s' if sizes['hidden'] > 1 else ''}"


def _stacked(problems: dict[str, xr.Dataset]) -> xr.Dataset:
    """The problems along one dimension; a title that occurs twice is kept once."""
    return xr.concat(list(problems.values()), dim=xr.IndexVariable("problem", list(problems)))


def _cosine(data: xr.Dataset, name: str) -> xr.Dataset:
    return _similar(data, name, overlap(_weights(data)))


def _product(data: xr.Dataset) -> xr.Dataset:
    best = data.isel(model=0) if "frequency" in data else data
    return _similar(best, "child_probability", gram(_weights(best)))


def _weights(data: xr.Dataset) -> np.ndarray:
    return data["W"].transpose(..., "feature", "hidden").to_numpy().astype(np.float64)


def _similar(data: xr.Dataset, name: str, pairs: np.ndarray) -> xr.Dataset:
    """`similarity` of features 0 and 1, with the losses of trained models, over x."""
    made = xr.Dataset({"similarity": (data["W"].dims[:-2], pairs[..., 0, 1])}, {name: data[name].to_numpy()})
    return (made.assign(loss=data["loss"]) if "model" in made.dims else made).rename({name: "x"}).drop_attrs()


EXPERIMENT = Experiment(
    id="partial-dependence",
    title="Correlated features and hierarchies",
    question="How do the directions of two features change as they become more dependent, or one implies the other?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section on correlated and anticorrelated features",),
)
