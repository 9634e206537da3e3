"""State evolution: the law of a feature's value, layer by layer, where every layer has a fresh random code.

With n features in m dimensions a read-out is Z = X + √v N(0, 1), with v = Σ_j E X_j² / m over all features, and the
next layer stores φ(Z). That is exact as n and m grow. Two populations are followed, k features that are truly active
and n - k that are not, each as a discrete law whose cells end where φ bends; so tails are right to their relative
precision, which samples of a population would not give.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from tegum.ground.arrays import Real
from tegum.ground.errors import InputError
from tegum.theory.counts import sizes
from tegum.theory.rules import UpdateRule

_CELLS = 384
_REACH = 9.0  # standard deviations; the mass beyond is below 1e-18
_STEADY = 1e-9
_LARGEST = 1e100  # squares of larger values would overflow on the way


class Evolution(NamedTuple):
    """What layers 1 to L hold; every field is (n_layers,).

    Args:
        noise: v, variance that a layer's read-outs have from what the layer before stored.
        inactive_square: mean square of the values of inactive features.
        active_mean: mean value of active features.
        active_variance: variance of the values of active features.
        false: expected number of inactive features above ½.
        missed: expected number of active features that are not.

    Example: see `state_evolution`.
    """

    noise: Real
    inactive_square: Real
    active_mean: Real
    active_variance: Real
    false: Real
    missed: Real

    @property
    def wrong(self) -> Real:
        """Expected number of wrong features of one input."""
        return np.asarray(self.false + self.missed)


class _Law(NamedTuple):
    values: Real
    weights: Real

    def mean(self, power: int = 1) -> float:
        return float(self.weights @ self.values**power)

    def above_half(self) -> float:
        return float(self.weights[self.values > 0.5].sum())

    def below_half(self) -> float:
        return float(self.weights[self.values <= 0.5].sum())


def state_evolution(
    n_features: float, n_hidden: float, n_active: float, *, rule: UpdateRule, n_layers: int
) -> Evolution:
    """Values of active and inactive features over layers that each read, apply a rule, and store with a fresh code.

    v_ℓ = Σ_j E (X_j)² / m, X_i ← φ(X_i + √v_ℓ N(0, 1)), from X = 0 or 1. If the rule carries errors with a chance ρ
    below 1, a value on the wrong side of ½ is replaced by the true one with chance 1 - ρ before its noise is added. A
    resident rule (the copy) reads the first code again and again, so its noise stays k/m.

    Args:
        n_features: n, at least 1.
        n_hidden: m, at least 1; m_eff for tight frames.
        n_active: k, between 0 and n.
        rule: what layers do to a feature, e.g. `update_rules()["gate"]`.
        n_layers: L, at least 1. If values diverge beyond 1e50, the layers from there on hold inf.

    Returns:
        The evolution, layers 1 to L.

    Raises:
        InputError: a size outside its range.

    Example: a linear re-encoding compounds by 1 + n/m per layer.
        >>> from tegum.theory import update_rules
        >>> rules = update_rules()
        >>> state_evolution(1000, 500, 8, rule=rules["identity"], n_layers=3).inactive_square.round(3)
        array([0.016, 0.064, 0.208])
        >>> state_evolution(1000, 500, 8, rule=rules["biased ReLU"], n_layers=3).active_variance.round(3)
        array([0.033, 0.1  , 0.233])

    Known problems:
        Noise is taken as normal and as equal for all inputs. Where few wrong features feed on themselves, chance
        matters: see `false_positive_law`.

    Source:
        Ours, after Bayati and Montanari 2011, The dynamics of message passing on dense graphs; fresh codes need no
        correction term.
    """
    size = sizes(n_features, n_hidden, n_active)
    if n_layers < 1:
        raise InputError(f"n_layers must be at least 1; got {n_layers}.")
    n, m, k = (float(part) for part in (size.n, size.m, size.k))
    active, inactive = _Law(np.ones(1), np.ones(1)), _Law(np.zeros(1), np.ones(1))
    rows: list[tuple[float, ...]] = []
    while len(rows) < n_layers:
        v = (k * active.mean(2) + (n - k) * inactive.mean(2)) / m
        if v > _LARGEST:
            rows += [(np.inf, np.inf, np.inf, np.inf, n - k, k)] * (n_layers - len(rows))
            break
        active = _next(_corrected(active, 1.0, rule.carry), v, rule)
        inactive = _next(_corrected(inactive, 0.0, rule.carry), v, rule)
        mean = active.mean()
        variance = float(active.weights @ (active.values - mean) ** 2)
        false, missed = (n - k) * inactive.above_half(), k * active.below_half()
        rows.append((v, inactive.mean(2), mean, variance, false, missed))
        if rule.resident or (len(rows) > 1 and np.allclose(rows[-1], rows[-2], rtol=_STEADY, atol=0.0)):
            rows += rows[-1:] * (n_layers - len(rows))  # a fixed point: nothing changes any more
    return Evolution(*np.array(rows).T)


def _corrected(law: _Law, truth: float, carry: float) -> _Law:
    """The law after the share 1 - ρ of wrong values has been set right."""
    if carry == 1.0:
        return law
    wrong = (law.values > 0.5) != (truth > 0.5)
    kept = np.where(wrong, carry * law.weights, law.weights)
    return _Law(np.append(law.values, truth), np.append(kept, law.weights[wrong].sum() * (1 - carry)))


def _next(law: _Law, v: float, rule: UpdateRule) -> _Law:
    """The law of φ(X + √v N), its values at the middle of cells that end where φ bends."""
    if v == 0.0:
        return _Law(rule.apply(law.values), law.weights)
    deviation = np.sqrt(v)
    low, high = law.values.min() - _REACH * deviation, law.values.max() + _REACH * deviation
    inner = [each for each in rule.breaks if low < each < high]
    edges = np.union1d(np.linspace(low, high, _CELLS + 1), inner)
    z = (edges - law.values[:, np.newaxis]) / deviation
    # Differences of tails, on either side of the middle, keep the relative precision of small weights.
    tail = ndtr(-np.abs(z))
    straddles = (z[:, :-1] < 0) & (z[:, 1:] > 0)
    weights = np.where(straddles, 1 - tail[:, :-1] - tail[:, 1:], np.abs(tail[:, :-1] - tail[:, 1:]))
    made = rule.apply((edges[1:] + edges[:-1]) / 2)
    values, place = np.unique(made, return_inverse=True)
    return _Law(values, np.bincount(place, weights=law.weights @ weights))
