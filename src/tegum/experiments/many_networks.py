"""Many small networks in one wide network: which blocks they share, and what their errors are, layer by layer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Experiment, Plate
from tegum.experiments.many_networks_claims import judge
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.ground.threads import n_processors
from tegum.plot import network_error_over_layers, network_errors
from tegum.theory.block_errors import activity_variance, block_errors, max_block_networks

_BIAS = 0.1


class Settings(FrozenRecord):
    """q blocks in each of S groups, shares of the q² networks there is room for, and how many of them run at a time.

    A layout with its networks is one model; `inputs` inputs of it are averaged. Without gates errors are measured at
    `ungated_size` blocks in a group and the second number of running networks.
    """

    group_size: tuple[int, ...]
    filling: tuple[float, ...] = (0.1, 0.3)
    n_active: tuple[int, ...] = (1, 2, 4)
    n_copies: int = 4
    width: int = 6
    n_layers: int = 3
    ungated_size: int = 61
    models: int
    inputs: int
    draws: int = 20_000
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(group_size=(31, 61), models=12, inputs=600),
    "paper": Settings(
        group_size=(31, 61, 127, 251),
        filling=(0.03, 0.1, 0.3),
        n_active=(1, 2, 4, 8),
        models=10,
        inputs=1500,
        draws=200_000,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Errors over layers, with and without gates; how active networks look; and the layouts themselves."""
    sizes, fillings, active = settings.group_size, settings.filling, settings.n_active
    total = settings.models * (len(sizes) * len(fillings) + len(fillings))
    steps = iter(range(1, total + 1))
    one, models = active[min(1, len(active) - 1)], range(settings.models)
    gated = partial(_errors, settings, steps, tell, total)
    wide_open = partial(gated, settings.ungated_size, gated=False)
    with ThreadPoolExecutor(n_processors()) as pool:  # each layout has random numbers of its own
        cells = {
            (q, share): list(pool.map(partial(gated, q, share, active), models)) for q in sizes for share in fillings
        }
        open_ = {share: list(pool.map(partial(wide_open, share, (one,)), models)) for share in fillings}
    errors = xr.concat(
        [xr.concat([xr.concat(cells[q, share], "model") for share in fillings], "filling") for q in sizes], "group_size"
    ).assign_coords(group_size=list(sizes), filling=list(fillings))
    ungated = xr.concat([xr.concat(open_[share], "model") for share in fillings], "filling")
    attrs = {"n_copies": settings.n_copies, "width": settings.width, "group_size": settings.ungated_size}
    return {
        "errors": errors.assign_attrs(attrs),
        "ungated": ungated.assign_coords(filling=list(fillings)).assign_attrs(attrs),
        "activity": _activity(settings),
        "layouts": _layouts(settings),
    }


def _errors(
    settings: Settings,
    steps: Iterator[int],
    tell: Listener,
    total: int,
    group_size: int,
    filling: float,
    active: tuple[int, ...],
    model: int,
    *,
    gated: bool = True,
) -> xr.Dataset:
    """One wide network: mean squared errors and powers over layers, for each number of running networks."""
    from tegum.circuits.blocks import block_layout
    from tegum.circuits.embedded import embed, random_networks

    n_networks = max(round(filling * group_size**2), max(active))
    place: dict[str, int] = {"seed": settings.seed, "index": model}
    layout = block_layout(n_networks, group_size=group_size, n_copies=settings.n_copies, **place)
    networks = random_networks(n_networks, width=settings.width, n_layers=settings.n_layers, bias_scale=_BIAS, **place)
    wide = embed(networks, layout, gated=gated)
    rng = generator(settings.seed, model, f"inputs of many networks {n_networks} {group_size}")
    made: dict[str, list[np.ndarray]] = {name: [] for name in ("error", "apart", "power", "law", "law_apart")}
    for z in active:
        which = _running(rng, n_networks, settings.inputs, z)
        x = np.abs(rng.normal(size=(*which.shape, settings.width)))
        truth = np.array(networks.run(x, which))
        held = np.array([wide.read(neurons, which) for neurons in wide.run(wide.store(x, which))])
        square = ((held - truth) ** 2).mean(axis=(2, 3))  # layers, inputs
        alone = np.isclose(layout.activity(which), 1.0).all(axis=1)
        made["error"].append(square.mean(axis=1))
        made["apart"].append(square[:, alone].mean(axis=1) if alone.any() else np.full(len(square), np.nan))
        made["power"].append((truth**2).mean(axis=(1, 2, 3)))
        for name, collisions in (("law", True), ("law_apart", False)):
            made[name].append(
                block_errors(
                    made["power"][-1],
                    n_networks=n_networks,
                    group_size=group_size,
                    n_copies=settings.n_copies,
                    n_active=z,
                    width=settings.width,
                    weight_variance=2 / settings.width,
                    bias_variance=_BIAS**2,
                    gated=gated,
                    collisions=collisions,
                )
            )
    tell(Progress(next(steps), total))
    columns: dict[str, Any] = {name: (("n_active", "layer"), np.array(rows)) for name, rows in made.items()}
    columns |= {"n_networks": n_networks, "n_neurons": wide.n_neurons}
    return xr.Dataset(columns, {"n_active": list(active), "layer": np.arange(settings.n_layers + 1)})


def _running(rng: np.random.Generator, n_networks: int, n_inputs: int, n_active: int) -> np.ndarray:
    """(n_inputs, n_active) networks, all different within a row."""
    chosen = rng.integers(n_networks, size=(n_inputs, n_active))
    while len(again := np.flatnonzero((np.diff(np.sort(chosen, axis=1)) == 0).any(axis=1))):
        chosen[again] = rng.integers(n_networks, size=(len(again), n_active))
    return chosen


def _activity(settings: Settings) -> xr.Dataset:
    """Variance of how active a running network looks, at the largest group size, in batches of inputs."""
    from tegum.circuits.blocks import block_layout

    q, active = max(settings.group_size), [z for z in settings.n_active if z > 1]
    rng = generator(settings.seed, 0, "activity of many networks")
    layout = block_layout(q * q, group_size=q, n_copies=settings.n_copies, seed=settings.seed)
    variance = np.empty((len(active), 10))
    for place, z in enumerate(active):
        for batch in range(10):
            looks = layout.activity(_running(rng, q * q, settings.draws // 10, z))
            # one network of an input is enough: the others share its collisions
            variance[place, batch] = looks[:, 0].var(ddof=1)
    law = activity_variance(active, group_size=q, n_copies=settings.n_copies)
    columns = {"variance": (("n_active", "batch"), variance), "law": ("n_active", law)}
    return xr.Dataset(columns, {"n_active": active}, {"n_blocks": layout.n_blocks})


def _layouts(settings: Settings) -> xr.Dataset:
    """Full layouts: networks, pairs of blocks that two of them share, and the most that any layout could hold."""
    from tegum.circuits.blocks import block_layout

    sizes, S = settings.group_size, settings.n_copies
    full = [block_layout(q * q, group_size=q, n_copies=S) for q in sizes]
    columns = {
        "n_networks": ("group_size", [layout.n_networks for layout in full]),
        "repeated": ("group_size", [layout.repeated_pairs() for layout in full]),
        "bound": ("group_size", [max_block_networks(layout.n_blocks, S) for layout in full]),
    }
    return xr.Dataset(columns, {"group_size": list(sizes)}, {"n_copies": S})


def plates(data: Data) -> list[Plate]:
    """Errors against the number of networks, and over layers with and without gates."""
    return [
        Plate(
            name="networks",
            figure=network_errors(data["errors"]),
            caption="Relative error of what a running network holds after the last layer, against small neurons per "
            "wide neuron; to the right of the dotted line the wide network is narrower than all small ones together. "
            "Dots: layouts. Lines: the law.",
        ),
        Plate(
            name="layers",
            figure=network_error_over_layers(data["errors"], data["ungated"]),
            caption="The same error layer by layer. Gates keep blocks silent that no running network uses. Without "
            "them, noise there is read again in every layer and outgrows the signal. Lines: the law.",
        ),
    ]


EXPERIMENT = Experiment(
    id="many-networks",
    title="Many small networks in one",
    question="How many small networks can share one wide network if only a few of them run at a time?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Linsefors and Bushnaq 2025, Circuits in Superposition 2: Now with Less Wrong Math",
        "Bushnaq and Mendel 2024, Circuits in Superposition: Compressing many small neural networks into one",
    ),
)
