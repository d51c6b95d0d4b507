# Every target sets up what it needs. `make help` lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= 6
# What claims a time runs after the rest: beside six others, two cores keep no promise of time.
PYTEST := $(BIN)/python -m pytest --dist loadgroup --cov --cov-report=
TESTS  := $(PYTEST) -n $(WORKERS) -m 'not timed' tests && $(PYTEST) -n 2 --cov-append -m timed tests

.DEFAULT_GOAL := help
.PHONY: help demo test samples verify lint format coverage bench screenshots lock audit clean tools

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed  ## simulator, adapter and sample alerts in the foreground; Ctrl-C ends them
	@$(BIN)/python -m adapter demo

test: $(VENV)/.installed-dev tools  ## lint, types and all tests with samples; about ten minutes on two cores
	@# Many of the first tests wait for processes: lint and types are checked beside them.
	@$(MAKE) --no-print-directory --jobs 2 lint samples
	@$(MAKE) --no-print-directory coverage

samples: $(VENV)/.installed-dev  ## the tests of make test alone, with samples
	@$(TESTS)

verify: $(VENV)/.installed-dev tools lint  ## the same claims at full count: kills, fuzz, bursts
	@export VERIFY=1; $(TESTS)
	@$(MAKE) --no-print-directory coverage

coverage:  ## the gate over the last test or verify: every branch of the core, nine in ten of all
	@$(BIN)/python -m coverage report --include='adapter/core/*' --fail-under=100
	@$(BIN)/python -m coverage report --fail-under=90

lint: $(VENV)/.installed-dev  ## ruff and mypy over code and tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.installed-dev  ## let ruff write the layout and mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.installed-dev tools  ## measure accepting, storms, growth and starts; see benchmarks/
	@$(BIN)/python -m benchmarks

screenshots: $(VENV)/.installed-dev tools  ## renew the pictures of the bundled templates in docs/images
	@PYTHONPATH=tests $(BIN)/python -m support.screenshots

lock: $(VENV)/.installed-dev  ## renew requirements*.lock from pyproject.toml, with hashes
	@./scripts/lock $(BIN)/uv

audit: $(VENV)/.installed-dev  ## ask the advisory database about every locked version; needs the network
	@./scripts/audit $(BIN)/pip-audit

clean:  ## remove what the other targets made
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

tools:  ## install what the tests run: Alertmanager, Prometheus, Chromium (root on Debian)
	@./scripts/install-test-tools

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; run: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python requirements.lock requirements-build.lock
	@echo "installing locked dependencies"
	@$(PIP) install --require-hashes --no-deps -r requirements.lock -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "installing locked dependencies of the tests"
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@
