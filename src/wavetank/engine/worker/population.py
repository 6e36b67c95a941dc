"""The closed model: holds as many users as a population phase plans, starting one whenever one is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter_ns

from wavetank.engine.clock.timers import Timers
from wavetank.plan.arrivals import (
    Arrival,
    Share,
    phase_bounds,
    population_at,
    population_share,
    total_arrivals,
)
from wavetank.plan.phases import Phase, Population

_STEP_NS = 20_000_000


class PopulationKeeper:
    """Keeps this worker's share of every population phase of a plan.

    Users of open phases do not count. The indices of its users follow those of all planned arrivals, so that a user
    of a given index is the same on any number of workers; which instant it starts at depends on the server, as in
    every closed model.
    """

    def __init__(
        self,
        phases: Sequence[Phase],
        share: Share,
        origin_ns: int,
        timers: Timers,
        start: Callable[[Arrival, int], None],
        seed: int,
    ) -> None:
        """`start(arrival, planned_at)` starts a user."""
        self._phases = phases
        self._share = share
        self._origin_ns = origin_ns
        self._timers = timers
        self._start = start
        self._next_index = total_arrivals(phases, seed) + share.index
        self._active = 0
        self._stopped = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Hold the populations until the last one ends, or `stop`."""
        for place, (phase, (start_ns, end_ns)) in enumerate(zip(self._phases, phase_bounds(self._phases), strict=True)):
            if isinstance(phase, Population):
                await self._hold(place, phase, self._origin_ns + start_ns, self._origin_ns + end_ns)

    def ended(self) -> None:
        """A user of a population has ended."""
        self._active -= 1
        self._wake.set()

    def stop(self) -> None:
        """Start nobody any more."""
        self._stopped = True
        self._wake.set()

    async def _hold(self, place: int, phase: Population, start_ns: int, end_ns: int) -> None:
        await self._sleep_until(start_ns)
        while not self._stopped and (now := perf_counter_ns()) < end_ns:
            wanted = population_share(population_at(phase, now - start_ns), self._share)
            for _ in range(wanted - self._active):
                self._active += 1
                self._start(Arrival(self._next_index, now - self._origin_ns, place), now)
                self._next_index += self._share.of
            await self._sleep_until(min(now + _STEP_NS, end_ns))

    async def _sleep_until(self, due_ns: int) -> None:
        """Until `due_ns`; a user who ends or a stop ends the sleep early."""
        self._wake.clear()
        if self._stopped:
            return
        timer = self._timers.at(due_ns, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
