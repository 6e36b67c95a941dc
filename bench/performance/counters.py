"""What the server in C has counted until now, read from the file that it shares with whoever wants to know."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_WORKER = struct.Struct("<8Q")
"""bench/native/counters.h: six counters, and two that are spare."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Sums over the server's workers. `closed` are WebSockets; `sent` are messages, so replies."""

    accepted: int = 0
    upgraded: int = 0
    closed: int = 0
    received: int = 0
    sent: int = 0
    refused: int = 0

    @property
    def open(self) -> int:
        """WebSockets that are open."""
        return self.upgraded - self.closed


def parse_counters(data: bytes) -> Counters:
    """The sums of the workers' counters. Raises struct.error if it is not a whole number of workers."""
    workers = list(_WORKER.iter_unpack(data))
    return Counters(*(sum(worker[place] for worker in workers) for place in range(6)))


def read_counters(path: Path) -> Counters:
    """What has been counted until now. Raises OSError."""
    return parse_counters(path.read_bytes())
