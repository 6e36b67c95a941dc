"""Is the generator itself keeping up? A worker watches its own loop, processor time and memory."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter_ns, process_time_ns

if sys.platform != "win32":
    import resource

_EVERY_S = 0.1


class HealthWatch:
    """Measures the loop's lag ten times a second into `loop_lag` (ns), and the load and memory of the process."""

    def __init__(self, loop: asyncio.AbstractEventLoop, loop_lag: list[int]) -> None:
        self._loop = loop
        self._loop_lag = loop_lag
        self._due = 0
        self._handle: asyncio.TimerHandle | None = None
        self._cpu_ns = 0
        self._wall_ns = 0

    def start(self) -> None:
        """Begin to measure."""
        self._cpu_ns, self._wall_ns = process_time_ns(), perf_counter_ns()
        self._arm()

    def stop(self) -> None:
        """Measure no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def readings(self) -> dict[str, float]:
        """`cpu_percent` since the last call (100 is one core) and `rss_mb`, the peak memory where it is known."""
        cpu_ns, wall_ns = process_time_ns(), perf_counter_ns()
        elapsed = max(1, wall_ns - self._wall_ns)
        readings = {"cpu_percent": 100 * (cpu_ns - self._cpu_ns) / elapsed}
        self._cpu_ns, self._wall_ns = cpu_ns, wall_ns
        if sys.platform != "win32":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            readings["rss_mb"] = peak / (2**20 if sys.platform == "darwin" else 2**10)
        return readings

    def _arm(self) -> None:
        self._due = perf_counter_ns() + round(_EVERY_S * 1e9)
        self._handle = self._loop.call_later(_EVERY_S, self._tick)

    def _tick(self) -> None:
        self._loop_lag.append(max(0, perf_counter_ns() - self._due))
        self._arm()
