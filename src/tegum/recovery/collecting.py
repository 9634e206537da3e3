"""Sampling until the answer is known well enough, and the answer as a labelled dataset."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from tegum.ground.estimate import Estimate
from tegum.ground.progress import Listener, Progress, listener
from tegum.ground.threads import one_thread_for_arrays
from tegum.recovery.intervals import mean_over_codes, share_over_codes
from tegum.recovery.sampling import CodeCounts, sample_codes
from tegum.recovery.spec import Case, RecoverySpec, StopRule
from tegum.store.layout import package_attributes

REASONS = ("half-width reached", "on one side of the value to decide", "budget used up")
"""Why sampling ended, by the number in the dataset."""

_MEANING = {
    "success": ("share of samples whose active features were all found, and no other", "1"),
    "wrong_features": ("missed and invented features per sample", "1"),
    "missed": ("active features per sample that were not found", "1"),
    "invented": ("inactive features per sample that were read as active", "1"),
    "squared_error": ("squared error per sample, summed over features", "squared feature, summed"),
    "stopped": ("why sampling ended: " + ", ".join(f"{i} {reason}" for i, reason in enumerate(REASONS)), "1"),
    "n_codes": ("codes that were sampled", "1"),
    "hits_per_code": ("samples of each code whose active features were all found, and no other", "1"),
}
QUANTITIES = ("success", "wrong_features", "missed", "invented", "squared_error")
"""What is estimated; in the dataset with the dimension `estimate`: low, best, high."""


class Answer(NamedTuple):
    """What was counted for one case, code by code, and why no more was."""

    counts: list[CodeCounts]
    stopped: int

    def estimates(self, n_samples: int, confidence: float) -> dict[str, Estimate]:
        """Every quantity with its interval, over codes."""
        return {name: _estimate(name, self.counts, n_samples, confidence) for name in QUANTITIES}


def collect(
    case: Case,
    n_samples: int,
    stop: StopRule,
    tell: Callable[[], object] = lambda: None,
    *,
    n_threads: int | None = None,
) -> Answer:
    """Sample a case until the rule is content.

    Args:
        case: what is sampled.
        n_samples: inputs for each code.
        stop: when it is enough.
        tell: called after each code; may raise to stop.
        n_threads: codes that are decoded side by side; one on each processor if None. It changes no number.

    Returns:
        The counts of every code, and the reason (an index into REASONS).
    """
    counts: list[CodeCounts] = []
    with one_thread_for_arrays():
        for n_codes in stop.looks():
            counts += sample_codes(case, range(len(counts), n_codes), n_samples, tell, n_threads=n_threads)
            now = _estimate(stop.quantity, counts, n_samples, stop.confidence_per_look)
            if (now.high - now.low) / 2 <= max(stop.half_width, stop.relative_half_width * now.best):
                return Answer(counts, 0)
            if stop.decide is not None and not now.low <= stop.decide <= now.high:
                return Answer(counts, 1)
    return Answer(counts, 2)


def _estimate(name: str, counts: Sequence[CodeCounts], n_samples: int, confidence: float) -> Estimate:
    if name == "success":
        return share_over_codes([each.hits for each in counts], n_samples, confidence)
    if name == "wrong_features":
        return mean_over_codes([(each.missed + each.invented) / n_samples for each in counts], confidence)
    return mean_over_codes([getattr(each, name) / n_samples for each in counts], confidence)


def recover(
    n_features: Any,
    n_hidden: Any,
    n_active: Any,
    *,
    code: Any = "sphere",
    decoder: Any = "threshold",
    stop: StopRule | None = None,
    samples_per_code: int = 8,
    seed: int = 0,
    code_options: dict[str, Any] | None = None,
    decoder_options: dict[str, Any] | None = None,
    progress: bool | Listener = False,
) -> xr.Dataset:
    """How well features are recovered: codes and supports sampled until the interval is short enough.

    Exactly k of n features are 1, stored as the sum of their directions in m dimensions, and read back. A feature is
    read as active if its decoded value is above 1/2. Intervals are over codes, and hold at whichever look the sampling
    stopped; see `StopRule`.

    Args:
        n_features: n, or a list, which becomes a dimension of the result; so for the next four.
        n_hidden: m.
        n_active: k.
        code: family of codes, by its name in `tegum.codes.CODES`.
        decoder: by its name in `tegum.decoders.DECODERS`.
        stop: when a case has enough samples; success to ±0.05 or 512 codes if left out.
        samples_per_code: inputs for each code. Fewer make codes, which are the units, more numerous; more make use of
            a code that took long to make.
        seed: the one integer behind all random numbers. A code and its samples depend on it and on their numbers only.
        code_options: of the family, as for `make_code`.
        decoder_options: of the decoder, as for `decode`.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a `Progress` in
            cases.

    Returns:
        Dataset with the listed dimensions. `success`, `wrong_features`, `missed`, `invented` and `squared_error` have
        the dimension `estimate` (low, best, high) too; `n_codes`, `stopped` and `hits_per_code` tell what was done.

    Raises:
        InputError: a value is out of range, a name is unknown, or no such code or decoder can be had.

    Example: the most dimensions that a threshold needs for two features of a hundred.
        >>> data = recover(100, [20, 80], 2, decoder="threshold")
        >>> data["success"].sel(estimate="best").values > 0.5
        array([False,  True])
        >>> data["success"].sel(n_hidden=20).values.round(1)
        array([0. , 0. , 0.1])

    Source:
        Donoho and Tanner 2009, Observed universality of phase transitions in high-dimensional geometry, has such
        experiments.
    """
    spec = RecoverySpec(
        n_features=n_features, n_hidden=n_hidden, n_active=n_active, code=code, decoder=decoder,
        stop=stop or StopRule(), samples_per_code=samples_per_code, seed=seed,
        code_options=code_options or {}, decoder_options=decoder_options or {},
    )  # fmt: skip
    return recover_spec(spec, progress=progress)


def recover_spec(spec: RecoverySpec, *, progress: bool | Listener = False) -> xr.Dataset:
    """The same as `recover`, for a spec."""
    cases, answers = spec.cases(), []
    with listener(progress, "recover") as tell:
        for done, case in enumerate(cases):
            tell(Progress(done, len(cases)))
            answers.append(collect(case, spec.samples_per_code, spec.stop))
        tell(Progress(len(cases), len(cases)))
    return as_dataset(spec, answers)


def as_dataset(spec: RecoverySpec, answers: Sequence[Answer | None]) -> xr.Dataset:
    """The labelled dataset of a study.

    Args:
        spec: what was asked.
        answers: one for each case in their order; None where it is missing, which becomes NaN, or -1 for counts.
    """
    shape, dims = spec.shape, tuple(spec.axes)
    table = np.full((len(answers), len(QUANTITIES), 3), np.nan)
    n_codes, stopped = np.zeros(len(answers), np.int64), np.full(len(answers), -1)
    most = max((len(answer.counts) for answer in answers if answer), default=0)
    hits = np.full((len(answers), most), -1)
    for i, answer in enumerate(answers):
        if answer is None:
            continue
        n_codes[i], stopped[i] = len(answer.counts), answer.stopped
        hits[i, : n_codes[i]] = [each.hits for each in answer.counts]
        estimates = answer.estimates(spec.samples_per_code, spec.stop.confidence_per_look)
        table[i] = [(e.low, e.best, e.high) for e in estimates.values()]
    variables: dict[str, Any] = {
        name: ((*dims, "estimate"), table[:, j].reshape(*shape, 3)) for j, name in enumerate(QUANTITIES)
    }
    variables["n_codes"] = (dims, n_codes.reshape(shape))
    variables["stopped"] = (dims, stopped.reshape(shape))
    variables["hits_per_code"] = ((*dims, "code_number"), hits.reshape(*shape, most))
    for name, (long_name, units) in _MEANING.items():
        variables[name] += ({"long_name": long_name, "units": units},)
    coordinates = {name: list(values) for name, values in spec.axes.items()} | {"estimate": ["low", "best", "high"]}
    return xr.Dataset(variables, coordinates, package_attributes() | {"recovery": spec.to_json()})
