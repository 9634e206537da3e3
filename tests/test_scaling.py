"""Width scaling and noisy simulation: formulas against sampling, limits that are known, and inputs that are refused."""

import numpy as np
import pytest
from scipy.special import ndtr

from tegum.ground.errors import InputError, ShapeError
from tegum.theory.scaling import ignored_loss, power_law, random_code_loss, scaling_exponent
from tegum.theory.simulation import least_width, relu_error, wrong_neurons


def random_directions(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    V = rng.normal(size=(n, m))
    return V / np.linalg.norm(V, axis=1, keepdims=True)


class TestPowerLaw:
    def test_has_its_mean_and_its_exponent(self) -> None:
        p = power_law(100, 1.5, mean=0.01)
        assert p.mean() == pytest.approx(0.01)
        assert scaling_exponent(np.arange(1, 101), p) == pytest.approx(-1.5)

    def test_refuses_a_probability_above_one(self) -> None:
        with pytest.raises(InputError, match="Lower the mean or the exponent"):
            power_law(100, 3.0, mean=0.1)


class TestExponent:
    def test_keeps_models_apart(self) -> None:
        m = np.array([5.0, 11.0, 30.0])
        assert scaling_exponent(m, [3 * m**-1.25, 7 * m**0.5]) == pytest.approx([-1.25, 0.5])

    @pytest.mark.parametrize(("m", "loss"), [([1, 1], [1, 2]), ([1, 2], [1, 2, 3]), ([[1, 2]], [[1, 2]])])
    def test_refuses_shapes(self, m: list, loss: list) -> None:
        with pytest.raises(ShapeError):
            scaling_exponent(m, loss)

    def test_refuses_zero(self) -> None:
        with pytest.raises(InputError, match="above 0"):
            scaling_exponent([1, 2], [0, 1])


def test_ignored_loss_is_the_variance_of_short_rows() -> None:
    assert ignored_loss([[2.0, 0.5, 0.0]], [0.1, 0.2, 0.3]) == pytest.approx(
        [0.2 / 3 - 0.2**2 / 4 + 0.3 / 3 - 0.3**2 / 4]
    )


class TestRandomCode:
    def test_against_sampling(self) -> None:
        rng, n, m, made = np.random.default_rng(2), 200, 24, []
        for _ in range(8):
            V = random_directions(rng, n, m)
            x = rng.random((1500, n)) * (rng.random((1500, n)) < 1 / n)
            x = x[x.any(axis=1)]
            z = x @ V @ V.T
            best = []
            for threshold in np.linspace(0, 0.9, 31):
                read = np.maximum(z - threshold, 0)
                best.append(1 - (x * read).sum() ** 2 / np.square(read).sum() / np.square(x).sum())
            made.append(min(best))
        error = np.std(made) / np.sqrt(len(made))
        assert 3 * random_code_loss(n, m, n_present=1.0) == pytest.approx(np.mean(made), abs=4 * error + 0.01)

    def test_falls_slightly_faster_than_the_inverse_width(self) -> None:
        widths = [64, 128, 256, 512]
        exponent = scaling_exponent(widths, [random_code_loss(1000, m, n_present=1.0) for m in widths])
        assert -1.3 < exponent < -1.0

    def test_refuses_two_dimensions(self) -> None:
        with pytest.raises(InputError, match="at least 3"):
            random_code_loss(10, 2, n_present=1.0)


class TestSimulation:
    def test_first_layer_passes_on_what_was_read(self) -> None:
        assert relu_error(500, 100, n_active=3, n_layers=1) == pytest.approx([0.03, 0.03])

    def test_noise_grows_by_n_over_m_with_each_layer(self) -> None:
        errors = relu_error(10**6, 1000, n_active=3, n_layers=6)
        assert errors[3:] / errors[2:-1] == pytest.approx([1000.0] * 4, rel=0.01)

    def test_wrong_neurons_of_one_read_off(self) -> None:
        """Silent: Q(1/2 / √(K/m)); averaged over K by hand for a layer so small that K is 0, 1 or 2."""
        n, m, k = 2, 9, 0.5
        p = k / n
        weight = [(1 - p) ** 2, 2 * p * (1 - p), p**2]
        silent = [0.0, ndtr(-0.5 * np.sqrt(m / 1)), 0.0]
        firing = [0.0, ndtr(-0.5 * np.sqrt(m / 0.5)), 2 * ndtr(-0.5 * np.sqrt(m / 1.5))]
        expected = sum(w * (s + f) for w, s, f in zip(weight, silent, firing, strict=True))
        assert wrong_neurons(n, m, n_active=k, n_layers=0) == pytest.approx([expected])

    def test_least_width_is_where_one_is_wrong(self) -> None:
        width = least_width(300, n_active=5, n_layers=3, n_wrong=0.2)
        assert wrong_neurons(300, width, n_active=5, n_layers=3)[-1] == pytest.approx(0.2, rel=1e-4)

    def test_refuses_more_active_than_there_are(self) -> None:
        with pytest.raises(InputError, match="between 0 and n_neurons"):
            relu_error(3, 2, n_active=4, n_layers=1)
        with pytest.raises(InputError, match="not crossed"):
            least_width(10, n_active=1, n_layers=1, n_wrong=100)
