"""How long it takes to look at the ANDs of all pairs of features that one layer computes: `make bench`.

n = 4096 features have 8.4 million pairs. A universal AND with m = 32768 neurons reads all of them; their errors are
taken from 10^4 inputs, by case, without a matrix of pairs and neurons. Goal on two cores: 180 s and 4 GB. Beside what
was measured stands the law: the mean of an average with none, one and both on, and the neurons that two features share.
"""

import argparse
import json
import resource
import time
from pathlib import Path

from tegum.circuits import random_supports
from tegum.circuits.pair_errors import CASES, pair_errors
from tegum.circuits.uand import universal_and
from tegum.theory import coverage_probability, universal_and_law

SIZES = {"n_features": 4096, "n_neurons": 32768, "n_inputs": 10_000, "n_active": 10}
SMALL = {"n_features": 128, "n_neurons": 1024, "n_inputs": 16, "n_active": 4}
ACTIVE_INPUTS = 0.25  # active features per neuron: k q
GOAL_SECONDS, GOAL_BYTES = 180, 4e9


def main() -> None:
    """Run the case and print its numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, to see that nothing crashes")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    words = parser.parse_args()
    sizes = SMALL if words.smoke else SIZES
    n, m, k = sizes["n_features"], sizes["n_neurons"], sizes["n_active"]
    q = ACTIVE_INPUTS / k
    layer = universal_and(n, m, q)
    pair_errors(layer, random_supports(n, 2, n_active=k))  # compiles
    supports = random_supports(n, sizes["n_inputs"], n_active=k, seed=1)
    start, used = time.perf_counter(), time.process_time()
    errors = pair_errors(layer, supports)
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"all pairs of n = {n}, m = {m}, k = {k}, {len(supports)} inputs: {errors.n.sum():.3g} estimates")
    print(f"  {seconds:.1f} s ({cpu:.1f} s of processors), goal {GOAL_SECONDS}; {peak / 1e9:.2f} GB, goal 4")
    line = {**sizes, "seconds": seconds, "cpu_seconds": cpu, "bytes": peak, "uncovered": errors.uncovered.best}
    for case, name in enumerate(CASES):
        law = universal_and_law(m, k, q, n_on=case)
        print(f"  {name:<8} mean {errors.mean[case]} (law {law.mean:.4f}), deviation {errors.deviation[case]:.4f}"
              f" (law {law.deviation:.4f}), wrong {errors.wrong[case]}")  # fmt: skip
        line[name] = {"mean": errors.mean[case].best, "law": float(law.mean), "wrong": errors.wrong[case].best}
    print(f"  uncovered {errors.uncovered} (law {1 - float(coverage_probability(m, q)):.2g}),"
          f" shared neurons {errors.mean_shared:.2f} (law {m * q**2:.2f})")  # fmt: skip
    if words.json:
        words.json.write_text(json.dumps(line, indent=1) + "\n")


if __name__ == "__main__":
    main()
