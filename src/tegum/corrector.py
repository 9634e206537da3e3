"""Simulation of error correction in superposition: random sets of neurons, step after step."""

import numpy as np
import xarray as xr
from scipy.sparse import csr_matrix

from tegum.depth import active_features
from tegum.ground.errors import InputError
from tegum.ground.progress import Listener, Progress
from tegum.ground.streams import generator
from tegum.theory.rules import read_as_on


def simulate_correction(
    *,
    n_features: int,
    n_neurons: int,
    n_active: tuple[int, ...],
    fan_out: int,
    n_layers: int,
    n_runs: int,
    n_inputs: int,
    seed: int = 0,
    progress: Listener = lambda _: None,
) -> xr.Dataset:
    """Layers that read features from random sets of neurons, correct, and hand on what they read.

    In each layer every feature feeds a fresh random set of s neurons; a neuron fires if the features that feed it add
    up to more than ½; a feature is (mean of its neurons - u)/(1 - u), with u the mean of these means over all features,
    for each input. All loads share the sets of a run, so they can be compared; inputs of one run lean on each other.

    Args:
        n_features: n.
        n_neurons: m.
        n_active: numbers k of active features to try.
        fan_out: s.
        n_layers: L, layers after the first, which sees exact features.
        n_runs: independent networks.
        n_inputs: inputs of each run and load.
        seed: of the random streams.
        progress: called after each layer.

    Returns:
        A dataset over (n_active, model, layer): `neuron_error`, share of neurons that differ from what exact features
        would have them do, and `wrong`, mean number of wrong features of an input.

    Raises:
        InputError: more neurons per feature than neurons, more active features than there are, or a count below 1.

    Example: below the critical load of about 9.5 errors stay rare.
        >>> data = simulate_correction(n_features=4000, n_neurons=4000, n_active=(2,), fan_out=20, n_layers=3,
        ...     n_runs=1, n_inputs=4)
        >>> bool((data["neuron_error"] < 0.01).all()), float(data["wrong"].max())
        (True, 0.0)

    Known problems:
        With the share of neurons that fire for u, it would run away earlier: neurons that fire wrongly have more
        features than others, so their share is too small a mean.

    Source:
        Ours; after Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition.
    """
    counts = {"n_neurons": n_neurons, "fan_out": fan_out, "n_layers": n_layers, "n_runs": n_runs, "n_inputs": n_inputs}
    for name, count in counts.items():
        if count < 1:
            raise InputError(f"{name} must be at least 1; got {count}.")
    if fan_out > n_neurons:
        raise InputError(f"fan_out must be at most n_neurons = {n_neurons}; got {fan_out}.")
    made = np.empty((2, len(n_active), n_runs, n_layers))
    for run in range(n_runs):
        rng = generator(seed, run, f"error correction {n_features} {n_neurons} {fan_out}")
        truth = np.concatenate([active_features(rng, n_inputs, n_features, k) for k in n_active]).T
        features = truth.astype(np.float32)
        for layer in range(n_layers + 1):
            fed = _random_sets(rng, n_features, n_neurons, fan_out)
            fires = read_as_on(fed.T @ features)
            features = fed @ fires.astype(np.float32) / fan_out
            share = features.mean(axis=0)
            features = (features - share) / np.maximum(1 - share, 1e-6)
            if layer:
                should = fed.T @ truth.astype(np.float32) > 0
                for place, differs in enumerate((fires != should, read_as_on(features) != truth)):
                    shares = differs.mean(axis=0) if place == 0 else differs.sum(axis=0)
                    made[place, :, run, layer - 1] = shares.reshape(len(n_active), n_inputs).mean(axis=1)
            progress(Progress(run * (n_layers + 1) + layer + 1, n_runs * (n_layers + 1)))
    dims = ("n_active", "model", "layer")
    coords = {"n_active": list(n_active), "layer": np.arange(1, n_layers + 1)}
    attrs = {"n_features": n_features, "n_neurons": n_neurons, "fan_out": fan_out}
    return xr.Dataset({"neuron_error": (dims, made[0]), "wrong": (dims, made[1])}, coords, attrs=attrs)


def _random_sets(rng: np.random.Generator, n_features: int, n_neurons: int, fan_out: int) -> csr_matrix:
    """(n_features, n_neurons), ones at `fan_out` different random places of each row."""
    places = np.sort(rng.integers(n_neurons, size=(n_features, fan_out), dtype=np.int32), axis=1)
    while len(again := np.flatnonzero((np.diff(places, axis=1) == 0).any(axis=1))):
        places[again] = np.sort(rng.integers(n_neurons, size=(len(again), fan_out), dtype=np.int32), axis=1)
    starts = np.arange(0, places.size + 1, fan_out)
    return csr_matrix((np.ones(places.size, np.float32), places.ravel(), starts), shape=(n_features, n_neurons))
