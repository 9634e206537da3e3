# make reproduce   install, run every experiment, print the claims, write reproduction/index.html
# make test        install what the tests need; lint, types, layers, all tests
# make check       the fast part of make test, under a minute
# make bench       speed against the recipes in use
# make regen       write again what is generated (reference pages)
#
# Paths are relative and quoted: the folder may have a space in its name.

PYTHON ?= python3
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
BIN = .venv/bin

# Tests of one file share what they prepare, so they stay with one worker.
WORKERS = -n 2 --dist loadfile --no-loadscope-reorder

# The tests start dozens of processes; where Python may not keep what it compiled, each would compile all of tegum again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: reproduce test check bench regen clean

reproduce: .venv/installed
	$(BIN)/tegum reproduce --preset quick --out reproduction

test: check
	$(BIN)/python -m pytest -q -m "slow or device" $(WORKERS)
	$(BIN)/python benchmarks/bench_train_step.py --smoke
	$(BIN)/python benchmarks/bench_sweep.py --smoke
	$(BIN)/python benchmarks/bench_exact.py --smoke
	$(BIN)/python benchmarks/bench_decoders.py --smoke
	$(BIN)/python benchmarks/bench_circuits.py --smoke

check: .venv/installed-dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/basedpyright --level error
	$(BIN)/python tools/regen.py --check
	$(BIN)/python -m pytest -q -m "not slow and not device" $(WORKERS)

bench: .venv/installed-bench
	$(BIN)/python benchmarks/bench_train_step.py --json benchmarks/results/latest.json
	$(BIN)/python benchmarks/bench_sweep.py --json benchmarks/results/sweep.json
	$(BIN)/python benchmarks/bench_exact.py --json benchmarks/results/exact.json
	$(BIN)/python benchmarks/bench_decoders.py --json benchmarks/results/decoders.json
	$(BIN)/python benchmarks/bench_circuits.py --json benchmarks/results/circuits.json

regen: .venv/installed-dev
	$(BIN)/python tools/regen.py

.venv/created:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "tegum needs Python 3.11 or newer; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	"$(PYTHON)" -m venv .venv
	touch .venv/created

.venv/installed: .venv/created pyproject.toml constraints.txt
	$(PIP) --editable .
	touch .venv/installed

.venv/installed-dev: .venv/installed
	$(PIP) --editable ".[dev]"
	touch .venv/installed-dev

.venv/installed-bench: .venv/installed
	$(PIP) --editable ".[bench]"
	mkdir -p benchmarks/results
	touch .venv/installed-bench

clean:
	rm -rf .venv reproduction runs benchmarks/results .pytest_cache .ruff_cache .hypothesis
