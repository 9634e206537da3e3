"""Speed of training against the recipes in use: `make bench`.

Unit: training steps of all models together, per second. The three contenders alternate within each round, do the same
work (same models, batch and number of parameters), and each ratio is taken within a round. The goals were set on a
2-core machine with AVX-512 (docs/performance.md).
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np

from recipes import Advance, jax_recipe, torch_recipe
from tegum import Problem, TrainSettings, train
from tegum.kernels.fused import FusedKernel
from tegum.kernels.reference import ReferenceKernel
from tegum.problem import Grid

BATCH = 1024


@dataclass(frozen=True)
class Case:
    """One line of the table; the models' probabilities are spread evenly on a log scale."""

    n_models: int
    n_features: int
    n_hidden: int
    densest: float
    sparsest: float
    goal: float

    @property
    def probabilities(self) -> np.ndarray:
        """P of each model."""
        return np.geomspace(self.densest, self.sparsest, self.n_models)

    @property
    def name(self) -> str:
        """As in the table of goals."""
        p = f"{self.densest:g}" if self.densest == self.sparsest else f"{self.densest:g}..{self.sparsest:g}"
        return f"{self.n_models} x {self.n_features} -> {self.n_hidden}, p {p}"


CASES = (
    Case(10, 5, 2, 1, 0.01, 40),
    Case(10, 20, 5, 1, 0.01, 15),
    Case(1000, 2, 1, 0.1, 0.1, 40),
    Case(10, 20, 5, 0.01, 0.01, 40),
    Case(10, 80, 20, 1, 0.01, 4),
    Case(20, 400, 30, 0.01, 0.01, 5),
)


def tegum_recipe(case: Case, densities: np.ndarray) -> Advance:
    """Our kernel on the same work."""
    problems = [
        Problem(n_features=case.n_features, n_hidden=case.n_hidden, feature_probability=p) for p in densities.tolist()
    ]
    run = FusedKernel().prepare(problems, TrainSettings(batch_size=BATCH), models=range(len(problems)), seed=0)
    return lambda n_steps: run.advance(n_steps)


def seconds(advance: Advance, n_steps: int) -> float:
    """Wall time of n_steps."""
    start = time.perf_counter()
    advance(n_steps)
    return time.perf_counter() - start


def calibrated(advance: Advance, budget: float) -> int:
    """Steps that take about `budget` seconds, after a warm-up (JAX compiles anew for each length)."""
    n_steps = 1
    while True:
        advance(n_steps)
        taken = seconds(advance, n_steps)
        if taken > budget / 4:
            n_steps = max(1, round(n_steps * budget / taken))
            advance(n_steps)
            return n_steps
        n_steps *= 4


def compare(case: Case, rounds: int, budget: float) -> dict[str, object]:
    """Rates of the contenders and the ratio of ours to the better of the others, round by round."""
    made = {
        "tegum": tegum_recipe(case, case.probabilities),
        "torch": torch_recipe(case.probabilities, case.n_features, case.n_hidden, BATCH),
        "jax": jax_recipe(case.probabilities, case.n_features, case.n_hidden, BATCH),
    }
    contenders = {name: advance for name, advance in made.items() if advance is not None}
    lengths = {name: calibrated(advance, budget) for name, advance in contenders.items()}
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, advance in contenders.items():
            rates[name].append(lengths[name] / seconds(advance, lengths[name]))
    ratios = [ours / max(others) for ours, *others in zip(*rates.values(), strict=True)]
    return {"case": case.name, "goal": case.goal, "rates": rates, "ratios": ratios}


def line(result: dict) -> str:
    """One line of the table, with a bar in decibels from the goal."""
    rates = {name: median(values) for name, values in result["rates"].items()}
    ratio = median(result["ratios"])
    decibel = 10 * np.log10(ratio / result["goal"])
    bar = ("+" if decibel >= 0 else "-") * min(20, round(abs(decibel) * 2))
    others = "  ".join(f"{name} {rate:9.1f}" for name, rate in rates.items())
    spread = f"{min(result['ratios']):.1f}..{max(result['ratios']):.1f}"
    verdict = f"ratio {ratio:6.1f} ({spread})  goal {result['goal']:g}  {decibel:+5.1f} dB {bar}"
    return f"{result['case']:<28} {others}  {verdict}"


def sgemm_peak() -> float:
    """Floating-point operations per second of numpy's matrix product, all cores."""
    a = np.ones((2048, 2048), np.float32)
    a @ a
    return 2 * 2048**3 / min(seconds(lambda _: a @ a, 1) for _ in range(5))


def dense_share(n: int, m: int, peak: float) -> str:
    """Share of that peak which training reaches when every feature is present: 10 n m operations per sample."""
    case = Case(10, n, m, 1, 1, 0)
    advance = tegum_recipe(case, case.probabilities)
    n_steps = calibrated(advance, 0.5)
    rate = max(n_steps / seconds(advance, n_steps) for _ in range(3))
    flops = rate * case.n_models * BATCH * 10 * n * m
    share = f"{flops / peak:.2f} of the sgemm peak ({peak / 1e9:.0f} GFLOP/s)"
    return f"dense 10 x {n} -> {m}: {flops / 1e9:.0f} GFLOP/s, {share}"


def same_result(n_steps: int) -> str:
    """Final losses of both kernels on the same problem, with different seeds, and their distance in standard errors."""
    problem = Problem(n_features=20, n_hidden=5, feature_probability=0.1, importance=0.9)
    grid = Grid(problem, feature_probability=[0.3, 0.03])
    settings = TrainSettings(n_steps=n_steps, learning_rate=3e-3, batch_size=256)
    data = [
        train(grid, settings, n_models=8, seed=seed, kernel=kernel)
        for seed, kernel in ((0, FusedKernel()), (1, ReferenceKernel()))
    ]
    words = []
    for p in (0.3, 0.03):
        cells = [each.sel(feature_probability=p) for each in data]
        ours, theirs = (cell["loss"].values for cell in cells)
        difference = ours.mean() - theirs.mean()
        # the spread over models, and the error of the evaluation, which the models of one run share
        error = np.hypot(
            np.hypot(ours.std(ddof=1), theirs.std(ddof=1)) / np.sqrt(8),
            np.hypot(*(cell["loss_standard_error"].values.mean() for cell in cells)),
        )
        words.append(f"p {p:g}: {ours.mean():.5f} and {theirs.mean():.5f} ({difference / error:+.1f} standard errors)")
    return "final loss, fused and reference: " + "; ".join(words)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--budget", type=float, default=0.5, help="seconds of one measurement")
    parser.add_argument("--smoke", action="store_true", help="a few seconds: does it run at all?")
    parser.add_argument("--json", type=Path, help="keep every measurement in this file")
    options = parser.parse_args()
    rounds, budget = (1, 0.005) if options.smoke else (options.rounds, options.budget)
    results = []
    for case in CASES[:2] if options.smoke else CASES:
        results.append(compare(case, rounds, budget))
        print(line(results[-1]), flush=True)
    if not options.smoke:
        peak = sgemm_peak()
        for n, m in ((5, 2), (20, 5), (80, 20), (400, 30)):
            print(dense_share(n, m, peak), flush=True)
        print(same_result(2000))
    if options.json:
        options.json.write_text(json.dumps({"cases": [asdict(case) for case in CASES], "results": results}, indent=1))


if __name__ == "__main__":
    main()
