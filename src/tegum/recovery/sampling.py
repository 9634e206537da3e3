"""Samples of one case: codes, supports, and what a decoder makes of them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from tegum.ground.streams import generator
from tegum.ground.threads import n_processors
from tegum.recovery.spec import Case

_ACTIVE = 0.5  # a feature is read as active if its decoded value is above
_MATRIX_ENTRIES = 2**26  # a larger code, 512 MiB and up, is made block by block if the decoder allows it
_ENTRIES_AT_ONCE = 2**27  # of all matrices that are in memory side by side
_WORTH_A_THREAD = 2**18  # entries of a code; with less, threads wait for the interpreter lock more than they gain
_BY_ROW = ("threshold", "map_threshold", "best_threshold")  # decoders that look at one feature at a time


class CodeCounts(NamedTuple):
    """What was counted in the samples of one code.

    Args:
        hits: samples whose active features were all found, and no other.
        missed: active features that were not found, over all samples.
        invented: inactive features that were read as active, over all samples.
        squared_error: Σ (x' - x)² over features and samples.
    """

    hits: int
    missed: int
    invented: int
    squared_error: float


def sample_codes(
    case: Case,
    codes: Sequence[int],
    n_samples: int,
    tell: Callable[[], object] = lambda: None,
    *,
    n_threads: int | None = None,
) -> list[CodeCounts]:
    """Decode samples of some codes.

    Everything is addressed: code 7 and its samples are the same, whichever codes were sampled before or beside it.

    Args:
        case: sizes, code, decoder and seed.
        codes: numbers of the codes. A family that has only one code gives fresh samples of it.
        n_samples: inputs for each code.
        tell: called after each code; may raise to stop.
        n_threads: codes that are decoded side by side; one on each processor if None. It changes no number.

    Returns:
        One entry per code.

    Raises:
        InputError: as `make_code` and `decode`.

    Example:
        >>> case = Case(n_features=100, n_hidden=50, n_active=2, code="sphere", decoder="top_k")
        >>> sample_codes(case, [6, 7], 4)[1] == sample_codes(case, [7], 4)[0]
        True
    """
    from tegum.codes import CODES

    only = None if CODES[case.code].random else _matrix(case, 0)  # made once, as it may take long
    stopped = threading.Event()

    def counts_of(code: int) -> CodeCounts:
        return _counts(case, code, n_samples, only, stopped)

    counts = []
    with ThreadPoolExecutor(_n_threads(case, len(codes), n_threads)) as pool:
        under_way = [pool.submit(counts_of, code) for code in codes]
        try:
            for each in under_way:
                counts.append(each.result())
                tell()
        except BaseException:  # an interrupt should not wait for what nobody wants any more
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return counts


def _n_threads(case: Case, n_codes: int, most: int | None) -> int:
    n_entries = case.n_features * case.n_hidden
    if n_entries < _WORTH_A_THREAD:
        return 1
    in_memory = n_codes if _by_row(case) else max(1, _ENTRIES_AT_ONCE // n_entries)
    return max(1, min(n_codes, in_memory, most or n_processors()))


def supports_of(case: Case, code: int, n_samples: int) -> np.ndarray:
    """Active features of each sample of a code, (n_samples, n_active)."""
    supports = np.empty((n_samples, case.n_active), np.int64)
    for sample in range(n_samples):
        draw = generator(case.seed, code, f"support {sample}")
        supports[sample] = draw.choice(case.n_features, case.n_active, replace=False, shuffle=False)
    return supports


def _counts(case: Case, code: int, n_samples: int, only: np.ndarray | None, stopped: threading.Event) -> CodeCounts:
    supports = supports_of(case, code, n_samples)
    hits = np.ones(n_samples, bool)
    missed, invented, squared_error = 0, 0, 0.0
    for first, decoded in _decoded(case, code, supports, only):
        x = np.zeros(decoded.shape, bool)
        sample, place = np.nonzero((supports >= first) & (supports < first + decoded.shape[1]))
        x[sample, supports[sample, place] - first] = True
        read = decoded > _ACTIVE
        hits &= (read == x).all(axis=1)
        missed += int((x & ~read).sum())
        invented += int((read & ~x).sum())
        squared_error += float(((decoded - x) ** 2).sum())
        if stopped.is_set():  # what is counted here is not looked at
            break
    return CodeCounts(int(hits.sum()), missed, invented, squared_error)


def _by_row(case: Case) -> bool:
    """Whether a code is made block by block and read feature by feature, so that its matrix is never in memory."""
    from tegum.codes import CODES

    possible = CODES[case.code].by_row and case.decoder in _BY_ROW and not case.decoder_options
    return possible and case.n_features * case.n_hidden > _MATRIX_ENTRIES


def _decoded(case: Case, code: int, supports: np.ndarray, only: np.ndarray | None) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks of decoded features: the first feature, and (n_samples, n_block)."""
    from tegum.codes import ImplicitCode  # compiled code takes a while to load
    from tegum.decoders import decode

    if _by_row(case):
        options: dict[str, Any] = {"seed": case.seed, "index": code, **case.code_options}
        rows_of = ImplicitCode(case.code, case.n_features, case.n_hidden, **options)
        h, level = rows_of.read_in(supports).astype(np.float32), _level(case)
        for first, rows in rows_of.blocks(dtype=np.float32):
            yield first, (h @ rows.T > level).astype(np.float32)
        return
    W = _matrix(case, code) if only is None else only
    h = W[supports].sum(axis=1)
    yield 0, decode(case.decoder, h, W, n_active=case.n_active, **case.decoder_options)


def _matrix(case: Case, code: int) -> np.ndarray:
    from tegum.codes import make_code

    options: dict[str, Any] = {"seed": case.seed, "index": code, **case.code_options}
    return make_code(case.code, case.n_features, case.n_hidden, **options)


def _level(case: Case) -> float:
    """Threshold of a decoder that looks at one feature at a time; it depends on n, which a block does not know."""
    from tegum.decoders.signals import Load, best_level, map_level

    if case.decoder == "threshold":
        return _ACTIVE
    n, m, k = case.n_features, case.n_hidden, case.n_active
    return (map_level if case.decoder == "map_threshold" else best_level)(
        Load(n, m, float(k), k / n, k / m, independent=False)
    )
