"""`wavetank serve --workers N`: several processes behind one port, as a person starts and stops them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.system.test_serve import serving
from tests.target.conformance import ask, close_code, connect, health
from wavetank.cli.serve import serve

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections over processes")
PATIENCE_S = 20.0


def wait_until(holds: Callable[[], bool]) -> None:
    """Until it holds; fails the test when that takes too long."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def servers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that a `wavetank serve --workers` has started."""
    return [int(word) for word in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_alive(process: int) -> bool:
    """Whether there is such a process, and it is not just waiting to be buried."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux_only
def test_many_connections_are_spread_over_the_processes_and_all_are_answered() -> None:
    async def check(authority: str) -> None:
        async with AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(connect(authority)) for _ in range(100)]
            answers = await asyncio.gather(*(ask(connection, {"type": "ping"}) for connection in connections))
            assert answers == [{"type": "pong"}] * 100
            counts = {(await health(authority))["websocket_connections"] for _ in range(40)}
            assert 0 < min(counts) <= max(counts) < 100

    with serving("--workers", "2") as (process, authority):
        assert len(servers_of(process)) == 2
        asyncio.run(check(authority))


@linux_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_them_all_with_0_and_a_word_to_their_clients(number: signal.Signals) -> None:
    async def check(process: subprocess.Popen[str], authority: str) -> None:
        async with AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(connect(authority)) for _ in range(20)]
            process.send_signal(number)
            for connection in connections:
                assert await close_code(connection) == 1001

    with serving("--workers", "2") as (process, authority):
        servers = servers_of(process)
        asyncio.run(check(process, authority))
        assert process.communicate(timeout=PATIENCE_S) == ("", "")
        assert process.returncode == 0
        assert not any(is_alive(server) for server in servers)


@linux_only
def test_a_signal_while_they_start_ends_them_without_a_word() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "wavetank", "serve", "--port", "0", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            wait_until(lambda: bool(servers_of(process)))
            servers = servers_of(process)
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=PATIENCE_S)
            assert (process.returncode, stderr) == (0, "")
            assert not any(is_alive(server) for server in servers)
        finally:
            process.kill()


@linux_only
def test_their_parent_that_is_killed_leaves_no_orphans() -> None:
    with serving("--workers", "2") as (process, _):
        servers = servers_of(process)
        assert len(servers) == 2
        process.kill()
        process.wait()
        wait_until(lambda: not any(is_alive(server) for server in servers))


@linux_only
def test_a_process_that_dies_is_told_and_without_any_it_ends_with_3() -> None:
    async def check(authority: str) -> None:
        async with connect(authority) as connection:
            assert await ask(connection, {"type": "ping"}) == {"type": "pong"}

    with serving("--workers", "2") as (process, authority):
        assert process.stderr is not None
        first, second = servers_of(process)
        os.kill(first, signal.SIGKILL)
        assert process.stderr.readline() == (
            "warning: Process 1 of 2 of the reference target was killed by SIGKILL: its connections are lost, and the "
            "other one serves on.\n"
        )
        asyncio.run(check(authority))
        os.kill(second, signal.SIGKILL)
        _, stderr = process.communicate(timeout=PATIENCE_S)
        assert stderr.endswith("error: No process of the reference target is left.\n")
        assert process.returncode == 3


def test_elsewhere_it_is_a_usage_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wavetank.cli.serve.SHARES_PORTS", False)
    result = CliRunner().invoke(serve, ["--workers", "2"])
    assert result.exit_code == 2
    assert "--workers needs Linux" in result.output
    assert "start one target for each port" in result.output
