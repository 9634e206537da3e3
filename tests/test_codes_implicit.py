"""Rows made one by one: the same as those of the whole matrix, and as those of a plain version."""

import tracemalloc

import numpy as np
import pytest
from scipy.linalg import hadamard
from scipy.special import ndtri

from tegum.codes import CODES, ImplicitCode, make_code
from tegum.codes.quantile import normals
from tegum.ground import streams
from tegum.ground.errors import InputError, ShapeError

BY_ROW = [name for name, family in CODES.items() if family.by_row]
N, M = 64, 37


def words(family, n=N, m=M, *, seed=5, index=3):
    first, second = streams.feature_keys(streams.stream_key(seed, index, f"code {family}"), 0, n)
    return streams.words(first[:, None], second[:, None], np.arange(m))


def code(family, **options):
    return ImplicitCode(family, N, M, seed=5, index=3, **options)


@pytest.mark.parametrize("family", BY_ROW)
def test_rows_are_those_of_the_matrix_to_the_last_bit(family):
    W = make_code(family, N, M, seed=5, index=3)
    some = np.array([[63, 0, 17], [17, 1, 40]])
    assert (code(family).rows(some) == W[some]).all()
    assert all((code(family).rows(i) == W[i]).all() for i in (0, 31, 63))
    assert (code(family).rows(some, dtype=np.float32) == W[some].astype(np.float32)).all()


@pytest.mark.parametrize("family", ["sphere", "gauss", "rademacher", "sparse"])
def test_rows_do_not_depend_on_the_number_of_features(family):
    assert (make_code(family, 3 * N, M, seed=5, index=3)[:N] == make_code(family, N, M, seed=5, index=3)).all()


def test_code_a_is_the_same_alone_and_after_others():
    many = [make_code("sphere", 8, 3, index=a) for a in range(4)]
    assert (make_code("sphere", 8, 3, index=3) == many[3]).all()
    assert len({W.tobytes() for W in many}) == 4


def test_gauss_is_the_plain_version_to_the_last_bit():
    assert (make_code("gauss", N, M, seed=5, index=3) == 1 / np.sqrt(M) * normals(words("gauss"))).all()


def test_sphere_is_the_plain_version():
    plain = normals(words("sphere"))
    plain /= np.linalg.norm(plain, axis=1, keepdims=True)
    np.testing.assert_allclose(make_code("sphere", N, M, seed=5, index=3), plain, rtol=1e-14)


def test_rademacher_is_the_plain_version():
    columns = np.arange(M)
    bits = words("rademacher")[:, columns // 32] >> columns % 32 & 1
    assert (make_code("rademacher", N, M, seed=5, index=3) == (1 - 2 * bits) / np.sqrt(M)).all()


def test_sparse_is_the_plain_version():
    for row, drawn in zip(make_code("sparse", N, M, seed=5, index=3, n_ones=9), words("sparse"), strict=True):
        places = set()
        for top in range(M - 9, M):
            place = int(drawn[top]) * (top + 1) >> 32
            places.add(top if place in places else place)
        assert set(np.flatnonzero(row)) == places


def test_tight_has_columns_of_sylvesters_matrix():
    W = make_code("tight", 64, 20, seed=1) * np.sqrt(20)
    found = {tuple(column) for column in W.T.round().astype(int)}
    assert len(found) == 20
    assert found <= {tuple(column) for column in hadamard(64)}


def test_normal_quantile_against_scipy():
    # the ends of all pieces, and words in between
    magnitudes = np.concatenate([np.arange(2**12), 2 ** np.arange(12, 31), 2 ** np.arange(13, 32) - 1,
                                 np.random.default_rng(0).integers(0, 2**31, 200_000)])  # fmt: skip
    exact = -ndtri((2 * magnitudes + 1) / 2.0**33)
    np.testing.assert_allclose(normals(magnitudes), exact, atol=1.3e-8, rtol=0)
    assert (normals(magnitudes + 2**31) == -normals(magnitudes)).all()


@pytest.mark.parametrize("family", BY_ROW)
def test_reading_in_and_off_is_the_product_with_the_matrix(family, monkeypatch):
    monkeypatch.setattr("tegum.codes.implicit._ENTRIES_AT_ONCE", 5 * M)  # several blocks, the last one smaller
    monkeypatch.setattr("tegum.codes.implicit._ROUNDED_AT_ONCE", 2 * M)
    W = make_code(family, N, M, seed=5, index=3)
    rng = np.random.default_rng(1)
    supports, amplitudes = rng.integers(0, N, (2, 3, 4)), rng.standard_normal((2, 3, 4))
    x = np.zeros((2, 3, N))
    for place in np.ndindex(2, 3, 4):
        x[(*place[:2], supports[place])] += amplitudes[place]
    h = code(family).read_in(supports, amplitudes)
    np.testing.assert_allclose(h, x @ W, atol=1e-13)
    np.testing.assert_allclose(code(family).read_off(h), h @ W.T, atol=1e-13)
    np.testing.assert_allclose(code(family).read_off(h, [60, 2, 2]), h @ W[[60, 2, 2]].T, atol=1e-13)
    rounded = code(family).read_off(h.astype(np.float32))
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, h @ W.T, atol=1e-5)
    blocks = [(start, rows.copy()) for start, rows in code(family).blocks()]
    assert [start for start, _ in blocks] == list(range(0, N, 5))
    assert (np.concatenate([rows for _, rows in blocks]) == W).all()


def test_options_reach_the_rows():
    W = make_code("antipodal", N, M, seed=5, index=3, base="sparse", n_ones=2)
    assert (code("antipodal", base="sparse", n_ones=2).rows(np.arange(N)) == W).all()
    assert code("sparse").read_in([1, 2]).shape == (M,)


def test_memory_does_not_grow_with_the_number_of_features():
    def peak(n):
        big = ImplicitCode("rademacher", n, 256)
        tracemalloc.start()
        z = big.read_off(big.read_in([[1, n - 1]]))
        used = tracemalloc.get_traced_memory()[1] - z.nbytes
        tracemalloc.stop()
        return used

    assert peak(200_000) < 1.2 * peak(20_000) < 200_000 * 256  # bytes; the matrix has eight times as many


def test_far_rows_of_a_huge_code():
    n = 10_000_000
    rows = ImplicitCode("sphere", n, 4096).rows([0, n - 1, n // 2])
    assert np.abs(rows @ rows.T - np.eye(3)).max() < 6 / np.sqrt(4096)


def test_what_cannot_be_read_is_refused():
    with pytest.raises(InputError, match="between 0 and n_features - 1 = 63; got 0 to 64"):
        code("sphere").rows([0, 64])
    with pytest.raises(InputError, match="must be whole numbers; got dtype float64"):
        code("sphere").rows([0.0])
    with pytest.raises(ShapeError, match=r"expected \(\.\.\., n_hidden=37\)"):
        code("sphere").read_off(np.ones((37, 2)))
    with pytest.raises(ShapeError, match=r"amplitudes has shape \(3,\)"):
        code("sphere").read_in([1, 2], [1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="supports is a single number"):
        code("sphere").read_in(3)
    with pytest.raises(ShapeError, match=r"indices has shape \(1, 2\)"):
        code("sphere").read_off(np.ones(37), [[1, 2]])
    with pytest.raises(InputError, match="n_features a power of 2"):
        ImplicitCode("tight", 100, 20)
