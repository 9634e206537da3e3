"""How many layers n features in m dimensions survive, mechanism by mechanism: the rows of `tegum depth`."""

from typing import NamedTuple

import numpy as np

from tegum.ground.arrays import Real
from tegum.ground.errors import InputError
from tegum.theory.capacity import expected_wrong
from tegum.theory.counts import as_positive, sizes
from tegum.theory.depth_limits import max_active_layers
from tegum.theory.evolution import state_evolution
from tegum.theory.guarantees import max_active_union
from tegum.theory.rules import UpdateRule, step_rule, update_rules
from tegum.theory.runaway import critical_load, settled_load
from tegum.theory.superposed_correction import correction_errors, critical_correction_load, wrong_after_correction

MOST_LAYERS = 200  # followed, unless more are asked for
_MOST_ASKED = 10_000
_FAN_OUTS = (1, 4, 6, 10, 20, 40)
_ABOUT = {
    "copy": "stays in the residual stream; noise of a read-out is k/m at any depth",
    "identity": "re-encoded linearly; every layer reads the noise of all features: times 1 + n/m",
    "ReLU": "keeps half of the new noise and all that is positive already: compounds, slower than linear",
    "gate": "passes what exceeds 1/2; active values walk at random, L k/m",
    "biased ReLU": "0 is stable, 1 is not: errors on active features grow by 1/(1 - b) per layer; b = 0.3",
    "clip": "two ReLUs, slope 0 at 0 and at 1; a = 1/4",
    "step": "resets noise; a wrong feature stays wrong (ρ = 1)",
    "step, ρ = 0.5": "resets noise; a wrong feature survives a layer with probability 1/2",
    "step, ρ = 0": "resets noise; logic drops a wrong feature after one layer",
}


class DepthRow(NamedTuple):
    """One mechanism.

    Args:
        mechanism: its name.
        layers: layers after which the expected number of wrong features is still allowed; inf if that never ends.
        at_least: whether the count stopped there because it was not followed further.
        wrong_first: expected wrong features after one layer.
        wrong_last: the same after the layers that were asked for.
        about: what happens.

    Example: see `depth_table`.
    """

    mechanism: str
    layers: float
    at_least: bool
    wrong_first: float
    wrong_last: float
    about: str


class LoadRow(NamedTuple):
    """One limit of the number of active features.

    Args:
        limit: its name.
        active: the number of active features, not rounded.
        formula: in the letters of the theory.

    Example: see `load_table`.
    """

    limit: str
    active: float
    formula: str


def depth_table(
    n_features: float, n_hidden: float, n_active: float, *, n_layers: int = 10, n_wrong: float = 0.05
) -> list[DepthRow]:
    """How many layers a code survives with each mechanism.

    A mechanism survives a layer if the expected number of features that are on the wrong side of ½ is at most n_wrong.
    Up to 200 layers are followed by `state_evolution`; a step that carries its errors on is followed further, by adding
    up. The last row has the corrector itself in superposition, on as many neurons as there are dimensions, with the
    best of a few numbers of neurons per feature.

    Args:
        n_features: n.
        n_hidden: m.
        n_active: k, between 0 and n.
        n_layers: L, between 1 and 10 000; where `wrong_last` is taken.
        n_wrong: η, expected wrong features per input that are allowed, above 0.

    Returns:
        A row for each mechanism.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> for row in depth_table(1000, 500, 6, n_wrong=0.1)[:5]:
        ...     print(row.mechanism, row.layers, row.at_least)
        copy inf False
        identity 1.0 False
        ReLU 1.0 False
        gate 4.0 False
        biased ReLU 1.0 False
    """
    sizes(n_features, n_hidden, n_active)
    as_positive(n_hidden, "n_hidden", 1.0, 1e300)  # sizes allow infinity, which no corrector has neurons for
    if not 1 <= n_layers <= _MOST_ASKED:
        raise InputError(f"n_layers must be between 1 and {_MOST_ASKED}; got {n_layers}.")
    if not 0 < n_wrong < np.inf:
        raise InputError(f"n_wrong must be above 0 and finite; got {n_wrong:g}.")
    rules = {**update_rules(), "step, ρ = 0.5": step_rule(carry=0.5)}
    rows = [_row(n_features, n_hidden, n_active, rules[name], n_layers, n_wrong) for name in _ABOUT]
    return [*rows, _in_superposition(n_features, n_hidden, n_active, n_layers, n_wrong)]


def load_table(n_features: float, n_hidden: float, *, n_layers: int = 10, n_wrong: float = 0.05) -> list[LoadRow]:
    """How many active features so many layers allow.

    Args:
        n_features: n.
        n_hidden: m.
        n_layers: L, at least 1.
        n_wrong: η, expected wrong features that are allowed after the last layer, above 0.

    Returns:
        Critical loads for ρ = 0 and ½, and the loads for L layers of copying, exact and by the rule of thumb.

    Raises:
        InputError: a size outside its range.

    Example:
        >>> for row in load_table(1000, 500, n_layers=12):
        ...     print(row.limit, round(row.active, 2))
        critical load, ρ = 0 13.84
        critical load, ρ = 1/2 11.19
        12 layers with errors carried on 6.3
        the same, rule of thumb 5.05
    """
    saddle = "max over κ of κ - n Q(½ √(m/κ))/(1 - ρ)"
    return [
        LoadRow("critical load, ρ = 0", float(critical_load(n_features, n_hidden)), saddle),
        LoadRow("critical load, ρ = 1/2", float(critical_load(n_features, n_hidden, 0.5)), saddle),
        LoadRow(
            f"{n_layers} layers with errors carried on",
            float(max_active_layers(n_features, n_hidden, n_layers, n_wrong)),
            "L E_wrong(k) = η",
        ),
        LoadRow(
            "the same, rule of thumb",
            float(max_active_union(n_features, n_hidden, n_wrong / n_layers)),
            "m/(8 ln(n L/η))",
        ),
    ]


def _row(n: float, m: float, k: float, rule: UpdateRule, n_layers: int, n_wrong: float) -> DepthRow:
    wrong = state_evolution(n, m, k, rule=rule, n_layers=n_layers).wrong
    if n_layers < MOST_LAYERS and wrong[-1] <= n_wrong:
        wrong = state_evolution(n, m, k, rule=rule, n_layers=MOST_LAYERS).wrong
    failed = np.flatnonzero(wrong > n_wrong)
    layers, at_least = (float(failed[0]), False) if len(failed) else (float(len(wrong)), True)
    if at_least and rule.name == "step":
        layers, at_least = _added_up(n, m, k, n_wrong), False
    if at_least and (rule.resident or (rule.carry < 1 and np.isfinite(settled_load(n, m, k, rule.carry)))):
        layers, at_least = np.inf, False
    return DepthRow(rule.name, layers, at_least, float(wrong[0]), float(wrong[n_layers - 1]), _ABOUT[rule.name])


def _added_up(n: float, m: float, k: float, n_wrong: float) -> float:
    """Layers until errors that are carried on add up to n_wrong: the integral of dw/E_wrong(k + w)."""
    grid = np.linspace(0, min(n_wrong, n - k), 65)
    rate = expected_wrong(n, m, np.minimum(k + grid, n))
    with np.errstate(divide="ignore"):
        return float(np.floor(np.trapezoid(1 / rate, grid))) if (rate > 0).all() else np.inf


def _in_superposition(n: float, m: float, k: float, n_layers: int, n_wrong: float) -> DepthRow:
    followed = {s: _corrected(n, m, k, s, max(n_layers, MOST_LAYERS)) for s in _FAN_OUTS if s <= max(m / 10, 1)}
    s = min(followed, key=lambda each: float(followed[each][n_layers - 1]))
    wrong, most = followed[s], critical_correction_load(n, m, fan_out=s)
    failed = np.flatnonzero(wrong > n_wrong)
    layers = float(failed[0]) if len(failed) else np.inf if k <= most else float(len(wrong))
    about = f"{s} of {m:g} neurons per feature; runs away above k = {most:.3g}"
    return DepthRow(
        "step in superposition",
        layers,
        not len(failed) and k > most,
        float(wrong[0]),
        float(wrong[n_layers - 1]),
        about,
    )


def _corrected(n: float, m: float, k: float, fan_out: int, n_layers: int) -> Real:
    """Wrong features in each layer of a corrector."""
    errors = correction_errors(n, m, k, fan_out=fan_out, n_layers=n_layers)
    shares = np.minimum(fan_out * k / m + errors, 1.0)
    return wrong_after_correction(n, k, share_on=shares, fan_out=fan_out)
