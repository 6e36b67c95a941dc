"""The reference target in a process of its own: it comes up, it goes, and it never outlives its parent."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from tests.target.conformance import ask, connect
from wavetank.errors import RunError
from wavetank.target import embedded
from wavetank.target.embedded import EmbeddedTarget
from wavetank.target.group import SHARES_PORTS

PATIENCE_S = 20.0


def refuses(port: int) -> bool:
    """Whether nobody listens on that port any more; waits for it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                # The listening socket is gone soon after; until then the end of this connection is waited for.
                connection.recv(1)
        except ConnectionRefusedError:
            return True
        except OSError:
            continue
    return False


def runs(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Makes another program of the target."""
    monkeypatch.setattr(embedded, "command", lambda *_: words)


def test_it_listens_while_entered_and_is_gone_when_left() -> None:
    async def ping(authority: str) -> object:
        async with connect(authority) as connection:
            return await ask(connection, {"type": "ping"})

    with EmbeddedTarget() as target:
        parts = urlsplit(target.url)
        assert (parts.scheme, parts.hostname, parts.path) == ("ws", "127.0.0.1", "")
        assert asyncio.run(ping(parts.netloc)) == {"type": "pong"}

    assert parts.port is not None
    assert refuses(parts.port)
    with pytest.raises(RunError, match="has not been started"):
        _ = target.url


@pytest.mark.skipif(not SHARES_PORTS, reason="only Linux spreads connections over processes")
def test_it_serves_with_as_many_processes_as_it_is_told() -> None:
    async def answers(authority: str) -> None:
        for _ in range(8):
            async with connect(authority) as connection:
                assert await ask(connection, {"type": "ping"}) == {"type": "pong"}

    with EmbeddedTarget(workers=2) as target:
        parts = urlsplit(target.url)
        asyncio.run(answers(parts.netloc))

    assert parts.port is not None
    assert refuses(parts.port)


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are another thing on Windows")
def test_ctrl_c_in_the_terminal_does_not_reach_it() -> None:
    with EmbeddedTarget() as target:
        assert os.getpgid(target.process_id) != os.getpgid(0)
        assert os.getsid(target.process_id) != os.getsid(0)


def test_it_ends_by_itself_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from wavetank.target.embedded import EmbeddedTarget\n"
            "with EmbeddedTarget() as target:\n"
            "    print(target.url, flush=True)\n"
            "    input()\n",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        port = urlsplit(parent.stdout.readline().strip()).port
        assert port is not None
        parent.kill()
        parent.wait()

        assert refuses(port)


def test_a_target_that_dies_is_an_error_with_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, sys.executable, "-c", "import sys; sys.exit('no such luck')")

    with pytest.raises(RunError, match=r"it ended with exit code 1\. no such luck$"), EmbeddedTarget():
        pass


def test_a_target_that_says_nothing_is_an_error_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_TIMEOUT_S", 0.1)
    runs(monkeypatch, sys.executable, "-c", "input()")

    with pytest.raises(RunError, match=r"did not say within 0\.1 s where it listens"), EmbeddedTarget():
        pass


def test_a_target_that_cannot_be_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, "/there/is/no/such/program")

    with pytest.raises(RunError, match="could not be started"), EmbeddedTarget():
        pass


def test_an_error_inside_still_stops_the_target() -> None:
    ports: list[int] = []

    def fail() -> None:
        with EmbeddedTarget() as target:
            ports.append(urlsplit(target.url).port or 0)
            raise ValueError("the run failed")

    with pytest.raises(ValueError, match="the run failed"):
        fail()
    assert refuses(ports[0])
