"""The frames of RFC 6455 as bytes: what a client sends."""

from __future__ import annotations

from random import getrandbits
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which websockets has nothing compiled
    from websockets.utils import apply_mask

# Compiled, what is final is not looked up in a map: this is called for every message.
_random_bits: Final = getrandbits
_mask: Final = apply_mask

CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

_FIN: Final = 0x80
_RSV1: Final = 0x40
_MASKED: Final = 0x80
_SHORT: Final = 126
_SHORT_TEXTS: Final = tuple(bytes((_FIN | TEXT, _MASKED | size)) for size in range(_SHORT))


def encoded(opcode: int, payload: bytes, compressed: bool = False) -> bytes:
    """A whole message, or a control frame, masked with a key of its own (RFC 6455, 5.2 and 5.3)."""
    size = len(payload)
    key = _random_bits(32).to_bytes(4, "big")
    if size < _SHORT and opcode == TEXT and not compressed:
        return b"".join((_SHORT_TEXTS[size], key, _mask(payload, key)))
    first = _FIN | opcode | (_RSV1 if compressed else 0)
    if size < _SHORT:
        head = bytes((first, _MASKED | size))
    elif size < 1 << 16:
        head = bytes((first, _MASKED | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, _MASKED | 127)) + size.to_bytes(8, "big")
    return b"".join((head, key, _mask(payload, key)))
