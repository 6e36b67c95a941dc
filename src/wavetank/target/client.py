"""One connection of the reference target: a picows listener that drives one session of the platform."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from wavetank.target.platform import BINARY_REFUSED, Platform

MAX_MESSAGE_BYTES: Final = 2**20
"""A client's message may be so long, all its fragments together."""

MAX_BACKLOG_BYTES: Final = 16 * 2**20
"""A client that leaves more than this unread is dropped, so that a slow one cannot use up the memory."""

CLOSE_TIMEOUT_S: Final = 5.0
"""A client has so long to finish its part of the close handshake."""

_TEXT: Final = WSMsgType.TEXT


class Clients(Protocol):
    """Whoever keeps count of the connections: the server."""

    @property
    def platform(self) -> Platform:
        """Where a client's session is."""

    def joined(self, client: Client) -> None:
        """The client's connection is open."""

    def left(self, client: Client) -> None:
        """The client's connection is gone."""


class Client(WSListener):
    """Brings the messages of a connection to its session, and the session's messages to the connection."""

    __slots__ = (
        "_clients",
        "_fragments",
        "_is_behind",
        "_is_binary",
        "_is_closing",
        "_session",
        "_timeout",
        "_transport",
    )

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._fragments: bytearray | None = None
        self._is_binary = False
        self._is_behind = False
        self._is_closing = False
        self._timeout: asyncio.TimerHandle | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        self._session = self._clients.platform.connect(self._deliver)
        self._clients.joined(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came in. picows answers pings itself."""
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._hang_up(frame)
        elif kind == WSMsgType.PONG or self._is_closing:
            return
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.close(WSCloseCode.PROTOCOL_ERROR)
        elif kind == _TEXT and frame.fin and self._fragments is None:
            try:
                text = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                self.close(WSCloseCode.INVALID_TEXT)
                return
            if not self._session.receive(text):
                self.close(WSCloseCode.OK)
        else:
            self._assemble(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone, whoever ended it."""
        self._session.leave()
        self._is_closing = True
        if self._timeout is not None:
            self._timeout.cancel()
        self._clients.left(self)
        # Both lead back here: without them the memory is free at once, not when the collector next comes by.
        del self._session, self._transport

    def pause_writing(self) -> None:
        """A client that does not read what it is sent is not read from either."""
        self._is_behind = True
        if not self._transport.underlying_transport.is_closing():
            self._transport.underlying_transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._is_behind = False
        if not self._transport.underlying_transport.is_closing():
            self._transport.underlying_transport.resume_reading()

    def close(self, code: WSCloseCode) -> None:
        """Begins the close handshake; cuts the connection if the client does not finish it in time."""
        self._session.leave()
        if self._is_closing:
            return
        self._is_closing = True
        self._transport.send_close(code)
        self._cut_later()

    def cut(self) -> None:
        """Ends the connection at once, and whatever is still to be sent with it."""
        self._session.leave()
        self._is_closing = True
        self._transport.disconnect(graceful=False)

    def _deliver(self, message: bytes) -> None:
        if self._is_closing:
            return
        if self._is_behind and self._backlog() > MAX_BACKLOG_BYTES:
            self.cut()
            return
        self._transport.send(_TEXT, message)

    def _backlog(self) -> int:
        return self._transport.underlying_transport.get_write_buffer_size()

    def _assemble(self, frame: WSFrame) -> None:
        """Takes what is not a text message in one frame: fragments and binary messages."""
        is_first = frame.msg_type != WSMsgType.CONTINUATION
        if is_first == (self._fragments is not None):
            self.close(WSCloseCode.PROTOCOL_ERROR)
            return
        if self._fragments is None:
            self._fragments = bytearray()
            self._is_binary = frame.msg_type == WSMsgType.BINARY
        if len(self._fragments) + frame.payload_size > MAX_MESSAGE_BYTES:
            self.close(WSCloseCode.MESSAGE_TOO_BIG)
            return
        self._fragments += frame.get_payload_as_memoryview()
        if not frame.fin:
            return
        message, self._fragments = self._fragments, None
        if self._is_binary:
            self._deliver(BINARY_REFUSED)
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self.close(WSCloseCode.INVALID_TEXT)
            return
        if not self._session.receive(text):
            self.close(WSCloseCode.OK)

    def _hang_up(self, frame: WSFrame) -> None:
        """The client's close: answered with the same code, unless it is itself the answer; then the end."""
        self._session.leave()
        if not self._is_closing:
            self._is_closing = True
            # Not send_close: it would write the code 0 where the client gave none.
            self._transport.send(WSMsgType.CLOSE, frame.get_payload_as_bytes()[:2])
        self._transport.disconnect()
        self._cut_later()

    def _cut_later(self) -> None:
        if self._timeout is None:
            self._timeout = asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self.cut)
