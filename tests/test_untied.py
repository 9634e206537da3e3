"""Untied models and the absolute value task, from the problem to the file."""

import json

import numpy as np
import pytest
import torch
import xarray as xr

import tegum
from tegum import Axis, Grid, Problem, Record, TrainSettings, sample_features, train
from tegum.ground import streams
from tegum.ground.errors import DivergedError, InputError
from tegum.kernels.fused import FusedKernel
from tegum.kernels.reference import ReferenceKernel
from tegum.measure import feature_norm, lowest_loss
from tegum.optima import find_optima
from tegum.problem.sampling import present_values, sampler_table
from tegum.store import problems_of, provenance_of

ABSOLUTE = Problem(
    n_features=4, n_hidden=3, feature_probability=0.4, hidden="relu", tied=False, magnitude="signed_uniform",
    target="absolute",
)  # fmt: skip
SHORT = TrainSettings(n_steps=20, batch_size=32, learning_rate=0.05, evaluation_samples=64)
BOTH = Grid(ABSOLUTE, tied=[True, False], n_hidden=[2, 3])


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    return train(ABSOLUTE, SHORT, n_models=3, seed=2, record=Record(snapshots=(0, 20)))


def test_the_read_out_is_a_variable_of_untied_models_only(data):
    assert data["W_out"].dims == data["W"].dims == ("model", "feature", "hidden")
    assert data["W_out_history"].dims == ("model", "snapshot", "feature", "hidden")
    assert data["W_out"].attrs["long_name"] == "read-out weights, one row per feature"
    np.testing.assert_array_equal(data["W_out_history"].isel(snapshot=-1), data["W_out"])
    assert (data["W_out_history"].isel(snapshot=0) != data["W_out"]).mean() > 0.5  # neurons may be dead
    assert not any("W_out" in name for name in train(ABSOLUTE.replace(tied=True), SHORT).data_vars)


def test_the_problem_is_shown_with_what_is_unusual():
    assert "tied=False, target='absolute'" in repr(ABSOLUTE)
    assert "tied" not in repr(ABSOLUTE.replace(tied=True, target="identity"))
    assert Problem.from_toml(ABSOLUTE.to_toml()) == ABSOLUTE
    assert len({p.digest() for p in (ABSOLUTE, ABSOLUTE.replace(tied=True), ABSOLUTE.replace(target="identity"))}) == 3


def autograd(problem: Problem, weights: dict[str, np.ndarray], x: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
    """Loss of a batch and its gradient, in float64, by the equations as they stand in the docstring of `Problem`."""
    made = {name: torch.tensor(values, dtype=torch.float64, requires_grad=True) for name, values in weights.items()}
    inputs = torch.tensor(x, dtype=torch.float64)
    output = torch.relu(torch.relu(inputs @ made["W"]) @ made["W_out"].T + made["bias"])
    loss = (torch.tensor(problem.importances) * (inputs.abs() - output) ** 2).sum(-1).mean()
    loss.backward()
    return float(loss.detach()), {name: np.asarray(value.grad) for name, value in made.items()}


@pytest.mark.parametrize("kernel", [FusedKernel, ReferenceKernel])
def test_the_gradient_is_that_of_autograd_in_double_precision(kernel):
    """A step of plain descent at rate 1 is the gradient; float32 knows it to some 1e-6 of its size."""
    problem = ABSOLUTE.replace(importance=(1.0, 0.5, 0.2, 0.1))
    settings = TrainSettings(optimizer="sgd", momentum=0, learning_rate=1, batch_size=64, initial_scale=0.5)
    run = kernel().prepare([problem], settings, models=[0], seed=0)
    before = run.weights()
    run.advance(1)
    after = run.weights()
    seen = _batch(problem, settings)
    loss, gradient = autograd(problem, {name: values[0].astype(float) for name, values in before.items()}, seen)
    assert run.take_losses()[0] == pytest.approx(loss, rel=3e-6)
    for name, expected in gradient.items():
        step = before[name][0].astype(float) - after[name][0]
        np.testing.assert_allclose(step, expected, rtol=0, atol=3e-6, err_msg=name)
        assert np.abs(expected).max() > 1e-3, name


def _batch(problem: Problem, settings: TrainSettings) -> np.ndarray:
    """The first batch of model 0: the same words with another purpose."""
    keys = streams.feature_keys(streams.stream_key(0, 0, streams.TRAINING_DATA), 0, problem.n_features)
    words = streams.words(*keys, np.arange(settings.batch_size)[:, None])
    table = sampler_table(problem)
    return present_values(table, words, words[:, table.gate], np.where)


@pytest.mark.parametrize("kernel", ["fused", "reference"])
def test_a_written_solution_has_no_loss(kernel, monkeypatch):
    """Two neurons for each feature, ReLU(x) and ReLU(-x), give |x| exactly."""
    problem = ABSOLUTE.replace(n_features=3, n_hidden=6, importance=(1.0, 2.0, 3.0))
    W = np.kron(np.eye(3), [[1.0, -1.0]])
    target = "tegum.kernels.fused" if kernel == "fused" else "tegum.kernels.reference"
    for value, loss in ((W, 0.0), (0.5 * W, sum(problem.importances) * 0.4 / 3 * 0.75**2)):
        starts = {streams.INITIAL_WEIGHTS: value[np.newaxis], streams.INITIAL_READ_OUT: np.abs(value)[np.newaxis]}
        monkeypatch.setattr(f"{target}.initial_weights", lambda *_, purpose, starts=starts, **__: starts[purpose])
        found = train(problem, SHORT.replace(n_steps=0, evaluation_samples=4096), kernel=kernel)
        assert abs(float(found["loss"][0]) - loss) <= 5 * float(found["loss_standard_error"][0])
        np.testing.assert_array_equal(found["W_out"][0], np.abs(value).astype(np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["fused", "reference"])
def test_three_absolute_values_are_learned_exactly(kernel):
    """Two neurons for each feature suffice; what is left is rounding. One neuron fewer cannot do it."""
    problem = ABSOLUTE.replace(n_features=3, n_hidden=6, feature_probability=0.3)
    settings = TrainSettings(
        n_steps=2500, batch_size=256, learning_rate=0.02, schedule="cosine", evaluation_samples=4096
    )
    found = train(Grid(problem, n_hidden=[5, 6]), settings, n_models=3, kernel=kernel)["loss"].min("model")
    assert float(found.sel(n_hidden=6)) < 1e-10
    assert float(found.sel(n_hidden=5)) > 1e-4


@pytest.mark.parametrize(
    "data",
    [{}, {"correlation": 0.3}, {"n_training_samples": 40}, {"unit_inputs": True, "n_training_samples": 40}],
    ids=str,
)
@pytest.mark.parametrize("n", [4, 35])  # given samples are worked out 32 features at a time
def test_both_kernels_end_alike(n, data):
    """Also on samples that numpy draws or that are drawn once, which the fused kernel sees in another form."""
    problem = ABSOLUTE.replace(n_features=n, **data)
    settings = SHORT.replace(learning_rate=0.01)
    fused, reference = (train(problem, settings, n_models=3, kernel=kernel) for kernel in ("fused", "reference"))
    for name in ("W", "W_out", "bias", "loss"):
        np.testing.assert_allclose(fused[name], reference[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_run_is_made_again_from_its_file(data, tmp_path):
    loaded = tegum.load(tegum.save(data, tmp_path / "untied.nc"))
    assert loaded.identical(data)
    assert problems_of(loaded) == [ABSOLUTE]
    made = provenance_of(loaded)
    again = train(made.grid, made.settings, n_models=3, seed=2, kernel=made.kernel, record=made.record)
    assert again.identical(data)


def test_a_grid_may_hold_tied_and_untied_models(tmp_path):
    """What reads out of a tied model is W itself, so there its W_out is W."""
    mixed = train(BOTH, SHORT, n_models=2, record=Record(snapshots=2))
    np.testing.assert_array_equal(mixed["W_out"].sel(tied=True), mixed["W"].sel(tied=True))
    np.testing.assert_array_equal(mixed["W_out_history"].sel(tied=True), mixed["W_history"].sel(tied=True))
    alone = train(ABSOLUTE, SHORT, n_models=2)
    for name in ("W", "W_out", "bias", "loss"):
        np.testing.assert_array_equal(mixed[name].sel(tied=False, n_hidden=3), alone[name])
    assert tegum.load(tegum.save(mixed, tmp_path / "mixed.nc")).identical(mixed)
    assert [problem.tied for problem in problems_of(mixed.sel(tied=True))] == [True, True]
    assert not mixed["W_out"].sel(n_hidden=2).isel(hidden=2).values.any()


@pytest.mark.parametrize("tied", [[True, False], [False, True]])
def test_a_sweep_gives_what_training_gives(tied, tmp_path):
    grid = Grid(ABSOLUTE, tied=tied, n_hidden=[2, 3])
    tegum.sweep(grid, SHORT, n_models=2, record=Record(snapshots=2), out=tmp_path, task_seconds=1e-9)
    assert len(list((tmp_path / "tasks").glob("*.nc"))) > 2
    opened = tegum.open_sweep(tmp_path).load()
    xr.testing.assert_equal(opened, train(grid, SHORT, n_models=2, record=Record(snapshots=2)))


def test_weights_go_to_torch_and_to_safetensors(data, tmp_path):
    x = sample_features(ABSOLUTE, 50)
    W, W_out, b = (data[name].values.astype(np.float64) for name in ("W", "W_out", "bias"))
    y = np.maximum(np.maximum(x @ W, 0) @ W_out.swapaxes(1, 2) + b[:, np.newaxis], 0)
    np.testing.assert_allclose(tegum.to_torch(data)(torch.from_numpy(x)).detach(), y, atol=1e-6)
    assert (y > 0).mean() > 0.1
    assert sorted(name for name, _ in tegum.to_torch(data).named_parameters()) == ["W", "W_out", "bias"]
    loaded = tegum.load_weights(tegum.save_weights(data, tmp_path / "w.safetensors"))
    assert sorted(loaded) == ["W", "W_out", "bias"]
    np.testing.assert_array_equal(loaded["W_out"], data["W_out"])
    mixed = train(BOTH, SHORT)
    with pytest.raises(InputError, match=r"several kinds of model, \(hidden, output, tied\)"):
        tegum.to_torch(mixed)
    assert tegum.to_torch(mixed.sel(tied=True)).W_out is None
    assert tegum.to_torch(mixed.sel(tied=False)).W_out is not None


def test_measures_look_at_what_reads_in(data):
    np.testing.assert_allclose(feature_norm(data["W"]), np.linalg.norm(data["W"], axis=-1), rtol=1e-6)
    assert set(lowest_loss(data)["W_out"].dims) == {"feature", "hidden"}


def test_the_exact_kernel_refuses_what_it_does_not_know():
    for fields in ({"tied": False}, {"magnitude": "signed_uniform", "target": "absolute"}):
        problem = Problem(n_features=2, n_hidden=1, feature_probability=0.1, **fields)
        with pytest.raises(InputError, match=r"tied models whose target is x itself; got tied=.*tegum\.train"):
            find_optima(problem)


def test_a_variable_name_is_no_axis():
    with pytest.raises(InputError, match="an axis cannot be called 'W_out'"):
        Grid(ABSOLUTE, W_out=Axis(fields={"tied": [True, False]}))


def test_divergence_is_noticed_against_the_loss_of_the_answer_zero():
    """Its loss is that of |x|, which is that of x."""
    with pytest.raises(DivergedError, match="lower it"):
        train(ABSOLUTE.replace(hidden="linear", output="linear"), SHORT.replace(optimizer="sgd", learning_rate=50.0))
    zero = train(ABSOLUTE, SHORT.replace(n_steps=0, initial_scale=0, evaluation_samples=2**14))
    assert abs(float(zero["loss"][0]) - 4 * 0.4 / 3) < 5 * float(zero["loss_standard_error"][0])


def test_the_command_line_knows_the_fields(tmp_path, capsys):
    from tegum.cli import main

    out = tmp_path / "one.nc"
    main([
        "train", "--n-features", "2", "--n-hidden", "2", "--feature-probability", "0.5", "--hidden", "relu",
        "--no-tied", "--magnitude", "signed_uniform", "--target", "absolute", "--n-steps", "3", "--out", str(out),
    ])  # fmt: skip
    assert not json.loads(tegum.load(out).attrs["problem"])["tied"]
    capsys.readouterr()
    main(["show", str(out)])
    assert "target absolute" in " ".join(capsys.readouterr().out.split())
