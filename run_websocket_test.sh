#!/usr/bin/env bash
# One command from a fresh checkout to a load test: makes .venv, installs Wavetank into it, runs a mode.
# Kept to what bash 3.2 (macOS) knows.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="$root/.venv"
script="$root/examples/ymera/artillery_websocket.yml"

usage() {
    cat >&2 <<EOF
usage: $0 MODE

  quick              100 connections,  10 messages each
  medium             500 connections,  20 messages each
  heavy             1000 connections,  50 messages each
  artillery-quick    the YMERA script, ten seconds of users
  artillery-staging  the YMERA script, all 44 minutes of it, against WS_URL

environment:
  WS_URL             the server, such as ws://localhost:8000/ws; without it, the reference target is started
  CONNECTIONS        so many connections, in place of the mode's
  MESSAGES           so many messages each, in place of the mode's
EOF
    exit 1
}

fail() {
    echo "error: $2" >&2
    exit "$1"
}

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

install() {
    if [ ! -x "$venv/bin/python" ]; then
        python=$(find_python)
        [ -n "$python" ] || fail 3 "Wavetank needs Python 3.11 or newer: install it, or set PYTHON to its path."
        echo "making $venv ..." >&2
        "$python" -m venv "$venv" || fail 3 "the environment $venv could not be made."
    fi
    # The copy says for which pyproject.toml the environment was made; .ready is what `make test` leaves behind.
    if [ ! "$venv/.ready" -nt "$root/pyproject.toml" ] && ! cmp -s "$root/pyproject.toml" "$venv/.installed"; then
        echo "installing Wavetank into $venv ..." >&2
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e "$root" >&2 ||
            fail 3 "Wavetank could not be installed; what pip says is above."
        cp "$root/pyproject.toml" "$venv/.installed"
    fi
}

[ $# -eq 1 ] || usage
[ -n "${WS_URL:-}" ] || unset WS_URL

case $1 in
    quick | medium | heavy)
        if [ -n "${WS_URL:-}" ]; then
            set -- stress "$WS_URL" --preset "$1"
        else
            set -- stress --preset "$1" --serve
        fi
        ;;
    artillery-quick)
        if [ -n "${WS_URL:-}" ]; then
            # The script connects to /ws by itself.
            target=${WS_URL%/}
            set -- run "$script" -e localhost -t "${target%/ws}"
        else
            set -- run "$script" -e localhost --serve
        fi
        ;;
    artillery-staging)
        [ -n "${WS_URL:-}" ] || fail 2 "artillery-staging needs a server: set WS_URL to its address, wss://..."
        target=${WS_URL%/}
        set -- run "$script" -e staging -t "${target%/ws}"
        ;;
    *) usage ;;
esac

install
exec "$venv/bin/wavetank" "$@"
