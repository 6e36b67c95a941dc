"""A server that gives each message back after one fixed delay, and keeps the true delays: `bench/starved.py`.

    python -m bench.accuracy.answerer 20        milliseconds

It is an ordinary asyncio server, whose timers come up to 1 ms late: what counts is what it says of itself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import signal
import sys
import time

BEGAN, OVER = "began", "over"
"""The lines that say when clients are there."""

_ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Crowd:
    """Tells when the first client has come, and each time that the last one has gone."""

    def __init__(self) -> None:
        self._here = 0
        self._began = False

    def came(self) -> None:
        """One more."""
        self._here += 1
        if not self._began:
            self._began = True
            tell(BEGAN)

    def went(self) -> None:
        """One less."""
        self._here -= 1
        if not self._here:
            tell(OVER)


class Answerer(asyncio.Protocol):
    """A WebSocket connection for short masked messages in one frame each: gives each back after the delay."""

    def __init__(self, delay_s: float, delays_ns: list[int], crowd: Crowd) -> None:
        self._crowd = crowd
        self._delay_s = delay_s
        self._delays_ns = delays_ns
        self._buffer = b""
        self._open = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._crowd.came()

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self._crowd.went()

    def data_received(self, data: bytes) -> None:
        """Bytes came: the upgrade first, then frames."""
        received_at = time.perf_counter_ns()
        self._buffer += data
        if not self._open:
            if b"\r\n\r\n" not in self._buffer:
                return
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            [key] = re.findall(rb"(?i)sec-websocket-key: *(\S+)", head)
            accept = base64.b64encode(hashlib.sha1(key + _ACCEPT_SALT).digest())
            lines = (b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade")
            self._transport.write(b"\r\n".join((*lines, b"Sec-WebSocket-Accept: " + accept, b"", b"")))
            self._open = True
        while len(self._buffer) >= 6 and len(self._buffer) >= (size := 6 + (self._buffer[1] & 0x7F)):
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            mask = frame[2:6]
            payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(frame[6:]))
            answer = bytes([frame[0], len(payload)]) + payload
            if frame[0] & 0x0F == 8:
                self._transport.write(answer)
                self._transport.close()
            else:
                asyncio.get_running_loop().call_later(self._delay_s, self._answer, answer, received_at)

    def _answer(self, answer: bytes, received_at: int) -> None:
        self._delays_ns.append(time.perf_counter_ns() - received_at)
        self._transport.write(answer)


async def serve(delay_s: float) -> None:
    """Tell the port, that the first client came, that the last has gone; at SIGTERM the true delays (ns)."""
    delays: list[int] = []
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    crowd = Crowd()
    server = await loop.create_server(lambda: Answerer(delay_s, delays, crowd), "127.0.0.1", 0, backlog=1000)
    tell(str(server.sockets[0].getsockname()[1]))
    await stopped.wait()
    tell(json.dumps(delays))


def tell(line: str) -> None:
    """A line for the parent, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) / 1e3))
