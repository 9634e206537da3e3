"""Families of codes: what their rows are, against bounds, known arrangements and the law of random overlaps."""

import math

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom

from tegum.codes import CODES, ImplicitCode, equiangular_sizes, learned_code, load_code, make_code
from tegum.codes.hadamard import conference_matrix, hadamard_matrix
from tegum.codes.optimised import largest_cosine
from tegum.codes.tight import nearby_tight_frame
from tegum.geometry import overlap, recognise
from tegum.ground.errors import FileError, InputError, ShapeError
from tegum.measure import best_model, coherence, mean_square_overlap, signed_coherence
from tegum.theory import (
    coherence_bound,
    expected_coherence,
    overlap_tail,
    signed_coherence_bound,
    welch_bound,
)

MADE = [name for name in CODES if name not in ("learned", "file")]
SIZES = {"etf": (6, 3), "orthonormal": (4, 5), "optimised": (10, 5)}


def example(family, **options):
    return make_code(family, *SIZES.get(family, (32, 12)), **options)


@pytest.mark.parametrize("family", MADE)
def test_the_table_states_the_lengths_and_what_is_random(family):
    W = example(family)
    squares = (W**2).sum(axis=1)
    if CODES[family].lengths == "exactly 1" or family == "antipodal":  # whose base here is the sphere
        np.testing.assert_allclose(squares, 1, atol=1e-14)
    else:
        assert np.ptp(squares) > 0.1
    assert W.dtype == np.float64
    assert W.flags.c_contiguous
    assert np.array_equal(W, example(family))
    for other in ({"index": 1}, {"seed": 1}):
        assert np.array_equal(W, example(family, **other)) != CODES[family].random


def test_gauss_has_the_moments_of_the_normal_law():
    entries = make_code("gauss", 2000, 500).ravel() * np.sqrt(500)
    n = entries.size
    # five standard errors of the mean, the second, the third and the fourth moment
    for power, expected, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((entries**power).mean() - expected) < 5 * np.sqrt(variance / n)
    squares = (make_code("gauss", 4000, 50) ** 2).sum(axis=1)
    assert abs(squares.var() - 2 / 50) < 5 * (2 / 50) * np.sqrt((2 + 12 / 50) / 4000)


def test_control_the_windows_of_the_moments_notice_uniform_numbers():
    n = 10**6
    entries = np.random.default_rng(0).uniform(-np.sqrt(3), np.sqrt(3), n)
    assert abs((entries**4).mean() - 3) > 5 * np.sqrt(96 / n)


@pytest.mark.parametrize("family", ["sphere", "gauss", "rademacher"])
def test_mean_square_overlap_of_random_codes_is_one_over_m(family):
    n, m = 400, 30
    squares = [float(mean_square_overlap(make_code(family, n, m, index=a))) for a in range(5)]
    # pairs are uncorrelated; a squared cosine has variance of at most 2/m²
    window = 5 * np.sqrt(2 / m**2 / (5 * n * (n - 1) / 2))
    assert abs(np.mean(squares) - 1 / m) < window
    assert abs(welch_bound(n, m) ** 2 - 1 / m) > window  # control: that of a tight frame would be noticed


@pytest.mark.parametrize("family", ["sphere", "gauss", "rademacher"])
@pytest.mark.parametrize("cosine", [0.15, 0.31, 0.53])
def test_pairs_reach_a_cosine_as_often_as_the_law_says(family, cosine):
    n, m = 2000, 64
    n_pairs = n * (n - 1) // 2
    found = (np.abs(overlap(make_code(family, n, m, seed=2))[np.triu_indices(n, 1)]) >= cosine).sum()
    n_equal = math.ceil((1 + cosine) / 2 * m)  # signs that two rows share at least
    chance = 2 * binom.sf(n_equal - 1, m, 0.5) if family == "rademacher" else float(overlap_tail(cosine, m))
    # any two pairs are independent, so the count has the variance of a binomial one
    assert abs(found - n_pairs * chance) < 5 * np.sqrt(n_pairs * chance)
    other = float(overlap_tail(cosine, 1.3 * m))
    assert abs(found - n_pairs * other) > 5 * np.sqrt(n_pairs * other)  # control


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m", "n_codes"), [(20, 5, 400), (100, 100, 100), (400, 30, 40)])
def test_coherence_of_sphere_codes_is_the_poisson_prediction(n, m, n_codes):
    found = [float(coherence(make_code("sphere", n, m, seed=1, index=a))) for a in range(n_codes)]
    error = np.std(found, ddof=1) / np.sqrt(n_codes)
    predicted = float(expected_coherence(n, m))
    assert abs(np.mean(found) - predicted) < 0.03 * predicted + 4 * error
    assert abs(np.mean(found) - expected_coherence(n, 1.3 * m)) > 0.03 * predicted + 4 * error  # control
    one_sided = [float(signed_coherence(make_code("sphere", n, m, seed=1, index=a))) for a in range(n_codes)]
    predicted = float(expected_coherence(n, m, one_sided=True))
    assert abs(np.mean(one_sided) - predicted) < 0.03 * predicted + 4 * error


def test_sparse_rows_have_distinct_equal_ones_everywhere():
    n, m, ones = 6000, 10, 3
    W = make_code("sparse", n, m, n_ones=ones)
    assert ((W > 0).sum(axis=1) == ones).all()
    np.testing.assert_allclose(W[W > 0], 1 / np.sqrt(ones))
    share = ones / m
    assert (np.abs((W > 0).mean(axis=0) - share) < 5 * np.sqrt(share * (1 - share) / n)).all()
    pairs = {tuple(np.flatnonzero(row)) for row in W}
    assert len(pairs) == 120  # all (10 choose 3), each expected 50 times
    assert (make_code("sparse", 3, 100) > 0).sum(axis=1).tolist() == [10, 10, 10]


@pytest.mark.parametrize(
    ("n", "m", "method"),
    [(64, 16, "auto"), (64, 5, "auto"), (12, 5, "hadamard"), (1024, 512, "auto"), (100, 100, "auto")]
    + [(n, m, "projection") for n, m in [(1, 1), (3, 2), (6, 3), (21, 20), (20, 20), (101, 40), (64, 16)]],
)
def test_tight_frames_are_tight_and_attain_the_least_mean(n, m, method):
    W = make_code("tight", n, m, method=method)
    np.testing.assert_allclose(W.T @ W, n / m * np.eye(m), atol=1e-12)
    np.testing.assert_allclose((W**2).sum(axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(mean_square_overlap(W), welch_bound(n, m) ** 2, atol=1e-12)
    np.testing.assert_allclose(((W @ W.T) ** 2).sum(), n**2 / m, rtol=1e-12)
    if method != "hadamard" and n > 3:  # five columns cannot tell twelve rows apart, so "auto" does not take them
        assert coherence(W) < 1 - 1e-9


def test_no_family_has_a_frame_potential_below_the_bound():
    for family in MADE:
        W = example(family)
        n, m = W.shape
        if CODES[family].lengths == "exactly 1":
            assert ((W @ W.T) ** 2).sum() >= max(n, n**2 / m) * (1 - 1e-13)
    potential = ((example("sphere") @ example("sphere").T) ** 2).sum()
    assert potential > 1.1 * 32**2 / 12  # control: random codes are well above it


def test_a_tight_frame_stays_as_it_is_and_a_near_one_comes_nearer():
    frame = make_code("tight", 30, 7, method="projection")
    np.testing.assert_allclose(nearby_tight_frame(frame), frame, atol=1e-13)
    shaken = frame + 1e-3 * make_code("gauss", 30, 7)
    assert np.abs(nearby_tight_frame(shaken) - frame).max() < 4e-3


@pytest.mark.parametrize("m", [1, 2, 3, 5, 6, 7, 9, 10, 13, 21, 25, 28, 36, 66])
def test_every_listed_equiangular_frame_attains_welchs_bound(m):
    for n in equiangular_sizes(m):
        W = make_code("etf", n, m)
        others = np.abs(W @ W.T)[~np.eye(n, dtype=bool)]
        np.testing.assert_allclose(others, welch_bound(n, m), atol=1e-12)
        np.testing.assert_allclose(W.T @ W, n / m * np.eye(m), atol=1e-12)
        assert n <= m * (m + 1) / 2 or m == 1


def test_known_frames():
    assert equiangular_sizes(3) == (4, 6)
    assert {28, 14} <= set(equiangular_sizes(7))
    assert 16 in equiangular_sizes(6)
    assert 10 in equiangular_sizes(5)  # of the field of nine elements
    W = make_code("etf", 6, 3)
    assert recognise(np.concatenate([W, -W])).counts == {"icosahedron": 1}


def test_hadamard_and_conference_matrices():
    missing = []
    for order in range(1, 130):
        H = hadamard_matrix(order)
        if H is None:
            missing += [order] if order % 4 == 0 else []
        else:
            assert (np.abs(H) == 1).all()
            assert np.array_equal(H @ H.T, order * np.eye(order))
    assert missing == [92, 116]
    orders = [n for n in range(1, 60) if conference_matrix(n) is not None]
    assert orders == [6, 10, 14, 18, 26, 30, 38, 42, 50, 54]  # one more than 5, 9, 13, 17, 25, 29, 37, 41, 49, 53
    for n in orders:
        C = conference_matrix(n)
        assert np.array_equal(C @ C.T, (n - 1) * np.eye(n))
        assert np.array_equal(C, C.T)


@pytest.mark.parametrize("base", ["sphere", "gauss", "sparse", "tight", "etf", "orthonormal"])
def test_antipodal_of_any_family(base):
    half, m = (6, 3) if base == "etf" else (4, 8) if base == "orthonormal" else (16, 8)
    options = {"n_ones": 2} if base == "sparse" else {}
    W = make_code("antipodal", 2 * half, m, base=base, seed=3, index=2, **options)
    assert (W[half:] == -W[:half]).all()
    assert (W[:half] == make_code(base, half, m, seed=3, index=2, **options)).all()
    np.testing.assert_allclose(np.diag(overlap(W), half), -1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "m", "one_sided", "known"),
    [
        (6, 3, False, 5**-0.5),
        (5, 2, False, np.cos(np.pi / 5)),
        (16, 6, False, 1 / 3),
        (28, 7, False, 1 / 3),
        (6, 5, True, -1 / 5),
        (7, 5, True, 0.0),
        (8, 4, True, 0.0),
        (12, 3, True, 5**-0.5),
        (20, 5, False, None),
        (40, 8, True, None),
    ],
)
def test_optimised_codes_beat_random_ones_and_no_bound(n, m, one_sided, known):
    W = make_code("optimised", n, m, one_sided=one_sided)
    measure, bound = (signed_coherence, signed_coherence_bound) if one_sided else (coherence, coherence_bound)
    found, random = float(measure(W)), [float(measure(make_code("sphere", n, m, index=a))) for a in range(50)]
    assert found < min(random) - 0.05
    assert found >= bound(n, m) - 1e-12
    if known is not None:
        assert abs(found - known) < 1e-5


def test_more_starts_are_never_worse():
    found = [largest_cosine(make_code("optimised", 24, 4, one_sided=True, n_starts=k), one_sided=True) for k in (1, 3)]
    assert found[1] <= found[0]


def test_learned_takes_the_lowest_loss(trained):
    cell = trained.isel({dim: 0 for dim in trained["W"].dims if dim not in ("model", "feature", "hidden")})
    best = int(best_model(cell))
    W = learned_code(cell)
    n, m = W.shape
    assert np.array_equal(W, cell["W"].isel(model=best).values)
    assert (make_code("learned", n, m, dataset=cell, index=1) == cell["W"].isel(model=1 - best).values).all()
    np.testing.assert_allclose(np.linalg.norm(learned_code(cell, unit=True), axis=1), 1, atol=1e-14)
    with pytest.raises(ShapeError, match="several cells along"):
        learned_code(trained)
    with pytest.raises(ShapeError, match=f"has {n} features in {m} dimensions, expected 9 in 2"):
        make_code("learned", 9, 2, dataset=cell)


def test_learned_leaves_diverged_models_to_the_end():
    W = np.arange(3.0)[:, None, None] + np.ones((3, 2, 1))
    dataset = xr.Dataset({"W": (("model", "feature", "hidden"), W), "loss": ("model", [np.nan, 2.0, 1.0])})
    assert [learned_code(dataset, index=k)[0, 0] for k in range(3)] == [3, 2, 1]
    with pytest.raises(InputError, match="between 0 and 2, as there are 3 models; got 3"):
        learned_code(dataset, index=3)
    with pytest.raises(InputError, match="no loss"):
        learned_code(dataset.drop_vars("loss"))


def test_files_give_back_what_was_written(tmp_path):
    from safetensors.numpy import save_file

    W = make_code("gauss", 2 * 5, 3).reshape(2, 5, 3)
    np.save(tmp_path / "a.npy", W)
    np.savez(tmp_path / "a.npz", W=W, bias=np.zeros(5))
    save_file({"W_dec": W}, tmp_path / "a.safetensors")
    for name in ("a.npy", "a.npz", "a.safetensors"):
        assert (make_code("file", 5, 3, path=tmp_path / name, index=1) == W[1]).all()
    assert (load_code(tmp_path / "a.safetensors", name="W_dec") == W[0]).all()
    with pytest.raises(InputError, match=r"no array 'W'; it has W_dec\. Pass name"):
        load_code(tmp_path / "a.safetensors", name="W")
    np.savez(tmp_path / "two.npz", A=W, B=W)
    with pytest.raises(InputError, match="which array is meant is not said; it has A, B"):
        load_code(tmp_path / "two.npz")
    with pytest.raises(InputError, match="index must lie between 0 and 1"):
        load_code(tmp_path / "a.npy", index=2)


def test_damaged_and_foreign_files_are_refused(tmp_path):
    for ending in (".npy", ".npz", ".safetensors"):
        (tmp_path / f"a{ending}").write_bytes(b"nonsense")
        with pytest.raises(FileError, match=f"is not a whole {ending[1:]} file"):
            load_code(tmp_path / f"a{ending}")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and no more")  # which numpy opens as an archive, and leaves open
    with pytest.raises(FileError, match=r"cut.npz is not a whole npz file"):
        load_code(tmp_path / "cut.npz")
    with pytest.raises(FileError, match=r"ending '.txt', expected .safetensors, .npy, .npz"):
        load_code(tmp_path / "a.txt")
    with pytest.raises(FileError, match="there is no file"):
        load_code(tmp_path / "b.npy")
    np.save(tmp_path / "object.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(FileError, match="Object arrays cannot be loaded"):
        load_code(tmp_path / "object.npy")
    np.save(tmp_path / "line.npy", np.ones(3))
    with pytest.raises(ShapeError, match=r"\(3,\), expected"):
        load_code(tmp_path / "line.npy")


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (("spheres", 4, 2), {}, "no family of codes 'spheres'; expected one of sphere, gauss"),
        (("sphere", 0, 2), {}, "n_features must be at least 1; got 0"),
        (("sphere", 4, 2.0), {}, r"n_hidden must be a whole number; got 2\.0"),
        (("sphere", 2**33, 2), {}, r"at most 2\^32"),
        (("sphere", 4, 2), {"index": -1}, "index must be at least 0"),
        (("sphere", 4, 2), {"n_ones": 1}, "'sphere' have no option 'n_ones'; it has no options"),
        (("sparse", 4, 2), {"ones": 1}, "no option 'ones'; its options are n_ones"),
        (("sparse", 4, 2), {"n_ones": 3}, "between 1 and n_hidden = 2; got 3"),
        (("tight", 3, 4), {}, "needs n_features >= n_hidden; got 3 features in 4"),
        (("tight", 4, 3), {"method": "magic"}, "method must be one of auto, hadamard, projection"),
        (("tight", 92, 30), {"method": "hadamard"}, "no Hadamard matrix of order n_features = 92"),
        (("etf", 7, 3), {}, "in 3 dimensions there are those of 4, 6 features"),
        (("antipodal", 5, 3), {}, "must be even; got 5"),
        (("antipodal", 6, 3), {"base": "sparse", "ones": 2}, "no option 'ones'"),
        (("orthonormal", 5, 3), {}, "at most n_hidden = 3 features can be orthonormal"),
        (("optimised", 5, 3), {"n_starts": 0}, "n_starts must be at least 1"),
        (("learned", 5, 3), {}, "need the option dataset"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments, options, words):
    with pytest.raises(InputError, match=words):
        make_code(*arguments, **options)


def test_by_row_says_what_an_implicit_code_takes():
    for family in MADE:
        size = (32, 12) if CODES[family].by_row else SIZES.get(family, (32, 12))
        if CODES[family].by_row:
            assert ImplicitCode(family, *size).n_features == 32
        else:
            with pytest.raises(InputError, match="cannot be made one by one"):
                ImplicitCode(family, *size)
