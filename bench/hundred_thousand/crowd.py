"""Users who come one after the other, and stay until all have been there together for a while."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Crowd:
    """`users` arrive at `rate` per second; all are open together for at least `hold_s`; each asks every `every_s`."""

    users: int = 100_000
    rate: float = 1000.0
    hold_s: float = 120.0
    every_s: float = 4.0

    @property
    def arriving_s(self) -> float:
        """How long it takes until all have arrived."""
        return self.users / self.rate

    @property
    def rounds(self) -> int:
        """How often each asks. The first to come has to stay until the last has been there for `hold_s`.

        One round is asked at the arrival, and one more makes up for late arrivals and slow connects.
        """
        return math.ceil((self.arriving_s + self.hold_s) / self.every_s) + 2

    @property
    def session_s(self) -> float:
        """How long a user stays."""
        return (self.rounds - 1) * self.every_s

    @property
    def length_s(self) -> float:
        """From the first arrival to the last farewell."""
        return self.arriving_s + self.session_s

    @property
    def messages(self) -> int:
        """How many messages are sent, and answered, altogether."""
        return self.users * self.rounds

    def script(self) -> dict[str, Any]:
        """As a script of Wavetank's."""
        ask = {"send": {"name": "ping", "payload": {"type": "ping"}, "match": {"json": "$.type", "value": "pong"}}}
        return {
            "config": {"phases": [{"duration": f"{1000 * self.arriving_s:.0f}ms", "arrivalCount": self.users}]},
            "scenarios": [
                {
                    "name": "crowd",
                    "engine": "ws",
                    "flow": [
                        {"connect": "/ws"},
                        {"loop": [ask], "every": f"{1000 * self.every_s:.0f}ms", "count": self.rounds},
                    ],
                }
            ],
        }
