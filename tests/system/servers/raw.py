"""A WebSocket server made of bytes: it does what a test says, and nothing by itself.

No library stands between the test and the wire, so every rule of RFC 6455 can be broken.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Frame:
    """A frame as the client sent it, its payload unmasked."""

    opcode: int
    payload: bytes
    fin: bool
    rsv: int
    masked: bool

    @property
    def close_code(self) -> int | None:
        """The code of a close frame, None if it has none."""
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes = b"") -> bytes:
    """The bytes of one frame; `rsv` holds the three reserved bits as 0…7."""
    bit = 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        length = struct.pack("!B", bit | size)
    elif size < 2**16:
        length = struct.pack("!BH", bit | 126, size)
    else:
        length = struct.pack("!BQ", bit | 127, size)
    if mask:
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([fin << 7 | rsv << 4 | opcode]) + length + mask + payload


def text(message: object) -> bytes:
    """A text frame of a message in JSON."""
    return frame(TEXT, json.dumps(message).encode())


def close(code: int | None = None, reason: str = "") -> bytes:
    """A close frame."""
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason.encode())


PONG_MESSAGE = {"type": "pong"}
"""What the tests' scripts wait for."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader = reader
        self.writer = writer
        self.number = number  # of the connections of its server, from 0
        self.headers: dict[str, str] = {}

    async def request(self) -> bytes:
        """Read the upgrade request; gives its first line."""
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        for line in lines:
            name, _, value = line.decode().partition(":")
            if name:
                self.headers[name.lower()] = value.strip()
        return first

    async def accept(self, *extra_headers: str) -> None:
        """Do the handshake as the client expects it."""
        await self.request()
        await self.send(self.upgrade(*extra_headers))

    def upgrade(self, *extra_headers: str, accept: str | None = None) -> bytes:
        """The answer that accepts the request; `accept` stands in for the right Sec-WebSocket-Accept."""
        key = self.headers["sec-websocket-key"].encode()
        right = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        lines = (
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {right if accept is None else accept}",
            *extra_headers,
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def frame(self) -> Frame:
        """The next frame of the client. Raises IncompleteReadError at the end of the connection."""
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        mask = await self.reader.readexactly(4) if second & 0x80 else b""
        payload = await self.reader.readexactly(size)
        if mask:
            payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        return Frame(first & 0xF, payload, bool(first & 0x80), first >> 4 & 7, bool(mask))

    async def end(self) -> bytes:
        """Read until the client closes the connection; gives what it still sent."""
        with suppress(ConnectionError):
            return await self.reader.read()
        return b""

    async def part(self) -> Frame:
        """Answer the client's close frame, and leave the connection to be closed by it or by us."""
        received = await self.frame()
        assert received.opcode == CLOSE, received
        await self.send(frame(CLOSE, received.payload))
        return received

    def reset(self) -> None:
        """Break the connection with a TCP reset."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Handler = Callable[[Peer], Awaitable[None]]


class RawServer:
    """Runs `handler` for every connection, in a thread and a loop of its own, on a free port of 127.0.0.1.

    A connection is closed when its handler returns. What a handler raises, assertions among it, is raised when the
    server is left, but for the ends of connections.
    """

    def __init__(self, handler: Handler, *, context: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.connections = 0
        self.results: list[Any] = []
        """For what handlers want to tell the test."""
        self._handler = handler
        self._context = context
        self._errors: list[BaseException] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="raw server", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stopped: asyncio.Event

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'wss' if self._context else 'ws'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_PATIENCE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(_PATIENCE_S)
        assert not self._thread.is_alive()
        if error is None and self._errors:
            raise self._errors[0]

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _, context: self._unexpected(context))
        self._stopped = asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._handle(Peer(reader, writer, self.connections)))
            self.connections += 1
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=self._context, limit=2**22)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _handle(self, peer: Peer) -> None:
        try:
            await self._handler(peer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # a client may go when it wants to
        except Exception as error:  # kept for the test
            self._errors.append(error)
        finally:
            peer.writer.close()

    def _unexpected(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and not isinstance(error, OSError | ssl.SSLError):
            self._errors.append(error)
