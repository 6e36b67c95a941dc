"""Wall clock time that never jumps: what the clock said when the worker began, and the time that passed since.

Both sides of a push, `$now` in what a user publishes and the instant at which another user gets it, are read from
this one clock: within a worker the difference of the two is as exact as `perf_counter_ns`, whatever is done to the
machine's clock meanwhile.
"""

from __future__ import annotations

from time import perf_counter_ns, time_ns

_TRIES = 5


class WallClock:
    """Turns instants of `perf_counter_ns` into nanoseconds since 1970."""

    __slots__ = ("_offset_ns",)

    def __init__(self) -> None:
        readings = []
        for _ in range(_TRIES):
            before = perf_counter_ns()
            wall = time_ns()
            after = perf_counter_ns()
            readings.append((after - before, wall - (before + after) // 2))
        # The reading that took the least time was not interrupted.
        self._offset_ns = min(readings)[1]

    def at(self, instant_ns: int) -> int:
        """The wall clock's time, in ns since 1970, at an instant of `perf_counter_ns`."""
        return instant_ns + self._offset_ns

    def now_ms(self) -> float:
        """Milliseconds since 1970, to the microsecond."""
        return round((perf_counter_ns() + self._offset_ns) / 1e6, 3)
