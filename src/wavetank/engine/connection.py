"""One WebSocket connection over picows: frames become messages, and every way to end gets a name.

Only this module and its listener know what picows receives. Above them there are messages (`str` for text, `bytes` for
binary), pongs, and one `Closed` at the end; whatever a server sends, nothing is raised through the event loop.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import perf_counter_ns
from typing import Any, Final, Protocol

from picows import (
    WSCloseCode,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
)

from wavetank.engine.closed import NO_CLOSE_FRAME, NO_CODE, OUR_CLOSES, Closed
from wavetank.engine.deflate import Compression
from wavetank.errors import UserFailure

# Looked up once: an attribute of an enum class costs more than the rest of the comparison.
_TEXT: Final = WSMsgType.TEXT
_BINARY: Final = WSMsgType.BINARY
_CONTINUATION: Final = WSMsgType.CONTINUATION
_CLOSE: Final = WSMsgType.CLOSE
_PONG: Final = WSMsgType.PONG


class Receiver(Protocol):
    """Who takes what a connection receives. Called from the event loop; must not raise."""

    def receive(self, message: str | bytes, size: int, received_at: int) -> None:
        """A whole message came; `size` is its payload in bytes, `received_at` the instant in ns."""

    def receive_pong(self, payload: bytes, received_at: int) -> None:
        """A pong came."""

    def lose(self, closed: Closed, received_at: int) -> None:
        """The connection takes no more messages: a close frame came, or it broke. Called once."""

    def gone(self) -> None:
        """The socket is closed. Called once, after `lose`."""


class Connection:
    """One connection, from the finished handshake to the closed socket."""

    __slots__ = (
        "_close_timeout_s",
        "_closed",
        "_early",
        "_failure",
        "_fragments",
        "_fragments_size",
        "_fragments_text",
        "_is_gone",
        "_linger",
        "_max_bytes",
        "_receiver",
        "_transport",
        "_we_closed",
        "compression",
        "opened_at",
        "request",
        "response",
    )

    def __init__(
        self,
        request: WSUpgradeRequest,
        response: WSUpgradeResponse,
        max_message_bytes: int,
        close_timeout_s: float,
    ) -> None:
        self.request = request
        self.response = response
        self.opened_at = perf_counter_ns()
        self.compression: Compression | None = None
        self._max_bytes = max_message_bytes
        self._close_timeout_s = close_timeout_s
        self._receiver: Receiver | None = None
        self._transport: WSTransport  # set by `connected`, before anything can be sent or received
        self._fragments: list[bytes] | None = None
        self._fragments_size = 0
        self._fragments_text = False
        self._early: list[tuple[str | bytes, int, int]] = []
        self._we_closed = False
        self._closed: Closed | None = None
        self._is_gone = False
        self._failure: UserFailure | None = None
        self._linger: asyncio.TimerHandle | None = None

    # -- sending -------------------------------------------------------------------------------------------------

    def attach(self, receiver: Receiver) -> None:
        """Deliver to `receiver` from now on, beginning with what came in before it was there."""
        self._receiver = receiver
        for message, size, received_at in self._early:
            receiver.receive(message, size, received_at)
        self._early.clear()
        if self._closed is not None:
            receiver.lose(self._closed, perf_counter_ns())
        if self._is_gone:
            self._receiver = None
            receiver.gone()

    def send(self, data: bytes, *, text: bool) -> None:
        """Send one message at once. Without effect when the connection is closing."""
        kind = _TEXT if text else _BINARY
        if self.compression is not None:
            packed = self.compression.compress(data, text=text)
            if packed is not None:
                self._transport.send(kind, packed, True, True)
                return
        self._transport.send(kind, data)

    @property
    def subprotocol(self) -> str | None:
        """What was agreed on in the handshake, if anything."""
        agreed: str | None = self.response.headers.get("Sec-WebSocket-Protocol")
        return agreed

    def send_ping(self, payload: bytes) -> None:
        """Send a ping control frame of at most 125 bytes."""
        self._transport.send_ping(payload)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the close handshake. The server's answer comes as `Receiver.lose`."""
        if self._closed is None and not self._we_closed:
            self._we_closed = True
            self._transport.send_close(WSCloseCode(code), reason.encode()[:123].decode(errors="ignore"))
            self._await_end()

    def abort(self) -> None:
        """Close the socket at once, without a handshake."""
        self._we_closed = True
        self._transport.disconnect(False)

    # -- what the listener calls ---------------------------------------------------------------------------------

    def connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport

    def take(self, transport: WSTransport, frame: Any) -> None:
        """A frame came, a `WSFrame` (whose bits are said to be bool, and are int). The clock is read first of all."""
        received_at = perf_counter_ns()
        kind = frame.msg_type
        if (
            kind is _TEXT
            and frame.fin
            and self.compression is None
            and self._fragments is None
            and not (transport.is_close_frame_sent or frame.rsv1 or frame.rsv2 or frame.rsv3)
        ):
            try:
                message = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                self._refuse(1007)
                return
            receiver = self._receiver
            if receiver is not None and self._closed is None:
                receiver.receive(message, frame.payload_size, received_at)
            else:
                self._deliver(message, frame.payload_size, received_at)
        elif transport.is_close_frame_sent and self._closed is None and not self._we_closed:
            # picows sent it, because of a mistake of the server's, but it goes on with what comes after the mistake.
            self._blame_server(transport)
            self._end(Closed(NO_CLOSE_FRAME, "", by_us=True, failure=self._failure), received_at)
        elif frame.rsv2 or frame.rsv3 or (frame.rsv1 and kind.value >= _CLOSE.value):
            self._refuse(1002, "a frame with a reserved bit")
        elif kind is _CLOSE:
            code = frame.get_close_code().value or NO_CODE
            try:
                reason = frame.get_close_reason() or ""
            except UnicodeDecodeError:
                self._refuse(1007, "the reason of its close frame")
                return
            self._end(Closed(code, reason, by_us=self._we_closed), received_at)
            if not transport.is_close_frame_sent:
                transport.send_close(WSCloseCode.OK if code == NO_CODE else frame.get_close_code())
            self._await_end()
        elif kind is _PONG:
            if self._receiver is not None:
                self._receiver.receive_pong(frame.get_payload_as_bytes(), received_at)
        else:
            self._receive_data(frame, received_at)

    def disconnected(self, transport: WSTransport) -> None:
        """The socket is closed."""
        now = perf_counter_ns()
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        if self._closed is None and not self._we_closed:
            self._blame_server(transport)
        # What picows found wrong, even after our close, it leaves in a future; the loop reports one never looked at.
        task = asyncio.get_running_loop().create_task(_look_at_exception(transport))
        task.add_done_callback(lambda _: None)
        self._end(Closed(NO_CLOSE_FRAME, "", by_us=self._we_closed, failure=self._failure), now)
        self._is_gone = True
        receiver, self._receiver = self._receiver, None  # who holds this connection, too
        if receiver is not None:
            receiver.gone()

    # -- within --------------------------------------------------------------------------------------------------

    def _blame_server(self, transport: WSTransport) -> None:
        """Name the mistake of the server's, if any, that picows found itself and sent a close frame for."""
        handshake = transport.close_handshake
        if self._failure is None and handshake is not None and handshake.sent is not None:
            code = handshake.sent.code.value
            if code in OUR_CLOSES:
                kind, sentence = OUR_CLOSES[code]
                said = handshake.sent.reason
                self._failure = UserFailure(kind, f"{sentence}: {said}" if said else sentence)

    def _receive_data(self, frame: Any, received_at: int) -> None:
        """A binary, compressed or fragmented frame."""
        kind, fin = frame.msg_type, bool(frame.fin)
        data = frame.get_payload_as_bytes()
        if (kind is _CONTINUATION) != (self._fragments is not None):
            what = "a continuation of nothing" if kind is _CONTINUATION else "a new message inside a fragmented one"
            self._refuse(1002, what)
            return
        if kind is not _CONTINUATION:
            self._fragments, self._fragments_size, self._fragments_text = [], 0, kind is _TEXT
        if self.compression is not None:
            try:
                limit = self._max_bytes - self._fragments_size
                data = self.compression.decompress(kind.value, data, fin=fin, rsv1=bool(frame.rsv1), limit=limit)
            except UserFailure as failure:
                self._refuse(1009 if failure.kind == "message_too_big" else 1002, failure.reason)
                return
        elif frame.rsv1:
            self._refuse(1002, "a compressed frame where no compression was agreed on")
            return
        fragments = self._fragments
        assert fragments is not None
        fragments.append(data)
        self._fragments_size += len(data)
        if self._fragments_size > self._max_bytes:
            self._refuse(1009, f"more than {self._max_bytes} bytes")
        elif fin:
            size, self._fragments = self._fragments_size, None
            whole = fragments[0] if len(fragments) == 1 else b"".join(fragments)
            if not self._fragments_text:
                self._deliver(whole, size, received_at)
                return
            try:
                message = whole.decode()
            except UnicodeDecodeError:
                self._refuse(1007)
                return
            self._deliver(message, size, received_at)

    def _deliver(self, message: str | bytes, size: int, received_at: int) -> None:
        if self._receiver is None:
            self._early.append((message, size, received_at))
        elif self._closed is None:
            self._receiver.receive(message, size, received_at)

    def _refuse(self, code: int, detail: str = "") -> None:
        """The server broke a rule: say so with a close code, and end."""
        if self._failure is None and self._closed is None:
            kind, sentence = OUR_CLOSES[code]
            self._failure = UserFailure(kind, f"{sentence}: {detail}" if detail else sentence)
            self._transport.send_close(WSCloseCode(code))
            self._end(Closed(NO_CLOSE_FRAME, "", by_us=True, failure=self._failure), perf_counter_ns())
            self._transport.disconnect()

    def _end(self, closed: Closed, received_at: int) -> None:
        if self._closed is None:
            self._closed = closed
            if self._receiver is not None:
                self._receiver.lose(closed, received_at)

    def _await_end(self) -> None:
        """Give the server `close_timeout_s` to close the socket, then close it ourselves.

        The one who closes a TCP connection first keeps its port busy for a minute (TIME_WAIT); RFC 6455, 7.1.1 leaves
        that to the server, and a load generator needs its ports.
        """
        if self._linger is None:
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(self._close_timeout_s, self._transport.disconnect, False)


async def _look_at_exception(transport: WSTransport) -> None:
    with suppress(Exception):  # what it raises is in the connection's `Closed` already
        await transport.wait_disconnected()
