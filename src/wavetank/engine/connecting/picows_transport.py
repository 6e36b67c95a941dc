"""Frames sent through picows.

Apart from its listener, since what inherits from a compiled class is to be compiled, and what inherits from one of
picows' cannot be.
"""

from __future__ import annotations

from picows import WSCloseCode, WSMsgType, WSTransport

from wavetank.engine.wire.frames import CLOSE, PING
from wavetank.engine.wire.transport import Transport


class PicowsTransport(Transport):
    """Sends through picows."""

    __slots__ = ("_transport", "closed_by_connection")

    def __init__(self, transport: WSTransport) -> None:
        self._transport = transport
        self.closed_by_connection = False

    def send(self, opcode: int, payload: bytes, compressed: bool = False) -> None:
        """See `Transport`."""
        if opcode == CLOSE:
            self.closed_by_connection = True
            code = int.from_bytes(payload[:2], "big")
            self._transport.send_close(WSCloseCode(code), payload[2:].decode())
        elif opcode == PING:
            self._transport.send_ping(payload)
        else:
            self._transport.send(WSMsgType(opcode), payload, True, compressed)

    def finish(self) -> None:
        """See `Transport`."""
        self._transport.disconnect()

    def drop(self) -> None:
        """See `Transport`."""
        self._transport.disconnect(False)
