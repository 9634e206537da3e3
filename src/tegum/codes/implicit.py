"""A code whose rows are made when they are needed and then forgotten."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tegum.codes.checks import check_sizes
from tegum.codes.rows import fill_of
from tegum.ground.arrays import ArrayLike, Real, as_real
from tegum.ground.errors import InputError, ShapeError

_ENTRIES_AT_ONCE = 2**20
"""Entries in memory at one time, 8 MiB of them: enough for each product with them to be worth a call."""
_ROUNDED_AT_ONCE = 2**18
"""Entries that wait in float64 to be rounded, 2 MiB of them: they stay in the cache."""


class ImplicitCode:
    """Directions of features without the matrix: rows are made from the seed whenever they are needed.

    The rows are those of `make_code` with the same arguments, to the last bit. Memory does not grow with n_features.
    One thread makes an entry in 0.6 ns or less (rademacher, sparse, tight) or in 3 ns (sphere, gauss): with 4096
    dimensions, 400 000 or 80 000 rows per second.

    Args:
        family: sphere, gauss, rademacher, sparse, tight (n_features a power of 2) or antipodal.
        n_features: number of rows n, at most 2^32.
        n_hidden: dimension m.
        seed: of all codes of a study.
        index: number of the code. Codes of different numbers are independent.
        options: of the family, as for `make_code`.

    Attributes:
        n_features: n.
        n_hidden: m.

    Raises:
        InputError: a family whose rows cannot be made one by one, or what `make_code` refuses.

    Example: ten million directions in 4096 dimensions would be a matrix of 330 GB.
        >>> code = ImplicitCode("sphere", 10_000_000, 4096, seed=1)
        >>> h = code.read_in([17, 9_999_999])
        >>> code.read_off(h, [17, 18, 9_999_999]).round(2)
        array([0.99, 0.01, 0.99])
    """

    def __init__(
        self, family: str, n_features: int, n_hidden: int, *, seed: int = 0, index: int = 0, **options: Any
    ) -> None:
        check_sizes(n_features, n_hidden, seed, index)
        self.n_features, self.n_hidden = n_features, n_hidden
        self._fill = fill_of(family, n_features, n_hidden, seed, index, options)

    def rows(self, indices: ArrayLike, *, dtype: DTypeLike = np.float64) -> np.ndarray:
        """Rows of the given features.

        Args:
            indices: (...), whole numbers from 0 to n_features - 1, in any order, also several times.
            dtype: float64, or float32: the same numbers, rounded.

        Returns:
            (..., n_hidden).

        Raises:
            InputError: an index that is no whole number or out of range.
        """
        features = self._features(indices)
        rows = np.empty((features.size, self.n_hidden), dtype)
        for part in _parts(features.size, self._n_rows_at_once):
            self._fill_into(features.reshape(-1)[part], rows[part])
        return rows.reshape(*features.shape, self.n_hidden)

    def blocks(self, *, dtype: DTypeLike = np.float64) -> Iterator[tuple[int, np.ndarray]]:
        """All rows in order, a block at a time, in one buffer that is filled again for each.

        Args:
            dtype: as for `rows`.

        Yields:
            The first feature of the block, and its rows (n_rows, n_hidden); use them before the next.
        """
        buffer = np.empty((self._n_rows_at_once, self.n_hidden), dtype)
        for part in _parts(self.n_features, self._n_rows_at_once):
            rows = buffer[: part.stop - part.start]
            self._fill_into(np.arange(part.start, part.stop), rows)
            yield part.start, rows

    def read_in(self, supports: ArrayLike, amplitudes: ArrayLike = 1.0) -> Real:
        """Hidden vectors of sparse inputs, h = Σ over active features of amplitude times row.

        Args:
            supports: (..., n_active), the active features of each input. A feature that occurs twice counts twice;
                pad short supports with amplitude 0.
            amplitudes: their values, any shape that broadcasts to that of `supports`.

        Returns:
            (..., n_hidden).

        Raises:
            InputError: an index that is no whole number or out of range.
            ShapeError: the amplitudes do not broadcast to the supports, or supports is a single number.
        """
        features, values = self._features(supports), as_real(amplitudes, "amplitudes")
        if features.ndim == 0:
            raise ShapeError("supports is a single number, expected (..., n_active); pass [feature] for one of them.")
        try:
            values = np.broadcast_to(values, features.shape)
        except ValueError:
            raise ShapeError(
                f"amplitudes has shape {values.shape}, expected one that broadcasts to that of supports,"
                f" {features.shape}; pass a value for each active feature, or one for all."
            ) from None
        n_active = features.shape[-1]
        flat, flat_values = features.reshape(-1, n_active), values.reshape(-1, 1, n_active)
        hidden = np.zeros((len(flat), self.n_hidden))
        for part in _parts(len(flat), max(1, self._n_rows_at_once // max(n_active, 1))):
            hidden[part] = (flat_values[part] @ self.rows(flat[part]))[:, 0]
        return hidden.reshape(*features.shape[:-1], self.n_hidden)

    def read_off(self, hidden: np.ndarray, indices: ArrayLike | None = None) -> np.ndarray:
        """Inner products of hidden vectors with rows, z = h Wᵀ.

        Args:
            hidden: (..., n_hidden); with float32 the products are made in float32, at twice the speed.
            indices: (n_read,), features to read; all of them, in order, if None.

        Returns:
            (..., n_read), dtype of `hidden`. Where that is too large, go over `blocks`.

        Raises:
            ShapeError: the last axis of `hidden` is not n_hidden, or `indices` has not one axis.
            InputError: an index that is no whole number or out of range.
        """
        h = np.asarray(hidden)
        h = h if h.dtype == np.float32 else as_real(h, "hidden")
        if h.ndim == 0 or h.shape[-1] != self.n_hidden:
            raise ShapeError(f"hidden has shape {h.shape}, expected (..., n_hidden={self.n_hidden}); turn it: hidden.T")
        features = None if indices is None else self._features(indices)
        if features is not None and features.ndim != 1:
            raise ShapeError(f"indices has shape {features.shape}, expected (n_read,); flatten it: indices.ravel()")
        flat = h.reshape(-1, self.n_hidden)
        read = np.empty((len(flat), self.n_features if features is None else features.size), h.dtype)
        blocks = self.blocks(dtype=h.dtype) if features is None else self._chosen(features, h.dtype)
        for start, rows in blocks:
            read[:, start : start + len(rows)] = flat @ rows.T
        return read.reshape(*h.shape[:-1], read.shape[-1])

    @property
    def _n_rows_at_once(self) -> int:
        return max(1, _ENTRIES_AT_ONCE // self.n_hidden)

    def _chosen(self, features: np.ndarray, dtype: DTypeLike) -> Iterator[tuple[int, np.ndarray]]:
        for part in _parts(features.size, self._n_rows_at_once):
            yield part.start, self.rows(features[part], dtype=dtype)

    def _fill_into(self, features: np.ndarray, rows: np.ndarray) -> None:
        if rows.dtype == np.float64:
            self._fill(features, rows)
        else:
            step = max(1, _ROUNDED_AT_ONCE // self.n_hidden)
            exact = np.empty((min(step, len(rows)), self.n_hidden))
            for part in _parts(len(rows), step):
                waiting = exact[: part.stop - part.start]
                self._fill(features[part], waiting)
                rows[part] = waiting

    def _features(self, indices: ArrayLike) -> np.ndarray:
        features = np.asarray(indices)
        if features.size == 0:
            return features.astype(np.int64)
        if features.dtype.kind not in "iu":
            raise InputError(f"features must be whole numbers; got dtype {features.dtype}. Convert: x.astype(int).")
        if features.min() < 0 or features.max() >= self.n_features:
            raise InputError(
                f"features must lie between 0 and n_features - 1 = {self.n_features - 1}; got {features.min()} to"
                f" {features.max()}. They are counted from 0."
            )
        return features.astype(np.int64)


def _parts(n: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, n)) for start in range(0, n, step))
