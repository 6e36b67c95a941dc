"""The pipe out of a worker's process, written to by a thread: a full pipe must not stop the loop."""

from __future__ import annotations

import os
import queue
import threading
from contextlib import suppress

from wavetank.execution.fleets.channel import Word, packed

_ROOM = 10_000
_LAST_WORDS_S = 5.0


class Outbox:
    """Messages to the coordinator, in the order in which they were put."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is that of the pipe. It is closed by `close`."""
        self._descriptor = descriptor
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="outbox", daemon=True)
        self._thread.start()

    def put(self, word: Word, body: bytes = b"") -> None:
        """Send a message, however many wait already."""
        self._messages.put(packed(word, body))

    def put_if_room(self, word: Word, body: bytes) -> None:
        """Send a message that nobody misses when ten thousand others wait: the coordinator does not read."""
        if self._messages.qsize() < _ROOM:
            self._messages.put(packed(word, body))

    def close(self) -> None:
        """Wait for a moment until everything is written, and close the pipe."""
        self._messages.put(None)
        self._thread.join(_LAST_WORDS_S)

    def _write(self) -> None:
        with suppress(OSError):  # the coordinator is gone, which the inbox notices, too
            while (message := self._messages.get()) is not None:
                rest = memoryview(message)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
        os.close(self._descriptor)
