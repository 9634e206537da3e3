"""Trained weights as torch modules and as safetensors."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

from tegum import Grid, Problem, TrainSettings, load_weights, sample_features, save_weights, to_torch, train
from tegum.ground.errors import FileError, InputError
from tegum.models import ToyModel

PROBLEM = Problem(n_features=4, n_hidden=2, feature_probability=0.4, magnitude="signed_uniform")
SHORT = TrainSettings(n_steps=20, batch_size=32, learning_rate=0.05, evaluation_samples=64)


@pytest.mark.parametrize("output", ["relu", "linear"])
@pytest.mark.parametrize("hidden", ["linear", "relu"])
def test_the_module_answers_by_the_definition(output, hidden):
    problem = PROBLEM.replace(output=output, hidden=hidden)
    data = train(problem, SHORT, n_models=3)
    x = sample_features(problem, 50)
    W, b = (data[name].values.astype(np.float64) for name in ("W", "bias"))
    h = x @ W
    h = np.maximum(h, 0) if hidden == "relu" else h
    y = h @ W.swapaxes(1, 2) + b[:, np.newaxis]
    y = np.maximum(y, 0) if output == "relu" else y
    model = to_torch(data)
    found = model(torch.from_numpy(x))
    assert found.shape == (3, 50, 4)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.detach(), y, atol=1e-6)
    assert (y != 0).mean() > 0.1
    one = to_torch(data.isel(model=1))
    np.testing.assert_allclose(one(torch.from_numpy(x)).detach(), y[1], atol=1e-6)


def test_every_stage_can_be_hooked_and_patched():
    model = to_torch(train(PROBLEM, SHORT))
    x = torch.from_numpy(sample_features(PROBLEM, 10))
    seen = {}
    for name in ("hidden", "output"):
        getattr(model, name).register_forward_hook(lambda _, __, result, name=name: seen.update({name: result}))
    y = model(x)
    torch.testing.assert_close(seen["output"], y)
    torch.testing.assert_close(seen["hidden"], x @ model.W)
    with torch.no_grad():
        handle = model.hidden.register_forward_hook(lambda _, __, h: torch.zeros_like(h))
        torch.testing.assert_close(model(x), torch.relu(model.bias).unsqueeze(-2).expand(1, 10, 4))
        handle.remove()
        torch.testing.assert_close(model(x), y)


def test_the_module_can_be_trained_on_and_shares_nothing(trained):
    model = to_torch(trained)
    assert model.W.shape == (3, 2, 2, 5, 3)
    before = trained["W"].values.copy()
    x = torch.rand(7, 5)
    loss = ((model(x) - x) ** 2).sum()
    loss.backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    assert np.abs(model.W.detach().numpy() - before).max() > 0
    np.testing.assert_array_equal(trained["W"], before)


def test_padding_answers_nothing():
    data = train(Grid(PROBLEM, n_features=[2, 4]), SHORT)
    y = to_torch(data.sel(n_features=2))(torch.rand(5, 4))
    assert not y[..., 2:].detach().any()


def test_cells_of_one_kind_only():
    data = train(Grid(PROBLEM, output=["relu", "linear"]), SHORT)
    with pytest.raises(
        InputError, match=r"several kinds.*\('linear', 'linear', True\), \('linear', 'relu', True\).*select one kind"
    ):
        to_torch(data)
    assert isinstance(to_torch(data.sel(output="linear")).output, torch.nn.Identity)
    data.attrs.clear()
    with pytest.raises(FileError, match="no usable record"):
        to_torch(data)


def test_double_precision_stays_double():
    data = train(PROBLEM, SHORT.replace(precision="float64"))
    assert to_torch(data).W.dtype == torch.float64


def test_a_module_can_be_made_by_hand():
    model = ToyModel(torch.tensor([[1.0], [-1.0]]), torch.tensor([0.0, 0.5]))
    torch.testing.assert_close(model(torch.tensor([[1.0, 0.0], [0.0, 1.0]])), torch.tensor([[1.0, 0.0], [0.0, 1.5]]))


def test_weights_go_through_safetensors(trained, tmp_path):
    path = save_weights(trained, tmp_path / "weights.safetensors")
    loaded = load_weights(path)
    assert sorted(loaded) == ["W", "bias"]
    for name, values in loaded.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, trained[name])
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["dims"]) == list(trained["W"].dims)
        assert file.metadata()["problem"] == trained.attrs["problem"]
        torch.testing.assert_close(file.get_tensor("W"), torch.from_numpy(trained["W"].values))


def test_views_are_written_as_they_look(trained, tmp_path):
    turned = trained.transpose(..., "hidden", "feature").isel(model=slice(None, None, -1))
    loaded = load_weights(save_weights(turned, tmp_path / "weights.safetensors"))
    np.testing.assert_array_equal(loaded["W"], turned["W"])


def test_bad_weight_files_are_refused(trained, tmp_path):
    path = save_weights(trained, tmp_path / "weights.safetensors")
    with pytest.raises(FileError, match="exists"):
        save_weights(trained, path)
    raw = path.read_bytes()
    for content in (b"", b"text", raw[:5], raw[:100], raw[:-1], raw + b"\0", bytes(8) + raw[8:]):
        path.write_bytes(content)
        with pytest.raises(FileError, match=r"not a whole safetensors file.*Copy or make it again"):
            load_weights(path)
    with pytest.raises(FileError, match="there is no file"):
        load_weights(tmp_path / "nothing.safetensors")
    with pytest.raises(FileError, match="is not a whole safetensors file"):
        load_weights(tmp_path)
    save_weights(trained, path, overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
