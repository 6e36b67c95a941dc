"""Frames over a real pair of sockets, however the system cuts them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
import sys
import termios
from collections.abc import Callable
from functools import partial
from time import perf_counter_ns

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.connecting.tcp.polling import in_loop, pair
from tests.system.servers.raw import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame
from wavetank.engine.clock.timers import Timers
from wavetank.engine.connecting.tcp.poller import Poller
from wavetank.engine.connecting.tcp.transport import TcpTransport
from wavetank.engine.wire.closed import Closed
from wavetank.engine.wire.connection import Connection, Receiver

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")

LIMIT = 200_000


class Taker(Receiver):
    """Writes down what a connection receives."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.lost: Closed | None = None
        self.is_gone = asyncio.Event()
        self.has_last = asyncio.Event()

    def receive(self, message: str | bytes, size: int, received_at: int) -> None:
        self.messages.append(message)
        if message == b"last":
            self.has_last.set()

    def receive_pong(self, payload: bytes, received_at: int) -> None:
        self.messages.append(payload)

    def lose(self, closed: Closed, received_at: int) -> None:
        self.lost = closed

    def gone(self) -> None:
        self.is_gone.set()


class Doing(Taker):
    """Does something with each message that comes."""

    def __init__(self, do: Callable[[], object]) -> None:
        super().__init__()
        self.do = do

    def receive(self, message: str | bytes, size: int, received_at: int) -> None:
        self.do()


class Ends:
    """A connection, what it receives, and the server's end of its socket."""

    def __init__(self, poller: Poller, begun: bytes = b"") -> None:
        near, self.far = pair()
        self.taker = Taker()
        self.connection = Connection(perf_counter_ns(), LIMIT, 0.1)
        self.transport = TcpTransport(near, poller, self.connection, LIMIT, begun)
        self.connection.attach(self.taker)

    async def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = await asyncio.get_running_loop().sock_recv(self.far, 65_536)
            assert piece, "ended before all was there"
            data += piece
        return data

    async def ended(self) -> bytes:
        """What comes until the end."""
        data = b""
        while piece := await asyncio.get_running_loop().sock_recv(self.far, 65_536):
            data += piece
        return data


def waiting(end: socket.socket) -> int:
    """How many bytes have come that nobody has read yet."""
    (size,) = struct.unpack("i", fcntl.ioctl(end, termios.FIONREAD, bytes(4)))
    return int(size)


def unmasked(data: bytes) -> list[bytes]:
    """The payloads of short frames that a client sent."""
    payloads = []
    while data:
        key, end = data[2:6], 6 + (data[1] & 0x7F)
        payloads.append(bytes(byte ^ key[place % 4] for place, byte in enumerate(data[6:end])))
        data = data[end:]
    return payloads


MESSAGES = st.lists(
    st.one_of(
        st.text(max_size=200).map(lambda text: (frame(TEXT, text.encode()), text)),
        st.binary(max_size=200).map(lambda data: (frame(BINARY, data), data)),
        st.sampled_from([126, 65_535, 65_536]).map(lambda size: (frame(TEXT, b"x" * size), "x" * size)),
        st.text(max_size=50).map(
            lambda text: (frame(TEXT, text.encode(), fin=False) + frame(CONTINUATION, b"!"), text + "!")
        ),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(messages=MESSAGES, cuts=st.lists(st.integers(1, 300), min_size=1, max_size=8), early=st.integers(0, 100))
def test_however_a_stream_is_cut_the_same_messages_come(
    messages: list[tuple[bytes, str | bytes]], cuts: list[int], early: int
) -> None:
    async def test(poller: Poller) -> None:
        stream = b"".join(data for data, _ in messages) + frame(BINARY, b"last")
        ends = Ends(poller, begun=stream[:early])
        stream = stream[early:]
        with ends.far:
            for number, cut in enumerate(cuts):
                piece = stream if number == len(cuts) - 1 else stream[:cut]
                stream = stream[len(piece) :]
                await asyncio.get_running_loop().sock_sendall(ends.far, piece)
                for _ in range(3):  # turns in which the piece is read, so that it mostly is one to the reader, too
                    await asyncio.sleep(0)
            await ends.taker.has_last.wait()
            assert ends.taker.messages == [*(message for _, message in messages), b"last"]
            assert ends.taker.lost is None
            ends.connection.abort()
            await ends.taker.is_gone.wait()

    in_loop(test)


def test_what_the_system_does_not_take_at_once_follows_in_order() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)
        with ends.far:
            sent = [b"%07d" % number * 10_000 for number in range(40)]
            for payload in sent:
                ends.transport.send(BINARY, payload)
            ends.transport.finish()
            ends.transport.send(BINARY, b"too late")
            received = await ends.ended()
            await ends.taker.is_gone.wait()
        assert [payload for _, payload in frames(received)] == sent

    in_loop(test)


def test_a_ping_is_answered_in_the_middle_of_a_message() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)
        with ends.far:
            ends.far.send(frame(BINARY, b"la", fin=False) + frame(PING, b"there?") + frame(CONTINUATION, b"st"))
            await ends.taker.has_last.wait()
            assert frames(await ends.read(12)) == [(10, b"there?")]
            ends.connection.abort()
            await ends.taker.is_gone.wait()

    in_loop(test)


def test_after_a_mistake_of_the_servers_nothing_more_is_taken() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)
        with ends.far:
            ends.far.send(frame(TEXT, b"good") + frame(TEXT, b"bad", mask=b"1234") + frame(TEXT, b"after"))
            assert frames(await ends.ended()) == [(CLOSE, (1002).to_bytes(2, "big"))]
            await ends.taker.is_gone.wait()
        assert ends.taker.messages == ["good"]
        assert ends.taker.lost is not None
        assert ends.taker.lost.as_failure().kind == "protocol_error"

    in_loop(test)


def test_a_client_that_has_closed_sends_no_second_close_frame_whatever_it_is_told() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)
        with ends.far:
            ends.connection.close(1000)
            ends.far.send(frame(TEXT, b"bad", mask=b"1234"))
            assert frames(await ends.ended()) == [(CLOSE, (1000).to_bytes(2, "big"))]
            await ends.taker.is_gone.wait()

    in_loop(test)


def test_nothing_is_written_once_the_poller_is_closed() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)
        with ends.far:
            poller.close()
            assert ends.far.recv(1) == b""
            other, other_far = pair()  # one of them has the number of the one that was closed
            with other_far:
                ends.transport.send(TEXT, b"to nobody")
                ends.transport.drop()
                await ends.taker.is_gone.wait()
                for end in (other, other_far.fileno()):
                    with pytest.raises(BlockingIOError):
                        os.read(end, 1)
                os.close(other)

    in_loop(test)


def test_answers_to_many_leave_together() -> None:
    async def test(poller: Poller) -> None:
        both = [Ends(poller), Ends(poller)]
        left: list[int] = []  # how many bytes have left after the turn of the first one, and of the second

        def answering(connection: Connection) -> Doing:
            def answer() -> None:
                connection.send(b"one", text=True)
                connection.send(b"two", text=True)
                left.append(sum(waiting(ends.far) for ends in both))

            return Doing(answer)

        for ends in both:
            ends.connection.attach(answering(ends.connection))
            ends.far.send(frame(TEXT, b"?"))
        for ends in both:
            assert unmasked(await ends.read(2 * 9)) == [b"one", b"two"]
        assert left == [0, 0]
        for ends in both:
            ends.connection.abort()
            ends.far.close()

    in_loop(test)


def test_messages_of_users_who_wake_at_the_same_instant_leave_together() -> None:
    async def test(poller: Poller) -> None:
        both = [Ends(poller), Ends(poller)]
        left: list[int] = []
        timers = Timers(asyncio.get_running_loop(), departures=poller.departures)

        def wake(ends: Ends) -> None:
            ends.connection.send(b"one", text=True)
            left.append(sum(waiting(ends.far) for ends in both))

        due_ns = timers.on_grid(perf_counter_ns() + 5_000_000)
        for ends in both:
            timers.at(due_ns, partial(wake, ends))
        for ends in both:
            assert unmasked(await ends.read(9)) == [b"one"]
            ends.connection.abort()
            ends.far.close()
        assert left == [0, 0]
        timers.close()

    in_loop(test)


@pytest.mark.parametrize(
    "end",
    [Connection.abort, Connection.close, lambda connection: connection.refuse(1002)],
    ids=["abort", "close", "refuse"],
)
def test_what_was_sent_before_the_end_leaves_before_it(end: Callable[[Connection], None]) -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)

        def leave() -> None:
            ends.connection.send(b"bye", text=True)
            end(ends.connection)

        taker = Doing(leave)
        ends.connection.attach(taker)
        with ends.far:
            ends.far.send(frame(TEXT, b"?"))
            assert unmasked(await ends.read(9))[0] == b"bye"
            ends.connection.abort()
            await taker.is_gone.wait()

    in_loop(test)


def test_a_large_message_leaves_whole_before_a_mistake_of_the_servers_ends_the_connection() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)

        def leave() -> None:
            ends.connection.send(b"x" * 1_000_000, text=True)
            ends.connection.refuse(1002)

        ends.connection.attach(Doing(leave))
        with ends.far:
            ends.far.send(frame(TEXT, b"?"))
            assert len(await ends.ended()) == 14 + 1_000_000 + 8

    in_loop(test)


def test_nothing_that_is_held_back_is_written_once_the_poller_is_closed() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)
        taken: list[tuple[int, socket.socket]] = []

        def close() -> None:
            ends.connection.send(b"too late", text=True)
            poller.close()
            taken.append(pair())  # one end has the number of the socket that was closed
            ends.connection.abort()

        ends.connection.attach(Doing(close))
        with ends.far:
            ends.far.send(frame(TEXT, b"?"))
            assert await ends.ended() == b""
        near, far = taken[0]
        with far, socket.socket(fileno=near) as other:
            assert (waiting(far), waiting(other)) == (0, 0)

    in_loop(test)


def test_a_message_of_more_bytes_than_allowed_is_refused_before_it_has_come() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)
        with ends.far:
            ends.far.send(frame(BINARY, b"x" * (LIMIT + 1))[:20])
            assert frames(await ends.ended()) == [(CLOSE, (1009).to_bytes(2, "big"))]
            await ends.taker.is_gone.wait()
        assert ends.taker.lost is not None
        assert ends.taker.lost.as_failure().kind == "message_too_big"

    in_loop(test)


def test_a_connection_that_has_ended_is_held_by_nobody() -> None:
    async def test(poller: Poller) -> None:
        ends = Ends(poller)
        ends.far.close()
        await ends.taker.is_gone.wait()
        assert ends.taker.lost is not None
        assert ends.taker.lost.as_failure().kind == "connection_lost"
        ends.transport.send(TEXT, b"to nobody")
        ends.transport.finish()
        ends.transport.drop()

    in_loop(test)


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """Opcode and payload of each whole frame that a client has sent."""
    found = []
    while data:
        size, place = data[1] & 0x7F, 2
        if size >= 126:
            place = 4 if size == 126 else 10
            size = int.from_bytes(data[2:place], "big")
        key = int.from_bytes((data[place : place + 4] * (size // 4 + 1))[:size], "big")
        payload = data[place + 4 : place + 4 + size]
        found.append((data[0] & 0x0F, (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")))
        data = data[place + 4 + size :]
    return found
