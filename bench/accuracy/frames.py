"""As much of RFC 6455 as the servers here need: the handshake, and unfragmented frames of up to 125 bytes."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

TEXT = 0x1
CLOSE = 0x8

_ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"^sec-websocket-key:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_HEAD = 6


class NotSpoken(ValueError):
    """The client said something that these servers do not understand."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a client, unmasked."""

    opcode: int
    payload: bytes


def accept_upgrade(head: bytes) -> bytes:
    """The answer to an upgrade request (RFC 6455, 4.2.2). Raises NotSpoken where it is none."""
    key = _KEY.search(head)
    if key is None:
        raise NotSpoken("no Sec-WebSocket-Key")
    accept = base64.b64encode(hashlib.sha1(key[1] + _ACCEPT_SALT, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def take_frame(buffer: bytearray) -> Frame | None:
    """Takes the first frame out of what came in; None while it is not complete. Raises NotSpoken."""
    if len(buffer) < _HEAD:
        return None
    first, second = buffer[0], buffer[1]
    length = second & 0x7F
    if not first & 0x80 or first & 0x70 or not second & 0x80 or length > 125:
        raise NotSpoken("only whole, masked, uncompressed frames of up to 125 bytes are understood")
    end = _HEAD + length
    if len(buffer) < end:
        return None
    mask = bytes(buffer[2:_HEAD]) * (length // 4 + 1)
    # As two long integers, because a loop over the bytes takes longer than all the rest of a request.
    unmasked = int.from_bytes(buffer[_HEAD:end]) ^ int.from_bytes(mask[:length])
    del buffer[:end]
    return Frame(first & 0x0F, unmasked.to_bytes(length))


def make_frame(opcode: int, payload: bytes) -> bytes:
    """A frame of a server. Raises NotSpoken for more than 125 bytes."""
    if len(payload) > 125:
        raise NotSpoken("a reply of more than 125 bytes")
    return bytes((0x80 | opcode, len(payload))) + payload
