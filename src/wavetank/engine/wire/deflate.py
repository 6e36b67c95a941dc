"""permessage-deflate (RFC 7692), by the extension classes of the `websockets` library."""

from __future__ import annotations

from websockets.exceptions import InvalidHeaderFormat, NegotiationError, PayloadTooBig, ProtocolError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.headers import build_extension, parse_extension

from wavetank.errors import UserFailure
from wavetank.plan.steps import Deflate


class Compression:
    """The compression agreed on for one connection."""

    __slots__ = ("_extension", "_threshold")

    def __init__(self, extension: PerMessageDeflate, threshold_bytes: int) -> None:
        self._extension = extension
        self._threshold = threshold_bytes

    def compress(self, data: bytes, *, text: bool) -> bytes | None:
        """The compressed payload of one message, or None for a message that is to be sent as it is."""
        if len(data) < self._threshold:
            return None
        return bytes(self._extension.encode(Frame(Opcode.TEXT if text else Opcode.BINARY, data)).data)

    def decompress(self, opcode: int, data: bytes, *, fin: bool, rsv1: bool, limit: int) -> bytes:
        """The payload of one received frame as it was before compression.

        Raises UserFailure with `message_too_big` when it would be more than `limit` bytes, and with `protocol_error`
        when the data is no compressed data.
        """
        frame = Frame(Opcode(opcode), data, fin=fin, rsv1=rsv1)
        try:
            return bytes(self._extension.decode(frame, max_size=max(1, limit)).data)
        except PayloadTooBig as error:
            raise UserFailure("message_too_big", "a compressed message is too big once it is unpacked") from error
        except ProtocolError as error:
            raise UserFailure(
                "protocol_error", f"the server sent a compressed message that cannot be read: {error}"
            ) from error


def offer(deflate: Deflate) -> str:
    """The value of the Sec-WebSocket-Extensions header that offers what `deflate` asks for."""
    return build_extension([(ClientPerMessageDeflateFactory.name, list(_factory(deflate).get_request_params()))])


def agree(deflate: Deflate | None, answers: list[str]) -> Compression | None:
    """What the server's Sec-WebSocket-Extensions headers agree to; None: no compression.

    Raises UserFailure with `handshake_invalid` for an answer that the offer does not allow.
    """
    try:
        extensions = [extension for header in answers for extension in parse_extension(header)]
    except InvalidHeaderFormat as error:
        raise UserFailure("handshake_invalid", f"the server's answer cannot be read: {error}") from error
    if not extensions:
        return None
    names = ", ".join(name for name, _ in extensions)
    if deflate is None or len(extensions) != 1 or extensions[0][0] != ClientPerMessageDeflateFactory.name:
        raise UserFailure("handshake_invalid", f"the server chose extensions that were not offered: {names}")
    try:
        extension = _factory(deflate).process_response_params(extensions[0][1], [])
    except NegotiationError as error:
        raise UserFailure(
            "handshake_invalid", f"the server's permessage-deflate parameters are wrong: {error}"
        ) from error
    return Compression(extension, deflate.threshold_bytes)


def _factory(deflate: Deflate) -> ClientPerMessageDeflateFactory:
    return ClientPerMessageDeflateFactory(
        server_no_context_takeover=deflate.server_no_context_takeover,
        client_no_context_takeover=deflate.client_no_context_takeover,
        server_max_window_bits=deflate.server_max_window_bits,
        client_max_window_bits=deflate.client_max_window_bits or True,
    )
