"""Several processes of the reference target behind one port."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.target.conformance import PATIENCE_S, ask, close_code, connect, health
from wavetank.engine.worker.loop import new_event_loop
from wavetank.errors import RunError
from wavetank.target import group as group_module
from wavetank.target.group import SHARES_PORTS, Group

linux_only = pytest.mark.skipif(not SHARES_PORTS, reason="only Linux spreads connections over processes")


def with_group(check: Callable[[Group, str, list[str]], Awaitable[None]], size: int = 2) -> None:
    """Runs a check against a group on a free port: the group, its `host:port`, and what it says of its losses."""

    async def run() -> None:
        said: list[str] = []
        group = Group(size, said.append)
        authority = await group.start("127.0.0.1", 0)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await check(group, authority, said)
        finally:
            await group.close()
        assert group.process_ids == ()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run())


async def wait_until(holds: Callable[[], bool]) -> None:
    """Lets the loop go on until it holds; `with_group` has a time limit."""
    while not holds():  # noqa: ASYNC110  # what is waited for is a callback of the one under test
        await asyncio.sleep(0.01)


@linux_only
def test_connections_are_spread_over_the_processes_and_all_are_answered() -> None:
    async def check(_: Group, authority: str, __: list[str]) -> None:
        async with AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(connect(authority)) for _ in range(60)]
            for connection in connections:
                assert await ask(connection, {"type": "ping"}) == {"type": "pong"}
            counts = {(await health(authority))["websocket_connections"] for _ in range(60)}
            # Each of the two counts its own. That one gets fewer than 10 of 60 happens once in 30 million times.
            assert sum(counts) == 60 or counts == {30}
            assert min(counts) >= 10

    with_group(check)


@linux_only
def test_a_process_that_dies_is_told_and_the_others_serve_on() -> None:
    async def check(group: Group, authority: str, said: list[str]) -> None:
        victim, *others = group.process_ids
        os.kill(victim, signal.SIGKILL)
        await wait_until(lambda: bool(said))
        assert said == [
            "Process 1 of 3 of the reference target was killed by SIGKILL: its connections are lost, and the other 2 "
            "serve on."
        ]
        assert group.process_ids == tuple(others)
        for _ in range(10):
            async with connect(authority) as connection:
                assert await ask(connection, {"type": "ping"}) == {"type": "pong"}
        assert not group.nobody_left.is_set()
        for process in others:
            os.kill(process, signal.SIGKILL)
        await group.nobody_left.wait()
        assert said[-1].endswith("nobody is left.")

    with_group(check, size=3)


@linux_only
def test_clients_are_told_when_the_group_is_closed() -> None:
    async def check(group: Group, authority: str, said: list[str]) -> None:
        async with connect(authority) as connection:
            await group.close()
            assert await close_code(connection) == 1001
        assert said == []

    with_group(check)


@linux_only
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "by a stranger who shares"])
def test_a_port_that_is_in_use_is_named_with_what_to_do(shared: bool) -> None:
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        with pytest.raises(RunError, match=rf"Port {port} of 127\.0\.0\.1 is in use: stop what listens there"):
            asyncio.run(Group(2, pytest.fail).start("127.0.0.1", port))


@linux_only
def test_a_process_that_does_not_come_up_is_an_error_and_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        group = Group(2, pytest.fail)
        with pytest.raises(RunError, match=r"Process 1 of 2 of the reference target ended with exit code 7 before"):
            await group.start("127.0.0.1", 0)
        assert group.process_ids == ()

    monkeypatch.setattr(group_module, "command", lambda *_: (sys.executable, "-c", "raise SystemExit(7)"))
    asyncio.run(run())


@linux_only
def test_a_program_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_module, "command", lambda *_: ("/there/is/no/such/program",))
    with pytest.raises(RunError, match="could not be started"):
        asyncio.run(Group(2, pytest.fail).start("127.0.0.1", 0))


def test_a_system_that_cannot_share_a_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_module, "SHARES_PORTS", False)
    with pytest.raises(RunError, match="only on Linux"):
        asyncio.run(Group(2, pytest.fail).start("127.0.0.1", 0))
