"""Everything known about n features in m dimensions with k of them active, in one table."""

from collections.abc import Iterator

import numpy as np

from tegum.ground.arrays import ArrayLike
from tegum.theory.coherence import expected_coherence
from tegum.theory.counts import Count, as_positive, sizes
from tegum.theory.criteria import CRITERIA, RISKS
from tegum.theory.guarantees import max_active_worst_case_bound, max_features_log, required_hidden
from tegum.theory.information import (
    active_set_bits,
    binary_entropy,
    counting_bits,
    counting_dimension_bound,
    lost_ball_bits,
    sign_sum_bits,
)
from tegum.theory.levels import distinguishable_levels, levels_above_zero, union_levels
from tegum.theory.load_limits import max_active_asymptotic
from tegum.theory.overview_rows import NORMAL, BoundRow, Question, all_pairs, one_pair, read_out, row
from tegum.theory.phase_transitions import max_active_bayes, max_active_l1
from tegum.theory.pursuit import max_active_pursuit, pursuit_worst_case

_LARGEST = 1e15
_LEAST_SHARE = 1e-12
"""Least m/n for which the thresholds of iterative decoders are computed."""


def bounds_table(n_features: Count, n_hidden: float, n_active: float, *, n_wrong: float = 0.05) -> list[BoundRow]:
    """Every bound, typical value and capacity for one number of features, dimensions and active features.

    Args:
        n_features: n, at least 1, or a `LogCount`.
        n_hidden: m, between 1 and 1e15.
        n_active: k, between 0 and n, at most 1e15.
        n_wrong: η, the wrong features per input that are allowed; for levels the chance that one is wrong.

    Returns:
        Rows in reading order; `inside` says whether the formula may be trusted there.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> table = bounds_table(1000, 512, 10)
        >>> [f"{each.quantity}: {each.value:.2f}" for each in table if each.subject == "active features"][:4]
        ['(i) rule of thumb: 9.26', '(ii) union: 6.46', '(iii) exact tail: 8.46', '(iv) best threshold: 11.20']
    """
    m, k = as_scalar(n_hidden, "n_hidden", 1.0), as_scalar(n_active, "n_active", 0.0)
    eta = float(as_positive(n_wrong, "n_wrong", 1e-300, 1e300))
    sizes(n_features, m, k)  # which refuses what is out of range
    question = Question(n_features, m, k, eta)
    subjects = (one_pair, all_pairs, read_out, _active, _levels, _bits, _one_shot, _iterative)
    with np.errstate(over="ignore"):  # a loss beyond the largest float is infinite
        return [each for subject in subjects for each in subject(question)]


def as_scalar(value: ArrayLike, name: str, least: float) -> float:
    """One number of a size that float64 counts exactly.

    Raises:
        InputError: not a number, below the least one, or beyond the largest one.
    """
    return float(as_positive(value, name, least, _LARGEST))


def _active(q: Question) -> Iterator[BoundRow]:
    name, n, m = "active features", q.n_features, q.m
    for key, each in CRITERIA.items():
        quantifier = "worst case" if each.quantifier == "worst case" else "all features"
        valid, inside = NORMAL, m >= 20
        if key == "any_error":
            valid, inside = f"η < 1; {NORMAL}", inside and q.n_wrong < 1
        if key == "worst_case":
            valid, inside = "a code with this μ", True
        yield row(name, f"({each.number}) {key.replace('_', ' ')}", each.max_active(n, m, q.n_wrong), quantifier,
                  each.formula, "direct", valid, inside)  # fmt: skip
    yield row(name, "(iv) for large n and m", max_active_asymptotic(n, m), "all features",
              "m / (2 (√ln(n-k) + √ln k)²)", "Fletcher 2009", "n ≥ 10⁴", q.log_n >= np.log(1e4))  # fmt: skip
    yield row(name, "(vi) for any code", max_active_worst_case_bound(n, m), "worst case",
              "≤ 1 / (2μ) with the sharpest bound on μ")  # fmt: skip
    yield row(name, "dimensions that are enough for k", required_hidden(n, q.k, q.n_wrong), "all features",
              "8 k ln(n/η)", "direct", NORMAL, m >= 20)  # fmt: skip
    if q.k >= 1:
        yield row(name, "ln n that m is enough for", max_features_log(m, q.k, q.n_wrong),
                  "all features", "m/(8k) + ln η", "direct", NORMAL, m >= 20)  # fmt: skip


def _levels(q: Question) -> Iterator[BoundRow]:
    name, n, m, k = "activation levels", q.n_features, q.m, q.k
    chance = min(q.n_wrong, 1.0)
    yield row(name, "levels of an active feature", distinguishable_levels(m, k, chance), "typical",
              "2 (1-1/N) Q(1/(2(N-1)σ)) = η", "direct", f"η ≤ 1; {NORMAL}", q.n_wrong <= 1 and m >= 20)  # fmt: skip
    yield row(name, "levels, lowest told from 0", levels_above_zero(n, m, k, q.n_wrong),
              "all features", "(n-k) Q(1/(2(N-1)σ₀)) = η", "direct", NORMAL, m >= 20)  # fmt: skip
    yield row(name, "levels by the rule of thumb", union_levels(n, m, k), "all features", "√(m / (8 k ln n))",
              "direct", "mixes two questions", False)  # fmt: skip


def _bits(q: Question) -> Iterator[BoundRow]:
    name, n, m, k = "bits", q.n_features, q.m, q.k
    yield row(name, "to tell all sets of at most k apart", counting_bits(n, k), "worst case", "log₂ Σ_{i≤k} C(n,i)",
              "counting")  # fmt: skip
    yield row(name, "per dimension, k active features", active_set_bits(n, k) / m, "typical", "log₂ C(n,k) / m",
              "counting")  # fmt: skip
    yield row(name, "per dimension, one feature on each", binary_entropy(min(k / q.n, 1.0)), "typical",
              "H₂(k/n)", "counting")  # fmt: skip
    if k >= 1:
        needed = counting_dimension_bound(n, k, sign_sum_bits(k))
        yield row(name, "dimensions needed by a ±1/√m code", needed, "worst case",
                  "log₂ Σ_{i≤k} C(n,i) / (½ log₂(2πe(k+1/12)))", "counting", "binary features")  # fmt: skip
        lost = lost_ball_bits(m, k)
        yield row(name, "per dimension, lost to the ball |h|² ≈ k", lost, "typical", "1 - log₂ Vol B_m(√k) / m",
                  "direct", "while positive", lost > 0)  # fmt: skip


def _one_shot(q: Question) -> Iterator[BoundRow]:
    for key, each in RISKS.items():
        valid, inside = ("exact, mean over codes", True) if each.exact else (NORMAL, q.m >= 20)
        loss = each.risk(q.n_features, q.m, q.k) if np.isfinite(q.n) else np.nan
        yield row("loss of one-shot decoders", key.replace("_", " "), loss, "typical", each.formula, "direct",
                  valid if np.isfinite(q.n) else "n < 1e308", inside and np.isfinite(q.n))  # fmt: skip


def _iterative(q: Question) -> Iterator[BoundRow]:
    name, n, m = "active features, iterative decoders", q.n_features, q.m
    large = "large n"
    computable = bool(m >= _LEAST_SHARE * q.n)
    close = computable and q.n >= 200
    yield row(name, "least ℓ1 norm", max_active_l1(n, m) if computable else np.nan, "typical", "m ρ(m/n), κ = 2",
              "Donoho 2009", large, close)  # fmt: skip
    yield row(name, "least ℓ1 norm, non-negative", max_active_l1(n, m, non_negative=True) if computable else np.nan,
              "typical", "m ρ(m/n), κ = 1", "Donoho 2009", large, close)  # fmt: skip
    yield row(name, "message passing, posterior mean", max_active_bayes(n, m) if computable else np.nan, "typical",
              "n max p: mmse_p(v) < v m/n for all v", "Donoho 2013", large, close)  # fmt: skip
    yield row(name, "orthogonal matching pursuit", max_active_pursuit(n, m), "typical", "m = 2 k ln(n-k)",
              "Fletcher 2012", "large n", q.n >= 200)  # fmt: skip
    yield row(name, "pursuit and ℓ1, random code", pursuit_worst_case(expected_coherence(n, m)), "worst case",
              "(1 + 1/μ) / 2", "Tropp 2004", "a code with this μ")  # fmt: skip
