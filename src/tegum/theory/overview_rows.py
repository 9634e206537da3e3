"""Rows of the table that puts bound, typical case and worst case of one (n, m, k) side by side, by subject."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from tegum.ground.arrays import ArrayLike, Real
from tegum.theory.bounds import (
    best_welch_bound,
    effective_dimension,
    levenshtein_bound,
    orthoplex_bound,
    signed_coherence_bound,
    welch_bound,
)
from tegum.theory.capacity import best_threshold, error_probability, expected_wrong
from tegum.theory.coherence import (
    coherence_first_order,
    coherence_limit,
    coherence_union_bound,
    expected_coherence,
)
from tegum.theory.counts import Count, LogCount
from tegum.theory.johnson_lindenstrauss import CONVERSIONS, jl_cosine_bound, jl_distortion
from tegum.theory.overlap_law import overlap_moment, overlap_quantile
from tegum.theory.rank import rank_bound

Quantifier = Literal["typical", "all features", "worst case"]


class BoundRow(NamedTuple):
    """One quantity of the table.

    Args:
        subject: the heading that it belongs to.
        quantity: what it is.
        value: the number; nan where the formula cannot be evaluated.
        quantifier: "typical": one random pair or read-out; "all features": all read-outs of one random input at once;
            "worst case": every pair, or every set of active features.
        formula: in the letters n, m, k, η.
        source: paper, or "direct" for an elementary derivation.
        valid: where the formula holds.
        inside: whether n, m and k lie there.
    """

    subject: str
    quantity: str
    value: float
    quantifier: Quantifier
    formula: str
    source: str
    valid: str
    inside: bool


class Question(NamedTuple):
    """The numbers a table is about; n also as a float (inf where it is none), and its logarithm."""

    n_features: Count
    m: float
    k: float
    n_wrong: float

    @property
    def log_n(self) -> float:
        """Natural logarithm of n."""
        given = self.n_features.log if isinstance(self.n_features, LogCount) else np.log(np.asarray(self.n_features))
        return float(np.asarray(given))

    @property
    def n(self) -> float:
        """Number of features as a float, inf beyond the largest one."""
        with np.errstate(over="ignore"):
            exact = isinstance(self.n_features, LogCount)
            return float(np.exp(self.log_n)) if exact else float(np.asarray(self.n_features))


NORMAL = "m ≥ 20 (normal noise)"


def row(
    subject: str, quantity: str, value: ArrayLike, quantifier: Quantifier, formula: str, source: str = "direct",
    valid: str = "any n, m, k", inside: bool | np.bool_ | Real = True,
) -> BoundRow:  # fmt: skip
    """A row with its value as a plain number.

    Example:
        >>> row("one pair", "mean square", np.array(0.25), "typical", "1/m").value
        0.25
    """
    return BoundRow(subject, quantity, float(np.asarray(value)), quantifier, formula, source, valid, bool(inside))


def one_pair(q: Question) -> Iterator[BoundRow]:
    """Interference of one feature with another."""
    name = "one pair of features"
    yield row(name, "overlap, RMS, random code", q.m**-0.5, "typical", "1/√m", "direct")
    yield row(name, "overlap, mean size, random code", overlap_moment(1, q.m), "typical", "Γ(m/2) / (√π Γ((m+1)/2))")
    yield row(
        name, "overlap of one pair in 100, random code", overlap_quantile(0.01, q.m), "typical", "beta tail = 0.01"
    )
    yield row(
        name, "overlap, RMS, tight frame", welch_bound(q.n_features, q.m), "typical",
        "√((n-m) / (m (n-1)))", "Welch 1974",
    )  # fmt: skip


def all_pairs(q: Question) -> Iterator[BoundRow]:
    """The largest overlap: of random codes, as promised, and as no code can avoid."""
    name, n, m = "largest overlap of all pairs", q.n_features, q.m
    few = 16 * q.log_n <= m
    yield row(name, "random code, mean", expected_coherence(n, m), "worst case", "∫ 1 - (1 - tail)^(n(n-1)/2) du",
              "Arratia 1989", "any n, m")  # fmt: skip
    yield row(name, "random code, large n", coherence_limit(n, m), "worst case", "√(1 - n^(-4/m))", "Cai, Jiang 2012",
              "n ≥ 1000 for 10 %", q.log_n >= np.log(1000))  # fmt: skip
    yield row(name, "random code, first order", coherence_first_order(n, m), "worst case", "√(4 ln n / m)",
              "Cai, Jiang 2012", "16 ln n ≤ m", few)  # fmt: skip
    union = coherence_union_bound(n, m)
    yield row(name, "random code, union bound, η = ½", union, "worst case", "√(2 ln(2n(n-1)) / m)",
              "direct", "below 1", union < 1)  # fmt: skip
    distortion = jl_distortion(n, m)
    yield row(name, "JL distortion ε of lengths", distortion, "worst case", "√(8 ln n / m)",
              "Dasgupta 2003", "below 1", distortion < 1)  # fmt: skip
    for reading, conversion in CONVERSIONS.items():
        cosine = jl_cosine_bound(distortion, reading)
        yield row(name, f"cosine from ε of {reading.replace('_', ' ')}", cosine, "worst case", conversion.formula,
                  "direct", "below 1", cosine < 1)  # fmt: skip
    crowded = q.n > m
    yield row(name, "any code, Welch", welch_bound(n, m), "worst case", "≥ √((n-m) / (m (n-1)))", "Welch 1974",
              "n > m", crowded)  # fmt: skip
    yield row(name, "any code, Welch of best order", best_welch_bound(n, m), "worst case",
              "≥ ((n c_s - 1) / (n-1))^(1/2s)", "Welch 1974", "n > m", crowded)  # fmt: skip
    yield row(name, "any code, orthoplex", orthoplex_bound(n, m), "worst case", "≥ 1/√m", "Conway 1996",
              "n > m (m+1)/2", q.n > m * (m + 1) / 2)  # fmt: skip
    yield row(name, "any code, Levenshtein", levenshtein_bound(n, m), "worst case",
              "≥ √((3n-m²-2m) / ((n-m)(m+2)))", "Levenshtein 1982", "n ≥ m (m+1)/2, n > m",
              q.n >= m * (m + 1) / 2 and crowded)  # fmt: skip
    yield row(name, "dimensions for the largest of a random code", rank_bound(n, expected_coherence(n, m)),
              "worst case", "C(m+s-1, s) ≥ n / (1 + (n-1) μ^(2s)), best s", "Alon 2003")  # fmt: skip
    yield row(name, "any code, with sign", signed_coherence_bound(n, m), "worst case", "≥ -1/(n-1), or 0",
              "Rankin 1955", "tight for n ≤ 2m", q.n <= 2 * m)  # fmt: skip


def read_out(q: Question) -> Iterator[BoundRow]:
    """Noise and wrong features of a linear read-out with a threshold."""
    name, n, m, k = "read-out of an input", q.n_features, q.m, q.k
    m_eff: Real = effective_dimension(n, m)
    normal = (NORMAL, m >= 20)
    yield row(name, "noise on a feature, random code", (k / m) ** 0.5, "typical", "√(k/m)")
    yield row(name, "effective dimension of a tight frame", m_eff, "typical", "m_eff = m (n-1) / (n-m)")
    yield row(name, "noise on a feature, tight frame", np.sqrt(k / m_eff), "typical", "√(k/m_eff)", "direct",
              "k much below n", k <= 0.1 * q.n)  # fmt: skip
    yield row(name, "wrong features, threshold ½", expected_wrong(n, m, k), "all features",
              "(n-k) Q(½√(m/k)) + k Q(½√(m/(k-1)))", "direct", *normal)  # fmt: skip
    yield row(name, "chance of any wrong feature, threshold ½", error_probability(n, m, k), "all features",
              "1 - exp(-wrong)", "direct", *normal)  # fmt: skip
    tau = best_threshold(n, m, k)
    yield row(name, "best threshold", tau, "all features", "where (n-k) φ₀ = k φ₁", "direct", *normal)
    yield row(name, "wrong features, best threshold", expected_wrong(n, m, k, tau), "all features",
              "(n-k) Q(τ√(m/k)) + k Q((1-τ)√(m/(k-1)))", "direct", *normal)  # fmt: skip
    yield row(name, "wrong features, tight frame, threshold ½", expected_wrong(n, m_eff, k), "all features",
              "the same with m_eff for m", "direct", *normal)  # fmt: skip
