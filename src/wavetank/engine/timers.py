"""Timers for very many waits: one loop timer carries all of them.

Users think and replies time out by the hundred thousand. A loop timer for each costs an object, a heap entry and a
cancellation; here a timer is put into the bucket of its millisecond (the resolution of the loop's own timers), and
only the earliest bucket is known to the loop.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from time import perf_counter_ns

_TICK_NS = 1_000_000


class Timer:
    """One wait. `cancel` forgets it."""

    __slots__ = ("callback", "due_ns")

    def __init__(self, due_ns: int, callback: Callable[[], object]) -> None:
        self.due_ns = due_ns
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Never call back; without effect when it has already fired."""
        self.callback = None


class Timers:
    """The timers of one loop. Instants are those of `time.perf_counter_ns`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buckets: dict[int, list[Timer]] = {}
        self._ticks: list[int] = []
        self._handle: asyncio.TimerHandle | None = None
        self._armed_tick = 0

    def at(self, due_ns: int, callback: Callable[[], object]) -> Timer:
        """Call `callback()` at `due_ns`, or up to about a millisecond later; never earlier."""
        timer = Timer(due_ns, callback)
        tick = -(-due_ns // _TICK_NS)
        bucket = self._buckets.get(tick)
        if bucket is not None:
            bucket.append(timer)
            return timer
        self._buckets[tick] = [timer]
        heapq.heappush(self._ticks, tick)
        if self._handle is None or tick < self._armed_tick:
            self._arm()
        return timer

    def close(self) -> None:
        """Forget all timers."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._buckets.clear()
        self._ticks.clear()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._ticks:
            self._armed_tick = self._ticks[0]
            delay_ns = max(0, self._armed_tick * _TICK_NS - perf_counter_ns())
            self._handle = self._loop.call_later(delay_ns / 1e9, self._fire)

    def _fire(self) -> None:
        self._handle = None
        # uvloop counts whole milliseconds from a clock reading of its own, so it may wake a little early; what is
        # not due yet is then armed again instead of being run before its time.
        while self._ticks and self._ticks[0] * _TICK_NS <= perf_counter_ns():
            for timer in self._buckets.pop(heapq.heappop(self._ticks)):
                callback = timer.callback
                if callback is not None:
                    timer.callback = None
                    callback()
        self._arm()
