"""How fast decoders are: `make bench`.

Many features: wrong ones of a threshold at n = 1 000 000, m = 4096, k = 50, where the matrix would take 33 GB; rows are
made from the seed as they are needed. Goals: 60 s for a standard error of 10 %, 1.5 GB, and half of the matrix
product's peak in the read-out.

Pursuit: samples per second at n = 1000, m = 256, k = 20, against scikit-learn's `orthogonal_mp` called in a loop; the
two alternate, and the ratio is the median of the rounds with its range. Goal: 10.

Message passing and the lasso: share of the matrix product's peak (2048 x 2048, float32, the same round) at n = 1000,
m = 256, counting 4 n m operations a step for the two products; the time also holds everything around them. Goal: 0.4.

Both run on one thread and count processor seconds, so that other work on the machine does not decide.

Phase diagram: 20 x 20 points of m/n and k/m at n = 500, 100 samples (10 codes of 10) by 4 decoders at each, in two
processes. The points of one m/n share their codes, so that their samples can be decoded together. Goal: 300 s.
"""

import argparse
import json
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tegum.codes import ImplicitCode
from tegum.decoders import DECODERS, decode, omp
from tegum.theory import expected_wrong

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


def many_features(n: int, m: int, k: int, n_samples: int) -> dict[str, Any]:
    """One pass over the rows of a code: wrong features of all samples, seconds, and how fast the read-out was."""
    code = ImplicitCode("sphere", n, m, seed=0)
    supports = np.stack([np.random.default_rng(i).choice(n, k, replace=False) for i in range(n_samples)])
    top = peak(3)
    start, in_products, wrong = time.perf_counter(), 0.0, 0
    h = code.read_in(supports).astype(np.float32)
    for first, rows in code.blocks(dtype=np.float32):
        begin = time.process_time()
        z = h @ rows.T
        in_products += time.process_time() - begin
        on = z > 0.5
        sample, place = np.nonzero((supports >= first) & (supports < first + len(rows)))
        found = on[sample, supports[sample, place] - first]
        wrong += int(on.sum()) - 2 * int(found.sum()) + len(found)
    return {
        "seconds": time.perf_counter() - start,
        "wrong": wrong / n_samples,
        "expected": float(expected_wrong(n, m, k)),
        "relative_error": wrong**-0.5 if wrong else np.inf,
        "share": 2 * n * m * n_samples / in_products / top,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def column(task: tuple[int, int, tuple[int, ...], int, int]) -> tuple[np.ndarray, list[float]]:
    """Right samples of one code, (load, decoder), at all loads of one m/n; and the processor seconds of each decoder.

    Decoders that need not know k decode the samples of all loads side by side: 200 rows make products twice as fast as
    ten do, and samples that take thousands of steps have company.
    """
    n, m, loads, n_samples, code = task
    W = drawn(n, m, 1, 1, m, code)[2]
    x = np.stack([drawn(n, 1, k, n_samples, m, code, k)[0] for k in loads])
    hits, taken = np.zeros((len(loads), len(DIAGRAM))), []
    for i, name in enumerate(DIAGRAM):
        start = time.process_time()
        if DECODERS[name].needs_load:
            found = np.stack([decode(name, some @ W, W, n_active=k) for some, k in zip(x, loads, strict=True)])
        else:
            found = decode(name, x.reshape(-1, n) @ W, W).reshape(x.shape)
        hits[:, i] = ((found > 0.5) == (x > 0.5)).all(axis=2).sum(axis=1)
        taken.append(time.process_time() - start)
    return hits, taken


def diagram(resolution: int, n_codes: int, n_samples: int) -> dict[str, Any]:
    """The whole diagram: seconds, those of each decoder, and the share of points with most samples right."""
    n, ratios = 500, (np.arange(resolution) + 0.5) / resolution
    widths = [round(n * delta) for delta in ratios]
    loads = {m: tuple(max(1, round(rho * m)) for rho in ratios) for m in widths}
    tasks = [(n, m, loads[m], n_samples, code) for m in widths for code in range(n_codes)]
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that start now
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        hits, taken = (np.array(part) for part in zip(*pool.map(column, tasks, chunksize=1), strict=True))
    rates = hits.reshape(len(widths), n_codes, resolution, -1).sum(axis=1) / (n_codes * n_samples)
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": dict(zip(DIAGRAM, taken.sum(axis=0).round(1).tolist(), strict=True)),
        "recovered": dict(zip(DIAGRAM, (rates > 0.5).mean(axis=(0, 1)).round(3).tolist(), strict=True)),
        "goal": 300,
    }


def shown(line: dict[str, Any]) -> str:
    """Median, range and goal of a ratio."""
    return f"{line['ratio']:.2f} ({line['low']:.2f} to {line['high']:.2f}), goal {line['goal']}"


def main() -> None:
    """Run all and print their lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, to see that nothing crashes")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    words = parser.parse_args()
    rounds = 1 if words.smoke else 7
    with threadpool_limits(1):
        found: dict[str, Any] = {
            "pursuit": pursuit(rounds, 40 if words.smoke else 1024),
            "shares": shares(rounds, 64 if words.smoke else 2048),
            "many_features": many_features(*(2000, 64, 3, 4) if words.smoke else (1_000_000, 4096, 50, 48)),
        }
    line = found["pursuit"]
    print(f"pursuit: {line['ours']:.0f} samples/s, scikit-learn {line['theirs']:.0f}, ratio {shown(line)}", flush=True)
    for line in found["shares"]:
        rates = f"{line['rate'] / 1e9:.0f} of {line['peak'] / 1e9:.0f} GFLOP/s"
        print(f"{line['decoder']:<22} {rates:<22} share {shown(line)}", flush=True)
    line = found["many_features"]
    print(f"many features: {line['wrong']:.2f} wrong (formula {line['expected']:.2f}) ± {line['relative_error']:.0%} in"
          f" {line['seconds']:.0f} s, goal 60; {line['gigabytes']:.1f} GB in all, goal 1.5;"
          f" share {line['share']:.2f}, goal 0.5", flush=True)  # fmt: skip
    found["diagram"] = line = diagram(*(3, 1, 2) if words.smoke else (20, 10, 10))
    print(f"diagram: {line['seconds']:.0f} s, goal {line['goal']}")
    print(f"  processor seconds {line['processor_seconds']}")
    print(f"  recovered at this share of the points {line['recovered']}")
    if words.json:
        words.json.write_text(json.dumps(found, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
