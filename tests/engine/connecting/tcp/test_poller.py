"""Which of many sockets can be read, asked of a real epoll."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

import pytest

from tests.engine.connecting.tcp.polling import Told, in_loop, pair
from wavetank.engine.connecting.tcp.poller import Poller

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")


def test_whoever_can_be_read_is_called_as_long_as_there_is_something_to_read() -> None:
    async def test(poller: Poller) -> None:
        near, far = pair()
        came: list[bytes] = []
        done = asyncio.Event()

        def read() -> None:
            came.append(os.read(near, 1))
            if len(came) == 3:
                done.set()

        with far:
            poller.watch(near, Told(read))
            far.send(b"abc")
            await done.wait()
        assert came == [b"a", b"b", b"c"]

    in_loop(test)


def test_of_more_sockets_than_are_served_at_a_time_none_is_forgotten() -> None:
    async def test(poller: Poller) -> None:
        pairs = [pair() for _ in range(200)]
        left = set(range(200))
        done = asyncio.Event()

        def reader(number: int) -> Callable[[], None]:
            def read() -> None:
                os.read(pairs[number][0], 16)
                left.discard(number)
                if number == 199:
                    done.set()

            return read

        for number, (near, far) in enumerate(pairs):
            poller.watch(near, Told(reader(number)))
            far.send(b"x")
        await done.wait()
        assert not left
        for _, far in pairs:
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
                    poller.drop(near)
                asyncio.get_running_loop().call_soon(done.set)

            return read

        for number, (near, far) in enumerate(pairs):
            far.send(b"x")
            poller.watch(near, Told(reader(number)))
        await done.wait()
        assert len(called) == 1
        for near, far in pairs:
            far.close()
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(near)

    in_loop(test)


def test_who_takes_the_number_of_a_socket_closed_in_the_same_turn_is_not_told_of_its_room_to_write() -> None:
    async def test(poller: Poller) -> None:
        pairs = [pair(), pair()]
        taken, far = pair()
        told: list[str] = []
        done = asyncio.Event()

        def replacing(other: int) -> Callable[[], None]:
            def replace() -> None:
                for near, _ in pairs:
                    poller.drop(near)
                os.dup2(taken, other)
                poller.watch(other, Told(lambda: told.append("read"), lambda: told.append("write")))
                asyncio.get_running_loop().call_soon(done.set)

            return replace

        for (near, _), (other, _) in zip(pairs, reversed(pairs), strict=True):
            poller.watch(near, Told(lambda: None, replacing(other)))
        for near, _ in pairs:
            poller.watch_writing(near, True)
        await done.wait()
        assert "write" not in told
        os.close(taken)
        for each in (far, *(far for _, far in pairs)):
            each.close()

    in_loop(test)


def test_room_to_write_is_told_until_nobody_wants_to_know() -> None:
    async def test(poller: Poller) -> None:
        near, far = pair()
        told = 0
        done = asyncio.Event()

        def write() -> None:
            nonlocal told
            told += 1
            if told == 2:
                poller.watch_writing(near, False)
                far.send(b"x")  # the poller looks again, finds this, and there still is room to write

        with far:
            poller.watch(near, Told(done.set, write))
            poller.watch_writing(near, True)
            await done.wait()
        assert told == 2

    in_loop(test)


def test_a_poller_that_is_closed_has_closed_what_it_watched_and_nothing_twice() -> None:
    async def test(poller: Poller) -> None:
        near, far = pair()
        with far:
            poller.watch(near, Told(lambda: None))
            poller.close()
            assert far.recv(1) == b""
            other, other_far = pair()  # one of them has the number of the one that was closed
            with other_far:
                poller.drop(near)
                poller.close()
                other_far.send(b"still open")
                assert os.read(other, 16) == b"still open"
                os.close(other)

    in_loop(test)


def test_a_socket_that_a_closed_poller_is_to_watch_is_closed() -> None:
    async def test(poller: Poller) -> None:
        near, far = pair()
        poller.close()
        with far, pytest.raises(ValueError, match="closed"):
            poller.watch(near, Told(lambda: None))
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(near)

    in_loop(test)
