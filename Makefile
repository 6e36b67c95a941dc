# Every developer verb. `make test` makes its own environment; nothing has to be installed by hand but Python 3.11+.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help test quick lint format accuracy bench staging hundred-thousand clean

help:
	@echo "make test    the whole test suite, on real servers (minutes)"
	@echo "make quick   the unit tests only (seconds)"
	@echo "make lint    ruff, mypy strict, the import contracts"
	@echo "make format  let ruff lay out the code"
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

test: $(READY)
	$(BIN)/python -m pytest -n 2 tests

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

accuracy: $(READY)
	$(BIN)/python -m bench.accuracy

bench: $(READY)
	$(BIN)/python -m bench.performance

staging: $(READY)
	bench/staging.sh

hundred-thousand: $(READY)
	$(BIN)/python -m bench.hundred_thousand

clean:
	rm -rf $(VENV) bench/.venv bench/.tools bench/native/build runs build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
