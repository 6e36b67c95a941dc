"""How long to wait before connecting again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits between attempts to connect: `first_s`, then each `factor` times the one before, `most_s` at most.

    Each wait is made shorter or longer at random by up to `jitter` (a share), so that users who lost their connection
    in one instant do not come back in one. After `attempts` failures in a row the user fails; None: it never gives up.
    Raises ValueError for what is no back-off.

    Example: `user.connect("/ws", reconnect=Backoff(first_s=0.5, attempts=5))`
    """

    first_s: float = 0.1
    factor: float = 2.0
    most_s: float = 10.0
    jitter: float = 0.2
    attempts: int | None = 10

    def __post_init__(self) -> None:
        if not (self.first_s >= 0 and self.most_s >= 0 and self.factor >= 1 and 0 <= self.jitter <= 1):
            raise ValueError(f"{self} is no back-off: waits are 0 or more, the factor 1 or more, the jitter 0 to 1")
        if self.attempts is not None and self.attempts < 1:
            raise ValueError(f"a back-off of {self.attempts} attempts never connects: give 1 or more, or None")

    def wait_s(self, failures: int, chance: random.Random) -> float | None:
        """Seconds to wait after so many failures in a row (1 or more); None where it is time to give up."""
        if self.attempts is not None and failures >= self.attempts:
            return None
        # The exponent is bounded: 2.0 ** 2000 is no number any more, and the longest wait is reached long before.
        wait_s = min(self.most_s, self.first_s * self.factor ** min(failures - 1, 64))
        return wait_s * (1 + self.jitter * chance.uniform(-1, 1))
