"""What a sweep costs beyond its kernel, and how fast a finished one opens: `make bench`.

Overhead: a sweep of 5-second tasks, from nothing to files, against the kernel alone doing the same models in as many
threads. They alternate, and the least time of each counts, since whatever else the machine does can only add to it, by
the clock and by the time of all processors together. Recording the loss curve is part of the overhead. Goal: 5 %.

Opening: `open_sweep` on ten thousand task files. Goal: 10 s. Reading one variable of all of them is shown beside it.

Estimate: what the cost model that cuts a sweep says of a task, and what it took.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from tegum import Grid, Problem, TrainSettings, open_sweep
from tegum.ground.threads import n_processors
from tegum.kernels.choice import choose_kernel
from tegum.kernels.fused import FusedKernel
from tegum.sweeps import SweepSpec, run_spec
from tegum.sweeps.partition import content, partition
from tegum.sweeps.spec import spec_of
from tegum.sweeps.work import run_task

OVERHEAD_GOAL, OPENING_GOAL = 0.05, 10.0


class Spent(NamedTuple):
    """Seconds on the clock, and of all processors together."""

    wall: float
    processor: float


def spent(call: Callable[[], object]) -> Spent:
    """What a call takes."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def seconds(call: Callable[[], object]) -> float:
    """Wall time of a call."""
    return spent(call).wall


def sweep_of(n_tasks: int, task_seconds: float) -> SweepSpec:
    """A sweep of small models that is cut into about so many tasks of the given length."""
    grid = Grid(Problem(n_features=20, n_hidden=5, feature_probability=1.0), feature_probability=[0.3, 0.03])
    spec = spec_of(grid, settings=TrainSettings(n_steps=5000), n_models=1, task_seconds=task_seconds).resolved()
    one_model = partition(spec.replace(task_seconds=1e-9), epoch(spec))[0].work / 1e12
    return spec.replace(n_models=max(1, round(n_tasks * task_seconds / one_model / len(grid))))


def epoch(spec: SweepSpec) -> int:
    """Version of the numbers of its kernel."""
    return choose_kernel(spec.kernel, spec.settings).epoch


def kernel_alone(spec: SweepSpec) -> None:
    """The models of every task, trained and evaluated, and nothing else; one thread for each task."""
    cells = spec.grid.cells()

    def one(task: Any) -> None:
        first_cell, n_cells, first_model, n_models = task.block
        problems = [cell for cell in cells[first_cell : first_cell + n_cells] for _ in range(n_models)]
        models = list(range(first_model, first_model + n_models)) * n_cells
        run = FusedKernel(1).prepare(problems, spec.settings, models=models, seed=spec.seed)
        run.advance(spec.settings.n_steps)
        run.evaluate(spec.settings.evaluation_samples)

    with ThreadPoolExecutor(n_processors()) as pool:
        list(pool.map(one, partition(spec, epoch(spec))))


def overhead(n_tasks: int, task_seconds: float, rounds: int) -> dict[str, Any]:
    """Share of the time of a sweep that is not the kernel's."""
    spec = sweep_of(n_tasks, task_seconds)
    with tempfile.TemporaryDirectory() as folder:  # compiles and imports
        run_spec(sweep_of(2, 0.01), folder)
    times = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            times.append((spent(lambda folder=folder: run_spec(spec, folder)), spent(lambda: kernel_alone(spec))))
    wall, processor = ([[pair[0][i], pair[1][i]] for pair in times] for i in range(2))
    return {"n_tasks": len(partition(spec, epoch(spec))), "wall": wall, "processor": processor}


def opening(n_files: int) -> dict[str, Any]:
    """Seconds to open a sweep of many files, and to read the loss of all of them."""
    problem = Problem(n_features=5, n_hidden=2, feature_probability=1.0)
    grid = Grid(problem, feature_probability=np.linspace(0.01, 1, n_files))
    settings = TrainSettings(n_steps=1, batch_size=1, evaluation_samples=2)
    with tempfile.TemporaryDirectory() as folder:
        making = seconds(lambda: run_spec(spec_of(grid, settings=settings, task_seconds=1e-9), folder))
        assert len(list(Path(folder, "tasks").iterdir())) == n_files
        opened = seconds(lambda: open_sweep(folder))
        dataset = open_sweep(folder)
        read = seconds(lambda: dataset["loss"].load())
        again = seconds(lambda: run_spec(spec_of(grid, settings=settings, task_seconds=1e-9), folder))
    return {"n_files": n_files, "making": making, "opening": opened, "reading_loss": read, "checking": again}


def estimates() -> list[tuple[str, float, float]]:
    """(problem, estimated seconds, seconds taken) of one task on one core."""
    torch.set_num_threads(1)
    lines = []
    for n, m in ((2, 1), (5, 2), (20, 5), (80, 20), (200, 40)):
        problem = Problem(n_features=n, n_hidden=m, feature_probability=0.1)
        for kernel, n_steps in (("fused", 200_000 // (n * m + 10)), ("reference", 20)):
            settings = TrainSettings(n_steps=n_steps)
            spec = spec_of(problem, settings=settings, n_models=4, kernel=kernel, task_seconds=1000.0)
            (task,) = partition(spec, epoch(spec))
            text = content(spec, epoch(spec), spec.grid.cells(), task.block).to_json()
            taken = seconds(lambda text=text: run_task(text, 1))
            lines.append((f"{kernel} {n} -> {m}", task.work / 1e12, taken))
    return lines


def bar(ratio: float) -> str:
    """Decibels on the good side of the goal (+) or on the bad one (-)."""
    decibel = 10 * np.log10(max(ratio, 1e-3))
    return f"{decibel:+5.1f} dB {('+' if decibel >= 0 else '-') * min(20, round(abs(decibel) * 2))}"


def main() -> None:
    """Run the cases and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="tiny cases, to see that nothing crashes")
    parser.add_argument("--files", type=int, default=10_000, help="task files to open")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    words = parser.parse_args()
    smoke = words.smoke
    cost = overhead(*((2, 0.1, 1) if smoke else (4 * n_processors(), 5.0, 3)))
    print(f"overhead of a sweep of {cost['n_tasks']} tasks")
    for name in ("wall", "processor"):
        whole, alone = (min(times) for times in zip(*cost[name], strict=True))
        share = whole / alone - 1
        print(
            f"  {name:<9} {100 * share:5.1f} % ({whole:.2f} s, kernel {alone:.2f} s)  goal 5 %  "
            f"{bar(OVERHEAD_GOAL / max(share, 1e-3))}"
        )
    files = opening(50 if smoke else words.files)
    print(
        f"opening {files['n_files']} task files: {files['opening']:.2f} s  goal 10 s  "
        f"{bar(OPENING_GOAL / files['opening'])}\n"
        f"  making them {files['making']:.1f} s, reading the loss of all {files['reading_loss']:.2f} s, "
        f"checking that nothing is missing {files['checking']:.2f} s"
    )
    guesses = [] if smoke else estimates()
    for name, guess, taken in guesses:
        print(f"estimate {name:<20} {guess:8.2f} s, taken {taken:8.2f} s")
    if words.json:
        words.json.write_text(json.dumps({"overhead": cost, "opening": files, "estimates": guesses}, indent=1) + "\n")


if __name__ == "__main__":
    main()
