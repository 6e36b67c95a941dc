"""What is counted for every single message."""

from __future__ import annotations

from collections.abc import MutableMapping

from wavetank.metrics import names


class Traffic:
    """Counters that the hot path adds to directly: an attribute costs a fraction of an entry in a map."""

    __slots__ = ("bytes_received", "bytes_sent", "pushes", "received", "requests", "sent")

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.requests = 0
        self.pushes = 0

    def move_to(self, counts: MutableMapping[str, int]) -> None:
        """Add what was counted to the counters of those names, and begin at 0."""
        for name, count in (
            (names.MESSAGES_SENT, self.sent),
            (names.MESSAGES_RECEIVED, self.received),
            (names.BYTES_SENT, self.bytes_sent),
            (names.BYTES_RECEIVED, self.bytes_received),
            (names.REQUESTS, self.requests),
            (names.PUSHES, self.pushes),
        ):
            if count:
                counts[name] = counts.get(name, 0) + count
        self.sent = self.received = self.bytes_sent = self.bytes_received = self.requests = self.pushes = 0
