"""The pacer starts users at their planned instants, and says how late it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import perf_counter_ns

from wavetank.engine.clock.timers import Timer, Timers
from wavetank.plan.arrivals import Arrival

_BURST = 32


class Pacer:
    """Starts each arrival when it is due.

    An arrival that is due late is started at once, and its lateness (ns, from its planned instant to its start) is
    written to `lateness`. None is left out, and none is started early.
    """

    def __init__(
        self,
        arrivals: Iterable[Arrival],
        origin_ns: int,
        timers: Timers,
        start: Callable[[Arrival, int], None],
        lateness: list[int],
    ) -> None:
        """To be made inside the running loop.

        `start(arrival, planned_at)` starts a user; `planned_at` is `origin_ns` plus the arrival's offset. It is
        called from the loop, outside of any task.
        """
        self._arrivals = iter(arrivals)
        self._origin_ns = origin_ns
        self._timers = timers
        self._start = start
        self._lateness = lateness
        self._loop = asyncio.get_running_loop()
        self._next: Arrival | None = None
        self._timer: Timer | None = None
        self._ended = asyncio.Event()
        self._error: Exception | None = None

    async def run(self) -> None:
        """Start all arrivals; returns after the last one, or soon after `stop`. Raises what `start` raises."""
        self._next = next(self._arrivals, None)
        # No task of its own, and no event to wait for: each would be as much work again as to start a user.
        self._loop.call_soon(self._go_on)
        try:
            await self._ended.wait()
        finally:
            self.stop()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Start nobody any more."""
        self._ended.set()
        if self._timer is not None:
            self._timer.cancel()

    def _go_on(self) -> None:
        try:
            self._start_who_is_due()
        except Exception as error:
            self._error = error
            self._ended.set()

    def _start_who_is_due(self) -> None:
        for _ in range(_BURST):
            if self._ended.is_set():
                return
            arrival = self._next
            if arrival is None:
                self._ended.set()
                return
            planned_at = self._origin_ns + arrival.planned_ns
            now = perf_counter_ns()
            if now < planned_at:
                self._timer = self._timers.at(planned_at, self._go_on)
                return
            self._next = next(self._arrivals, None)
            self._lateness.append(now - planned_at)
            self._start(arrival, planned_at)
        # Users who are due together must not keep the replies of others waiting.
        self._loop.call_soon(self._go_on)
