"""A server that stands still at times: when it does, and what its clients must measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Freezes:
    """The server stands still for `length_s` in every `period_s`, beginning `first_s` after its first request."""

    length_s: float
    period_s: float
    first_s: float

    def quantile_s(self, q: float, *, load: float = 0.0) -> float:
        """The quantile `q` of the delay of requests that are planned evenly in time, in seconds.

        A request that is planned `u` after a freeze began waits for the rest of the freeze, `length - u`, and for
        those that were planned before it in the freeze: `u` times the planned rate, at the speed at which the
        server drains them. With `load` as the planned rate divided by that speed its delay is
        `length - u * (1 - load)`, down to 0 at `u = length / (1 - load)`, where the backlog is gone; all others wait
        for nothing. So a delay of more than `d` has the share `(length - d) / ((1 - load) * period)` of all requests,
        and that solved for `d` is what this gives. Raises ValueError for a `q` outside 0…1 or a `load` outside 0…1.
        """
        if not 0 <= q <= 1 or not 0 <= load < 1:
            raise ValueError(f"q must lie in 0…1 and load in 0…1 (exclusive), not {q!r} and {load!r}")
        return max(0.0, self.length_s - (1 - q) * self.period_s * (1 - load))

    def closed_quantile_s(self, q: float, *, users: int, rate: float) -> float:
        """The quantile `q` of what a closed loop measures: users who send on only when they have their reply.

        Each of `users` has one request under way in a freeze, sent in the first `users / rate` seconds of it, and
        nothing else until it ends; what was planned meanwhile is never sent. `rate` is the planned rate of all of
        them, in requests per second.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"q must lie in 0…1, not {q!r}")
        stuck = min(float(users), rate * self.length_s)
        sent = rate * (self.period_s - self.length_s) + stuck
        share = (1 - q) * sent / stuck
        return 0.0 if share > 1 else self.length_s - share * stuck / rate
