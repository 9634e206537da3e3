"""A sparse network simulated in fewer dimensions than it has neurons, and read off again."""

from typing import Any

import numpy as np
import xarray as xr

from tegum.codes import make_code
from tegum.experiments.base import Data, Experiment, Finding, Plate
from tegum.experiments.verdict import Part, within
from tegum.ground.estimate import Estimate, group_estimate, mean_estimate
from tegum.ground.progress import Listener, Progress
from tegum.ground.record import FrozenRecord
from tegum.ground.streams import generator
from tegum.plot import simulation_error, wrong_neurons_against_width
from tegum.problem import Problem, sample_features
from tegum.theory.simulation import least_width, relu_error, wrong_neurons

N_LAYERS = 2
_SEEN = (0.5, 20.0)  # expected wrong neurons between which a comparison is neither starved nor saturated


class Settings(FrozenRecord):
    """The network to simulate is the problem's features as its neurons; each network has its own wires and codes."""

    problem: Problem
    n_hidden: tuple[int, ...]
    n_features: tuple[int, ...]
    networks: int
    inputs: int
    seed: int = 0

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


PRESETS = {
    "quick": Settings(
        problem=Problem(n_features=1024, n_hidden=512, feature_probability=4 / 1024, magnitude="boolean"),
        n_hidden=(64, 96, 128, 192, 256, 384, 512, 768),
        n_features=(256, 1024, 4096),
        networks=16,
        inputs=128,
    ),
    "paper": Settings(
        problem=Problem(n_features=4096, n_hidden=512, feature_probability=8 / 4096, magnitude="boolean"),
        n_hidden=(64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048),
        n_features=(256, 1024, 4096, 16384),
        networks=20,
        inputs=256,
    ),
}


def run(settings: Settings, tell: Listener) -> dict[str, xr.Dataset]:
    """Over m for one network size; and over n at the least sufficient width and at a third of it."""
    problem = settings.problem
    n, k = problem.n_features, float(problem.probabilities.sum())
    total = len(settings.n_hidden) + 2 * len(settings.n_features)
    columns = []
    for done, m in enumerate(settings.n_hidden):
        tell(Progress(done, total))
        columns.append(_over_networks(problem, m, settings))
    dims = ("n_hidden", "layer")
    widths = xr.concat(columns, xr.DataArray(list(settings.n_hidden), dims="n_hidden", name="n_hidden")).assign(
        relu_formula=(dims, [relu_error(n, m, n_active=k, n_layers=N_LAYERS) for m in settings.n_hidden]),
        wrong_formula=(dims, [wrong_neurons(n, m, n_active=k, n_layers=N_LAYERS) for m in settings.n_hidden]),
        least_width=least_width(n, n_active=k, n_layers=N_LAYERS),
    )
    sizes = []
    for done, size in enumerate(settings.n_features, len(settings.n_hidden)):
        tell(Progress(done, total))
        scaled = problem.replace(n_features=size, feature_probability=k / size)
        least = round(least_width(size, n_active=k, n_layers=N_LAYERS))
        made = [_over_networks(scaled, m, settings)["wrong"].isel(layer=-1) for m in (least, max(1, round(least / 3)))]
        sizes.append(xr.Dataset({"wrong": made[0], "wrong_third": made[1], "least": least}).drop_vars("layer"))
    over = xr.DataArray(list(settings.n_features), dims="n_features", name="n_features")
    attrs = {"n_features": n, "n_active": k}
    return {"widths": widths.assign_attrs(attrs), "sizes": xr.concat(sizes, over).assign_attrs(n_active=k)}


def _over_networks(problem: Problem, m: int, settings: Settings) -> xr.Dataset:
    return xr.concat([_simulated(problem, m, settings, model) for model in range(settings.networks)], "model")


def _simulated(problem: Problem, m: int, settings: Settings, model: int) -> xr.Dataset:
    """One network: errors of the plain read-off, of ReLU neurons and of neurons that fire or not."""
    rng = generator(settings.seed, model, f"simulated network {problem.n_features} {m}")
    n, own_seed = problem.n_features, int(rng.integers(2**32))
    truth = sample_features(problem, settings.inputs, seed=settings.seed, model=model)
    relu = step = truth
    error, wrong = [], []
    for layer in range(N_LAYERS):
        V = make_code("sphere", n, m, seed=own_seed, index=layer).astype(np.float32)
        driver, inhibitor = rng.permutation(n), rng.permutation(n)
        read = step @ V @ V.T
        if layer == 0:
            error.append(_silent_energy(read, truth))
            wrong.append(float(((read > 0.5) != truth).sum(axis=1).mean()))
        seen = relu @ V @ V.T if layer else read
        relu = np.maximum(seen[:, driver] - seen[:, inhibitor], 0)
        step = (read[:, driver] - read[:, inhibitor] > 0.5).astype(np.float32)
        truth = np.maximum(truth[:, driver] - truth[:, inhibitor], 0)
        error.append(_silent_energy(relu, truth))
        wrong.append(float((step != truth).sum(axis=1).mean()))
    layers = list(range(N_LAYERS + 1))
    return xr.Dataset({"error": ("layer", error), "wrong": ("layer", wrong)}, {"layer": layers})


def _silent_energy(values: np.ndarray, truth: np.ndarray) -> float:
    """Mean square over neurons that should be silent."""
    silent = truth == 0
    return float(np.sum(np.square(values), where=silent, dtype=np.float64) / silent.sum())


def plates(data: Data) -> list[Plate]:
    """Error of what is read off, and wrong neurons."""
    return [
        Plate(
            name="error",
            figure=simulation_error(data["widths"]),
            caption="Mean squared error of silent neurons, as read off what is stored and after layers of plain ReLUs. "
            "Storing costs k/m. Each layer re-reads the noise of all n neurons, so from the second on the error is "
            "multiplied by about n/m.",
        ),
        Plate(
            name="wrong",
            figure=wrong_neurons_against_width(data["widths"], data["sizes"]),
            caption="Neurons that fire or not: wrong ones per layer, with the width from which on fewer than one is "
            "wrong. That width grows with the logarithm of the number of neurons.",
        ),
    ]


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    widths, sizes = data["widths"], data["sizes"]
    return [
        Finding(claim="tegum.simulation-storage", parts=_over_formula(widths, layer=0, margin=0.1), figure="error"),
        Finding(
            claim="tegum.simulation-relu",
            parts=[*_over_formula(widths, layer=1, margin=0.1), *_over_formula(widths, layer=2, margin=0.2)],
            figure="error",
        ),
        Finding(claim="tegum.simulation-plain-fails", parts=_noise_to_signal(widths), figure="error"),
        Finding(claim="tegum.simulation-threshold", parts=_wrong(widths), figure="wrong"),
        Finding(claim="tegum.simulation-logarithm", parts=_sizes(sizes), figure="wrong"),
    ]


def _over_formula(widths: xr.Dataset, *, layer: int, margin: float) -> list[Part]:
    what = "read-off noise" if layer == 0 else f"error after {layer} plain layer{'s' if layer > 1 else ''}"
    return [
        within(
            f"{what} over the formula, m = {m}",
            _ratio(widths, "error", "relu_formula", m, layer),
            1 - margin,
            1 + margin,
        )
        for m in widths["n_hidden"].values
    ]


def _ratio(widths: xr.Dataset, name: str, formula: str, m: int, layer: int) -> Estimate:
    at = widths.sel(n_hidden=m, layer=layer)
    return mean_estimate(at[name].values / float(at[formula]))


def _noise_to_signal(widths: xr.Dataset) -> list[Part]:
    n, k = float(widths.attrs["n_features"]), float(widths.attrs["n_active"])
    parts = []
    for m in widths["n_hidden"].values[widths["n_hidden"].values <= n / 2]:
        for layer, least in ((1, 1.0), (2, 4.0)):
            energy = mean_estimate(n * widths["error"].sel(n_hidden=m, layer=layer).values / k)
            parts.append(within(f"energy of noise over that of the signal, layer {layer}, m = {m}", energy, low=least))
    return parts


def _wrong(widths: xr.Dataset) -> list[Part]:
    parts = []
    for m in widths["n_hidden"].values:
        for layer in range(1, N_LAYERS + 1):
            if _SEEN[0] <= float(widths["wrong_formula"].sel(n_hidden=m, layer=layer)) <= _SEEN[1]:
                ratio = _ratio(widths, "wrong", "wrong_formula", m, layer)
                parts.append(within(f"wrong neurons over the formula, layer {layer}, m = {m}", ratio, 0.6, 1.5))
    return parts


def _sizes(sizes: xr.Dataset) -> list[Part]:
    parts = []
    for n in sizes["n_features"].values:
        at = sizes.sel(n_features=n)
        at_least, at_third = (mean_estimate(at[name].values) for name in ("wrong", "wrong_third"))
        parts.append(within(f"wrong neurons, n = {n}, m = {int(at['least'])}", at_least, 0.4, 2.0))
        parts.append(within(f"wrong neurons, n = {n}, a third of that m", at_third, low=10))
    size, least = sizes["n_features"].values.astype(float), sizes["least"].values.astype(float)
    growth = np.diff(least) / np.diff(np.log(size)) / sizes.attrs["n_active"]
    parts.append(within("growth of m per k ln n, over steps of n", group_estimate(growth[-1], growth), 16, 50))
    return parts


EXPERIMENT = Experiment(
    id="noisy-simulation",
    title="A network simulated by a smaller one",
    question="How few dimensions can simulate a sparse network, and where does what is read off become unreliable?",
    presets=PRESETS,
    run=run,
    plates=plates,
    judge=judge,
    sources=(
        "Elhage et al. 2022, Toy Models of Superposition, on networks as noisy simulations of larger networks",
        "Vaintrob, Mendel and Hänni 2024, Toward A Mathematical Framework for Computation in Superposition",
    ),
)
