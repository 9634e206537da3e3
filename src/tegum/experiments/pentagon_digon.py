"""A pentagon with one feature ever sparser: it deforms, and then two pairs are better."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.branches import Branch, crossing, follow_branch
from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.pentagon_digon_claims import BASE, judge
from tegum.geometry import polygon
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.measure import feature_norm
from tegum.plot import feature_arrows, landing_shares, loss_branches
from tegum.problem import Axis, Grid, Problem, TrainSettings
from tegum.theory.exact_loss import exact_loss
from tegum.training import train

PAIRS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [0.0, 0.0]])


class Settings(FrozenRecord):
    """Steps of the ratio, baselines of the crossing, and the trainings that show where plain Adam ends."""

    ratio_step: float
    norm_limit: float
    angle_limit: float
    baselines: tuple[float, ...]
    starts: int
    training: TrainSettings
    trained_ratios: tuple[float, ...]
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        ratio_step=0.05,
        norm_limit=0.1,
        angle_limit=6.0,
        baselines=(0.05, 0.1),
        starts=30,
        training=TrainSettings(n_steps=8000),
        trained_ratios=(1.0, 0.6, 0.4, 0.3, 0.2),
    ),
    "paper": Settings(
        ratio_step=0.05,
        norm_limit=0.1,
        angle_limit=6.0,
        baselines=(0.02, 0.05, 0.1),
        starts=40,
        training=TrainSettings(),
        trained_ratios=(1.0, 0.8, 0.6, 0.5, 0.4, 0.35, 0.3, 0.25, 0.2),
    ),
}


def problem_at(ratio: float, base: float = BASE) -> Problem:
    """Four features of probability `base`, the fifth `ratio` times as probable."""
    return Problem(n_features=5, n_hidden=2, feature_probability=(base,) * 4 + (base * ratio,))


def branches(ratios: list[float], base: float) -> tuple[Branch, Branch]:
    """Pentagon and two pairs, followed over the ratio."""
    problems = [problem_at(ratio, base) for ratio in ratios]
    return (
        follow_branch(problems, 1.1 * polygon(5), np.full(5, -0.2)),
        follow_branch(problems, PAIRS, np.zeros(5)),
    )


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Both branches, their crossing for each baseline, and where training ends."""
    ratios = np.arange(1.0, 0.2 - 1e-9, -settings.ratio_step).round(6).tolist()
    bases = tuple(dict.fromkeys((BASE, *settings.baselines)))
    followed: dict[float, tuple[Branch, Branch]] = {}
    for place, base in enumerate(bases):
        tell(Progress(place, len(bases)))
        followed[base] = branches(ratios, base)
    pentagon, pairs = followed[BASE]
    both = [pentagon, pairs]
    made = {
        "branches": xr.Dataset(
            {
                "W": (("branch", "ratio", "feature", "hidden"), np.stack([b.W for b in both])),
                "bias": (("branch", "ratio", "feature"), np.stack([b.bias for b in both])),
                "loss": (("branch", "ratio"), np.stack([b.loss for b in both])),
                "gradient": (("branch", "ratio"), np.stack([b.gradient for b in both])),
                "curvature": (("branch", "ratio"), np.stack([b.curvature for b in both])),
            },
            {"branch": ["pentagon", "two pairs"], "ratio": ratios},
            {"norm_limit": settings.norm_limit, "angle_limit": settings.angle_limit},
        ),
        "crossings": xr.Dataset(
            {
                "ratio": (
                    "base",
                    [
                        crossing(lambda r, base=base: problem_at(r, base), *followed[base], ratios, tolerance=5e-4)
                        for base in settings.baselines
                    ],
                )
            },
            {"base": list(settings.baselines)},
        ),
    }
    return made | _trained(settings, tell)


def _trained(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    axis = Axis(
        labels=list(settings.trained_ratios),
        fields={"feature_probability": [problem_at(r).feature_probability for r in settings.trained_ratios]},
    )
    grid = Grid(problem_at(1.0), ratio=axis)
    options: dict[str, Any] = {"n_models": settings.starts, "seed": settings.seed, "progress": tell}
    trained = train(grid, settings.training, **options)
    sticky = train(Problem(n_features=5, n_hidden=2, feature_probability=0.1), settings.training, **options)
    return {"trained": _exactly(trained), "sticky": _exactly(sticky)}


def _exactly(data: xr.Dataset) -> xr.Dataset:
    """The same models with their exact losses, and with the number of features that each represents."""
    lead = data["loss"].dims
    W, bias = data["W"], data["bias"]
    p = data["probabilities"].broadcast_like(bias)
    losses = [
        exact_loss(w, b, feature_probability=q).loss
        for w, b, q in zip(W.values.reshape(-1, 5, 2), bias.values.reshape(-1, 5), p.values.reshape(-1, 5), strict=True)
    ]
    count = (feature_norm(W) > 0.5).sum("feature")
    return data.assign(loss=(lead, np.array(losses).reshape(data["loss"].shape)), represented=count)


def plates(data: Data) -> list[Plate]:
    """Loss curves with their crossing, the pentagon deforming, and where training lands."""
    ratio = float(data["crossings"].sel(base=BASE)["ratio"])
    pentagon = data["branches"].sel(branch="pentagon").isel(ratio=slice(None, None, 4))
    shown = pentagon.expand_dims("model", axis=1).assign(
        probabilities=(("ratio", "feature"), [problem_at(r).probabilities for r in pentagon["ratio"].values]),
        importances=(("ratio", "feature"), np.ones((pentagon.sizes["ratio"], 5))),
    )
    return [
        Plate(
            name="branches",
            figure=loss_branches(data["branches"], crossing=ratio),
            caption=f"Exact losses; they cross where the fifth feature is {1 / ratio:.2f} times sparser.",
        ),
        Plate(
            name="deformation",
            figure=feature_arrows(shown),
            caption="The pentagon as its fifth feature becomes sparser.",
        ),
        Plate(
            name="landing",
            figure=landing_shares(data["trained"]),
            caption="Where plain Adam ends: the share of runs that store all five features, with 99 % intervals.",
        ),
    ]


EXPERIMENT = Experiment(
    id="pentagon-digon",
    title="From a pentagon to two pairs",
    question="If one of five features becomes sparser, when do two pairs beat the pentagon, and does training notice?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=("Elhage et al. 2022, Toy Models of Superposition, section Non-Uniform Superposition",),
)
