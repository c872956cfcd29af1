# A fresh clone needs Python, one of these versions, with pip; each target sets up what it uses.
VERSIONS := 3.14 3.13 3.12 3.11
# Each is tried, because a version manager can have a command on the path that does not run.
INSTALLED = $(foreach v,$(VERSIONS),$(shell python$(v) -c 'import ensurepip; print("$(v)")' 2>/dev/null))
# The newest that is installed; `make PYTHON=python3.12` uses another.
PYTHON ?= $(addprefix python,$(firstword $(INSTALLED)))
# Processes of the tests and the demo use compiled modules, for any setting of the environment.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
BENCH_BIN := .bench-venv/bin
LOCK_FLAGS := --quiet --no-config --allow-unsafe --strip-extras --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
PIP_FLAGS := --quiet --disable-pip-version-check --require-hashes

.PHONY: demo test every-test unit unit-others lint bench docs review lock clean help

help:
	@echo "make demo   everything, end to end, on this machine (about five minutes)"
	@echo "make test   linters, types, unit tests, and tests on a real broker"
	@echo "make unit   unit tests alone; make unit-others, on each other version of Python there is"
	@echo "make bench  benchmarks; figures to build/bench.json"
	@echo "make docs   write the generated pages"
	@echo "make review accept the declared protection of every field as reviewed"
	@echo "make lock   pin the dependencies again, with hashes"

demo: .venv/.run-ready
	$(BIN)/ipu demo

# Side by side: most integration tests wait for a server, and the types are checked meanwhile.
test: .venv/.dev-ready
	@$(MAKE) --no-print-directory --jobs=2 lint every-test

# In the order of tests/conftest.py, which is that of the longest first.
SPREAD := -n 3 --dist loadfile --no-loadscope-reorder

# The brokers of the tests live for minutes: Java's second compiler would take more time than it gives.
every-test: export JAVA_TOOL_OPTIONS = -XX:TieredStopAtLevel=1
every-test: .venv/.dev-ready
	$(BIN)/pytest tests $(SPREAD)

UNIT := tests --ignore=tests/integration --ignore=tests/fuzz

unit: .venv/.dev-ready
	$(BIN)/pytest $(UNIT) $(SPREAD)

# The version of .venv has been tested by `make unit` or `make test`.
unit-others: .venv/.dev-ready
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	echo "Python of .venv: $$own; installed: $(strip $(INSTALLED))"; \
	for version in $(INSTALLED); do \
		test $$version = $$own || $(MAKE) --no-print-directory unit-$$version || exit 1; \
	done

# Kept, or make would remove it as an intermediate file.
.PRECIOUS: .venv-3.%/.dev-ready

unit-3.%: .venv-3.%/.dev-ready
	@echo "unit tests on Python 3.$*"
	.venv-3.$*/bin/pytest $(UNIT) $(SPREAD)

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
	$(BIN)/pip-compile $(LOCK_FLAGS) --extra build --extra demo -o requirements-demo.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK_FLAGS) --extra build --extra scrub -o requirements-scrub.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK_FLAGS) --extra build --extra hub --extra postgis -o requirements-hub.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK_FLAGS) --extra dev --extra demo --extra embedded --extra scrub --extra desk --extra hub --extra plot --extra postgis \
		-o requirements-dev.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK_FLAGS) -o requirements-bench.lock requirements-bench.in

.venv/bin/python:
	@test -n "$(PYTHON)" || \
		{ echo "no Python with pip found; one of $(VERSIONS) is needed, as the command python3.x"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in "$(VERSIONS)".split())' || \
		{ echo "one of Python $(VERSIONS) is needed, and $(PYTHON) is another; set PYTHON=..."; exit 1; }
	@echo "using $$($(PYTHON) --version), $$(command -v $(PYTHON))"
	$(PYTHON) -m venv .venv

.venv/.run-ready: requirements-demo.lock pyproject.toml | .venv/bin/python
	@echo "installing what the demo needs"
	@test -e .venv/.dev-ready || $(BIN)/pip install $(PIP_FLAGS) -r requirements-demo.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev-ready: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "installing what the tests need"
	$(BIN)/pip install $(PIP_FLAGS) -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv-3.%/.dev-ready: requirements-dev.lock pyproject.toml
	python3.$* -m venv .venv-3.$*
	.venv-3.$*/bin/pip install $(PIP_FLAGS) -r requirements-dev.lock
	.venv-3.$*/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.bench-venv/.ready: requirements-bench.lock
	$(PYTHON) -m venv .bench-venv
	$(BENCH_BIN)/pip install $(PIP_FLAGS) -r requirements-bench.lock
	@touch $@

clean:
	rm -rf .venv .venv-3.* .bench-venv build
