"""Connections over picows: those with TLS or through a proxy, and all where there is no epoll."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import perf_counter_ns

from picows import WSFrame, WSListener, WSTransport, WSUpgradeResponse

from wavetank.engine.connecting.picows_transport import PicowsTransport
from wavetank.engine.wire.closed import OUR_CLOSES
from wavetank.engine.wire.connection import Connection


class Listener(WSListener):
    """Passes all that comes on to a connection."""

    __slots__ = ("_sender", "connection", "response")

    def __init__(self, connection: Connection, response: WSUpgradeResponse) -> None:
        super().__init__()
        self.connection = connection
        self.response = response
        self._sender: PicowsTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._sender = PicowsTransport(transport)
        self.connection.connected(self._sender)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came. The clock is read first of all."""
        received_at = perf_counter_ns()
        assert self._sender is not None
        if transport.is_close_frame_sent and not self._sender.closed_by_connection:
            # picows sent it, because of a mistake of the server's, but it goes on with what comes after the mistake.
            self._blame_server(transport)
            return
        rsv = (4 if frame.rsv1 else 0) | (2 if frame.rsv2 else 0) | (1 if frame.rsv3 else 0)
        payload = frame.get_payload_as_bytes()
        self.connection.take(frame.msg_type.value, bool(frame.fin), rsv, payload, received_at)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is closed."""
        assert self._sender is not None
        if not self._sender.closed_by_connection:
            self._blame_server(transport)
        # What picows found wrong, even after our close, it leaves in a future; the loop reports one never looked at.
        task = asyncio.get_running_loop().create_task(_look_at_exception(transport))
        task.add_done_callback(lambda _: None)
        self.connection.disconnected()

    def _blame_server(self, transport: WSTransport) -> None:
        """Name the mistake of the server's, if any, that picows found itself and sent a close frame for."""
        handshake = transport.close_handshake
        if handshake is not None and handshake.sent is not None:
            code = handshake.sent.code.value
            if code in OUR_CLOSES:
                self.connection.blame(code, handshake.sent.reason or "")


async def _look_at_exception(transport: WSTransport) -> None:
    with suppress(Exception):  # what it raises is in the connection's `Closed` already
        await transport.wait_disconnected()
