"""One WebSocket connection: frames become messages, and every way to end gets a name.

Below it there are frames, which a `Transport` carries. Above it there are messages (`str` for text, `bytes` for
binary), pongs, and one `Closed` at the end; whatever a server sends, nothing is raised through the event loop.
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns

from mypy_extensions import mypyc_attr

from wavetank.engine.wire.closed import NO_CLOSE_FRAME, NO_CODE, OUR_CLOSES, Closed, may_be_sent
from wavetank.engine.wire.deflate import Compression
from wavetank.engine.wire.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from wavetank.engine.wire.transport import Nowhere, Transport
from wavetank.errors import UserFailure


@mypyc_attr(allow_interpreted_subclasses=True)
class Receiver:
    """Who takes what a connection receives. Called from the event loop; must not raise.

    A base class and no protocol: compiled, it is called without a look at the object.
    """

    __slots__ = ()

    def receive(self, message: str | bytes, size: int, received_at: int) -> None:
        """A whole message came; `size` is its payload in bytes, `received_at` the instant in ns."""
        raise NotImplementedError

    def receive_pong(self, payload: bytes, received_at: int) -> None:
        """A pong came."""
        raise NotImplementedError

    def lose(self, closed: Closed, received_at: int) -> None:
        """The connection takes no more messages: a close frame came, or it broke. Called once."""
        raise NotImplementedError

    def gone(self) -> None:
        """The socket is closed. Called once, after `lose`."""
        raise NotImplementedError


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
        "subprotocol",
    )

    def __init__(self, opened_at: int, max_message_bytes: int, close_timeout_s: float) -> None:
        """`opened_at`: when the handshake was done, in ns."""
        self.opened_at = opened_at
        self.compression: Compression | None = None
        self.subprotocol: str | None = None  # what was agreed on in the handshake, if anything
        self._max_bytes = max_message_bytes
        self._close_timeout_s = close_timeout_s
        self._receiver: Receiver | None = None
        self._transport: Transport  # set by `connected`, before anything can be sent or received
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
        if self._we_closed or self._closed is not None:
            return
        opcode = TEXT if text else BINARY
        if self.compression is not None:
            packed = self.compression.compress(data, text=text)
            if packed is not None:
                self._transport.send(opcode, packed, True)
                return
        self._transport.send(opcode, data)

    def send_ping(self, payload: bytes) -> None:
        """Send a ping control frame of at most 125 bytes."""
        self._transport.send(PING, payload)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the close handshake. The server's answer comes as `Receiver.lose`."""
        if self._closed is None and not self._we_closed:
            self._we_closed = True
            said = reason.encode()[:123].decode(errors="ignore").encode()
            self._transport.send(CLOSE, code.to_bytes(2, "big") + said)
            self._await_end()

    def abort(self) -> None:
        """Close the socket at once, without a handshake."""
        self._we_closed = True
        self._transport.drop()

    # -- what the transport calls --------------------------------------------------------------------------------

    def connected(self, transport: Transport) -> None:
        """The handshake is done."""
        self._transport = transport

    def take(self, opcode: int, fin: bool, rsv: int, payload: bytes, received_at: int) -> None:
        """A frame came; `rsv` are the three reserved bits, the first of them worth 4."""
        if opcode == TEXT and fin and not rsv and self.compression is None and self._fragments is None:
            try:
                message = payload.decode()
            except UnicodeDecodeError:
                self.refuse(1007)
                return
            self._deliver(message, len(payload), received_at)
        elif rsv & 3 or (rsv and opcode >= CLOSE):
            self.refuse(1002, "a frame with a reserved bit")
        elif opcode == CLOSE:
            self._take_close(payload, received_at)
        elif opcode == PONG:
            if self._receiver is not None:
                self._receiver.receive_pong(payload, received_at)
        else:
            self._receive_data(opcode, fin, rsv != 0, payload, received_at)

    def refuse(self, code: int, detail: str = "") -> None:
        """The server broke a rule: say so with a close code, and end."""
        if self.blame(code, detail):
            if not self._we_closed:  # after one close frame there is no other
                self._transport.send(CLOSE, code.to_bytes(2, "big"))
            self._end(Closed(NO_CLOSE_FRAME, "", by_us=True, failure=self._failure), perf_counter_ns())
            self._transport.finish()

    def blame(self, code: int, detail: str) -> bool:
        """Name the mistake of the server's by the close code that is sent for it. Whether it is the first one."""
        if self._failure is not None or self._closed is not None:
            return False
        kind, sentence = OUR_CLOSES[code]
        self._failure = UserFailure(kind, f"{sentence}: {detail}" if detail else sentence)
        return True

    def disconnected(self) -> None:
        """The socket is closed."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._end(Closed(NO_CLOSE_FRAME, "", by_us=self._we_closed, failure=self._failure), perf_counter_ns())
        self._is_gone = True
        self._transport = Nowhere()  # the one that there was holds this connection
        receiver, self._receiver = self._receiver, None  # who holds this connection, too
        if receiver is not None:
            receiver.gone()

    # -- within --------------------------------------------------------------------------------------------------

    def _take_close(self, payload: bytes, received_at: int) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else NO_CODE
        if len(payload) == 1 or (payload and not may_be_sent(code)):
            self.refuse(1002, "a close frame without a proper code")
            return
        try:
            reason = payload[2:].decode()
        except UnicodeDecodeError:
            self.refuse(1007, "the reason of its close frame")
            return
        answers = not self._we_closed and self._closed is None
        self._end(Closed(code, reason, by_us=self._we_closed), received_at)
        if answers:
            self._transport.send(CLOSE, payload[:2] or (1000).to_bytes(2, "big"))
        self._await_end()

    def _receive_data(self, opcode: int, fin: bool, rsv1: bool, data: bytes, received_at: int) -> None:
        """A binary, compressed or fragmented frame."""
        if (opcode == CONTINUATION) != (self._fragments is not None):
            what = "a continuation of nothing" if opcode == CONTINUATION else "a new message inside a fragmented one"
            self.refuse(1002, what)
            return
        if opcode != CONTINUATION:
            self._fragments, self._fragments_size, self._fragments_text = [], 0, opcode == TEXT
        if self.compression is not None:
            try:
                limit = self._max_bytes - self._fragments_size
                data = self.compression.decompress(opcode, data, fin=fin, rsv1=rsv1, limit=limit)
            except UserFailure as failure:
                self.refuse(1009 if failure.kind == "message_too_big" else 1002, failure.reason)
                return
        elif rsv1:
            self.refuse(1002, "a compressed frame where no compression was agreed on")
            return
        fragments = self._fragments
        assert fragments is not None
        fragments.append(data)
        self._fragments_size += len(data)
        if self._fragments_size > self._max_bytes:
            self.refuse(1009, f"more than {self._max_bytes} bytes")
        elif fin:
            size, self._fragments = self._fragments_size, None
            whole = fragments[0] if len(fragments) == 1 else b"".join(fragments)
            if not self._fragments_text:
                self._deliver(whole, size, received_at)
                return
            try:
                message = whole.decode()
            except UnicodeDecodeError:
                self.refuse(1007)
                return
            self._deliver(message, size, received_at)

    def _deliver(self, message: str | bytes, size: int, received_at: int) -> None:
        if self._receiver is None:
            self._early.append((message, size, received_at))
        elif self._closed is None:
            self._receiver.receive(message, size, received_at)

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
            self._linger = loop.call_later(self._close_timeout_s, self._transport.drop)
