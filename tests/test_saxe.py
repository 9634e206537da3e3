"""The closed form of the linear model's dynamics, against the differential equation and against training."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tegum import Problem, Record, TrainSettings, train
from tegum.ground.errors import InputError, ShapeError
from tegum.theory import after_bias, feature_mean, feature_variance, first_lengths, growth_rate, rise_time
from tegum.theory.saxe import squared_length


def flow(W: np.ndarray, p: np.ndarray, importance: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Squared lengths (times, features) along the gradient flow of the exact linear loss, bias included."""
    n, m = W.shape
    mean, variance = feature_mean(p), feature_variance(p)

    def slope(_: float, state: np.ndarray) -> np.ndarray:
        W, b = state[: n * m].reshape(n, m), state[n * m :]
        A = np.eye(n) - W @ W.T
        e = A @ mean - b
        by_A = 2 * importance[:, None] * (A * variance + np.outer(e, mean))  # ∂L/∂A
        return np.concatenate([((by_A + by_A.T) @ W).ravel(), 2 * importance * e])

    first = np.concatenate([W.ravel(), np.zeros(n)])
    found = solve_ivp(slope, (0, times[-1]), first, t_eval=times, rtol=1e-8, atol=1e-12, method="LSODA")
    return np.square(found.y[: n * m].T.reshape(-1, n, m)).sum(axis=2)


class TestOneFeature:
    def test_without_a_mean_it_is_the_logistic_curve(self) -> None:
        t = np.linspace(0, 60, 40)
        logistic = 1e-4 / (1e-4 + (1 - 1e-4) * np.exp(-0.3 * t))
        assert squared_length(t, rate=0.3, start=1e-4) == pytest.approx(logistic, rel=1e-9)

    def test_it_solves_its_differential_equation(self) -> None:
        u, r, mu, h = np.linspace(0.05, 0.95, 19), 0.4, 0.4, 1e-5
        time = rise_time(u, rate=r, start=0.01, mean=mu)
        ahead, behind = (squared_length(time + d, rate=r, start=0.01, mean=mu) for d in (h, -h))
        assert (1 + 4 * mu**2 * u) * (ahead - behind) / (2 * h) == pytest.approx(r * u * (1 - u), rel=1e-5)

    @pytest.mark.parametrize("mean", [0.0, 0.1, 0.5])
    def test_time_and_length_are_inverse(self, mean: float) -> None:
        u = np.array([0.002, 0.1, 0.5, 0.9, 0.999])
        time = rise_time(u, rate=0.7, start=0.001, mean=mean)
        assert squared_length(time, rate=0.7, start=0.001, mean=mean) == pytest.approx(u, rel=1e-9)

    def test_the_lag_of_the_bias_is_what_the_flow_has(self) -> None:
        """A frequent feature: without the lag the rise would be predicted a quarter too short."""
        p, start = 0.8, 1e-6
        rate, mu = float(growth_rate([p])[0]), float(feature_mean(p))
        times = np.linspace(0, 40, 4001)
        u = flow(np.array([[np.sqrt(start)]]), np.array([p]), np.ones(1), times)[:, 0]
        measured = np.interp(0.9, u, times) - np.interp(0.1, u, times)
        assert measured == pytest.approx(float(rise_time(0.9, rate=rate, start=0.1, mean=mu)), rel=0.03)
        assert measured > 1.2 * float(rise_time(0.9, rate=rate, start=0.1))

    def test_the_ends(self) -> None:
        assert squared_length(np.array([0.0, 1e6]), rate=0.2, start=0.01).tolist() == pytest.approx([0.01, 1.0])
        assert squared_length(5.0, rate=0.2, start=0.0) == 0.0
        assert squared_length(5.0, rate=0.0, start=0.3) == pytest.approx(0.3)
        assert rise_time(0.5, rate=0.2, start=0.0) == np.inf


class TestManyFeatures:
    P, IMPORTANCE = np.array([0.4, 0.8, 0.05, 0.4]), np.array([1.0, 0.45, 0.75, 0.25])

    @pytest.mark.parametrize("seed", range(3))
    def test_half_rises_are_those_of_the_flow(self, seed: int) -> None:
        W = 1e-4 * np.random.default_rng(seed).normal(size=(4, 3))
        rate, mean = growth_rate(self.P, self.IMPORTANCE), feature_mean(self.P)
        start = first_lengths(after_bias(W, feature_probability=self.P), rate)
        times = np.linspace(0, 250, 5001)
        u = flow(W, self.P, self.IMPORTANCE, times)
        kept = np.argsort(-rate)[:3]
        measured = [np.interp(0.5, u[:, i], times) for i in kept]
        assert measured == pytest.approx(rise_time(0.5, rate=rate, start=start, mean=mean)[kept], rel=0.03)

    def test_the_push_of_the_mean_is_that_of_the_flow(self) -> None:
        """Long after the bias, and long before the rise; with equal features the push is exact to first order."""
        p, W = np.full(3, 0.3), 1e-8 * np.random.default_rng(4).normal(size=(3, 3))
        u = flow(W, p, np.ones(3), np.array([0.0, 8.0]))[-1]
        e_folds = growth_rate(p) * 8.0
        pushed = np.square(after_bias(W, feature_probability=p)).sum(axis=1) * np.exp(e_folds)
        assert u / pushed == pytest.approx(np.ones(3), rel=0.01)
        assert np.abs(u / (np.square(W).sum(axis=1) * np.exp(e_folds)) - 1).max() > 0.02

    def test_first_lengths_do_not_depend_on_rotation_or_order(self) -> None:
        rng = np.random.default_rng(0)
        W, rate = rng.normal(size=(2, 6, 4)), np.arange(6.0)
        rotation, order = np.linalg.qr(rng.normal(size=(4, 4)))[0], rng.permutation(6)
        found = first_lengths(W, rate)
        assert first_lengths(W @ rotation, rate) == pytest.approx(found)
        assert first_lengths(W[:, order], rate[order]) == pytest.approx(found[:, order])
        assert found[:, 5] == pytest.approx(np.square(W[:, 5]).sum(axis=-1))
        assert found[:, :2].max() == 0.0

    @pytest.mark.slow
    def test_gradient_descent_follows(self) -> None:
        problem = Problem(n_features=3, n_hidden=2, feature_probability=0.4, importance=(1, 0.4, 0.1), output="linear")
        settings = TrainSettings(
            n_steps=4000, optimizer="sgd", momentum=0, learning_rate=0.02, initial_scale=0.01, batch_size=512
        )
        data = train(problem, settings, record=Record(snapshots=200, spacing="linear"), seed=1)
        W = data["W_history"].values[0].astype(float)
        rate = growth_rate(problem.probabilities, problem.importances)
        start = first_lengths(after_bias(W[0], feature_probability=0.4), rate)
        time = 0.02 * data["snapshot"].values[:, None]
        predicted = squared_length(time, rate=rate, start=start, mean=feature_mean(problem.probabilities))
        assert np.abs(np.square(W).sum(axis=-1) - predicted).max() < 0.1


class TestRefusals:
    def test_what_is_out_of_range(self) -> None:
        with pytest.raises(InputError, match=r"start must lie in \[0, 1\)"):
            rise_time(0.5, rate=1.0, start=1.0)
        with pytest.raises(InputError, match="rate must be above 0; got 0"):
            rise_time(0.5, rate=[1.0, 0.0], start=0.1)
        with pytest.raises(InputError, match=r"length must lie in \(0, 1\)"):
            rise_time(1.0, rate=1.0, start=0.1)
        with pytest.raises(ShapeError, match=r"expected \(3,\): one rate for each feature"):
            first_lengths(np.ones((3, 2)), [1.0, 2.0])
