"""Timers for very many waits: one alarm carries all of them.

Users think and replies time out by the hundred thousand. A loop timer for each costs an object, a heap entry and a
cancellation; here a timer is put into the bucket of its tick, and the alarm knows only the earliest bucket.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from time import perf_counter_ns
from typing import Final

from wavetank.engine.clock.alarm import make_alarm
from wavetank.engine.clock.departures import Departures
from wavetank.engine.tasks.wait import Wait

TICK_NS = 100_000
"""Timers fire on a grid of instants, so far apart."""

_COARSEST_TICKS = 40
_GRIDS: Final = tuple((ticks, -(-ticks * TICK_NS * 2_000 // 3)) for ticks in (_COARSEST_TICKS, 20, 10, 5))
"""Grids in ticks, and from which wait on (ns) each is used: it is at most 1.5 thousandths of the wait. Each is a
multiple of the next, so that users who rest for different times can wake together."""

_FAR = 2**62


class Timer(Wait):
    """The end of one wait, at `due_ns`."""

    __slots__ = ("due_ns", "is_set")

    def __init__(self, due_ns: int) -> None:
        self.due_ns = due_ns
        self.is_set = True

    def fire(self) -> None:
        """The instant has come. Called once, from the event loop; must not raise."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Never fire; without effect when it has already fired."""
        self.is_set = False

    def abandon(self) -> None:
        """See `Wait`."""
        self.cancel()


class Call(Timer):
    """Calls back."""

    __slots__ = ("_callback",)

    def __init__(self, due_ns: int, callback: Callable[[], object]) -> None:
        super().__init__(due_ns)
        self._callback: Callable[[], object] | None = callback

    def fire(self) -> None:
        """See `Timer`."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()

    def cancel(self) -> None:
        """See `Timer`."""
        self.is_set = False
        self._callback = None  # what it belongs to may end long before it would have been due


class Timers:
    """The timers of one loop. Instants are those of `time.perf_counter_ns`."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, phase: float = 0.0, departures: Departures | None = None
    ) -> None:
        """`phase`, from 0 to 1: where the instants of the coarsest grid lie between those of a loop with phase 0.

        `departures`: holds back what is sent as timers fire.
        """
        self._offset_ticks = int(_COARSEST_TICKS * phase)
        self.departures = Departures() if departures is None else departures
        self._alarm = make_alarm(loop, self._fire)
        self._buckets: dict[int, list[Timer]] = {}
        self._ticks: list[int] = []
        self._armed_tick = _FAR

    def on_grid(self, instant_ns: int, wait_ns: int = 0) -> int:
        """The first instant that is not before `instant_ns` and lies on the grid of waits so long: planned ones do.

        The grid is about a thousandth of the wait: 0.1, 0.5, 1, 2 or 4 ms. To wake costs as much as several round trips
        where a core rests in between; so users who rest for seconds wake some at a time.
        """
        ticks = 1
        for coarser, least_ns in _GRIDS:
            if wait_ns >= least_ns:
                ticks = coarser
                break
        grid_ns, offset_ns = ticks * TICK_NS, self._offset_ticks % ticks * TICK_NS
        return -(-(instant_ns - offset_ns) // grid_ns) * grid_ns + offset_ns

    def at(self, due_ns: int, callback: Callable[[], object]) -> Timer:
        """Call `callback()` at `due_ns`, or up to a tick of 0.1 ms later (1 ms where there is no better alarm)."""
        timer = Call(due_ns, callback)
        self.add(timer)
        return timer

    def add(self, timer: Timer) -> None:
        """Have it fire when it is due, or as little later."""
        tick = -(-timer.due_ns // TICK_NS)
        bucket = self._buckets.get(tick)
        if bucket is not None:
            bucket.append(timer)
            return
        self._buckets[tick] = [timer]
        heapq.heappush(self._ticks, tick)
        if tick < self._armed_tick:
            self._arm(tick)

    def close(self) -> None:
        """Forget all timers."""
        self._alarm.close()
        self._buckets.clear()
        self._ticks.clear()

    def _arm(self, tick: int) -> None:
        self._armed_tick = tick
        self._alarm.set(tick * TICK_NS)

    def _fire(self) -> None:
        # While they fire, timers add others: none of them needs the alarm, since it is set anew at the end.
        self._armed_tick = 0
        ticks, buckets = self._ticks, self._buckets
        departures = self.departures
        while ticks and ticks[0] * TICK_NS <= perf_counter_ns():
            departures.begin()
            try:
                for timer in buckets.pop(heapq.heappop(ticks)):
                    if timer.is_set:
                        timer.is_set = False
                        timer.fire()
            finally:
                departures.end()
        self._armed_tick = _FAR
        if ticks:
            self._arm(ticks[0])
