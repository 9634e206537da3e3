"""How fast decoders are: `make bench`.

Pursuit: samples per second at n = 1000, m = 256, k = 20, against scikit-learn's `orthogonal_mp` called in a loop; the
two alternate, and the ratio is the median of the rounds with its range. Goal: 10.

Message passing and the lasso: share of the matrix product's peak (2048 x 2048, float32, the same round) at n = 1000,
m = 256, counting 4 n m operations a step for the two products; the time also holds everything around them. Goal: 0.4.

Both run on one thread and count processor seconds, so that other work on the machine does not decide.

Phase diagram: 20 x 20 points of m/n and k/m at n = 500, 100 samples (10 codes of 10) by 4 decoders at each, in two
processes. Goal: 300 s.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tegum.decoders import decode, omp

DIAGRAM = ("omp", "fista", "amp_soft", "amp_bayes")
STEPS = 40


def drawn(n: int, m: int, k: int, n_samples: int, *seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, hidden vectors and a random code, float32."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((n, m), np.float32)
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    x = np.zeros((n_samples, n), np.float32)
    np.put_along_axis(x, rng.random((n_samples, n)).argsort(axis=1)[:, :k], 1, axis=1)
    return x, x @ W, W


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def pursuit(n_rounds: int, n_samples: int) -> dict[str, Any]:
    """Samples per second of both pursuits, float64."""
    from sklearn.linear_model import orthogonal_mp

    _, h, W = drawn(1000, 256, 20, n_samples, 0)
    h, W = h.astype(np.float64), W.astype(np.float64)
    few = h[: max(2, n_samples // 20)]
    omp(h, W, n_active=20)  # compiles
    rates = []
    for _ in range(n_rounds):
        ours = len(h) / seconds(lambda: omp(h, W, n_active=20))
        theirs = len(few) / seconds(lambda: [orthogonal_mp(W.T, one, n_nonzero_coefs=20) for one in few])
        rates.append((ours, theirs, ours / theirs))
    ours, theirs, ratios = np.array(rates).T
    return {"ours": ours.max(), "theirs": theirs.max(), **spread(ratios), "goal": 10}


def spread(ratios: np.ndarray) -> dict[str, float]:
    """Median of the rounds and their range."""
    return {"ratio": float(np.median(ratios)), "low": float(ratios.min()), "high": float(ratios.max())}


def peak(n_rounds: int) -> float:
    """Operations per second of a float32 matrix product."""
    a = np.ones((2048, 2048), np.float32)
    return 2 * 2048**3 / min(seconds(lambda: a @ a) for _ in range(n_rounds))


def shares(n_rounds: int, n_samples: int) -> list[dict[str, Any]]:
    """Share of the peak that decoders of matrix products reach; peak and decoder alternate."""
    n, m = 1000, 256
    _, h, W = drawn(n, m, 130, n_samples, 1)  # more than any of them recovers in so many steps
    lines = []
    for name in ("amp_bayes", "amp_soft", "amp_soft_non_negative", "fista", "fista_non_negative"):
        found = []
        for _ in range(n_rounds):
            top = peak(1)
            taken = seconds(partial(decode, name, h, W, n_active=130, n_steps=STEPS, tolerance=0.0))
            found.append((4 * n * m * n_samples * STEPS / taken, top))
        rates, tops = np.array(found).T
        line = {"decoder": name, "rate": rates.max(), "peak": tops.max(), **spread(rates / tops), "goal": 0.4}
        lines.append(line)
    return lines


def point(task: tuple[int, int, int, int, int]) -> tuple[list[float], list[float]]:
    """Success rates of the decoders at one point of the diagram, and the processor seconds of each."""
    n, m, k, n_codes, n_samples = task
    hits, taken = np.zeros(len(DIAGRAM)), np.zeros(len(DIAGRAM))
    for code in range(n_codes):
        x, h, W = drawn(n, m, k, n_samples, m, k, code)
        for i, name in enumerate(DIAGRAM):
            start = time.process_time()
            found = decode(name, h, W, n_active=k)
            hits[i] += ((found > 0.5) == (x > 0.5)).all(axis=1).sum()
            taken[i] += time.process_time() - start
    return (hits / n_codes / n_samples).tolist(), taken.tolist()


def diagram(resolution: int, n_codes: int, n_samples: int) -> dict[str, Any]:
    """The whole diagram: seconds, those of each decoder, and the share of points with most samples right."""
    n, ratios = 500, (np.arange(resolution) + 0.5) / resolution
    sizes = [(round(n * d), max(1, round(r * round(n * d)))) for d in ratios for r in ratios]
    tasks = [(n, m, k, n_codes, n_samples) for m, k in sizes]
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that start now
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        rates, taken = (np.array(part) for part in zip(*pool.map(point, tasks, chunksize=1), strict=True))
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": dict(zip(DIAGRAM, taken.sum(axis=0).round(1).tolist(), strict=True)),
        "recovered": dict(zip(DIAGRAM, (rates > 0.5).mean(axis=0).round(3).tolist(), strict=True)),
        "goal": 300,
    }


def shown(line: dict[str, Any]) -> str:
    """Median, range and goal of a ratio."""
    return f"{line['ratio']:.2f} ({line['low']:.2f} to {line['high']:.2f}), goal {line['goal']}"


def main() -> None:
    """Run all three and print their lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, to see that nothing crashes")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    words = parser.parse_args()
    rounds = 1 if words.smoke else 7
    with threadpool_limits(1):
        found: dict[str, Any] = {
            "pursuit": pursuit(rounds, 40 if words.smoke else 1024),
            "shares": shares(rounds, 64 if words.smoke else 2048),
        }
    line = found["pursuit"]
    print(f"pursuit: {line['ours']:.0f} samples/s, scikit-learn {line['theirs']:.0f}, ratio {shown(line)}", flush=True)
    for line in found["shares"]:
        rates = f"{line['rate'] / 1e9:.0f} of {line['peak'] / 1e9:.0f} GFLOP/s"
        print(f"{line['decoder']:<22} {rates:<22} share {shown(line)}", flush=True)
    found["diagram"] = line = diagram(*(3, 1, 2) if words.smoke else (20, 10, 10))
    print(f"diagram: {line['seconds']:.0f} s, goal {line['goal']}")
    print(f"  processor seconds {line['processor_seconds']}")
    print(f"  recovered at this share of the points {line['recovered']}")
    if words.json:
        words.json.write_text(json.dumps(found, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
