"""Attacks: the computed one is the best for its output, and losses are those of a plain loop."""

import numpy as np
import pytest

from tegum.ground.errors import InputError, ShapeError
from tegum.measure import feature_dimensionality, feature_norm
from tegum.theory.attack import (
    attacked_loss,
    gated_vulnerability,
    gradient_attacked_loss,
    gradient_sight,
    single_output_attacks,
)

RNG = np.random.default_rng(5)
W, BIAS = RNG.normal(size=(9, 3)) / 2, RNG.normal(size=9) / 10
X = RNG.random((40, 9)) * (RNG.random((40, 9)) < 0.3)
SIZE = 0.2


def output(x: np.ndarray) -> np.ndarray:
    return np.maximum(x @ W @ W.T + BIAS, 0)


def losses(x: np.ndarray) -> np.ndarray:
    """Squared error of every sample when the model sees x and should give X."""
    return np.square(output(x) - X).sum(axis=1)


class TestSingleOutput:
    def test_no_other_direction_raises_an_output_more(self) -> None:
        attacks = single_output_attacks(W)
        directions = RNG.normal(size=(3000, 9))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        for j in range(9):
            best = output(X + SIZE * attacks[j])[:, j]
            others = np.max([output(X + SIZE * direction)[:, j] for direction in directions], axis=0)
            assert (others <= best + 1e-12).all()
            assert (others[best > 0.2] > 0.5 * best[best > 0.2]).all(), "a search that finds nothing proves nothing"

    def test_moves_an_open_output_by_norm_and_dimensionality(self) -> None:
        lengths = np.linalg.norm(W @ W.T, axis=1)
        assert lengths == pytest.approx(feature_norm(W) ** 2 / np.sqrt(feature_dimensionality(W)), rel=1e-12)

    def test_has_length_one_or_none(self) -> None:
        made = single_output_attacks(np.vstack([W, np.zeros(3)]))
        assert np.linalg.norm(made, axis=1) == pytest.approx([1.0] * 9 + [0.0])


class TestLosses:
    def test_against_a_plain_loop(self) -> None:
        attacks = SIZE * np.concatenate([single_output_attacks(W), -single_output_attacks(W)])
        table = np.array([losses(X + attack) for attack in attacks])
        clean, half = losses(X), len(X) // 2
        chosen = table[:, :half].mean(axis=1).argmax()
        added = table[chosen, half:].mean() - clean[half:].mean()
        made = attacked_loss(W, BIAS, X, size=SIZE)
        assert made.clean == pytest.approx(clean.mean(), rel=1e-5)
        assert made.informed == pytest.approx(np.maximum(table.max(axis=0), clean).mean(), rel=1e-5)
        assert made.blind == pytest.approx(clean.mean() + added, rel=1e-5)

    def test_how_samples_are_cut_into_chunks_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = attacked_loss(W, BIAS, X, size=SIZE)
        monkeypatch.setattr("tegum.theory.attack._ENTRIES_AT_ONCE", 9 * 5)
        assert attacked_loss(W, BIAS, X, size=SIZE) == pytest.approx(whole, rel=1e-5)

    def test_a_model_without_superposition_loses_the_squared_size(self) -> None:
        made = attacked_loss(np.eye(9)[:, :4], np.where(np.arange(9) < 4, 0, 0.15), X + 0.5, size=SIZE)
        assert made.blind - made.clean == pytest.approx(SIZE**2, rel=1e-4)
        assert made.informed - made.clean == pytest.approx(SIZE**2, rel=1e-4)

    def test_a_tight_frame_with_open_outputs_has_the_square_of_features_per_dimension(self) -> None:
        frame = np.vstack([np.eye(3), -np.eye(3)])
        assert gated_vulnerability(frame, np.ones(6)) == pytest.approx((6 / 3) ** 2)
        open_ = attacked_loss(frame, np.full(6, 5.0), np.zeros((4, 6)), size=1e-3)
        linear = 2 * 5.0 * 1e-3 * abs((single_output_attacks(frame) @ frame @ frame.T).sum(axis=1)).max()
        assert open_.blind - open_.clean == pytest.approx(linear + 4e-6, abs=2e-4)

    def test_gradient_ascent_climbs(self) -> None:
        one, many = (float(gradient_attacked_loss(W, BIAS, X, size=SIZE, n_steps=n)) for n in (1, 30))
        tried = RNG.normal(size=(500, 9))
        tried *= SIZE / np.linalg.norm(tried, axis=1, keepdims=True)
        half = len(X) // 2
        added = [(losses(X + attack) - losses(X))[half:].mean() for attack in tried]
        assert one > np.quantile(added, 0.9)
        assert many > np.quantile(added, 0.95)


def test_sight_against_autograd() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(X, requires_grad=True)
    reached = torch.relu(x @ torch.tensor(W @ W.T) + torch.tensor(BIAS))
    ((reached - torch.tensor(X)) ** 2).sum().backward()
    assert x.grad is not None
    made = gradient_sight(W, BIAS, X, size=SIZE)
    attacks = SIZE * single_output_attacks(W)
    rise = np.array([output(X + attack)[:, j] - output(X)[:, j] for j, attack in enumerate(attacks)])
    found = np.linalg.norm(W @ W.T, axis=1) * SIZE * (output(X) > 0)
    assert made.closed_outputs == pytest.approx((output(X) == 0).mean())
    assert made.rise == pytest.approx(found.sum() / rise.sum(), rel=1e-5)
    assert made.blind_inputs == pytest.approx((np.abs(x.grad.numpy()).max(axis=1) == 0).mean())


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: attacked_loss(W, BIAS[:3], X, size=0.1), ShapeError),
        (lambda: attacked_loss(W, BIAS, X[:1], size=0.1), ShapeError),
        (lambda: attacked_loss(W, BIAS, X, size=-0.1), InputError),
        (lambda: gated_vulnerability(W, np.full(9, 1.5)), InputError),
        (lambda: gated_vulnerability(W, np.full(8, 0.5)), ShapeError),
    ],
)
def test_refuses(call, error) -> None:
    with pytest.raises(error):
        call()
