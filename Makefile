# Everything a fresh clone needs is Python 3.11 with pip; each target sets up what it uses.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
BENCH_BIN := .bench-venv/bin
LOCK_FLAGS := --quiet --no-config --allow-unsafe --strip-extras --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
PIP_FLAGS := --quiet --disable-pip-version-check --require-hashes

.PHONY: demo test unit lint bench docs review lock clean help

help:
	@echo "make demo   everything, end to end, on this machine (about two minutes)"
	@echo "make test   linters, types, unit tests, and tests on a real broker"
	@echo "make unit   unit tests alone"
	@echo "make bench  benchmarks; figures to build/bench.json"
	@echo "make docs   write the generated pages anew"
	@echo "make review take the declared protection of every field as reviewed"
	@echo "make lock   pin the dependencies anew, with hashes"

demo: .venv/.run-ready
	$(BIN)/ipu demo

test: lint
	$(BIN)/pytest tests -n 2 --dist loadfile

unit: .venv/.dev-ready
	$(BIN)/pytest tests --ignore=tests/integration --ignore=tests/fuzz

lint: .venv/.dev-ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev-ready .bench-venv/.ready
	$(BIN)/python -m tests.benchmarks

docs: .venv/.dev-ready
	$(BIN)/python -m ops.pages

review: .venv/.dev-ready
	$(BIN)/python -m ops.review

lock: .venv/.dev-ready
	$(BIN)/pip-compile $(LOCK_FLAGS) --extra build -o requirements.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK_FLAGS) --extra build --extra scrub -o requirements-scrub.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK_FLAGS) --extra dev -o requirements-dev.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK_FLAGS) -o requirements-bench.lock requirements-bench.in
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed, and $(PYTHON) is another; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run-ready: requirements.lock pyproject.toml | .venv/bin/python
	@echo "installing what the demo needs"
	@test -e .venv/.dev-ready || $(BIN)/pip install $(PIP_FLAGS) -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev-ready: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "installing what the tests need"
	$(BIN)/pip install $(PIP_FLAGS) -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.bench-venv/.ready: requirements-bench.lock
	$(PYTHON) -m venv .bench-venv
	$(BENCH_BIN)/pip install $(PIP_FLAGS) -r requirements-bench.lock
	@touch $@

clean:
	rm -rf .venv .bench-venv build
