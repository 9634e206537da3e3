"""Risk of one-shot decoders, limits of iterative ones, analogies: published values, samples, and the edges."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from tegum.ground.errors import InputError
from tegum.theory import (
    RISKS,
    analogy_scores,
    analogy_success,
    bayes_amp_threshold,
    bernoulli_mmse,
    best_shift,
    best_shift_and_gain,
    best_threshold,
    expected_wrong,
    l1_soft_threshold,
    l1_threshold,
    linear_risk,
    map_threshold,
    max_active_bayes,
    max_active_l1,
    max_active_pursuit,
    posterior_mean_risk,
    pseudo_inverse_risk,
    pursuit_dimension,
    pursuit_worst_case,
    rounding_errors,
    scaled_linear_risk,
    shifted_relu_risk,
    threshold_rates,
)

SIZES = (1000, 256, 8)


def sphere(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    W = rng.normal(size=(n, m))
    return W / np.linalg.norm(W, axis=1, keepdims=True)


def test_known_risks():
    """Formula, and the mean of 3000 samples (15 000 for the posterior mean) within 3 %."""
    shift, gain = best_shift_and_gain(*SIZES)
    known = {
        "linear": (linear_risk(*SIZES), 31.219, 31.105),
        "scaled": (scaled_linear_risk(*SIZES), 6.368, 6.365),
        "pseudo-inverse": (pseudo_inverse_risk(*SIZES), 5.952, 5.926),
        "relu": (shifted_relu_risk(*SIZES), 15.719, 15.755),
        "shifted": (shifted_relu_risk(*SIZES, best_shift(*SIZES)), 1.3460, 1.3364),
        "gained": (shifted_relu_risk(*SIZES, shift, gain), 0.7401, 0.7414),
        "threshold": (expected_wrong(*SIZES), 2.330, 2.366),
        "posterior mean": (posterior_mean_risk(*SIZES), 0.1970, 0.1941),
    }
    for formula, published, sampled in known.values():
        assert formula == pytest.approx(published, abs=6e-4)
        assert formula == pytest.approx(sampled, rel=0.03)
    assert expected_wrong(*SIZES, best_threshold(*SIZES)) == pytest.approx(0.2524, abs=5e-5)
    np.testing.assert_allclose([best_shift(*SIZES), shift, gain], [0.3172, 0.4255, 1.5795], atol=5e-5)
    np.testing.assert_allclose([best_threshold(*SIZES), map_threshold(*SIZES)], [0.6570, 0.6506], atol=5e-5)
    # with the variance of the inactive features for the active ones too it would be the mean squared error below
    assert 1000 * bernoulli_mmse(0.008, 8 / 256) == pytest.approx(0.2396, abs=5e-5)


def decoders(n: int, m: int, k: int) -> dict[str, object]:
    shift, (shift_g, gain) = float(best_shift(n, m, k)), map(float, best_shift_and_gain(n, m, k))
    tau, tau_best = float(map_threshold(n, m, k)), float(best_threshold(n, m, k))
    return {
        "zero": lambda z: 0 * z,
        "constant": lambda z: 0 * z + k / n,
        "linear": lambda z: z,
        "scaled_linear": lambda z: z * m / (m + n - 1),
        "relu": lambda z: z.clip(0),
        "shifted_relu": lambda z: (z - shift).clip(0),
        "gained_relu": lambda z: gain * (z - shift_g).clip(0),
        "threshold": lambda z: (z > 0.5).astype(float),
        "map_threshold": lambda z: (z > tau).astype(float),
        "best_threshold": lambda z: (z > tau_best).astype(float),
        "posterior_mean": lambda z: expit((z - 0.5) * m / k - np.log((n - k) / k)),
    }


def test_sampled_losses_of_every_one_shot_decoder():
    n, m, k, n_codes, rng = 200, 100, 6, 60, np.random.default_rng(0)
    functions = decoders(n, m, k)
    losses = {name: np.zeros(n_codes) for name in RISKS}
    for code in range(n_codes):
        W, x = sphere(rng, n, m), np.zeros((40, n))
        np.put_along_axis(x, rng.random((40, n)).argpartition(k, axis=1)[:, :k], 1.0, axis=1)
        z = x @ W @ W.T
        for name, function in functions.items():
            losses[name][code] = np.square(function(z) - x).sum(axis=1).mean()  # type: ignore[operator]
        losses["pseudo_inverse"][code] = np.square(x @ W @ np.linalg.pinv(W) - x).sum(axis=1).mean()
    assert set(functions) | {"pseudo_inverse"} == set(RISKS)
    for name, each in RISKS.items():
        expected = float(each.risk(n, m, k))
        window = 4 * losses[name].std(ddof=1) / np.sqrt(n_codes) + (1e-12 if each.exact else 0.06 * expected)
        assert abs(losses[name].mean() - expected) < window, name
        if name not in ("zero", "constant"):  # the control: one active feature more
            assert abs(losses[name].mean() - float(each.risk(n, m, k + 1))) > window / 2, name


def test_rates_add_up_to_the_risk():
    false_positive, false_negative = threshold_rates(1000, 256, [1, 8, 999], 0.6)
    k = np.array([1, 8, 999])
    total = (1000 - k) * false_positive + k * false_negative
    np.testing.assert_allclose(total, expected_wrong(1000, 256, k, 0.6), rtol=1e-12)


def test_no_parameters_are_better_than_the_best():
    b, g = np.meshgrid(np.linspace(-1, 3, 401), np.linspace(0.05, 4, 80))
    for n, m, k in ((1000, 256, 8), (1000, 256, 40), (50, 5, 10), (200, 50, 1)):
        best = shifted_relu_risk(n, m, k, *best_shift_and_gain(n, m, k))
        assert best <= shifted_relu_risk(n, m, k, b, g).min() * (1 + 1e-9)
        assert shifted_relu_risk(n, m, k, best_shift(n, m, k)) <= shifted_relu_risk(n, m, k, b).min() * (1 + 1e-9)
        if k >= 8:  # it is the best function where the two variances agree
            assert posterior_mean_risk(n, m, k) <= best


@pytest.mark.parametrize(
    ("n", "m", "k"), [(1000, 256, 8), (1000, 256, 2), (1000, 5000, 8), (1000, 50, 100), (100_000, 5, 30)]
)
def test_the_posterior_mean_by_brute_integration(n, m, k):
    s0, s1 = k / m, (k - 1) / m
    z = np.linspace(-14 * s0**0.5, 1 + 14 * s0**0.5, 400_001)
    eta = expit((z - 0.5) / s0 - np.log((n - k) / k))
    absent = np.trapezoid(eta**2 * norm.pdf(z, 0, s0**0.5), z)
    present = np.trapezoid((1 - eta) ** 2 * norm.pdf(z, 1, s1**0.5), z)
    assert posterior_mean_risk(n, m, k) == pytest.approx((n - k) * absent + k * present, rel=1e-9)


def test_edges_of_the_risks():
    for name, each in RISKS.items():
        assert each.risk(100, 20, 0) == pytest.approx(0.0, abs=1e-12), name
        assert np.isfinite(each.risk(100, 20, [1, 50, 100])).all(), name
        assert each.risk([[10], [20]], [5, 8, 30], 2).shape == (2, 3), name
        if name not in ("zero", "constant", "scaled_linear"):
            assert each.risk(100, 1e12, 7) == pytest.approx(0.0, abs=1e-5), name
    assert pseudo_inverse_risk(100, 100, 7) == 0.0
    assert posterior_mean_risk(1000, 256, 1) < 1e-13
    assert bernoulli_mmse(0.3, 1e12) == pytest.approx(0.3 * 0.7, rel=1e-6)
    np.testing.assert_array_equal(bernoulli_mmse([0, 1, 0.5], [1, 1, 0]), [0, 0, 0])
    assert bernoulli_mmse(1e-9, 1e-3) < 1e-9


def test_known_thresholds_of_l1():
    delta = np.array([0.05, 0.1, 0.2, 0.256, 0.3, 0.5, 0.7, 0.9])
    signed = [0.1544, 0.1894, 0.2433, 0.2702, 0.2908, 0.3857, 0.4988, 0.6782]
    non_negative = [0.1889, 0.2410, 0.3259, 0.3697, 0.4036, 0.5582, 0.7225, 0.9027]
    np.testing.assert_allclose(l1_threshold(delta), signed, atol=6e-5)
    np.testing.assert_allclose(l1_threshold(delta, non_negative=True), non_negative, atol=6e-5)
    np.testing.assert_array_equal(l1_threshold([1.0, 3.0]), [1, 1])
    assert l1_soft_threshold(0.256) == pytest.approx(1.28, abs=5e-3)
    sparse = np.array([1e-3, 1e-6])
    np.testing.assert_allclose(l1_threshold(sparse) * 2 * np.log(1 / sparse), [1.01, 1.03], atol=6e-3)
    slow = l1_threshold(sparse, non_negative=True) * 2 * np.log(1 / sparse)
    np.testing.assert_allclose(slow, [1.12, 1.09], atol=6e-3)
    with pytest.raises(InputError, match="hidden_per_feature must be at least 1e-12"):
        l1_threshold(0.0)


@pytest.mark.slow
def test_known_thresholds_of_message_passing():
    delta = np.array([0.05, 0.1, 0.2, 0.256, 0.3])
    np.testing.assert_allclose(bayes_amp_threshold(delta), [0.01114, 0.02804, 0.07599, 0.1121, 0.1465], atol=5e-5)
    assert bayes_amp_threshold(2.0) == 0.5


@pytest.mark.slow
def test_state_evolution_falls_to_zero_below_the_threshold_and_not_above():
    delta = 0.2
    p_star = float(bayes_amp_threshold(delta))

    def after(p: float) -> float:
        v = p / delta
        for _ in range(200):
            v = float(bernoulli_mmse(p, v)) / delta
        return v

    assert after(0.97 * p_star) < 1e-12
    assert after(1.03 * p_star) > 1e-3


def test_predicted_loads_of_iterative_decoders():
    """Against exact recovery at n = 1000, m = 256: the load at which half of the samples succeeded."""
    assert max_active_l1(1000, 256) == pytest.approx(69.2, abs=0.05)
    assert max_active_l1(1000, 256, non_negative=True) == pytest.approx(94.6, abs=0.06)
    bayes = max_active_bayes(1000, 256)
    assert bayes == pytest.approx(112, abs=0.5)
    assert bayes == pytest.approx(106.8, rel=0.1)
    for predicted, half in ((max_active_l1(1000, 256), 71.5), (max_active_l1(1000, 256, non_negative=True), 93.0)):
        assert predicted == pytest.approx(half, rel=0.1)
    assert max_active_l1(100, 200) == 100
    k = max_active_pursuit([1000, 1e9], 256)
    np.testing.assert_allclose(pursuit_dimension([1000, 1e9], k), 256, rtol=1e-9)
    np.testing.assert_allclose(pursuit_worst_case([0, 0.5, 1]), [np.inf, 1.5, 1])


ANALOGIES = [  # m, s, unrelated words, words that share each attribute; formula, samples, number of samples
    (50, 0.5, 2000, 25, 0.962, 0.965, 2000),
    (50, 1.0, 2000, 25, 0.391, 0.407, 2000),
    (100, 0.5, 2000, 25, 0.9997, 0.9995, 2000),
    (100, 1.5, 2000, 25, 0.271, 0.271, 2000),
    (200, 1.0, 20_000, 100, 0.953, 0.960, 300),
    (20, 0.5, 2000, 25, 0.433, 0.506, 2000),
]


@pytest.mark.parametrize(("m", "s", "unrelated", "sharing", "formula", "sampled", "n"), ANALOGIES)
def test_known_chances_of_analogies(m, s, unrelated, sharing, formula, sampled, n):
    words = {"n_unrelated": unrelated, "n_first_attribute": sharing, "n_second_attribute": sharing}
    chance = analogy_success(m, s, **words)
    assert chance == pytest.approx(formula, abs=1.2e-3)
    if m > 20:  # below, the formula is too low
        assert abs(chance - sampled) < 4 * np.sqrt(sampled * (1 - sampled) / n) + 0.01


def test_sampled_analogies_succeed_so_often():
    m, s, unrelated, sharing, n, rng = 60, 0.9, 200, 10, 400, np.random.default_rng(1)
    hits = 0
    for _ in range(n):
        royal, female, male = sphere(rng, 3, m)
        others = sphere(rng, 2 * unrelated + 2 * sharing, m)
        own = s * sphere(rng, 4 + unrelated + 2 * sharing, m)
        king, man, woman, queen = royal + male + own[0], male + own[1], female + own[2], royal + female + own[3]
        rest = np.concatenate(
            [
                royal + others[:sharing],
                female + others[sharing : 2 * sharing],
                others[2 * sharing : 2 * sharing + unrelated] + others[2 * sharing + unrelated :],
            ]
        )
        query = king - man + woman
        hits += bool(query @ queen > ((rest + own[4:]) @ query).max())
    words = {"n_unrelated": unrelated, "n_first_attribute": sharing, "n_second_attribute": sharing}
    expected = float(analogy_success(m, s, **words))
    window = 4 * np.sqrt(expected * (1 - expected) / n) + 0.02
    assert abs(hits / n - expected) < window
    assert abs(hits / n - float(analogy_success(0.6 * m, s, **words))) > window  # the control: fewer dimensions


def test_mean_scores_of_analogies_and_rounding():
    rng = np.random.default_rng(2)
    s, m, scores = 0.7, 64, []
    for _ in range(2000):
        royal, female, male = sphere(rng, 3, m)
        king, man, woman, queen = s * sphere(rng, 4, m) + [royal + male, male, female, royal + female]
        query = king - man + woman
        scores.append([query @ word for word in (queen, king, woman, man)])
    expected = [float(analogy_scores(s)[word]) for word in ("queen", "king", "woman", "man")]
    error = np.std(scores, axis=0, ddof=1) / np.sqrt(len(scores))
    assert (np.abs(np.mean(scores, axis=0) - expected) < 4 * error).all()
    np.testing.assert_allclose(rounding_errors(1000, [50, 100], 2), 2000 * norm.sf(0.5 * np.sqrt([25, 50])), rtol=1e-12)
    assert rounding_errors(1000, 50, 0) == 0.0
    assert analogy_success(50, 0.5, n_unrelated=0) == pytest.approx(1.0)
