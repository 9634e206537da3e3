"""The experiments on dynamics: ideal data satisfy every claim, doctored data fail the right one, figures hold up."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from PIL import Image

from tegum import Problem, TrainSettings
from tegum.experiments import EXPERIMENTS, run_variant
from tegum.experiments import dynamics as d
from tegum.experiments import linear_dynamics as ld
from tegum.experiments.base import Plate
from tegum.experiments.running import run_experiment
from tegum.experiments.verdict import decide
from tegum.ground.errors import InputError
from tegum.plot import (
    Animation,
    energy_levels,
    moving_weights,
    rises,
    save_animation,
    times_against_theory,
    weight_trajectories,
)
from tegum.plot.trajectories import placed, top
from tegum.report.sections import experiment_section
from tegum.theory import feature_mean, growth_rate, rise_time, squared_length

N_MODELS, N_RECORDS = 9, 200
SETS = np.array([0, 0, 0, 1, 1, 1])
OCTAHEDRON = np.concatenate([np.eye(3), -np.eye(3)])
MEANS = np.repeat(np.eye(3)[:2], 3, axis=0) / np.sqrt(3)

Doctor = Callable[[xr.Dataset], xr.Dataset]


def verdicts(name: str, data: dict[str, xr.Dataset]) -> dict[str, str]:
    return {finding.claim: decide(finding.parts) for finding in EXPERIMENTS[name].judge(data)}


def dataset(W: np.ndarray, loss: np.ndarray) -> xr.Dataset:
    """The same way for all models: W (records, 6, 3) and the loss, after a step 0."""
    W, loss = np.concatenate([W[:1], W]), np.concatenate([loss[:1], loss])
    return xr.Dataset(
        {
            "W_history": (("model", "snapshot", "feature", "hidden"), np.tile(W, (N_MODELS, 1, 1, 1))),
            "W": (("model", "feature", "hidden"), np.tile(W[-1], (N_MODELS, 1, 1))),
            "loss_along": (("model", "snapshot"), np.tile(loss, (N_MODELS, 1))),
            "loss": ("model", np.linspace(1, 2, N_MODELS)),
        },
        {"snapshot": [0, *np.arange(1, N_RECORDS + 1)], "set": ("feature", SETS)},
    )


def ideal_dynamics() -> dict[str, xr.Dataset]:
    """The means at the loss of the means, and then in three jumps, with a drop of the loss at each, the octahedron."""
    record = np.arange(N_RECORDS)[:, None, None]
    turned = np.where(record < 130, 0.5, 1.0) * OCTAHEDRON + np.where(record < 130, 0.4, 0.0) * MEANS[::-1]
    W = np.where(record < 60, 0.01 * MEANS + 0.001 * OCTAHEDRON, np.where(record < 100, MEANS, turned))
    at = np.arange(N_RECORDS)
    loss = np.select([at < 60, at < 100, at < 130], [0.1, d.MEAN_ONLY_LOSS, 0.008], 0.002)
    direct = np.linspace(0.5, 1, N_RECORDS)[:, None, None] * OCTAHEDRON
    return {"start-0.1": dataset(W, loss), "start-1": dataset(direct, np.geomspace(0.1, 0.002, N_RECORDS))}


def ideal_linear() -> dict[str, xr.Dataset]:
    """Exactly the closed form, for the problem of the presets, with a percent of spread."""
    p, importance = ld.PROBLEM.probabilities, ld.PROBLEM.importances
    rate, mean = growth_rate(p, importance), feature_mean(p)
    kept = np.argsort(-rate)[:4]
    start = np.where(np.isin(np.arange(6), kept), 1e-6, 0.0)
    spread = np.linspace(0.995, 1.005, N_MODELS)[:, None]
    blank = np.where(start > 0, 1.0, np.nan)
    steps = np.arange(0, 20_000, 50)
    safe = np.where(start > 0, start, 0.1)
    columns = {
        "half_rise": rise_time(0.5, rate=rate, start=safe, mean=mean) * spread,
        "predicted_half_rise": rise_time(0.5, rate=rate, start=safe, mean=mean) + 0 * spread,
        "uncentred_half_rise": rise_time(0.5, rate=ld._uncentred_rate(ld.PROBLEM), start=safe) + 0 * spread,
        "rise": rise_time(0.9, rate=rate, start=0.1, mean=mean) * spread,
        "predicted_rise": rise_time(0.9, rate=rate, start=0.1, mean=mean) + 0 * spread,
    }
    curve = squared_length(0.02 * steps[:, None], rate=rate, start=start, mean=mean)
    curves = (("model", "snapshot", "feature"), np.tile(curve, (N_MODELS, 1, 1)))
    data = xr.Dataset({name: (("model", "feature"), values * blank) for name, values in columns.items()})
    data = data.assign(
        squared_length=curves, predicted_length=curves, growth_rate=("feature", rate), probabilities=("feature", p),
        loss=("model", np.ones(N_MODELS)), W=(("model", "feature", "hidden"), np.zeros((N_MODELS, 6, 4))),
    )  # fmt: skip
    return {"linear": data.assign_coords(snapshot=steps)}


@pytest.mark.parametrize(("name", "ideal"), [("dynamics", ideal_dynamics), ("linear-dynamics", ideal_linear)])
def test_every_claim_holds_for_ideal_data(name: str, ideal: Callable[[], dict[str, xr.Dataset]]) -> None:
    assert verdicts(name, ideal()) == {claim.id: "reproduced" for claim in EXPERIMENTS[name].claims}


def last(W: np.ndarray) -> Doctor:
    return lambda data: data.assign(W=data["W"].copy(data=np.broadcast_to(W, data["W"].shape)))


def smooth(data: xr.Dataset) -> xr.Dataset:
    """Drops where nothing jumps."""
    at = np.arange(N_RECORDS + 1)
    loss = np.select([at < 75, at < 115, at < 165], [0.1, d.MEAN_ONLY_LOSS, 0.008], 0.002)
    return data.assign(loss_along=data["loss_along"].copy(data=np.tile(loss, (N_MODELS, 1))))


def passing(data: xr.Dataset) -> xr.Dataset:
    """The loss of the means is passed through quickly."""
    return data.assign(loss_along=data["loss_along"].where(abs(data["loss_along"] / d.MEAN_ONLY_LOSS - 1) > 0.2, 0.03))


WITHIN = np.array([[1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 1, 0], [0, -1, 0], [0, 0, -1]])  # pairs of one set
TILTED = OCTAHEDRON + 0.4 * np.eye(6)[:, :3][:, ::-1]
FEWER = OCTAHEDRON * (np.arange(6) != 4)[:, None]


@pytest.mark.parametrize(
    ("start", "doctor", "claim"),
    [
        ("start-0.1", last(WITHIN), "s3.dynamics-antiprism"),
        ("start-1", last(WITHIN), "s3.dynamics-antiprism"),
        ("start-0.1", last(TILTED), "s3.dynamics-antiprism"),
        ("start-0.1", last(FEWER), "s3.dynamics-antiprism"),
        ("start-0.1", last(np.zeros((6, 3))), "s3.dynamics-antiprism"),
        ("start-0.1", smooth, "s3.dynamics-regimes"),
        ("start-0.1", passing, "tegum.dynamics-means-first"),
        ("start-1", lambda _: ideal_dynamics()["start-0.1"], "tegum.dynamics-start-matters"),
    ],
)
def test_doctored_dynamics(start: str, doctor: Doctor, claim: str) -> None:
    data = ideal_dynamics()
    made = verdicts("dynamics", data | {start: doctor(data[start])})
    assert {name for name, verdict in made.items() if verdict == "refuted"} == {claim}


def test_the_loss_of_the_means_without_the_means_is_no_stay() -> None:
    data = ideal_dynamics()
    W = data["start-0.1"]["W_history"]
    swapped = data["start-0.1"].assign(W_history=W.copy(data=np.where(np.abs(W - MEANS) < 1e-9, OCTAHEDRON, W)))
    assert verdicts("dynamics", data | {"start-0.1": swapped})["tegum.dynamics-means-first"] == "refuted"


def test_one_deviant_group_of_starts_leaves_the_antiprism_open() -> None:
    data = ideal_dynamics()
    data["start-0.1"]["W"][3:6] = WITHIN
    assert verdicts("dynamics", data)["s3.dynamics-antiprism"] == "inconclusive"


@pytest.mark.parametrize(
    ("changes", "refuted"),
    [
        ({"half_rise": 1.1}, {"tegum.saxe-times"}),
        ({"half_rise": 0.6}, {"tegum.saxe-times", "tegum.saxe-covariance"}),
        ({"rise": 1.08}, {"tegum.saxe-rises"}),
        ({"rise": 0.9}, {"tegum.saxe-rises"}),
        ({"uncentred_half_rise": 1.5}, {"tegum.saxe-covariance"}),
    ],
)
def test_doctored_linear(changes: dict[str, float], refuted: set[str]) -> None:
    data = ideal_linear()["linear"]
    doctored = data.assign({name: data[name] * factor for name, factor in changes.items()})
    made = verdicts("linear-dynamics", {"linear": doctored})
    assert {name for name, verdict in made.items() if verdict == "refuted"} == refuted


def test_another_order_and_a_feature_too_many() -> None:
    data = ideal_linear()["linear"]
    swapped = data.assign(half_rise=data["half_rise"].isel(feature=[1, 0, 2, 3, 4, 5]))
    assert verdicts("linear-dynamics", {"linear": swapped})["tegum.saxe-order"] == "refuted"
    more = data.assign(squared_length=data["squared_length"].where(data["feature"] != 5, 0.5))
    assert verdicts("linear-dynamics", {"linear": more})["tegum.saxe-order"] == "refuted"


def test_a_feature_that_never_rises_counts_with_the_last_step() -> None:
    lengths = np.stack([np.linspace(0, 1, 11), np.full(11, 0.2)], axis=-1)[None]
    assert ld._step_at(lengths, np.arange(0, 110, 10), 0.5).tolist() == [[50.0, 100.0]]


@pytest.mark.parametrize("change", [{"momentum": 0.9}, {"optimizer": "adam"}, {"schedule": "cosine"}])
def test_the_closed_form_is_of_plain_gradient_descent(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="plain gradient descent"):
        ld.Settings(models=1, training=ld.TRAINING.replace(**change))


@pytest.mark.parametrize("change", [{"output": "relu"}, {"hidden": "relu"}, {"correlated_sets": ((0, 3),)}])
def test_the_closed_form_is_of_the_linear_model_with_independent_features(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"got another {next(iter(change))}"):
        ld.Settings(models=1, problem=ld.PROBLEM.replace(**change))


@pytest.mark.parametrize(("n_steps", "n_records"), [(10_000, 200), (50, 200), (200, 200), (1, 5)])
def test_so_many_different_records(n_steps: int, n_records: int) -> None:
    losses, snapshots = d.record_of(n_steps, n_records).steps(n_steps)
    assert abs(len(losses) - min(n_steps, n_records)) <= 1
    assert snapshots == (0, *losses)


@pytest.mark.slow
def test_variants_of_other_sizes_draw() -> None:
    problem = Problem(n_features=7, n_hidden=2, feature_probability=0.1, correlated_sets=((0, 1), (2, 3)))
    training = TrainSettings(n_steps=30, batch_size=64, evaluation_samples=256)
    made = run_variant("dynamics", problem=problem, starts=1, training=training, initial_scale=(0.5,))
    assert [plate.name for plate in made.plates] == ["trajectories", "levels", "losses"]
    assert float(made.data["start-0.5"]["loss_along"][0, 0]) > 0
    made = run_variant("linear-dynamics", models=2, feature_probability=0.2, importance=1.0, n_hidden=7, n_steps=40)
    assert [plate.name for plate in made.plates] == ["rises", "times"]


@pytest.mark.slow
def test_the_loss_along_the_way_ends_at_the_loss() -> None:
    training = TrainSettings(n_steps=300, batch_size=256, learning_rate=0.01)
    (data,) = d.run(d.Settings(starts=1, training=training, initial_scale=(1.0,)), lambda _: None).values()
    error = 4 * data["loss_standard_error"] * np.sqrt(2)
    assert (abs(data["loss_along"][:, -1] - data["loss"]) < error).all()
    assert (data["loss_along"][:, 0] > 2 * data["loss_along"][:, -1]).all()


class TestFigures:
    def test_levels_and_jumps(self) -> None:
        above, below = energy_levels(ideal_dynamics()["start-0.1"], levels={"pair 1/2": 0.5}).axes
        assert len(above.lines) == 7
        assert [text.get_text() for text in above.texts] == ["pair 1/2"]
        assert len(above.patches) == len(below.patches) == 3
        drops = sorted(float(np.ravel(line.get_xdata())[0]) for line in below.lines[1:])
        assert np.abs(np.array(drops) - [61, 101, 131]).max() <= 2

    def test_paths_have_the_axis_of_the_antiprism_on_top(self) -> None:
        rng = np.random.default_rng(2)
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        way = np.linspace(0.1, 1, 5)[:, None, None] * (OCTAHEDRON @ rotation)
        run = xr.Dataset({"W_history": (("snapshot", "feature", "hidden"), way)}, {"set": ("feature", SETS)})
        points = placed(run)
        assert np.abs(points[-1, :, 2]) == pytest.approx(np.full(6, 3**-0.5))
        assert np.linalg.norm(points, axis=-1) == pytest.approx(np.linalg.norm(way, axis=-1))
        assert len(set(np.sign(points[-1, :3, 2]))) == 1

    def test_what_is_nearer_is_larger(self) -> None:
        (near, far), depth = top(np.array([[1.0, 0, 1], [1.0, 0, -1]]))
        assert near[0] > 1 > far[0]
        assert depth.tolist() == [1, -1]

    @pytest.mark.parametrize("n_hidden", [1, 2, 5])
    def test_any_number_of_dimensions(self, n_hidden: int) -> None:
        W = np.random.default_rng(0).normal(size=(1, 4, 6, n_hidden))
        data = xr.Dataset({"W_history": (("model", "snapshot", "feature", "hidden"), W), "loss": ("model", [1.0])})
        assert len(weight_trajectories(data.assign_coords(snapshot=[0, 1, 2, 3])).axes) == 2

    def test_without_snapshots(self) -> None:
        with pytest.raises(InputError, match=r"record=Record\(snapshots=200\)"):
            weight_trajectories(ideal_dynamics()["start-1"].drop_vars("W_history"))
        with pytest.raises(InputError, match="at least 2 frames"):
            moving_weights(ideal_dynamics()["start-1"], n_frames=1)

    def test_animation_moves_and_is_the_same_twice(self, tmp_path: Path) -> None:
        made = [
            save_animation(moving_weights(ideal_dynamics()["start-0.1"], n_frames=4), tmp_path / f"{k}.gif")
            for k in range(2)
        ]
        assert made[0].read_bytes() == made[1].read_bytes()
        assert made[0].stat().st_size < 200_000
        with Image.open(made[0]) as image:
            assert image.n_frames == 4
            first = np.asarray(image.convert("RGB"))
            image.seek(3)
            assert (np.asarray(image.convert("RGB")) != first).any()

    def test_the_page_links_to_the_animation(self, tmp_path: Path) -> None:
        plate = Plate(
            name="way",
            figure=Figure(figsize=(1, 1)),
            caption="A way.",
            animation=Animation(Figure(figsize=(1, 1)), lambda _: None, 2),
        )
        still = Plate(name="still", figure=Figure(figsize=(1, 1)), caption="No way.")
        made = dataclasses.replace(
            EXPERIMENTS["dynamics"], run=lambda *_: {}, plates=lambda _: [plate, still], judge=lambda _: []
        )
        record: Any = run_experiment(made, "quick", tmp_path, lambda _: None).experiment
        moving = [figure.get("animation") for figure in record["figures"]]
        assert moving == ["figures/dynamics/way.gif", None]
        assert (tmp_path / moving[0]).read_bytes().startswith(b"GIF89a")
        page = str(experiment_section(record, []))
        assert page.count(".gif") == page.count('href="figures/dynamics/way.gif"') == 1

    def test_linear(self) -> None:
        data = ideal_linear()["linear"]
        assert len(rises(data).axes[0].lines) == 12
        (ax,) = times_against_theory(data).axes
        assert len(ax.collections) == 2
