"""What a script says about its pushes: how to know one, and what to read in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from wavetank.plan.steps import Match

UNITS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""The units of timestamps, in nanoseconds."""

Clock = Literal["fleet", "server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRules:
    """Which messages are pushes (all `matches` hold; their values are constants), and what is measured of them.

    `timestamp`, `sequence` and `channel` are JSONPaths in the push; None: it has none. The timestamp counts units of
    `unit_ns` nanoseconds since 1970. `clock` says who makes it: a user of the run (`$now`), or the server.
    `server_time` is a JSONPath in replies to the server's own time, in the same unit: what its clock is known by.
    """

    matches: tuple[Match, ...]
    timestamp: str | None = None
    unit_ns: int = 10**6
    sequence: str | None = None
    channel: str | None = None
    clock: Clock = "fleet"
    server_time: str | None = None
