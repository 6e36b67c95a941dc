"""Which of many sockets can be read, asked of a real epoll."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable

import pytest

from wavetank.engine.loop import new_event_loop
from wavetank.engine.tcp.poller import Poller

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")


def in_loop(test: Callable[[Poller], Awaitable[None]]) -> None:
    async def main() -> None:
        poller = Poller(asyncio.get_running_loop())
        try:
            await asyncio.wait_for(test(poller), 10)
        finally:
            poller.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


def pair() -> tuple[socket.socket, socket.socket]:
    near, far = socket.socketpair()
    near.setblocking(False)
    return near, far


def test_whoever_can_be_read_is_called_as_long_as_there_is_something_to_read() -> None:
    async def test(poller: Poller) -> None:
        near, far = pair()
        with near, far:
            came: list[bytes] = []
            done = asyncio.Event()

            def read() -> None:
                came.append(near.recv(1))
                if len(came) == 3:
                    done.set()

            poller.watch(near.fileno(), read)
            far.send(b"abc")
            await done.wait()
            assert came == [b"a", b"b", b"c"]
            poller.forget(near.fileno())

    in_loop(test)


def test_of_more_sockets_than_are_served_at_a_time_none_is_forgotten() -> None:
    async def test(poller: Poller) -> None:
        pairs = [pair() for _ in range(200)]
        left = set(range(200))
        done = asyncio.Event()

        def reader(number: int) -> Callable[[], None]:
            def read() -> None:
                pairs[number][0].recv(16)
                left.discard(number)
                if not left:
                    done.set()

            return read

        for number, (near, far) in enumerate(pairs):
            poller.watch(near.fileno(), reader(number))
            far.send(b"x")
        await done.wait()
        for near, far in pairs:
            poller.forget(near.fileno())
            near.close()
            far.close()

    in_loop(test)


def test_a_socket_that_another_one_closes_in_the_same_turn_is_not_called() -> None:
    async def test(poller: Poller) -> None:
        pairs = [pair(), pair()]
        called: list[int] = []
        done = asyncio.Event()

        def reader(number: int) -> Callable[[], None]:
            def read() -> None:
                called.append(number)
                for near, _ in pairs:
                    poller.forget(near.fileno())
                    near.close()
                asyncio.get_running_loop().call_soon(done.set)

            return read

        for number, (near, far) in enumerate(pairs):
            far.send(b"x")
            poller.watch(near.fileno(), reader(number))
        await done.wait()
        assert len(called) == 1
        for _, far in pairs:
            far.close()

    in_loop(test)


def test_room_to_write_is_told_until_nobody_wants_to_know() -> None:
    async def test(poller: Poller) -> None:
        near, far = pair()
        with near, far:
            told = 0
            done = asyncio.Event()

            def write() -> None:
                nonlocal told
                told += 1
                if told == 2:
                    poller.watch_writing(near.fileno(), None)
                    asyncio.get_running_loop().call_later(0.01, done.set)

            poller.watch(near.fileno(), lambda: None)
            poller.watch_writing(near.fileno(), write)
            await done.wait()
            assert told == 2
            poller.forget(near.fileno())

    in_loop(test)


def test_a_poller_may_be_closed_twice() -> None:
    async def test(poller: Poller) -> None:
        poller.close()
        poller.close()

    in_loop(test)
