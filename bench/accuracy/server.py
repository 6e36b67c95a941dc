"""A server that keeps the truth: it echoes each message after a known delay, and writes down how long it really took.

One thread, one selector, no event loop: nothing stands between the clock readings and the socket calls. The true
delay of a request counts from just before the call that read it to just before the call that wrote its reply, so a
client can never see less. `GET /truth` gives everything that was kept, as JSON.

    python -m bench.accuracy.server --delays lognormal --seed 1
    python -m bench.accuracy.server --freeze 1 --period 10 --first 4.5
"""

from __future__ import annotations

import argparse
import gc
import heapq
import json
import os
import select
import selectors
import socket
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from time import perf_counter_ns

from bench.accuracy.delays import DISTRIBUTIONS, delays_ns
from bench.accuracy.frames import CLOSE, TEXT, NotSpoken, accept_upgrade, make_frame, take_frame
from bench.accuracy.freezes import Freezes

_SPIN_NS = 150_000
"""So long before a reply is due the server stops to sleep and looks at the clock instead: sleeping is not exact."""

_FOREVER_NS = 2**62
_IDLE_NS = 500_000_000
_HEAD_LIMIT = 8192


class Client:
    """One connection: what came in and is not understood yet."""

    __slots__ = ("buffer", "socket", "upgraded")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.buffer = bytearray()
        self.upgraded = False


class Server:
    """Answers until its process ends."""

    def __init__(self, delays: Iterator[int], freezes: Freezes | None) -> None:
        self._delays = delays
        self._freezes = freezes
        self._freeze_at = _FOREVER_NS
        self._frozen: list[tuple[int, int]] = []  # instants, from the first request on
        self._origin = 0
        self._truth = array("q")
        self._due: list[tuple[int, int, Client, bytes, int]] = []
        self._number = 0
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        port: int = self._listener.getsockname()[1]
        return port

    def run(self) -> None:
        """Serve for ever."""
        while True:
            for key in self._ready():
                if key.data is None:
                    self._admit()
                else:
                    self._read(key.data)
                self._answer()
            self._answer()
            self._freeze()

    def _ready(self) -> list[selectors.SelectorKey]:
        """Who has something to read: waits for them, but not beyond the instant at which something is due."""
        due = self._due[0][0] if self._due else _FOREVER_NS
        wait_ns = min(min(due, self._freeze_at) - perf_counter_ns() - _SPIN_NS, _IDLE_NS)
        if wait_ns > 0:
            descriptor = getattr(self._selector, "fileno", None)
            if descriptor is None:
                return [key for key, _ in self._selector.select(wait_ns / 1e9)]
            # epoll_wait counts whole milliseconds; select counts microseconds, and can wait for an epoll.
            select.select([descriptor()], [], [], wait_ns / 1e9)
        return [key for key, _ in self._selector.select(0)]

    def _admit(self) -> None:
        with suppress(BlockingIOError):
            while True:
                connection, _ = self._listener.accept()
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._selector.register(connection, selectors.EVENT_READ, Client(connection))

    def _read(self, client: Client) -> None:
        if client.socket.fileno() < 0:  # it was left while others of the same look were answered
            return
        read_at = perf_counter_ns()
        try:
            data = client.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._leave(client)
            return
        client.buffer += data
        try:
            if client.upgraded or self._upgrade(client):
                self._take(client, read_at)
        except NotSpoken as error:
            sys.stderr.write(f"left a client: {error}\n")
            self._leave(client)

    def _upgrade(self, client: Client) -> bool:
        end = client.buffer.find(b"\r\n\r\n") + 4
        if end < 4:
            if len(client.buffer) > _HEAD_LIMIT:
                raise NotSpoken("a request without end")
            return False
        head = bytes(client.buffer[:end])
        del client.buffer[:end]
        if head.startswith(b"GET /truth "):
            self._tell(client)
            return False
        client.upgraded = True
        return self._write(client, accept_upgrade(head))

    def _take(self, client: Client, read_at: int) -> None:
        while (frame := take_frame(client.buffer)) is not None:
            if frame.opcode == CLOSE:
                self._write(client, make_frame(CLOSE, frame.payload))
                self._leave(client)
                return
            if frame.opcode != TEXT:
                raise NotSpoken(f"a frame of opcode {frame.opcode}")
            if not self._origin:
                self._origin = read_at
                if self._freezes is not None:
                    self._freeze_at = read_at + round(self._freezes.first_s * 1e9)
            self._number += 1
            reply = make_frame(TEXT, frame.payload)
            heapq.heappush(self._due, (read_at + next(self._delays), self._number, client, reply, read_at))

    def _answer(self) -> None:
        due = self._due
        while due and due[0][0] <= (now := perf_counter_ns()):
            _, _, client, reply, read_at = heapq.heappop(due)
            if self._write(client, reply):
                self._truth.append(now - read_at)

    def _freeze(self) -> None:
        if self._freezes is not None and perf_counter_ns() >= self._freeze_at:
            began = perf_counter_ns()
            time.sleep(max(0.0, (self._freeze_at - began) / 1e9 + self._freezes.length_s))
            self._frozen.append((began - self._origin, perf_counter_ns() - self._origin))
            self._freeze_at += round(self._freezes.period_s * 1e9)

    def _tell(self, client: Client) -> None:
        body = json.dumps({"delays_ns": self._truth.tolist(), "frozen_ns": self._frozen}).encode()
        client.socket.setblocking(True)
        with suppress(OSError):
            client.socket.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self._leave(client)

    def _write(self, client: Client, data: bytes) -> bool:
        """Whether the client was there to be written to; one that does not read is left."""
        try:
            written = client.socket.send(data) == len(data)
        except OSError:
            written = False
        if not written:
            self._leave(client)
        return written

    def _leave(self, client: Client) -> None:
        if client.socket.fileno() >= 0:
            self._selector.unregister(client.socket)
            client.socket.close()


def main(arguments: list[str]) -> None:
    """Serves; the port is the first line on stdout."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy.server", description=__doc__)
    parser.add_argument("--delays", choices=DISTRIBUTIONS, help="without it, every reply comes at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--freeze", type=float, metavar="S", help="stand still for so long …")
    parser.add_argument("--period", type=float, metavar="S", default=10.0, help="… in every so long …")
    parser.add_argument("--first", type=float, metavar="S", default=4.5, help="… beginning so long after a request")
    options = parser.parse_args(arguments)
    delays = repeat(0) if options.delays is None else delays_ns(options.delays, options.seed)
    freezes = None if options.freeze is None else Freezes(options.freeze, options.period, options.first)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.disable()  # nothing here makes cycles, and a pause would be taken for a delay
    server = Server(delays, freezes)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
