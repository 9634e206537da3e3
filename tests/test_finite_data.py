"""Training sets: what models see, both kernels on it, and what memorising looks like."""

from pathlib import Path

import numpy as np
import pytest

from tegum import (
    Grid,
    Problem,
    SweepSpec,
    TrainSettings,
    cli,
    load,
    sample_features,
    save,
    train,
    training_features,
)
from tegum.ground import streams
from tegum.ground.errors import DivergedError, InputError
from tegum.kernels import given
from tegum.kernels.fused import FusedKernel
from tegum.problem import Axis
from tegum.problem.sampling import Sampler
from tegum.store import provenance_of
from tegum.sweeps.partition import partition

SMALL = Problem(n_features=40, n_hidden=3, feature_probability=0.1, n_training_samples=90, unit_inputs=True)
SETTINGS = TrainSettings(n_steps=25, batch_size=7, learning_rate=0.01, evaluation_samples=5000)
KINDS = {
    "plain": {},
    "not scaled": {"unit_inputs": False},
    "dense": {"feature_probability": 1.0},
    "one sample": {"n_training_samples": 1},
    "many blocks": {"n_training_samples": 1000, "feature_probability": 0.01},
    "nothing": {"feature_probability": 0.0},
    "hidden": {"hidden": "relu", "magnitude": "signed_uniform"},
    "linear": {"output": "linear", "importance": [1 / (i + 1) for i in range(40)]},
    "untied": {"tied": False},
    "absolute": {"hidden": "relu", "tied": False, "target": "absolute", "magnitude": "signed_uniform"},
    "absolute, tied": {"target": "absolute", "magnitude": "signed_uniform", "unit_inputs": False},
    "wide": {"n_features": 33, "n_hidden": 6},
    "copula": {"correlation": 0.4},
    "copula, absolute": {"correlation": 0.4, "tied": False, "target": "absolute", "magnitude": "signed_uniform"},
    "sets": {"exclusive_sets": ((0, 1, 2),), "parents": {5: 0}},
}


class TestTrainingSet:
    def test_it_is_the_first_batch_that_the_model_would_see(self) -> None:
        x = training_features(SMALL, seed=3, model=2)
        assert x.shape == (90, 40)
        key = streams.stream_key(3, 2, streams.TRAINING_DATA)
        np.testing.assert_array_equal(x, Sampler(SMALL).draw(key, 0, 90))
        np.testing.assert_array_equal(training_features(SMALL.replace(n_training_samples=8), seed=3, model=2), x[:8])
        assert (training_features(SMALL, seed=3, model=1) != x).any()
        assert (sample_features(SMALL, 90, seed=3, model=2) != x).any()  # fresh ones

    def test_a_problem_without_one_has_none(self) -> None:
        with pytest.raises(InputError, match=r"has no training set.*n_training_samples"):
            training_features(SMALL.replace(n_training_samples=None))

    @pytest.mark.parametrize(
        ("size", "message"), [(0, "greater than or equal to 1"), (True, "a number"), (2**25, "less"), (1.5, "integer")]
    )
    def test_sizes_that_are_none(self, size, message) -> None:
        with pytest.raises(InputError, match=message):
            SMALL.replace(n_training_samples=size)


class TestLists:
    """Samples as lists of what is present."""

    @pytest.mark.parametrize("p", [0.0, 0.02, 0.5, 1.0])
    def test_they_hold_every_entry_once(self, p) -> None:
        rng = np.random.default_rng(0)
        x = (rng.random((3, 150, 5)) * (rng.random((3, 150, 5)) < p)).astype(np.float32)
        x[1] = 0
        made, pitch = given.batches_of(x, 64), 64
        for b in range(3):
            blocks = range(made.block_ends[b], made.block_ends[b + 1])
            again = np.zeros((pitch * len(blocks), 5), np.float32)
            for place, k in enumerate(blocks):
                entries = slice(made.entry_ends[k], made.entry_ends[k + 1])
                assert (np.diff(made.feature[entries]) >= 0).all()
                assert made.sample[entries].max() < made.n_samples[k] <= pitch
                again[place * pitch + made.sample[entries], made.feature[entries]] = made.value[entries]
            some = x[b][x[b].any(axis=1)]
            assert sum(made.n_samples[k] for k in blocks) == len(some)
            np.testing.assert_array_equal(again[: len(some)], some)
            assert not again[len(some) :].any()


class TestTraining:
    @pytest.mark.parametrize(
        "kind",
        [kind if kind in ("plain", "absolute") else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS],
    )
    def test_both_kernels_walk_together(self, kind) -> None:
        problem = SMALL.replace(**KINDS[kind])
        fused, plain = (
            train(problem, SETTINGS, n_models=2, seed=4, kernel=kernel) for kernel in ("fused", "reference")
        )
        names = ("W", "bias", "loss", "loss_standard_error", "loss_history", *({"W_out"} & set(fused)))
        for name in names:
            np.testing.assert_allclose(fused[name].values, plain[name].values, rtol=1e-4, atol=1e-5)
        if kind != "nothing":
            fresh = train(problem.replace(n_training_samples=None), SETTINGS, n_models=2, seed=4)
            assert np.abs(fresh["bias"].values - fused["bias"].values).max() > 1e-4  # the control

    def test_a_step_is_one_of_gradient_descent_on_the_whole_set(self) -> None:
        """By the chain rule, in float64; the loss is the mean over the set, empty samples included."""
        problem = SMALL.replace(n_training_samples=200, feature_probability=0.02)
        settings = TrainSettings(optimizer="sgd", momentum=0, learning_rate=1, batch_size=7)
        run = FusedKernel().prepare([problem], settings, models=[0], seed=0)
        x = training_features(problem).astype(np.float64)
        assert 0 < x.any(axis=1).mean() < 1
        for _ in range(2):
            W, b = (run.weights()[name][0].astype(np.float64) for name in ("W", "bias"))
            run.advance(1)
            W_after, b_after = (run.weights()[name][0].astype(np.float64) for name in ("W", "bias"))
            error = np.maximum(x @ W @ W.T + b, 0) - x
            g = 2 * error * (error + x > 0) / len(x)
            assert run.take_losses()[0] == pytest.approx((error**2).sum() / len(x), rel=1e-6)
            np.testing.assert_allclose(W - W_after, g.T @ (x @ W) + x.T @ (g @ W), atol=1e-6)
            np.testing.assert_allclose(b - b_after, g.sum(axis=0), atol=1e-6)

    def test_the_batch_size_is_not_used(self) -> None:
        one, other = (train(SMALL, SETTINGS.replace(batch_size=size)) for size in (7, 512))
        assert one["W"].equals(other["W"])

    def test_cuts_neighbours_and_threads_change_nothing(self, monkeypatch) -> None:
        whole = train(SMALL, SETTINGS, n_models=3)
        monkeypatch.setattr("tegum.training._SECONDS_PER_CALL", 1e-9)
        grid = Grid(SMALL, n_training_samples=[None, 20, 90])
        beside = train(grid, SETTINGS, n_models=3, kernel=FusedKernel(n_threads=1)).isel(n_training_samples=2)
        for name in ("W", "bias", "loss", "loss_history"):
            np.testing.assert_array_equal(whole[name].values, beside[name].values)

    def test_the_loss_is_that_on_fresh_samples(self) -> None:
        """Few samples are learnt by heart: no loss on them, and the loss of the answer 0 or more on others."""
        problem = Problem(n_features=100, n_hidden=2, feature_probability=0.03, n_training_samples=3, unit_inputs=True)
        settings = TrainSettings(n_steps=1500, learning_rate=0.03, schedule="cosine")
        data = train(problem, settings, n_models=4)
        assert float(data["loss_history"][:, -1].min()) < 1e-3
        assert float(data["loss"].min()) > 0.9 * (1 - problem.empty_probability)

    def test_a_large_loss_on_fresh_samples_is_no_divergence(self) -> None:
        """A set of one empty sample costs nothing, whatever the weights; fresh samples cost much."""
        wild = SETTINGS.replace(n_steps=1, initial_scale=30, batch_size=500)
        problem = SMALL.replace(feature_probability=0.01, n_training_samples=1)
        assert not training_features(problem).any()
        data = train(problem, wild)
        assert float(data["loss_history"][0, 0]) == 0
        assert float(data["loss"][0]) > 1000
        with pytest.raises(DivergedError):  # the control
            train(problem.replace(n_training_samples=None), wild)


class TestRoundTrips:
    def test_records(self) -> None:
        for problem in (SMALL, SMALL.replace(n_training_samples=None, correlation=np.eye(40))):
            assert Problem.from_json(problem.to_json()) == problem
            assert Problem.from_toml(problem.to_toml()) == problem
        assert "None" not in SMALL.to_toml()
        assert "n_training_samples=90, unit_inputs=True" in repr(SMALL)
        with pytest.raises(InputError, match="no word for None"):
            Grid(SMALL, n_training_samples=[None, 3]).to_toml()

    def test_datasets(self, tmp_path) -> None:
        sizes = Axis(fields={"n_training_samples": [3, 30], "unit_inputs": [True, False]})
        data = train(Grid(SMALL, size=sizes), SETTINGS.replace(n_steps=2), n_models=2)
        save(data, tmp_path / "a.nc")
        again = load(tmp_path / "a.nc")
        assert again["size"].values.tolist() == [3, 30]
        made = provenance_of(again)
        assert made.grid.cells()[1].unit_inputs is False
        repeated = train(made.grid, made.settings, n_models=made.n_models, seed=made.seed, kernel=made.kernel)
        np.testing.assert_array_equal(repeated["W"].values, data["W"].values)

    def test_sweeps_ask_for_the_work_of_the_set(self) -> None:
        def work(**fields) -> int:
            spec = SweepSpec(problem=SMALL.replace(**fields), settings=SETTINGS, kernel="fused")
            (task,) = partition(spec, kernel_epoch=1)
            return task.work

        assert work(n_training_samples=10**6) > 100 * work(n_training_samples=10)
        assert work(correlation=0.1) > work()
        with_set = SweepSpec.from_toml(SweepSpec(problem=SMALL, axes={"n_training_samples": [3, 5]}).to_toml())
        assert [cell.n_training_samples for cell in with_set.grid.cells()] == [3, 5]

    def test_command_line(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = "train --n-features 4 --n-hidden 2 --feature-probability 0.2 --n-steps 2"
        fields = "--exclusive-sets 0,1 --parents 2,0;3,0 --n-training-samples 5 --unit-inputs"
        assert cli.main([*words.split(), *fields.split(), "--out", str(tmp_path / "a.nc")]) == 0
        problem = provenance_of(load(tmp_path / "a.nc")).grid.problem
        assert problem == Problem(
            n_features=4, n_hidden=2, feature_probability=0.2, exclusive_sets=((0, 1),), parents={2: 0, 3: 0},
            n_training_samples=5, unit_inputs=True,
        )  # fmt: skip
        base = ["train", "--n-features", "2", "--n-hidden", "2", "--feature-probability", "0.2", "--n-steps", "1"]
        for text, kept in (("0.5", 0.5), ("1,0.3;0.3,1", ((1.0, 0.3), (0.3, 1.0)))):
            out = tmp_path / f"{len(text)}.nc"
            assert cli.main([*base, "--correlation", text, "--out", str(out)]) == 0
            assert provenance_of(load(out)).grid.problem.correlation == kept
        capsys.readouterr()
        assert cli.main([*base, "--correlation", "much", "--out", str(tmp_path / "b.nc")]) == 2
        assert "'much' is not a correlation" in capsys.readouterr().err
