# Every developer verb. `make test` makes its own environment; nothing has to be installed by hand but Python 3.11+.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
FAST   := .venv-compiled
FAST_READY := $(FAST)/.ready

.PHONY: help test test-compiled quick lint format compiled accuracy bench staging hundred-thousand clean

help:
	@echo "make test    the whole test suite, on real servers (minutes)"
	@echo "make quick   the unit tests only (seconds)"
	@echo "make lint    ruff, mypy strict, the import contracts"
	@echo "make format  let ruff lay out the code"
	@echo "make compiled   an environment of its own, .venv-compiled, with the hot modules compiled (needs a C compiler)"
	@echo "make test-compiled  the tests of the engine and of whole runs there"
	@echo "make accuracy  hold the figures against servers that know the truth (7 minutes, quiet machine)"
	@echo "make bench   what a user costs, beside other tools and a client in C (more than an hour, quiet machine)"
	@echo "make staging   the largest share of the YMERA plan that this machine carries (hours, quiet machine)"
	@echo "make hundred-thousand  100,000 users at once (6 minutes, quiet machine)"
	@echo "make clean   remove the environment and everything generated"

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Wavetank needs Python 3.11 or newer; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# Measured is what people install for large loads: the compiled wheel. It is made anew whenever a source has changed.
$(FAST_READY): pyproject.toml hatch_build.py $(shell find src -name '*.py')
	$(PYTHON) -m venv $(FAST)
	$(FAST)/bin/python -m pip uninstall --quiet --disable-pip-version-check --yes wavetank 2>/dev/null
	WAVETANK_COMPILE=1 $(FAST)/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	$(FAST)/bin/wavetank --version | grep --quiet compiled
	@touch $@

compiled: $(FAST_READY)

test: $(READY)
	$(BIN)/python -m pytest -n 2 tests

test-compiled: $(FAST_READY)
	$(FAST)/bin/python -m pytest -n 2 tests/engine tests/system

quick: $(READY)
	$(BIN)/python -m pytest -n 2 --ignore=tests/system tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

accuracy: $(FAST_READY)
	$(FAST)/bin/python -m bench.accuracy

bench: $(FAST_READY)
	$(FAST)/bin/python -m bench.performance

staging: $(FAST_READY)
	bench/staging.sh

hundred-thousand: $(FAST_READY)
	$(FAST)/bin/python -m bench.hundred_thousand

clean:
	rm -rf $(VENV) $(FAST) bench/.venv bench/.tools bench/native/build runs build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
