"""Frames over a TCP socket, to and fro."""

from __future__ import annotations

import os
from time import perf_counter_ns
from typing import Final

from wavetank.engine.clock.departures import Held
from wavetank.engine.connecting.tcp.poller import Poller, Watcher
from wavetank.engine.wire.connection import Connection
from wavetank.engine.wire.frames import CLOSE, PING, PONG, TEXT, encoded
from wavetank.engine.wire.transport import Transport

# Compiled, what is final is not looked up in a map: this is called for every message.
_now: Final = perf_counter_ns
_read: Final = os.read
_write: Final = os.write

_CHUNK: Final = 472
"""So much is read at a time, which Python has blocks for at hand (up to 512 bytes, with what belongs to the object)."""
_LARGE_CHUNK: Final = 65_536
"""And so much as soon as that was too little once."""
_PLAIN_TEXT: Final = 0x80 | TEXT
_KNOWN: Final = frozenset((0, 1, 2, 8, 9, 10))


class TcpTransport(Watcher, Transport, Held):
    """Frames over a connected, non-blocking socket that is watched, and whose upgrade is done."""

    __slots__ = (
        "_chunk",
        "_connection",
        "_departures",
        "_descriptor",
        "_finishing",
        "_held",
        "_limit",
        "_pieces",
        "_poller",
        "_unsent",
        "_wanted",
    )

    def __init__(self, descriptor: int, poller: Poller, connection: Connection, limit: int, begun: bytes) -> None:
        """`limit`: the most bytes of a frame. `begun`: what came behind the upgrade."""
        self._descriptor = descriptor
        self._poller = poller
        self._departures = poller.departures
        self._connection = connection
        self._limit = limit
        # What came of a frame that is not whole yet, and how many bytes it takes to go on.
        self._pieces: list[bytes] | None = None
        self._wanted = 0
        self._unsent: bytearray | None = None
        self._held: bytes | None = None
        self._finishing = False
        self._chunk = _CHUNK
        connection.connected(self)
        poller.watch(descriptor, self)
        if begun:
            self._take(begun, perf_counter_ns())

    # -- sending -------------------------------------------------------------------------------------------------

    def send(self, opcode: int, payload: bytes, compressed: bool = False) -> None:
        """See `Transport`."""
        if self._descriptor < 0 or self._finishing or self._poller.closed:  # closed, its number may be another file's
            return
        data = encoded(opcode, payload, compressed)
        if self._unsent is not None:
            self._unsent += data
        elif self._held is not None:
            self._held += data
        else:
            self._held = data
            if not self._departures.hold(self):
                self.release()

    def release(self) -> None:
        """See `Held`. Whatever closes the socket calls it, too: what was sent before that leaves before it."""
        held, self._held = self._held, None
        if held is not None and not self._poller.closed:
            self._write(held)

    def _write(self, data: bytes) -> None:
        try:
            sent = _write(self._descriptor, data)
        except BlockingIOError:
            sent = 0
        except OSError:  # broken: whoever reads learns of it
            return
        if sent < len(data):
            self._unsent = bytearray(data[sent:])
            self._poller.watch_writing(self._descriptor, True)

    def finish(self) -> None:
        """See `Transport`."""
        self.release()
        if self._unsent is None:
            self.drop()
        else:
            self._finishing = True

    def drop(self) -> None:
        """See `Transport`."""
        if self._descriptor >= 0:
            self.release()
            self._close()
            self._poller.loop.call_soon(self._connection.disconnected)

    def writable(self) -> None:
        """See `Watcher`."""
        unsent = self._unsent
        assert unsent is not None
        try:
            del unsent[: os.write(self._descriptor, unsent)]
        except BlockingIOError:
            return
        except OSError:
            unsent.clear()
        if not unsent:
            self._unsent = None
            self._poller.watch_writing(self._descriptor, False)
            if self._finishing:
                self.drop()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        self._poller.drop(descriptor)
        self._pieces = self._held = self._unsent = None

    # -- receiving -----------------------------------------------------------------------------------------------

    def readable(self) -> None:
        """See `Watcher`."""
        try:
            data = _read(self._descriptor, self._chunk)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        received_at = _now()
        if data:
            if len(data) == _CHUNK:
                self._chunk = _LARGE_CHUNK
            self._take(data, received_at)
        else:
            self._close()
            self._connection.disconnected()

    def _take(self, data: bytes, received_at: int) -> None:
        pieces = self._pieces
        if pieces is not None:
            pieces.append(data)
            self._wanted -= len(data)
            if self._wanted > 0:
                return
            data = b"".join(pieces)
            self._pieces = None
        start, end = 0, len(data)
        while end - start >= 2:
            first, size = data[start], data[start + 1]
            head = 2
            if size >= 126:
                head = 4 if size == 126 else 10
                if size > 127:
                    self._connection.refuse(1002, "a masked frame")
                    return
                if end - start < head:
                    self._wait_for(head - (end - start), data, start)
                    return
                size = int.from_bytes(data[start + 2 : start + head], "big")
                if size < (126 if head == 4 else 65_536) or size >> 63:
                    self._connection.refuse(1002, "a length that is not written as short as can be")
                    return
            opcode = first & 0x0F
            if first != _PLAIN_TEXT and not self._allows(first, opcode, size):
                return
            if size > self._limit and opcode < CLOSE:
                self._connection.refuse(1009, f"a frame of {size} bytes, {self._limit} are allowed")
                return
            following = start + head + size
            if following > end:
                self._wait_for(following - end, data, start)
                return
            payload = data[start + head : following]
            start = following
            if opcode == PING:
                self.send(PONG, payload)
            else:
                self._connection.take(opcode, first & 0x80 != 0, first >> 4 & 7, payload, received_at)
            if self._descriptor < 0:
                return
        if start < end:
            self._wait_for(1, data, start)

    def _allows(self, first: int, opcode: int, size: int) -> bool:
        if opcode not in _KNOWN:
            self._connection.refuse(1002, f"a frame with the unknown opcode {opcode}")
        elif opcode >= CLOSE and not first & 0x80:
            self._connection.refuse(1002, "a control frame in fragments")
        elif opcode >= CLOSE and size > 125:
            self._connection.refuse(1002, "a control frame of more than 125 bytes")
        else:
            return True
        return False

    def _wait_for(self, wanted: int, data: bytes, start: int) -> None:
        self._wanted = wanted
        self._pieces = [data[start:]]
