"""How fast the exact kernel maps the phases of an extra feature, and whether training ever ends lower: `make bench`.

Each map is a grid of feature probability and importance, every cell descended from many starts. Goals on two cores:
n = 2, m = 1 with 256 x 256 cells and 16 starts in 180 s; n = 3, m = 2 the same in 480 s; 64 x 64 with 8 starts of each
in 40 s together.

Adam: 200 cells drawn at random from each large map are trained for 10 000 steps, and the exact loss of where they ended
is set beside the optimum of the cell. No cell may end lower.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from tegum import Axis, DescentSettings, Grid, TrainSettings, find_optima, train
from tegum.phases import phase_grid
from tegum.theory.exact_loss import exact_loss

ADAM = TrainSettings(n_steps=10_000, schedule="cosine", learning_rate=3e-3)
ROUNDING = 1e-9  # of the loss: what two orders of summing may differ by


def axes(resolution: int) -> tuple[list[float], list[float]]:
    """Feature probabilities and importances of a map."""
    return np.geomspace(0.01, 1, resolution).tolist(), np.geomspace(0.1, 10, resolution).tolist()


def seconds_of_map(n: int, resolution: int, n_starts: int) -> tuple[xr.Dataset, float]:
    """The map of n features in n - 1 dimensions, and how long it took."""
    start = time.perf_counter()
    optima = find_optima(phase_grid(n, *axes(resolution)), DescentSettings(n_starts=n_starts))
    return optima, time.perf_counter() - start


def against_adam(n: int, optima: xr.Dataset, n_cells: int, settings: TrainSettings) -> dict[str, Any]:
    """How far Adam ends above the optimum, in parts of it, over cells drawn at random."""
    p, value = optima["feature_probability"].values, optima["relative_importance"].values
    words = np.random.default_rng(0)
    rows, columns = words.integers(len(p), size=n_cells), words.integers(len(value), size=n_cells)
    importance = [(1.0,) * (n - 1) + (float(value[c]),) for c in columns]
    axis = Axis(
        labels=list(range(n_cells)),
        fields={"feature_probability": [float(p[r]) for r in rows], "importance": importance},
    )
    data = train(Grid(phase_grid(n, [0.5], [1.0]).problem, cell=axis), settings, n_models=1)
    reached = np.array(
        [
            exact_loss(
                data["W"].values[i, 0], data["bias"].values[i, 0],
                feature_probability=p[rows[i]], importance=importance[i],
            ).loss
            for i in range(n_cells)
        ]
    )  # fmt: skip
    lowest = optima["loss"].isel(model=0).values[rows, columns]
    above = reached / lowest - 1
    return {
        "n_cells": n_cells, "least": float(above.min()), "median": float(np.median(above)),
        "lower": int((above < -ROUNDING).sum()),
    }  # fmt: skip


def main() -> None:
    """Run the maps and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="tiny maps, to see that nothing crashes")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    words = parser.parse_args()
    lines: list[dict[str, Any]] = []
    find_optima(phase_grid(2, [0.1], [1.0]), DescentSettings(n_starts=1))  # compiles
    large, small = (6, 6) if words.smoke else (256, 64)
    n_cells, settings = (5, ADAM.replace(n_steps=500)) if words.smoke else (200, ADAM)
    print(f"{'map':<28} {'descents':>9} {'seconds':>8} {'goal':>5}")
    for n, resolution, n_starts, goal in (
        (2, large, 16, 180),
        (3, large, 16, 480),
        (2, small, 8, 40),
        (3, small, 8, 40),
    ):
        optima, taken = seconds_of_map(n, resolution, n_starts)
        line: dict[str, Any] = {"n": n, "resolution": resolution, "n_starts": n_starts, "seconds": taken, "goal": goal}
        name = f"n {n}, m {n - 1}, {resolution} x {resolution} x {n_starts}"
        print(f"{name:<28} {resolution**2 * n_starts:>9} {taken:>8.2f} {goal:>5}", flush=True)
        if n_starts == 16:
            line["adam"] = against_adam(n, optima, n_cells, settings)
            text = "  Adam's loss / optimum - 1: least {least:.1e}, median {median:.1e}, lower in {lower} of {n_cells}"
            print(text.format(**line["adam"]), flush=True)
        lines.append(line)
    if words.json:
        words.json.write_text(json.dumps(lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
