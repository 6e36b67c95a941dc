"""`wavetank serve` as a person starts and stops it."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from tests.target.conformance import ask, close_code, connect, health
from wavetank.cli.serve import serve

COMMAND = [sys.executable, "-m", "wavetank", "serve"]
LINE = re.compile(r"listening on ws://([^/]+)/ws \(health: http://([^/]+)/health\)\n")


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running command, and the `host:port` that it says it listens on."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            line = LINE.fullmatch(process.stdout.readline())
            assert line is not None, process.stderr.read()
            assert line[1] == line[2]
            yield process, line[1]
        finally:
            process.kill()


def test_it_says_where_it_listens_and_listens_there() -> None:
    async def check(authority: str) -> None:
        async with connect(authority) as connection:
            assert await ask(connection, {"type": "ping"}) == {"type": "pong"}
            assert await health(authority) == {"status": "healthy", "websocket_connections": 1}

    with serving() as (_, authority):
        assert authority.startswith("127.0.0.1:")
        asyncio.run(check(authority))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_it_with_0_one_line_and_a_word_to_its_clients(number: signal.Signals) -> None:
    async def check(process: subprocess.Popen[str], authority: str) -> None:
        async with connect(authority) as connection:
            process.send_signal(number)
            assert await close_code(connection) == 1001

    with serving() as (process, authority):
        asyncio.run(check(process, authority))
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_it_ends_when_its_standard_input_does_only_if_asked_to() -> None:
    with serving("--until-stdin-closes") as (process, _):
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0
    with serving() as (process, authority):
        assert process.stdin is not None
        process.stdin.close()
        assert asyncio.run(health(authority))["status"] == "healthy"


def test_a_port_in_use_is_a_sentence_and_exit_code_3() -> None:
    with serving() as (_, authority):
        port = authority.rpartition(":")[2]
        second = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=20, check=False)

    assert second.returncode == 3
    assert second.stdout == ""
    assert second.stderr == (
        f"error: Port {port} of 127.0.0.1 is in use: stop what listens there, or choose another (0 is a free one).\n"
    )


def test_help_has_an_example_and_keeps_the_hidden_option_to_itself() -> None:
    result = CliRunner().invoke(serve, ["--help"])

    assert result.exit_code == 0
    assert "wavetank serve --port 9000\n" in result.output
    assert "stdin" not in result.output
    assert "share-port" not in result.output


def test_a_port_that_is_no_port_is_a_usage_error() -> None:
    assert CliRunner().invoke(serve, ["--port", "70000"]).exit_code == 2
