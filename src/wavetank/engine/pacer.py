"""The pacer starts users at their planned instants, and says how late it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import perf_counter_ns

from wavetank.engine.timers import Timers
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
        """`start(arrival, planned_at)` starts a user; `planned_at` is `origin_ns` plus the arrival's offset."""
        self._arrivals = iter(arrivals)
        self._origin_ns = origin_ns
        self._timers = timers
        self._start = start
        self._lateness = lateness
        self._stopped = asyncio.Event()
        self._due = asyncio.Event()

    async def run(self) -> None:
        """Start all arrivals; returns after the last one, or soon after `stop`."""
        for arrival in self._arrivals:
            planned_at = self._origin_ns + arrival.planned_ns
            if perf_counter_ns() < planned_at:
                await self._sleep_until(planned_at)
            if self._stopped.is_set():
                return
            self._lateness.append(perf_counter_ns() - planned_at)
            self._start(arrival, planned_at)
            if arrival.index % _BURST == 0:  # users who are due together must not keep the replies of others waiting
                await asyncio.sleep(0)

    def stop(self) -> None:
        """Start nobody any more."""
        self._stopped.set()
        self._due.set()

    async def _sleep_until(self, due_ns: int) -> None:
        self._due.clear()
        if self._stopped.is_set():
            return
        timer = self._timers.at(due_ns, self._due.set)
        try:
            await self._due.wait()
        finally:
            timer.cancel()
