"""Iterative decoders against scikit-learn, state evolution, and published rates of exact recovery."""

import numpy as np
import pytest
from signals import drawn, sphere

from tegum.decoders import amp, decode, duality_gap, fista, ista, omp
from tegum.decoders.lasso import largest_square
from tegum.decoders.pursuit import choose_by_gram, choose_by_residuals
from tegum.ground.errors import InputError, ShapeError
from tegum.theory import message_passing_noise
from tegum.theory.message_passing import _soft_risk


def real_instances(seed, n, m, k, n_samples, noise):
    """Features of any sign and size, a code of any lengths, and noise on h."""
    rng = np.random.default_rng(seed)
    x, _, _ = drawn(n, m, k, n_samples, seed)
    W = rng.normal(size=(n, m)) * rng.uniform(0.5, 2, size=(n, 1))
    x *= rng.normal(size=x.shape)
    return x, x @ W + noise * rng.normal(size=(n_samples, m)), W


@pytest.mark.parametrize(("n", "m", "k"), [(60, 30, 7), (200, 50, 12), (20, 40, 20), (50, 20, 20)])
def test_omp_is_that_of_scikit_learn(n, m, k):
    linear_model = pytest.importorskip("sklearn.linear_model")
    _, h, W = real_instances(n, n, m, k, n_samples=20, noise=0.1)
    theirs = linear_model.orthogonal_mp(W.T, h.T, n_nonzero_coefs=k).T
    assert np.abs(theirs).max() > 0.1
    for ours in (omp(h, W, n_active=k), np.concatenate([omp(one[np.newaxis], W, n_active=k) for one in h])):
        np.testing.assert_array_equal(ours != 0, theirs != 0)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("non_negative", [False, True])
@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_the_lasso_is_that_of_scikit_learn(share, non_negative):
    linear_model = pytest.importorskip("sklearn.linear_model")
    _, h, W = real_instances(3, n=80, m=40, k=8, n_samples=6, noise=0.05)
    for one in h:
        z = one @ W.T
        penalty = share * float((z if non_negative else np.abs(z)).max())
        model = linear_model.Lasso(
            alpha=penalty / 40, fit_intercept=False, positive=non_negative, tol=1e-14, max_iter=1_000_000
        )
        theirs = model.fit(W.T, one).coef_
        options = {"penalty": penalty, "non_negative": non_negative, "tolerance": 1e-10}
        ours = fista(one[np.newaxis], W, n_steps=100_000, **options)[0]
        np.testing.assert_allclose(ours, theirs, atol=2e-6 * np.abs(theirs).max())
        assert 0 < np.count_nonzero(ours) < 80
        other = fista(one[np.newaxis], W, n_steps=100_000, **options | {"penalty": 1.05 * penalty})[0]  # the control
        assert np.abs(other - theirs).max() > 1e-3 * np.abs(theirs).max()


@pytest.mark.parametrize("non_negative", [False, True])
def test_ista_arrives_where_fista_does_and_later(non_negative):
    _, h, W = real_instances(5, n=40, m=30, k=4, n_samples=5, noise=0.0)
    options = {"penalty": 0.3, "non_negative": non_negative}
    fast, slow = (solve(h, W, tolerance=1e-9, n_steps=10**6, **options) for solve in (fista, ista))
    np.testing.assert_allclose(fast, slow, atol=1e-5)
    few = [duality_gap(solve(h, W, tolerance=0, n_steps=60, **options), h, W, **options) for solve in (fista, ista)]
    assert (few[0] < 0.5 * few[1]).all()


def test_the_duality_gap_bounds_the_distance_to_the_optimum():
    _, h, W = real_instances(6, n=50, m=30, k=4, n_samples=8, noise=0.1)

    def objective(x):
        return 0.5 * np.square(h - x @ W).sum(axis=1) + 0.4 * np.abs(x).sum(axis=1)

    best = fista(h, W, penalty=0.4, tolerance=1e-12, n_steps=10**5)
    assert (np.abs(duality_gap(best, h, W, penalty=0.4)) < 1e-8 * objective(best)).all()
    for n_steps in (1, 5, 40):
        rough = fista(h, W, penalty=0.4, n_steps=n_steps)
        above = objective(rough) - objective(best)
        assert (above > 0).all()
        assert (duality_gap(rough, h, W, penalty=0.4) >= above * (1 - 1e-9)).all()
    assert duality_gap(0 * best, h, W, penalty=1e3) == pytest.approx(0, abs=1e-9), "a penalty above all correlations"
    with pytest.raises(ShapeError, match=r"x has shape \(50,\), expected \(n_samples, n_features\) = \(8, 50\)"):
        duality_gap(best[0], h, W)


def test_the_curvature_is_the_spectral_norm():
    for n, m in ((30, 10), (10, 30), (1, 4)):
        W = np.random.default_rng(n).normal(size=(n, m))
        assert largest_square(W) == pytest.approx(np.linalg.norm(W, 2) ** 2, rel=1e-5)


@pytest.mark.parametrize(("n", "m", "k"), [(50, 20, 6), (30, 12, 12), (300, 40, 17)])
def test_the_compiled_pursuit_chooses_as_the_plain_one(n, m, k):
    _, h, W = real_instances(k, n, m, k, n_samples=30, noise=0.2)
    fast, plain = choose_by_gram(h, W, W @ W.T, k), choose_by_residuals(h, W, k)
    np.testing.assert_array_equal(fast.order, plain.order)
    for ours, theirs in zip(fast[1:], plain[1:], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-7)


@pytest.mark.parametrize("choose", [lambda h, W, k: choose_by_gram(h, W, W @ W.T, k), choose_by_residuals])
def test_pursuit_stops_where_nothing_is_left(choose):
    W = np.array([[1.0, 0, 0], [0, 1, 0], [1, 0, 0], [0.6, 0.8, 0]])
    order = choose(np.array([[2.0, 0, 0], [3.0, 1, 0], [0, 0, 1.0]]), W, 3).order
    np.testing.assert_array_equal(order, [[0, -1, -1], [0, 1, -1], [-1, -1, -1]])


def test_values_of_pursuit_are_those_of_least_squares():
    _, h, W = real_instances(8, n=60, m=25, k=5, n_samples=10, noise=0.3)
    for x, one in zip(omp(h, W, n_active=5), h, strict=True):
        chosen = np.flatnonzero(x)
        np.testing.assert_allclose(x[chosen], np.linalg.lstsq(W[chosen].T, one, rcond=None)[0], atol=1e-9)


@pytest.mark.parametrize("denoiser", ["posterior_mean", "soft", "soft_non_negative"])
def test_soft_risk_and_the_evolution_by_samples(denoiser):
    """One step from v, for a million normal values: E (η(X + √v Z) - X)² within five standard errors."""
    n, m, k, alpha, rng = 1000, 256, 100, 1.2, np.random.default_rng(0)
    z, v = rng.normal(size=1_000_000), k / m
    theta = alpha * v**0.5

    def denoised(r):
        if denoiser == "posterior_mean":
            return 1 / (1 + (n - k) / k * np.exp((0.5 - r) / v))
        return np.maximum(r - theta, 0) if denoiser == "soft_non_negative" else r - np.clip(r, -theta, theta)

    absent, present = denoised(v**0.5 * z) ** 2, (denoised(1 + v**0.5 * z) - 1) ** 2
    sampled = ((n - k) * absent.mean() + k * present.mean()) / m
    error = np.hypot((n - k) * absent.std(), k * present.std()) / m / 1000
    threshold = None if denoiser == "posterior_mean" else alpha
    expected = message_passing_noise(n, m, k, 1, denoiser=denoiser, threshold=threshold)[1]
    assert abs(sampled - expected) < 5 * error
    control = message_passing_noise(n, m, k + 1, 1, denoiser=denoiser, threshold=threshold)[1]
    assert abs(sampled - control) > 5 * error


def test_the_evolution_has_the_axes_of_its_sizes():
    assert message_passing_noise([[1000], [2000]], 256, [10, 20, 30], 4).shape == (2, 3, 5)
    np.testing.assert_array_equal(message_passing_noise(100, 50, 0, 3), 0)
    assert np.isfinite(message_passing_noise(100, 50, [0, 1, 100], 50, denoiser="soft")).all()
    n, k, none, u = map(np.float64, (10, 2, 0, 3))
    assert _soft_risk(n, k, none, u, False) == pytest.approx(10), "no threshold, no denoising"
    with pytest.raises(InputError, match="n_steps must be at least 0; got -1"):
        message_passing_noise(10, 5, 1, -1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("denoiser", "k"), [("posterior_mean", 80), ("posterior_mean", 160), ("soft", 50), ("soft_non_negative", 70)]
)
def test_errors_follow_the_state_evolution(denoiser, k):
    """Squared error after each step is m v_t, within four standard errors over codes, and 4 % for finite n."""
    n, m, n_codes, steps = 2000, 512, 12, 6
    expected = m * message_passing_noise(n, m, 2 * k, steps, denoiser=denoiser)
    errors = np.zeros((n_codes, steps))
    for code in range(n_codes):
        x, h, W = drawn(n, m, 2 * k, 10, seed=code)
        for t in range(1, steps + 1):
            found = amp(h, W, n_active=2 * k, denoiser=denoiser, n_steps=t, tolerance=0.0)
            errors[code, t - 1] = np.square(found - x).sum(axis=1).mean()
    mean, spread = errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(n_codes)
    assert (np.abs(mean - expected[1:]) < 4 * spread + 0.04 * expected[1:]).all()
    control = m * message_passing_noise(n, m, 1.1 * 2 * k, steps, denoiser=denoiser)
    assert (np.abs(mean - control[1:]) > 4 * spread + 0.04 * expected[1:]).any()


def test_the_first_step_of_message_passing_is_the_one_shot_decoder():
    _, h, W = drawn(300, 100, 10, 20, seed=0)
    first = amp(h, W, n_active=10, n_steps=1)
    m, variance = 100, np.square(h).mean(axis=1)[:, np.newaxis]
    z = h @ W.T
    np.testing.assert_allclose(first, 1 / (1 + 29 * np.exp((0.5 - z) / variance)), rtol=1e-9)
    theta = 1.5 * np.sqrt(np.square(h).sum(axis=1) / m)[:, np.newaxis]
    one_sided = amp(h, W, denoiser="soft_non_negative", threshold=1.5, n_steps=1)
    np.testing.assert_allclose(one_sided, np.maximum(z - theta, 0), atol=1e-12)


@pytest.mark.parametrize("k", [173, 200])
def test_half_steps_settle_codes_that_plain_message_passing_does_not(k):
    """m near n at a few hundred features, far below the threshold: plain steps lose 3 to 6 of these samples."""
    for seed in range(3):
        x, h, W = drawn(500, 462, k, 10, seed=seed)
        assert np.abs(amp(h, W, denoiser="soft") - x).max() < 0.05


def test_message_passing_ends_on_a_code_for_which_it_is_not_made():
    """All directions nearly alike: steps run away, and the answer is still finite."""
    rng = np.random.default_rng(0)
    W = 1 + 0.1 * rng.normal(size=(100, 20))
    for denoiser in ("posterior_mean", "soft", "soft_non_negative"):
        assert np.isfinite(amp(W[:9], W, n_active=5, denoiser=denoiser)).all()
    with pytest.raises(InputError, match="denoiser must be one of 'posterior_mean', 'soft'"):
        amp(W, W, denoiser="hard")  # type: ignore[arg-type]


PUBLISHED = [  # exact recovery at n = 1000, m = 256: decoder, k, rate, number of samples
    ("threshold", 3, 0.99, 200), ("threshold", 4, 0.97, 200), ("threshold", 5, 0.81, 200), ("threshold", 6, 0.60, 200),
    ("threshold", 8, 0.11, 200),
    ("top_k", 8, 0.97, 200), ("top_k", 10, 0.76, 200), ("top_k", 12, 0.46, 200),
    ("top_k_pseudo_inverse", 9, 0.98, 200), ("top_k_pseudo_inverse", 12, 0.73, 200),
    ("omp", 20, 1.0, 40), ("omp", 30, 0.75, 40), ("omp", 40, 0.28, 40), ("omp", 50, 0.0, 40),
    ("iht", 40, 1.0, 30), ("iht", 50, 0.97, 30),
    ("fista", 62, 1.0, 8), ("fista", 68, 0.75, 8), ("fista", 75, 0.25, 8),
    ("amp_soft", 55, 0.95, 20), ("amp_soft", 62, 0.95, 20), ("amp_soft", 68, 0.55, 20), ("amp_soft", 75, 0.15, 20),
    ("fista_non_negative", 80, 1.0, 8), ("fista_non_negative", 90, 0.75, 8), ("fista_non_negative", 96, 0.25, 8),
    ("fista_non_negative", 105, 0.0, 8),
    ("amp_bayes", 90, 1.0, 30), ("amp_bayes", 100, 0.77, 30), ("amp_bayes", 105, 0.57, 30),
    ("amp_bayes", 110, 0.37, 30),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "k", "published", "n_published"), PUBLISHED)
def test_published_rates_of_exact_recovery(name, k, published, n_published):
    """Window: four standard errors of both, the pooled rate kept half a sample away from 0 and 1.

    Of eight published samples three standard errors, or nothing could fail.
    """
    n_codes, n_samples = 12, 10
    rates = np.zeros(n_codes)
    for code in range(n_codes):
        x, h, W = (array.astype(np.float32) for array in drawn(1000, 256, k, n_samples, seed=1000 * k + code))
        found = decode(name, h, W, n_active=k)
        rates[code] = ((found > 0.5) == (x > 0.5)).all(axis=1).mean()
    n = n_codes * n_samples
    pooled = np.clip((n * rates.mean() + n_published * published) / (n + n_published), 0.5 / n, 1 - 0.5 / n)
    n_errors = 4 if n_published > 8 else 3
    window = n_errors * np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n_published) + rates.var(ddof=1) / n_codes)
    assert abs(rates.mean() - published) < window
    assert window < max(published, 1 - published)


@pytest.mark.slow
def test_half_of_the_samples_are_recovered_at_the_predicted_loads():
    """Within 10 % of the limits for large n: below by that much most succeed, above most fail."""
    from tegum.theory import max_active_bayes, max_active_l1

    limits = {
        "fista": max_active_l1(1000, 256), "amp_soft": max_active_l1(1000, 256),
        "fista_non_negative": max_active_l1(1000, 256, non_negative=True),
        "amp_soft_non_negative": max_active_l1(1000, 256, non_negative=True),
        "amp_bayes": max_active_bayes(1000, 256),
    }  # fmt: skip
    for name, limit in limits.items():
        for share, most in ((0.9, True), (1.1, False)):
            k, hits = round(share * float(limit)), 0
            for code in range(8):
                x, h, W = (array.astype(np.float32) for array in drawn(1000, 256, k, 10, seed=code))
                hits += ((decode(name, h, W, n_active=k) > 0.5) == (x > 0.5)).all(axis=1).sum()
            assert (hits > 40) == most, f"{name} at k = {k}: {hits} of 80"


def test_a_sphere_has_rows_of_length_one():
    np.testing.assert_allclose(np.linalg.norm(sphere(np.random.default_rng(0), 5, 3), axis=1), 1)
