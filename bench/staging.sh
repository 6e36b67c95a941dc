#!/usr/bin/env bash
# The largest share of the YMERA plan's rates that this machine carries; see `bench/staging.sh --help`.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -n "${PYTHON:-}" ] || make --silent compiled
exec "${PYTHON:-.venv-compiled/bin/python}" -m bench.staging "$@"
