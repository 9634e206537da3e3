"""Simulation of many layers that read features from a random code, apply a rule, and store them with a fresh code."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from tegum.codes import ImplicitCode
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener, Progress
from tegum.ground.streams import generator
from tegum.theory.rules import UpdateRule, read_as_on

_STATISTICS = ("inactive_square", "active_mean", "active_variance", "false", "missed")


def simulate_layers(
    rules: Mapping[str, UpdateRule],
    *,
    n_features: int,
    n_hidden: int,
    n_active: Sequence[int],
    n_layers: int,
    n_chains: int,
    n_inputs: int,
    fresh: bool = True,
    seed: int = 0,
    progress: Listener = lambda _: None,
) -> xr.Dataset:
    """What layers hold when each reads z = W Wᵀ x, applies its rule, and stores the result.

    Rows of W are independent random unit vectors. All rules and loads of a chain share its codes and its errors' luck,
    so that they can be compared; chains are independent.

    Args:
        rules: update rules by name.
        n_features: n.
        n_hidden: m.
        n_active: numbers k of active features to try, each of amplitude 1.
        n_layers: L, at least 1.
        n_chains: independent sequences of codes.
        n_inputs: inputs of each chain, rule and load, each with active features of its own.
        fresh: whether every layer has a code of its own; otherwise all have that of the first.
        seed: of the random streams.
        progress: called after each layer of a chain.

    Returns:
        A dataset over (rule, n_active, model, layer), a model being a chain; layer 1 is the first that has read.
        `inactive_square` and `active_mean`, `active_variance` of the values, and `false` and `missed`, mean numbers of
        inactive features above ½ and of active ones that are not, whose sum is `wrong`.

    Raises:
        InputError: a count below 1, or not 0 < k < n.

    Example: linear re-encoding compounds, a step resets.
        >>> from tegum.theory import update_rules
        >>> rules = {name: update_rules()[name] for name in ("identity", "step")}
        >>> data = simulate_layers(rules, n_features=200, n_hidden=200, n_active=(2,), n_layers=6, n_chains=2,
        ...     n_inputs=10)
        >>> (data["inactive_square"].mean("model").isel(n_active=0, layer=-1) > 0.1).values
        array([ True, False])

    Source:
        Ours.
    """
    _check(n_features, n_active, n_hidden=n_hidden, n_layers=n_layers, n_chains=n_chains, n_inputs=n_inputs)
    by_chance = any(0 < rule.carry < 1 for rule in rules.values())
    made = np.empty((len(_STATISTICS), len(rules), len(n_active), n_chains, n_layers))
    for chain in range(n_chains):
        rng = generator(seed, chain, f"layers {n_features} {n_hidden}")
        survival = generator(seed, chain, "errors that are carried on")  # of its own: codes must not depend on rules
        truth = np.concatenate([active_features(rng, n_inputs, n_features, k) for k in n_active])
        start = truth.astype(np.float32)
        values, first = dict.fromkeys(rules, start), start
        own_seed = int(rng.integers(2**32))
        code = _sphere_code(n_features, n_hidden, seed=own_seed, layer=0)
        for layer in range(n_layers):
            if layer and fresh:
                code = _sphere_code(n_features, n_hidden, seed=own_seed, layer=layer)
            luck = survival.random(truth.shape, dtype=np.float32) if by_chance else 0.0
            read = np.concatenate(list(values.values())) @ code @ code.T
            for place, (name, part) in enumerate(zip(rules, np.split(read, len(rules)), strict=True)):
                if rules[name].resident:
                    first = part if layer == 0 else first
                    values[name] = start  # what is stored stays; `first` is what every layer reads of it
                    statistics = _statistics(first, truth, len(n_active))
                else:
                    part += _set_right(values[name], truth, luck, rules[name].carry)
                    values[name] = rules[name].apply(part)
                    statistics = _statistics(values[name], truth, len(n_active))
                made[:, place, :, chain, layer] = statistics
            progress(Progress(chain * n_layers + layer + 1, n_chains * n_layers))
    dims = ("rule", "n_active", "model", "layer")
    coords = {"rule": list(rules), "n_active": list(n_active), "layer": np.arange(1, n_layers + 1)}
    columns = {name: (dims, each) for name, each in zip(_STATISTICS, made, strict=True)}
    data = xr.Dataset(columns, coords, attrs={"n_features": n_features, "n_hidden": n_hidden})
    return data.assign(wrong=data["false"] + data["missed"])


def active_features(rng: np.random.Generator, n_inputs: int, n_features: int, n_active: int) -> np.ndarray:
    """Random sets of `n_active` features, bool (n_inputs, n_features)."""
    truth = np.zeros((n_inputs, n_features), bool)
    chosen = np.argpartition(rng.random((n_inputs, n_features), dtype=np.float32), n_active - 1, axis=1)[:, :n_active]
    np.put_along_axis(truth, chosen, True, axis=1)
    return truth


def _sphere_code(n_features: int, n_hidden: int, *, seed: int, layer: int) -> np.ndarray:
    """The sphere code of a layer, in the precision of the simulation."""
    return ImplicitCode("sphere", n_features, n_hidden, seed=seed, index=layer).rows(np.arange(n_features), dtype="f4")


def _set_right(values: np.ndarray, truth: np.ndarray, luck: np.ndarray | float, carry: float) -> np.ndarray | float:
    """What to add to a read-out so that errors which are not carried on leave nothing but their noise."""
    if carry == 1.0:
        return 0.0
    return np.where((read_as_on(values) != truth) & (luck >= carry), truth - values, np.float32(0))


def _statistics(values: np.ndarray, truth: np.ndarray, n_loads: int) -> np.ndarray:
    """(5, n_loads): the statistics of `_STATISTICS`, over the inputs of each load."""
    made = []
    for part, true in zip(np.split(values, n_loads), np.split(truth, n_loads), strict=True):
        active, on = part[true].astype(np.float64), read_as_on(part)
        inactive = np.square(part, dtype=np.float64).sum() - np.square(active).sum()
        hits = np.count_nonzero(on[true])
        made.append(
            (
                inactive / (true.size - active.size),
                active.mean(),
                active.var(),
                (np.count_nonzero(on) - hits) / len(part),
                (active.size - hits) / len(part),
            )
        )
    return np.array(made).T


def _check(n_features: int, n_active: Sequence[int], **counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise InputError(f"{name} must be at least 1; got {count}.")
    for k in n_active:
        if not 0 < k < n_features:
            raise InputError(f"n_active must lie between 1 and n_features - 1 = {n_features - 1}; got {k}.")
