"""How far another machine's clock is ahead of ours, told from the replies that carry its time."""

from __future__ import annotations

from typing import NamedTuple


class ClockOffset(NamedTuple):
    """`offset_ns`: the server's clock less ours. It is off by half of `round_trip_ns` at most."""

    round_trip_ns: int
    offset_ns: int

    @classmethod
    def of(cls, *, sent_at: int, received_at: int, server_time: int) -> ClockOffset:
        """From one exchange, all in ns since 1970, as if the server read its clock half way (RFC 5905, section 8)."""
        return cls(received_at - sent_at, server_time - (sent_at + received_at) // 2)


def better(one: ClockOffset | None, other: ClockOffset | None) -> ClockOffset | None:
    """The one with the shorter round trip, which is the more exact; the same one whatever the order."""
    if one is None or other is None:
        return one or other
    return min(one, other)
