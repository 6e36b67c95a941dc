"""How a coordinator and a worker's process speak: through two pipes, in messages with a length in front.

A message is four bytes of length (little endian) of what follows, one byte that says what it is, and its body. The
pipes are the worker's standard input and output: where the coordinator is gone, however that happened, its end of them
is closed, and the worker notices.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum

_HEAD = struct.Struct("<IB")
IN_WORKER = "WAVETANK_WORKER"
"""Set in the environment of a worker's process: what it loads must not start another run."""

HEAD_LENGTH = _HEAD.size
"""Bytes in front of a body."""


class Word(IntEnum):
    """What a message is. Above 100: from the worker."""

    IMPORTS = 1
    """Where modules are found, a JSON array: it has to be known before orders can be read."""
    ORDERS = 2
    """The orders and the share, pickled."""
    BEGIN = 3
    """When to begin: nanoseconds of the wall clock, as text."""
    STOP = 4
    CUT = 5
    OPEN = 6
    """The users of every worker have come to the rendezvous."""

    READY = 101
    GATHERED = 102
    """All users of this worker have come to the rendezvous."""
    SNAPSHOT = 103
    """A snapshot as JSON, `Snapshot.to_dict`."""
    LOG = 104
    NOTICE = 105
    """Something that whoever started the run should know."""
    ENDING = 106
    """All users have ended; one more snapshot may follow."""
    ENDED = 107
    FAILED = 108
    """The worker cannot go on: a sentence."""


def packed(word: Word, body: bytes = b"") -> bytes:
    """A message as it goes through the pipe."""
    return _HEAD.pack(len(body) + 1, word) + body


def unpacked_head(head: bytes) -> tuple[Word, int]:
    """What the message is, and the length of its body. Raises ValueError for a head that is none."""
    length, word = _HEAD.unpack(head)
    return Word(word), length - 1


def read_message(read: Callable[[int], bytes]) -> tuple[Word, bytes]:
    """The next message, from a function that reads at most so many bytes. Raises EOFError at the end of the pipe."""
    word, length = unpacked_head(_exactly(read, HEAD_LENGTH))
    return word, _exactly(read, length)


def _exactly(read: Callable[[int], bytes], length: int) -> bytes:
    parts = []
    while length:
        part = read(length)
        if not part:
            raise EOFError("the other end of the pipe is closed")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
