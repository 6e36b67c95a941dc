#!/bin/sh
# The largest share of the YMERA plan that this machine carries together with its target: bench/staging.sh --help
cd "$(dirname "$0")/.." && exec "${PYTHON:-.venv-compiled/bin/python}" -m bench.staging "$@"
