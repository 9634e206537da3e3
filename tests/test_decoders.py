"""Decoders: the table, the risks of one-shot decoders, recovery by iterative ones, and what both refuse."""

import numpy as np
import pytest
from signals import drawn, sphere

from tegum.decoders import DECODERS, decode, posterior_mean, shifted_relu, threshold, top_k
from tegum.decoders.belt import decode_on_belt, n_rows
from tegum.ground.errors import InputError, ShapeError
from tegum.theory import RISKS, best_threshold, map_threshold

NAMES = list(DECODERS)


@pytest.mark.parametrize("name", NAMES)
def test_every_decoder_finds_few_features_of_a_wide_code(name):
    x, h, W = drawn(n=60, m=400, k=3, n_samples=25, seed=1)
    found = decode(name, h, W, n_active=3)
    assert found.shape == x.shape
    if DECODERS[name].gives == "support":
        np.testing.assert_array_equal(np.unique(found), [0, 1])
    if name != "scaled_linear" and "pseudo" not in name:  # the others shrink
        np.testing.assert_array_equal(found > 0.5, x > 0.5)
    order = np.argsort(-found, axis=1)[:, :3]
    assert np.take_along_axis(x, order, axis=1).min() == 1


@pytest.mark.parametrize("name", NAMES)
def test_precision_follows_the_input(name):
    x, h, W = drawn(n=80, m=60, k=3, n_samples=40, seed=2)
    exact, single = (decode(name, h.astype(t), W.astype(t), n_active=3) for t in (np.float64, np.float32))
    assert (exact.dtype, single.dtype) == (np.float64, np.float32)
    if DECODERS[name].gives == "support":
        assert (exact != single).mean() < 1e-3
    else:
        assert np.quantile(np.abs(exact - single), 0.99) < 2e-3
    if not DECODERS[name].iterative:
        assert np.array_equal(single, decode(name, h.astype(np.float32), W.astype(np.float32), n_active=3))
    assert x.sum() == 120


@pytest.mark.parametrize("name", NAMES)
def test_samples_do_not_see_each_other(name):
    """One by one, and in a batch longer than the working set of the belt, give the same but for rounding."""
    _, h, W = drawn(n=1200, m=60, k=4, n_samples=n_rows(1200) + 40, seed=3)
    options = {"n_steps": 50} if name == "ista" else {}  # it would take thousands
    together = decode(name, h, W, n_active=4, **options)
    picks = [0, 17, len(h) - 1]
    alone = np.concatenate([decode(name, h[i : i + 1], W, n_active=4, **options) for i in picks])
    np.testing.assert_allclose(together[picks], alone, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_edges(name):
    W = sphere(np.random.default_rng(0), 12, 5)
    assert decode(name, np.zeros((0, 5)), W, n_active=2).shape == (0, 12)
    nothing = decode(name, np.zeros((2, 5)), W, n_active=0)
    assert np.abs(nothing).max() == 0, "nothing is active, and nothing is found"
    for k in (1, 12):
        found = decode(name, W[:k].sum(axis=0)[np.newaxis], W, n_active=k)
        assert np.isfinite(found).all()
    assert np.isfinite(decode(name, W.sum(axis=0)[np.newaxis], W, feature_probability=1.0)).all()
    assert np.isfinite(decode(name, W[:1], W, feature_probability=0.01)).all()
    assert np.isfinite(decode(name, [[1.0]], [[1.0]], n_active=1)).all()
    assert np.isfinite(decode(name, [[1.0, 1.0]], np.zeros((3, 2)), n_active=1)).all(), "a code of zeros"


def test_the_table_says_who_must_know_the_load():
    _, h, W = drawn(n=20, m=10, k=2, n_samples=3, seed=4)
    for name, decoder in DECODERS.items():
        if decoder.needs_load:
            with pytest.raises(InputError, match=r"must know how many features are active.*got neither"):
                decode(name, h, W)
            with pytest.raises(InputError, match="got both"):
                decode(name, h, W, n_active=2, feature_probability=0.1)
        else:
            np.testing.assert_array_equal(decode(name, h, W), decode(name, h, W, n_active=2))
        assert decoder.risk is None or decoder.risk in RISKS
    assert {d.risk for d in DECODERS.values() if d.risk} == set(RISKS) - {"zero", "constant"}


def test_binary_decoders_are_those_that_need_features_of_one():
    """Amplitude 3 changes what a decoder gives by more than the factor 3 exactly if it is marked binary."""
    _, h, W = drawn(n=100, m=50, k=3, n_samples=20, seed=5)
    for name, decoder in DECODERS.items():
        options = {"penalty": 0.0, "n_steps": 30} if "ista" in name else {}
        once, thrice = decode(name, h, W, n_active=3, **options), decode(name, 3 * h, W, n_active=3, **options)
        scale = 1 if decoder.gives == "support" else 3
        assert np.allclose(thrice, scale * once, atol=1e-6) != decoder.binary, name


N, M, K = 1000, 256, 8


def losses(n_codes: int, n_samples: int) -> dict[str, np.ndarray]:
    """Mean loss of every decoder with a known risk, code by code."""
    found = {name: np.zeros(n_codes) for name, decoder in DECODERS.items() if decoder.risk}
    for code in range(n_codes):
        x, h, W = drawn(N, M, K, n_samples, seed=code)
        for name, values in found.items():
            values[code] = np.square(decode(name, h, W, n_active=K) - x).sum(axis=1).mean()
    return found


@pytest.mark.slow
def test_sampled_losses_are_the_risks():
    """Window: four standard errors over codes, and what the normal law is known to miss where it is assumed (3 %)."""
    for name, values in losses(n_codes=24, n_samples=250).items():
        risk = RISKS[str(DECODERS[name].risk)]
        expected, control = float(risk.risk(N, M, K)), float(risk.risk(N, M, K + 1))
        window = 4 * values.std(ddof=1) / np.sqrt(len(values)) + (0 if risk.exact else 0.03 * expected)
        assert abs(values.mean() - expected) < window, name
        assert abs(values.mean() - control) > window, f"{name}: the control, one active feature more"


def test_levels_and_parameters_by_name_are_those_of_the_theory():
    x, h, W = drawn(N, M, K, 40, seed=9)
    for name, level in (("map", map_threshold(N, M, K)), ("best", best_threshold(N, M, K)), ("half", 0.5)):
        by_name, by_number = threshold(h, W, n_active=K, level=name), threshold(h, W, level=float(level))
        np.testing.assert_array_equal(by_name, by_number)
    p = K / N
    variance = (N - 1) * p / M
    level = 0.5 + variance * np.log((1 - p) / p)
    for name in ("map", "best"):  # independent features: read-outs of active ones are as noisy
        np.testing.assert_array_equal(threshold(h, W, feature_probability=p, level=name), h @ W.T > level)
    chance = posterior_mean(h, W, feature_probability=p)
    np.testing.assert_array_equal(chance > 0.5, h @ W.T > level)
    best = np.square(shifted_relu(h, W, n_active=K) - x).sum()
    assert best < np.square(shifted_relu(h, W, n_active=K, gain=1) - x).sum()
    np.testing.assert_allclose(shifted_relu(h, W, shift=0.2, gain=-2.0), -2 * (h @ W.T - 0.2).clip(0), atol=1e-12)


def test_pseudo_inverse_is_numpy_s():
    for n, m in ((30, 12), (12, 30), (20, 20)):
        W = np.random.default_rng(n).normal(size=(n, m))
        if n == 30:
            W[:, 3] = W[:, 4] - 2 * W[:, 5]  # rank m - 1
        h = np.random.default_rng(1).normal(size=(5, m))
        np.testing.assert_allclose(decode("pseudo_inverse", h, W), h @ np.linalg.pinv(W), atol=1e-10)


def test_top_k_takes_the_largest():
    x, h, W = drawn(300, 100, 5, 30, seed=6)
    found = top_k(h, W, feature_probability=5 / 300)
    assert (found.sum(axis=1) == 5).all()
    z = h @ W.T
    assert (np.where(found == 1, z, np.inf).min(axis=1) >= np.where(found == 0, z, -np.inf).max(axis=1)).all()
    better = top_k(h, W, n_active=5, read_out="pseudo_inverse")
    assert (better == x).all(axis=1).mean() >= (found == x).all(axis=1).mean()


def test_the_belt_keeps_samples_apart_and_in_order():
    """Sample i is done after i % 7 + 1 steps; its result is its own hidden vector times the steps it took."""

    def begin(h):
        return [np.zeros((len(h), 3)), h.copy(), np.zeros(len(h), int)]

    def advance(state):
        x, h, steps = state
        return [x + h, h, steps + 1], steps + 1 > h[:, 0] % 7

    class Triple(tuple):
        def __new__(cls, *parts):
            return super().__new__(cls, parts)

    def stepped(state):
        after, done = advance(state)
        return Triple(*after), done

    h = np.repeat(np.arange(3000.0)[:, np.newaxis], 3, axis=1)
    x = decode_on_belt(h, 3, lambda h: Triple(*begin(h)), stepped)
    np.testing.assert_array_equal(x, h * (h % 7 + 1))


W3 = np.eye(3)


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (InputError, lambda: decode("magic", W3, W3), "no decoder 'magic'; expected one of linear, scaled_linear"),
        (
            InputError,
            lambda: decode("fista", W3, W3, level=1),
            "'fista' does not take 'level'; its options are n_steps",
        ),
        (InputError, lambda: decode("amp_soft", W3, W3, denoiser="soft"), "denoiser makes it what it is"),
        (InputError, lambda: decode("omp", W3, W3, level=1), "'omp' does not take 'level'; it has no options"),
        (ShapeError, lambda: decode("linear", W3[0], W3), r"For a single sample pass h\[np.newaxis\]"),
        (ShapeError, lambda: decode("linear", np.ones((2, 5)), np.ones((5, 4))), "The axes of W look swapped"),
        (ShapeError, lambda: decode("linear", np.ones((4, 2)), np.ones((5, 4))), "The axes of h look swapped"),
        (ShapeError, lambda: decode("linear", np.ones((4, 2)), np.ones((5, 3))), "as x @ W"),
        (ShapeError, lambda: decode("linear", W3, np.ones((2, 3, 3))), "model by model"),
        (InputError, lambda: decode("linear", [[np.nan, 0, 0]], W3), "h must be finite"),
        (InputError, lambda: decode("omp", W3, W3, n_active=4), "between 0 and n_features = 3; got 4"),
        (InputError, lambda: decode("omp", W3, W3, n_active=1.5), "must be a whole number for omp; got 1.5"),
        (InputError, lambda: decode("amp_bayes", W3, W3, feature_probability=1.2), r"lie in \[0, 1\]; got 1.2"),
        (InputError, lambda: threshold(W3, W3, n_active=1, level="mpa"), "'half', 'map' or 'best'; got 'mpa'"),
        (InputError, lambda: shifted_relu(W3, W3, n_active=1, shift=0.3), "do not go together"),
        (InputError, lambda: top_k(W3, W3, n_active=1, read_out="x"), "'matched' or 'pseudo_inverse'; got 'x'"),
        (InputError, lambda: decode("fista", W3, W3, penalty=-1), "penalty must be at least 0; got -1"),
    ],
)
def test_messages(error, call, words):
    with pytest.raises(error, match=words):
        call()
